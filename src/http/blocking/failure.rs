//! What a failed attempt means, in words that say where it happened.

use std::io;
use std::time::Duration;

use super::attempt::{AttemptReport, Stage};
use crate::error::{Error, Kind};
use crate::http::CONNECT_LIMIT;

/// The longest head of a response, in bytes.
pub const MAX_HEADERS: usize = 64 * 1024;

pub enum Failure {
    Transport(ureq::Error),
    /// The response came, but cannot be used.
    Response(String),
}

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::LargeResponseHeader(..) => Failure::Response(format!(
                "the head of the response is larger than {MAX_HEADERS} bytes"
            )),
            ureq::Error::Decompress(..) => {
                Failure::Response("the response cannot be decompressed".to_owned())
            }
            other => Failure::Transport(other),
        }
    }
}

/// Between whom an attempt was made, for messages.
pub struct Peers {
    /// The service: scheme, host and port.
    pub origin: String,
    pub host: String,
    /// The URL of the proxy, without its credentials.
    pub proxy: Option<String>,
}

impl Peers {
    pub fn error(&self, failure: Failure, report: &AttemptReport, limit: Duration) -> Error {
        let timed_out = matches!(&failure, Failure::Transport(e) if is_timeout(e));
        let (kind, message) = match &failure {
            Failure::Response(what) => (Kind::Decode, what.clone()),
            Failure::Transport(_) if timed_out => (Kind::Connection, self.late(report, limit)),
            Failure::Transport(e) => (Kind::Connection, self.broken(e, report)),
        };
        Error {
            may_have_arrived: report.sent,
            nobody_there: kind == Kind::Connection && (timed_out || !report.sent),
            ..Error::new(kind, message)
        }
    }

    fn late(&self, report: &AttemptReport, limit: Duration) -> String {
        // Rounded up, since a little of the limit has gone before it is looked at.
        let ms = |limit: Duration| limit.as_micros().div_ceil(1000);
        let whole = ms(limit);
        let ms = ms(limit.min(CONNECT_LIMIT));
        match &report.stage {
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

    fn broken(&self, error: &ureq::Error, report: &AttemptReport) -> String {
        let tls = match error {
            ureq::Error::Io(e) => tls_error(e),
            _ => None,
        };
        match (error, &report.stage) {
            _ if let Some(cause) = tls => self.tls_failed(cause),
            (ureq::Error::ConnectProxyFailed(what), _) => format!(
                "the proxy {} does not connect to {}: {what}",
                self.proxy.as_deref().unwrap_or_default(),
                self.origin
            ),
            (ureq::Error::HostNotFound, _) => {
                format!("the host name {} has no address", self.first_host())
            }
            (ureq::Error::Io(e), Stage::LookUp) => {
                format!("no address for {}: {e}", self.first_host())
            }
            (cause, Stage::Connect(address)) => {
                format!(
                    "cannot connect to {}: {}",
                    self.connected_to(*address),
                    io_text(cause)
                )
            }
            (ureq::Error::Protocol(e), _) => format!(
                "the response from {}{} is not HTTP: {e}; if the server expects TLS, base_url must begin with https://",
                self.origin,
                self.via()
            ),
            (cause, _) => format!(
                "the connection to {}{} broke: {}",
                self.origin,
                self.via(),
                io_text(cause)
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
    fn first_host(&self) -> &str {
        self.proxy.as_deref().unwrap_or(&self.host)
    }

    fn connected_to(&self, address: std::net::SocketAddr) -> String {
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

/// ureq's own strings name no header and no part of a URL but its host.
fn io_text(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(e) => e.to_string(),
        other => other.to_string(),
    }
}

fn is_timeout(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::Timeout(_) => true,
        ureq::Error::Io(e) => e.kind() == io::ErrorKind::TimedOut,
        _ => false,
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
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

    fn message(proxy: Option<&str>, error: ureq::Error, stage: Stage) -> String {
        let report = AttemptReport {
            sent: false,
            stale: false,
            stage,
        };
        let limit = Duration::from_secs(8);
        let error = peers(proxy).error(Failure::Transport(error), &report, limit);
        error.message
    }

    #[test]
    fn a_failure_says_where_it_happened() {
        let refused = || ureq::Error::Io(io::ErrorKind::ConnectionRefused.into());
        let late = || ureq::Error::Io(io::ErrorKind::TimedOut.into());
        let connect = || Stage::Connect("127.0.0.1:444".parse().unwrap());
        let proxy = Some("http://proxy:3128");
        for (proxy, error, stage, expected) in [
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
                ureq::Error::HostNotFound,
                Stage::LookUp,
                "the host name api.example has no address",
            ),
        ] {
            let message = message(proxy, error, stage);
            assert!(message.starts_with(expected), "{message}");
        }
    }

    #[test]
    fn tls_where_there_is_none_is_said_in_plain_words() {
        let cause = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let message = message(None, ureq::Error::Io(io::Error::other(cause)), Stage::Tls);
        assert!(message.contains("does base_url need http://"), "{message}");
    }
}
