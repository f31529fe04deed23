//! Iterating over all events.

use std::ffi::c_char;

use super::boundary::{borrow_mut, free, set, text};
use super::call::{call, clear};
use super::call_handle;
use super::error::axonpush_error;
use super::event::{axonpush_event_query, read_query};
use super::handle;
use super::handle::axonpush_client;
use super::response::axonpush_response;
use super::status::axonpush_status;
use crate::client::events_iter::EventsIter;
use crate::client::query::EventQuery;
use crate::error::{Error, Kind};

/// An iterator over events, from the newest to the oldest, which fetches them page by page. It
/// returns no event twice and leaves none out, even where several share a timestamp.
///
/// Threads: one thread at a time may use it.
/// Lifetime: from axonpush_events_iter_new() to axonpush_events_iter_free(). It may outlive its
/// client, but then gets AXONPUSH_ERR_CLOSED.
pub struct axonpush_events_iter {
    /// The handle that it was made with, a call handle perhaps; and the client's own. Not the client
    /// itself: in a forked child it is the child's own.
    handle: *mut axonpush_client,
    client: *mut axonpush_client,
    pages: EventsIter,
    current: Option<Box<axonpush_response>>,
}

/// Creates an iterator over the events of a channel, or, if `channel_id` is NULL, of the whole
/// organization, as in axonpush_events_search(). `query` may be NULL; its `limit` is the size of a
/// page (default 500), not of the whole. Without `query.since` the service goes back 24 hours. This
/// sends no request yet. With a call handle, its deadline and its cancellation hold for every
/// axonpush_events_iter_next() until the call handle is freed. Free `*iter` with axonpush_events_iter_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_events_iter_new(
    client: *mut axonpush_client,
    channel_id: *const c_char,
    query: *const axonpush_event_query,
    iter: *mut *mut axonpush_events_iter,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    clear(iter);
    call(error, || {
        let own = handle::own(client)?;
        if iter.is_null() {
            return Err(Error::argument("iter: it is required, but NULL"));
        }
        let query = read_query(query)?;
        let channel_id = text("channel_id", channel_id)?.or(query.channel_id);
        if query.channel_id.is_some() && query.channel_id != channel_id {
            return Err(Error::argument(
                "query.channel_id: it differs from the argument channel_id; leave it out",
            ));
        }
        let pages = EventsIter::new(&EventQuery {
            channel_id,
            ..query
        })?;
        set(
            iter,
            Box::into_raw(Box::new(axonpush_events_iter {
                handle: client,
                client: own,
                pages,
                current: None,
            })),
        );
        Ok(())
    })
}

/// Moves to the next older event. `*event` is its JSON ("/eventId", "/payload/..."), which lives
/// until the next call on `iter`; do not free it. AXONPUSH_OK with a NULL event means the end. In
/// fail-open mode an unreachable service is also the end. After a failure you may make the same
/// call again, and the iterator continues where it was.
///
/// AXONPUSH_ERR_API with HTTP status 0 means that 500 events or more have the same `createdAt`, and
/// the service has no way to ask for older ones. Filters may divide them.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_events_iter_next(
    iter: *mut axonpush_events_iter,
    event: *mut *const axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    set(event, std::ptr::null());
    call(error, || {
        let iter =
            borrow_mut(iter).ok_or_else(|| Error::argument("iter: it is required, but NULL"))?;
        let (client, scope) = call_handle::begin(iter.handle)
            .or_else(|_| call_handle::begin(iter.client))
            .map_err(|error| match error.kind {
                Kind::InvalidHandle => Error::closed(),
                _ => error,
            })?;
        iter.current = iter
            .pages
            .advance(&client, &scope)?
            .map(|found| Box::new(axonpush_response::new(found)));
        set(
            event,
            iter.current
                .as_deref()
                .map_or(std::ptr::null(), std::ptr::from_ref),
        );
        Ok(())
    })
}

/// Frees an iterator and its current event. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_events_iter_free(iter: *mut axonpush_events_iter) {
    free(iter);
}
