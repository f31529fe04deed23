//! Where and how events leave as OpenTelemetry's log records: what the options and the environment say.

use std::time::Duration;

use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING,
};
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::env::{Environment, Source};
use super::settings::*;
use crate::delivery::exporter::{BatchLimits, Endpoint, Settings};
use crate::error::Result;
use crate::event::otlp;
use crate::http::headers::header_value;
use crate::http::{proxy, url};
use crate::sys::host;

/// In which form events leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExporterKind {
    /// Each by a `POST /event`.
    Events,
    Otlp,
}

/// What the caller chose of it; `None` as ever means "from the environment, else the default".
#[derive(Default)]
pub struct OtlpOptions {
    pub exporter: Option<ExporterKind>,
    pub endpoint: Option<String>,
    pub headers: Option<String>,
    pub batch_max_events: Option<u32>,
    pub batch_max_bytes: Option<u32>,
    pub batch_timeout: Option<Duration>,
    pub gzip: Option<bool>,
}

/// What sets these headers is not the caller.
const OURS: &[HeaderName] = &[
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    HOST,
    TRANSFER_ENCODING,
];

/// `None`: events leave one by one.
pub fn settings(
    env: &Environment,
    options: OtlpOptions,
    proxy: Option<&str>,
    environment: Option<&HeaderValue>,
) -> Result<Option<Settings>> {
    let kind = env.parsed(&EXPORTER, options.exporter, "events or otlp", exporter)?;
    let endpoint = endpoint(env, options.endpoint, options.headers, proxy)?;
    if kind == ExporterKind::Events {
        return Ok(None);
    }
    let number = |setting: &Setting, option: Option<u32>| {
        let default = || setting.default.parse().expect("the table's defaults parse");
        option.unwrap_or_else(default)
    };
    let timeout = number(&OTLP_BATCH_TIMEOUT, None);
    Ok(Some(Settings {
        endpoint,
        limits: BatchLimits {
            max_events: number(&OTLP_BATCH_MAX_EVENTS, options.batch_max_events).max(1) as usize,
            max_bytes: number(&OTLP_BATCH_MAX_BYTES, options.batch_max_bytes) as usize,
            timeout: options
                .batch_timeout
                .unwrap_or(Duration::from_millis(u64::from(timeout))),
        },
        gzip: options.gzip.unwrap_or(OTLP_GZIP.default == "true"),
        resource: resource(env, environment)?,
    }))
}

fn exporter(text: &str) -> Option<ExporterKind> {
    match text.to_ascii_lowercase().as_str() {
        "events" => Some(ExporterKind::Events),
        "otlp" => Some(ExporterKind::Otlp),
        _ => None,
    }
}

fn endpoint(
    env: &Environment,
    option: Option<String>,
    headers: Option<String>,
    proxy: Option<&str>,
) -> Result<Option<Endpoint>> {
    let headers = match env.text(&OTLP_HEADERS, headers)? {
        Some(given) => read_headers(&given)?,
        None => Vec::new(),
    };
    let Some(given) = env.text(&OTLP_ENDPOINT, option)? else {
        return Ok(None);
    };
    let base_url = url::base_url_of(&given.value, &given.origin)?;
    if base_url.ends_with(otlp::PATH) {
        return Err(given.refuse(&format!(
            "it ends in {0}, which is added to it; give the base URL, such as http://localhost:4318",
            otlp::PATH
        )));
    }
    let proxy = proxy::choose(proxy, &base_url, &|name| {
        env.variable(&[name])
            .map(|given| given.map(|given| given.value))
    })?;
    Ok(Some(Endpoint {
        base_url,
        headers,
        proxy,
    }))
}

/// `name=value,name=value`, the values percent-encoded, as `OTEL_EXPORTER_OTLP_HEADERS` has them. A value may be a
/// credential, so no message shows one.
fn read_headers(given: &Source) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let mut headers = Vec::new();
    for pair in pairs(&given.value) {
        let (name, value) = pair.ok_or_else(|| {
            given.refuse("expected name=value,name=value, with the values percent-encoded")
        })?;
        let header = HeaderName::try_from(name)
            .map_err(|_| given.refuse(&format!("{name:?} is not the name of a header")))?;
        if OURS.contains(&header) {
            return Err(given.refuse(&format!("{header} is set by the library; leave it out")));
        }
        let mut value =
            header_value(&value).map_err(|e| given.refuse(&format!("{header}: {e}")))?;
        value.set_sensitive(true);
        headers.push((header, value));
    }
    Ok(headers)
}

/// The pairs of a list; `None` for what is none.
fn pairs(list: &str) -> impl Iterator<Item = Option<(&str, String)>> {
    let items = list
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    items.map(|item| {
        let (name, value) = item.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        (!name.trim().is_empty()).then(|| (name.trim(), value.into_owned()))
    })
}

