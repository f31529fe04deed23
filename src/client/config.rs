//! What a client was configured with: the caller's option first, then the environment variable,
//! then the default.

use std::ffi::OsString;
use std::time::Duration;

use http::HeaderValue;

use super::env::Environment;
use super::otlp::{OtlpOptions, settings as otlp_settings};
use super::settings::*;
use crate::delivery::exporter;
use crate::delivery::limits::Overflow;
use crate::delivery::spool;
use crate::delivery::spool::record::Identity;
use crate::delivery::spool::store::SyncPolicy;
use crate::error::{Error, Result};
use crate::event::encode::EventDefaults;
use crate::event::redaction::{ContentCapture, RedactionRules};
use crate::http::credential::{ApiKey, is_printable_ascii};
use crate::http::{HttpSettings, HttpVersion, proxy, tls, url};

/// Each is a socket in the application's process.
const MOST_CONNECTIONS: u32 = 256;

const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

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
    pub block_timeout: Option<Duration>,
    pub http_version: Option<HttpVersion>,
    pub spool_dir: Option<String>,
    pub spool_max_bytes: Option<u64>,
    pub spool_max_age: Option<Duration>,
    pub spool_sync: Option<SyncPolicy>,
    pub spool_sync_interval: Option<Duration>,
    pub otlp: OtlpOptions,
}

/// A complete, checked configuration.
#[derive(Debug)]
pub struct Config {
    pub http: HttpSettings,
    pub event: EventDefaults,
    /// Without a trailing `/`.
    pub base_url: String,
    pub max_retries: u32,
    pub fail_open: bool,
    pub queue_max_events: usize,
    pub queue_max_bytes: u64,
    pub overflow: Overflow,
    pub delivery_timeout: Duration,
    pub max_connections: usize,
    pub shutdown_timeout: Duration,
    pub completion_mode: CompletionMode,
    /// `None`: a publish that blocks waits for as long as it takes.
    pub block_timeout: Option<Duration>,
    /// `None`: events wait in memory only.
    pub spool: Option<spool::store::Settings>,
    /// `None`: events leave one by one.
    pub exporter: Option<exporter::Settings>,
}

impl Config {
    /// Resolves against the process environment.
    pub fn from_process(options: Options) -> Result<Self> {
        Self::resolve(options, &|name| std::env::var_os(name))
    }

