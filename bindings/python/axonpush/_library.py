"""The native library: where it is, and its functions.

Which way a function is called decides what may happen meanwhile:

- Most only look something up. They are called with the interpreter's lock held (``PyDLL``): releasing it costs more than they
  do, and a thread that has released it may wait 5 ms to get it back. That matters for one more reason: callbacks of C run only
  inside of such calls. So none runs after the interpreter has begun to finalise, when entering it would end the process.
- Those in ``WAITING`` may wait for the network, a disk or other threads. They are called with the lock released (``CDLL``), and
  never run a callback.

Rejected: cffi in API mode, a microsecond cheaper a call, for a compiler and a dependency. PyO3: a second public surface, which
the record of the ABI does not cover. Callbacks on the library's own threads: entering Python from there waits for the lock, and
hangs or aborts where the interpreter is on its way out.
"""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path
from typing import Any

from . import _declarations as c
from . import exceptions
from .exceptions import AxonPushError, ConfigurationError, InvalidArgumentError

SONAME = "libaxonpush.so.0"

WAITING = frozenset(
    name
    for name, (_, parameters) in c.FUNCTIONS.items()
    # A client's calls to the service end in (..., response, error).
    if name.startswith(
        (
            "axonpush_apps_",
            "axonpush_capabilities_",
            "axonpush_channels_",
            "axonpush_environments_",
            "axonpush_events_",
            "axonpush_health_",
            "axonpush_organizations_",
            "axonpush_otlp_",
            "axonpush_traces_",
            "axonpush_webhooks_",
        )
    )
    or name in ("axonpush_new", "axonpush_request", "axonpush_flush", "axonpush_shutdown", "axonpush_close")
) - {"axonpush_events_iter_new", "axonpush_events_iter_free"}

_CLASSES: dict[int, type[AxonPushError]] = {
    c.ERR_INVALID_ARGUMENT: InvalidArgumentError,
    c.ERR_INVALID_HANDLE: exceptions.ClientClosedError,
    c.ERR_CONFIG: ConfigurationError,
    c.ERR_CONNECTION: exceptions.APIConnectionError,
    c.ERR_AUTHENTICATION: exceptions.AuthenticationError,
    c.ERR_FORBIDDEN: exceptions.ForbiddenError,
    c.ERR_NOT_FOUND: exceptions.NotFoundError,
    c.ERR_VALIDATION: exceptions.ValidationError,
    c.ERR_RATE_LIMIT: exceptions.RateLimitError,
    c.ERR_SERVER: exceptions.ServerError,
    c.ERR_API: AxonPushError,
    c.ERR_DECODE: exceptions.DecodeError,
    c.ERR_QUEUE_FULL: exceptions.QueueFullError,
    c.ERR_TIMEOUT: exceptions.DeliveryTimeoutError,
    c.ERR_CLOSED: exceptions.ClientClosedError,
    c.ERR_INTERNAL: exceptions.InternalError,
    c.ERR_CANCELLED: exceptions.CallCancelledError,
}


class Library:
    """The functions of a loaded library, as attributes without ``axonpush_``."""

    def __init__(self, path: str) -> None:
        waiting = ctypes.CDLL(path)
        quick = ctypes.PyDLL(path, handle=waiting._handle)
        self.path = path
        for name, (result, parameters) in c.FUNCTIONS.items():
            try:
                function = getattr(waiting if name in WAITING else quick, name)
            except AttributeError:
                raise OSError(f"it has no function {name}: it is not libaxonpush, or older than this package") from None
            function.restype, function.argtypes = result, parameters
            setattr(self, name.removeprefix("axonpush_"), function)
        # Handing an event over waits only with overflow="block", and while a large payload is checked.
        self.enqueue_quickly = quick.axonpush_events_publish_async
        self.enqueue_quickly.restype, self.enqueue_quickly.argtypes = c.FUNCTIONS["axonpush_events_publish_async"]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"libaxonpush has no function axonpush_{name}")

    def error(self, address: int) -> AxonPushError:
        """The exception of an error object, which stays the library's."""
        retry_after = self.error_retry_after_ms(address)
        failure = _CLASSES.get(self.error_status(address), AxonPushError)(
            _text(self.error_message(address)) or "",
            status_code=self.error_http_status(address) or None,
            code=_text(self.error_code(address)),
            hint=_text(self.error_hint(address)),
            request_id=_text(self.error_request_id(address)),
            retry_after=None if retry_after < 0 else retry_after / 1000,
        )
        failure.retryable = self.error_retryable(address)
        return failure

    def take_error(self, address: int | None) -> AxonPushError:
        """The same, and frees the object."""
        if not address:
            return exceptions.InternalError("the library reported a failure and gave no error")
        try:
            return self.error(address)
        finally:
            self.error_free(address)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="replace")


