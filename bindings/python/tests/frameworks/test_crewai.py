"""CrewAI, the real package with a model that is not. It has an environment of its own: it wants another version of openai."""

import pytest

pytest.importorskip("crewai", reason="CrewAI is tested in an environment of its own")

from fake_crewai import crew
from framework_helpers import WORD, assert_not_noticed

from axonpush import AsyncAxonPush, AxonPush, TraceContext
from axonpush.integrations.crewai import AxonPushCrewCallbacks


def run(callbacks):
    callbacks.on_crew_start()
    result = crew(WORD, step_callback=callbacks.on_step, task_callback=callbacks.on_task_complete).kickoff()
    callbacks.on_crew_end(result)
    return result


@pytest.mark.parametrize("kind", [AxonPush, AsyncAxonPush])
def test_a_run_with_a_tool_call(make, arrived, nowhere, kind):
    client = make(kind)
    callbacks = AxonPushCrewCallbacks(client, "ch")
    assert WORD in str(run(callbacks))
    events = arrived(client)
    events.assert_tree("crew.start", "crew.end")
    found = events.identifiers()
    assert (found[0], found[-1]) == ("crew.start", "crew.end")
    assert {"tool.look_up.start", "tool.look_up.end", "agent.step", "task.complete"} <= set(found)
    assert found.count("tool.look_up.start") == found.count("tool.look_up.end") == 1
    start, end = events.named("tool.look_up.start"), events.named("tool.look_up.end")
    assert start["payload"] == {"tool_name": "look_up", "input": "[REDACTED]"}
    assert end["payload"] == {"tool_name": "look_up", "tool_result": "[REDACTED]"}
    assert (start["spanId"], start["eventType"], end["eventType"]) == (end["spanId"], "agent.tool_call.start", "agent.tool_call.end")
    assert events.named("crew.start")["payload"] == {"framework": "crewai"}
    assert events.named("crew.start")["spanId"] == events.named("crew.end")["spanId"]
    assert events.named("task.complete")["payload"] == {"input": "[REDACTED]", "output": "[REDACTED]"}
    assert {b["metadata"]["framework"] for b in events.bodies} == {"crewai"}
    assert callbacks.lost == 0
    nowhere()


def test_every_crew_is_a_trace_unless_one_is_current(client, arrived):
    callbacks = AxonPushCrewCallbacks(client, "ch")
    run(callbacks)
    run(callbacks)
    with TraceContext("mine"):
        run(callbacks)
    traces = arrived(client).traces()
    assert len(traces) == 3
    assert "mine" in traces


def test_nothing_that_we_do_can_fail_a_crew(make):
    callbacks = AxonPushCrewCallbacks(make(fail_open=False), "ch")
    callbacks.observer.client.close()
    assert WORD in str(run(callbacks))
    assert callbacks.lost >= 5

    class Odd:
        def __getattribute__(self, name):
            raise RuntimeError("oh")

    for callback in (callbacks.on_step, callbacks.on_task_complete, callbacks.on_crew_end):
        callback(Odd())
    callbacks.close()


def test_the_application_does_not_notice_us(server):
    assert_not_noticed(server, "crew.py")
