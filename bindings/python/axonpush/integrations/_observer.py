"""What all integrations have in common: they hand events over, and can never break what they watch."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Mapping
from ctypes import byref
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .. import _log
from .._client import AxonPush, Client
from .._marshal import EventCall, any_json, event_call
from .._trace import TraceContext, current_trace
from ..models import EventType

if TYPE_CHECKING:
    from .._async_client import AsyncAxonPush
    from .._native import Native

_LONGEST = 2000
_SAY_EVERY = 60.0  # seconds
_DEFAULT_FLUSH = 5.0  # seconds

_Value = TypeVar("_Value")


class Json(str):
    """A text that is JSON already."""


def shortened(value: Any, most: int = _LONGEST) -> Json:
    """A value as JSON, whatever it is; if that is long, the beginning of its text."""
    text = any_json(value)
    return Json(text if len(text) <= most else any_json(text[:most]))


def preview(value: Any, most: int) -> str:
    """The beginning of a value's text."""
    return str(value)[:most]


def described(error: BaseException) -> dict[str, Any]:
    """What an error says, under a name of content: frameworks quote in it what the model or the user has said."""
    return {"error": {"type": type(error).__name__, "message": preview(error, _LONGEST)}, "error_type": type(error).__name__}


def payload_text(members: Mapping[str, Any]) -> str:
    """JSON of a payload."""
    return "{" + ",".join(f"{any_json(name)}:{v if type(v) is Json else any_json(v)}" for name, v in members.items()) + "}"


_Callback = TypeVar("_Callback", bound=Callable[..., None])


