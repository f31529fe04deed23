//! Calls with a deadline of their own, and calls that another thread can cancel.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::boundary::value;
use super::call::call;
use super::error::axonpush_error;
use super::handle::{self, axonpush_client};
use crate::client::Client;
use crate::error::Result;
use crate::sys::cancel::{CallScope, CancelToken};

thread_local! {
    /// Milliseconds for each synchronous call of this thread; 0: none.
    static TIMEOUT: Cell<u32> = const { Cell::new(0) };
}

/// Sets a deadline for synchronous calls made by this thread from now on: milliseconds for one call in
/// all, its retries and the waits between them included (`timeout_ms` of the options still bounds each
/// attempt). 0: none. Returns the value that was in force, to be put back.
///
/// A call whose next wait does not fit into its deadline returns at once with the error that it has. One
/// that is cut short during an attempt is AXONPUSH_ERR_CONNECTION, which fail-open suppresses. It applies
/// to requests, not to axonpush_events_publish_async(), axonpush_flush() and whatever takes a timeout.
///
/// Where calls move between threads (goroutines, thread pools), use axonpush_call_new() instead.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_call_timeout_set(timeout_ms: u32) -> u32 {
    value(0, || TIMEOUT.replace(timeout_ms))
}

/// Makes a call handle: a second handle for a client, which every function takes that takes an
/// `axonpush_client *`. The calls made through it share one deadline, and axonpush_call_cancel() ends
/// them from another thread. NULL on failure.
///
/// `timeout_ms`: from now on, for all calls through the handle together; 0: no deadline. It works as that of
/// axonpush_call_timeout_set() does. axonpush_events_publish_async() with AXONPUSH_OVERFLOW_BLOCK,
/// axonpush_flush(), axonpush_shutdown() and axonpush_poll() end by it, too.
///
/// Free it with axonpush_call_free(); axonpush_close() does the same to it, and never closes the client.
/// Once the client is closed, the handle is as invalid as the client's own. A forked child cannot use the
/// call handles of its parent.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_call_new(
    client: *mut axonpush_client,
    timeout_ms: u32,
    error: *mut *mut axonpush_error,
) -> *mut axonpush_client {
    let mut made = std::ptr::null_mut();
    call(error, || {
        let scope = CallScope {
            deadline: deadline_in(timeout_ms),
            cancel: Some(Arc::new(CancelToken::default())),
        };
        made = handle::issue_call(client, scope)?;
        Ok(())
    });
    made
}

/// Ends the calls in progress that were made through a call handle, at once, and refuses later ones: they
/// return AXONPUSH_ERR_CANCELLED. Any thread may call it, more than once. A handle that is NULL or freed,
/// and a client's own handle, are left alone. Events that were accepted are not taken back, but a
/// cancelled axonpush_shutdown() abandons what is left at once.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_call_cancel(call: *mut axonpush_client) {
    value((), || {
        if let Ok((
            _,
            CallScope {
                cancel: Some(token),
                ..
            },
        )) = handle::scoped(call)
        {
            token.cancel();
        }
    });
}

/// Frees a call handle. NULL, and a handle that is freed already, are fine; a client's own handle is left
/// alone. Calls in progress through it go on, and can no longer be cancelled.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_call_free(call: *mut axonpush_client) {
    value((), || {
        if let Ok((
            _,
            CallScope {
                cancel: Some(_), ..
            },
        )) = handle::scoped(call)
        {
            handle::withdraw(call);
        }
    });
}

/// Begins a synchronous call: its client, and what bounds it.
pub(super) fn begin(handle: *const axonpush_client) -> Result<(Arc<Client>, CallScope)> {
    let (client, mut scope) = handle::scoped(handle)?;
    scope.deadline = match (scope.deadline, deadline_in(TIMEOUT.get())) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    Ok((client, scope))
}

fn deadline_in(timeout_ms: u32) -> Option<Instant> {
    let timeout = Duration::from_millis(u64::from(timeout_ms));
    (timeout_ms != 0).then(|| Instant::now() + timeout)
}
