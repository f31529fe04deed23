use std::io::ErrorKind;
use std::time::{Duration, Instant};

use axonpush_dev_server::Server;
use serde_json::{Value, json};

use crate::client::{
    KEY, Response, connect, event, events, eventually, get, post, publish, request, start,
};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn statuses(server: &Server, count: usize) -> Vec<u16> {
    (0..count).map(|_| get(server, "/healthz").status).collect()
}

fn last_outcome(server: &Server) -> Value {
    server
        .requests()
        .pop()
        .map_or(Value::Null, |it| it["outcome"].clone())
}

#[test]
fn a_status_comes_with_headers_and_body() {
    let server = start();
    let response = |fault: Value| -> Response {
        server.add_faults(fault);
        get(&server, "/apps")
    };
    let limited = response(json!({ "status": 429, "headers": { "Retry-After": 1.5, "X-A": "b" } }));
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, Some("1.5"))
    );
    assert_eq!(
        limited.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(limited.json()["status"], 429);
    assert!(limited.header("x-request-id").is_some());

    let text = response(json!({ "status": 502, "body": "<html>", "contentType": "text/html" }));
    assert_eq!(
        (text.body.as_str(), text.header("content-type")),
        ("<html>", Some("text/html"))
    );
    let envelope = response(
        json!({ "status": 400, "body": { "code": "validation_error", "message": ["a", "b"] } }),
    );
    assert_eq!(envelope.json()["message"], json!(["a", "b"]));
    let binary = response(json!({ "status": 200, "bodyBase64": "AAEC" }));
    assert_eq!(binary.body.as_bytes(), [0, 1, 2]);
    let redirect =
        response(json!({ "status": 307, "headers": { "Location": "http://127.0.0.1:1/" } }));
    assert_eq!((redirect.status, redirect.body.as_str()), (307, ""));
    let own_id = response(json!({ "status": 500, "headers": { "X-Request-Id": "mine" } }));
    assert_eq!(own_id.header("x-request-id"), Some("mine"));
    assert_eq!(last_outcome(&server), "fault: status");
    assert_eq!(statuses(&server, 1), [200]);
}

#[test]
fn faults_choose_by_method_and_path() {
    let server = start();
    server.add_faults(json!({ "method": "post", "path": "/apps*", "status": 500, "times": 0 }));
    assert_eq!(get(&server, "/apps").status, 200);
    assert_eq!(post(&server, "/apps", json!({ "name": "a" })).status, 500);
    assert_eq!(
        post(&server, "/apps/x/channels?a=b", json!({ "name": "a" })).status,
        500
    );
    assert_eq!(
        post(&server, "/environments", json!({ "name": "a" })).status,
        201
    );
    server.clear_faults();
    server.add_faults(json!({ "path": "/apps", "status": 500, "times": 0 }));
    assert_eq!(get(&server, "/apps?q=1").status, 500);
    assert_eq!(get(&server, "/apps/x").status, 404);
    assert_eq!(
        request(&server, "GET", "/_dev/stats", &[], "").status,
        200,
        "controls never fail"
    );
}

#[test]
fn faults_act_in_order_after_skips_and_for_a_while() {
    let server = start();
    server.add_faults(json!([
        { "skip": 1, "times": 2, "status": 500 },
        { "status": 501 },
    ]));
    assert_eq!(
        request(&server, "GET", "/_dev/faults", &[], "").json()["faults"],
        json!([
            { "delayMs": 0, "seed": 0, "skip": 1, "status": 500, "times": 2 },
            { "delayMs": 0, "seed": 0, "skip": 0, "status": 501, "times": 1 },
        ])
    );
    // The first lets the first request pass, so the second takes it.
    assert_eq!(statuses(&server, 4), [501, 500, 500, 200]);
    assert_eq!(server.faults_left(), json!([]));

    server.add_faults(json!({ "status": 500, "times": 0 }));
    assert_eq!(statuses(&server, 3), [500, 500, 500]);
    request(&server, "DELETE", "/_dev/faults", &[], "");
    assert_eq!(statuses(&server, 1), [200]);
}

#[test]
fn random_faults_repeat_with_their_seed() {
    let server = start();
    let run = |seed: u64| {
        server.clear_faults();
        server.add_faults(json!({ "status": 500, "times": 0, "probability": 0.5, "seed": seed }));
        statuses(&server, 64)
    };
    let first = run(1);
    assert!(first.contains(&200) && first.contains(&500), "{first:?}");
    assert_eq!(run(1), first);
    assert_ne!(run(2), first);
}

#[test]
fn a_reset_is_a_reset() {
    let server = start();
    server.add_faults(json!({ "path": "/event", "reset": true }));
    let mut connection = connect(&server);
    let body = event("e").to_string();
    let error = connection
        .send("POST", "/event", &[KEY, JSON], body.as_bytes())
        .expect_err("no response");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(last_outcome(&server), "fault: reset");
    assert!(events(&server, "").is_empty());
}

