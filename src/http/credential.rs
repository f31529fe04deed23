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
}

/// What must never be shown: the credentials that are sent to one host. `Debug` does not show them.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    pub fn of_key(key: Option<&ApiKey>) -> Self {
        Secrets(key.map(|key| key.0.clone()).into_iter().collect())
    }

    /// Of headers that the caller chose: any of them may hold a credential, such as `Bearer <token>`.
    pub fn of_headers(headers: &[(HeaderName, HeaderValue)]) -> Self {
        let values = headers.iter().filter_map(|(_, value)| value.to_str().ok());
        let parts = values.flat_map(|value| {
            let words = value.split_whitespace();
            words
                .filter(|word| word.len() >= SHORTEST_SECRET)
                .chain([value])
        });
        Secrets(parts.map(str::to_owned).collect())
    }

    /// `text` without the secrets, should a server have echoed one.
    pub fn scrub(&self, text: &str) -> String {
        let text = text.to_owned();
        self.0
            .iter()
            .fold(text, |text, secret| scrub(secret, &text))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets([REDACTED])")
    }
}

fn scrub(secret: &str, text: &str) -> String {
    const REDACTED: &str = "[REDACTED]";
    if secret.is_empty() {
        return text.to_owned();
    }
    if secret.len() >= SHORTEST_SECRET {
        return text.replace(secret, REDACTED);
    }
    // A key such as "k", of a test, stands inside many words. It is replaced where it stands alone.
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, found) in text.match_indices(secret) {
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
        let secrets = Secrets::of_key(Some(&key));
        assert_eq!(secrets.scrub("bad key ak_hidden!"), "bad key [REDACTED]!");
        assert_eq!(secrets.scrub("xak_hiddenx"), "x[REDACTED]x");
        assert!(!format!("{key:?} {secrets:?}").contains("hidden"));
        let short = ApiKey::new("k".to_owned());
        let short = Secrets::of_key(short.as_ref());
        assert_eq!(
            short.scrub("unknown key k, k"),
            "unknown key [REDACTED], [REDACTED]"
        );
    }

    #[test]
    fn a_header_is_removed_whole_and_by_its_words() {
        let value = HeaderValue::from_static("Bearer abcdefgh");
        let secrets = Secrets::of_headers(&[(http::header::AUTHORIZATION, value)]);
        assert_eq!(
            secrets.scrub("Bearer abcdefgh, or abcdefgh: Bearer"),
            "Bearer [REDACTED], or [REDACTED]: Bearer"
        );
        assert_eq!(Secrets::default().scrub("as it is"), "as it is");
    }
}
