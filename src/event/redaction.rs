//! What leaves the process: secrets and content are replaced before anything is sent or logged.
//!
//! The redaction rules are those of docs/wire.md ("Redaction"), the same as the official SDKs'. They edit the caller's text
//! in one pass and copy what they do not touch byte for byte, so that numbers and member order reach
//! the service as they were written.

use super::redaction_names::{Class, class_of};
use crate::json::{self, Cursor};

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
pub struct RedactionRules {
    pub content: ContentCapture,
    /// Folded by [`fold`].
    redact_keys: Vec<String>,
    /// In Unicode scalar values.
    pub max_length: usize,
}

const PREVIEW_LENGTH: usize = 256;

/// What is to be done with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Keep it, but cut strings that are too long.
    Keep,
    /// Keep it, but cut every string below it to a preview.
    Preview,
    /// Replace it.
    Redact,
}

impl RedactionRules {
    pub fn new(content: ContentCapture, redact_keys: &[String], max_length: usize) -> Self {
        RedactionRules {
            content,
            redact_keys: redact_keys.iter().map(|key| fold(key)).collect(),
            max_length,
        }
    }

    /// Appends `object`, a checked JSON object, to `out` as these rules leave it.
    pub fn apply(&self, object: &str, out: &mut Vec<u8>) {
        let mut redactor = Redactor {
            rules: self,
            cursor: Cursor::new(object),
            text: object,
            copied: 0,
            out,
        };
        redactor.value(Action::Keep);
        redactor.copy_up_to(object.len());
    }

    /// What is to be done with the value under a name, which may have escapes in it.
    fn action_for(&self, raw_key: &str, value_is_string: bool) -> Action {
        let key = json::unescape(raw_key);
        let class = match class_of(&key) {
            Class::ContentIfString if value_is_string => Class::Content,
            class => class,
        };
        if class == Class::Secret
            || !self.redact_keys.is_empty() && self.redact_keys.contains(&fold(&key))
        {
            return Action::Redact;
        }
        match (class, self.content) {
            (Class::Content, ContentCapture::MetadataOnly) => Action::Redact,
            (Class::Content, ContentCapture::Redacted) => Action::Preview,
            _ => Action::Keep,
        }
    }
}

/// One pass over a text, which copies all but what it replaces.
struct Redactor<'t, 'o> {
    rules: &'t RedactionRules,
    cursor: Cursor<'t>,
    text: &'t str,
    /// The text up to here is in `out`, edited.
    copied: usize,
    out: &'o mut Vec<u8>,
}

impl Redactor<'_, '_> {
    fn value(&mut self, action: Action) {
        match self.cursor.peek() {
            Some(b'{') => {
                self.cursor.at += 1;
                while self.cursor.peek() == Some(b'"') {
                    self.member(action);
                    self.cursor.eat(b',');
                }
                self.cursor.eat(b'}');
            }
            Some(b'[') => {
                self.cursor.at += 1;
                while !matches!(self.cursor.peek(), Some(b']') | None) {
                    self.value(action);
                    self.cursor.eat(b',');
                }
                self.cursor.eat(b']');
            }
            Some(b'"') => self.string(action),
            Some(_) => {
                self.cursor.scalar();
            }
            None => {}
        }
    }

    fn member(&mut self, outer: Action) {
        let key = self.cursor.string();
        self.cursor.eat(b':');
        let value_is_string = self.cursor.peek() == Some(b'"');
        match self.rules.action_for(key, value_is_string) {
            Action::Redact => {
                self.copy_up_to(self.cursor.at);
                self.cursor.skip();
                self.replace(b"\"[REDACTED]\"");
            }
            Action::Preview => self.value(Action::Preview),
            Action::Keep => self.value(outer),
        }
    }

