"""The asynchronous twin of _delivery.py."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TYPE_CHECKING

from ._delivery import Outcome
from .exceptions import AxonPushError, DeliveryTimeoutError
from .models import Event

if TYPE_CHECKING:
    from ._native import Answer, Native

__all__ = ["AsyncDelivery"]


class AsyncDelivery(Outcome):
    """What the asynchronous client's :meth:`enqueue` gives. It can be awaited, as often as you like."""

    __slots__ = ("_waiting",)

    def __init__(self, client: Native) -> None:
        super().__init__(client)
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def _settle(self, answer: Answer | None, error: AxonPushError | None) -> None:
        super()._settle(answer, error)
        # A copy: waiters on other threads come and go. Who comes from here on finds it settled.
        for loop, future in self._waiting.copy():
            try:
                loop.call_soon_threadsafe(wake, future)
            except RuntimeError:
                pass  # That loop is closed, and whoever waited with it gone.

    def __await__(self) -> Generator[None, None, Event | None]:
        while not self.done():
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            pair = (loop, future)
            self._waiting.append(pair)
            watch = self._client.watch(loop)
            try:
                # It may have ended just before it was known that somebody waits.
                if not self._done:
                    yield from future
            finally:
                watch.leave()
                self._waiting.remove(pair)
        return self._get()

    async def _wait(self) -> Event | None:
        return await self

    async def result(self, timeout: float | None = None) -> Event | None:
        """The same within ``timeout`` seconds, else :class:`DeliveryTimeoutError`."""
        try:
            return await asyncio.wait_for(self._wait(), timeout)
        except asyncio.TimeoutError:
            raise DeliveryTimeoutError(f"the event is still under way after {timeout} s") from None

    async def exception(self, timeout: float | None = None) -> AxonPushError | None:
        """Waits likewise, and gives what :meth:`result` would raise."""
        try:
            await self.result(timeout)
        except AxonPushError:
            if not self._done:
                raise
        return self._error


def wake(future: asyncio.Future[None]) -> None:
    """Ends a wait, unless its task was cancelled."""
    if not future.done():
        future.set_result(None)
