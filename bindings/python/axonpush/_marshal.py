"""Python's values as the C structs: events, filters, options, and JSON."""

from __future__ import annotations

import json.encoder
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from ctypes import Structure, addressof, c_uint32, c_void_p, sizeof, string_at
from datetime import datetime, timezone
from functools import lru_cache
from json import JSONEncoder
from struct import Struct as PackedStruct
from typing import Any, TypeVar

from . import _declarations as c
from ._library import c_text
from ._trace import _scope
from .exceptions import ConfigurationError, InvalidArgumentError

_UINT32 = 2**32 - 1

# ---- JSON ----


def _compact_encoder(default: Callable[[Any], Any]) -> Callable[[Any, int], Iterable[str]]:
    """json.dumps with fixed settings, at two thirds of its cost: without making an encoder for each call.

    It gives the pieces of the text; its second argument is 0. Circular references are not looked for: they end in RecursionError.
    """
    encoder = JSONEncoder(
        ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), default=default
    )
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # not CPython
        return lambda value, _indent: (encoder.encode(value),)
    pieces: Callable[[Any, int], Iterable[str]] = make(
        None, encoder.default, json.encoder.encode_basestring, None, ":", ",", False, False, False
    )
    return pieces


def _no_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


json_pieces = _compact_encoder(_no_json)


def utf8(text: str) -> bytes:
    """UTF-8 of a text. Half of a surrogate pair, as cutting a text can leave it, becomes U+FFFD: no service takes one."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def json_bytes(name: str, value: Any) -> bytes:
    """JSON of a value; a text is JSON already."""
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, bytes):
        return value
    try:
        return utf8("".join(json_pieces(value, 0)))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"{name}: it cannot be written as JSON: {error}") from None


# Texts of a value that is no JSON end here, so that a table of a million rows does not become one line.
_LONGEST_TEXT = 10_000
_DEEPEST = 100


def _as_text(value: Any) -> str:
    try:
        return str(value)[:_LONGEST_TEXT]
    except Exception:
        return f"<{type(value).__name__}>"


_pieces_of_anything = _compact_encoder(_as_text)


def _plain(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {_as_text(key): _plain(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_plain(item, depth + 1) for item in value]
    return _as_text(value)


def any_json(value: Any) -> str:
    """JSON of whatever it is: what JSON cannot write becomes text."""
    try:
        return "".join(_pieces_of_anything(value, 0))
    except (TypeError, ValueError, RecursionError):
        # A key that is no text, NaN, something circular.
        return "".join(_pieces_of_anything(_plain(value), 0))


# ---- Texts and times ----


def optional_text(name: str, value: Any) -> bytes | None:
    return None if value is None else c_text(name, value)


def channel_text(value: Any) -> bytes | None:
    """An id, which may be a number."""
    if type(value) is int:
        return str(value).encode()
    return None if value is None else c_text("channel_id", value)


# Texts that most events share: they are looked up for less than encoding costs. What is no text is not hashed.
_CACHED = 1024


@lru_cache(_CACHED)
def known_event_type(value: str) -> bytes:
    """An event type."""
    return c_text("event_type", value)


@lru_cache(_CACHED)
def known_identifier(value: str) -> bytes:
    """An identifier."""
    return c_text("identifier", value)


@lru_cache(_CACHED)
def known_channel(value: str) -> bytes:
    """The id of a channel."""
    return c_text("channel_id", value)


def time_text(name: str, value: Any) -> bytes | None:
    """RFC 3339 in UTC. A datetime without a time zone is local time, as everywhere in Python."""
    if isinstance(value, datetime):
        value = value.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return optional_text(name, value)


def list_text(name: str, value: Any) -> bytes | None:
    """Several texts, or one that has commas in it."""
    if value is not None and not isinstance(value, str) and isinstance(value, Iterable):
        value = ",".join(c_text(name, item).decode() for item in value)
    return optional_text(name, value)


def milliseconds(name: str, seconds: Any) -> int:
    """Seconds as a whole number of milliseconds, at least one."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0 or not math.isfinite(seconds):
        raise InvalidArgumentError(f"{name}: expected seconds, a number greater than 0, got {seconds!r}")
    return max(1, min(_UINT32, math.ceil(seconds * 1000)))


def whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidArgumentError(f"{name}: expected a whole number from {least} to {most}, got {value!r}")
    return value


def toggle(name: str, value: Any) -> int:
    if value is None:
        return c.DEFAULT
    if not isinstance(value, bool):
        raise InvalidArgumentError(f"{name}: expected True or False, got {value!r}")
    return c.ENABLED if value else c.DISABLED


# ---- Events ----


class EventCall(c.axonpush_event):
    """An event, and behind it where a call writes its results: one object, since making one costs as much as the call."""

    _fields_ = [("response", c_void_p), ("error", c_void_p)]


EVENT_SIZE = sizeof(c.axonpush_event)
RESPONSE_AT = EventCall.response.offset
ERROR_AT = EventCall.error.offset


def event_call(
    identifier: Any,
    payload: Any,
    channel_id: Any = None,
    event_type: Any = None,
    agent_id: Any = None,
    trace_id: Any = None,
    span_id: Any = None,
    parent_span_id: Any = None,
    dedup_key: Any = None,
    metadata: Any = None,
    occurred_at: Any = None,
) -> EventCall:
    """An event, in the trace that is current here unless it says otherwise."""
    data = json_bytes("payload", payload)
    event = EventCall(
        EVENT_SIZE,
        c_text("identifier", identifier),
        data,
        len(data),
        known_channel(channel_id) if type(channel_id) is str else channel_text(channel_id),
        known_event_type(event_type) if isinstance(event_type, str) else optional_text("event_type", event_type),
    )
    if agent_id is not None:
        event.agent_id = c_text("agent_id", agent_id)
    trace = _scope.get()[0]
    if trace is not None and (trace_id is None or trace_id == trace.trace_id):
        trace_id = trace.trace_id
        # An event that is the current span is not its own parent.
        if parent_span_id is None and trace.span_id != span_id:
            parent_span_id = trace.span_id
    if trace_id is not None:
        event.trace_id = c_text("trace_id", trace_id)
    if span_id is not None:
        event.span_id = c_text("span_id", span_id)
    if parent_span_id is not None:
        event.parent_span_id = c_text("parent_span_id", parent_span_id)
    if dedup_key is not None:
        event.dedup_key = c_text("dedup_key", dedup_key)
    if occurred_at is not None:
        event.occurred_at = time_text("occurred_at", occurred_at)
    if metadata is not None:
        more = json_bytes("metadata", metadata)
        event.metadata = more
        event.metadata_len = len(more)
    return event


# An event that says no more than what most do is made by struct.pack(), in a third of the time: C is given the addresses of the
# bytes objects themselves. Where CPython keeps the bytes of one is no part of its interface, so that is looked at first.
AT = bytes.__basicsize__ - 1


def _addresses_are_known() -> bool:
    probe = b"axonpush"
    return sys.implementation.name == "cpython" and string_at(id(probe) + AT, len(probe)) == probe


PLAIN = _addresses_are_known()
_packed = PackedStruct("@NPPNPPPPPPPPPN")
PACKED_SIZE = _packed.size
pack_event = _packed.pack
"""The members of the first release's axonpush_event, in order; tests/test_declarations.py compares them."""


# ---- Other structs ----

_Struct = TypeVar("_Struct", bound=Structure)


def struct_of(kind: type[_Struct], **members: Any) -> _Struct:
    """A struct with values that are C's already; None leaves a member at its default."""
    made = kind(sizeof(kind))
    for name, value in members.items():
        if value is not None:
            setattr(made, name, value)
    return made


_QUERY_TIMES = frozenset({"since", "until"})
_QUERY_MEMBERS = frozenset(name for name, *_ in c.axonpush_event_query._fields_[1:])


