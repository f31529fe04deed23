//! Names to addresses, within a deadline, once a minute at most.
//!
//! `getaddrinfo` cannot be told to stop, so it runs on a thread of its own that is left behind when
//! it takes too long. The addresses are kept, so that a new connection seldom needs a look-up.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::sys::sync::Mutex;
use crate::sys::threads;

const KEEP: Duration = Duration::from_secs(60);
/// How often a waiting caller looks whether its client was closed.
const CLOSED_CHECK: Duration = Duration::from_millis(50);

/// The addresses of the one host that a client talks to (or of its proxy).
#[derive(Debug, Default)]
pub struct Cache(Mutex<Option<Entry>>);

#[derive(Debug)]
struct Entry {
    host: String,
    port: u16,
    addresses: Vec<SocketAddr>,
    found: Instant,
}

/// Addresses, and whether they come from an earlier look-up.
pub struct Addresses {
    pub list: Vec<SocketAddr>,
    pub cached: bool,
}

impl Cache {
    pub fn look_up(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
        closed: &dyn Fn() -> bool,
    ) -> io::Result<Addresses> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Addresses {
                list: vec![SocketAddr::new(ip, port)],
                cached: false,
            });
        }
        if let Some(list) = self.kept(host, port) {
            return Ok(Addresses { list, cached: true });
        }
        let list = resolve(host, port, deadline, closed)?;
        *self.0.lock() = Some(Entry {
            host: host.to_owned(),
            port,
            addresses: list.clone(),
            found: Instant::now(),
        });
        Ok(Addresses {
            list,
            cached: false,
        })
    }

    /// Called when none of the addresses could be connected to: the host may have moved.
    pub fn forget(&self) {
        *self.0.lock() = None;
    }

    fn kept(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        let entry = self.0.lock();
        let entry = entry.as_ref()?;
        let usable = entry.host == host && entry.port == port && entry.found.elapsed() < KEEP;
        usable.then(|| entry.addresses.clone())
    }
}

fn resolve(
    host: &str,
    port: u16,
    deadline: Instant,
    closed: &dyn Fn() -> bool,
) -> io::Result<Vec<SocketAddr>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let name = host.to_owned();
    threads::spawn("axonpush-dns", move || {
        let found = (name.as_str(), port)
            .to_socket_addrs()
            .map(|a| a.collect::<Vec<_>>());
        // Nobody listens any more when the deadline passed.
        let _ = sender.send(found);
    })?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if closed() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        match receiver.recv_timeout(left.min(CLOSED_CHECK)) {
            Ok(Ok(list)) if list.is_empty() => {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "the name has no address",
                ));
            }
            Ok(found) => return found,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("the look-up thread died"));
            }
        }
    }
}
