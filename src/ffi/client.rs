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

/// Makes a client. Nothing is sent yet, no name is looked up, no thread is started.
///
/// `options` NULL: all from the environment. On failure NULL is returned and `*error` says why:
/// AXONPUSH_ERR_CONFIG or AXONPUSH_ERR_INVALID_ARGUMENT. Close the client with axonpush_close().
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

/// Waits until every event accepted before the call has ended: delivered or not, with its completion
/// returned (in polled mode: waiting to be polled). Events accepted meanwhile are not waited for.
///
/// AXONPUSH_ERR_TIMEOUT after `timeout_ms`: the message says how many are left; they stay queued. Inside
/// a completion, the event of that completion is not waited for.
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

/// Stops a client for good: new calls and events get AXONPUSH_ERR_CLOSED at once, events that wait are
/// delivered for up to `timeout_ms`, running calls may finish meanwhile. Then what is left is
/// interrupted or abandoned (its completions get AXONPUSH_ERR_CLOSED) and the threads end. The handle
/// lives on for axonpush_stats_get(), axonpush_poll() and axonpush_close().
///
/// It returns within `timeout_ms` plus half a second. AXONPUSH_ERR_TIMEOUT: events were abandoned; the
/// message says how many.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_shutdown(
    client: *mut axonpush_client,
    timeout_ms: u32,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    call(error, || {
        let client = handle::find(client)?;
        let ended = client.shutdown(milliseconds(timeout_ms));
        tsan::acquire(Arc::as_ptr(&client).cast());
        ended
    })
}

/// Closes a client: the handle is invalid at once, and then all happens that axonpush_shutdown() does,
/// within the client's `shutdown_timeout_ms`. Completions that were not polled run now, on this thread.
///
/// It returns within `shutdown_timeout_ms` plus half a second, whatever the network does, and no
/// completion starts after it has returned. It may be called inside a completion. NULL, and a client
/// that is closed already, are fine.
///
/// A client that is not closed is shut down in the same way when the process calls exit().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_close(client: *mut axonpush_client) {
    value((), || {
        if let Some(client) = handle::withdraw(client) {
            client.close();
            tsan::acquire(Arc::as_ptr(&client).cast());
        }
    });
}

/// AXONPUSH_COMPLETION_POLLED: runs the completions that wait, on this thread. If none waits, it waits
/// for up to `timeout_ms` until one does. Returns how many ran; 0 also for a client that is not in
/// polled mode or not valid.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_poll(client: *mut axonpush_client, timeout_ms: u32) -> usize {
    value(0, || {
        handle::scoped(client).map_or(0, |(client, scope)| {
            client.poll(milliseconds(timeout_ms), &scope)
        })
    })
}

/// AXONPUSH_COMPLETION_POLLED: a descriptor that is readable while completions wait, for poll(2) and
/// event loops. When it is, call axonpush_poll(); do not read from it. -1 for a client that is not in
/// polled mode or not valid.
///
/// Lifetime: the library's; it is closed with the client.
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
