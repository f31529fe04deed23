//! One request out, one response in. Nothing here knows an endpoint of the service.

use std::time::Duration;

use http::HeaderValue;

pub mod blocking;
pub mod credential;
pub mod dns;
pub mod failure;
pub mod headers;
pub mod multiplex;
pub mod network;
pub mod proxy;
pub mod request;
pub mod response;
pub mod retry;
pub mod tls;
pub mod url;

use credential::ApiKey;
use proxy::Proxy;

/// Connecting (name, TCP, proxy, TLS) takes at most this much of an attempt.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Which version of HTTP background delivery speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpVersion {
    /// HTTP/2 where TLS agrees on it, else 1.1.
    #[default]
    Auto,
    Http1,
    /// Also on `http://`, by prior knowledge.
    Http2,
}

/// How requests are made: the part of a client's configuration that this room needs.
#[derive(Debug)]
pub struct HttpSettings {
    /// Without one, nothing can be sent to the service.
    pub api_key: Option<ApiKey>,
    pub tenant_id: Option<HeaderValue>,
    pub environment: Option<HeaderValue>,
    pub user_agent: HeaderValue,
    /// For one whole attempt.
    pub timeout: Duration,
    /// PEM text of the roots to trust in place of the platform's.
    pub ca_pem: Option<String>,
    pub proxy: Option<Proxy>,
    /// For background delivery. Calls on the caller's thread are one exchange at a time: HTTP/1.1.
    pub version: HttpVersion,
}
