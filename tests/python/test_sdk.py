"""The published Python SDK against the development server: what it needs, the server must do.

Usage: test_sdk.py SERVER (the path of axonpush-dev-server); `run` prepares everything.
"""

import asyncio
import contextlib
import contextvars
import hashlib
import hmac
import http.server
import json
import logging
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import urllib.request

from axonpush import (
    APIConnectionError,
    AsyncAxonPush,
    AuthenticationError,
    AxonPush,
    EventType,
    ForbiddenError,
    NotFoundError,
    RateLimitError,
    ServerError,
    ValidationError,
    get_or_create_trace,
)
from axonpush.integrations._publisher import AsyncBackgroundPublisher, BackgroundPublisher

PATIENCE = 10  # seconds, for anything that another thread brings about
PROGRAM = sys.argv[1]


class Server:
    """One server process, stopped with SIGTERM, which must end it cleanly."""

    def __init__(self, *options):
        self.options = options

    def __enter__(self):
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", *self.options], stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), f"unexpected line {line!r}"
        self.url = line.split()[-1]
        return self

    def __exit__(self, kind, error, trace):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        assert code == 0, f"the server ended with {code}"

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_dev/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return json.load(response)

    def fault(self, *faults):
        self.control("POST", "faults", list(faults))

    def requests(self):
        return self.control("GET", "requests")["requests"]

    def stats(self):
        return self.control("GET", "stats")

    def client(self, key="ak_python", **options):
        return AxonPush(api_key=key, base_url=self.url, **{"fail_open": False, **options})


@contextlib.contextmanager
def raises(kind):
    """Expects an exception, and hands it out for inspection."""
    caught = []
    try:
        yield caught
    except kind as error:
        assert type(error) is kind, f"expected {kind.__name__}, got {error!r}"
        caught.append(error)
        return
    raise AssertionError(f"expected {kind.__name__}, got no exception")


def eventually(look):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {PATIENCE} seconds")


def header(request, name):
    return next((value for known, value in request["headers"] if known == name.lower()), None)


def test_publish_and_search(server):
    with server.client(tenant_id="1", environment="staging") as client:
        ack = client.events.publish(
            "checkout",
            {"cart": 3},
            "ch_1",
            agent_id="a1",
            trace_id="t1",
            span_id="s1",
            parent_span_id="s0",
            dedup_key="d1",
            event_type=EventType.AGENT_TOOL_CALL_START,
            metadata={"gen_ai.tool.name": "search", "region": "Zürich"},
        )
        assert ack.status == "accepted", ack
        (event,) = client.events.search().events
        assert event.event_id == ack.event_id
        assert (event.org_id, event.channel_id, event.event_type) == ("1", "ch_1", "agent.tool_call.start")
        assert (event.agent_id, event.trace_id, event.span_id, event.parent_span_id) == ("a1", "t1", "s1", "s0")
        assert (event.tool_name, event.semantic_kind, event.source) == ("search", "tool", "app")
        assert event.payload == {"cart": 3} and event.payload_spilled is False
        assert event.environment_id == "staging"

        client.events.publish("failure", {"error.type": "Timeout"}, "ch_2", trace_id="t2")
        for filters, expected in [
            ({"channel_id": "ch_1"}, 1),
            ({"event_type": "agent.tool_call.start"}, 1),
            ({"source": "app"}, 2),
            ({"status": "error"}, 1),
            ({"trace_id": "t2"}, 1),
            ({"agent_id": "a1"}, 1),
            ({"agent_name": "nobody"}, 0),
            ({"tool_name": "search"}, 1),
            ({"semantic_kind": "tool"}, 1),
            ({"app_id": event.app_id}, 2),
            ({"environment_id": "staging"}, 2),
            ({"q": "TIMEOUT"}, 1),
            ({"attr_key": "region", "attr_value": "Zürich"}, 1),
            ({"since": event.created_at}, 2),
            ({"until": event.created_at}, 0),
            ({"limit": 1}, 1),
        ]:
            found = client.events.search(**filters).events or []
            assert len(found) == expected, f"{filters}: {len(found)}"
    with server.client(tenant_id="2") as client:
        assert client.events.search().events is None, "an empty list is null"
    sent = server.requests()[0]
    assert header(sent, "x-axonpush-api-key") == "ak_python"
    assert header(sent, "x-tenant-id") == "1"


