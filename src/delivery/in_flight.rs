//! The events that are being sent.
//!
//! They stay in a table that the queue's lock guards, so that closing the client can end them whatever
//! the network thread is at; it then finds that there is nothing left to end.

use std::time::Instant;

use super::circuit_breaker::Probe;
use super::completions::Completion;
use super::pending::{QueuedEvent, Unspooled};
use super::spool::state::Handle;
use crate::error::Error;
use crate::http::response::Response;

/// What ending an event needs, while the network thread has the event itself.
pub struct EventInFlight {
    pub completion: Option<Completion>,
    pub epoch: u32,
    pub bytes: u64,
    /// Where it is in the spool, if it is.
    pub handle: Option<Handle>,
    /// If it is not, what writing it there takes.
    pub unspooled: Option<Unspooled>,
    /// Set for the attempt that probes a failing service.
    pub probe: Option<Probe>,
    pub started_at: Instant,
    /// It is sent together with another event, whose attempt this is.
    pub follows: bool,
}

/// One slot for each event whose attempt has not returned.
#[derive(Default)]
pub struct InFlight {
    slots: Vec<Option<EventInFlight>>,
    free: Vec<usize>,
    /// Events that share the attempt of another one.
    followers: usize,
}

impl InFlight {
    /// No attempt is under way.
    pub fn is_empty(&self) -> bool {
        self.slots.len() == self.free.len()
    }

    /// Attempts that have not returned, those of events that were ended meanwhile included.
    pub fn sending(&self) -> usize {
        let events = self.slots.len() - self.free.len();
        events.saturating_sub(self.followers)
    }

    /// An attempt begins; gives its slot.
    pub fn begin(&mut self, event: EventInFlight) -> usize {
        self.followers += usize::from(event.follows);
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
        let event = self.slots[slot].take()?;
        self.followers -= usize::from(event.follows);
        Some(event)
    }

    /// Whether every attempt that has not returned began at `moment` or before.
    pub fn all_began_by(&self, moment: Instant) -> bool {
        self.iter().all(|event| event.started_at <= moment)
    }

    pub fn iter(&self) -> impl Iterator<Item = &EventInFlight> {
        self.slots.iter().flatten()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut EventInFlight> {
        self.slots.iter_mut().flatten()
    }

    /// Takes all events, though their attempts have not returned.
    pub fn take_all(&mut self) -> Vec<EventInFlight> {
        self.followers = 0;
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
