//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::connection::Connections;
use crate::faults::Faults;
use crate::hosts::Hosts;
use crate::problem::Problem;
use crate::record::Recorder;
use crate::server::Config;
use crate::store::Store;

pub struct Shared {
    pub config: Config,
    pub store: Store,
    pub clock: Clock,
    pub faults: Faults,
    pub hosts: Hosts,
    pub recorder: Recorder,
    pub connections: Arc<Connections>,
    /// Events that were not stored because their dedup key was known.
    pub duplicates: AtomicU64,
    /// Is told when events have come or gone.
    pub changes: watch::Sender<()>,
    /// The server is about to end: streams end themselves.
    pub stopping: watch::Sender<bool>,
}

impl Shared {
    pub fn open(config: Config) -> rusqlite::Result<Self> {
        let store = Store::open(config.db.as_deref())?;
        Ok(Self {
            clock: Clock::new(store.newest_event()?),
            store,
            faults: Faults::default(),
            hosts: Hosts::new(config.listen.ip(), &config.allowed_hosts),
            recorder: Recorder::new(config.record_limit),
            connections: Arc::default(),
            duplicates: AtomicU64::new(0),
            changes: watch::Sender::new(()),
            stopping: watch::Sender::new(false),
            config,
        })
    }

    pub fn stats(&self) -> Value {
        json!({
            "connectionsAccepted": self.connections.accepted(),
            "connectionsOpen": self.connections.count_open(),
            "requests": self.recorder.total(),
            "storedEvents": self.store.count_events().unwrap_or_default(),
            "duplicates": self.duplicates.load(Ordering::Relaxed),
        })
    }

    /// Back to the state after the start; only the connections stay.
    pub fn reset(&self) -> Result<(), Problem> {
        self.faults.clear();
        self.recorder.reset();
        self.clock.freeze(None);
        self.connections.forget_accepted();
        self.duplicates.store(0, Ordering::Relaxed);
        self.store.clear()?;
        self.changes.send_replace(());
        Ok(())
    }
}
