//! Apps.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::routing::get;
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

/// The app of events whose channel nobody created.
pub const DEFAULT_ID: &str = "app_default";

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/apps", get(index).post(create))
        .route("/apps/{app_id}", get(show).patch(rename).delete(remove))
}

async fn index(State(shared): State<Arc<Shared>>, Extension(caller): Extension<Caller>) -> Outcome {
    let apps = shared.store.with(|db| {
        db.prepare_cached("SELECT * FROM apps WHERE org_id = ? ORDER BY created_at, app_id")?
            .query_map(params![caller.org_id], to_json)?
            .collect::<rusqlite::Result<Vec<_>>>()
    });
    list("apps", apps?)
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Outcome {
    let name = read_name(&body)?;
    let app_id = new_id("app");
    let app = shared.store.with(|db| {
        insert(db, &caller.org_id, &app_id, &name, shared.clock.now())?;
        find(db, &caller.org_id, &app_id)
    });
    created(&app?)
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(app_id): Ids<String>,
) -> Outcome {
    ok(&shared.store.with(|db| find(db, &caller.org_id, &app_id))?)
}

async fn rename(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(app_id): Ids<String>,
    body: Bytes,
) -> Outcome {
    let name = read_name(&body)?;
    let app = shared.store.with(|db| {
        db.execute(
            "UPDATE apps SET name = ?, updated_at = ? WHERE org_id = ? AND app_id = ?",
            params![name, shared.clock.now(), caller.org_id, app_id],
        )?;
        find(db, &caller.org_id, &app_id)
    });
    ok(&app?)
}

/// Takes the app's channels with it; events stay.
async fn remove(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(app_id): Ids<String>,
) -> Outcome {
    shared.store.with(|db| {
        let ids = params![caller.org_id, app_id];
        affected(
            db.execute("DELETE FROM apps WHERE org_id = ? AND app_id = ?", ids)?,
            "app",
            &app_id,
        )?;
        db.execute("DELETE FROM channels WHERE org_id = ? AND app_id = ?", ids)?;
        Ok::<_, Problem>(())
    })?;
    done()
}

/// The body of everything that only has a name.
pub fn read_name(body: &[u8]) -> Result<String, Problem> {
    let mut members = Members::read(body)?;
    let name = members.required_text("name");
    members.finish()?;
    Ok(name)
}

pub fn insert(
    db: &Connection,
    org_id: &str,
    app_id: &str,
    name: &str,
    now: i64,
) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO apps VALUES (?1, ?2, ?3, ?4, ?4)")?
        .execute(params![org_id, app_id, name, now])?;
    Ok(())
}

pub fn find(db: &Connection, org_id: &str, app_id: &str) -> Result<Value, Problem> {
    db.query_one(
        "SELECT * FROM apps WHERE org_id = ? AND app_id = ?",
        params![org_id, app_id],
        to_json,
    )
    .optional()?
    .ok_or_else(|| Problem::not_found("app", app_id))
}

fn to_json(row: &Row<'_>) -> rusqlite::Result<Value> {
    Ok(json!({
        "orgId": row.get::<_, String>("org_id")?,
        "appId": row.get::<_, String>("app_id")?,
        "name": row.get::<_, String>("name")?,
        "createdAt": clock::format(row.get("created_at")?),
        "updatedAt": clock::format(row.get("updated_at")?),
    }))
}
