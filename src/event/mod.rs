//! An event: what the caller gives, and what of it can be sent.
//!
//! Three steps, so that background publishing can split them between threads: [`Event::check`] refuses
//! what cannot be sent, [`stored`] keeps a copy, and [`encode`] applies the redaction rules, draws the ids
//! that the caller did not give and writes the request.

pub mod encode;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
pub mod genai;
pub mod genai_names;
pub mod ids;
pub mod log_record;
pub mod otlp;
#[cfg(test)]
mod otlp_tests;
mod otlp_value;
pub mod redaction;
mod redaction_names;
pub mod stored;
pub mod timestamp;
pub mod trace_context;

use std::borrow::Cow;

use self::trace_context::Trace;
use crate::error::{Error, Result};
use crate::http::headers::header_value;
use crate::json;

/// The longest payload, and the longest metadata, in bytes.
pub const MAX_DOCUMENT: usize = 16 << 20;
/// The longest of the other fields, in bytes.
const MAX_FIELD: usize = 4096;
/// docs/wire.md: a dedup key has 1–255 printable ASCII characters.
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

impl<'a> Event<'a> {
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
            if let Some(Err(e)) = value.map(header_value) {
                return Err(Error::argument(format!("event.{name}: {e}")));
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
            .is_some_and(|t| timestamp::normalise(t).is_none())
        {
            return Err(Error::argument(
                "event.occurred_at: expected RFC 3339 in UTC, 1970 or later, such as 2026-11-24T05:57:22.123Z",
            ));
        }
        check_object("event.payload", self.payload)?;
        self.metadata
            .map_or(Ok(()), |metadata| check_object("event.metadata", metadata))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event<'static> {
        Event {
            identifier: "step",
            payload: r#"{"n":1}"#,
            ..Event::default()
        }
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
