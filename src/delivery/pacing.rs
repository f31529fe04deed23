//! When another connection is worth its while.
//!
//! Connections grow by patience: another one is used only for an event that has waited [`PATIENCE`] while the
//! others were busy. Rejected: growing by the queue's length, which opens all connections for a burst
//! that one would have sent in a millisecond.

use std::time::{Duration, Instant};

/// How long an event may wait for a busy connection before it gets another one.
pub const PATIENCE: Duration = Duration::from_millis(2);
/// How long the connections stay as many as they are, at least. Where an exchange is a wait for the service,
/// more connections cost little; where it is our own work, they gain little.
const PAUSE_SLOW: Duration = Duration::from_millis(1);
const PAUSE_FAST: Duration = Duration::from_millis(20);
/// An exchange of this length is a wait for the service.
const SLOW: Duration = Duration::from_millis(1);
/// How often the network thread looks for new events while they come. So long it sleeps without anybody
/// having to wake it.
pub const NAP: Duration = Duration::from_millis(1);
/// Events are rare when none came for this long. Then the next one wakes the network thread.
const LINGER: Duration = Duration::from_millis(20);

pub struct Pacing {
    /// When an event was accepted last.
    pub last_event: Instant,
    /// When a connection was added last.
    last_opened: Instant,
    /// How long an exchange takes (a moving average).
    exchange: Duration,
}

impl Pacing {
    pub fn new(now: Instant) -> Self {
        Pacing {
            last_event: now,
            last_opened: now,
            exchange: Duration::ZERO,
        }
    }

    pub fn note_exchange(&mut self, took: Duration) {
        self.exchange = (self.exchange * 7 + took) / 8;
    }

    pub fn note_opened(&mut self, now: Instant) {
        self.last_opened = now;
    }

    pub fn events_are_rare(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_event) >= LINGER
    }

    /// When another connection is wanted for an event that is ready since `ready`.
    pub fn open_at(&self, ready: Instant) -> Instant {
        let pause = if self.exchange >= SLOW {
            PAUSE_SLOW
        } else {
            PAUSE_FAST
        };
        (ready + PATIENCE).max(self.last_opened + pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_added_for_who_waits_and_faster_where_the_service_is_slow() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        assert_eq!(pacing.open_at(start), start + PAUSE_FAST);
        for _ in 0..20 {
            pacing.note_exchange(Duration::from_millis(50));
        }
        assert_eq!(pacing.open_at(start), start + PATIENCE);
        let now = start + PATIENCE;
        pacing.note_opened(now);
        assert_eq!(pacing.open_at(start), now + PAUSE_SLOW);
    }
}
