//! Log sinks: a line of the application's log as an event.

use std::ffi::c_char;
use std::time::{Duration, UNIX_EPOCH};

use super::boundary::{self, Input, document, input, text, value};
use super::handle;
use super::handle::axonpush_client;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::event::log_record::LogRecord;
use crate::event::timestamp as time;

/// The severity of a log line, in OpenTelemetry's numbers. Each constant is the first number of its
/// range; the numbers between are finer steps.
#[repr(i32)]
#[allow(dead_code, reason = "for C: any number from 1 to 24 may arrive")]
pub enum Severity {
    AXONPUSH_SEVERITY_TRACE = 1,
    AXONPUSH_SEVERITY_DEBUG = 5,
    AXONPUSH_SEVERITY_INFO = 9,
    AXONPUSH_SEVERITY_WARN = 13,
    AXONPUSH_SEVERITY_ERROR = 17,
    AXONPUSH_SEVERITY_FATAL = 21,
}

pub type axonpush_severity = i32;

/// A line of the application's log. NULL, "" or 0 in an optional member leaves it out.
///
/// Threads and lifetime: it is read only during the call that it is passed to; everything is
/// copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_log_record {
    /// Set by AXONPUSH_LOG_RECORD_INIT or axonpush_log_record_init().
    pub struct_size: usize,
    /// The text of the line. NULL and "" mean an empty line.
    pub body: *const c_char,
    /// The name of the logger, which becomes the event's identifier. NULL means "log".
    pub logger: *const c_char,
    /// The severity in words. NULL means the name of its range, such as "WARN".
    pub severity_text: *const c_char,
    /// The severity, from 1 to 24. 0 means AXONPUSH_SEVERITY_INFO.
    pub severity: axonpush_severity,
    /// The line number in `file`.
    pub line: u32,
    /// The source file that logged the line.
    pub file: *const c_char,
    /// The function that logged the line.
    pub function: *const c_char,
    /// The program that logged the line, such as "checkout".
    pub service_name: *const c_char,
    /// A JSON object of further attributes, such as {"order": 4711}.
    pub attributes: *const c_char,
    /// Length of `attributes` in bytes; 0 means that it is NUL-terminated.
    pub attributes_len: usize,
    /// When the line was logged, in nanoseconds since 1970 (UTC). 0 means now.
    pub time_unix_nano: u64,
    /// The event type. NULL means "app.log"; for an agent's log use "agent.log".
    pub event_type: *const c_char,
    /// The channel to publish to, as in axonpush_event.
    pub channel_id: *const c_char,
    /// The agent whose log it is.
    pub agent_id: *const c_char,
    /// The trace, as in axonpush_event. NULL means the trace that is current on this thread.
    pub trace_id: *const c_char,
    /// The span. NULL means a random one.
    pub span_id: *const c_char,
}

// SAFETY: repr(C), its size first, integers and raw pointers only.
unsafe impl Input for axonpush_log_record {
    const NAME: &'static str = "record";
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine. See
/// axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_log_record_init(record: *mut axonpush_log_record) {
    boundary::init(record);
}

/// Publishes a line of the application's log in the background. It is meant to be called by a log
/// sink and cannot break the application. It never waits: with AXONPUSH_OVERFLOW_BLOCK it refuses
/// the line instead. It suppresses every failure, even in strict mode, and counts it: in
/// `log_events_lost` of axonpush_stats if this function returns false, otherwise in `failed`,
/// `expired` and the like. Do not call it with the lines of this library's own log: inside an
/// axonpush_log_fn it returns false, so that no line causes another.
///
/// Returns whether the event was accepted.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_log_event(
    client: *mut axonpush_client,
    record: *const axonpush_log_record,
) -> bool {
    value(false, || {
        let Ok((client, scope)) = handle::scoped(client) else {
            return false;
        };
        let published = scope
            .check()
            .and_then(|()| input(record))
            .and_then(|given| {
                let occurred_at = occurred_at(&given);
                let (event, record) = read(&given, occurred_at.as_deref())?;
                Ok(client.log_event(&event, &record))
            });
        published.unwrap_or_else(|_| {
            client.count_lost_log_event();
            false
        })
    })
}

/// The time of the line is when the event happened.
fn occurred_at(given: &axonpush_log_record) -> Option<String> {
    let since = Duration::from_nanos(given.time_unix_nano);
    (!since.is_zero()).then(|| time::format(UNIX_EPOCH + since))
}

fn read<'a>(
    given: &'a axonpush_log_record,
    occurred_at: Option<&'a str>,
) -> Result<(Event<'a>, LogRecord<'a>)> {
    let severity = match given.severity {
        0 => Severity::AXONPUSH_SEVERITY_INFO as i32,
        number => number,
    };
    let severity = u8::try_from(severity)
        .ok()
        .filter(|n| (1..=24).contains(n))
        .ok_or_else(|| Error::argument("record.severity: expected 1 to 24"))?;
    let event = Event {
        identifier: text("record.logger", given.logger)?.unwrap_or("log"),
        event_type: Some(text("record.event_type", given.event_type)?.unwrap_or("app.log")),
        channel_id: text("record.channel_id", given.channel_id)?,
        agent_id: text("record.agent_id", given.agent_id)?,
        trace_id: text("record.trace_id", given.trace_id)?,
        span_id: text("record.span_id", given.span_id)?,
        occurred_at,
        ..Event::default()
    };
    let record = LogRecord {
        body: text("record.body", given.body)?.unwrap_or(""),
        severity,
        severity_text: text("record.severity_text", given.severity_text)?,
        service_name: text("record.service_name", given.service_name)?,
        attributes: document("record.attributes", given.attributes, given.attributes_len)?,
        time_unix_nano: (given.time_unix_nano != 0).then_some(given.time_unix_nano),
        file: text("record.file", given.file)?,
        line: (given.line != 0).then_some(given.line),
        function: text("record.function", given.function)?,
    };
    Ok((event, record))
}
