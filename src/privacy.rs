//! What leaves the process: secrets and content are replaced before anything is sent or logged.
//!
//! The rules are WIRE.md's ("Privacy"), the same as the official SDKs'. They edit the caller's text
//! in one pass and copy what they do not touch byte for byte, so that numbers and member order reach
//! the service as they were written.

use crate::json::{self, Walker};

/// How much of a value under a content key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentCapture {
    /// Nothing: the value becomes `"[REDACTED]"`.
    MetadataOnly,
    /// The first 256 characters of each string.
    Redacted,
    /// All of it.
    Full,
}

/// The rules of one client.
#[derive(Debug, Clone)]
pub struct Rules {
    pub content: ContentCapture,
    /// Folded by [`fold`].
    redact_keys: Vec<String>,
    /// In Unicode scalar values.
    pub max_length: usize,
}

const PREVIEW_LENGTH: usize = 256;
const REDACTED: &[u8] = b"\"[REDACTED]\"";

/// Matched in any case.
const SECRET_KEYS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "password",
    "passwd",
    "secret",
    "client_secret",
];
/// Two words, with `_`, `-`, `.` or nothing between.
const SECRET_PAIRS: &[(&str, &[&str])] = &[
    ("api", &["key"]),
    ("access", &["token"]),
    ("refresh", &["token"]),
    ("private", &["key"]),
];
const CONTENT_KEYS: &[&str] = &[
    "prompt",
    "prompts",
    "message",
    "messages",
    "completion",
    "completions",
    "input",
    "output",
    "response",
];
const CONTENT_PAIRS: &[(&str, &[&str])] = &[
    ("tool", &["argument", "arguments", "result", "output"]),
    ("retrieval", &["document", "documents", "content"]),
];

/// The longest name in the tables above, in bytes: longer keys need no look at them.
const LONGEST_NAME: usize = "proxy-authorization".len();

impl Rules {
    pub fn new(content: ContentCapture, redact_keys: &[String], max_length: usize) -> Self {
        Rules {
            content,
            redact_keys: redact_keys.iter().map(|key| fold(key)).collect(),
            max_length,
        }
    }

    /// Appends `object`, a checked JSON object, to `out` as these rules leave it.
    pub fn apply(&self, object: &str, out: &mut Vec<u8>) {
        out.reserve(object.len());
        self.value(&mut Walker::new(object), false, out);
    }

    fn value(&self, walker: &mut Walker, in_content: bool, out: &mut Vec<u8>) {
        match walker.peek() {
            Some(b'{') => {
                walker.at += 1;
                out.push(b'{');
                while walker.peek() == Some(b'"') {
                    self.member(walker, in_content, out);
                    if walker.eat(b',') {
                        out.push(b',');
                    }
                }
                walker.eat(b'}');
                out.push(b'}');
            }
            Some(b'[') => {
                walker.at += 1;
                out.push(b'[');
                while !matches!(walker.peek(), Some(b']') | None) {
                    self.value(walker, in_content, out);
                    if walker.eat(b',') {
                        out.push(b',');
                    }
                }
                walker.eat(b']');
                out.push(b']');
            }
            Some(b'"') => self.string(walker.string(), in_content, out),
            Some(_) => out.extend_from_slice(walker.scalar().as_bytes()),
            None => {}
        }
    }

    fn member(&self, walker: &mut Walker, in_content: bool, out: &mut Vec<u8>) {
        let raw_key = walker.string();
        push_quoted(raw_key, "", out);
        walker.eat(b':');
        out.push(b':');
        let key = json::unescape(raw_key);
        let is_content = is_content(&key);
        if self.is_secret(&key) || (is_content && self.content == ContentCapture::MetadataOnly) {
            walker.skip();
            out.extend_from_slice(REDACTED);
        } else {
            let below = in_content || (is_content && self.content == ContentCapture::Redacted);
            self.value(walker, below, out);
        }
    }

    fn string(&self, raw: &str, in_content: bool, out: &mut Vec<u8>) {
        let (limit, mark) = if in_content && PREVIEW_LENGTH < self.max_length {
            (PREVIEW_LENGTH, "…[REDACTED_PREVIEW]")
        } else {
            (self.max_length, "…[TRUNCATED]")
        };
        // A character takes at least one byte, so that a short text needs no counting.
        if raw.len() > limit {
            let mut ends = json::characters(raw).map(|(_, end)| end);
            let end = limit.checked_sub(1).and_then(|last| ends.nth(last));
            if ends.next().is_some() {
                let end = end.unwrap_or(0);
                return push_quoted(&raw[..end], mark, out);
            }
        }
        push_quoted(raw, "", out);
    }

    fn is_secret(&self, key: &str) -> bool {
        named(key, SECRET_KEYS, SECRET_PAIRS)
            || (!self.redact_keys.is_empty() && self.redact_keys.contains(&fold(key)))
    }
}

fn is_content(key: &str) -> bool {
    named(key, CONTENT_KEYS, CONTENT_PAIRS)
}

fn push_quoted(raw: &str, mark: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(raw.as_bytes());
    out.extend_from_slice(mark.as_bytes());
    out.push(b'"');
}

