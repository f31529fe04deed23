//! Webhook endpoints, and the deliveries to them.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::routing::{delete, get, post};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::auth::Caller;
use crate::body::Members;
use crate::clock;
use crate::hosts::is_loopback;
use crate::ingest::NewEvent;
use crate::path::Ids;
use crate::problem::Problem;
use crate::response::{Outcome, created, list, ok};
use crate::shared::Shared;
use crate::store::{affected, new_id};

const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/webhooks/endpoints", post(create))
        .route("/webhooks/endpoints/channel/{channel_id}", get(index))
        .route("/webhooks/endpoints/{endpoint_id}", delete(remove))
        .route("/webhooks/deliveries/{endpoint_id}", get(deliveries))
}

struct Endpoint {
    endpoint_id: String,
    org_id: String,
    channel_id: String,
    url: String,
    event_types: Vec<String>,
    description: Option<String>,
    secret: String,
    created_at: i64,
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Outcome {
    let mut members = Members::read(&body)?;
    let endpoint = Endpoint {
        endpoint_id: new_id("whe"),
        org_id: caller.org_id,
        channel_id: members.required_text("channelId"),
        url: members.required_text("url"),
        event_types: members.strings("eventTypes").unwrap_or_default(),
        description: members.text("description"),
        secret: new_id("whsec"),
        created_at: shared.clock.now(),
    };
    let is_web =
        |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    if !endpoint.url.parse::<Uri>().is_ok_and(|uri| is_web(&uri)) {
        members.reject("url", "expected an http:// or https:// URL", None);
    }
    members.finish()?;
    shared.store.with(|db| endpoint.insert(db))?;
    let mut json = endpoint.to_json();
    // Shown once, here.
    json["rawSecret"] = endpoint.secret.into();
    created(&json)
}

async fn index(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(channel_id): Ids<String>,
) -> Outcome {
    let endpoints = shared
        .store
        .with(|db| Endpoint::of_channel(db, &caller.org_id, &channel_id))?;
    list("data", endpoints.iter().map(Endpoint::to_json).collect())
}

async fn remove(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(endpoint_id): Ids<String>,
) -> Outcome {
    shared.store.with(|db| {
        let rows = db.execute(
            "DELETE FROM webhook_endpoints WHERE org_id = ? AND endpoint_id = ?",
            params![caller.org_id, endpoint_id],
        )?;
        affected(rows, "webhook endpoint", &endpoint_id)?;
        db.execute(
            "DELETE FROM webhook_deliveries WHERE endpoint_id = ?",
            params![endpoint_id],
        )?;
        Ok::<_, Problem>(())
    })?;
    ok(&json!({ "message": "endpoint deleted" }))
}

async fn deliveries(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(endpoint_id): Ids<String>,
) -> Outcome {
    let deliveries = shared.store.with(|db| {
        let known = db
            .query_one(
                "SELECT 1 FROM webhook_endpoints WHERE org_id = ? AND endpoint_id = ?",
                params![caller.org_id, endpoint_id],
                |_| Ok(()),
            )
            .optional()?;
        if known.is_none() {
            return Err(Problem::not_found("webhook endpoint", &endpoint_id));
        }
        db.prepare_cached(
            "SELECT * FROM webhook_deliveries WHERE endpoint_id = ? ORDER BY created_at DESC, rowid DESC",
        )?
        .query_map(params![endpoint_id], delivery_to_json)?
        .collect::<rusqlite::Result<Vec<_>>>()
        .map_err(Problem::from)
    });
    list("data", deliveries?)
}

impl Endpoint {
    fn insert(&self, db: &Connection) -> rusqlite::Result<()> {
        db.execute(
            "INSERT INTO webhook_endpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                self.endpoint_id,
                self.org_id,
                self.channel_id,
                self.url,
                json!(self.event_types).to_string(),
                self.description,
                self.secret,
                self.created_at,
            ],
        )?;
        Ok(())
    }

    fn of_channel(db: &Connection, org_id: &str, channel_id: &str) -> rusqlite::Result<Vec<Self>> {
        db.prepare_cached(
            "SELECT * FROM webhook_endpoints WHERE org_id = ? AND channel_id = ? ORDER BY created_at, rowid",
        )?
        .query_map(params![org_id, channel_id], |row| {
            Ok(Self {
                endpoint_id: row.get("endpoint_id")?,
                org_id: row.get("org_id")?,
                channel_id: row.get("channel_id")?,
                url: row.get("url")?,
                event_types: serde_json::from_str(&row.get::<_, String>("event_types")?)
                    .unwrap_or_default(),
                description: row.get("description")?,
                secret: row.get("secret")?,
                created_at: row.get("created_at")?,
            })
        })?
        .collect()
    }

