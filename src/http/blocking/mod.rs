//! One exchange: a request out, an answer in, by one deadline.
//!
//! The only file that knows ureq's agent. It neither retries nor judges an answer; that is
//! [`crate::client`]'s.

pub mod attempt;
pub mod transport;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use ureq::config::AutoHeaderValue;
use ureq::http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};

use crate::client::config::Config;
use crate::error::{Error, Kind, Result};
use crate::http::blocking::transport::{BUFFER, LateResolver, Limited, Shared, TcpConnector};
use crate::http::response::{Answer, MAX_BODY, retry_after};

/// Our own headers, by names that need no parsing.
pub mod names {
    use ureq::http::HeaderName;

    pub const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
    pub const PUBLIC_TOKEN: HeaderName = HeaderName::from_static("x-public-token");
    pub const TENANT_ID: HeaderName = HeaderName::from_static("x-tenant-id");
    pub const ENVIRONMENT: HeaderName = HeaderName::from_static("x-axonpush-environment");
    pub const TRACE_ID: HeaderName = HeaderName::from_static("x-axonpush-trace-id");
    pub const SPAN_ID: HeaderName = HeaderName::from_static("x-axonpush-span-id");
    pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
    pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
    pub const CHANNEL: HeaderName = HeaderName::from_static("x-axonpush-channel");
    pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
}

/// Idle connections kept for synchronous callers and background workers together.
const MAX_IDLE: usize = 64;
/// Idle connections are not kept longer; servers and middleboxes drop them around here.
const MAX_IDLE_AGE: Duration = Duration::from_secs(60);
const MAX_HEADERS: usize = 64 * 1024;

/// A request, complete but for what every request carries.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Option<Vec<u8>>,
    /// Whether the service takes it once, however often it arrives.
    pub repeatable: bool,
}

/// The connections of one client.
pub struct Http {
    agent: ureq::Agent,
    shared: Arc<Shared>,
    /// What every request carries: with a body, and without one.
    headers_with_body: HeaderMap,
    headers: HeaderMap,
    event_uri: Uri,
    timeout: Duration,
}

impl Http {
    pub fn new(config: &Config) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector(shared.clone()))
                .chain(RustlsConnector::default());
        let agent = ureq::Agent::with_parts(agent_config(config), Limited(connector), LateResolver);
        Ok(Http {
            agent,
            shared,
            headers_with_body: common_headers(config, true),
            headers: common_headers(config, false),
            event_uri: uri(&config.base_url, "/event")?,
            timeout: config.timeout,
        })
    }

    /// Where events are published.
    pub fn event_uri(&self) -> &Uri {
        &self.event_uri
    }

    /// How many connections were opened so far.
    pub fn opened(&self) -> u64 {
        self.shared.opened.load(Ordering::Relaxed)
    }

    /// Interrupts every exchange and refuses new ones.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::Release);
        self.agent.clone().shutdown();
    }

    /// Sends `request` and reads the whole answer, within the timeout and by `latest`.
    pub fn exchange(&self, request: &Request, latest: Option<Instant>) -> Result<Answer> {
        let mut deadline = Instant::now() + self.timeout;
        if let Some(latest) = latest {
            deadline = deadline.min(latest);
        }
        // A request that must not arrive twice goes over a connection that cannot be stale.
        let fresh_only = !request.repeatable;
        let (mut outcome, mut report) = attempt::run(deadline, fresh_only, || self.send(request));
        if outcome.is_err() && report.stale && !fresh_only {
            (outcome, report) = attempt::run(deadline, true, || self.send(request));
        }
        outcome.map_err(|failure| self.error(failure, report.sent))
    }

    fn send(&self, request: &Request) -> std::result::Result<Answer, Failure> {
        let mut outgoing = ureq::http::Request::new(());
        *outgoing.method_mut() = request.method.clone();
        *outgoing.uri_mut() = request.uri.clone();
        let headers = outgoing.headers_mut();
        headers.clone_from(match request.body {
            Some(_) => &self.headers_with_body,
            None => &self.headers,
        });
        for (name, value) in &request.headers {
            headers.insert(name.clone(), value.clone());
        }
        let answer = match &request.body {
            Some(body) => {
                let (parts, ()) = outgoing.into_parts();
                self.agent
                    .run(ureq::http::Request::from_parts(parts, body.as_slice()))
            }
            None => self.agent.run(outgoing),
        };
        read(answer?)
    }

    fn error(&self, failure: Failure, sent: bool) -> Error {
        if self.shared.closed.load(Ordering::Acquire) {
            return Error {
                may_have_arrived: sent,
                ..Error::closed()
            };
        }
        let timed_out = matches!(&failure, Failure::Transport(e) if is_timeout(e));
        let (kind, message) = match failure {
            Failure::Answer(what) => (Kind::Decode, what),
            Failure::Transport(e) => (Kind::Connection, describe(&e, self.timeout)),
        };
        Error {
            may_have_arrived: sent,
            nobody_there: kind == Kind::Connection && (timed_out || !sent),
            ..Error::new(kind, message)
        }
    }
}

