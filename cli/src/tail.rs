//! `axonpush tail`: every event once, as it comes, from a service that can only be asked.
//!
//! The service lists events from the newest to the oldest, from a time on (`since`, inclusive), and knows no cursor. So
//! each round asks for all events since the newest that was seen, less [`OVERLAP`], and passes over those that were seen
//! already, by their ids. What that is good for:
//!
//! - **Several events share a time:** those with the newest time are asked for again.
//! - **Events become visible out of order,** because a service has more than one machine, or its clock was set back: they
//!   have [`OVERLAP`] to appear.
//! - **More events than fit into a page came:** the library's iterator goes through all pages, without holes.
//! - **A round fails halfway:** nothing of it has been printed; the iterator goes on where it was.
//! - **The service restarts:** nothing is remembered there.
//!
//! Rejected: the newest `createdAt` as the next `since`, without an overlap (loses what becomes visible later); a limit
//! on the rounds' events (a limit loses the oldest first); the dev server's feed where there is one (two ways to test,
//! and the one that counts would be used less).

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::Context;
use crate::arguments::Tail;
use crate::event::Event;
use crate::failure::{Failure, Result};
use crate::library::{self, Client, Query};
use crate::terminal;

/// How long after a newer one an event may become visible.
const OVERLAP: SignedDuration = SignedDuration::from_secs(5);
/// The waits between attempts while the service cannot be reached. The library has repeated each call by then.
const PATIENCE: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

pub fn run(arguments: &Tail, context: &Context) -> Result<ExitCode> {
    let client = context.client()?;
    let mut cursor = match &arguments.since {
        Some(since) => Cursor::since(since_when(since, Timestamp::now()).map_err(Failure::Usage)?),
        None => Cursor::default(),
    };
    let query = Query {
        channel_id: arguments.channel.clone(),
        event_type: arguments.event_type.clone(),
        trace_id: arguments.trace.clone(),
        status: arguments.errors.then(|| "error".to_owned()),
        ..Query::default()
    };
    let mut service = Service {
        client: &client,
        trouble: false,
    };
    if arguments.since.is_none() {
        begin_now(&mut service, &query, &mut cursor)?;
    }
    let mut printed = 0;
    loop {
        for event in round(&mut service, &query, &mut cursor)? {
            print(&event, context)?;
            printed += 1;
            if arguments.count == Some(printed) {
                return Ok(ExitCode::SUCCESS);
            }
        }
        terminal::wait(Duration::from_secs_f64(arguments.interval))?;
    }
}

fn print(json: &str, context: &Context) -> Result<()> {
    if context.json {
        return Ok(terminal::print(&terminal::one_line(json))?);
    }
    let event: Event = serde_json::from_str(json).map_err(not_an_event)?;
    Ok(terminal::print(
        &event.line(terminal::on_stdout(), terminal::width()),
    )?)
}

fn not_an_event(error: serde_json::Error) -> Failure {
    Failure::Other(format!(
        "the service's response has something in it that is no event: {error}"
    ))
}

/// `2026-01-31T12:00:00Z`, or `10m`: how long ago.
fn since_when(text: &str, now: Timestamp) -> std::result::Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    text.parse::<SignedDuration>()
        .ok()
        .filter(|ago| !ago.is_negative())
        .and_then(|ago| now.checked_sub(ago).ok())
        .ok_or_else(|| format!("--since: {text:?} is neither a time such as 2026-01-31T12:00:00Z nor how long ago, such as 10m"))
}

/// Which events have been seen.
#[derive(Default)]
struct Cursor {
    /// Where to begin, until an event has been seen.
    begin: Timestamp,
    newest: Option<Timestamp>,
    /// Ids of the events that may be in the next round, with their times.
    seen: HashMap<String, Timestamp>,
}

impl Cursor {
    fn since(begin: Timestamp) -> Self {
        Self {
            begin,
            ..Self::default()
        }
    }

    /// Where the next round begins.
    fn from(&self) -> Timestamp {
        let overlapping = self
            .newest
            .and_then(|newest| newest.checked_sub(OVERLAP).ok());
        overlapping.map_or(self.begin, |from| from.max(self.begin))
    }

    /// Notes an event; false if it was seen before.
    fn note(&mut self, id: &str, time: Timestamp) -> bool {
        self.newest = Some(self.newest.map_or(time, |newest| newest.max(time)));
        self.seen.insert(id.to_owned(), time).is_none()
    }

