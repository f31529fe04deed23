//! Threads of this library: named `axonpush-…`, with signals blocked.

use std::io;
use std::os::unix::thread::JoinHandleExt;
use std::thread::{Builder, JoinHandle};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};

use super::tsan;

/// Enough for whatever a completion of the application's does; only what is touched takes memory.
const STACK: usize = 2 << 20;

/// What a fault of the thread itself raises. Blocked, it would kill the process without the
/// application's crash reporter being called.
const FAULTS: [Signal; 4] = [
    Signal::SIGSEGV,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGILL,
];

/// Starts a thread with all signals blocked but those of its own faults, so that the application's other
/// handlers never run on it.
pub fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let mut blocked = SigSet::all();
    for fault in FAULTS {
        blocked.remove(fault);
    }
    // A thread inherits the mask of the one that starts it: set before, so that no signal can slip in
    // at its very beginning.
    let mut before = SigSet::empty();
    let changed = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&blocked), Some(&mut before));
    let started = Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn(move || tsan::inside(run));
    if changed.is_ok() {
        // Cannot fail with a mask that the system itself gave us.
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
    }
    started
}

/// Whether this thread is the one of the handle. It works in exit handlers, too, where the standard library
/// has forgotten which thread it runs on.
pub fn is_current<T>(thread: &JoinHandle<T>) -> bool {
    // SAFETY: it takes nothing and cannot fail.
    thread.as_pthread_t() == unsafe { libc::pthread_self() }
}

/// Whether the application's main thread has ended by `pthread_exit()`: the process then lives only as
/// long as its other threads, and those of ours must not keep it alive.
pub fn main_thread_has_ended() -> bool {
    // The state of the process is that of its main thread. It follows the name, which is in brackets.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    state == Some('Z')
}

/// What of the application still runs in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Application {
    Runs,
    /// Other threads of it are left.
    MainThreadEnded,
    /// Every thread is one of ours, and the process lives only because they do.
    Gone,
}

/// Reads files of the system's: nothing to be done under a lock.
pub fn application() -> Application {
    if !main_thread_has_ended() {
        return Application::Runs;
    }
    let only_ours = || -> std::io::Result<bool> {
        let main = std::process::id().to_string();
        for task in std::fs::read_dir("/proc/self/task")? {
            let task = task?;
            let name = std::fs::read_to_string(task.path().join("comm"))?;
            if task.file_name() != *main && !name.starts_with("axonpush-") {
                return Ok(false);
            }
        }
        Ok(true)
    };
    match only_ours() {
        Ok(true) => Application::Gone,
        _ => Application::MainThreadEnded,
    }
}
