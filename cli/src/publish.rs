//! `axonpush publish`: one event and its response, or a stream of them in the background.

use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::Context;
use crate::arguments::Publish;
use crate::failure::{Failure, Result};
use crate::library::{self, Client, Event};
use crate::terminal;

/// So many mistakes are told one by one; the rest are counted.
const MISTAKES_TOLD: u64 = 10;

pub fn run(arguments: &Publish, context: &Context) -> Result<ExitCode> {
    match &arguments.identifier {
        Some(identifier) => one(identifier, arguments, context),
        None if io::stdin().is_terminal() => Err(Failure::Usage(
            "what to publish is missing: give an IDENTIFIER, or events as lines of JSON on stdin (axonpush publish --help)".into(),
        )),
        None => stream(arguments, context),
    }
}

fn one(identifier: &str, arguments: &Publish, context: &Context) -> Result<ExitCode> {
    let payload = match &arguments.payload {
        Some(json) => json.clone(),
        None => payload(&arguments.fields).map_err(Failure::Usage)?,
    };
    let event = Event {
        identifier: identifier.to_owned(),
        payload,
        channel_id: arguments.channel.clone(),
        event_type: arguments.event_type.clone(),
        agent_id: arguments.agent.clone(),
        trace_id: arguments.trace.clone(),
        span_id: arguments.span.clone(),
        parent_span_id: arguments.parent.clone(),
        dedup_key: arguments.dedup_key.clone(),
        occurred_at: arguments.occurred_at.clone(),
        metadata: arguments.metadata.clone(),
    };
    let response = context.client()?.publish(&event)?.unwrap_or_default();
    if context.json {
        terminal::print(&terminal::one_line(&response))?;
    } else {
        let id =
            serde_json::from_str::<Accepted>(&response).map_or(String::new(), |it| it.event_id);
        terminal::print(&format!("published {}", terminal::plain(&id)))?;
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Deserialize)]
struct Accepted {
    #[serde(rename = "eventId")]
    event_id: String,
}

/// The payload of `key=text` and `key:=JSON`, with its members in the order in which they were given.
fn payload(fields: &[String]) -> std::result::Result<String, String> {
    let mut members: Vec<(&str, String)> = Vec::new();
    for field in fields {
        let Some((key, value)) = field.split_once('=') else {
            return Err(format!("{field:?} is neither key=text nor key:=JSON"));
        };
        let (key, value) = match key.strip_suffix(':') {
            Some(key) => (key, typed(field, value)?),
            None => (key, json!(value).to_string()),
        };
        if key.is_empty() {
            return Err(format!("{field:?} has no key before the ="));
        }
        if members.iter().any(|(known, _)| *known == key) {
            return Err(format!("the key {key:?} is there twice"));
        }
        members.push((key, value));
    }
    let members: Vec<String> = members
        .iter()
        .map(|(key, value)| format!("{}:{value}", json!(key)))
        .collect();
    Ok(format!("{{{}}}", members.join(",")))
}

/// The value as it was written: a number keeps its digits.
fn typed(field: &str, value: &str) -> std::result::Result<String, String> {
    let checked: serde_json::Result<&RawValue> = serde_json::from_str(value);
    checked.map(|it| it.get().to_owned()).map_err(|error| {
        format!("{field:?}: what follows := is not JSON ({error}); text needs quotes there, or = in place of :=")
    })
}

/// What became of the events of a stream.
#[derive(Default)]
struct Tally {
    read: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    ended: AtomicBool,
}

impl Tally {
    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn fail(&self, line: u64, message: &str) {
        let before = self.failed.fetch_add(1, Ordering::Relaxed);
        if before < MISTAKES_TOLD {
            terminal::say(&format!("line {line}: {}", terminal::plain(message)));
        } else if before == MISTAKES_TOLD {
            terminal::say("… and more, which are only counted");
        }
    }

    fn numbers(&self) -> (u64, u64, u64) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (get(&self.read), get(&self.delivered), get(&self.failed))
    }
}

fn stream(arguments: &Publish, context: &Context) -> Result<ExitCode> {
    let client = context.client()?;
    let tally = Arc::new(Tally::default());
    let progress = io::stderr()
        .is_terminal()
        .then(|| show_progress(Arc::clone(&tally)));
    let outcome = publish_lines(&client, arguments, &tally);
    while let Err(error) = client.flush(1_000) {
        // Every event has a deadline of its own (delivery_timeout_ms), so that this comes to an end.
        if !error.is_timeout() {
            return Err(error.into());
        }
    }
    tally.ended.store(true, Ordering::Relaxed);
    if let Some(thread) = progress {
        let _ = thread.join();
    }
    outcome?;
    let (read, delivered, failed) = tally.numbers();
    terminal::print(&match context.json {
        true => json!({ "read": read, "delivered": delivered, "failed": failed }).to_string(),
        false => format!(
            "{} delivered, {} failed",
            terminal::count(delivered),
            terminal::count(failed)
        ),
    })?;
    match failed {
        0 => Ok(ExitCode::SUCCESS),
        _ => Err(Failure::Incomplete),
    }
}

