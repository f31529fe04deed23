//! What a client was configured with: the caller's option first, then the environment variable,
//! then the default.
//!
//! [`SETTINGS`] is the one table of settings. Resolution reads names, variables and defaults from
//! it, messages name settings by it, and the README's table is checked against it by a test.

use std::ffi::OsString;
use std::time::Duration;

use ureq::http::{HeaderName, HeaderValue, Uri};

use crate::error::{Error, Kind, Result};
use crate::event::redaction::{ContentCapture, Rules};
use crate::http::blocking::names;

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
        $(const $constant: Setting = Setting {
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
        "Organisation the calls are made for.";
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
        "Whether completions run on our own thread (`THREAD`) or when the host polls (`POLLED`).";
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
}

/// Connecting (name, TCP, proxy, TLS) takes at most this much of an attempt.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Each is a thread and a socket of the host's.
const MOST_CONNECTIONS: u32 = 256;

const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// What happens to an event for which the queue has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    DropOldest,
    DropNewest,
    Block,
}

/// Where completions run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionMode {
    Thread,
    Polled,
}

/// What the caller chose; `None` everywhere means "from the environment, else the default".
#[derive(Default)]
pub struct Options {
    pub api_key: Option<String>,
    pub tenant_id: Option<String>,
    pub base_url: Option<String>,
    pub environment: Option<String>,
    pub channel_id: Option<String>,
    pub timeout: Option<Duration>,
    pub max_retries: Option<u32>,
    pub fail_open: Option<bool>,
    pub queue_max_events: Option<u32>,
    pub queue_max_bytes: Option<u64>,
    pub overflow: Option<Overflow>,
    pub delivery_timeout: Option<Duration>,
    pub max_connections: Option<u32>,
    pub shutdown_timeout: Option<Duration>,
    pub completion_mode: Option<CompletionMode>,
    pub content_capture: Option<ContentCapture>,
    pub redact_keys: Option<String>,
    pub max_content_length: Option<usize>,
    pub ca_file: Option<String>,
    pub ca_pem: Option<String>,
    /// `Some("")`: no proxy.
    pub proxy: Option<String>,
    pub user_agent: Option<String>,
}

/// A complete, checked configuration.
#[derive(Debug)]
pub struct Config {
    pub api_key: ApiKey,
    pub tenant_id: Option<HeaderValue>,
    pub environment: Option<HeaderValue>,
    /// Without a trailing `/`.
    pub base_url: String,
    pub channel_id: Option<String>,
    pub timeout: Duration,
    pub max_retries: u32,
    pub fail_open: bool,
    pub queue_max_events: usize,
    pub queue_max_bytes: u64,
    pub overflow: Overflow,
    pub delivery_timeout: Duration,
    pub max_connections: usize,
    pub shutdown_timeout: Duration,
    pub completion_mode: CompletionMode,
    pub rules: Rules,
    /// PEM text of the roots to trust in place of the platform's.
    pub ca_pem: Option<String>,
    pub proxy: Option<ureq::Proxy>,
    pub user_agent: HeaderValue,
}

/// The credential. Its text is not shown by `Debug`.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// The header that carries it, by its prefix.
    pub fn header(&self) -> (HeaderName, HeaderValue) {
        let name = if self.0.starts_with("pt_") {
            names::PUBLIC_TOKEN
        } else {
            names::API_KEY
        };
        let mut value = HeaderValue::from_str(&self.0).expect("checked when it was read");
        value.set_sensitive(true);
        (name, value)
    }

    /// `text` without the key, should a server have echoed it.
    pub fn scrub(&self, text: &str) -> String {
        text.replace(&self.0, "[REDACTED]")
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey([REDACTED])")
    }
}

/// A value and where it came from, for messages.
struct Given {
    value: String,
    /// `option base_url` or `variable AXONPUSH_BASE_URL`.
    origin: String,
    kind: Kind,
}

