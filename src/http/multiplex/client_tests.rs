//! What submits requests to a [`Multiplexer`] in tests, as the engine does, and what servers of both versions answer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderValue, Method, Uri};

use super::Multiplexer;
use super::memory::HostMemory;
use super::scripted_tests::*;
use crate::error::Error;
use crate::http::credential::ApiKey;
use crate::http::headers::names;
use crate::http::network::Network;
use crate::http::proxy::Proxy;
use crate::http::request::Request;
use crate::http::response::HttpResponse;
use crate::http::{HttpSettings, HttpVersion};
use crate::sys::sync::Mutex;

pub const LIMIT: Duration = Duration::from_secs(20);
/// Longer than a server on a busy machine takes to say how many streams it allows.
const PATIENCE: Duration = Duration::from_millis(300);
pub const API_KEY: &str = "ak_secret";

/// What submits requests whose bodies are their numbers, and collects what became of them.
pub struct Client {
    pub multiplexer: Multiplexer,
    pub network: Arc<Network>,
    uri: Uri,
    waiting: Vec<(usize, Arc<Request>, Instant)>,
    /// Since when the connections have had no room.
    full_since: Option<Instant>,
    pub done: HashMap<usize, Result<HttpResponse, Error>>,
}

impl Client {
    /// Speaks HTTP/2 to a server without TLS.
    pub fn new(server: &Server) -> Self {
        Self::speaking(HttpVersion::Http2, server, None)
    }

    pub fn speaking(version: HttpVersion, server: &Server, proxy: Option<Proxy>) -> Self {
        let uri: Uri = format!("{}/event", server.url()).parse().unwrap();
        let network = Arc::new(Network::new(&HttpSettings {
            api_key: ApiKey::new(API_KEY.into()),
            tenant_id: None,
            environment: None,
            user_agent: HeaderValue::from_static("axonpush-c/test"),
            timeout: LIMIT,
            ca_pem: Some(certificate().pem.clone()),
            proxy,
            version,
        }));
        let memory = HostMemory::default();
        Client {
            multiplexer: Multiplexer::new(network.clone(), &uri, 4, memory).unwrap(),
            network,
            uri,
            waiting: Vec::new(),
            full_since: None,
            done: HashMap::new(),
        }
    }

    pub fn submit(&mut self, id: usize, body: String, limit: Duration) {
        let key = HeaderValue::from_str(&format!("key-{id}")).unwrap();
        let request = Request {
            method: Method::POST,
            uri: self.uri.clone(),
            headers: vec![(names::IDEMPOTENCY_KEY, key)],
            body: Some(body.into_bytes()),
            repeatable: true,
        };
        let deadline = Instant::now() + limit;
        self.waiting.push((id, Arc::new(request), deadline));
    }

    pub fn submit_all(&mut self, ids: std::ops::Range<usize>) {
        for id in ids {
            self.submit(id, id.to_string(), LIMIT);
        }
    }

    /// Sends what there is room for, as the engine does, until so many are done.
    pub fn run_until(&mut self, count: usize) {
        let end = Instant::now() + LIMIT;
        while self.done.len() < count {
            assert!(Instant::now() < end, "{} of {count}", self.done.len());
            self.turn();
        }
    }

    pub fn turn(&mut self) {
        let mut room = self.multiplexer.room();
        let now = Instant::now();
        match room.ready {
            0 => room.may_open &= now >= *self.full_since.get_or_insert(now) + PATIENCE,
            _ => self.full_since = None,
        }
        if room.ready == 0 && room.may_open {
            self.full_since = None;
        }
        for n in 0..room.ready + usize::from(room.may_open) {
            if self.waiting.is_empty() {
                break;
            }
            let (id, request, deadline) = self.waiting.remove(0);
            let open = n >= room.ready;
            self.multiplexer.submit(id, request, deadline, open);
        }
        let mut done = Vec::new();
        let nap = Duration::from_millis(5);
        self.multiplexer.run(Some(nap), &mut done).unwrap();
        for (id, outcome) in done {
            let before = self.done.insert(id, outcome);
            assert!(before.is_none(), "{id} ended twice");
        }
    }

    pub fn all_delivered(&self) -> bool {
        let errors = self
            .done
            .iter()
            .filter_map(|(id, done)| Some((id, done.as_ref().err()?)));
        errors
            .take(3)
            .for_each(|(id, error)| eprintln!("{id}: {error}"));
        self.done.values().all(Result::is_ok)
    }

    pub fn error(&self, id: usize) -> &Error {
        self.done[&id].as_ref().unwrap_err()
    }
}

/// The bodies that a server answered.
#[derive(Clone, Default)]
pub struct Answered(Arc<Mutex<Vec<String>>>);

impl Answered {
    pub fn note(&self, body: String) {
        self.0.lock().push(body);
    }

    pub fn each_once(&self, count: usize) -> bool {
        let bodies = self.0.lock();
        let different: HashSet<&String> = bodies.iter().collect();
        bodies.len() == count && different.len() == count
    }
}

/// Answers requests of HTTP/2 with short bodies.
pub fn answer_all(mut peer: Peer, answered: &Answered) {
    peer.settings(&[(MAX_CONCURRENT_STREAMS, 100)]);
    while let Some((stream, body)) = peer.request() {
        answered.note(body);
        peer.respond(stream);
    }
}

/// Answers requests of HTTP/1.1.
pub fn answer_http1(mut wire: Wire, answered: &Answered) {
    while let Some(head) = wire.read_head() {
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |text| text.parse().unwrap());
        let Some(body) = wire.read_exactly(length) else {
            return;
        };
        answered.note(String::from_utf8(body).unwrap());
        wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"eventId\":\"e\"}");
    }
}
