//! Names to addresses, within a deadline, once a minute at most.
//!
//! `getaddrinfo` cannot be told to stop, so it runs on a thread of its own that is left behind when
//! it takes too long. The addresses are kept, so that a new connection seldom needs a look-up.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
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
        if let Some(known) = self.known(host, port) {
            return Ok(known);
        }
        let list = resolve(host, port, deadline, closed)?;
        self.keep(host, port, &list);
        Ok(Addresses {
            list,
            cached: false,
        })
    }

    /// The addresses, where no look-up is needed for them.
    pub fn known(&self, host: &str, port: u16) -> Option<Addresses> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Some(Addresses {
                list: vec![SocketAddr::new(ip, port)],
                cached: false,
            });
        }
        let list = self.kept(host, port)?;
        Some(Addresses { list, cached: true })
    }

    /// Starts a look-up for a caller that cannot wait for it: the addresses are sent to `found`, and then
    /// `wake` is called.
    pub fn start_look_up(
        self: &Arc<Self>,
        host: &str,
        port: u16,
        found: Sender<io::Result<Vec<SocketAddr>>>,
        wake: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let (cache, name) = (Arc::clone(self), host.to_owned());
        start(host, port, move |addresses| {
            if let Ok(list) = &addresses {
                cache.keep(&name, port, list);
            }
            // Nobody listens any more when the deadline passed.
            let _ = found.send(addresses);
            wake();
        })
    }

    fn keep(&self, host: &str, port: u16, list: &[SocketAddr]) {
        *self.0.lock() = Some(Entry {
            host: host.to_owned(),
            port,
            addresses: list.to_vec(),
            found: Instant::now(),
        });
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

/// Starts a look-up. `found` is called on a thread of its own, however long it takes.
fn start(
    host: &str,
    port: u16,
    found: impl FnOnce(io::Result<Vec<SocketAddr>>) + Send + 'static,
) -> io::Result<()> {
    let name = host.to_owned();
    threads::spawn("axonpush-dns", move || {
        let addresses = (name.as_str(), port).to_socket_addrs();
        found(addresses.and_then(|list| {
            let list: Vec<SocketAddr> = list.collect();
            match list.is_empty() {
                false => Ok(list),
                true => Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "the name has no address",
                )),
            }
        }));
    })
    .map(drop)
}

fn resolve(
    host: &str,
    port: u16,
    deadline: Instant,
    closed: &dyn Fn() -> bool,
) -> io::Result<Vec<SocketAddr>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    start(host, port, move |addresses| {
        // Nobody listens any more when the deadline passed.
        let _ = sender.send(addresses);
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
            Ok(found) => return found,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("the look-up thread died"));
            }
        }
    }
}
