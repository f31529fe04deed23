"""An application of Deep Agents', with our handler or without: `deep_agent.py with|without`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from deepagents import create_deep_agent
from fake_langchain import FakeModel, calls
from langchain_core.messages import AIMessage

callbacks = []
if sys.argv[1] == "with":
    from axonpush import AxonPush
    from axonpush.integrations.deepagents import AxonPushDeepAgentHandler

    callbacks = [AxonPushDeepAgentHandler(AxonPush(shutdown_timeout=0.3), "ch")]


def look_up(order: str) -> str:
    """Looks an order up."""
    return f"order {order} is late"


answers = [
    calls("write_file", {"file_path": "/note.txt", "content": "4711"}, "c1"),
    calls("look_up", {"order": "4711"}, "c2"),
    AIMessage(content="It is late."),
]
agent = create_deep_agent(model=FakeModel(answers=answers), tools=[look_up])
result = agent.invoke({"messages": [("user", "Where?")]}, config={"callbacks": callbacks})
for message in result["messages"]:
    print(message.type, message.content)
sys.exit(3)
