//! Log records that the native client made of events, told by their names: they become the same events again.
//!
//! docs/wire.md, "Events as log records", has the names. `own` because no other client makes such records.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::body::Object;
use crate::ingest::{Incoming, Source};
use crate::otlp::message::text;

const PREFIX: &str = "axonpush.";
const IDENTIFIER: &str = "axonpush.identifier";
const FREE_TYPE: &str = "axonpush.event.type";
const PARENT: &str = "axonpush.parent_span.id";
const PAYLOAD: &str = "axonpush.payload";
const METADATA: &str = "axonpush.metadata";
pub const CHANNEL: &str = "axonpush.channel.id";
pub const TRACE: &str = "axonpush.trace.id";
pub const SPAN: &str = "axonpush.span.id";

/// What a record says in its name and its attributes. `None`: it is no event of ours.
pub fn event(event_name: &str, attributes: &Map<String, Value>) -> Option<Incoming> {
    let known_type = event_name.strip_prefix(PREFIX)?;
    let object = |name: &str| match attributes.get(name)? {
        Value::Object(members) => Some(Object {
            text: to_raw_value(members).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            members: members.clone(),
        }),
        _ => None,
    };
    Some(Incoming {
        source: Source::Otlp,
        identifier: text(attributes, IDENTIFIER)?,
        payload: object(PAYLOAD)?,
        channel_id: None,
        event_type: text(attributes, FREE_TYPE).unwrap_or_else(|| known_type.to_owned()),
        agent_id: text(attributes, "gen_ai.agent.id"),
        trace_id: None,
        span_id: None,
        parent_span_id: text(attributes, PARENT),
        // The dev server's choice: the contract promises nothing about storing a record once.
        dedup_key: text(attributes, "log.record.uid"),
        metadata: object(METADATA),
        occurred_at: None,
        environment: None,
    })
}
