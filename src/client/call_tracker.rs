//! Which calls of a client are in progress, and whether new ones may begin.

use std::time::Instant;

use crate::error::{Error, Result};
use crate::sys::sync::{Condvar, Mutex};

#[derive(Default)]
pub struct CallTracker {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    closing: bool,
    /// How many calls are in progress.
    calls: usize,
}

impl CallTracker {
    /// Begins a call, which ends when the guard is dropped.
    pub fn begin(&self) -> Result<CallGuard<'_>> {
        let mut state = self.state.lock();
        if state.closing {
            return Err(Error::closed());
        }
        state.calls += 1;
        Ok(CallGuard(self))
    }

    /// Lets no new call begin, and ends the waits of those in progress.
    pub fn close(&self) {
        self.state.lock().closing = true;
        self.changed.notify_all();
    }

    /// Waits until no call is in progress, or the deadline has passed.
    pub fn wait_until_idle(&self, deadline: Instant) {
        let state = self.state.lock();
        let _ = self
            .changed
            .wait_until(state, deadline, |state| state.calls == 0);
    }

    /// Waits between attempts; closing the client ends the wait.
    pub fn sleep(&self, until: Instant) -> Result<()> {
        let state = self.state.lock();
        match self.changed.wait_until(state, until, |state| state.closing) {
            (_, true) => Err(Error::closed()),
            (_, false) => Ok(()),
        }
    }
}

/// A call in progress.
pub struct CallGuard<'t>(&'t CallTracker);

impl Drop for CallGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.calls -= 1;
        if state.closing && state.calls == 0 {
            self.0.changed.notify_all();
        }
    }
}
