use std::io::Write;

use axonpush_dev_server::{Config, KeyHeader, Server};
use axum::http::StatusCode;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::client::{KEY, Response, connect, events, get, names, post, start, start_with};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
const JSON: (&str, &str) = ("Content-Type", "application/json");
const PROTOBUF: (&str, &str) = ("Content-Type", "application/x-protobuf");

fn attributes(of: Value) -> Value {
    let pairs = of.as_object().expect("an object").iter();
    pairs
        .map(|(key, value)| {
            let value = match value {
                Value::String(text) => json!({ "stringValue": text }),
                // 64-bit integers are strings in OTLP's JSON.
                Value::Number(number) if number.is_i64() => {
                    json!({ "intValue": number.to_string() })
                }
                Value::Number(number) => json!({ "doubleValue": number }),
                Value::Bool(flag) => json!({ "boolValue": flag }),
                other => other.clone(),
            };
            json!({ "key": key, "value": value })
        })
        .collect()
}

/// A request with these spans (or log records), all of one resource and scope.
fn spans(spans: Value) -> Value {
    let resource = json!({ "service.name": "shop", "service.version": "1.2", "deployment.environment.name": "staging" });
    json!({ "resourceSpans": [{
        "resource": { "attributes": attributes(resource) },
        "scopeSpans": [{ "scope": { "name": "my.tracer", "version": "3" }, "spans": spans }],
    }]})
}

fn logs(records: Value) -> Value {
    json!({ "resourceLogs": [{
        "resource": { "attributes": attributes(json!({ "service.name": "shop" })) },
        "scopeLogs": [{ "scope": { "name": "my.logger" }, "logRecords": records }],
    }]})
}

fn span(name: &str) -> Value {
    json!({ "traceId": TRACE, "spanId": SPAN, "name": name,
            "startTimeUnixNano": "1767225600000000000", "endTimeUnixNano": "1767225600250500000" })
}

