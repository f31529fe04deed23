"""The declarations are those of the header, and the header is the recorded ABI."""

import ctypes
import inspect
import sys

import pytest
from helpers import PACKAGE, ROOT

from axonpush import AsyncAxonPush, AxonPush, EventType, _declarations, _library, exceptions, models

sys.path.insert(0, str(PACKAGE / "tools"))
import generate

RECORDED = [
    line.split(": ", 1) for line in (ROOT / "tests/abi/recorded.txt").read_text().splitlines() if line and not line.startswith("#")
]
CALLBACK = {"axonpush_log_fn", "axonpush_completion_fn"}


def test_what_is_generated_is_current():
    stale = [path.name for path, text in generate.outputs().items() if path.read_text() != text]
    assert stale == [], "write them with tools/generate.py"


def c_type(text, aliases):
    name = generate.ctypes_name(text, {**aliases, **{callback: "c_void_p" for callback in CALLBACK}})
    return None if name == "None" else getattr(ctypes, name)


@pytest.mark.every_python
def test_they_are_what_the_abi_records():
    assert ctypes.sizeof(ctypes.c_void_p) == 8, "the ABI is recorded for 64-bit platforms"
    aliases = {what.split()[1]: generate.TYPES[how.split(",")[0]] for what, how in RECORDED if ", size" in how and what.startswith("type")}
    checked = 0
    for what, how in RECORDED:
        kind, _, name = what.partition(" ")
        if kind == "struct":
            # It may have grown since.
            assert ctypes.sizeof(getattr(_declarations, name)) >= int(how.split()[1]), what
        elif kind == "member":
            struct, member = name.split(".")
            offset, size, of = how.split(", ", 2)
            declared = getattr(getattr(_declarations, struct), member)
            assert (declared.offset, declared.size) == (int(offset.split()[1]), int(size.split()[1])), what
            types = dict(getattr(_declarations, struct)._fields_)
            assert types[member] is c_type(of, aliases), what
        elif kind == "constant":
            assert getattr(_declarations, name.removeprefix("AXONPUSH_")) == int(how), what
        elif kind == "function":
            result, _, parameters = how.partition(" (")
            types = [] if parameters == "void)" else parameters.removesuffix(")").split(", ")
            wanted = (c_type(result, aliases), tuple(c_type(t, aliases) for t in types))
            assert _declarations.FUNCTIONS[name] == wanted, what
        elif kind == "callback":
            result, _, parameters = how.partition(" (")
            declared = getattr(_declarations, name)
            assert declared._restype_ is c_type(result, aliases), what
            assert declared._argtypes_ == tuple(c_type(t, aliases) for t in parameters.removesuffix(")").split(", ")), what
        else:
            continue
        checked += 1
    assert checked > 200


def test_an_event_that_is_packed_is_the_struct():
    from axonpush import _marshal

    names = [name for name, *_ in _declarations.axonpush_event._fields_]
    packed = _marshal.pack_event(*range(1, 15))
    event = _declarations.axonpush_event.from_buffer_copy(packed.ljust(ctypes.sizeof(_declarations.axonpush_event), b"\0"))
    assert names[:14] == [
        "struct_size", "identifier", "payload", "payload_len", "channel_id", "event_type", "agent_id", "trace_id", "span_id",
        "parent_span_id", "dedup_key", "occurred_at", "metadata", "metadata_len",
    ]  # fmt: skip
    addresses = ctypes.cast(ctypes.byref(event), ctypes.POINTER(ctypes.c_size_t))
    assert [addresses[getattr(_declarations.axonpush_event, name).offset // 8] for name in names[:14]] == list(range(1, 15))
    assert _marshal.PLAIN, "no addresses here: enqueue() takes the slower way"


def test_every_status_has_an_exception():
    for name, number in vars(_declarations).items():
        if not name.startswith("ERR_"):
            continue
        kind = _library._CLASSES[number]
        # A handle that is not valid is a client that is closed.
        assert kind.status == f"AXONPUSH_{'ERR_CLOSED' if name == 'ERR_INVALID_HANDLE' else name}", name
    assert set(_library._CLASSES.values()) | {exceptions.RetryableError} == {getattr(exceptions, n) for n in exceptions.__all__}


def test_every_option_of_the_library_is_one_of_the_clients():
    in_python = {
        "completion_mode": None,
        "content_capture": "content_capture_mode",
        "spool_max_age_s": "spool_max_age",
        "spool_sync_ms": "spool_sync_interval",
    }
    options = set(inspect.signature(AxonPush).parameters)
    for name, *_ in _declarations.axonpush_options._fields_[1:]:
        wanted = in_python.get(name, name.removesuffix("_ms"))
        assert wanted is None or wanted in options, f"there is no option for {name}"


def test_every_function_of_a_client_is_used():
    source = "".join(path.read_text() for path in (PACKAGE / "axonpush").rglob("*.py") if path.name != "_declarations.py")
    # What Python has itself, or this package does in another way; and OTLP, which request() serves.
    without = {"init", "json", "otlp", "log_event", "log_set", "trace", "call_timeout_set", "response", "log_write", "status_name"}
    for name in _declarations.FUNCTIONS:
        short = name.removeprefix("axonpush_")
        if not any(short.startswith(w) or short.endswith("_init") for w in without):
            assert f"{short}" in source, f"{name} is called nowhere"


def test_what_waits_releases_the_interpreters_lock():
    for name, (_, parameters) in _declarations.FUNCTIONS.items():
        # A call to the service ends in (..., response, error), or is one of these.
        waits = (len(parameters) > 2 and name.split("_")[1] in RESOURCES and name != "axonpush_events_iter_new") or name in OTHERS
        assert (name in _library.WAITING) == (waits and not name.endswith(("_init", "_free"))), name


RESOURCES = {"apps", "channels", "environments", "events", "webhooks", "traces", "organizations", "capabilities", "health", "otlp"}
OTHERS = {"axonpush_new", "axonpush_request", "axonpush_flush", "axonpush_shutdown", "axonpush_close"}


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


def test_both_clients_have_the_same_surface(make):
    sync, awaiting = make(AxonPush), make(AsyncAxonPush)
    assert public(awaiting) - public(sync) == {"aclose"}
    assert public(sync) <= public(awaiting)
    assert inspect.signature(AxonPush) == inspect.signature(AsyncAxonPush)
    compared = 0
    for name in public(sync):
        mine, twin = getattr(sync, name), getattr(awaiting, name)
        if callable(mine):
            assert [p for p in inspect.signature(mine).parameters] == [p for p in inspect.signature(twin).parameters], name
            continue
        assert public(mine) == public(twin), name
        for verb in public(mine):
            one, other = getattr(mine, verb), getattr(twin, verb)
            if not callable(one):
                continue
            assert list(inspect.signature(one).parameters.values()) == list(inspect.signature(other).parameters.values()), (name, verb)
            pure = verb in ("verify", "sign", "enqueue", "iterate")
            assert inspect.iscoroutinefunction(other) != pure, (name, verb)
            assert not inspect.iscoroutinefunction(one)
            compared += 1
    assert compared > 35


def test_event_types_are_texts():
    assert EventType.AGENT_TOOL_CALL_START == "agent.tool_call.start"
    assert f"{EventType.APP_LOG}" == str(EventType.APP_LOG) == "app.log"
    assert len(EventType) == 12


@pytest.mark.parametrize("name", models.__all__)
def test_every_model_says_what_it_is(name):
    assert getattr(models, name).__doc__
