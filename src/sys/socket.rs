//! What sockets need beyond the standard library.

use std::io;
use std::mem::MaybeUninit;

use socket2::Socket;

/// Sends without raising SIGPIPE where the peer is gone.
pub fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    socket.send_with_flags(bytes, libc::MSG_NOSIGNAL)
}

/// Whether an idle connection is still good: neither closed, nor failed, nor with bytes that nobody
/// asked for.
pub fn is_idle(socket: &Socket) -> bool {
    let mut byte = [MaybeUninit::uninit()];
    let look = socket.recv_with_flags(&mut byte, libc::MSG_PEEK | libc::MSG_DONTWAIT);
    matches!(look, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
}
