"""Deep Agents, the real package with a model that is not."""

import asyncio

import pytest
from fake_deepagents import QUESTION, agent
from framework_helpers import assert_not_noticed

from axonpush import AsyncAxonPush
from axonpush.integrations.deepagents import (
    AsyncAxonPushDeepAgentHandler,
    AxonPushDeepAgentHandler,
    get_deepagent_handler,
)


def check(events, nowhere):
    events.assert_tree("chain.start", "chain.end")
    found = events.identifiers()
    for identifier in (
        "planning.update",
        "planning.complete",
        "filesystem.write",
        "filesystem.write.complete",
        "filesystem.read",
        "filesystem.read.complete",
        "tool.look_up.start",
        "tool.end",
        "subagent.spawn",
        "subagent.complete",
    ):
        assert identifier in found, found
    assert events.named("subagent.spawn")["eventType"] == "agent.handoff"
    assert events.named("subagent.complete")["eventType"] == "agent.tool_call.end"
    assert events.named("planning.update")["payload"] == {"tool_name": "write_todos", "input": "[REDACTED]"}
    assert events.named("filesystem.read.complete")["payload"] == {"tool_name": "read_file", "output": "[REDACTED]"}
    assert {b["metadata"]["framework"] for b in events.bodies} == {"deepagents"}
    assert {b["agentId"] for b in events.bodies} == {"deepagent"}
    nowhere()


def test_a_run(client, arrived, nowhere):
    handler = AxonPushDeepAgentHandler(client, "ch")
    agent().invoke(QUESTION, config={"callbacks": [handler]})
    check(arrived(client), nowhere)
    assert handler.lost == 0


@pytest.mark.parametrize("kind", [AxonPushDeepAgentHandler, AsyncAxonPushDeepAgentHandler])
def test_the_same_in_asyncio(make, arrived, nowhere, kind):
    client = make(AsyncAxonPush)
    handler = kind(client, "ch")
    asyncio.run(agent().ainvoke(QUESTION, config={"callbacks": [handler]}))
    check(arrived(client), nowhere)
    assert handler.lost == 0


def test_the_handler_for_a_client(make, client):
    assert type(get_deepagent_handler(client)) is AxonPushDeepAgentHandler
    assert type(get_deepagent_handler(make(AsyncAxonPush), "ch")) is AsyncAxonPushDeepAgentHandler


def test_the_application_does_not_notice_us(server):
    assert_not_noticed(server, "deep_agent.py")
