//! An event, from the caller's fields to the one JSON body that every attempt sends.
//!
//! Two steps, so that background publishing can split them between threads: [`Event::check`] refuses
//! what cannot be sent, and [`Event::prepare`] applies the privacy rules, draws the ids the caller
//! did not give and writes the body.

pub mod ids;
pub mod log_record;
pub mod redaction;
pub mod timestamp;
pub mod trace_context;

use std::borrow::Cow;
use std::time::SystemTime;

use ureq::http::{HeaderName, HeaderValue, Method, Uri};

use self::ids::EventIds;
use self::timestamp as time;
use self::trace_context::{self as trace, Trace};
use crate::client::config::{Config, header_value};
use crate::error::{Error, Result};
use crate::http::blocking::{Request, names};
use crate::json;

/// The longest payload, and the longest metadata, in bytes.
pub const MAX_DOCUMENT: usize = 16 << 20;
/// The longest of the other fields, in bytes.
const MAX_FIELD: usize = 4096;
/// WIRE.md: a dedup key has 1–255 printable ASCII characters.
const MAX_DEDUP_KEY: usize = 255;

/// What the caller gives. Empty strings count as absent.
#[derive(Debug, Default, Clone)]
pub struct Event<'a> {
    pub identifier: &'a str,
    /// A JSON object.
    pub payload: &'a str,
    pub channel_id: Option<&'a str>,
    pub event_type: Option<&'a str>,
    pub agent_id: Option<&'a str>,
    pub trace_id: Option<&'a str>,
    pub span_id: Option<&'a str>,
    pub parent_span_id: Option<&'a str>,
    pub dedup_key: Option<&'a str>,
    pub occurred_at: Option<&'a str>,
    /// A JSON object.
    pub metadata: Option<&'a str>,
}

/// An event that a queue keeps: all texts in one allocation.
#[derive(Debug, Default)]
pub struct StoredEvent {
    text: Box<str>,
    /// Where each field ends, in the order of [`Event::fields`]; [`ABSENT`] for one that is not there.
    ends: [u32; FIELDS],
}

const FIELDS: usize = 11;
const ABSENT: u32 = u32::MAX;

impl StoredEvent {
    /// Copies a checked event, whose bounds make the sum of its lengths fit.
    pub fn new(event: &Event) -> Self {
        let fields = event.fields();
        let length = fields.iter().flatten().map(|field| field.len()).sum();
        let mut text = String::with_capacity(length);
        let mut ends = [ABSENT; FIELDS];
        for (end, field) in ends.iter_mut().zip(fields) {
            if let Some(field) = field {
                text.push_str(field);
                *end = text.len() as u32;
            }
        }
        StoredEvent {
            text: text.into_boxed_str(),
            ends,
        }
    }

    pub fn bytes(&self) -> u64 {
        self.text.len() as u64
    }

    pub fn event(&self) -> Event<'_> {
        let mut start = 0;
        let mut fields = [None; FIELDS];
        for (field, &end) in fields.iter_mut().zip(&self.ends) {
            if end != ABSENT {
                *field = Some(&self.text[start..end as usize]);
                start = end as usize;
            }
        }
        Event::from_fields(fields)
    }
}

/// An event as it goes over the wire, the same on every attempt.
#[derive(Debug)]
pub struct Prepared {
    pub body: Vec<u8>,
    pub dedup_key: HeaderValue,
    pub trace: Option<TraceHeaders>,
}

/// Sent when the event names a trace.
#[derive(Debug)]
pub struct TraceHeaders {
    pub trace_id: HeaderValue,
    pub span_id: HeaderValue,
    pub traceparent: HeaderValue,
}

impl<'a> Event<'a> {
    fn fields(&self) -> [Option<&'a str>; FIELDS] {
        [
            Some(self.identifier),
            Some(self.payload),
            self.channel_id,
            self.event_type,
            self.agent_id,
            self.trace_id,
            self.span_id,
            self.parent_span_id,
            self.dedup_key,
            self.occurred_at,
            self.metadata,
        ]
    }

