//! A server of HTTP/2 for tests, frame by frame: it does what no library would let it do.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

pub const MAX_CONCURRENT_STREAMS: u16 = 3;
pub const INITIAL_WINDOW_SIZE: u16 = 4;

pub const REFUSED_STREAM: u32 = 7;
pub const HTTP_1_1_REQUIRED: u32 = 13;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// One connection of a server, whatever is spoken on it.
pub struct Wire {
    stream: Box<dyn Stream>,
    /// Below TLS.
    socket: TcpStream,
    /// Which connection of the server it is, from 0.
    pub number: usize,
    /// What TLS agreed on.
    pub protocol: Option<Vec<u8>>,
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Wire {
    fn new(socket: TcpStream, number: usize, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let mut under = socket.try_clone()?;
        let Some(config) = tls else {
            return Ok(Wire {
                stream: Box::new(under),
                socket,
                number,
                protocol: None,
            });
        };
        let mut tls = ServerConnection::new(config).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut under)?;
        }
        Ok(Wire {
            protocol: tls.alpn_protocol().map(<[u8]>::to_vec),
            stream: Box::new(StreamOwned::new(tls, under)),
            socket,
            number,
        })
    }

    pub fn write(&mut self, bytes: &[u8]) {
        // The client may be gone.
        let _ = self.stream.write_all(bytes);
        let _ = self.stream.flush();
    }

    pub fn read_exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// The head of a request of HTTP/1.1, in small letters. `None`: the client has closed the connection.
    pub fn read_head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.read_exactly(1)?);
        }
        Some(String::from_utf8(head).unwrap().to_ascii_lowercase())
    }

    /// Joins it to a connection with another server, until one of them ends.
    pub fn join_to(mut self, address: SocketAddr) {
        let mut server = TcpStream::connect(address).unwrap();
        let moment = Some(Duration::from_millis(1));
        server.set_read_timeout(moment).unwrap();
        self.socket.set_read_timeout(moment).unwrap();
        while copy_some(&mut self.stream, &mut server) && copy_some(&mut server, &mut self.stream) {
        }
    }
}

/// Tells whether the connection goes on.
fn copy_some(from: &mut impl Read, to: &mut impl Write) -> bool {
    let mut bytes = [0; 16 * 1024];
    match from.read(&mut bytes) {
        Ok(0) => false,
        Ok(count) => to
            .write_all(&bytes[..count])
            .and_then(|()| to.flush())
            .is_ok(),
        Err(e) => matches!(
            e.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        ),
    }
}

/// One connection of HTTP/2, on a thread of its own.
pub struct Peer {
    wire: Wire,
    /// Which connection of the server it is, from 0.
    pub number: usize,
}

impl Peer {
    /// After the client's preface. `None`: the client has closed the connection.
    pub fn new(mut wire: Wire) -> Option<Self> {
        let preface = wire.read_exactly(PREFACE.len())?;
        assert_eq!(preface, PREFACE);
        let number = wire.number;
        Some(Peer { wire, number })
    }

    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.wire.write(&frame);
    }

    pub fn settings(&mut self, settings: &[(u16, u32)]) {
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend(name.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        self.send(SETTINGS, 0, 0, &payload);
    }

    pub fn reset(&mut self, stream: u32, code: u32) {
        self.send(RST_STREAM, 0, stream, &code.to_be_bytes());
    }

    pub fn goaway(&mut self, last: u32, code: u32) {
        self.send(
            GOAWAY,
            0,
            0,
            &[last.to_be_bytes(), code.to_be_bytes()].concat(),
        );
    }

    pub fn window(&mut self, stream: u32, more: u32) {
        self.send(WINDOW_UPDATE, 0, stream, &more.to_be_bytes());
    }

    pub fn respond(&mut self, stream: u32) {
        // ":status: 200" is number 8 of the static table.
        self.send(HEADERS, END_HEADERS, stream, &[0x88]);
        self.send(DATA, END_STREAM, stream, br#"{"eventId":"e"}"#);
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.wire.write(bytes);
    }

    /// The next frame that is no affair of the connection alone. `None`: the client has closed it.
    pub fn read(&mut self) -> Option<Frame> {
        loop {
            let frame = self.read_any().ok()?;
            match frame.kind {
                SETTINGS if frame.flags & ACK == 0 => self.send(SETTINGS, ACK, 0, &[]),
                SETTINGS | WINDOW_UPDATE => {}
                _ => return Some(frame),
            }
        }
    }

    fn read_any(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.wire.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.wire.stream.read_exact(&mut payload)?;
        Ok(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff,
            payload,
        })
    }

    /// The next request: its stream and its (short) body.
    pub fn request(&mut self) -> Option<(u32, String)> {
        loop {
            let frame = self.read()?;
            match frame.kind {
                DATA => return Some((frame.stream, String::from_utf8(frame.payload).unwrap())),
                _ => self.answer_ping(&frame),
            }
        }
    }

    pub fn answer_ping(&mut self, frame: &Frame) {
        if frame.kind == PING && frame.flags & ACK == 0 {
            self.send(PING, ACK, 0, &frame.payload);
        }
    }

    /// Waits until nothing comes for a moment; gives the frames that came.
    pub fn read_until_quiet(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        let moment = Some(Duration::from_millis(200));
        self.wire.socket.set_read_timeout(moment).unwrap();
        while let Some(frame) = self.read() {
            frames.push(frame);
        }
        self.wire.socket.set_read_timeout(None).unwrap();
        frames
    }
}

/// A certificate for 127.0.0.1 that is its own authority.
pub struct Certificate {
    pub pem: String,
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

pub fn certificate() -> &'static Certificate {
    static CERTIFICATE: OnceLock<Certificate> = OnceLock::new();
    CERTIFICATE.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        Certificate {
            pem: made.cert.pem(),
            certificate: made.cert.der().clone(),
            key: made.signing_key.serialize_der(),
        }
    })
}

/// TLS that agrees on one of these protocols, the first first.
fn tls(protocols: &[&str]) -> Arc<ServerConfig> {
    let Certificate {
        certificate, key, ..
    } = certificate();
    let key = PrivateKeyDer::try_from(key.clone()).unwrap();
    let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().into())
        .collect();
    Arc::new(config)
}

pub struct Server {
    pub address: SocketAddr,
    tls: bool,
}

impl Server {
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

/// Runs `script` for each connection of HTTP/2.
pub fn serve(script: impl Fn(Peer) + Send + Sync + 'static) -> Server {
    serve_wires(None, move |wire| {
        if let Some(peer) = Peer::new(wire) {
            script(peer);
        }
    })
}

/// Runs `script` for each connection. `protocols`: behind TLS, which agrees on one of these.
pub fn serve_wires(
    protocols: Option<&[&str]>,
    script: impl Fn(Wire) + Send + Sync + 'static,
) -> Server {
    serve_some(usize::MAX, protocols, script)
}

/// The same for so many connections; further ones are refused.
pub fn serve_some(
    count: usize,
    protocols: Option<&[&str]>,
    script: impl Fn(Wire) + Send + Sync + 'static,
) -> Server {
    let config = protocols.map(tls);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server {
        address: listener.local_addr().unwrap(),
        tls: config.is_some(),
    };
    let script = Arc::new(script);
    thread::spawn(move || {
        for (number, socket) in listener.incoming().take(count).enumerate() {
            let (socket, script, config) = (socket.unwrap(), script.clone(), config.clone());
            thread::spawn(move || {
                // A client that refuses the handshake is the client's affair.
                if let Ok(wire) = Wire::new(socket, number, config) {
                    script(wire);
                }
            });
        }
    });
    server
}
