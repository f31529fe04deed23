//! Iterating over events, page by page, without duplicates or holes.
//!
//! The service knows no cursor: an older page is what lies before a time (`until`, exclusive). Events
//! may share a timestamp, and a page may end between two such. So the next page is asked for up to and
//! *including* the oldest time seen, by the smallest step that the service's own timestamps show, and
//! what was seen already is passed over. Rejected: `until` = the oldest `createdAt` as it stands, which
//! loses those of its siblings that the page before had no room for.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use super::Client;
use super::query::{EventQuery, LARGEST_LIMIT};
use crate::error::{Error, Kind, Result};
use crate::http::response::Response;
use crate::http::url;
use crate::json::{self, Document, Found};
use crate::sys::cancel::CallScope;

/// Filters that an iterator keeps.
#[derive(Debug, Default)]
pub struct OwnedQuery(Vec<(&'static str, String)>);

/// The iterator. It is lent the client for each step, so that a forked child goes on with its own.
#[derive(Debug)]
pub struct EventsIter {
    query: OwnedQuery,
    limit: u32,
    until: Option<String>,
    /// Ids of the events that the next page may have in it once more.
    seen: HashSet<String>,
    /// The most decimals that a time had so far: some services write 0.5 s with one.
    digits: usize,
    waiting: VecDeque<String>,
    finished: bool,
}

impl OwnedQuery {
    pub fn new(query: &EventQuery) -> Result<Self> {
        query.check()?;
        let pairs = query.pairs().into_iter();
        Ok(OwnedQuery(
            pairs
                .filter_map(|(name, value)| Some((name, value?.to_owned())))
                .collect(),
        ))
    }

    fn with(&self, until: Option<&str>, limit: u32) -> String {
        let limit = limit.to_string();
        let others = self
            .0
            .iter()
            .filter(|(name, _)| *name != "limit" && (until.is_none() || *name != "until"));
        let pairs = others.map(|(name, value)| (*name, value.as_str()));
        url::encode_query(
            pairs
                .chain([("limit", limit.as_str())])
                .chain(until.map(|t| ("until", t))),
        )
    }
}

impl EventsIter {
    /// `query.limit` is the size of a page, not of the whole.
    pub fn new(query: &EventQuery) -> Result<Self> {
        Ok(EventsIter {
            limit: query.limit.unwrap_or(LARGEST_LIMIT),
            query: OwnedQuery::new(query)?,
            until: None,
            seen: HashSet::new(),
            digits: 0,
            waiting: VecDeque::new(),
            finished: false,
        })
    }

    /// The next older event, as JSON; `None` at the end.
    pub fn advance(&mut self, client: &Client, scope: &CallScope) -> Result<Option<Response>> {
        while self.waiting.is_empty() && !self.finished {
            let page =
                client.events_page(&self.query.with(self.until.as_deref(), self.limit), scope)?;
            self.take(page.document.text())?;
        }
        Ok(self.waiting.pop_front().map(|event| Response {
            document: Document::from_checked(event),
            http_status: 200,
            request_id: None,
        }))
    }

    /// Takes a page and decides on the next one. After a failure all is as before.
    fn take(&mut self, page: &str) -> Result<()> {
        let mut oldest = None;
        let mut digits = self.digits;
        let mut ids = HashSet::new();
        let mut fresh = Vec::new();
        let events = json::elements(page, "events");
        let count = events.len();
        for event in events {
            let document = Document::from_checked(event.to_owned());
            let text = |pointer| match document.find(pointer) {
                Some(Found::String(text)) => Some(text.into_owned()),
                _ => None,
            };
            if let Some(created) = text("/createdAt") {
                digits = digits.max(fraction_digits(&created));
                oldest = Some(created);
            }
            let id = text("/eventId").unwrap_or_default();
            if !self.seen.contains(&id) {
                fresh.push(event.to_owned());
            }
            ids.insert(id);
        }
        if count < self.limit as usize {
            self.finished = true;
            self.waiting.extend(fresh);
            return Ok(());
        }
        let Some(next) = oldest.and_then(|time| just_after(&time, digits)) else {
            return Err(Error::new(
                Kind::Decode,
                "events: the oldest one has no createdAt in RFC 3339, UTC, so that the page before it cannot be asked for",
            ));
        };
        // Never forward again, whatever arrived meanwhile. The strings compare as the times do.
        let next = match &self.until {
            Some(until) if *until < next => until.clone(),
            _ => next,
        };
        if self.until.as_ref() != Some(&next) {
            self.until = Some(next);
            self.seen = ids;
        } else if fresh.is_empty() {
            // A whole page of one moment: a larger one may reach beyond it.
            if self.limit >= LARGEST_LIMIT {
                return Err(Error::new(
                    Kind::Api,
                    format!(
                        "events: {LARGEST_LIMIT} or more share one createdAt, and the service has no way to reach those before"
                    ),
                ));
            }
            self.limit = (self.limit * 2).min(LARGEST_LIMIT);
        } else {
            self.seen.extend(ids);
        }
        self.digits = digits;
        self.waiting.extend(fresh);
        Ok(())
    }
}

fn fraction_digits(time: &str) -> usize {
    let fraction = time.split_once('.').map_or("", |(_, rest)| rest);
    fraction
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count()
        .min(9)
}

/// `time` and one unit of its `digits`-th decimal.
fn just_after(time: &str, digits: usize) -> Option<String> {
    let time = humantime::parse_rfc3339(&crate::event::timestamp::normalise(time)?).ok()?;
    let unit = Duration::from_nanos(10_u64.pow(9 - digits as u32));
    Some(humantime::format_rfc3339_nanos(time + unit).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_one_unit_of_the_services_precision() {
        for (time, digits, next) in [
            (
                "2026-11-24T05:57:22.598514Z",
                6,
                "2026-11-24T05:57:22.598515000Z",
            ),
            (
                "2026-11-24T05:57:22.5Z",
                6,
                "2026-11-24T05:57:22.500001000Z",
            ),
            (
                "2026-11-24T05:57:59.999Z",
                3,
                "2026-11-24T05:58:00.000000000Z",
            ),
            ("2026-11-24T05:57:22Z", 0, "2026-11-24T05:57:23.000000000Z"),
            (
                "2026-11-24T05:57:22.123456789+00:00",
                9,
                "2026-11-24T05:57:22.123456790Z",
            ),
        ] {
            assert_eq!(just_after(time, digits).as_deref(), Some(next));
        }
        assert_eq!(fraction_digits("2026-11-24T05:57:22.598514Z"), 6);
        assert_eq!(fraction_digits("2026-11-24T05:57:22Z"), 0);
        assert_eq!(just_after("yesterday", 0), None);
    }

    fn iterator(limit: u32) -> EventsIter {
        let query = EventQuery {
            limit: Some(limit),
            ..EventQuery::default()
        };
        EventsIter::new(&query).unwrap()
    }

    fn page(events: &[(&str, &str)]) -> String {
        let events: Vec<String> = events
            .iter()
            .map(|(id, time)| {
                format!(r#"{{"eventId":"{id}","createdAt":"2026-01-01T00:00:{time}Z"}}"#)
            })
            .collect();
        format!(r#"{{"events":[{}]}}"#, events.join(","))
    }

    /// The ids that a page brought.
    fn taken(pages: &mut EventsIter, events: &[(&str, &str)]) -> Vec<String> {
        pages.take(&page(events)).unwrap();
        let id = |event: String| match Document::from_checked(event).find("/eventId") {
            Some(Found::String(id)) => id.into_owned(),
            _ => String::new(),
        };
        pages.waiting.drain(..).map(id).collect()
    }

    #[test]
    fn what_arrives_in_the_moment_of_a_page_brings_nothing_twice() {
        // The service counts in milliseconds, and the newest moment is not over yet.
        let mut pages = iterator(2);
        assert_eq!(
            taken(&mut pages, &[("b", "05.001"), ("a", "05.001")]),
            ["b", "a"]
        );
        assert_eq!(
            taken(&mut pages, &[("d", "05.001"), ("c", "05.001")]),
            ["d", "c"]
        );
        assert!(taken(&mut pages, &[("d", "05.001"), ("c", "05.001")]).is_empty());
        assert_eq!(pages.limit, 4);
        let all = [
            ("d", "05.001"),
            ("c", "05.001"),
            ("b", "05.001"),
            ("a", "05.001"),
        ];
        assert!(taken(&mut pages, &all).is_empty());
        assert_eq!(pages.limit, 8);
        let more = [&all[..], &[("z", "04.9")]].concat();
        assert_eq!(taken(&mut pages, &more), ["z"]);
        assert!(pages.finished);
    }

    #[test]
    fn a_time_whose_zeros_were_left_out_does_not_widen_the_step() {
        let mut pages = iterator(2);
        taken(&mut pages, &[("c", "05.123456"), ("b", "05.12")]);
        assert_eq!(
            pages.until.as_deref(),
            Some("2026-01-01T00:00:05.120001000Z")
        );
        taken(&mut pages, &[("b", "05.12"), ("a", "05")]);
        assert_eq!(
            pages.until.as_deref(),
            Some("2026-01-01T00:00:05.000001000Z")
        );
    }

    #[test]
    fn a_page_that_leads_nowhere_is_taken_whole_or_not_at_all() {
        let mut pages = iterator(1);
        for _ in 0..2 {
            let error = pages.take(r#"{"events":[{"eventId":"a"}]}"#).unwrap_err();
            assert_eq!(error.kind, Kind::Decode);
            assert!(pages.waiting.is_empty());
        }
        let mut pages = iterator(LARGEST_LIMIT);
        let crowd: Vec<String> = (0..LARGEST_LIMIT).map(|n| n.to_string()).collect();
        let crowd: Vec<(&str, &str)> = crowd.iter().map(|id| (id.as_str(), "05.5")).collect();
        assert_eq!(taken(&mut pages, &crowd).len(), crowd.len());
        for _ in 0..2 {
            let error = pages.take(&page(&crowd)).unwrap_err();
            assert_eq!(error.kind, Kind::Api);
        }
    }
}