def event_query(filters: Mapping[str, Any]) -> c.axonpush_event_query:
    """Filters of events, by their names."""
    members: dict[str, Any] = {}
    for name, value in filters.items():
        if value is None:
            continue
        if name == "limit":
            members[name] = whole(name, value, 1, _UINT32)
        elif name in _QUERY_TIMES:
            members[name] = time_text(name, value)
        elif name == "channel_id":
            members[name] = channel_text(value)
        elif name in _QUERY_MEMBERS:
            members[name] = c_text(name, value)
        else:
            raise InvalidArgumentError(f"{name}: there is no such filter")
    return struct_of(c.axonpush_event_query, **members)


def trace_query(
    events: Mapping[str, Any], lists: Mapping[str, Any], sort: Any, min_duration_ms: Any, offset: Any, errors_only: Any
) -> c.axonpush_trace_query:
    """Filters of traces, and of the events in them."""
    query = event_query(events)
    made = struct_of(
        c.axonpush_trace_query,
        events=addressof(query),
        sort=optional_text("sort", sort),
        min_duration_ms=None if min_duration_ms is None else whole("min_duration_ms", min_duration_ms, 0, 2**64 - 1),
        offset=None if offset is None else whole("offset", offset, 0, _UINT32),
        errors_only=toggle("errors_only", errors_only),
        **{name: list_text(name, value) for name, value in lists.items()},
    )
    # It is pointed to, so it has to live as long.
    made.alive = query
    return made


# ---- Options ----

_OVERFLOW = {
    "drop_oldest": c.OVERFLOW_DROP_OLDEST,
    "drop_newest": c.OVERFLOW_DROP_NEWEST,
    "block": c.OVERFLOW_BLOCK,
}
_CONTENT_CAPTURE = {
    "metadata_only": c.CONTENT_METADATA_ONLY,
    "redacted": c.CONTENT_REDACTED,
    "full": c.CONTENT_FULL,
}

_SPOOL_SYNC = {"interval": c.SPOOL_SYNC_INTERVAL, "none": c.SPOOL_SYNC_NONE, "each": c.SPOOL_SYNC_EACH}
_EXPORTER = {"events": c.EXPORTER_EVENTS, "otlp": c.EXPORTER_OTLP}
_HTTP_VERSION = {"auto": c.HTTP_AUTO, "1.1": c.HTTP_1_1, "2": c.HTTP_2}

_COMPATIBLE_VARIABLE = "AXONPUSH_CONTENT_CAPTURE_MODE"


def _one_of(name: str, value: Any, values: Mapping[str, int]) -> int:
    number = values.get(value) if isinstance(value, str) else None
    if number is None:
        raise InvalidArgumentError(f"{name}: expected one of {', '.join(values)}, got {value!r}")
    return number


def _content_capture(value: Any) -> int:
    if value is not None:
        return _one_of("content_capture_mode", value, _CONTENT_CAPTURE)
    # The published SDK's variable; the library knows AXONPUSH_CONTENT_CAPTURE.
    text = os.environ.get(_COMPATIBLE_VARIABLE)
    if not text or os.environ.get("AXONPUSH_CONTENT_CAPTURE"):
        return c.CONTENT_DEFAULT
    if text not in _CONTENT_CAPTURE:
        raise ConfigurationError(
            f"variable {_COMPATIBLE_VARIABLE}: {text!r} is not one of {', '.join(_CONTENT_CAPTURE)}"
        )
    return _CONTENT_CAPTURE[text]


