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

/// A trace and one span in it. It ties events together across functions and processes.
///
/// Threads: it is immutable, so any number of threads may read it at once.
/// Lifetime: you own it from the function that returned it until axonpush_trace_free(), and its
/// strings live as long as it does.
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

/// Starts a trace, or continues one. An id that is NULL or "" is drawn at random (a UUID for the
/// trace, 16 hex digits for the span). Returns NULL on failure. Free it with axonpush_trace_free().
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

/// Reads the trace from an incoming `traceparent` header (W3C Trace Context). A malformed header is
/// refused, never guessed at: the function returns NULL, with AXONPUSH_ERR_INVALID_ARGUMENT. Free
/// the trace with axonpush_trace_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_parse(
    traceparent: *const c_char,
    error: *mut *mut axonpush_error,
) -> *mut axonpush_trace {
    make(error, || {
        Trace::parse(required("traceparent", traceparent)?)
    })
}

/// Returns a new span in the same trace, or a new trace if `parent` is NULL. Returns NULL only on
/// failure. Free it with axonpush_trace_free().
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

/// Returns the id of the trace, or NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_id(trace: *const axonpush_trace) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(trace).map(|t| &t.trace_id))
    })
}

/// Returns the id of the span, or NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_span_id(trace: *const axonpush_trace) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(trace).map(|t| &t.span_id))
    })
}

/// Returns the `traceparent` header to send with an outgoing request, or NULL for NULL. An id that
/// does not have the form of W3C Trace Context is replaced by its hash, which is always the same.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_traceparent(trace: *const axonpush_trace) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(trace).map(|t| &t.traceparent))
    })
}

/// Makes a trace current on the calling thread; NULL means no trace. Until axonpush_trace_leave(),
/// events published on this thread, directly or in the background, carry its trace id, and its span
/// as their parent, unless they set their own. Requests carry the trace in their headers.
///
/// Returns the trace that was current before, or NULL if there was none (which is not a failure).
/// Pass it to axonpush_trace_leave() on the same thread. Completions run without a trace. `trace`
/// is copied and may be freed at once.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_enter(trace: *const axonpush_trace) -> *mut axonpush_trace {
    value(std::ptr::null_mut(), || {
        let before = trace::set_current(borrow(trace).map(|t| t.trace.clone()));
        before.map_or(std::ptr::null_mut(), give)
    })
}

/// Makes the trace that axonpush_trace_enter() returned current again, and frees it.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_leave(previous: *mut axonpush_trace) {
    value((), || {
        trace::set_current(borrow(previous).map(|t| t.trace.clone()));
    });
    free(previous);
}

/// Returns a copy of the trace that is current on the calling thread, or NULL if there is none.
/// Free it with axonpush_trace_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_current() -> *mut axonpush_trace {
    value(std::ptr::null_mut(), || {
        trace::current().map_or(std::ptr::null_mut(), give)
    })
}

/// Frees a trace and its strings. NULL is fine. If the trace was made current, it stays current.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_trace_free(trace: *mut axonpush_trace) {
    free(trace);
}

/// Filters for traces. All are optional, and a trace must match every filter that is set. Members
/// marked (list) take several values, separated by commas, and any one of them must match.
///
/// Threads and lifetime: it is read only during the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_trace_query {
    /// Set by AXONPUSH_TRACE_QUERY_INIT or axonpush_trace_query_init().
    pub struct_size: usize,
    /// Filters for the events in the traces, including `limit`. May be NULL.
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
    /// What to sort by, in the service's own terms.
    pub sort: *const c_char,
    /// The shortest duration in milliseconds; 0 means any.
    pub min_duration_ms: u64,
    /// How many traces to skip.
    pub offset: u32,
    /// Whether to list only traces that contain an error.
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

/// Lists traces. The response is `{"traces": [...]}`; null in place of the array means none.
/// `query` may be NULL.
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
