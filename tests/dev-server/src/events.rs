//! Publishing and searching events.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::auth::Caller;
use crate::body::{Members, Object};
use crate::clock;
use crate::derive::Derived;
use crate::problem::{Detail, Problem};
use crate::query::{Filters, Query};
use crate::resources::{apps, channels};
use crate::response::{Outcome, accepted, list};
use crate::shared::Shared;
use crate::store::new_id;
use crate::webhooks;

pub const FILTERS: Filters = &[
    ("appId", &["app_id"]),
    ("channelId", &["channel_id"]),
    ("environmentId", &["environment_id"]),
    ("eventType", &["event_type"]),
    ("source", &["source"]),
    ("status", &["status"]),
    ("traceId", &["trace_id"]),
    ("agentId", &["agent_id"]),
    ("agentName", &["agent_name"]),
    ("toolName", &["tool_name"]),
    ("semanticKind", &["semantic_kind"]),
    ("serviceName", &["service_name"]),
    ("operationName", &["operation_name"]),
    ("errorType", &["error_type"]),
];

const DEFAULT_EVENT_TYPE: &str = "custom";
/// What `source` says about events that came in by POST /event.
const SOURCE: &str = "app";
const MAX_KEY_LENGTH: usize = 255;

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/event", post(publish))
        .route("/events", get(search))
        .route("/v1/traces", post(otlp))
        .route("/v1/logs", post(otlp))
}

/// An event as the caller sent it, found to be well-formed.
struct Incoming {
    identifier: String,
    payload: Object,
    channel_id: Option<String>,
    event_type: String,
    agent_id: Option<String>,
    trace_id: Option<String>,
    span_id: Option<String>,
    parent_span_id: Option<String>,
    dedup_key: Option<String>,
    metadata: Option<Object>,
    occurred_at: Option<String>,
}

async fn publish(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let key = idempotency_key(&headers, shared.config.require_idempotency_key)?;
    let event = Incoming::read(&body, key)?;
    let stored = shared.store.with(|db| store(&shared, db, &caller, event))?;
    let event_id = match stored {
        Stored::New(event) => {
            let event_id = event.event_id.clone();
            webhooks::deliver(Arc::clone(&shared), caller.org_id, event);
            event_id
        }
        Stored::Before(event_id) => {
            shared.duplicates.fetch_add(1, Ordering::Relaxed);
            event_id
        }
    };
    accepted(&json!({ "eventId": event_id, "status": "accepted" }))
}

/// The header may be missing (not every client sends it), but when it is there it must be well-formed.
fn idempotency_key(headers: &HeaderMap, required: bool) -> Result<Option<String>, Problem> {
    const LOCATION: &str = "header.Idempotency-Key";
    let mut given = headers.get_all("idempotency-key").iter();
    let Some(header) = given.next() else {
        return if required {
            Err(Problem::invalid(LOCATION, "required header is missing"))
        } else {
            Ok(None)
        };
    };
    if given.next().is_some() {
        return Err(Problem::invalid(LOCATION, "given twice"));
    }
    match str::from_utf8(header.as_bytes()) {
        Ok(key) if is_key(key) => Ok(Some(key.to_owned())),
        _ => Err(Problem::invalid(LOCATION, KEY_SHAPE)),
    }
}

const KEY_SHAPE: &str = "expected 1 to 255 printable ASCII characters";

