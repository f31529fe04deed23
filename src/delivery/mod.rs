//! Background delivery: what waits, and who delivers it.
//!
//! Plain threads, one exchange at a time each, over the same pool of connections as synchronous
//! calls. No asynchronous runtime: it would bring threads and signal handling of its own into the
//! application's process, for at most a handful of connections.
//!
//! The redaction rules and the drawing of ids run here and not on the caller's thread: measured, they
//! cost about as much as all the rest of publishing (docs/background.md has the figures). The caller
//! still learns at once that its JSON is not valid.

pub mod accounting;
pub mod circuit_breaker;
pub mod completions;
mod in_flight;
mod jobs;
pub mod limits;
mod pending;
mod polling;
pub mod queue;
#[cfg(test)]
mod queue_tests;
mod workers;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use self::accounting::Counters;
use self::completions::{Completion, ReadyCompletion};
use self::in_flight::{AttemptOutcome, GivenUp};
use self::jobs::{Job, WorkerEvent};
use self::limits::{DropReport, Limits, OnFull, Overflow};
use self::pending::QueuedEvent;
use self::queue::Queue;
use self::workers::SpawnRequest;
use crate::error::{Error, Kind, Result};
use crate::event::Event;
use crate::event::encode::EventEncoder;
use crate::event::stored::StoredEvent;
use crate::http::blocking::Http;
use crate::http::request::Request;
use crate::http::response::Expect;
use crate::log::{self, RateLimiter};
use crate::sys::cancel::CallScope;
use crate::sys::sync::Mutex;
use crate::sys::{random, threads};

/// What closing may take beyond its timeout: for interrupted exchanges to return and for the
/// completions of abandoned events.
const GRACE: Duration = Duration::from_millis(400);

/// The background half of a client.
pub struct Delivery(Arc<Core>);

struct Core {
    queue: Queue,
    polled: bool,
    blocks: bool,
    delivery_timeout: Duration,
    http: Arc<Http>,
    encoder: Arc<EventEncoder>,
    warnings: Arc<RateLimiter>,
    /// The process that the threads are in.
    process: u32,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A completion that runs on this thread.
#[derive(Clone, Copy)]
struct CurrentCompletion {
    core: *const Core,
    epoch: u32,
    /// How many run inside each other: a polled one may poll.
    depth: usize,
}

thread_local! {
    static CURRENT: Cell<Option<CurrentCompletion>> = const { Cell::new(None) };
}

impl Delivery {
    /// Starts no thread yet.
    pub fn new(
        limits: Limits,
        http: Arc<Http>,
        encoder: Arc<EventEncoder>,
        warnings: Arc<RateLimiter>,
    ) -> Self {
        Delivery(Arc::new(Core {
            polled: limits.polled,
            blocks: limits.overflow == Overflow::Block,
            delivery_timeout: limits.delivery_timeout,
            queue: Queue::new(limits),
            http,
            encoder,
            warnings,
            process: std::process::id(),
            threads: Mutex::default(),
        }))
    }

    /// Takes a checked event. `on_full` matters where the policy is to block.
    pub fn publish(
        &self,
        event: &Event,
        completion: Option<Completion>,
        on_full: OnFull<'_>,
    ) -> Result<()> {
        let stored = StoredEvent::new(event);
        let push = || {
            let push = || self.0.queue.push(stored, completion, on_full);
            match on_full {
                OnFull::Wait(scope) => self.0.interruptible(scope, push),
                OnFull::Refuse => push(),
            }
        };
        // Only a publish that may block waits for other workers.
        let pushed = match self.0.blocks {
            true => self.0.while_suspended(push)?,
            false => push()?,
        };
        self.0.spawn_worker(pushed.spawn);
        self.0.warn_of_drops(pushed.drops);
        Ok(())
    }

    pub fn counters(&self) -> Counters {
        self.0.queue.counters()
    }

    /// Waits until every event accepted so far has ended.
    pub fn flush(&self, timeout: Duration, scope: &CallScope) -> Result<()> {
        self.0
            .flush(scope.deadline_or(Instant::now() + timeout), scope)
    }

