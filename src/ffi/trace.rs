//! Traces: the current one of a thread, and those of the service.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use super::boundary::{
    self, Input, borrow, c_string, free, input, pointer_to, required, text, value,
};
use super::call::call;
use super::error::axonpush_error;
use super::event::{axonpush_event_query, read_query};
use super::handle::axonpush_client;
use super::operation::{Content, Outputs, nothing, operate};
use super::options::{axonpush_toggle, toggle};
use super::response::axonpush_response;
use super::status::axonpush_status;
use crate::client::operations::{TRACES_GET, TRACES_LIST};
use crate::client::query::TraceQuery;
use crate::error::Result;
use crate::event::trace_context::{self as trace, Trace};

/// A trace, and a span in it: what ties events together across functions and processes.
///
/// Threads: immutable, so any number of threads may read it.
/// Lifetime: yours from the function that gave it until axonpush_trace_free(); its strings live as long.
pub struct axonpush_trace {
    trace: Arc<Trace>,
    trace_id: CString,
    span_id: CString,
    traceparent: CString,
}

fn give(trace: Arc<Trace>) -> *mut axonpush_trace {
    Box::into_raw(Box::new(axonpush_trace {
        trace_id: c_string(&trace.trace_id),
        span_id: c_string(&trace.span_id),
        traceparent: c_string(&trace.traceparent()),
        trace,
    }))
}

/// Runs a function that gives a trace, or NULL and an error.
fn make(
    error: *mut *mut axonpush_error,
    trace: impl FnOnce() -> Result<Trace>,
) -> *mut axonpush_trace {
    let mut made = std::ptr::null_mut();
    call(error, || {
        made = give(Arc::new(trace()?));
        Ok(())
    });
    made
}

/// Starts a trace, or goes on with one: what is NULL or "" is drawn at random (a UUID; 16 hex digits).
/// NULL on failure. Free it with axonpush_trace_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_new(
    trace_id: *const c_char,
    span_id: *const c_char,
    error: *mut *mut axonpush_error,
) -> *mut axonpush_trace {
    make(error, || {
        Trace::new(text("trace_id", trace_id)?, text("span_id", span_id)?)
    })
}

/// Takes the trace of an incoming `traceparent` header (W3C Trace Context). A malformed header is
/// refused, never guessed at: NULL, and AXONPUSH_ERR_INVALID_ARGUMENT. Free it with axonpush_trace_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_parse(
    traceparent: *const c_char,
    error: *mut *mut axonpush_error,
) -> *mut axonpush_trace {
    make(error, || {
        Trace::parse(required("traceparent", traceparent)?)
    })
}

/// A new span in the same trace; a new trace for NULL. NULL only on failure. Free it with
/// axonpush_trace_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_child(
    parent: *const axonpush_trace,
    error: *mut *mut axonpush_error,
) -> *mut axonpush_trace {
    make(error, || match borrow(parent) {
        Some(parent) => parent.trace.child(),
        None => Trace::new(None, None),
    })
}

/// The id of the trace; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_id(trace: *const axonpush_trace) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(trace).map(|t| &t.trace_id))
    })
}

/// The id of the span; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_span_id(trace: *const axonpush_trace) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(trace).map(|t| &t.span_id))
    })
}

/// The `traceparent` header to send with an outgoing request; NULL for NULL. An id that is not in the
/// form of W3C Trace Context is written as a hash of it, always the same.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_traceparent(trace: *const axonpush_trace) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(trace).map(|t| &t.traceparent))
    })
}

/// Makes a trace current on the calling thread; NULL: none. Events published meanwhile on this thread,
/// now or in the background, carry its trace id, and its span as their parent, unless they say otherwise;
/// requests carry it in their headers.
///
/// Returns what was current before, NULL if nothing was (which is no failure): hand it to
/// axonpush_trace_leave(), on the same thread. Completions run in no trace. `trace` is copied and may be freed at once.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_enter(trace: *const axonpush_trace) -> *mut axonpush_trace {
    value(std::ptr::null_mut(), || {
        let before = trace::set_current(borrow(trace).map(|t| t.trace.clone()));
        before.map_or(std::ptr::null_mut(), give)
    })
}