fn is_key(text: &str) -> bool {
    (1..=MAX_KEY_LENGTH).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

impl Incoming {
    fn read(body: &[u8], header_key: Option<String>) -> Result<Self, Problem> {
        let mut members = Members::read(body)?;
        let event = Self {
            identifier: members.required_text("identifier"),
            payload: members.required_object("payload"),
            channel_id: members.text("channel_id"),
            event_type: members
                .text("eventType")
                .unwrap_or_else(|| DEFAULT_EVENT_TYPE.into()),
            agent_id: members.text("agentId"),
            trace_id: members.text("traceId"),
            span_id: members.text("spanId"),
            parent_span_id: members.text("parentSpanId"),
            dedup_key: members.text("dedupKey"),
            metadata: members.object("metadata"),
            occurred_at: members.text("occurredAt"),
        };
        if let Some(time) = &event.occurred_at
            && !(clock::parse(time).is_some() && clock::is_utc(time))
        {
            members.reject(
                "occurredAt",
                "expected an RFC 3339 time in UTC",
                Some(time.as_str().into()),
            );
        }
        if let Some(key) = &event.dedup_key
            && !is_key(key)
        {
            members.reject("dedupKey", KEY_SHAPE, None);
        }
        members.finish()?;
        match (&event.dedup_key, header_key) {
            (Some(key), Some(header)) if *key != header => Err(Problem::validation(vec![Detail {
                location: "header.Idempotency-Key".into(),
                message: "differs from body.dedupKey".into(),
                value: Some(header.into()),
            }])),
            (None, key @ Some(_)) => Ok(Self {
                dedup_key: key,
                ..event
            }),
            _ => Ok(event),
        }
    }
}

enum Stored {
    New(NewEvent),
    /// Its dedup key was known already, under this event id.
    Before(String),
}

/// What a webhook needs to know about an event.
pub struct NewEvent {
    pub event_id: String,
    pub channel_id: String,
    pub event_type: String,
    pub document: String,
}

fn store(
    shared: &Shared,
    db: &Connection,
    caller: &Caller,
    event: Incoming,
) -> Result<Stored, Problem> {
    if let Some(key) = &event.dedup_key {
        let known = db
            .prepare_cached("SELECT event_id FROM events WHERE org_id = ? AND dedup_key = ?")?
            .query_one(params![caller.org_id, key], |row| row.get(0))
            .optional()?;
        if let Some(event_id) = known {
            return Ok(Stored::Before(event_id));
        }
    }
    let created_at = shared.clock.now();
    let channel_id = match event.channel_id {
        Some(id) => id,
        None => channels::ensure_default(db, &caller.org_id, created_at)?,
    };
    let app_id = channels::app_of(db, &caller.org_id, &channel_id)?
        .unwrap_or_else(|| apps::DEFAULT_ID.to_owned());
    let environment_id = environment_of(db, caller)?;
    let event_id = new_id("evt");
    let occurred_at = event
        .occurred_at
        .unwrap_or_else(|| clock::format(created_at));
    let no_metadata = Map::new();
    let metadata = event
        .metadata
        .as_ref()
        .map_or(&no_metadata, |object| &object.members);
    let derived = Derived::read(
        &event.event_type,
        &event.identifier,
        &event.payload.members,
        metadata,
    );

    let mut document = Document::default();
    document.text("orgId", &caller.org_id);
    document.text("eventId", &event_id);
    document.text("appId", &app_id);
    document.text("channelId", &channel_id);
    document.text("eventType", &event.event_type);
    document.text("source", SOURCE);
    document.text("createdAt", &clock::format(created_at));
    document.text("occurredAt", &occurred_at);
    document.value("payloadSpilled", &false.into());
    document.text("identifier", &event.identifier);
    for (name, text) in [
        ("environmentId", &environment_id),
        ("agentId", &event.agent_id),
        ("traceId", &event.trace_id),
        ("spanId", &event.span_id),
        ("parentSpanId", &event.parent_span_id),
        ("dedupKey", &event.dedup_key),
    ] {
        if let Some(text) = text {
            document.text(name, text);
        }
    }
    for (name, value) in &derived.members {
        document.value(name, value);
    }
    if !derived.attributes.is_empty() {
        document.value("attributes", &Value::Object(derived.attributes.clone()));
    }
    if let Some(resource) = event
        .payload
        .members
        .get("resource")
        .filter(|it| it.is_object())
    {
        document.value("resourceAttributes", resource);
    }
    let mut search_text = SearchText::default();
    search_text.add_object(&event.payload.members);
    search_text.add_object(metadata);
    search_text.add(&event.identifier);
    search_text.add(&event.event_type);
    for text in [&event.agent_id, &event.trace_id, &event.span_id]
        .into_iter()
        .flatten()
    {
        search_text.add(text);
    }
    document.raw("payload", event.payload.text);
    if let Some(metadata) = event.metadata {
        document.raw("metadata", metadata.text);
    }
    let document = document.finish();

    let occurred_micros = clock::parse(&occurred_at).unwrap_or(created_at);
    let mut columns: Vec<(&str, Sql)> = vec![
        ("org_id", caller.org_id.clone().into()),
        ("event_id", event_id.clone().into()),
        ("dedup_key", event.dedup_key.into()),
        ("created_at", created_at.into()),
        ("app_id", app_id.into()),
        ("channel_id", channel_id.clone().into()),
        ("environment_id", environment_id.into()),
        ("event_type", event.event_type.clone().into()),
        ("source", SOURCE.to_owned().into()),
        ("identifier", event.identifier.into()),
        ("trace_id", event.trace_id.into()),
        ("span_id", event.span_id.into()),
        ("parent_span_id", event.parent_span_id.into()),
        ("agent_id", event.agent_id.into()),
        ("occurred_at", occurred_micros.into()),
        ("document", document.clone().into()),
        (
            "attributes",
            Value::Object(derived.searchable.clone()).to_string().into(),
        ),
        ("search_text", search_text.0.into()),
    ];
    columns.extend(derived.columns());
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let marks = vec!["?"; names.len()].join(", ");
    db.prepare_cached(&format!(
        "INSERT INTO events ({}) VALUES ({marks})",
        names.join(", ")
    ))?
    .execute(params_from_iter(
        columns.into_iter().map(|(_, value)| value),
    ))?;
    Ok(Stored::New(NewEvent {
        event_id,
        channel_id,
        event_type: event.event_type,
        document,
    }))
}

/// The id of the environment that the request names, or of the default one. A slug that nobody registered stands
/// for itself.
fn environment_of(db: &Connection, caller: &Caller) -> Result<Option<String>, Problem> {
    let registered = match &caller.environment {
        Some(slug) => db
            .prepare_cached(
                "SELECT environment_id FROM environments WHERE org_id = ? AND slug = ?",
            )?
            .query_one(params![caller.org_id, slug], |row| row.get(0)),
        None => db
            .prepare_cached(
                "SELECT environment_id FROM environments WHERE org_id = ? AND is_default",
            )?
            .query_one(params![caller.org_id], |row| row.get(0)),
    };
    Ok(registered
        .optional()?
        .or_else(|| caller.environment.clone()))
}

async fn search(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Outcome {
    let query = Query::parse(query.as_deref())?;
    let limit = query.limit()?;
    let conditions = query.conditions(&caller.org_id, shared.clock.now(), &[FILTERS])?;
    let sql = format!(
        "SELECT document FROM events WHERE {} ORDER BY created_at DESC, seq DESC LIMIT {limit}",
        conditions.sql
    );
    list(
        "events",
        shared
            .store
            .with(|db| documents(db, &sql, conditions.values))?,
    )
}

/// Runs a query for the column `document`.
pub fn documents(
    db: &Connection,
    sql: &str,
    values: Vec<Sql>,
) -> Result<Vec<Box<RawValue>>, Problem> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    rows.map(|row| {
        RawValue::from_string(row?)
            .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    })
    .collect()
}

async fn otlp() -> Problem {
    Problem::new(
        StatusCode::NOT_IMPLEMENTED,
        "the development server does not take OTLP",
    )
}

/// An event in the making: members in order, those that the caller sent exactly as they were sent.
#[derive(Default)]
struct Document(Vec<(String, Box<RawValue>)>);

impl Document {
    fn raw(&mut self, name: &str, value: Box<RawValue>) {
        self.0.push((name.into(), value));
    }

    fn value(&mut self, name: &str, value: &Value) {
        // Writing a JSON value as JSON cannot fail.
        self.raw(
            name,
            to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()),
        );
    }

    fn text(&mut self, name: &str, text: &str) {
        self.value(name, &text.into());
    }

    fn finish(self) -> String {
        serde_json::to_string(&self).unwrap_or_default()
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Names and values, one a line, in lower case.
#[derive(Default)]
struct SearchText(String);

impl SearchText {
    fn add(&mut self, text: &str) {
        self.0.push_str(&text.to_lowercase());
        self.0.push('\n');
    }

    fn add_object(&mut self, object: &Map<String, Value>) {
        for (name, value) in object {
            self.add(name);
            self.add_value(value);
        }
    }

    fn add_value(&mut self, value: &Value) {
        match value {
            Value::Object(object) => self.add_object(object),
            Value::Array(items) => items.iter().for_each(|item| self.add_value(item)),
            Value::String(text) => self.add(text),
            other => self.add(&other.to_string()),
        }
    }
}
