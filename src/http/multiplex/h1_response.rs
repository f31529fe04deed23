//! Reads an HTTP/1.1 response as its bytes come. It knows no connection, so that a fuzzer can feed it.

use std::time::SystemTime;

use crate::http::failure::Failure;
use crate::http::headers::names;
use crate::http::response::{HttpResponse, MAX_BODY};
use crate::http::retry::retry_after;

const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADERS: usize = 128;
/// The size of a chunk, with its extensions, is not longer.
const MAX_CHUNK_LINE: usize = 4096;

#[derive(Default)]
pub struct ResponseParser {
    state: State,
    /// Bytes that wait for more: of the head, or of the line before a chunk.
    input: Vec<u8>,
    response: HttpResponse,
    keep_alive: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// So many bytes of the body are missing.
    Length(usize),
    ChunkSize,
    Chunk(u64),
    /// The line end after a chunk.
    ChunkEnd,
    /// After the last chunk.
    Trailers,
    /// The body ends with the connection.
    UntilEnd,
    Complete,
}

impl ResponseParser {
    /// Takes bytes; tells whether the response is complete.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<bool, Failure> {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Head => self.head(bytes)?,
                State::Length(left) => {
                    let taken = self.body(bytes, left)?;
                    self.state = match left - taken {
                        0 => State::Complete,
                        left => State::Length(left),
                    };
                    &bytes[taken..]
                }
                State::Chunk(left) => {
                    let taken = self.body(bytes, usize::try_from(left).unwrap_or(usize::MAX))?;
                    self.state = match left - taken as u64 {
                        0 => State::ChunkEnd,
                        left => State::Chunk(left),
                    };
                    &bytes[taken..]
                }
                State::UntilEnd => {
                    let taken = self.body(bytes, bytes.len())?;
                    &bytes[taken..]
                }
                State::ChunkSize | State::ChunkEnd | State::Trailers => self.line(bytes)?,
                State::Complete => {
                    // More than one response to one request: the connection is not to be trusted.
                    self.keep_alive = false;
                    &[]
                }
            };
        }
        Ok(self.state == State::Complete)
    }

    /// The connection has ended; tells whether the response is complete by that.
    pub fn end(&mut self) -> bool {
        if self.state == State::UntilEnd {
            self.state = State::Complete;
        }
        self.keep_alive = false;
        self.state == State::Complete
    }

    pub fn keeps_alive(&self) -> bool {
        self.keep_alive
    }

    pub fn finish(self) -> HttpResponse {
        self.response
    }

    fn body(&mut self, bytes: &[u8], wanted: usize) -> Result<usize, Failure> {
        let taken = bytes.len().min(wanted);
        if self.response.body.len() + taken > MAX_BODY {
            return Err(too_large());
        }
        self.response.body.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn head<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Failure> {
        let before = self.input.len();
        if before == 0 {
            // It mostly comes whole.
            return match self.parse_head(bytes)? {
                Some(length) => Ok(&bytes[length..]),
                None => {
                    self.input.extend_from_slice(bytes);
                    Ok(&[])
                }
            };
        }
        self.input.extend_from_slice(bytes);
        let input = std::mem::take(&mut self.input);
        match self.parse_head(&input)? {
            Some(length) => Ok(&bytes[length - before..]),
            None => {
                self.input = input;
                Ok(&[])
            }
        }
    }

    /// Gives the length of the head, once it is whole.
    fn parse_head(&mut self, input: &[u8]) -> Result<Option<usize>, Failure> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let length = match head.parse(input) {
            Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => length,
            Ok(httparse::Status::Partial) if input.len() <= MAX_HEAD => return Ok(None),
            Ok(_) => return Err(head_too_large()),
            Err(httparse::Error::TooManyHeaders) => return Err(head_too_large()),
            Err(e) => return Err(Failure::Protocol(e.to_string())),
        };
        let status = head.code.unwrap_or_default();
        if status == 101 || status < 100 {
            return Err(Failure::Protocol(format!("status {status}")));
        }
        if status < 200 {
            // The response proper follows.
            return Ok(Some(length));
        }
        let mut framing = Framing {
            keep_alive: head.version == Some(1),
            ..Framing::default()
        };
        for header in head.headers.iter() {
            self.header(header, &mut framing)?;
        }
        self.response.status = status;
        self.keep_alive = framing.keep_alive;
        self.state = match framing {
            _ if matches!(status, 204 | 304) => State::Complete,
            Framing { chunked: true, .. } => State::ChunkSize,
            Framing {
                length: Some(0), ..
            } => State::Complete,
            Framing {
                length: Some(length),
                ..
            } => {
                self.response.body.reserve_exact(length.min(64 * 1024));
                State::Length(length)
            }
            _ => {
                self.keep_alive = false;
                State::UntilEnd
            }
        };
        Ok(Some(length))
    }

    fn header(&mut self, header: &httparse::Header, framing: &mut Framing) -> Result<(), Failure> {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let value = || str::from_utf8(header.value).ok();
        if is("content-length") {
            let length: Option<u64> = value().and_then(|v| v.trim().parse().ok());
            let length =
                length.ok_or_else(|| Failure::Protocol("a bad Content-Length".to_owned()))?;
            if length > MAX_BODY as u64 {
                return Err(too_large());
            }
            if framing.length.is_some_and(|other| other as u64 != length) {
                return Err(Failure::Protocol("two lengths of one body".to_owned()));
            }
            framing.length = Some(length as usize);
        } else if is("transfer-encoding") {
            let coding = value().unwrap_or_default().trim().to_ascii_lowercase();
            if coding != "chunked" {
                return Err(Failure::Protocol("an unknown Transfer-Encoding".to_owned()));
            }
            framing.chunked = true;
        } else if is("connection") {
            let value = value().unwrap_or_default().to_ascii_lowercase();
            for option in value.split(',').map(str::trim) {
                match option {
                    "close" => framing.keep_alive = false,
                    "keep-alive" => framing.keep_alive = true,
                    _ => {}
                }
            }
        } else if is(names::REQUEST_ID.as_str()) {
            self.response.request_id = value().map(str::to_owned);
        } else if is("retry-after") {
            self.response.retry_after = value().and_then(|v| retry_after(v, SystemTime::now()));
        }
        Ok(())
    }

    /// One line of a chunked body.
    fn line<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Failure> {
        let Some(end) = bytes.iter().position(|c| *c == b'\n') else {
            self.input.extend_from_slice(bytes);
            self.check_line()?;
            return Ok(&[]);
        };
        self.input.extend_from_slice(&bytes[..=end]);
        self.check_line()?;
        let line = std::mem::take(&mut self.input);
        let bare = line.trim_ascii_end();
        self.state = match self.state {
            State::ChunkSize => match httparse::parse_chunk_size(&line) {
                Ok(httparse::Status::Complete((_, 0))) => State::Trailers,
                Ok(httparse::Status::Complete((_, size))) => State::Chunk(size),
                _ => return Err(Failure::Protocol("a bad chunk size".to_owned())),
            },
            State::ChunkEnd if bare.is_empty() => State::ChunkSize,
            State::ChunkEnd => return Err(Failure::Protocol("a chunk without an end".to_owned())),
            _ if bare.is_empty() => State::Complete,
            state => state,
        };
        Ok(&bytes[end + 1..])
    }

    fn check_line(&self) -> Result<(), Failure> {
        match self.input.len() > MAX_CHUNK_LINE {
            true => Err(Failure::Protocol("a chunk's line is too long".to_owned())),
            false => Ok(()),
        }
    }
}

