//! What the page reads: events by number, live (server-sent events) and backwards, and what they add up to.
//!
//! The number of an event is the cursor. A reader that was away asks for what came after the last number that it has
//! (browsers do so by themselves, with `Last-Event-ID`) and misses nothing. Rejected: sending whole events, because a list
//! shows a dozen of their members and a run can have thousands of them; the page fetches the one that is looked at.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::clock;
use crate::events::{self, documents};
use crate::path::Ids;
use crate::problem::Problem;
use crate::query::{Conditions, Filters, Query};
use crate::response::{Outcome, Streams, ok};
use crate::shared::Shared;
use crate::store::Cursor;

/// On top of the filters for events.
const FILTERS: Filters = &[
    ("orgId", &["org_id"]),
    ("identifier", &["identifier"]),
    ("spanId", &["span_id"]),
    ("dedupKey", &["dedup_key"]),
    ("requestModel", &["request_model"]),
    ("responseModel", &["response_model"]),
    ("providerName", &["provider_name"]),
    ("sessionId", &["session_id"]),
    ("userId", &["user_id"]),
    ("release", &["release"]),
];

/// The members of an event that a list shows, with their columns.
const LISTED: [(&str, &str); 22] = [
    ("number", "seq"),
    ("orgId", "org_id"),
    ("eventId", "event_id"),
    ("createdAt", "created_at"),
    ("occurredAt", "occurred_at"),
    ("identifier", "identifier"),
    ("eventType", "event_type"),
    ("source", "source"),
    ("status", "status"),
    ("channelId", "channel_id"),
    ("traceId", "trace_id"),
    ("spanId", "span_id"),
    ("parentSpanId", "parent_span_id"),
    ("dedupKey", "dedup_key"),
    ("agentName", "agent_name"),
    ("toolName", "tool_name"),
    ("serviceName", "service_name"),
    ("semanticKind", "semantic_kind"),
    ("requestModel", "request_model"),
    ("durationMs", "duration_ms"),
    ("totalTokens", "total_tokens"),
    ("costUsd", "cost_usd"),
];

/// How many events go out in one piece.
const BATCH: usize = 200;
const PAGE: u64 = 100;
const LARGEST_PAGE: u64 = 500;
/// A comment now and then keeps proxies from closing a stream on which nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many of the newest events are looked through for values to offer.
const LOOKED_THROUGH: u64 = 20_000;
const OFFERED: u64 = 50;

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_dev/feed", get(feed))
        .route("/_dev/events", get(index))
        .route("/_dev/events/{number}", get(show))
        .route("/_dev/totals", get(totals))
        .route("/_dev/attributes", get(attributes))
        .route("/_dev/values/{name}", get(values))
        .route("/_dev/traces", get(traces))
        .route("/_dev/traces/{org_id}/{trace_id}", get(trace))
}

fn conditions(query: &Query) -> Conditions {
    query.page_conditions(&[events::FILTERS, FILTERS])
}

