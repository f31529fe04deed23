//! A server of HTTP/2 for tests, frame by frame: it does what no library would let it do.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

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

pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// One connection, on a thread of its own.
pub struct Peer {
    socket: TcpStream,
    /// Which connection of the server it is, from 0.
    pub number: usize,
}

impl Peer {
    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        // The client may be gone.
        let _ = self.socket.write_all(&frame);
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
        let _ = self.socket.write_all(bytes);
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
        self.socket.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.socket.read_exact(&mut payload)?;
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
                PING if frame.flags & ACK == 0 => self.send(PING, ACK, 0, &frame.payload),
                _ => {}
            }
        }
    }

    /// Waits until nothing comes for a moment; gives the frames that came.
    pub fn read_until_quiet(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        let moment = Some(Duration::from_millis(200));
        self.socket.set_read_timeout(moment).unwrap();
        while let Some(frame) = self.read() {
            frames.push(frame);
        }
        self.socket.set_read_timeout(None).unwrap();
        frames
    }
}

pub struct Server {
    pub address: SocketAddr,
}

/// Runs `script` for each connection, after the client's preface.
pub fn serve(script: impl Fn(Peer) + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let script = Arc::new(script);
    thread::spawn(move || {
        for (number, socket) in listener.incoming().enumerate() {
            let (mut socket, script) = (socket.unwrap(), script.clone());
            thread::spawn(move || {
                socket.set_nodelay(true).unwrap();
                let mut preface = [0; 24];
                if socket.read_exact(&mut preface).is_ok() {
                    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
                    script(Peer { socket, number });
                }
            });
        }
    });
    Server { address }
}
