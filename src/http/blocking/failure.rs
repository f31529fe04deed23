//! ureq's errors, as the failures that both transports have.

use std::io;

use crate::http::failure::Failure;

/// The longest head of a response, in bytes.
pub const MAX_HEADERS: usize = 64 * 1024;

impl From<ureq::Error> for Failure {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::LargeResponseHeader(..) => Failure::Response(format!(
                "the head of the response is larger than {MAX_HEADERS} bytes"
            )),
            ureq::Error::Decompress(..) => {
                Failure::Response("the response cannot be decompressed".to_owned())
            }
            ureq::Error::Timeout(_) => Failure::Late,
            ureq::Error::Io(e) => e.into(),
            ureq::Error::ConnectProxyFailed(what) => Failure::Proxy(what),
            ureq::Error::HostNotFound => Failure::NoAddress,
            ureq::Error::Protocol(e) => Failure::Protocol(e.to_string()),
            // Their strings name no header and no part of a URL but its host.
            other => Failure::Io(io::Error::other(other.to_string())),
        }
    }
}
