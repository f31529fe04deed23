//! The credential that every request carries.

use http::{HeaderName, HeaderValue};

use super::headers::names;

/// Keys of this length and more are replaced wherever they stand.
const SHORTEST_SECRET: usize = 8;

/// An API key or a public ingest token. `Debug` does not show it.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// `None` where the text is not printable ASCII, which a header can always carry.
    pub fn new(text: String) -> Option<Self> {
        is_printable_ascii(&text).then_some(ApiKey(text))
    }

    /// The headers that carry it, by its prefix. An API key goes in two, with one value: the newest service
    /// reads the first and ignores the other, which older services and the OTLP endpoints read.
    pub fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let names: &[HeaderName] = if self.0.starts_with("pt_") {
            &[names::PUBLIC_TOKEN]
        } else {
            &[names::AXONPUSH_API_KEY, names::API_KEY]
        };
        let mut value = HeaderValue::from_str(&self.0).expect("printable ASCII");
        value.set_sensitive(true);
        names
            .iter()
            .map(|name| (name.clone(), value.clone()))
            .collect()
    }

    /// `text` without the key, should a server have echoed it.
    pub fn scrub(&self, text: &str) -> String {
        const REDACTED: &str = "[REDACTED]";
        if self.0.len() >= SHORTEST_SECRET {
            return text.replace(&self.0, REDACTED);
        }
        // A key such as "k", of a test, stands inside many words. It is replaced where it stands alone.
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for (at, found) in text.match_indices(&self.0) {
            let end = at + found.len();
            let before = text[..at].chars().next_back();
            let after = text[end..].chars().next();
            if ![before, after]
                .into_iter()
                .flatten()
                .any(char::is_alphanumeric)
            {
                out.push_str(&text[copied..at]);
                out.push_str(REDACTED);
                copied = end;
            }
        }
        out.push_str(&text[copied..]);
        out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_in_both_headers_and_a_public_token_in_its_own() {
        let names = |text: &str| {
            let headers = ApiKey::new(text.to_owned()).unwrap().headers();
            assert!(headers.iter().all(|(_, v)| v == text && v.is_sensitive()));
            headers
                .into_iter()
                .map(|(name, _)| name.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("ak_1"), ["x-axonpush-api-key", "x-api-key"]);
        assert_eq!(names("pt_1"), ["x-public-token"]);
        assert!(ApiKey::new("ak_\n".to_owned()).is_none());
    }

    #[test]
    fn the_key_is_removed_from_what_is_shown() {
        let key = ApiKey::new("ak_hidden".to_owned()).unwrap();
        assert_eq!(key.scrub("bad key ak_hidden!"), "bad key [REDACTED]!");
        assert_eq!(key.scrub("xak_hiddenx"), "x[REDACTED]x");
        assert!(!format!("{key:?}").contains("hidden"));
        let short = ApiKey::new("k".to_owned()).unwrap();
        assert_eq!(
            short.scrub("unknown key k, k"),
            "unknown key [REDACTED], [REDACTED]"
        );
    }
}