fn publish_lines(client: &Client, arguments: &Publish, tally: &Arc<Tally>) -> Result<()> {
    let mut input = io::stdin().lock();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        Tally::count(&tally.read);
        let event = std::str::from_utf8(&bytes)
            .map_err(|_| "it is not UTF-8".to_owned())
            .and_then(|text| read(text.trim_ascii()));
        match event {
            Ok(event) => publish(client, with_defaults(event, arguments), line, tally),
            Err(problem) => tally.fail(line, &problem),
        }
    }
    Ok(())
}

/// Waits for room in the queue, which is how a fast stream keeps to the service's pace.
fn publish(client: &Client, event: Event, line: u64, tally: &Arc<Tally>) {
    let outcome = Arc::clone(tally);
    let done = Box::new(move |result: library::Result<()>| match result {
        Ok(()) => Tally::count(&outcome.delivered),
        Err(error) => outcome.fail(line, &error.message),
    });
    if let Err(error) = client.publish_async(&event, done) {
        tally.fail(line, &error.message);
    }
}

/// What the command line says counts for events that do not say it themselves.
fn with_defaults(event: Event, arguments: &Publish) -> Event {
    Event {
        channel_id: event.channel_id.or_else(|| arguments.channel.clone()),
        event_type: event.event_type.or_else(|| arguments.event_type.clone()),
        agent_id: event.agent_id.or_else(|| arguments.agent.clone()),
        trace_id: event.trace_id.or_else(|| arguments.trace.clone()),
        ..event
    }
}

/// An event as `POST /event` takes it, or as `GET /events` shows it: that one has an `eventId`, and members that the
/// service adds, which are left out.
fn read(line: &str) -> std::result::Result<Event, String> {
    let members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(line).map_err(|error| format!("it is not a JSON object: {error}"))?;
    let is_stored = members.contains_key("eventId");
    let mut event = Event::default();
    for (name, value) in &members {
        let raw = value.get();
        if raw == "null" {
            continue;
        }
        let text = || {
            serde_json::from_str::<String>(raw).map_err(|_| format!("{name}: it is not a string"))
        };
        match name.as_str() {
            "identifier" => event.identifier = text()?,
            "payload" => event.payload = raw.to_owned(),
            "metadata" => event.metadata = Some(raw.to_owned()),
            "channel_id" | "channelId" => event.channel_id = Some(text()?),
            "eventType" => event.event_type = Some(text()?),
            "agentId" => event.agent_id = Some(text()?),
            "traceId" => event.trace_id = Some(text()?),
            "spanId" => event.span_id = Some(text()?),
            "parentSpanId" => event.parent_span_id = Some(text()?),
            "dedupKey" => event.dedup_key = Some(text()?),
            "occurredAt" => event.occurred_at = Some(text()?),
            _ if is_stored => {}
            _ => {
                return Err(format!(
                    "{name}: an event has no such member (axonpush publish --help)"
                ));
            }
        }
    }
    Ok(event)
}

/// One line on stderr, written over and over.
fn show_progress(tally: Arc<Tally>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut error = io::stderr();
        while !tally.ended.load(Ordering::Relaxed) {
            let (read, delivered, failed) = tally.numbers();
            let [read, delivered, failed] = [read, delivered, failed].map(terminal::count);
            let _ = write!(
                error,
                "\r{read} read, {delivered} delivered, {failed} failed "
            );
            let _ = error.flush();
            std::thread::sleep(Duration::from_millis(100));
        }
        // Clears the line.
        let _ = write!(error, "\r\x1b[K");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(all: &[&str]) -> std::result::Result<String, String> {
        payload(&all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn fields_are_text_or_json() {
        let made = fields(&["b=1", "a:=1.50", "c:={\"x\": [null]}", "d=x=y\"", "e="]).unwrap();
        assert_eq!(
            made,
            r#"{"b":"1","a":1.50,"c":{"x": [null]},"d":"x=y\"","e":""}"#
        );
        assert_eq!(fields(&[]).unwrap(), "{}");
        for wrong in [
            &["a"][..],
            &["=1"],
            &[":=1"],
            &["a:=text"],
            &["a=1", "a:=2"],
        ] {
            assert!(fields(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_line_is_an_event_to_publish_or_one_that_was_stored() {
        let event =
            read(r#"{"identifier":"a","payload":{"n":1.0},"channel_id":"c","dedupKey":null}"#)
                .unwrap();
        assert_eq!(
            (event.identifier.as_str(), event.payload.as_str()),
            ("a", r#"{"n":1.0}"#)
        );
        assert_eq!(
            (event.channel_id.as_deref(), event.dedup_key),
            (Some("c"), None)
        );
        let stored =
            read(r#"{"eventId":"e","orgId":"o","identifier":"a","payload":{},"channelId":"c"}"#)
                .unwrap();
        assert_eq!(stored.channel_id.as_deref(), Some("c"));
        let problem = |line| read(line).err().unwrap();
        assert!(problem(r#"{"identifier":"a","payload":{},"evenType":"x"}"#).contains("evenType"));
        assert!(problem(r#"{"identifier":1}"#).contains("identifier: it is not a string"));
        assert!(problem("[]").contains("not a JSON object"));
    }
}