#[derive(Default)]
struct Framing {
    keep_alive: bool,
    chunked: bool,
    length: Option<usize>,
}

pub fn too_large() -> Failure {
    Failure::Response(format!(
        "the response is larger than {} MiB",
        MAX_BODY >> 20
    ))
}

fn head_too_large() -> Failure {
    Failure::Response(format!(
        "the head of the response is larger than {MAX_HEAD} bytes"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], step: usize) -> Result<(bool, HttpResponse, bool), Failure> {
        let mut parser = ResponseParser::default();
        let mut complete = false;
        for piece in text.chunks(step) {
            complete = parser.feed(piece)?;
        }
        let keeps = parser.keeps_alive();
        Ok((complete, parser.finish(), keeps))
    }

    #[test]
    fn every_framing_is_read_in_pieces_of_any_length() {
        let cases: [(&[u8], &[u8]); 5] = [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Request-Id: r\r\n\r\nhello", b"hello"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: t\r\n\r\n", b"hello"),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
            (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
            (b"HTTP/1.1 503 No\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n", b""),
        ];
        for (text, body) in cases {
            for step in 1..=text.len() {
                let (complete, response, keeps) = read(text, step).unwrap();
                assert!(complete && keeps, "{step}");
                assert_eq!(response.body, body);
            }
        }
    }

    #[test]
    fn a_body_may_end_with_the_connection() {
        let mut parser = ResponseParser::default();
        assert!(!parser.feed(b"HTTP/1.1 200 OK\r\n\r\nhel").unwrap());
        assert!(!parser.feed(b"lo").unwrap());
        assert!(parser.end() && !parser.keeps_alive());
        assert_eq!(parser.finish().body, b"hello");
        let mut cut = ResponseParser::default();
        assert!(
            !cut.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
                .unwrap()
        );
        assert!(!cut.end());
    }

    #[test]
    fn the_connection_is_kept_as_the_server_says() {
        let keeps = |text: &[u8]| read(text, 7).unwrap().2;
        assert!(!keeps(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        ));
        assert!(!keeps(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
        assert!(keeps(
            b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n"
        ));
        assert!(
            !keeps(b"HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\n"),
            "bytes that nobody asked for"
        );
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        for text in [
            &b"SSH-2.0-x\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        ] {
            assert!(read(text, 5).is_err(), "{}", text.escape_ascii());
        }
        let long = [b"HTTP/1.1 200 OK\r\nA: ".to_vec(), vec![b'a'; MAX_HEAD + 1]].concat();
        assert!(matches!(read(&long, 1000), Err(Failure::Response(_))));
        let many = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".repeat(200)].concat();
        assert!(matches!(read(&many, 1000), Err(Failure::Response(_))));
    }
}
