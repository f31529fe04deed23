//! What came back: JSON, read by pointers, so that C needs no JSON library.

use std::collections::HashMap;
use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use super::boundary::{borrow, c_string, free, pointer_to, set, text_or_empty, value};
use crate::http::response::Response;
use crate::json::Found;
use crate::sys::sync::Mutex;

/// The JSON that a call gave.
///
/// Members are named by JSON pointers (RFC 6901): "/events/0/eventId"; "" is the whole document; "~1"
/// stands for "/" and "~0" for "~" in a name.
///
/// Threads: any number of threads may read it at once.
/// Lifetime: yours from the call that gave it until axonpush_response_free(); strings from it live as
/// long. A response passed to a completion is only borrowed for that completion.
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

/// The whole response as JSON text, NUL-terminated; its length goes to `*len`, which may be NULL. NULL
/// for a NULL response.
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

/// The string at `pointer`. NULL if there is none, if it is no string, or if it has a NUL character
/// inside, which C would take for its end (axonpush_response_json() has it).
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

/// The value at `pointer` as JSON text, as it stands in the response, NUL-terminated; its length goes to
/// `*len`, which may be NULL. NULL, and 0 there, if there is none. "" is the whole response.
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

/// The integer at `pointer`. False, with `*out` untouched, if there is no number, or one that is not
/// written as an integer or does not fit.
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

/// The number at `pointer`. False, with `*out` untouched, if there is none or it is beyond a double.
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

/// The boolean at `pointer`. False, with `*out` untouched, if there is none.
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

/// How many members the array or object at `pointer` has; 0 if there is none.
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

/// The HTTP status of the response; 0 for NULL, and for the empty list of fail-open.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_response_http_status(response: *const axonpush_response) -> i32 {
    value(0, || {
        borrow(response).map_or(0, |r| i32::from(r.response.http_status))
    })
}

/// The service's id of the request (header X-Request-Id); NULL if it gave none.
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
