"""What becomes of an event that was handed over to be delivered in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exceptions import AxonPushError, DeliveryTimeoutError
from .models import Event

if TYPE_CHECKING:
    from ._native import Answer, Native

__all__ = ["Delivery"]


class Outcome:
    """The outcome of an event. It may be left alone: a failure is logged by the library and counted in ``client.stats()``."""

    __slots__ = ("__weakref__", "_answer", "_client", "_done", "_error")

    def __init__(self, client: Native) -> None:
        self._client = client
        self._done = False

    def _settle(self, answer: Answer | None, error: AxonPushError | None) -> None:
        self._answer, self._error = answer, error
        self._done = True

    def done(self) -> bool:
        """Whether the event has come to its end, delivered or not."""
        if not self._done:
            self._client.poll()
        return self._done

    def _get(self) -> Event | None:
        if self._error is not None:
            raise self._error
        return None if self._answer is None else self._answer.event()

    def __repr__(self) -> str:
        state = "under way" if not self._done else "delivered" if self._answer is not None else "not delivered"
        return f"<{type(self).__name__}: {state}>"


class Delivery(Outcome):
    """What :meth:`enqueue` gives."""

    __slots__ = ()

    def result(self, timeout: float | None = None) -> Event | None:
        """Waits for the outcome: the service's answer, or ``None`` where the event was given up under fail-open.

        Raises what kept it from being delivered, and :class:`DeliveryTimeoutError` when it is still under way after ``timeout``
        seconds.
        """
        if not self._client.wait(self, timeout):
            raise DeliveryTimeoutError(f"the event is still under way after {timeout} s")
        return self._get()

    def exception(self, timeout: float | None = None) -> AxonPushError | None:
        """Waits likewise, and gives what :meth:`result` would raise."""
        if not self._client.wait(self, timeout):
            raise DeliveryTimeoutError(f"the event is still under way after {timeout} s")
        return self._error
