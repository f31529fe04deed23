//! Options of a client.

use std::ffi::c_char;
use std::time::Duration;

use super::boundary::{self, Input, text, text_or_empty};
use crate::client::config::{CompletionMode, Options};
use crate::client::otlp::{ExporterKind, OtlpOptions};
use crate::delivery::limits::Overflow;
use crate::delivery::spool::store::SyncPolicy;
use crate::error::{Error, Result};
use crate::event::redaction::ContentCapture;
use crate::http::HttpVersion;

pub type axonpush_toggle = i32;
pub type axonpush_overflow = i32;
pub type axonpush_completion_mode = i32;
pub type axonpush_content_capture = i32;
pub type axonpush_http_version = i32;
pub type axonpush_spool_sync = i32;
pub type axonpush_exporter = i32;

/// A boolean with a default.
#[repr(i32)]
pub enum Toggle {
    AXONPUSH_DEFAULT = 0,
    AXONPUSH_ENABLED = 1,
    AXONPUSH_DISABLED = 2,
}

/// What happens when the queue of background publishing has no room for an event.
#[repr(i32)]
pub enum OverflowPolicy {
    /// The oldest waiting event is dropped; its completion gets AXONPUSH_ERR_QUEUE_FULL.
    AXONPUSH_OVERFLOW_DROP_OLDEST = 0,
    /// The new event is refused with AXONPUSH_ERR_QUEUE_FULL.
    AXONPUSH_OVERFLOW_DROP_NEWEST = 1,
    /// The call waits until there is room.
    AXONPUSH_OVERFLOW_BLOCK = 2,
}

/// Where completions of background publishing run.
#[repr(i32)]
pub enum CompletionPlace {
    /// They run on a thread of the library.
    AXONPUSH_COMPLETION_THREAD = 0,
    /// They run inside axonpush_poll(), on the thread that calls it.
    AXONPUSH_COMPLETION_POLLED = 1,
}

/// How much of prompts, messages, tool results and other content leaves the process. Values under
/// secret keys (password, api_key, authorization, ...) never leave it.
#[repr(i32)]
pub enum Capture {
    /// The variable AXONPUSH_CONTENT_CAPTURE decides; if it is not set, metadata only.
    AXONPUSH_CONTENT_DEFAULT = 0,
    /// No content leaves the process: each value becomes "[REDACTED]".
    AXONPUSH_CONTENT_METADATA_ONLY = 1,
    /// Only the first 256 characters of each string leave the process.
    AXONPUSH_CONTENT_REDACTED = 2,
    /// All content leaves the process, each string up to `max_content_length`.
    AXONPUSH_CONTENT_FULL = 3,
}

/// Which version of HTTP background publishing speaks. Synchronous calls speak HTTP/1.1.
#[repr(i32)]
pub enum Version {
    /// The variable AXONPUSH_HTTP_VERSION decides; if it is not set, HTTP/2 where TLS agrees on it,
    /// and otherwise HTTP/1.1.
    AXONPUSH_HTTP_AUTO = 0,
    /// HTTP/1.1.
    AXONPUSH_HTTP_1_1 = 1,
    /// HTTP/2, without asking on http:// too ("prior knowledge"). A server that has only HTTP/1.1
    /// cannot be reached then.
    AXONPUSH_HTTP_2 = 2,
}

/// When an event in the spool outlives a power failure. From the end of the process it is safe as soon as
/// axonpush_events_publish_async() has returned, whatever is chosen here.
#[repr(i32)]
pub enum SpoolSync {
    /// When `spool_sync_ms` have passed. An event that is delivered before costs no write to the disk.
    AXONPUSH_SPOOL_SYNC_INTERVAL = 0,
    /// When the system writes it to the disk, usually within half a minute.
    AXONPUSH_SPOOL_SYNC_NONE = 1,
    /// Before axonpush_events_publish_async() returns. Callers on several threads share one write.
    AXONPUSH_SPOOL_SYNC_EACH = 2,
}

/// How events of background publishing leave the process.
#[repr(i32)]
pub enum ExporterChoice {
    /// The variable AXONPUSH_EXPORTER decides; if it is not set, each event is a request of its own to
    /// the service, which stores it once.
    AXONPUSH_EXPORTER_EVENTS = 0,
    /// As log records of OpenTelemetry (OTLP over HTTP, in JSON), in batches. Each is delivered at least
    /// once: one that comes twice has the same attribute `log.record.uid`, its dedup key.
    AXONPUSH_EXPORTER_OTLP = 1,
}

