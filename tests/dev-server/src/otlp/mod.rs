//! OpenTelemetry's protocol over HTTP: what a request is, and what it is answered.

mod convert;
mod message;
mod own;

use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::MultiGzDecoder;
use prost::Message;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::auth::Caller;
use crate::ingest;
use crate::otlp::convert::Events;
use crate::otlp::message::{ExportResponse, LogsRequest, PartialSuccess, TracesRequest};
use crate::problem::Problem;
use crate::response::{Outcome, mark_created};
use crate::shared::Shared;

pub const PREFIX: &str = "/v1/";
const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
/// How large a body may become when it is unpacked.
const MAX_UNPACKED: u64 = 64 << 20;

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/logs", post(logs))
}

async fn traces(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let encoding = Encoding::of(&headers)?;
    let request: TracesRequest = encoding.read(&headers, &body)?;
    let events = convert::spans(request, channel(&headers));
    take(&shared, &caller, events, encoding, "rejectedSpans")
}

async fn logs(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Outcome {
    let encoding = Encoding::of(&headers)?;
    let request: LogsRequest = encoding.read(&headers, &body)?;
    let events = convert::log_records(request, channel(&headers));
    take(&shared, &caller, events, encoding, "rejectedLogRecords")
}

/// Stores what is well-formed and says how much was not.
fn take(
    shared: &Arc<Shared>,
    caller: &Caller,
    events: Events,
    encoding: Encoding,
    count_name: &str,
) -> Outcome {
    ingest::take_all(shared, caller, events.taken)?;
    let partial_success = (events.rejected > 0).then(|| PartialSuccess {
        rejected: events.rejected,
        error_message: events.reason.into(),
    });
    mark_created(encoding.response(partial_success, count_name))
}

fn channel(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-axonpush-channel")?.to_str().ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// How a request is written; its response is written alike.
#[derive(Clone, Copy)]
enum Encoding {
    Json,
    Protobuf,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = header_text(headers, header::CONTENT_TYPE);
        match given.split(';').next().unwrap_or_default().trim() {
            it if it.eq_ignore_ascii_case(JSON) => Ok(Self::Json),
            it if it.eq_ignore_ascii_case(PROTOBUF) => Ok(Self::Protobuf),
            _ => Err(unsupported(format!(
                "expected Content-Type: {JSON} or {PROTOBUF}, got `{given}`"
            ))),
        }
    }

    fn read<T: Message + Default + DeserializeOwned>(
        self,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<T, Problem> {
        let body = unpacked(headers, body)?;
        let read = match self {
            // serde would read a struct's members from an array, too.
            Self::Json if !body.trim_ascii_start().starts_with(b"{") => {
                Err("expected a JSON object".to_owned())
            }
            Self::Json => serde_json::from_slice(&body).map_err(|error| error.to_string()),
            Self::Protobuf => T::decode(body.as_ref()).map_err(|error| error.to_string()),
        };
        read.map_err(|error| Problem::invalid("body", format!("not an OTLP request: {error}")))
    }

    fn response(self, partial_success: Option<PartialSuccess>, count_name: &str) -> Response {
        let (content_type, body) = match self {
            Self::Protobuf => (PROTOBUF, ExportResponse { partial_success }.encode_to_vec()),
            Self::Json => {
                let body = match partial_success {
                    None => json!({}),
                    // Protobuf's JSON writes 64-bit integers as strings.
                    Some(it) => json!({ "partialSuccess": {
                        count_name: it.rejected.to_string(), "errorMessage": it.error_message,
                    }}),
                };
                (JSON, body.to_string().into_bytes())
            }
        };
        let mut response = (StatusCode::OK, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}

fn unpacked(headers: &HeaderMap, body: &Bytes) -> Result<Bytes, Problem> {
    match header_text(headers, header::CONTENT_ENCODING) {
        "" | "identity" => return Ok(body.clone()),
        "gzip" => {}
        other => {
            return Err(unsupported(format!(
                "expected Content-Encoding: gzip or none, got `{other}`"
            )));
        }
    }
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(body.as_ref())
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| Problem::invalid("body", format!("not gzip: {error}")))?;
    if unpacked.len() as u64 > MAX_UNPACKED {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body unpacks to more than {MAX_UNPACKED} bytes"),
        ));
    }
    Ok(unpacked.into())
}

fn unsupported(detail: String) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
