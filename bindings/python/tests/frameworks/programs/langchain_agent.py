"""An application of LangChain's, with our handler or without: `langchain_agent.py with|without`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from fake_langchain import FakeModel, calls
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import tool


@tool
def look_up(order: str) -> str:
    """Looks an order up."""
    return f"order {order} is late"


callbacks = []
if sys.argv[1] == "with":
    from axonpush import AxonPush
    from axonpush.integrations.langchain import AxonPushCallbackHandler

    callbacks = [AxonPushCallbackHandler(AxonPush(shutdown_timeout=0.3), "ch")]
model = FakeModel(answers=[calls("look_up", {"order": "4711"}), AIMessage(content="It is late.")])
result = create_agent(model, [look_up]).invoke({"messages": [("user", "Where?")]}, config={"callbacks": callbacks})
for message in result["messages"]:
    print(message.type, message.content)
sys.exit(3)
