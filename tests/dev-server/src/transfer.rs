//! Export and import: all events as one JSON document, to keep a run, to show it to somebody, to look at it again.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::auth::Caller;
use crate::body::Object;
use crate::events::documents;
use crate::feed::Stream;
use crate::ingest::{self, Incoming, Source};
use crate::problem::Problem;
use crate::resources::organizations;
use crate::response::{Outcome, Streams, ok};
use crate::shared::Shared;

pub const IMPORT: &str = "/_dev/import";
/// How many events are read at a time, so that an export does not hold up the service.
const BATCH: usize = 200;

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_dev/export", get(export))
        .route(IMPORT, post(import))
}

/// `{"events": [...]}`, oldest first, each as `GET /events` shows it.
async fn export(State(shared): State<Arc<Shared>>) -> Outcome {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        if let Err(problem) = write(&shared, &sender).await {
            // The document breaks off, so that nobody takes it for whole.
            eprintln!("axonpush-dev-server: export: {problem}");
        }
    });
    let mut response = Response::new(Body::new(Stream(receiver)));
    response.extensions_mut().insert(Streams);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"axonpush-events.json\""),
    );
    Ok(response)
}

async fn write(shared: &Shared, sender: &mpsc::Sender<Bytes>) -> Result<(), Problem> {
    let mut piece = "{\"events\":[".to_owned();
    let (mut after, mut first) = (0, true);
    loop {
        let batch = shared.store.with(|db| {
            let numbers: Vec<i64> = db
                .prepare_cached("SELECT seq FROM events WHERE seq > ? ORDER BY seq LIMIT ?")?
                .query_map((after, BATCH as i64), |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let last = numbers.last().copied().unwrap_or(after);
            let sql = "SELECT document FROM events WHERE seq > ? AND seq <= ? ORDER BY seq";
            let documents = documents(db, sql, vec![after.into(), last.into()])?;
            after = last;
            Ok::<_, Problem>(documents)
        })?;
        for document in &batch {
            piece += if first { "\n" } else { ",\n" };
            piece += document.get();
            first = false;
        }
        let is_last = batch.len() < BATCH;
        if is_last {
            piece += "\n]}\n";
        }
        // A reader that has left needs no more.
        if sender
            .send(std::mem::take(&mut piece).into())
            .await
            .is_err()
            || is_last
        {
            return Ok(());
        }
    }
}

#[derive(Deserialize)]
struct Document {
    events: Vec<Exported>,
}

/// What the publisher said of an event; the rest is made anew.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exported {
    org_id: String,
    channel_id: String,
    event_type: String,
    source: String,
    identifier: String,
    occurred_at: String,
    payload: Box<RawValue>,
    metadata: Option<Box<RawValue>>,
    environment_id: Option<String>,
    agent_id: Option<String>,
    trace_id: Option<String>,
    span_id: Option<String>,
    parent_span_id: Option<String>,
    dedup_key: Option<String>,
}

/// Takes what an export has given. Events whose dedup key is known are here already.
async fn import(State(shared): State<Arc<Shared>>, body: Bytes) -> Outcome {
    let document: Document = serde_json::from_slice(&body)
        .map_err(|error| Problem::invalid("body", format!("not an export: {error}")))?;
    let events: Vec<(Caller, Incoming)> = document
        .events
        .into_iter()
        .map(Exported::read)
        .collect::<Result<_, _>>()?;
    let (mut imported, mut known) = (0, 0);
    for (caller, event) in events {
        organizations::ensure(&shared, &caller.org_id)?;
        match ingest::bring_in(&shared, &caller, event)? {
            true => imported += 1,
            false => known += 1,
        }
    }
    shared.changes.send_replace(());
    ok(&json!({ "imported": imported, "known": known }))
}

impl Exported {
    fn read(self) -> Result<(Caller, Incoming), Problem> {
        let source = match self.source.as_str() {
            "app" => Source::App,
            "otlp" => Source::Otlp,
            other => {
                return Err(Problem::invalid(
                    "body.events",
                    format!("unknown source `{other}`"),
                ));
            }
        };
        let event = Incoming {
            source,
            identifier: self.identifier,
            payload: object(self.payload)?,
            channel_id: Some(self.channel_id),
            event_type: self.event_type,
            agent_id: self.agent_id,
            trace_id: self.trace_id,
            span_id: self.span_id,
            parent_span_id: self.parent_span_id,
            dedup_key: self.dedup_key,
            metadata: self.metadata.map(object).transpose()?,
            occurred_at: Some(self.occurred_at),
            environment: self.environment_id,
        };
        let caller = Caller {
            org_id: self.org_id,
            environment: None,
        };
        Ok((caller, event))
    }
}

fn object(text: Box<RawValue>) -> Result<Object, Problem> {
    let members: Map<String, Value> = serde_json::from_str(text.get())
        .map_err(|error| Problem::invalid("body.events", error.to_string()))?;
    Ok(Object { text, members })
}
