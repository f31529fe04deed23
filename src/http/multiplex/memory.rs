//! What a host was found out to be like. It is remembered for a while, so that not every connection has to
//! find out anew.

use std::time::{Duration, Instant};

/// What is older counts no more.
const KEEP: Duration = Duration::from_secs(600);

/// What the two sides of a connection speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct HostMemory {
    spoken: Option<(Protocol, Instant)>,
    /// When the server said that it wants to be spoken to in HTTP/1.1.
    http1_required: Option<Instant>,
    limit: Option<Limit>,
}

/// After so many requests the server ended a connection of HTTP/2.
#[derive(Debug, Clone, Copy)]
struct Limit {
    requests: u32,
    /// It was so twice in a row: no accident, such as a reload.
    confirmed: bool,
    seen: Instant,
}

impl HostMemory {
    pub fn note_spoken(&mut self, protocol: Protocol, now: Instant) {
        self.spoken = Some((protocol, now));
    }

    pub fn spoken(&self, now: Instant) -> Option<Protocol> {
        let (protocol, at) = self.spoken?;
        (now.duration_since(at) < KEEP).then_some(protocol)
    }

    pub fn note_http1_required(&mut self, now: Instant) {
        self.http1_required = Some(now);
    }

    pub fn is_http1_required(&self, now: Instant) -> bool {
        self.http1_required
            .is_some_and(|at| now.duration_since(at) < KEEP)
    }

    /// The server ended a connection after so many requests.
    pub fn note_goaway(&mut self, requests: u32, now: Instant) {
        let confirmed = self.limit.is_some_and(|limit| limit.requests == requests);
        self.limit = (requests > 0).then_some(Limit {
            requests,
            confirmed,
            seen: now,
        });
    }

    /// Whether the successor of a connection with so many requests is to be opened.
    pub fn wants_successor(&self, requests: u32, now: Instant) -> bool {
        self.limit(now)
            .is_some_and(|limit| requests >= limit.requests - limit.requests / 4)
    }

    /// A connection has had so many requests, and so many of them are open; tells whether the server takes no
    /// more on it.
    pub fn is_used_up(&mut self, requests: u32, open: usize, now: Instant) -> bool {
        let Some(limit) = self.limit(now).filter(|limit| requests >= limit.requests) else {
            return false;
        };
        if !limit.confirmed && open == 0 {
            // The server answered as many, and goes on.
            self.limit = None;
        }
        limit.confirmed
    }

    /// How many more requests may go out on a connection that has had so many. A number that was seen once
    /// is respected until the server has had its say: what would go out beyond might come back.
    pub fn requests_left(&self, requests: u32, now: Instant) -> usize {
        self.limit(now).map_or(usize::MAX, |limit| {
            limit.requests.saturating_sub(requests) as usize
        })
    }

    fn limit(&self, now: Instant) -> Option<Limit> {
        self.limit
            .filter(|limit| now.duration_since(limit.seen) < KEEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_final_when_it_was_met_twice() {
        let now = Instant::now();
        let mut memory = HostMemory::default();
        assert!(!memory.wants_successor(1_000_000, now));
        memory.note_goaway(1000, now);
        assert!(memory.wants_successor(750, now) && !memory.wants_successor(749, now));
        assert!(
            !memory.is_used_up(1000, 1, now),
            "it may have been a reload"
        );
        memory.note_goaway(1000, now);
        assert!(memory.is_used_up(1000, 0, now) && !memory.is_used_up(999, 0, now));
        assert_eq!(memory.requests_left(997, now), 3);
        assert!(!memory.is_used_up(1000, 0, now + KEEP));
    }

    #[test]
    fn an_accident_is_forgotten_when_a_connection_outlives_it() {
        let now = Instant::now();
        let mut memory = HostMemory::default();
        memory.note_goaway(37, now);
        assert_eq!(memory.requests_left(37, now), 0);
        assert!(!memory.is_used_up(37, 5, now));
        assert_eq!(
            memory.requests_left(37, now),
            0,
            "five may still be refused"
        );
        assert!(!memory.is_used_up(37, 0, now));
        assert_eq!(memory.requests_left(37, now), usize::MAX);
    }

    #[test]
    fn what_was_spoken_is_remembered_for_a_while() {
        let now = Instant::now();
        let mut memory = HostMemory::default();
        assert_eq!(memory.spoken(now), None);
        memory.note_spoken(Protocol::Http2, now);
        assert_eq!(memory.spoken(now), Some(Protocol::Http2));
        assert_eq!(memory.spoken(now + KEEP), None);
        assert!(!memory.is_http1_required(now));
        memory.note_http1_required(now);
        assert!(memory.is_http1_required(now) && !memory.is_http1_required(now + KEEP));
    }
}
