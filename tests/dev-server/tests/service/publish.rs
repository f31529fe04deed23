use axonpush_dev_server::{Config, Server};
use serde_json::json;

use crate::client::{
    KEY, Response, connect, event, events, names, post, publish, request, start, start_with,
};

fn post_text(server: &Server, headers: &[(&str, &str)], body: &str) -> Response {
    let all = [&[KEY, ("Content-Type", "application/json")], headers].concat();
    request(server, "POST", "/event", &all, body)
}

#[test]
fn every_documented_member_is_accepted_and_shown() {
    let server = start();
    let sent = json!({
        "identifier": "checkout",
        "payload": { "cart": 3 },
        "channel_id": "ch_1",
        "eventType": "agent.message",
        "agentId": "a1",
        "traceId": "t1",
        "spanId": "00f067aa0ba902b7",
        "parentSpanId": "00f067aa0ba902b8",
        "dedupKey": "d1",
        "metadata": { "k": "v" },
        "occurredAt": "2026-01-02T03:04:05Z",
    });
    let id = publish(&server, sent.clone());
    let found = events(&server, "");
    assert_eq!(found.len(), 1);
    let event = &found[0];
    assert_eq!(event["eventId"], id.as_str());
    assert_eq!(event["channelId"], "ch_1");
    assert_eq!(event["source"], "app");
    assert_eq!(event["payloadSpilled"], false);
    for member in ["orgId", "appId", "createdAt"] {
        assert!(event[member].is_string(), "{member}");
    }
    for (member, value) in sent.as_object().expect("an object") {
        if member != "channel_id" {
            assert_eq!(&event[member], value, "{member}");
        }
    }
}

#[test]
fn what_is_not_in_the_contract_is_refused_by_location() {
    let server = start();
    for (body, location) in [
        (json!({ "payload": {} }), "body.identifier"),
        (
            json!({ "identifier": "", "payload": {} }),
            "body.identifier",
        ),
        (json!({ "identifier": 1, "payload": {} }), "body.identifier"),
        (
            json!({ "identifier": null, "payload": {} }),
            "body.identifier",
        ),
        (json!({ "identifier": "e" }), "body.payload"),
        (
            json!({ "identifier": "e", "payload": "text" }),
            "body.payload",
        ),
        (json!({ "identifier": "e", "payload": [] }), "body.payload"),
        (
            json!({ "identifier": "e", "payload": null }),
            "body.payload",
        ),
        (json!({ "identifier": "e", "payload": 1.5 }), "body.payload"),
        (
            json!({ "identifier": "e", "payload": {}, "channelId": "c" }),
            "body.channelId",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "sync": true }),
            "body.sync",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "channel_id": 7 }),
            "body.channel_id",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "eventType": null }),
            "body.eventType",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "agentId": {} }),
            "body.agentId",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "traceId": 1 }),
            "body.traceId",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "spanId": 1 }),
            "body.spanId",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "parentSpanId": 1 }),
            "body.parentSpanId",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "metadata": [] }),
            "body.metadata",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "dedupKey": "" }),
            "body.dedupKey",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "dedupKey": "é" }),
            "body.dedupKey",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "dedupKey": "k".repeat(256) }),
            "body.dedupKey",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "occurredAt": "now" }),
            "body.occurredAt",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "occurredAt": 5 }),
            "body.occurredAt",
        ),
        (
            json!({ "identifier": "e", "payload": {}, "occurredAt": "2026-01-02T03:04:05+02:00" }),
            "body.occurredAt",
        ),
    ] {
        let response = post(&server, "/event", body.clone());
        assert_eq!(response.locations(), [location], "{body}");
        assert_eq!(
            response.header("content-type"),
            Some("application/problem+json")
        );
    }
    for text in [
        "",
        "x",
        "[]",
        "\"e\"",
        "{",
        "{} {}",
        r#"{"identifier":"\ud800","payload":{}}"#,
    ] {
        let response = post_text(&server, &[], text);
        assert!(
            response.locations()[0].starts_with("body"),
            "{text}: {response:?}"
        );
    }
    let twice = r#"{"identifier":"e","payload":{},"identifier":"f"}"#;
    assert!(
        post_text(&server, &[], twice)
            .locations()
            .contains(&"body.identifier".into())
    );
    assert!(events(&server, "").is_empty(), "nothing refused is stored");
}

#[test]
fn the_idempotency_key_must_be_well_formed() {
    let server = start();
    let long = "k".repeat(256);
    for key in ["", "é", long.as_str(), "a\tb"] {
        let response = post_text(
            &server,
            &[("Idempotency-Key", key)],
            &event("e").to_string(),
        );
        assert_eq!(response.locations(), ["header.Idempotency-Key"], "{key:?}");
    }
    let longest = "k".repeat(255);
    for key in ["a b!~", longest.as_str()] {
        let response = post_text(
            &server,
            &[("Idempotency-Key", key)],
            &event("e").to_string(),
        );
        assert_eq!(response.status, 200, "{key:?}");
    }
    let body = json!({ "identifier": "e", "payload": {}, "dedupKey": "one" }).to_string();
    assert_eq!(
        post_text(&server, &[("Idempotency-Key", "two")], &body).locations(),
        ["header.Idempotency-Key"]
    );
    assert_eq!(
        post_text(&server, &[("Idempotency-Key", "one")], &body).status,
        200
    );
}

