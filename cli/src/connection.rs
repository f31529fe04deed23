//! A connection by hand: to the service or through its proxy, with TLS, and the first lines of a response.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axonpush::diagnosis::{CONNECT_LIMIT, Proxy, Tls};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

/// How long a response may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// A response's head that is larger is none.
const LARGEST_HEAD: usize = 64 * 1024;

/// Where the service is.
pub struct Target {
    pub tls: bool,
    pub host: String,
    pub port: u16,
    /// The path prefix of the base URL.
    pub path: String,
}

impl Target {
    /// Of a base URL that the library has found usable.
    pub fn of(base_url: &str) -> Option<Self> {
        let uri: hyper::Uri = base_url.parse().ok()?;
        Some(Self {
            tls: uri.scheme_str() == Some("https"),
            host: uri.host()?.to_owned(),
            port: axonpush::diagnosis::port(&uri),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|it| it.is_loopback())
}

/// A connection, through whatever it goes.
pub trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// The first address that takes a connection.
pub fn connect(addresses: &[SocketAddr]) -> io::Result<(TcpStream, SocketAddr, Duration)> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        let begin = Instant::now();
        match TcpStream::connect_timeout(address, CONNECT_LIMIT) {
            Ok(tcp) => {
                tcp.set_read_timeout(Some(PATIENCE))?;
                tcp.set_write_timeout(Some(PATIENCE))?;
                return Ok((tcp, *address, begin.elapsed()));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A tunnel through the proxy.
pub fn through(
    tcp: TcpStream,
    proxy: &Proxy,
    target: &Target,
) -> std::result::Result<Box<dyn Stream>, String> {
    let mut stream: Box<dyn Stream> = match proxy.tls {
        false => Box::new(tcp),
        true => {
            let config = Tls::new(None).config().map_err(|error| error.to_string())?;
            Box::new(
                handshake(config, &proxy.host, Box::new(tcp))
                    .map_err(|error| format!("TLS to the proxy: {error}"))?,
            )
        }
    };
    let authority = target.authority();
    let authorization = proxy
        .authorization()
        .map_or(String::new(), |it| format!("Proxy-Authorization: {it}\r\n"));
    write!(
        stream,
        "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n"
    )
    .map_err(|error| error.to_string())?;
    let head = Head::read(&mut stream).map_err(|error| error.to_string())?;
    match head.status {
        200..=299 => Ok(stream),
        407 => Err(
            "the proxy wants a user and a password (407): http://user:password@host:port"
                .to_owned(),
        ),
        status => Err(format!(
            "the proxy refuses to connect to {authority}: HTTP status {status}"
        )),
    }
}

pub fn handshake(
    config: Arc<ClientConfig>,
    host: &str,
    stream: Box<dyn Stream>,
) -> io::Result<StreamOwned<ClientConnection, Box<dyn Stream>>> {
    let bare = host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(bare).map_err(io::Error::other)?;
    let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// The first lines of a response.
pub struct Head {
    pub status: u16,
    pub date: Option<String>,
}

impl Head {
    pub fn read(stream: &mut impl Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        // Byte by byte: what follows the head of a proxy belongs to somebody else.
        while !bytes.ends_with(b"\r\n\r\n") {
            if bytes.len() == LARGEST_HEAD || stream.read(&mut byte)? == 0 {
                return Err(io::Error::other(
                    "the response is not one of HTTP, or breaks off",
                ));
            }
            bytes.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.split("\r\n");
        let status = lines.next().filter(|line| line.starts_with("HTTP/1."));
        let status = status.and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let header = |name: &str| {
            let found = lines.clone().filter_map(|line| line.split_once(':'));
            let mut found = found.filter(|(known, _)| known.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.trim().to_owned())
        };
        Ok(Self {
            status: status
                .ok_or_else(|| io::Error::other("the response is not one of HTTP/1.1"))?,
            date: header("date"),
        })
    }
}
