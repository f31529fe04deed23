//! The redaction rules hold for log records as they hold for `POST /event`: the same rows of the table of cases.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::Event;
use super::encode::{EventDefaults, EventEncoder};
use super::otlp::Record;
use super::redaction::{ContentCapture, RedactionRules};

const ROWS: &str = include_str!("../../tests/conformance/redaction.json");

/// An `AnyValue` as the JSON that it was made of.
fn json(any_value: &Value) -> Value {
    let members = any_value.as_object().unwrap();
    let Some((kind, inner)) = members.iter().next() else {
        return Value::Null;
    };
    match kind.as_str() {
        "intValue" => inner.as_str().unwrap().parse::<i64>().unwrap().into(),
        "arrayValue" => inner["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(json)
            .collect(),
        "kvlistValue" => {
            let pairs = inner["values"].as_array().unwrap().iter();
            let pairs = pairs.map(|pair| {
                let key = pair["key"].as_str().unwrap().to_owned();
                (key, json(&pair["value"]))
            });
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        _ => inner.clone(),
    }
}

fn rules(options: &Value) -> RedactionRules {
    let content = match options["content_capture"].as_str() {
        Some("full") => ContentCapture::Full,
        Some("redacted") => ContentCapture::Redacted,
        Some("metadata_only") | None => ContentCapture::MetadataOnly,
        Some(other) => panic!("what is {other}?"),
    };
    let keys = options["redact_keys"].as_str().unwrap_or_default();
    let keys: Vec<String> = keys.split(',').map(|key| key.trim().to_owned()).collect();
    let length = options["max_content_length"].as_u64().unwrap_or(4096);
    RedactionRules::new(content, &keys, length as usize)
}

/// The text of a document in a row.
fn document(event: &Value, name: &str) -> Option<String> {
    let given = event.get(name).map(Value::to_string);
    let text = event.get(format!("{name}_text"));
    given.or_else(|| text.map(|text| text.as_str().unwrap().to_owned()))
}

#[test]
fn the_redaction_rows_hold_for_log_records() {
    let rows: Vec<Value> = serde_json::from_str(ROWS).unwrap();
    let mut compared = 0;
    for row in &rows {
        let name = &row["name"];
        let call = &row["call"];
        let event = call.get("publish").or_else(|| call.get("publish_async"));
        let Some(event) = event else { continue };
        let (Some(payload), metadata) = (document(event, "payload"), document(event, "metadata"))
        else {
            panic!("{name}: no payload");
        };
        let defaults = EventDefaults {
            channel_id: None,
            redaction: rules(&row["options"]),
        };
        let encoder = EventEncoder::new("http://h", defaults).unwrap();
        let given = Event {
            identifier: "step",
            payload: &payload,
            metadata: metadata.as_deref(),
            ..Event::default()
        };
        let request = encoder.encode(&given, None).unwrap();
        let body = String::from_utf8(request.body.unwrap()).unwrap();
        let mut out = Vec::new();
        Record::read(&body).write(&mut out, false, SystemTime::now());
        let record: Value = serde_json::from_slice(&out).unwrap();
        let attributes = record["attributes"].as_array().unwrap();
        for (pointer, check) in row["seen"]["body"].as_object().into_iter().flatten() {
            let (member, rest) = match pointer[1..].split_once('/') {
                Some((member, rest)) => (member, format!("/{rest}")),
                None => (&pointer[1..], String::new()),
            };
            let key = format!("axonpush.{member}");
            let attribute = attributes.iter().find(|a| a["key"] == *key);
            let value = attribute.map_or(Value::Null, |a| json(&a["value"]));
            let expected = check.get("is").unwrap_or(check);
            assert_eq!(value.pointer(&rest), Some(expected), "{name}: {pointer}");
            compared += 1;
        }
    }
    assert!(
        compared >= rows.len(),
        "{compared} comparisons of {} rows",
        rows.len()
    );
}