def guarded(method: _Callback) -> _Callback:
    """The one guard: whatever a callback of ours raises is suppressed, counted and logged.

    Not so what ends the application, such as KeyboardInterrupt.
    """

    @functools.wraps(method)
    def guard(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            self.observer.lose(error)

    return cast(_Callback, guard)


class Bounded(dict[Any, _Value]):
    """What is known of things that are under way. Some never end, so the oldest make room for new ones.

    Any number of threads may use one. Rejected: OrderedDict, which is not safe for that without the interpreter's lock; a lock, which
    a forked child might find held.
    """

    MOST = 10_000

    def __setitem__(self, key: Any, value: _Value) -> None:
        super().__setitem__(key, value)
        self._make_room()

    def first(self, key: Any, value: _Value) -> _Value:
        """The value that is kept: that of whoever came first."""
        kept = self.setdefault(key, value)
        self._make_room()
        return kept

    def _make_room(self) -> None:
        while len(self) > self.MOST:
            try:
                self.pop(next(iter(self)), None)
            except (RuntimeError, StopIteration):
                pass  # Another thread was faster.


def flush(native: Native, timeout: float | None) -> None:
    """Waits until a client's events have come to their end."""
    native.run(lambda handle: native.flush(handle, _DEFAULT_FLUSH if timeout is None else timeout))


class Observer:
    """Hands the events of one integration over."""

    def __init__(
        self,
        client: AxonPush | AsyncAxonPush,
        channel_id: str | int | None,
        *,
        agent_id: str | None,
        framework: str,
        trace_id: str | None = None,
        mode: str | None = None,
    ) -> None:
        if not isinstance(client, Client):
            raise TypeError(f"client: expected AxonPush or AsyncAxonPush, got {type(client).__name__}")
        if isinstance(channel_id, bool) or not isinstance(channel_id, (str, int, type(None))):
            raise TypeError(f"channel_id: expected a string or a number, got {type(channel_id).__name__}")
        if mode not in (None, "background", "sync"):
            raise ValueError(f"mode: expected 'background' or 'sync', got {mode!r}")
        # An asynchronous client cannot be waited for in a callback that is not.
        self._now = mode == "sync" and isinstance(client, AxonPush)
        self.client = client
        self._native = client._native
        self.agent_id = agent_id
        self._channel_id = channel_id
        self._trace_id = trace_id
        self._metadata = {"framework": framework}
        self._framework = framework
        self._closed = False
        self._said_at = float("-inf")
        self._unsaid = 0
        self.lost = 0
        """Events that could not be handed over."""

    def new_trace_id(self) -> str:
        """For what begins here: the trace that was chosen, else the one that is current, else one of its own."""
        if self._trace_id is not None:
            return self._trace_id
        return (current_trace() or TraceContext()).trace_id

    def publish(
        self,
        identifier: str,
        event_type: EventType,
        payload: Mapping[str, Any],
        *,
        trace_id: str | None = None,
        span_id: str | None = None,
        parent_span_id: str | None = None,
        agent_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Hands an event over. It may raise: it is called inside the guard."""
        if self._closed or _log.writing():
            return
        event = event_call(
            identifier,
            payload_text(payload),
            self._channel_id,
            event_type,
            agent_id or self.agent_id,
            trace_id,
            span_id,
            parent_span_id,
            None,
            any_json({**(metadata or {}), **self._metadata}),
        )
        self.hand_over(event)

    def hand_over(self, event: EventCall) -> None:
        """Publishes an event now, or in the background."""
        native = self._native
        if self._now:
            native.call(native.library.events_publish, (byref(event),), lambda _library, _response: None)
        else:
            native.observe(event)

    def lose(self, error: BaseException) -> None:
        """An event is lost: counted, and said once a minute."""
        with self._native.counting:
            self.lost += 1
            self._native.lost += 1
            self._unsaid += 1
            now = time.monotonic()
            if now - self._said_at < _SAY_EVERY or _log.writing():
                return
            self._said_at, count, self._unsaid = now, self._unsaid, 0
        try:
            _log.say("%s: %d event%s could not be handed over; the last one: %s: %s",
                     self._framework, count, "" if count == 1 else "s", type(error).__name__, error)
        except Exception:
            pass

    def flush(self, timeout: float | None) -> None:
        """Waits for what was handed over. It never raises."""
        try:
            flush(self._native, timeout)
        except Exception:
            pass  # What is left stays in the queue, and in the counters.

    async def aflush(self, timeout: float | None) -> None:
        """The same in asyncio."""
        from .._async_base import run

        try:
            native = self._native
            await run(native, lambda handle: native.flush(handle, _DEFAULT_FLUSH if timeout is None else timeout))
        except Exception:
            pass

    def close(self) -> None:
        """No more events. The client stays open: it is the application's."""
        self._closed = True


class Integration:
    """What an application may do with an integration."""

    observer: Observer

    @property
    def lost(self) -> int:
        """Events that could not be handed over. What became of the others is in ``client.stats()``."""
        return self.observer.lost

    def flush(self, timeout: float | None = None) -> None:
        """Waits until the client's events have come to their end, for ``timeout`` seconds (default 5). It never raises."""
        self.observer.flush(timeout)

    async def aflush(self, timeout: float | None = None) -> None:
        """:meth:`flush` for asyncio."""
        await self.observer.aflush(timeout)

    def close(self) -> None:
        """Flushes, and publishes nothing from now on. The client stays open."""
        self.observer.flush(None)
        self.observer.close()

    async def aclose(self) -> None:
        """:meth:`close` for asyncio."""
        await self.observer.aflush(None)
        self.observer.close()


def flush_after_invocation(*handlers: Any, timeout: float | None = 5.0) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator for functions of a serverless platform: what was published inside is delivered before the process is frozen.

    ``handlers`` are integrations or clients. The function may be a coroutine function.
    """

    def flush_all() -> None:
        for handler in handlers:
            try:
                flush(handler._native if isinstance(handler, Client) else handler.observer._native, timeout)
            except Exception as error:
                _log.say("flush_after_invocation: %s", error)

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                import asyncio

                try:
                    return await function(*args, **kwargs)
                finally:
                    await asyncio.to_thread(flush_all)

            return awaited

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            finally:
                flush_all()

        return called

    return decorator