fn send(server: &Server, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let all = [&[KEY], headers].concat();
    connect(server)
        .send("POST", target, &all, body)
        .expect("a response")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn a_span_becomes_an_event() {
    let server = start();
    let mut sent = span("chat gpt-5");
    sent["parentSpanId"] = json!("00f067aa0ba902b7");
    sent["kind"] = json!(3);
    sent["attributes"] = attributes(json!({
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 5, "gen_ai.conversation.id": "c1",
        "gen_ai.agent.id": "agent-7", "temperature": 0.5, "stream": true,
        "nested": { "kvlistValue": { "values": [
            { "key": "list", "value": { "arrayValue": { "values": [{ "intValue": 1 }, {}, { "bytesValue": "AAE=" }] } } },
        ]}},
    }));
    sent["links"] = json!([{ "traceId": TRACE, "spanId": SPAN }]);
    let response = post(&server, "/v1/traces", spans(json!([sent])));
    assert_eq!((response.status, response.body.as_str()), (200, "{}"));
    assert_eq!(response.header("content-type"), Some("application/json"));

    let found = events(&server, "?source=otlp&since=2026-01-01T00:00:00Z");
    assert_eq!(found.len(), 1);
    let event = &found[0];
    for (member, value) in [
        ("identifier", json!("chat gpt-5")),
        ("eventType", json!("app.span")),
        ("source", json!("otlp")),
        ("traceId", json!(TRACE)),
        ("spanId", json!(SPAN)),
        ("parentSpanId", json!("00f067aa0ba902b7")),
        ("occurredAt", json!("2026-01-01T00:00:00.000000Z")),
        ("agentId", json!("agent-7")),
        ("operationName", json!("chat")),
        ("semanticKind", json!("llm")),
        ("requestModel", json!("gpt-5")),
        ("providerName", json!("openai")),
        ("inputTokens", json!(12)),
        ("totalTokens", json!(17)),
        ("sessionId", json!("c1")),
        ("serviceName", json!("shop")),
        ("release", json!("1.2")),
        ("environmentId", json!("staging")),
        ("durationMs", json!(250.5)),
        ("status", json!("ok")),
    ] {
        assert_eq!(event[member], value, "{member}");
    }
    let payload = &event["payload"];
    assert_eq!(payload["kind"], 3);
    assert_eq!(payload["startTimeUnixNano"], "1767225600000000000");
    assert_eq!(
        payload["scope"],
        json!({ "name": "my.tracer", "version": "3" })
    );
    assert_eq!(payload["attributes"]["temperature"], 0.5);
    assert_eq!(payload["attributes"]["stream"], true);
    assert_eq!(
        payload["attributes"]["nested"],
        json!({ "list": [1, null, "AAE="] })
    );
    assert_eq!(payload["links"][0]["traceId"], TRACE);

    let trace = get(&server, "/traces").json()["traces"][0].clone();
    assert_eq!(
        (
            &trace["traceId"],
            &trace["durationMs"],
            &trace["totalTokens"]
        ),
        (&json!(TRACE), &json!(250.5), &json!(17))
    );
}

#[test]
fn names_of_other_conventions_are_understood() {
    let server = start();
    for (of, member, value) in [
        (
            json!({ "gen_ai.system": "anthropic" }),
            "providerName",
            json!("anthropic"),
        ),
        (
            json!({ "gen_ai.usage.prompt_tokens": 3 }),
            "inputTokens",
            json!(3),
        ),
        (
            json!({ "gen_ai.usage.completion_tokens": 4 }),
            "outputTokens",
            json!(4),
        ),
        (
            json!({ "gen_ai.workflow.name": "crew" }),
            "agentName",
            json!("crew"),
        ),
        (
            json!({ "gen_ai.operation.name": "invoke_agent" }),
            "semanticKind",
            json!("agent"),
        ),
        (
            json!({ "gen_ai.operation.name": "execute_tool" }),
            "semanticKind",
            json!("tool"),
        ),
        (
            json!({ "gen_ai.operation.name": "embeddings" }),
            "semanticKind",
            json!("embedding"),
        ),
        (json!({ "llm.model_name": "m" }), "requestModel", json!("m")),
        (
            json!({ "llm.token_count.prompt": 5 }),
            "inputTokens",
            json!(5),
        ),
        (
            json!({ "llm.token_count.completion": 6 }),
            "outputTokens",
            json!(6),
        ),
        (
            json!({ "llm.token_count.total": 7 }),
            "totalTokens",
            json!(7),
        ),
        (
            json!({ "llm.provider": "azure", "llm.system": "openai" }),
            "providerName",
            json!("azure"),
        ),
        (json!({ "llm.cost.total": 0.25 }), "costUsd", json!(0.25)),
        (
            json!({ "openinference.span.kind": "LLM" }),
            "semanticKind",
            json!("llm"),
        ),
        (
            json!({ "openinference.span.kind": "TOOL", "tool.name": "t" }),
            "toolName",
            json!("t"),
        ),
        (
            json!({ "openinference.span.kind": "CHAIN" }),
            "semanticKind",
            json!("chain"),
        ),
        (
            json!({ "openinference.span.kind": "RETRIEVER" }),
            "semanticKind",
            json!("retrieval"),
        ),
        (
            json!({ "traceloop.span.kind": "workflow" }),
            "semanticKind",
            json!("agent"),
        ),
        (json!({ "http.route": "/" }), "semanticKind", Value::Null),
    ] {
        server.reset();
        let mut sent = span("s");
        sent["attributes"] = attributes(of.clone());
        assert_eq!(
            post(&server, "/v1/traces", spans(json!([sent]))).status,
            200
        );
        assert_eq!(
            get(&server, &format!("/traces/{TRACE}")).json()["spans"][0][member],
            value,
            "{of}"
        );
    }
}

#[test]
fn a_span_that_failed_says_why() {
    let server = start();
    let exception = json!([{ "name": "exception", "timeUnixNano": 1, "attributes": attributes(json!({
        "exception.type": "ValueError", "exception.message": "too late" })) }]);
    for (status, expected) in [
        (
            json!({ "code": 2, "message": "failed" }),
            json!(["error", "ValueError", "failed"]),
        ),
        (
            json!({ "code": 2 }),
            json!(["error", "ValueError", "too late"]),
        ),
        // An exception that was handled.
        (json!({ "code": 1 }), json!(["ok", null, null])),
        (json!({}), json!(["ok", null, null])),
    ] {
        server.reset();
        let mut sent = span("s");
        sent["status"] = status.clone();
        sent["events"] = exception.clone();
        post(&server, "/v1/traces", spans(json!([sent])));
        let event = get(&server, &format!("/traces/{TRACE}")).json()["spans"][0].clone();
        let found = json!([event["status"], event["errorType"], event["errorMessage"]]);
        assert_eq!(found, expected, "{status}");
    }
}

#[test]
fn a_log_record_becomes_an_event() {
    let server = start();
    let records = json!([
        { "timeUnixNano": "1767225600000000000", "severityNumber": 17, "severityText": "ERROR",
          "body": { "stringValue": "it broke" }, "traceId": TRACE, "spanId": SPAN,
          "attributes": attributes(json!({ "order": 4711 })) },
        { "observedTimeUnixNano": 1767225601000000000u64, "body": { "kvlistValue": { "values": [
            { "key": "a", "value": { "intValue": 1 } }] } } },
        { "eventName": "gen_ai.choice", "traceId": "", "spanId": "0000000000000000" },
        { "attributes": attributes(json!({ "event.name": "checkout" })) },
    ]);
    assert_eq!(post(&server, "/v1/logs", logs(records)).body, "{}");
    let mut found = events(&server, "");
    found.reverse();
    assert_eq!(
        names(&found),
        ["my.logger", "my.logger", "gen_ai.choice", "checkout"]
    );
    let (first, second) = (&found[0], &found[1]);
    assert_eq!(
        (&first["eventType"], &first["source"]),
        (&json!("app.log"), &json!("otlp"))
    );
    assert_eq!(
        (&first["traceId"], &first["spanId"]),
        (&json!(TRACE), &json!(SPAN))
    );
    assert_eq!(
        (&first["status"], &first["serviceName"]),
        (&json!("error"), &json!("shop"))
    );
    assert_eq!(first["occurredAt"], "2026-01-01T00:00:00.000000Z");
    assert_eq!(first["payload"]["body"], "it broke");
    assert_eq!(first["payload"]["attributes"], json!({ "order": 4711 }));
    assert_eq!(first["payload"]["timeUnixNano"], "1767225600000000000");
    assert_eq!(second["occurredAt"], "2026-01-01T00:00:01.000000Z");
    assert_eq!(second["payload"]["body"], json!({ "a": 1 }));
    assert_eq!(second.get("traceId"), None);
    assert_eq!(found[2]["eventType"], "agent.log");
    assert_eq!(found[2].get("traceId"), None);
}

#[test]
fn a_log_line_is_no_root_of_its_trace_however_early_it_is() {
    let server = start();
    post(&server, "/v1/traces", spans(json!([span("root")])));
    let early = json!({ "timeUnixNano": "1767225500000000000", "traceId": TRACE, "spanId": SPAN });
    post(&server, "/v1/logs", logs(json!([early])));
    let (listed, run) = (
        get(&server, "/traces").json(),
        get(&server, "/_dev/traces").json(),
    );
    assert_eq!(listed["traces"][0]["rootSpanName"], "root");
    assert_eq!(
        (&run["traces"][0]["name"], &run["traces"][0]["events"]),
        (&json!("root"), &json!(2))
    );
}

#[test]
fn what_is_malformed_is_counted_and_the_rest_is_taken() {
    let server = start();
    let mut short = span("short");
    short["spanId"] = json!("b7ad");
    let mut zero = span("zero");
    zero["traceId"] = json!("0".repeat(32));
    let response = post(
        &server,
        "/v1/traces",
        spans(json!([short, span("good"), zero])),
    );
    assert_eq!(response.status, 200);
    let partial = &response.json()["partialSuccess"];
    assert_eq!(partial["rejectedSpans"], "2");
    assert!(
        partial["errorMessage"]
            .as_str()
            .is_some_and(|it| it.contains("span id"))
    );
    assert_eq!(names(&events(&server, "")), ["good"]);

    let response = post(
        &server,
        "/v1/logs",
        logs(json!([{ "traceId": "abcd" }, {}])),
    );
    assert_eq!(response.json()["partialSuccess"]["rejectedLogRecords"], "1");
    assert_eq!(events(&server, "").len(), 2);

    for body in [
        "",
        "[]",
        "{",
        r#"{"resourceSpans":1}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xy"}]}]}]}"#,
    ] {
        let response = send(&server, "/v1/traces", &[JSON], body.as_bytes());
        assert_eq!(response.locations(), ["body"], "{body}");
    }
    assert_eq!(
        post(&server, "/v1/traces", json!({ "unknown": 1 })).body,
        "{}"
    );
    assert_eq!(events(&server, "").len(), 2);
}

#[test]
fn the_channel_is_in_a_header() {
    let server = start();
    let body = spans(json!([span("s")])).to_string();
    let channel = ("X-Axonpush-Channel", "ch_1");
    send(&server, "/v1/traces", &[JSON, channel], body.as_bytes());
    send(&server, "/v1/traces", &[JSON], body.as_bytes());
    assert_eq!(events(&server, "?channelId=ch_1").len(), 1);
    assert_eq!(
        events(&server, "?channelId=ch_default").len(),
        1,
        "nothing is stored once only"
    );
    let environment = ("X-Axonpush-Environment", "prod");
    send(&server, "/v1/traces", &[JSON, environment], body.as_bytes());
    assert_eq!(
        events(&server, "?environmentId=prod").len(),
        1,
        "the request's environment wins"
    );
}

#[test]
fn bodies_may_be_compressed_here_and_must_say_what_they_are() {
    let server = start();
    let body = spans(json!([span("s")])).to_string();
    let packed = gzip(body.as_bytes());
    let gzip_header = ("Content-Encoding", "gzip");
    let status =
        |headers: &[(&str, &str)], body: &[u8]| send(&server, "/v1/traces", headers, body).status;
    assert_eq!(status(&[JSON, gzip_header], &packed), 200);
    assert_eq!(
        status(&[JSON, ("Content-Encoding", "identity")], body.as_bytes()),
        200
    );
    assert_eq!(events(&server, "").len(), 2);
    assert_eq!(status(&[JSON, gzip_header], body.as_bytes()), 422);
    assert_eq!(
        status(&[JSON, gzip_header], &packed[..packed.len() / 2]),
        422
    );
    assert_eq!(status(&[JSON, ("Content-Encoding", "br")], &packed), 415);
    assert_eq!(
        status(&[("Content-Type", "text/plain")], body.as_bytes()),
        415
    );
    assert_eq!(status(&[], body.as_bytes()), 415);
    assert_eq!(status(&[PROTOBUF], body.as_bytes()), 422);
    let bomb = gzip(&vec![b' '; (64 << 20) + 1]);
    assert_eq!(status(&[JSON, gzip_header], &bomb), 413);
}

/// A protobuf field of bytes, of which one length byte is enough.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("a short field");
    assert!(length < 128);
    [&[number << 3 | 2, length], bytes].concat()
}

