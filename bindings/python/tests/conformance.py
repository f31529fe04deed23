#!/usr/bin/env python3
"""Executes the table tests/conformance/*.json with this binding; its README.md says what a row means.

    tests/conformance.py [--async] [--table DIRECTORY] [NAME...]

`--async` takes the asynchronous client. AXONPUSH_DEV_SERVER names the server's program.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from helpers import DEAD, ROOT, DevServer

from axonpush import AsyncAxonPush, AxonPush, AxonPushError, InvalidArgumentError, agent_run, model_call, tool_call
from axonpush import _declarations as c
from axonpush.models import Response

TABLE = ROOT / "tests/conformance"
RUNNER = "python"
STATUSES = {f"AXONPUSH_{name}" for name in dir(c) if name.startswith("ERR_")}
CHECKS = ("is", "absent", "matches", "contains", "lacks", "count", "members", "at_least", "same_as")
ABSENT = object()

# Options whose names and units are Python's here.
SECONDS = ("timeout_ms", "delivery_timeout_ms", "shutdown_timeout_ms", "block_timeout_ms", "spool_sync_ms", "otlp_batch_timeout_ms")
RENAMED = {
    **{name: name.removesuffix("_ms") for name in SECONDS},
    "content_capture": "content_capture_mode",
    "spool_max_age_s": "spool_max_age",
    "spool_sync_ms": "spool_sync_interval",
}


class Wrong(Exception):
    """A difference, or a row that is not understood."""


def need(holds, message):
    if not holds:
        raise Wrong(message)


def known(what, found, names):
    for name in found:
        need(name in names, f"{what} has a member that is not known: {name}")


def members_of(struct, *without):
    return [name for name, *_ in struct._fields_ if name not in ("struct_size", "payload_len", "metadata_len", *without)]


# ---- The call ----


class Blocking:
    """The synchronous client, as the rows call it."""

    def __init__(self, options):
        self.client = AxonPush(**options)

    def do(self, name, *args, **kwargs):
        owner = self.client if name in ("request", "flush", "close") else self.client.events
        return getattr(owner, name)(*args, **kwargs)

    def result(self, delivery):
        return delivery.result(10)

    def end(self):
        pass


class Awaiting(Blocking):
    """The asynchronous one."""

    def __init__(self, options):
        self.loop = asyncio.new_event_loop()
        self.client = AsyncAxonPush(**options)

    def do(self, name, *args, **kwargs):
        made = super().do(name, *args, **kwargs)
        return made if name == "enqueue" else self.loop.run_until_complete(made)

    def result(self, delivery):
        return self.loop.run_until_complete(delivery.result(10))

    def end(self):
        self.loop.close()


def options_of(row, url, server, folder):
    known("options", row, members_of(c.axonpush_options, "completion_mode", "ca_file", "ca_pem", "user_agent"))
    options = {"api_key": "ak_conformance", "base_url": url, "proxy": "", **row}
    for name in ("base_url", "otlp_endpoint"):
        if name in options:
            options[name] = (options[name] or "").replace("{server}", server.url)
    if "spool_dir" in options:
        options["spool_dir"] = options["spool_dir"].replace("{folder}", folder)
    for name in list(options):
        value = options[name]
        if name in SECONDS:
            value /= 1000
        # In C, 0 means the default.
        if name == "max_retries" and value <= 0:
            value = 0 if value < 0 else None
        options[RENAMED.get(name, name)] = options.pop(name) if value is options[name] else (options.pop(name), value)[1]
    return options


# The helpers that make a payload, by the member of a row that has theirs, and its struct in C.
HELPERS = {
    "model_call": (model_call, c.axonpush_model_call),
    "tool_call": (tool_call, c.axonpush_tool_call),
    "agent_run": (agent_run, c.axonpush_agent_run),
}


def event_of(given):
    known("event", given, [*members_of(c.axonpush_event), "payload_text", "metadata_text", *HELPERS])
    event = dict(given)
    for name, (helper, struct) in HELPERS.items():
        if name in event:
            known(name, event[name], [member for member in members_of(struct) if not member.endswith("_len")])
            event["payload"] = helper(**event.pop(name))
    for name in ("payload", "metadata"):
        if f"{name}_text" in event:
            event[name] = event.pop(f"{name}_text")
    event.setdefault("identifier", "")
    event.setdefault("payload", "")
    return event


def filters_of(query):
    known("query", query, members_of(c.axonpush_event_query))
    return dict(query)


def perform(row, url, server, kind, folder):
    """What came of the call: ends, the flush, the stats and how long it took."""
    call = dict(row["call"])
    background = "publish_async" in call
    times, flush_ms = (call.pop("times", 1), call.pop("flush_ms", 20_000)) if background else (1, 0)
    need(len(call) == 1, "there must be one call")
    ((name, given),) = call.items()
    got = {"ends": [], "flush": "ok", "stats": None, "closed": {}, "ms": 0}
    try:
        caller = kind(options_of(row.get("options", {}), url, server, folder))
    except AxonPushError as error:
        got["ends"].append(end_of(error))
        return got
    began = time.monotonic()
    try:
        if background:
            deliveries = []
            for _ in range(times):
                try:
                    deliveries.append(caller.do("enqueue", **event_of(given)))
                except AxonPushError as error:
                    got["ends"].append(end_of(error))
            try:
                caller.do("flush", flush_ms / 1000)
            except AxonPushError as error:
                got["flush"] = error.status
            got["ms"] = (time.monotonic() - began) * 1000
            got["stats"] = caller.client.stats()
            caller.do("close")
            got["closed"] = caller.client.stats()
            got["ends"] += [tried(lambda d=delivery: caller.result(d)) for delivery in deliveries]
        else:
            got["ends"].append(tried(lambda: perform_one(caller, name, given)))
            got["ms"] = (time.monotonic() - began) * 1000
            got["stats"] = caller.client.stats()
    finally:
        caller.do("close")
        caller.end()
    return got


def perform_next(row, url, server, kind, folder):
    """Whoever comes after the client of the row, with the same options, once the service is well."""
    known("next", row["next"], ("stats",))
    need("stats" in row["next"], "next has no member stats")
    server.dev("DELETE", "faults")
    caller = kind(options_of(row["options"], url, server, folder))
    try:
        caller.do("flush", 20)
        check_stats("stats of the next client", row["next"]["stats"], caller.client.stats())
    finally:
        caller.do("close")
        caller.end()


def perform_one(caller, name, given):
    if name == "publish":
        return caller.do("publish", **event_of(given))
    if name == "list":
        known("list", given, ("channel_id", "query"))
        filters = filters_of(given.get("query") or {})
        if "channel_id" not in filters:
            return caller.do("list", given.get("channel_id"), **filters)
        # Both have one name here, and Python refuses what is given twice: its TypeError is that status.
        try:
            return caller.do("list", given["channel_id"], **filters)
        except TypeError as refused:
            raise InvalidArgumentError(str(refused)) from None
    if name == "search":
        return caller.do("search", **filters_of(given))
    if name == "request":
        known("request", given, ("method", "path", "query", "body", "body_text"))
        return caller.do(
            "request", given["method"], given["path"], query=given.get("query"), body=given.get("body_text", given.get("body"))
        )
    raise Wrong(f"there is no call {name}")


def tried(call):
    try:
        answer = call()
    except AxonPushError as error:
        return end_of(error)
    if answer is None:
        return {"outcome": "nothing"}
    if isinstance(answer, list):
        document = {"events": list(answer)}
    else:
        document = answer.data if isinstance(answer, Response) else dict(answer)
    return {"outcome": "ok", "document": document, "fields": {"http_status": answer.http_status, "request_id": answer.request_id}}


def end_of(error):
    need(error.message and str(error) == error.message, "the error has no message")
    return {
        "outcome": error.status,
        "error": {
            "message": error.message,
            "code": error.code,
            "hint": error.hint,
            "request_id": error.request_id,
            "http_status": error.status_code or 0,
            "retry_after_ms": -1 if error.retry_after is None else round(error.retry_after * 1000),
            "retryable": error.retryable,
        },
    }


# ---- What came of it ----


def check_expectations(expect, got):
    known("expect", expect, ("outcome", "outcomes", "response", "error", "flush", "stats", "closed", "files", "at_least_ms", "at_most_ms"))
    need(("outcome" in expect) != ("outcomes" in expect), "either outcome or outcomes")
    wanted = expect.get("outcomes") or {expect["outcome"]: len(got["ends"])}
    known("outcomes", wanted, ("ok", "nothing", *STATUSES))
    counts = {}
    for end in got["ends"]:
        counts[end["outcome"]] = counts.get(end["outcome"], 0) + 1
    said = "; ".join({end["error"]["message"] for end in got["ends"] if "error" in end})
    need(counts == wanted, f"outcomes {counts}, but expected {wanted} {said}")
    need(got["flush"] == expect.get("flush", "ok"), f"flush gave {got['flush']}")
    for what, member in (("response", "document"), ("error", "error")):
        if what not in expect:
            continue
        ends = [end for end in got["ends"] if member in end]
        need(ends, f"there is no {what}")
        for end in ends:
            for key, wish in expect[what].items():
                if what == "response" and (key == "" or key.startswith("/")):
                    value = at(end["document"], key)
                else:
                    value = field(end["fields"] if what == "response" else end["error"], key)
                check(f"{what} {key}", wish, value)
    check_stats("stats", expect.get("stats", {}), got["stats"])
    check_stats("stats when closed", expect.get("closed", {}), got["closed"])
    if "at_least_ms" in expect:
        need(got["ms"] >= expect["at_least_ms"], f"it took {got['ms']:.0f} ms")
    if "at_most_ms" in expect:
        need(got["ms"] <= expect["at_most_ms"], f"it took {got['ms']:.0f} ms")


def check_stats(what, wishes, stats):
    for key, wish in wishes.items():
        check(f"{what} {key}", wish, field(stats, key))


def check_files(checks, folder):
    """What lies in the row's folder, where every byte that is no ASCII text is a blank."""
    need(isinstance(checks, list), "files is no list of checks")
    text = "".join(file.read_text("latin-1") for file in sorted(Path(folder).rglob("*")) if file.is_file())
    need(text, "there is no file that could be checked")
    for wish in checks:
        check("files", wish, re.sub(r"[^ -~]", " ", text))