    /// Refuses new events and lets those that wait be delivered by `deadline`.
    pub fn drain(&self, deadline: Instant, scope: &CallScope) -> Result<()> {
        let spawn = self.0.queue.drain(deadline);
        self.0.spawn_worker(spawn);
        self.0.flush(deadline, scope)
    }

    /// Ends everything: what is not delivered is abandoned, exchanges are interrupted, completions of
    /// what was abandoned run, threads end. Gives how many events were abandoned.
    pub fn stop(&self) -> u64 {
        let core = &self.0;
        // Before the exchanges are interrupted, so that all of it is counted here.
        let (abandoned, spawn) = core.queue.abandon();
        core.http.close();
        core.spawn_worker(spawn);
        let deadline = Instant::now() + GRACE;
        let own = usize::from(core.epoch_of_this_worker().is_some());
        core.while_suspended(|| core.queue.wait_for_workers(deadline, own));
        core.queue.kill();
        core.join(deadline);
        core.warn_of_drops(core.queue.take_drops());
        abandoned
    }

    /// Runs the completions that wait, and waits for some until the timeout. Gives how many ran.
    pub fn poll(&self, timeout: Duration, scope: &CallScope) -> usize {
        let deadline = scope.deadline_or(Instant::now() + timeout);
        let wait = || self.0.queue.wait_ready(deadline, scope);
        let ready = self.0.interruptible(scope, wait);
        // Those that become ready meanwhile are for the next call, or it might never return.
        (0..ready)
            .take_while(|_| self.0.complete_ready(false))
            .count()
    }

    /// Lets nobody else poll any more, waits for those who do, and runs what is left.
    pub fn end_polling(&self, deadline: Instant) {
        let own = self
            .0
            .current_completion()
            .map_or(0, |current| current.depth);
        self.0.queue.end_polling(deadline + GRACE, own);
        while self.0.complete_ready(true) {}
    }

    pub fn descriptor(&self) -> Result<i32> {
        self.0.queue.descriptor()
    }
}

impl Core {
    /// Starts the worker that the queue asks for.
    fn spawn_worker(self: &Arc<Self>, spawn: SpawnRequest) {
        let SpawnRequest(Some(worker)) = spawn else {
            return;
        };
        let core = Arc::clone(self);
        match threads::spawn("axonpush-worker", move || core.work(worker)) {
            Ok(thread) => {
                let mut threads = self.threads.lock();
                threads.retain(|thread| !thread.is_finished());
                threads.push(thread);
            }
            Err(cause) => {
                // What waits is taken by another worker, or at the next event.
                self.queue.worker_failed(worker);
                self.warnings.warn(&format!(
                    "background publishing cannot start a thread: {cause}"
                ));
            }
        }
    }

    fn work(self: Arc<Self>, worker: usize) {
        let mut event = WorkerEvent::Started;
        loop {
            let step = self.queue.next_job(worker, event);
            self.spawn_worker(step.spawn);
            step.given_up.iter().for_each(|event| self.warn(event));
            event = match step.job {
                Job::Deliver(queued, latest) => {
                    WorkerEvent::Attempted(self.deliver(queued, latest))
                }
                Job::Complete(completion) => {
                    let epoch = completion.epoch;
                    self.complete(completion);
                    if std::process::id() != self.process {
                        // The completion forked and returned in the child, to which nothing here
                        // belongs: not the queue, whose locks others held, nor the connections.
                        return;
                    }
                    WorkerEvent::Completed(epoch)
                }
                Job::Exit => return,
            };
        }
    }

    fn complete(&self, completion: ReadyCompletion) {
        let before = CURRENT.replace(Some(CurrentCompletion {
            core: self,
            epoch: completion.epoch,
            depth: self.current_completion().map_or(0, |current| current.depth) + 1,
        }));
        // A completion that panics has run all the same.
        let _ = catch_unwind(AssertUnwindSafe(|| completion.run()));
        CURRENT.set(before);
    }

    /// Runs a completion that waits to be polled, if there is one.
    fn complete_ready(&self, closing: bool) -> bool {
        let Some(completion) = self.queue.take_ready(closing) else {
            return false;
        };
        self.complete(completion);
        self.queue.note_polled();
        true
    }

