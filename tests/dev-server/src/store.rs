//! Where everything is kept: one SQLite database, in memory or in a file.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use uuid::Uuid;

use crate::problem::Problem;

const SCHEMA: &str = include_str!("schema.sql");

const TABLES: [&str; 9] = [
    "organizations",
    "members",
    "invitations",
    "apps",
    "channels",
    "environments",
    "webhook_endpoints",
    "webhook_deliveries",
    "events",
];

/// One connection behind a lock: what a handler does inside `with` no other request sees half done.
pub struct Store(Mutex<Connection>);

impl Store {
    pub fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let database = match file {
            Some(file) => Connection::open(file)?,
            None => Connection::open_in_memory()?,
        };
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "NORMAL")?;
        database.execute_batch(SCHEMA)?;
        Ok(Self(Mutex::new(database)))
    }

    /// Runs `work` in a transaction, undone when it fails.
    pub fn with<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut database = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = database.transaction()?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    pub fn newest_event(&self) -> rusqlite::Result<i64> {
        self.with(|db| {
            db.query_one(
                "SELECT coalesce(max(created_at), 0) FROM events",
                [],
                |row| row.get(0),
            )
        })
    }

    pub fn count_events(&self) -> rusqlite::Result<i64> {
        self.with(|db| db.query_one("SELECT count(*) FROM events", [], |row| row.get(0)))
    }

    pub fn clear(&self) -> rusqlite::Result<()> {
        self.with(|db| {
            TABLES
                .iter()
                .try_for_each(|table| db.execute_batch(&format!("DELETE FROM {table}")))
        })
    }
}

/// A change to a row that must exist.
pub fn affected(rows: usize, what: &str, id: &str) -> Result<(), Problem> {
    if rows == 0 {
        Err(Problem::not_found(what, id))
    } else {
        Ok(())
    }
}

/// `app_3f…`: unique, and tells a reader what it names.
pub fn new_id(kind: &str) -> String {
    format!("{kind}_{}", Uuid::new_v4().simple())
}