impl Given {
    fn refuse(&self, problem: &str) -> Error {
        Error::new(self.kind, format!("{}: {problem}", self.origin))
    }

    /// For values that are not secret. A URL's user information is.
    fn refuse_value(&self, expected: &str) -> Error {
        self.refuse(&format!("{:?} is not {expected}", self.value))
    }
}

struct Source<'e> {
    variable: &'e dyn Fn(&str) -> Option<OsString>,
}

impl Source<'_> {
    /// The option, else the first variable that is set and not empty.
    fn text(&self, setting: &Setting, option: Option<String>) -> Result<Option<Given>> {
        if let Some(value) = option.filter(|v| !v.is_empty()) {
            return Ok(Some(Given {
                value,
                origin: format!("option {}", setting.name),
                kind: Kind::InvalidArgument,
            }));
        }
        self.environment(setting.variables)
    }

    fn environment(&self, variables: &[&str]) -> Result<Option<Given>> {
        for name in variables {
            let Some(value) = (self.variable)(name).filter(|v| !v.is_empty()) else {
                continue;
            };
            let origin = format!("variable {name}");
            let value = value
                .into_string()
                .map_err(|_| Error::config(format!("{origin}: its value is not valid UTF-8")))?;
            return Ok(Some(Given {
                value,
                origin,
                kind: Kind::Config,
            }));
        }
        Ok(None)
    }

    /// The option, else the variable as `parse` reads it, else the default as `parse` reads it.
    fn parsed<T>(
        &self,
        setting: &Setting,
        option: Option<T>,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        if let Some(value) = option {
            return Ok(value);
        }
        match self.environment(setting.variables)? {
            Some(given) => parse(given.value.trim()).ok_or_else(|| given.refuse_value(expected)),
            None => Ok(parse(setting.default).expect("the table's defaults parse")),
        }
    }

    fn header(&self, setting: &Setting, option: Option<String>) -> Result<Option<HeaderValue>> {
        self.text(setting, option)?
            .map(|given| {
                header_value(&given.value).ok_or_else(|| {
                    given.refuse("it has a control character, which no header can carry")
                })
            })
            .transpose()
    }
}

/// A header value, unless `text` has a control character.
pub fn header_value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_bytes(text.as_bytes())
        .ok()
        .filter(|_| !text.contains('\t'))
}

impl Config {
    /// Resolves against the process environment.
    pub fn from_process(options: Options) -> Result<Self> {
        Self::resolve(options, &|name| std::env::var_os(name))
    }

