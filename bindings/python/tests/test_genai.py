"""Payloads of model calls, tool calls and agent runs. That all languages write the same is a matter of tests/conformance/genai.json."""

import inspect
import json
import re

import pytest
from helpers import DEAD, ROOT, run_script

from axonpush import Attribute, EventType, _declarations, agent_run, model_call, tool_call

WORD = "Quittenmus"
PAGE = (ROOT / "docs/genai.md").read_text()


def test_the_attributes_are_those_of_the_header():
    header = (ROOT / "include/axonpush.h").read_text()
    macros = re.findall(r'#define AXONPUSH_ATTR_(\w+) "(.*)"', header)
    assert macros and [(name, attribute.value) for name, attribute in Attribute.__members__.items()] == macros
    assert f"{Attribute.USER_ID}" == str(Attribute.USER_ID) == Attribute.USER_ID == "user.id"
    assert json.loads(json.dumps({Attribute.USER_ID: 1})) == {"user.id": 1}


@pytest.mark.parametrize("helper", [model_call, tool_call, agent_run])
def test_a_helper_takes_the_members_of_its_struct(helper):
    struct = getattr(_declarations, f"axonpush_{helper.__name__}")
    members = [name for name, *_ in struct._fields_ if name != "struct_size" and not name.endswith("_len")]
    assert list(inspect.signature(helper).parameters) == members


def test_what_is_none_is_not_said():
    assert model_call(provider=None) == {"gen_ai.operation.name": "chat"}
    assert tool_call() == {"gen_ai.operation.name": "execute_tool"}
    assert agent_run() == {"gen_ai.operation.name": "invoke_agent"}
    assert model_call(input_tokens=0)["gen_ai.usage.input_tokens"] == 0


def publish_run(client):
    """A run with a planted word in each place that holds content."""
    said = [{"role": "user", "parts": [{"type": "text", "content": WORD}]}]
    for event_type, payload in [
        (EventType.AGENT_END, agent_run(agent_name="planner", system_instructions=WORD, input_messages=said, output_messages=WORD)),
        (
            EventType.APP_SPAN,
            model_call(
                request_model="gpt-5",
                input_tokens=120,
                output_tokens=45,
                cost_usd=0.0021,
                duration_ms=812.5,
                system_instructions=WORD,
                input_messages=said,
                output_messages={"deep": [WORD]},
            ),
        ),
        (EventType.AGENT_TOOL_CALL_END, tool_call(name="weather", error_type="timeout", arguments={"q": WORD}, result=WORD)),
    ]:
        client.events.publish("step", payload, event_type=event_type)


def test_no_content_leaves_by_default_and_the_service_reads_the_rest(client, server):
    publish_run(client)
    assert WORD not in json.dumps(server.requests())
    kinds = {event.semantic_kind: event for event in client.events.search()}
    agent, llm, tool = kinds["agent"], kinds["llm"], kinds["tool"]
    assert agent.agent_name == "planner"
    assert (llm.request_model, llm.input_tokens, llm.output_tokens, llm.total_tokens) == ("gpt-5", 120, 45, 165)
    assert (llm.cost_usd, llm.duration_ms) == (0.0021, 812.5)
    assert (tool.tool_name, tool.error_type, tool.status) == ("weather", "timeout", "error")


def test_content_leaves_when_it_is_asked_for(make, server):
    publish_run(make(content_capture_mode="full"))
    assert json.dumps(server.requests()).count(WORD) == 8


def test_the_recipe_for_mcp(server):
    """The page's program, as printed."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = run_script(program, url=server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "rain\n", "")
    bodies = {body["identifier"]: body for body in server.bodies()}
    call, work = bodies["tools/call weather"], bodies["look up the weather"]
    assert call["traceId"] == work["traceId"] and re.fullmatch("[0-9a-f]{32}", call["traceId"])
    assert work["parentSpanId"] == call["spanId"]
    assert call["payload"]["gen_ai.tool.call.arguments"] == "[REDACTED]"
    assert run_script(program, url=DEAD).stdout == "rain\n"
