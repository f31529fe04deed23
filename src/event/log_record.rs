//! Log-shaped events: an OpenTelemetry log record as the payload (docs/wire.md, "Log-shaped events").

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::Result;
use crate::json;
use crate::json::writer::Writer;

/// One line of an application's log.
#[derive(Debug, Default)]
pub struct LogRecord<'a> {
    pub body: &'a str,
    /// OpenTelemetry's: 1 (trace) to 24 (fatal).
    pub severity: u8,
    pub severity_text: Option<&'a str>,
    pub service_name: Option<&'a str>,
    /// A JSON object.
    pub attributes: Option<&'a str>,
    pub time_unix_nano: Option<u64>,
    pub file: Option<&'a str>,
    pub line: Option<u32>,
    pub function: Option<&'a str>,
}

impl LogRecord<'_> {
    pub fn payload(&self) -> Result<String> {
        let mut json = Writer::default();
        json.int(Some("severityNumber"), i64::from(self.severity));
        json.string(
            Some("severityText"),
            Some(self.severity_text.unwrap_or(severity_name(self.severity))),
        );
        json.string(Some("body"), Some(self.body));
        let time = self.time_unix_nano.map(u128::from).unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |t| t.as_nanos())
        });
        // A decimal string: JSON numbers lose the last digits of it in many readers.
        json.string(Some("timeUnixNano"), Some(&time.to_string()));
        json.begin(Some("attributes"), false);
        if let Some(attributes) = self.attributes {
            json.members_of(attributes);
        }
        // OpenTelemetry's names for the place in the source. What the attributes say of it stays.
        let has = |name| {
            let attributes = self.attributes.unwrap_or_default();
            json::kind_of_member(attributes, name).is_some()
        };
        for (name, value) in [
            ("code.file.path", self.file),
            ("code.function.name", self.function),
        ] {
            if let Some(value) = value.filter(|_| !has(name)) {
                json.string(Some(name), Some(value));
            }
        }
        if let Some(line) = self.line.filter(|_| !has("code.line.number")) {
            json.int(Some("code.line.number"), i64::from(line));
        }
        json.end();
        json.begin(Some("resource"), false);
        if let Some(name) = self.service_name {
            json.string(Some("service.name"), Some(name));
        }
        json.end();
        json.text()
    }
}

/// The short name of a severity number's range.
fn severity_name(number: u8) -> &'static str {
    match number {
        0..=4 => "TRACE",
        5..=8 => "DEBUG",
        9..=12 => "INFO",
        13..=16 => "WARN",
        17..=20 => "ERROR",
        _ => "FATAL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_payload_is_a_log_record() {
        let record = LogRecord {
            body: "it \"broke\"",
            severity: 17,
            service_name: Some("shop"),
            attributes: Some(r#" { "order" : 4711, "nested":{"a":[1]} } "#),
            time_unix_nano: Some(1_774_000_000_123_456_789),
            file: Some("a.c"),
            line: Some(7),
            function: Some("f"),
            ..LogRecord::default()
        };
        let payload: Value = serde_json::from_str(&record.payload().unwrap()).unwrap();
        assert_eq!(
            payload,
            json!({
                "severityNumber": 17, "severityText": "ERROR", "body": "it \"broke\"",
                "timeUnixNano": "1774000000123456789",
                "attributes": {"order": 4711, "nested": {"a": [1]}, "code.file.path": "a.c",
                    "code.function.name": "f", "code.line.number": 7},
                "resource": {"service.name": "shop"},
            })
        );
        let bare = LogRecord {
            body: "x",
            severity: 9,
            ..LogRecord::default()
        };
        let payload: Value = serde_json::from_str(&bare.payload().unwrap()).unwrap();
        assert_eq!(
            (&payload["severityText"], &payload["attributes"]),
            (&json!("INFO"), &json!({}))
        );
        assert!(
            payload["timeUnixNano"]
                .as_str()
                .is_some_and(|t| t.len() == 19)
        );
        let placed = LogRecord {
            attributes: Some(r#"{"code.file.path":"b.c","code.line.number":1}"#),
            ..record
        };
        let payload = placed.payload().unwrap();
        assert!(payload.contains(
            r#""attributes":{"code.file.path":"b.c","code.line.number":1,"code.function.name":"f"}"#
        ));
        let bad = LogRecord {
            attributes: Some("[1]"),
            ..bare
        };
        assert!(bad.payload().is_err());
    }
}
