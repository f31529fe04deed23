//! Threads of this library: named `axonpush-…`, and with all signals blocked.

use std::io;
use std::thread::{Builder, JoinHandle};

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

/// Enough for whatever a completion of the application's does; only what is touched takes memory.
const STACK: usize = 2 << 20;

/// Starts a thread with all signals blocked, so that the application's handlers never run on it.
pub fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    // A thread inherits the mask of the one that starts it: blocked before, so that no signal can
    // slip in at its very beginning.
    let mut before = SigSet::empty();
    let blocked = pthread_sigmask(
        SigmaskHow::SIG_BLOCK,
        Some(&SigSet::all()),
        Some(&mut before),
    );
    let started = Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(run);
    if blocked.is_ok() {
        // Cannot fail with a mask that the system itself gave us.
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
    }
    started
}
