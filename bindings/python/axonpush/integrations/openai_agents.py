"""Run hooks for OpenAI's Agents SDK.

::

    await Runner.run(agent, input, hooks=AxonPushRunHooks(client, "my-channel"))
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

try:
    from agents import RunHooks
except ImportError:
    raise ImportError("axonpush.integrations.openai_agents needs the Agents SDK: pip install openai-agents") from None

from ..models import EventType
from ._observer import Bounded, Observer, guarded

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

__all__ = ["AxonPushRunHooks"]

_AGENT = "openai-agent"


class _Run(NamedTuple):
    identity: Any
    """Kept, so that nothing else gets its id."""
    trace_id: str
    agent_span: str = ""
    parent_span: str = ""
    """Of the agent: the one that handed over to it."""


class _Events:
    """The hooks as events. A start and its end share a span; tools, handoffs and further agents are children of an agent's.

    A run is known by its usage counter, which all contexts that the hooks are given share.
    """

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self._runs: Bounded[_Run] = Bounded()
        self._tools: Bounded[str] = Bounded()

    def _name(self, agent: Any) -> str:
        return str(getattr(agent, "name", None) or self.observer.agent_id or _AGENT)

    def _run(self, context: Any) -> _Run:
        identity = getattr(context, "usage", None) or context
        run = self._runs.get(id(identity))
        if run is None:
            run = self._runs.first(id(identity), _Run(identity, self.observer.new_trace_id()))
        return run

    def _publish(self, run: _Run, identifier: str, kind: EventType, payload: Mapping[str, Any], agent: str, span: str) -> None:
        parent = run.parent_span if span == run.agent_span else run.agent_span
        self.observer.publish(
            identifier, kind, payload, trace_id=run.trace_id, span_id=span, parent_span_id=parent or None, agent_id=agent
        )

    @guarded
    def agent_start(self, context: Any, agent: Any) -> None:
        outer, name = self._run(context), self._name(agent)
        model = getattr(agent, "model", None)
        payload = {"agent_name": name, "model": model if model is None or isinstance(model, str) else type(model).__name__}
        # After a handoff, the agent that handed over is the parent of the one that goes on.
        run = outer._replace(agent_span=secrets.token_hex(8), parent_span=outer.agent_span)
        self._runs[id(run.identity)] = run
        self._publish(run, "agent.run.start", EventType.AGENT_START, payload, name, run.agent_span)

    @guarded
    def agent_end(self, context: Any, agent: Any, output: Any) -> None:
        run, name = self._run(context), self._name(agent)
        self._runs.pop(id(run.identity), None)
        payload = {"agent_name": name, "output_length": len(output if isinstance(output, str) else str(output))}
        self._publish(run, "agent.run.end", EventType.AGENT_END, payload, name, run.agent_span or secrets.token_hex(8))

    def _tool_key(self, run: _Run, context: Any, tool: str) -> tuple[int, str]:
        return id(run.identity), getattr(context, "tool_call_id", None) or tool

    @guarded
    def tool_start(self, context: Any, agent: Any, tool: Any) -> None:
        run, name, tool_name = self._run(context), self._name(agent), str(getattr(tool, "name", "unknown"))
        span = self._tools[self._tool_key(run, context, tool_name)] = secrets.token_hex(8)
        payload = {"tool_name": tool_name, "agent_name": name}
        self._publish(run, f"tool.{tool_name}.start", EventType.AGENT_TOOL_CALL_START, payload, name, span)

    @guarded
    def tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
        run, name, tool_name = self._run(context), self._name(agent), str(getattr(tool, "name", "unknown"))
        span = self._tools.pop(self._tool_key(run, context, tool_name), None) or secrets.token_hex(8)
        payload = {"tool_name": tool_name, "result_length": len(result if isinstance(result, str) else str(result))}
        self._publish(run, f"tool.{tool_name}.end", EventType.AGENT_TOOL_CALL_END, payload, name, span)

    @guarded
    def handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
        run, name = self._run(context), self._name(from_agent)
        payload = {"from_agent": name, "to_agent": self._name(to_agent)}
        self._publish(run, "agent.handoff", EventType.AGENT_HANDOFF, payload, name, secrets.token_hex(8))


class AxonPushRunHooks(RunHooks[Any]):
    """Publishes what a run does, with either client. Every run is a trace, unless one was chosen or is current.

    The queue is the client's: ``max_pending`` and ``rq_options`` are the published SDK's, and do nothing.
    """

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None = None,
        *,
        agent_id: str | None = None,
        trace_id: str | None = None,
        mode: str | None = None,
        max_pending: int | None = None,
        rq_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.observer = Observer(
            client, channel_id, agent_id=agent_id, framework="openai-agents", trace_id=trace_id, mode=mode
        )
        self._events = _Events(self.observer)

    @property
    def lost(self) -> int:
        """Events that could not be handed over."""
        return self.observer.lost

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        """An agent begins."""
        self._events.agent_start(context, agent)

    async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
        """It has its final output."""
        self._events.agent_end(context, agent, output)

    async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
        """A tool is called."""
        self._events.tool_start(context, agent, tool)

    async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
        """It has returned."""
        self._events.tool_end(context, agent, tool, result)

    async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
        """An agent hands over to another."""
        self._events.handoff(context, from_agent, to_agent)

    async def flush(self, timeout: float | None = None) -> None:
        """Waits until the client's events have come to their end, for ``timeout`` seconds (default 5). It never raises."""
        await self.observer.aflush(timeout)

    async def close(self) -> None:
        """Flushes, and publishes nothing from now on. The client stays open."""
        await self.observer.aflush(None)
        self.observer.close()
