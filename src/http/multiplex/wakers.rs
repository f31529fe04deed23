//! Which streams of a connection have something new: what `h2` wakes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use crate::sys::sync::Mutex;

/// One waker for the connection, and one for each slot of a stream, used again for the next one there.
#[derive(Default)]
pub struct Wakers {
    woken: Arc<Woken>,
    connection: Option<Waker>,
    streams: Vec<Waker>,
}

#[derive(Default)]
struct Woken {
    connection: AtomicBool,
    streams: Mutex<VecDeque<usize>>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.connection.store(true, Ordering::Relaxed);
    }
}

struct StreamWaker {
    slot: usize,
    woken: Weak<Woken>,
}

impl Wake for StreamWaker {
    fn wake(self: Arc<Self>) {
        if let Some(woken) = self.woken.upgrade() {
            woken.streams.lock().push_back(self.slot);
        }
    }
}

impl Wakers {
    pub fn connection(&mut self) -> Waker {
        let woken = &self.woken;
        let waker = self
            .connection
            .get_or_insert_with(|| Waker::from(woken.clone()));
        waker.clone()
    }

    pub fn connection_is_woken(&self) -> bool {
        self.woken.connection.load(Ordering::Relaxed)
    }

    pub fn take_connection(&self) -> bool {
        self.woken.connection.swap(false, Ordering::Relaxed)
    }

    pub fn stream(&mut self, slot: usize) -> Waker {
        while self.streams.len() <= slot {
            self.streams.push(Waker::from(Arc::new(StreamWaker {
                slot: self.streams.len(),
                woken: Arc::downgrade(&self.woken),
            })));
        }
        self.streams[slot].clone()
    }

    pub fn wake_stream(&self, slot: usize) {
        self.woken.streams.lock().push_back(slot);
    }

    pub fn next_stream(&self) -> Option<usize> {
        self.woken.streams.lock().pop_front()
    }
}
