//! `axonpush trace`: one trace as a waterfall, a row for each span in the order of the tree.

use std::collections::{HashMap, HashSet};
use std::process::ExitCode;

use serde::Deserialize;

use crate::Context;
use crate::arguments::Trace;
use crate::event::Event;
use crate::failure::{Failure, Result};
use crate::terminal::{self, Colour, Paint};

#[derive(Deserialize)]
struct Response {
    spans: Option<Vec<Event>>,
}

pub fn run(arguments: &Trace, context: &Context) -> Result<ExitCode> {
    let found = context.client()?.trace(&arguments.id);
    let json = match found {
        Ok(json) => json.unwrap_or_default(),
        Err(error) if error.is_not_found() => {
            return Err(Failure::Other(format!(
                "no trace {:?}; `axonpush tail --json` shows the ids of traces as traceId",
                arguments.id
            )));
        }
        Err(error) => return Err(error.into()),
    };
    if context.json {
        terminal::print(&terminal::one_line(&json))?;
        return Ok(ExitCode::SUCCESS);
    }
    let response: Response = serde_json::from_str(&json).map_err(|error| {
        Failure::Other(format!("the service's response is not a trace: {error}"))
    })?;
    let events = response.spans.unwrap_or_default();
    let width = terminal::width().unwrap_or(100);
    for line in waterfall(&arguments.id, &events, terminal::on_stdout(), width) {
        terminal::print(&line)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A span, or an event that is in none.
struct Row<'e> {
    events: Vec<&'e Event>,
    parent: Option<String>,
    /// Milliseconds since 1970.
    start: f64,
    end: f64,
}

/// The rows in the order of the tree, with their depths. As the page's timeline has it (tests/dev-server/page/timeline.js):
/// events that share a span are one row, and a log line is in a span and no span itself.
fn rows(events: &[Event]) -> Vec<(usize, Row<'_>)> {
    let mut order: Vec<String> = Vec::new();
    let mut rows: HashMap<String, Row> = HashMap::new();
    for (number, event) in events.iter().enumerate() {
        let start = milliseconds(&event.occurred_at);
        let end = start + event.duration_ms.unwrap_or(0.0).max(0.0);
        let is_log = event.semantic_kind.as_deref() == Some("log");
        let span = event.span_id.as_ref().filter(|_| !is_log);
        let above = match is_log {
            true => event.span_id.as_ref().or(event.parent_span_id.as_ref()),
            false => event.parent_span_id.as_ref().filter(|it| Some(*it) != span),
        };
        let id = span.map_or_else(|| format!("event {number}"), |span| format!("span {span}"));
        let parent = above.map(|above| format!("span {above}"));
        match rows.get_mut(&id) {
            Some(row) => {
                row.events.push(event);
                row.parent = row.parent.take().or(parent);
                row.start = row.start.min(start);
                row.end = row.end.max(end);
            }
            None => {
                order.push(id.clone());
                rows.insert(
                    id,
                    Row {
                        events: vec![event],
                        parent,
                        start,
                        end,
                    },
                );
            }
        }
    }
    // By start; the sort is stable, so that equal ones stay in the service's order.
    order.sort_by(|a, b| rows[a].start.total_cmp(&rows[b].start));
    let mut children: HashMap<Option<&str>, Vec<&str>> = HashMap::new();
    for id in &order {
        let parent = rows[id].parent.as_deref();
        let parent = parent.filter(|it| rows.contains_key(*it) && !leads_to(it, id, &rows));
        children.entry(parent).or_default().push(id);
    }
    let mut sequence: Vec<(usize, String)> = Vec::new();
    let mut rest: Vec<(usize, &str)> = Vec::new();
    rest.extend(
        children
            .remove(&None)
            .unwrap_or_default()
            .into_iter()
            .rev()
            .map(|id| (0, id)),
    );
    while let Some((depth, id)) = rest.pop() {
        sequence.push((depth, id.to_owned()));
        let below = children.remove(&Some(id)).unwrap_or_default();
        rest.extend(below.into_iter().rev().map(|id| (depth + 1, id)));
    }
    let in_order = sequence.into_iter();
    in_order
        .filter_map(|(depth, id)| Some((depth, rows.remove(&id)?)))
        .collect()
}

/// Whether the parents of `from` lead to `to`: spans that are each other's parents.
fn leads_to(from: &str, to: &str, rows: &HashMap<String, Row>) -> bool {
    let mut seen = HashSet::new();
    let mut at = Some(from);
    while let Some(id) = at.filter(|id| seen.insert(*id)) {
        if id == to {
            return true;
        }
        at = rows.get(id).and_then(|row| row.parent.as_deref());
    }
    false
}

fn milliseconds(time: &str) -> f64 {
    time.parse::<jiff::Timestamp>()
        .map_or(0.0, |time| time.as_microsecond() as f64 / 1_000.0)
}

fn waterfall(id: &str, events: &[Event], paint: Paint, width: usize) -> Vec<String> {
    let rows = rows(events);
    let start = rows
        .iter()
        .map(|(_, row)| row.start)
        .fold(f64::INFINITY, f64::min);
    let total = rows.iter().map(|(_, row)| row.end).fold(start, f64::max) - start;
    let errors = events.iter().filter(|event| event.is_error()).count();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let mut title = format!(
        "trace {}  {}",
        terminal::plain(id),
        plural(events.len(), "event")
    );
    if total.is_finite() {
        title += &format!("  {}", terminal::duration(total));
    }
    if errors > 0 {
        title += &format!("  {}", paint.colour(Colour::Red, &plural(errors, "error")));
    }
    let names: Vec<String> = rows.iter().map(|(depth, row)| name(*depth, row)).collect();
    let longest = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let name_width = longest.min(width * 2 / 5);
    // Two blanks, the bar, two blanks, the duration.
    let track = width.saturating_sub(name_width + 4 + 10).max(10);
    let lines = rows.iter().zip(names).map(|((_, row), name)| {
        let failure = row.events.iter().find_map(|event| event.failure());
        let colour = match (&failure, kind(row)) {
            (Some(_), _) => Colour::Red,
            (None, Some("llm" | "embedding")) => Colour::Cyan,
            (None, Some("tool" | "retrieval")) => Colour::Yellow,
            (None, Some("log")) => Colour::Dim,
            (None, _) => Colour::Green,
        };
        let bar = bar(row.start - start, row.end - row.start, total, track);
        let took = terminal::duration(row.end - row.start);
        let mut line = format!(
            "{}  {}  {took:>9}",
            terminal::column(&name, name_width),
            paint.colour(colour, &bar)
        );
        if let Some(failure) = failure {
            line += &format!(
                "\n{}  {}",
                " ".repeat(name_width),
                paint.colour(
                    Colour::Red,
                    &terminal::cut(&failure, width.saturating_sub(name_width + 2))
                )
            );
        }
        line
    });
    std::iter::once(title).chain(lines).collect()
}

fn kind<'r>(row: &'r Row) -> Option<&'r str> {
    row.events
        .iter()
        .find_map(|event| event.semantic_kind.as_deref())
}