#[test]
fn protobuf_is_answered_in_protobuf() {
    let server = start();
    let good = [
        field(1, &[7; 16]),
        field(2, &[9; 8]),
        field(5, b"from protobuf"),
        // A field that is not known here: trace_state.
        field(3, b"a=b"),
        vec![6 << 3, 2],
        [
            &[7 << 3 | 1][..],
            &1_767_225_600_000_000_000u64.to_le_bytes(),
        ]
        .concat(),
        field(9, &[field(1, b"n"), field(2, &[3 << 3, 5])].concat()),
    ]
    .concat();
    let request = |spans: &[&[u8]]| {
        let spans: Vec<u8> = spans.iter().flat_map(|it| field(2, it)).collect();
        field(1, &field(2, &spans))
    };
    let response = send(&server, "/v1/traces", &[PROTOBUF], &request(&[&good]));
    assert_eq!((response.status, response.body.as_str()), (200, ""));
    assert_eq!(
        response.header("content-type"),
        Some("application/x-protobuf")
    );
    let found = events(&server, "");
    assert_eq!(names(&found), ["from protobuf"]);
    assert_eq!(found[0]["traceId"], "07".repeat(16));
    assert_eq!(found[0]["payload"]["attributes"], json!({ "n": 5 }));
    assert_eq!(found[0]["payload"]["kind"], 2);

    let response = send(
        &server,
        "/v1/traces",
        &[PROTOBUF],
        &request(&[&field(5, b"no ids")]),
    );
    assert!(response.body.contains("a span needs"), "{response:?}");
    assert_eq!(
        response.body.as_bytes()[2..4],
        [1 << 3, 1],
        "one was rejected"
    );
}

#[test]
fn the_key_is_in_its_older_header_in_every_generation() {
    let server = start_with(Config {
        key_header: Some(KeyHeader::AxonpushApiKey),
        created: Some(StatusCode::CREATED),
        ..Config::default()
    });
    let body = spans(json!([span("s")])).to_string();
    let status = |header: (&str, &str)| {
        connect(&server)
            .send("POST", "/v1/traces", &[header, JSON], body.as_bytes())
            .expect("a response")
            .status
    };
    assert_eq!(status(("X-API-Key", "ak_k")), 201);
    assert_eq!(status(("x-axonpush-api-key", "ak_k")), 401);
    assert_eq!(status(("X-Public-Token", "pt_t")), 403);
}
