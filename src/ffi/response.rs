//! What came back: JSON, read by pointers, so that C needs no JSON library.

use std::collections::HashMap;
use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use super::boundary::{borrow, c_string, free, pointer_to, set, text_or_empty, value};
use crate::http::response::Response;
use crate::json::Found;
use crate::sys::sync::Mutex;

/// The JSON response to a call.
///
/// A JSON pointer (RFC 6901), such as "/events/0/eventId", says which value to read. "" is the
/// whole document; in a name, "~1" stands for "/" and "~0" for "~".
///
/// Threads: any number of threads may read it at once.
/// Lifetime: you own it from the call that returned it until axonpush_response_free(), and its
/// strings live as long as it does. A response passed to a completion is borrowed and lives until
/// that completion returns.
pub struct axonpush_response {
    response: Response,
    request_id: Option<CString>,
    json: OnceLock<CString>,
    /// Strings handed out so far, by pointer.
    strings: Mutex<HashMap<String, Option<CString>>>,
    /// Parts handed out so far, by pointer.
    parts: Mutex<HashMap<String, Option<CString>>>,
}

impl axonpush_response {
    pub(super) fn new(response: Response) -> Self {
        axonpush_response {
            request_id: response.request_id.as_deref().map(c_string),
            response,
            json: OnceLock::new(),
            strings: Mutex::default(),
            parts: Mutex::default(),
        }
    }

    /// What `pointer` leads to, where both are given and usable.
    fn find(&self, pointer: *const c_char) -> Option<Found<'_>> {
        let pointer = text_or_empty("pointer", pointer).ok()??;
        self.response.document.find(pointer)
    }
}

/// Gives a response to the caller, who may not want it.
pub(super) fn hand_out(response: Option<Response>, out: *mut *mut axonpush_response) {
    if let Some(response) = response.filter(|_| !out.is_null()) {
        set(
            out,
            Box::into_raw(Box::new(axonpush_response::new(response))),
        );
    }
}

/// The text of a number, `true`, `false` or `null`.
fn scalar<'a>(response: *const axonpush_response, pointer: *const c_char) -> Option<&'a str> {
    match borrow(response)?.find(pointer)? {
        Found::Scalar(text) => Some(text),
        _ => None,
    }
}

/// Writes a value that was found; tells whether there was one.
fn write_out<T>(out: *mut T, found: Option<T>) -> bool {
    let any = found.is_some();
    if let Some(found) = found {
        set(out, found);
    }
    any
}

/// Returns the whole response as JSON text, NUL-terminated, or NULL for a NULL response. Its length
/// is written to `*len`; `len` may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_json(
    response: *const axonpush_response,
    len: *mut usize,
) -> *const c_char {
    set(len, 0);
    value(std::ptr::null(), || {
        let Some(response) = borrow(response) else {
            return std::ptr::null();
        };
        let json = response
            .json
            .get_or_init(|| c_string(response.response.document.text()));
        set(len, json.as_bytes().len());
        json.as_ptr()
    })
}

/// Returns the string at `pointer`. Returns NULL if there is nothing, if the value is not a string,
/// or if it contains a NUL character, which C would take for its end (axonpush_response_json() has
/// it).
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_string(
    response: *const axonpush_response,
    pointer: *const c_char,
) -> *const c_char {
    value(std::ptr::null(), || {
        let (Some(response), Ok(Some(name))) =
            (borrow(response), text_or_empty("pointer", pointer))
        else {
            return std::ptr::null();
        };
        let mut strings = response.strings.lock();
        if let Some(known) = strings.get(name) {
            return pointer_to(known.as_ref());
        }
        let text = match response.response.document.find(name) {
            Some(Found::String(text)) => CString::new(text.into_owned()).ok(),
            _ => None,
        };
        pointer_to(strings.entry(name.to_owned()).or_insert(text).as_ref())
    })
}

/// The JSON text of the value at `pointer`, exactly as the response has it and NUL-terminated. Its length
/// goes to `*len`, which may be NULL. Returns NULL, and a length of 0, if there is no such value. The
/// pointer "" gives the whole response.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_raw(
    response: *const axonpush_response,
    pointer: *const c_char,
    len: *mut usize,
) -> *const c_char {
    set(len, 0);
    value(std::ptr::null(), || {
        let (Some(response), Ok(Some(name))) =
            (borrow(response), text_or_empty("pointer", pointer))
        else {
            return std::ptr::null();
        };
        let mut parts = response.parts.lock();
        if !parts.contains_key(name) {
            let part = response.response.document.raw(name).map(c_string);
            parts.insert(name.to_owned(), part);
        }
        let Some(part) = parts.get(name).and_then(Option::as_ref) else {
            return std::ptr::null();
        };
        set(len, part.as_bytes().len());
        part.as_ptr()
    })
}

/// Reads the integer at `pointer`. Returns false, with `*out` untouched, if there is no number, or
/// if the number is not written as an integer or does not fit.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_int(
    response: *const axonpush_response,
    pointer: *const c_char,
    out: *mut i64,
) -> bool {
    value(false, || {
        write_out(
            out,
            scalar(response, pointer).and_then(|text| text.parse().ok()),
        )
    })
}

/// Reads the number at `pointer`. Returns false, with `*out` untouched, if there is no number or it
/// is too large for a double.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_double(
    response: *const axonpush_response,
    pointer: *const c_char,
    out: *mut f64,
) -> bool {
    value(false, || {
        let number = scalar(response, pointer).and_then(|text| text.parse().ok());
        write_out(out, number.filter(|n: &f64| n.is_finite()))
    })
}

/// Reads the boolean at `pointer`. Returns false, with `*out` untouched, if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_bool(
    response: *const axonpush_response,
    pointer: *const c_char,
    out: *mut bool,
) -> bool {
    value(false, || {
        write_out(
            out,
            scalar(response, pointer).and_then(|text| text.parse().ok()),
        )
    })
}

/// Returns how many members the array or object at `pointer` has, or 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_count(
    response: *const axonpush_response,
    pointer: *const c_char,
) -> usize {
    value(0, || match borrow(response).and_then(|r| r.find(pointer)) {
        Some(Found::Array(count) | Found::Object(count)) => count,
        _ => 0,
    })
}

/// Returns the HTTP status of the response, or 0 for NULL and for the empty list of fail-open.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_http_status(response: *const axonpush_response) -> i32 {
    value(0, || {
        borrow(response).map_or(0, |r| i32::from(r.response.http_status))
    })
}

/// Returns the service's id of the request (the X-Request-Id header), or NULL if it gave none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_request_id(
    response: *const axonpush_response,
) -> *const c_char {
    value(std::ptr::null(), || {
        pointer_to(borrow(response).and_then(|r| r.request_id.as_ref()))
    })
}

/// Frees a response and all strings from it. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_free(response: *mut axonpush_response) {
    free(response);
}
