//! An event as a log record of OpenTelemetry's protocol, in JSON.
//!
//! A record is made of the event's own encoding, the JSON that `POST /event` takes: so the redaction rules, the ids and
//! what lies in the spool are the same whichever way an event leaves. Names and what a record cannot say are in
//! docs/wire.md, "Events as log records".
//!
//! Rejected: *protobuf*. Every receiver takes JSON, the texts in it (most of an event) are the same bytes in both, and
//! they are copied here without being read. *Members of the payload as attributes of their own*: they would have to
//! be told from ours, and could not be put together again. *A record from the caller's fields, without the JSON
//! between*: a second way to apply the redaction rules and to draw ids.

use std::time::{Duration, SystemTime};

use super::otlp_value;
use super::trace_context::hex_form;
use crate::json::{self, Cursor};

/// Where log records go, below the base URL of the service or of a Collector.
pub const PATH: &str = "/v1/logs";

/// Event types that have a name of their own; all others share [`FREE`].
const KNOWN_TYPES: &[&str] = &[
    "agent.start",
    "agent.end",
    "agent.message",
    "agent.tool_call.start",
    "agent.tool_call.end",
    "agent.error",
    "agent.handoff",
    "agent.llm.token",
    "agent.log",
    "app.log",
    "app.span",
    FREE,
];
const FREE: &str = "custom";

/// Severities of OpenTelemetry, for events that are no lines of a log.
const INFO: (u8, &str) = (9, "INFO");
const ERROR: (u8, &str) = (17, "ERROR");

/// What a request says before its first record and after its last one.
pub struct Envelope {
    head: Vec<u8>,
}

impl Envelope {
    pub const TAIL: &str = "]}]}]}";

    /// `resource`: the attributes of this process.
    pub fn new(resource: &[(String, String)], pid: u32) -> Self {
        let mut head = b"{\"resourceLogs\":[{\"resource\":{\"attributes\":[".to_vec();
        for (key, value) in resource {
            head.extend_from_slice(b"{\"key\":");
            json::write_string(&mut head, key);
            head.extend_from_slice(b",\"value\":");
            otlp_value::write_text(&mut head, value);
            head.extend_from_slice(b"},");
        }
        let rest = format!(
            "{{\"key\":\"process.pid\",\"value\":{{\"intValue\":\"{pid}\"}}}}]}},\
             \"scopeLogs\":[{{\"scope\":{{\"name\":\"axonpush\",\"version\":\"{}\"}},\"logRecords\":[",
            crate::VERSION
        );
        head.extend_from_slice(rest.as_bytes());
        Envelope { head }
    }

    pub fn head(&self) -> &[u8] {
        &self.head
    }
}

/// The members of an event's JSON: of strings the raw content, of objects the text.
#[derive(Default)]
pub struct Record<'e> {
    identifier: &'e str,
    event_type: Option<&'e str>,
    pub channel_id: Option<&'e str>,
    agent_id: Option<&'e str>,
    trace_id: Option<&'e str>,
    span_id: Option<&'e str>,
    parent_span_id: Option<&'e str>,
    dedup_key: &'e str,
    occurred_at: Option<&'e str>,
    payload: &'e str,
    metadata: Option<&'e str>,
}

impl<'e> Record<'e> {
    /// Of the body that [`super::encode::EventEncoder`] makes.
    pub fn read(event: &'e str) -> Self {
        let mut record = Record::default();
        let mut cursor = Cursor::new(event);
        cursor.eat(b'{');
        while cursor.peek() == Some(b'"') {
            let name = cursor.string();
            cursor.eat(b':');
            let value = match cursor.peek() {
                Some(b'"') => cursor.string(),
                _ => {
                    let start = cursor.at;
                    cursor.skip();
                    event.get(start..cursor.at).unwrap_or_default()
                }
            };
            match name {
                "identifier" => record.identifier = value,
                "payload" => record.payload = value,
                "metadata" => record.metadata = Some(value),
                "channel_id" => record.channel_id = Some(value),
                "eventType" => record.event_type = Some(value),
                "agentId" => record.agent_id = Some(value),
                "traceId" => record.trace_id = Some(value),
                "spanId" => record.span_id = Some(value),
                "parentSpanId" => record.parent_span_id = Some(value),
                "dedupKey" => record.dedup_key = value,
                "occurredAt" => record.occurred_at = Some(value),
                _ => {}
            }
            cursor.eat(b',');
        }
        record
    }

