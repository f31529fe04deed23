//! The events that are being sent.
//!
//! They stay in a table that the queue's lock guards, so that closing the client can end them whatever
//! the network thread is at; it then finds that there is nothing left to end.

use std::time::Instant;

use super::circuit_breaker::Probe;
use super::completions::Completion;
use super::pending::QueuedEvent;
use super::spool::state::{Handle, SegmentKey};
use crate::error::Error;
use crate::http::response::Response;

/// What ending an event needs, while the network thread has the event itself.
pub struct EventInFlight {
    pub completion: Option<Completion>,
    pub epoch: u32,
    pub bytes: u64,
    /// Where it is in the spool, if it is.
    pub handle: Option<Handle>,
    /// Set for the attempt that probes a failing service.
    pub probe: Option<Probe>,
    pub started_at: Instant,
}

/// One slot for each attempt that has not returned.
#[derive(Default)]
pub struct InFlight {
    slots: Vec<Option<EventInFlight>>,
    free: Vec<usize>,
}

impl InFlight {
    /// Attempts that have not returned, those of events that were ended meanwhile included.
    pub fn sending(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// An attempt begins; gives its slot.
    pub fn begin(&mut self, event: EventInFlight) -> usize {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot] = Some(event);
                slot
            }
            None => {
                self.slots.push(Some(event));
                self.slots.len() - 1
            }
        }
    }

    /// An attempt has returned. `None`: its event has ended meanwhile.
    pub fn end(&mut self, slot: usize) -> Option<EventInFlight> {
        self.free.push(slot);
        self.slots[slot].take()
    }

    /// Whether every attempt that has not returned began at `moment` or before.
    pub fn all_began_by(&self, moment: Instant) -> bool {
        let mut events = self.slots.iter().flatten();
        events.all(|event| event.started_at <= moment)
    }

    /// A segment of the spool is gone: what is being sent of it is in memory only from now on.
    pub fn forget_segment(&mut self, segment: SegmentKey) {
        for event in self.slots.iter_mut().flatten() {
            event.handle = event.handle.filter(|handle| handle.segment() != segment);
        }
    }

    /// Takes all events, though their attempts have not returned.
    pub fn take_all(&mut self) -> Vec<EventInFlight> {
        self.slots.iter_mut().filter_map(Option::take).collect()
    }
}

/// What an attempt led to.
pub enum AttemptOutcome {
    Delivered(Response),
    /// Rejected for good.
    Failed(Error),
    /// May succeed later; `draw`, from 0 to 1, spreads the waits.
    Retry {
        event: Box<QueuedEvent>,
        error: Error,
        draw: f64,
    },
}
