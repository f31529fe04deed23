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
        "Organization the calls are made for.";
    BASE_URL = "base_url", ["AXONPUSH_BASE_URL"], "https://api.axonpush.xyz",
        "The service. A path in it is kept as a prefix.";
    ENVIRONMENT = "environment", ["AXONPUSH_ENVIRONMENT"], "none",
        "Environment slug the events belong to.";
    CHANNEL_ID = "channel_id", ["AXONPUSH_CHANNEL_ID"], "none",
        "Channel of events that name none.";
    TIMEOUT = "timeout_ms", ["AXONPUSH_TIMEOUT"], "30000",
        "Milliseconds for one whole attempt; connecting takes at most 5 s of it. The variable is in seconds, fractions allowed.";
    MAX_RETRIES = "max_retries", ["AXONPUSH_MAX_RETRIES"], "3",
        "Repeats of a failed call, at most. In the struct 0 is the default and a negative number means none.";
    FAIL_OPEN = "fail_open", ["AXONPUSH_FAIL_OPEN"], "true",
        "Whether an unreachable service is a logged warning instead of an error.";
    QUEUE_MAX_EVENTS = "queue_max_events", [], "10000",
        "Events that may wait for delivery.";
    QUEUE_MAX_BYTES = "queue_max_bytes", [], "33554432",
        "Bytes that waiting events may take.";
    OVERFLOW = "overflow", [], "DROP_OLDEST",
        "What happens to an event for which the queue has no room: `DROP_OLDEST`, `DROP_NEWEST` or `BLOCK`.";
    DELIVERY_TIMEOUT = "delivery_timeout_ms", [], "300000",
        "Milliseconds for which a queued event is retried.";
    MAX_CONNECTIONS = "max_connections", [], "8",
        "Connections that background publishing may use, at most; more than one only under backlog.";
    SHUTDOWN_TIMEOUT = "shutdown_timeout_ms", [], "2000",
        "Milliseconds that closing may spend on delivering what waits.";
    COMPLETION_MODE = "completion_mode", [], "THREAD",
        "Whether completions run on our own thread (`THREAD`) or when the application polls (`POLLED`).";
    CONTENT_CAPTURE = "content_capture", ["AXONPUSH_CONTENT_CAPTURE"], "metadata_only",
        "How much of prompts, messages and other content leaves the process: `metadata_only`, `redacted` or `full`.";
    REDACT_KEYS = "redact_keys", ["AXONPUSH_REDACT_KEYS"], "none",
        "Comma-separated member names whose values never leave the process, in any case.";
    MAX_CONTENT_LENGTH = "max_content_length", ["AXONPUSH_MAX_CONTENT_LENGTH"], "4096",
        "Characters after which any string is cut.";
    CA_FILE = "ca_file", [], "the platform's roots (`SSL_CERT_FILE` is honoured)",
        "PEM file of the certificate authorities to trust instead.";
    CA_PEM = "ca_pem", [], "none",
        "The same, as text in memory.";
    PROXY = "proxy", ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"], "none",
        "URL of an HTTP proxy. An empty string means no proxy, whatever the variables say.";
    USER_AGENT = "user_agent", [], "none",
        "Product token of a binding, appended to ours.";
    BLOCK_TIMEOUT = "block_timeout_ms", [], "0",
        "Milliseconds that `BLOCK` waits for room at most; 0: for as long as it takes.";
}
