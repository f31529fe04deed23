"""A model for the Agents SDK that says what it was told to."""

from agents import Agent, Model, ModelResponse, Usage, function_tool, set_tracing_disabled
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from word import WORD

set_tracing_disabled(True)


def says(text):
    content = [ResponseOutputText(text=text, type="output_text", annotations=[])]
    return ResponseOutputMessage(id="m", content=content, role="assistant", status="completed", type="message")


def calls(name, arguments, number="call_1"):
    return ResponseFunctionToolCall(id=number, call_id=number, name=name, arguments=arguments, type="function_call")


class FakeModel(Model):
    """Answers with the items given, one turn after the other."""

    def __init__(self, *turns):
        self.turns = list(turns)

    async def get_response(self, *args, **kwargs):
        turn = self.turns.pop(0)
        if isinstance(turn, BaseException):
            raise turn
        return ModelResponse(output=list(turn), usage=Usage(), response_id=None)

    def stream_response(self, *args, **kwargs):
        raise NotImplementedError


@function_tool
def look_up(order: str) -> str:
    """Looks an order up."""
    return f"order {order}: {WORD} is late"


def agent():
    """An agent that calls its tool twice at once, and answers."""
    turns = [
        [calls("look_up", f'{{"order": "{WORD}"}}', "call_1"), calls("look_up", '{"order": "2"}', "call_2")],
        [says(f"The {WORD} is late.")],
    ]
    return Agent(name="clerk", instructions=f"You know the {WORD}.", model=FakeModel(*turns), tools=[look_up])
