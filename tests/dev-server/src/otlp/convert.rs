//! How spans and log records become events.
//!
//! The payload of a span is what the published SDK's own exporter sends as `app.span`, that of a log record what its log
//! handlers send as `app.log`, so that a reader of events need not know by which way they came. Names are read out of the
//! attributes by `derive`, as for every other event.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::body::Object;
use crate::clock;
use crate::ingest::{Incoming, Source};
use crate::otlp::message::{
    Link, LogRecord, LogsRequest, Resource, Scope, Span, SpanEvent, Status, TracesRequest, text,
    to_object,
};
use crate::otlp::own;

const SPAN: &str = "app.span";
const LOG: &str = "app.log";
/// A log record that speaks of a model or an agent (the GenAI conventions' events).
const AGENT_LOG: &str = "agent.log";

/// The records of a request.
#[derive(Default)]
pub struct Events {
    pub taken: Vec<Incoming>,
    pub rejected: i64,
    /// Why those were rejected.
    pub reason: &'static str,
}

pub fn spans(request: TracesRequest, channel_id: Option<String>) -> Events {
    let mut events = Events {
        reason: "a span needs a trace id of 16 bytes and a span id of 8 bytes, neither all zero",
        ..Events::default()
    };
    for group in request.resource_spans {
        let origin = Origin::new(group.resource, channel_id.clone());
        for group in group.scope_spans {
            let scope = group.scope.unwrap_or_default();
            for span in group.spans {
                match origin.span(&scope, span) {
                    Some(event) => events.taken.push(event),
                    None => events.rejected += 1,
                }
            }
        }
    }
    events
}

pub fn log_records(request: LogsRequest, channel_id: Option<String>) -> Events {
    let mut events = Events {
        reason: "a trace id has 16 bytes and a span id 8 bytes, or there is none",
        ..Events::default()
    };
    for group in request.resource_logs {
        let origin = Origin::new(group.resource, channel_id.clone());
        for group in group.scope_logs {
            let scope = group.scope.unwrap_or_default();
            for record in group.log_records {
                match origin.log_record(&scope, record) {
                    Some(event) => events.taken.push(event),
                    None => events.rejected += 1,
                }
            }
        }
    }
    events
}

/// Where a group of records comes from.
struct Origin {
    resource: Map<String, Value>,
    channel_id: Option<String>,
    environment: Option<String>,
}

impl Origin {
    fn new(resource: Option<Resource>, channel_id: Option<String>) -> Self {
        let resource = to_object(resource.unwrap_or_default().attributes);
        let environment = ["deployment.environment.name", "deployment.environment"]
            .iter()
            .find_map(|name| text(&resource, name));
        Self {
            resource,
            channel_id,
            environment,
        }
    }

    fn span(&self, scope: &Scope, span: Span) -> Option<Incoming> {
        let trace_id = id::<16>(&span.trace_id)?;
        let span_id = id::<8>(&span.span_id)?;
        let parent_span_id = id::<8>(&span.parent_span_id);
        let attributes = to_object(span.attributes);
        let agent_id = text(&attributes, "gen_ai.agent.id");
        let Status { code, message } = span.status.unwrap_or_default();
        let mut payload = json!({
            "traceId": trace_id,
            "spanId": span_id,
            "name": span.name,
            "kind": span.kind,
            "startTimeUnixNano": span.start_time_unix_nano.to_string(),
            "endTimeUnixNano": span.end_time_unix_nano.to_string(),
            "status": { "code": code, "message": message },
            "attributes": attributes,
            "resource": self.resource,
            "scope": { "name": scope.name, "version": scope.version },
        });
        if let Some(parent) = &parent_span_id {
            payload["parentSpanId"] = parent.as_str().into();
        }
        if !span.events.is_empty() {
            payload["events"] = span.events.into_iter().map(span_event).collect();
        }
        if !span.links.is_empty() {
            payload["links"] = span.links.into_iter().map(link).collect();
        }
        Some(Incoming {
            identifier: or(span.name, "span"),
            agent_id,
            trace_id: Some(trace_id),
            span_id: Some(span_id),
            parent_span_id,
            occurred_at: time(span.start_time_unix_nano),
            ..self.event(SPAN, payload)
        })
    }

    fn log_record(&self, scope: &Scope, record: LogRecord) -> Option<Incoming> {
        let trace_id = optional_id::<16>(&record.trace_id)?;
        let span_id = optional_id::<8>(&record.span_id)?;
        let attributes = to_object(record.attributes);
        let nanos = match record.time_unix_nano {
            0 => record.observed_time_unix_nano,
            nanos => nanos,
        };
        if let Some(event) = own::event(&record.event_name, &attributes) {
            let of = |name: &str| text(&attributes, name);
            return Some(Incoming {
                channel_id: of(own::CHANNEL).or_else(|| self.channel_id.clone()),
                environment: self.environment.clone(),
                trace_id: of(own::TRACE).or(trace_id),
                span_id: of(own::SPAN).or(span_id),
                occurred_at: time(nanos),
                ..event
            });
        }
        // Where a record's name was an attribute before it became a field of its own.
        let name = or(
            record.event_name,
            &text(&attributes, "event.name").unwrap_or_default(),
        );
        let event_type = if name.starts_with("gen_ai.") {
            AGENT_LOG
        } else {
            LOG
        };
        let payload = json!({
            "severityNumber": record.severity_number,
            "severityText": record.severity_text,
            "body": record.body.unwrap_or_default().into_json(),
            "timeUnixNano": nanos.to_string(),
            "attributes": attributes,
            "resource": self.resource,
            "scope": { "name": scope.name, "version": scope.version },
        });
        Some(Incoming {
            identifier: or(name, &or(scope.name.clone(), "log")),
            trace_id,
            span_id,
            occurred_at: time(nanos),
            ..self.event(event_type, payload)
        })
    }

    fn event(&self, event_type: &str, payload: Value) -> Incoming {
        let text = to_raw_value(&payload).unwrap_or_else(|_| RawValue::NULL.to_owned());
        let members = match payload {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        Incoming {
            source: Source::Otlp,
            identifier: String::new(),
            payload: Object { text, members },
            channel_id: self.channel_id.clone(),
            event_type: event_type.into(),
            agent_id: None,
            trace_id: None,
            span_id: None,
            parent_span_id: None,
            // Nothing is promised about storing a record once.
            dedup_key: None,
            metadata: None,
            occurred_at: None,
            environment: self.environment.clone(),
        }
    }
}

fn span_event(event: SpanEvent) -> Value {
    json!({
        "timeUnixNano": event.time_unix_nano.to_string(),
        "name": event.name,
        "attributes": to_object(event.attributes),
    })
}

fn link(link: Link) -> Value {
    json!({
        "traceId": hex(&link.trace_id),
        "spanId": hex(&link.span_id),
        "attributes": to_object(link.attributes),
    })
}

/// An id of the right length that is not all zero.
fn id<const N: usize>(bytes: &[u8]) -> Option<String> {
    let valid = bytes.len() == N && bytes.iter().any(|byte| *byte != 0);
    valid.then(|| hex(bytes))
}

/// No id (empty, or all zero) is fine; one of another length is not.
fn optional_id<const N: usize>(bytes: &[u8]) -> Option<Option<String>> {
    match bytes.iter().all(|byte| *byte == 0) {
        true => Some(None),
        false => id::<N>(bytes).map(Some),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn time(nanos: u64) -> Option<String> {
    let micros = i64::try_from(nanos / 1000).ok()?;
    (nanos > 0).then(|| clock::format(micros))
}

fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() {
        otherwise.into()
    } else {
        text
    }
}
