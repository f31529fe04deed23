//! The side of the queue that an application sees which polls for its completions.

use std::time::Instant;

use super::completions::ReadyCompletion;
use super::queue::{Phase, Queue, State};
use crate::error::Result;
use crate::sys::cancel::CallScope;

impl Queue {
    /// How many completions wait to be polled, once one does or the deadline has passed.
    pub fn wait_ready(&self, deadline: Instant, scope: &CallScope) -> usize {
        let state = self.state.lock();
        let (state, _) = self.ready.wait_until(state, deadline, |state| {
            state.completions.ready() > 0 || state.phase >= Phase::Stopped || scope.is_cancelled()
        });
        state.completions.ready()
    }

    /// A completion to be run by whoever polls, who then calls [`Self::note_polled`].
    pub fn take_ready(&self, closing: bool) -> Option<ReadyCompletion> {
        let mut state = self.state.lock();
        if state.phase == Phase::Dead && !closing {
            return None;
        }
        let completion = state.completions.pop()?;
        state.completions.polled += 1;
        self.note_room(&state);
        Some(completion)
    }

    pub fn note_polled(&self) {
        self.state.lock().completions.polled -= 1;
        self.ended.notify_all();
    }

    /// A descriptor that is readable while completions wait to be polled.
    pub fn descriptor(&self) -> Result<i32> {
        self.state.lock().completions.descriptor()
    }

    /// Nobody is given a completion by [`Self::take_ready`] any more but whoever closes. Waits until
    /// those that others run have returned; `own` of them are the caller's.
    pub fn end_polling(&self, deadline: Instant, own: usize) {
        let mut state = self.state.lock();
        state.phase = Phase::Dead;
        self.wake_all();
        let returned = |state: &mut State| state.completions.polled <= own;
        let _ = self.ended.wait_until(state, deadline, returned);
    }
}
