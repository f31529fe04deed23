//! Organizations, their members and invitations.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
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

/// Everybody who calls is this user.
const CALLER_ID: &str = "user_dev";
/// Every organization has a second member, so that removing and transferring can be tried.
const COLLEAGUE_ID: &str = "user_colleague";
const ROLES: [&str; 3] = ["user", "admin", "owner"];

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/users/me/organizations", get(mine))
        .route("/organization", get(show).patch(update))
        .route("/organizations/{org_id}", delete(remove))
        .route("/organizations/{org_id}/invitations", post(invite))
        .route(
            "/organizations/{org_id}/invitations/{invitation_id}",
            delete(cancel_invitation),
        )
        .route(
            "/organizations/{org_id}/members/{user_id}",
            delete(remove_member),
        )
        .route(
            "/organizations/{org_id}/transfer-ownership",
            post(transfer_ownership),
        )
        .route("/organizations/{org_id}/leave", post(leave))
}

/// Any tenant id that a caller names is an organization: it comes to life when it is first seen.
pub fn ensure(shared: &Shared, org_id: &str) -> Result<(), Problem> {
    shared.store.with(|db| {
        let now = shared.clock.now();
        let rows = db
            .prepare_cached("INSERT OR IGNORE INTO organizations VALUES (?1, ?2, NULL, ?3, ?3)")?
            .execute(params![org_id, format!("Organization {org_id}"), now])?;
        if rows > 0 {
            for (user_id, role) in [(CALLER_ID, "owner"), (COLLEAGUE_ID, "user")] {
                db.execute(
                    "INSERT INTO members VALUES (?, ?, ?, ?)",
                    params![org_id, user_id, role, now],
                )?;
            }
        }
        Ok(())
    })
}

