//! Sockets for ureq: one `send` a request, one `recv` a response, and no way past the deadline.
//!
//! ureq's own TCP transport sends the head and the body of a request separately, sets a socket
//! timeout several times a request and probes a pooled connection twice. This one
//! - keeps what is written until a response is awaited, so that head and body leave in one `send`;
//! - takes its deadline from [`attempt`], and touches a socket timeout only when the one that is set
//!   would overrun it;
//! - probes a pooled connection once, and only when it was idle for a while;
//! - tells a pooled connection that the server closed (nothing was lost, a fresh one will do) from
//!   a failure.
//!
//! It resolves names itself, when it connects, so that a request over a pooled connection needs none.

use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use http::Uri;
use socket2::{Domain, Protocol, Socket, Type};
use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, ShutdownHandle,
    Transport,
};

use super::attempt;
use crate::http::failure::Stage;
use crate::http::network::Network;
use crate::http::{CONNECT_LIMIT, url};
use crate::sys::socket;

/// Buffers of a connection, in bytes, each way.
pub const BUFFER: usize = 16 * 1024;
/// A connection idle for less than this is used without looking whether the server closed it.
const PROBE_AFTER: Duration = Duration::from_millis(20);
/// How much later than the deadline a socket timeout that is set already may fire.
const SLACK: Duration = Duration::from_millis(20);

/// Leaves name resolution to [`TcpConnector`].
#[derive(Debug)]
pub struct NoopResolver;

impl Resolver for NoopResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// What all connections of a client share.
#[derive(Debug)]
pub struct ConnectionState {
    network: Arc<Network>,
    pub closed: AtomicBool,
}

impl ConnectionState {
    pub fn new(network: Arc<Network>) -> Self {
        ConnectionState {
            network,
            closed: AtomicBool::default(),
        }
    }
}

/// Holds the connectors that it wraps (TCP, proxy, TLS) to [`CONNECT_LIMIT`].
#[derive(Debug)]
pub struct ConnectTimeout<C>(pub C);

impl<In: Transport, C: Connector<In>> Connector<In> for ConnectTimeout<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<C::Out>, Error> {
        let connection = attempt::connecting(CONNECT_LIMIT, || self.0.connect(details, chained))?;
        attempt::note_stage(Stage::Exchange);
        Ok(connection)
    }
}

/// Opens a TCP connection to the host of the URI, unless a proxy's connection is chained already.
#[derive(Debug)]
pub struct TcpConnector(pub Arc<ConnectionState>);

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, Tcp>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        if let Some(proxied) = chained {
            return Ok(Some(Either::A(proxied)));
        }
        let socket = self.open(details)?;
        self.0.network.note_opened();
        Ok(Some(Either::B(Tcp::new(socket))))
    }
}

impl TcpConnector {
    fn open(&self, details: &ConnectionDetails) -> Result<Arc<SharedSocket>, Error> {
        let host = details.uri.host().ok_or(Error::HostNotFound)?;
        let port = url::port(details.uri);
        let deadline = attempt::deadline();
        let closed = || self.0.closed.load(Ordering::Acquire) || attempt::is_cancelled();

        let known = self
            .0
            .network
            .addresses
            .look_up(host, port, deadline, &closed)?;
        match connect_any(&known.list, details) {
            Err(_) if known.cached => {
                self.0.network.addresses.forget();
                let renewed = self
                    .0
                    .network
                    .addresses
                    .look_up(host, port, deadline, &closed)?;
                connect_any(&renewed.list, details)
            }
            outcome => outcome,
        }
    }
}

