"""Anthropic's SDK, the real package over a transport that answers by itself."""

import asyncio

import anthropic
import pytest
from fake_anthropic import client_of
from framework_helpers import WORD, assert_not_noticed

from axonpush import AsyncAxonPush, AxonPush, TraceContext
from axonpush.integrations.anthropic import AxonPushAnthropicTracer

ASK = {"model": "claude-x", "max_tokens": 100, "messages": [{"role": "user", "content": f"Where is my {WORD}?"}]}
WITH_RESULT = {
    **ASK,
    "messages": [
        *ASK["messages"],
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {"order": WORD}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": WORD}]},
    ],
}


def check(events, nowhere):
    assert len(events.traces()) == 1
    assert events.identifiers() == [
        "conversation.turn",
        "agent.usage",
        "agent.response",
        "tool.look_up.start",
        "tool.result",
        "conversation.turn",
        "agent.usage",
        "agent.response",
    ]
    turn, usage, said, tool, result, *_ = events.bodies
    assert turn["payload"] == {"model": "claude-x", "message_count": 1, "max_tokens": 100}
    assert turn["eventType"] == "agent.start"
    assert usage["payload"] == {"input_tokens": 10, "output_tokens": 20, "model": "claude-x", "stop_reason": "tool_use"}
    assert said["payload"] == {"text_length": len(f"I look for the {WORD}.")}
    assert tool["payload"] == {"tool_name": "look_up", "tool_use_id": "toolu_1", "input": "[REDACTED]"}
    assert result["payload"] == {"tool_use_id": "toolu_1", "tool_result": "[REDACTED]"}
    assert {e["parentSpanId"] for e in (usage, said, tool)} == {turn["spanId"]}
    assert tool["spanId"] == result["spanId"]
    assert {b["agentId"] for b in events.bodies} == {"claude"}
    assert {b["metadata"]["framework"] for b in events.bodies} == {"anthropic"}
    nowhere()


def test_a_conversation_with_a_tool_call(client, arrived, nowhere):
    tracer = AxonPushAnthropicTracer(client, "ch")
    claude = client_of(anthropic.Anthropic, WORD)
    message = tracer.create_message(claude, **ASK)
    assert message.content[1].name == "look_up"
    tracer.send_tool_result("toolu_1", {"found": WORD})
    assert WORD in tracer.create_message(claude, **WITH_RESULT).content[0].text
    check(arrived(client), nowhere)
    assert tracer.lost == 0


@pytest.mark.parametrize("kind", [AxonPush, AsyncAxonPush])
def test_the_same_in_asyncio_with_either_client(make, arrived, nowhere, kind):
    client = make(kind)

    async def main():
        tracer = AxonPushAnthropicTracer(client, "ch")
        claude = client_of(anthropic.AsyncAnthropic, WORD)
        await tracer.acreate_message(claude, **ASK)
        await tracer.asend_tool_result("toolu_1", {"found": WORD})
        # What gives something to be awaited may be given to the other method, too.
        await tracer.create_message(claude, **WITH_RESULT)
        await tracer.aflush()
        return tracer

    assert asyncio.run(main()).lost == 0
    check(arrived(client), nowhere)


def test_what_the_sdk_raises_is_raised_and_told(client, arrived, nowhere):
    tracer = AxonPushAnthropicTracer(client, "ch")
    with pytest.raises(anthropic.BadRequestError, match=WORD):
        tracer.create_message(client_of(anthropic.Anthropic, WORD, status=400), **ASK)
    with pytest.raises(TypeError):
        tracer.create_message(client_of(anthropic.Anthropic, WORD), colour="red")
    events = arrived(client)
    assert events.identifiers() == ["conversation.turn", "conversation.error"] * 2
    error = events.bodies[1]
    assert (error["eventType"], error["payload"]["error_type"]) == ("agent.error", "BadRequestError")
    assert error["parentSpanId"] == events.bodies[0]["spanId"]
    nowhere()


def test_a_stream_stays_the_sdks(client, arrived):
    tracer = AxonPushAnthropicTracer(client, "ch")
    stream = tracer.create_message(client_of(anthropic.Anthropic, WORD), stream=True, **ASK)
    assert isinstance(stream, anthropic.Stream)
    assert arrived(client).identifiers() == ["conversation.turn"]


def test_traces(client, arrived):
    tracer = AxonPushAnthropicTracer(client, "ch", trace_id="chosen")
    other = AxonPushAnthropicTracer(client, "ch")
    with TraceContext("mine"):
        tracer.send_tool_result("a", 1)
        other.send_tool_result("b", 2)
    assert [b["traceId"] for b in arrived(client).bodies] == ["chosen", "mine"]


def test_the_application_does_not_notice_us(server):
    assert_not_noticed(server, "claude.py")
