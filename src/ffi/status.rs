//! Status codes, and the one place where a kind of failure becomes a number.

use std::ffi::{CStr, c_char};

use super::boundary;
use crate::error::Kind;

pub type axonpush_status = i32;

macro_rules! statuses {
    ($($name:ident),* $(,)?) => {
        $(pub const $name: axonpush_status = Status::$name as i32;)*
        const NAMES: &[(axonpush_status, &CStr)] = &[$((
            $name,
            match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("a name has no NUL"),
            },
        )),*];
    };
}

/// The outcome of a call. A number never changes its meaning; new ones may be added, so treat one
/// that you do not know as a failure.
///
/// "May be repeated" means that the same call can succeed later. Publishing is always safe to
/// repeat with the same `dedup_key`: the service stores an event once per key.
#[repr(i32)]
#[allow(clippy::upper_case_acronyms)]
pub enum Status {
    /// The call did what it says. In fail-open mode an unreachable service is also AXONPUSH_OK, with
    /// nothing (or an empty list) as the result.
    AXONPUSH_OK = 0,
    /// An argument cannot be used: missing, empty, not UTF-8, out of range, not a JSON object, too
    /// large, too deep. Nothing was sent. Repeating it fails again.
    AXONPUSH_ERR_INVALID_ARGUMENT = 1,
    /// The client handle is NULL, closed, or was never one. Nothing was done.
    AXONPUSH_ERR_INVALID_HANDLE = 2,
    /// The API key is missing, or an environment variable, the base URL, the proxy or the certificate
    /// authorities are unusable; the message names it. (Another option that cannot be used is
    /// AXONPUSH_ERR_INVALID_ARGUMENT.)
    AXONPUSH_ERR_CONFIG = 3,
    /// The service could not be reached, or its response broke off, after all retries. Only strict
    /// mode reports it. A request may have arrived all the same. May be repeated.
    AXONPUSH_ERR_CONNECTION = 4,
    /// HTTP 401: the API key is missing, wrong or revoked. Repeating it fails again.
    AXONPUSH_ERR_AUTHENTICATION = 5,
    /// HTTP 403: the key may not do this. A `pt_` token may only publish. Repeating it fails again.
    AXONPUSH_ERR_FORBIDDEN = 6,
    /// HTTP 404: no such channel, app or other thing. Repeating it fails again.
    AXONPUSH_ERR_NOT_FOUND = 7,
    /// HTTP 400 or 422: the service refuses what was sent; the message says where. Repeating it
    /// fails again.
    AXONPUSH_ERR_VALIDATION = 8,
    /// HTTP 429, after all retries: see axonpush_error_retry_after_ms(). May be repeated.
    AXONPUSH_ERR_RATE_LIMIT = 9,
    /// HTTP 5xx, after all retries. May be repeated.
    AXONPUSH_ERR_SERVER = 10,
    /// Any other HTTP response that is no success, redirects among them: they are never followed.
    AXONPUSH_ERR_API = 11,
    /// A success whose body is not the JSON expected, or is larger than 32 MiB. What was asked for
    /// has probably happened.
    AXONPUSH_ERR_DECODE = 12,
    /// The queue of background publishing had no room: the event was refused, or dropped for a newer
    /// one. May be repeated.
    AXONPUSH_ERR_QUEUE_FULL = 13,
    /// A flush, a shutdown or a delivery ran out of time.
    AXONPUSH_ERR_TIMEOUT = 14,
    /// The client was shut down or closed before the call or the delivery was finished. The event
    /// may have arrived all the same.
    AXONPUSH_ERR_CLOSED = 15,
    /// A defect of this library, contained. The client stays usable. Please report it.
    AXONPUSH_ERR_INTERNAL = 16,
    /// The call was cancelled by axonpush_call_cancel(), or was made through a handle that was. Fail-open
    /// does not suppress it. The request may have arrived all the same.
    AXONPUSH_ERR_CANCELLED = 17,
}

statuses! {
    AXONPUSH_OK,
    AXONPUSH_ERR_INVALID_ARGUMENT,
    AXONPUSH_ERR_INVALID_HANDLE,
    AXONPUSH_ERR_CONFIG,
    AXONPUSH_ERR_CONNECTION,
    AXONPUSH_ERR_AUTHENTICATION,
    AXONPUSH_ERR_FORBIDDEN,
    AXONPUSH_ERR_NOT_FOUND,
    AXONPUSH_ERR_VALIDATION,
    AXONPUSH_ERR_RATE_LIMIT,
    AXONPUSH_ERR_SERVER,
    AXONPUSH_ERR_API,
    AXONPUSH_ERR_DECODE,
    AXONPUSH_ERR_QUEUE_FULL,
    AXONPUSH_ERR_TIMEOUT,
    AXONPUSH_ERR_CLOSED,
    AXONPUSH_ERR_INTERNAL,
    AXONPUSH_ERR_CANCELLED,
}

/// The name of a status, such as "AXONPUSH_ERR_CONNECTION"; "AXONPUSH_ERR_UNKNOWN" for a number that
/// is none. Never NULL. The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_status_name(status: axonpush_status) -> *const c_char {
    boundary::value(c"AXONPUSH_ERR_UNKNOWN", || {
        let named = NAMES.iter().find(|(number, _)| *number == status);
        named.map_or(c"AXONPUSH_ERR_UNKNOWN", |(_, name)| *name)
    })
    .as_ptr()
}

pub(super) fn status_of(kind: Kind) -> axonpush_status {
    match kind {
        Kind::InvalidArgument => AXONPUSH_ERR_INVALID_ARGUMENT,
        Kind::InvalidHandle => AXONPUSH_ERR_INVALID_HANDLE,
        Kind::Config => AXONPUSH_ERR_CONFIG,
        Kind::Connection => AXONPUSH_ERR_CONNECTION,
        Kind::Authentication => AXONPUSH_ERR_AUTHENTICATION,
        Kind::Forbidden => AXONPUSH_ERR_FORBIDDEN,
        Kind::NotFound => AXONPUSH_ERR_NOT_FOUND,
        Kind::Validation => AXONPUSH_ERR_VALIDATION,
        Kind::RateLimit => AXONPUSH_ERR_RATE_LIMIT,
        Kind::Server => AXONPUSH_ERR_SERVER,
        Kind::Api => AXONPUSH_ERR_API,
        Kind::Decode => AXONPUSH_ERR_DECODE,
        Kind::QueueFull => AXONPUSH_ERR_QUEUE_FULL,
        Kind::Timeout => AXONPUSH_ERR_TIMEOUT,
        Kind::Closed => AXONPUSH_ERR_CLOSED,
        Kind::Internal => AXONPUSH_ERR_INTERNAL,
        Kind::Cancelled => AXONPUSH_ERR_CANCELLED,
    }
}
