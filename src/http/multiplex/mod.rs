//! Many exchanges at once, from one thread: an event loop over non-blocking sockets.
//!
//! It knows requests and responses, and nothing of events. Its user submits exchanges, calls
//! [`Multiplexer::run`], and finds out what became of them. No asynchronous runtime is behind it:
//! [`mio`] tells which sockets are ready, and every connection is a state machine that goes as far as it
//! can without waiting.

#[cfg(test)]
mod client_tests;
mod connect;
mod connections;
mod exchange;
#[cfg(any(fuzzing, test))]
mod fed;
#[cfg(any(fuzzing, test))]
pub mod fuzz;
mod h1;
mod h1_response;
mod h2;
mod h2_stream;
#[cfg(test)]
mod h2_tests;
mod io;
mod link;
pub mod memory;
#[cfg(test)]
mod proxy_tests;
#[cfg(test)]
mod scripted_tests;
#[cfg(test)]
mod sharing_tests;
mod target;
#[cfg(test)]
mod version_tests;
mod wakers;

use std::collections::VecDeque;
use std::io::Result;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::Uri;
use mio::{Events, Poll};

use self::connections::{Connections, WAKE};
pub use self::exchange::{Done, Room};
use self::exchange::{Ended, Exchange, Sent};
use self::memory::HostMemory;
use super::failure::Failure;
use super::network::Network;
use super::request::Request;

/// Wakes the thread that is in [`Multiplexer::run`].
pub type Waker = Arc<mio::Waker>;

/// How often an exchange goes out again because a server said that it did not process it.
const MOST_MOVES: u8 = 3;
/// Readiness events taken at once.
const EVENTS: usize = 256;

pub struct Multiplexer {
    poll: Poll,
    events: Events,
    connections: Connections,
    /// What has no connection yet, in the order of submission.
    waiting: VecDeque<Exchange>,
    ended: Vec<Ended>,
    submitted: u64,
    /// Nothing is to be done before, unless something happens.
    next_timer: Instant,
}

