//! What an error looks like, in both shapes the contract knows.

use std::fmt;

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An error on its way out. Handlers return it; `exchange` renders it, because only there the request id,
/// the path and the shape asked for are known.
#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    detail: String,
    errors: Vec<Detail>,
}

/// One thing that is wrong with the request: `location` is like `body.payload` or `query.limit`.
#[derive(Clone, Debug)]
pub struct Detail {
    pub location: String,
    pub message: String,
    pub value: Option<Value>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    pub fn not_found(what: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no {what} `{id}`"))
    }

    pub fn validation(errors: Vec<Detail>) -> Self {
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation failed")
        }
    }

    /// A validation error about one place.
    pub fn invalid(location: &str, message: impl Into<String>) -> Self {
        Self::validation(vec![Detail {
            location: location.into(),
            message: message.into(),
            value: None,
        }])
    }

    pub fn render(self, legacy: bool, request_id: &str, instance: &str) -> Response {
        let (content_type, body) = if legacy {
            ("application/json", self.envelope(request_id))
        } else {
            ("application/problem+json", self.problem_json(instance))
        };
        let mut response = Response::new(body.to_string().into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(content_type));
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 wants a challenge with every 401.
            headers.insert("www-authenticate", HeaderValue::from_static("ApiKey"));
        }
        response
    }

    fn problem_json(&self, instance: &str) -> Value {
        let mut body = json!({
            "type": "about:blank",
            "title": self.title(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": instance,
        });
        if !self.errors.is_empty() {
            body["errors"] = self
                .errors
                .iter()
                .map(|error| {
                    let mut entry = json!({ "location": error.location, "message": error.message });
                    if let Some(value) = &error.value {
                        entry["value"] = value.clone();
                    }
                    entry
                })
                .collect();
        }
        body
    }

    fn envelope(&self, request_id: &str) -> Value {
        let message = if self.errors.is_empty() {
            json!(self.detail)
        } else {
            self.errors
                .iter()
                .map(|error| format!("{}: {}", error.location, error.message))
                .collect()
        };
        let (code, hint) = code_and_hint(self.status);
        json!({ "code": code, "message": message, "hint": hint, "requestId": request_id })
    }

    fn title(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }
}

fn code_and_hint(status: StatusCode) -> (&'static str, Option<&'static str>) {
    match status.as_u16() {
        401 => ("unauthorized", Some("Check the API key.")),
        403 => (
            "forbidden",
            Some("A public token may only publish; a page of another site may only read."),
        ),
        404 => ("not_found", None),
        409 => ("conflict", None),
        413 => ("payload_too_large", None),
        400 | 422 => (
            "validation_error",
            Some("Compare the request with the API reference."),
        ),
        429 => ("rate_limited", Some("Slow down.")),
        500.. => ("internal_error", None),
        _ => ("error", None),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A database that fails is the server's fault.
impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("database: {error}"),
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.status, self.detail)?;
        for error in &self.errors {
            write!(formatter, "; {}: {}", error.location, error.message)?;
        }
        Ok(())
    }
}
