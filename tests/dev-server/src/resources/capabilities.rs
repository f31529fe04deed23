//! `GET /capabilities`: what this server can do, in the shape that clients read.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde_json::json;

use crate::response::{Outcome, ok};
use crate::shared::Shared;

pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/capabilities", get(capabilities))
}

async fn capabilities() -> Outcome {
    ok(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "apiKeyScopes": [
            { "category": "events", "scope": "events:write", "description": "Publish events" },
            { "category": "events", "scope": "events:read", "description": "Search events" },
        ],
        "featureFlags": {
            "analyticsV2": false,
            "asyncIngest": false,
            "environments": true,
            "mcpServer": false,
            "sentryIngest": false,
        },
        "license": { "status": "development", "tier": null, "expiresAt": null },
        "controls": {
            "analytics": {
                "enabled": false,
                "dashboards": false,
                "customDimensions": false,
                "tagFilter": false,
                "breakdownDimensions": null,
            },
            "auditTrail": { "enabled": false, "formats": null },
            "inlineModeration": { "enabled": false, "actions": null, "detectors": null, "targets": null },
            "spendPolicies": { "enabled": false, "actions": null, "dimensions": null, "windows": null },
        },
    }))
}
