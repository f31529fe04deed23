//! Options of a client.

use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{self, Input, text, text_or_empty};
use crate::client::config::{CompletionMode, Options};
use crate::delivery::limits::Overflow;
use crate::error::{Error, Result};
use crate::event::redaction::ContentCapture;

pub type axonpush_toggle = i32;
pub type axonpush_overflow = i32;
pub type axonpush_completion_mode = i32;
pub type axonpush_content_capture = i32;

/// A boolean with a default.
#[repr(i32)]
pub enum Toggle {
    AXONPUSH_DEFAULT = 0,
    AXONPUSH_ENABLED = 1,
    AXONPUSH_DISABLED = 2,
}

/// What happens to an event for which the queue of background publishing has no room.
#[repr(i32)]
pub enum OverflowPolicy {
    /// The oldest event that waits makes room; its completion gets AXONPUSH_ERR_QUEUE_FULL.
    AXONPUSH_OVERFLOW_DROP_OLDEST = 0,
    /// The new event is refused with AXONPUSH_ERR_QUEUE_FULL.
    AXONPUSH_OVERFLOW_DROP_NEWEST = 1,
    /// The call waits for room.
    AXONPUSH_OVERFLOW_BLOCK = 2,
}

/// Where completions of background publishing run.
#[repr(i32)]
pub enum CompletionPlace {
    /// On a thread of the library's.
    AXONPUSH_COMPLETION_THREAD = 0,
    /// Inside axonpush_poll(), on the thread that calls it.
    AXONPUSH_COMPLETION_POLLED = 1,
}

/// How much of prompts, messages, tool results and other content leaves the process. Values under
/// secret keys (password, api_key, authorization, ...) never do.
#[repr(i32)]
pub enum Capture {
    /// The variable AXONPUSH_CONTENT_CAPTURE, else metadata only.
    AXONPUSH_CONTENT_DEFAULT = 0,
    /// Nothing: the value becomes "[REDACTED]".
    AXONPUSH_CONTENT_METADATA_ONLY = 1,
    /// The first 256 characters of each text.
    AXONPUSH_CONTENT_REDACTED = 2,
    /// All of it, up to max_content_length.
    AXONPUSH_CONTENT_FULL = 3,
}

/// How a client is to behave. Zero or NULL (and, but for `proxy`, "") in a member means: the
/// environment variable if there is one, else the default.
///
/// Threads: read during axonpush_new() only.
/// Lifetime: yours; everything is copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_options {
    /// Set by AXONPUSH_OPTIONS_INIT or axonpush_options_init().
    pub struct_size: usize,
    /// An API key (`ak_...`), or a public ingest token (`pt_...`) that may only publish. Required,
    /// here or as AXONPUSH_API_KEY.
    pub api_key: *const c_char,
    /// Organization the calls are made for. AXONPUSH_TENANT_ID, then AXONPUSH_ORG_ID; default none.
    pub tenant_id: *const c_char,
    /// The service: http or https, a path in it is kept as a prefix. AXONPUSH_BASE_URL; default
    /// https://api.axonpush.xyz.
    pub base_url: *const c_char,
    /// Environment slug. AXONPUSH_ENVIRONMENT; default none.
    pub environment: *const c_char,
    /// Channel of events that name none. AXONPUSH_CHANNEL_ID; default none, which means the
    /// organization's default channel.
    pub channel_id: *const c_char,
    /// Milliseconds for one whole attempt, of which connecting takes at most 5000.
    /// AXONPUSH_TIMEOUT, in seconds; default 30000.
    pub timeout_ms: u32,
    /// How often a failed call is repeated at most; negative: never. AXONPUSH_MAX_RETRIES; default 3.
    /// A kept connection that the server closed meanwhile is no failure: the request goes out once
    /// more at once, and that is not counted.
    pub max_retries: i32,
    /// Whether an unreachable service is a logged warning (enabled) or an error (disabled: strict
    /// mode). AXONPUSH_FAIL_OPEN; default enabled.
    pub fail_open: axonpush_toggle,
    /// Events that may wait for background delivery, those being sent included. As many completions
    /// (but 10000 at least) may wait to be run; beyond that, too, there is no room. Default 10000.
    pub queue_max_events: u32,
    /// Bytes that these events may take. Default 33554432 (32 MiB).
    pub queue_max_bytes: u64,
    /// What happens when there is no room. Default AXONPUSH_OVERFLOW_DROP_OLDEST.
    pub overflow: axonpush_overflow,
    /// Milliseconds for which a queued event is retried. Default 300000.
    pub delivery_timeout_ms: u32,
    /// Connections of background publishing, at most 256; more than one only under backlog.
    /// Default 8.
    pub max_connections: u32,
    /// Milliseconds that axonpush_close() may spend on delivering what waits. Default 2000.
    pub shutdown_timeout_ms: u32,
    /// Where completions run. Default AXONPUSH_COMPLETION_THREAD.
    pub completion_mode: axonpush_completion_mode,
    /// How much content leaves the process. AXONPUSH_CONTENT_CAPTURE; default metadata only.
    pub content_capture: axonpush_content_capture,
    /// Names, separated by commas and matched in any case, of members whose values never leave the
    /// process. AXONPUSH_REDACT_KEYS; default none.
    pub redact_keys: *const c_char,
    /// Unicode characters after which any string is cut. AXONPUSH_MAX_CONTENT_LENGTH; default 4096.
    pub max_content_length: u32,
    /// PEM file of the certificate authorities to trust in place of the platform's. The variable
    /// SSL_CERT_FILE does the same for the platform's.
    pub ca_file: *const c_char,
    /// The same as text; it wins over ca_file.
    pub ca_pem: *const c_char,
    /// URL of an HTTP proxy, used by CONNECT. It wins over HTTPS_PROXY, HTTP_PROXY and NO_PROXY;
    /// "" means no proxy at all.
    pub proxy: *const c_char,
    /// Product token of a binding ("axonpush-go/1.0"), appended to the User-Agent.
    pub user_agent: *const c_char,
    /// Milliseconds that AXONPUSH_OVERFLOW_BLOCK waits for room at most; then the event is refused with
    /// AXONPUSH_ERR_QUEUE_FULL. Default 0: it waits for as long as it takes.
    pub block_timeout_ms: u32,
}

