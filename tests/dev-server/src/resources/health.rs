//! `GET /healthz`, the one path of the service that needs no credential.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde_json::json;

use crate::response::ok;
use crate::shared::Shared;

pub const PATH: &str = "/healthz";

pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route(
        PATH,
        get(async || {
            ok(&json!({
                "status": "ok",
                "service": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
            }))
        }),
    )
}