    /// Appends the log record. `in_trace`: the event names its trace; one that was drawn for it means nothing to
    /// anybody, so that its W3C form will do. `observed` is when the queue took the event.
    pub fn write(&self, out: &mut Vec<u8>, in_trace: bool, observed: SystemTime) {
        let occurred = self
            .occurred_at
            .and_then(|at| humantime::parse_rfc3339(at).ok());
        out.extend_from_slice(b"{\"timeUnixNano\":\"");
        push_nanos(out, occurred.unwrap_or(observed));
        out.extend_from_slice(b"\",\"observedTimeUnixNano\":\"");
        push_nanos(out, observed);
        self.push_severity(out);
        let known = self
            .event_type
            .is_none_or(|text| KNOWN_TYPES.contains(&text));
        let name = self.event_type.filter(|_| known).unwrap_or(FREE);
        out.extend_from_slice(b",\"eventName\":\"axonpush.");
        out.extend_from_slice(name.as_bytes());
        out.push(b'"');

        let trace = push_id::<32>(out, ",\"traceId\":\"", self.trace_id);
        let span = push_id::<16>(out, ",\"spanId\":\"", self.span_id);
        out.extend_from_slice(b",\"attributes\":[");
        for (key, value) in [
            ("axonpush.identifier", Some(self.identifier)),
            ("axonpush.event.type", self.event_type.filter(|_| !known)),
            ("axonpush.channel.id", self.channel_id),
            ("gen_ai.agent.id", self.agent_id),
            ("axonpush.trace.id", trace.filter(|_| in_trace)),
            ("axonpush.span.id", span),
            ("axonpush.parent_span.id", self.parent_span_id),
        ] {
            if let Some(value) = value {
                push_key(out, key);
                otlp_value::write_raw_text(out, value);
                out.extend_from_slice(b"},");
            }
        }
        for (key, object) in [
            ("axonpush.payload", Some(self.payload)),
            ("axonpush.metadata", self.metadata),
        ] {
            if let Some(object) = object {
                push_key(out, key);
                otlp_value::write(out, object);
                out.extend_from_slice(b"},");
            }
        }
        push_key(out, "log.record.uid");
        otlp_value::write_raw_text(out, self.dedup_key);
        out.extend_from_slice(b"}]}");
    }

    /// What a line of a log says of itself; what an event's type says of it otherwise.
    fn push_severity(&self, out: &mut Vec<u8>) {
        let line = match self.event_type {
            Some("app.log" | "agent.log") => LogLine::read(self.payload),
            _ => LogLine::default(),
        };
        let (number, text) = match self.event_type {
            Some("agent.error") => ERROR,
            _ => INFO,
        };
        let number = line.severity_number.unwrap_or(number);
        out.extend_from_slice(b"\",\"severityNumber\":");
        push_number(out, u64::from(number));
        out.extend_from_slice(b",\"severityText\":\"");
        out.extend_from_slice(line.severity_text.unwrap_or(text).as_bytes());
        out.push(b'"');
        if let Some(body) = line.body {
            out.extend_from_slice(b",\"body\":");
            otlp_value::write(out, body);
        }
    }
}

/// What of a log-shaped payload (docs/wire.md, "Log-shaped events") a record has a place for.
#[derive(Default)]
struct LogLine<'e> {
    severity_number: Option<u8>,
    /// Raw.
    severity_text: Option<&'e str>,
    body: Option<&'e str>,
}

