//! Who delivers: the threads of a client, started when they are needed and ended when they are idle.
//!
//! `axonpush-net` does everything that has to do with the network ([`network`]); `axonpush-completion`
//! runs the application's functions, and nothing else. What they do next the queue tells them
//! ([`turns`]).

mod batches;
mod network;
mod spooling;
pub mod turns;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use self::network::Means;
use self::turns::{Finished, Task};
use super::completions::ReadyCompletion;
use super::limits::{DropReport, Limits};
use super::notice::Notice;
use super::queue::Queue;
use super::threads::Calls;
use crate::log::{self, RateLimiter};
use crate::sys::cancel::CallScope;
use crate::sys::sync::Mutex;
use crate::sys::threads;

pub struct Engine {
    pub queue: Queue,
    polled: bool,
    means: Means,
    warnings: Arc<RateLimiter>,
    /// The process that the threads are in.
    process: u32,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A completion that runs on this thread.
#[derive(Clone, Copy)]
struct CurrentCompletion {
    engine: *const Engine,
    epoch: u32,
    /// How many run inside each other: a polled one may poll.
    depth: usize,
}

thread_local! {
    static CURRENT: Cell<Option<CurrentCompletion>> = const { Cell::new(None) };
}

impl Engine {
    /// Starts no thread yet.
    pub fn new(limits: Limits, means: Means, warnings: Arc<RateLimiter>) -> Self {
        Engine {
            polled: limits.polled,
            means,
            queue: Queue::new(limits),
            warnings,
            process: std::process::id(),
            threads: Mutex::default(),
        }
    }

    /// Does what the queue wants to be done.
    pub fn call(self: &Arc<Self>, calls: Calls) {
        if let Some(waker) = calls.wake {
            // Fails where the thread has ended meanwhile, or has been woken often already.
            let _ = waker.wake();
        }
        if calls.network && !self.start("axonpush-net", Self::run_network) {
            self.queue.network_failed();
        }
        if calls.completer && !self.start("axonpush-completion", Self::run_completions) {
            self.queue.completer_failed();
        }
    }

    /// Tells whether the thread could be started.
    fn start(self: &Arc<Self>, name: &str, run: fn(Arc<Self>)) -> bool {
        let engine = Arc::clone(self);
        match threads::spawn(name, move || run(engine)) {
            Ok(thread) => {
                let mut threads = self.threads.lock();
                threads.retain(|thread| !thread.is_finished());
                threads.push(thread);
                true
            }
            Err(cause) => {
                // What waits is taken by another thread, or at the next event.
                self.warnings.warn(&format!(
                    "background publishing cannot start a thread: {cause}"
                ));
                false
            }
        }
    }

    fn run_network(self: Arc<Self>) {
        let (queue, means) = (&self.queue, &self.means);
        let call = |calls| self.call(calls);
        network::run(queue, &call, &|| match &means.exporter {
            None => network::deliver(queue, means, &call),
            Some(exporter) => batches::deliver(queue, means, exporter, &call),
        });
    }

    fn run_completions(self: Arc<Self>) {
        let mut finished = Finished::Nothing;
        loop {
            let (task, calls) = self.queue.completion_turn(finished);
            self.call(calls);
            finished = match task {
                Task::Complete(completion) => {
                    let epoch = completion.epoch;
                    self.complete(completion);
                    Finished::Completion(epoch)
                }
                Task::Write(notices) => {
                    for notice in notices {
                        let uri = self.means.uri();
                        let text = notice.text(uri, self.queue.patience());
                        match notice {
                            Notice::Delivered { .. } => log::write(log::Level::Debug, &text),
                            _ => self.warnings.warn(&text),
                        }
                    }
                    Finished::Writing
                }
                Task::Exit => return,
            };
            if std::process::id() != self.process {
                // The application's function forked and returned in the child, to which nothing here
                // belongs: not the queue, whose locks others held, nor the connections.
                return;
            }
        }
    }

    fn complete(&self, completion: ReadyCompletion) {
        let before = CURRENT.replace(Some(CurrentCompletion {
            engine: self,
            epoch: completion.epoch,
            depth: self.completion_depth() + 1,
        }));
        // A completion that panics has run all the same.
        let _ = catch_unwind(AssertUnwindSafe(|| completion.run()));
        CURRENT.set(before);
    }

    /// Runs a completion that waits to be polled, if there is one.
    pub fn complete_ready(&self, closing: bool) -> bool {
        let Some(completion) = self.queue.take_ready(closing) else {
            return false;
        };
        self.complete(completion);
        self.queue.note_polled();
        true
    }

    /// The completion of one of our events in which this thread is.
    fn current_completion(&self) -> Option<CurrentCompletion> {
        CURRENT
            .get()
            .filter(|current| std::ptr::eq(current.engine, self))
    }

    /// How many completions of ours this thread is in.
    pub fn completion_depth(&self) -> usize {
        self.current_completion().map_or(0, |current| current.depth)
    }

    /// The epoch of that event, where this thread is one of ours.
    pub fn epoch_of_this_thread(&self) -> Option<u32> {
        let current = self.current_completion()?;
        (!self.polled).then_some(current.epoch)
    }

    pub fn warn_of_drops(&self, drops: Option<DropReport>) {
        if let Some(drops) = drops {
            log::write(log::Level::Warn, &self.queue.limits().describe_drops(drops));
        }
    }

    /// Runs something that waits at the queue; cancelling the call wakes it.
    pub fn interruptible<T>(self: &Arc<Self>, scope: &CallScope, wait: impl FnOnce() -> T) -> T {
        let engine = Arc::downgrade(self);
        let wake = move || {
            if let Some(engine) = engine.upgrade() {
                engine.queue.wake_callers();
            }
        };
        scope.interruptible(wake, wait)
    }

    /// Runs something that waits for other completions. Inside one, another thread may take this one's
    /// place meanwhile.
    pub fn while_suspended<T>(self: &Arc<Self>, wait: impl FnOnce() -> T) -> T {
        let Some(epoch) = self.epoch_of_this_thread() else {
            return wait();
        };
        self.call(self.queue.suspend(epoch));
        let outcome = wait();
        self.queue.resume(epoch);
        outcome
    }

    /// Joins the threads that are done by the deadline; leaves the others behind, each with its own
    /// share of this engine.
    pub fn join(&self, deadline: Instant) {
        let threads = std::mem::take(&mut *self.threads.lock());
        let mut left = 0;
        for thread in threads {
            if threads::is_current(&thread) {
                continue;
            }
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_micros(200));
            }
            if thread.is_finished() {
                let _ = thread.join();
            } else {
                left += 1;
            }
        }
        if left > 0 {
            log::write(
                log::Level::Warn,
                &format!("{left} threads were left behind: a completion has not returned"),
            );
        }
    }
}
