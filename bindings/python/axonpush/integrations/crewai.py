"""Callbacks for CrewAI.

::

    callbacks = AxonPushCrewCallbacks(client, "my-channel")
    crew = Crew(agents=[...], tasks=[...], step_callback=callbacks.on_step, task_callback=callbacks.on_task_complete)
    callbacks.on_crew_start()
    result = crew.kickoff()
    callbacks.on_crew_end(result)
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..models import EventType
from ._observer import Integration, Observer, guarded, preview

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

__all__ = ["AxonPushCrewCallbacks"]

_PREVIEW = 500
_DESCRIPTION = 200


class AxonPushCrewCallbacks(Integration):
    """Publishes what a crew does, with either client. Each crew's run is a trace, unless one was chosen or is current.

    It needs nothing of CrewAI but what its callbacks are given. The queue is the client's: ``queue_size`` and ``shutdown_timeout``
    are the published SDK's, and do nothing.
    """

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None = None,
        *,
        agent_id: str = "crewai",
        trace_id: str | None = None,
        mode: str | None = None,
        queue_size: int | None = None,
        shutdown_timeout: float | None = None,
    ) -> None:
        self.observer = Observer(client, channel_id, agent_id=agent_id, framework="crewai", trace_id=trace_id, mode=mode)
        # Of the crew that runs: its trace, and the span of its start.
        self._run: dict[str, str] = {}
        # The tool that an agent on this thread is waiting for: its result comes in a step of its own.
        self._here = threading.local()

    def _publish(
        self, identifier: str, kind: EventType, payload: Mapping[str, Any], *, agent: str | None = None, span: str | None = None
    ) -> None:
        run = self._run
        # Of steps on several threads, whichever comes first begins the trace.
        trace_id = run.get("trace_id") or run.setdefault("trace_id", self.observer.new_trace_id())
        crew = run.get("span_id")
        parent = crew if crew != span else None
        self.observer.publish(
            identifier, kind, payload, trace_id=trace_id, span_id=span, parent_span_id=parent, agent_id=agent
        )

    @guarded
    def on_crew_start(self) -> None:
        """A crew begins. Call it before ``kickoff()``."""
        span = secrets.token_hex(8)
        self._run = {"span_id": span}
        self._publish("crew.start", EventType.AGENT_START, {"framework": "crewai"}, span=span)

    @guarded
    def on_step(self, step_output: Any) -> None:
        """For ``step_callback``: an agent has thought, called a tool or got its result."""
        agent = str(getattr(step_output, "agent", None) or self.observer.agent_id)
        tool = getattr(step_output, "tool", None)
        result = getattr(step_output, "result", None)
        if tool:
            name, span = str(tool), secrets.token_hex(8)
            # "input" is a name that the redaction rules know; the published SDK's "tool_input" is none.
            payload = {"tool_name": name, "input": preview(getattr(step_output, "tool_input", ""), _PREVIEW)}
            self._publish(f"tool.{name}.start", EventType.AGENT_TOOL_CALL_START, payload, agent=agent, span=span)
            self._here.tool = (name, span)
            if result is not None:
                self._tool_end(result, agent)
        elif result is not None and getattr(self._here, "tool", None) is not None:
            self._tool_end(result, agent)
        else:
            payload = {"thought": preview(getattr(step_output, "thought", ""), _PREVIEW)}
            self._publish("agent.step", EventType.AGENT_MESSAGE, payload, agent=agent)

    def _tool_end(self, result: Any, agent: str) -> None:
        (name, span), self._here.tool = self._here.tool, None
        payload = {"tool_name": name, "tool_result": preview(result, _PREVIEW)}
        self._publish(f"tool.{name}.end", EventType.AGENT_TOOL_CALL_END, payload, agent=agent, span=span)

    @guarded
    def on_task_complete(self, task_output: Any) -> None:
        """For ``task_callback``: a task is done."""
        payload = {
            "input": preview(getattr(task_output, "description", ""), _DESCRIPTION),
            "output": preview(task_output, _PREVIEW),
        }
        self._publish("task.complete", EventType.AGENT_END, payload)

    @guarded
    def on_crew_end(self, result: Any = None) -> None:
        """The crew has ended. Call it after ``kickoff()``."""
        payload = {"output": preview(result, _PREVIEW) if result else None}
        self._publish("crew.end", EventType.AGENT_END, payload, span=self._run.get("span_id"))
        self._run = {}
