"""Events leave as OpenTelemetry's log records, in batches."""

import pytest
from axonpush import AxonPush
from axonpush.exceptions import ConfigurationError, InvalidArgumentError


def records(body):
    return body["resourceLogs"][0]["scopeLogs"][0]["logRecords"]


def test_a_collector_gets_batches_and_no_key(server):
    with AxonPush(exporter="otlp", otlp_endpoint=server.url, otlp_headers="X-API-Key=ak_collector", otlp_batch_timeout=60.0) as client:
        for number in range(100):
            client.events.enqueue("step", {"n": number}, event_type="agent.end")
        client.flush(10)
        stats = client.stats()
        with pytest.raises(ConfigurationError, match="api_key"):
            client.events.publish("step", {})
    assert stats.delivered == 100 and 1 <= stats.batches <= 10
    sent = [record for body in server.bodies("/v1/logs") for record in records(body)]
    assert len(sent) == 100 and {record["eventName"] for record in sent} == {"axonpush.agent.end"}
    headers = dict(server.requests()[0]["headers"])
    assert headers["x-api-key"] == "ak_collector" and "x-axonpush-api-key" not in headers
    assert server.stored() == 100


def test_an_exporter_that_does_not_exist_is_named():
    with pytest.raises(InvalidArgumentError, match="exporter: expected one of events, otlp"):
        AxonPush(api_key="ak_test", exporter="kafka")
    with pytest.raises(InvalidArgumentError, match="otlp_gzip"):
        AxonPush(api_key="ak_test", otlp_gzip="yes")