// SAFETY: repr(C), its size first, integers and raw pointers only.
unsafe impl Input for axonpush_options {
    const NAME: &'static str = "options";
    const FIRST_SIZE: usize = std::mem::offset_of!(axonpush_options, block_timeout_ms);
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine.
///
/// Whatever later versions append is not written, so that it never writes past the struct of a caller
/// that was compiled against an older header. To use an appended member, fill the struct with zeros and
/// set `struct_size` to its size, as AXONPUSH_OPTIONS_INIT does.
#[unsafe(no_mangle)]
pub extern "C" fn axonpush_options_init(options: *mut axonpush_options) {
    boundary::init(options);
}

/// Checks and converts the options; `NULL` means none.
pub(super) fn read(pointer: *const axonpush_options) -> Result<Options> {
    if pointer.is_null() {
        return Ok(Options::default());
    }
    let given = boundary::input(pointer)?;
    let owned = |name: &str, pointer| Ok(text(name, pointer)?.map(str::to_owned));
    Ok(Options {
        api_key: owned("options.api_key", given.api_key)?,
        tenant_id: owned("options.tenant_id", given.tenant_id)?,
        base_url: owned("options.base_url", given.base_url)?,
        environment: owned("options.environment", given.environment)?,
        channel_id: owned("options.channel_id", given.channel_id)?,
        timeout: milliseconds(given.timeout_ms),
        max_retries: match given.max_retries {
            0 => None,
            n => Some(u32::try_from(n).unwrap_or(0)),
        },
        fail_open: toggle("options.fail_open", given.fail_open)?,
        queue_max_events: unless_zero(given.queue_max_events),
        queue_max_bytes: unless_zero(given.queue_max_bytes),
        overflow: choose(
            "options.overflow",
            given.overflow,
            &[
                (
                    OverflowPolicy::AXONPUSH_OVERFLOW_DROP_OLDEST as i32,
                    Some(Overflow::DropOldest),
                ),
                (
                    OverflowPolicy::AXONPUSH_OVERFLOW_DROP_NEWEST as i32,
                    Some(Overflow::DropNewest),
                ),
                (
                    OverflowPolicy::AXONPUSH_OVERFLOW_BLOCK as i32,
                    Some(Overflow::Block),
                ),
            ],
        )?,
        delivery_timeout: milliseconds(given.delivery_timeout_ms),
        max_connections: unless_zero(given.max_connections),
        shutdown_timeout: milliseconds(given.shutdown_timeout_ms),
        completion_mode: choose(
            "options.completion_mode",
            given.completion_mode,
            &[
                (
                    CompletionPlace::AXONPUSH_COMPLETION_THREAD as i32,
                    Some(CompletionMode::Thread),
                ),
                (
                    CompletionPlace::AXONPUSH_COMPLETION_POLLED as i32,
                    Some(CompletionMode::Polled),
                ),
            ],
        )?,
        content_capture: choose(
            "options.content_capture",
            given.content_capture,
            &[
                (Capture::AXONPUSH_CONTENT_DEFAULT as i32, None),
                (
                    Capture::AXONPUSH_CONTENT_METADATA_ONLY as i32,
                    Some(ContentCapture::MetadataOnly),
                ),
                (
                    Capture::AXONPUSH_CONTENT_REDACTED as i32,
                    Some(ContentCapture::Redacted),
                ),
                (
                    Capture::AXONPUSH_CONTENT_FULL as i32,
                    Some(ContentCapture::Full),
                ),
            ],
        )?,
        redact_keys: owned("options.redact_keys", given.redact_keys)?,
        max_content_length: unless_zero(given.max_content_length).map(|n| n as usize),
        ca_file: owned("options.ca_file", given.ca_file)?,
        ca_pem: owned("options.ca_pem", given.ca_pem)?,
        proxy: text_or_empty("options.proxy", given.proxy)?.map(str::to_owned),
        user_agent: owned("options.user_agent", given.user_agent)?,
        block_timeout: milliseconds(given.block_timeout_ms),
    })
}

/// A boolean; `None` is "the default".
pub(super) fn toggle(name: &str, number: axonpush_toggle) -> Result<Option<bool>> {
    choose(
        name,
        number,
        &[
            (Toggle::AXONPUSH_DEFAULT as i32, None),
            (Toggle::AXONPUSH_ENABLED as i32, Some(true)),
            (Toggle::AXONPUSH_DISABLED as i32, Some(false)),
        ],
    )
}

/// What the number of an enumeration stands for; `None` is "the default".
fn choose<T: Copy>(name: &str, number: i32, meanings: &[(i32, Option<T>)]) -> Result<Option<T>> {
    let meaning = meanings.iter().find(|(known, _)| *known == number);
    meaning.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<String> = meanings.iter().map(|(n, _)| n.to_string()).collect();
        Error::argument(format!(
            "{name}: {number} is none of its values, {}",
            known.join(", ")
        ))
    })
}

fn unless_zero<T: Default + PartialEq>(number: T) -> Option<T> {
    (number != T::default()).then_some(number)
}

fn milliseconds(number: u32) -> Option<Duration> {
    unless_zero(number).map(|n| Duration::from_millis(u64::from(n)))
}
