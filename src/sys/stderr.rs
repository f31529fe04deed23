//! Writing to stderr without doing harm.

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};

/// One `write`, so that lines of several threads do not mix; and no SIGPIPE for the application where
/// stderr is a pipe that nobody reads any more.
pub fn write(line: &str) {
    let pipe_only: SigSet = [Signal::SIGPIPE].into_iter().collect();
    let mut before = SigSet::empty();
    let blocked = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&pipe_only), Some(&mut before));
    // There is nowhere to report a failure to.
    let outcome = nix::unistd::write(std::io::stderr(), line.as_bytes());
    if blocked.is_err() || before.contains(Signal::SIGPIPE) {
        return;
    }
    if outcome == Err(Errno::EPIPE) {
        // The signal is pending for this thread: take it, before it is let through again.
        let _ = pipe_only.wait();
    }
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
}
