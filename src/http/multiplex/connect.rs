//! Making a connection, step by step, without waiting: name, TCP, proxy, TLS.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::Instant;

use mio::event::Event;
use mio::{Registry, Token, Waker};
use rustls::AlertDescription;

use super::io::{Io, Socket};
use super::memory::Protocol;
use super::target::Target;
use crate::http::failure::{Failure, Stage};
use crate::http::network::Network;
use crate::http::{CONNECT_LIMIT, HttpVersion};

/// What a new connection needs.
pub struct Means<'a> {
    pub network: &'a Network,
    pub target: &'a Target,
    /// What the connection is to speak.
    pub version: HttpVersion,
    pub registry: &'a Registry,
    pub waker: &'a Arc<Waker>,
    pub token: Token,
}

pub enum Progress {
    Pending(Connecting),
    Ready(Io, Protocol),
    Failed(Failure, Stage),
}

pub struct Connecting {
    phase: Phase,
    stage: Stage,
    deadline: Instant,
    /// The addresses are from an earlier look-up: if none of them is good, they are looked up again.
    from_cache: bool,
}

enum Phase {
    LookUp(Receiver<io::Result<Vec<SocketAddr>>>),
    Tcp(Tcp),
    ProxyTls(Io),
    /// CONNECT is sent; what the proxy has responded so far.
    Tunnel(Io, Vec<u8>),
    Tls(Io),
}

/// The head of a proxy's response is not longer.
const LONGEST_HEAD: usize = 16 * 1024;

impl Connecting {
    pub fn start(means: &Means, now: Instant) -> Progress {
        let deadline = now + CONNECT_LIMIT;
        let (host, port) = means.target.first_hop();
        let (phase, from_cache) = match means.network.addresses.known(host, port) {
            Some(known) => (Phase::Tcp(Tcp::new(known.list)), known.cached),
            None => match look_up(means) {
                Ok(phase) => (phase, false),
                Err(e) => return Progress::Failed(e.into(), Stage::LookUp),
            },
        };
        let connecting = Connecting {
            phase,
            stage: Stage::LookUp,
            deadline,
            from_cache,
        };
        connecting.advance(means, now)
    }

    /// When something is to be done though nothing has happened.
    pub fn timer(&self) -> Instant {
        match &self.phase {
            Phase::Tcp(tcp) => tcp.until.map_or(self.deadline, |at| at.min(self.deadline)),
            _ => self.deadline,
        }
    }

    pub fn note(&mut self, event: &Event) {
        if let Some(socket) = self.socket() {
            socket.note(event);
        }
    }

    pub fn shut_down(&mut self, registry: &Registry) {
        if let Some(socket) = self.socket() {
            socket.shut_down(registry);
        }
    }

    fn socket(&mut self) -> Option<&mut Socket> {
        match &mut self.phase {
            Phase::LookUp(_) => None,
            Phase::Tcp(tcp) => tcp.socket.as_mut(),
            Phase::ProxyTls(io) | Phase::Tunnel(io, _) | Phase::Tls(io) => Some(io.socket()),
        }
    }

    /// How far it has come, for messages.
    pub fn stage(&self) -> Stage {
        self.stage.clone()
    }

    /// Goes as far as it can without waiting.
    pub fn advance(mut self, means: &Means, now: Instant) -> Progress {
        if now >= self.deadline {
            self.shut_down(means.registry);
            return Progress::Failed(Failure::Late, self.stage);
        }
        let Connecting {
            mut phase,
            mut stage,
            deadline,
            mut from_cache,
        } = self;
        loop {
            let step = match phase {
                Phase::LookUp(receiver) => found(receiver),
                Phase::Tcp(tcp) => tcp.step(means, now, deadline, &mut from_cache, &mut stage),
                Phase::ProxyTls(io) => secure_proxy(io, means),
                Phase::Tunnel(io, head) => open_tunnel(io, head, means),
                Phase::Tls(io) => secure(io, means),
            };
            phase = match step {
                Ok(Step::Next(next)) => next,
                Ok(Step::Ready(io, protocol)) => return Progress::Ready(io, protocol),
                Ok(Step::Wait(phase)) => {
                    return Progress::Pending(Connecting {
                        phase,
                        stage,
                        deadline,
                        from_cache,
                    });
                }
                Err(failure) => return Progress::Failed(failure, stage),
            };
            match &phase {
                Phase::LookUp(_) => stage = Stage::LookUp,
                Phase::ProxyTls(_) | Phase::Tls(_) => stage = Stage::Tls,
                Phase::Tcp(_) | Phase::Tunnel(..) => {}
            }
        }
    }
}

enum Step {
    Wait(Phase),
    Next(Phase),
    Ready(Io, Protocol),
}

type Outcome = Result<Step, Failure>;

fn look_up(means: &Means) -> io::Result<Phase> {
    let (host, port) = means.target.first_hop();
    let (sender, receiver) = mpsc::channel();
    let waker = means.waker.clone();
    let wake = move || {
        // Fails where nobody is left to be woken.
        let _ = waker.wake();
    };
    let addresses = &means.network.addresses;
    addresses.start_look_up(host, port, sender, wake)?;
    Ok(Phase::LookUp(receiver))
}

fn found(receiver: Receiver<io::Result<Vec<SocketAddr>>>) -> Outcome {
    match receiver.try_recv() {
        Ok(Ok(list)) => Ok(Step::Next(Phase::Tcp(Tcp::new(list)))),
        Ok(Err(e)) => Err(e.into()),
        Err(TryRecvError::Empty) => Ok(Step::Wait(Phase::LookUp(receiver))),
        Err(TryRecvError::Disconnected) => Err(io::Error::other("the look-up thread died").into()),
    }
}

