//! Publishing and reading events, and requests to any other endpoint.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::boundary::{self, Input, document, required, text};
use super::call::{call, clear};
use super::error::{axonpush_error, axonpush_error_status};
use super::handle::axonpush_client;
use super::response::{axonpush_response, hand_out};
use super::status::{AXONPUSH_OK, axonpush_status};
use super::{call_handle, handle};
use crate::client::query::EventQuery;
use crate::delivery::completions::Completion;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::http::response::Response;
use crate::sys::tsan::{self, HandOver};

/// An event to publish. NULL or "" in an optional member leaves its value to the library or the
/// service.
///
/// Threads and lifetime: it is read only during the call that it is passed to; everything is
/// copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_event {
    /// Set by AXONPUSH_EVENT_INIT or axonpush_event_init().
    pub struct_size: usize,
    /// Required. It says what happened, for example by the name of an operation.
    pub identifier: *const c_char,
    /// Required. A JSON object of at most 16 MiB and 127 levels.
    pub payload: *const c_char,
    /// Length of `payload` in bytes; 0 means that it is NUL-terminated.
    pub payload_len: usize,
    /// The channel to publish to. NULL means the client's channel, or else the organization's
    /// default.
    pub channel_id: *const c_char,
    /// The type, such as "agent.start" or "app.log"; any text is legal. NULL means "custom".
    pub event_type: *const c_char,
    /// The agent that the event is about.
    pub agent_id: *const c_char,
    /// The trace that the event belongs to, without control characters. NULL means the trace that
    /// is current on this thread (axonpush_trace_enter()), or else a new one (a UUID).
    pub trace_id: *const c_char,
    /// The event's span. NULL means a random one (16 hex digits, as in W3C Trace Context).
    pub span_id: *const c_char,
    /// The span in which the event happened. NULL means the span of the current trace, if the event
    /// belongs to that trace.
    pub parent_span_id: *const c_char,
    /// The service stores an event once per key. The key has 1 to 255 printable ASCII characters
    /// and is the same on every retry. NULL means a new UUID.
    pub dedup_key: *const c_char,
    /// When the event happened, in RFC 3339 and UTC, such as "2026-11-24T05:57:22.123Z". NULL means
    /// now.
    pub occurred_at: *const c_char,
    /// A JSON object of your choice, with the same limits as `payload`.
    pub metadata: *const c_char,
    /// Length of `metadata` in bytes; 0 means that it is NUL-terminated.
    pub metadata_len: usize,
}

// SAFETY: repr(C), its size first, integers and raw pointers only.
unsafe impl Input for axonpush_event {
    const NAME: &'static str = "event";
}

/// Filters for events. All are optional, and an event must match every filter that is set. Pass
/// plain text; the library encodes it.
///
/// Threads and lifetime: it is read only during the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_event_query {
    /// Set by AXONPUSH_EVENT_QUERY_INIT or axonpush_event_query_init().
    pub struct_size: usize,
    /// Events from this time on (RFC 3339). NULL means the last 24 hours.
    pub since: *const c_char,
    /// Events before this time (RFC 3339). For the next older page, pass the oldest `createdAt` so
    /// far.
    pub until: *const c_char,
    /// How many events to return, at most 500. 0 means the service's default, 50.
    pub limit: u32,
    /// Events of this app.
    pub app_id: *const c_char,
    /// Events of this channel.
    pub channel_id: *const c_char,
    /// Events of this environment.
    pub environment_id: *const c_char,
    /// Events of this type.
    pub event_type: *const c_char,
    /// Events from this source, such as "app" or "otlp".
    pub source: *const c_char,
    /// Events with this status.
    pub status: *const c_char,
    /// Events of this trace.
    pub trace_id: *const c_char,
    /// Events of this agent, by its id.
    pub agent_id: *const c_char,
    /// Events of this agent, by its name.
    pub agent_name: *const c_char,
    /// Events of this tool.
    pub tool_name: *const c_char,
    /// Events of this kind: "agent", "tool", "llm", "retriever", "db", "http" or "log".
    pub semantic_kind: *const c_char,
    /// Events of this service (OpenTelemetry's service.name).
    pub service_name: *const c_char,
    /// Events of this operation.
    pub operation_name: *const c_char,
    /// Events with this type of error.
    pub error_type: *const c_char,
    /// Text to search for. Upper and lower case are the same.
    pub q: *const c_char,
    /// Events with this attribute. It needs `attr_value`.
    pub attr_key: *const c_char,
    /// The value of that attribute.
    pub attr_value: *const c_char,
}

// SAFETY: repr(C), its size first, integers and raw pointers only.
unsafe impl Input for axonpush_event_query {
    const NAME: &'static str = "query";
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine. See
/// axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_event_init(event: *mut axonpush_event) {
    boundary::init(event);
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine. See
/// axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_event_query_init(query: *mut axonpush_event_query) {
    boundary::init(query);
}

