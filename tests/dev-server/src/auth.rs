//! Who is calling, and may they.

use std::str::FromStr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};

use crate::otlp;
use crate::problem::Problem;
use crate::server::Config;

/// The organization of a caller that names none.
const DEFAULT_ORG: &str = "org_dev";

/// On whose behalf a request runs.
#[derive(Clone, Debug)]
pub struct Caller {
    pub org_id: String,
    /// The environment slug that the request names.
    pub environment: Option<String>,
}

/// The header in which one generation of the service looks for the API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHeader {
    /// `X-API-Key`: the older services.
    ApiKey,
    /// `x-axonpush-api-key`: the newest service.
    AxonpushApiKey,
}

impl KeyHeader {
    const ALL: [KeyHeader; 2] = [KeyHeader::ApiKey, KeyHeader::AxonpushApiKey];

    fn name(self) -> &'static str {
        match self {
            KeyHeader::ApiKey => "x-api-key",
            KeyHeader::AxonpushApiKey => "x-axonpush-api-key",
        }
    }
}

impl FromStr for KeyHeader {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|header| header.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("`{name}` is neither X-API-Key nor x-axonpush-api-key"))
    }
}

pub fn authenticate(head: &Parts, config: &Config) -> Result<Caller, Problem> {
    // The OTLP endpoints read X-API-Key in every generation.
    let is_otlp = head.uri.path().starts_with(otlp::PREFIX);
    let key_header = config.key_header.map(|only| match is_otlp {
        true => KeyHeader::ApiKey,
        false => only,
    });
    let key = KeyHeader::ALL
        .into_iter()
        .filter(|header| key_header.is_none_or(|only| only == *header))
        .find_map(|header| text(&head.headers, header.name()));
    let token = text(&head.headers, "x-public-token");
    let (credential, is_token) = match (key, token) {
        (Some(key), _) => (key, false),
        (None, Some(token)) => (token, true),
        (None, None) => {
            let key = key_header.unwrap_or(KeyHeader::ApiKey).name();
            return Err(unauthorized(&format!(
                "no credential: send {key} or x-public-token"
            )));
        }
    };
    if credential.starts_with("pt_") != is_token {
        return Err(unauthorized(
            "pt_ tokens, and only they, belong into X-Public-Token",
        ));
    }
    let known = if config.api_keys.is_empty() {
        is_token || credential.starts_with("ak_")
    } else {
        config.api_keys.iter().any(|known| known == credential)
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
