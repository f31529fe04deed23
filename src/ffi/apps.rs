//! Apps.

use std::ffi::c_char;

use super::error::axonpush_error;
use super::handle::axonpush_client;
use super::operation::{Outputs, named, nothing, operate};
use super::response::axonpush_response;
use super::status::axonpush_status;
use crate::client::operations::{APPS_CREATE, APPS_DELETE, APPS_GET, APPS_LIST, APPS_UPDATE};

/// Lists the apps. The response is `{"apps": [...]}`; null in place of the array means none. In
/// fail-open mode an unreachable service gives an empty list.
///
/// The following holds for all functions of resources. Free `*response` with
/// axonpush_response_free(); it is NULL if fail-open suppressed the failure. Ids are taken
/// literally, and each becomes one segment of the path.
///
/// GET, PUT, PATCH and DELETE are repeated according to the retry rules: every PATCH here sets
/// members to values, so that twice is as good as once (axonpush_request() cannot know that). A
/// POST is repeated only if it certainly did not arrive or was turned away (429, 503). So a DELETE
/// whose response was lost may end with "not found".
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_apps_list(
    client: *mut axonpush_client,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &APPS_LIST,
        &[],
        nothing,
        Outputs { response, error },
    )
}

/// Creates an app.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_apps_create(
    client: *mut axonpush_client,
    name: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &APPS_CREATE,
        &[],
        || named(name),
        Outputs { response, error },
    )
}

/// Gets an app.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_apps_get(
    client: *mut axonpush_client,
    app_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &APPS_GET,
        &[("app_id", app_id)],
        nothing,
        Outputs { response, error },
    )
}

/// Renames an app.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_apps_update(
    client: *mut axonpush_client,
    app_id: *const c_char,
    name: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &APPS_UPDATE,
        &[("app_id", app_id)],
        || named(name),
        Outputs { response, error },
    )
}

/// Deletes an app.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_apps_delete(
    client: *mut axonpush_client,
    app_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &APPS_DELETE,
        &[("app_id", app_id)],
        nothing,
        Outputs { response, error },
    )
}
