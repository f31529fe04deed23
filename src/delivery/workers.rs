//! How many worker threads there are, and what each of them is at.
//!
//! - **A caller wakes nobody while somebody is awake.** A worker that runs out of work stays on the
//!   lookout: it naps for a millisecond at a time and looks by itself. Only when nobody is free does
//!   publishing cost a wake-up call. Rejected: a signal for each event, which costs the caller two
//!   microseconds whenever the worker is faster than the events come.
//! - **Workers grow by patience.** Another connection is used only for an event that has waited
//!   [`PATIENCE`] while the others were busy; the worker on the lookout sees to that. Rejected: growing
//!   by the queue's length, which opens eight connections for a burst that one would have sent in a
//!   millisecond.

use std::time::{Duration, Instant};

/// How long an event may wait for a busy worker before another one takes it.
pub const PATIENCE: Duration = Duration::from_millis(2);
/// How long the senders stay as many as they are, at least. Where an exchange is a wait for the service,
/// more connections cost little; where it is our own work, they gain little and take the application's
/// processors.
const PAUSE_SLOW: Duration = Duration::from_millis(1);
const PAUSE_FAST: Duration = Duration::from_millis(20);
/// An exchange of this length is a wait for the service.
const SLOW: Duration = Duration::from_millis(1);
/// How often the lookout looks, while events come and when they are rare.
pub const NAP: Duration = Duration::from_millis(1);
pub const LONG_NAP: Duration = Duration::from_millis(10);
pub const SHORTEST_NAP: Duration = Duration::from_micros(500);
/// Events are rare when none came for this long.
const LINGER: Duration = Duration::from_millis(20);
/// How long a worker without work keeps its thread.
pub const IDLE: Duration = Duration::from_secs(10);
/// How often a worker without work looks whether it is still wanted.
pub const PARK: Duration = Duration::from_secs(1);

pub struct Workers {
    /// All of them.
    pub all: usize,
    /// They wait to be called.
    pub parked: usize,
    /// They were called and are not awake yet.
    pub summoned: usize,
    /// One worker naps and looks for work.
    pub lookout: bool,
    /// When an event was accepted last.
    pub last_event: Instant,
    /// When a sender was added last.
    pub last_joined: Instant,
    /// How long an exchange takes (a moving average).
    exchange: Duration,
}

impl Workers {
    pub fn new(now: Instant) -> Self {
        Workers {
            all: 0,
            parked: 0,
            summoned: 0,
            lookout: false,
            last_event: now,
            last_joined: now,
            exchange: Duration::ZERO,
        }
    }

    pub fn note_exchange(&mut self, took: Duration) {
        self.exchange = (self.exchange * 7 + took) / 8;
    }

    pub fn events_are_rare(&self, now: Instant) -> bool {
        now.duration_since(self.last_event) >= LINGER
    }

    /// Whether another sender is wanted for an event that has `waited`.
    pub fn wants_sender(&self, waited: Duration, now: Instant) -> bool {
        let pause = if self.exchange >= SLOW {
            PAUSE_SLOW
        } else {
            PAUSE_FAST
        };
        waited >= PATIENCE && now.duration_since(self.last_joined) >= pause
    }
}

/// Whether another worker is needed: its slot, for the caller to start it once the lock is free.
#[must_use]
pub struct SpawnRequest(pub Option<usize>);
