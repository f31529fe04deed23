//! Completions: the application's functions that learn what became of an event.

use std::collections::VecDeque;

use super::accounting::is_not_after;
use crate::error::Result;
use crate::http::response::Response;
use crate::sys::event_fd::EventFd;

/// Called exactly once with the final outcome of an accepted event. `Ok(None)`: suppressed by fail-open.
pub type Completion = Box<dyn FnOnce(Result<Option<Response>>) + Send>;

/// A completion whose event has ended.
pub struct ReadyCompletion {
    pub completion: Completion,
    pub outcome: Result<Option<Response>>,
    /// The flush epoch of its event.
    pub epoch: u32,
}

impl ReadyCompletion {
    pub fn run(self) {
        (self.completion)(self.outcome);
    }
}

/// The completions that are ready, and those that run.
#[derive(Default)]
pub struct Completions {
    /// In the order in which their events ended.
    ready: VecDeque<ReadyCompletion>,
    /// How many run where the application polls.
    pub polled: usize,
    /// The epochs of the events whose completions wait, inside a call of ours, for other events.
    suspended: Vec<u32>,
    /// Readable while a completion is ready. Made when the application first asks for it.
    event_fd: Option<EventFd>,
}

impl Completions {
    pub fn push(&mut self, completion: ReadyCompletion) {
        if let Some(event_fd) = self.event_fd.as_ref().filter(|_| self.ready.is_empty()) {
            event_fd.raise();
        }
        self.ready.push_back(completion);
    }

    pub fn pop(&mut self) -> Option<ReadyCompletion> {
        let completion = self.ready.pop_front()?;
        if let Some(event_fd) = self.event_fd.as_ref().filter(|_| self.ready.is_empty()) {
            event_fd.lower();
        }
        Some(completion)
    }

    /// Takes all that are ready, for the caller to drop: what a completion captured may be anything, and
    /// is not dropped under a lock.
    pub fn take_all(&mut self) -> VecDeque<ReadyCompletion> {
        std::mem::take(&mut self.ready)
    }

    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    pub fn suspend(&mut self, epoch: u32) {
        self.suspended.push(epoch);
    }

    pub fn resume(&mut self, epoch: u32) {
        if let Some(at) = self.suspended.iter().position(|e| *e == epoch) {
            self.suspended.swap_remove(at);
        }
    }

    pub fn suspended(&self) -> usize {
        self.suspended.len()
    }

    /// How many of the suspended ones belong to events of this epoch or of one before.
    pub fn suspended_up_to(&self, epoch: u32) -> u64 {
        let before = self.suspended.iter().filter(|e| is_not_after(**e, epoch));
        before.count() as u64
    }

    /// The descriptor that is readable while a completion is ready.
    pub fn descriptor(&mut self) -> Result<i32> {
        let event_fd = match self.event_fd.take() {
            Some(event_fd) => event_fd,
            None => {
                let event_fd = EventFd::new()?;
                if !self.ready.is_empty() {
                    event_fd.raise();
                }
                event_fd
            }
        };
        Ok(self.event_fd.insert(event_fd).descriptor())
    }
}