def check_seen(seen, server):
    known("seen", seen, ("requests", "method", "target", "headers", "body", "text", "same", "distinct", "stored"))
    need("requests" in seen, "seen has no member requests")
    requests = server.requests()
    check("requests", seen["requests"], len(requests))
    each = any(name in seen for name in ("method", "target", "headers", "body", "text"))
    need(requests or not each, "there was no request")
    finders = [finder_of(request) for request in requests]
    for request, find in zip(requests, finders):
        for name in ("method", "target"):
            if name in seen:
                check(name, seen[name], request[name], find)
        if "text" in seen:
            check("text", seen["text"], request["body"], find)
        for name, wish in seen.get("headers", {}).items():
            need(name and "/" not in name, f"{name} is no header")
            check(f"header {name}", wish, find(name), find)
        for pointer, wish in seen.get("body", {}).items():
            need(pointer == "" or pointer.startswith("/"), f"{pointer} is no pointer")
            check(f"body {pointer}", wish, find(pointer), find)
    for what, count in (("same", lambda values: 1), ("distinct", len)):
        for place in seen.get(what, ()):
            values = [find(place) for find in finders]
            need(ABSENT not in values, f"{place} is not in every request")
            need(len({json.dumps(v) for v in values}) == count(values), f"{place} is not {what} in all requests")
    if "stored" in seen:
        check("stored", seen["stored"], server.stored())


