"""The synchronous client, and what both have in common."""

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
from helpers import DEAD, PACKAGE, environment, eventually, run_script

import axonpush
from axonpush import (
    APIConnectionError,
    AuthenticationError,
    AxonPush,
    AxonPushError,
    ClientClosedError,
    ConfigurationError,
    DeliveryTimeoutError,
    EventType,
    InvalidArgumentError,
    NotFoundError,
    QueueFullError,
    RateLimitError,
    RetryableError,
    ServerError,
    TraceContext,
    ValidationError,
    current_trace,
    get_or_create_trace,
    set_current_trace,
    sign_webhook,
    verify_webhook,
)
from axonpush.models import Event, EventDetails, Model


# ---- Publishing ----


@pytest.mark.every_python
def test_an_event_arrives_as_it_was_said(client, server):
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone(timedelta(hours=2)))
    event = client.events.publish(
        "checkout",
        {"n": 1, "text": "ä\ud83d\ude00 \ud800", "list": [1.5, None, True]},
        7,
        agent_id="a",
        trace_id="t",
        span_id="s",
        parent_span_id="p",
        event_type=EventType.AGENT_START,
        dedup_key="d",
        metadata={"m": 1},
        occurred_at=moment,
    )
    assert isinstance(event, Event)
    assert event.event_id == event["eventId"]
    assert (event.http_status, event.status) == (200, "accepted")
    assert event.request_id.startswith("req_")
    assert server.bodies() == [
        {
            "identifier": "checkout",
            # Half of a surrogate pair is no Unicode; a whole one is its character.
            "payload": {"n": 1, "text": "ä😀 \ufffd", "list": [1.5, None, True]},
            "channel_id": "7",
            "agentId": "a",
            "traceId": "t",
            "spanId": "s",
            "parentSpanId": "p",
            "eventType": "agent.start",
            "dedupKey": "d",
            "metadata": {"m": 1},
            "occurredAt": "2026-01-02T01:04:05.678000Z",
        }
    ]


def test_payload_may_be_json_text_and_any_mapping(client, server):
    from types import MappingProxyType

    client.events.publish("a", '{"b": 1}')
    client.events.publish("a", MappingProxyType({"b": 2}))
    client.events.publish("a", {"b": MappingProxyType({"c": 3})})
    assert [body["payload"] for body in server.bodies()] == [{"b": 1}, {"b": 2}, {"b": {"c": 3}}]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"identifier": ""}, "identifier"),
        ({"identifier": None}, "identifier: expected a string, got NoneType"),
        ({"identifier": "a\0b"}, "identifier: it has a NUL"),
        ({"identifier": "\ud800"}, "identifier: it has half of a surrogate pair"),
        ({"payload": [1]}, "payload"),
        ({"payload": {"x": object()}}, "payload: it cannot be written as JSON: object is no JSON"),
        ({"payload": {"x": float("nan")}}, "payload: it cannot be written as JSON"),
        ({"payload": {(1, 2): 1}}, "payload: it cannot be written as JSON"),
        ({"payload": "{"}, "payload"),
        ({"channel_id": True}, "channel_id: expected a string, got bool"),
        ({"channel_id": b"x"}, "channel_id: expected a string, got bytes"),
        ({"event_type": 7}, "event_type: expected a string, got int"),
        ({"metadata": [1]}, "metadata"),
        ({"dedup_key": "ü"}, "dedup_key"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
    ],
)
def test_mistakes_are_named_and_nothing_is_sent(client, server, arguments, says):
    for call in (client.events.publish, client.events.enqueue):
        with pytest.raises(InvalidArgumentError, match=says.replace("(", r"\(")) as caught:
            call(**{"identifier": "a", "payload": {}, **arguments})
        assert isinstance(caught.value, ValueError)
        assert not caught.value.retryable
    circular = {}
    circular["self"] = circular
    with pytest.raises(InvalidArgumentError, match="payload"):
        client.events.enqueue("a", circular)
    assert server.requests() == []


