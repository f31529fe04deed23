"""OpenAI's Agents SDK, the real package with a model that is not."""

import asyncio

import pytest
from agents import Agent, Runner
from fake_openai import FakeModel, agent, calls, says
from framework_helpers import WORD, assert_not_noticed

from axonpush import AsyncAxonPush, AxonPush, TraceContext
from axonpush.integrations.openai_agents import AxonPushRunHooks


@pytest.mark.parametrize("kind", [AxonPush, AsyncAxonPush])
def test_a_run_with_tool_calls(make, arrived, nowhere, kind):
    client = make(kind)
    hooks = AxonPushRunHooks(client, "ch")
    result = asyncio.run(Runner.run(agent(), f"Where is my {WORD}?", hooks=hooks))
    assert WORD in result.final_output
    events = arrived(client)
    events.assert_tree("agent.run.start", "agent.run.end")
    assert sorted(events.identifiers()) == [
        "agent.run.end",
        "agent.run.start",
        *["tool.look_up.end"] * 2,
        *["tool.look_up.start"] * 2,
    ]
    start, end = events.named("agent.run.start"), events.named("agent.run.end")
    assert start["payload"] == {"agent_name": "clerk", "model": "FakeModel"}
    assert end["payload"] == {"agent_name": "clerk", "output_length": len(result.final_output)}
    assert start["spanId"] == end["spanId"]
    tools = [b for b in events.bodies if b["identifier"].startswith("tool.")]
    assert {b["parentSpanId"] for b in tools} == {start["spanId"]}
    # Two calls of one tool at once: each with a start and an end of its own.
    assert sorted(b["spanId"] for b in tools)[::2] == sorted(b["spanId"] for b in tools)[1::2]
    assert events.named("tool.look_up.start")["payload"] == {"tool_name": "look_up", "agent_name": "clerk"}
    assert {b["agentId"] for b in events.bodies} == {"clerk"}
    assert {b["metadata"]["framework"] for b in events.bodies} == {"openai-agents"}
    assert hooks.lost == 0
    nowhere()


def test_a_handoff(client, arrived):
    second = Agent(name="expert", model=FakeModel([says("Done.")]))
    first = Agent(name="clerk", model=FakeModel([calls("transfer_to_expert", "{}")]), handoffs=[second])
    asyncio.run(Runner.run(first, "Where?", hooks=AxonPushRunHooks(client, "ch")))
    events = arrived(client)
    events.assert_tree("agent.run.start")
    assert events.identifiers() == ["agent.run.start", "agent.handoff", "agent.run.start", "agent.run.end"]
    clerk, handoff, expert, _ = events.bodies
    assert handoff["payload"] == {"from_agent": "clerk", "to_agent": "expert"}
    assert handoff["eventType"] == "agent.handoff"
    assert handoff["parentSpanId"] == expert["parentSpanId"] == clerk["spanId"]


def test_runs_at_once_are_traces_of_their_own(client, arrived, server):
    hooks = AxonPushRunHooks(client, "ch")

    async def main():
        await asyncio.gather(*[Runner.run(agent(), "Where?", hooks=hooks) for _ in range(5)])

    asyncio.run(main())
    events = arrived(client)
    assert len(events.traces()) == 5
    for trace in events.traces():
        type(events)([b for b in events.bodies if b["traceId"] == trace]).assert_tree("agent.run.start", "agent.run.end")
    server.reset()
    with TraceContext("mine"):
        asyncio.run(Runner.run(agent(), "Where?", hooks=hooks))
    asyncio.run(Runner.run(agent(), "Where?", hooks=AxonPushRunHooks(client, "ch", trace_id="chosen")))
    assert arrived(client).traces() == {"mine", "chosen"}


def test_a_run_that_fails_fails_as_without_us(client, arrived):
    failing = Agent(name="clerk", model=FakeModel(RuntimeError("no model")))
    with pytest.raises(RuntimeError, match="no model"):
        asyncio.run(Runner.run(failing, "Where?", hooks=AxonPushRunHooks(client, "ch")))
    assert arrived(client).identifiers() == ["agent.run.start"]


def test_nothing_that_we_do_can_fail_a_run(make):
    hooks = AxonPushRunHooks(make(fail_open=False), "ch")
    hooks.observer.client.close()

    async def main():
        await Runner.run(agent(), "Where?", hooks=hooks)
        for hook in (hooks.on_agent_start, hooks.on_agent_end, hooks.on_tool_start, hooks.on_tool_end, hooks.on_handoff):
            await hook(*[None] * (4 if hook == hooks.on_tool_end else 2 if hook == hooks.on_agent_start else 3))
        await hooks.flush()
        await hooks.close()

    asyncio.run(main())
    assert hooks.lost >= 6


def test_the_application_does_not_notice_us(server):
    assert_not_noticed(server, "openai_agent.py")