def test_pages_of_events(server):
    with server.client() as client:
        for number in range(7):
            client.events.publish(f"e{number}", {"n": number}, "ch_1")
        seen, until = [], None
        while page := client.events.search(limit=3, until=until).events:
            seen += [event.payload["n"] for event in page]
            until = page[-1].created_at
        assert seen == [6, 5, 4, 3, 2, 1, 0], seen


def test_async_client(server):
    async def go():
        client = AsyncAxonPush(api_key="ak_python", base_url=server.url, fail_open=False)
        acks = await asyncio.gather(*(client.events.publish(f"e{n}", {}, "ch_1") for n in range(10)))
        assert len({ack.event_id for ack in acks}) == 10
        assert len((await client.events.search(channel_id="ch_1")).events) == 10
        assert (await client.apps.create("Shop")).name == "Shop"
        assert [app.name for app in await client.apps.list()] == ["Shop"]
        with raises(NotFoundError):
            await client.traces.get("nowhere")
        server.fault({"status": 503})
        assert (await client.events.publish("again", {}, "ch_1")).status == "accepted"
        await client.close()

    asyncio.run(go())


def test_background_publishers(server):
    with server.client() as client:
        publisher = BackgroundPublisher(client)
        for number in range(20):
            publisher.submit({"identifier": f"e{number}", "payload": {}, "channel_id": "ch_1"})
        publisher.flush(PATIENCE)
        publisher.close(PATIENCE)
        assert publisher.dropped == 0
    assert server.stats()["storedEvents"] == 20

    async def go():
        client = AsyncAxonPush(api_key="ak_python", base_url=server.url, fail_open=False)
        publisher = AsyncBackgroundPublisher(client)
        for number in range(20):
            publisher.submit({"identifier": f"e{number}", "payload": {}, "channel_id": "ch_1"})
        await publisher.flush(PATIENCE)
        await publisher.close(PATIENCE)
        await client.close()

    asyncio.run(go())
    assert server.stats()["storedEvents"] == 40


def test_dedup(server):
    with server.client() as client:
        first = client.events.publish("e", {}, "ch_1", dedup_key="k")
        again = client.events.publish("e", {}, "ch_1", dedup_key="k")
        assert first.event_id == again.event_id
        # Stored, but the response is lost: the SDK's own retry must not store it twice.
        server.fault({"method": "POST", "path": "/event", "hangup": "after"})
        client.events.publish("e", {}, "ch_1", dedup_key="lost")
        stats = server.stats()
        assert (stats["storedEvents"], stats["duplicates"]) == (2, 2), stats


def test_traces(server):
    with server.client() as client:
        get_or_create_trace("t-1")
        client.events.publish("root", {}, "ch_1", span_id="s0")
        client.events.publish(
            "llm",
            {"gen_ai.usage.input_tokens": 2, "gen_ai.usage.output_tokens": 3},
            "ch_1",
            trace_id="t-1",
            parent_span_id="s0",
            event_type="agent.error",
        )
        client.events.publish("other", {}, "ch_1", trace_id="t-2")
        newest, oldest = client.traces.list().traces
        assert (newest.trace_id, oldest.trace_id) == ("t-2", "t-1")
        assert (oldest.span_count, oldest.error_count, oldest.total_tokens) == (2, 1, 5)
        assert (oldest.root_span_name, oldest.outcome) == ("root", "error")
        assert client.traces.list(limit=1, offset=1).traces == [oldest]
        trace = client.traces.get("t-1")
        assert [span.operation_name for span in trace.spans] == ["root", "llm"]
        hostile = "../a/b?c#d%2F é"
        client.events.publish("e", {}, "ch_1", trace_id=hostile)
        assert client.traces.get(hostile).trace_id == hostile
    assert header(server.requests()[0], "x-axonpush-trace-id") == "t-1"