def options_struct(
    *,
    api_key: Any,
    tenant_id: Any,
    base_url: Any,
    environment: Any,
    channel_id: Any,
    timeout: Any,
    max_retries: Any,
    fail_open: Any,
    queue_max_events: Any,
    queue_max_bytes: Any,
    overflow: Any,
    block_timeout: Any,
    delivery_timeout: Any,
    max_connections: Any,
    shutdown_timeout: Any,
    content_capture_mode: Any,
    redact_keys: Any,
    max_content_length: Any,
    ca_file: Any,
    ca_pem: Any,
    proxy: Any,
    user_agent: Any,
    http_version: Any,
    spool_dir: Any,
    spool_max_bytes: Any,
    spool_max_age: Any,
    spool_sync: Any,
    spool_sync_interval: Any,
    exporter: Any,
    otlp_endpoint: Any,
    otlp_headers: Any,
    otlp_batch_max_events: Any,
    otlp_batch_max_bytes: Any,
    otlp_batch_timeout: Any,
    otlp_gzip: Any,
) -> c.axonpush_options:
    """The options as C takes them, where 0 means the default."""
    secret = getattr(api_key, "get_secret_value", None)
    # In C, 0 means the default; here that is None, and 0 means never.
    retries = None if max_retries is None else whole("max_retries", max_retries, 0, 2**31 - 1) or -1
    return struct_of(
        c.axonpush_options,
        api_key=optional_text("api_key", secret() if secret else api_key),
        tenant_id=optional_text("tenant_id", tenant_id),
        base_url=None if base_url is None else c_text("base_url", str(base_url)),
        environment=optional_text("environment", environment),
        channel_id=channel_text(channel_id),
        timeout_ms=None if timeout is None else milliseconds("timeout", timeout),
        max_retries=retries,
        fail_open=toggle("fail_open", fail_open),
        queue_max_events=None if queue_max_events is None else whole("queue_max_events", queue_max_events, 1, _UINT32),
        queue_max_bytes=None if queue_max_bytes is None else whole("queue_max_bytes", queue_max_bytes, 1, 2**64 - 1),
        overflow=None if overflow is None else _one_of("overflow", overflow, _OVERFLOW),
        block_timeout_ms=None if block_timeout is None else milliseconds("block_timeout", block_timeout),
        delivery_timeout_ms=None if delivery_timeout is None else milliseconds("delivery_timeout", delivery_timeout),
        max_connections=None if max_connections is None else whole("max_connections", max_connections, 1, 256),
        shutdown_timeout_ms=None if shutdown_timeout is None else milliseconds("shutdown_timeout", shutdown_timeout),
        completion_mode=c.COMPLETION_POLLED,
        content_capture=_content_capture(content_capture_mode),
        redact_keys=list_text("redact_keys", redact_keys),
        max_content_length=None
        if max_content_length is None
        else whole("max_content_length", max_content_length, 1, _UINT32),
        ca_file=None if ca_file is None else c_text("ca_file", os.fspath(ca_file)),
        ca_pem=optional_text("ca_pem", ca_pem),
        proxy=optional_text("proxy", proxy),
        user_agent=optional_text("user_agent", user_agent),
        http_version=None if http_version is None else _one_of("http_version", http_version, _HTTP_VERSION),
        spool_dir=None if spool_dir is None else c_text("spool_dir", os.fspath(spool_dir)),
        spool_max_bytes=None if spool_max_bytes is None else whole("spool_max_bytes", spool_max_bytes, 1, 2**64 - 1),
        # In whole seconds, and 0 would be the default.
        spool_max_age_s=None if spool_max_age is None else -(-milliseconds("spool_max_age", spool_max_age) // 1000),
        spool_sync=None if spool_sync is None else _one_of("spool_sync", spool_sync, _SPOOL_SYNC),
        spool_sync_ms=None
        if spool_sync_interval is None
        else milliseconds("spool_sync_interval", spool_sync_interval),
        exporter=None if exporter is None else _one_of("exporter", exporter, _EXPORTER),
        otlp_endpoint=None if otlp_endpoint is None else c_text("otlp_endpoint", str(otlp_endpoint)),
        otlp_headers=optional_text("otlp_headers", otlp_headers),
        otlp_batch_max_events=None
        if otlp_batch_max_events is None
        else whole("otlp_batch_max_events", otlp_batch_max_events, 1, _UINT32),
        otlp_batch_max_bytes=None
        if otlp_batch_max_bytes is None
        else whole("otlp_batch_max_bytes", otlp_batch_max_bytes, 1, _UINT32),
        otlp_batch_timeout_ms=None
        if otlp_batch_timeout is None
        else milliseconds("otlp_batch_timeout", otlp_batch_timeout),
        otlp_gzip=toggle("otlp_gzip", otlp_gzip),
    )


class Results(Structure):
    """Where a call writes what came of it."""

    _fields_ = [("response", c_void_p), ("error", c_void_p), ("number", c_uint32)]