    fn from_fields(fields: [Option<&'a str>; FIELDS]) -> Self {
        let [
            identifier,
            payload,
            channel_id,
            event_type,
            agent_id,
            rest @ ..,
        ] = fields;
        let [
            trace_id,
            span_id,
            parent_span_id,
            dedup_key,
            occurred_at,
            metadata,
        ] = rest;
        Event {
            identifier: identifier.unwrap_or_default(),
            payload: payload.unwrap_or_default(),
            channel_id,
            event_type,
            agent_id,
            trace_id,
            span_id,
            parent_span_id,
            dedup_key,
            occurred_at,
            metadata,
        }
    }

    /// The event in the trace that is current: it carries the trace's id, and its span is the parent.
    /// What the event says itself wins; in another trace the span is nobody's parent.
    pub fn within<'s>(&'s self, trace: Option<&'s Trace>) -> Cow<'s, Event<'s>> {
        match trace.filter(|t| self.trace_id.is_none_or(|id| id == t.trace_id)) {
            None => Cow::Borrowed(self),
            Some(trace) => Cow::Owned(Event {
                trace_id: Some(&trace.trace_id),
                // An event that is the current span is not its own parent.
                parent_span_id: self
                    .parent_span_id
                    .or(Some(trace.span_id.as_str()).filter(|span| self.span_id != Some(span))),
                ..self.clone()
            }),
        }
    }

    /// Refuses what the service would refuse, or what a header cannot carry.
    pub fn check(&self) -> Result<()> {
        if self.identifier.is_empty() {
            return Err(Error::argument(
                "event.identifier: it is required; give the event's name",
            ));
        }
        for (name, value) in [
            ("identifier", Some(self.identifier)),
            ("channel_id", self.channel_id),
            ("event_type", self.event_type),
            ("agent_id", self.agent_id),
            ("trace_id", self.trace_id),
            ("span_id", self.span_id),
            ("parent_span_id", self.parent_span_id),
        ] {
            if value.is_some_and(|v| v.len() > MAX_FIELD) {
                return Err(Error::argument(format!(
                    "event.{name}: longer than {MAX_FIELD} bytes"
                )));
            }
        }
        for (name, value) in [("trace_id", self.trace_id), ("span_id", self.span_id)] {
            if value.is_some_and(|v| header_value(v).is_none()) {
                return Err(Error::argument(format!(
                    "event.{name}: it has a control character, which no header can carry"
                )));
            }
        }
        if let Some(key) = self.dedup_key {
            let printable = key.bytes().all(|c| matches!(c, b' '..=b'~'));
            if key.len() > MAX_DEDUP_KEY || !printable {
                return Err(Error::argument(format!(
                    "event.dedup_key: expected 1 to {MAX_DEDUP_KEY} printable ASCII characters"
                )));
            }
        }
        if self
            .occurred_at
            .is_some_and(|t| time::normalise(t).is_none())
        {
            return Err(Error::argument(
                "event.occurred_at: expected RFC 3339 in UTC, 1970 or later, such as 2026-11-24T05:57:22.123Z",
            ));
        }
        check_object("event.payload", self.payload)?;
        self.metadata
            .map_or(Ok(()), |metadata| check_object("event.metadata", metadata))
    }

    /// Writes the body of a checked event. `accepted` is when a queue took it; it stands in for an
    /// `occurredAt` that the caller did not give.
    pub fn prepare(&self, config: &Config, accepted: Option<SystemTime>) -> Result<Prepared> {
        let ids = EventIds::draw()?;
        let trace_id = self.trace_id.unwrap_or(&ids.trace_id);
        let span_id = self.span_id.unwrap_or(&ids.span_id);
        let dedup_key = self.dedup_key.unwrap_or(&ids.dedup_key);
        let occurred_at = self
            .occurred_at
            .and_then(time::normalise)
            .or_else(|| accepted.map(time::format));

        let mut body = Vec::with_capacity(512 + self.payload.len());
        body.extend_from_slice(b"{\"identifier\":");
        json::write_string(&mut body, self.identifier);
        body.extend_from_slice(b",\"payload\":");
        config.rules.apply(self.payload, &mut body);
        if let Some(metadata) = self.metadata {
            body.extend_from_slice(b",\"metadata\":");
            config.rules.apply(metadata, &mut body);
        }
        for (name, value) in [
            (
                "channel_id",
                self.channel_id.or(config.channel_id.as_deref()),
            ),
            ("eventType", self.event_type),
            ("agentId", self.agent_id),
            ("traceId", Some(trace_id)),
            ("spanId", Some(span_id)),
            ("parentSpanId", self.parent_span_id),
            ("dedupKey", Some(dedup_key)),
            ("occurredAt", occurred_at.as_deref()),
        ] {
            if let Some(value) = value {
                body.extend_from_slice(b",\"");
                body.extend_from_slice(name.as_bytes());
                body.extend_from_slice(b"\":");
                json::write_string(&mut body, value);
            }
        }
        body.push(b'}');

        Ok(Prepared {
            body,
            dedup_key: checked_header(dedup_key)?,
            trace: match self.trace_id {
                Some(trace_id) => Some(TraceHeaders::new(trace_id, span_id)?),
                None => None,
            },
        })
    }
}

