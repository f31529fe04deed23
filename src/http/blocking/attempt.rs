//! The attempt that is running on this thread: its one deadline, and what became of its bytes.
//!
//! ureq hands a transport a *relative* timeout for each read and write, and some of its loops start
//! that timeout anew on every pass (the CONNECT response of a proxy is one), so a server that drips a
//! byte now and then could outlive any of them. Here an attempt has one absolute deadline; every
//! socket operation made for it asks [`remaining`]. An attempt runs on one thread from start to end,
//! so the state lives there, and a call with an unusual deadline needs no configuration of its own.
//!
//! Rejected: ureq's own `timeout_global`. It is right for most of the way, but has the gaps above,
//! cannot tell whether the request may have been sent, and costs a clone of the agent's
//! configuration for each request whose limit differs.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ureq::unversioned::transport::ShutdownHandle;

use crate::http::failure::Stage;
use crate::sys::cancel::CallScope;
use crate::sys::sync::Mutex;

struct State {
    deadline: Instant,
    fresh_only: bool,
    sent: bool,
    heard: bool,
    stale: bool,
    /// Where the attempt is, for the message should it fail.
    stage: Stage,
    /// Only where the attempt can be cancelled.
    socket: Option<Arc<CurrentSocket>>,
}

/// The socket that the attempt waits on, for whoever cancels it.
#[derive(Default)]
struct CurrentSocket(Mutex<Cancellable>);

#[derive(Default)]
struct Cancellable {
    cancelled: bool,
    socket: Option<Weak<dyn ShutdownHandle>>,
}

impl CurrentSocket {
    fn cancel(&self) {
        let mut current = self.0.lock();
        current.cancelled = true;
        if let Some(socket) = current.socket.take().and_then(|socket| socket.upgrade()) {
            socket.shutdown();
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Runs `exchange` as one attempt that ends by `deadline` or when `scope` is cancelled, and reports on
/// its bytes.
pub fn run<T>(
    deadline: Instant,
    fresh_only: bool,
    scope: &CallScope,
    exchange: impl FnOnce() -> T,
) -> (T, AttemptReport) {
    let socket = scope
        .cancel
        .as_ref()
        .map(|_| Arc::<CurrentSocket>::default());
    let _restore = Restore(CURRENT.replace(Some(State {
        deadline,
        fresh_only,
        sent: false,
        heard: false,
        stale: false,
        stage: Stage::LookUp,
        socket: socket.clone(),
    })));
    let outcome = match socket {
        Some(socket) => scope.interruptible(move || socket.cancel(), exchange),
        None => exchange(),
    };
    let report = with(|s| AttemptReport {
        sent: s.sent,
        heard: s.heard,
        stale: s.stale,
        stage: s.stage.clone(),
    });
    (outcome, report.expect("the attempt's own state"))
}

/// What happened on the wire during an attempt.
pub struct AttemptReport {
    /// Bytes of the request were handed to the network: the service may have received it.
    pub sent: bool,
    /// Bytes came from the service.
    pub heard: bool,
    /// The pooled connection turned out to be closed by the server, before any byte of a response.
    pub stale: bool,
    pub stage: Stage,
}

/// Puts the previous state back, also when the attempt panics.
struct Restore(Option<State>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

fn with<T>(read: impl FnOnce(&mut State) -> T) -> Option<T> {
    CURRENT.with_borrow_mut(|current| current.as_mut().map(read))
}

/// Time left before the running attempt must end; `None` when it is over. Outside of an attempt there is none.
pub fn remaining() -> Option<Duration> {
    let left = with(|s| s.deadline)?.checked_duration_since(Instant::now())?;
    (!left.is_zero()).then_some(left)
}

/// When the running attempt must end; in the past outside of an attempt.
pub fn deadline() -> Instant {
    with(|s| s.deadline).unwrap_or_else(Instant::now)
}

/// Runs the part of the attempt that makes a connection: it ends `limit` from now at the latest, and
/// what it sends (a TLS handshake, a CONNECT) and receives is no part of the exchange.
pub fn connecting<T>(limit: Duration, connect: impl FnOnce() -> T) -> T {
    let before = with(|s| {
        let before = (s.deadline, s.sent, s.heard);
        s.deadline = s.deadline.min(Instant::now() + limit);
        before
    });
    let outcome = connect();
    if let Some(before) = before {
        with(|s| (s.deadline, s.sent, s.heard) = before);
    }
    outcome
}

/// The attempt waits on this socket from now on. Fails where it was cancelled.
pub fn use_socket(socket: &Arc<impl ShutdownHandle + 'static>) -> io::Result<()> {
    let Some(current) = with(|s| s.socket.clone()).flatten() else {
        return Ok(());
    };
    let mut current = current.0.lock();
    if current.cancelled {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    let socket = Arc::downgrade(socket);
    current.socket = Some(socket);
    Ok(())
}

/// The connection goes back to the pool: cancelling this attempt must not end somebody else's.
pub fn release_socket() {
    if let Some(current) = with(|s| s.socket.clone()).flatten() {
        current.0.lock().socket = None;
    }
}

/// Whether the running attempt was cancelled.
pub fn is_cancelled() -> bool {
    let socket = with(|s| s.socket.clone()).flatten();
    socket.is_some_and(|current| current.0.lock().cancelled)
}

pub fn note_stage(stage: Stage) {
    with(|s| s.stage = stage);
}

/// Whether pooled connections are to be passed over.
pub fn wants_fresh_connection() -> bool {
    with(|s| s.fresh_only).unwrap_or(false)
}

pub fn note_sent() {
    with(|s| s.sent = true);
}

pub fn note_heard() {
    with(|s| s.heard = true);
}

pub fn note_stale() {
    with(|s| s.stale = true);
}