@pytest.mark.every_python
def test_enqueue_tells_what_became_of_an_event(client, server):
    server.fault({"path": "/event", "status": 422, "body": {"code": "validation_error", "message": "no"}})
    refused, taken = client.events.enqueue("a", {}), client.events.enqueue("b", {})
    with pytest.raises(ValidationError, match="no"):
        refused.result(10)
    assert isinstance(refused.exception(10), ValidationError)
    assert taken.result(10).event_id
    assert taken.exception() is None
    assert (refused.done(), repr(refused), repr(taken)) == (True, "<Delivery: not delivered>", "<Delivery: delivered>")
    assert (client.stats().delivered, client.stats().failed, client.stats()["accepted"]) == (1, 1, 2)


def test_waiting_for_an_outcome_has_an_end(make, server):
    server.fault({"path": "/event", "delayMs": 500})
    delivery = make().events.enqueue("a", {})
    with pytest.raises(DeliveryTimeoutError, match="0.05 s"):
        delivery.result(0.05)
    assert not delivery.done()
    assert repr(delivery) == "<Delivery: under way>"
    assert delivery.result().event_id


def test_outcomes_do_not_pile_up(make, server):
    client = make(queue_max_events=100_000)
    kept = [client.events.enqueue("a", {}) for _ in range(12_000)]
    client.flush(120)
    assert all(delivery.done() for delivery in kept)
    assert client.stats().delivered == 12_000
    assert axonpush._native._owed == {}


@pytest.mark.every_python
def test_deliveries_that_nobody_keeps_leave_nothing_behind(client):
    for _ in range(3000):
        client.events.enqueue("a", {})
    client.flush(60)
    eventually(lambda: not axonpush._native._owed)


def test_a_full_queue_is_the_outcome_of_the_event(make):
    client = make(base_url=DEAD, queue_max_events=2, overflow="drop_newest")
    kept = [client.events.enqueue("a", {}) for _ in range(5)]
    assert [type(d.exception(0.01)) if d.done() else None for d in kept] == [None, None, *[QueueFullError] * 3]
    assert kept[-1].exception().retryable
    assert (client.stats().accepted, client.stats().refused) == (2, 3)


@pytest.mark.every_python
def test_flush_says_how_many_are_left(make):
    client = make(base_url=DEAD, shutdown_timeout=0.1)
    for _ in range(3):
        client.events.enqueue("a", {})
    with pytest.raises(DeliveryTimeoutError, match="3 events"):
        client.flush(0.2)
    with pytest.raises(DeliveryTimeoutError):
        client.flush(0)


@pytest.mark.every_python
def test_after_close(make):
    client = make()
    client.events.enqueue("a", {})
    client.close()
    client.close()
    for call in (client.events.publish, client.events.enqueue):
        with pytest.raises(ClientClosedError, match="the client is closed"):
            call("a", {})
    for call in (client.events.list, client.flush, client.apps.list, client.events.iterate):
        with pytest.raises(ClientClosedError, match="the client is closed"):
            call()
    assert client.stats().delivered == client.stats().accepted == 1
    assert repr(client) == "<AxonPush (closed)>"


# ---- Reading ----


@pytest.mark.every_python
def test_lists_and_filters(client, server):
    for n in range(5):
        client.events.publish("odd" if n % 2 else "even", {"n": n}, "ch", agent_id=f"a{n}")
    assert [e.payload["n"] for e in client.events.list("ch", limit=2)] == [4, 3]
    assert [e.payload["n"] for e in client.events.search(agent_id="a2", channel_id="ch")] == [2]
    assert [e.payload["n"] for e in client.events.iterate("ch", limit=2)] == [4, 3, 2, 1, 0]
    page = client.events.list("ch", since=datetime.now() - timedelta(minutes=1), until=datetime.now(timezone.utc))
    assert len(page) == len(page.events) == 5
    assert (page.http_status, isinstance(page[0], EventDetails)) == (200, True)
    assert client.events.list("nowhere") == []
    targets = [r["target"] for r in server.requests() if r["method"] == "GET"]
    assert targets[0] == "/events?channelId=ch&limit=2"
    with pytest.raises(InvalidArgumentError, match="limit"):
        client.events.list("ch", limit=0)