    pub fn resolve(options: Options, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self> {
        let source = Source { variable };
        let base_url = base_url(&source, options.base_url)?;
        let max_length = source.parsed(
            &MAX_CONTENT_LENGTH,
            options.max_content_length,
            "a whole number of characters, 1 or more",
            |text| text.parse().ok().filter(|n| *n >= 1),
        )?;
        let content = source.parsed(
            &CONTENT_CAPTURE,
            options.content_capture,
            "metadata_only, redacted or full",
            content_capture,
        )?;
        let redact_keys: Vec<String> = source
            .text(&REDACT_KEYS, options.redact_keys)?
            .map(|given| {
                let names = given.value.split(',').map(str::trim);
                names.filter(|n| !n.is_empty()).map(str::to_owned).collect()
            })
            .unwrap_or_default();
        Ok(Config {
            api_key: api_key(&source, options.api_key)?,
            tenant_id: source.header(&TENANT_ID, options.tenant_id)?,
            environment: source.header(&ENVIRONMENT, options.environment)?,
            channel_id: source
                .text(&CHANNEL_ID, options.channel_id)?
                .map(|g| g.value),
            timeout: timeout(&source, options.timeout)?,
            max_retries: source.parsed(
                &MAX_RETRIES,
                options.max_retries,
                "a whole number, 0 or more",
                |text| text.parse().ok(),
            )?,
            fail_open: source.parsed(
                &FAIL_OPEN,
                options.fail_open,
                "one of true, false, 1, 0, yes, no, on, off",
                flag,
            )?,
            queue_max_events: or_default(&QUEUE_MAX_EVENTS, options.queue_max_events.map(u64::from))
                as usize,
            queue_max_bytes: or_default(&QUEUE_MAX_BYTES, options.queue_max_bytes),
            overflow: options.overflow.unwrap_or(Overflow::DropOldest),
            delivery_timeout: milliseconds(&DELIVERY_TIMEOUT, options.delivery_timeout),
            max_connections: max_connections(options.max_connections)?,
            shutdown_timeout: milliseconds(&SHUTDOWN_TIMEOUT, options.shutdown_timeout),
            completion_mode: options.completion_mode.unwrap_or(CompletionMode::Thread),
            rules: Rules::new(content, &redact_keys, max_length),
            ca_pem: ca_pem(options.ca_file, options.ca_pem)?,
            proxy: crate::http::proxy::choose(options.proxy.as_deref(), &base_url, &|name| {
                source.environment(&[name]).map(|g| g.map(|g| g.value))
            })?,
            user_agent: user_agent(options.user_agent)?,
            base_url,
        })
    }
}

fn api_key(source: &Source, option: Option<String>) -> Result<ApiKey> {
    let given = source.text(&API_KEY, option)?.ok_or_else(|| {
        Error::config(
            "api_key: no API key; set the option api_key or the variable AXONPUSH_API_KEY",
        )
    })?;
    // Its value is never shown.
    if !printable_ascii(&given.value) {
        return Err(given.refuse(
            "it has a control character or one that is not ASCII; an API key is printable ASCII",
        ));
    }
    Ok(ApiKey(given.value))
}

fn base_url(source: &Source, option: Option<String>) -> Result<String> {
    let Some(given) = source.text(&BASE_URL, option)? else {
        return Ok(BASE_URL.default.to_owned());
    };
    // User information is a secret; everything else in a URL helps to find the mistake.
    let shown = match given.value.contains('@') {
        true => String::new(),
        false => format!("{:?}: ", given.value),
    };
    let refuse = |problem: &str| Error::config(format!("{}: {shown}{problem}", given.origin));
    let uri: Uri = given
        .value
        .parse()
        .map_err(|_| refuse("not a URL; expected http://host[:port][/path] or https://…"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(refuse(
            "its scheme is not http or https; expected https://host[:port][/path]",
        ));
    }
    let authority = uri.authority().map_or("", |a| a.as_str());
    if authority.contains('@') {
        return Err(refuse(
            "it has a user or password in it; pass the credential as api_key",
        ));
    }
    if !has_usable_host(&uri) {
        return Err(refuse(
            "its host or port is not usable; expected https://host[:port][/path]",
        ));
    }
    if given.value.contains(['?', '#']) {
        return Err(refuse(
            "it has a query or a fragment; expected https://host[:port][/path]",
        ));
    }
    let path = uri.path().trim_end_matches('/');
    let scheme = uri.scheme_str().unwrap_or_default();
    Ok(format!("{scheme}://{authority}{path}"))
}

/// Whether there is a host, and the port, if there is one, is a number up to 65535.
pub fn has_usable_host(uri: &Uri) -> bool {
    let authority = uri.authority().map_or("", |a| a.as_str());
    let port = authority
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains([']', '@']));
    uri.host().is_some_and(|host| !host.is_empty())
        && port.is_none_or(|(_, port)| port.parse::<u16>().is_ok())
}

fn or_default(setting: &Setting, option: Option<u64>) -> u64 {
    option.unwrap_or_else(|| setting.default.parse().expect("the table's defaults parse"))
}

fn milliseconds(setting: &Setting, option: Option<Duration>) -> Duration {
    option.unwrap_or_else(|| Duration::from_millis(or_default(setting, None)))
}

fn max_connections(option: Option<u32>) -> Result<usize> {
    if option.is_some_and(|n| n > MOST_CONNECTIONS) {
        return Err(Error::argument(format!(
            "option max_connections: more than {MOST_CONNECTIONS}"
        )));
    }
    Ok(or_default(&MAX_CONNECTIONS, option.map(u64::from)) as usize)
}

fn timeout(source: &Source, option: Option<Duration>) -> Result<Duration> {
    if let Some(timeout) = option {
        return Ok(timeout);
    }
    match source.environment(TIMEOUT.variables)? {
        None => Ok(milliseconds(&TIMEOUT, None)),
        Some(given) => given
            .value
            .trim()
            .parse()
            .ok()
            .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
            .filter(|t| (Duration::from_millis(1)..=LONGEST_TIMEOUT).contains(t))
            .ok_or_else(|| given.refuse_value("a number of seconds between 0.001 and 86400")),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn content_capture(text: &str) -> Option<ContentCapture> {
    match text.to_ascii_lowercase().as_str() {
        "metadata_only" => Some(ContentCapture::MetadataOnly),
        "redacted" => Some(ContentCapture::Redacted),
        "full" => Some(ContentCapture::Full),
        _ => None,
    }
}

/// The PEM text of `ca_pem`, else of `ca_file`, checked to hold certificates.
fn ca_pem(file: Option<String>, pem: Option<String>) -> Result<Option<String>> {
    let (name, text) = if let Some(pem) = pem.filter(|p| !p.is_empty()) {
        ("option ca_pem".to_owned(), pem)
    } else if let Some(file) = file.filter(|f| !f.is_empty()) {
        let text = std::fs::read_to_string(&file)
            .map_err(|e| Error::config(format!("option ca_file: cannot read {file:?}: {e}")))?;
        (format!("option ca_file: {file:?}"), text)
    } else {
        return Ok(None);
    };
    if !crate::http::blocking::has_certificate(&text) {
        return Err(Error::config(format!(
            "{name}: no certificate in it that can be read; expected PEM text with -----BEGIN CERTIFICATE-----"
        )));
    }
    Ok(Some(text))
}

fn user_agent(token: Option<String>) -> Result<HeaderValue> {
    let mut text = format!("axonpush-c/{}", crate::VERSION);
    if let Some(token) = token.filter(|t| !t.is_empty()) {
        text.push(' ');
        text.push_str(&token);
    }
    if !printable_ascii(&text) {
        return Err(Error::argument(
            "option user_agent: it has a character that is not printable ASCII",
        ));
    }
    Ok(HeaderValue::from_str(&text).expect("printable ASCII is a header value"))
}

fn printable_ascii(text: &str) -> bool {
    text.bytes().all(|c| matches!(c, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn resolve(options: Options, variables: &[(&str, &str)]) -> Result<Config> {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        Config::resolve(options, &|name| variables.get(name).map(OsString::from))
    }

    fn with_key() -> Options {
        Options {
            api_key: Some("ak_test".into()),
            ..Options::default()
        }
    }

    #[test]
    fn defaults_are_the_tables() {
        let config = resolve(with_key(), &[]).unwrap();
        assert_eq!(config.base_url, "https://api.axonpush.xyz");
        assert_eq!(config.timeout, Duration::from_secs(30));
        assert_eq!(config.max_retries, 3);
        assert!(config.fail_open);
        assert_eq!(config.rules.content, ContentCapture::MetadataOnly);
        assert_eq!(config.rules.max_length, 4096);
        assert!(config.proxy.is_none());
        assert_eq!(config.user_agent, format!("axonpush-c/{}", crate::VERSION));
    }

    #[test]
    fn an_option_wins_over_a_variable() {
        let variables = [
            ("AXONPUSH_API_KEY", "ak_env"),
            ("AXONPUSH_ORG_ID", "org"),
            ("AXONPUSH_BASE_URL", "http://env:1/p//"),
            ("AXONPUSH_TIMEOUT", "2.5"),
            ("AXONPUSH_MAX_RETRIES", "0"),
            ("AXONPUSH_FAIL_OPEN", "oFF"),
            ("AXONPUSH_CONTENT_CAPTURE", "full"),
            ("AXONPUSH_MAX_CONTENT_LENGTH", "7"),
        ];
        let config = resolve(Options::default(), &variables).unwrap();
        assert_eq!(config.tenant_id.unwrap(), "org");
        assert_eq!(config.base_url, "http://env:1/p");
        assert_eq!(config.timeout, Duration::from_millis(2500));
        assert_eq!(config.max_retries, 0);
        assert!(!config.fail_open);
        assert_eq!(config.rules.content, ContentCapture::Full);
        assert_eq!(config.rules.max_length, 7);

        let options = Options {
            base_url: Some("https://opt".into()),
            tenant_id: Some("mine".into()),
            fail_open: Some(true),
            ..Options::default()
        };
        let config = resolve(options, &variables).unwrap();
        assert_eq!(config.base_url, "https://opt");
        assert_eq!(config.tenant_id.unwrap(), "mine");
        assert!(config.fail_open);
    }

    #[test]
    fn an_unusable_variable_is_named_with_its_value() {
        for (name, value) in [
            ("AXONPUSH_TIMEOUT", "soon"),
            ("AXONPUSH_TIMEOUT", "0"),
            ("AXONPUSH_TIMEOUT", "-1"),
            ("AXONPUSH_TIMEOUT", "inf"),
            ("AXONPUSH_MAX_RETRIES", "-1"),
            ("AXONPUSH_MAX_RETRIES", "1.5"),
            ("AXONPUSH_FAIL_OPEN", "maybe"),
            ("AXONPUSH_CONTENT_CAPTURE", "some"),
            ("AXONPUSH_MAX_CONTENT_LENGTH", "0"),
        ] {
            let error = resolve(with_key(), &[(name, value)]).unwrap_err();
            assert_eq!(error.kind, Kind::Config, "{name}={value}");
            assert!(
                error.message.contains(name) && error.message.contains(value),
                "{error}"
            );
        }
    }

    #[test]
    fn the_api_key_is_never_shown() {
        let error =
            resolve(Options::default(), &[("AXONPUSH_API_KEY", "ak_se\ncret")]).unwrap_err();
        assert!(error.message.contains("AXONPUSH_API_KEY") && !error.message.contains("cret"));
        let config = resolve(with_key(), &[]).unwrap();
        assert!(!format!("{config:?}").contains("ak_test"));
        assert_eq!(
            config.api_key.scrub("bad key ak_test!"),
            "bad key [REDACTED]!"
        );
    }

    #[test]
    fn bad_urls_are_refused() {
        for url in [
            "api.example.com",
            "ftp://x",
            "https://",
            "https://u:p@host",
            "https://host:99999",
            "https://host:port",
            "https://host/?q",
            "https://host/#f",
            "not a url",
            "http://:80",
        ] {
            let options = Options {
                base_url: Some(url.into()),
                ..with_key()
            };
            let error = resolve(options, &[]).unwrap_err();
            assert_eq!(error.kind, Kind::Config, "{url}: {error}");
            assert!(error.message.contains("base_url"), "{error}");
        }
        for url in ["http://[::1]:80/a", "https://host", "HTTP://host:1"] {
            let options = Options {
                base_url: Some(url.into()),
                ..with_key()
            };
            assert!(resolve(options, &[]).is_ok(), "{url}");
        }
    }

    #[test]
    fn control_characters_are_refused_in_header_values() {
        for value in ["a\nb", "a\rb", "a\tb", "a\u{7f}"] {
            let options = Options {
                environment: Some(value.into()),
                ..with_key()
            };
            let error = resolve(options, &[]).unwrap_err();
            assert_eq!(error.kind, Kind::InvalidArgument);
            assert!(error.message.contains("environment"), "{error}");
        }
    }
}
