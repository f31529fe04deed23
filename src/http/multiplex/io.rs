//! The bytes of one connection: a non-blocking socket, and as many layers of TLS as lie over it.
//!
//! What is written is kept until [`Io::flush`], so that a request, or the frames of many, leave in one
//! system call. Readiness comes by edges: a socket that was read empty is not asked again before the
//! next edge, which saves a system call for each response.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

/// What a socket has to send may grow to this before [`Io::is_congested`].
const OUTPUT_LIMIT: usize = 256 * 1024;
/// Memory kept for output between requests.
const OUTPUT_KEPT: usize = 64 * 1024;

pub enum Io {
    Plain(Socket),
    Tls(Box<TlsIo>),
    /// What a fuzzer feeds.
    #[cfg(any(fuzzing, test))]
    Memory(super::fed::Memory),
}

impl Io {
    /// Lays TLS over what is connected so far.
    pub fn with_tls(self, config: Arc<ClientConfig>, host: &str) -> io::Result<Self> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
        let mut connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        // `is_congested` is the limit.
        connection.set_buffer_limit(None);
        Ok(Io::Tls(Box::new(TlsIo {
            connection,
            inner: self,
        })))
    }

    pub fn socket(&mut self) -> &mut Socket {
        match self {
            Io::Plain(socket) => socket,
            Io::Tls(tls) => tls.inner.socket(),
            #[cfg(any(fuzzing, test))]
            Io::Memory(_) => unreachable!("there is no socket"),
        }
    }

    /// Bytes that came from the network so far.
    pub fn received(&mut self) -> u64 {
        match self {
            #[cfg(any(fuzzing, test))]
            Io::Memory(memory) => memory.received,
            io => io.socket().received,
        }
    }

    /// There may be something to read though nothing has announced it.
    pub fn expect_bytes(&mut self) {
        match self {
            #[cfg(any(fuzzing, test))]
            Io::Memory(_) => {}
            io => io.socket().readable = true,
        }
    }

    /// Tells whether the handshake of the uppermost layer is done.
    pub fn handshake(&mut self) -> io::Result<bool> {
        match self {
            Io::Tls(tls) => tls.handshake(),
            _ => Ok(true),
        }
    }

    /// What the uppermost layer agreed on.
    pub fn protocol(&self) -> Option<&[u8]> {
        match self {
            Io::Tls(tls) => tls.connection.alpn_protocol(),
            _ => None,
        }
    }

    /// Reads what is there; `WouldBlock` where nothing is, 0 at the end.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Io::Plain(socket) => socket.read(buffer),
            Io::Tls(tls) => tls.read(buffer),
            #[cfg(any(fuzzing, test))]
            Io::Memory(memory) => memory.read(buffer),
        }
    }

    /// Keeps bytes to be sent by [`Self::flush`].
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Io::Plain(socket) => socket.keep(bytes),
            Io::Tls(tls) => {
                tls.connection.writer().write_all(bytes)?;
                tls.encrypt()?;
            }
            #[cfg(any(fuzzing, test))]
            Io::Memory(memory) => memory.written += bytes.len(),
        }
        Ok(())
    }

    /// Sends as much as the network takes now.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Io::Tls(tls) => tls.encrypt()?,
            #[cfg(any(fuzzing, test))]
            Io::Memory(_) => return Ok(()),
            Io::Plain(_) => {}
        }
        self.socket().flush()
    }

    /// So much waits to be sent that no more should be written.
    pub fn is_congested(&mut self) -> bool {
        match self {
            #[cfg(any(fuzzing, test))]
            Io::Memory(_) => false,
            io => io.socket().waiting() > OUTPUT_LIMIT,
        }
    }
}

pub struct Socket {
    stream: TcpStream,
    output: Vec<u8>,
    /// How much of `output` is sent.
    sent: usize,
    readable: bool,
    writable: bool,
    /// The end of what the peer sends was announced.
    ending: bool,
    /// Bytes read so far.
    pub received: u64,
}

impl Socket {
    /// Begins to connect.
    pub fn connect(address: SocketAddr, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Socket {
            stream,
            output: Vec::new(),
            sent: 0,
            readable: false,
            writable: false,
            ending: false,
            received: 0,
        })
    }

    pub fn note(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
        self.ending |= event.is_read_closed() || event.is_error();
    }

    /// Whether the connection is there.
    pub fn is_connected(&mut self) -> io::Result<bool> {
        if !self.writable {
            return Ok(false);
        }
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => {
                self.stream.set_nodelay(true)?;
                Ok(true)
            }
            Err(e) if e.kind() == ErrorKind::NotConnected => {
                self.writable = false;
                Ok(false)
            }
            Err(e) => Err(e),
        }
    }

    /// Called before it is dropped: where a forked child holds the descriptor too, closing ours alone would
    /// neither end the connection nor its events.
    pub fn shut_down(&mut self, registry: &Registry) {
        // Both fail where the peer was faster.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        let _ = registry.deregister(&mut self.stream);
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.readable {
            match self.stream.read(buffer) {
                Ok(n) => {
                    self.received += n as u64;
                    // Read empty; what comes later raises another edge.
                    self.readable = n == buffer.len() || self.ending;
                    return Ok(n);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => {
                    self.readable = e.kind() != ErrorKind::WouldBlock || self.ending;
                    return Err(e);
                }
            }
        }
        Err(ErrorKind::WouldBlock.into())
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    fn waiting(&self) -> usize {
        self.output.len() - self.sent
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.writable && self.waiting() > 0 {
            // The standard library's `send`, which raises no SIGPIPE.
            match self.stream.write(&self.output[self.sent..]) {
                Ok(n) => self.sent += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        if self.waiting() == 0 {
            self.output.clear();
            self.output.shrink_to(OUTPUT_KEPT);
            self.sent = 0;
        }
        Ok(())
    }
}

pub struct TlsIo {
    connection: ClientConnection,
    inner: Io,
}

impl TlsIo {
    fn handshake(&mut self) -> io::Result<bool> {
        loop {
            self.encrypt()?;
            self.inner.flush()?;
            if !self.connection.is_handshaking() {
                return Ok(true);
            }
            match self.receive() {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(e) => return Err(e),
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.connection.reader().read(buffer) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                // The end without a farewell counts as one where the response is complete without it; who
                // reads decides.
                outcome => return outcome,
            }
            self.receive()?;
        }
    }

    /// Takes in what has arrived; 0 at the end.
    fn receive(&mut self) -> io::Result<usize> {
        let count = self.connection.read_tls(&mut Inner(&mut self.inner))?;
        if let Err(error) = self.connection.process_new_packets() {
            // The alert says why; should it not get out, the error does.
            let _ = self.encrypt().and_then(|()| self.inner.flush());
            return Err(io::Error::other(error));
        }
        self.encrypt()?;
        Ok(count)
    }

    fn encrypt(&mut self) -> io::Result<()> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut Inner(&mut self.inner))?;
        }
        Ok(())
    }
}

/// The layer below, as rustls wants it.
struct Inner<'a>(&'a mut Io);

impl Read for Inner<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Inner<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)?;
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let mut count = 0;
        for part in parts {
            count += self.write(part)?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
