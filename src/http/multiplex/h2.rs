//! HTTP/2: many exchanges at once on one connection.
//!
//! The crate `h2` does framing, HPACK and flow control; it is a state machine that is polled when there is
//! something to read, to write or to send. What it leaves to its user is decided here and in
//! [`super::h2_stream`]:
//!
//! - No stream waits inside the crate for a free slot: there it could neither be taken back nor be told from
//!   one that was sent. Until the server's SETTINGS are there, one stream is open.
//! - A server that says GOAWAY or REFUSED_STREAM has not processed the stream: it goes out elsewhere.
//! - A stream that timed out is reset, but only a few times: servers count resets, and hang up on who
//!   sends many. Then the connection is given up once its other streams have ended.
//! - A connection that is silent while streams are open is pinged, and given up if that stays
//!   unanswered.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use h2::client::{Builder, Connection, SendRequest};
use h2::{Ping, PingPong, Reason};
use mio::Registry;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::exchange::{Ended, Exchange};
use super::h2_stream::{Body, Progress, Stream};
use super::io::Io;
use super::target::Target;
use super::wakers::Wakers;
use crate::http::failure::Failure;
use crate::http::network::Network;

/// Streams that are open at once on one connection, whatever the server allows: so many exchanges a round
/// trip are enough, and their bodies are memory.
pub const MOST_STREAMS: usize = 256;
/// In place of the server's limit until it is known. No server says this number.
const NOT_KNOWN: usize = 0x7fff_fff1;
/// Responses are small, and read as they come.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 8 << 20;
const MAX_HEADERS: u32 = 64 * 1024;
/// Timed-out streams that are reset on one connection.
const RESETS: u32 = 3;
/// A connection is pinged when nothing was read for this long, though streams are open.
pub const SILENCE: Duration = Duration::from_millis(if cfg!(test) { 500 } else { 5000 });
/// A ping is answered within this.
const PONG: Duration = Duration::from_millis(if cfg!(test) { 500 } else { 5000 });

pub struct H2 {
    io: Rc<RefCell<Io>>,
    greeting: Rc<Cell<Greeting>>,
    connection: Connection<SharedIo, Body>,
    send: SendRequest<Body>,
    ping: Option<PingPong>,
    streams: Vec<Option<Stream>>,
    free: Vec<usize>,
    wakers: Wakers,
    /// Streams with an exchange.
    open: usize,
    /// How many of them have a large body.
    large: usize,
    /// Streams that timed out and were not reset.
    abandoned: usize,
    /// Streams opened so far.
    started: u32,
    /// Streams that the server did not process.
    refused: u32,
    resets: u32,
    state: State,
    /// The server said that it takes no more requests.
    goaway: bool,
    /// The server said that it wants to be spoken to in HTTP/1.1.
    needs_http1: bool,
    quiet: Quiet,
}

/// Which bodies are under way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Load {
    Nothing,
    Short,
    /// Large ones, and others only where no further connection could be had.
    Large,
}

/// How the server began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Greeting {
    Nothing,
    /// As one that knows HTTP/1.1 only.
    Http1,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Open,
    /// No new streams; those that are open may end.
    Draining,
    Closed,
}

/// What is known about the silence of the other side.
struct Quiet {
    received: u64,
    since: Instant,
    pinged: Option<Instant>,
}

