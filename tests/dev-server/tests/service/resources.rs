use axonpush_dev_server::Config;
use axum::http::StatusCode;
use serde_json::json;

use crate::client::{event, get, post, publish, send, start, start_with};

#[test]
fn apps_come_change_and_go() {
    let server = start();
    assert_eq!(get(&server, "/apps").body, r#"{"apps":null}"#);
    let created = post(&server, "/apps", json!({ "name": "Shop" }));
    assert_eq!(created.status, 201);
    let app = created.json();
    let target = format!("/apps/{}", app["appId"].as_str().expect("an id"));
    assert_eq!(get(&server, &target).json(), app);
    assert_eq!(get(&server, "/apps").json()["apps"], json!([app]));
    assert_eq!(
        send(&server, "PATCH", &target, json!({ "name": "Store" })).json()["name"],
        "Store"
    );
    assert_eq!(
        post(&server, "/apps", json!({ "nmae": "Shop" }))
            .locations()
            .len(),
        2
    );
    assert_eq!(
        send(&server, "DELETE", &target, json!({})).json(),
        json!({ "ok": true })
    );
    for (method, body) in [("GET", ""), ("DELETE", "")] {
        assert_eq!(
            crate::client::request(&server, method, &target, &[crate::client::KEY], body).status,
            404
        );
    }
    assert_eq!(
        send(&server, "PATCH", &target, json!({ "name": "Store" })).status,
        404
    );
}

#[test]
fn channels_belong_to_their_app() {
    let server = start();
    let app = |name| post(&server, "/apps", json!({ "name": name })).json()["appId"].clone();
    let (mine, other) = (app("mine"), app("other"));
    let under =
        |app: &serde_json::Value| format!("/apps/{}/channels", app.as_str().expect("an id"));
    let channel = post(&server, &under(&mine), json!({ "name": "orders" })).json();
    let id = channel["channelId"].as_str().expect("an id");
    let target = format!("{}/{id}", under(&mine));
    assert_eq!(get(&server, &target).json(), channel);
    assert_eq!(
        get(&server, &under(&mine)).json()["channels"],
        json!([channel])
    );
    assert!(get(&server, &under(&other)).json()["channels"].is_null());
    assert_eq!(get(&server, &format!("{}/{id}", under(&other))).status, 404);
    assert_eq!(
        send(&server, "PUT", &target, json!({ "name": "o2" })).json()["name"],
        "o2"
    );
    assert_eq!(
        post(&server, "/apps/nowhere/channels", json!({ "name": "x" })).status,
        404
    );

    publish(
        &server,
        json!({ "identifier": "e", "payload": {}, "channel_id": id }),
    );
    let event = &get(&server, &format!("/events?channelId={id}")).json()["events"][0];
    assert_eq!(event["appId"], mine);

    send(
        &server,
        "DELETE",
        &format!("/apps/{}", mine.as_str().expect("an id")),
        json!({}),
    );
    assert_eq!(
        get(&server, &target).status,
        404,
        "channels go with their app"
    );
}

#[test]
fn environments_have_one_default() {
    let server = start();
    let first = post(
        &server,
        "/environments",
        json!({ "name": "My Staging!", "isDefault": true }),
    );
    assert_eq!(first.status, 201);
    assert_eq!(
        (&first.json()["slug"], &first.json()["isDefault"]),
        (&json!("my-staging"), &json!(true))
    );
    post(
        &server,
        "/environments",
        json!({ "name": "Production", "slug": "prod", "isProduction": true }),
    );
    assert_eq!(
        post(
            &server,
            "/environments",
            json!({ "name": "x", "slug": "prod" })
        )
        .status,
        409
    );

    let changed = send(
        &server,
        "PATCH",
        "/environments/prod",
        json!({ "color": "#fff" }),
    )
    .json();
    assert_eq!(
        (&changed["color"], &changed["isProduction"]),
        (&json!("#fff"), &json!(true))
    );
    assert_eq!(
        post(&server, "/environments/prod/promote", json!({})).json()["isDefault"],
        true
    );
    let listed = get(&server, "/environments").json();
    let defaults: Vec<_> = listed["environments"]
        .as_array()
        .expect("environments")
        .iter()
        .filter(|it| it["isDefault"] == true)
        .map(|it| &it["slug"])
        .collect();
    assert_eq!(defaults, ["prod"]);
    assert_eq!(
        send(&server, "DELETE", "/environments/prod", json!({})).status,
        200
    );
    assert_eq!(
        post(&server, "/environments/prod/promote", json!({})).status,
        404
    );
}

#[test]
fn organizations_have_members_invitations_and_an_owner() {
    let server = start();
    let mine = get(&server, "/users/me/organizations").json();
    assert_eq!(mine["organizations"][0]["role"], "owner");
    let id = mine["organizations"][0]["organization"]["orgId"]
        .as_str()
        .expect("an id");
    let at = |rest: &str| format!("/organizations/{id}{rest}");

    let renamed = send(
        &server,
        "PATCH",
        "/organization",
        json!({ "description": "d" }),
    )
    .json();
    assert_eq!(
        (&renamed["description"], &renamed["orgId"]),
        (&json!("d"), &json!(id))
    );
    assert_eq!(get(&server, "/organization").json(), renamed);

    let invitation = post(
        &server,
        &at("/invitations"),
        json!({ "invitedEmail": "a@b.c", "role": "user" }),
    );
    assert_eq!(invitation.status, 201);
    let invitation = at(&format!(
        "/invitations/{}",
        invitation.json()["invitationId"].as_str().expect("an id")
    ));
    assert_eq!(send(&server, "DELETE", &invitation, json!({})).status, 200);
    assert_eq!(send(&server, "DELETE", &invitation, json!({})).status, 404);
    let nobody = post(
        &server,
        &at("/invitations"),
        json!({ "invitedEmail": "a@b.c", "role": "king" }),
    );
    assert_eq!(nobody.locations(), ["body.role"]);

    assert_eq!(
        post(&server, &at("/leave"), json!({})).status,
        409,
        "the owner cannot leave"
    );
    let transfer = |user| {
        post(
            &server,
            &at("/transfer-ownership"),
            json!({ "userId": user }),
        )
        .status
    };
    assert_eq!(
        (transfer("stranger"), transfer("user_colleague")),
        (404, 200)
    );
    assert_eq!(post(&server, &at("/leave"), json!({})).status, 200);
    assert!(get(&server, "/users/me/organizations").json()["organizations"].is_null());
    assert_eq!(
        send(&server, "DELETE", &at("/members/user_dev"), json!({})).status,
        404
    );
    assert_eq!(
        send(&server, "DELETE", "/organizations/nowhere", json!({})).status,
        404
    );

    publish(&server, crate::client::event("e"));
    assert_eq!(send(&server, "DELETE", &at(""), json!({})).status, 200);
    assert!(
        crate::client::events(&server, "").is_empty(),
        "events go with their organization"
    );
}

#[test]
fn a_hostile_id_stays_one_id() {
    let server = start();
    for (encoded, id) in [
        ("a%2Fb%3Fc", "a/b?c"),
        ("..%2Fadmin", "../admin"),
        ("%2E%2E", ".."),
        ("%20%23%25", " #%"),
        ("%C3%A9", "é"),
        ("a+b", "a+b"),
    ] {
        for (method, target) in [
            ("GET", format!("/apps/{encoded}")),
            ("GET", format!("/apps/{encoded}/channels")),
            ("GET", format!("/traces/{encoded}")),
            ("DELETE", format!("/environments/{encoded}")),
            ("GET", format!("/webhooks/deliveries/{encoded}")),
        ] {
            let response =
                crate::client::request(&server, method, &target, &[crate::client::KEY], "");
            assert_eq!(response.status, 404, "{target}");
            let detail = response.json()["detail"].clone();
            assert!(
                detail
                    .as_str()
                    .is_some_and(|it| it.ends_with(&format!("`{id}`"))),
                "{target}: {detail}"
            );
        }
        publish(
            &server,
            json!({ "identifier": "e", "payload": {}, "traceId": id }),
        );
        assert_eq!(
            get(&server, &format!("/traces/{encoded}")).json()["traceId"],
            id
        );
    }
    assert_eq!(get(&server, "/apps/%FF").locations(), ["path"]);
}

#[test]
fn what_is_created_has_the_status_that_was_chosen() {
    for (created, for_events, for_others) in [
        (None, 200, 201),
        (Some(StatusCode::OK), 200, 200),
        (Some(StatusCode::CREATED), 201, 201),
    ] {
        let server = start_with(Config {
            created,
            ..Config::default()
        });
        let create = |target: &str, body: serde_json::Value| post(&server, target, body);
        let app = create("/apps", json!({ "name": "a" }));
        let channels = format!(
            "/apps/{}/channels",
            app.json()["appId"].as_str().expect("an id")
        );
        let invitation = json!({ "invitedEmail": "a@b.c", "role": "user" });
        let webhook = json!({ "channelId": "c", "url": "http://127.0.0.1:9/" });
        for (response, expected) in [
            (create("/event", event("e")), for_events),
            (app, for_others),
            (create(&channels, json!({ "name": "c" })), for_others),
            (create("/environments", json!({ "name": "e" })), for_others),
            (
                create("/organizations/org_dev/invitations", invitation),
                for_others,
            ),
            (create("/webhooks/endpoints", webhook), for_others),
            // Neither reading nor refusing creates anything.
            (create("/event", json!({})), 422),
            (get(&server, "/apps"), 200),
            (create("/organizations/org_dev/leave", json!({})), 409),
            (create("/environments/e/promote", json!({})), 200),
        ] {
            assert_eq!(response.status, expected, "{created:?}: {response:?}");
        }
    }
}

#[test]
fn capabilities_are_told() {
    let capabilities = get(&start(), "/capabilities").json();
    assert_eq!(capabilities["featureFlags"]["environments"], true);
}
