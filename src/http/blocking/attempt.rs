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

use std::cell::Cell;
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
struct State {
    deadline: Instant,
    fresh_only: bool,
    sent: bool,
    stale: bool,
}

thread_local! {
    static CURRENT: Cell<Option<State>> = const { Cell::new(None) };
}

/// Runs `exchange` as one attempt that ends by `deadline`, and reports on its bytes.
pub fn run<T>(deadline: Instant, fresh_only: bool, exchange: impl FnOnce() -> T) -> (T, Report) {
    let _restore = Restore(CURRENT.replace(Some(State {
        deadline,
        fresh_only,
        sent: false,
        stale: false,
    })));
    let outcome = exchange();
    let state = CURRENT.get();
    let report = Report {
        sent: state.is_some_and(|s| s.sent),
        stale: state.is_some_and(|s| s.stale),
    };
    (outcome, report)
}

/// What happened on the wire during an attempt.
pub struct Report {
    /// Bytes of the request were handed to the network: the service may have received it.
    pub sent: bool,
    /// The pooled connection turned out to be closed by the server, before any byte of a response.
    pub stale: bool,
}

/// Puts the previous state back, also when the attempt panics.
struct Restore(Option<State>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Time left before the running attempt must end; `None` when it is over. Outside of an attempt there is none.
pub fn remaining() -> Option<Duration> {
    let deadline = CURRENT.get()?.deadline;
    let left = deadline.checked_duration_since(Instant::now())?;
    (!left.is_zero()).then_some(left)
}

/// When the running attempt must end; in the past outside of an attempt.
pub fn deadline() -> Instant {
    CURRENT.get().map_or_else(Instant::now, |s| s.deadline)
}

/// Runs the part of the attempt that makes a connection: it ends `limit` from now at the latest, and
/// what it sends (a TLS handshake, a CONNECT) is no part of the request.
pub fn connecting<T>(limit: Duration, connect: impl FnOnce() -> T) -> T {
    let before = CURRENT.get();
    update(|s| s.deadline = s.deadline.min(Instant::now() + limit));
    let outcome = connect();
    if let Some(before) = before {
        update(|s| {
            s.deadline = before.deadline;
            s.sent = before.sent;
        });
    }
    outcome
}

/// Whether pooled connections are to be passed over.
pub fn wants_fresh_connection() -> bool {
    CURRENT.get().is_some_and(|s| s.fresh_only)
}

pub fn note_sent() {
    update(|s| s.sent = true);
}

pub fn note_stale() {
    update(|s| s.stale = true);
}

fn update(change: impl FnOnce(&mut State)) {
    if let Some(mut state) = CURRENT.get() {
        change(&mut state);
        CURRENT.set(Some(state));
    }
}
