//! Which threads a client has, and whom to call: one for the network, one for completions.
//!
//! - **A caller wakes nobody while the network thread is awake.** When it runs out of work it naps for a
//!   millisecond at a time and looks by itself. Only when no event came for a while it sleeps, and the
//!   next event pays for a wake-up. Rejected: a wake-up for each event, which costs the caller two
//!   microseconds whenever the network is faster than the events come.
//! - **Completions have a thread of their own**, so that the application's code never holds the network up.
//!   While one of them waits in a call of ours, another thread takes its place; and one that takes long
//!   lets a second thread help out.

use std::time::{Duration, Instant};

use crate::http::multiplex::Waker;

/// How long a thread without work is kept.
pub const IDLE: Duration = Duration::from_secs(10);
/// How often a thread without work looks whether it is still wanted.
pub const PARK: Duration = Duration::from_secs(1);
/// After this, a completion that has not returned does not hold up the others any more.
pub const SLOW_COMPLETION: Duration = Duration::from_millis(20);
/// Threads that run completions at once, without those that wait in a call of ours.
const MOST_COMPLETERS: usize = 2;

#[derive(Default)]
pub struct NetworkThread {
    pub running: bool,
    /// It sleeps until something happens: a new event has to wake it.
    pub asleep: bool,
    /// There while it runs and can be woken.
    pub waker: Option<Waker>,
    /// When it last had something to do.
    pub busy_at: Option<Instant>,
}

/// Threads that run completions and write to the log.
#[derive(Default)]
pub struct Completers {
    pub all: usize,
    /// They run something.
    pub busy: usize,
    /// They wait to be notified.
    pub waiting: usize,
    /// When something was last begun.
    pub started_at: Option<Instant>,
}

impl Completers {
    /// When another one may help out; `None`: no more. `suspended` of them wait in calls of ours.
    pub fn next_at(&self, suspended: usize, now: Instant) -> Option<Instant> {
        match self.all.saturating_sub(suspended) {
            0 => Some(now),
            present if present < MOST_COMPLETERS => {
                Some(self.started_at.map_or(now, |at| at + SLOW_COMPLETION))
            }
            _ => None,
        }
    }
}

/// What is to be done once the lock is free.
#[must_use]
#[derive(Default)]
pub struct Calls {
    /// Start the network thread.
    pub network: bool,
    /// Start a thread for completions.
    pub completer: bool,
    /// Wake the network thread.
    pub wake: Option<Waker>,
}
