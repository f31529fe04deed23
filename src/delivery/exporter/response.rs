//! What became of a batch: how OTLP over HTTP reads a response.
//!
//! Source: <https://opentelemetry.io/docs/specs/otlp/#otlphttp-response>.

use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::http::credential::Secrets;
use crate::http::response::{HttpResponse, shown};

/// What the receiver made of a batch.
pub enum Exported {
    Taken(Taken),
    /// None of it was taken, and it is not to be repeated.
    Failed(Error),
    /// It may be taken later.
    Retry(Error),
}

/// The receiver took a batch, at least in part.
#[derive(Debug, Default)]
pub struct Taken {
    pub http_status: u16,
    pub request_id: Option<String>,
    /// The JSON that it responded with.
    pub text: String,
    /// How many records it rejected. It does not say which.
    pub rejected: usize,
    /// Why; or a warning, where it rejected none.
    pub message: Option<String>,
}

/// Reads what came of a request with a batch. `secrets` are removed from what the receiver says.
pub fn exported(outcome: Result<HttpResponse>, secrets: &Secrets) -> Exported {
    match outcome {
        Ok(response) => match taken(response, secrets) {
            Ok(taken) => Exported::Taken(taken),
            Err(error) => Exported::Failed(error),
        },
        Err(error) if may_be_repeated(&error) => Exported::Retry(error),
        Err(error) => Exported::Failed(error),
    }
}

/// The retryable responses are four; all others are final. Without a response it is the connection that failed.
fn may_be_repeated(error: &Error) -> bool {
    match error.http_status {
        0 => error.kind == Kind::Connection,
        status => matches!(status, 429 | 502 | 503 | 504),
    }
}

/// An empty body counts as an empty response: some receivers send none.
fn taken(response: HttpResponse, secrets: &Secrets) -> Result<Taken> {
    let refuse = |what: &str| Error {
        http_status: response.status,
        request_id: response.request_id.clone(),
        may_have_arrived: true,
        ..Error::new(
            Kind::Decode,
            format!("the receiver responded {}, but {what}", response.status),
        )
    };
    let mut taken = Taken {
        http_status: response.status,
        request_id: response.request_id.clone(),
        text: "{}".to_owned(),
        ..Taken::default()
    };
    if response.body.trim_ascii().is_empty() {
        return Ok(taken);
    }
    let body: Value = serde_json::from_slice(&response.body)
        .map_err(|_| refuse("the body is not JSON (is this an endpoint of OTLP over HTTP?)"))?;
    if !body.is_object() {
        return Err(refuse(
            "the body is not a JSON object (is this an endpoint of OTLP over HTTP?)",
        ));
    }
    let partial = &body["partialSuccess"];
    // A 64-bit integer is a string in protobuf's JSON; numbers are seen too.
    let rejected = &partial["rejectedLogRecords"];
    let rejected = match rejected.as_str() {
        Some(text) => text.parse().unwrap_or(0),
        None => rejected.as_i64().unwrap_or(0),
    };
    taken.rejected = usize::try_from(rejected).unwrap_or(0);
    let message = partial["errorMessage"].as_str();
    let message = message.filter(|text| !text.is_empty());
    taken.message = message.map(|text| shown(text, secrets));
    // The same document, as it may be read by pointers.
    taken.text = String::from_utf8(response.body).unwrap_or(taken.text);
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Exported {
        let response = HttpResponse {
            status,
            body: body.as_bytes().to_vec(),
            ..HttpResponse::default()
        };
        exported(Ok(response), &Secrets::default())
    }

    #[test]
    fn a_success_says_how_much_was_rejected() {
        for (body, rejected, message) in [
            ("", 0, None),
            (" \n", 0, None),
            ("{}", 0, None),
            (r#"{"partialSuccess":{}}"#, 0, None),
            (r#"{"partialSuccess":null}"#, 0, None),
            (
                r#"{"partialSuccess":{"errorMessage":"slow down"}}"#,
                0,
                Some("slow down"),
            ),
            (
                r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"why"}}"#,
                3,
                Some("why"),
            ),
            (
                r#"{"partialSuccess":{"rejectedLogRecords":2,"errorMessage":""}}"#,
                2,
                None,
            ),
            (r#"{"partialSuccess":{"rejectedLogRecords":-2}}"#, 0, None),
            (
                r#"{"partialSuccess":{"rejectedLogRecords":"many"}}"#,
                0,
                None,
            ),
        ] {
            let Exported::Taken(taken) = read(200, body) else {
                panic!("{body:?} was not taken");
            };
            assert_eq!(
                (taken.rejected, taken.message.as_deref()),
                (rejected, message),
                "{body}"
            );
            serde_json::from_str::<Value>(&taken.text).unwrap();
        }
    }

    #[test]
    fn garbage_is_not_repeated() {
        for body in [
            "ok",
            "<html>",
            "[]",
            "null",
            "7",
            "{\"partialSuccess\":",
            "\u{1}\u{2}",
        ] {
            match read(200, body) {
                Exported::Failed(error) => assert_eq!(error.kind, Kind::Decode, "{body}"),
                _ => panic!("{body} was not refused"),
            }
        }
    }

    #[test]
    fn four_responses_and_no_response_are_repeated() {
        let read = |kind, http_status| {
            let error = Error {
                http_status,
                ..Error::new(kind, "x")
            };
            matches!(
                exported(Err(error), &Secrets::default()),
                Exported::Retry(_)
            )
        };
        for status in [429, 502, 503, 504] {
            assert!(read(Kind::Server, status), "{status}");
        }
        for status in [301, 400, 401, 403, 404, 408, 413, 415, 422, 500, 501, 505] {
            assert!(!read(Kind::Server, status), "{status}");
        }
        assert!(read(Kind::Connection, 0));
        assert!(!read(Kind::Decode, 0), "a response that cannot be read");
        assert!(!read(Kind::Internal, 0));
    }
}
