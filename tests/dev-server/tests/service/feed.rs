use std::io::Read;
use std::time::Duration;

use axonpush_dev_server::{Config, Server};
use serde_json::{Value, json};

use crate::client::{
    Connection, PATIENCE, connect, event, eventually, get, post, publish, request, send, start,
    start_with,
};

/// A reader of the feed.
struct Reader {
    connection: Connection<std::net::TcpStream>,
    /// What has arrived: chunks, each with its size on a line of its own.
    raw: Vec<u8>,
    /// What the chunks have in them, as far as it has not been read.
    text: String,
}

impl Reader {
    fn open(server: &Server, query: &str, headers: &[(&str, &str)]) -> Self {
        let mut connection = connect(server);
        connection
            .write("GET", &format!("/_dev/feed{query}"), headers, b"")
            .expect("a request");
        let response = connection.read().expect("a head");
        assert_eq!(response.header("content-type"), Some("text/event-stream"));
        let mut reader = Self {
            connection,
            raw: Vec::new(),
            text: String::new(),
        };
        assert_eq!(reader.block(), "retry: 500");
        reader
    }

    /// The lines up to the next blank one.
    fn block(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return block;
            }
            let mut bytes = [0; 4096];
            let count = self
                .connection
                .0
                .read(&mut bytes)
                .expect("more of the feed");
            assert!(count > 0, "the feed ended: {}", self.text);
            self.raw.extend_from_slice(&bytes[..count]);
            self.unpack();
        }
    }

    fn unpack(&mut self) {
        while let Some(line) = self.raw.windows(2).position(|it| it == b"\r\n") {
            let size = str::from_utf8(&self.raw[..line]).expect("a size");
            let size = usize::from_str_radix(size, 16).expect("a size");
            let (start, end) = (line + 2, line + 2 + size);
            if self.raw.len() < end + 2 {
                return;
            }
            self.text += str::from_utf8(&self.raw[start..end]).expect("whole characters");
            self.raw.drain(..end + 2);
        }
    }

    /// The next message: its id, its event and its data.
    fn next(&mut self) -> (String, String, Value) {
        let message = self.block();
        let line = |name: &str| {
            let mut lines = message.lines();
            let found = lines.find_map(|line| line.strip_prefix(name));
            found.unwrap_or_else(|| panic!("{message}")).to_owned()
        };
        let data = serde_json::from_str(&line("data: ")).expect("JSON");
        (line("id: "), line("event: "), data)
    }

    fn names(&mut self, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| {
                self.next().2["identifier"]
                    .as_str()
                    .expect("a name")
                    .to_owned()
            })
            .collect()
    }

    fn is_silent(&mut self) -> bool {
        self.connection
            .0
            .set_read_timeout(Some(Duration::from_millis(100)))
            .expect("a timeout");
        let silent = self.text.is_empty() && self.connection.0.read(&mut [0]).is_err();
        self.connection
            .0
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout");
        silent
    }
}