#[test]
fn a_hangup_comes_before_or_after_storing() {
    let server = start();
    server.add_faults(json!([{ "hangup": "before" }, { "hangup": "after" }]));
    for stored in [0, 1] {
        let mut connection = connect(&server);
        let body = json!({ "identifier": "e", "payload": {}, "dedupKey": "k" }).to_string();
        connection
            .write("POST", "/event", &[KEY, JSON], body.as_bytes())
            .expect("a request");
        let (text, end) = connection.read_to_end();
        assert_eq!((text.as_str(), end.expect("a clean end")), ("", 0));
        assert_eq!(server.stats()["storedEvents"], stored);
        assert_eq!(last_outcome(&server), "fault: hangup");
    }
}

#[test]
fn a_truncated_response_promises_more_than_it_keeps() {
    let server = start();
    for keep in [0, 1, 10] {
        server.add_faults(json!({ "truncate": keep }));
        let mut connection = connect(&server);
        connection
            .write("GET", "/healthz", &[], b"")
            .expect("a request");
        let (text, end) = connection.read_to_end();
        end.expect("a clean end");
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole head");
        assert!(
            head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-length: 65"),
            "{head}"
        );
        assert_eq!(body.len(), keep);
    }
    // All of the body: nothing is missing, and the next response is whole too.
    server.add_faults(json!({ "truncate": 65 }));
    let mut connection = connect(&server);
    for _ in 0..2 {
        assert_eq!(
            connection
                .send("GET", "/healthz", &[], b"")
                .expect("a whole response")
                .status,
            200
        );
    }
}

#[test]
fn a_dripped_response_takes_its_time_from_the_first_byte() {
    let server = start();
    server.add_faults(json!({ "drip": { "bytes": 16, "intervalMs": 20 } }));
    let mut connection = connect(&server);
    let start = Instant::now();
    let response = connection
        .send("GET", "/healthz", &[], b"")
        .expect("a response");
    let elapsed = start.elapsed();
    assert_eq!(
        (response.status, &response.json()["status"]),
        (200, &json!("ok"))
    );
    // Head and body are over 200 bytes: at least 12 pauses.
    assert!(elapsed >= Duration::from_millis(12 * 20), "{elapsed:?}");

    // The connection is whole again, and counts as idle.
    assert_eq!(
        connection
            .send("GET", "/healthz", &[], b"")
            .expect("a response")
            .status,
        200
    );
    let closed = request(&server, "POST", "/_dev/close-idle", &[], "").json();
    assert_eq!(closed["closed"], 1);
}

#[test]
fn a_silent_server_waits_for_the_client_to_leave() {
    let server = start();
    server.add_faults(json!({ "silent": true }));
    let mut connection = connect(&server);
    let body = event("e").to_string();
    connection
        .write("POST", "/event", &[KEY, JSON], body.as_bytes())
        .expect("a request");
    eventually("the request", || {
        (last_outcome(&server) == "pending").then_some(())
    });
    connection
        .0
        .set_read_timeout(Some(Duration::from_millis(100)))
        .expect("a timeout");
    let error = connection.read().expect_err("no response");
    assert!(
        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{error}"
    );
    assert_eq!(last_outcome(&server), "pending");
    drop(connection);
    eventually("the end of the request", || {
        (last_outcome(&server) == "client left").then_some(())
    });
    assert_eq!(server.requests()[0]["body"], body.as_str());
    assert!(events(&server, "").is_empty());
}

#[test]
fn a_delay_alone_delays_the_real_response() {
    let server = start();
    server.add_faults(json!({ "path": "/event", "delayMs": 80 }));
    let start = Instant::now();
    publish(&server, event("e"));
    assert!(start.elapsed() >= Duration::from_millis(80));
    assert_eq!(last_outcome(&server), "fault: delay");

    server.add_faults(json!({ "delayMs": 80, "status": 503 }));
    let start = Instant::now();
    assert_eq!(get(&server, "/apps").status, 503);
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[test]
fn faults_come_before_the_credential_is_checked() {
    let server = start();
    server.add_faults(json!({ "status": 503 }));
    assert_eq!(request(&server, "GET", "/apps", &[], "").status, 503);
    assert_eq!(request(&server, "GET", "/apps", &[], "").status, 401);
}

#[test]
fn nonsense_is_refused_as_a_whole() {
    let server = start();
    for fault in [
        json!({}),
        json!(5),
        json!({ "path": "/x" }),
        json!({ "status": 99 }),
        json!({ "status": 101 }),
        json!({ "status": 600 }),
        json!({ "status": 500, "reset": true }),
        json!({ "status": 500, "body": "a", "bodyBase64": "YQ==" }),
        json!({ "status": 500, "bodyBase64": "?" }),
        json!({ "status": 500, "headers": { "a b": "c" } }),
        json!({ "status": 500, "headers": { "a": "b\n" } }),
        json!({ "status": 500, "headers": { "Content-Length": 3 } }),
        json!({ "body": "a" }),
        json!({ "hangup": "sideways" }),
        json!({ "truncate": -1 }),
        json!({ "drip": { "bytes": 0, "intervalMs": 1 } }),
        json!({ "silent": true, "probability": 1.5 }),
        json!({ "sielnt": true }),
    ] {
        let response = post(&server, "/_dev/faults", json!([{ "status": 500 }, fault]));
        assert_eq!(response.locations(), ["body"], "{fault}");
    }
    assert_eq!(server.faults_left(), json!([]));
}
