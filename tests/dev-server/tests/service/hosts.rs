use axonpush_dev_server::{Config, Server};
use serde_json::json;

use crate::client::{
    KEY, Response, connect, event, events, get, publish, request, start, start_with,
};

/// A request that a page at `origin` makes the browser send; a page cannot choose `Host`.
fn from_page(server: &Server, method: &str, target: &str, origin: &str, body: &str) -> Response {
    let headers = [
        KEY,
        ("Origin", origin),
        ("Content-Type", "application/json"),
    ];
    request(server, method, target, &headers, body)
}

fn by_name(server: &Server, host: &str, target: &str) -> u16 {
    request(server, "GET", target, &[KEY, ("Host", host)], "").status
}

#[test]
fn a_foreign_host_is_refused_everywhere() {
    let server = start();
    let port = server.port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        String::new(),
    ] {
        for target in ["/events", "/healthz", "/_dev/requests", "/nowhere"] {
            assert_eq!(by_name(&server, &host, target), 421, "{host} {target}");
        }
    }
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8787"] {
        assert_eq!(by_name(&server, host, "/healthz"), 200, "{host}");
    }
    let absolute = |name: &str| by_name(&server, "localhost", &format!("http://{name}/healthz"));
    assert_eq!(absolute("evil.example"), 421);
    assert_eq!(absolute("localhost"), 200);
    let twice = [("Host", "localhost"), ("Host", "evil.example")];
    assert_eq!(request(&server, "GET", "/healthz", &twice, "").status, 421);
}

#[test]
fn a_foreign_page_cannot_change_anything() {
    let server = start();
    publish(&server, event("kept"));
    server.add_faults(json!({ "path": "/nowhere", "status": 500 }));
    let requests = server.requests().len();
    let fault = json!({ "status": 503, "times": 0 }).to_string();
    for origin in [
        "https://evil.example",
        "http://localhost.evil.example:3000",
        "null",
    ] {
        for (method, target, body) in [
            ("POST", "/_dev/reset", ""),
            ("POST", "/_dev/faults", fault.as_str()),
            ("DELETE", "/_dev/faults", ""),
            ("DELETE", "/_dev/requests", ""),
            (
                "POST",
                "/_dev/clock",
                r#"{"freeze":"2000-01-01T00:00:00Z"}"#,
            ),
            ("POST", "/_dev/close-idle", ""),
            ("POST", "/event", r#"{"identifier":"planted","payload":{}}"#),
            ("POST", "/apps", r#"{"name":"planted"}"#),
            ("DELETE", "/organizations/org_dev", ""),
            ("PATCH", "/organization", r#"{"name":"planted"}"#),
            ("PUT", "/apps/a/channels/c", r#"{"name":"planted"}"#),
        ] {
            let response = from_page(&server, method, target, origin, body);
            assert_eq!(response.status, 403, "{origin} {method} {target}");
            let detail = response.json()["detail"].to_string();
            assert!(detail.contains("--allow-host"), "{detail}");
        }
    }
    // Nothing of it was recorded or met a fault, either.
    assert_eq!(server.requests().len(), requests);
    assert_eq!(server.faults_left().as_array().map(Vec::len), Some(1));
    let kept = events(&server, "");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["identifier"], "kept");
    assert!(get(&server, "/apps").json()["apps"][0]["name"] != "planted");
}

#[test]
fn a_page_of_this_machine_may_change_things_and_any_page_may_read() {
    let server = start();
    for origin in [
        "http://localhost:3000",
        "http://127.0.0.1",
        "https://[::1]:5173",
    ] {
        let response = from_page(&server, "POST", "/apps", origin, r#"{"name":"a"}"#);
        assert_eq!(response.status, 201, "{origin}");
        assert_eq!(
            from_page(&server, "POST", "/_dev/reset", origin, "").status,
            200
        );
    }
    // The browser keeps what it reads from the page, since no response allows it to have it.
    let read = from_page(&server, "GET", "/events", "https://evil.example", "");
    assert_eq!(read.status, 200);
    assert_eq!(read.header("access-control-allow-origin"), None);
}

#[test]
fn further_names_can_be_allowed() {
    let server = start_with(Config {
        allowed_hosts: vec!["Dev.Example".into(), "192.0.2.7".into()],
        ..Config::default()
    });
    for (host, status) in [
        ("dev.example:443", 200),
        ("192.0.2.7:8787", 200),
        ("localhost", 200),
        ("sub.dev.example", 421),
        ("192.0.2.8", 421),
    ] {
        assert_eq!(by_name(&server, host, "/healthz"), status, "{host}");
    }
    let post = |origin| from_page(&server, "POST", "/_dev/reset", origin, "").status;
    assert_eq!(
        (post("https://dev.example"), post("https://evil.example")),
        (200, 403)
    );
}

#[test]
fn a_client_that_names_no_host_is_no_browser() {
    use std::io::Write;
    let server = start();
    let mut connection = connect(&server);
    connection
        .0
        .write_all(b"GET /healthz HTTP/1.0\r\n\r\n")
        .expect("a request");
    assert!(connection.read_to_end().0.starts_with("HTTP/1.0 200"));
}
