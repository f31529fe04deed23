//! Background publishing: the threads that empty the queue.
//!
//! Plain threads, one exchange at a time each, over the same pool of connections as synchronous
//! calls. No asynchronous runtime: it would bring threads and signal handling of its own into the
//! host's process, for at most a handful of connections.
//!
//! The privacy rules and the drawing of ids run here and not on the caller's thread: measured, they
//! cost about as much as all the rest of publishing (docs/background.md has the figures). The caller
//! still learns at once that its JSON is not valid.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crate::client::config::{CompletionMode, Config};
use crate::delivery::queue::{
    Books, Completion, Finished, GivenUp, Hand, Item, Job, Limits, Queue, Report, Verdict,
};
use crate::error::{Error, Kind, Result};
use crate::event::ids;
use crate::event::{Event, StoredEvent};
use crate::http::blocking::Http;
use crate::http::response::Expect;
use crate::log::{self, Limiter};
use crate::sys::sync::Mutex;
use crate::sys::threads;

/// What closing may take beyond its timeout: for interrupted exchanges to return and for the
/// completions of abandoned events.
const GRACE: Duration = Duration::from_millis(400);

/// The background half of a client.
pub struct Background(Arc<Core>);

struct Core {
    queue: Queue,
    config: Arc<Config>,
    http: Arc<Http>,
    warnings: Arc<Limiter>,
    /// The process that the threads are in.
    process: u32,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A completion that runs on this thread.
#[derive(Clone, Copy)]
struct Running {
    core: *const Core,
    epoch: u32,
    /// How many run inside each other: a polled one may poll.
    depth: usize,
}

thread_local! {
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

impl Background {
    /// Starts no thread yet.
    pub fn new(config: Arc<Config>, http: Arc<Http>, warnings: Arc<Limiter>) -> Self {
        let limits = Limits {
            max_events: config.queue_max_events,
            max_bytes: config.queue_max_bytes,
            overflow: config.overflow,
            delivery_timeout: config.delivery_timeout,
            max_senders: config.max_connections,
            fail_open: config.fail_open,
            polled: config.completion_mode == CompletionMode::Polled,
        };
        Background(Arc::new(Core {
            queue: Queue::new(limits),
            config,
            http,
            warnings,
            process: std::process::id(),
            threads: Mutex::default(),
        }))
    }

    /// Takes a checked event. `may_wait`: for room, where the policy is to block; else it is refused.
    pub fn publish(
        &self,
        event: &Event,
        completion: Option<Completion>,
        may_wait: bool,
    ) -> Result<()> {
        let stored = StoredEvent::new(event);
        let hand = self
            .0
            .aside(|| self.0.queue.push(stored, completion, may_wait))?;
        self.0.lend(hand);
        Ok(())
    }

    pub fn books(&self) -> Books {
        self.0.queue.books()
    }

    /// Waits until every event accepted so far has ended.
    pub fn flush(&self, timeout: Duration) -> Result<()> {
        self.0.flush(Instant::now() + timeout)
    }

    /// Refuses new events and lets those that wait be delivered by `deadline`.
    pub fn drain(&self, deadline: Instant) -> Result<()> {
        let hand = self.0.queue.drain(deadline);
        self.0.lend(hand);
        self.0.flush(deadline)
    }

    /// Ends everything: what is not delivered is abandoned, exchanges are interrupted, completions of
    /// what was abandoned run, threads end. Gives how many events were abandoned.
    pub fn stop(&self) -> u64 {
        let core = &self.0;
        // Before the exchanges are interrupted, so that all of it is counted here.
        let (abandoned, hand) = core.queue.abandon();
        core.http.close();
        core.lend(hand);
        let deadline = Instant::now() + GRACE;
        let own = usize::from(core.epoch_of_this_worker().is_some());
        core.stepping_out(|| core.queue.wait_for_workers(deadline, own));
        core.queue.kill();
        core.join(deadline);
        abandoned
    }

    /// Runs the completions that wait, and waits for some until the timeout. Gives how many ran.
    pub fn poll(&self, timeout: Duration) -> usize {
        let due = self.0.queue.wait_due(Instant::now() + timeout);
        // Those that become due meanwhile are for the next call, or it might never return.
        (0..due).take_while(|_| self.0.complete_due(false)).count()
    }

    /// Lets nobody else poll any more, waits for those who do, and runs what is left.
    pub fn end_polling(&self, deadline: Instant) {
        let own = self.0.running_here().map_or(0, |running| running.depth);
        self.0.queue.end_polling(deadline + GRACE, own);
        while self.0.complete_due(true) {}
    }

    pub fn descriptor(&self) -> Result<i32> {
        self.0.queue.descriptor()
    }
}

impl Core {
    /// Starts the worker that the queue asks for.
    fn lend(self: &Arc<Self>, hand: Hand) {
        let Hand(Some(worker)) = hand else { return };
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
        let mut report = Report::Started;
        loop {
            let turn = self.queue.turn(worker, report);
            self.lend(turn.hand);
            turn.given_up.iter().for_each(|event| self.warn(event));
            report = match turn.job {
                Job::Deliver(item, latest) => Report::Sent(self.deliver(item, latest)),
                Job::Complete(finished) => {
                    let epoch = finished.epoch();
                    self.complete(finished);
                    if std::process::id() != self.process {
                        // The completion forked and returned in the child, to which nothing here
                        // belongs: not the queue, whose locks others held, nor the connections.
                        return;
                    }
                    Report::Completed(epoch)
                }
                Job::Exit => return,
            };
        }
    }

    fn complete(&self, finished: Finished) {
        let before = RUNNING.replace(Some(Running {
            core: self,
            epoch: finished.epoch(),
            depth: self.running_here().map_or(0, |running| running.depth) + 1,
        }));
        // A completion that panics has had its turn.
        let _ = catch_unwind(AssertUnwindSafe(|| finished.run()));
        RUNNING.set(before);
    }

    /// Runs a completion that waits to be polled, if there is one.
    fn complete_due(&self, closing: bool) -> bool {
        let Some(finished) = self.queue.take_due(closing) else {
            return false;
        };
        self.complete(finished);
        self.queue.note_polled();
        true
    }

    fn deliver(&self, item: Box<Item>, latest: Instant) -> Verdict {
        let attempt = catch_unwind(AssertUnwindSafe(|| self.attempt(item, latest)));
        attempt.unwrap_or_else(|_| {
            Verdict::Failed(Error::new(
                Kind::Internal,
                "a defect of libaxonpush, please report it",
            ))
        })
    }

    fn attempt(&self, mut item: Box<Item>, latest: Instant) -> Verdict {
        let request = match item.request.take() {
            Some(request) => request,
            None => match self.prepare(&mut item) {
                Ok(request) => request,
                Err(error) => return Verdict::Failed(error),
            },
        };
        let error = match self.http.exchange(&request, Some(latest)) {
            Ok(answer) if answer.is_success() => match answer.into_response(Expect::Accepted) {
                Ok(response) => return Verdict::Delivered(response),
                Err(error) => error,
            },
            Ok(answer) => answer.into_error(&self.config.api_key),
            Err(error) => error,
        };
        if error.kind == Kind::Closed {
            return Verdict::Interrupted;
        }
        if !error.retryable() {
            return Verdict::Failed(error);
        }
        self.warnings.warn(&format!(
            "POST /event failed: {error}; events wait and are tried again for up to {} s each",
            self.config.delivery_timeout.as_secs_f64()
        ));
        item.request = Some(request);
        Verdict::Again {
            item,
            error,
            jitter: ids::jitter(),
        }
    }

    /// Makes the request, once; the event's own texts are not needed any more then.
    fn prepare(&self, item: &mut Item) -> Result<Box<crate::http::blocking::Request>> {
        // The caller reads one clock; what the other said then is worked out here, once.
        let now = SystemTime::now();
        let occurred = now.checked_sub(item.accepted.elapsed()).unwrap_or(now);
        let prepared = item.event.event().prepare(&self.config, Some(occurred))?;
        item.event = StoredEvent::default();
        prepared.into_request(self.http.event_uri()).map(Box::new)
    }

    fn warn(&self, event: &GivenUp) {
        let GivenUp { error, suppressed } = event;
        self.warnings.warn(&if *suppressed {
            format!(
                "POST /event failed: {error}; suppressed because fail-open is on, the event is lost"
            )
        } else {
            format!("POST /event failed: {error}; the event is lost")
        });
    }

    /// The completion of one of our events in which this thread is.
    fn running_here(&self) -> Option<Running> {
        RUNNING
            .get()
            .filter(|running| std::ptr::eq(running.core, self))
    }

    /// The epoch of that event, where this thread is one of our workers.
    fn epoch_of_this_worker(&self) -> Option<u32> {
        let running = self.running_here()?;
        (self.config.completion_mode == CompletionMode::Thread).then_some(running.epoch)
    }

    fn flush(self: &Arc<Self>, deadline: Instant) -> Result<()> {
        let inside = self.epoch_of_this_worker().is_some();
        self.stepping_out(|| self.queue.flush(deadline, inside))
    }

    /// Runs something that waits for other workers. Inside a completion, this thread is one of them
    /// and counts as away, so that another may take its place.
    fn stepping_out<T>(self: &Arc<Self>, wait: impl FnOnce() -> T) -> T {
        let Some(epoch) = self.epoch_of_this_worker() else {
            return wait();
        };
        let hand = self.queue.step_out(epoch);
        self.lend(hand);
        let outcome = wait();
        self.queue.step_in(epoch);
        outcome
    }

    /// As [`Self::stepping_out`], where waiting is the exception (an event that blocks).
    fn aside<T>(self: &Arc<Self>, wait: impl FnOnce() -> T) -> T {
        if self.config.overflow == crate::client::config::Overflow::Block {
            self.stepping_out(wait)
        } else {
            wait()
        }
    }

    /// Joins the threads that are done by the deadline; leaves the others behind, each with its own
    /// share of this `Core`.
    fn join(&self, deadline: Instant) {
        let threads = std::mem::take(&mut *self.threads.lock());
        let this = std::thread::current().id();
        let mut left = 0;
        for thread in threads {
            if thread.thread().id() == this {
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