/// TCP, to one address after the other.
struct Tcp {
    socket: Option<Socket>,
    /// When the next address gets its turn.
    until: Option<Instant>,
    rest: VecDeque<SocketAddr>,
    last: io::Error,
}

impl Tcp {
    fn new(list: Vec<SocketAddr>) -> Self {
        Tcp {
            socket: None,
            until: None,
            rest: list.into(),
            last: io::Error::new(io::ErrorKind::NotFound, "the name has no address"),
        }
    }

    fn step(
        mut self,
        means: &Means,
        now: Instant,
        deadline: Instant,
        from_cache: &mut bool,
        stage: &mut Stage,
    ) -> Outcome {
        loop {
            if let Some(mut socket) = self.socket.take() {
                match socket.is_connected() {
                    Ok(true) => return connected(Io::Plain(socket), means),
                    Ok(false) if self.until.is_none_or(|until| now < until) => {
                        self.socket = Some(socket);
                        return Ok(Step::Wait(Phase::Tcp(self)));
                    }
                    Ok(false) => self.last = io::ErrorKind::TimedOut.into(),
                    Err(e) => self.last = e,
                }
                socket.shut_down(means.registry);
            }
            let Some(address) = self.rest.pop_front() else {
                if !std::mem::take(from_cache) {
                    return Err(self.last.into());
                }
                // The host may have moved.
                means.network.addresses.forget();
                return Ok(Step::Next(look_up(means)?));
            };
            // Each but the last may use half of the time that is left.
            let share = deadline.saturating_duration_since(now) / 2;
            self.until = (!self.rest.is_empty()).then_some(now + share);
            *stage = Stage::Connect(address);
            match Socket::connect(address, means.registry, means.token) {
                Ok(socket) => self.socket = Some(socket),
                Err(e) => self.last = e,
            }
        }
    }
}

/// What comes after TCP.
fn connected(io: Io, means: &Means) -> Outcome {
    means.network.note_opened();
    match &means.target.proxy {
        Some(proxy) if proxy.tls => {
            // A proxy is spoken to in HTTP/1.1, whatever is spoken through it.
            let io = io.with_tls(tls(means.network.tls.config())?, &proxy.host)?;
            Ok(Step::Next(Phase::ProxyTls(io)))
        }
        Some(_) => ask_for_tunnel(io, means),
        None => through(io, means),
    }
}

fn secure_proxy(mut io: Io, means: &Means) -> Outcome {
    match io.handshake()? {
        true => ask_for_tunnel(io, means),
        false => Ok(Step::Wait(Phase::ProxyTls(io))),
    }
}

fn ask_for_tunnel(mut io: Io, means: &Means) -> Outcome {
    io.write(means.target.connect_request(means.network).as_bytes())?;
    io.flush()?;
    Ok(Step::Next(Phase::Tunnel(io, Vec::new())))
}

fn open_tunnel(mut io: Io, mut head: Vec<u8>, means: &Means) -> Outcome {
    io.flush()?;
    loop {
        // Byte by byte: what follows the head is the tunnel's.
        let mut byte = [0];
        match io.read(&mut byte) {
            Ok(0) => return Err(Failure::Proxy("the proxy closed the connection".to_owned())),
            Ok(_) => head.push(byte[0]),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Step::Wait(Phase::Tunnel(io, head)));
            }
            Err(e) => return Err(e.into()),
        }
        if head.ends_with(b"\r\n\r\n") {
            check_proxy(&head)?;
            return through(io, means);
        }
        if head.len() > LONGEST_HEAD {
            return Err(Failure::Proxy(
                "the proxy's response is too large".to_owned(),
            ));
        }
    }
}

pub fn check_proxy(head: &[u8]) -> Result<(), Failure> {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(head) {
        Ok(_) if response.code.is_some_and(|code| (200..300).contains(&code)) => Ok(()),
        Ok(_) => Err(Failure::Proxy(format!(
            "the proxy responded {} to CONNECT",
            response.code.unwrap_or_default()
        ))),
        Err(e) => Err(Failure::Proxy(format!(
            "the proxy does not speak HTTP: {e}"
        ))),
    }
}

/// The way to the service is free.
fn through(io: Io, means: &Means) -> Outcome {
    let version = means.version;
    if !means.target.tls {
        let protocol = match version {
            HttpVersion::Http2 => Protocol::Http2,
            HttpVersion::Auto | HttpVersion::Http1 => Protocol::Http1,
        };
        return Ok(Step::Ready(io, protocol));
    }
    let config = tls(means.network.tls.config_for(version))?;
    let io = io.with_tls(config, &means.target.host)?;
    Ok(Step::Next(Phase::Tls(io)))
}

fn secure(mut io: Io, means: &Means) -> Outcome {
    match io.handshake() {
        Ok(true) => {}
        Ok(false) => return Ok(Step::Wait(Phase::Tls(io))),
        Err(e) if means.version == HttpVersion::Http2 && is_no_protocol(&e) => {
            return Err(Failure::NoHttp2);
        }
        Err(e) => return Err(e.into()),
    }
    let protocol = match io.protocol() {
        Some(b"h2") => Protocol::Http2,
        _ if means.version == HttpVersion::Http2 => return Err(Failure::NoHttp2),
        _ => Protocol::Http1,
    };
    Ok(Step::Ready(io, protocol))
}

/// Whether the server speaks none of the protocols that were offered.
fn is_no_protocol(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    matches!(
        cause,
        Some(rustls::Error::AlertReceived(
            AlertDescription::NoApplicationProtocol
        ))
    )
}

fn tls<T>(made: Result<T, rustls::Error>) -> io::Result<T> {
    made.map_err(io::Error::other)
}