/// Tries the addresses in order. Each but the last may use half of the time that is left.
fn connect_any(
    addresses: &[SocketAddr],
    details: &ConnectionDetails,
) -> Result<Arc<SharedSocket>, Error> {
    let mut last = Error::HostNotFound;
    for (i, address) in addresses.iter().enumerate() {
        let left = attempt::remaining().ok_or_else(timed_out)?;
        let share = if i + 1 < addresses.len() {
            left / 2
        } else {
            left
        };
        match connect_one(*address, share, details) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn connect_one(
    address: SocketAddr,
    limit: Duration,
    details: &ConnectionDetails,
) -> Result<Arc<SharedSocket>, Error> {
    let domain = Domain::for_address(address);
    let socket = Arc::new(SharedSocket(Socket::new(
        domain,
        Type::STREAM,
        Some(Protocol::TCP),
    )?));
    // Registered before it connects, so that closing the client or cancelling the call ends the wait.
    attempt::use_socket(&socket)?;
    attempt::note_stage(Stage::Connect(address));
    (details.register_shutdown)(Arc::downgrade(&socket) as Weak<dyn ShutdownHandle>)?;
    socket
        .0
        .connect_timeout(&address.into(), limit.max(Duration::from_millis(1)))?;
    socket.0.set_tcp_nodelay(true)?;
    Ok(socket)
}

/// A connected socket that another thread may shut down.
#[derive(Debug)]
struct SharedSocket(Socket);

impl ShutdownHandle for SharedSocket {
    fn shutdown(&self) {
        // Fails where the peer was faster.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// One TCP connection.
#[derive(Debug)]
pub struct Tcp {
    socket: Arc<SharedSocket>,
    buffers: LazyBuffers,
    /// Written by ureq, not yet sent.
    pending: Vec<u8>,
    read_timeout: Duration,
    write_timeout: Duration,
    /// It lies in ureq's pool.
    pooled: bool,
    /// It was taken out of the pool for this request.
    reused: bool,
    /// Bytes arrived since the last send.
    response_begun: bool,
    last_used: Instant,
}

impl Tcp {
    fn new(socket: Arc<SharedSocket>) -> Self {
        Tcp {
            socket,
            buffers: LazyBuffers::new(BUFFER, BUFFER),
            pending: Vec::new(),
            read_timeout: Duration::ZERO,
            write_timeout: Duration::ZERO,
            pooled: false,
            reused: false,
            response_begun: false,
            last_used: Instant::now(),
        }
    }

    fn send_pending(&mut self) -> Result<(), Error> {
        let mut sent = 0;
        while sent < self.pending.len() {
            self.write_timeout = within_deadline(self.write_timeout, |t| {
                self.socket.0.set_write_timeout(Some(t))
            })?;
            attempt::note_sent();
            match socket::send(&self.socket.0, &self.pending[sent..]) {
                Ok(n) => sent += n,
                Err(e) if may_go_on(&e) => {}
                Err(e) => return Err(self.broken(e)),
            }
        }
        if sent > 0 {
            self.response_begun = false;
            self.pending.clear();
            // A large request should not hold its memory for as long as the connection lives.
            self.pending.shrink_to(4 * BUFFER);
        }
        Ok(())
    }

    /// An error before any byte of the response, on a connection that worked before: the server closed
    /// it while it was idle.
    fn broken(&self, error: io::Error) -> Error {
        if self.reused && !self.response_begun && error.kind() != io::ErrorKind::TimedOut {
            attempt::note_stale();
        }
        error.into()
    }
}

impl Transport for Tcp {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let output = &self.buffers.output()[..amount];
        self.pending.extend_from_slice(output);
        if self.pending.len() > 2 * BUFFER {
            self.send_pending()?;
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        self.send_pending()?;
        loop {
            self.read_timeout = within_deadline(self.read_timeout, |t| {
                self.socket.0.set_read_timeout(Some(t))
            })?;
            match (&self.socket.0).read(self.buffers.input_append_buf()) {
                Ok(0) if self.reused && !self.response_begun => {
                    return Err(self.broken(io::ErrorKind::UnexpectedEof.into()));
                }
                Ok(n) => {
                    self.buffers.input_appended(n);
                    self.response_begun = true;
                    if n > 0 {
                        attempt::note_heard();
                    }
                    self.last_used = Instant::now();
                    return Ok(n > 0);
                }
                Err(e) if may_go_on(&e) => {}
                Err(e) => return Err(self.broken(e)),
            }
        }
    }

    /// Asked when the connection goes back to the pool, and again when it is taken out.
    fn is_open(&mut self) -> bool {
        self.pooled = !self.pooled;
        if self.pooled {
            // A response was just read to its end.
            attempt::release_socket();
            return true;
        }
        self.reused = true;
        self.response_begun = false;
        // A cancelled attempt gets no connection: opening a fresh one fails at once.
        if attempt::wants_fresh_connection() || attempt::use_socket(&self.socket).is_err() {
            return false;
        }
        attempt::note_stage(Stage::Exchange);
        if self.last_used.elapsed() < PROBE_AFTER {
            return true;
        }
        socket::is_idle(&self.socket.0)
    }
}

/// Whether a failed call is to be made again: a signal came, or a socket timeout that was set for an
/// earlier request fired. The deadline is looked at before every call.
fn may_go_on(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
    )
}

/// Keeps a socket timeout from overrunning the deadline; gives the timeout now in force.
fn within_deadline(
    current: Duration,
    set: impl FnOnce(Duration) -> io::Result<()>,
) -> Result<Duration, Error> {
    let left = attempt::remaining().ok_or_else(timed_out)?;
    if !current.is_zero() && current <= left + SLACK {
        return Ok(current);
    }
    // Zero would mean for ever; and the system counts in microseconds at best.
    let timeout = left.max(Duration::from_millis(1));
    set(timeout)?;
    Ok(timeout)
}

fn timed_out() -> Error {
    Error::Timeout(ureq::Timeout::Global)
}