async fn mine(State(shared): State<Arc<Shared>>) -> Outcome {
    let organizations = shared.store.with(|db| {
        db.prepare_cached(
            "SELECT * FROM organizations JOIN members USING (org_id) WHERE user_id = ?
             ORDER BY created_at, org_id",
        )?
        .query_map(params![CALLER_ID], |row| {
            Ok(json!({ "organization": to_json(row)?, "role": row.get::<_, String>("role")? }))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()
    });
    list("organizations", organizations?)
}

async fn show(State(shared): State<Arc<Shared>>, Extension(caller): Extension<Caller>) -> Outcome {
    ok(&shared.store.with(|db| find(db, &caller.org_id))?)
}

async fn update(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Outcome {
    let mut members = Members::read(&body)?;
    let name = members.text("name");
    let description = members.text("description");
    members.finish()?;
    let organization = shared.store.with(|db| {
        db.execute(
            "UPDATE organizations SET name = coalesce(?, name), description = coalesce(?, description),
                 updated_at = ? WHERE org_id = ?",
            params![name, description, shared.clock.now(), caller.org_id],
        )?;
        find(db, &caller.org_id)
    });
    ok(&organization?)
}

/// Takes everything that belongs to the organization with it.
async fn remove(State(shared): State<Arc<Shared>>, Ids(org_id): Ids<String>) -> Outcome {
    shared.store.with(|db| {
        find(db, &org_id)?;
        db.execute(
            "DELETE FROM webhook_deliveries WHERE endpoint_id IN
                 (SELECT endpoint_id FROM webhook_endpoints WHERE org_id = ?)",
            params![org_id],
        )?;
        for table in [
            "organizations",
            "members",
            "invitations",
            "apps",
            "channels",
            "environments",
            "webhook_endpoints",
            "events",
        ] {
            db.execute(
                &format!("DELETE FROM {table} WHERE org_id = ?"),
                params![org_id],
            )?;
        }
        Ok::<_, Problem>(())
    })?;
    done()
}

async fn invite(
    State(shared): State<Arc<Shared>>,
    Ids(org_id): Ids<String>,
    body: Bytes,
) -> Outcome {
    let mut members = Members::read(&body)?;
    let email = members.required_text("invitedEmail");
    let role = members.required_text("role");
    if !ROLES.contains(&role.as_str()) {
        members.reject(
            "role",
            format!("expected one of {}", ROLES.join(", ")),
            None,
        );
    }
    members.finish()?;
    let (invitation_id, code, now) = (new_id("inv"), new_id("code"), shared.clock.now());
    shared.store.with(|db| {
        find(db, &org_id)?;
        db.execute(
            "INSERT INTO invitations VALUES (?, ?, ?, ?, ?, ?)",
            params![invitation_id, org_id, email, role, code, now],
        )?;
        Ok::<_, Problem>(())
    })?;
    created(&json!({
        "invitationId": invitation_id,
        "orgId": org_id,
        "invitedEmail": email,
        "inviteRole": role,
        "inviterId": CALLER_ID,
        "code": code,
        "status": "pending",
        "createdAt": clock::format(now),
    }))
}

async fn cancel_invitation(
    State(shared): State<Arc<Shared>>,
    Ids((org_id, invitation_id)): Ids<(String, String)>,
) -> Outcome {
    shared.store.with(|db| {
        let rows = db.execute(
            "DELETE FROM invitations WHERE org_id = ? AND invitation_id = ?",
            params![org_id, invitation_id],
        )?;
        affected(rows, "invitation", &invitation_id)
    })?;
    done()
}

async fn remove_member(
    State(shared): State<Arc<Shared>>,
    Ids((org_id, user_id)): Ids<(String, String)>,
) -> Outcome {
    shared.store.with(|db| drop_member(db, &org_id, &user_id))?;
    done()
}

async fn leave(State(shared): State<Arc<Shared>>, Ids(org_id): Ids<String>) -> Outcome {
    shared
        .store
        .with(|db| drop_member(db, &org_id, CALLER_ID))?;
    done()
}

async fn transfer_ownership(
    State(shared): State<Arc<Shared>>,
    Ids(org_id): Ids<String>,
    body: Bytes,
) -> Outcome {
    let mut members = Members::read(&body)?;
    let user_id = members.required_text("userId");
    members.finish()?;
    shared.store.with(|db| {
        role_of(db, &org_id, &user_id)?;
        db.execute(
            "UPDATE members SET role = CASE WHEN user_id = ?2 THEN 'owner' ELSE 'admin' END
             WHERE org_id = ?1 AND (user_id = ?2 OR role = 'owner')",
            params![org_id, user_id],
        )?;
        Ok::<_, Problem>(())
    })?;
    done()
}

/// An organization keeps its owner.
fn drop_member(db: &Connection, org_id: &str, user_id: &str) -> Result<(), Problem> {
    if role_of(db, org_id, user_id)? == "owner" {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "transfer the ownership first",
        ));
    }
    db.execute(
        "DELETE FROM members WHERE org_id = ? AND user_id = ?",
        params![org_id, user_id],
    )?;
    Ok(())
}

fn role_of(db: &Connection, org_id: &str, user_id: &str) -> Result<String, Problem> {
    find(db, org_id)?;
    db.query_one(
        "SELECT role FROM members WHERE org_id = ? AND user_id = ?",
        params![org_id, user_id],
        |row| row.get(0),
    )
    .optional()?
    .ok_or_else(|| Problem::not_found("member", user_id))
}

fn find(db: &Connection, org_id: &str) -> Result<Value, Problem> {
    db.query_one(
        "SELECT * FROM organizations WHERE org_id = ?",
        params![org_id],
        to_json,
    )
    .optional()?
    .ok_or_else(|| Problem::not_found("organization", org_id))
}

fn to_json(row: &Row<'_>) -> rusqlite::Result<Value> {
    let org_id: String = row.get("org_id")?;
    let mut json = json!({
        "slug": org_id,
        "orgId": org_id,
        "name": row.get::<_, String>("name")?,
        "plan": "development",
        "subscriptionStatus": "active",
        "createdAt": clock::format(row.get("created_at")?),
        "updatedAt": clock::format(row.get("updated_at")?),
    });
    if let Some(description) = row.get::<_, Option<String>>("description")? {
        json["description"] = description.into();
    }
    Ok(json)
}
