//! What a successful response looks like.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use crate::problem::Problem;

/// What a handler gives.
pub type Outcome = Result<Response, Problem>;

pub fn ok(body: &impl Serialize) -> Outcome {
    json_response(StatusCode::OK, body)
}

/// On a response whose body goes on for as long as the client listens.
#[derive(Clone)]
pub struct Streams;

/// On a response by which something has come into being: the generations of the service disagree about its status,
/// and `--created` chooses.
#[derive(Clone)]
pub struct Created;

pub fn created(body: &impl Serialize) -> Outcome {
    mark_created(json_response(StatusCode::CREATED, body)?)
}

/// For new events too: the published Python SDK takes 201 for an error.
pub fn accepted(body: &impl Serialize) -> Outcome {
    mark_created(ok(body)?)
}

/// Says that a response tells of something new.
pub fn mark_created(mut response: Response) -> Outcome {
    response.extensions_mut().insert(Created);
    Ok(response)
}

/// What most deletions respond.
pub fn done() -> Outcome {
    ok(&json!({ "ok": true }))
}

/// An empty list becomes `null`: the contract permits it, and it makes clients prove that they cope.
pub fn list<T: Serialize>(member: &str, items: Vec<T>) -> Outcome {
    // Not by `json!`: it would rewrite the numbers of payloads that are passed through as they came.
    ok(&BTreeMap::from([(
        member,
        (!items.is_empty()).then_some(items),
    )]))
}

fn json_response(status: StatusCode, body: &impl Serialize) -> Outcome {
    let text = serde_json::to_string(body)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/json"));
    Ok(response)
}