@pytest.mark.every_python
def test_models_are_dictionaries_with_attributes(client):
    client.events.publish("a", {"x": 1}, "ch")
    event = client.events.list("ch")[0]
    assert event.payload == {"x": 1}
    assert event.created_at == event["createdAt"]
    assert event.cost_usd is None  # declared, and not there
    assert "costUsd" not in event
    event["somethingNew"] = 7
    assert event.something_new == 7
    with pytest.raises(AttributeError, match="no member 'nothing_like_it'"):
        event.nothing_like_it  # noqa: B018
    assert pickle.loads(pickle.dumps(event)) == event
    assert dict(event) == event == Model(event)


def test_the_other_resources(client):
    app = client.apps.create("shop")
    assert client.apps.get(app.app_id).name == "shop"
    assert client.apps.update(app.app_id, name="store").name == "store"
    assert [a.name for a in client.apps.list()] == ["store"]
    channel = client.channels.create(app.app_id, "orders")
    assert client.channels.get(app.app_id, channel.channel_id).name == "orders"
    assert client.channels.update(app.app_id, channel.channel_id, name="sales").name == "sales"
    assert [c.name for c in client.channels.list(app.app_id)] == ["sales"]
    made = client.environments.create("Staging", slug="staging", is_production=False)
    assert (made.slug, made.is_production) == ("staging", False)
    assert client.environments.update("staging", name="Stage").name == "Stage"
    client.environments.promote("staging")
    assert [(e.slug, e.is_default) for e in client.environments.list()] == [("staging", True)]
    hook = client.webhooks.create_endpoint(url="http://127.0.0.1:9/", channel_id=channel.channel_id, event_types=["a", "b"])
    assert (hook.event_types, bool(hook.raw_secret)) == (["a", "b"], True)
    assert [h.endpoint_id for h in client.webhooks.list_endpoints(channel.channel_id)] == [hook.endpoint_id]
    assert client.webhooks.deliveries(hook.endpoint_id) == []
    client.webhooks.delete_endpoint(hook.endpoint_id)
    with TraceContext() as trace:
        client.events.publish("a", {"model": "m"}, channel.channel_id)
    assert [t.trace_id for t in client.traces.list(limit=10)] == [trace.trace_id]
    assert client.traces.list(errors_only=True, service=["a", "b"], min_duration_ms=5).traces == []
    assert client.traces.get(trace.trace_id).spans[0].identifier == "a"
    assert client.organizations.update(name="Mine").name == "Mine"
    assert client.organizations.get().name == "Mine"
    assert len(client.organizations.list()) == 1
    assert client.organizations.invite("org_dev", "a@example.org", role="admin") is not None
    assert client.capabilities.get() is not None
    assert client.health.get().status == "ok"
    client.channels.delete(app.app_id, channel.channel_id)
    client.apps.delete(app.app_id)
    with pytest.raises(NotFoundError):
        client.apps.get("../admin?x")


def test_any_other_endpoint(client, server):
    answer = client.request("GET", "/events", query={"limit": 2, "q": "ä b", "x": None})
    assert (answer.data, answer["events"], answer.http_status) == ({"events": None}, None, 200)
    assert server.requests()[-1]["target"] == "/events?limit=2&q=%C3%A4+b"
    assert client.request("POST", "/apps", body={"name": "x"}).app_id
    assert client.request("POST", "/apps", body='{"name": "x"}').http_status == 201


# ---- Errors and fail-open ----