fn listed(server: &Server, query: &str) -> Value {
    let response = get(server, &format!("/_dev/events{query}"));
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

fn names(page: &Value) -> Vec<&str> {
    let events = page["events"].as_array().expect("events").iter();
    events
        .map(|it| it["identifier"].as_str().expect("a name"))
        .collect()
}

#[test]
fn events_come_as_they_are_published() {
    let server = start();
    publish(&server, event("before"));
    let mut reader = Reader::open(&server, "", &[]);
    publish(
        &server,
        json!({ "identifier": "one", "payload": { "line": "a\nb" }, "traceId": "t", "eventType": "app.log" }),
    );
    let (id, name, data) = reader.next();
    assert!(id.ends_with(".2"), "{id}");
    assert_eq!(name, "event");
    assert_eq!(
        (
            &data["number"],
            &data["identifier"],
            &data["traceId"],
            &data["semanticKind"]
        ),
        (&json!(2), &json!("one"), &json!("t"), &json!("log"))
    );
    assert!(data.get("payload").is_none() && data.get("spanId").is_none());
    publish(&server, event("two"));
    assert_eq!(reader.names(1), ["two"]);
    assert!(reader.is_silent());
}

#[test]
fn a_reader_that_was_away_misses_and_doubles_nothing() {
    let server = start();
    let cursor = listed(&server, "")["cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    for number in 0..450 {
        publish(&server, event(&number.to_string()));
    }
    let expected: Vec<_> = (0..450).map(|it| it.to_string()).collect();
    let mut reader = Reader::open(&server, &format!("?after={cursor}"), &[]);
    let mut last = String::new();
    let mut seen = Vec::new();
    for _ in 0..300 {
        let (id, _, data) = reader.next();
        last = id;
        seen.push(data["identifier"].as_str().expect("a name").to_owned());
    }
    drop(reader);
    // What a browser sends when it connects again; it wins over the query of the first time.
    let mut reader = Reader::open(
        &server,
        &format!("?after={cursor}"),
        &[("Last-Event-ID", &last)],
    );
    seen.extend(reader.names(150));
    assert_eq!(seen, expected);
    assert!(reader.is_silent());
    assert_eq!(
        get(&server, "/_dev/feed?after=nonsense").locations(),
        ["query.after"]
    );
}

#[test]
fn the_feed_shows_what_matches() {
    let server = start();
    let mut reader = Reader::open(
        &server,
        "?eventType=app.log&attr.region=eu&attr.region=us",
        &[],
    );
    for (name, kind, region) in [
        ("a", "app.log", "eu"),
        ("b", "custom", "eu"),
        ("c", "app.log", "asia"),
        ("d", "app.log", "us"),
    ] {
        publish(
            &server,
            json!({ "identifier": name, "payload": { "region": region }, "eventType": kind }),
        );
    }
    assert_eq!(reader.names(2), ["a", "d"]);
}

#[test]
fn readers_are_told_that_what_they_saw_is_gone() {
    let server = start();
    publish(&server, event("old"));
    let before = listed(&server, "")["cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    let mut reader = Reader::open(&server, "", &[]);
    server.reset();
    publish(&server, event("new"));
    let (_, name, _) = reader.next();
    assert_eq!(name, "cleared");
    assert_eq!(names(&listed(&server, "")), ["new"]);
    publish(&server, event("newer"));
    // Between the two the page has read the list; what it has already, it knows by its number.
    let mut after = reader.names(1);
    if after == ["new"] {
        after = reader.names(1);
    }
    assert_eq!(after, ["newer"]);

    // A reader that was away while it happened, and one that has the cursor of another server.
    let mut late = Reader::open(&server, &format!("?after={before}"), &[]);
    assert_eq!(late.next().1, "cleared");
    let mut stranger = Reader::open(&start(), &format!("?after={before}"), &[]);
    assert_eq!(stranger.next().1, "cleared");
}

#[test]
fn streams_end_when_the_server_stops() {
    let server = start();
    let mut reader = Reader::open(&server, "", &[]);
    drop(server);
    let (rest, end) = reader.connection.read_to_end();
    end.expect("a clean end");
    assert_eq!(rest, "0\r\n\r\n", "it ended by itself, and was not cut off");
}

#[test]
fn a_reader_that_leaves_is_forgotten() {
    let server = start();
    drop(Reader::open(&server, "", &[]));
    eventually("the end of the connection", || {
        (server.stats()["connectionsOpen"] == 0).then_some(())
    });
}

#[test]
fn a_database_keeps_its_numbers() {
    let directory = std::env::temp_dir().join(format!("axonpush-dev-feed-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let config = Config {
        db: Some(directory.join("events.sqlite")),
        ..Config::default()
    };
    let server = start_with(config.clone());
    publish(&server, event("one"));
    let cursor = listed(&server, "")["cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    drop(server);
    let server = start_with(config);
    publish(&server, event("two"));
    assert_eq!(
        Reader::open(&server, &format!("?after={cursor}"), &[]).names(1),
        ["two"]
    );
    drop(server);
    std::fs::remove_dir_all(directory).expect("the directory can be removed");
}

#[test]
fn the_list_goes_back_by_number_and_over_all_organizations() {
    let server = start();
    for number in 0..5 {
        let tenant = [
            crate::client::KEY,
            ("Content-Type", "application/json"),
            ("x-tenant-id", if number % 2 == 0 { "1" } else { "2" }),
        ];
        request(
            &server,
            "POST",
            "/event",
            &tenant,
            &event(&number.to_string()).to_string(),
        );
    }
    let page = listed(&server, "?limit=2");
    assert_eq!(
        (names(&page), &page["more"]),
        (vec!["4", "3"], &json!(true))
    );
    let page = listed(&server, "?limit=2&before=4");
    assert_eq!(
        (names(&page), &page["more"]),
        (vec!["2", "1"], &json!(true))
    );
    let page = listed(&server, "?limit=2&before=2");
    assert_eq!((names(&page), &page["more"]), (vec!["0"], &json!(false)));
    let page = listed(&server, "?limit=2&after=1");
    assert_eq!(
        (names(&page), &page["more"]),
        (vec!["2", "1"], &json!(true))
    );
    assert_eq!(names(&listed(&server, "?orgId=2")), ["3", "1"]);
    assert_eq!(
        get(&server, "/_dev/events?limit=501").locations(),
        ["query.limit"]
    );

    let whole = get(&server, "/_dev/events/4").json();
    assert_eq!(
        (&whole["identifier"], &whole["payload"]),
        (&json!("3"), &json!({}))
    );
    assert_eq!(get(&server, "/_dev/events/99").status, 404);
    assert_eq!(get(&server, "/_dev/events/x").locations(), ["path"]);
    assert!(
        server.requests().iter().all(|it| it["target"] == "/event"),
        "looking is not recorded"
    );
}

#[test]
fn events_add_up_and_offer_their_values() {
    let server = start();
    assert_eq!(
        get(&server, "/_dev/totals").json()["totalTokens"],
        Value::Null
    );
    for (name, of) in [
        (
            "a",
            json!({ "gen_ai.usage.total_tokens": 5, "cost_usd": 0.5, "region": "eu" }),
        ),
        (
            "a",
            json!({ "gen_ai.usage.total_tokens": 2, "error.type": "E", "region": "eu" }),
        ),
        ("b", json!({ "region": "us" })),
    ] {
        publish(
            &server,
            json!({ "identifier": name, "payload": of, "traceId": name }),
        );
    }
    assert_eq!(
        get(&server, "/_dev/totals").json(),
        json!({ "events": 3, "errors": 1, "traces": 2, "totalTokens": 7, "costUsd": 0.5 })
    );
    assert_eq!(
        get(&server, "/_dev/totals?attr.region=us").json()["events"],
        1
    );
    assert_eq!(
        get(&server, "/_dev/attributes").json()["attributes"][0],
        "region"
    );
    let values =
        |name: &str| get(&server, &format!("/_dev/values/{name}")).json()["values"].clone();
    assert_eq!(
        values("identifier"),
        json!([{ "value": "a", "count": 2 }, { "value": "b", "count": 1 }])
    );
    assert_eq!(
        values("attr.region"),
        json!([{ "value": "eu", "count": 2 }, { "value": "us", "count": 1 }])
    );
    assert_eq!(values("attr.nothing"), json!([]));
    assert_eq!(get(&server, "/_dev/values/nothing").status, 404);
}

#[test]
fn runs_are_listed_with_what_they_took() {
    let server = start();
    for (name, second, parent, of) in [
        (
            "child",
            1,
            Some("s"),
            json!({ "duration_ms": 500, "error.type": "E" }),
        ),
        (
            "root",
            0,
            None,
            json!({ "duration_ms": 1000, "gen_ai.usage.total_tokens": 5 }),
        ),
    ] {
        let mut it = json!({ "identifier": name, "payload": of, "traceId": "a/b", "occurredAt": format!("2026-01-01T00:00:0{second}Z") });
        if let Some(parent) = parent {
            it["parentSpanId"] = parent.into();
        }
        publish(&server, it);
    }
    publish(
        &server,
        json!({ "identifier": "other", "payload": {}, "traceId": "c" }),
    );
    publish(&server, event("alone"));
    let runs = get(&server, "/_dev/traces").json()["traces"].clone();
    assert_eq!(
        (&runs[0]["traceId"], runs.as_array().map(Vec::len)),
        (&json!("c"), Some(2))
    );
    for (member, value) in [
        ("name", json!("root")),
        ("events", json!(2)),
        ("errors", json!(1)),
        ("totalTokens", json!(5)),
        ("durationMs", json!(1500.0)),
        ("startedAt", json!("2026-01-01T00:00:00.000000Z")),
        ("newest", json!(2)),
    ] {
        assert_eq!(runs[1][member], value, "{member}");
    }
    assert_eq!(
        get(&server, "/_dev/traces?status=error").json()["traces"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let run = get(&server, "/_dev/traces/org_dev/a%2Fb").json();
    assert_eq!(run["more"], false);
    assert_eq!(
        (
            &run["events"][0]["number"],
            &run["events"][0]["event"]["identifier"]
        ),
        (&json!(2), &json!("root"))
    );
    assert_eq!(
        get(&server, "/_dev/traces/other/c").json()["events"],
        json!([])
    );
}

#[test]
fn only_the_newest_events_are_kept_where_there_is_a_limit() {
    let server = start_with(Config {
        event_limit: Some(3),
        ..Config::default()
    });
    for number in 0..5 {
        publish(&server, event(&number.to_string()));
    }
    assert_eq!(names(&listed(&server, "")), ["4", "3", "2"]);
    assert_eq!(server.stats()["storedEvents"], 3);
}

#[test]
fn the_attempts_of_an_event_are_joined_by_its_dedup_key() {
    let server = start();
    server.add_faults(json!({ "path": "/event", "status": 503, "times": 2 }));
    let body = json!({ "identifier": "e", "payload": {}, "dedupKey": "k \"1\"" });
    for _ in 0..3 {
        post(&server, "/event", body.clone());
    }
    publish(&server, event("another"));
    let found = get(&server, "/_dev/requests?key=k+%221%22").json()["requests"].clone();
    let outcomes: Vec<_> = found
        .as_array()
        .expect("requests")
        .iter()
        .map(|it| &it["outcome"])
        .collect();
    assert_eq!(outcomes, ["fault: status", "fault: status", "answered"]);
    assert!(
        found[0]["time"].as_str() > Some("2026") && found[0]["durationMs"].as_f64() > Some(0.0),
        "{found}"
    );
    let last = get(&server, "/_dev/requests?limit=2").json()["requests"].clone();
    assert_eq!(
        (&last[0]["number"], &last[1]["number"]),
        (&json!(3), &json!(4))
    );
}

#[test]
fn an_export_can_be_imported() {
    let server = start();
    let payload = r#"{"z":1.50,"a":12345678901234567890123,"duration_ms":3}"#;
    let text = format!(
        r#"{{"identifier":"e","payload":{payload},"metadata":{{"m":1}},"dedupKey":"k","traceId":"t","occurredAt":"2026-01-02T03:04:05Z"}}"#
    );
    let tenant = [
        crate::client::KEY,
        ("Content-Type", "application/json"),
        ("x-tenant-id", "7"),
    ];
    request(&server, "POST", "/event", &tenant, &text);
    for number in 0..450 {
        publish(&server, event(&number.to_string()));
    }
    let mut connection = connect(&server);
    connection
        .write("GET", "/_dev/export", &[("Connection", "close")], b"")
        .expect("a request");
    let (whole, _) = connection.read_to_end();
    // Chunked: the sizes stand on lines of their own.
    let (_, body) = whole.split_once("\r\n\r\n").expect("a body");
    let mut exported = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a size");
        exported += &after[..size];
        rest = &after[(size + 2).min(after.len())..];
    }
    assert!(exported.contains(payload), "to the letter");

    let other = start();
    let import = || request(&other, "POST", "/_dev/import", &[], &exported).json();
    assert_eq!(import(), json!({ "imported": 451, "known": 0 }));
    assert_eq!(names(&listed(&other, "?limit=2")), ["449", "448"]);
    let it = listed(&other, "?orgId=7")["events"][0].clone();
    let whole = get(&other, &format!("/_dev/events/{}", it["number"])).json();
    assert_eq!(
        (
            &whole["occurredAt"],
            &whole["traceId"],
            &whole["durationMs"]
        ),
        (&json!("2026-01-02T03:04:05Z"), &json!("t"), &json!(3.0))
    );
    assert_eq!(whole["metadata"], json!({ "m": 1 }));
    // Those with a dedup key are known by now.
    assert_eq!(import(), json!({ "imported": 450, "known": 1 }));
    for wrong in ["", "[]", r#"{"events":[{}]}"#] {
        assert_eq!(
            request(&other, "POST", "/_dev/import", &[], wrong).status,
            422,
            "{wrong}"
        );
    }
}

#[test]
fn the_page_is_there_with_a_strict_policy() {
    let server = start();
    let page = request(&server, "GET", "/", &[], "");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(page.body.starts_with("<!doctype html>"));
    let files: Vec<&str> = page
        .body
        .split('"')
        .filter(|it| it.starts_with("/_page/"))
        .collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files.into_iter().chain(["/"]) {
        let response = request(&server, "GET", file, &[], "");
        assert_eq!(response.status, 200, "{file}");
        let policy = response
            .header("content-security-policy")
            .expect("a policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
    // Every module that one of them imports is there.
    let mut waiting = vec!["main.js".to_owned()];
    let mut seen = Vec::new();
    while let Some(name) = waiting.pop() {
        if seen.contains(&name) {
            continue;
        }
        let response = request(&server, "GET", &format!("/_page/{name}"), &[], "");
        assert_eq!(
            (response.status, response.header("content-type")),
            (200, Some("text/javascript; charset=utf-8")),
            "{name}"
        );
        waiting.extend(
            response
                .body
                .split("from './")
                .skip(1)
                .filter_map(|it| Some(it.split_once('\'')?.0.to_owned())),
        );
        seen.push(name);
    }
    assert!(seen.len() > 10, "{seen:?}");
    assert_eq!(send(&server, "POST", "/", json!({})).status, 405);
    assert_eq!(
        request(&server, "GET", "/_page/nothing.js", &[], "").status,
        401
    );
    assert!(
        server.requests().iter().all(|it| it["target"] != "/"),
        "the page is no part of the service"
    );
    assert_eq!(
        request(&server, "GET", "/_dev/about", &[], "").json()["apiKey"],
        "ak_dev"
    );
    let keyed = start_with(Config {
        api_keys: vec!["pt_t".into(), "ak_mine".into()],
        ..Config::default()
    });
    assert_eq!(
        request(&keyed, "GET", "/_dev/about", &[], "").json()["apiKey"],
        "ak_mine"
    );
}
