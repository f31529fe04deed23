//! The end of a queue: what becomes of the events that are left.

use std::time::Instant;

use super::accounting::Disposition;
use super::queue::{Phase, Queue};
use super::threads::Calls;
use crate::error::{Error, Kind};

impl Queue {
    /// Refuses new events from now on, and lets those that wait be delivered by `deadline`.
    pub fn drain(&self, deadline: Instant) -> Calls {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Draining(deadline);
        }
        state.deliver_soon();
        self.wake_all();
        self.call_all(&mut state)
    }

    /// Ends everything that is not delivered: what is in the spool as kept, all else as abandoned. Gives how
    /// many were abandoned.
    pub fn abandon(&self) -> (u64, Calls) {
        let mut state = self.state.lock();
        if state.phase >= Phase::Stopped {
            return (0, Calls::default());
        }
        state.phase = Phase::Stopped;
        let before = state.counters.abandoned;
        for event in state.pending.take_all() {
            let (disposition, error) = left_by_closing(event.handle.is_some());
            self.end_queued(&mut state, *event, disposition, Err(error));
        }
        for event in state.in_flight.take_all() {
            let (disposition, error) = left_by_closing(event.handle.is_some());
            self.end(&mut state, event, disposition, Err(error));
        }
        self.keep_on_disk(&mut state);
        let abandoned = state.counters.abandoned - before;
        self.wake_all();
        let mut calls = state.wake_network();
        calls.completer = self.call_completer(&mut state);
        let left = !self.limits.polled && state.completions.ready() > 0;
        let completers = &mut state.completers;
        if left && !calls.completer && completers.all == completers.busy {
            // They may all be stuck, so a new one is not too many.
            completers.all += 1;
            calls.completer = true;
        }
        (abandoned, calls)
    }

    /// No completion starts on a thread of ours from now on, whatever became of the threads. Those that are
    /// polled still may, until [`Self::end_polling`].
    pub fn kill(&self) {
        if self.limits.polled {
            return;
        }
        let forgotten = {
            let mut state = self.state.lock();
            state.phase = Phase::Dead;
            state.completions.take_all()
        };
        drop(forgotten);
    }
}

fn left_by_closing(is_in_spool: bool) -> (Disposition, Error) {
    match is_in_spool {
        true => (Disposition::Kept, kept()),
        false => (Disposition::Abandoned, Error::closed()),
    }
}

/// What the completion of an event in the spool is told when the client is closed.
pub fn kept() -> Error {
    Error::new(
        Kind::Closed,
        "the client was closed first; the event is kept in the spool, and the next client with the same \
         spool_dir delivers it",
    )
}
