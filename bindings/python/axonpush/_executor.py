"""Threads of a client's own, for calls that wait while their caller must not: in asyncio, and where signals are handled.

Rejected: the event loop's default executor, which other code fills and asyncio.run() waits for; concurrent.futures, whose threads
are waited for when the interpreter exits, however long the service is silent. These are daemon threads: at exit the client is closed,
which interrupts what they do.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

_IDLE = 10.0  # seconds, after which a thread without work ends
MOST = 8


class Executor:
    """Runs functions on up to `MOST` threads, in the order in which they were given."""

    def __init__(self) -> None:
        self._work: deque[Callable[[], None]] = deque()
        self._ready = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._stopped = False

    @property
    def threads(self) -> int:
        """How many there are."""
        return self._threads

    def stop(self) -> None:
        """Lets threads end when there is no work."""
        with self._ready:
            self._stopped = True
            self._ready.notify_all()

    def submit(self, function: Callable[[], None]) -> None:
        """Runs it on a thread. It must not raise. RuntimeError: no thread can be had."""
        with self._ready:
            self._work.append(function)
            if self._idle >= len(self._work):
                self._ready.notify()
                return
            if self._threads >= MOST:
                return
            self._threads += 1
        try:
            threading.Thread(target=self._run, name="axonpush-call", daemon=True).start()
        except RuntimeError:
            with self._ready:
                self._threads -= 1
                if self._threads > 0:
                    return
                self._work.remove(function)
            raise

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._work:
                    self._idle += 1
                    woken = not self._stopped and self._ready.wait(_IDLE)
                    self._idle -= 1
                    if not woken and not self._work:
                        self._threads -= 1
                        return
                function = self._work.popleft()
            function()
            del function