def _candidates() -> list[str]:
    chosen = os.environ.get("AXONPUSH_LIBRARY")
    if chosen:
        return [chosen]
    here = Path(__file__).resolve().parent
    candidates = [here / "libaxonpush.so"]
    checkout = here.parents[2]
    if (checkout / "include/axonpush.h").exists():
        # As tests/built has it: a relative one is relative to the checkout.
        targets = dict.fromkeys((os.environ.get("CARGO_TARGET_DIR") or "target", "target"))
        candidates += [checkout / target / "release/libaxonpush.so" for target in targets]
    return [*map(str, candidates), SONAME]


_loaded: Library | None = None
_loading = threading.Lock()


def load() -> Library:
    """The library, loaded once: what ``AXONPUSH_LIBRARY`` names, else beside this package, else in the checkout that this
    package lies in, else the system's.
    """
    global _loaded
    if _loaded is None:
        with _loading:
            if _loaded is None:
                _loaded = _find()
    return _loaded


def _find() -> Library:
    tried = []
    for path in _candidates():
        if os.sep in path and not os.path.exists(path):
            tried.append(f"{path} (there is no such file)")
            continue
        try:
            return Library(path)
        except OSError as error:
            tried.append(f"{path} ({error})")
    raise ConfigurationError(
        f"libaxonpush cannot be loaded: tried {'; '.join(tried)}. Install libaxonpush, build it in its checkout with"
        " `make library`, or name its file in AXONPUSH_LIBRARY"
    )


def after_fork() -> None:
    """In a forked child: nobody is there any more who would release the lock."""
    global _loading
    _loading = threading.Lock()


def version() -> str:
    """The version of the native library that is loaded."""
    return str(load().version().decode())


def c_text(name: str, value: Any) -> bytes:
    """A text for C. It ends at its first NUL, so one with a NUL inside is refused."""
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{name}: expected a string, got {type(value).__name__}")
    if "\0" in value:
        raise InvalidArgumentError(f"{name}: it has a NUL character inside")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name}: it has half of a surrogate pair inside, which is no Unicode") from None


def _take_trace(library: Library, trace: int | None, error: ctypes.c_void_p) -> tuple[str, str, str]:
    if not trace:
        raise library.take_error(error.value)
    try:
        return (
            library.trace_id(trace).decode(),
            library.trace_span_id(trace).decode(),
            library.trace_traceparent(trace).decode(),
        )
    finally:
        library.trace_free(trace)


def parse_traceparent(header: str) -> tuple[str, str]:
    """Trace id and span id of a ``traceparent`` header."""
    library, error = load(), ctypes.c_void_p()
    trace = library.trace_parse(c_text("traceparent", header), ctypes.byref(error))
    return _take_trace(library, trace, error)[:2]


def traceparent(trace_id: str, span_id: str | None) -> str:
    """The header of a trace and a span, which is drawn at random if there is none."""
    library, error = load(), ctypes.c_void_p()
    span = None if span_id is None else c_text("span_id", span_id)
    trace = library.trace_new(c_text("trace_id", trace_id), span, ctypes.byref(error))
    return _take_trace(library, trace, error)[2]


def verify_webhook(secret: str, body: bytes | str, signature: str | None) -> bool:
    """Whether ``signature``, the value of the header ``X-AxonPush-Signature``, is that of this body under the endpoint's secret.

    ``body`` is what arrived, before any parsing. It is compared in constant time. There is no timestamp in a signature: refuse
    bodies that you have seen.
    """
    data = body.encode() if isinstance(body, str) else bytes(body)
    if not signature or "\0" in signature:
        return False
    return bool(load().webhook_verify(c_text("secret", secret), data, len(data), signature.encode(errors="replace")))


def sign_webhook(secret: str, body: bytes | str) -> str:
    """The signature of a body, for tests and for inbound webhooks."""
    data = body.encode() if isinstance(body, str) else bytes(body)
    out = ctypes.create_string_buffer(65)
    if not load().webhook_sign(c_text("secret", secret), data, len(data), out):
        raise InvalidArgumentError("secret: expected a text that is not empty")
    return out.value.decode()
