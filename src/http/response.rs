//! What the service responded: a response to hand out, or an error that says what the service said.

use std::time::Duration;

use serde_json::Value;

use super::credential::Secrets;
use crate::error::{Error, Kind, Result};
use crate::json::{self, Document};

/// The largest response read, in bytes after unpacking.
pub const MAX_BODY: usize = 32 << 20;
/// Longer strings of the service are cut in messages.
const MAX_MESSAGE: usize = 2000;

/// One HTTP response, read whole.
#[derive(Debug, Default)]
pub struct HttpResponse {
    pub status: u16,
    /// Header `X-Request-Id`.
    pub request_id: Option<String>,
    /// Header `Retry-After`.
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// JSON that a successful call gave.
#[derive(Debug)]
pub struct Response {
    pub document: Document,
    /// 0: made up by fail-open, no HTTP response stands behind it.
    pub http_status: u16,
    pub request_id: Option<String>,
}

/// What a call expects in a 2xx response.
#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// An object with the string `eventId`.
    Accepted,
    /// An object with this member, an array or null.
    List(&'static str),
    /// Any JSON; an empty body counts as `null`.
    Anything,
}

impl Response {
    /// What a list call gives when fail-open suppressed its failure.
    pub fn empty_list(member: &str) -> Self {
        Response {
            document: Document::from_checked(format!("{{\"{member}\":[]}}")),
            http_status: 0,
            request_id: None,
        }
    }
}

impl HttpResponse {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The response of a 2xx response, if it is what was expected.
    pub fn into_response(self, expect: Expect) -> Result<Response> {
        let (http_status, request_id) = (self.status, self.request_id.clone());
        let refuse = |what: String| Error {
            http_status,
            request_id: request_id.clone(),
            may_have_arrived: true,
            ..Error::new(
                Kind::Decode,
                format!("the service responded {http_status}, but {what}"),
            )
        };
        let text = String::from_utf8(self.body)
            .map_err(|_| refuse("the body is not UTF-8 text".to_owned()))?;
        let text = match expect {
            Expect::Anything if text.trim_ascii().is_empty() => "null".to_owned(),
            _ => text,
        };
        json::check(&text).map_err(|e| refuse(format!("the body is {e}")))?;
        match expect {
            Expect::Accepted if json::kind_of_member(&text, "eventId") != Some(b'"') => {
                return Err(refuse("the body has no string \"eventId\"".to_owned()));
            }
            Expect::List(member)
                if !matches!(json::kind_of_member(&text, member), Some(b'[' | b'n')) =>
            {
                return Err(refuse(format!("the body has no list \"{member}\"")));
            }
            _ => {}
        }
        let document = Document::from_checked(text);
        Ok(Response {
            document,
            http_status,
            request_id,
        })
    }

    /// The error of any other response. Both body shapes of the service are understood, and a body
    /// that is neither.
    pub fn into_error(self, secrets: &Secrets) -> Error {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let said = |name: &str| text(&body[name]);
        let code = said("code");
        let kind = kind_of(self.status, code.as_deref());
        let message = problem(&body)
            .or_else(|| said("message"))
            .unwrap_or_else(|| format!("the service responded HTTP {}", self.status));
        let scrub = |text: String| shown(&text, secrets);
        Error {
            code: code.map(scrub),
            hint: said("hint").map(scrub),
            request_id: said("requestId").or(self.request_id).map(scrub),
            http_status: self.status,
            retry_after: self.retry_after,
            may_have_arrived: true,
            ..Error::new(kind, scrub(message))
        }
    }
}

/// The table of docs/wire.md, "Errors".
fn kind_of(status: u16, code: Option<&str>) -> Kind {
    match status {
        401 => Kind::Authentication,
        403 => Kind::Forbidden,
        404 => Kind::NotFound,
        408 => Kind::Connection,
        429 => Kind::RateLimit,
        400 | 422 => Kind::Validation,
        402..500 if code == Some("validation_error") => Kind::Validation,
        500..600 => Kind::Server,
        _ => Kind::Api,
    }
}

/// The message of an RFC 9457 problem: `detail` (else `title`), then each error as `location: message`.
fn problem(body: &Value) -> Option<String> {
    let errors = body["errors"].as_array().into_iter().flatten();
    let errors = errors.filter_map(|e| match (text(&e["location"]), text(&e["message"])) {
        (Some(location), Some(message)) => Some(format!("{location}: {message}")),
        (location, message) => message.or(location),
    });
    let parts: Vec<String> = text(&body["detail"])
        .or_else(|| text(&body["title"]))
        .into_iter()
        .chain(errors)
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A string, or the strings of a list.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(list) => {
            let strings: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            (!strings.is_empty()).then(|| strings.join("; "))
        }
        _ => None,
    }
}

