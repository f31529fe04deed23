//! What the functions of all resources share.

use std::ffi::c_char;

use super::boundary::{document, required};
use super::call::{call, clear};
use super::call_handle;
use super::error::axonpush_error;
use super::handle::axonpush_client;
use super::response::{axonpush_response, hand_out};
use super::status::axonpush_status;
use crate::client::operations::Operation;
use crate::error::{Error, Result};
use crate::json::Cursor;
use crate::json::writer::Writer;

/// Where a call puts what it gives.
pub(super) struct Outputs {
    pub response: *mut *mut axonpush_response,
    pub error: *mut *mut axonpush_error,
}

/// The query and the body of a request, made only once the client is known to be one.
#[derive(Default)]
pub(super) struct Content {
    pub query: Option<String>,
    pub body: Option<String>,
}

/// Carries out an operation of the table: `ids` are those of its path, with their names.
pub(super) fn operate(
    client: *mut axonpush_client,
    operation: &Operation,
    ids: &[(&str, *const c_char)],
    content: impl FnOnce() -> Result<Content>,
    outputs: Outputs,
) -> axonpush_status {
    clear(outputs.response);
    call(outputs.error, || {
        let (client, scope) = call_handle::begin(client)?;
        let ids: Vec<&str> = ids
            .iter()
            .map(|(name, id)| required(name, *id))
            .collect::<Result<_>>()?;
        let Content { query, body } = content()?;
        let found = client.operate(operation, &ids, query.as_deref(), body, &scope)?;
        hand_out(found, outputs.response);
        Ok(())
    })
}

/// For an operation without query and body.
pub(super) fn nothing() -> Result<Content> {
    Ok(Content::default())
}

/// A body of members, each under a name that C knows it by.
pub(super) fn body(write: impl FnOnce(&mut Writer) -> Result<()>) -> Result<Content> {
    let mut writer = Writer::default();
    write(&mut writer)?;
    Ok(Content {
        query: None,
        body: Some(writer.text()?),
    })
}

/// The body `{"name": …}`.
pub(super) fn named(name: *const c_char) -> Result<Content> {
    let name = required("name", name)?;
    body(|json| {
        json.string(Some("name"), Some(name));
        Ok(())
    })
}

/// An object in JSON that the caller wrote, as pointer and length. That it is valid is for others to check.
pub(super) fn object<'a>(name: &str, pointer: *const c_char, length: usize) -> Result<&'a str> {
    let given = match document(name, pointer, length)? {
        Some(given) => given,
        None => required(name, pointer)?,
    };
    if Cursor::new(given).peek() != Some(b'{') {
        return Err(Error::argument(format!(
            "{name}: expected a JSON object ({{…}})"
        )));
    }
    Ok(given)
}
