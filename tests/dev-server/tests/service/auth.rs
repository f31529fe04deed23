use axonpush_dev_server::{Config, KeyHeader};

use crate::client::{event, request, start, start_with};

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn both_names_of_the_key_header_are_accepted() {
    let server = start();
    for name in ["X-API-Key", "x-axonpush-api-key"] {
        assert_eq!(
            request(&server, "GET", "/apps", &[(name, "ak_anything")], "").status,
            200
        );
    }
}

#[test]
fn one_generation_of_the_service_reads_one_of_them() {
    let (old, new) = ("X-API-Key", "x-axonpush-api-key");
    for (only, other, key_header) in [
        (old, new, KeyHeader::ApiKey),
        (new, old, KeyHeader::AxonpushApiKey),
    ] {
        assert_eq!(only.to_uppercase().parse(), Ok(key_header));
        let server = start_with(Config {
            key_header: Some(key_header),
            ..Config::default()
        });
        let get = |headers: &[(&str, &str)]| request(&server, "GET", "/apps", headers, "");
        assert_eq!(get(&[(only, "ak_key")]).status, 200);
        assert_eq!(get(&[(other, "wrong"), (only, "ak_key")]).status, 200);
        let refused = get(&[(other, "ak_key")]);
        assert_eq!(refused.status, 401);
        let detail = refused.json()["detail"].to_string();
        assert!(detail.contains(&only.to_lowercase()), "{detail}");
        let token = [("X-Public-Token", "pt_token"), JSON];
        let body = event("e").to_string();
        assert_eq!(
            request(&server, "POST", "/event", &token, &body).status,
            200
        );
    }
    assert!("Authorization".parse::<KeyHeader>().is_err());
}

#[test]
fn without_a_valid_credential_the_response_is_401() {
    let server = start();
    for headers in [
        &[][..],
        &[("X-API-Key", "")],
        &[("X-API-Key", "something")],
        &[("X-API-Key", "pt_token")],
        &[("X-Public-Token", "ak_key")],
        &[("Authorization", "Bearer ak_key")],
    ] {
        let response = request(&server, "GET", "/apps", headers, "");
        assert_eq!(response.status, 401, "{headers:?}");
        assert_eq!(
            response.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(response.json()["status"], 401);
        assert_eq!(response.json()["instance"], "/apps");
    }
}

#[test]
fn a_named_key_is_the_only_one() {
    let server = start_with(Config {
        api_keys: vec!["ak_right".into()],
        ..Config::default()
    });
    let get = |key| request(&server, "GET", "/apps", &[("X-API-Key", key)], "").status;
    assert_eq!(
        (get("ak_right"), get("ak_wrong"), get("ak_righ")),
        (200, 401, 401)
    );
}

#[test]
fn a_public_token_can_publish_and_nothing_else() {
    let server = start();
    let headers = [("X-Public-Token", "pt_token"), JSON];
    let body = event("e").to_string();
    assert_eq!(
        request(&server, "POST", "/event", &headers, &body).status,
        200
    );
    for (method, target) in [
        ("GET", "/events"),
        ("GET", "/event"),
        ("POST", "/apps"),
        ("GET", "/nowhere"),
    ] {
        assert_eq!(
            request(&server, method, target, &headers, "").status,
            403,
            "{method} {target}"
        );
    }
}

#[test]
fn health_needs_no_credential() {
    let response = request(&start(), "GET", "/healthz", &[], "");
    assert_eq!(
        (response.status, &response.json()["status"]),
        (200, &"ok".into())
    );
}

#[test]
fn organizations_do_not_see_each_other() {
    let server = start();
    let body = event("mine").to_string();
    let tenant = |id| [("X-API-Key", "ak_k"), JSON, ("x-tenant-id", id)];
    request(&server, "POST", "/event", &tenant("1"), &body);
    let seen = |id| request(&server, "GET", "/events", &tenant(id), "").json()["events"].clone();
    assert_eq!(seen("1")[0]["orgId"], "1");
    assert!(seen("2").is_null());
}

#[test]
fn every_response_has_its_own_request_id() {
    let server = start();
    let ids: Vec<_> = ["/healthz", "/apps", "/nowhere", "/_dev/stats"]
        .iter()
        .map(|target| request(&server, "GET", target, &[], ""))
        .map(|response| {
            response
                .header("x-request-id")
                .expect("a request id")
                .to_owned()
        })
        .collect();
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
}

#[test]
fn unknown_paths_and_methods_are_told_apart() {
    let server = start();
    let key = [("X-API-Key", "ak_k")];
    assert_eq!(request(&server, "GET", "/nowhere", &key, "").status, 404);
    let response = request(&server, "DELETE", "/event", &key, "");
    assert_eq!(
        (response.status, response.header("allow")),
        (405, Some("POST"))
    );
    assert_eq!(response.json()["status"], 405);
}

#[test]
fn legacy_errors_are_envelopes() {
    let server = start_with(Config {
        legacy_errors: true,
        ..Config::default()
    });
    let response = request(&server, "GET", "/apps", &[], "");
    assert_eq!(response.header("content-type"), Some("application/json"));
    let body = response.json();
    assert_eq!(body["code"], "unauthorized");
    assert!(body["message"].is_string() && body["hint"].is_string());
    assert_eq!(body["requestId"].as_str(), response.header("x-request-id"));

    let response = request(
        &server,
        "POST",
        "/event",
        &[("X-API-Key", "ak_k"), JSON],
        r#"{"payload":1}"#,
    );
    let body = response.json();
    assert_eq!(
        (response.status, &body["code"]),
        (422, &"validation_error".into())
    );
    assert_eq!(
        body["message"].as_array().map(Vec::len),
        Some(2),
        "one message for each mistake: {body}"
    );
}
