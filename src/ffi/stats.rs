//! The counters.

use super::boundary::{self, Input};
use super::call::call;
use super::error::axonpush_error;
use super::handle;
use super::handle::axonpush_client;
use super::status::axonpush_status;

/// Counters of the events that background publishing accepted, and of the network.
///
/// At any moment, accepted + recovered = delivered + failed + suppressed + dropped + expired +
/// abandoned + kept + queued_events. Synchronous calls count only in `retried` and `connections`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_stats {
    /// Set by AXONPUSH_STATS_INIT or axonpush_stats_init().
    pub struct_size: usize,
    /// Events that axonpush_events_publish_async() or axonpush_log_event() accepted. Those that
    /// were refused are in no counter of events; for lines of a log see `log_events_lost`.
    pub accepted: u64,
    /// Events that the service said it has.
    pub delivered: u64,
    /// Events that the service rejected for good.
    pub failed: u64,
    /// Events given up while the service was unreachable, in fail-open mode.
    pub suppressed: u64,
    /// Events that made room for newer ones (AXONPUSH_OVERFLOW_DROP_OLDEST).
    pub dropped: u64,
    /// Events not delivered within `delivery_timeout_ms`.
    pub expired: u64,
    /// Events not delivered when a shutdown ran out of time.
    pub abandoned: u64,
    /// Events that are waiting or being sent now.
    pub queued_events: u64,
    /// Bytes that the queued events take.
    pub queued_bytes: u64,
    /// Attempts after the first, of all calls and events.
    pub retried: u64,
    /// Connections opened so far.
    pub connections: u64,
    /// Lines that axonpush_log_event() could not publish.
    pub log_events_lost: u64,
    /// Lines of the library's own log that waited to be polled and were lost (axonpush_log_set_polled()),
    /// in the whole process.
    pub log_lines_lost: u64,
    /// Events taken over from the spool of a client that ended. They have no completion.
    pub recovered: u64,
    /// Events that were in the spool when the client was closed: the next one delivers them.
    pub kept: u64,
    /// What the events of this client's that are in the spool take there.
    pub spool_bytes: u64,
    /// Requests with batches of events (AXONPUSH_EXPORTER_OTLP), repeated ones included.
    pub batches: u64,
}

// SAFETY: repr(C), its size first, integers only.
unsafe impl Input for axonpush_stats {
    const NAME: &'static str = "stats";
    const FIRST_SIZE: usize = std::mem::offset_of!(axonpush_stats, log_lines_lost);
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine. See
/// axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_stats_init(stats: *mut axonpush_stats) {
    boundary::init(stats);
}

/// Reads the counters into `*out`, which AXONPUSH_STATS_INIT has initialised.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_stats_get(
    client: *mut axonpush_client,
    out: *mut axonpush_stats,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    call(error, || {
        let crate::client::Stats {
            counters,
            connections,
            log_events_lost,
            spool_bytes,
        } = handle::find(client)?.stats();
        boundary::output(
            out,
            axonpush_stats {
                struct_size: size_of::<axonpush_stats>(),
                accepted: counters.accepted,
                delivered: counters.delivered,
                failed: counters.failed,
                suppressed: counters.suppressed,
                dropped: counters.dropped,
                expired: counters.expired,
                abandoned: counters.abandoned,
                queued_events: counters.queued_events,
                queued_bytes: counters.queued_bytes,
                retried: counters.retried,
                connections,
                log_events_lost,
                log_lines_lost: crate::log::lines_lost(),
                recovered: counters.recovered,
                kept: counters.kept,
                spool_bytes,
                batches: counters.batches,
            },
        )
    })
}