impl TraceHeaders {
    pub fn new(trace_id: &str, span_id: &str) -> Result<Self> {
        Ok(TraceHeaders {
            trace_id: checked_header(trace_id)?,
            span_id: checked_header(span_id)?,
            traceparent: checked_header(&trace::traceparent(trace_id, span_id))?,
        })
    }
}

impl From<TraceHeaders> for Vec<(HeaderName, HeaderValue)> {
    fn from(trace: TraceHeaders) -> Self {
        vec![
            (names::TRACE_ID, trace.trace_id),
            (names::SPAN_ID, trace.span_id),
            (names::TRACEPARENT, trace.traceparent),
        ]
    }
}

fn checked_header(text: &str) -> Result<HeaderValue> {
    header_value(text).ok_or_else(|| Error::argument("event: an id cannot be sent as a header"))
}

fn check_object(name: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(Error::argument(format!(
            "{name}: it is required; give a JSON object"
        )));
    }
    if text.len() > MAX_DOCUMENT {
        return Err(Error::argument(format!(
            "{name}: {} bytes are more than the {MAX_DOCUMENT} allowed",
            text.len()
        )));
    }
    json::check(text).map_err(|e| Error::argument(format!("{name}: {e}")))?;
    if json::Cursor::new(text).peek() != Some(b'{') {
        return Err(Error::argument(format!(
            "{name}: expected a JSON object ({{…}}), found another kind of value"
        )));
    }
    Ok(())
}