#[test]
fn the_idempotency_key_can_be_required() {
    let server = start_with(Config {
        require_idempotency_key: true,
        ..Config::default()
    });
    let response = post(&server, "/event", event("e"));
    assert_eq!(response.locations(), ["header.Idempotency-Key"]);
    let response = post_text(
        &server,
        &[("Idempotency-Key", "k")],
        &event("e").to_string(),
    );
    assert_eq!(response.status, 200);
}

#[test]
fn an_event_is_stored_once_per_dedup_key_and_organization() {
    let server = start();
    let keyed = |name: &str| json!({ "identifier": name, "payload": {}, "dedupKey": "k" });
    let first = publish(&server, keyed("first"));
    assert_eq!(publish(&server, keyed("second")), first);
    // The header stands in for a body without a key.
    let by_header = post_text(
        &server,
        &[("Idempotency-Key", "k")],
        &event("third").to_string(),
    );
    assert_eq!(by_header.json()["eventId"], first.as_str());
    assert_eq!(names(&events(&server, "")), ["first"]);
    assert_eq!(server.stats()["duplicates"], 2);
    assert_eq!(server.stats()["storedEvents"], 1);

    let elsewhere = post_text(
        &server,
        &[("x-tenant-id", "other")],
        &keyed("fourth").to_string(),
    );
    assert_ne!(elsewhere.json()["eventId"], first.as_str());
    // Events without any key are never taken for one another.
    assert_ne!(publish(&server, event("e")), publish(&server, event("e")));
}

#[test]
fn simultaneous_duplicates_are_stored_once() {
    let server = start();
    let ids: std::collections::HashSet<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    publish(
                        &server,
                        json!({"identifier": "e", "payload": {}, "dedupKey": "k"}),
                    )
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a publish"))
            .collect()
    });
    assert_eq!(ids.len(), 1);
    assert_eq!(server.stats()["storedEvents"], 1);
}

#[test]
fn payload_and_metadata_come_back_byte_for_byte() {
    let server = start();
    let payload =
        r#"{"z":1.50,"a":12345678901234567890123,"s":"\u00e9\u0000 ü","n":[ null ,true]}"#;
    let body = format!(r#"{{"identifier":"e","payload":{payload},"metadata":{{"y":1e2,"x":2}}}}"#);
    assert_eq!(post_text(&server, &[], &body).status, 200);
    let response = request(&server, "GET", "/events", &[KEY], "");
    assert!(
        response.body.contains(&format!(r#""payload":{payload}"#)),
        "{}",
        response.body
    );
    assert!(
        response.body.contains(r#""metadata":{"y":1e2,"x":2}"#),
        "{}",
        response.body
    );
}

#[test]
fn an_event_without_a_channel_goes_to_the_default_one() {
    let server = start();
    publish(&server, event("e"));
    let event = events(&server, "").remove(0);
    let target = format!(
        "/apps/{}/channels",
        event["appId"].as_str().expect("an app")
    );
    let channels = request(&server, "GET", &target, &[KEY], "").json();
    assert_eq!(channels["channels"][0]["channelId"], event["channelId"]);
    assert_eq!(event["eventType"], "custom");
}

#[test]
fn only_json_is_taken() {
    let server = start();
    let body = event("e").to_string();
    let send = |headers: &[(&str, &str)]| request(&server, "POST", "/event", headers, &body).status;
    assert_eq!(send(&[KEY]), 415);
    assert_eq!(send(&[KEY, ("Content-Type", "text/plain")]), 415);
    assert_eq!(
        send(&[KEY, ("Content-Type", "application/json; charset=utf-8")]),
        200
    );
}

#[test]
fn a_body_over_8_mib_is_refused_and_the_refusal_arrives() {
    let server = start();
    let publish = |size: usize| {
        let frame = r#"{"identifier":"e","payload":{"t":""}}"#.len();
        let body = format!(
            r#"{{"identifier":"e","payload":{{"t":"{}"}}}}"#,
            "x".repeat(size - frame)
        );
        let headers = [KEY, ("Content-Type", "application/json")];
        connect(&server)
            .send("POST", "/event", &headers, body.as_bytes())
            .expect("a response")
            .status
    };
    assert_eq!(publish(8 << 20), 200);
    assert_eq!(publish((8 << 20) + 1), 413);
    assert_eq!(publish(20 << 20), 413);
}

#[test]
fn nesting_beyond_reason_is_refused() {
    let server = start();
    let payload = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let response = post_text(
        &server,
        &[],
        &format!(r#"{{"identifier":"e","payload":{payload}}}"#),
    );
    assert_eq!(response.locations(), ["body.payload"]);
}
