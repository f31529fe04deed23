"""Events through a real OpenTelemetry Collector: run by tests/collector/run.

    test.py COLLECTOR PUBLISHER DEV-SERVER FOLDER

AXONPUSH_COLLECTOR_EVENTS  how many events each of the first two tests sends; default 100000
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

COLLECTOR, PUBLISHER, DEV_SERVER, FOLDER = *sys.argv[1:4], Path(sys.argv[4])
PACKAGED = Path(__file__).resolve().parents[2] / "packaging/collector/config.yaml"
EVENTS = int(os.environ.get("AXONPUSH_COLLECTOR_EVENTS", 100_000))
TYPES = ["agent.start", "agent.tool_call.end", "app.log", "billing/charge", None]

# The file's writer is told to rotate, which it never comes to, since otherwise it buffers: what it was asked to write would
# be lost with a Collector that is killed, after it said that it has it.
CONFIGURATION = """
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:{port}
exporters:
  file:
    path: {path}
    rotation:
      max_megabytes: 10000
service:
  pipelines:
    logs:
      receivers: [otlp]
      exporters: [file]
  telemetry:
    metrics:
      level: none
    logs:
      level: error
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# What a test has to say otherwise than packaging/collector/config.yaml.
OVERRIDES = """
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:{port}
extensions:
  file_storage:
    directory: {path}
service:
  telemetry:
    metrics:
      level: none
    logs:
      level: error
"""


