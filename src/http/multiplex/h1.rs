//! HTTP/1.1: one exchange at a time on a connection that is kept alive.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use http::header::{CONTENT_LENGTH, HOST};
use mio::Registry;

use super::exchange::{Ended, Exchange};
use super::h1_response::ResponseParser;
use super::io::Io;
use super::target::Target;
use crate::http::failure::Failure;
use crate::http::network::Network;
use crate::http::request::Request;

/// Bytes read at once.
const READ: usize = 16 * 1024;
/// Idle connections are not kept longer; servers and middleboxes drop them around here.
const IDLE: Duration = Duration::from_secs(60);

pub struct H1 {
    pub io: Io,
    current: Option<Current>,
    /// An exchange has ended well on it.
    reused: bool,
    /// When that was, or when it was made.
    idle_since: Instant,
    /// Some of a response has come over it.
    heard: bool,
}

struct Current {
    exchange: Exchange,
    response: ResponseParser,
    response_begun: bool,
}

/// What became of a connection.
pub enum After {
    /// Nothing new.
    Busy,
    /// It can be used.
    Idle,
    Closed,
}

impl H1 {
    pub fn new(io: Io, now: Instant) -> Self {
        H1 {
            io,
            current: None,
            reused: false,
            idle_since: now,
            heard: false,
        }
    }

    pub fn is_idle(&self) -> bool {
        self.current.is_none()
    }

    /// Whether a request that the server may have hung up on is not to be sent here again.
    pub fn is_reused(&self) -> bool {
        self.reused
    }

    pub fn was_heard(&self) -> bool {
        self.heard
    }

    /// When something is to be done though nothing has happened.
    pub fn timer(&self) -> Instant {
        match &self.current {
            Some(current) => current.exchange.deadline,
            None => self.idle_since + IDLE,
        }
    }

    pub fn begin(&mut self, exchange: Exchange, target: &Target, network: &Network) {
        let text = write_request(&exchange.request, target, network);
        // Fails where the connection does, which the next read tells.
        let _ = self.io.write(&text);
        if let Some(body) = &exchange.request.body {
            let _ = self.io.write(body);
        }
        self.current = Some(Current {
            exchange,
            response: ResponseParser::default(),
            response_begun: false,
        });
    }

    /// Sends and reads what it can.
    pub fn advance(
        &mut self,
        scratch: &mut Vec<u8>,
        now: Instant,
        ended: &mut Vec<Ended>,
    ) -> After {
        let outcome = match self.io.flush() {
            Ok(()) => self.receive(scratch),
            // The response may be there all the same: the server need not read the whole request.
            Err(e) => match self.receive(scratch) {
                Ok(After::Busy) => Err(e.into()),
                other => other,
            },
        };
        match outcome {
            Ok(After::Idle) => {
                let Some(current) = self.current.take() else {
                    return After::Idle;
                };
                self.reused = true;
                self.idle_since = now;
                let keep_alive = current.response.keeps_alive();
                ended.push(Ended::response(current.exchange, current.response.finish()));
                match keep_alive {
                    true => After::Idle,
                    false => After::Closed,
                }
            }
            Ok(after) => after,
            Err(failure) => {
                self.fail(failure, ended);
                After::Closed
            }
        }
    }

    /// Ends the exchange, if there is one.
    pub fn fail(&mut self, failure: Failure, ended: &mut Vec<Ended>) {
        let Some(current) = self.current.take() else {
            return;
        };
        let hung_up = matches!(failure, Failure::Io(_));
        if hung_up && self.reused && !current.response_begun && !current.exchange.fresh {
            // The server closed it while it was idle: nothing was lost, a new connection will do.
            ended.push(Ended::AgainFresh(current.exchange));
        } else {
            ended.push(Ended::failure(current.exchange, failure));
        }
    }

    pub fn shut_down(&mut self, registry: &Registry) {
        self.io.socket().shut_down(registry);
    }

    /// `Idle`: the response is complete.
    fn receive(&mut self, scratch: &mut Vec<u8>) -> Result<After, Failure> {
        scratch.resize(READ, 0);
        loop {
            let count = match self.io.read(scratch) {
                Ok(count) => count,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(After::Busy),
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => 0,
                Err(e) => return Err(e.into()),
            };
            let Some(current) = &mut self.current else {
                // The end, or bytes that nobody asked for.
                return Ok(After::Closed);
            };
            if count == 0 {
                return match current.response.end() {
                    true => Ok(After::Idle),
                    false => Err(io::Error::new(
                        ErrorKind::UnexpectedEof,
                        "the server closed the connection before the response was complete",
                    )
                    .into()),
                };
            }
            current.response_begun = true;
            self.heard = true;
            if current.response.feed(&scratch[..count])? {
                return Ok(After::Idle);
            }
        }
    }
}

fn write_request(request: &Request, target: &Target, network: &Network) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.push(b' ');
    let path = request.uri.path_and_query().map_or("/", |p| p.as_str());
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    let mut header = |name: &[u8], value: &[u8]| {
        for part in [name, b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    };
    // In the order of the other transport: the service cannot tell them apart.
    if let Some(body) = &request.body {
        let length = body.len().to_string();
        header(CONTENT_LENGTH.as_str().as_bytes(), length.as_bytes());
    }
    header(HOST.as_str().as_bytes(), target.authority.as_bytes());
    for (name, value) in network.headers.of(request) {
        header(name.as_str().as_bytes(), value.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}
