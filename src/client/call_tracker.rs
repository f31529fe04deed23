//! Which calls of a client are in progress, and whether new ones may begin.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::sys::cancel::CallScope;
use crate::sys::sync::{Condvar, Mutex};

#[derive(Default)]
pub struct CallTracker(Arc<Tracked>);

#[derive(Default)]
struct Tracked {
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
        let mut state = self.0.state.lock();
        if state.closing {
            return Err(Error::closed());
        }
        state.calls += 1;
        Ok(CallGuard(&self.0))
    }

    /// Lets no new call begin, and ends the waits of those in progress.
    pub fn close(&self) {
        self.0.state.lock().closing = true;
        self.0.changed.notify_all();
    }

    /// Waits until no call is in progress, or the deadline has passed, or the waiting call is cancelled.
    pub fn wait_until_idle(&self, deadline: Instant, scope: &CallScope) {
        self.wait(deadline, scope, |state| state.calls == 0);
    }

    /// Waits between attempts. Closing the client and cancelling the call end the wait.
    pub fn sleep(&self, until: Instant, scope: &CallScope) -> Result<()> {
        if self.wait(until, scope, |state| state.closing) {
            return Err(Error::closed());
        }
        scope.check()
    }

    /// Waits until `ready`, `deadline` or cancellation; tells whether it is ready.
    fn wait(&self, deadline: Instant, scope: &CallScope, ready: fn(&State) -> bool) -> bool {
        let tracked = self.0.clone();
        let wake = move || {
            // Whoever waits is either before its look at the token or in its wait.
            drop(tracked.state.lock());
            tracked.changed.notify_all();
        };
        let tracked = &self.0;
        scope.interruptible(wake, || {
            let over = |state: &mut State| ready(state) || scope.is_cancelled();
            let (state, _) = tracked
                .changed
                .wait_until(tracked.state.lock(), deadline, over);
            ready(&state)
        })
    }
}

/// A call in progress.
pub struct CallGuard<'t>(&'t Tracked);

impl Drop for CallGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.calls -= 1;
        if state.closing && state.calls == 0 {
            self.0.changed.notify_all();
        }
    }
}
