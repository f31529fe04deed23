//! What state a connection is in, and who may end it.
//!
//! hyper owns the socket while it speaks HTTP. So a handler that wants to end its connection, or wants its response to
//! go out strangely, says so here; `wire` (below hyper) and `accept` (above it) act on it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How a connection is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// TCP FIN, after what has been written.
    Close,
    /// TCP RST, at once.
    Reset,
}

/// How the bytes of the current response go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Plain,
    Drip {
        bytes: usize,
        interval: Duration,
    },
    /// The head, then this many bytes of the body, then the end.
    Truncate {
        body_bytes: usize,
    },
}

pub struct Connection {
    pub number: u64,
    state: Mutex<State>,
    ending: watch::Sender<Option<Ending>>,
    gone: watch::Sender<bool>,
}

struct State {
    shape: Shape,
    /// A request is in progress.
    busy: bool,
    /// Bytes have arrived since the last response.
    reading: bool,
    /// A response has not reached the kernel yet.
    writing: bool,
    last_activity: Instant,
}

impl Connection {
    fn new(number: u64) -> Self {
        Self {
            number,
            state: Mutex::new(State {
                shape: Shape::Plain,
                busy: false,
                reading: false,
                writing: false,
                last_activity: Instant::now(),
            }),
            ending: watch::Sender::new(None),
            gone: watch::Sender::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has arrived. It is over when the guard is dropped.
    pub fn begin_request(self: &Arc<Self>) -> Busy {
        let mut state = self.state();
        state.busy = true;
        state.shape = Shape::Plain;
        drop(state);
        Busy(Arc::clone(self))
    }

    pub fn shape(&self) -> Shape {
        self.state().shape
    }

    pub fn set_shape(&self, shape: Shape) {
        self.state().shape = shape;
    }

    pub fn bytes_read(&self) {
        let mut state = self.state();
        state.reading = true;
        state.last_activity = Instant::now();
    }

    pub fn bytes_flushed(&self) {
        let mut state = self.state();
        if state.writing {
            state.writing = false;
            state.last_activity = Instant::now();
        }
    }

    /// How long the connection has been idle; `None`: it is at work.
    pub fn idle_for(&self) -> Option<Duration> {
        let state = self.state();
        let idle = !state.busy && !state.reading && !state.writing;
        idle.then(|| state.last_activity.elapsed())
    }

    /// Asks for the end without waiting for it. The first ending asked for counts.
    pub fn end_soon(&self, ending: Ending) {
        self.ending.send_if_modified(|current| {
            let first = current.is_none();
            current.get_or_insert(ending);
            first
        });
    }

    /// Ends the connection whose request the caller handles; the caller ends with it.
    pub async fn end(&self, ending: Ending) -> Infallible {
        self.end_soon(ending);
        std::future::pending().await
    }

    pub fn ending(&self) -> Option<Ending> {
        *self.ending.borrow()
    }

    /// Returns once an end has been asked for.
    pub async fn wait_for_ending(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.ending.subscribe().wait_for(Option::is_some).await;
    }

    /// Returns once the connection has been idle for `timeout`.
    pub async fn wait_for_idleness(&self, timeout: Duration) {
        loop {
            let idle = self.idle_for().unwrap_or_default();
            if idle >= timeout {
                return;
            }
            tokio::time::sleep(timeout - idle).await;
        }
    }

    async fn wait_until_gone(&self) {
        let _ = self.gone.subscribe().wait_for(|gone| *gone).await;
    }
}

/// A request in progress.
pub struct Busy(Arc<Connection>);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.busy = false;
        state.reading = false;
        // hyper has taken the response but not written it yet; `bytes_flushed` says when it has.
        state.writing = true;
    }
}

/// The connections that are open.
#[derive(Default)]
pub struct Connections {
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
    last_number: AtomicU64,
    accepted: AtomicU64,
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn accept(self: &Arc<Self>) -> Registered {
        let number = self.last_number.fetch_add(1, Ordering::Relaxed) + 1;
        self.accepted.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection::new(number));
        self.open().insert(number, Arc::clone(&connection));
        Registered {
            connection,
            connections: Arc::clone(self),
        }
    }

    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub fn count_open(&self) -> usize {
        self.open().len()
    }

    pub fn forget_accepted(&self) {
        self.accepted.store(0, Ordering::Relaxed);
    }

    /// Closes every idle connection, and returns how many there were when they are closed.
    pub async fn close_idle(&self) -> usize {
        let idle: Vec<_> = self
            .open()
            .values()
            .filter(|connection| connection.idle_for().is_some())
            .cloned()
            .collect();
        for connection in &idle {
            connection.end_soon(Ending::Close);
        }
        for connection in &idle {
            connection.wait_until_gone().await;
        }
        idle.len()
    }

    /// Closes every connection: the idle ones at once, the others when they are done, all of them after `patience`.
    pub async fn close_all(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.count_open() > 0 && Instant::now() < deadline {
            self.close_idle().await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let rest: Vec<_> = self.open().values().cloned().collect();
        for connection in &rest {
            connection.end_soon(Ending::Close);
        }
        for connection in &rest {
            connection.wait_until_gone().await;
        }
    }
}

/// A connection for as long as it is open.
pub struct Registered {
    pub connection: Arc<Connection>,
    connections: Arc<Connections>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.open().remove(&self.connection.number);
        self.connection.gone.send_replace(true);
    }
}
