//! Organizations.

use std::ffi::c_char;

use super::boundary::required;
use super::error::axonpush_error;
use super::handle::axonpush_client;
use super::operation::{Content, Outputs, body, nothing, object, operate};
use super::response::axonpush_response;
use super::status::axonpush_status;
use crate::client::operations::{
    ORGANIZATIONS_CANCEL_INVITATION, ORGANIZATIONS_DELETE, ORGANIZATIONS_GET, ORGANIZATIONS_INVITE,
    ORGANIZATIONS_LEAVE, ORGANIZATIONS_LIST, ORGANIZATIONS_REMOVE_MEMBER,
    ORGANIZATIONS_TRANSFER_OWNERSHIP, ORGANIZATIONS_UPDATE,
};
use crate::error::Error;
use crate::json;

/// Lists the organizations of the key's user. The response is `{"organizations": [...]}`; null in
/// place of the array means none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_organizations_list(
    client: *mut axonpush_client,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &ORGANIZATIONS_LIST,
        &[],
        nothing,
        Outputs { response, error },
    )
}

/// Gets the organization that the key belongs to.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_organizations_get(
    client: *mut axonpush_client,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &ORGANIZATIONS_GET,
        &[],
        nothing,
        Outputs { response, error },
    )
}

/// Changes the organization that the key belongs to. `body_json` is an object of the members to
/// change, such as `{"name": "..."}`; `body_len` 0 means that it is NUL-terminated.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_organizations_update(
    client: *mut axonpush_client,
    body_json: *const c_char,
    body_len: usize,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    let content = || {
        let given = object("body_json", body_json, body_len)?;
        json::check(given).map_err(|e| Error::argument(format!("body_json: {e}")))?;
        Ok(Content {
            query: None,
            body: Some(given.to_owned()),
        })
    };
    operate(
        client,
        &ORGANIZATIONS_UPDATE,
        &[],
        content,
        Outputs { response, error },
    )
}

/// Deletes an organization.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_organizations_delete(
    client: *mut axonpush_client,
    org_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &ORGANIZATIONS_DELETE,
        &[("org_id", org_id)],
        nothing,
        Outputs { response, error },
    )
}

/// Invites somebody into an organization.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_organizations_invite(
    client: *mut axonpush_client,
    org_id: *const c_char,
    invited_email: *const c_char,
    role: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    let content = || {
        body(|json| {
            json.string(
                Some("invitedEmail"),
                Some(required("invited_email", invited_email)?),
            );
            json.string(Some("role"), Some(required("role", role)?));
            Ok(())
        })
    };
    operate(
        client,
        &ORGANIZATIONS_INVITE,
        &[("org_id", org_id)],
        content,
        Outputs { response, error },
    )
}

/// Cancels an invitation.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_organizations_cancel_invitation(
    client: *mut axonpush_client,
    org_id: *const c_char,
    invitation_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &ORGANIZATIONS_CANCEL_INVITATION,
        &[("org_id", org_id), ("invitation_id", invitation_id)],
        nothing,
        Outputs { response, error },
    )
}

/// Removes a member from an organization.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_organizations_remove_member(
    client: *mut axonpush_client,
    org_id: *const c_char,
    user_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &ORGANIZATIONS_REMOVE_MEMBER,
        &[("org_id", org_id), ("user_id", user_id)],
        nothing,
        Outputs { response, error },
    )
}

/// Makes another member the owner of an organization.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_organizations_transfer_ownership(
    client: *mut axonpush_client,
    org_id: *const c_char,
    user_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    let content = || {
        body(|json| {
            json.string(Some("userId"), Some(required("user_id", user_id)?));
            Ok(())
        })
    };
    let ids = [("org_id", org_id)];
    operate(
        client,
        &ORGANIZATIONS_TRANSFER_OWNERSHIP,
        &ids,
        content,
        Outputs { response, error },
    )
}

/// Leaves an organization.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_organizations_leave(
    client: *mut axonpush_client,
    org_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &ORGANIZATIONS_LEAVE,
        &[("org_id", org_id)],
        nothing,
        Outputs { response, error },
    )
}
