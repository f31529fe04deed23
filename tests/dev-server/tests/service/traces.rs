use axonpush_dev_server::Server;
use serde_json::{Value, json};

use crate::client::{event, get, publish, start};

fn traces(server: &Server, query: &str) -> Vec<Value> {
    let response = get(server, &format!("/traces{query}"));
    assert_eq!(response.status, 200, "{response:?}");
    response.json()["traces"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

fn ids(traces: &[Value]) -> Vec<&str> {
    traces
        .iter()
        .filter_map(|trace| trace["traceId"].as_str())
        .collect()
}

fn span(server: &Server, trace_id: &str, second: u32, parent: Option<&str>, attributes: Value) {
    let mut event = json!({
        "identifier": format!("{trace_id}-{second}"), "traceId": trace_id, "spanId": format!("s{second}"),
        "payload": { "attributes": attributes }, "occurredAt": format!("2026-01-01T00:00:{second:02}Z"),
    });
    if let Some(parent) = parent {
        event["parentSpanId"] = parent.into();
    }
    publish(server, event);
}

fn two_traces(server: &Server) {
    span(
        server,
        "slow",
        5,
        Some("s0"),
        json!({ "duration_ms": 2500, "gen_ai.usage.total_tokens": 9 }),
    );
    span(
        server,
        "slow",
        0,
        None,
        json!({ "service.name": "shop", "gen_ai.request.model": "m1" }),
    );
    span(
        server,
        "bad",
        1,
        None,
        json!({ "error.type": "Boom", "service.name": "cart", "cost_usd": 2 }),
    );
    publish(server, event("without a trace"));
}

#[test]
fn a_trace_is_summed_up() {
    let server = start();
    assert_eq!(get(&server, "/traces").body, r#"{"traces":null}"#);
    two_traces(&server);
    let found = traces(&server, "");
    assert_eq!(ids(&found), ["bad", "slow"]);
    let slow = &found[1];
    for (member, value) in [
        ("spanCount", json!(2)),
        ("errorCount", json!(0)),
        ("rootSpanName", json!("slow-0")),
        ("startedAt", json!("2026-01-01T00:00:00.000000Z")),
        ("endedAt", json!("2026-01-01T00:00:07.500000Z")),
        ("durationMs", json!(7500.0)),
        ("totalTokens", json!(9)),
        ("serviceName", json!("shop")),
        ("models", json!(["m1"])),
        ("providers", Value::Null),
        ("outcome", json!("ok")),
    ] {
        assert_eq!(slow[member], value, "{member}");
    }
    assert_eq!(
        (&found[0]["outcome"], &found[0]["firstErrorType"]),
        (&json!("error"), &json!("Boom"))
    );
}

#[test]
fn traces_are_filtered_sorted_and_paged() {
    let server = start();
    two_traces(&server);
    for (query, expected) in [
        ("service=shop", &["slow"][..]),
        ("service=shop&service=cart", &["bad", "slow"]),
        ("service=shop&model=m2", &[]),
        ("model=m1", &["slow"]),
        ("errorsOnly=true", &["bad"]),
        ("errorsOnly=false", &["bad", "slow"]),
        ("minDurationMs=1000.5", &["slow"]),
        ("sort=last_seen_asc", &["slow", "bad"]),
        ("sort=duration_desc", &["slow", "bad"]),
        ("sort=tokens_desc", &["slow", "bad"]),
        ("limit=1", &["bad"]),
        ("limit=1&offset=1", &["slow"]),
        ("offset=2", &[]),
        ("q=BOOM", &["bad"]),
        ("traceId=slow", &["slow"]),
        ("until=2026-01-01T00:00:00Z", &[]),
    ] {
        assert_eq!(
            ids(&traces(&server, &format!("?{query}"))),
            expected,
            "{query}"
        );
    }
    for (query, location) in [
        ("sort=best", "query.sort"),
        ("errorsOnly=maybe", "query.errorsOnly"),
        ("offset=-1", "query.offset"),
        ("limit=501", "query.limit"),
    ] {
        assert_eq!(
            get(&server, &format!("/traces?{query}")).locations(),
            [location],
            "{query}"
        );
    }
}

#[test]
fn a_trace_shows_its_events_in_order() {
    let server = start();
    two_traces(&server);
    let trace = get(&server, "/traces/slow").json();
    assert_eq!(trace["traceId"], "slow");
    let spans: Vec<_> = trace["spans"]
        .as_array()
        .expect("spans")
        .iter()
        .map(|it| &it["spanId"])
        .collect();
    assert_eq!(spans, ["s0", "s5"]);
    assert_eq!(get(&server, "/traces/nowhere").status, 404);
}