/// Whether `key` is one of `words`, or a pair with a separator or nothing between, in any case.
fn named(key: &str, words: &[&str], pairs: &[(&str, &[&str])]) -> bool {
    let matched = |key: &str| {
        words.iter().any(|word| key.eq_ignore_ascii_case(word))
            || pairs.iter().any(|(first, seconds)| {
                let Some((head, tail)) = key.split_at_checked(first.len()) else {
                    return false;
                };
                let tail = tail.strip_prefix(['_', '-', '.']).unwrap_or(tail);
                head.eq_ignore_ascii_case(first)
                    && seconds
                        .iter()
                        .any(|second| tail.eq_ignore_ascii_case(second))
            })
    };
    // The official SDKs match with a case-insensitive Unicode regular expression ending in `$`: a
    // final newline and the four letters that fold to an ASCII one pass there, so they do here.
    let key = key.strip_suffix('\n').unwrap_or(key);
    if key.is_ascii() {
        return key.len() <= LONGEST_NAME && matched(key);
    }
    let folded = key
        .replace(['İ', 'ı'], "i")
        .replace('ſ', "s")
        .replace('\u{212a}', "k");
    folded.is_ascii() && matched(&folded)
}

/// A form that names differing only in case share. Upper case first: it unfolds what lower case
/// alone keeps apart (`ß` and `SS`).
fn fold(key: &str) -> String {
    key.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(rules: &Rules, text: &str) -> String {
        json::check(text).unwrap();
        let mut out = Vec::new();
        rules.apply(text, &mut out);
        let out = String::from_utf8(out).unwrap();
        json::check(&out).unwrap();
        out
    }

    fn rules(content: ContentCapture) -> Rules {
        Rules::new(content, &[], 4096)
    }

    #[test]
    fn secrets_go_in_every_mode_and_spelling() {
        for mode in [
            ContentCapture::MetadataOnly,
            ContentCapture::Redacted,
            ContentCapture::Full,
        ] {
            for key in [
                "authorization",
                "Proxy-Authorization",
                "COOKIE",
                "set-cookie",
                "password",
                "passwd",
                "secret",
                "client_secret",
                "api_key",
                "api-key",
                "api.key",
                "apiKey",
                "ACCESS_TOKEN",
                "refresh.token",
                "privatekey",
                "pass\\u0077ord",
                "paſſword",
                "\u{212a}ookie_".trim_end_matches("ookie_"),
            ] {
                if key == "\u{212a}" {
                    continue;
                }
                let text = format!(r#"{{"deep":[{{"{key}":{{"x":[1,"y"]}},"n":1}}]}}"#);
                let expected = format!(r#"{{"deep":[{{"{key}":"[REDACTED]","n":1}}]}}"#);
                assert_eq!(apply(&rules(mode), &text), expected, "{key}");
            }
            for key in [
                "client-secret",
                "api__key",
                "token",
                "my_password",
                "secrets",
                "set_cookie",
            ] {
                let text = format!(r#"{{"{key}":"v"}}"#);
                assert_eq!(apply(&rules(mode), &text), text, "{key}");
            }
        }
    }

    #[test]
    fn content_follows_the_mode() {
        let long = "é".repeat(300);
        let text = format!(
            r#"{{"messages":[{{"role":"user","content":"{long}"}}],"tool.result":7,"note":"{long}"}}"#
        );
        assert_eq!(
            apply(&rules(ContentCapture::MetadataOnly), &text),
            format!(r#"{{"messages":"[REDACTED]","tool.result":"[REDACTED]","note":"{long}"}}"#)
        );
        let preview = "é".repeat(256) + "…[REDACTED_PREVIEW]";
        assert_eq!(
            apply(&rules(ContentCapture::Redacted), &text),
            format!(
                r#"{{"messages":[{{"role":"user","content":"{preview}"}}],"tool.result":7,"note":"{long}"}}"#
            )
        );
        assert_eq!(apply(&rules(ContentCapture::Full), &text), text);
    }

    #[test]
    fn long_strings_are_cut_by_characters() {
        let short = Rules::new(ContentCapture::Full, &[], 3);
        assert_eq!(
            apply(&short, r#"{"a":"abc","b":"abcd"}"#),
            r#"{"a":"abc","b":"abc…[TRUNCATED]"}"#
        );
        // One character each: an escape, a surrogate pair, a four-byte character.
        assert_eq!(
            apply(
                &short,
                r#"{"a":"\n\ud83d\ude00😀","b":"\n\ud83d\ude00😀\u0041"}"#
            ),
            r#"{"a":"\n\ud83d\ude00😀","b":"\n\ud83d\ude00😀…[TRUNCATED]"}"#
        );
        let preview = Rules::new(ContentCapture::Redacted, &[], 3);
        assert_eq!(
            apply(&preview, r#"{"prompt":"abcd"}"#),
            r#"{"prompt":"abc…[TRUNCATED]"}"#
        );
        let at_256 = Rules::new(ContentCapture::Redacted, &[], 256);
        let long = "x".repeat(257);
        assert!(apply(&at_256, &format!(r#"{{"prompt":"{long}"}}"#)).contains("…[TRUNCATED]"));
    }

    #[test]
    fn redact_keys_match_in_any_case() {
        let rules = Rules::new(
            ContentCapture::Full,
            &["SSN".into(), "Straße".into(), "Имя".into()],
            4096,
        );
        assert_eq!(
            apply(&rules, r#"{"ssn":1,"STRASSE":2,"имя":3,"ssn2":4}"#),
            r#"{"ssn":"[REDACTED]","STRASSE":"[REDACTED]","имя":"[REDACTED]","ssn2":4}"#
        );
    }

    #[test]
    fn the_rest_is_kept_to_the_letter_but_for_white_space() {
        assert_eq!(
            apply(
                &rules(ContentCapture::Full),
                " { \"n\" : 123456789012345678901234567890.10e+5 , \"e\" : [ ] , \"o\":{} } "
            ),
            r#"{"n":123456789012345678901234567890.10e+5,"e":[],"o":{}}"#
        );
    }
}
