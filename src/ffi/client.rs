//! Clients.

use std::sync::Arc;
use std::time::Duration;

use super::boundary::value;
use super::call::call;
use super::error::axonpush_error;
use super::handle::{self, axonpush_client};
use super::options::{self, axonpush_options};
use super::process;
use super::status::axonpush_status;
use crate::client::Client;
use crate::client::config::Config;
use crate::sys::tsan;

/// Creates a client. This sends nothing yet, looks up no name and starts no thread; but with `spool_dir`, a
/// thread begins to look for events that earlier clients left there, and delivers them.
///
/// If `options` is NULL, every setting comes from the environment. On failure NULL is returned and
/// `*error` says why: AXONPUSH_ERR_CONFIG or AXONPUSH_ERR_INVALID_ARGUMENT. Close the client with
/// axonpush_close().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_new(
    options: *const axonpush_options,
    error: *mut *mut axonpush_error,
) -> *mut axonpush_client {
    let mut handle = std::ptr::null_mut();
    call(error, || {
        process::install_hooks();
        let config = Config::from_process(options::read(options)?)?;
        handle = handle::issue(Arc::new(Client::new(Arc::new(config))?))?;
        Ok(())
    });
    handle
}

/// Waits until every event accepted before the call is finished: it was delivered or given up, and
/// its completion has returned (in polled mode: is waiting to be polled). Events that are accepted
/// during the call are not waited for. With `spool_dir`, what earlier clients left there is waited for too.
///
/// AXONPUSH_ERR_TIMEOUT after `timeout_ms`: the message says how many events are left; they stay
/// queued. Inside a completion, the flush does not wait for the event of that completion.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_flush(
    client: *mut axonpush_client,
    timeout_ms: u32,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    call(error, || {
        let (client, scope) = handle::scoped(client)?;
        let flushed = client.flush(milliseconds(timeout_ms), &scope);
        tsan::acquire(Arc::as_ptr(&client).cast());
        flushed
    })
}

/// Stops a client for good. New calls and events get AXONPUSH_ERR_CLOSED at once. For up to
/// `timeout_ms`, waiting events are delivered and running calls may finish. Then the remaining
/// calls are interrupted, the remaining events are abandoned, or with `spool_dir` kept for the next client
/// (their completions get AXONPUSH_ERR_CLOSED), and the threads end. The handle stays valid for axonpush_stats_get(),
/// axonpush_poll() and axonpush_close().
///
/// It returns within `timeout_ms` plus half a second. AXONPUSH_ERR_TIMEOUT means that events were
/// abandoned; the message says how many.
///
/// A call handle shuts down the client that it belongs to; its deadline and cancellation end the wait.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_shutdown(
    client: *mut axonpush_client,
    timeout_ms: u32,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    call(error, || {
        let (client, scope) = handle::scoped(client)?;
        let ended = client.shutdown(milliseconds(timeout_ms), &scope);
        tsan::acquire(Arc::as_ptr(&client).cast());
        ended
    })
}

/// Closes a client. The handle becomes invalid at once. Then the client is shut down as by
/// axonpush_shutdown(), within its `shutdown_timeout_ms`. Completions that were not polled run now,
/// on this thread.
///
/// It returns within `shutdown_timeout_ms` plus half a second, whatever the network does, and no
/// completion starts after it has returned. It may be called inside a completion. NULL and a client
/// that is closed already are fine.
///
/// A client that is still open when the process calls exit() is shut down in the same way. quick_exit(),
/// _exit() and a signal that ends the process do not run exit handlers: what is queued is lost then.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_close(client: *mut axonpush_client) {
    value((), || {
        if let Some(client) = handle::withdraw(client) {
            client.close();
            tsan::acquire(Arc::as_ptr(&client).cast());
        }
    });
}

/// Runs the waiting completions of a client in polled mode (AXONPUSH_COMPLETION_POLLED), on this
/// thread. If none is waiting, it waits for up to `timeout_ms` until one is. Returns how many ran.
/// That is also 0 for a client that is not valid or not in polled mode.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_poll(client: *mut axonpush_client, timeout_ms: u32) -> usize {
    value(0, || {
        handle::scoped(client).map_or(0, |(client, scope)| {
            client.poll(milliseconds(timeout_ms), &scope)
        })
    })
}

/// Returns a file descriptor that is readable while completions wait, for poll(2) and event loops,
/// of a client in polled mode (AXONPUSH_COMPLETION_POLLED). When it is readable, call
/// axonpush_poll(); do not read from it. Returns -1 for a client that is not valid or not in polled
/// mode.
///
/// Lifetime: the library owns the descriptor and closes it with the client.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_completion_fd(client: *mut axonpush_client) -> i32 {
    value(-1, || {
        handle::find(client)
            .and_then(|client| client.descriptor())
            .unwrap_or(-1)
    })
}

fn milliseconds(number: u32) -> Duration {
    Duration::from_millis(u64::from(number))
}