impl Prepared {
    /// The request that publishes it. Safe to repeat: the service stores a dedup key once.
    pub fn into_request(self, uri: &Uri) -> Result<Request> {
        let mut headers: Vec<_> = self.trace.map(Into::into).unwrap_or_default();
        headers.push((names::IDEMPOTENCY_KEY, self.dedup_key));
        Ok(Request {
            method: Method::POST,
            uri: uri.clone(),
            headers,
            body: Some(self.body),
            repeatable: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::config::Options;
    use serde_json::{Value, json};

    fn config() -> Config {
        let options = Options {
            api_key: Some("ak_test".into()),
            channel_id: Some("default-channel".into()),
            ..Options::default()
        };
        Config::resolve(options, &|_| None).unwrap()
    }

    fn event() -> Event<'static> {
        Event {
            identifier: "step",
            payload: r#"{"n":1}"#,
            ..Event::default()
        }
    }

    fn body(prepared: &Prepared) -> Value {
        serde_json::from_slice(&prepared.body).unwrap()
    }

    #[test]
    fn the_body_has_exactly_the_members_of_the_wire_page() {
        let full = Event {
            identifier: "a\"b\u{1}é",
            payload: r#"{"password":"x","n":1}"#,
            channel_id: Some("c"),
            event_type: Some("agent.start"),
            agent_id: Some("agent"),
            trace_id: Some("t"),
            span_id: Some("s"),
            parent_span_id: Some("p"),
            dedup_key: Some("d"),
            occurred_at: Some("2026-11-24T05:57:22+00:00"),
            metadata: Some(r#"{"prompt":"x"}"#),
        };
        full.check().unwrap();
        let prepared = full.prepare(&config(), None).unwrap();
        assert_eq!(
            body(&prepared),
            json!({
                "identifier": "a\"b\u{1}é",
                "payload": {"password": "[REDACTED]", "n": 1},
                "metadata": {"prompt": "[REDACTED]"},
                "channel_id": "c", "eventType": "agent.start", "agentId": "agent",
                "traceId": "t", "spanId": "s", "parentSpanId": "p", "dedupKey": "d",
                "occurredAt": "2026-11-24T05:57:22Z",
            })
        );
        assert_eq!(prepared.dedup_key, "d");
        let trace = prepared.trace.unwrap();
        assert_eq!(
            (trace.trace_id, trace.span_id),
            ("t".parse().unwrap(), "s".parse().unwrap())
        );
    }

    #[test]
    fn what_the_caller_leaves_out_is_generated_or_absent() {
        let prepared = event().prepare(&config(), None).unwrap();
        let body = body(&prepared);
        let members: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            [
                "channel_id",
                "dedupKey",
                "identifier",
                "payload",
                "spanId",
                "traceId"
            ]
        );
        assert_eq!(body["channel_id"], "default-channel");
        assert_eq!(body["dedupKey"], prepared.dedup_key.to_str().unwrap());
        assert!(prepared.trace.is_none(), "no trace was named");

        let queued = event().prepare(&config(), Some(SystemTime::now())).unwrap();
        assert!(self::body(&queued)["occurredAt"].is_string());
    }

    #[test]
    fn the_current_trace_is_carried_unless_the_event_says_otherwise() {
        let trace = Trace {
            trace_id: "t".into(),
            span_id: "s".into(),
        };
        let plain = event();
        let inside = plain.within(Some(&trace));
        assert_eq!(
            (inside.trace_id, inside.parent_span_id, inside.span_id),
            (Some("t"), Some("s"), None)
        );
        let elsewhere = Event {
            trace_id: Some("other"),
            ..event()
        };
        assert_eq!(elsewhere.within(Some(&trace)).parent_span_id, None);
        let explicit = Event {
            parent_span_id: Some("p"),
            ..event()
        };
        let inside = explicit.within(Some(&trace));
        assert_eq!(
            (inside.trace_id, inside.parent_span_id),
            (Some("t"), Some("p"))
        );
        assert_eq!(plain.within(None).trace_id, None);
        let itself = Event {
            span_id: Some("s"),
            ..event()
        };
        assert_eq!(itself.within(Some(&trace)).parent_span_id, None);
    }

    #[test]
    fn a_stored_event_comes_back_as_it_was() {
        let event = Event {
            agent_id: Some("agent"),
            metadata: Some("{}"),
            dedup_key: Some("k"),
            ..event()
        };
        let stored = StoredEvent::new(&event);
        assert_eq!(format!("{:?}", stored.event()), format!("{event:?}"));
        assert_eq!(stored.bytes(), 4 + 7 + 5 + 2 + 1);
    }

    #[test]
    fn bad_events_are_refused_by_the_name_of_the_member() {
        let long = "x".repeat(MAX_FIELD + 1);
        let key = "k".repeat(256);
        let huge = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_DOCUMENT));
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for (bad, name) in [
            (
                Event {
                    identifier: "",
                    ..event()
                },
                "event.identifier",
            ),
            (
                Event {
                    identifier: &long,
                    ..event()
                },
                "event.identifier",
            ),
            (
                Event {
                    payload: "",
                    ..event()
                },
                "event.payload",
            ),
            (
                Event {
                    payload: "[]",
                    ..event()
                },
                "event.payload",
            ),
            (
                Event {
                    payload: " \"s\"",
                    ..event()
                },
                "event.payload",
            ),
            (
                Event {
                    payload: "{",
                    ..event()
                },
                "event.payload",
            ),
            (
                Event {
                    payload: &huge,
                    ..event()
                },
                "event.payload",
            ),
            (
                Event {
                    payload: &deep,
                    ..event()
                },
                "event.payload",
            ),
            (
                Event {
                    metadata: Some("3"),
                    ..event()
                },
                "event.metadata",
            ),
            (
                Event {
                    trace_id: Some("a\r\nX: y"),
                    ..event()
                },
                "event.trace_id",
            ),
            (
                Event {
                    span_id: Some("a\u{0}"),
                    ..event()
                },
                "event.span_id",
            ),
            (
                Event {
                    dedup_key: Some("é"),
                    ..event()
                },
                "event.dedup_key",
            ),
            (
                Event {
                    dedup_key: Some(&key),
                    ..event()
                },
                "event.dedup_key",
            ),
            (
                Event {
                    occurred_at: Some("yesterday"),
                    ..event()
                },
                "event.occurred_at",
            ),
        ] {
            let error = bad.check().unwrap_err();
            assert_eq!(error.kind, crate::error::Kind::InvalidArgument);
            assert!(error.message.starts_with(name), "{error}");
        }
        event().check().unwrap();
    }
}
