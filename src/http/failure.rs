//! What a failed attempt means, in words that say where it happened. Both transports fail in these words.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::Uri;

use super::CONNECT_LIMIT;
use super::proxy::Proxy;
use crate::error::{Error, Kind};

/// How far an attempt has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is connected yet.
    LookUp,
    /// A connection to this address is being opened.
    Connect(SocketAddr),
    /// TLS is being agreed on.
    Tls,
    /// The request is sent, or the response is awaited.
    Exchange,
}

#[derive(Debug)]
pub enum Failure {
    /// The network, or TLS.
    Io(io::Error),
    /// The deadline has passed.
    Late,
    /// The proxy does not let us through.
    Proxy(String),
    NoAddress,
    /// What came is not HTTP, or breaks the rules of its version.
    Protocol(String),
    /// HTTP/2 was expected, as the option http_version asks, and the server has only 1.1.
    NoHttp2,
    /// The server said several times that it did not process the request.
    Refused,
    /// The response came, but cannot be used.
    Response(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Failure::Late,
            _ => Failure::Io(error),
        }
    }
}

impl Failure {
    /// For each of several exchanges that one failure ends.
    pub fn copy(&self) -> Self {
        match self {
            Failure::Io(e) => Failure::Io(copy(e)),
            Failure::Late => Failure::Late,
            Failure::Proxy(what) => Failure::Proxy(what.clone()),
            Failure::NoAddress => Failure::NoAddress,
            Failure::Protocol(what) => Failure::Protocol(what.clone()),
            Failure::NoHttp2 => Failure::NoHttp2,
            Failure::Refused => Failure::Refused,
            Failure::Response(what) => Failure::Response(what.clone()),
        }
    }
}