fn name(depth: usize, row: &Row) -> String {
    let first = row.events[0];
    let what = row
        .events
        .iter()
        .find_map(|it| it.request_model.as_ref().or(it.tool_name.as_ref()));
    let mut name = "  ".repeat(depth.min(12)) + &terminal::plain(&first.identifier);
    if let Some(what) = what.filter(|what| **what != first.identifier) {
        name += &format!(" ({})", terminal::plain(what));
    }
    name
}

/// At least one mark, at its place in the whole.
fn bar(offset: f64, took: f64, total: f64, track: usize) -> String {
    let part = |ms: f64| match total > 0.0 {
        true => (ms / total * track as f64).round() as usize,
        false => 0,
    };
    let before = part(offset).min(track - 1);
    let length = part(took).clamp(1, track - before);
    format!(
        "{}{}{}",
        " ".repeat(before),
        "█".repeat(length),
        " ".repeat(track - before - length)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(events: &str) -> Vec<String> {
        let events: Vec<Event> = serde_json::from_str(events).unwrap();
        let rows = rows(&events);
        rows.iter().map(|(depth, row)| name(*depth, row)).collect()
    }

    #[test]
    fn rows_are_in_the_order_of_the_tree() {
        let tree = shown(
            r#"[{"identifier":"tool","spanId":"c","parentSpanId":"b","occurredAt":"2026-01-01T00:00:03Z"},
                {"identifier":"run","spanId":"a","occurredAt":"2026-01-01T00:00:00Z"},
                {"identifier":"late","spanId":"d","parentSpanId":"a","occurredAt":"2026-01-01T00:00:04Z","toolName":"x"},
                {"identifier":"model","spanId":"b","parentSpanId":"a","occurredAt":"2026-01-01T00:00:01Z"},
                {"identifier":"run","spanId":"a","occurredAt":"2026-01-01T00:00:05Z"},
                {"identifier":"line","spanId":"b","semanticKind":"log","occurredAt":"2026-01-01T00:00:02Z"},
                {"identifier":"orphan","spanId":"e","parentSpanId":"gone","occurredAt":"2026-01-01T00:00:06Z"}]"#,
        );
        assert_eq!(
            tree,
            [
                "run",
                "  model",
                "    line",
                "    tool",
                "  late (x)",
                "orphan"
            ]
        );
    }

    #[test]
    fn spans_that_are_each_others_parents_are_shown_all_the_same() {
        let circle = shown(
            r#"[{"identifier":"a","spanId":"a","parentSpanId":"b","occurredAt":"2026-01-01T00:00:00Z"},
                {"identifier":"b","spanId":"b","parentSpanId":"a","occurredAt":"2026-01-01T00:00:01Z"},
                {"identifier":"self","spanId":"s","parentSpanId":"s","occurredAt":"2026-01-01T00:00:02Z"}]"#,
        );
        assert_eq!(circle.len(), 3);
    }

    #[test]
    fn a_bar_is_at_its_place() {
        assert_eq!(bar(0.0, 10.0, 10.0, 10), "██████████");
        assert_eq!(bar(5.0, 2.0, 10.0, 10), "     ██   ");
        assert_eq!(bar(10.0, 0.0, 10.0, 10), "         █");
        assert_eq!(bar(0.0, 0.0, 0.0, 10), "█         ");
    }
}
