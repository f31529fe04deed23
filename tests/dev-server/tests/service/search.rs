use axonpush_dev_server::{Config, Server};
use serde_json::json;

use crate::client::{KEY, event, events, get, names, publish, request, send, start, start_with};

#[test]
fn newest_comes_first_and_nothing_is_null() {
    let server = start();
    assert_eq!(get(&server, "/events").body, r#"{"events":null}"#);
    for name in ["one", "two", "three"] {
        publish(&server, event(name));
    }
    let found = events(&server, "");
    assert_eq!(names(&found), ["three", "two", "one"]);
    let times: Vec<_> = found
        .iter()
        .map(|it| it["createdAt"].as_str().expect("a time"))
        .collect();
    assert!(
        times.is_sorted_by(|newer, older| newer > older),
        "{times:?}"
    );
}

fn publish_every_kind(server: &Server) {
    publish(
        server,
        json!({
            "identifier": "tool", "payload": { "attributes": { "gen_ai.tool.name": "search", "retries": 2 } },
            "eventType": "agent.tool_call.end", "channel_id": "ch_a", "traceId": "t1", "agentId": "a1",
            "metadata": { "gen_ai.agent.name": "planner", "region": "Zürich \"1\"", "a.b": "c" },
        }),
    );
    publish(
        server,
        json!({
            "identifier": "failure", "payload": { "error.type": "Timeout", "error.message": "Too LATE" },
            "eventType": "app.span", "channel_id": "ch_b", "traceId": "t2",
        }),
    );
    publish(
        server,
        json!({
            "identifier": "log", "eventType": "app.log",
            "payload": { "severityNumber": 9, "body": "Grüße ÄÖ", "resource": { "service.name": "shop" },
                         "attributes": { "gen_ai.operation.name": "chat" } },
        }),
    );
}

#[test]
fn every_filter_selects() {
    let server = start();
    publish_every_kind(&server);
    let app_id = events(&server, "?channelId=ch_b")[0]["appId"].clone();
    for (query, expected) in [
        ("channelId=ch_a", &["tool"][..]),
        ("channelId=ch_", &[]),
        ("eventType=app.span", &["failure"]),
        ("source=app", &["log", "failure", "tool"]),
        ("source=otlp", &[]),
        ("status=error", &["failure"]),
        ("status=ok", &["log", "tool"]),
        ("traceId=t1", &["tool"]),
        ("agentId=a1", &["tool"]),
        ("agentName=planner", &["tool"]),
        ("toolName=search", &["tool"]),
        ("semanticKind=tool", &["tool"]),
        ("semanticKind=log", &["log"]),
        ("serviceName=shop", &["log"]),
        ("operationName=chat", &["log"]),
        ("operationName=failure", &["failure"]),
        ("errorType=Timeout", &["failure"]),
        ("appId=nowhere", &[]),
        ("environmentId=nowhere", &[]),
        ("attrKey=region&attrValue=Z%C3%BCrich+%221%22", &["tool"]),
        ("attrKey=a.b&attrValue=c", &["tool"]),
        ("attrKey=retries&attrValue=2", &["tool"]),
        ("attrKey=severityNumber&attrValue=9", &["log"]),
        ("attrKey=region&attrValue=z%C3%BCrich", &[]),
        ("q=too+late", &["failure"]),
        ("q=gr%C3%9C%C3%9FE", &["log"]),
        ("q=PLANNER", &["tool"]),
        ("q=%25", &[]),
        ("q=", &["log", "failure", "tool"]),
        ("traceId=t1&channelId=ch_b", &[]),
        ("nobody=asks", &["log", "failure", "tool"]),
    ] {
        assert_eq!(
            names(&events(&server, &format!("?{query}"))),
            expected,
            "{query}"
        );
    }
    let app_id = app_id.as_str().expect("an app id");
    assert_eq!(events(&server, &format!("?appId={app_id}")).len(), 3);
}

#[test]
fn members_are_derived_from_attributes() {
    let server = start();
    publish(
        &server,
        json!({
            "identifier": "llm",
            "payload": {
                "attributes": {
                    "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4, "gen_ai.request.model": "m1",
                    "gen_ai.provider.name": "p", "session.id": "s",
                },
                "durationMs": 12.5,
            },
            "metadata": { "user.id": "u" },
        }),
    );
    let event = events(&server, "").remove(0);
    for (member, value) in [
        ("inputTokens", json!(3)),
        ("outputTokens", json!(4)),
        ("totalTokens", json!(7)),
        ("durationMs", json!(12.5)),
        ("requestModel", json!("m1")),
        ("providerName", json!("p")),
        ("sessionId", json!("s")),
        ("userId", json!("u")),
        ("operationName", json!("llm")),
        ("status", json!("ok")),
    ] {
        assert_eq!(event[member], value, "{member}");
    }
    assert_eq!(event["attributes"]["user.id"], "u");
    assert!(event.get("toolName").is_none());
}

#[test]
fn environments_are_resolved() {
    let server = start();
    let environment = send(
        &server,
        "POST",
        "/environments",
        json!({ "name": "Staging" }),
    )
    .json();
    let id = environment["environmentId"].as_str().expect("an id");
    for slug in ["staging", "unregistered"] {
        let headers = [
            KEY,
            ("Content-Type", "application/json"),
            ("X-Axonpush-Environment", slug),
        ];
        request(
            &server,
            "POST",
            "/event",
            &headers,
            &event(slug).to_string(),
        );
    }
    publish(&server, event("none"));
    assert_eq!(
        names(&events(&server, &format!("?environmentId={id}"))),
        ["staging"]
    );
    assert_eq!(
        names(&events(&server, "?environmentId=unregistered")),
        ["unregistered"]
    );
    send(&server, "POST", "/environments/staging/promote", json!({}));
    publish(&server, event("default"));
    assert_eq!(
        names(&events(&server, &format!("?environmentId={id}"))),
        ["default", "staging"]
    );
}

#[test]
fn since_includes_and_until_excludes() {
    let server = start();
    let at = |time: &str| server.freeze_clock(Some(time));
    for minute in 0..3 {
        at(&format!("2026-01-01T00:0{minute}:00Z"));
        publish(&server, event(&minute.to_string()));
    }
    for (query, expected) in [
        ("since=2026-01-01T00:01:00Z", &["2", "1"][..]),
        ("until=2026-01-01T00:01:00Z", &["0"]),
        (
            "since=2026-01-01T00:01:00Z&until=2026-01-01T00:02:00Z",
            &["1"],
        ),
        ("since=2026-01-01T01:01:00.000%2B01:00", &["2", "1"]),
        ("since=2026-01-01T00:01:00.000000001Z", &["2"]),
        ("until=2026-01-01T00:01:00.000000001Z", &["1", "0"]),
    ] {
        assert_eq!(
            names(&events(&server, &format!("?{query}"))),
            expected,
            "{query}"
        );
    }
    // Without `since` the last 24 hours count.
    at("2026-01-02T00:01:00Z");
    assert_eq!(names(&events(&server, "")), ["2", "1"]);
}

#[test]
fn until_leads_through_all_pages_and_the_limit_is_bounded() {
    let server = start();
    for number in 0..60 {
        publish(&server, event(&number.to_string()));
    }
    assert_eq!(events(&server, "").len(), 50);
    let (mut seen, mut until) = (Vec::new(), String::new());
    loop {
        let page = events(&server, &format!("?limit=7{until}"));
        let Some(oldest) = page.last() else { break };
        until = format!("&until={}", oldest["createdAt"].as_str().expect("a time"));
        seen.extend(
            page.iter()
                .map(|it| it["identifier"].as_str().expect("a name").to_owned()),
        );
    }
    let expected: Vec<_> = (0..60).rev().map(|number| number.to_string()).collect();
    assert_eq!(seen, expected);
    assert_eq!(events(&server, "?limit=500").len(), 60);
}

#[test]
fn a_frozen_clock_gives_equal_times_in_a_stable_order() {
    let server = start();
    server.freeze_clock(Some("2026-01-01T00:00:00.5Z"));
    for name in ["a", "b", "c"] {
        publish(&server, event(name));
    }
    let found = events(&server, "");
    assert_eq!(names(&found), ["c", "b", "a"]);
    assert!(
        found
            .iter()
            .all(|it| it["createdAt"] == "2026-01-01T00:00:00.500000Z")
    );
    server.freeze_clock(None);
    publish(&server, event("d"));
    assert_eq!(
        names(&events(&server, "")),
        ["d"],
        "time runs again, and a day has passed"
    );
}

#[test]
fn malformed_queries_are_refused_by_location() {
    let server = start();
    for (query, location) in [
        ("limit=0", "query.limit"),
        ("limit=501", "query.limit"),
        ("limit=ten", "query.limit"),
        ("limit=-1", "query.limit"),
        ("since=yesterday", "query.since"),
        ("until=2026-01-01", "query.until"),
        ("attrKey=k", "query.attrKey"),
        ("attrValue=v", "query.attrKey"),
        ("q=%FF", "query"),
    ] {
        assert_eq!(
            get(&server, &format!("/events?{query}")).locations(),
            [location],
            "{query}"
        );
    }
}

#[test]
fn a_database_file_survives_the_server() {
    let directory =
        std::env::temp_dir().join(format!("axonpush-dev-server-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let config = Config {
        db: Some(directory.join("events.sqlite")),
        ..Config::default()
    };
    let keyed = json!({ "identifier": "kept", "payload": {}, "dedupKey": "k" });
    let first = publish(&start_with(config.clone()), keyed.clone());
    let server = start_with(config);
    assert_eq!(names(&events(&server, "")), ["kept"]);
    assert_eq!(publish(&server, keyed), first);
    drop(server);
    std::fs::remove_dir_all(directory).expect("the directory can be removed");
}
