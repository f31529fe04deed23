//! One request on its way, and how that can end.

use std::sync::Arc;
use std::time::Instant;

use crate::error::Error;
use crate::http::failure::{Failure, Stage};
use crate::http::request::Request;
use crate::http::response::HttpResponse;

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
}

/// How an exchange leaves a connection.
pub enum Ended {
    Done {
        exchange: Exchange,
        outcome: Result<HttpResponse, Failure>,
    },
    /// The connection was closed while it was idle: it goes out on a new one.
    AgainFresh(Exchange),
    /// The server did not process it, and says so: it goes out on another connection.
    Moved(Exchange),
}

/// Whether bytes of a request were handed to the network.
pub enum Sent {
    Maybe,
    /// None were; a connection got as far as this.
    No(Stage),
}

impl Ended {
    pub fn response(exchange: Exchange, response: HttpResponse) -> Self {
        let outcome = Ok(response);
        Ended::Done { exchange, outcome }
    }

    pub fn failure(exchange: Exchange, failure: Failure) -> Self {
        let outcome = Err(failure);
        Ended::Done { exchange, outcome }
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
