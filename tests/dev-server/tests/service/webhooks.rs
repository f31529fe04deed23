use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use axonpush_dev_server::Server;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::client::{PATIENCE, eventually, get, post, publish, send, start};

/// Responds to every request with `status`, and passes on what it got as head and body.
fn receiver(status: &'static str) -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "http://{}/hook?x=1",
        listener.local_addr().expect("an address")
    );
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a delivery");
            let mut bytes = Vec::new();
            let (head, body) = loop {
                let mut buffer = [0; 4096];
                let count = stream.read(&mut buffer).expect("bytes");
                bytes.extend_from_slice(&buffer[..count]);
                let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else {
                    continue;
                };
                let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .and_then(|it| it.parse::<usize>().ok())
                    .expect("a length");
                if bytes.len() == end + 4 + length {
                    break (head, bytes[end + 4..].to_vec());
                }
            };
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").expect("a response");
            if sender.send((head, body)).is_err() {
                return;
            }
        }
    });
    (url, received)
}

fn endpoint(server: &Server, url: &str, event_types: Value) -> Value {
    let response = post(
        server,
        "/webhooks/endpoints",
        json!({ "channelId": "ch_1", "url": url, "eventTypes": event_types }),
    );
    assert_eq!(response.status, 201, "{response:?}");
    response.json()
}

fn delivery(server: &Server, endpoint: &Value) -> Value {
    let target = format!(
        "/webhooks/deliveries/{}",
        endpoint["endpointId"].as_str().expect("an id")
    );
    eventually("a delivery", || {
        let deliveries = get(server, &target).json()["data"].take();
        deliveries.get(0).cloned()
    })
}

#[test]
fn an_event_is_delivered_signed_to_the_endpoints_that_want_it() {
    let server = start();
    let (url, received) = receiver("204 No Content");
    let created = endpoint(&server, &url, json!(["app.log"]));
    let secret = created["rawSecret"].as_str().expect("a secret");

    publish(
        &server,
        json!({ "identifier": "other", "payload": {}, "channel_id": "ch_2", "eventType": "app.log" }),
    );
    publish(
        &server,
        json!({ "identifier": "other", "payload": {}, "channel_id": "ch_1" }),
    );
    let wanted = json!({ "identifier": "e", "payload": { "n": 1 }, "channel_id": "ch_1", "eventType": "app.log", "dedupKey": "k" });
    let event_id = publish(&server, wanted.clone());
    publish(&server, wanted);

    let (head, body) = received.recv_timeout(PATIENCE).expect("a delivery");
    assert!(head.starts_with("post /hook?x=1 http/1.1"), "{head}");
    let event: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(event["eventId"], event_id.as_str());

    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(&body);
    let signature = head
        .lines()
        .find_map(|it| it.strip_prefix("x-axonpush-signature: "))
        .expect("a signature");
    let bytes: Vec<u8> = (0..signature.len() / 2)
        .map(|i| u8::from_str_radix(&signature[2 * i..2 * i + 2], 16).expect("hex"))
        .collect();
    mac.verify_slice(&bytes).expect("the signature fits");

    let recorded = delivery(&server, &created);
    assert_eq!(recorded["eventId"], event_id.as_str());
    assert_eq!(
        (&recorded["status"], &recorded["statusCode"]),
        (&json!("delivered"), &json!(204))
    );
}

#[test]
fn a_delivery_that_fails_says_why() {
    let server = start();
    let (url, _received) = receiver("500 Oops");
    let closed = TcpListener::bind("127.0.0.1:0")
        .and_then(|it| it.local_addr())
        .expect("a port");
    let failing = endpoint(&server, &url, Value::Null);
    let unreachable = endpoint(&server, &format!("http://{closed}/"), json!([]));
    let remote = endpoint(&server, "https://example.com/hook", json!([]));
    publish(
        &server,
        json!({ "identifier": "e", "payload": {}, "channel_id": "ch_1" }),
    );

    let recorded = delivery(&server, &failing);
    assert_eq!(
        (&recorded["status"], &recorded["statusCode"]),
        (&json!("failed"), &json!(500))
    );
    let recorded = delivery(&server, &unreachable);
    assert_eq!(
        (&recorded["status"], recorded["error"].is_string()),
        (&json!("failed"), true)
    );
    let recorded = delivery(&server, &remote);
    assert!(
        recorded["error"]
            .as_str()
            .is_some_and(|it| it.contains("loopback")),
        "{recorded}"
    );
}

#[test]
fn endpoints_are_listed_without_their_secret_and_deleted() {
    let server = start();
    assert_eq!(
        get(&server, "/webhooks/endpoints/channel/ch_1").body,
        r#"{"data":null}"#
    );
    let created = endpoint(&server, "http://127.0.0.1:9/", json!([]));
    let listed = get(&server, "/webhooks/endpoints/channel/ch_1").json()["data"][0].clone();
    assert_eq!(listed["endpointId"], created["endpointId"]);
    assert!(listed.get("rawSecret").is_none());
    let id = created["endpointId"].as_str().expect("an id");
    let target = format!("/webhooks/endpoints/{id}");
    assert_eq!(send(&server, "DELETE", &target, json!({})).status, 200);
    assert_eq!(send(&server, "DELETE", &target, json!({})).status, 404);
    assert_eq!(
        get(&server, &format!("/webhooks/deliveries/{id}")).status,
        404
    );
    let invalid = post(
        &server,
        "/webhooks/endpoints",
        json!({ "channelId": "c", "url": "ftp://x" }),
    );
    assert_eq!(invalid.locations(), ["body.url"]);
}
