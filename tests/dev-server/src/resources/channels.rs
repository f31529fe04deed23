//! Channels, which belong to apps.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::routing::get;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::clock;
use crate::path::Ids;
use crate::problem::Problem;
use crate::resources::apps;
use crate::response::{Outcome, created, done, list, ok};
use crate::shared::Shared;
use crate::store::{affected, new_id};

/// The channel of events that name none.
const DEFAULT_ID: &str = "ch_default";

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/apps/{app_id}/channels", get(index).post(create))
        .route(
            "/apps/{app_id}/channels/{channel_id}",
            get(show).put(rename).delete(remove),
        )
}

async fn index(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(app_id): Ids<String>,
) -> Outcome {
    let channels = shared.store.with(|db| {
        apps::find(db, &caller.org_id, &app_id)?;
        db.prepare_cached(
            "SELECT * FROM channels WHERE org_id = ? AND app_id = ? ORDER BY created_at, channel_id",
        )?
        .query_map(params![caller.org_id, app_id], to_json)?
        .collect::<rusqlite::Result<Vec<_>>>()
        .map_err(Problem::from)
    });
    list("channels", channels?)
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids(app_id): Ids<String>,
    body: Bytes,
) -> Outcome {
    let name = apps::read_name(&body)?;
    let channel_id = new_id("ch");
    let channel = shared.store.with(|db| {
        apps::find(db, &caller.org_id, &app_id)?;
        insert(
            db,
            &caller.org_id,
            &app_id,
            &channel_id,
            &name,
            shared.clock.now(),
        )?;
        find(db, &caller.org_id, &app_id, &channel_id)
    });
    created(&channel?)
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids((app_id, channel_id)): Ids<(String, String)>,
) -> Outcome {
    ok(&shared
        .store
        .with(|db| find(db, &caller.org_id, &app_id, &channel_id))?)
}

async fn rename(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids((app_id, channel_id)): Ids<(String, String)>,
    body: Bytes,
) -> Outcome {
    let name = apps::read_name(&body)?;
    let channel = shared.store.with(|db| {
        db.execute(
            "UPDATE channels SET name = ?, updated_at = ? WHERE org_id = ? AND app_id = ? AND channel_id = ?",
            params![name, shared.clock.now(), caller.org_id, app_id, channel_id],
        )?;
        find(db, &caller.org_id, &app_id, &channel_id)
    });
    ok(&channel?)
}

async fn remove(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Ids((app_id, channel_id)): Ids<(String, String)>,
) -> Outcome {
    shared.store.with(|db| {
        let rows = db.execute(
            "DELETE FROM channels WHERE org_id = ? AND app_id = ? AND channel_id = ?",
            params![caller.org_id, app_id, channel_id],
        )?;
        affected(rows, "channel", &channel_id)
    })?;
    done()
}

/// Creates the default channel, and its app, when they are needed for the first time.
pub fn ensure_default(db: &Connection, org_id: &str, now: i64) -> rusqlite::Result<String> {
    apps::insert(db, org_id, apps::DEFAULT_ID, "Default", now)?;
    insert(db, org_id, apps::DEFAULT_ID, DEFAULT_ID, "Default", now)?;
    Ok(DEFAULT_ID.to_owned())
}

pub fn app_of(db: &Connection, org_id: &str, channel_id: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT app_id FROM channels WHERE org_id = ? AND channel_id = ?")?
        .query_one(params![org_id, channel_id], |row| row.get(0))
        .optional()
}

fn insert(
    db: &Connection,
    org_id: &str,
    app_id: &str,
    channel_id: &str,
    name: &str,
    now: i64,
) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO channels VALUES (?1, ?2, ?3, ?4, ?5, ?5)")?
        .execute(params![org_id, channel_id, app_id, name, now])?;
    Ok(())
}

fn find(db: &Connection, org_id: &str, app_id: &str, channel_id: &str) -> Result<Value, Problem> {
    db.query_one(
        "SELECT * FROM channels WHERE org_id = ? AND app_id = ? AND channel_id = ?",
        params![org_id, app_id, channel_id],
        to_json,
    )
    .optional()?
    .ok_or_else(|| Problem::not_found("channel", channel_id))
}

fn to_json(row: &Row<'_>) -> rusqlite::Result<Value> {
    Ok(json!({
        "orgId": row.get::<_, String>("org_id")?,
        "appId": row.get::<_, String>("app_id")?,
        "channelId": row.get::<_, String>("channel_id")?,
        "name": row.get::<_, String>("name")?,
        "createdAt": clock::format(row.get("created_at")?),
        "updatedAt": clock::format(row.get("updated_at")?),
    }))
}
