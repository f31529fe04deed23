//! Publishing and searching events.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use serde_json::value::RawValue;

use crate::auth::Caller;
use crate::body::Members;
use crate::clock;
use crate::ingest::{self, Incoming, Source};
use crate::problem::{Detail, Problem};
use crate::query::{Filters, Query};
use crate::response::{Outcome, accepted, list};
use crate::shared::Shared;

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
const MAX_KEY_LENGTH: usize = 255;

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/event", post(publish))
        .route("/events", get(search))
}

async fn publish(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let key = idempotency_key(&headers, shared.config.require_idempotency_key)?;
    let event = Incoming::read(&body, key)?;
    let event_id = ingest::take(&shared, &caller, event)?;
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
    /// An event of POST /event.
    fn read(body: &[u8], header_key: Option<String>) -> Result<Self, Problem> {
        let mut members = Members::read(body)?;
        let event = Self {
            source: Source::App,
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
            environment: None,
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
        conditions.sql()
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