    fn string(&mut self, action: Action) {
        let start = self.cursor.at + 1;
        let raw = self.cursor.string();
        let (limit, mark) = if action == Action::Preview && PREVIEW_LENGTH < self.rules.max_length {
            (PREVIEW_LENGTH, "…[REDACTED_PREVIEW]\"")
        } else {
            (self.rules.max_length, "…[TRUNCATED]\"")
        };
        // A character takes at least one byte, so that a short text needs no counting.
        if raw.len() > limit {
            let mut ends = json::cursor::characters(raw).map(|(_, end)| end);
            let end = limit.checked_sub(1).and_then(|last| ends.nth(last));
            if ends.next().is_some() {
                self.copy_up_to(start + end.unwrap_or(0));
                self.replace(mark.as_bytes());
            }
        }
    }

    fn copy_up_to(&mut self, end: usize) {
        let text = self.text.as_bytes().get(self.copied..end);
        self.out.extend_from_slice(text.unwrap_or_default());
        self.copied = end;
    }

    /// Puts `text` in place of what was read since the last copy.
    fn replace(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
        self.copied = self.cursor.at;
    }
}

/// A form that names differing only in case share. Upper case first: it unfolds what lower case
/// alone keeps apart (`ß` and `SS`).
fn fold(key: &str) -> String {
    key.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(rules: &RedactionRules, text: &str) -> String {
        json::check(text).unwrap();
        let mut out = Vec::new();
        rules.apply(text, &mut out);
        let out = String::from_utf8(out).unwrap();
        json::check(&out).unwrap();
        out
    }

    fn rules(content: ContentCapture) -> RedactionRules {
        RedactionRules::new(content, &[], 4096)
    }

    #[test]
    fn secrets_go_in_every_mode_and_spelling() {
        for mode in [
            ContentCapture::MetadataOnly,
            ContentCapture::Redacted,
            ContentCapture::Full,
        ] {
            for key in [
                "api_key",
                "dbPassword",
                "pass\\u0077ord",
                "paſſword",
                "secret\\n",
            ] {
                let text = format!(r#"{{"deep":[{{"{key}":{{"x":[1,"y"]}},"n":1}}]}}"#);
                let expected = format!(r#"{{"deep":[{{"{key}":"[REDACTED]","n":1}}]}}"#);
                assert_eq!(apply(&rules(mode), &text), expected, "{key}");
            }
            for key in ["secrets", "primary_key", "next"] {
                let text = format!(r#"{{"{key}":"v"}}"#);
                assert_eq!(apply(&rules(mode), &text), text, "{key}");
            }
        }
    }

    #[test]
    fn a_token_is_content_and_a_count_of_tokens_is_not() {
        assert_eq!(
            apply(
                &rules(ContentCapture::MetadataOnly),
                r#"{"token":"Hello","a":{"token": 7}}"#
            ),
            r#"{"token":"[REDACTED]","a":{"token": 7}}"#
        );
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
        let short = RedactionRules::new(ContentCapture::Full, &[], 3);
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
        let preview = RedactionRules::new(ContentCapture::Redacted, &[], 3);
        assert_eq!(
            apply(&preview, r#"{"prompt":"abcd"}"#),
            r#"{"prompt":"abc…[TRUNCATED]"}"#
        );
        let at_256 = RedactionRules::new(ContentCapture::Redacted, &[], 256);
        let long = "x".repeat(257);
        assert!(apply(&at_256, &format!(r#"{{"prompt":"{long}"}}"#)).contains("…[TRUNCATED]"));
    }

    #[test]
    fn redact_keys_match_in_any_case() {
        let rules = RedactionRules::new(
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
    fn the_rest_is_kept_to_the_letter() {
        assert_eq!(
            apply(
                &rules(ContentCapture::Full),
                r#" { "n" : 123456789012345678901234567890.10e+5 , "password" : [1] , "e" : [ ] } "#
            ),
            r#" { "n" : 123456789012345678901234567890.10e+5 , "password" : "[REDACTED]" , "e" : [ ] } "#
        );
    }
}