def finder_of(request):
    headers = dict(request["headers"])
    body = json.loads(request["body"]) if request["body"] else ABSENT

    def find(place):
        return at(body, place) if place == "" or place.startswith("/") else headers.get(place, ABSENT)

    return find


def check(what, wish, value, find=None):
    shown = "nothing" if value is ABSENT else json.dumps(value)
    failure = f"{what}: {shown}, but expected {json.dumps(wish)}"
    need(not isinstance(wish, list), f'{what}: an array needs {{"is": ...}}')
    if not isinstance(wish, dict):
        return need(value is not ABSENT and same(value, wish), failure)
    need(len(wish) == 1 and next(iter(wish)) in CHECKS, f"{what}: there is no check {json.dumps(wish)}")
    ((kind, wanted),) = wish.items()
    if kind == "absent":
        return need((value is ABSENT) == wanted, failure)
    need(value is not ABSENT, failure)
    text = isinstance(value, str)
    holds = {
        "is": lambda: same(value, wanted),
        "matches": lambda: text and re.search(wanted, value) is not None,
        "contains": lambda: text and wanted in value,
        "lacks": lambda: text and wanted not in value,
        "count": lambda: (len(value) if isinstance(value, (list, dict)) else 0 if value is None else -1) == wanted,
        "members": lambda: isinstance(value, dict) and sorted(value) == sorted(wanted),
        "at_least": lambda: isinstance(value, (int, float)) and not isinstance(value, bool) and value >= wanted,
        "same_as": lambda: find is not None and same(value, find(wanted)),
    }[kind]()
    need(holds, failure)