fn agent_config(config: &Config) -> ureq::config::Config {
    let roots = match &config.ca_pem {
        Some(pem) => RootCerts::from(certificates(pem).into_iter()),
        None => RootCerts::PlatformVerifier,
    };
    let tls = TlsConfig::builder()
        .root_certs(roots)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        // A redirect is an answer. Following it could carry the credential to another host.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        // `common_headers` has what is to be sent.
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        // For the proxy, which sees no other header of ours.
        .user_agent(config.user_agent.to_str().unwrap_or("axonpush-c"))
        .tls_config(tls)
        .proxy(config.proxy.clone())
        .max_idle_connections(MAX_IDLE)
        .max_idle_connections_per_host(MAX_IDLE)
        .max_idle_age(MAX_IDLE_AGE)
        .max_response_header_size(MAX_HEADERS)
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .build()
}

fn common_headers(config: &Config, with_body: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let (name, value) = config.api_key.header();
    headers.insert(name, value);
    headers.insert(USER_AGENT, config.user_agent.clone());
    if with_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    } else {
        // The answer to a request without a body may be long.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Some(tenant) = &config.tenant_id {
        headers.insert(names::TENANT_ID, tenant.clone());
    }
    if let Some(environment) = &config.environment {
        headers.insert(names::ENVIRONMENT, environment.clone());
    }
    headers
}

/// The certificates of a PEM text.
pub fn certificates(pem: &str) -> Vec<Certificate<'static>> {
    ureq::tls::parse_pem(pem.as_bytes())
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect()
}

/// Whether a PEM text has at least one certificate that can be used to trust something.
pub fn has_certificate(pem: &str) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    let readable = |certificate: &Certificate| {
        let der = rustls::pki_types::CertificateDer::from(certificate.der());
        roots.add(der.into_owned()).is_ok()
    };
    certificates(pem).iter().any(readable)
}

enum Failure {
    Transport(ureq::Error),
    /// It came, but cannot be used.
    Answer(String),
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::LargeResponseHeader(..) => Failure::Answer(format!(
                "the head of the answer is larger than {MAX_HEADERS} bytes"
            )),
            ureq::Error::Decompress(..) => {
                Failure::Answer("the answer cannot be decompressed".to_owned())
            }
            other => Failure::Transport(other),
        }
    }
}

fn read(answer: ureq::http::Response<ureq::Body>) -> std::result::Result<Answer, Failure> {
    let too_large = || Failure::Answer(format!("the answer is larger than {} MiB", MAX_BODY >> 20));
    let (parts, body) = answer.into_parts();
    let header = |name| {
        parts
            .headers
            .get(name)
            .and_then(|v: &HeaderValue| v.to_str().ok())
    };
    // Announced, so that there is no need to read it first.
    let announced = header(CONTENT_LENGTH).and_then(|v| v.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Err(too_large());
    }
    // A small answer fits at once, and its end is seen without growing.
    let mut text = Vec::with_capacity(announced.unwrap_or(0).min(64 * 1024) + 1);
    body.into_with_config()
        .limit(u64::MAX)
        .reader()
        .take(MAX_BODY as u64 + 1)
        .read_to_end(&mut text)
        .map_err(ureq::Error::from)?;
    if text.len() > MAX_BODY {
        return Err(too_large());
    }
    Ok(Answer {
        status: parts.status.as_u16(),
        request_id: header(names::REQUEST_ID).map(str::to_owned),
        retry_after: header(RETRY_AFTER).and_then(|v| retry_after(v, SystemTime::now())),
        body: text,
    })
}

fn is_timeout(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Timeout(_) => true,
        ureq::Error::Io(e) => e.kind() == std::io::ErrorKind::TimedOut,
        _ => false,
    }
}

/// The cause in words. ureq's texts name no header and no part of a URL but its host.
fn describe(error: &ureq::Error, timeout: Duration) -> String {
    match error {
        late if is_timeout(late) => format!(
            "no complete answer in time (the timeout is {} ms, connecting may take {} ms of it)",
            timeout.as_millis(),
            crate::client::config::CONNECT_LIMIT.as_millis()
        ),
        ureq::Error::Io(e) => format!("connection failed: {e}"),
        ureq::Error::HostNotFound => "connection failed: the host name has no address".to_owned(),
        ureq::Error::Rustls(e) => format!("TLS failed: {e}"),
        ureq::Error::Protocol(e) => format!("the answer is not HTTP: {e}"),
        other => format!("connection failed: {other}"),
    }
}

/// The full URI of a path (and query) below the base URL.
pub fn uri(base_url: &str, target: &str) -> Result<Uri> {
    format!("{base_url}{target}").parse().map_err(|_| {
        Error::argument(format!(
            "path: {target:?} does not make a valid URL with the base URL"
        ))
    })
}