/// The same error. One of the system's, or of TLS, keeps what it is; another one its kind and its words.
pub fn copy(error: &io::Error) -> io::Error {
    match (tls_error(error), error.raw_os_error()) {
        (Some(cause), _) => io::Error::other(cause.clone()),
        (None, Some(code)) => io::Error::from_raw_os_error(code),
        (None, None) => io::Error::new(error.kind(), error.to_string()),
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What is known of a failed attempt beside its failure.
pub struct Attempt {
    pub stage: Stage,
    /// Bytes of the request were handed to the network: the service may have received it.
    pub sent: bool,
    /// For how long it could go on.
    pub limit: Duration,
    /// The service responded with something, in this attempt or an earlier one.
    pub heard: bool,
}

/// Between whom an attempt was made, for messages.
pub struct Peers {
    /// The service: scheme, host and port.
    origin: String,
    host: String,
    /// The URL of the proxy, without its credentials.
    proxy: Option<String>,
}

impl Peers {
    pub fn new(uri: &Uri, proxy: Option<&Proxy>) -> Self {
        Peers {
            origin: format!(
                "{}://{}",
                uri.scheme_str().unwrap_or_default(),
                uri.authority().map_or("", |a| a.as_str())
            ),
            host: uri.host().unwrap_or_default().to_owned(),
            proxy: proxy.map(Proxy::url),
        }
    }

    pub fn error(&self, failure: &Failure, attempt: &Attempt) -> Error {
        let late = matches!(failure, Failure::Late);
        let kind = match failure {
            Failure::Response(_) => Kind::Decode,
            _ => Kind::Connection,
        };
        // Neither is there anybody who takes what we send.
        let nobody = late || matches!(failure, Failure::NoHttp2) || !attempt.sent;
        Error {
            may_have_arrived: attempt.sent && !matches!(failure, Failure::Refused),
            nobody_there: kind == Kind::Connection && nobody,
            ..Error::new(kind, self.message(failure, attempt))
        }
    }

    fn message(&self, failure: &Failure, attempt: &Attempt) -> String {
        match (failure, &attempt.stage) {
            (Failure::Response(what), _) => what.clone(),
            (Failure::Late, _) => self.late(attempt),
            (Failure::Io(e), _) if let Some(cause) = tls_error(e) => self.tls_failed(cause),
            (Failure::Proxy(what), _) => format!(
                "the proxy {} does not connect to {}: {what}",
                self.proxy.as_deref().unwrap_or_default(),
                self.origin
            ),
            (Failure::NoAddress, _) => {
                format!(
                    "no address for {}: the name does not exist",
                    self.first_host()
                )
            }
            (Failure::NoHttp2, _) => format!(
                "{} speaks HTTP/1.1 only, where HTTP/2 was expected: set the option http_version to \
                 AXONPUSH_HTTP_AUTO or AXONPUSH_HTTP_1_1, or AXONPUSH_HTTP_VERSION to auto or 1.1",
                self.origin
            ),
            (Failure::Refused, _) => format!(
                "{} refused the request several times, without processing it",
                self.origin
            ),
            (Failure::Io(e), Stage::LookUp) => {
                format!("no address for {}: {e}", self.first_host())
            }
            (Failure::Io(e), Stage::Connect(address)) => {
                format!("cannot connect to {}: {e}", self.connected_to(*address))
            }
            (Failure::Protocol(what), _) => format!(
                "the response from {}{} is not HTTP: {what}; if the server expects TLS, base_url must begin with https://",
                self.origin,
                self.via()
            ),
            (Failure::Io(e), _) => format!(
                "the connection to {}{} broke: {e}{}",
                self.origin,
                self.via(),
                self.hint(e, attempt)
            ),
        }
    }

    /// A server that expects TLS may hang up on HTTP without a word. So may any other, but hardly as
    /// the first thing that is ever heard from it.
    fn hint(&self, error: &io::Error, attempt: &Attempt) -> &'static str {
        let hung_up = matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
        );
        match hung_up && !attempt.heard && self.origin.starts_with("http://") {
            true => {
                "; it has never responded: if it expects TLS, base_url must begin with https://"
            }
            false => "",
        }
    }

    fn late(&self, attempt: &Attempt) -> String {
        // Rounded up, since a little of the limit has gone before it is looked at.
        let ms = |limit: Duration| limit.as_micros().div_ceil(1000);
        let whole = ms(attempt.limit);
        let ms = ms(attempt.limit.min(CONNECT_LIMIT));
        match &attempt.stage {
            Stage::LookUp => format!("no address for {} within {ms} ms", self.first_host()),
            Stage::Connect(address) => {
                format!(
                    "no connection to {} within {ms} ms",
                    self.connected_to(*address)
                )
            }
            Stage::Tls => format!("no TLS connection with {} within {ms} ms", self.origin),
            Stage::Exchange => format!(
                "no complete response from {}{} within {whole} ms",
                self.origin,
                self.via()
            ),
        }
    }

    fn tls_failed(&self, cause: &rustls::Error) -> String {
        let hint = match cause {
            rustls::Error::InvalidMessage(_) => {
                "; the server seems not to speak TLS there: does base_url need http:// or another port?"
            }
            _ => "",
        };
        format!(
            "TLS with {}{} failed: {cause}{hint}",
            self.origin,
            self.via()
        )
    }

    /// Whose name is looked up.
    fn first_host(&self) -> String {
        match &self.proxy {
            Some(proxy) => format!("the proxy {proxy}"),
            None => self.host.clone(),
        }
    }

    fn connected_to(&self, address: SocketAddr) -> String {
        let address = address.to_string();
        let name = match &self.proxy {
            Some(proxy) => format!("the proxy {proxy}"),
            None => self.origin.clone(),
        };
        match name.contains(&address) {
            true => name,
            false => format!("{name} ({address})"),
        }
    }

    fn via(&self) -> String {
        let proxy = self.proxy.as_ref();
        proxy.map_or(String::new(), |proxy| format!(" through the proxy {proxy}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(proxy: Option<&str>) -> Peers {
        Peers {
            origin: "https://api.example:444".into(),
            host: "api.example".into(),
            proxy: proxy.map(str::to_owned),
        }
    }

    fn message(proxy: Option<&str>, failure: Failure, stage: Stage) -> String {
        let attempt = Attempt {
            stage,
            sent: false,
            limit: Duration::from_secs(8),
            heard: false,
        };
        peers(proxy).error(&failure, &attempt).message
    }

    #[test]
    fn a_failure_says_where_it_happened() {
        let refused = || Failure::from(io::Error::from(io::ErrorKind::ConnectionRefused));
        let late = || Failure::from(io::Error::from(io::ErrorKind::TimedOut));
        let connect = || Stage::Connect("127.0.0.1:444".parse().unwrap());
        let proxy = Some("http://proxy:3128");
        for (proxy, failure, stage, expected) in [
            (
                None,
                refused(),
                connect(),
                "cannot connect to https://api.example:444 (127.0.0.1:444): ",
            ),
            (
                proxy,
                refused(),
                connect(),
                "cannot connect to the proxy http://proxy:3128 (127.0.0.1:444): ",
            ),
            (
                None,
                late(),
                connect(),
                "no connection to https://api.example:444 (127.0.0.1:444) within 5000 ms",
            ),
            (
                None,
                late(),
                Stage::LookUp,
                "no address for api.example within 5000 ms",
            ),
            (
                None,
                late(),
                Stage::Exchange,
                "no complete response from https://api.example:444 within 8000 ms",
            ),
            (
                proxy,
                late(),
                Stage::Exchange,
                "no complete response from https://api.example:444 through the proxy http://proxy:3128 within 8000 ms",
            ),
            (
                None,
                refused(),
                Stage::Exchange,
                "the connection to https://api.example:444 broke: ",
            ),
            (
                None,
                Failure::NoAddress,
                Stage::LookUp,
                "no address for api.example: the name does not exist",
            ),
        ] {
            let message = message(proxy, failure, stage);
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn only_what_may_expect_tls_is_suspected_of_it() {
        let suspected = |origin: &str, kind, heard| {
            let peers = Peers {
                origin: origin.into(),
                ..peers(None)
            };
            let attempt = Attempt {
                stage: Stage::Exchange,
                sent: true,
                limit: Duration::from_secs(8),
                heard,
            };
            let failure = Failure::Io(io::Error::from(kind));
            let message = peers.error(&failure, &attempt).message;
            message.contains("if it expects TLS, base_url must begin with https://")
        };
        let plain = "http://api.example";
        assert!(suspected(plain, io::ErrorKind::UnexpectedEof, false));
        assert!(suspected(plain, io::ErrorKind::ConnectionReset, false));
        assert!(!suspected(plain, io::ErrorKind::UnexpectedEof, true));
        assert!(!suspected(plain, io::ErrorKind::HostUnreachable, false));
        let tls = "https://api.example";
        assert!(!suspected(tls, io::ErrorKind::UnexpectedEof, false));
    }

    #[test]
    fn tls_where_there_is_none_is_said_in_plain_words() {
        let cause = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let failure = Failure::Io(io::Error::other(cause)).copy();
        let message = message(None, failure, Stage::Tls);
        assert!(message.contains("does base_url need http://"), "{message}");
    }
}
