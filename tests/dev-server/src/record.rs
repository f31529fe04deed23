//! The request log: what arrived, and what became of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::request::Parts;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

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
        self.ring().requests.iter().map(Recorded::to_json).collect()
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
            }
        });
    }
}
