//! Channels of an app.

use std::ffi::c_char;

use super::error::axonpush_error;
use super::handle::axonpush_client;
use super::operation::{Outputs, named, nothing, operate};
use super::response::axonpush_response;
use super::status::axonpush_status;
use crate::client::operations::{
    CHANNELS_CREATE, CHANNELS_DELETE, CHANNELS_GET, CHANNELS_LIST, CHANNELS_UPDATE,
};

/// Lists the channels of an app. The response is `{"channels": [...]}`; null in place of the array
/// means none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_channels_list(
    client: *mut axonpush_client,
    app_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &CHANNELS_LIST,
        &[("app_id", app_id)],
        nothing,
        Outputs { response, error },
    )
}

/// Creates a channel.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_channels_create(
    client: *mut axonpush_client,
    app_id: *const c_char,
    name: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &CHANNELS_CREATE,
        &[("app_id", app_id)],
        || named(name),
        Outputs { response, error },
    )
}

/// Gets a channel.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_channels_get(
    client: *mut axonpush_client,
    app_id: *const c_char,
    channel_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &CHANNELS_GET,
        &[("app_id", app_id), ("channel_id", channel_id)],
        nothing,
        Outputs { response, error },
    )
}

/// Renames a channel.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_channels_update(
    client: *mut axonpush_client,
    app_id: *const c_char,
    channel_id: *const c_char,
    name: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &CHANNELS_UPDATE,
        &[("app_id", app_id), ("channel_id", channel_id)],
        || named(name),
        Outputs { response, error },
    )
}

/// Deletes a channel.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_channels_delete(
    client: *mut axonpush_client,
    app_id: *const c_char,
    channel_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &CHANNELS_DELETE,
        &[("app_id", app_id), ("channel_id", channel_id)],
        nothing,
        Outputs { response, error },
    )
}