@pytest.mark.every_python
def test_errors_say_what_the_service_said(make, server):
    client = make(max_retries=0)
    for status, kind in [(401, AuthenticationError), (404, NotFoundError), (400, ValidationError), (500, ServerError), (418, AxonPushError)]:
        server.fault({"status": status, "body": {"code": "c", "message": ["m", "n"], "hint": "h", "requestId": "r"}})
        with pytest.raises(AxonPushError) as caught:
            client.apps.list()
        error = caught.value
        assert type(error) is kind
        assert (error.status_code, error.code, error.hint, error.request_id) == (status, "c", "h", "r")
        assert "m; n" in error.message
        assert error.retryable == isinstance(error, RetryableError) == (status == 500)
    server.fault({"status": 429, "headers": {"Retry-After": "1.5"}})
    with pytest.raises(RateLimitError) as caught:
        client.apps.list()
    assert caught.value.retry_after == 1.5
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.message, again.retry_after) == (RateLimitError, caught.value.message, 1.5)
    detail = {"title": "No", "status": 422, "detail": "it is wrong", "errors": [{"location": "body.x", "message": "is odd"}]}
    server.fault({"status": 422, "body": detail, "contentType": "application/problem+json"})
    with pytest.raises(ValidationError, match=r"it is wrong.*body\.x: is odd"):
        client.apps.list()


def test_fail_open_is_the_default_and_says_so(make, caplog):
    client = make(base_url=DEAD, max_retries=0)
    with caplog.at_level(logging.WARNING, "axonpush"):
        assert client.events.publish("a", {}) is None
        assert client.events.list(1) == []
        assert list(client.events.iterate()) == []
        assert client.apps.list() == []
        assert client.apps.get("a") is None
        assert client.request("GET", "/x") is None
    records = [r for r in caplog.records if r.name == "axonpush"]
    assert any("POST /event" in r.getMessage() and "fail-open" in r.getMessage() for r in records)
    assert {r.levelno for r in records} == {logging.WARNING}
    assert "ak_test" not in caplog.text


def test_strict_mode(make):
    client = make(base_url=DEAD, max_retries=0, fail_open=False)
    with pytest.raises(APIConnectionError) as caught:
        client.events.publish("a", {})
    assert caught.value.status_code is None
    assert caught.value.__cause__ is caught.value.__context__ is None
    with pytest.raises(APIConnectionError):
        list(client.events.iterate())


def test_a_deadline_is_of_the_whole_call(make, server):
    server.fault({"silent": True, "times": 0})
    client, strict = make(), make(fail_open=False)
    began = time.monotonic()
    with client.deadline(0.3):
        assert client.events.publish("a", {}) is None
        with client.deadline(60):  # the nearest counts
            assert client.events.list("x") == []
    with strict.deadline(0.3), pytest.raises(APIConnectionError):
        strict.apps.list()
    assert time.monotonic() - began < 5
    with pytest.raises(InvalidArgumentError, match="seconds"), client.deadline(0):
        pass


# ---- Options ----


def test_options_that_cannot_be_used_are_named():
    for option, value, says in [
        ("timeout", 0, "timeout: expected seconds"),
        ("timeout", "3", "timeout: expected seconds"),
        ("max_retries", -1, "max_retries: expected a whole number"),
        ("fail_open", "yes", "fail_open: expected True or False"),
        ("overflow", "drop", "overflow: expected one of drop_oldest, drop_newest, block"),
        ("content_capture_mode", "none", "content_capture_mode: expected one of"),
        ("queue_max_events", 1.5, "queue_max_events"),
        ("http_version", "3", "http_version: expected one of auto, 1.1, 2"),
        ("max_connections", 1000, "max_connections"),
        ("redact_keys", [1], "redact_keys: expected a string"),
        ("api_key", 7, "api_key: expected a string"),
    ]:
        with pytest.raises(InvalidArgumentError, match=says):
            AxonPush(**{"api_key": "ak_x", option: value})
    with pytest.raises(ConfigurationError, match="api_key"):
        AxonPush()
    with pytest.raises(ConfigurationError, match="base_url"):
        AxonPush(api_key="ak_x", base_url="ftp://x")
    with pytest.raises(TypeError, match="colour"):
        AxonPush(api_key="ak_x", colour="red")


