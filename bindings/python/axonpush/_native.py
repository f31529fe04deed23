"""What the synchronous and the asynchronous client have in common: a client of the library's, its calls and its events.

Completions are polled, so that no thread of the library's enters Python. Whoever polls is alone at it (`_leader`), since those who
wait for an outcome sleep on the library's descriptor, and would sleep on if another thread had taken what woke them. An event
whose delivery nobody keeps costs no more than forgetting it; an integration's has no completion at all.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ctypes import addressof, byref, c_void_p, cast
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar, cast as typed

from . import _declarations as c
from . import _log, _process
from ._delivery import Outcome
from ._executor import Executor
from ._library import Library, c_text, load
from ._marshal import (
    AT,
    ERROR_AT,
    PACKED_SIZE,
    PLAIN,
    EventCall,
    Results,
    channel_text,
    event_call,
    json_bytes,
    json_pieces,
    known_channel,
    known_event_type,
    known_identifier,
    milliseconds,
    optional_text,
    options_struct,
    pack_event,
    struct_of,
)
from ._trace import _scope
from .exceptions import AxonPushError, ClientClosedError, InternalError, QueueFullError
from .models import Event, EventDetails, Model, Page, Response, Stats, parse

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from ._watch import Watch

_BINDING = "axonpush-python"
_DEFAULT_SHUTDOWN_TIMEOUT = 2.0

# Checking a larger payload takes so long that other threads of Python's should run meanwhile.
_SMALL_PAYLOAD = 64 * 1024
# Outcomes are looked at once in so many events, so that they never pile up in the library.
_POLL_EVERY = 0x3FF
_NOTHING = (None,) * 7

_Model = TypeVar("_Model", bound=Model)
_Outcome = TypeVar("_Outcome", bound=Outcome)
_Page = TypeVar("_Page", bound=Page[Any])
_Result = TypeVar("_Result")

# Outcomes that the library owes, by the number that it was given with the event.
_owed: dict[int, weakref.ref[Outcome]] = {}


def _counter() -> Callable[[], int]:
    """Numbers that no two threads get alike. Where they run at the same time, count() alone may give one twice."""
    following, lock = count(1).__next__, threading.Lock()

    def locked() -> int:
        with lock:
            return following()

    return following if getattr(sys, "_is_gil_enabled", lambda: True)() else locked


_next_number = _counter()


def _after_fork_in_child() -> None:
    # Nobody is there any more who would release the lock; and what was numbered is given up.
    global _next_number
    _next_number = _counter()


os.register_at_fork(after_in_child=_after_fork_in_child)

# When the calls made here have to be over (time.monotonic).
_deadline: ContextVar[float | None] = ContextVar("axonpush_deadline", default=None)


def _end(status: int, response: int | None, error: int | None, number: int) -> None:
    """Runs inside axonpush_poll(), on a thread that is Python's."""
    reference = _owed.pop(number, None)
    outcome = reference() if reference is not None else None
    if outcome is None:
        return
    library = load()
    try:
        if status == c.OK:
            outcome._settle(Answer(library, response) if response else None, None)
        else:
            outcome._settle(None, library.error(error or 0))
    except Exception as problem:
        outcome._settle(None, InternalError(f"the outcome cannot be read: {problem!r}"))


_completion = c.axonpush_completion_fn(_end)
_COMPLETION = cast(_completion, c_void_p).value


class Answer:
    """The answer to publishing as it came. It is parsed for those who ask for it, which most never do."""

    __slots__ = ("_facts", "_text")

    def __init__(self, library: Library, response: int) -> None:
        self._text: bytes = library.response_json(response, None)
        self._facts = _facts(library, response)

    def event(self) -> Event:
        return _with_facts(Event(parse(self._text)), self._facts)


def read(library: Library, response: int, model: type[_Model]) -> _Model:
    """What an endpoint answered, as a model."""
    answer = parse(library.response_json(response, None))
    made = model(answer if isinstance(answer, dict) or model is Response else {})
    return _with_facts(made, _facts(library, response))