    pub fn resolve(options: Options, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self> {
        let env = Environment { variable };
        let base_url = base_url(&env, options.base_url)?;
        let environment = env.header(&ENVIRONMENT, options.environment)?;
        let proxy = options.proxy.as_deref();
        let exporter = otlp_settings(&env, options.otlp, proxy, environment.as_ref())?;
        let api_key = api_key(&env, options.api_key)?;
        let elsewhere = |exporter: &exporter::Settings| exporter.endpoint.is_some();
        if api_key.is_none() && !exporter.as_ref().is_some_and(elsewhere) {
            return Err(no_api_key());
        }
        let redaction = redaction_rules(
            &env,
            options.content_capture,
            options.redact_keys,
            options.max_content_length,
        )?;
        Ok(Config {
            http: HttpSettings {
                api_key,
                tenant_id: env.header(&TENANT_ID, options.tenant_id)?,
                environment,
                user_agent: user_agent(options.user_agent)?,
                timeout: timeout(&env, options.timeout)?,
                ca_pem: ca_pem(options.ca_file, options.ca_pem)?,
                proxy: proxy::choose(proxy, &base_url, &|name| {
                    env.variable(&[name]).map(|g| g.map(|g| g.value))
                })?,
                version: env.parsed(
                    &HTTP_VERSION,
                    options.http_version,
                    "auto, 1.1 or 2",
                    http_version,
                )?,
            },
            event: EventDefaults {
                channel_id: env.text(&CHANNEL_ID, options.channel_id)?.map(|g| g.value),
                redaction,
            },
            max_retries: env.parsed(
                &MAX_RETRIES,
                options.max_retries,
                "a whole number, 0 or more",
                |text| text.parse().ok(),
            )?,
            fail_open: env.parsed(
                &FAIL_OPEN,
                options.fail_open,
                "one of true, false, 1, 0, yes, no, on, off",
                boolean,
            )?,
            queue_max_events: or_default(&QUEUE_MAX_EVENTS, options.queue_max_events.map(u64::from))
                as usize,
            queue_max_bytes: or_default(&QUEUE_MAX_BYTES, options.queue_max_bytes),
            overflow: options.overflow.unwrap_or(Overflow::DropOldest),
            delivery_timeout: milliseconds(&DELIVERY_TIMEOUT, options.delivery_timeout),
            max_connections: max_connections(options.max_connections)?,
            shutdown_timeout: milliseconds(&SHUTDOWN_TIMEOUT, options.shutdown_timeout),
            completion_mode: options.completion_mode.unwrap_or(CompletionMode::Thread),
            block_timeout: options.block_timeout,
            spool: env
                .text(&SPOOL_DIR, options.spool_dir)?
                .map(|dir| spool::store::Settings {
                    dir: dir.value.into(),
                    max_bytes: or_default(&SPOOL_MAX_BYTES, options.spool_max_bytes),
                    max_age: options
                        .spool_max_age
                        .unwrap_or_else(|| Duration::from_secs(or_default(&SPOOL_MAX_AGE, None))),
                    sync: options.spool_sync.unwrap_or(SyncPolicy::Interval),
                    sync_interval: milliseconds(&SPOOL_SYNC_MS, options.spool_sync_interval),
                }),
            exporter,
            base_url,
        })
    }

    /// The base URL of what events are sent to in the background.
    fn receiver(&self) -> &str {
        let exporter = self.exporter.as_ref();
        exporter.map_or(&self.base_url, |exporter| exporter.receiver(&self.base_url))
    }

    /// What another client must have in common with this one to deliver its events.
    pub fn spool_identity(&self) -> Identity {
        let text = |header: &Option<HeaderValue>| {
            let header = header.as_ref();
            header.map_or_else(String::new, |value| {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            })
        };
        Identity {
            service: self.receiver().to_owned(),
            tenant: text(&self.http.tenant_id),
            environment: text(&self.http.environment),
        }
    }
}

fn redaction_rules(
    env: &Environment,
    content: Option<ContentCapture>,
    keys: Option<String>,
    max_length: Option<usize>,
) -> Result<RedactionRules> {
    let max_length = env.parsed(
        &MAX_CONTENT_LENGTH,
        max_length,
        "a whole number of characters, 1 or more",
        |text| text.parse().ok().filter(|n| *n >= 1),
    )?;
    let content = env.parsed(
        &CONTENT_CAPTURE,
        content,
        "metadata_only, redacted or full",
        content_capture,
    )?;
    let keys = env.text(&REDACT_KEYS, keys)?.map(|given| given.value);
    let names = keys.iter().flat_map(|keys| keys.split(',')).map(str::trim);
    let names: Vec<String> = names.filter(|n| !n.is_empty()).map(str::to_owned).collect();
    Ok(RedactionRules::new(content, &names, max_length))
}

/// Why nothing can be sent to the service.
pub fn no_api_key() -> Error {
    Error::config("api_key: no API key; set the option api_key or the variable AXONPUSH_API_KEY")
}

fn api_key(env: &Environment, option: Option<String>) -> Result<Option<ApiKey>> {
    let Some(given) = env.text(&API_KEY, option)? else {
        return Ok(None);
    };
    // Its value is never shown.
    let key = ApiKey::new(given.value.clone()).ok_or_else(|| {
        given.refuse(
            "it has a control character or one that is not ASCII; an API key is printable ASCII",
        )
    })?;
    Ok(Some(key))
}

fn base_url(env: &Environment, option: Option<String>) -> Result<String> {
    let Some(given) = env.text(&BASE_URL, option)? else {
        return Ok(BASE_URL.default.to_owned());
    };
    url::base_url_of(&given.value, &given.origin)
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

fn timeout(env: &Environment, option: Option<Duration>) -> Result<Duration> {
    if let Some(timeout) = option {
        return Ok(timeout);
    }
    match env.variable(TIMEOUT.variables)? {
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

fn http_version(text: &str) -> Option<HttpVersion> {
    match text {
        "auto" => Some(HttpVersion::Auto),
        "1.1" => Some(HttpVersion::Http1),
        "2" => Some(HttpVersion::Http2),
        _ => None,
    }
}

fn boolean(text: &str) -> Option<bool> {
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
    if !tls::has_certificate(&text) {
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
    if !is_printable_ascii(&text) {
        return Err(Error::argument(
            "option user_agent: it has a character that is not printable ASCII",
        ));
    }
    Ok(HeaderValue::from_str(&text).expect("printable ASCII is a header value"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::error::Kind;

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
        assert_eq!(config.http.timeout, Duration::from_secs(30));
        assert_eq!(config.max_retries, 3);
        assert!(config.fail_open);
        assert_eq!(config.event.redaction.content, ContentCapture::MetadataOnly);
        assert_eq!(config.event.redaction.max_length, 4096);
        assert!(config.http.proxy.is_none());
        assert_eq!(
            config.http.user_agent,
            format!("axonpush-c/{}", crate::VERSION)
        );
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
            ("AXONPUSH_HTTP_VERSION", "1.1"),
        ];
        let config = resolve(Options::default(), &variables).unwrap();
        assert_eq!(config.http.tenant_id.unwrap(), "org");
        assert_eq!(config.base_url, "http://env:1/p");
        assert_eq!(config.http.timeout, Duration::from_millis(2500));
        assert_eq!(config.max_retries, 0);
        assert!(!config.fail_open);
        assert_eq!(config.event.redaction.content, ContentCapture::Full);
        assert_eq!(config.event.redaction.max_length, 7);
        assert_eq!(config.http.version, HttpVersion::Http1);

        let options = Options {
            base_url: Some("https://opt".into()),
            tenant_id: Some("mine".into()),
            fail_open: Some(true),
            ..Options::default()
        };
        let config = resolve(options, &variables).unwrap();
        assert_eq!(config.base_url, "https://opt");
        assert_eq!(config.http.tenant_id.unwrap(), "mine");
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
            ("AXONPUSH_HTTP_VERSION", "3"),
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