/// Publishes one event and waits for the response. It sends one request, which is repeated
/// according to the retry rules, always with the same `dedup_key`.
///
/// On AXONPUSH_OK `*response` is the service's response, which contains "/eventId", or NULL if
/// fail-open suppressed the failure. Free it with axonpush_response_free(). `response` may be NULL
/// if you do not want it. The call takes at most `timeout_ms` for each attempt, plus the waits
/// between attempts.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_events_publish(
    client: *mut axonpush_client,
    event: *const axonpush_event,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    clear(response);
    call(error, || {
        let (client, scope) = call_handle::begin(client)?;
        let given = boundary::input(event)?;
        hand_out(client.publish(&read(&given)?, &scope)?, response);
        Ok(())
    })
}

/// A function that is called exactly once with the final outcome of an event that
/// axonpush_events_publish_async() accepted.
///
/// AXONPUSH_OK with a `response` means that the event was delivered. AXONPUSH_OK with NULL means
/// that it was given up under fail-open. Any other `status` means that it was not delivered as far
/// as is known, and `error` says why. With AXONPUSH_ERR_CONNECTION, AXONPUSH_ERR_DECODE and
/// AXONPUSH_ERR_CLOSED the event may have arrived all the same.
///
/// Threads: it runs inside axonpush_poll(), or on a thread of the library whose name begins with
/// "axonpush-" and which blocks all signals but those of its own faults (SIGSEGV, SIGBUS, SIGFPE,
/// SIGILL). Several may run at once. It never runs inside
/// axonpush_events_publish_async(), under a lock of the library, or after axonpush_close() has
/// returned. It may call any function, even axonpush_close() on its own client. While it runs, its
/// connection is idle.
/// What the publishing thread did before the call happens before the completion. What a completion
/// did happens before the axonpush_flush(), axonpush_shutdown() or axonpush_close() that waited for
/// it returns. Completions that run at the same time are not ordered among themselves.
/// With AXONPUSH_EXPORTER_OTLP the response is the receiver's to the whole batch, and has no "/eventId".
/// Lifetime: `response` and `error` are borrowed and live until the function returns. `user_data`
/// stays yours throughout.
/// It must return normally, not by an exception or longjmp.
pub type axonpush_completion_fn = Option<
    extern "C" fn(
        status: axonpush_status,
        response: *const axonpush_response,
        error: *const axonpush_error,
        user_data: *mut c_void,
    ),
>;

/// A completion and its argument, on their way through the queue.
struct Callback {
    function: extern "C" fn(
        axonpush_status,
        *const axonpush_response,
        *const axonpush_error,
        *mut c_void,
    ),
    user_data: *mut c_void,
    handed: HandOver,
    /// Names the client to ThreadSanitizer.
    client: usize,
}

// SAFETY: the pointer is only handed back to the application, which is told that it happens on another
// thread.
unsafe impl Send for Callback {}

impl Callback {
    fn run(self, outcome: Result<Option<Response>>) {
        self.handed.acquire();
        match outcome {
            Ok(Some(response)) => {
                let response = axonpush_response::new(response);
                self.call(AXONPUSH_OK, &response, std::ptr::null());
            }
            Ok(None) => self.call(AXONPUSH_OK, std::ptr::null(), std::ptr::null()),
            Err(error) => {
                let error = axonpush_error::new(&error);
                self.call(axonpush_error_status(&error), std::ptr::null(), &error);
            }
        }
        tsan::release(std::ptr::without_provenance(self.client));
    }

    fn call(
        &self,
        status: axonpush_status,
        response: *const axonpush_response,
        error: *const axonpush_error,
    ) {
        tsan::outside(|| (self.function)(status, response, error, self.user_data));
    }
}

/// Accepts one event for delivery in the background, and returns. The event is copied into the
/// queue; the call uses neither the network nor the disk, and does not wait (except with
/// AXONPUSH_OVERFLOW_BLOCK).
///
/// AXONPUSH_OK means that the event is accepted: `completion` (which may be NULL) is called exactly
/// once for it, it is retried until `delivery_timeout_ms`, and axonpush_stats_get() counts it. Its
/// `dedup_key`, `span_id` and `occurred_at` are the same on every attempt, so that the service
/// stores it once (what AXONPUSH_EXPORTER_OTLP promises is said there). Events are started in the order in
/// which they were accepted.
///
/// Any other status means that the event was not accepted and `completion` is not called:
/// AXONPUSH_ERR_INVALID_ARGUMENT, AXONPUSH_ERR_QUEUE_FULL or AXONPUSH_ERR_CLOSED.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_events_publish_async(
    client: *mut axonpush_client,
    event: *const axonpush_event,
    completion: axonpush_completion_fn,
    user_data: *mut c_void,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    call(error, || {
        let (client, scope) = handle::scoped(client)?;
        let given = boundary::input(event)?;
        let completion = completion.map(|function| -> Completion {
            let callback = Callback {
                function,
                user_data,
                handed: HandOver::release(),
                client: Arc::as_ptr(&client).addr(),
            };
            Box::new(move |outcome| callback.run(outcome))
        });
        client.publish_async(&read(&given)?, completion, &scope)
    })
}

