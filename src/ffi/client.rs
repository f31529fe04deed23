//! Clients.

use std::sync::Arc;

use super::boundary::{call, set, value};
use super::error::axonpush_error;
use super::options::{self, axonpush_options};
use super::{process, ticket};
use crate::client::Client;
use crate::config::Config;

/// A client: configuration, connections, and a queue of its own.
///
/// Threads: any number of threads may use one client at once, axonpush_close() included.
/// Lifetime: from axonpush_new() to axonpush_close(). The pointer is a ticket and no address: a call
/// with a ticket that is closed, closed twice or made up is AXONPUSH_ERR_INVALID_HANDLE, never a
/// crash. After fork() the child's copy works with connections and a queue of its own.
pub struct axonpush_client {
    _opaque: [u8; 0],
}

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
        handle = ticket::issue(Arc::new(Client::new(Arc::new(config))?))?;
        Ok(())
    });
    handle
}

/// Closes a client: new calls get AXONPUSH_ERR_INVALID_HANDLE at once, running ones may finish
/// within `shutdown_timeout_ms` and are then interrupted with AXONPUSH_ERR_CLOSED.
///
/// It returns within `shutdown_timeout_ms` plus half a second, whatever the network does. NULL, and a
/// client that is closed already, are fine.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_close(client: *mut axonpush_client) {
    value((), || {
        if let Some(client) = ticket::withdraw(client) {
            client.shutdown(client.config().shutdown_timeout);
        }
    });
}

/// Starts a call that gives an object: `*out` is NULL until it succeeds.
pub(super) fn clear<T>(out: *mut *mut T) {
    set(out, std::ptr::null_mut());
}
