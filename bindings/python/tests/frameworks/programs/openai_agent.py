"""An application of the Agents SDK, with our hooks or without: `openai_agent.py with|without`."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from agents import Agent, Runner, function_tool
from fake_openai import FakeModel, calls, says


@function_tool
def look_up(order: str) -> str:
    """Looks an order up."""
    return f"order {order} is late"


hooks = None
if sys.argv[1] == "with":
    from axonpush import AsyncAxonPush
    from axonpush.integrations.openai_agents import AxonPushRunHooks

    hooks = AxonPushRunHooks(AsyncAxonPush(shutdown_timeout=0.3), "ch")
agent = Agent(name="clerk", model=FakeModel([calls("look_up", '{"order": "4711"}')], [says("It is late.")]), tools=[look_up])
result = asyncio.run(Runner.run(agent, "Where?", hooks=hooks))
for item in result.new_items:
    print(item.type)
print(result.final_output)
sys.exit(3)
