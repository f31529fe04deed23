//! Environments.

use std::ffi::c_char;

use super::boundary::{self, Input, input, required, text};
use super::error::axonpush_error;
use super::handle::axonpush_client;
use super::operation::{Content, Outputs, body, nothing, operate};
use super::options::{axonpush_toggle, toggle};
use super::response::axonpush_response;
use super::status::axonpush_status;
use crate::client::operations::{
    ENVIRONMENTS_CREATE, ENVIRONMENTS_DELETE, ENVIRONMENTS_LIST, ENVIRONMENTS_PROMOTE,
    ENVIRONMENTS_UPDATE,
};
use crate::error::Result;
use crate::json::writer::Writer;

/// An environment to create, or the changes to make to one. NULL, "" or AXONPUSH_DEFAULT in an
/// optional member leaves it out.
///
/// Threads and lifetime: it is read only during the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_environment {
    /// Set by AXONPUSH_ENVIRONMENT_INIT or axonpush_environment_init().
    pub struct_size: usize,
    /// Required to create an environment.
    pub name: *const c_char,
    /// NULL means that the service derives the slug from the name.
    pub slug: *const c_char,
    /// The color in the dashboard, such as "#00aa00".
    pub color: *const c_char,
    /// Whether events that name no environment belong to it.
    pub is_default: axonpush_toggle,
    /// Whether it is a production environment.
    pub is_production: axonpush_toggle,
}

// SAFETY: repr(C), its size first, integers and raw pointers only.
unsafe impl Input for axonpush_environment {
    const NAME: &'static str = "environment";
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine. See
/// axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_environment_init(environment: *mut axonpush_environment) {
    boundary::init(environment);
}

fn members(given: &axonpush_environment, json: &mut Writer) -> Result<()> {
    for (member, name, pointer) in [
        ("name", "environment.name", given.name),
        ("slug", "environment.slug", given.slug),
        ("color", "environment.color", given.color),
    ] {
        if let Some(value) = text(name, pointer)? {
            json.string(Some(member), Some(value));
        }
    }
    for (member, name, number) in [
        ("isDefault", "environment.is_default", given.is_default),
        (
            "isProduction",
            "environment.is_production",
            given.is_production,
        ),
    ] {
        if let Some(value) = toggle(name, number)? {
            json.bool(Some(member), value);
        }
    }
    Ok(())
}

fn changes(environment: *const axonpush_environment) -> Result<Content> {
    let given = input(environment)?;
    body(|json| members(&given, json))
}

/// Lists the environments. The response is `{"environments": [...]}`; null in place of the array
/// means none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_environments_list(
    client: *mut axonpush_client,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &ENVIRONMENTS_LIST,
        &[],
        nothing,
        Outputs { response, error },
    )
}

/// Creates an environment. `environment.name` is required.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_environments_create(
    client: *mut axonpush_client,
    environment: *const axonpush_environment,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    let content = || {
        required("environment.name", input(environment)?.name)?;
        changes(environment)
    };
    operate(
        client,
        &ENVIRONMENTS_CREATE,
        &[],
        content,
        Outputs { response, error },
    )
}

/// Changes those members of an environment that are given.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_environments_update(
    client: *mut axonpush_client,
    slug: *const c_char,
    environment: *const axonpush_environment,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    let content = || changes(environment);
    operate(
        client,
        &ENVIRONMENTS_UPDATE,
        &[("slug", slug)],
        content,
        Outputs { response, error },
    )
}

/// Deletes an environment.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_environments_delete(
    client: *mut axonpush_client,
    slug: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &ENVIRONMENTS_DELETE,
        &[("slug", slug)],
        nothing,
        Outputs { response, error },
    )
}

/// Makes an environment the default one.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_environments_promote(
    client: *mut axonpush_client,
    slug: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &ENVIRONMENTS_PROMOTE,
        &[("slug", slug)],
        nothing,
        Outputs { response, error },
    )
}