/// Lists events of a channel, newest first. The response is `{"events": [...]}`; null in place of
/// the array means none.
///
/// If `channel_id` is NULL, the client's channel is used. `query` may be NULL. In fail-open mode an
/// unreachable service gives an empty list. Free `*response` with axonpush_response_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_events_list(
    client: *mut axonpush_client,
    channel_id: *const c_char,
    query: *const axonpush_event_query,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    clear(response);
    call(error, || {
        let (client, scope) = call_handle::begin(client)?;
        let channel_id = text("channel_id", channel_id)?;
        let found = client.list(channel_id, &read_query(query)?, &scope)?;
        hand_out(Some(found), response);
        Ok(())
    })
}

/// Searches the organization's events, newest first. The response is `{"events": [...]}`; null in
/// place of the array means none.
///
/// `query` may be NULL. In fail-open mode an unreachable service gives an empty list. Free
/// `*response` with axonpush_response_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_events_search(
    client: *mut axonpush_client,
    query: *const axonpush_event_query,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    clear(response);
    call(error, || {
        let (client, scope) = call_handle::begin(client)?;
        let found = client.search(&read_query(query)?, &scope)?;
        hand_out(Some(found), response);
        Ok(())
    })
}

/// Calls any other endpoint, with the same credentials, retries, errors and fail-open behaviour.
///
/// `method` is GET, POST, PUT, PATCH or DELETE. `path` starts with "/" and is relative to the base
/// URL; percent-encode ids in it (an id ".." as "%2e%2e"). `query`, without "?", and `body_json`
/// may be NULL; `body_len` 0 means that the body is NUL-terminated. A POST or PATCH whose response
/// was lost is not repeated, since it may have been carried out, and what a second one would do is
/// the endpoint's affair. It is repeated if it certainly did not arrive or was turned away (429,
/// 503).
///
/// On AXONPUSH_OK `*response` is the response (JSON null if it was empty), or NULL if fail-open
/// suppressed the failure. Free it with axonpush_response_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_request(
    client: *mut axonpush_client,
    method: *const c_char,
    path: *const c_char,
    query: *const c_char,
    body_json: *const c_char,
    body_len: usize,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    clear(response);
    call(error, || {
        let (client, scope) = call_handle::begin(client)?;
        let found = client.request(
            required("method", method)?,
            required("path", path)?,
            text("query", query)?,
            document("body_json", body_json, body_len)?,
            &scope,
        )?;
        hand_out(found, response);
        Ok(())
    })
}

/// The event's members, borrowed from the caller.
fn read(given: &axonpush_event) -> Result<Event<'_>> {
    Ok(Event {
        identifier: required("event.identifier", given.identifier)?,
        payload: payload(given)?,
        channel_id: text("event.channel_id", given.channel_id)?,
        event_type: text("event.event_type", given.event_type)?,
        agent_id: text("event.agent_id", given.agent_id)?,
        trace_id: text("event.trace_id", given.trace_id)?,
        span_id: text("event.span_id", given.span_id)?,
        parent_span_id: text("event.parent_span_id", given.parent_span_id)?,
        dedup_key: text("event.dedup_key", given.dedup_key)?,
        occurred_at: text("event.occurred_at", given.occurred_at)?,
        metadata: document("event.metadata", given.metadata, given.metadata_len)?,
    })
}

fn payload(given: &axonpush_event) -> Result<&str> {
    if given.payload.is_null() {
        return Err(Error::argument(
            "event.payload: it is required, but NULL; if axonpush_json_text() gave it, its error says why",
        ));
    }
    Ok(document("event.payload", given.payload, given.payload_len)?.unwrap_or_default())
}

pub(super) fn read_query<'a>(pointer: *const axonpush_event_query) -> Result<EventQuery<'a>> {
    if pointer.is_null() {
        return Ok(EventQuery::default());
    }
    let given = boundary::input(pointer)?;
    Ok(EventQuery {
        since: text("query.since", given.since)?,
        until: text("query.until", given.until)?,
        limit: (given.limit != 0).then_some(given.limit),
        app_id: text("query.app_id", given.app_id)?,
        channel_id: text("query.channel_id", given.channel_id)?,
        environment_id: text("query.environment_id", given.environment_id)?,
        event_type: text("query.event_type", given.event_type)?,
        source: text("query.source", given.source)?,
        status: text("query.status", given.status)?,
        trace_id: text("query.trace_id", given.trace_id)?,
        agent_id: text("query.agent_id", given.agent_id)?,
        agent_name: text("query.agent_name", given.agent_name)?,
        tool_name: text("query.tool_name", given.tool_name)?,
        semantic_kind: text("query.semantic_kind", given.semantic_kind)?,
        service_name: text("query.service_name", given.service_name)?,
        operation_name: text("query.operation_name", given.operation_name)?,
        error_type: text("query.error_type", given.error_type)?,
        q: text("query.q", given.q)?,
        attr_key: text("query.attr_key", given.attr_key)?,
        attr_value: text("query.attr_value", given.attr_value)?,
    })
}
