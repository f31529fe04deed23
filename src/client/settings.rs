//! The one table of settings. Resolution reads names, variables and defaults from it, messages name
//! settings by it, and the README's table is checked against it by a test.

/// One row of the table of settings.
#[derive(Debug)]
pub struct Setting {
    /// The member of `axonpush_options`.
    pub name: &'static str,
    /// Environment variables, the first that is set wins.
    pub variables: &'static [&'static str],
    pub default: &'static str,
    pub text: &'static str,
}

macro_rules! settings {
    ($($constant:ident = $name:literal, [$($variable:literal),*], $default:literal, $text:literal;)*) => {
        $(pub const $constant: Setting = Setting {
            name: $name, variables: &[$($variable),*], default: $default, text: $text,
        };)*
        /// Every setting, in the order of `axonpush_options`.
        pub const SETTINGS: &[&Setting] = &[$(&$constant),*];
    };
}

settings! {
    API_KEY = "api_key", ["AXONPUSH_API_KEY"], "required",
        "An API key (`ak_…`), or a public ingest token (`pt_…`) that may only publish.";
    TENANT_ID = "tenant_id", ["AXONPUSH_TENANT_ID", "AXONPUSH_ORG_ID"], "none",
        "Organization that calls are made for.";
    BASE_URL = "base_url", ["AXONPUSH_BASE_URL"], "https://api.axonpush.xyz",
        "URL of the service. A path in it is kept as a prefix.";
    ENVIRONMENT = "environment", ["AXONPUSH_ENVIRONMENT"], "none",
        "Slug of the environment that events belong to.";
    CHANNEL_ID = "channel_id", ["AXONPUSH_CHANNEL_ID"], "none",
        "Channel for events that name none.";
    TIMEOUT = "timeout_ms", ["AXONPUSH_TIMEOUT"], "30000",
        "How long one whole attempt may take, in milliseconds. Connecting may take at most 5 s of it. The variable is in seconds and may have a fraction.";
    MAX_RETRIES = "max_retries", ["AXONPUSH_MAX_RETRIES"], "3",
        "How many times a failed call is repeated at most. In the struct, 0 means the default and a negative number means never.";
    FAIL_OPEN = "fail_open", ["AXONPUSH_FAIL_OPEN"], "true",
        "Whether an unreachable service is a logged warning instead of an error.";
    QUEUE_MAX_EVENTS = "queue_max_events", [], "10000",
        "How many events may wait for delivery.";
    QUEUE_MAX_BYTES = "queue_max_bytes", [], "33554432",
        "How many bytes the waiting events may take.";
    OVERFLOW = "overflow", [], "DROP_OLDEST",
        "What happens when the queue has no room for an event: `DROP_OLDEST`, `DROP_NEWEST` or `BLOCK`.";
    DELIVERY_TIMEOUT = "delivery_timeout_ms", [], "300000",
        "How long a queued event is retried, in milliseconds.";
    MAX_CONNECTIONS = "max_connections", [], "32",
        "How many connections of HTTP/1.1 background publishing may use at most. It uses more than one only under backlog.";
    SHUTDOWN_TIMEOUT = "shutdown_timeout_ms", [], "2000",
        "How long closing may spend on delivering waiting events, in milliseconds.";
    COMPLETION_MODE = "completion_mode", [], "THREAD",
        "Whether completions run on a thread of the library (`THREAD`) or when the application polls (`POLLED`).";
    CONTENT_CAPTURE = "content_capture", ["AXONPUSH_CONTENT_CAPTURE"], "metadata_only",
        "How much of prompts, messages and other content leaves the process: `metadata_only`, `redacted` or `full`.";
    REDACT_KEYS = "redact_keys", ["AXONPUSH_REDACT_KEYS"], "none",
        "Comma-separated names of JSON members whose values never leave the process. Upper and lower case are the same.";
    MAX_CONTENT_LENGTH = "max_content_length", ["AXONPUSH_MAX_CONTENT_LENGTH"], "4096",
        "Number of Unicode characters after which any string is cut.";
    CA_FILE = "ca_file", [], "the platform's roots (`SSL_CERT_FILE` is honoured)",
        "PEM file of the certificate authorities to trust instead of the platform's.";
    CA_PEM = "ca_pem", [], "none",
        "The certificate authorities as PEM text. It takes precedence over `ca_file`.";
    PROXY = "proxy", ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"], "none",
        "URL of an HTTP proxy. An empty string means no proxy, whatever the variables say.";
    USER_AGENT = "user_agent", [], "none",
        "Product token of a binding. It is appended to the User-Agent header.";
    BLOCK_TIMEOUT = "block_timeout_ms", [], "0",
        "How long `BLOCK` waits for room at most, in milliseconds. 0 means for as long as it takes.";
    HTTP_VERSION = "http_version", ["AXONPUSH_HTTP_VERSION"], "auto",
        "Version of HTTP that background publishing speaks: `auto` (HTTP/2 where TLS agrees on it, otherwise 1.1), `1.1` or `2`.";
    SPOOL_DIR = "spool_dir", ["AXONPUSH_SPOOL_DIR"], "none",
        "Folder in which waiting events outlive the process. Without one, they are in memory only.";
    SPOOL_MAX_BYTES = "spool_max_bytes", [], "268435456",
        "How many bytes all clients' files in `spool_dir` may take together.";
    SPOOL_MAX_AGE = "spool_max_age_s", [], "259200",
        "How long an event in the spool is retried, in seconds. It replaces `delivery_timeout_ms` there.";
    SPOOL_SYNC = "spool_sync", [], "INTERVAL",
        "When an event in the spool outlives a power failure too: when the system writes it (`NONE`), when `spool_sync_ms` have passed (`INTERVAL`), or before publishing returns (`EACH`).";
    SPOOL_SYNC_MS = "spool_sync_ms", [], "1000",
        "How old an event in the spool gets until `INTERVAL` has made it outlive a power failure, in milliseconds.";
    EXPORTER = "exporter", ["AXONPUSH_EXPORTER"], "events",
        "How events of background publishing leave: each by a request of its own (`events`), or as log records of OpenTelemetry, in batches (`otlp`).";
    OTLP_ENDPOINT = "otlp_endpoint", ["AXONPUSH_OTLP_ENDPOINT"], "none",
        "Base URL of a Collector that `otlp` sends to, such as `http://localhost:4318`. Without one, it sends to the service. No credential of the service's is sent there.";
    OTLP_HEADERS = "otlp_headers", ["AXONPUSH_OTLP_HEADERS"], "none",
        "Headers of every request to `otlp_endpoint`: `name=value,name=value`, the values percent-encoded.";
    OTLP_BATCH_MAX_EVENTS = "otlp_batch_max_events", [], "512",
        "How many events one request of `otlp` has at most.";
    OTLP_BATCH_MAX_BYTES = "otlp_batch_max_bytes", [], "1048576",
        "How many bytes the body of such a request has at most, before it is compressed. One event that is larger goes alone.";
    OTLP_BATCH_TIMEOUT = "otlp_batch_timeout_ms", [], "1000",
        "How long an event waits for others to be sent with it, in milliseconds.";
    OTLP_GZIP = "otlp_gzip", [], "false",
        "Whether such requests are compressed (gzip).";
}