impl H2 {
    pub fn new(io: Io, now: Instant) -> Result<Self, Failure> {
        let io = Rc::new(RefCell::new(io));
        let greeting = Rc::new(Cell::new(Greeting::Nothing));
        let mut wakers = Wakers::default();
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_max_send_streams(NOT_KNOWN)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEADERS);
        let shared = SharedIo {
            io: io.clone(),
            greeting: greeting.clone(),
        };
        let made = pin!(builder.handshake(shared));
        // It only writes, and what is written is taken at once.
        let waker = wakers.connection();
        let Poll::Ready(made) = made.poll(&mut Context::from_waker(&waker)) else {
            return Err(Failure::Protocol(
                "the preface could not be sent".to_owned(),
            ));
        };
        let (send, mut connection) = made.map_err(|e| Failure::Protocol(e.to_string()))?;
        Ok(H2 {
            io,
            greeting,
            ping: connection.ping_pong(),
            connection,
            send,
            streams: Vec::new(),
            free: Vec::new(),
            wakers,
            open: 0,
            large: 0,
            abandoned: 0,
            started: 0,
            refused: 0,
            resets: 0,
            state: State::Open,
            goaway: false,
            needs_http1: false,
            quiet: Quiet {
                received: 0,
                since: now,
                pinged: None,
            },
        })
    }

    pub fn io(&self) -> std::cell::RefMut<'_, Io> {
        self.io.borrow_mut()
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn started(&self) -> u32 {
        self.started
    }

    pub fn has_goaway(&self) -> bool {
        self.goaway
    }

    pub fn needs_http1(&self) -> bool {
        self.needs_http1
    }

    pub fn load(&self) -> Load {
        match (self.open, self.large) {
            (0, _) => Load::Nothing,
            (_, 0) => Load::Short,
            _ => Load::Large,
        }
    }

    /// How many requests the server processed before it said GOAWAY.
    pub fn processed(&self) -> u32 {
        self.started - self.refused
    }

    /// Streams with an exchange.
    pub fn open(&self) -> usize {
        self.open
    }

    /// How many exchanges may begin.
    pub fn room(&self) -> usize {
        if self.state != State::Open {
            return 0;
        }
        let limit = match self.send.current_max_send_streams() {
            NOT_KNOWN => 1,
            limit => limit.min(MOST_STREAMS),
        };
        limit.saturating_sub(self.open + self.abandoned)
    }

    /// Opens a stream. Gives the exchange back where the connection takes none any more.
    pub fn begin(
        &mut self,
        exchange: Exchange,
        target: &Target,
        network: &Network,
        now: Instant,
    ) -> Result<(), Exchange> {
        let waker = self.wakers.connection();
        let ready = self.send.poll_ready(&mut Context::from_waker(&waker));
        if !matches!(ready, Poll::Ready(Ok(()))) {
            self.note_refusal(&ready);
            return Err(exchange);
        }
        let large = exchange.is_large();
        let stream = match Stream::open(&mut self.send, exchange, target, network) {
            Ok(stream) => stream,
            Err(exchange) => {
                self.state = State::Draining;
                return Err(exchange);
            }
        };
        if self.open == 0 {
            self.quiet.since = now;
        }
        self.open += 1;
        self.large += usize::from(large);
        self.started += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.streams.push(None);
            self.streams.len() - 1
        });
        self.streams[slot] = Some(stream);
        self.wakers.wake_stream(slot);
        Ok(())
    }

    fn note_refusal(&mut self, ready: &Poll<Result<(), h2::Error>>) {
        if let Poll::Ready(Err(e)) = ready
            && self.state == State::Open
        {
            self.state = State::Draining;
            self.goaway = e.is_go_away() && e.is_remote();
            self.needs_http1 |= self.goaway && e.reason() == Some(Reason::HTTP_1_1_REQUIRED);
        }
    }

    /// Reads, writes and moves streams on, as far as that goes now.
    pub fn advance(&mut self, now: Instant, ended: &mut Vec<Ended>) {
        let before = ended.len();
        let mut cut = self.exchange_frames(ended);
        let failed = self.io().flush().err();
        if failed.is_some() && self.state != State::Closed {
            // What the server said before it hung up is there all the same.
            self.io().expect_bytes();
            cut = self.exchange_frames(ended);
        }
        self.note_sound(now);
        if let Some(error) = failed.filter(|_| self.state != State::Closed) {
            self.fail_all(&error.into(), before, ended);
        } else if self.state == State::Closed {
            let failure = cut.map_or_else(closed, |e| Stream::failure(&e));
            self.fail_all(&failure, before, ended);
        } else if self.state != State::Open && self.open == 0 {
            // Streams that were not reset may be left; nobody waits for them.
            self.state = State::Closed;
        }
    }

    /// Lets the crate work, and tells what ended the connection, if something did.
    fn exchange_frames(&mut self, ended: &mut Vec<Ended>) -> Option<h2::Error> {
        let waker = self.wakers.connection();
        let mut cut = None;
        // Each round can only be caused by the one before, and ends with an answer or with bytes that wait;
        // the bound is for what nobody thought of.
        for _ in 0..64 {
            self.wakers.take_connection();
            if self.state != State::Closed {
                let mut context = Context::from_waker(&waker);
                let polled = Pin::new(&mut self.connection).poll(&mut context);
                let ready = self.send.poll_ready(&mut context);
                self.note_refusal(&ready);
                if let Poll::Ready(outcome) = polled {
                    cut = outcome.err();
                    self.state = State::Closed;
                }
            }
            while let Some(slot) = self.wakers.next_stream() {
                self.advance_stream(slot, ended);
            }
            if self.state == State::Closed || !self.wakers.connection_is_woken() {
                break;
            }
        }
        cut
    }

    fn note_sound(&mut self, now: Instant) {
        let received = self.io().received();
        if received != self.quiet.received || self.open == 0 {
            self.quiet = Quiet {
                received,
                since: now,
                pinged: None,
            };
        }
    }

    fn advance_stream(&mut self, slot: usize, ended: &mut Vec<Ended>) {
        let Some(stream) = self.streams.get_mut(slot).and_then(Option::as_mut) else {
            return;
        };
        let waker = self.wakers.stream(slot);
        let outcome = match stream.advance(&mut Context::from_waker(&waker)) {
            Progress::Pending => return,
            Progress::Response(response) => Ok(response),
            Progress::NotProcessed => Err(None),
            Progress::NeedsHttp1 => {
                self.needs_http1 = true;
                self.retire();
                Err(None)
            }
            Progress::Failed(failure) => Err(Some(failure)),
        };
        let Some(exchange) = self.close_stream(slot) else {
            return;
        };
        ended.push(match outcome {
            Ok(response) => Ended::response(exchange, response),
            Err(Some(failure)) => Ended::failure(exchange, failure),
            Err(None) => {
                self.refused += 1;
                match self.needs_http1 {
                    true => Ended::NeedsHttp1(exchange),
                    false => Ended::Moved(exchange),
                }
            }
        });
    }

    /// Lets go of a stream, which resets it where it is not complete.
    fn close_stream(&mut self, slot: usize) -> Option<Exchange> {
        let stream = self.streams[slot].take()?;
        self.free.push(slot);
        match stream.exchange {
            Some(exchange) => {
                self.note_closed(&exchange);
                Some(exchange)
            }
            None => {
                self.abandoned -= 1;
                None
            }
        }
    }

    fn note_closed(&mut self, exchange: &Exchange) {
        self.open -= 1;
        self.large -= usize::from(exchange.is_large());
    }

    /// When something is to be done though nothing has happened.
    pub fn timer(&self) -> Option<Instant> {
        if self.open == 0 {
            return None;
        }
        let silence = match self.quiet.pinged {
            Some(at) => at + PONG,
            None => self.quiet.since + SILENCE,
        };
        let deadlines = self.streams.iter().flatten().filter_map(Stream::deadline);
        Some(deadlines.min().map_or(silence, |at| at.min(silence)))
    }

    /// Ends what is late, and asks whether the other side is there.
    pub fn tick(&mut self, now: Instant, ended: &mut Vec<Ended>) {
        for slot in 0..self.streams.len() {
            let late = self.streams[slot].as_ref().and_then(Stream::deadline);
            if late.is_some_and(|deadline| deadline <= now) {
                self.time_out(slot, ended);
            }
        }
        if self.open == 0 {
            return;
        }
        match self.quiet.pinged {
            Some(at) if now >= at + PONG => {
                let before = ended.len();
                self.fail_all(&Failure::Late, before, ended);
            }
            None if now >= self.quiet.since + SILENCE => {
                self.quiet.pinged = Some(now);
                if let Some(ping) = &mut self.ping {
                    // The answer to the one before has to be taken first.
                    let waker = self.wakers.connection();
                    let _ = ping.poll_pong(&mut Context::from_waker(&waker));
                    // Fails where one is under way.
                    let _ = ping.send_ping(Ping::opaque());
                }
            }
            _ => {}
        }
    }

    fn time_out(&mut self, slot: usize, ended: &mut Vec<Ended>) {
        let exchange = if self.resets < RESETS {
            self.resets += 1;
            self.close_stream(slot)
        } else {
            // Kept as it is until the connection ends, so that no reset is sent for it.
            self.abandon(slot)
        };
        if self.resets >= RESETS && self.state == State::Open {
            self.state = State::Draining;
        }
        if let Some(exchange) = exchange {
            ended.push(Ended::failure(exchange, Failure::Late));
        }
    }

    /// Takes the exchange of a stream, which stays as it is.
    fn abandon(&mut self, slot: usize) -> Option<Exchange> {
        let exchange = self.streams[slot].as_mut()?.exchange.take()?;
        self.note_closed(&exchange);
        self.abandoned += 1;
        Some(exchange)
    }

    /// No new streams from now on.
    pub fn retire(&mut self) {
        if self.state == State::Open {
            self.state = State::Draining;
        }
    }

    /// The connection has ended, and every exchange does. Those that have failed by that already are at
    /// `before` and behind.
    fn fail_all(&mut self, failure: &Failure, before: usize, ended: &mut Vec<Ended>) {
        self.state = State::Closed;
        for slot in 0..self.streams.len() {
            // What came before the end counts.
            self.advance_stream(slot, ended);
            if let Some(exchange) = self.abandon(slot) {
                ended.push(Ended::failure(exchange, failure.copy()));
            }
        }
        // They all have one cause, which may have a better name.
        let http1 = self.greeting.get() == Greeting::Http1;
        let failures = ended[before..].iter_mut().filter_map(|ended| match ended {
            Ended::Done {
                outcome: Err(failure),
                shares_cause,
                ..
            } => Some((failure, shares_cause)),
            _ => None,
        });
        for (n, (failure, shares_cause)) in failures.enumerate() {
            *shares_cause = n > 0;
            if http1 {
                *failure = Failure::NoHttp2;
            }
        }
    }

    pub fn shut_down(&mut self, registry: &Registry) {
        self.io().socket().shut_down(registry);
    }
}