def test_apps_and_channels(server):
    with server.client() as client:
        assert client.apps.list() == []
        app = client.apps.create("Shop")
        assert client.apps.get(app.app_id) == app
        assert client.apps.update(app.app_id, name="Store").name == "Store"
        assert client.channels.list(app.app_id) == []
        channel = client.channels.create(app.app_id, "orders")
        assert client.channels.get(app.app_id, channel.channel_id) == channel
        assert client.channels.update(app.app_id, channel.channel_id, name="o2").name == "o2"
        assert [it.name for it in client.channels.list(app.app_id)] == ["o2"]
        client.events.publish("e", {}, channel.channel_id)
        (event,) = client.events.search(app_id=app.app_id).events
        assert event.channel_id == channel.channel_id
        assert client.channels.delete(app.app_id, channel.channel_id).ok
        assert client.apps.delete(app.app_id).ok
        with raises(NotFoundError):
            client.apps.get(app.app_id)


def test_environments(server):
    with server.client() as client:
        assert client.environments.list() == []
        staging = client.environments.create("Staging", is_default=True, color="#fff")
        assert (staging.slug, staging.is_default, staging.color) == ("staging", True, "#fff")
        client.environments.create("Production", slug="prod", is_production=True)
        assert client.environments.update("prod", name="Live").name == "Live"
        assert client.environments.promote("prod").is_default
        assert [it.slug for it in client.environments.list() if it.is_default] == ["prod"]
        assert client.environments.delete("staging").ok
        with raises(NotFoundError):
            client.environments.promote("staging")


def test_webhooks(server):
    deliveries = queue.Queue()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            deliveries.put((self.headers["X-AxonPush-Signature"], body))

        def log_message(self, *_):
            pass

    receiver = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        with server.client() as client:
            url = f"http://127.0.0.1:{receiver.server_port}/hook"
            endpoint = client.webhooks.create_endpoint(
                url=url, channel_id="ch_1", event_types=["app.log"], description="d"
            )
            assert endpoint.active and endpoint.has_secret and endpoint.event_types == ["app.log"]
            client.events.publish("other", {}, "ch_1")
            ack = client.events.publish("log", {"a": 1}, "ch_1", event_type="app.log")
            signature, body = deliveries.get(timeout=PATIENCE)
            expected = hmac.new(endpoint.raw_secret.encode(), body, hashlib.sha256).hexdigest()
            assert signature == expected
            assert json.loads(body)["eventId"] == ack.event_id
            (delivery,) = eventually(lambda: client.webhooks.deliveries(endpoint.endpoint_id))
            assert (delivery.event_id, delivery.status, delivery.status_code) == (ack.event_id, "delivered", 204)
            (listed,) = client.webhooks.list_endpoints("ch_1")
            assert listed.endpoint_id == endpoint.endpoint_id
            assert client.webhooks.delete_endpoint(endpoint.endpoint_id).message
            assert client.webhooks.list_endpoints("ch_1") == []
    finally:
        receiver.shutdown()
        receiver.server_close()


def test_organizations(server):
    with server.client(tenant_id="42") as client:
        (mine,) = client.organizations.list()
        assert (mine.role, mine.organization.org_id) == ("owner", "42")
        assert client.organizations.update(name="Acme", description="d").name == "Acme"
        assert client.organizations.get().description == "d"
        invitation = client.organizations.invite("42", "a@example.com", role="admin")
        assert (invitation.invited_email, invitation.invite_role, invitation.status) == (
            "a@example.com",
            "admin",
            "pending",
        )
        assert client.organizations.cancel_invitation("42", invitation.invitation_id).ok
        assert client.organizations.transfer_ownership("42", "user_colleague").ok
        assert client.organizations.leave("42").ok
        with raises(NotFoundError):
            client.organizations.remove_member("42", "user_dev")
        assert client.organizations.delete("42").ok


