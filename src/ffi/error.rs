//! Errors.

use std::ffi::{CString, c_char};

use super::boundary::{borrow, c_string, free, pointer_to, value};
use super::status::{AXONPUSH_OK, axonpush_status, status_of};
use crate::error::Error;

/// Says why a call failed.
///
/// Threads: it is immutable, so any number of threads may read it at once.
/// Lifetime: you own it from the call that failed until axonpush_error_free(), and its strings live
/// as long as it does. An error passed to a completion is borrowed and lives until that completion
/// returns.
pub struct axonpush_error {
    status: axonpush_status,
    message: CString,
    code: Option<CString>,
    hint: Option<CString>,
    request_id: Option<CString>,
    http_status: i32,
    retry_after_ms: i64,
    retryable: bool,
}

impl axonpush_error {
    pub(super) fn new(error: &Error) -> Self {
        let optional = |text: &Option<String>| text.as_deref().map(c_string);
        axonpush_error {
            status: status_of(error.kind),
            message: c_string(&error.message),
            code: optional(&error.code),
            hint: optional(&error.hint),
            request_id: optional(&error.request_id),
            http_status: i32::from(error.http_status),
            retry_after_ms: error.retry_after.map_or(-1, |wait| {
                i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
            }),
            retryable: error.retryable(),
        }
    }
}

/// Returns the status that the failed call returned, or AXONPUSH_OK for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_error_status(error: *const axonpush_error) -> axonpush_status {
    value(AXONPUSH_OK, || {
        borrow(error).map_or(AXONPUSH_OK, |e| e.status)
    })
}

/// Returns one sentence for a log or a person. It says what was wrong and, where possible, what to
/// do. It never contains the API key, and it is NULL only for a NULL error.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_error_message(error: *const axonpush_error) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(error).map(|e| &e.message))
    })
}

/// Returns the service's machine-readable code, such as "validation_error", or NULL if it gave
/// none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_error_code(error: *const axonpush_error) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(error).and_then(|e| e.code.as_ref()))
    })
}

/// Returns what the service suggests doing, or NULL if it suggested nothing.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_error_hint(error: *const axonpush_error) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(error).and_then(|e| e.hint.as_ref()))
    })
}

/// Returns the service's id of the failed request, which its support can look up, or NULL if the
/// service gave none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_error_request_id(error: *const axonpush_error) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(error).and_then(|e| e.request_id.as_ref()))
    })
}

/// Returns the HTTP status of the response, or 0 if there was no response.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_error_http_status(error: *const axonpush_error) -> i32 {
    value(0, || borrow(error).map_or(0, |e| e.http_status))
}

/// Returns how many milliseconds the service asks you to wait before the next attempt (the
/// Retry-After header), or -1 if it did not say, and for NULL. 0 means that you need not wait.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_error_retry_after_ms(error: *const axonpush_error) -> i64 {
    value(-1, || borrow(error).map_or(-1, |e| e.retry_after_ms))
}

/// Returns whether the same call can succeed later. That is so after a connection error, a rate
/// limit, a server error or a full queue.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_error_retryable(error: *const axonpush_error) -> bool {
    value(false, || borrow(error).is_some_and(|e| e.retryable))
}

/// Frees an error and its strings. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_error_free(error: *mut axonpush_error) {
    free(error);
}
