use std::io::Write;

use axonpush_dev_server::Config;
use serde_json::{Value, json};

use crate::client::{
    Connection, KEY, connect, event, events, eventually, get, post, publish, request, start,
    start_with,
};

#[test]
fn requests_are_recorded_as_they_arrived() {
    let server = start();
    let mut connection = connect(&server);
    let headers = [
        KEY,
        ("X-Twice", "1"),
        ("Content-Type", "application/json"),
        ("X-Last", "2"),
    ];
    connection
        .send("POST", "/event?a=%2F", &headers, b"{\"identifier\":1}")
        .expect("a response");
    connection
        .send("GET", "/apps/a%2Fb", &[KEY], b"")
        .expect("a response");
    connection
        .send("POST", "/event", &headers, b"\xff{")
        .expect("a response");
    connect(&server)
        .send("GET", "/_dev/stats", &[], b"")
        .expect("a response");

    let recorded = request(&server, "GET", "/_dev/requests", &[], "").json()["requests"].clone();
    assert_eq!(
        recorded,
        Value::Array(server.requests()),
        "the library shows the same"
    );
    assert_eq!(
        recorded.as_array().map(Vec::len),
        Some(3),
        "control requests are not recorded"
    );
    let first = &recorded[0];
    assert_eq!(
        (&first["method"], &first["target"]),
        (&json!("POST"), &json!("/event?a=%2F"))
    );
    assert_eq!(
        (&first["status"], &first["outcome"]),
        (&json!(422), &json!("answered"))
    );
    assert_eq!(first["body"], "{\"identifier\":1}");
    assert_eq!(
        first["headers"],
        json!([
            ["host", "localhost"],
            ["x-api-key", "ak_test"],
            ["x-twice", "1"],
            ["content-type", "application/json"],
            ["x-last", "2"],
            ["content-length", "16"],
        ])
    );
    assert_eq!(recorded[1]["target"], "/apps/a%2Fb");
    assert_eq!(recorded[2]["bodyBase64"], "/3s=");
    assert_eq!(recorded[0]["connection"], recorded[2]["connection"]);

    request(&server, "DELETE", "/_dev/requests", &[], "");
    assert!(server.requests().is_empty());
    assert_eq!(server.stats()["requests"], 3, "the count goes on");
}

#[test]
fn only_the_last_requests_are_remembered() {
    let server = start_with(Config {
        record_limit: 2,
        ..Config::default()
    });
    for number in 0..5 {
        get(&server, &format!("/apps/{number}"));
    }
    let targets: Vec<_> = server
        .requests()
        .iter()
        .map(|it| it["target"].clone())
        .collect();
    assert_eq!(targets, ["/apps/3", "/apps/4"]);
}

#[test]
fn statistics_count() {
    let server = start();
    let keyed = json!({ "identifier": "e", "payload": {}, "dedupKey": "k" });
    let mut connection = connect(&server);
    for _ in 0..2 {
        let headers = [KEY, ("Content-Type", "application/json")];
        connection
            .send("POST", "/event", &headers, keyed.to_string().as_bytes())
            .expect("a response");
    }
    assert_eq!(
        connection
            .send("GET", "/_dev/stats", &[], b"")
            .expect("a response")
            .json(),
        json!({
            "connectionsAccepted": 1, "connectionsOpen": 1, "requests": 2, "storedEvents": 1, "duplicates": 1,
        })
    );
}

#[test]
fn reset_clears_everything() {
    let server = start();
    publish(&server, event("e"));
    post(&server, "/apps", json!({ "name": "a" }));
    post(
        &server,
        "/_dev/faults",
        json!({ "path": "/nowhere", "status": 500 }),
    );
    post(
        &server,
        "/_dev/clock",
        json!({ "freeze": "2020-01-01T00:00:00Z" }),
    );
    assert_eq!(post(&server, "/_dev/reset", json!({})).status, 200);
    assert_eq!(server.stats()["requests"], 0);
    assert_eq!(server.faults_left(), json!([]));
    assert!(server.requests().is_empty());
    assert!(events(&server, "?since=2000-01-01T00:00:00Z").is_empty());
    assert!(get(&server, "/apps").json()["apps"].is_null());
    publish(&server, event("e"));
    assert!(events(&server, "")[0]["createdAt"].as_str() > Some("2021"));
}

#[test]
fn the_clock_is_set_over_http() {
    let server = start();
    assert_eq!(
        post(
            &server,
            "/_dev/clock",
            json!({ "freeze": "2020-01-01T00:00:00Z" })
        )
        .status,
        200
    );
    publish(&server, event("e"));
    assert_eq!(
        events(&server, "")[0]["createdAt"],
        "2020-01-01T00:00:00.000000Z"
    );
    assert_eq!(
        post(&server, "/_dev/clock", json!({ "freeze": null })).status,
        200
    );
    assert!(events(&server, "").is_empty());
    for wrong in [json!({}), json!({ "freeze": "x" }), json!({ "freeze": 1 })] {
        assert_eq!(
            post(&server, "/_dev/clock", wrong).locations(),
            ["body.freeze"]
        );
    }
}

#[test]
fn closing_idle_connections_spares_the_busy_ones() {
    let server = start();
    let mut idle: Vec<Connection<_>> = (0..3).map(|_| connect(&server)).collect();
    for connection in &mut idle[1..] {
        connection
            .send("GET", "/healthz", &[], b"")
            .expect("a response");
    }
    // Busy for as long as the rest of its body is missing.
    let body = event("e").to_string();
    let length = body.len().to_string();
    let headers = [
        KEY,
        ("Content-Type", "application/json"),
        ("Content-Length", length.as_str()),
    ];
    let mut busy = connect(&server);
    busy.write("POST", "/event", &headers, b"")
        .expect("a request");
    eventually("the request", || {
        (server.requests().len() == 3).then_some(())
    });

    let closed = request(&server, "POST", "/_dev/close-idle", &[], "").json();
    assert_eq!(closed, json!({ "closed": 3 }));
    for connection in &mut idle {
        let (rest, end) = connection.read_to_end();
        assert_eq!((rest.as_str(), end.expect("a clean end")), ("", 0));
    }
    busy.0.write_all(body.as_bytes()).expect("the rest");
    assert_eq!(busy.read().expect("a response").status, 200);
}