impl Multiplexer {
    /// For requests to the host of `uri`, over at most `max_h1` connections of HTTP/1.1.
    pub fn new(
        network: Arc<Network>,
        uri: &Uri,
        max_h1: usize,
        memory: HostMemory,
    ) -> Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(mio::Waker::new(poll.registry(), WAKE)?);
        let registry = poll.registry().try_clone()?;
        Ok(Multiplexer {
            poll,
            events: Events::with_capacity(EVENTS),
            connections: Connections::new(network, uri, max_h1, memory, registry, waker),
            waiting: VecDeque::new(),
            ended: Vec::new(),
            submitted: 0,
            next_timer: Instant::now(),
        })
    }

    pub fn waker(&self) -> Waker {
        self.connections.waker()
    }

    pub fn room(&self) -> Room {
        let mut room = self.connections.room();
        room.ready = room.ready.saturating_sub(self.waiting.len());
        room.may_open &= self.waiting.is_empty();
        room
    }

    /// Takes an exchange, to be done by the deadline. `open`: over a connection of its own, if one
    /// may be opened.
    pub fn submit(&mut self, id: usize, request: Arc<Request>, deadline: Instant, open: bool) {
        self.submitted += 1;
        let exchange = Exchange::new(id, self.submitted, request, deadline);
        self.next_timer = self.next_timer.min(deadline);
        self.waiting.push_back(exchange);
        if open {
            self.connections.open(Some(id), Instant::now());
        }
    }

    /// Sends and receives until something has come to an end, the waker is used, or the timeout has passed.
    pub fn run(&mut self, timeout: Option<Duration>, done: &mut Vec<Done>) -> Result<()> {
        self.settle(Instant::now(), done);
        let now = Instant::now();
        let timer = self.next_timer.min(self.connections.next_timer());
        let mut wait = timer.saturating_duration_since(now);
        if let Some(timeout) = timeout {
            wait = wait.min(timeout);
        }
        if !done.is_empty() {
            wait = Duration::ZERO;
        }
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(e) if e.kind() != std::io::ErrorKind::Interrupted => return Err(e),
            _ => {}
        }
        for event in &self.events {
            self.connections.note(event);
        }
        self.settle(Instant::now(), done);
        Ok(())
    }

    /// What the host was found out to be like, for the next multiplexer.
    pub fn memory(&self) -> HostMemory {
        self.connections.memory()
    }

    /// Moves everything on as far as it goes now.
    fn settle(&mut self, now: Instant, done: &mut Vec<Done>) {
        if now >= self.next_timer.min(self.connections.next_timer()) {
            self.connections.tick(now, &mut self.ended);
            self.expire(now, done);
        }
        loop {
            self.connections.retire_used_up(now);
            self.connections.assign(&mut self.waiting, now);
            self.connections.advance(now, &mut self.ended);
            self.fail_waiting(done);
            let again = !self.ended.is_empty();
            for ended in std::mem::take(&mut self.ended) {
                self.end(ended, done);
            }
            // What ended has made room, and what was moved wants some.
            if !again || self.waiting.is_empty() {
                break;
            }
        }
        self.connections.retire_used_up(now);
        self.connections.prepare_successors(now);
    }

    fn end(&mut self, ended: Ended, done: &mut Vec<Done>) {
        match ended {
            Ended::Done {
                exchange,
                outcome,
                shares_cause,
            } => {
                let (id, mut outcome) = self.connections.judge(&exchange, outcome, Sent::Maybe);
                if let Err(error) = &mut outcome {
                    error.shares_cause = shares_cause;
                }
                done.push((id, outcome));
            }
            Ended::AgainFresh(mut exchange) => {
                exchange.fresh = true;
                self.wait_again(exchange);
            }
            Ended::Moved(exchange) if exchange.moves >= MOST_MOVES => {
                let outcome = Err(Failure::Refused);
                done.push(self.connections.judge(&exchange, outcome, Sent::Maybe));
            }
            Ended::NeedsHttp1(exchange) if self.connections.must_be_http2() => {
                let outcome = Err(Failure::NoHttp2);
                done.push(self.connections.judge(&exchange, outcome, Sent::Maybe));
            }
            Ended::NeedsHttp1(exchange) => self.end(Ended::Moved(exchange), done),
            Ended::Moved(mut exchange) => {
                exchange.moves += 1;
                self.wait_again(exchange);
            }
        }
    }

    fn wait_again(&mut self, exchange: Exchange) {
        let before = |other: &Exchange| other.number < exchange.number;
        let at = self.waiting.partition_point(before);
        self.waiting.insert(at, exchange);
    }

    /// No connection could be made. Where others are left, what waits goes over those, unless it cannot;
    /// otherwise all of it fails.
    fn fail_waiting(&mut self, done: &mut Vec<Done>) {
        while let Some((opener, failure, stage)) = self.connections.take_failed() {
            let everything = !self.connections.any_usable();
            let failed =
                |exchange: &Exchange| everything || exchange.fresh && opener == Some(exchange.id);
            let (gone, left) = std::mem::take(&mut self.waiting)
                .into_iter()
                .partition(failed);
            self.waiting = left;
            let gone: VecDeque<Exchange> = gone;
            for exchange in gone {
                let outcome = Err(failure.copy());
                let sent = Sent::No(stage.clone());
                done.push(self.connections.judge(&exchange, outcome, sent));
            }
        }
    }

    /// Ends what waits for a connection for too long.
    fn expire(&mut self, now: Instant, done: &mut Vec<Done>) {
        let (late, left) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|exchange: &Exchange| exchange.deadline <= now);
        self.waiting = left;
        let late: VecDeque<Exchange> = late;
        for exchange in late {
            let outcome = Err(Failure::Late);
            let sent = Sent::No(self.connections.stage());
            done.push(self.connections.judge(&exchange, outcome, sent));
        }
        let deadlines = self.waiting.iter().map(|exchange| exchange.deadline);
        self.next_timer = deadlines.min().unwrap_or(now + Duration::from_secs(3600));
    }
}
