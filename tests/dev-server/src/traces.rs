//! Traces: what the events that share a trace id add up to.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, RawQuery, State};
use axum::routing::get;
use rusqlite::{Connection, Row, params, params_from_iter};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::auth::Caller;
use crate::clock;
use crate::events::{self, documents};
use crate::path::Ids;
use crate::problem::Problem;
use crate::query::{Filters, Query};
use crate::response::{Outcome, list, ok};
use crate::shared::Shared;

/// On top of the filters for events. A trace is listed when one of its events passes them all.
const FILTERS: Filters = &[
    ("service", &["service_name"]),
    ("operation", &["operation_name"]),
    ("model", &["request_model", "response_model"]),
    ("provider", &["provider_name"]),
    ("agent", &["agent_name", "agent_id"]),
    ("tool", &["tool_name"]),
    ("app", &["app_id"]),
    ("environment", &["environment_id"]),
    ("release", &["release"]),
    ("session", &["session_id"]),
    ("user", &["user_id"]),
];

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/traces", get(index))
        .route("/traces/{trace_id}", get(show))
}

async fn index(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Outcome {
    let query = Query::parse(query.as_deref())?;
    let limit = query.limit()? as usize;
    let offset = query.number::<usize>("offset")?.unwrap_or(0);
    let errors_only = query.flag("errorsOnly")?;
    let min_duration = query.number::<f64>("minDurationMs")?.unwrap_or(0.0);
    let order = Order::read(&query)?;
    let conditions = query.conditions(
        &caller.org_id,
        shared.clock.now(),
        &[events::FILTERS, FILTERS],
    )?;
    let sql = format!(
        "SELECT DISTINCT trace_id FROM events WHERE {} AND trace_id IS NOT NULL",
        conditions.sql()
    );
    let mut summaries = shared.store.with(|db| {
        let ids = db
            .prepare_cached(&sql)?
            .query_map(params_from_iter(conditions.values), |row| {
                row.get::<_, String>(0)
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        ids.iter()
            .map(|id| summarize(db, &caller.org_id, id))
            .collect::<rusqlite::Result<Vec<_>>>()
    })?;
    summaries.retain(|it| it.duration_ms >= min_duration && (it.error_count > 0 || !errors_only));
    order.sort(&mut summaries);
    list(
        "traces",
        summaries.into_iter().skip(offset).take(limit).collect(),
    )
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(trace_id): Ids<String>,
) -> Outcome {
    let spans = shared.store.with(|db| {
        documents(
            db,
            "SELECT document FROM events WHERE org_id = ? AND trace_id = ? ORDER BY occurred_at, seq",
            vec![caller.org_id.into(), trace_id.clone().into()],
        )
    })?;
    if spans.is_empty() {
        return Err(Problem::not_found("trace", &trace_id));
    }
    ok(&Detail { trace_id, spans })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    trace_id: String,
    spans: Vec<Box<RawValue>>,
}

#[derive(Clone, Copy)]
enum Order {
    NewestFirst,
    OldestFirst,
    Slowest,
    Costliest,
    MostTokens,
}

impl Order {
    fn read(query: &Query) -> Result<Self, Problem> {
        match query.text("sort") {
            None | Some("last_seen_desc") => Ok(Self::NewestFirst),
            Some("last_seen_asc") => Ok(Self::OldestFirst),
            Some("duration_desc") => Ok(Self::Slowest),
            Some("cost_desc") => Ok(Self::Costliest),
            Some("tokens_desc") => Ok(Self::MostTokens),
            Some(_) => Err(Problem::invalid(
                "query.sort",
                "expected last_seen_desc, last_seen_asc, duration_desc, cost_desc or tokens_desc",
            )),
        }
    }

    /// Equals stay newest first.
    fn sort(self, summaries: &mut [Summary]) {
        summaries.sort_by_key(|it| std::cmp::Reverse(it.last_seen));
        match self {
            Self::NewestFirst => {}
            Self::OldestFirst => summaries.reverse(),
            Self::Slowest => summaries.sort_by(|a, b| b.duration_ms.total_cmp(&a.duration_ms)),
            Self::Costliest => summaries.sort_by(|a, b| b.cost_usd.total_cmp(&a.cost_usd)),
            Self::MostTokens => summaries.sort_by_key(|it| std::cmp::Reverse(it.total_tokens)),
        }
    }
}

/// A list's view of a trace, with all the members that the published SDKs require.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    trace_id: String,
    started_at: String,
    ended_at: String,
    duration_ms: f64,
    span_count: u64,
    error_count: u64,
    first_error_type: String,
    root_span_name: String,
    service_name: String,
    session_id: String,
    environment: String,
    release: String,
    outcome: &'static str,
    total_tokens: i64,
    cost_usd: f64,
    models: Option<BTreeSet<String>>,
    providers: Option<BTreeSet<String>>,
    workflow: String,
    customer: String,
    /// The sequence number of the newest event.
    #[serde(skip)]
    last_seen: i64,
}

fn summarize(db: &Connection, org_id: &str, trace_id: &str) -> rusqlite::Result<Summary> {
    let mut summary = Summary {
        trace_id: trace_id.to_owned(),
        outcome: "ok",
        ..Summary::default()
    };
    let mut statement = db.prepare_cached(
        "SELECT * FROM events WHERE org_id = ? AND trace_id = ? ORDER BY occurred_at, seq",
    )?;
    let mut rows = statement.query(params![org_id, trace_id])?;
    let (mut start, mut end) = (i64::MAX, i64::MIN);
    let mut has_root = false;
    while let Some(row) = rows.next()? {
        let occurred_at: i64 = row.get("occurred_at")?;
        let duration_ms: f64 = row.get::<_, Option<f64>>("duration_ms")?.unwrap_or(0.0);
        start = start.min(occurred_at);
        end = end.max(occurred_at.saturating_add((duration_ms * 1000.0) as i64));
        // A log line lies in a span and is none, whatever the times say.
        let is_log = row.get::<_, Option<String>>("semantic_kind")?.as_deref() == Some("log");
        let is_root = row.get::<_, Option<String>>("parent_span_id")?.is_none() && !is_log;
        if summary.span_count == 0 || (is_root && !has_root) {
            summary.root_span_name = row.get("identifier")?;
        }
        has_root |= is_root;
        summary.add(row)?;
    }
    summary.started_at = clock::format(start);
    summary.ended_at = clock::format(end);
    summary.duration_ms = end.saturating_sub(start) as f64 / 1000.0;
    Ok(summary)
}

impl Summary {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let text = |column: &str| row.get::<_, Option<String>>(column);
        self.span_count += 1;
        self.last_seen = self.last_seen.max(row.get("seq")?);
        self.total_tokens += row.get::<_, Option<i64>>("total_tokens")?.unwrap_or(0);
        self.cost_usd += row.get::<_, Option<f64>>("cost_usd")?.unwrap_or(0.0);
        if text("status")?.as_deref() == Some("error") {
            self.error_count += 1;
            self.outcome = "error";
        }
        for (member, column) in [
            (&mut self.first_error_type, "error_type"),
            (&mut self.service_name, "service_name"),
            (&mut self.session_id, "session_id"),
            (&mut self.environment, "environment_id"),
            (&mut self.release, "release"),
        ] {
            if member.is_empty() {
                *member = text(column)?.unwrap_or_default();
            }
        }
        for column in ["request_model", "response_model"] {
            if let Some(model) = text(column)? {
                self.models.get_or_insert_default().insert(model);
            }
        }
        if let Some(provider) = text("provider_name")? {
            self.providers.get_or_insert_default().insert(provider);
        }
        Ok(())
    }
}