_Facts = tuple[int, bytes | None]
_Made = TypeVar("_Made", bound="Model | Page[Any]")


def _facts(library: Library, response: int) -> _Facts:
    return library.response_http_status(response), library.response_request_id(response)


def _with_facts(made: _Made, facts: _Facts) -> _Made:
    # The members are the service's; these are attributes only.
    made.http_status = facts[0] or None
    made.request_id = None if facts[1] is None else facts[1].decode(errors="replace")
    return made


def read_page(member: str, page: type[_Page], model: type[Model]) -> Callable[[Library, int | None], _Page]:
    """A reader of answers that are lists."""

    def reader(library: Library, response: int | None) -> _Page:
        made = page()
        if response:
            made.extend(model(item) for item in parse(library.response_json(response, None)).get(member) or ())
            _with_facts(made, _facts(library, response))
        return made

    return reader


def read_one(model: type[_Model]) -> Callable[[Library, int | None], _Model | None]:
    """A reader of answers that are objects."""
    return lambda library, response: read(library, response, model) if response else None


def read_response(library: Library, response: int | None) -> Response | None:
    """The answer of an endpoint that there is no method for."""
    return read(library, response, Response) if response else None


class Native:
    """A client of the library's."""

    def __init__(self, options: dict[str, Any]) -> None:
        from . import __version__

        library = self.library = load()
        _log.drain(library)
        product = f"{_BINDING}/{__version__}"
        own = options.pop("user_agent")
        struct = options_struct(user_agent=f"{own} {product}" if own else product, **options)
        results = Results()
        handle = library.new(byref(struct), addressof(results) + Results.error.offset)
        _log.drain(library)
        if not handle:
            raise library.take_error(results.error)
        self.handle: int = handle
        self.shutdown_timeout = options["shutdown_timeout"] or _DEFAULT_SHUTDOWN_TIMEOUT
        self._blocks = options["overflow"] == "block"
        self._plain = PLAIN and not self._blocks
        self._quickly = library.enqueue_quickly
        self._close_lock = threading.Lock()
        self._closed = False
        self._ended = False
        # Of integrations, and of enqueue().
        self.lost = 0
        self.refused = 0
        self._begin()
        _process.opened(self)

    def _begin(self) -> None:
        """What a forked child needs anew."""
        self._turn = threading.Condition()
        self.counting = threading.Lock()
        self._leader: int | None = None
        self.executor = Executor()
        self._watches: dict[AbstractEventLoop, Watch] = {}

    def after_fork(self) -> None:
        """In a forked child: the threads and what waits are the parent's."""
        self._begin()
        self._close_lock = threading.Lock()
        self._give_up("the process was forked after the event: it is its parent that delivers it", Outcome._settle)

    def _give_up(self, why: str, settle: Callable[[Outcome, None, AxonPushError], None]) -> None:
        """Nothing more is heard of events that are still owed an outcome."""
        for number, reference in _owed.copy().items():
            outcome = reference()
            if outcome is None or outcome._client is self:
                _owed.pop(number, None)
                if outcome is not None:
                    settle(outcome, None, ClientClosedError(why))

    # ---- Calls ----

    def check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("the client is closed")

    def call(
        self, function: Any, arguments: tuple[Any, ...], reader: Callable[[Library, int | None], _Result]
    ) -> _Result:
        """Calls a function that ends in (..., response, error) and waits for the service. `arguments` stay alive meanwhile."""
        return self.run(lambda handle: self.direct_call(handle, function, arguments, reader))

    def run(self, work: Callable[[int], _Result]) -> _Result:
        """Work that waits, with a handle for its calls: on this thread, or so that this one can be interrupted."""
        self.check_open()
        on_main_thread = threading.get_ident() == threading.main_thread().ident
        try:
            if not on_main_thread and _deadline.get() is None:
                return work(self.handle)
            call = self.begin_call()
            try:
                return self._interruptible(call, work) if on_main_thread else work(call)
            finally:
                # What was interrupted goes on without the handle, and is over at once.
                self.library.call_free(call)
        finally:
            _log.drain(self.library)

    def begin_call(self) -> int:
        """A handle for one call: it can be cancelled, and is over by the deadline that is in force here."""
        self.check_open()
        deadline = _deadline.get()
        left = 0 if deadline is None else max(1, min(2**32 - 1, int((deadline - time.monotonic()) * 1000)))
        results = Results()
        call: int | None = self.library.call_new(self.handle, left, addressof(results) + Results.error.offset)
        if not call:
            raise self._failure(results)
        return call

    def _failure(self, results: Any) -> AxonPushError:
        error = self.library.take_error(results.error)
        return ClientClosedError("the client is closed") if self._closed and isinstance(error, ClientClosedError) else error

    def direct_call(
        self, handle: int, function: Any, arguments: tuple[Any, ...], reader: Callable[[Library, int | None], _Result]
    ) -> _Result:
        """The same through a handle, on this thread."""
        results = Results()
        at = addressof(results)
        status = function(handle, *arguments, at + Results.response.offset, at + Results.error.offset)
        try:
            if status != c.OK:
                raise self._failure(results)
            return reader(self.library, results.response)
        finally:
            self.library.response_free(results.response)

    def _interruptible(self, call: int, work: Callable[[int], _Result]) -> _Result:
        """A call for the main thread, whose signal handlers run only in Python: Ctrl-C ends it at once.

        So another thread makes the call, and this one waits where handlers run. What a handler raises cancels the call.
        """
        outcome: list[tuple[_Result | None, BaseException | None]] = []
        over = threading.Lock()
        over.acquire()

        def run() -> None:
            try:
                outcome.append((work(call), None))
            except BaseException as error:
                outcome.append((None, error))
            over.release()

        try:
            self.executor.submit(run)
        except RuntimeError:
            # At the end of the interpreter there are no new threads.
            return work(call)
        try:
            over.acquire()
        except BaseException:
            self.library.call_cancel(call)
            raise
        result, error = outcome.pop()
        if error is not None:
            try:
                # Without the other thread's frames, which would tell the caller nothing.
                raise error.with_traceback(None)
            finally:
                del error
        return typed(_Result, result)

    # ---- Events in the background ----

    def enqueue(
        self, kind: type[_Outcome], identifier: Any, payload: Any, channel_id: Any, event_type: Any, *more: Any
    ) -> _Outcome:
        """Hands an event over, and gives what becomes of it. `more` are the rest of event_call()'s arguments."""
        # Hand-made: what is done here is what enqueue() costs. Nothing is called that need not be.
        event, packed = None, b""
        if self._plain and more == _NOTHING and _scope.get()[0] is None:
            if type(payload) is dict:
                try:
                    data = "".join(json_pieces(payload, 0)).encode()
                except (TypeError, ValueError, RecursionError):  # UnicodeEncodeError among them
                    data = json_bytes("payload", payload)
            else:
                data = json_bytes("payload", payload)
            name = known_identifier(identifier) if type(identifier) is str else c_text("identifier", identifier)
            channel = known_channel(channel_id) if type(channel_id) is str else channel_text(channel_id)
            of_type = known_event_type(event_type) if isinstance(event_type, str) else optional_text("event_type", event_type)
            size = len(data)
            packed = pack_event(
                PACKED_SIZE,
                id(name) + AT,
                id(data) + AT,
                size,
                0 if channel is None else id(channel) + AT,
                0 if of_type is None else id(of_type) + AT,
                0, 0, 0, 0, 0, 0, 0, 0,
            )  # fmt: skip
        else:
            event, size = event_call(identifier, payload, channel_id, event_type, *more), _SMALL_PAYLOAD
        number = _next_number()
        outcome = kind(self)
        _owed[number] = weakref.ref(outcome)
        if size >= _SMALL_PAYLOAD or self._quickly(self.handle, id(packed) + AT, _COMPLETION, number, None) != c.OK:
            # A large one, one that says more, or one that was not taken: with all care, and to be told why not.
            if event is None:
                event = event_call(identifier, payload, channel_id, event_type, *more)
            self._enqueue_with_care(outcome, event, number)
        if _process.attendant.asleep:
            _process.attendant.wake()
        if not number & _POLL_EVERY:
            self.poll()
        return outcome

    def _enqueue_with_care(self, outcome: Outcome, event: EventCall, number: int) -> None:
        library, at = self.library, addressof(event)
        small = event.payload_len < _SMALL_PAYLOAD and not self._blocks
        hand_over = library.enqueue_quickly if small else library.events_publish_async
        if hand_over(self.handle, at, _COMPLETION, number, at + ERROR_AT) == c.OK:
            return
        error = self._failure(event)
        if isinstance(error, QueueFullError) and self.poll():
            # The library also says so while too many outcomes wait to be fetched.
            if hand_over(self.handle, at, _COMPLETION, number, at + ERROR_AT) == c.OK:
                return
            error = self._failure(event)
        _owed.pop(number, None)
        if not isinstance(error, QueueFullError):
            raise error
        # No mistake of the caller's, and not to be raised into a program that must not fail: it is the event's outcome.
        with self.counting:
            self.refused += 1
        outcome._settle(None, error)

    def observe(self, event: EventCall) -> None:
        """Hands an integration's event over, of which nobody wants the outcome. It does not wait for room."""
        self.check_open()
        at, library = addressof(event), self.library
        if self._blocks:
            # A moment's deadline ends the wait for room.
            results = Results()
            call = library.call_new(self.handle, 1, addressof(results) + Results.error.offset)
            if not call:
                raise self._failure(results)
            status = library.events_publish_async(call, at, None, None, at + ERROR_AT)
            library.call_free(call)
        else:
            status = library.enqueue_quickly(self.handle, at, None, None, at + ERROR_AT)
        if status != c.OK:
            raise self._failure(event)
        if _process.attendant.asleep:
            _process.attendant.wake()

    def poll(self) -> bool:
        """Fetches outcomes, unless somebody is at it. Whether there were any."""
        with self._turn:
            if self._leader is not None or self._ended:
                return False
            self._leader = threading.get_ident()
        try:
            return bool(self.library.poll(self.handle, 0) > 0)
        finally:
            self._step_down()

    def _step_down(self) -> None:
        with self._turn:
            self._leader = None
            self._turn.notify_all()

    def wait(self, outcome: Outcome, timeout: float | None) -> bool:
        """Waits until an event has come to its end; False: its time was over before."""
        deadline = None if timeout is None else time.monotonic() + timeout
        me = threading.get_ident()
        while not outcome._done:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return self.poll() and outcome._done
            with self._turn:
                if outcome._done:
                    break
                # A signal handler may wait while what it interrupted is at it.
                if self._leader is not None and self._leader != me:
                    self._turn.wait(left)
                    continue
                nested = self._leader == me
                self._leader = me
            try:
                self._wait_for_outcomes(left)
                self.library.poll(self.handle, 0)
            finally:
                if not nested:
                    self._step_down()
        _log.drain(self.library)
        return True

    def _wait_for_outcomes(self, seconds: float | None) -> None:
        descriptor = self.library.completion_fd(self.handle)
        if descriptor < 0:
            # Closed meanwhile, or there are too many open files.
            time.sleep(0.01 if seconds is None else min(0.01, seconds))
            return
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        # In portions: closing does not wake it.
        portion = 0.5 if seconds is None else min(0.5, seconds)
        waiting.poll(max(1, int(portion * 1000)))

    def watch(self, loop: AbstractEventLoop) -> Watch:
        """Lets an event loop fetch outcomes as soon as there are any, until the watch is left."""
        watch = self._watches.get(loop)
        if watch is None:
            from ._watch import Watch

            watch = self._watches[loop] = Watch(self, loop)
        watch.enter()
        return watch

    def forget(self, watch: Watch) -> None:
        """A loop does not watch any more."""
        if self._watches.get(watch.loop) is watch:
            del self._watches[watch.loop]

    def attend(self) -> bool:
        """A look of the attendant's. Whether events are under way."""
        if self._ended:
            return False
        self.poll()
        return bool(self.stats_struct().queued_events > 0)

    # ---- Flush, stats, the end ----

    def flush(self, handle: int, timeout: float) -> None:
        """Waits until what was enqueued has come to its end."""
        results = Results()
        at = addressof(results)
        time_left = milliseconds("timeout", timeout) if timeout else 0
        status = self.library.flush(handle, time_left, at + Results.error.offset)
        self.poll()
        if status != c.OK:
            raise self._failure(results)

    def stats_struct(self) -> Any:
        stats = struct_of(c.axonpush_stats)
        if self.library.stats_get(self.handle, byref(stats), None) != c.OK:
            return self._last_stats
        return stats

    _last_stats: Any = struct_of(c.axonpush_stats)

    def stats(self) -> Stats:
        """The counters; after the end, as they were then."""
        struct = self.stats_struct()
        numbers = {name: getattr(struct, name) for name, *_ in c.axonpush_stats._fields_[1:]}
        numbers["log_events_lost"] += self.lost
        # The wire knows no counters: their names are C's.
        return Stats(numbers, refused=self.refused)

    def close(self, timeout: float | None = None) -> None:
        """Delivers what waits, for up to `shutdown_timeout`, and frees everything."""
        with self._close_lock:
            if self._closed:
                return
            self._closed = True
        library, handle = self.library, self.handle
        allowed = self.shutdown_timeout if timeout is None else timeout
        # In two steps: axonpush_close() runs completions that were not polled, and without the interpreter's lock.
        library.shutdown(handle, int(allowed * 1000), None)
        while self.poll():
            pass
        with self._turn:
            # Nobody fetches outcomes any more, and whoever waits for one has it.
            while self._leader is not None and self._leader != threading.get_ident():
                self._turn.wait(0.1)
            library.poll(handle, 0)
            self._last_stats = self.stats_struct()
            self._ended = True
            self._give_up("the client was closed before the event was delivered", lambda o, _, error: o._settle(None, error))
            self._turn.notify_all()
        for watch in list(self._watches.copy().values()):
            watch.end()
        library.close(handle)
        self.executor.stop()
        _process.closed(self)
        _log.drain(library)


