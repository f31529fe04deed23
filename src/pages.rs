//! Walking back through events, page by page, without duplicates or holes.
//!
//! The service knows no cursor: an older page is what lies before a time (`until`, exclusive). Events
//! may share a timestamp, and a page may end between two such. So the next page is asked for up to and
//! *including* the oldest time seen, by the smallest step that the service's own timestamps show, and
//! what was seen already is passed over. Rejected: `until` = the oldest `createdAt` as it stands, which
//! loses those of its siblings that the page before had no room for.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::answer::Response;
use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::json::{self, Document, Found};
use crate::query::{EventQuery, LARGEST_LIMIT};

/// Filters that a walk keeps.
#[derive(Debug, Default)]
pub struct OwnedQuery(Vec<(&'static str, String)>);

pub struct Pages {
    client: Arc<Client>,
    query: OwnedQuery,
    limit: u32,
    until: Option<String>,
    /// Ids of the events of the page before.
    seen: HashSet<String>,
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
        crate::query::encode(
            pairs
                .chain([("limit", limit.as_str())])
                .chain(until.map(|t| ("until", t))),
        )
    }
}

impl Pages {
    /// `query.limit` is the size of a page, not of the whole.
    pub fn new(client: Arc<Client>, query: &EventQuery) -> Result<Self> {
        Ok(Pages {
            client,
            limit: query.limit.unwrap_or(LARGEST_LIMIT),
            query: OwnedQuery::new(query)?,
            until: None,
            seen: HashSet::new(),
            waiting: VecDeque::new(),
            finished: false,
        })
    }

    /// The next older event, as JSON; `None` at the end.
    pub fn advance(&mut self) -> Result<Option<Response>> {
        while self.waiting.is_empty() && !self.finished {
            self.fetch()?;
        }
        Ok(self.waiting.pop_front().map(|event| Response {
            document: Document::from_checked(event),
            http_status: 200,
            request_id: None,
        }))
    }

    fn fetch(&mut self) -> Result<()> {
        let page = self
            .client
            .events_page(&self.query.with(self.until.as_deref(), self.limit))?;
        let mut oldest: Option<String> = None;
        let mut digits = 0;
        let mut ids = HashSet::new();
        let mut fresh = 0;
        let events = json::elements(page.document.text(), "events");
        let count = events.len();
        for event in events {
            let document = Document::from_checked(event.to_owned());
            let text = |pointer| match document.find(pointer) {
                Some(Found::String(text)) => Some(text.into_owned()),
                _ => None,
            };
            let id = text("/eventId").unwrap_or_default();
            if let Some(created) = text("/createdAt") {
                digits = digits.max(fraction_digits(&created));
                oldest = Some(created);
            }
            if !self.seen.contains(&id) {
                fresh += 1;
                self.waiting.push_back(event.to_owned());
            }
            ids.insert(id);
        }
        if count < self.limit as usize {
            self.finished = true;
            return Ok(());
        }
        if fresh == 0 {
            // A whole page of one moment: a larger one may reach beyond it.
            if self.limit >= LARGEST_LIMIT {
                return Err(Error::new(
                    Kind::Api,
                    format!(
                        "events: more than {LARGEST_LIMIT} share one createdAt, and the service has no way to reach those before"
                    ),
                ));
            }
            self.limit = (self.limit * 2).min(LARGEST_LIMIT);
            return Ok(());
        }
        let oldest = oldest.and_then(|time| just_after(&time, digits));
        let Some(until) = oldest else {
            return Err(Error::new(
                Kind::Decode,
                "events: the oldest one has no createdAt in RFC 3339, UTC, so that the page before it cannot be asked for",
            ));
        };
        self.until = Some(until);
        self.seen = ids;
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
    let time = humantime::parse_rfc3339(&crate::time::normalise(time)?).ok()?;
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
}