def same(a, b):
    """Equality of JSON, where 1 is not true."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def at(document, pointer):
    """RFC 6901."""
    value = document
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return ABSENT
    return value


def field(fields, name):
    need(name in fields, f"there is no member {name} to check")
    return fields[name]


# ---- The table ----


def rows_of(folder):
    return [row for path in sorted(Path(folder).glob("*.json")) for row in json.loads(path.read_text())]


def run(row, server, kind=Blocking):
    """Executes a row. Wrong: it differs, or is not understood."""
    known("the row", row, ("name", "why", "options", "server", "call", "expect", "next", "seen", "skip_in"))
    for name in ("name", "why", "call", "expect", "seen"):
        need(name in row, f"the row has no member {name}")
    known("skip_in", row.get("skip_in", {}), ("c", "cpp", "go", "node", RUNNER))
    dead = row.get("server") == "dead"
    need(dead or isinstance(row.get("server", []), list), f"there is no server {row.get('server')!r}")
    server.reset()
    if not dead and row.get("server"):
        server.fault(*row["server"])
    url = DEAD if dead else server.url
    with tempfile.TemporaryDirectory(prefix="axonpush-row-") as folder:
        check_expectations(row["expect"], perform(row, url, server, kind, folder))
        if "files" in row["expect"]:
            check_files(row["expect"]["files"], folder)
        if "next" in row:
            perform_next(row, url, server, kind, folder)
        check_seen(row["seen"], server)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--async", action="store_true", dest="awaiting")
    parser.add_argument("--table", default=TABLE)
    parser.add_argument("names", nargs="*")
    chosen = parser.parse_args()
    kind = Awaiting if chosen.awaiting else Blocking
    passed = failed = 0
    seen = set()
    server = DevServer()
    try:
        for row in rows_of(chosen.table):
            name = row.get("name", "?")
            if chosen.names and name not in chosen.names:
                continue
            reason = row.get("skip_in", {}).get(RUNNER)
            if reason is not None:
                print(f"skip - {name}: {reason}")
                continue
            try:
                need(name not in seen, "the name occurs twice")
                seen.add(name)
                run(row, server, kind)
                passed += 1
                print(f"ok - {name}")
            except Exception as difference:
                failed += 1
                said = difference if isinstance(difference, Wrong) else repr(difference)
                print(f"not ok - {name}: {said}")
    finally:
        server.stop()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
