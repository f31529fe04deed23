//! An event that a queue keeps: a copy of what the caller gave, in one allocation.

use super::Event;

/// An event that a queue keeps: all strings in one allocation.
#[derive(Debug, Default)]
pub struct StoredEvent {
    text: Box<str>,
    /// Where each field ends, in the order of [`fields`]; [`ABSENT`] for one that is not there.
    ends: [u32; FIELDS],
}

const FIELDS: usize = 11;
const ABSENT: u32 = u32::MAX;

impl StoredEvent {
    /// Copies a checked event, whose bounds make the sum of its lengths fit.
    pub fn new(event: &Event) -> Self {
        let fields = fields(event);
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
        from_fields(fields)
    }
}

fn fields<'a>(event: &Event<'a>) -> [Option<&'a str>; FIELDS] {
    [
        Some(event.identifier),
        Some(event.payload),
        event.channel_id,
        event.event_type,
        event.agent_id,
        event.trace_id,
        event.span_id,
        event.parent_span_id,
        event.dedup_key,
        event.occurred_at,
        event.metadata,
    ]
}

fn from_fields<'a>(fields: [Option<&'a str>; FIELDS]) -> Event<'a> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_event_comes_back_as_it_was() {
        let event = Event {
            agent_id: Some("agent"),
            metadata: Some("{}"),
            dedup_key: Some("k"),
            identifier: "step",
            payload: r#"{"n":1}"#,
            ..Event::default()
        };
        let stored = StoredEvent::new(&event);
        assert_eq!(format!("{:?}", stored.event()), format!("{event:?}"));
        assert_eq!(stored.bytes(), 4 + 7 + 5 + 2 + 1);
    }
}