class Lease:
    """What a client and its parts share. When nobody has any of them any more, the library's client is closed."""

    def __init__(self, client: Native, name: str) -> None:
        self.client = client
        self._name = name

    def __del__(self) -> None:
        if not self.client._closed:
            warnings.warn(f"{self._name} was not closed", ResourceWarning, source=self, stacklevel=2)
            _process.attendant.drop(self.client)


class Walk:
    """A walk back through events, which is the library's until nobody uses it any more."""

    # So many events at once: a page of the service's is larger, and one by one they would cost a change of threads each.
    MOST = 100

    def __init__(self, client: Native, handle: int, channel: bytes | None, query: Any, page: int | None) -> None:
        self._client = client
        self._library = client.library
        self._at_once = min(page or self.MOST, self.MOST)
        results = Results()
        at = addressof(results)
        status = self._library.events_iter_new(
            handle, channel, byref(query), at + Results.response.offset, at + Results.error.offset
        )
        self._address: int | None = results.response
        if status != c.OK:
            raise client._failure(results)

    def next(self) -> list[EventDetails]:
        """Some more events; none: it is over."""
        results = Results()
        at = addressof(results)
        events: list[EventDetails] = []
        while len(events) < self._at_once:
            status = self._library.events_iter_next(
                self._address, at + Results.response.offset, at + Results.error.offset
            )
            if status != c.OK:
                error = self._client._failure(results)
                if events:
                    break  # Asked for again, it fails again or goes on.
                raise error
            if not results.response:
                break
            # It lives until the next call, and is not to be freed.
            events.append(read(self._library, results.response, EventDetails))
        return events

    def __del__(self) -> None:
        self._library.events_iter_free(getattr(self, "_address", None))


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """See AxonPush.deadline."""
    end = time.monotonic() + milliseconds("seconds", seconds) / 1000
    before = _deadline.get()
    token = _deadline.set(end if before is None else min(before, end))
    try:
        yield
    finally:
        _deadline.reset(token)