/// Makes current again what axonpush_trace_enter() returned, and frees it.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_leave(previous: *mut axonpush_trace) {
    value((), || {
        trace::set_current(borrow(previous).map(|t| t.trace.clone()));
    });
    free(previous);
}

/// A copy of the trace that is current on the calling thread; NULL: none. Free it with
/// axonpush_trace_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_current() -> *mut axonpush_trace {
    value(std::ptr::null_mut(), || {
        trace::current().map_or(std::ptr::null_mut(), give)
    })
}

/// Frees a trace and its strings. NULL is fine. It stays current where it was made current.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_free(trace: *mut axonpush_trace) {
    free(trace);
}

/// Filters of traces, all optional: an event must match every filter that is set. Members marked (list) take several values,
/// separated by commas, any one of which must match.
///
/// Threads and lifetime: read during the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_trace_query {
    /// Set by AXONPUSH_TRACE_QUERY_INIT or axonpush_trace_query_init().
    pub struct_size: usize,
    /// Filters of the events in the traces, `limit` among them; may be NULL.
    pub events: *const axonpush_event_query,
    /// Services (list).
    pub service: *const c_char,
    /// Operations (list).
    pub operation: *const c_char,
    /// Models (list).
    pub model: *const c_char,
    /// Model providers (list).
    pub provider: *const c_char,
    /// Agents (list).
    pub agent: *const c_char,
    /// Tools (list).
    pub tool: *const c_char,
    /// Releases (list).
    pub release: *const c_char,
    /// Sessions (list).
    pub session: *const c_char,
    /// Users (list).
    pub user: *const c_char,
    /// What to sort by, as the service names it.
    pub sort: *const c_char,
    /// Milliseconds; 0: any.
    pub min_duration_ms: u64,
    /// How many to pass over.
    pub offset: u32,
    /// Only traces with an error in them.
    pub errors_only: axonpush_toggle,
}

// SAFETY: repr(C), its size first, integers and raw pointers only.
unsafe impl Input for axonpush_trace_query {
    const NAME: &'static str = "query";
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine. See
/// axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_query_init(query: *mut axonpush_trace_query) {
    boundary::init(query);
}

/// Lists traces: `{"traces": [...]}`, where null means none. `query` may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_traces_list(
    client: *mut axonpush_client,
    query: *const axonpush_trace_query,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    let content = || {
        Ok(Content {
            query: Some(encode(query)?),
            body: None,
        })
    };
    operate(
        client,
        &TRACES_LIST,
        &[],
        content,
        Outputs { response, error },
    )
}

/// Gets a trace with its spans: `{"traceId", "spans": [...]}`.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_traces_get(
    client: *mut axonpush_client,
    trace_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &TRACES_GET,
        &[("trace_id", trace_id)],
        nothing,
        Outputs { response, error },
    )
}

fn encode(pointer: *const axonpush_trace_query) -> Result<String> {
    if pointer.is_null() {
        return Ok(String::new());
    }
    let given = input(pointer)?;
    let mut lists = Vec::new();
    for (name, pointer) in [
        ("service", given.service),
        ("operation", given.operation),
        ("model", given.model),
        ("provider", given.provider),
        ("agent", given.agent),
        ("tool", given.tool),
        ("release", given.release),
        ("session", given.session),
        ("user", given.user),
    ] {
        let values = text(&format!("query.{name}"), pointer)?.unwrap_or("");
        lists.push((
            name,
            values
                .split(',')
                .map(str::trim)
                .filter(|v| !v.is_empty())
                .collect(),
        ));
    }
    TraceQuery {
        events: read_query(given.events)?,
        offset: (given.offset != 0).then_some(given.offset),
        lists,
        errors_only: toggle("query.errors_only", given.errors_only)?,
        min_duration_ms: (given.min_duration_ms != 0).then_some(given.min_duration_ms),
        sort: text("query.sort", given.sort)?,
    }
    .encode()
}
