//! How one thread ends what another one waits for.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::sys::sync::Mutex;
use crate::sys::tsan;

/// Set once, from any thread. Whoever waits registers what is to be done then.
#[derive(Default)]
pub struct CancelToken(Mutex<State>);

#[derive(Default)]
struct State {
    cancelled: bool,
    next: u64,
    actions: Vec<(u64, Box<dyn FnOnce() + Send>)>,
}

impl std::fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CancelToken({})", self.is_cancelled())
    }
}

impl CancelToken {
    pub fn cancel(&self) {
        tsan::release(std::ptr::from_ref(self).cast());
        let actions = {
            let mut state = self.0.lock();
            state.cancelled = true;
            std::mem::take(&mut state.actions)
        };
        // Without the lock: an action takes locks of its own, under which a registration may end.
        for (_, action) in actions {
            action();
        }
    }

    pub fn is_cancelled(&self) -> bool {
        let cancelled = self.0.lock().cancelled;
        if cancelled {
            // What the other thread did before it cancelled happened before what follows here.
            tsan::acquire(std::ptr::from_ref(self).cast());
        }
        cancelled
    }

    /// Has `action` run once when the token is cancelled, on the thread that cancels; at once if it is
    /// cancelled already. Dropping the registration forgets the action, which may be running all the same.
    fn on_cancel(self: &Arc<Self>, action: impl FnOnce() + Send + 'static) -> Registration {
        let mut state = self.0.lock();
        let number = state.next;
        state.next += 1;
        if state.cancelled {
            drop(state);
            action();
        } else {
            state.actions.push((number, Box::new(action)));
        }
        Registration {
            token: self.clone(),
            number,
        }
    }
}

#[must_use]
struct Registration {
    token: Arc<CancelToken>,
    number: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.token.0.lock();
        state.actions.retain(|(number, _)| *number != self.number);
    }
}

/// What bounds a call beside the client's own timeouts.
#[derive(Debug, Default, Clone)]
pub struct CallScope {
    /// For the call in all, its retries and waits included.
    pub deadline: Option<Instant>,
    pub cancel: Option<Arc<CancelToken>>,
}

impl CallScope {
    pub fn is_cancelled(&self) -> bool {
        self.cancel
            .as_ref()
            .is_some_and(|token| token.is_cancelled())
    }

    /// An error once the call is cancelled.
    pub fn check(&self) -> Result<()> {
        match self.is_cancelled() {
            true => Err(Error::cancelled()),
            false => Ok(()),
        }
    }

    /// The earlier one of the scope's deadline and `other`.
    pub fn deadline_or(&self, other: Instant) -> Instant {
        self.deadline.map_or(other, |deadline| deadline.min(other))
    }

    /// Runs `wait`; when the call is cancelled meanwhile, `wake` is called and is to end the wait.
    pub fn interruptible<T>(
        &self,
        wake: impl FnOnce() + Send + 'static,
        wait: impl FnOnce() -> T,
    ) -> T {
        let _registration = self.cancel.as_ref().map(|token| token.on_cancel(wake));
        wait()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn an_action_runs_once_whether_it_comes_before_or_after() {
        let token = Arc::new(CancelToken::default());
        let scope = CallScope {
            cancel: Some(token.clone()),
            ..CallScope::default()
        };
        let runs = Arc::new(AtomicU32::new(0));
        let wake = || {
            let runs = runs.clone();
            move || {
                runs.fetch_add(1, Ordering::Relaxed);
            }
        };
        scope.interruptible(wake(), || ());
        assert!(scope.check().is_ok());
        scope.interruptible(wake(), || token.cancel());
        assert_eq!(runs.load(Ordering::Relaxed), 1, "the first was forgotten");
        scope.interruptible(wake(), || ());
        assert_eq!(runs.load(Ordering::Relaxed), 2);
        assert!(scope.check().is_err());
    }
}
