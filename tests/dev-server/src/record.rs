//! The request log: what arrived, and what became of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::request::Parts;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::clock;

/// Remembers the last requests. Credentials are kept as they came: this is a test server.
#[derive(Clone)]
pub struct Recorder(Arc<Mutex<Ring>>);

struct Ring {
    limit: usize,
    total: u64,
    requests: VecDeque<Recorded>,
}

struct Recorded {
    number: u64,
    connection: u64,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    outcome: &'static str,
    status: Option<StatusCode>,
    /// When its head had arrived.
    time: SystemTime,
    start: Instant,
    /// From then until its outcome.
    duration: Option<Duration>,
}

impl Recorder {
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Ring {
            limit,
            total: 0,
            requests: VecDeque::new(),
        })))
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a request whose head has arrived. The entry learns the rest.
    pub fn open(&self, head: &Parts, connection: u64) -> Entry {
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let mut ring = self.ring();
        ring.total += 1;
        let number = ring.total;
        ring.requests.push_back(Recorded {
            number,
            connection,
            method: head.method.to_string(),
            target: head.uri.to_string(),
            headers,
            body: Bytes::new(),
            outcome: "pending",
            status: None,
            time: SystemTime::now(),
            start: Instant::now(),
            duration: None,
        });
        while ring.requests.len() > ring.limit {
            ring.requests.pop_front();
        }
        Entry {
            recorder: self.clone(),
            number,
        }
    }

    pub fn entries(&self) -> Vec<Value> {
        self.select(|_| true, usize::MAX)
    }

    /// The last attempts to publish the event with this dedup key. Not every client says it in `Idempotency-Key`.
    pub fn attempts(&self, key: &str, limit: usize) -> Vec<Value> {
        let member = format!("\"dedupKey\":{}", Value::from(key));
        let has_key = |it: &Recorded| {
            let mut headers = it.headers.iter();
            headers.any(|(name, value)| name == "idempotency-key" && value == key)
                || str::from_utf8(&it.body).is_ok_and(|body| body.contains(&member))
        };
        self.select(has_key, limit)
    }

    /// The last `limit` requests.
    pub fn last(&self, limit: usize) -> Vec<Value> {
        self.select(|_| true, limit)
    }

    fn select(&self, fits: impl Fn(&Recorded) -> bool, limit: usize) -> Vec<Value> {
        let ring = self.ring();
        let newest = ring.requests.iter().rev().filter(|it| fits(it)).take(limit);
        let mut selected: Vec<_> = newest.map(Recorded::to_json).collect();
        selected.reverse();
        selected
    }

    /// How many requests arrived, forgotten ones included.
    pub fn total(&self) -> u64 {
        self.ring().total
    }

    pub fn clear(&self) {
        self.ring().requests.clear();
    }

    pub fn reset(&self) {
        let mut ring = self.ring();
        ring.requests.clear();
        ring.total = 0;
    }
}

impl Recorded {
    fn to_json(&self) -> Value {
        let mut json = json!({
            "number": self.number,
            "connection": self.connection,
            "method": self.method,
            "target": self.target,
            "headers": self.headers,
            "outcome": self.outcome,
            "status": self.status.map(|status| status.as_u16()),
            "time": clock::format(clock::micros(self.time)),
            "durationMs": self.duration.map(|it| it.as_micros() as f64 / 1000.0),
        });
        match str::from_utf8(&self.body) {
            Ok(text) => json["body"] = text.into(),
            Err(_) => {
                json["body"] = String::from_utf8_lossy(&self.body).into();
                json["bodyBase64"] = BASE64_STANDARD.encode(&self.body).into();
            }
        }
        json
    }
}

/// A request in progress. One that is dropped without an outcome lost its client.
pub struct Entry {
    recorder: Recorder,
    number: u64,
}

impl Entry {
    pub fn set_body(&self, body: Bytes) {
        self.update(|recorded| recorded.body = body);
    }

    pub fn close(self, outcome: &'static str, status: Option<StatusCode>) {
        self.update(|recorded| {
            recorded.outcome = outcome;
            recorded.status = status;
            recorded.duration = Some(recorded.start.elapsed());
        });
    }

    /// Does nothing when the request has been forgotten meanwhile.
    fn update(&self, change: impl FnOnce(&mut Recorded)) {
        let mut ring = self.recorder.ring();
        // The newest are at the end, and the request in hand is most likely one of them.
        if let Some(recorded) = ring
            .requests
            .iter_mut()
            .rev()
            .find(|it| it.number == self.number)
        {
            change(recorded);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.update(|recorded| {
            if recorded.outcome == "pending" {
                recorded.outcome = "client left";
                recorded.duration = Some(recorded.start.elapsed());
            }
        });
    }
}