def test_content_capture(make, server, monkeypatch):
    def sent(**options):
        server.reset()
        make(**options).events.publish("a", {"prompt": "x" * 300, "password": "p", "mine": "m"})
        return server.bodies()[0]["payload"]

    assert sent() == {"prompt": "[REDACTED]", "password": "[REDACTED]", "mine": "m"}
    assert sent(content_capture_mode="full", redact_keys=["mine", "yours"])["mine"] == "[REDACTED]"
    assert sent(content_capture_mode="full")["prompt"] == "x" * 300
    assert sent(content_capture_mode="redacted")["prompt"].endswith("…[REDACTED_PREVIEW]")
    # The published SDK's variable, beside the library's own, which wins.
    monkeypatch.setenv("AXONPUSH_CONTENT_CAPTURE_MODE", "full")
    assert sent()["prompt"] == "x" * 300
    monkeypatch.setenv("AXONPUSH_CONTENT_CAPTURE", "metadata_only")
    assert sent()["prompt"] == "[REDACTED]"
    monkeypatch.delenv("AXONPUSH_CONTENT_CAPTURE")
    monkeypatch.setenv("AXONPUSH_CONTENT_CAPTURE_MODE", "everything")
    with pytest.raises(ConfigurationError, match="AXONPUSH_CONTENT_CAPTURE_MODE: 'everything'"):
        sent()


def test_a_key_in_a_wrapper_and_the_user_agent(make, server):
    class Secret:
        def get_secret_value(self):
            return "ak_wrapped"

    make(api_key=Secret(), user_agent="shop/2", tenant_id="9", environment="e").events.publish("a", {}, "c")
    headers = dict(server.requests()[0]["headers"])
    assert headers["x-api-key"] == "ak_wrapped"
    assert headers["user-agent"].endswith(f"shop/2 axonpush-python/{axonpush.__version__}")
    assert (headers["x-tenant-id"], headers["x-axonpush-environment"]) == ("9", "e")


def test_waiting_for_room(make, server):
    client = make(queue_max_events=5, overflow="block")
    for _ in range(200):
        client.events.enqueue("a", {})
    client.flush(30)
    assert client.stats().delivered == 200
    dead = make(base_url=DEAD, queue_max_events=1, overflow="block", block_timeout=0.1)
    dead.events.enqueue("a", {})
    assert isinstance(dead.events.enqueue("a", {}).exception(5), QueueFullError)


# ---- Traces ----


def test_events_carry_the_trace_that_is_current(client, server):
    assert current_trace() is None
    with TraceContext("t1", "s1") as trace:
        assert current_trace() is trace
        client.events.publish("inside", {})
        client.events.publish("in another", {}, trace_id="t2")
        client.events.publish("the span itself", {}, span_id="s1")
        with trace.child() as child:
            client.events.publish("deeper", {})
        assert current_trace() is trace
        client.events.enqueue("later", {}).result(10)
    assert current_trace() is None
    said = {b["identifier"]: (b["traceId"], b.get("parentSpanId")) for b in server.bodies()}
    assert said == {
        "inside": ("t1", "s1"),
        "in another": ("t2", None),
        "the span itself": ("t1", None),
        "deeper": ("t1", child.span_id),
        "later": ("t1", "s1"),
    }


def test_get_or_create_trace():
    def here():
        first = get_or_create_trace()
        assert get_or_create_trace() is current_trace() is first
        other = get_or_create_trace("mine")
        assert (other.trace_id, current_trace()) == ("mine", other)
        set_current_trace(None)
        assert current_trace() is None
        with TraceContext() as trace:
            get_or_create_trace("inner")
            assert current_trace() is not trace
        assert current_trace() is None

    thread = threading.Thread(target=here)
    import contextvars

    contextvars.copy_context().run(here)
    thread.start()
    thread.join()
    assert current_trace() is None


