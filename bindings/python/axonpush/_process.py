"""The process around the clients: its end, its forks, and the one thread of this package that waits for nobody.

**The attendant** is a daemon thread, started with the first background event. While events are under way it looks after them
every quarter of a second: it fetches lines of the library's log and outcomes that nobody waits for, and closes clients that were
dropped. Without such work it sleeps, for as long as there is none. Everything it calls returns at once and holds the interpreter's
lock, so that it is never inside of C when the interpreter is on its way out.

**At exit** (atexit, before the interpreter finalises) what is open is closed: events that wait are delivered for up to
`shutdown_timeout`, counted once for all clients. Children of multiprocessing end by os._exit() and run no atexit handlers, so
there it is a finalizer of multiprocessing.util; and of billiard.util, its twin in Celery.

**After a fork** the library gives the child empty queues, threads and connections of its own (`pthread_atfork`). Here, locks and
threads are made anew, and deliveries of the parent's are settled as the parent's.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from . import _library, _log

if TYPE_CHECKING:
    from ._native import Native

_TICK = 0.25  # seconds
_FINALIZER_MODULES = ("multiprocessing.util", "billiard.util")
# The last of those that have a priority: whatever an application does at its end may still publish.
_FINALIZER_PRIORITY = -1000

open_clients: set[Native] = set()
_lock = threading.Lock()


def opened(client: Native) -> None:
    """A client is there."""
    with _lock:
        open_clients.add(client)
    _arm()


def closed(client: Native) -> None:
    """It is closed."""
    with _lock:
        open_clients.discard(client)


def _all_open() -> list[Native]:
    with _lock:
        return list(open_clients)


# ---- The attendant ----


class Attendant:
    """See above."""

    def __init__(self) -> None:
        self.asleep = True
        # Re-entrant: wake() may meet the garbage collector, and that a client that was dropped.
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._dropped: list[Native] = []
        self._stopped = False

    def wake(self) -> None:
        """There is work. Called when `asleep`, by whoever has made some."""
        with self._lock:
            self.asleep = False
            if self._stopped:
                return
            thread = self._thread or threading.Thread(target=self._run, name="axonpush-attendant", daemon=True)
            if self._thread is None:
                self._thread = thread
                try:
                    thread.start()
                except RuntimeError:
                    # No thread can be had, now or at the end of the interpreter. The library delivers without it, too.
                    self._thread = None
                    self.asleep = True
                    return
            self._wake.set()

    def drop(self, client: Native) -> None:
        """Closes a client to which nobody has a reference any more."""
        self._dropped.append(client)
        self.wake()

    def stop(self) -> None:
        """For the end of the process."""
        with self._lock:
            self._stopped = True
            thread = self._thread
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(1)

    def _run(self) -> None:
        library = _library.load()
        while not self._stopped:
            self._wake.clear()
            busy = bool(self._dropped)
            while self._dropped:
                self._dropped.pop().close()
            for client in _all_open():
                busy = client.attend() or busy
            try:
                _log.drain(library)
            except BaseException:
                # A handler of the application's that exits ends this thread only, and must not.
                pass
            if busy:
                self._wake.wait(_TICK)
                continue
            with self._lock:
                # Whoever makes work from here on wakes us.
                self.asleep = True
            if any(client.attend() for client in _all_open()) or self._dropped:
                with self._lock:
                    self.asleep = False
                continue
            self._wake.wait()


attendant = Attendant()


# ---- The end ----


def close_all() -> None:
    """Closes what is open, within the longest of the clients' times in all."""
    clients = _all_open()
    if not clients:
        return
    deadline = time.monotonic() + max(client.shutdown_timeout for client in clients)
    for client in clients:
        try:
            client.close(max(0.0, deadline - time.monotonic()))
        except BaseException:
            # A handler of the application's log, or an impatient Ctrl-C: the others are closed all the same.
            pass


def _at_exit() -> None:
    attendant.stop()
    close_all()


# Registered when this package is imported: handlers that an application registers later run earlier, and may still publish.
atexit.register(_at_exit)


def _arm() -> None:
    """Lets multiprocessing close what is open in a child, now or once it has forgotten what was registered before."""
    for name in _FINALIZER_MODULES:
        util = sys.modules.get(name)
        if util is not None and name not in _armed:
            _armed.add(name)
            util.register_after_fork(_forked, type(_forked).register)
    _forked.register()


class _Forked:
    """What multiprocessing calls at the beginning of a child. It keeps no more than a weak reference to it."""

    def __init__(self) -> None:
        self._finalizers: dict[str, tuple[int, Any]] = {}

    def register(self) -> None:
        """Registers a finalizer, unless there is one: it belongs to one process, and may have been forgotten."""
        for name in _FINALIZER_MODULES:
            util, process = sys.modules.get(name), os.getpid()
            known = self._finalizers.get(name)
            if util is not None and (known is None or known[0] != process or not known[1].still_active()):
                self._finalizers[name] = process, util.Finalize(None, close_all, exitpriority=_FINALIZER_PRIORITY)


_forked = _Forked()
_armed: set[str] = set()


def _after_fork_in_child() -> None:
    global _lock, attendant
    _lock = threading.Lock()
    _library.after_fork()
    _log.after_fork()
    attendant = Attendant()
    for client in list(open_clients):
        client.after_fork()
    if open_clients:
        _arm()


os.register_at_fork(after_in_child=_after_fork_in_child)
