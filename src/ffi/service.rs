//! The service itself: its capabilities, its health, and OTLP.

use std::ffi::c_char;

use super::boundary::text;
use super::call::{call, clear};
use super::call_handle;
use super::error::axonpush_error;
use super::handle::axonpush_client;
use super::operation::{Outputs, nothing, object, operate};
use super::response::{axonpush_response, hand_out};
use super::status::axonpush_status;
use crate::client::operations::{CAPABILITIES_GET, HEALTH_GET, OTLP_LOGS, OTLP_TRACES, Operation};

/// Gets the capabilities of the service.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_capabilities_get(
    client: *mut axonpush_client,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &CAPABILITIES_GET,
        &[],
        nothing,
        Outputs { response, error },
    )
}

/// Asks whether the service is healthy. In fail-open mode an unreachable service is AXONPUSH_OK
/// here too, with NULL as the response. Check for that, or use strict mode.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_health_get(
    client: *mut axonpush_client,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &HEALTH_GET,
        &[],
        nothing,
        Outputs { response, error },
    )
}

/// Sends spans to a channel as OTLP in JSON (ExportTraceServiceRequest). If `channel_id` is NULL,
/// the client's channel is used. `len` 0 means that `json` is NUL-terminated. The redaction rules
/// are not applied: the JSON is sent unchanged.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_otlp_traces(
    client: *mut axonpush_client,
    channel_id: *const c_char,
    json: *const c_char,
    len: usize,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    otlp(
        client,
        &OTLP_TRACES,
        channel_id,
        (json, len),
        Outputs { response, error },
    )
}

/// Sends log records to a channel as OTLP in JSON (ExportLogsServiceRequest), in the same way as
/// axonpush_otlp_traces().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_otlp_logs(
    client: *mut axonpush_client,
    channel_id: *const c_char,
    json: *const c_char,
    len: usize,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    otlp(
        client,
        &OTLP_LOGS,
        channel_id,
        (json, len),
        Outputs { response, error },
    )
}

fn otlp(
    client: *mut axonpush_client,
    operation: &Operation,
    channel_id: *const c_char,
    (json, len): (*const c_char, usize),
    outputs: Outputs,
) -> axonpush_status {
    clear(outputs.response);
    call(outputs.error, || {
        let (client, scope) = call_handle::begin(client)?;
        let json = object("json", json, len)?;
        let found = client.otlp(operation, text("channel_id", channel_id)?, json, &scope)?;
        hand_out(found, outputs.response);
        Ok(())
    })
}