def test_capabilities(server):
    with server.client() as client:
        capabilities = client.capabilities.get()
        assert capabilities.version and capabilities.feature_flags.environments is True


def test_errors_become_the_sdks_exceptions(server):
    with server.client(key="nonsense") as client, raises(AuthenticationError) as caught:
        client.apps.list()
    assert caught[0].status_code == 401
    assert caught[0].request_id.startswith("req_"), "from the header: problem+json has none"
    with server.client(key="pt_public") as client:
        assert client.events.publish("e", {}, "ch_1").status == "accepted"
        with raises(ForbiddenError):
            client.events.search()
    with server.client() as client:
        with raises(NotFoundError):
            client.apps.get("../admin")
        with raises(ValidationError) as caught:
            client.events.search(limit=501)
        assert caught[0].status_code == 422
        with raises(ValidationError):
            client.events.publish("", {}, "ch_1")
    assert [it["target"] for it in server.requests()][-3] == "/apps/..%2Fadmin"
    assert len(server.requests()) == 6, "none of these is retried"


def test_a_named_key_and_legacy_errors(_):
    with Server("--api-key", "ak_right", "--legacy-errors") as server:
        with server.client(key="ak_wrong") as client, raises(AuthenticationError) as caught:
            client.apps.list()
        assert (caught[0].code, bool(caught[0].hint)) == ("unauthorized", True)
        assert caught[0].request_id.startswith("req_")
        with server.client(key="ak_right") as client, raises(ValidationError) as caught:
            client.events.publish("", {}, "ch_1")
        assert (caught[0].code, caught[0].message) == ("validation_error", "body.identifier: must not be empty")


def test_retries(server):
    with server.client() as client:
        server.fault({"status": 503, "times": 2}, {"reset": True})
        assert client.events.publish("e", {}, "ch_1", dedup_key="k").status == "accepted"
        requests = server.requests()
        assert [it["outcome"] for it in requests] == ["fault: status"] * 2 + ["fault: reset", "answered"]
        assert len({it["body"] for it in requests if it["body"]}) == 1, "every attempt carries the same bytes"

        server.fault({"status": 429, "headers": {"Retry-After": "0.6"}})
        start = time.monotonic()
        client.apps.list()
        assert time.monotonic() - start >= 0.6

    with server.client(max_retries=0) as client:
        server.fault({"status": 429, "headers": {"Retry-After": "7"}})
        with raises(RateLimitError) as caught:
            client.apps.list()
        assert caught[0].retry_after == 7.0
        server.fault({"status": 500})
        with raises(ServerError):
            client.apps.list()
        assert client.apps.list() is not None


def test_connection_failures(server):
    broken = [
        {"reset": True},
        {"hangup": "before"},
        {"truncate": 3},
        {"silent": True},
        {"drip": {"bytes": 1, "intervalMs": 3000}},
    ]
    with server.client(max_retries=0, timeout=1) as client:
        for fault in broken:
            server.fault(fault)
            with raises(APIConnectionError):
                client.apps.list()
            assert server.control("GET", "faults")["faults"] == [], fault
    with server.client(max_retries=0, fail_open=True) as client:
        server.fault({"reset": True})
        assert client.events.publish("e", {}, "ch_1") is None, "fail-open gives nothing"
        # A connection that the server closed while idle.
        assert client.apps.list() == []
        assert server.control("POST", "close-idle")["closed"] >= 1
        assert client.apps.list() == []
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with AxonPush(api_key="ak_k", base_url=url, max_retries=0, fail_open=False) as client:
            with raises(APIConnectionError):
                client.apps.list()


def main():
    logging.getLogger("axonpush").setLevel(logging.CRITICAL)
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    with Server() as server:
        for name, test in tests:
            server.control("POST", "reset")
            try:
                # The SDK's current trace must not reach the next test.
                contextvars.copy_context().run(test, server)
                print(f"ok      {name}")
            except Exception:
                failed += 1
                print(f"FAILED  {name}")
                traceback.print_exc(file=sys.stdout)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