impl<'e> LogLine<'e> {
    fn read(payload: &'e str) -> Self {
        let mut line = LogLine::default();
        let mut cursor = Cursor::new(payload);
        cursor.eat(b'{');
        while cursor.peek() == Some(b'"') {
            let name = cursor.string();
            cursor.eat(b':');
            let kind = cursor.peek();
            let start = cursor.at;
            cursor.skip();
            let value = payload.get(start..cursor.at).unwrap_or_default();
            match (name, kind) {
                ("severityNumber", _) => {
                    let number = value.parse().ok();
                    line.severity_number = number.filter(|n| (1..=24).contains(n));
                }
                ("severityText", Some(b'"')) => {
                    line.severity_text = Some(&value[1..value.len() - 1]);
                }
                ("body", _) => line.body = Some(value),
                _ => {}
            }
            cursor.eat(b',');
        }
        line
    }
}

/// Writes an id in its W3C form, where there is one; gives the id itself where that is another text.
fn push_id<'e, const N: usize>(
    out: &mut Vec<u8>,
    name: &str,
    raw: Option<&'e str>,
) -> Option<&'e str> {
    let raw = raw?;
    let form = hex_form::<N>(&json::unescape(raw));
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(form.as_bytes());
    out.push(b'"');
    (form != raw).then_some(raw)
}

fn push_key(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b"{\"key\":\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\",\"value\":");
}

fn push_nanos(out: &mut Vec<u8>, time: SystemTime) {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let nanos = since.unwrap_or(Duration::ZERO).as_nanos();
    push_number(out, u64::try_from(nanos).unwrap_or(u64::MAX));
}

fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn observed() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(1_774_000_000_123_456_789)
    }

    fn record(event: Value, in_trace: bool) -> Value {
        let event = event.to_string();
        let mut out = Vec::new();
        Record::read(&event).write(&mut out, in_trace, observed());
        serde_json::from_slice(&out).unwrap()
    }

    fn attribute(record: &Value, key: &str) -> Value {
        let attributes = record["attributes"].as_array().unwrap();
        let mut found = attributes.iter().filter(|a| a["key"] == key);
        let value = found.next().map_or(Value::Null, |a| a["value"].clone());
        assert!(found.next().is_none(), "{key} stands there twice");
        value
    }

    #[test]
    fn a_full_event_becomes_a_record_field_for_field() {
        let event = json!({
            "identifier": "a\"b\u{1}é", "payload": {"n": 1, "list": [null, 0.5]}, "metadata": {"m": true},
            "channel_id": "c", "eventType": "agent.end", "agentId": "agent",
            "traceId": "0AF76519-16CD-43DD-8448-EB211C80319C", "spanId": "b7ad6b7169203331",
            "parentSpanId": "parent", "dedupKey": "key-1", "occurredAt": "2026-11-24T05:57:22.123456789Z",
        });
        let text = |text: &str| json!({"stringValue": text});
        assert_eq!(
            record(event, true),
            json!({
                "timeUnixNano": "1795499842123456789",
                "observedTimeUnixNano": "1774000000123456789",
                "severityNumber": 9, "severityText": "INFO",
                "eventName": "axonpush.agent.end",
                "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331",
                "attributes": [
                    {"key": "axonpush.identifier", "value": text("a\"b\u{1}é")},
                    {"key": "axonpush.channel.id", "value": text("c")},
                    {"key": "gen_ai.agent.id", "value": text("agent")},
                    {"key": "axonpush.trace.id", "value": text("0AF76519-16CD-43DD-8448-EB211C80319C")},
                    {"key": "axonpush.parent_span.id", "value": text("parent")},
                    {"key": "axonpush.payload", "value": {"kvlistValue": {"values": [
                        {"key": "list", "value": {"arrayValue": {"values": [{}, {"doubleValue": 0.5}]}}},
                        {"key": "n", "value": {"intValue": "1"}},
                    ]}}},
                    {"key": "axonpush.metadata", "value": {"kvlistValue": {"values": [
                        {"key": "m", "value": {"boolValue": true}}]}}},
                    {"key": "log.record.uid", "value": text("key-1")},
                ],
            })
        );
    }

    #[test]
    fn an_event_without_extras_has_none() {
        let event = json!({
            "identifier": "i", "payload": {}, "traceId": "0af76519-16cd-43dd-8448-eb211c80319c",
            "spanId": "b7ad6b7169203331", "dedupKey": "d",
        });
        let record = record(event, false);
        assert_eq!(record["eventName"], "axonpush.custom");
        assert_eq!(record["timeUnixNano"], "1774000000123456789");
        let attributes = record["attributes"].as_array().unwrap();
        let keys: Vec<&Value> = attributes.iter().map(|a| &a["key"]).collect();
        assert_eq!(
            keys,
            ["axonpush.identifier", "axonpush.payload", "log.record.uid"],
            "nobody named the trace, so its dashes are nobody's"
        );
    }

    #[test]
    fn free_types_share_a_name_and_keep_their_text() {
        let event = |event_type: &str| json!({"identifier": "i", "payload": {}, "eventType": event_type, "dedupKey": "d"});
        let free = record(event("billing \"charge\""), false);
        assert_eq!(free["eventName"], "axonpush.custom");
        assert_eq!(
            attribute(&free, "axonpush.event.type")["stringValue"],
            "billing \"charge\""
        );
        for known in KNOWN_TYPES {
            let record = record(event(known), false);
            assert_eq!(record["eventName"], format!("axonpush.{known}"));
            assert_eq!(attribute(&record, "axonpush.event.type"), Value::Null);
        }
        assert_eq!(record(event("agent.error"), false)["severityNumber"], 17);
    }

    #[test]
    fn ids_in_another_form_are_hashed_and_kept() {
        let event = json!({"identifier": "i", "payload": {}, "traceId": "my-trace", "spanId": "s\n",
            "dedupKey": "d"});
        let record = record(event, true);
        assert_eq!(record["traceId"], "670c0f140bf357e6d99293ad6cf0d246");
        assert_eq!(record["spanId"].as_str().unwrap().len(), 16);
        assert_eq!(
            attribute(&record, "axonpush.trace.id")["stringValue"],
            "my-trace"
        );
        assert_eq!(attribute(&record, "axonpush.span.id")["stringValue"], "s\n");
    }

    #[test]
    fn a_line_of_a_log_says_its_severity_and_its_body() {
        let line = |payload: Value| {
            record(
                json!({"identifier": "log", "eventType": "app.log", "payload": payload, "dedupKey": "d"}),
                false,
            )
        };
        let warning = line(
            json!({"severityNumber": 13, "severityText": "WA\"RN", "body": "it \"broke\"",
            "attributes": {"body": 1}}),
        );
        assert_eq!(
            (&warning["severityNumber"], &warning["severityText"]),
            (&json!(13), &json!("WA\"RN"))
        );
        assert_eq!(warning["body"], json!({"stringValue": "it \"broke\""}));
        assert!(attribute(&warning, "axonpush.payload")["kvlistValue"].is_object());
        let odd = line(json!({"severityNumber": 99, "severityText": 5, "body": {"a": [1]}}));
        assert_eq!(
            (&odd["severityNumber"], &odd["severityText"]),
            (&json!(9), &json!("INFO"))
        );
        assert!(odd["body"]["kvlistValue"].is_object());
    }

    #[test]
    fn the_envelope_closes_what_it_opens() {
        let resource = [("service.name".to_owned(), "sh\"op".to_owned())];
        let envelope = Envelope::new(&resource, 42);
        let mut text = envelope.head().to_vec();
        text.extend_from_slice(b"{}");
        text.extend_from_slice(Envelope::TAIL.as_bytes());
        let request: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            request,
            json!({"resourceLogs": [{
                "resource": {"attributes": [
                    {"key": "service.name", "value": {"stringValue": "sh\"op"}},
                    {"key": "process.pid", "value": {"intValue": "42"}},
                ]},
                "scopeLogs": [{"scope": {"name": "axonpush", "version": crate::VERSION}, "logRecords": [{}]}],
            }]})
        );
    }
}
