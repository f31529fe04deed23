//! The credential that every request carries.

use http::{HeaderName, HeaderValue};

use super::headers::names;

/// An API key or a public ingest token. `Debug` does not show it.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// `None` where the text is not printable ASCII, which a header can always carry.
    pub fn new(text: String) -> Option<Self> {
        is_printable_ascii(&text).then_some(ApiKey(text))
    }

    /// The header that carries it, by its prefix.
    pub fn header(&self) -> (HeaderName, HeaderValue) {
        let name = if self.0.starts_with("pt_") {
            names::PUBLIC_TOKEN
        } else {
            names::API_KEY
        };
        let mut value = HeaderValue::from_str(&self.0).expect("printable ASCII");
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

pub fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|c| matches!(c, b' '..=b'~'))
}
