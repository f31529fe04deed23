//! One request on its way, and how that can end.

use std::sync::Arc;
use std::time::Instant;

use crate::error::Error;
use crate::http::failure::{Failure, Stage};
use crate::http::request::Request;
use crate::http::response::HttpResponse;

/// A longer body goes over a connection on which no short one waits: a server that is slow to read it
/// may leave the window of the whole connection shut.
const LARGE: usize = 256 * 1024;

pub struct Exchange {
    /// The caller's number for it.
    pub id: usize,
    /// Counts up in the order of submission.
    pub number: u64,
    pub request: Arc<Request>,
    pub started: Instant,
    pub deadline: Instant,
    /// It needs a connection that cannot be stale: one was closed under it already.
    pub fresh: bool,
    /// How often a server said that it did not process it.
    pub moves: u8,
}

impl Exchange {
    pub fn new(id: usize, number: u64, request: Arc<Request>, deadline: Instant) -> Self {
        Exchange {
            id,
            number,
            request,
            started: Instant::now(),
            deadline,
            fresh: false,
            moves: 0,
        }
    }

    pub fn is_large(&self) -> bool {
        let body = self.request.body.as_ref();
        body.is_some_and(|body| body.len() > LARGE)
    }
}

/// How an exchange leaves a connection.
pub enum Ended {
    Done {
        exchange: Exchange,
        outcome: Result<HttpResponse, Failure>,
        /// Another exchange ended by the same failure of their connection.
        shares_cause: bool,
    },
    /// The connection was closed while it was idle: it goes out on a new one.
    AgainFresh(Exchange),
    /// The server did not process it, and says so: it goes out on another connection.
    Moved(Exchange),
    /// The server did not process it because it wants to be spoken to in HTTP/1.1.
    NeedsHttp1(Exchange),
}

/// Whether bytes of a request were handed to the network.
pub enum Sent {
    Maybe,
    /// None were; a connection got as far as this.
    No(Stage),
}

impl Ended {
    pub fn response(exchange: Exchange, response: HttpResponse) -> Self {
        Self::done(exchange, Ok(response))
    }

    pub fn failure(exchange: Exchange, failure: Failure) -> Self {
        Self::done(exchange, Err(failure))
    }

    fn done(exchange: Exchange, outcome: Result<HttpResponse, Failure>) -> Self {
        Ended::Done {
            exchange,
            outcome,
            shares_cause: false,
        }
    }
}

/// What became of an exchange: the number it was submitted with, and the response or why there is none.
pub type Done = (usize, Result<HttpResponse, Error>);

/// What more could be submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// So many can go out at once.
    pub ready: usize,
    /// One more would get a connection of its own.
    pub may_open: bool,
}
