"""Traces `messages.create` of Anthropic's SDK.

::

    tracer = AxonPushAnthropicTracer(client, "my-channel")
    message = tracer.create_message(anthropic, model="claude-...", max_tokens=1024, messages=[...])
    tracer.send_tool_result(block.id, result)
"""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Mapping, Sized
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

if find_spec("anthropic") is None:
    raise ImportError("axonpush.integrations.anthropic needs Anthropic's SDK: pip install anthropic")

from .._trace import current_trace
from ..models import EventType
from ._observer import Bounded, Integration, Observer, described, guarded, preview, shortened

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._client import AxonPush

__all__ = ["AxonPushAnthropicTracer"]

_PREVIEW = 500


class _Span(NamedTuple):
    trace_id: str
    span_id: str


class AxonPushAnthropicTracer(Integration):
    """Publishes requests, what they used, what the model answered and the tools that it called, with either client.

    A turn is the parent of what came of it; a tool's result belongs to the turn that asked for it. The turns of one tracer are one
    trace: the one that was chosen, else the one that is current, else its own. Of a stream, only the request is seen.

    The queue is the client's: ``queue_size``, ``shutdown_timeout``, ``max_pending`` and ``rq_options`` are the published SDK's, and
    do nothing.
    """

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None = None,
        *,
        agent_id: str = "claude",
        trace_id: str | None = None,
        mode: str | None = None,
        queue_size: int | None = None,
        shutdown_timeout: float | None = None,
        max_pending: int | None = None,
        rq_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.observer = Observer(client, channel_id, agent_id=agent_id, framework="anthropic", trace_id=trace_id, mode=mode)
        self._own_trace_id = self.observer.new_trace_id()
        self._chosen = trace_id is not None
        self._tools: Bounded[_Span] = Bounded()

    def create_message(self, anthropic_client: Any, **kwargs: Any) -> Any:
        """``anthropic_client.messages.create(**kwargs)``, traced. Gives what that gives, and raises what that raises."""
        turn = self._begin()
        self._turn(turn, kwargs)
        try:
            response = anthropic_client.messages.create(**kwargs)
        except BaseException as error:
            self._failed(turn, error)
            raise
        if inspect.isawaitable(response):
            return self._awaited(turn, response)
        self._answered(turn, response)
        return response

    async def acreate_message(self, anthropic_client: Any, **kwargs: Any) -> Any:
        """The same for ``AsyncAnthropic``."""
        turn = self._begin()
        self._turn(turn, kwargs)
        return await self._awaited(turn, anthropic_client.messages.create(**kwargs))

    async def _awaited(self, turn: _Span, response: Any) -> Any:
        try:
            message = await response
        except BaseException as error:
            self._failed(turn, error)
            raise
        self._answered(turn, message)
        return message

    @guarded
    def send_tool_result(self, tool_use_id: str, result: Any) -> None:
        """Says what a tool has returned to the model."""
        tool = self._tools.pop(tool_use_id, None)
        payload = {"tool_use_id": tool_use_id, "tool_result": preview(result, _PREVIEW)}
        trace_id = self._trace_id() if tool is None else tool.trace_id
        span_id = secrets.token_hex(8) if tool is None else tool.span_id
        self.observer.publish(
            "tool.result", EventType.AGENT_TOOL_CALL_END, payload, trace_id=trace_id, span_id=span_id
        )

    async def asend_tool_result(self, tool_use_id: str, result: Any) -> None:
        """:meth:`send_tool_result` for asyncio. It waits for nothing."""
        self.send_tool_result(tool_use_id, result)

    def _trace_id(self) -> str:
        trace = None if self._chosen else current_trace()
        return self._own_trace_id if trace is None else trace.trace_id

    def _begin(self) -> _Span:
        return _Span(self._trace_id(), secrets.token_hex(8))

    @guarded
    def _turn(self, turn: _Span, kwargs: Mapping[str, Any]) -> None:
        messages = kwargs.get("messages")
        payload = {
            "model": kwargs.get("model"),
            "message_count": len(messages) if isinstance(messages, Sized) else 0,
            "max_tokens": kwargs.get("max_tokens"),
        }
        self.observer.publish(
            "conversation.turn", EventType.AGENT_START, payload, trace_id=turn.trace_id, span_id=turn.span_id
        )

    def _child(self, turn: _Span, identifier: str, kind: EventType, payload: Mapping[str, Any], span_id: str | None = None) -> None:
        self.observer.publish(
            identifier, kind, payload, trace_id=turn.trace_id, span_id=span_id, parent_span_id=turn.span_id
        )

    @guarded
    def _failed(self, turn: _Span, error: BaseException) -> None:
        self._child(turn, "conversation.error", EventType.AGENT_ERROR, described(error))

    @guarded
    def _answered(self, turn: _Span, response: Any) -> None:
        usage = getattr(response, "usage", None)
        if usage is not None:
            payload = {
                "input_tokens": getattr(usage, "input_tokens", None),
                "output_tokens": getattr(usage, "output_tokens", None),
                "model": getattr(response, "model", None),
                "stop_reason": getattr(response, "stop_reason", None),
            }
            self._child(turn, "agent.usage", EventType.AGENT_MESSAGE, payload)
        content = getattr(response, "content", None)
        for block in content if isinstance(content, (list, tuple)) else ():
            kind = getattr(block, "type", None)
            if kind == "tool_use":
                span = _Span(turn.trace_id, secrets.token_hex(8))
                self._tools[block.id] = span
                payload = {"tool_name": block.name, "tool_use_id": block.id, "input": shortened(block.input, _PREVIEW)}
                self._child(turn, f"tool.{block.name}.start", EventType.AGENT_TOOL_CALL_START, payload, span.span_id)
            elif kind == "text":
                self._child(turn, "agent.response", EventType.AGENT_MESSAGE, {"text_length": len(block.text)})
