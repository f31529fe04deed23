//! Writing JSON without a JSON library.

use std::ffi::{CString, c_char};

use super::boundary::{borrow_mut, c_string, document, free, set, text_or_empty, value};
use super::call::call;
use super::error::axonpush_error;
use crate::error::{Error, Result};
use crate::json::writer::Writer;

/// A writer of one JSON object, which starts empty. Members are added in order.
///
/// Inside an object every member needs a `key`; inside an array `key` is NULL. You need not check
/// for mistakes (an end too many, a missing key, text that is not UTF-8, NaN) one by one: the
/// writer remembers the first and ignores what follows, and axonpush_json_text() reports it.
///
/// Threads: one thread at a time may use it.
/// Lifetime: from axonpush_json_new() to axonpush_json_free().
#[derive(Default)]
pub struct axonpush_json {
    writer: Writer,
    text: CString,
}

/// Creates a writer. Free it with axonpush_json_free().
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

/// Adds what `add` adds to a writer that may be `NULL`. Its failure is a mistake.
pub(super) fn write(json: *mut axonpush_json, add: impl FnOnce(&mut Writer) -> Result<()>) {
    value((), || {
        let Some(json) = borrow_mut(json) else { return };
        if let Err(e) = add(&mut json.writer) {
            json.writer.mistake(None, &e.message);
        }
    });
}

/// Adds a string and escapes it as JSON requires. A NULL `value` adds null.
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

/// Adds a number, as the shortest text that reads back as the same number. NaN and infinity are
/// mistakes.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_double(json: *mut axonpush_json, key: *const c_char, value: f64) {
    add(json, key, |writer, key| writer.double(key, value));
}

/// Adds true or false.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_bool(json: *mut axonpush_json, key: *const c_char, value: bool) {
    add(json, key, |writer, key| writer.bool(key, value));
}

/// Adds a value that is already JSON text. `len` 0 means that it is NUL-terminated. Text that is
/// not valid JSON is a mistake.
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

/// Begins a nested object. What you add next goes into it, until axonpush_json_end().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_begin_object(json: *mut axonpush_json, key: *const c_char) {
    add(json, key, |writer, key| writer.begin(key, false));
}

/// Begins a nested array. What you add next goes into it, until axonpush_json_end().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_begin_array(json: *mut axonpush_json, key: *const c_char) {
    add(json, key, |writer, key| writer.begin(key, true));
}

/// Ends the innermost object or array that was begun.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_json_end(json: *mut axonpush_json) {
    add(json, std::ptr::null(), |writer, _| writer.end());
}

/// Returns the finished object, NUL-terminated. Its length is written to `*len`; `len` may be NULL.
/// The text lives until the next call on `json`. Returns NULL after a mistake, or if an object or
/// array was begun and not ended; `*error` (AXONPUSH_ERR_INVALID_ARGUMENT) then says what was
/// wrong.
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
