//! What a person sees of an event of the service.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::terminal::{self, Colour, Paint};

/// An event as `GET /events` shows it, as far as it is shown here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    #[serde(default)]
    pub occurred_at: String,
    #[serde(default)]
    pub identifier: String,
    #[serde(default)]
    pub event_type: String,
    pub span_id: Option<String>,
    pub parent_span_id: Option<String>,
    pub semantic_kind: Option<String>,
    pub request_model: Option<String>,
    pub tool_name: Option<String>,
    pub status: Option<String>,
    pub error_type: Option<String>,
    pub error_message: Option<String>,
    pub duration_ms: Option<f64>,
    pub payload: Option<Box<RawValue>>,
}

impl Event {
    pub fn is_error(&self) -> bool {
        self.status.as_deref() == Some("error")
    }

    /// `Timeout: no forecast in time`, for an event that is an error.
    pub fn failure(&self) -> Option<String> {
        if !self.is_error() {
            return None;
        }
        let parts = [&self.error_type, &self.error_message];
        let known: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        Some(match known.is_empty() {
            true => "error".to_owned(),
            false => terminal::plain(&known.join(": ")),
        })
    }

    /// The event in one line of at most `width` columns, if there is a limit: time (UTC), identifier, type, and what is
    /// in it.
    pub fn line(&self, paint: Paint, width: Option<usize>) -> String {
        let time = clock(&self.occurred_at);
        let name = terminal::plain(&self.identifier);
        let event_type = terminal::plain(&self.event_type);
        let failure = self.failure();
        let payload = self.payload.as_ref().map_or("", |it| it.get());
        let rest = match &failure {
            Some(failure) => failure.clone(),
            None => terminal::plain(&terminal::one_line(payload)),
        };
        let taken = [&time, &name, &event_type]
            .map(|it| it.chars().count() + 2)
            .iter()
            .sum::<usize>();
        let rest = match width {
            Some(width) => terminal::cut(&rest, width.saturating_sub(taken)),
            None => rest,
        };
        let rest = match failure {
            Some(_) => paint.colour(Colour::Red, &rest),
            None => rest,
        };
        let line = format!(
            "{}  {}  {}  {rest}",
            paint.colour(Colour::Dim, &time),
            paint.colour(Colour::Bold, &name),
            paint.colour(Colour::Cyan, &event_type),
        );
        line.trim_end().to_owned()
    }
}

/// `12:00:01.123` of an RFC 3339 time, in UTC.
pub fn clock(time: &str) -> String {
    match time.parse::<jiff::Timestamp>() {
        Ok(time) => format!("{time:.3}")
            .get(11..23)
            .unwrap_or_default()
            .to_owned(),
        Err(_) => terminal::plain(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> Event {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_event_is_one_line() {
        let paint = terminal::on_stdout();
        let order = event(
            r#"{"eventId":"e","occurredAt":"2026-01-31T14:00:00.5+02:00","identifier":"order\u001b[2J","eventType":"custom",
                "payload":{"n": 1},"unknown":[1]}"#,
        );
        let plain = order.line(paint, None);
        assert!(
            plain.contains("12:00:00.500") && plain.contains("order\\u{1b}[2J"),
            "{plain}"
        );
        assert!(plain.ends_with("{\"n\": 1}"), "{plain}");
        let failed = event(
            r#"{"occurredAt":"soon","identifier":"x","eventType":"t","status":"error","errorType":"Boom","errorMessage":"a\nb"}"#,
        );
        assert_eq!(failed.failure().as_deref(), Some("Boom: a b"));
        assert!(failed.line(paint, None).contains("soon"));
    }
}