/// The settings of a client. If a member is zero or NULL, its environment variable applies, if
/// there is one, and otherwise its default. The same holds for "", except in `proxy`.
///
/// Threads: it is read only during axonpush_new().
/// Lifetime: it stays yours; everything is copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct axonpush_options {
    /// Set by AXONPUSH_OPTIONS_INIT or axonpush_options_init().
    pub struct_size: usize,
    /// An API key (`ak_...`), or a public ingest token (`pt_...`) that may only publish. It is
    /// required, here or in the variable AXONPUSH_API_KEY, unless events go to an `otlp_endpoint`: then
    /// only calls to the service fail without it, with AXONPUSH_ERR_CONFIG.
    pub api_key: *const c_char,
    /// The organization that calls are made for. Variables: AXONPUSH_TENANT_ID, then
    /// AXONPUSH_ORG_ID. Default: none.
    pub tenant_id: *const c_char,
    /// The URL of the service, http or https. A path in it is kept as a prefix. Variable:
    /// AXONPUSH_BASE_URL. Default: https://api.axonpush.xyz.
    pub base_url: *const c_char,
    /// The slug of the environment that events belong to. Variable: AXONPUSH_ENVIRONMENT. Default:
    /// none.
    pub environment: *const c_char,
    /// The channel for events that name none. Variable: AXONPUSH_CHANNEL_ID. Default: none, which
    /// means the organization's default channel.
    pub channel_id: *const c_char,
    /// How long one whole attempt may take, in milliseconds. Connecting may take at most 5000 of
    /// them. Variable: AXONPUSH_TIMEOUT, in seconds. Default: 30000.
    pub timeout_ms: u32,
    /// How many times a failed call is repeated at most; a negative number means never. Variable:
    /// AXONPUSH_MAX_RETRIES. Default: 3. If the server has meanwhile closed a kept-alive
    /// connection, the request is sent once more at once; this is not a failure and is not counted.
    pub max_retries: i32,
    /// Whether an unreachable service is a logged warning (enabled, fail-open mode) or an error
    /// (disabled, strict mode). Variable: AXONPUSH_FAIL_OPEN. Default: enabled.
    pub fail_open: axonpush_toggle,
    /// How many events may wait for background delivery, including those being sent. As many
    /// completions (but at least 10000) may wait to be run; beyond that, too, the queue has no
    /// room. Default: 10000.
    pub queue_max_events: u32,
    /// How many bytes these events may take. Default: 33554432 (32 MiB).
    pub queue_max_bytes: u64,
    /// What happens when the queue has no room. Default: AXONPUSH_OVERFLOW_DROP_OLDEST.
    pub overflow: axonpush_overflow,
    /// How long a queued event is retried, in milliseconds. Default: 300000.
    pub delivery_timeout_ms: u32,
    /// How many connections of HTTP/1.1 background publishing may use, at most 256. It uses more than
    /// one only under backlog. HTTP/2 needs one connection, at most four. Default: 32.
    pub max_connections: u32,
    /// How long axonpush_close() may spend on delivering waiting events, in milliseconds. Default:
    /// 2000.
    pub shutdown_timeout_ms: u32,
    /// Where completions run. Default: AXONPUSH_COMPLETION_THREAD.
    pub completion_mode: axonpush_completion_mode,
    /// How much content leaves the process. Variable: AXONPUSH_CONTENT_CAPTURE. Default: metadata
    /// only.
    pub content_capture: axonpush_content_capture,
    /// Comma-separated names of JSON members whose values never leave the process. Upper and lower
    /// case are the same. Variable: AXONPUSH_REDACT_KEYS. Default: none.
    pub redact_keys: *const c_char,
    /// The number of Unicode characters after which any string is cut. Variable:
    /// AXONPUSH_MAX_CONTENT_LENGTH. Default: 4096.
    pub max_content_length: u32,
    /// A PEM file of the certificate authorities to trust instead of the platform's. Without it
    /// (and `ca_pem`), the variable SSL_CERT_FILE can name a file that replaces the platform's.
    pub ca_file: *const c_char,
    /// The certificate authorities as PEM text. It takes precedence over `ca_file`.
    pub ca_pem: *const c_char,
    /// The URL of an HTTP proxy, which is used by CONNECT. It takes precedence over HTTPS_PROXY,
    /// HTTP_PROXY and NO_PROXY; "" means no proxy at all.
    pub proxy: *const c_char,
    /// The product token of a binding, such as "axonpush-go/1.0". It is appended to the User-Agent
    /// header.
    pub user_agent: *const c_char,
    /// How long AXONPUSH_OVERFLOW_BLOCK waits for room at most, in milliseconds; then the event is
    /// refused with AXONPUSH_ERR_QUEUE_FULL. Default: 0, which means for as long as it takes.
    pub block_timeout_ms: u32,
    /// Which version of HTTP background publishing speaks. Variable: AXONPUSH_HTTP_VERSION (auto, 1.1
    /// or 2). Default: AXONPUSH_HTTP_AUTO.
    pub http_version: axonpush_http_version,
    /// A folder in which events of axonpush_events_publish_async() outlive the process: the next
    /// client with the same folder, service, tenant and environment delivers what is left. It is made
    /// if it does not exist, for this user only; several clients and processes may share it. If it
    /// cannot be used, axonpush_new() fails with AXONPUSH_ERR_CONFIG. Variable: AXONPUSH_SPOOL_DIR.
    /// Default: none, which means that the queue is in memory only.
    pub spool_dir: *const c_char,
    /// How many bytes the files of all clients in `spool_dir` may take together. `overflow` says what
    /// happens beyond; `queue_max_events` and `queue_max_bytes` bound only what is in memory then.
    /// Default: 268435456 (256 MiB).
    pub spool_max_bytes: u64,
    /// How long an event in the spool is retried, in seconds. It replaces `delivery_timeout_ms` there.
    /// Default: 259200, which is three days.
    pub spool_max_age_s: u32,
    /// When an event in the spool outlives a power failure. Default: AXONPUSH_SPOOL_SYNC_INTERVAL.
    pub spool_sync: axonpush_spool_sync,
    /// How old an event gets until AXONPUSH_SPOOL_SYNC_INTERVAL has made it outlive a power failure, in
    /// milliseconds. Default: 1000.
    pub spool_sync_ms: u32,
    /// How events of background publishing leave the process. Synchronous calls, and so
    /// axonpush_events_publish() too, always go to the service. Variable: AXONPUSH_EXPORTER (events or
    /// otlp). Default: AXONPUSH_EXPORTER_EVENTS.
    pub exporter: axonpush_exporter,
    /// The base URL of an OpenTelemetry Collector, or of anything that takes OTLP over HTTP, such as
    /// http://localhost:4318: AXONPUSH_EXPORTER_OTLP sends to /v1/logs below it, and no credential or
    /// header of the service's goes there. Variable: AXONPUSH_OTLP_ENDPOINT. Default: none, which means
    /// the service's own /v1/logs.
    pub otlp_endpoint: *const c_char,
    /// The headers of every request to `otlp_endpoint`, such as a credential:
    /// `name=value,name=value`, the values percent-encoded. They are never shown. Variable:
    /// AXONPUSH_OTLP_HEADERS. Default: none.
    pub otlp_headers: *const c_char,
    /// How many events AXONPUSH_EXPORTER_OTLP puts into one request. Default: 512.
    pub otlp_batch_max_events: u32,
    /// How many bytes the body of such a request has at most, before it is compressed. One event that is
    /// larger goes alone. Default: 1048576 (1 MiB).
    pub otlp_batch_max_bytes: u32,
    /// How long an event waits for others to be sent with it, in milliseconds. Flushing and closing wait
    /// for no others. Default: 1000.
    pub otlp_batch_timeout_ms: u32,
    /// Whether such requests are compressed (gzip), which takes the process time and the network
    /// less room. Default: disabled.
    pub otlp_gzip: axonpush_toggle,
}

