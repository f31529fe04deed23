//! One exchange on the calling thread: a request out, a response in, by one deadline.
//!
//! The only folder that names ureq. Whether a request is repeated is the caller's affair.

pub mod attempt;
mod failure;
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

use self::failure::MAX_HEADERS;
use self::tls_transport::TlsConnector;
use self::transport::{BUFFER, ConnectTimeout, ConnectionState, NoopResolver, TcpConnector};
use super::HttpSettings;
use super::failure::{Attempt, Failure, Peers};
use super::headers::names;
use super::network::Network;
use super::proxy::Proxy;
use super::request::Request;
use super::response::{HttpResponse, MAX_BODY};
use super::retry::retry_after;
use crate::error::{Error, Result};
use crate::log;
use crate::sys::cancel::CallScope;

/// Idle connections kept for synchronous callers and background workers together.
const MAX_IDLE: usize = 64;
/// Idle connections are not kept longer; servers and middleboxes drop them around here.
const MAX_IDLE_AGE: Duration = Duration::from_secs(60);

/// The connections of one client.
pub struct Http {
    agent: ureq::Agent,
    state: Arc<ConnectionState>,
    network: Arc<Network>,
}

impl Http {
    pub fn new(settings: &HttpSettings, network: Arc<Network>) -> Self {
        let state = Arc::new(ConnectionState::new(network.clone()));
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector(state.clone()))
                .chain(TlsConnector(network.clone()));
        let config = agent_config(settings);
        let agent = ureq::Agent::with_parts(config, ConnectTimeout(connector), NoopResolver);
        Http {
            agent,
            state,
            network,
        }
    }

    /// Interrupts every exchange and refuses new ones.
    pub fn close(&self) {
        self.state.closed.store(true, Ordering::Release);
        self.agent.clone().shutdown();
    }

    /// Sends `request` and reads the whole response, within the timeout and what bounds the call beside
    /// it. A response that is no success is an error that says what the service said.
    pub fn exchange(&self, request: &Request, scope: &CallScope) -> Result<HttpResponse> {
        let started = Instant::now();
        let deadline = scope.deadline_or(started + self.network.timeout);
        // A request that must not arrive twice goes over a connection that cannot be stale.
        let fresh_only = !request.repeatable;
        let attempt = |fresh_only| {
            let done = attempt::run(deadline, fresh_only, scope, || self.send(request));
            if done.1.heard {
                self.network.note_heard();
            }
            done
        };
        let (mut outcome, mut report) = attempt(fresh_only);
        if outcome.is_err() && report.stale && !fresh_only {
            (outcome, report) = attempt(true);
        }
        match outcome {
            Ok(response) if response.is_success() => {
                log::debug(|| {
                    let (method, uri) = (&request.method, &request.uri);
                    let ms = started.elapsed().as_millis();
                    format!("{method} {uri}: HTTP {} in {ms} ms", response.status)
                });
                Ok(response)
            }
            Ok(response) => Err(response.into_error(&self.network.secrets)),
            Err(_) if self.state.closed.load(Ordering::Acquire) => Err(Error {
                may_have_arrived: report.sent,
                ..Error::closed()
            }),
            Err(_) if scope.is_cancelled() => Err(Error {
                may_have_arrived: report.sent,
                ..Error::cancelled()
            }),
            Err(failure) => {
                let attempt = Attempt {
                    stage: report.stage,
                    sent: report.sent,
                    limit: deadline.saturating_duration_since(started),
                    heard: self.network.was_heard(),
                };
                let peers = Peers::new(&request.uri, self.network.proxy.as_ref());
                Err(peers.error(&failure, &attempt))
            }
        }
    }

    fn send(&self, request: &Request) -> std::result::Result<HttpResponse, Failure> {
        let mut outgoing = http::Request::new(());
        *outgoing.method_mut() = request.method.clone();
        *outgoing.uri_mut() = request.uri.clone();
        let headers = outgoing.headers_mut();
        headers.clone_from(self.network.headers.common(request));
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