def test_trace_headers():
    header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    trace = TraceContext.parse(header)
    assert (trace.trace_id, trace.span_id) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    assert trace.traceparent() == header
    assert trace.child().trace_id == trace.trace_id
    with pytest.raises(InvalidArgumentError, match="traceparent"):
        TraceContext.parse("nonsense")
    named = TraceContext("order-4711")
    assert len(named.w3c_trace_id()) == 32
    assert named.w3c_trace_id() == TraceContext("order-4711").w3c_trace_id()
    assert TraceContext("a") == TraceContext("a") != TraceContext("b")


# ---- Webhooks ----


def test_webhook_signatures():
    import hashlib
    import hmac

    body = b'{"a": 1}'
    signature = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert sign_webhook("secret", body) == sign_webhook("secret", body.decode()) == signature
    assert AxonPush.__init__ is not None
    assert verify_webhook("secret", body, signature)
    assert not verify_webhook("secret", body + b" ", signature)
    for wrong in ("", None, "x", "\0", "ä", signature.upper()):
        assert not verify_webhook("secret", body, wrong)
    assert not verify_webhook("", body, signature)


# ---- The library, and the import ----


def test_a_library_that_cannot_be_loaded_is_one_sentence(tmp_path):
    done = run_script("from axonpush import AxonPush; AxonPush()", env={"AXONPUSH_LIBRARY": str(tmp_path / "no.so")})
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("axonpush.exceptions.ConfigurationError: libaxonpush cannot be loaded: tried ")
    assert "no.so (there is no such file)" in last
    assert "AXONPUSH_LIBRARY" in last
    foreign = next(line.split()[-1] for line in open("/proc/self/maps") if "libc.so" in line)
    done = run_script("from axonpush import AxonPush; AxonPush()", env={"AXONPUSH_LIBRARY": foreign})
    assert "it is not libaxonpush, or older than this package" in done.stderr


def test_in_a_checkout_it_is_found_where_cargo_has_built_it(tmp_path):
    (tmp_path / "release").mkdir()
    library = tmp_path / "release/libaxonpush.so"
    library.symlink_to(os.environ["AXONPUSH_LIBRARY"])
    env = environment(CARGO_TARGET_DIR=str(tmp_path))
    del env["AXONPUSH_LIBRARY"]
    done = subprocess.run([sys.executable, "-m", "axonpush"], capture_output=True, text=True, env=env)
    assert done.stdout.endswith(f" at {library}\n"), done.stdout + done.stderr


def test_the_published_sdk_beside_it_is_refused(tmp_path):
    info = tmp_path / "axonpush-0.0.19.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: axonpush\nVersion: 0.0.19\n")
    done = subprocess.run(
        [sys.executable, "-c", "import axonpush"],
        capture_output=True,
        text=True,
        env=environment(PYTHONPATH=f"{PACKAGE}{os.pathsep}{tmp_path}"),
    )
    assert done.stderr.strip().splitlines()[-1].startswith("ImportError: the distributions axonpush 0.0.19 and axonpush-native are both")
    assert "pip uninstall axonpush" in done.stderr


def test_the_import_is_light():
    done = run_script("import sys, axonpush; print(sorted({'asyncio', 'logging', 'ssl', 'http', 'multiprocessing'} & set(sys.modules)))")
    assert done.stdout == "['logging']\n"


@pytest.mark.every_python
def test_nothing_is_missing_from_the_package():
    for name in axonpush.__all__:
        assert getattr(axonpush, name) is not None
    with pytest.raises(AttributeError):
        axonpush.nothing  # noqa: B018
    assert axonpush.library_version()