// SAFETY: repr(C), its size first, integers and raw pointers only.
unsafe impl Input for axonpush_options {
    const NAME: &'static str = "options";
    const FIRST_SIZE: usize = std::mem::offset_of!(axonpush_options, block_timeout_ms);
}

/// Initialises the members of the first released layout, for languages without macros. NULL is fine.
///
/// It writes only the members of the first released layout, even if later versions add members. So
/// it never writes past the struct of a caller that was compiled against an older header.
/// To use an appended member, fill the struct with zeros and set `struct_size` to its size, as
/// AXONPUSH_OPTIONS_INIT does.
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
        http_version: choose(
            "options.http_version",
            given.http_version,
            &[
                (Version::AXONPUSH_HTTP_AUTO as i32, None),
                (Version::AXONPUSH_HTTP_1_1 as i32, Some(HttpVersion::Http1)),
                (Version::AXONPUSH_HTTP_2 as i32, Some(HttpVersion::Http2)),
            ],
        )?,
        spool_dir: owned("options.spool_dir", given.spool_dir)?,
        spool_max_bytes: unless_zero(given.spool_max_bytes),
        spool_max_age: unless_zero(given.spool_max_age_s)
            .map(|seconds| Duration::from_secs(u64::from(seconds))),
        spool_sync: choose(
            "options.spool_sync",
            given.spool_sync,
            &[
                (
                    SpoolSync::AXONPUSH_SPOOL_SYNC_INTERVAL as i32,
                    Some(SyncPolicy::Interval),
                ),
                (
                    SpoolSync::AXONPUSH_SPOOL_SYNC_NONE as i32,
                    Some(SyncPolicy::None),
                ),
                (
                    SpoolSync::AXONPUSH_SPOOL_SYNC_EACH as i32,
                    Some(SyncPolicy::Each),
                ),
            ],
        )?,
        spool_sync_interval: milliseconds(given.spool_sync_ms),
        otlp: OtlpOptions {
            exporter: choose(
                "options.exporter",
                given.exporter,
                &[
                    (ExporterChoice::AXONPUSH_EXPORTER_EVENTS as i32, None),
                    (
                        ExporterChoice::AXONPUSH_EXPORTER_OTLP as i32,
                        Some(ExporterKind::Otlp),
                    ),
                ],
            )?,
            endpoint: owned("options.otlp_endpoint", given.otlp_endpoint)?,
            headers: owned("options.otlp_headers", given.otlp_headers)?,
            batch_max_events: unless_zero(given.otlp_batch_max_events),
            batch_max_bytes: unless_zero(given.otlp_batch_max_bytes),
            batch_timeout: milliseconds(given.otlp_batch_timeout_ms),
            gzip: toggle("options.otlp_gzip", given.otlp_gzip)?,
        },
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
