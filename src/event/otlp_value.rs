//! JSON as OpenTelemetry's `AnyValue`.
//!
//! What `AnyValue` cannot say: an integer beyond 64 bits is a double, a number beyond a double is text, and what is
//! nested deeper than [`DEEPEST`] is JSON text. docs/wire.md, "Events as log records", has the list.

use crate::json::{self, Cursor};

/// So many levels of objects and lists are written as such. Each level takes four in OTLP's JSON and three messages
/// in protobuf, and receivers read no more than 128 of the ones (serde_json) and 100 of the others (protobuf's own
/// libraries): one event nested deeper would get its whole batch refused.
const DEEPEST: usize = 20;

/// Appends a checked JSON value as an `AnyValue`.
pub fn write(out: &mut Vec<u8>, json: &str) {
    let cursor = Cursor::new(json);
    Converter {
        text: json,
        cursor,
        out,
    }
    .value(0);
}

/// Appends text as an `AnyValue`.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b"{\"stringValue\":");
    json::write_string(out, text);
    out.push(b'}');
}

/// Appends the raw content of a JSON string as an `AnyValue`.
pub fn write_raw_text(out: &mut Vec<u8>, raw: &str) {
    out.extend_from_slice(b"{\"stringValue\":\"");
    out.extend_from_slice(raw.as_bytes());
    out.extend_from_slice(b"\"}");
}

struct Converter<'t, 'o> {
    text: &'t str,
    cursor: Cursor<'t>,
    out: &'o mut Vec<u8>,
}

impl Converter<'_, '_> {
    fn value(&mut self, depth: usize) {
        match self.cursor.peek() {
            Some(b'{' | b'[') if depth >= DEEPEST => self.as_text(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => write_raw_text(self.out, self.cursor.string()),
            _ => {
                let scalar = self.cursor.scalar();
                self.scalar(scalar);
            }
        }
    }

    fn object(&mut self, depth: usize) {
        self.out
            .extend_from_slice(b"{\"kvlistValue\":{\"values\":[");
        self.cursor.eat(b'{');
        let mut first = true;
        while self.cursor.peek() == Some(b'"') {
            let separator: &[u8] = if std::mem::take(&mut first) {
                b""
            } else {
                b","
            };
            self.out.extend_from_slice(separator);
            self.out.extend_from_slice(b"{\"key\":\"");
            self.out.extend_from_slice(self.cursor.string().as_bytes());
            self.out.extend_from_slice(b"\",\"value\":");
            self.cursor.eat(b':');
            self.value(depth + 1);
            self.out.push(b'}');
            self.cursor.eat(b',');
        }
        self.cursor.eat(b'}');
        self.out.extend_from_slice(b"]}}");
    }

    fn list(&mut self, depth: usize) {
        self.out.extend_from_slice(b"{\"arrayValue\":{\"values\":[");
        self.cursor.eat(b'[');
        let mut first = true;
        while !matches!(self.cursor.peek(), Some(b']') | None) {
            let separator: &[u8] = if std::mem::take(&mut first) {
                b""
            } else {
                b","
            };
            self.out.extend_from_slice(separator);
            self.value(depth + 1);
            self.cursor.eat(b',');
        }
        self.cursor.eat(b']');
        self.out.extend_from_slice(b"]}}");
    }

    fn as_text(&mut self) {
        let start = self.cursor.at;
        self.cursor.skip();
        let text = self.text.get(start..self.cursor.at).unwrap_or_default();
        write_text(self.out, text);
    }

    fn scalar(&mut self, scalar: &str) {
        let (before, after): (&[u8], &[u8]) = match scalar {
            // A value that is not set.
            "null" => return self.out.extend_from_slice(b"{}"),
            "true" | "false" => (b"{\"boolValue\":", b"}"),
            // 64-bit integers are strings in protobuf's JSON. The sign of a zero is a double's.
            _ if scalar != "-0" && scalar.parse::<i64>().is_ok() => (b"{\"intValue\":\"", b"\"}"),
            _ if scalar.parse().is_ok_and(f64::is_finite) => (b"{\"doubleValue\":", b"}"),
            _ => (b"{\"stringValue\":\"", b"\"}"),
        };
        self.out.extend_from_slice(before);
        self.out.extend_from_slice(scalar.as_bytes());
        self.out.extend_from_slice(after);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn converted(json: &str) -> Value {
        let mut out = Vec::new();
        write(&mut out, json);
        serde_json::from_slice(&out).unwrap_or_else(|e| panic!("{json}: {e}"))
    }

    #[test]
    fn every_kind_of_value_has_its_own_member() {
        for (json, value) in [
            (r#""é\n\u00e9""#, json!({"stringValue": "é\né"})),
            (r#""""#, json!({"stringValue": ""})),
            ("true", json!({"boolValue": true})),
            ("false", json!({"boolValue": false})),
            ("null", json!({})),
            ("0", json!({"intValue": "0"})),
            (
                "-9223372036854775808",
                json!({"intValue": "-9223372036854775808"}),
            ),
            (
                "9223372036854775808",
                json!({"doubleValue": 9_223_372_036_854_775_808_u64}),
            ),
            ("1.5", json!({"doubleValue": 1.5})),
            ("1e3", json!({"doubleValue": 1000.0})),
            ("-0", json!({"doubleValue": -0.0})),
            ("1e999", json!({"stringValue": "1e999"})),
            ("{}", json!({"kvlistValue": {"values": []}})),
            ("[]", json!({"arrayValue": {"values": []}})),
            (
                r#" [ 1 , "a" , null , { } ] "#,
                json!({"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "a"}, {},
                    {"kvlistValue": {"values": []}}]}}),
            ),
            (
                r#" { "a\"b" : [ ] , "" : 2 } "#,
                json!({"kvlistValue": {"values": [
                    {"key": "a\"b", "value": {"arrayValue": {"values": []}}},
                    {"key": "", "value": {"intValue": "2"}}]}}),
            ),
        ] {
            assert_eq!(converted(json), value, "{json}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_text() {
        let deep = "[".repeat(DEEPEST) + "[1,{\"a\":2}]" + &"]".repeat(DEEPEST);
        let mut value = &converted(&deep);
        for _ in 0..DEEPEST {
            value = &value["arrayValue"]["values"][0];
        }
        assert_eq!(value["stringValue"], "[1,{\"a\":2}]");
        let deepest = "[".repeat(127) + &"]".repeat(127);
        converted(&deepest);
    }
}