fn closed() -> Failure {
    io::Error::new(
        ErrorKind::UnexpectedEof,
        "the server closed the connection before the response was complete",
    )
    .into()
}

/// The connection's bytes, as `h2` wants them. It is polled whenever the socket is ready, so that nothing
/// here needs to keep a waker.
struct SharedIo {
    io: Rc<RefCell<Io>>,
    greeting: Rc<Cell<Greeting>>,
}

impl SharedIo {
    /// `bytes` are the first, or come later.
    fn note_greeting(&self, bytes: &[u8]) {
        if self.greeting.get() == Greeting::Nothing {
            self.greeting.set(match bytes.starts_with(b"HTTP/1.") {
                true => Greeting::Http1,
                false => Greeting::Other,
            });
        }
    }
}

impl AsyncRead for SharedIo {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.io.borrow_mut().read(buffer.initialize_unfilled());
        match read {
            Ok(count) => {
                buffer.advance(count);
                self.note_greeting(&buffer.filled()[buffer.filled().len() - count..]);
                Poll::Ready(Ok(()))
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => Poll::Pending,
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            Err(e) => Poll::Ready(Err(e)),
        }
    }
}

impl AsyncWrite for SharedIo {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut io = self.io.borrow_mut();
        if io.is_congested() {
            io.flush()?;
            if io.is_congested() {
                return Poll::Pending;
            }
        }
        io.write(bytes)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // [`H2::advance`] flushes once, for all streams.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
