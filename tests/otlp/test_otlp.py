"""The official OpenTelemetry SDKs of Python and Node against the development server.

Usage: test_otlp.py SERVER [NODE-FOLDER] (the path of axonpush-dev-server, and a folder in which send.mjs can run);
`run` prepares everything.

`send.py` and `send.mjs` tell of the same run of an agent; what must arrive is the same for both, in JSON and in protobuf,
compressed and not.
"""

import json
import os
import subprocess
import sys
import traceback
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SERVER = sys.argv[1]
NODE = Path(sys.argv[2]) if len(sys.argv) > 2 else None
KEY = "ak_otel"


class Server:
    def __enter__(self):
        self.process = subprocess.Popen([SERVER, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(10) == 0

    def call(self, path, method="GET"):
        request = urllib.request.Request(f"{self.url}{path}", method=method, headers={"X-API-Key": KEY})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def environment(self, **more):
        """What a user sets: two variables."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "AXONPUSH_"))}
        return {**kept, "OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_EXPORTER_OTLP_HEADERS": f"X-API-Key={KEY}", **more}


def header(request, name):
    return next((value for known, value in request["headers"] if known == name), None)


def check_has(event, expected):
    for member, value in expected.items():
        assert event.get(member) == value, f"{event['identifier']}: {member} is {event.get(member)!r}, expected {value!r}"


def check_run(server):
    events = server.call("/events?source=otlp")["events"]
    assert len(events) == 4, f"{len(events)} events arrived: {[it['identifier'] for it in events]}"
    of = {it["identifier"]: it for it in events}
    agent, chat, tool, log = (of[name] for name in ("invoke_agent planner", "chat gpt-5", "weather", "planner.log"))
    everywhere = {"traceId": agent["traceId"], "serviceName": "trip-planner", "environmentId": "staging"}
    check_has(agent, {**everywhere, "eventType": "app.span", "semanticKind": "agent", "agentName": "planner",
                      "sessionId": "conv-1", "status": "ok", "parentSpanId": None})
    check_has(chat, {**everywhere, "semanticKind": "llm", "requestModel": "gpt-5", "providerName": "openai",
                     "inputTokens": 12, "outputTokens": 30, "totalTokens": 42, "parentSpanId": agent["spanId"]})
    check_has(tool, {**everywhere, "semanticKind": "tool", "toolName": "weather", "status": "error",
                     "errorType": "TimeoutError", "errorMessage": "no weather today", "parentSpanId": agent["spanId"]})
    check_has(log, {**everywhere, "eventType": "app.log", "semanticKind": "log", "spanId": chat["spanId"]})
    assert len(agent["traceId"]) == 32 and len(agent["spanId"]) == 16
    assert agent["durationMs"] > 0 and agent["durationMs"] >= chat["durationMs"]
    attributes = chat["payload"]["attributes"]
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert chat["payload"]["scope"] == {"name": "planner", "version": "2.0"}
    assert (log["payload"]["body"], log["payload"]["severityNumber"]) == ("slow: é日😀", 13)
    assert log["payload"]["attributes"]["seconds"] == 3

    (trace,) = server.call("/traces")["traces"]
    assert (trace["spanCount"], trace["errorCount"], trace["totalTokens"]) == (4, 1, 42), trace
    assert trace["rootSpanName"] == "invoke_agent planner"


def check_program(server, command, encoding, compression):
    server.call("/_dev/reset", "POST")
    done = subprocess.run([*command, encoding], env=server.environment(OTEL_EXPORTER_OTLP_COMPRESSION=compression),
                          cwd=HERE if command[0] == sys.executable else NODE, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    requests = server.call("/_dev/requests")["requests"]
    assert sorted(it["target"] for it in requests) == ["/v1/logs", "/v1/traces"], requests
    for request in requests:
        kind = "application/json" if encoding == "json" else "application/x-protobuf"
        assert request["status"] == 200 and header(request, "content-type") == kind, request
        assert (header(request, "content-encoding") == "gzip") == (compression == "gzip"), request
    check_run(server)


def test_the_published_sdks_telemetry(server):
    from axonpush.telemetry import configure_telemetry, genai_span, record_genai_content, record_genai_response

    handle = configure_telemetry(base_url=server.url, api_key=KEY, channel_id="ch_otel", service_name="my-agent",
                                 environment="prod", service_version="1.2", content_capture="full")
    with genai_span(handle.tracer(), operation="chat", request_model="gpt-4o", system="openai", agent_name="a") as span:
        record_genai_content(span, prompt="hello?", completion="hello.", handle=handle)
        record_genai_response(span, response_model="gpt-4o-mini", input_tokens=12, output_tokens=48)
    assert handle.flush(10_000)
    handle.shutdown()
    (event,) = server.call("/events?channelId=ch_otel")["events"]
    check_has(event, {"identifier": "chat gpt-4o", "source": "otlp", "requestModel": "gpt-4o",
                      "responseModel": "gpt-4o-mini", "providerName": "openai", "agentName": "a", "totalTokens": 60,
                      "serviceName": "my-agent", "release": "1.2", "environmentId": "prod", "semanticKind": "llm"})
    contents = {it["name"]: it["attributes"] for it in event["payload"]["events"]}
    assert contents == {"gen_ai.content.prompt": {"prompt": "hello?"},
                        "gen_ai.content.completion": {"completion": "hello."}}


def test_what_the_server_refuses_is_not_taken_for_delivered(server):
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

    results = []

    class Noting(OTLPSpanExporter):
        def export(self, spans):
            results.append(super().export(spans))
            return results[-1]

    for key in ("nonsense", KEY):
        provider = TracerProvider()
        exporter = Noting(endpoint=f"{server.url}/v1/traces", headers={"X-API-Key": key})
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        provider.get_tracer("t").start_span("s").end()
    assert results == [SpanExportResult.FAILURE, SpanExportResult.SUCCESS], results
    assert len(server.call("/events")["events"]) == 1


def main():
    import logging
    logging.disable(logging.CRITICAL)
    programs = {"python": [sys.executable, str(HERE / "send.py")]}
    if NODE:
        programs["node"] = ["node", "send.mjs"]
    tests = {
        f"{language}_{encoding}_{compression}": lambda server, c=command, e=encoding, z=compression: check_program(server, c, e, z)
        for language, command in programs.items() for encoding in ("json", "protobuf") for compression in ("none", "gzip")
    }
    tests |= {name: test for name, test in globals().items() if name.startswith("test_")}
    failed = 0
    with Server() as server:
        for name, test in tests.items():
            server.call("/_dev/reset", "POST")
            try:
                test(server)
                print(f"ok      {name}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