/// What this process is, in OpenTelemetry's names and by OpenTelemetry's variables. The process's number is added where
/// requests are made, since a forked child has another one.
fn resource(env: &Environment, environment: Option<&HeaderValue>) -> Result<Vec<(String, String)>> {
    let mut resource: Vec<(String, String)> = Vec::new();
    let mut set = |name: &str, value: String| {
        resource.retain(|(other, _)| other != name);
        resource.push((name.to_owned(), value));
    };
    set(
        "service.name",
        format!("unknown_service:{}", host::program()),
    );
    if let Some(name) = host::name() {
        set("host.name", name);
    }
    if let Some(given) = env.variable(&["OTEL_RESOURCE_ATTRIBUTES"])? {
        // The variable is not ours: what cannot be read in it is left out, as its specification says.
        for (name, value) in pairs(&given.value).flatten() {
            set(name, value);
        }
    }
    if let Some(given) = env.variable(&["OTEL_SERVICE_NAME"])? {
        set("service.name", given.value);
    }
    if let Some(environment) = environment {
        let text = String::from_utf8_lossy(environment.as_bytes());
        set("deployment.environment.name", text.into_owned());
    }
    resource.retain(|(name, _)| name != "process.pid");
    Ok(resource)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::ffi::OsString;

    use super::*;
    use crate::client::config::{Config, Options};
    use crate::error::Kind;

    fn resolve(options: Options, variables: &[(&str, &str)]) -> Result<Config> {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        Config::resolve(options, &|name| variables.get(name).map(OsString::from))
    }

    fn otlp(endpoint: &str) -> OtlpOptions {
        OtlpOptions {
            exporter: Some(ExporterKind::Otlp),
            endpoint: Some(endpoint.to_owned()),
            ..OtlpOptions::default()
        }
    }

    fn with(otlp: OtlpOptions) -> Options {
        Options {
            otlp,
            ..Options::default()
        }
    }

    #[test]
    fn an_api_key_is_needed_unless_events_go_elsewhere() {
        let config = resolve(with(otlp("http://collector:4318/")), &[]).unwrap();
        let exporter = config.exporter.unwrap();
        assert!(config.http.api_key.is_none());
        assert_eq!(exporter.endpoint.unwrap().base_url, "http://collector:4318");
        let to_service = OtlpOptions {
            exporter: Some(ExporterKind::Otlp),
            ..OtlpOptions::default()
        };
        let no_exporter = OtlpOptions {
            exporter: Some(ExporterKind::Events),
            ..otlp("http://collector:4318")
        };
        for options in [to_service, no_exporter] {
            let error = resolve(with(options), &[]).unwrap_err();
            assert_eq!(error.kind, Kind::Config);
            assert!(error.message.contains("AXONPUSH_API_KEY"), "{error}");
        }
    }

    #[test]
    fn the_variables_say_what_the_options_do_not() {
        let variables = [
            ("AXONPUSH_EXPORTER", "OTLP"),
            ("AXONPUSH_OTLP_ENDPOINT", "https://collector"),
            (
                "AXONPUSH_OTLP_HEADERS",
                "authorization=Bearer%20abc, x-team = a=b ,",
            ),
            ("AXONPUSH_ENVIRONMENT", "prod"),
            ("OTEL_SERVICE_NAME", "shop"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=other,service.version=1.2,bad,team=a%2Cb",
            ),
        ];
        let config = resolve(Options::default(), &variables).unwrap();
        let settings = config.exporter.unwrap();
        assert_eq!(settings.limits.max_events, 512);
        assert_eq!(settings.limits.max_bytes, 1 << 20);
        assert_eq!(settings.limits.timeout, Duration::from_secs(1));
        assert!(!settings.gzip);
        let endpoint = settings.endpoint.as_ref().unwrap();
        let headers: Vec<(&str, &str)> = endpoint
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        assert_eq!(
            headers,
            [("authorization", "Bearer abc"), ("x-team", "a=b")]
        );
        assert!(
            !format!("{settings:?}").contains("abc"),
            "a header's value is a secret"
        );
        let of = |name: &str| {
            let mut found = settings.resource.iter().filter(|(other, _)| other == name);
            let value = found.next().map(|(_, value)| value.as_str());
            assert!(found.next().is_none(), "{name} stands there twice");
            value
        };
        assert_eq!(of("service.name"), Some("shop"));
        assert_eq!(of("service.version"), Some("1.2"));
        assert_eq!(of("team"), Some("a,b"));
        assert_eq!(of("deployment.environment.name"), Some("prod"));
        assert!(of("host.name").is_some_and(|name| !name.is_empty()));

        let config = resolve(with(otlp("http://c")), &[]).unwrap();
        let resource = config.exporter.unwrap().resource;
        let name = &resource
            .iter()
            .find(|(name, _)| name == "service.name")
            .unwrap()
            .1;
        assert!(name.starts_with("unknown_service:"), "{name}");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (name, value, said) in [
            (
                "AXONPUSH_EXPORTER",
                "kafka",
                "\"kafka\" is not events or otlp",
            ),
            ("AXONPUSH_OTLP_ENDPOINT", "collector:4318", "http"),
            ("AXONPUSH_OTLP_ENDPOINT", "http://c/v1/logs", "base URL"),
            ("AXONPUSH_OTLP_HEADERS", "hidden", "name=value"),
            (
                "AXONPUSH_OTLP_HEADERS",
                "a b=hidden",
                "\"a b\" is not the name of a header",
            ),
            (
                "AXONPUSH_OTLP_HEADERS",
                "content-type=hidden",
                "content-type is set by the library",
            ),
            ("AXONPUSH_OTLP_HEADERS", "x=hidden%0A", "control character"),
        ] {
            let variables = [("AXONPUSH_API_KEY", "ak_1"), (name, value)];
            let error = resolve(Options::default(), &variables).unwrap_err();
            assert_eq!(error.kind, Kind::Config, "{name}={value}");
            assert!(
                error.message.contains(name) && error.message.contains(said),
                "{error}"
            );
            assert!(!error.message.contains("hidden"), "{error}");
        }
    }
}
