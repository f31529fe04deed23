//! What both transports of a client share: the one on the callers' threads ([`super::blocking`]) and the
//! one of background delivery ([`super::multiplex`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::credential::Secrets;
use super::headers::CommonHeaders;
use super::proxy::Proxy;
use super::tls::Tls;
use super::{HttpSettings, HttpVersion, dns};

#[derive(Debug)]
pub struct Network {
    pub tls: Tls,
    pub addresses: Arc<dns::Cache>,
    pub headers: CommonHeaders,
    /// To be removed from what the host says.
    pub secrets: Secrets,
    /// For one whole attempt.
    pub timeout: Duration,
    pub proxy: Option<Proxy>,
    pub version: HttpVersion,
    opened: AtomicU64,
    heard: AtomicBool,
}

impl Network {
    /// For the service.
    pub fn new(settings: &HttpSettings) -> Self {
        let headers = CommonHeaders::new(settings);
        let secrets = Secrets::of_key(settings.api_key.as_ref());
        Self::with(settings, headers, secrets, settings.proxy.clone())
    }

    /// For another host, which gets the headers that the caller chose, and nothing of the service's.
    pub fn foreign(
        settings: &HttpSettings,
        chosen: &[(HeaderName, HeaderValue)],
        proxy: Option<Proxy>,
    ) -> Self {
        let headers = CommonHeaders::foreign(&settings.user_agent, chosen);
        Self::with(settings, headers, Secrets::of_headers(chosen), proxy)
    }

    fn with(
        settings: &HttpSettings,
        headers: CommonHeaders,
        secrets: Secrets,
        proxy: Option<Proxy>,
    ) -> Self {
        Network {
            tls: Tls::new(settings.ca_pem.clone()),
            addresses: Arc::default(),
            headers,
            secrets,
            timeout: settings.timeout,
            proxy,
            version: settings.version,
            opened: AtomicU64::default(),
            heard: AtomicBool::default(),
        }
    }

    /// How many connections were opened so far.
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    pub fn note_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the service ever responded with anything, if only a byte.
    pub fn was_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    pub fn note_heard(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }
}
