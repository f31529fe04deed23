//! The page at `/`: its files, compiled in. What it shows comes from `feed` and `dev`.
//!
//! Everything on it may come from a stranger, so the policy allows no script and no style but these files, and no HTML
//! made of text (Trusted Types).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use crate::response::{Outcome, ok};
use crate::shared::Shared;

struct File {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! files {
    ($($path:literal = $file:literal $content_type:ident;)*) => {
        const FILES: &[File] = &[$(File {
            path: $path, content_type: $content_type, text: include_str!(concat!("../page/", $file)),
        }),*];
    };
}

files! {
    "/" = "index.html" HTML;
    "/_page/style.css" = "style.css" CSS;
    "/_page/icon.svg" = "icon.svg" SVG;
    "/_page/main.js" = "main.js" JAVASCRIPT;
    "/_page/api.js" = "api.js" JAVASCRIPT;
    "/_page/dom.js" = "dom.js" JAVASCRIPT;
    "/_page/state.js" = "state.js" JAVASCRIPT;
    "/_page/format.js" = "format.js" JAVASCRIPT;
    "/_page/list.js" = "list.js" JAVASCRIPT;
    "/_page/filters.js" = "filters.js" JAVASCRIPT;
    "/_page/detail.js" = "detail.js" JAVASCRIPT;
    "/_page/json.js" = "json.js" JAVASCRIPT;
    "/_page/timeline.js" = "timeline.js" JAVASCRIPT;
    "/_page/conversation.js" = "conversation.js" JAVASCRIPT;
    "/_page/runs.js" = "runs.js" JAVASCRIPT;
    "/_page/requests.js" = "requests.js" JAVASCRIPT;
    "/_page/faults.js" = "faults.js" JAVASCRIPT;
    "/_page/start.js" = "start.js" JAVASCRIPT;
}

const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-cache"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

pub fn has(path: &str) -> bool {
    FILES.iter().any(|file| file.path == path)
}

pub fn routes() -> Router<Arc<Shared>> {
    let router = Router::new().route("/_dev/about", get(about));
    FILES.iter().fold(router, |router, file| {
        router.route(file.path, get(async || file.response()))
    })
}

impl File {
    fn response(&self) -> Response {
        let mut response = Response::new(self.text.into());
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// What the page tells a newcomer. The key is one that this server accepts.
async fn about(State(shared): State<Arc<Shared>>) -> Outcome {
    let mut keys = shared.config.api_keys.iter();
    let key = keys.find(|key| !key.starts_with("pt_"));
    ok(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "apiKey": if shared.config.api_keys.is_empty() { Some("ak_dev") } else { key.map(String::as_str) },
        "keptIn": shared.config.db,
    }))
}
