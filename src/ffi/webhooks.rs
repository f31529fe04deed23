//! Webhooks: endpoints, deliveries and signatures.

use std::ffi::{CStr, c_char, c_void};

use super::boundary::{self, Input, bytes, input, required, text, value};
use super::error::axonpush_error;
use super::handle::axonpush_client;
use super::operation::{Outputs, body, nothing, operate};
use super::response::axonpush_response;
use super::status::axonpush_status;
use crate::client::operations::{
    WEBHOOKS_CREATE, WEBHOOKS_DELETE, WEBHOOKS_DELIVERIES, WEBHOOKS_LIST,
};
use crate::client::webhook;

/// A webhook endpoint to create.
///
/// Threads and lifetime: it is read only during the call that it is passed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_webhook {
    /// Set by AXONPUSH_WEBHOOK_INIT or axonpush_webhook_init().
    pub struct_size: usize,
    /// Required. The channel whose events are delivered.
    pub channel_id: *const c_char,
    /// Required. The URL to deliver events to.
    pub url: *const c_char,
    /// Event types to deliver, separated by commas. NULL means all.
    pub event_types: *const c_char,
    /// Human-readable description.
    pub description: *const c_char,
}

// SAFETY: repr(C), its size first, integers and raw pointers only.
unsafe impl Input for axonpush_webhook {
    const NAME: &'static str = "webhook";
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine. See
/// axonpush_options_init().
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_webhook_init(webhook: *mut axonpush_webhook) {
    boundary::init(webhook);
}

/// Creates an endpoint. The response contains its secret, which axonpush_webhook_verify() needs.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_webhooks_create(
    client: *mut axonpush_client,
    webhook: *const axonpush_webhook,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    let content = || {
        let given = input(webhook)?;
        body(|json| {
            json.string(
                Some("channelId"),
                Some(required("webhook.channel_id", given.channel_id)?),
            );
            json.string(Some("url"), Some(required("webhook.url", given.url)?));
            if let Some(types) = text("webhook.event_types", given.event_types)? {
                json.begin(Some("eventTypes"), true);
                for name in types
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                {
                    json.string(None, Some(name));
                }
                json.end();
            }
            if let Some(description) = text("webhook.description", given.description)? {
                json.string(Some("description"), Some(description));
            }
            Ok(())
        })
    };
    operate(
        client,
        &WEBHOOKS_CREATE,
        &[],
        content,
        Outputs { response, error },
    )
}

/// Lists the endpoints of a channel. The response is `{"data": [...]}`; null in place of the array
/// means none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_webhooks_list(
    client: *mut axonpush_client,
    channel_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &WEBHOOKS_LIST,
        &[("channel_id", channel_id)],
        nothing,
        Outputs { response, error },
    )
}

/// Deletes an endpoint.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_webhooks_delete(
    client: *mut axonpush_client,
    endpoint_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &WEBHOOKS_DELETE,
        &[("endpoint_id", endpoint_id)],
        nothing,
        Outputs { response, error },
    )
}

/// Lists the deliveries of an endpoint. The response is `{"data": [...]}`; null in place of the
/// array means none.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_webhooks_deliveries(
    client: *mut axonpush_client,
    endpoint_id: *const c_char,
    response: *mut *mut axonpush_response,
    error: *mut *mut axonpush_error,
) -> axonpush_status {
    operate(
        client,
        &WEBHOOKS_DELIVERIES,
        &[("endpoint_id", endpoint_id)],
        nothing,
        Outputs { response, error },
    )
}

/// Returns whether `signature`, the value of the X-AxonPush-Signature header, is the signature of
/// exactly the `len` bytes of `body` under the endpoint's `secret`: HMAC-SHA256 in lower-case hex.
/// The comparison takes constant time. Anything else gives false, including NULL and an empty
/// secret. `body` may be NULL if `len` is 0.
///
/// The scheme has no timestamp, so a signature does not say when it was made. Refuse bodies that
/// you have seen before.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_webhook_verify(
    secret: *const c_char,
    body: *const c_void,
    len: usize,
    signature: *const c_char,
) -> bool {
    value(false, || {
        let (Some(secret), Some(body), Ok(Some(signature))) =
            (key(secret), bytes(body, len), text("signature", signature))
        else {
            return false;
        };
        webhook::verify(secret, body, signature)
    })
}

/// Writes the signature of `len` bytes of `body` under `secret`, NUL-terminated, to the 65 bytes at
/// `out`. Returns false, with `out` untouched, if the secret is empty or an argument is NULL
/// (except `body` if `len` is 0).
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_webhook_sign(
    secret: *const c_char,
    body: *const c_void,
    len: usize,
    out: *mut c_char,
) -> bool {
    value(false, || {
        let (Some(secret), Some(body)) = (key(secret), bytes(body, len)) else {
            return false;
        };
        if out.is_null() {
            return false;
        }
        let signature = webhook::sign(secret, body);
        for (i, digit) in signature.bytes().chain([0]).enumerate() {
            // SAFETY: the interface demands 65 writable bytes: 64 digits and the NUL.
            unsafe { out.add(i).write(digit as c_char) };
        }
        true
    })
}

/// A secret is a key and no text: any bytes but NUL. `None` where there is none.
fn key<'a>(secret: *const c_char) -> Option<&'a [u8]> {
    if secret.is_null() {
        return None;
    }
    // SAFETY: not NULL, and the interface demands NUL-terminated text that lives for the call.
    let secret = unsafe { CStr::from_ptr(secret) }.to_bytes();
    (!secret.is_empty()).then_some(secret)
}
