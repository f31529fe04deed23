//! The spool: events that outlive the process, in a folder.
//!
//! An append-only log and nothing else: no second file that has to agree with it. `docs/spool.md` has the
//! format, what is promised in which failure, and the designs that were rejected.
//!
//! ```text
//! <spool_dir>/<run>/lock            locked while the client lives
//! <spool_dir>/<run>/00000001.seg    records, one after the other
//! <spool_dir>/bad/                  segments that hold something unreadable
//! ```

mod adopt;
mod append;
mod bitmap;
mod cleanup;
pub mod disk;
mod folders;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod maintenance;
pub mod read;
pub mod record;
mod scan;
pub mod state;
pub mod store;
mod sync;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod spool_tests;
#[cfg(test)]
mod step_tests;
#[cfg(test)]
pub mod testing;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::disk::Disk;
use self::maintenance::now_ms;
use self::read::SpooledEvent;
use self::record::{EventBody, Identity};
use self::state::{Discarded, Handle};
use self::store::{Core, Listener, Refused, Settings};
use crate::error::{Error, Result};
use crate::log::RateLimiter;
use crate::sys::files::Folder;
use crate::sys::threads;

/// What the counters say of a spool.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct SpoolStats {
    /// Events that have not ended, in memory or not.
    pub events: u64,
    /// Of their records.
    pub bytes: u64,
    /// Events that nobody holds in memory.
    pub waiting: u64,
    pub disk_errors: u64,
}

#[cfg(test)]
impl Spool {
    /// Whether events have ended, and that is not written down yet.
    pub fn has_unwritten(&self) -> bool {
        let state = self.0.state.lock();
        state.runs.values().any(|run| !run.acknowledged.is_empty())
    }
}

/// A client's spool. Closed when it is dropped.
pub struct Spool(Arc<Core>);

impl Spool {
    /// Opens the folder, begins a run in it, and starts the thread that adopts the runs of processes
    /// that have ended.
    pub fn open(
        settings: Settings,
        identity: Identity,
        disk: Arc<dyn Disk>,
        listener: Arc<dyn Listener>,
        warnings: Arc<RateLimiter>,
    ) -> Result<Spool> {
        let unusable = |cause: io::Error| {
            Error::config(format!(
                "spool_dir {}: it cannot be used: {cause}; give a folder that this user can write to",
                settings.dir.display()
            ))
        };
        let root = Folder::open_or_create(&settings.dir).map_err(unusable)?;
        let core = Core::new(root, settings.clone(), identity, disk, listener, warnings);
        match core.begin_run(now_ms()) {
            Ok(_) => {}
            // It may have room again later.
            Err(cause) if store::no_room(&cause) => {
                let mut state = core.state.lock();
                core.fail(&mut state, state::RunKey::MAX, "beginning", &cause);
            }
            Err(cause) => return Err(unusable(cause)),
        }
        // What is there already counts, however soon the first event comes.
        core.count_others();
        let core = Arc::new(core);
        let maintained = Arc::clone(&core);
        threads::spawn("axonpush-spool", move || maintained.maintain()).map_err(|cause| {
            Error::config(format!("spool_dir: its thread cannot start: {cause}"))
        })?;
        Ok(Spool(core))
    }

    /// Writes an event to the disk. When this returns the event outlives the process.
    pub fn append(&self, event: &EventBody) -> std::result::Result<Handle, Refused> {
        self.0.append(event, now_ms())
    }

    /// The caller does not keep this event in memory: [`Self::read_next`] gives it again.
    /// `false`: it is not in the spool any more, because it made room for a newer one.
    pub fn leave(&self, handle: Handle) -> bool {
        self.0.leave(handle)
    }

    /// Writes events to the disk that were accepted before, each so long ago, in this order, until one is
    /// refused. Gives where they are.
    pub fn append_late<'a>(
        &self,
        events: impl Iterator<Item = (EventBody<'a>, Duration)>,
    ) -> Vec<Handle> {
        let now = now_ms();
        let events = events.map(|(event, age)| (event, now.saturating_sub(age.as_millis() as u64)));
        self.0.append_late(events)
    }

    /// There is an event in memory only: [`Listener::spill`] is called as soon as the disk can be used.
    pub fn request_spill(&self) {
        let mut state = self.0.state.lock();
        if !std::mem::replace(&mut state.wake.spill, true) {
            self.0.work.notify_all();
        }
    }

    /// A disk that failed is tried again now: there may be no later.
    pub fn retry_now(&self) {
        let mut state = self.0.state.lock();
        if let Some(trouble) = &mut state.trouble {
            trouble.retry_at = Instant::now();
            self.0.work.notify_all();
        }
    }

    /// Memory has room: [`Listener::refill`] is called soon, on the spool's thread.
    pub fn request_refill(&self) {
        let mut state = self.0.state.lock();
        if !std::mem::replace(&mut state.wake.refill, true) {
            self.0.work.notify_all();
        }
    }

    /// The oldest event that nobody holds in memory. `Err`: it cannot be read any more, and has ended.
    pub fn read_next(&self) -> Option<(Handle, std::result::Result<SpooledEvent, String>)> {
        self.0.read_next()
    }

    /// The event has ended. Ending one again does nothing.
    pub fn acknowledge(&self, handle: Handle) {
        self.0.acknowledge(handle);
    }

    /// Ends the events of the oldest segment that nobody is at work with, to make room. `held` are those
    /// that the caller has in memory and lets go.
    pub fn discard_oldest(&self, held: impl Iterator<Item = Handle>) -> Option<Discarded> {
        let mut state = self.0.state.lock();
        let discarded = state.discard_oldest(held)?;
        // Whoever needs the room removes the segment, or the thread does.
        state.wake.dead = true;
        self.0.work.notify_all();
        Some(discarded)
    }

    pub fn stats(&self) -> SpoolStats {
        let state = self.0.state.lock();
        SpoolStats {
            events: state.live(),
            bytes: state.live_bytes(),
            waiting: state.waiting,
            disk_errors: state.disk_errors,
        }
    }

    /// Waits until it is known which events earlier processes left here.
    pub fn wait_until_looked(&self, deadline: Instant) -> bool {
        let state = self.0.state.lock();
        let looked = |state: &mut state::State| state.looked;
        self.0.changed.wait_until(state, deadline, looked).1
    }

    /// Nothing is taken any more; the thread does its last work.
    pub fn begin_close(&self) {
        self.0.state.lock().closing = true;
        self.0.work.notify_all();
    }

    /// Waits until the lock is let go, so that the next client can deliver what is left. Returns by the
    /// deadline, however slow the disk is.
    pub fn close(&self, deadline: Instant) {
        self.begin_close();
        let state = self.0.state.lock();
        let exited = |state: &mut state::State| state.exited;
        drop(self.0.changed.wait_until(state, deadline, exited));
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // The thread ends by itself.
        self.begin_close();
    }
}
