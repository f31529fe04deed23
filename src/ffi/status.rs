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

/// The outcome of a call. The meaning of a number never changes. New numbers may be added, so treat
/// a number that you do not know as a failure.
///
/// "May be repeated" means that the same call can succeed later. Publishing is always safe to
/// repeat with the same `dedup_key`, since the service stores an event once per key.
#[repr(i32)]
#[allow(clippy::upper_case_acronyms)]
pub enum Status {
    /// The call succeeded. In fail-open mode a call that cannot reach the service also returns
    /// AXONPUSH_OK, with a NULL response or an empty list.
    AXONPUSH_OK = 0,
    /// An argument cannot be used: it is missing, empty, not UTF-8, out of range, not a JSON
    /// object, too large or too deep. Nothing was sent. The same call will fail again.
    AXONPUSH_ERR_INVALID_ARGUMENT = 1,
    /// The client handle is NULL or closed, or it was never a handle. Nothing was done.
    AXONPUSH_ERR_INVALID_HANDLE = 2,
    /// The API key is missing, or an environment variable, the base URL, the proxy or the
    /// certificate authorities cannot be used; the message says which. (Any other option that
    /// cannot be used is AXONPUSH_ERR_INVALID_ARGUMENT.)
    AXONPUSH_ERR_CONFIG = 3,
    /// After all retries, the service could not be reached or its response broke off. Only strict
    /// mode reports this. The request may have arrived all the same. May be repeated.
    AXONPUSH_ERR_CONNECTION = 4,
    /// HTTP 401: the API key is missing, wrong or revoked. The same call will fail again.
    AXONPUSH_ERR_AUTHENTICATION = 5,
    /// HTTP 403: the key does not permit this call. A `pt_` token may only publish. The same call
    /// will fail again.
    AXONPUSH_ERR_FORBIDDEN = 6,
    /// HTTP 404: the channel, app or other resource does not exist. The same call will fail again.
    AXONPUSH_ERR_NOT_FOUND = 7,
    /// HTTP 400 or 422: the service rejected what was sent; the message says where the mistake is.
    /// The same call will fail again.
    AXONPUSH_ERR_VALIDATION = 8,
    /// HTTP 429, after all retries: see axonpush_error_retry_after_ms(). May be repeated.
    AXONPUSH_ERR_RATE_LIMIT = 9,
    /// HTTP 5xx, after all retries. May be repeated.
    AXONPUSH_ERR_SERVER = 10,
    /// Any other HTTP response that is not a success. Redirects are among them, since they are
    /// never followed.
    AXONPUSH_ERR_API = 11,
    /// The service reported success, but the body is not the expected JSON or is larger than 32
    /// MiB. What the call asked for has probably happened.
    AXONPUSH_ERR_DECODE = 12,
    /// The queue of background publishing had no room: the event was refused, or it was dropped to
    /// make room for a newer one. May be repeated.
    AXONPUSH_ERR_QUEUE_FULL = 13,
    /// A flush, a shutdown or a delivery ran out of time.
    AXONPUSH_ERR_TIMEOUT = 14,
    /// The client was shut down or closed before the call or the delivery was finished. The event
    /// may have arrived all the same.
    AXONPUSH_ERR_CLOSED = 15,
    /// A defect in this library, which the library contained. The client stays usable. Please
    /// report it.
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

/// Returns the name of a status, such as "AXONPUSH_ERR_CONNECTION", or "AXONPUSH_ERR_UNKNOWN" for a
/// number that is not a status. It never returns NULL. The string is static.
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
