//! The headers of requests.

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::HttpSettings;
use super::request::Request;

/// The names of our own headers, ready to use.
pub mod names {
    use http::HeaderName;

    pub const AXONPUSH_API_KEY: HeaderName = HeaderName::from_static("x-axonpush-api-key");
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

/// Why a text is no header value. The message goes behind the name of what was given.
#[derive(Debug, thiserror::Error)]
#[error("it has a control character, which no header can carry")]
pub struct NotAHeaderValue;

/// Any text without control characters is a header value.
pub fn header_value(text: &str) -> Result<HeaderValue, NotAHeaderValue> {
    match HeaderValue::from_bytes(text.as_bytes()) {
        Ok(value) if !text.contains('\t') => Ok(value),
        _ => Err(NotAHeaderValue),
    }
}

/// What every request of a client carries.
#[derive(Debug)]
pub struct CommonHeaders {
    with_body: HeaderMap,
    without_body: HeaderMap,
}

impl CommonHeaders {
    pub fn new(settings: &HttpSettings) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(api_key) = &settings.api_key {
            headers.extend(api_key.headers());
        }
        headers.insert(USER_AGENT, settings.user_agent.clone());
        if let Some(tenant) = &settings.tenant_id {
            headers.insert(names::TENANT_ID, tenant.clone());
        }
        if let Some(environment) = &settings.environment {
            headers.insert(names::ENVIRONMENT, environment.clone());
        }
        Self::with(headers)
    }

    /// For a host that is not the service: what the caller chose, and no credential of the service's.
    pub fn foreign(user_agent: &HeaderValue, chosen: &[(HeaderName, HeaderValue)]) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, user_agent.clone());
        headers.extend(chosen.iter().cloned());
        Self::with(headers)
    }

    fn with(mut headers: HeaderMap) -> Self {
        let mut with_body = headers.clone();
        with_body.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // The response to a request without a body may be long.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        CommonHeaders {
            with_body,
            without_body: headers,
        }
    }

    /// What all requests with a body carry, or all without.
    pub fn common(&self, request: &Request) -> &HeaderMap {
        match request.body {
            Some(_) => &self.with_body,
            None => &self.without_body,
        }
    }

    /// Every header of a request.
    pub fn of<'a>(
        &'a self,
        request: &'a Request,
    ) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
        let own = request.headers.iter().map(|(name, value)| (name, value));
        self.common(request).iter().chain(own)
    }

    pub fn user_agent(&self) -> &str {
        let value = self.with_body.get(USER_AGENT);
        value.and_then(|v| v.to_str().ok()).unwrap_or("axonpush-c")
    }
}
