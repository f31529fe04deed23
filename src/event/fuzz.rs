//! What a fuzzer feeds the redaction rules (tests/fuzz).

use super::redaction::{ContentCapture, RedactionRules};
use crate::json::{Cursor, check};

/// Whatever JSON object is redacted stays one, and no secret is left in it.
pub fn redaction(bytes: &[u8]) {
    let Some((&options, bytes)) = bytes.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if check(text).is_err() || Cursor::new(text).peek() != Some(b'{') {
        return;
    }
    let content = match options % 3 {
        0 => ContentCapture::MetadataOnly,
        1 => ContentCapture::Redacted,
        _ => ContentCapture::Full,
    };
    let rules = RedactionRules::new(content, &["mine".to_owned()], usize::from(options / 3));
    let mut out = Vec::new();
    rules.apply(text, &mut out);
    let out = String::from_utf8(out).expect("UTF-8");
    assert_eq!(check(&out), Ok(()), "{out}");
    let value: serde_json::Value = match serde_json::from_str(&out) {
        Ok(value) => value,
        // A number out of its range.
        Err(_) => return,
    };
    assert_secrets_are_gone(&value);
}

fn assert_secrets_are_gone(value: &serde_json::Value) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "password" | "mine" | "api_key" => assert_eq!(value, "[REDACTED]"),
                    _ => assert_secrets_are_gone(value),
                }
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(assert_secrets_are_gone),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_the_fuzzer_found_is_redacted() {
        crate::sys::testing::replay("redaction", super::redaction);
    }
}