    fn forget_old(&mut self) {
        let from = self.from();
        self.seen.retain(|_, time| *time >= from);
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "eventId")]
    id: String,
    #[serde(rename = "createdAt", deserialize_with = "timestamp")]
    time: Timestamp,
}

fn timestamp<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Timestamp, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// One round: the events that were not seen before, oldest first. All pages are read before any event is noted.
fn round(service: &mut Service, query: &Query, cursor: &mut Cursor) -> Result<Vec<String>> {
    let query = Query {
        since: Some(cursor.from().to_string()),
        ..query.clone()
    };
    let mut events = service.client.events(&query)?;
    let mut found = Vec::new();
    while let Some(json) = service.patiently(|_| events.next())? {
        let head: Head = serde_json::from_str(&json).map_err(not_an_event)?;
        found.push((head, json));
    }
    // Of those that share a time, the service lists the newest first, too; the sort keeps their order.
    found.reverse();
    found.sort_by_key(|(head, _)| head.time);
    found.retain(|(head, _)| cursor.note(&head.id, head.time));
    cursor.forget_old();
    Ok(found.into_iter().map(|(_, json)| json).collect())
}

/// What is there now has been seen. By the service's own clock, not by ours.
fn begin_now(service: &mut Service, query: &Query, cursor: &mut Cursor) -> Result<()> {
    #[derive(Deserialize)]
    struct Newest {
        events: Option<Vec<Head>>,
    }
    let newest = Query {
        since: Some(cursor.begin.to_string()),
        limit: 1,
        ..query.clone()
    };
    let json = service
        .patiently(|client| client.search(&newest))?
        .unwrap_or_default();
    let newest: Newest = serde_json::from_str(&json).map_err(not_an_event)?;
    if let Some(head) = newest.events.unwrap_or_default().first() {
        cursor.note(&head.id, head.time);
        round(service, query, cursor)?;
    }
    Ok(())
}

struct Service<'c> {
    client: &'c Client,
    /// It could not be reached, and that was said.
    trouble: bool,
}

impl Service<'_> {
    /// Asks until there is a response. What the service refuses for good is a failure.
    fn patiently<T>(
        &mut self,
        mut ask: impl FnMut(&Client) -> library::Result<T>,
    ) -> library::Result<T> {
        for attempt in 0.. {
            match ask(self.client) {
                Err(error) if error.retryable || error.is_nonsense() => {
                    if !self.trouble {
                        let message = terminal::plain(&error.message);
                        terminal::say(&format!("{message}; trying again, nothing will be missed"));
                    }
                    self.trouble = true;
                    std::thread::sleep(PATIENCE[attempt.min(PATIENCE.len() - 1)]);
                }
                outcome => {
                    if std::mem::take(&mut self.trouble) && outcome.is_ok() {
                        terminal::say("The service is back.");
                    }
                    return outcome;
                }
            }
        }
        unreachable!("the range has no end")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_or_how_long_ago() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let when = |text| since_when(text, now).map(|time| time.to_string());
        assert_eq!(when("10m").unwrap(), "2026-01-31T11:50:00Z");
        assert_eq!(when("1h30m").unwrap(), "2026-01-31T10:30:00Z");
        assert_eq!(
            when("2026-01-31T12:00:00.5+02:00").unwrap(),
            "2026-01-31T10:00:00.5Z"
        );
        for wrong in ["", "soon", "-5m", "2026-01-31"] {
            assert!(when(wrong).unwrap_err().contains("--since"), "{wrong}");
        }
    }

    #[test]
    fn the_cursor_looks_back_and_remembers_what_it_would_see_again() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut cursor = Cursor::since(at(100));
        assert_eq!(cursor.from(), at(100));
        assert!(cursor.note("a", at(102)));
        assert_eq!(cursor.from(), at(100), "never before the beginning");
        assert!(cursor.note("b", at(110)));
        assert!(
            cursor.note("late", at(106)),
            "an older one that becomes visible later"
        );
        assert!(!cursor.note("b", at(110)));
        cursor.forget_old();
        assert_eq!(cursor.from(), at(105));
        assert!(!cursor.note("late", at(106)));
        assert!(!cursor.seen.contains_key("a"));
    }
}