    fn wants(&self, event_type: &str) -> bool {
        self.event_types.is_empty() || self.event_types.iter().any(|it| it == event_type)
    }

    fn to_json(&self) -> Value {
        let mut json = json!({
            "endpointId": self.endpoint_id,
            "orgId": self.org_id,
            "channelId": self.channel_id,
            "url": self.url,
            "eventTypes": (!self.event_types.is_empty()).then_some(&self.event_types),
            "active": true,
            "hasSecret": true,
            "createdAt": clock::format(self.created_at),
        });
        if let Some(description) = &self.description {
            json["description"] = description.as_str().into();
        }
        json
    }
}

fn delivery_to_json(row: &Row<'_>) -> rusqlite::Result<Value> {
    let mut json = json!({
        "deliveryId": row.get::<_, String>("delivery_id")?,
        "endpointId": row.get::<_, String>("endpoint_id")?,
        "eventId": row.get::<_, String>("event_id")?,
        "status": row.get::<_, String>("status")?,
        "attempts": 1,
        "createdAt": clock::format(row.get("created_at")?),
    });
    if let Some(code) = row.get::<_, Option<u16>>("status_code")? {
        json["statusCode"] = code.into();
    }
    if let Some(error) = row.get::<_, Option<String>>("error")? {
        json["error"] = error.into();
    }
    Ok(json)
}

/// Delivers an event to the endpoints of its channel, in the background, once each.
pub fn deliver(shared: Arc<Shared>, org_id: String, event: NewEvent) {
    tokio::spawn(async move {
        let endpoints = shared
            .store
            .with(|db| Endpoint::of_channel(db, &org_id, &event.channel_id));
        let endpoints = match endpoints {
            Ok(endpoints) => endpoints,
            Err(error) => {
                return eprintln!(
                    "axonpush-dev-server: webhooks of {}: {error}",
                    event.channel_id
                );
            }
        };
        for endpoint in endpoints.iter().filter(|it| it.wants(&event.event_type)) {
            let sending = send(endpoint, &event.document);
            let outcome = match tokio::time::timeout(DELIVERY_TIMEOUT, sending).await {
                Ok(outcome) => outcome,
                Err(_) => Err("timed out".into()),
            };
            if let Err(error) = record(&shared, endpoint, &event.event_id, outcome) {
                eprintln!(
                    "axonpush-dev-server: delivery to {}: {error}",
                    endpoint.endpoint_id
                );
            }
        }
    });
}

/// The status of the response, or why the endpoint was not reached.
async fn send(endpoint: &Endpoint, document: &str) -> Result<u16, String> {
    let uri: Uri = endpoint.url.parse().map_err(|error| format!("{error}"))?;
    let host = uri.host().unwrap_or("");
    if !is_loopback(host) {
        return Err("not delivered: the development server only calls loopback addresses".into());
    }
    if uri.scheme_str() != Some("http") {
        return Err("not delivered: the development server only speaks http:// to webhooks".into());
    }
    let address = (host.trim_matches(['[', ']']), uri.port_u16().unwrap_or(80));
    let tcp = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    let (mut sender, conversation) = http1::handshake(TokioIo::new(tcp))
        .await
        .map_err(|error| error.to_string())?;
    let request = Request::post(uri.path_and_query().map_or("/", |it| it.as_str()))
        .header(header::HOST, uri.authority().map_or("", |it| it.as_str()))
        .header(header::CONTENT_TYPE, "application/json")
        .header(
            "x-axonpush-signature",
            signature(&endpoint.secret, document.as_bytes()),
        )
        .body(Full::new(Bytes::from(document.to_owned())))
        .map_err(|error| error.to_string())?;
    // The set ends the conversation when this function is left, also by a timeout. Its own outcome is of no interest:
    // a peer that responds and hangs up at once has responded.
    let mut conversations = JoinSet::new();
    conversations.spawn(conversation);
    let response = sender.send_request(request).await;
    response
        .map(|it| it.status().as_u16())
        .map_err(|error| error.to_string())
}

/// Lower-case hex HMAC-SHA256 of the body under the endpoint's secret.
fn signature(secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    mac.finalize()
        .into_bytes()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn record(
    shared: &Shared,
    endpoint: &Endpoint,
    event_id: &str,
    outcome: Result<u16, String>,
) -> rusqlite::Result<()> {
    let (status, status_code, error) = match outcome {
        Ok(code @ 200..=299) => ("delivered", Some(code), None),
        Ok(code) => ("failed", Some(code), None),
        Err(error) => ("failed", None, Some(error)),
    };
    shared.store.with(|db| {
        db.execute(
            "INSERT INTO webhook_deliveries VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                new_id("whd"),
                endpoint.endpoint_id,
                event_id,
                status,
                status_code,
                error,
                shared.clock.now(),
            ],
        )?;
        Ok(())
    })
}
