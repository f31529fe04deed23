"""A chat model that says what it was told to, for LangChain and what is built on it."""

from collections.abc import Iterator
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from word import WORD


class FakeModel(BaseChatModel):
    """Answers with the messages given, one after the other; an exception among them is raised."""

    model: str = "fake-1"
    answers: list[Any]
    asked: list[int] = [0]

    def model_post_init(self, context: Any) -> None:
        self.asked = [0]

    @property
    def _llm_type(self) -> str:
        return "fake"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model}

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _next(self) -> AIMessage:
        answer = self.answers[self.asked[0] % len(self.answers)]
        self.asked[0] += 1
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next())])


class StreamingModel(FakeModel):
    """Says its answer word by word."""

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for word in self._next().content.split(" "):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=word))
            if run_manager:
                run_manager.on_llm_new_token(word, chunk=chunk)
            yield chunk


def calls(name, arguments, number="call_1"):
    """A message in which the model calls a tool."""
    return AIMessage(content="", tool_calls=[{"name": name, "args": arguments, "id": number}])


@tool
def look_up(order: str) -> str:
    """Looks an order up."""
    return f"order {order}: {WORD} is late"


def agent():
    """An agent that calls its tool and answers."""
    return create_agent(FakeModel(answers=[calls("look_up", {"order": WORD}), AIMessage(content=f"The {WORD} is late.")]), [look_up])


QUESTION = {"messages": [("user", f"Where is my {WORD}?")]}
