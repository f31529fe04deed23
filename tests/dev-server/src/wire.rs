//! What happens to the bytes of a connection: dripping, cutting off, resetting.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::server::TlsStream;

use crate::connection::{Connection, Ending, Shape};

pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref().0,
        }
    }
}

/// A stream that goes by its connection's `Shape` and `Ending`, and keeps its state up to date.
pub struct Wire {
    stream: Stream,
    connection: Arc<Connection>,
    /// Runs until the next drop may fall.
    drip: Pin<Box<Sleep>>,
    cut: Cut,
}

/// How far a response that is to be truncated has got.
#[derive(Default)]
struct Cut {
    /// How much of the blank line that ends the head has been seen.
    blank_line_bytes: usize,
    body_bytes: usize,
}

impl Cut {
    const BLANK_LINE: &[u8] = b"\r\n\r\n";

    /// How many bytes of `buffer` may go out.
    fn permit(&self, buffer: &[u8], body_limit: usize) -> usize {
        let mut seen = self.blank_line_bytes;
        let head = buffer
            .iter()
            .take_while(|&&byte| {
                let in_head = seen < Self::BLANK_LINE.len();
                seen = Self::advance(seen, byte);
                in_head
            })
            .count();
        buffer.len().min(head + (body_limit - self.body_bytes))
    }

    fn advance(seen: usize, byte: u8) -> usize {
        match Self::BLANK_LINE.get(seen) {
            None => seen,
            Some(&expected) if expected == byte => seen + 1,
            Some(_) => usize::from(byte == b'\r'),
        }
    }

    fn sent(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.blank_line_bytes == Self::BLANK_LINE.len() {
                self.body_bytes += 1;
            } else {
                self.blank_line_bytes = Self::advance(self.blank_line_bytes, byte);
            }
        }
    }
}

impl Wire {
    pub fn new(stream: Stream, connection: Arc<Connection>) -> Self {
        Self {
            stream,
            connection,
            drip: Box::pin(sleep(Duration::ZERO)),
            cut: Cut::default(),
        }
    }

    fn write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Stream::Tls(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(context),
            Stream::Tls(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn write_a_drop(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        interval: Duration,
    ) -> Poll<io::Result<usize>> {
        ready!(self.drip.as_mut().poll(context));
        let written = ready!(self.write(context, bytes))?;
        // TLS holds small writes back. When the socket is full, the next drop or hyper's flush takes care of the rest.
        if let Poll::Ready(Err(error)) = self.flush(context) {
            return Poll::Ready(Err(error));
        }
        self.drip.as_mut().reset(Instant::now() + interval);
        Poll::Ready(Ok(written))
    }

    fn write_until_cut(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        body_limit: usize,
    ) -> Poll<io::Result<usize>> {
        let permitted = self.cut.permit(bytes, body_limit);
        if permitted == 0 {
            ready!(self.flush(context))?;
            self.connection.end_soon(Ending::Close);
            return Poll::Pending;
        }
        let written = ready!(self.write(context, &bytes[..permitted]))?;
        self.cut.sent(&bytes[..written]);
        Poll::Ready(Ok(written))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Stream::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
        };
        if buffer.filled().len() > before {
            self.connection.bytes_read();
        }
        result
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.connection.shape() {
            Shape::Plain => {
                self.cut = Cut::default();
                self.write(context, bytes)
            }
            Shape::Drip {
                bytes: size,
                interval,
            } => self.write_a_drop(context, &bytes[..size.min(bytes.len())], interval),
            Shape::Truncate { body_bytes } => self.write_until_cut(context, bytes, body_bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.flush(context))?;
        self.connection.bytes_flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(context),
            Stream::Tls(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.connection.ending() == Some(Ending::Reset) {
            // A socket that does not linger sends RST when it is closed. If this fails the peer sees a plain close.
            let _ = self.stream.tcp().set_zero_linger();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cut;

    #[test]
    fn a_cut_falls_after_the_head_however_the_bytes_are_written() {
        let response = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody";
        let head = response.len() - 4;
        for chunk in 1..=response.len() {
            let mut cut = Cut::default();
            let mut sent = 0;
            for piece in response.chunks(chunk) {
                let permitted = cut.permit(piece, 2);
                cut.sent(&piece[..permitted]);
                sent += permitted;
                if permitted < piece.len() {
                    break;
                }
            }
            assert_eq!(sent, head + 2, "in pieces of {chunk}");
        }
    }
}
