//! What bounds the queue, and what happens where it is full.

use std::time::{Duration, Instant};

use super::exporter::BatchLimits;
use crate::error::{Error, Kind};
use crate::sys::cancel::CallScope;

/// What happens to an event for which the queue has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    DropOldest,
    DropNewest,
    Block,
}

/// What to do where an event would have to wait for room.
#[derive(Debug, Clone, Copy)]
pub enum OnFull<'s> {
    /// For as long as the policy and the scope of the call allow.
    Wait(&'s CallScope),
    Refuse,
}

pub struct Limits {
    pub max_events: usize,
    pub max_bytes: u64,
    pub overflow: Overflow,
    /// How long [`Overflow::Block`] waits at most.
    pub block_timeout: Option<Duration>,
    pub delivery_timeout: Duration,
    /// Of HTTP/1.1.
    pub max_connections: usize,
    pub fail_open: bool,
    /// Without a spool, neither this nor the age matters.
    pub spool_max_bytes: u64,
    pub spool_max_age: Duration,
    /// Completions wait until the application polls.
    pub polled: bool,
    /// Events leave in batches, and not one by one.
    pub batch: Option<BatchLimits>,
}

impl Limits {
    /// How many completions may be ready and not run yet. Not as few as a short queue has events: a
    /// burst that drops some must not be refused for their completions.
    pub fn max_ready(&self) -> usize {
        self.max_events.max(10_000)
    }

    /// Why an event is refused.
    pub fn is_full(&self, bound: Bound) -> Error {
        Error::new(
            Kind::QueueFull,
            format!("the queue is full ({})", self.describe(bound)),
        )
    }

    /// The line that tells of dropped events.
    pub fn describe_drops(&self, drops: DropReport) -> String {
        let DropReport { events, bound } = drops;
        let were = if events == 1 {
            "event was"
        } else {
            "events were"
        };
        let cure = match bound {
            Bound::Events => "raise queue_max_events",
            Bound::Bytes => "raise queue_max_bytes",
            Bound::Completions => "run completions faster (axonpush_poll)",
            Bound::Spool => "raise spool_max_bytes",
        };
        format!(
            "the queue is full ({}): {events} {were} dropped to make room for newer ones; \
             {cure}, publish more slowly, or choose another overflow policy",
            self.describe(bound)
        )
    }

    fn describe(&self, bound: Bound) -> String {
        match bound {
            Bound::Events => format!("queue_max_events {}", self.max_events),
            Bound::Bytes => format!("queue_max_bytes {}", self.max_bytes),
            Bound::Completions => format!("{} completions wait to be run", self.max_ready()),
            Bound::Spool => format!("spool_max_bytes {}", self.spool_max_bytes),
        }
    }
}

/// What of the limits was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Events,
    Bytes,
    Completions,
    Spool,
}

/// Events that were dropped, for a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropReport {
    pub events: u64,
    /// The limit that was reached last.
    pub bound: Bound,
}

/// Counts drops until a line of the log tells of them: at once of the first, then every few seconds.
#[derive(Debug, Default)]
pub struct Drops {
    unreported: u64,
    bound: Option<Bound>,
    reported_at: Option<Instant>,
}

const REPORT_INTERVAL: Duration = Duration::from_secs(5);

impl Drops {
    pub fn note(&mut self, bound: Bound) {
        self.unreported += 1;
        self.bound = Some(bound);
    }

    pub fn take_report(&mut self, now: Instant) -> Option<DropReport> {
        self.bound?;
        if self
            .reported_at
            .is_some_and(|at| now.saturating_duration_since(at) < REPORT_INTERVAL)
        {
            return None;
        }
        self.reported_at = Some(now);
        self.take_rest()
    }

    pub fn take_rest(&mut self) -> Option<DropReport> {
        let bound = self.bound.take()?;
        let events = std::mem::take(&mut self.unreported);
        Some(DropReport { events, bound })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_reported_at_once_then_every_few_seconds_and_all_of_them() {
        let mut drops = Drops::default();
        let start = Instant::now();
        assert_eq!(drops.take_report(start), None);
        let mut reported = 0;
        for n in 0..1000 {
            drops.note(Bound::Events);
            let report = drops.take_report(start + Duration::from_millis(10) * n);
            reported += report.map_or(0, |r| r.events);
            assert_eq!(report.is_some(), n % 500 == 0, "{n}");
        }
        reported += drops.take_rest().map_or(0, |r| r.events);
        assert_eq!(reported, 1000);
        assert_eq!(drops.take_rest(), None);
    }
}
