//! Writing JSON without a JSON library.

use std::ffi::{CString, c_char};

use super::boundary::{borrow_mut, c_string, document, free, set, text_or_empty, value};
use super::call::call;
use super::error::axonpush_error;
use crate::error::Error;
use crate::json::writer::Writer;

/// A JSON object in the making: it starts as one empty object, and members are added in order.
///
/// Inside an object every member needs a `key`; inside an array `key` is NULL. Mistakes (an end too
/// many, a key missing, text that is not UTF-8, NaN) need not be checked one by one: the first is
/// remembered, what follows is ignored, and axonpush_json_text() reports it.
///
/// Threads: one at a time.
/// Lifetime: from axonpush_json_new() to axonpush_json_free().
#[derive(Default)]
pub struct axonpush_json {
    writer: Writer,
    text: CString,
}

/// Starts an object. Free it with axonpush_json_free().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_new() -> *mut axonpush_json {
    value(std::ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Adds a member to a writer that may be `NULL`, under a key that may be unusable.
fn add(
    json: *mut axonpush_json,
    key: *const c_char,
    write: impl FnOnce(&mut Writer, Option<&str>),
) {
    value((), || {
        let Some(json) = borrow_mut(json) else { return };
        match text_or_empty("key", key) {
            Ok(key) => write(&mut json.writer, key),
            Err(e) => json.writer.mistake(None, &e.message),
        }
    });
}

/// Adds a string, escaped as JSON needs it. `value` NULL adds null.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_string(
    json: *mut axonpush_json,
    key: *const c_char,
    value: *const c_char,
) {
    add(json, key, |writer, key| {
        match text_or_empty("value", value) {
            Ok(text) => writer.string(key, text),
            Err(e) => writer.mistake(key, &e.message),
        }
    });
}

/// Adds an integer.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_int(json: *mut axonpush_json, key: *const c_char, value: i64) {
    add(json, key, |writer, key| writer.int(key, value));
}

/// Adds a number, as the shortest text that reads back the same. NaN and infinity are mistakes.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_double(json: *mut axonpush_json, key: *const c_char, value: f64) {
    add(json, key, |writer, key| writer.double(key, value));
}

/// Adds true or false.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_bool(json: *mut axonpush_json, key: *const c_char, value: bool) {
    add(json, key, |writer, key| writer.bool(key, value));
}

/// Adds a value that is JSON text already. `len` 0 means that it is NUL-terminated. Text that is not
/// valid JSON is a mistake.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_raw(
    json: *mut axonpush_json,
    key: *const c_char,
    value: *const c_char,
    len: usize,
) {
    add(json, key, |writer, key| {
        match document("value", value, len) {
            Ok(text) => writer.raw(key, text.unwrap_or("")),
            Err(e) => writer.mistake(key, &e.message),
        }
    });
}

/// Begins an object inside; what follows goes into it, until axonpush_json_end().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_begin_object(json: *mut axonpush_json, key: *const c_char) {
    add(json, key, |writer, key| writer.begin(key, false));
}

/// Begins an array inside; what follows goes into it, until axonpush_json_end().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_begin_array(json: *mut axonpush_json, key: *const c_char) {
    add(json, key, |writer, key| writer.begin(key, true));
}

/// Ends the object or array that was begun last.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_end(json: *mut axonpush_json) {
    add(json, std::ptr::null(), |writer, _| writer.end());
}

/// The finished object, NUL-terminated; its length goes to `*len`, which may be NULL. It lives until
/// the next call on `json`. NULL after a mistake, and while something begun is not ended: `*error`
/// (AXONPUSH_ERR_INVALID_ARGUMENT) says what was wrong.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_text(
    json: *mut axonpush_json,
    len: *mut usize,
    error: *mut *mut axonpush_error,
) -> *const c_char {
    set(len, 0);
    let mut text = std::ptr::null();
    call(error, || {
        let json =
            borrow_mut(json).ok_or_else(|| Error::argument("json: it is required, but NULL"))?;
        json.text = c_string(&json.writer.text()?);
        set(len, json.text.as_bytes().len());
        text = json.text.as_ptr();
        Ok(())
    });
    text
}

/// Frees a writer and its text. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_free(json: *mut axonpush_json) {
    free(json);
}
