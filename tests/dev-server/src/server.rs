//! The library's face: a server on its own thread, stopped when dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::accept;
pub use crate::auth::KeyHeader;
use crate::exchange::Service;
use crate::shared::Shared;

/// What to serve, and how. `Config::default()` is an in-memory service on a free port of 127.0.0.1.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    /// The database file; `None` keeps everything in memory.
    pub db: Option<PathBuf>,
    /// The only credentials accepted. Empty: any `ak_…` key and any `pt_…` token.
    pub api_keys: Vec<String>,
    /// Where the API key must be; `None`: in either header.
    pub key_header: Option<KeyHeader>,
    /// The status for whatever has come into being. `None`: 200 for events and OTLP, 201 for everything else.
    pub created: Option<StatusCode>,
    /// Names, beside those of loopback and the address in `listen`, that `Host` and `Origin` may have, with any port.
    pub allowed_hosts: Vec<String>,
    /// Give errors as `{"code","message","hint","requestId"}` in place of `application/problem+json`.
    pub legacy_errors: bool,
    /// Refuse a `POST /event` that has no `Idempotency-Key` header.
    pub require_idempotency_key: bool,
    pub tls: Option<Tls>,
    /// Close a connection that has been idle for this long.
    pub idle_timeout: Option<Duration>,
    /// How many requests `GET /_dev/requests` remembers.
    pub record_limit: usize,
    /// How many events are kept; the oldest go first. `None`: all.
    pub event_limit: Option<u64>,
}

/// Some hundred megabytes, if events are as large as most are.
const EVENTS_IN_MEMORY: u64 = 200_000;

impl Config {
    /// What a command line says about the limit: 0 is none, and without a word memory is bounded and a file is not.
    pub fn with_event_limit(self, given: Option<u64>) -> Self {
        let event_limit = match given {
            None => self.db.is_none().then_some(EVENTS_IN_MEMORY),
            Some(limit) => (limit > 0).then_some(limit),
        };
        Self {
            event_limit,
            ..self
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            db: None,
            api_keys: Vec::new(),
            key_header: None,
            created: None,
            allowed_hosts: Vec::new(),
            legacy_errors: false,
            require_idempotency_key: false,
            tls: None,
            idle_timeout: None,
            record_limit: 10_000,
            event_limit: None,
        }
    }
}

/// A certificate chain and its private key, as PEM text.
#[derive(Clone)]
pub struct Tls {
    pub cert_pem: Vec<u8>,
    pub key_pem: Vec<u8>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tls")
    }
}

/// A running server. It may be used from any thread; dropping it stops it and closes its connections.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Returns when the server listens.
    pub fn start(config: Config) -> io::Result<Server> {
        let tls = config.tls.as_ref().map(accept::tls_acceptor).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        // Bound without tokio: the caller may be inside a runtime, which forbids to block on another.
        let listener = TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let idle_timeout = config.idle_timeout;
        let shared = Arc::new(Shared::open(config).map_err(io::Error::other)?);
        let service = Service::new(Arc::clone(&shared));

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("axonpush-dev-server")
            .enable_all()
            .build()?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("axonpush-dev-server".into())
            .spawn(move || {
                runtime.block_on(accept::serve(listener, tls, idle_timeout, service, stopped));
                // Webhook deliveries that are still under way do not hold the stop up.
                runtime.shutdown_background();
            })?;
        Ok(Server {
            address,
            scheme,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `http://127.0.0.1:PORT` (or `https://…`), without a trailing slash.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `POST /_dev/faults` without HTTP: one fault or an array of them.
    ///
    /// # Panics
    /// When a fault is malformed, with the reason: a test that scripts nonsense must not pass.
    pub fn add_faults(&self, faults: Value) {
        if let Err(problem) = self.shared.faults.add(faults) {
            panic!("{problem}");
        }
    }

    /// `GET /_dev/faults`: what has not acted yet.
    pub fn faults_left(&self) -> Value {
        json!(self.shared.faults.left())
    }

    /// `DELETE /_dev/faults`.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// `GET /_dev/requests`: the recorded requests, oldest first.
    pub fn requests(&self) -> Vec<Value> {
        self.shared.recorder.entries()
    }

    /// `DELETE /_dev/requests`.
    pub fn clear_requests(&self) {
        self.shared.recorder.clear();
    }

    /// `GET /_dev/stats`.
    pub fn stats(&self) -> Value {
        self.shared.stats()
    }

    /// `POST /_dev/clock`: every event gets this RFC 3339 time as `createdAt`; `None` lets time run again.
    ///
    /// # Panics
    /// When the time is malformed.
    pub fn freeze_clock(&self, time: Option<&str>) {
        let time = time.map(|time| match crate::clock::parse(time) {
            Some(time) => time,
            None => panic!("`{time}` is not an RFC 3339 time"),
        });
        self.shared.clock.freeze(time);
    }

    /// `POST /_dev/reset`.
    pub fn reset(&self) {
        if let Err(problem) = self.shared.reset() {
            panic!("{problem}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("axonpush-dev-server: the server thread panicked");
        }
    }
}
