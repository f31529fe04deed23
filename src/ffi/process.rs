//! The process around us: what happens to clients at `fork()` and at `exit()`.

use std::cell::UnsafeCell;
use std::os::fd::RawFd;
use std::sync::Once;
use std::time::Instant;

use super::handle;
use crate::log;
use crate::sys::cancel::CallScope;
use crate::sys::files;
use crate::sys::sync::MutexGuard;

/// The locks of ours that are not a client's. Clients need none here: a child never touches the
/// locks of the clients it inherited.
type Guards = (
    std::sync::RwLockWriteGuard<'static, handle::Registry>,
    std::sync::RwLockWriteGuard<'static, log::Sink>,
    MutexGuard<'static, Vec<RawFd>>,
);

/// Where the forking thread keeps the locks from `before_fork` to `after_fork`.
struct Held(UnsafeCell<Option<Guards>>);

// SAFETY: written only by the thread that holds the registry's write lock, which is itself what is
// kept here: one thread at a time, in the parent and (as its only thread) in the child.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(None));

/// Installed once, with the first client.
pub(super) fn install_hooks() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // SAFETY: the handlers are `extern "C"`, never unwind, and stay loaded: the shared library is
        // linked with `-z nodelete`. Failure (out of memory) leaves fork and exit without our help.
        unsafe {
            libc::pthread_atfork(
                Some(before_fork),
                Some(after_fork_in_parent),
                Some(after_fork_in_child),
            );
            libc::atexit(at_exit);
        }
    });
}

extern "C" fn before_fork() {
    let guards = (
        handle::lock_for_fork(),
        log::lock_for_fork(),
        files::hold_locks_for_fork(),
    );
    // SAFETY: this thread holds the registry's write lock (see `Held`).
    unsafe { *HELD.0.get() = Some(guards) };
}

extern "C" fn after_fork_in_parent() {
    // SAFETY: this thread still holds the registry's write lock (see `Held`). The guards are moved
    // out before they are dropped, so nothing is written here once the lock is released.
    drop(unsafe { (*HELD.0.get()).take() });
}

extern "C" fn after_fork_in_child() {
    handle::note_fork();
    // SAFETY: the forking thread is the child's only one, and it holds the registry's write lock.
    if let Some((_, sink, file_locks)) = unsafe { (*HELD.0.get()).as_mut() } {
        log::start_anew_in_child(sink);
        files::close_inherited_locks(file_locks);
    }
    after_fork_in_parent();
}

/// The application is leaving without having closed its clients.
extern "C" fn at_exit() {
    // A panic must not cross into the C library.
    super::boundary::value((), || {
        // One after the other, but all of them deliver meanwhile: the time is counted once.
        let start = Instant::now();
        for client in handle::withdraw_all() {
            let left = client
                .config()
                .shutdown_timeout
                .saturating_sub(start.elapsed());
            // That events were lost is in the log.
            let _ = client.shutdown(left, &CallScope::default());
        }
    });
}