    fn deliver(&self, event: Box<QueuedEvent>, latest: Instant) -> AttemptOutcome {
        let attempt = catch_unwind(AssertUnwindSafe(|| self.attempt(event, latest)));
        attempt.unwrap_or_else(|_| {
            AttemptOutcome::Failed(Error::new(
                Kind::Internal,
                "a defect of libaxonpush, please report it",
            ))
        })
    }

    fn attempt(&self, mut event: Box<QueuedEvent>, latest: Instant) -> AttemptOutcome {
        let request = match event.request.take() {
            Some(request) => request,
            None => match self.encode(&mut event) {
                Ok(request) => request,
                Err(error) => return AttemptOutcome::Failed(error),
            },
        };
        let scope = CallScope {
            deadline: Some(latest),
            cancel: None,
        };
        let response = self.http.exchange(&request, &scope);
        let error = match response.and_then(|r| r.into_response(Expect::Accepted)) {
            Ok(response) => return AttemptOutcome::Delivered(response),
            Err(error) => error,
        };
        if error.kind == Kind::Closed {
            return AttemptOutcome::Interrupted;
        }
        if !error.retryable() {
            return AttemptOutcome::Failed(error);
        }
        self.warnings.warn(&format!(
            "POST /event failed: {error}; events wait and are tried again for up to {} s each",
            self.delivery_timeout.as_secs_f64()
        ));
        event.request = Some(request);
        AttemptOutcome::Retry {
            event,
            error,
            jitter: random::jitter(),
        }
    }

    /// Makes the request, once; the event's own strings are not needed any more then.
    fn encode(&self, event: &mut QueuedEvent) -> Result<Box<Request>> {
        // The caller reads one clock; what the other said then is worked out here, once.
        let now = SystemTime::now();
        let occurred = now.checked_sub(event.accepted_at.elapsed()).unwrap_or(now);
        let request = self.encoder.encode(&event.event.event(), Some(occurred))?;
        event.event = StoredEvent::default();
        Ok(Box::new(request))
    }

    fn warn_of_drops(&self, drops: Option<DropReport>) {
        if let Some(drops) = drops {
            log::write(log::Level::Warn, &self.queue.limits().describe_drops(drops));
        }
    }

    fn warn(&self, event: &GivenUp) {
        let GivenUp { error, suppressed } = event;
        let consequence = match error.kind {
            _ if *suppressed => "suppressed because fail-open is on, the event is lost",
            // The service reported success.
            Kind::Decode => "the event has probably arrived",
            _ => "the event is lost",
        };
        self.warnings
            .warn(&format!("POST /event failed: {error}; {consequence}"));
    }

    /// The completion of one of our events in which this thread is.
    fn current_completion(&self) -> Option<CurrentCompletion> {
        CURRENT
            .get()
            .filter(|current| std::ptr::eq(current.core, self))
    }

    /// The epoch of that event, where this thread is one of our workers.
    fn epoch_of_this_worker(&self) -> Option<u32> {
        let current = self.current_completion()?;
        (!self.polled).then_some(current.epoch)
    }

    fn flush(self: &Arc<Self>, deadline: Instant, scope: &CallScope) -> Result<()> {
        let inside = self.epoch_of_this_worker().is_some();
        self.while_suspended(|| {
            self.interruptible(scope, || self.queue.flush(deadline, inside, scope))
        })
    }

    /// Runs something that waits at the queue; cancelling the call wakes it.
    fn interruptible<T>(self: &Arc<Self>, scope: &CallScope, wait: impl FnOnce() -> T) -> T {
        let core = Arc::downgrade(self);
        let wake = move || {
            if let Some(core) = core.upgrade() {
                core.queue.wake_callers();
            }
        };
        scope.interruptible(wake, wait)
    }

    /// Runs something that waits for other workers. Inside a completion, this thread is one of them,
    /// and another may take its place meanwhile.
    fn while_suspended<T>(self: &Arc<Self>, wait: impl FnOnce() -> T) -> T {
        let Some(epoch) = self.epoch_of_this_worker() else {
            return wait();
        };
        let spawn = self.queue.suspend(epoch);
        self.spawn_worker(spawn);
        let outcome = wait();
        self.queue.resume(epoch);
        outcome
    }

    /// Joins the threads that are done by the deadline; leaves the others behind, each with its own
    /// share of this `Core`.
    fn join(&self, deadline: Instant) {
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