/// What a server said, as it may be shown.
pub fn shown(text: &str, secrets: &Secrets) -> String {
    cut(&secrets.scrub(text))
}

/// At most [`MAX_MESSAGE`] characters, and none that could forge a log line or move a terminal.
fn cut(text: &str) -> String {
    let tame = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(MAX_MESSAGE).map(tame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::credential::ApiKey;

    fn error(status: u16, body: &str) -> Error {
        let api_key = ApiKey::new("ak_hidden".to_owned());
        let response = HttpResponse {
            status,
            request_id: Some("from-header".into()),
            body: body.as_bytes().to_vec(),
            ..HttpResponse::default()
        };
        response.into_error(&Secrets::of_key(api_key.as_ref()))
    }

    #[test]
    fn both_error_shapes_are_understood() {
        let e = error(
            422,
            r#"{"title":"Unprocessable","status":422,"detail":"validation failed","errors":[{"location":"body.payload","message":"expected object","value":1},{"message":"alone"}]}"#,
        );
        assert_eq!(e.kind, Kind::Validation);
        assert_eq!(
            e.message,
            "validation failed; body.payload: expected object; alone"
        );
        assert_eq!(e.request_id.as_deref(), Some("from-header"));

        let e = error(
            400,
            r#"{"code":"validation_error","message":["a","b"],"hint":"h","requestId":"r1"}"#,
        );
        assert_eq!(
            (e.message.as_str(), e.code.as_deref()),
            ("a; b", Some("validation_error"))
        );
        assert_eq!(
            (e.hint.as_deref(), e.request_id.as_deref()),
            (Some("h"), Some("r1"))
        );

        assert_eq!(error(503, r#"{"title":"Down"}"#).message, "Down");
        for neither in [
            "",
            "<html>oops</html>",
            "[1]",
            "{\"detail\":5}",
            "\"x\"",
            "\u{0}",
        ] {
            assert_eq!(
                error(502, neither).message,
                "the service responded HTTP 502"
            );
        }
    }

    #[test]
    fn statuses_map_as_the_wire_page_says() {
        for (status, body, kind) in [
            (401, "", Kind::Authentication),
            (403, "", Kind::Forbidden),
            (404, "", Kind::NotFound),
            (400, "", Kind::Validation),
            (422, "", Kind::Validation),
            (409, r#"{"code":"validation_error"}"#, Kind::Validation),
            (409, "", Kind::Api),
            (408, "", Kind::Connection),
            (429, "", Kind::RateLimit),
            (500, "", Kind::Server),
            (599, "", Kind::Server),
            (302, "", Kind::Api),
            (304, "", Kind::Api),
            (418, "", Kind::Api),
        ] {
            assert_eq!(error(status, body).kind, kind, "{status} {body}");
        }
    }

    #[test]
    fn an_echoed_key_and_control_characters_are_removed() {
        let e = error(
            401,
            r#"{"message":"key ak_hidden\nis bad","hint":"drop ak_hidden"}"#,
        );
        assert_eq!(e.message, "key [REDACTED] is bad");
        assert_eq!(e.hint.as_deref(), Some("drop [REDACTED]"));
    }

    #[test]
    fn a_success_must_be_the_json_expected() {
        let decode = |body: &str, expect| {
            let response = HttpResponse {
                status: 200,
                body: body.as_bytes().to_vec(),
                ..HttpResponse::default()
            };
            response.into_response(expect).map_err(|e| e.kind)
        };
        for body in [
            "",
            "ok",
            "[]",
            "{}",
            "{\"eventId\":7}",
            "{\"eventId\":\"x\"",
            "\u{feff}{}",
        ] {
            assert_eq!(
                decode(body, Expect::Accepted).unwrap_err(),
                Kind::Decode,
                "{body}"
            );
            assert_eq!(
                decode(body, Expect::List("events")).unwrap_err(),
                Kind::Decode,
                "{body}"
            );
        }
        assert!(decode("{\"eventId\":\"x\"}", Expect::Accepted).is_ok());
        assert!(decode("{\"events\":null}", Expect::List("events")).is_ok());
        assert!(decode("{\"events\":[]}", Expect::List("events")).is_ok());
        assert_eq!(
            decode("", Expect::Anything).unwrap().document.text(),
            "null"
        );
    }
}
