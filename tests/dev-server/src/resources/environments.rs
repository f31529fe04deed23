//! Environments, addressed by slug.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::routing::{get, patch, post};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::body::Members;
use crate::clock;
use crate::path::Ids;
use crate::problem::Problem;
use crate::response::{Outcome, created, done, list, ok};
use crate::shared::Shared;
use crate::store::{affected, new_id};

const DEFAULT_COLOR: &str = "#6b7280";

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/environments", get(index).post(create))
        .route("/environments/{slug}", patch(update).delete(remove))
        .route("/environments/{slug}/promote", post(promote))
}

async fn index(State(shared): State<Arc<Shared>>, Extension(caller): Extension<Caller>) -> Outcome {
    let environments = shared.store.with(|db| {
        db.prepare_cached("SELECT * FROM environments WHERE org_id = ? ORDER BY created_at, slug")?
            .query_map(params![caller.org_id], to_json)?
            .collect::<rusqlite::Result<Vec<_>>>()
    });
    list("environments", environments?)
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Outcome {
    let mut members = Members::read(&body)?;
    let name = members.required_text("name");
    let slug = members.text("slug").unwrap_or_else(|| slug_of(&name));
    let color = members
        .text("color")
        .unwrap_or_else(|| DEFAULT_COLOR.into());
    let is_default = members.flag("isDefault").unwrap_or(false);
    let is_production = members.flag("isProduction").unwrap_or(false);
    if slug.is_empty() {
        members.reject("slug", "must not be empty", None);
    }
    members.finish()?;
    let environment = shared.store.with(|db| {
        let rows = db.execute(
            "INSERT OR IGNORE INTO environments VALUES (?1, ?2, ?3, ?4, ?5, FALSE, ?6, ?7, ?7)",
            params![
                caller.org_id,
                slug,
                new_id("env"),
                name,
                color,
                is_production,
                shared.clock.now()
            ],
        )?;
        if rows == 0 {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                format!("environment `{slug}` exists already"),
            ));
        }
        if is_default {
            make_default(db, &caller.org_id, &slug)?;
        }
        find(db, &caller.org_id, &slug)
    });
    created(&environment?)
}

async fn update(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(slug): Ids<String>,
    body: Bytes,
) -> Outcome {
    let mut members = Members::read(&body)?;
    let name = members.text("name");
    let color = members.text("color");
    let is_production = members.flag("isProduction");
    members.finish()?;
    let environment = shared.store.with(|db| {
        db.execute(
            "UPDATE environments SET name = coalesce(?, name), color = coalesce(?, color),
                 is_production = coalesce(?, is_production), updated_at = ?
             WHERE org_id = ? AND slug = ?",
            params![
                name,
                color,
                is_production,
                shared.clock.now(),
                caller.org_id,
                slug
            ],
        )?;
        find(db, &caller.org_id, &slug)
    });
    ok(&environment?)
}

async fn remove(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(slug): Ids<String>,
) -> Outcome {
    shared.store.with(|db| {
        let rows = db.execute(
            "DELETE FROM environments WHERE org_id = ? AND slug = ?",
            params![caller.org_id, slug],
        )?;
        affected(rows, "environment", &slug)
    })?;
    done()
}

/// Makes an environment the organization's default.
async fn promote(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(slug): Ids<String>,
) -> Outcome {
    let environment = shared.store.with(|db| {
        find(db, &caller.org_id, &slug)?;
        make_default(db, &caller.org_id, &slug)?;
        find(db, &caller.org_id, &slug)
    });
    ok(&environment?)
}

fn make_default(db: &Connection, org_id: &str, slug: &str) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE environments SET is_default = (slug = ?) WHERE org_id = ?",
        params![slug, org_id],
    )?;
    Ok(())
}

fn find(db: &Connection, org_id: &str, slug: &str) -> Result<Value, Problem> {
    db.query_one(
        "SELECT * FROM environments WHERE org_id = ? AND slug = ?",
        params![org_id, slug],
        to_json,
    )
    .optional()?
    .ok_or_else(|| Problem::not_found("environment", slug))
}

/// `My Staging!` becomes `my-staging`.
fn slug_of(name: &str) -> String {
    name.to_lowercase()
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

fn to_json(row: &Row<'_>) -> rusqlite::Result<Value> {
    Ok(json!({
        "orgId": row.get::<_, String>("org_id")?,
        "environmentId": row.get::<_, String>("environment_id")?,
        "slug": row.get::<_, String>("slug")?,
        "name": row.get::<_, String>("name")?,
        "color": row.get::<_, String>("color")?,
        "isDefault": row.get::<_, bool>("is_default")?,
        "isEphemeral": false,
        "isProduction": row.get::<_, bool>("is_production")?,
        "createdAt": clock::format(row.get("created_at")?),
        "updatedAt": clock::format(row.get("updated_at")?),
    }))
}
