"""An event loop that watches the library's descriptor for outcomes."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._native import Native

# Where there is no descriptor to be had.
_LOOK_EVERY = 0.02


class Watch:
    """One loop's, for as long as something is awaited in it.

    It watches a duplicate of the descriptor: the library closes its own with the client, and its number may be another file's
    before the loop hears of it.
    """

    def __init__(self, client: Native, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._client = client
        self._count = 0
        self._descriptor = -1
        self._timer: asyncio.TimerHandle | None = None

    def enter(self) -> None:
        """Somebody begins to wait."""
        self._count += 1
        if self._count > 1:
            return
        descriptor = self._client.library.completion_fd(self._client.handle)
        try:
            self._descriptor = os.dup(descriptor)
            self.loop.add_reader(self._descriptor, self._client.poll)
        except (OSError, ValueError):
            self._look()

    def _look(self) -> None:
        self._client.poll()
        self._timer = self.loop.call_later(_LOOK_EVERY, self._look)

    def leave(self) -> None:
        """Somebody waits no more."""
        self._count -= 1
        if self._count <= 0:
            self._stop()
            self._client.forget(self)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            self.loop.remove_reader(descriptor)
            os.close(descriptor)

    def end(self) -> None:
        """The client is closed, maybe by another thread."""
        try:
            self.loop.call_soon_threadsafe(self._stop)
        except RuntimeError:
            # The loop is closed, and watches nothing.
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
