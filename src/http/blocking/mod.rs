//! One exchange on the calling thread: a request out, a response in, by one deadline.
//!
//! The only folder that names ureq. Whether a request is repeated is the caller's affair.

pub mod attempt;
mod tls_transport;
mod transport;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use http::HeaderValue;
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use ureq::config::AutoHeaderValue;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector};

use self::tls_transport::TlsConnector;
use self::transport::{BUFFER, ConnectTimeout, ConnectionState, NoopResolver, TcpConnector};
use super::credential::ApiKey;
use super::headers::{CommonHeaders, names};
use super::proxy::Proxy;
use super::request::Request;
use super::response::{HttpResponse, MAX_BODY};
use super::retry::retry_after;
use super::tls::Tls;
use super::{CONNECT_LIMIT, HttpSettings};
use crate::error::{Error, Kind, Result};

/// Idle connections kept for synchronous callers and background workers together.
const MAX_IDLE: usize = 64;
/// Idle connections are not kept longer; servers and middleboxes drop them around here.
const MAX_IDLE_AGE: Duration = Duration::from_secs(60);
const MAX_HEADERS: usize = 64 * 1024;

/// The connections of one client.
pub struct Http {
    agent: ureq::Agent,
    state: Arc<ConnectionState>,
    headers: CommonHeaders,
    /// To be removed from what the service says.
    api_key: ApiKey,
    timeout: Duration,
}

impl Http {
    pub fn new(settings: &HttpSettings) -> Self {
        let state = Arc::new(ConnectionState::default());
        let tls = Arc::new(Tls::new(settings.ca_pem.clone()));
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector(state.clone()))
                .chain(TlsConnector(tls));
        let config = agent_config(settings);
        let agent = ureq::Agent::with_parts(config, ConnectTimeout(connector), NoopResolver);
        Http {
            agent,
            state,
            headers: CommonHeaders::new(settings),
            api_key: settings.api_key.clone(),
            timeout: settings.timeout,
        }
    }

    /// How many connections were opened so far.
    pub fn opened(&self) -> u64 {
        self.state.opened.load(Ordering::Relaxed)
    }

    /// Interrupts every exchange and refuses new ones.
    pub fn close(&self) {
        self.state.closed.store(true, Ordering::Release);
        self.agent.clone().shutdown();
    }

    /// Sends `request` and reads the whole response, within the timeout and by `latest`. A response that
    /// is no success is an error that says what the service said.
    pub fn exchange(&self, request: &Request, latest: Option<Instant>) -> Result<HttpResponse> {
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
        match outcome {
            Ok(response) if response.is_success() => Ok(response),
            Ok(response) => Err(response.into_error(&self.api_key)),
            Err(failure) => Err(self.error(failure, report.sent)),
        }
    }

    fn send(&self, request: &Request) -> std::result::Result<HttpResponse, Failure> {
        let mut outgoing = http::Request::new(());
        *outgoing.method_mut() = request.method.clone();
        *outgoing.uri_mut() = request.uri.clone();
        let headers = outgoing.headers_mut();
        headers.clone_from(match request.body {
            Some(_) => &self.headers.with_body,
            None => &self.headers.without_body,
        });
        for (name, value) in &request.headers {
            headers.insert(name.clone(), value.clone());
        }
        let response = match &request.body {
            Some(body) => {
                let (parts, ()) = outgoing.into_parts();
                self.agent
                    .run(http::Request::from_parts(parts, body.as_slice()))
            }
            None => self.agent.run(outgoing),
        };
        read(response?)
    }

    fn error(&self, failure: Failure, sent: bool) -> Error {
        if self.state.closed.load(Ordering::Acquire) {
            return Error {
                may_have_arrived: sent,
                ..Error::closed()
            };
        }
        let timed_out = matches!(&failure, Failure::Transport(e) if is_timeout(e));
        let (kind, message) = match failure {
            Failure::Response(what) => (Kind::Decode, what),
            Failure::Transport(e) => (Kind::Connection, describe(&e, self.timeout)),
        };
        Error {
            may_have_arrived: sent,
            nobody_there: kind == Kind::Connection && (timed_out || !sent),
            ..Error::new(kind, message)
        }
    }
}

fn agent_config(settings: &HttpSettings) -> ureq::config::Config {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        // A redirect is a response. Following it could carry the credential to another host.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        // `CommonHeaders` has what is to be sent.
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        // For the proxy, which sees no other header of ours.
        .user_agent(settings.user_agent.to_str().unwrap_or("axonpush-c"))
        .proxy(settings.proxy.as_ref().map(ureq_proxy))
        .max_idle_connections(MAX_IDLE)
        .max_idle_connections_per_host(MAX_IDLE)
        .max_idle_age(MAX_IDLE_AGE)
        .max_response_header_size(MAX_HEADERS)
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .build()
}

fn ureq_proxy(proxy: &Proxy) -> ureq::Proxy {
    let protocol = match proxy.tls {
        true => ureq::ProxyProtocol::Https,
        false => ureq::ProxyProtocol::Http,
    };
    let mut builder = ureq::Proxy::builder(protocol)
        .host(&proxy.host)
        .port(proxy.port);
    if let Some((user, password)) = &proxy.credentials {
        builder = builder.username(user);
        if let Some(password) = password {
            builder = builder.password(password);
        }
    }
    builder.build().expect("its parts were read from a URL")
}

enum Failure {
    Transport(ureq::Error),
    /// It came, but cannot be used.
    Response(String),
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::LargeResponseHeader(..) => Failure::Response(format!(
                "the head of the response is larger than {MAX_HEADERS} bytes"
            )),
            ureq::Error::Decompress(..) => {
                Failure::Response("the response cannot be decompressed".to_owned())
            }
            other => Failure::Transport(other),
        }
    }
}

fn read(response: http::Response<ureq::Body>) -> std::result::Result<HttpResponse, Failure> {
    let too_large = || {
        Failure::Response(format!(
            "the response is larger than {} MiB",
            MAX_BODY >> 20
        ))
    };
    let (parts, body) = response.into_parts();
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
    // A small response fits at once, and its end is seen without growing.
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
    Ok(HttpResponse {
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

/// The cause in words. ureq's strings name no header and no part of a URL but its host.
fn describe(error: &ureq::Error, timeout: Duration) -> String {
    match error {
        late if is_timeout(late) => format!(
            "no complete response in time (the timeout is {} ms, connecting may take {} ms of it)",
            timeout.as_millis(),
            CONNECT_LIMIT.as_millis()
        ),
        ureq::Error::Io(e) => match tls_error(e) {
            Some(cause) => format!("TLS failed: {cause}"),
            None => format!("connection failed: {e}"),
        },
        ureq::Error::HostNotFound => "connection failed: the host name has no address".to_owned(),
        ureq::Error::Protocol(e) => format!("the response is not HTTP: {e}"),
        other => format!("connection failed: {other}"),
    }
}

fn tls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
