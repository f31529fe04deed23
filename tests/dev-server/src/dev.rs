//! The control endpoints below `/_dev/`, by which tests script and observe the server.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::clock;
use crate::problem::Problem;
use crate::query::Query;
use crate::response::{Outcome, done, ok};
use crate::shared::Shared;

pub const PREFIX: &str = "/_dev/";

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/_dev/faults",
            get(faults).post(add_faults).delete(clear_faults),
        )
        .route("/_dev/requests", get(requests).delete(clear_requests))
        .route("/_dev/stats", get(stats))
        .route("/_dev/clock", post(set_clock))
        .route("/_dev/close-idle", post(close_idle))
        .route("/_dev/reset", post(reset))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Outcome {
    ok(&json!({ "faults": shared.faults.left() }))
}

async fn add_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Outcome {
    shared.faults.add(json_body(&body)?)?;
    done()
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> Outcome {
    shared.faults.clear();
    done()
}

async fn requests(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Outcome {
    let query = Query::parse(query.as_deref())?;
    let limit = query.number("limit")?.unwrap_or(usize::MAX);
    let requests = match query.text("key") {
        Some(key) => shared.recorder.attempts(key, limit),
        None => shared.recorder.last(limit),
    };
    ok(&json!({ "requests": requests }))
}

async fn clear_requests(State(shared): State<Arc<Shared>>) -> Outcome {
    shared.recorder.clear();
    done()
}

async fn stats(State(shared): State<Arc<Shared>>) -> Outcome {
    ok(&shared.stats())
}

async fn set_clock(State(shared): State<Arc<Shared>>, body: Bytes) -> Outcome {
    let time = match json_body(&body)?.get("freeze") {
        Some(Value::Null) => None,
        Some(Value::String(text)) => Some(
            clock::parse(text)
                .ok_or_else(|| Problem::invalid("body.freeze", "not an RFC 3339 time"))?,
        ),
        _ => {
            return Err(Problem::invalid(
                "body.freeze",
                "expected an RFC 3339 time or null",
            ));
        }
    };
    shared.clock.freeze(time);
    done()
}

async fn close_idle(State(shared): State<Arc<Shared>>) -> Outcome {
    ok(&json!({ "closed": shared.connections.close_idle().await }))
}

async fn reset(State(shared): State<Arc<Shared>>) -> Outcome {
    shared.reset()?;
    done()
}

/// Unlike the service, the controls do not insist on a Content-Type: they are for people with curl.
fn json_body(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::invalid("body", error.to_string()))
}
