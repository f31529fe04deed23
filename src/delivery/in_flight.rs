//! The events that are being sent.
//!
//! They stay in a table that the queue's lock guards, so that closing the client can end them although
//! the thread that sends them is stuck; that thread then finds that there is nothing left to end.

use std::time::Instant;

use super::circuit_breaker::Probe;
use super::completions::Completion;
use super::pending::QueuedEvent;
use crate::error::Error;
use crate::http::response::Response;

/// What ending an event needs, while the thread that sends it has the event itself.
pub struct EventInFlight {
    pub completion: Option<Completion>,
    pub epoch: u32,
    pub bytes: u64,
    /// Set for the attempt that probes a failing service.
    pub probe: Option<Probe>,
    pub started_at: Instant,
}

/// One slot for each worker.
#[derive(Default)]
pub struct InFlight {
    slots: Vec<Slot>,
    /// Attempts that have not returned, those of events that were ended meanwhile included.
    pub sending: usize,
}

#[derive(Default)]
struct Slot {
    used: bool,
    event: Option<EventInFlight>,
}

impl InFlight {
    /// Reserves a slot; gives its number.
    pub fn reserve(&mut self) -> usize {
        let free = |slot: &Slot| !slot.used && slot.event.is_none();
        let number = self.slots.iter().position(free).unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        self.slots[number].used = true;
        number
    }

    pub fn release(&mut self, slot: usize) {
        self.slots[slot].used = false;
    }

    pub fn begin(&mut self, slot: usize, event: EventInFlight) {
        self.sending += 1;
        self.slots[slot].event = Some(event);
    }

    /// An attempt has returned. `None`: its event has ended meanwhile.
    pub fn end(&mut self, slot: usize) -> Option<EventInFlight> {
        self.sending -= 1;
        self.slots[slot].event.take()
    }

    /// Takes all events, though their attempts have not returned.
    pub fn take_all(&mut self) -> Vec<EventInFlight> {
        self.slots
            .iter_mut()
            .filter_map(|slot| slot.event.take())
            .collect()
    }
}

/// What an attempt led to.
pub enum AttemptOutcome {
    Delivered(Response),
    /// Rejected for good.
    Failed(Error),
    /// May succeed later; the waits are lengthened by the factor.
    Retry {
        event: Box<QueuedEvent>,
        error: Error,
        jitter: f64,
    },
    /// Interrupted, because the client is closed.
    Interrupted,
}

/// An event that was not delivered, and why.
pub struct GivenUp {
    pub error: Error,
    pub suppressed: bool,
}