/// Events that match, newest first (with `after` the next ones after a number), whether there are more, and the cursor with which the feed goes on.
async fn index(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Outcome {
    let query = Query::parse(query.as_deref())?;
    let limit = match query.number("limit")?.unwrap_or(PAGE) {
        limit @ 1..=LARGEST_PAGE => limit,
        _ => {
            return Err(Problem::invalid(
                "query.limit",
                format!("expected 1 to {LARGEST_PAGE}"),
            ));
        }
    };
    let mut conditions = conditions(&query);
    if let Some(before) = query.number::<i64>("before")? {
        conditions.and("seq < ?", before);
    }
    let after = query.number::<i64>("after")?;
    if let Some(after) = after {
        conditions.and("seq > ?", after);
    }
    let direction = if after.is_some() { "ASC" } else { "DESC" };
    let order = format!("ORDER BY seq {direction} LIMIT {}", limit + 1);
    let (cursor, mut events) = shared.store.with(|db| {
        let events = listed(db, &conditions, &order)?;
        Ok::<_, Problem>((Cursor::newest(db)?, events))
    })?;
    let more = events.len() as u64 > limit;
    events.truncate(limit as usize);
    if after.is_some() {
        events.reverse();
    }
    ok(&json!({ "events": events, "more": more, "cursor": cursor.to_string() }))
}

fn listed(
    db: &Connection,
    conditions: &Conditions,
    order: &str,
) -> rusqlite::Result<Vec<Map<String, Value>>> {
    let columns: Vec<_> = LISTED.iter().map(|(_, column)| *column).collect();
    let sql = format!(
        "SELECT {} FROM events WHERE {} {order}",
        columns.join(", "),
        conditions.sql()
    );
    db.prepare_cached(&sql)?
        .query_map(params_from_iter(&conditions.values), listed_event)?
        .collect()
}

fn listed_event(row: &Row<'_>) -> rusqlite::Result<Map<String, Value>> {
    let mut event = Map::new();
    for (index, (name, column)) in LISTED.iter().enumerate() {
        let value = match row.get_ref(index)? {
            ValueRef::Integer(micros) if column.ends_with("_at") => clock::format(micros).into(),
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
            // A member that the event does not have.
            ValueRef::Null | ValueRef::Blob(_) => continue,
        };
        event.insert((*name).into(), value);
    }
    Ok(event)
}

async fn show(State(shared): State<Arc<Shared>>, Ids(number): Ids<i64>) -> Outcome {
    let found = shared.store.with(|db| {
        documents(
            db,
            "SELECT document FROM events WHERE seq = ?",
            vec![number.into()],
        )
    })?;
    match found.into_iter().next() {
        Some(document) => ok(&document),
        None => Err(Problem::not_found("event", &number.to_string())),
    }
}

/// `text/event-stream` of the events that match and come after a cursor: that in `Last-Event-ID` or `after`, else the
/// newest. An event `cleared` says that what the reader has seen is gone; the stream goes on with what comes next.
async fn feed(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Outcome {
    let query = Query::parse(query.as_deref())?;
    let last_seen = headers.get("last-event-id").and_then(|it| it.to_str().ok());
    let cursor = match last_seen.or(query.text("after")) {
        None => shared.store.with(Cursor::newest)?,
        Some(text) => text
            .parse()
            .map_err(|()| Problem::invalid("query.after", "expected <store>.<number>"))?,
    };
    let (sender, receiver) = mpsc::channel(4);
    let feed = Feed {
        conditions: conditions(&query),
        cursor,
    };
    tokio::spawn(feed.run(shared, sender));
    let mut response = Response::new(Body::new(Stream(receiver)));
    response.extensions_mut().insert(Streams);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

struct Feed {
    conditions: Conditions,
    /// Everything up to here has been sent, or did not match.
    cursor: Cursor,
}

impl Feed {
    /// Sends until the reader leaves or the server stops.
    async fn run(mut self, shared: Arc<Shared>, sender: mpsc::Sender<Bytes>) {
        let mut changes = shared.changes.subscribe();
        let mut stopping = shared.stopping.subscribe();
        // At once, so that the reader knows that the stream is open: how long to wait before it comes again.
        let mut piece = Some("retry: 500\n\n".to_owned());
        loop {
            if let Some(text) = piece.take()
                && sender.send(text.into()).await.is_err()
            {
                return;
            }
            piece = match shared.store.with(|db| self.next(db)) {
                Ok(Some(piece)) => Some(piece),
                Ok(None) => tokio::select! {
                    _ = changes.changed() => None,
                    () = tokio::time::sleep(HEARTBEAT) => Some(": still here\n\n".into()),
                    _ = stopping.wait_for(|stopping| *stopping) => return,
                    () = sender.closed() => return,
                },
                Err(problem) => {
                    eprintln!("axonpush-dev-server: feed: {problem}");
                    return;
                }
            };
        }
    }

    /// The next piece of the stream, if there is one now.
    fn next(&mut self, db: &Connection) -> Result<Option<String>, Problem> {
        let newest = Cursor::newest(db)?;
        if !self.cursor.is_valid(db)? {
            self.cursor = newest;
            let cursor = &self.cursor;
            return Ok(Some(format!(
                "id: {cursor}\nevent: cleared\ndata: {{}}\n\n"
            )));
        }
        let mut conditions = self.conditions.clone();
        conditions.and("seq > ?", self.cursor.number);
        let events = listed(db, &conditions, &format!("ORDER BY seq LIMIT {BATCH}"))?;
        let mut piece = String::new();
        for event in &events {
            let number = event.get("number").and_then(Value::as_i64);
            self.cursor.number = number.unwrap_or(self.cursor.number);
            // JSON has no line breaks but escaped ones.
            let (cursor, data) = (&self.cursor, json!(event));
            piece += &format!("id: {cursor}\nevent: event\ndata: {data}\n\n");
        }
        if events.len() < BATCH {
            self.cursor = newest;
        }
        Ok((!piece.is_empty()).then_some(piece))
    }
}

/// A body that is made while it is sent.
pub struct Stream(pub mpsc::Receiver<Bytes>);

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        let received = self.0.poll_recv(context);
        received.map(|piece| piece.map(|bytes| Ok(hyper::body::Frame::data(bytes))))
    }
}

/// What the matching events add up to.
async fn totals(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Outcome {
    let conditions = conditions(&Query::parse(query.as_deref())?);
    let sql = format!(
        "SELECT count(*), count(CASE WHEN status = 'error' THEN 1 END), count(DISTINCT trace_id),
                sum(total_tokens), sum(cost_usd)
         FROM events WHERE {}",
        conditions.sql()
    );
    let totals = shared.store.with(|db| {
        db.prepare_cached(&sql)?
            .query_one(params_from_iter(&conditions.values), |row| {
                Ok(json!({
                    "events": row.get::<_, i64>(0)?,
                    "errors": row.get::<_, i64>(1)?,
                    "traces": row.get::<_, i64>(2)?,
                    "totalTokens": row.get::<_, Option<i64>>(3)?,
                    "costUsd": row.get::<_, Option<f64>>(4)?,
                }))
            })
    })?;
    ok(&totals)
}

/// The names of attributes that the newest events have, the most frequent first.
async fn attributes(State(shared): State<Arc<Shared>>) -> Outcome {
    let sql = format!(
        "SELECT key FROM (SELECT attributes FROM events ORDER BY seq DESC LIMIT {LOOKED_THROUGH} / 10) AS newest,
                json_each(newest.attributes)
         GROUP BY key ORDER BY count(*) DESC, key LIMIT 4 * {OFFERED}"
    );
    let names: Vec<String> = shared.store.with(|db| {
        db.prepare_cached(&sql)?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()
    })?;
    ok(&json!({ "attributes": names }))
}

/// The values that a filter (or `attr.<name>`) can have, the most frequent first.
async fn values(State(shared): State<Arc<Shared>>, Ids(name): Ids<String>) -> Outcome {
    let newest =
        format!("(SELECT * FROM events ORDER BY seq DESC LIMIT {LOOKED_THROUGH}) AS newest");
    let (selected, parameters): (String, Vec<Sql>) = match name.strip_prefix("attr.") {
        Some(attribute) => (
            format!(
                "SELECT json_each.value AS value FROM {newest}, json_each(newest.attributes)
                 WHERE json_each.key = ?"
            ),
            vec![attribute.to_owned().into()],
        ),
        None => {
            let mut filters = [events::FILTERS, FILTERS].into_iter().flatten();
            let Some((_, columns)) = filters.find(|(known, _)| *known == name) else {
                return Err(Problem::not_found("filter", &name));
            };
            (
                format!("SELECT {} AS value FROM {newest}", columns[0]),
                vec![],
            )
        }
    };
    let sql = format!(
        "SELECT value, count(*) FROM ({selected}) WHERE value IS NOT NULL
         GROUP BY value ORDER BY count(*) DESC, value LIMIT {OFFERED}"
    );
    let values: Vec<Value> = shared.store.with(|db| {
        db.prepare_cached(&sql)?
            .query_map(params_from_iter(parameters), |row| {
                Ok(json!({ "value": row.get::<_, String>(0)?, "count": row.get::<_, i64>(1)? }))
            })?
            .collect::<rusqlite::Result<_>>()
    })?;
    ok(&json!({ "values": values }))
}

/// Traces of which an event matches, the one with the newest event first.
async fn traces(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Outcome {
    let conditions = conditions(&Query::parse(query.as_deref())?);
    let sql = format!(
        "SELECT org_id, trace_id, count(*), count(CASE WHEN status = 'error' THEN 1 END), sum(total_tokens),
                sum(cost_usd), min(occurred_at), max(occurred_at + coalesce(duration_ms, 0) * 1000), max(seq),
                coalesce(max(CASE WHEN parent_span_id IS NULL AND semantic_kind IS NOT 'log' THEN identifier END),
                    min(identifier))
         FROM events WHERE (org_id, trace_id) IN (
             SELECT org_id, trace_id FROM events WHERE {} AND trace_id IS NOT NULL
             GROUP BY org_id, trace_id ORDER BY max(seq) DESC LIMIT {PAGE})
         GROUP BY org_id, trace_id ORDER BY max(seq) DESC",
        conditions.sql()
    );
    let traces: Vec<Value> = shared.store.with(|db| {
        db.prepare_cached(&sql)?
            .query_map(params_from_iter(&conditions.values), |row| {
                let (start, end) = (row.get::<_, i64>(6)?, row.get::<_, f64>(7)?);
                Ok(json!({
                    "orgId": row.get::<_, String>(0)?,
                    "traceId": row.get::<_, String>(1)?,
                    "events": row.get::<_, i64>(2)?,
                    "errors": row.get::<_, i64>(3)?,
                    "totalTokens": row.get::<_, Option<i64>>(4)?,
                    "costUsd": row.get::<_, Option<f64>>(5)?,
                    "startedAt": clock::format(start),
                    "durationMs": (end - start as f64) / 1000.0,
                    "newest": row.get::<_, i64>(8)?,
                    "name": row.get::<_, String>(9)?,
                }))
            })?
            .collect::<rusqlite::Result<_>>()
    })?;
    ok(&json!({ "traces": traces }))
}

/// The events of a trace, whole and with their numbers, in the order in which they happened.
async fn trace(
    State(shared): State<Arc<Shared>>,
    Ids((org_id, trace_id)): Ids<(String, String)>,
) -> Outcome {
    const MOST: i64 = 2000;
    let events: Vec<(i64, String)> = shared.store.with(|db| {
        db.prepare_cached(
            "SELECT seq, document FROM events WHERE org_id = ? AND trace_id = ? ORDER BY occurred_at, seq LIMIT ?",
        )?
        .query_map((&org_id, &trace_id, MOST + 1), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()
    })?;
    let more = events.len() as i64 > MOST;
    let events = events
        .into_iter()
        .take(MOST as usize)
        .map(|(number, document)| {
            let event = RawValue::from_string(document).map_err(|error| {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            })?;
            Ok(Numbered { number, event })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    ok(&TraceDetail { events, more })
}

// Not by `json!`: it would rewrite the numbers of payloads.
#[derive(serde::Serialize)]
struct TraceDetail {
    events: Vec<Numbered>,
    more: bool,
}

#[derive(serde::Serialize)]
struct Numbered {
    number: i64,
    event: Box<RawValue>,
}
