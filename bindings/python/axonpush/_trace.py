"""The trace that is current here: in this task or thread, as contextvars go."""

from __future__ import annotations

import secrets
import uuid
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from . import _library

__all__ = ["TraceContext", "current_trace", "get_or_create_trace", "set_current_trace"]

# The library knows a current trace, too, but of the thread, and asyncio does many things on one. So the trace that is
# current here is given with each event.
# A scope is (trace, who entered it, the scope outside); entering is not a token of one object, since one trace may be
# entered by several tasks at once.
_Scope = tuple["TraceContext | None", "TraceContext | None", Any]
_scope: ContextVar[_Scope] = ContextVar("axonpush_trace", default=(None, None, None))


class TraceContext:
    """A trace, and a span in it: what ties events together across functions, tasks and processes.

    ``with TraceContext() as trace:`` makes it current in the block. Events that say nothing else carry its ``trace_id``, and its
    ``span_id``, if it has one, as their parent.
    """

    __slots__ = ("span_id", "trace_id")

    def __init__(self, trace_id: str | None = None, span_id: str | None = None) -> None:
        self.trace_id: str = trace_id or str(uuid.uuid4())
        self.span_id: str | None = span_id

    @classmethod
    def parse(cls, traceparent: str) -> TraceContext:
        """The trace of an incoming ``traceparent`` header. A malformed one is an :class:`InvalidArgumentError`."""
        return cls(*_library.parse_traceparent(traceparent))

    def child(self) -> TraceContext:
        """A new span in the same trace."""
        return TraceContext(self.trace_id, self.next_span_id())

    def next_span_id(self) -> str:
        """16 lower-case hexadecimal digits from the system's random source."""
        return secrets.token_hex(8)

    def w3c_trace_id(self) -> str:
        """The trace's id as W3C Trace Context writes it: 32 hexadecimal digits."""
        return self.traceparent().split("-")[1]

    def traceparent(self, span_id: str | None = None) -> str:
        """The ``traceparent`` header for an outgoing request."""
        return _library.traceparent(self.trace_id, span_id or self.span_id)

    def __enter__(self) -> TraceContext:
        _scope.set((self, self, _scope.get()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        scope: _Scope | None = _scope.get()
        while scope is not None and scope[1] is not self:
            scope = scope[2]
        if scope is not None:
            _scope.set(scope[2])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TraceContext) and (self.trace_id, self.span_id) == (other.trace_id, other.span_id)

    def __hash__(self) -> int:
        return hash((self.trace_id, self.span_id))

    def __repr__(self) -> str:
        return f"TraceContext(trace_id={self.trace_id!r}, span_id={self.span_id!r})"


def current_trace() -> TraceContext | None:
    """The trace that is current here, if there is one."""
    return _scope.get()[0]


def get_or_create_trace(trace_id: str | None = None) -> TraceContext:
    """The trace that is current here. If there is none, or another one than ``trace_id``, a new one becomes current."""
    trace = _scope.get()[0]
    if trace is None or (trace_id is not None and trace.trace_id != trace_id):
        trace = TraceContext(trace_id)
        set_current_trace(trace)
    return trace


def set_current_trace(trace: TraceContext | None) -> None:
    """Makes a trace current here until it is replaced, or until the ``with`` block around ends."""
    _, owner, outer = _scope.get()
    _scope.set((trace, owner, outer))
