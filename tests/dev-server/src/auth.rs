//! Who is calling, and may they.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};

use crate::problem::Problem;

/// The organization of a caller that names none.
const DEFAULT_ORG: &str = "org_dev";

/// On whose behalf a request runs.
#[derive(Clone, Debug)]
pub struct Caller {
    pub org_id: String,
    /// The environment slug that the request names.
    pub environment: Option<String>,
}

pub fn authenticate(head: &Parts, accepted: &[String]) -> Result<Caller, Problem> {
    // The wire contract says X-API-Key; the published Python SDK sends x-axonpush-api-key.
    let key = text(&head.headers, "x-api-key").or(text(&head.headers, "x-axonpush-api-key"));
    let token = text(&head.headers, "x-public-token");
    let (credential, is_token) = match (key, token) {
        (Some(key), _) => (key, false),
        (None, Some(token)) => (token, true),
        (None, None) => {
            return Err(unauthorized(
                "no credential: send X-API-Key or X-Public-Token",
            ));
        }
    };
    if credential.starts_with("pt_") != is_token {
        return Err(unauthorized(
            "pt_ tokens, and only they, belong into X-Public-Token",
        ));
    }
    let known = if accepted.is_empty() {
        is_token || credential.starts_with("ak_")
    } else {
        accepted.iter().any(|known| known == credential)
    };
    if !known {
        return Err(unauthorized("unknown credential"));
    }
    let publishes = head.method == Method::POST && head.uri.path() == "/event";
    if is_token && !publishes {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "a public token can only publish events (POST /event)",
        ));
    }
    Ok(Caller {
        org_id: text(&head.headers, "x-tenant-id")
            .filter(|id| !id.is_empty())
            .unwrap_or(DEFAULT_ORG)
            .to_owned(),
        environment: text(&head.headers, "x-axonpush-environment").map(str::to_owned),
    })
}

fn unauthorized(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

/// A header that is not UTF-8 counts as absent.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    str::from_utf8(headers.get(name)?.as_bytes()).ok()
}