class Collector:
    """One that can be killed and begun anew at the same port; each time it writes another file."""

    configuration = CONFIGURATION

    def __init__(self, name):
        self.name, self.port, self.files, self.process = name, free_port(), [], None
        self.before, self.environment = [], dict(os.environ)

    def path(self):
        self.files.append(FOLDER / f"{self.name}-{len(self.files)}.json")
        return self.files[-1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        path = self.path()
        configuration = FOLDER / f"{self.name}.yaml"
        configuration.write_text(self.configuration.format(port=self.port, path=path))
        self.process = subprocess.Popen([COLLECTOR, *self.before, "--config", f"file:{configuration}"], env=self.environment)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, "the Collector did not start"
                time.sleep(0.05)
        raise AssertionError("the Collector does not listen")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def requests(self):
        for path in self.files:
            for line in path.read_text().splitlines() if path.exists() else []:
                try:
                    yield json.loads(line)
                except ValueError:
                    # Cut off by a kill: no response was sent for it. No file has more than one such line.
                    pass


class Packaged(Collector):
    """The Collector of packaging/collector, which forwards to the service."""

    configuration = OVERRIDES

    def __init__(self, name, service):
        super().__init__(name)
        self.before = ["--config", f"file:{PACKAGED}"]
        self.environment |= {"AXONPUSH_API_KEY": "ak_collector", "AXONPUSH_CHANNEL_ID": "default", "AXONPUSH_BASE_URL": service}

    def path(self):
        return FOLDER / f"{self.name}-storage"


class DevServer:
    """The service, at a port that stays the same."""

    def __init__(self):
        self.port, self.process = free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen([DEV_SERVER, "--listen", f"127.0.0.1:{self.port}"], stdout=subprocess.PIPE, text=True)
        assert "listening" in self.process.stdout.readline(), "the dev server did not start"

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def get(self, path):
        request = urllib.request.Request(self.url + path, headers={"X-API-Key": "ak_collector"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def wait_for(self, events):
        deadline = time.monotonic() + 60
        while (stored := self.get("/_dev/stats")["storedEvents"]) < events:
            assert time.monotonic() < deadline, f"{stored} of {events} events arrived"
            time.sleep(0.1)
        return stored


def value(any_value):
    """An AnyValue as JSON's."""
    for kind, inner in any_value.items():
        if kind == "intValue":
            return int(inner)
        if kind == "arrayValue":
            return [value(item) for item in inner.get("values", [])]
        if kind == "kvlistValue":
            return attributes(inner.get("values", []))
        return inner
    return None


def attributes(pairs):
    found = {pair["key"]: value(pair["value"]) for pair in pairs}
    assert len(found) == len(pairs), "an attribute stands there twice"
    return found


def expected(n):
    """What publisher.c sends."""
    kind = TYPES[n % 5]
    named = {
        "axonpush.identifier": f'event "{n}"',
        "axonpush.channel.id": f"channel-{n % 3}",
        "gen_ai.agent.id": f"agent-{n % 7}",
        "axonpush.parent_span.id": f"parent {n}",
        "log.record.uid": f"key-{n}",
        "axonpush.payload": {
            "n": n, "half": n + 0.5, "flag": n % 2 == 1, "nothing": None, "text": f"l\u00edne\n{n}", "list": [n, "x", [], {}],
            "deep": {"a": {"b": [{"c": n}]}}, "password": "[REDACTED]", "prompt": "[REDACTED]",
        },
        "axonpush.metadata": {"m": n, "big": 2**63 - 1},
    }
    trace = f"{n:08X}-0000-4000-8000-00000000ABCD" if n % 2 else f"{n + 1:032x}"
    if n % 2:
        named["axonpush.trace.id"] = trace
    if kind == "billing/charge":
        named["axonpush.event.type"] = kind
    return {
        "eventName": "axonpush.custom" if kind in (None, "billing/charge") else f"axonpush.{kind}",
        "traceId": trace.replace("-", "").lower(),
        "spanId": f"{n + 1:016x}",
        "timeUnixNano": str(1795499842 * 10**9 + n),
        "severityNumber": 9,
        "severityText": "INFO",
        # A line of a log has one. The Collector writes down that there is none.
        "body": {},
        "attributes": named,
    }


def check(collector, count, duplicates):
    """All of the events are there, field for field; one that came again has the same uid, and is the same."""
    seen, again = set(), 0
    for request in collector.requests():
        for group in request["resourceLogs"]:
            resource = attributes(group["resource"]["attributes"])
            assert resource["deployment.environment.name"] == "collector-test", resource
            assert resource["service.name"] == "unknown_service:publisher" and resource["process.pid"] > 0, resource
            for scope in group["scopeLogs"]:
                assert scope["scope"]["name"] == "axonpush"
                for record in scope["logRecords"]:
                    record = dict(record, attributes=attributes(record["attributes"]))
                    n = int(record["attributes"]["log.record.uid"].removeprefix("key-"))
                    assert int(record.pop("observedTimeUnixNano")) > 1_700_000_000 * 10**9
                    assert record == expected(n), f"{record}\nis not\n{expected(n)}"
                    again += n in seen
                    seen.add(n)
    missing = set(range(count)) - seen
    assert not missing, f"{len(missing)} of {count} events are missing, such as {min(missing)}"
    assert duplicates or not again, f"{again} events came twice"
    return again


def publish(collector, count, *options):
    return subprocess.Popen([PUBLISHER, collector.url, str(count), *options], stdout=subprocess.PIPE, text=True)


def counters(process):
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, f"the publisher failed: {process.returncode}"
    return json.loads(out.splitlines()[-1])


def accepted(process, count):
    """Reads until so many events were accepted; gives how many are known to be."""
    for line in process.stdout:
        if line.startswith("accepted"):
            known = int(line.split()[1])
            if known >= count:
                return known
    raise AssertionError("the publisher has ended")


def events_arrive_field_for_field(*options):
    collector = Collector("plain-" + "-".join(options))
    collector.start()
    start = time.monotonic()
    stats = counters(publish(collector, EVENTS, *options))
    took = time.monotonic() - start
    collector.stop()
    assert stats["delivered"] == stats["accepted"] == EVENTS and stats["failed"] == 0, stats
    check(collector, EVENTS, duplicates=stats["retried"] > 0)
    return f"{EVENTS} events in {stats['batches']} batches, {EVENTS / took:,.0f} events/s"


def a_collector_that_is_killed_under_load_loses_nothing(*options):
    collector = Collector("killed-" + "-".join(options).replace("/", "_"))
    collector.start()
    process = publish(collector, 30_000, "slow", *options)
    for at in (5_000, 12_000, 20_000):
        accepted(process, at)
        collector.kill()
        time.sleep(0.3)
        collector.start()
    stats = counters(process)
    collector.stop()
    assert stats["delivered"] == stats["accepted"] == 30_000 and stats["failed"] == 0, stats
    again = check(collector, 30_000, duplicates=True)
    return f"30000 events, {stats['retried']} sent again, {again} came twice"


def with_a_spool_both_may_be_killed():
    collector, spool = Collector("both"), f"spool={FOLDER / 'spool'}"
    collector.start()
    process = publish(collector, 40_000, "slow", spool)
    accepted(process, 10_000)
    collector.kill()
    known = accepted(process, 20_000)
    process.kill()
    rest, _ = process.communicate()
    known = max([known, *(int(line.split()[1]) for line in rest.splitlines() if line.startswith("accepted"))])
    collector.start()
    stats = counters(publish(collector, 0, spool))
    collector.stop()
    assert stats["recovered"] > 0 and stats["delivered"] == stats["recovered"], stats
    again = check(collector, known, duplicates=True)
    return f"{known} events accepted before the kill, {stats['recovered']} recovered, {again} came twice"


def the_packaged_configuration_forwards_to_the_service():
    service = DevServer()
    collector = Packaged("packaged", service.url)
    service.start()
    collector.start()
    counters(publish(collector, 3000, "gzip"))
    assert service.wait_for(3000) == 3000
    event = service.get("/events?channelId=channel-1&since=2020-01-01T00:00:00Z&limit=1")["events"][0]
    n = event["payload"]["n"]
    named = expected(n)["attributes"]
    found = [event[name] for name in ("identifier", "agentId", "dedupKey", "parentSpanId", "payload", "metadata", "channelId")]
    assert found == [named[f"axonpush.{name}"] if f"axonpush.{name}" in named else named[name] for name in (
        "identifier", "gen_ai.agent.id", "log.record.uid", "parent_span.id", "payload", "metadata", "channel.id")], event
    assert event["environmentId"] == "collector-test" and event["source"] == "otlp", event
    service.stop()

    # What it has taken is on its disk while the service is down, and outlives it.
    counters(publish(collector, 2000, "first=10000"))
    collector.kill()
    service.start()
    collector.start()
    service.wait_for(2000)
    collector.stop()
    service.stop()
    return "3000 events, and 2000 more that outlived the Collector while the service was down"


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    tests = [
        (events_arrive_field_for_field,),
        (events_arrive_field_for_field, "gzip"),
        (a_collector_that_is_killed_under_load_loses_nothing,),
        (a_collector_that_is_killed_under_load_loses_nothing, f"spool={FOLDER / 'load-spool'}"),
        (with_a_spool_both_may_be_killed,),
        (the_packaged_configuration_forwards_to_the_service,),
    ]
    failed = 0
    for test, *options in tests:
        name = " ".join([test.__name__, *(option.split("=")[0] for option in options)])
        start = time.monotonic()
        try:
            said = test(*options)
            print(f"ok     {name}: {said} ({time.monotonic() - start:.1f} s)", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"FAILED {name}: {error}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
