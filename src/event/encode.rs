//! How an event is encoded: the one JSON body that every attempt sends, and the headers beside it.

use std::time::SystemTime;

use http::{HeaderName, HeaderValue, Method, Uri};

use super::ids::EventIds;
use super::redaction::RedactionRules;
use super::{Event, timestamp, trace_context};
use crate::error::{Error, Result};
use crate::http::headers::{header_value, names};
use crate::http::request::Request;
use crate::http::url;
use crate::json;

/// Where events are published.
pub const PATH: &str = "/event";

/// What a client does to every event.
#[derive(Debug, Clone)]
pub struct EventDefaults {
    /// The channel of events that name none.
    pub channel_id: Option<String>,
    pub redaction: RedactionRules,
}

/// Makes requests of events.
#[derive(Debug)]
pub struct EventEncoder {
    uri: Uri,
    defaults: EventDefaults,
}

impl EventEncoder {
    pub fn new(base_url: &str, defaults: EventDefaults) -> Result<Self> {
        Ok(EventEncoder {
            uri: url::uri(base_url, PATH)?,
            defaults,
        })
    }

    /// Where events go.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The request that publishes a checked event, the same on every attempt. Safe to repeat: the
    /// service stores a dedup key once. `accepted` is when a queue took the event; it stands in for an
    /// `occurredAt` that the caller did not give.
    pub fn encode(&self, event: &Event, accepted: Option<SystemTime>) -> Result<Request> {
        let defaults = &self.defaults;
        let ids = EventIds::draw()?;
        let trace_id = event.trace_id.unwrap_or(&ids.trace_id);
        let span_id = event.span_id.unwrap_or(&ids.span_id);
        let dedup_key = event.dedup_key.unwrap_or(&ids.dedup_key);
        let occurred_at = event
            .occurred_at
            .and_then(timestamp::normalise)
            .or_else(|| accepted.map(timestamp::format));

        let mut body = Vec::with_capacity(512 + event.payload.len());
        body.extend_from_slice(b"{\"identifier\":");
        json::write_string(&mut body, event.identifier);
        body.extend_from_slice(b",\"payload\":");
        defaults.redaction.apply(event.payload, &mut body);
        if let Some(metadata) = event.metadata {
            body.extend_from_slice(b",\"metadata\":");
            defaults.redaction.apply(metadata, &mut body);
        }
        for (name, value) in [
            (
                "channel_id",
                event.channel_id.or(defaults.channel_id.as_deref()),
            ),
            ("eventType", event.event_type),
            ("agentId", event.agent_id),
            ("traceId", Some(trace_id)),
            ("spanId", Some(span_id)),
            ("parentSpanId", event.parent_span_id),
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

        let trace = event.trace_id.map(|trace_id| (trace_id, span_id));
        self.request(dedup_key, trace, body)
    }

    /// The request of an event that was encoded before, by this client or another one.
    pub fn request(
        &self,
        dedup_key: &str,
        trace: Option<(&str, &str)>,
        body: Vec<u8>,
    ) -> Result<Request> {
        let mut headers = match trace {
            Some((trace_id, span_id)) => trace_headers(trace_id, span_id)?,
            None => Vec::new(),
        };
        headers.push((names::IDEMPOTENCY_KEY, checked_header(dedup_key)?));
        Ok(Request {
            method: Method::POST,
            uri: self.uri.clone(),
            headers,
            body: Some(body),
            repeatable: true,
        })
    }
}

/// The dedup key in a request of [`EventEncoder`], and its trace id and span id.
pub fn ids(request: &Request) -> (&str, Option<(&str, &str)>) {
    let value = |name: HeaderName| {
        let header = request.headers.iter().find(|(found, _)| *found == name);
        header.and_then(|(_, value)| value.to_str().ok())
    };
    let trace = value(names::TRACE_ID).zip(value(names::SPAN_ID));
    (value(names::IDEMPOTENCY_KEY).unwrap_or_default(), trace)
}

/// The headers that carry a trace.
pub fn trace_headers(trace_id: &str, span_id: &str) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let traceparent = trace_context::traceparent(trace_id, span_id);
    Ok(vec![
        (names::TRACE_ID, checked_header(trace_id)?),
        (names::SPAN_ID, checked_header(span_id)?),
        (names::TRACEPARENT, checked_header(&traceparent)?),
    ])
}

fn checked_header(id: &str) -> Result<HeaderValue> {
    header_value(id).map_err(|e| Error::argument(format!("event: an id cannot be sent: {e}")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::redaction::ContentCapture;

    fn encode(event: &Event, accepted: Option<SystemTime>) -> (Value, Request) {
        let defaults = EventDefaults {
            channel_id: Some("default-channel".into()),
            redaction: RedactionRules::new(ContentCapture::MetadataOnly, &[], 4096),
        };
        let encoder = EventEncoder::new("http://h", defaults).unwrap();
        let request = encoder.encode(event, accepted).unwrap();
        let body = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        (body, request)
    }

    fn header<'r>(request: &'r Request, name: &HeaderName) -> Option<&'r str> {
        let found = request.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.to_str().unwrap())
    }

    fn event() -> Event<'static> {
        Event {
            identifier: "step",
            payload: r#"{"n":1}"#,
            ..Event::default()
        }
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
        let (body, request) = encode(&full, None);
        assert_eq!(
            body,
            json!({
                "identifier": "a\"b\u{1}é",
                "payload": {"password": "[REDACTED]", "n": 1},
                "metadata": {"prompt": "[REDACTED]"},
                "channel_id": "c", "eventType": "agent.start", "agentId": "agent",
                "traceId": "t", "spanId": "s", "parentSpanId": "p", "dedupKey": "d",
                "occurredAt": "2026-11-24T05:57:22Z",
            })
        );
        assert_eq!(header(&request, &names::IDEMPOTENCY_KEY), Some("d"));
        assert_eq!(header(&request, &names::TRACE_ID), Some("t"));
        assert_eq!(header(&request, &names::SPAN_ID), Some("s"));
    }

    #[test]
    fn a_request_can_be_made_again_from_its_ids_and_its_body() {
        let defaults = EventDefaults {
            channel_id: None,
            redaction: RedactionRules::new(ContentCapture::Full, &[], 4096),
        };
        let encoder = EventEncoder::new("http://h", defaults).unwrap();
        for trace_id in [None, Some("t"), Some("a trace id in words")] {
            let event = Event {
                trace_id,
                ..event()
            };
            let request = encoder.encode(&event, None).unwrap();
            let (dedup_key, trace) = ids(&request);
            assert_eq!(trace.map(|(trace_id, _)| trace_id), trace_id);
            let body = request.body.clone().unwrap();
            let again = encoder.request(dedup_key, trace, body).unwrap();
            assert_eq!(format!("{again:?}"), format!("{request:?}"));
        }
    }

    #[test]
    fn what_the_caller_leaves_out_is_generated_or_absent() {
        let (body, request) = encode(&event(), None);
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
        let dedup_key = header(&request, &names::IDEMPOTENCY_KEY);
        assert_eq!(body["dedupKey"].as_str(), dedup_key);
        assert_eq!(
            header(&request, &names::TRACE_ID),
            None,
            "no trace was named"
        );

        let (queued, _) = encode(&event(), Some(SystemTime::now()));
        assert!(queued["occurredAt"].is_string());
    }
}
