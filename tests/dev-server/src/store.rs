//! Where everything is kept: one SQLite database, in memory or in a file.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
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
        database.execute(
            "INSERT INTO this_store SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM this_store)",
            [Uuid::new_v4().simple().to_string().split_off(24)],
        )?;
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

    /// Deletes everything; the numbers of events go on.
    pub fn clear(&self) -> rusqlite::Result<()> {
        self.with(|db| {
            for table in TABLES {
                db.execute_batch(&format!("DELETE FROM {table}"))?;
            }
            // A number that no event gets tells the readers from before from those that come now.
            db.execute_batch("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'events'")?;
            db.execute("UPDATE this_store SET cleared = ?", [last_number(db)?])?;
            Ok(())
        })
    }
}

/// A place in the sequence of all events of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub store_id: String,
    /// Of the last event that was seen.
    pub number: i64,
}

impl Cursor {
    /// That of a reader who has seen everything.
    pub fn newest(db: &Connection) -> rusqlite::Result<Self> {
        let mut statement = db.prepare_cached("SELECT store_id FROM this_store")?;
        Ok(Self {
            store_id: statement.query_one([], |row| row.get(0))?,
            number: last_number(db)?,
        })
    }

    /// Whether what lies behind it is still there: it belongs to this store, and nothing was cleared since.
    pub fn is_valid(&self, db: &Connection) -> rusqlite::Result<bool> {
        db.prepare_cached("SELECT store_id = ? AND cleared <= ? FROM this_store")?
            .query_one(params![self.store_id, self.number], |row| row.get(0))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.store_id, self.number)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (store_id, number) = text.split_once('.').ok_or(())?;
        Ok(Self {
            store_id: store_id.to_owned(),
            number: number.parse().map_err(|_| ())?,
        })
    }
}

/// The number of the newest event there has been; numbers go on when events are deleted.
fn last_number(db: &Connection) -> rusqlite::Result<i64> {
    let found = db
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'events'")?
        .query_one([], |row| row.get(0));
    Ok(found.optional()?.unwrap_or(0))
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
