"""A deep agent with a model that says what it was told to."""

from deepagents import create_deep_agent
from fake_langchain import FakeModel, calls
from langchain.agents.middleware import TodoListMiddleware
from langchain_core.messages import AIMessage
from word import WORD


def look_up(order: str) -> str:
    """Looks an order up."""
    return f"order {order}: {WORD} is late"


def agent():
    """An agent that uses everything that is Deep Agents' own."""
    answers = [
        calls("write_todos", {"todos": [{"content": WORD, "status": "pending"}]}, "c1"),
        calls("write_file", {"file_path": "/note.txt", "content": WORD}, "c2"),
        calls("read_file", {"file_path": "/note.txt"}, "c3"),
        calls("look_up", {"order": WORD}, "c4"),
        calls("task", {"description": WORD, "subagent_type": "general-purpose"}, "c5"),
        AIMessage(content=f"the sub-agent's {WORD}"),
        AIMessage(content=f"The {WORD} is late."),
    ]
    return create_deep_agent(model=FakeModel(answers=answers), tools=[look_up], middleware=[TodoListMiddleware()])


QUESTION = {"messages": [("user", f"Where is my {WORD}?")]}
