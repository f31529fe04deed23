//! The queue of background publishing: bounded, in order, with books that balance.
//!
//! One mutex guards everything here, so that every number of the books is true at every moment. No
//! network, no thread is started and no completion is run under it: [`crate::delivery::background`] does these.
//!
//! # Decisions
//!
//! - **A caller wakes nobody while somebody is awake.** A worker that runs out of work stays on the
//!   lookout: it naps for a millisecond at a time and looks by itself. Only when nobody is free does
//!   publishing cost a wake-up call. Rejected: a signal per event, which costs the caller two
//!   microseconds whenever the worker is faster than the events come.
//! - **Workers grow by patience.** Another connection is used only for an event that has waited
//!   [`PATIENCE`] while the others were busy; the one on the lookout sees to that. Rejected: growing
//!   by the queue's length, which opens eight connections for a burst that one would have sent in a
//!   millisecond.
//! - **One shared backoff** ([`Outage`]): while the service fails, one event probes and the others
//!   wait. A failed event also waits for its own next turn, so that an event that the service cannot
//!   digest is not the probe every time.
//! - **What is being sent stays in a shared table** ([`Flight`]), so that closing can settle it though
//!   its worker is stuck; the worker then finds that there is nothing left to settle.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::client::config::Overflow;
use crate::error::{Error, Kind, Result};
use crate::event::StoredEvent;
use crate::http::blocking::Request;
use crate::http::response::Response;
use crate::sys::event_fd::Signal;
use crate::sys::sync::{Condvar, Mutex, MutexGuard};

/// Called once with what became of an event. `Ok(None)`: suppressed by fail-open.
pub type Completion = Box<dyn FnOnce(Result<Option<Response>>) + Send>;

/// How long an event may wait for a busy worker before another one takes it.
const PATIENCE: Duration = Duration::from_millis(2);
/// How long the senders stay as many as they are, at least. Where an exchange is a wait for the service,
/// more connections cost little; where it is our own work, they gain little and take the host's
/// processors.
const PAUSE_SLOW: Duration = Duration::from_millis(1);
const PAUSE_FAST: Duration = Duration::from_millis(20);
/// An exchange of this length is a wait for the service.
const SLOW: Duration = Duration::from_millis(1);
/// How often the lookout looks, while events come and when they are rare.
const NAP: Duration = Duration::from_millis(1);
const LONG_NAP: Duration = Duration::from_millis(10);
const SHORTEST_NAP: Duration = Duration::from_micros(500);
/// Events are rare when none came for this long.
const LINGER: Duration = Duration::from_millis(20);
/// How long a worker without work keeps its thread.
const IDLE: Duration = Duration::from_secs(10);
/// The first wait after a failure; each further one is twice as long, up to the longest.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// So many failed attempts without an answer between them are an outage.
const FAILURES_IN_A_ROW: u32 = 3;

/// The wait before try number `retry`, counted from 0, without jitter.
fn backoff(retry: u32) -> Duration {
    FIRST_BACKOFF
        .saturating_mul(1 << retry.min(10))
        .min(LONGEST_BACKOFF)
}

pub struct Limits {
    pub max_events: usize,
    pub max_bytes: u64,
    pub overflow: Overflow,
    pub delivery_timeout: Duration,
    pub max_senders: usize,
    pub fail_open: bool,
    /// Completions wait for the host to poll.
    pub polled: bool,
}

impl Limits {
    /// How many completions may be due and not run yet. Not as few as a short queue has events: a burst
    /// that drops some must not be refused for their completions.
    fn max_due(&self) -> usize {
        self.max_events.max(10_000)
    }
}

/// An event that waits or is being sent.
pub struct Item {
    pub event: StoredEvent,
    /// Made before the first attempt, and the same for all of them.
    pub request: Option<Box<Request>>,
    pub accepted: Instant,
    completion: Option<Completion>,
    /// After a failure: not to be tried again before, and what it was.
    ready: Option<Instant>,
    last: Option<Box<Error>>,
    bytes: u64,
    attempts: u32,
    epoch: u32,
}

/// Events by what became of them. See `axonpush_stats` for the meaning of each.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Books {
    pub accepted: u64,
    pub delivered: u64,
    pub failed: u64,
    pub suppressed: u64,
    pub dropped: u64,
    pub expired: u64,
    pub abandoned: u64,
    pub queued_events: u64,
    pub queued_bytes: u64,
    pub retried: u64,
}

/// How an accepted event can end.
#[derive(Clone, Copy)]
enum End {
    Delivered,
    Failed,
    Suppressed,
    Dropped,
    Expired,
    Abandoned,
}

impl Books {
    fn count(&mut self, end: End, bytes: u64) {
        let ended = match end {
            End::Delivered => &mut self.delivered,
            End::Failed => &mut self.failed,
            End::Suppressed => &mut self.suppressed,
            End::Dropped => &mut self.dropped,
            End::Expired => &mut self.expired,
            End::Abandoned => &mut self.abandoned,
        };
        *ended += 1;
        self.queued_events -= 1;
        self.queued_bytes -= bytes;
    }
}

/// An event whose completion is due.
pub struct Finished {
    completion: Completion,
    outcome: Result<Option<Response>>,
    epoch: u32,
}

impl Finished {
    /// The flush period that the event belongs to.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    pub fn run(self) {
        (self.completion)(self.outcome);
    }
}

/// What a worker tells at its next turn.
pub enum Report {
    /// It is new.
    Started,
    Sent(Verdict),
    /// A completion of this epoch has returned.
    Completed(u32),
}

/// What an attempt led to.
pub enum Verdict {
    Delivered(Response),
    /// Rejected for good.
    Failed(Error),
    /// May succeed later; the waits are lengthened by the factor.
    Again {
        item: Box<Item>,
        error: Error,
        jitter: f64,
    },
    /// Interrupted, since the client is closed.
    Interrupted,
}

/// What a worker is to do next.
pub enum Job {
    /// Send it, by the deadline.
    Deliver(Box<Item>, Instant),
    Complete(Finished),
    Exit,
}

pub struct Turn {
    pub job: Job,
    pub hand: Hand,
    /// Events given up meanwhile, to be logged.
    pub given_up: Vec<GivenUp>,
}

/// An event that was not delivered, and why.
pub struct GivenUp {
    pub error: Error,
    pub suppressed: bool,
}

/// Whether another worker is needed: its number, for the caller to start it once the lock is free.
#[must_use]
pub struct Hand(pub Option<usize>);

/// A worker, by its number.
#[derive(Default)]
struct Slot {
    used: bool,
    flight: Option<Flight>,
}

/// An event that a worker is sending.
struct Flight {
    completion: Option<Completion>,
    epoch: u32,
    bytes: u64,
    /// The number of the outage whose probe it is.
    probe: Option<u64>,
    started: Instant,
}

/// The service fails; what is known about it.
struct Outage {
    number: u64,
    /// No probe before.
    until: Instant,
    /// When a probe, or what began it, failed last.
    failed: Instant,
    /// How many such failures there were.
    probes: u32,
    probing: bool,
    /// The service named the time itself (`Retry-After`).
    asked: bool,
    last: Error,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Phase {
    Open,
    /// No new events; those that wait are delivered by the deadline.
    Draining(Instant),
    /// Nothing is sent any more; completions that are due still run.
    Stopped,
    /// Nothing runs any more.
    Dead,
}

struct State {
    fresh: VecDeque<Box<Item>>,
    /// Events that failed at least once.
    retry: VecDeque<Box<Item>>,
    /// Events whose completion is due.
    done: VecDeque<Finished>,
    given_up: Vec<GivenUp>,
    books: Books,
    outage: Option<Outage>,
    phase: Phase,
    slots: Vec<Slot>,
    /// Workers: all; parked; called out of their park and not awake yet; sending; running a
    /// completion; waiting, inside a completion, in a call that waits for the others.
    workers: usize,
    parked: usize,
    summoned: usize,
    sending: usize,
    completing: usize,
    /// Completions that run where the host polls.
    polling: usize,
    /// (The epochs of the events whose completions these are.)
    absent: Vec<u32>,
    /// One worker naps and looks for work.
    lookout: bool,
    last_event: Instant,
    /// When a sender was added last, and how long an exchange takes (a moving average).
    last_joined: Instant,
    exchange: Duration,
    /// When the service answered last, other than to be asked again.
    last_answer: Option<Instant>,
    /// Attempts that failed since then.
    failures: u32,
    /// Outages so far.
    outages: u64,
    /// Callers that wait for room.
    blocked: usize,
    /// Made when the host first asks for it.
    signal: Option<Signal>,
    /// Events not ended yet, by the epoch they were accepted in. A flush begins a new epoch, and waits
    /// until those before have none.
    epoch: u32,
    outstanding: VecDeque<(u32, u64)>,
}

pub struct Queue {
    limits: Limits,
    state: Mutex<State>,
    /// Parked workers wait here, the lookout there.
    park: Condvar,
    nap: Condvar,
    room: Condvar,
    /// Flush and shutdown wait here for events and workers to end.
    ended: Condvar,
    /// Those who poll wait here for completions.
    due: Condvar,
}

impl Queue {
    pub fn new(limits: Limits) -> Self {
        Queue {
            limits,
            state: Mutex::new(State {
                fresh: VecDeque::new(),
                retry: VecDeque::new(),
                done: VecDeque::new(),
                given_up: Vec::new(),
                books: Books::default(),
                outage: None,
                phase: Phase::Open,
                slots: Vec::new(),
                workers: 0,
                parked: 0,
                summoned: 0,
                sending: 0,
                completing: 0,
                polling: 0,
                absent: Vec::new(),
                lookout: false,
                last_event: Instant::now(),
                last_joined: Instant::now(),
                exchange: Duration::ZERO,
                last_answer: None,
                failures: 0,
                outages: 0,
                blocked: 0,
                signal: None,
                epoch: 0,
                outstanding: VecDeque::new(),
            }),
            park: Condvar::new(),
            nap: Condvar::new(),
            room: Condvar::new(),
            ended: Condvar::new(),
            due: Condvar::new(),
        }
    }

    pub fn books(&self) -> Books {
        self.state.lock().books
    }

    /// Takes an event, or refuses it.
    pub fn push(
        &self,
        event: StoredEvent,
        completion: Option<Completion>,
        may_wait: bool,
    ) -> Result<Hand> {
        let bytes = event.bytes();
        let mut item = Box::new(Item {
            event,
            request: None,
            accepted: Instant::now(),
            completion,
            ready: None,
            last: None,
            bytes,
            attempts: 0,
            epoch: 0,
        });
        let mut state = self.make_room(bytes, may_wait)?;
        if self.limits.overflow == Overflow::Block {
            // It may have waited long for room.
            item.accepted = Instant::now();
        }
        item.epoch = state.epoch;
        state.accept(bytes);
        let now = item.accepted;
        let first = !state.has_waiting();
        state.last_event = now;
        state.fresh.push_back(item);
        let due = first || state.oldest_waited(now) >= PATIENCE;
        Ok(if due {
            self.call_worker(&mut state)
        } else {
            Hand(None)
        })
    }

    /// Waits, drops or refuses until an event of `bytes` fits.
    fn make_room(&self, bytes: u64, may_wait: bool) -> Result<MutexGuard<'_, State>> {
        let limits = &self.limits;
        if bytes > limits.max_bytes {
            return Err(Error::new(
                Kind::QueueFull,
                format!(
                    "event: its {bytes} bytes are more than queue_max_bytes, {}",
                    limits.max_bytes
                ),
            ));
        }
        let mut state = self.state.lock();
        loop {
            if state.phase != Phase::Open {
                return Err(Error::closed());
            }
            if state.has_room(bytes, limits) {
                return Ok(state);
            }
            let refused = || {
                Err(Error::new(
                    Kind::QueueFull,
                    format!(
                        "the queue is full (queue_max_events {}, queue_max_bytes {})",
                        limits.max_events, limits.max_bytes
                    ),
                ))
            };
            match limits.overflow {
                Overflow::DropNewest => return refused(),
                Overflow::Block if !may_wait => return refused(),
                Overflow::DropOldest if state.done.len() >= limits.max_due() => return refused(),
                Overflow::DropOldest => {
                    let oldest = state.retry.pop_front().or_else(|| state.fresh.pop_front());
                    // What is being sent cannot be taken back.
                    let Some(oldest) = oldest else {
                        return refused();
                    };
                    let idle_completions = state.done.is_empty() && oldest.completion.is_some();
                    let why = "dropped from the full queue to make room for a newer event";
                    self.end_item(
                        &mut state,
                        *oldest,
                        End::Dropped,
                        Err(Error::new(Kind::QueueFull, why)),
                    );
                    if idle_completions {
                        // Somebody has to run it.
                        self.nap.notify_one();
                    }
                }
                Overflow::Block => {
                    state.blocked += 1;
                    state = self.room.wait(state);
                    state.blocked -= 1;
                }
            }
        }
    }

    /// A worker's turn: it says what it did, and gets what to do next. Waits while there is nothing.
    pub fn turn(&self, worker: usize, report: Report) -> Turn {
        let mut state = self.state.lock();
        let mut now = Instant::now();
        // One that is at it goes on. One that was waiting first looks whether it is needed.
        let mut at_it = true;
        match report {
            Report::Started => at_it = false,
            Report::Sent(verdict) => self.settle(&mut state, worker, verdict, now),
            Report::Completed(epoch) => {
                state.completing -= 1;
                self.note_ended(&mut state, epoch);
            }
        }
        let job = loop {
            if !self.limits.polled
                && let Some(finished) = state.done.pop_front()
            {
                state.completing += 1;
                self.note_room(&state);
                break Job::Complete(finished);
            }
            if state.phase >= Phase::Stopped {
                break Job::Exit;
            }
            if self.expire(&mut state, now) {
                continue;
            }
            let wanted = state.sending < self.limits.max_senders
                && (at_it || state.sending == 0 || state.needs_more_senders(now));
            if wanted && let Some(item) = state.take(worker, now) {
                if !at_it {
                    state.last_joined = now;
                }
                let mut latest = item.accepted + self.limits.delivery_timeout;
                if let Phase::Draining(deadline) = state.phase {
                    latest = latest.min(deadline);
                }
                break Job::Deliver(item, latest);
            }
            let drained = state.phase != Phase::Open && !state.has_waiting();
            if drained || state.present() > self.limits.max_senders + 1 {
                break Job::Exit;
            }
            let slept = now;
            let rare = now.duration_since(state.last_event) >= LINGER;
            let watch = state.has_waiting() || state.sending > 0 || !rare;
            if watch && !state.lookout {
                let limit = self.nap_length(&state, now, rare);
                state.lookout = true;
                state = self.nap.wait_timeout(state, limit);
                state.lookout = false;
                now = Instant::now();
            } else {
                state.parked += 1;
                state = self.park.wait_timeout(state, IDLE);
                now = Instant::now();
                if state.summoned > 0 {
                    state.summoned -= 1;
                } else {
                    state.parked -= 1;
                    if now.duration_since(slept) >= IDLE {
                        break Job::Exit;
                    }
                }
            }
            at_it = false;
        };
        let hand = match job {
            Job::Exit => {
                self.leave(&mut state, worker);
                Hand(None)
            }
            // Whoever is left behind needs somebody on the lookout.
            _ if state.has_waiting() || !state.done.is_empty() => self.call_worker(&mut state),
            _ => Hand(None),
        };
        Turn {
            job,
            hand,
            given_up: std::mem::take(&mut state.given_up),
        }
    }

    /// How long the lookout may nap: until something is due, and no longer than events allow.
    fn nap_length(&self, state: &State, now: Instant, rare: bool) -> Duration {
        let due = state
            .next_change(&self.limits)
            .map(|at| at.saturating_duration_since(now));
        let limit = if state.outage.is_some() {
            // New events change nothing before the next probe.
            IDLE
        } else if rare {
            LONG_NAP
        } else {
            NAP
        };
        // What is due may have to wait for its turn all the same; a nap of no length would spin.
        due.map_or(limit, |due| due.clamp(SHORTEST_NAP, limit))
    }

    /// Sees to it that somebody is free: wakes a parked worker, or tells the caller to start one.
    fn call_worker(&self, state: &mut State) -> Hand {
        let busy = state.parked + state.sending + state.completing;
        if state.workers > busy || state.phase == Phase::Dead {
            return Hand(None);
        }
        if state.parked > 0 {
            state.parked -= 1;
            state.summoned += 1;
            self.park.notify_one();
            return Hand(None);
        }
        if state.present() > self.limits.max_senders {
            return Hand(None);
        }
        Hand(Some(state.enter()))
    }

    /// The worker of this number could not be started, or is gone.
    pub fn worker_failed(&self, worker: usize) {
        let mut state = self.state.lock();
        self.leave(&mut state, worker);
    }

    fn leave(&self, state: &mut State, worker: usize) {
        state.slots[worker].used = false;
        state.workers -= 1;
        self.ended.notify_all();
    }

    /// Books what an attempt led to.
    fn settle(&self, state: &mut State, worker: usize, verdict: Verdict, now: Instant) {
        state.sending -= 1;
        // Closing may have settled it already.
        let Some(flight) = state.slots[worker].flight.take() else {
            return;
        };
        state.exchange = (state.exchange * 7 + now.duration_since(flight.started)) / 8;
        let probe =
            flight.probe.is_some() && flight.probe == state.outage.as_ref().map(|o| o.number);
        if let Some(outage) = &mut state.outage {
            outage.probing &= !probe;
            // The lookout may nap for as long as it was going to last.
            self.nap.notify_all();
        }
        if let Verdict::Delivered(_) | Verdict::Failed(_) = verdict {
            // The service is there, be it to say no.
            state.outage = None;
            state.failures = 0;
            state.last_answer = Some(now);
        }
        match verdict {
            Verdict::Delivered(response) => {
                self.end(state, flight, End::Delivered, Ok(Some(response)));
            }
            Verdict::Failed(error) => {
                state.given_up.push(GivenUp {
                    error: error.clone(),
                    suppressed: false,
                });
                self.end(state, flight, End::Failed, Err(error));
            }
            Verdict::Interrupted => self.end(state, flight, End::Abandoned, Err(Error::closed())),
            Verdict::Again {
                mut item,
                error,
                jitter,
            } => {
                state.note_failure(&error, probe, jitter, now);
                item.completion = flight.completion;
                item.ready = Some(
                    now + error
                        .retry_after
                        .unwrap_or_else(|| backoff(item.attempts).mul_f64(jitter)),
                );
                item.attempts += 1;
                if now >= item.accepted + self.limits.delivery_timeout {
                    // The last attempt was cut short; what the service answered before says more.
                    let error = match item.last.take() {
                        Some(last) if error.http_status == 0 && last.http_status != 0 => *last,
                        _ => error,
                    };
                    self.give_up(state, *item, error);
                } else {
                    item.last = Some(Box::new(error));
                    state.retry.push_back(item);
                }
            }
        }
    }

    /// Ends events whose delivery timeout has passed while they waited; tells whether there were any.
    fn expire(&self, state: &mut State, now: Instant) -> bool {
        let late = |item: &Item| now >= item.accepted + self.limits.delivery_timeout;
        let mut any = false;
        loop {
            let item = if let Some(at) = state.retry.iter().position(|item| late(item)) {
                state.retry.remove(at)
            } else if state.fresh.front().is_some_and(|item| late(item)) {
                state.fresh.pop_front()
            } else {
                return any;
            };
            let Some(item) = item else { return any };
            let unanswered =
                state.sending > 0 && state.last_answer.is_none_or(|at| at < item.accepted);
            let error = match (&item.last, &state.outage) {
                (Some(last), _) => Error::clone(last),
                (None, Some(outage)) => outage.last.clone(),
                (None, None) if unanswered => Error::new(
                    Kind::Connection,
                    "no answer from the service for as long as the event has waited",
                ),
                (None, None) => Error::new(
                    Kind::Timeout,
                    format!(
                        "not delivered within delivery_timeout_ms ({})",
                        self.limits.delivery_timeout.as_millis()
                    ),
                ),
            };
            self.give_up(state, *item, error);
            any = true;
        }
    }

    fn give_up(&self, state: &mut State, item: Item, error: Error) {
        let suppressed = self.limits.fail_open && error.kind == Kind::Connection;
        state.given_up.push(GivenUp {
            error: error.clone(),
            suppressed,
        });
        if suppressed {
            self.end_item(state, item, End::Suppressed, Ok(None));
        } else {
            self.end_item(state, item, End::Expired, Err(error));
        }
    }

    fn end_item(&self, state: &mut State, item: Item, end: End, outcome: Result<Option<Response>>) {
        let flight = Flight {
            completion: item.completion,
            epoch: item.epoch,
            bytes: item.bytes,
            probe: None,
            started: item.accepted,
        };
        self.end(state, flight, end, outcome);
    }

    /// The one place where an accepted event ends.
    fn end(&self, state: &mut State, flight: Flight, end: End, outcome: Result<Option<Response>>) {
        state.books.count(end, flight.bytes);
        self.note_room(state);
        let Some(completion) = flight.completion else {
            return self.note_ended(state, flight.epoch);
        };
        if let Some(signal) = state.signal.as_ref().filter(|_| state.done.is_empty()) {
            signal.raise();
        }
        state.done.push_back(Finished {
            completion,
            outcome,
            epoch: flight.epoch,
        });
        if self.limits.polled {
            // It has ended; that its completion runs is up to the host.
            self.note_ended(state, flight.epoch);
            self.due.notify_one();
        }
    }

    /// There may be room now. All are told, since the one in front may need more than there is.
    fn note_room(&self, state: &State) {
        if state.blocked > 0 {
            self.room.notify_all();
        }
    }

    fn note_ended(&self, state: &mut State, epoch: u32) {
        if let Some(entry) = state.outstanding.iter_mut().find(|(e, _)| *e == epoch) {
            entry.1 -= 1;
            let none_left = entry.1 == 0;
            if none_left {
                state.outstanding.retain(|(_, count)| *count > 0);
            }
            // A flush inside a completion does not wait for those that wait like itself.
            if none_left || !state.absent.is_empty() {
                self.ended.notify_all();
            }
        }
    }

    /// Waits until every event accepted so far has ended. A caller `inside` a completion does not wait
    /// for the events in whose completions somebody waits, itself among them: they cannot end meanwhile.
    pub fn flush(&self, deadline: Instant, inside: bool) -> Result<()> {
        let mut state = self.state.lock();
        let mine = state.epoch;
        state.epoch = state.epoch.wrapping_add(1);
        state.nudge();
        self.nap.notify_one();
        loop {
            let left = state.left(mine, inside);
            if left == 0 || state.phase == Phase::Dead {
                return Ok(());
            }
            let Some(wait) = deadline
                .checked_duration_since(Instant::now())
                .filter(|w| !w.is_zero())
            else {
                return Err(Error::new(
                    Kind::Timeout,
                    format!("flush: {left} events were still not delivered when the time was over"),
                ));
            };
            state = self.ended.wait_timeout(state, wait);
        }
    }

    /// Refuses new events from now on, and lets those that wait be delivered by `deadline`.
    pub fn drain(&self, deadline: Instant) -> Hand {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Draining(deadline);
        }
        state.nudge();
        self.wake_all();
        if state.has_waiting() {
            self.call_worker(&mut state)
        } else {
            Hand(None)
        }
    }

    /// Ends everything that is not delivered, as abandoned. Gives how many that were, and a worker to
    /// start for their completions.
    pub fn abandon(&self) -> (u64, Hand) {
        let mut state = self.state.lock();
        if state.phase >= Phase::Stopped {
            return (0, Hand(None));
        }
        state.phase = Phase::Stopped;
        let before = state.books.abandoned;
        let waiting: Vec<_> = {
            let state = &mut *state;
            state.retry.drain(..).chain(state.fresh.drain(..)).collect()
        };
        for item in waiting {
            self.end_item(&mut state, *item, End::Abandoned, Err(Error::closed()));
        }
        for slot in 0..state.slots.len() {
            if let Some(flight) = state.slots[slot].flight.take() {
                self.end(&mut state, flight, End::Abandoned, Err(Error::closed()));
            }
        }
        let abandoned = state.books.abandoned - before;
        self.wake_all();
        // The workers may all be stuck, so a new one is never too many.
        let hand = if self.limits.polled || state.done.is_empty() {
            Hand(None)
        } else {
            Hand(Some(state.enter()))
        };
        (abandoned, hand)
    }

    /// Waits until all workers but `own` are gone.
    pub fn wait_for_workers(&self, deadline: Instant, own: usize) {
        let mut state = self.state.lock();
        while state.workers > own {
            match deadline.checked_duration_since(Instant::now()) {
                Some(wait) if !wait.is_zero() => state = self.ended.wait_timeout(state, wait),
                _ => return,
            }
        }
    }

    /// No completion starts on a worker from now on, whatever became of the workers. Those that are
    /// polled still may, until [`Self::end_polling`].
    pub fn kill(&self) {
        if self.limits.polled {
            return;
        }
        let forgotten = {
            let mut state = self.state.lock();
            state.phase = Phase::Dead;
            std::mem::take(&mut state.done)
        };
        // Dropped without the lock: a completion's captures may be anything.
        drop(forgotten);
    }

    /// Nobody is given a completion by [`Self::take_due`] any more but whoever closes. Waits until those
    /// that others run have returned; `own` of them are the caller's.
    pub fn end_polling(&self, deadline: Instant, own: usize) {
        let mut state = self.state.lock();
        state.phase = Phase::Dead;
        self.wake_all();
        while state.polling > own {
            match deadline.checked_duration_since(Instant::now()) {
                Some(wait) if !wait.is_zero() => state = self.ended.wait_timeout(state, wait),
                _ => return,
            }
        }
    }

    fn wake_all(&self) {
        self.park.notify_all();
        self.nap.notify_all();
        self.room.notify_all();
        self.due.notify_all();
        self.ended.notify_all();
    }

    /// A worker is going to wait in a call of ours, inside the completion of an event of `epoch`: it
    /// counts as away until [`Self::step_in`].
    pub fn step_out(&self, epoch: u32) -> Hand {
        let mut state = self.state.lock();
        state.absent.push(epoch);
        self.ended.notify_all();
        if state.has_waiting() || !state.done.is_empty() {
            self.call_worker(&mut state)
        } else {
            Hand(None)
        }
    }

    pub fn step_in(&self, epoch: u32) {
        let mut state = self.state.lock();
        if let Some(at) = state.absent.iter().position(|e| *e == epoch) {
            state.absent.swap_remove(at);
        }
    }

    /// How many completions wait to be polled, once one does or the deadline has passed.
    pub fn wait_due(&self, deadline: Instant) -> usize {
        let mut state = self.state.lock();
        while state.done.is_empty() && state.phase < Phase::Stopped {
            match deadline.checked_duration_since(Instant::now()) {
                Some(wait) if !wait.is_zero() => state = self.due.wait_timeout(state, wait),
                _ => break,
            }
        }
        state.done.len()
    }

    /// A completion to be run by whoever polls, who then calls [`Self::note_polled`].
    pub fn take_due(&self, closing: bool) -> Option<Finished> {
        let mut state = self.state.lock();
        if state.phase == Phase::Dead && !closing {
            return None;
        }
        let finished = state.done.pop_front()?;
        state.polling += 1;
        if let Some(signal) = state.signal.as_ref().filter(|_| state.done.is_empty()) {
            signal.lower();
        }
        self.note_room(&state);
        Some(finished)
    }

    pub fn note_polled(&self) {
        self.state.lock().polling -= 1;
        self.ended.notify_all();
    }

    /// A descriptor that is readable while completions wait to be polled.
    pub fn descriptor(&self) -> Result<i32> {
        let mut state = self.state.lock();
        if state.signal.is_none() {
            let signal = Signal::new()?;
            if !state.done.is_empty() {
                signal.raise();
            }
            state.signal = Some(signal);
        }
        Ok(state.signal.as_ref().map_or(-1, Signal::descriptor))
    }
}

impl State {
    fn enter(&mut self) -> usize {
        self.workers += 1;
        let free = self
            .slots
            .iter()
            .position(|slot| !slot.used && slot.flight.is_none());
        let number = free.unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        self.slots[number].used = true;
        number
    }

    /// Workers that are not away. One more than may send: the one on the lookout, which also runs
    /// completions and ends what is late when all the others are stuck.
    fn present(&self) -> usize {
        self.workers - self.absent.len()
    }

    fn has_waiting(&self) -> bool {
        !self.fresh.is_empty() || !self.retry.is_empty()
    }

    /// Completions that are due take room too: a host that is slow to run them must not make us grow.
    fn has_room(&self, bytes: u64, limits: &Limits) -> bool {
        self.books.queued_events < limits.max_events as u64
            && self.done.len() < limits.max_due()
            && self.books.queued_bytes + bytes <= limits.max_bytes
    }

    fn accept(&mut self, bytes: u64) {
        self.books.accepted += 1;
        self.books.queued_events += 1;
        self.books.queued_bytes += bytes;
        match self.outstanding.back_mut() {
            Some((epoch, count)) if *epoch == self.epoch => *count += 1,
            _ => self.outstanding.push_back((self.epoch, 1)),
        }
    }

    /// Events of this epoch and those before that are not ended; without those that cannot end while
    /// the caller waits `inside` a completion.
    fn left(&self, epoch: u32, inside: bool) -> u64 {
        let not_after = |e: u32| e.wrapping_sub(epoch) as i32 <= 0;
        let before = self.outstanding.iter().filter(|(e, _)| not_after(*e));
        let all: u64 = before.map(|(_, count)| count).sum();
        let stuck = self
            .absent
            .iter()
            .filter(|e| inside && not_after(**e))
            .count();
        all.saturating_sub(stuck as u64)
    }

    /// How long the next event in order has waited for a worker.
    fn oldest_waited(&self, now: Instant) -> Duration {
        let retry = self.retry.iter().filter_map(|item| item.ready).min();
        let fresh = self.fresh.front().map(|item| item.accepted);
        let oldest = retry.into_iter().chain(fresh).min();
        oldest.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Whether an event has waited too long for those who send.
    fn needs_more_senders(&self, now: Instant) -> bool {
        let pause = if self.exchange >= SLOW {
            PAUSE_SLOW
        } else {
            PAUSE_FAST
        };
        self.oldest_waited(now) >= PATIENCE && now.duration_since(self.last_joined) >= pause
    }

    /// The next event to send, if one may be sent now.
    fn take(&mut self, worker: usize, now: Instant) -> Option<Box<Item>> {
        if self
            .outage
            .as_ref()
            .is_some_and(|outage| outage.probing || now < outage.until)
        {
            return None;
        }
        let ready = self
            .retry
            .iter()
            .position(|item| item.ready.is_none_or(|at| at <= now));
        let mut item = match ready {
            Some(at) => self.retry.remove(at)?,
            None => self.fresh.pop_front()?,
        };
        self.books.retried += u64::from(item.attempts > 0);
        self.sending += 1;
        let probe = self.outage.as_ref().map(|outage| outage.number);
        if let Some(outage) = &mut self.outage {
            outage.probing = true;
        }
        self.slots[worker].flight = Some(Flight {
            completion: item.completion.take(),
            epoch: item.epoch,
            bytes: item.bytes,
            probe,
            started: now,
        });
        Some(item)
    }

    /// When something will be due that is not now; `None`: nothing waits.
    fn next_change(&self, limits: &Limits) -> Option<Instant> {
        let items = || self.fresh.front().into_iter().chain(&self.retry);
        let deadline = items()
            .map(|item| item.accepted + limits.delivery_timeout)
            .min()?;
        let patience = self.fresh.front().map(|item| item.accepted + PATIENCE);
        let ready = self
            .retry
            .iter()
            .filter_map(|item| item.ready)
            .chain(patience)
            .min();
        let start = match &self.outage {
            // The probe's own end is what happens next.
            Some(outage) if outage.probing => None,
            Some(outage) => Some(ready.map_or(outage.until, |at| at.max(outage.until))),
            None => ready,
        };
        Some(start.map_or(deadline, |at| at.min(deadline)))
    }

    /// Starts the shared backoff, or prolongs it after a probe.
    fn note_failure(&mut self, error: &Error, probe: bool, jitter: f64, now: Instant) {
        self.failures += 1;
        let asked = error.retry_after.map(|wait| now + wait);
        if let Some(outage) = &mut self.outage
            && !probe
        {
            // It was under way when the outage began: the probe's turn is not put off for it.
            if let Some(at) = asked {
                outage.until = outage.until.max(at);
                outage.asked = true;
            }
            return;
        }
        // One failure among successes is its event's own affair. That nobody is there is not, and neither
        // is being asked to wait.
        let surely = probe || asked.is_some() || error.nobody_there;
        if !surely && self.failures < FAILURES_IN_A_ROW {
            return;
        }
        let probes = self.outage.as_ref().map_or(0, |outage| outage.probes);
        let number = match &self.outage {
            Some(outage) => outage.number,
            None => {
                self.outages += 1;
                self.outages
            }
        };
        self.outage = Some(Outage {
            number,
            until: asked.unwrap_or_else(|| now + backoff(probes).mul_f64(jitter)),
            failed: now,
            probes: probes + 1,
            probing: false,
            asked: asked.is_some(),
            last: error.clone(),
        });
    }

    /// Somebody waits for delivery: the next probe is due, unless the service named a time. Not sooner
    /// than the first backoff allows, however often somebody waits.
    fn nudge(&mut self) {
        if let Some(outage) = self.outage.as_mut().filter(|outage| !outage.asked) {
            let soon = outage.failed + FIRST_BACKOFF;
            outage.until = outage.until.min(soon);
            for item in &mut self.retry {
                item.ready = item.ready.map(|at| at.min(soon));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::event::Event;
    use crate::json::Document;

    impl Books {
        fn balance(&self) -> bool {
            let ended = self.delivered + self.failed + self.suppressed + self.dropped;
            self.accepted == ended + self.expired + self.abandoned + self.queued_events
        }
    }

    fn limits() -> Limits {
        Limits {
            max_events: 100,
            max_bytes: 1 << 20,
            overflow: Overflow::DropOldest,
            delivery_timeout: Duration::from_secs(60),
            max_senders: 3,
            fail_open: false,
            polled: false,
        }
    }

    fn event(name: &str) -> StoredEvent {
        StoredEvent::new(&Event {
            identifier: name,
            payload: "{}",
            ..Event::default()
        })
    }

    fn push(queue: &Queue, name: &str) -> Result<Hand> {
        queue.push(event(name), None, true)
    }

    fn delivered() -> Verdict {
        Verdict::Delivered(Response {
            document: Document::from_checked("{}".to_owned()),
            http_status: 200,
            request_id: None,
        })
    }

    fn unreachable(item: Box<Item>) -> Verdict {
        let error = Error {
            nobody_there: true,
            ..Error::new(Kind::Connection, "unreachable")
        };
        Verdict::Again {
            item,
            error,
            jitter: 1.0,
        }
    }

    /// The event that this turn gives to send.
    fn sent(turn: Turn) -> Box<Item> {
        match turn.job {
            Job::Deliver(item, _) => item,
            _ => panic!("nothing to deliver"),
        }
    }

    #[test]
    fn events_are_started_in_order_and_the_books_balance() {
        let queue = Queue::new(limits());
        let Ok(Hand(Some(worker))) = push(&queue, "0") else {
            panic!("no worker was called")
        };
        for name in ["1", "2"] {
            let _ = push(&queue, name).unwrap();
        }
        let mut report = Report::Started;
        for expected in ["0", "1", "2"] {
            let item = sent(queue.turn(worker, report));
            assert_eq!(item.event.event().identifier, expected);
            assert!(queue.books().balance());
            report = Report::Sent(delivered());
        }
        queue
            .drain(Instant::now() + Duration::from_secs(1))
            .0
            .inspect(|_| panic!("nothing waits"));
        assert!(matches!(queue.turn(worker, report).job, Job::Exit));
        let books = queue.books();
        assert_eq!(
            (books.delivered, books.queued_events, books.queued_bytes),
            (3, 0, 0)
        );
        assert!(push(&queue, "late").is_err_and(|e| e.kind == Kind::Closed));
    }

    #[test]
    fn a_failed_event_comes_again_after_its_wait_and_others_wait_meanwhile() {
        let queue = Queue::new(limits());
        let Ok(Hand(Some(worker))) = push(&queue, "a") else {
            panic!("no worker was called")
        };
        let _ = push(&queue, "b").unwrap();
        let item = sent(queue.turn(worker, Report::Started));
        let start = Instant::now();
        let again = sent(queue.turn(worker, Report::Sent(unreachable(item))));
        assert!(
            start.elapsed() >= FIRST_BACKOFF,
            "after {:?}",
            start.elapsed()
        );
        assert_eq!(again.event.event().identifier, "a");
        assert_eq!(queue.books().retried, 1);
    }

    #[test]
    fn a_failure_among_successes_holds_nobody_up_but_several_in_a_row_do() {
        let queue = Queue::new(limits());
        let Ok(Hand(Some(worker))) = push(&queue, "0") else {
            panic!("no worker was called")
        };
        for n in 1..20 {
            let _ = push(&queue, &n.to_string()).unwrap();
        }
        let broken = |item| Verdict::Again {
            item,
            error: Error::new(Kind::Connection, "the answer broke off"),
            jitter: 1.0,
        };
        let start = Instant::now();
        let mut item = sent(queue.turn(worker, Report::Started));
        for _ in 0..2 {
            item = sent(queue.turn(worker, Report::Sent(broken(item))));
        }
        item = {
            drop(item);
            sent(queue.turn(worker, Report::Sent(delivered())))
        };
        for _ in 0..2 {
            item = sent(queue.turn(worker, Report::Sent(broken(item))));
        }
        assert!(start.elapsed() < FIRST_BACKOFF / 2, "{:?}", start.elapsed());
        sent(queue.turn(worker, Report::Sent(broken(item))));
        assert!(start.elapsed() >= FIRST_BACKOFF, "the third in a row");
    }

    #[test]
    fn what_waits_too_long_is_given_up() {
        for (fail_open, suppressed, expired) in [(true, 2, 0), (false, 0, 2)] {
            let queue = Queue::new(Limits {
                delivery_timeout: Duration::from_millis(50),
                fail_open,
                ..limits()
            });
            let Ok(Hand(Some(worker))) = push(&queue, "a") else {
                panic!("no worker was called")
            };
            let _ = push(&queue, "b").unwrap();
            let item = sent(queue.turn(worker, Report::Started));
            queue
                .drain(Instant::now() + Duration::from_secs(5))
                .0
                .inspect(|_| panic!("one is here"));
            let turn = queue.turn(worker, Report::Sent(unreachable(item)));
            assert!(matches!(turn.job, Job::Exit));
            assert_eq!(turn.given_up.len(), 2);
            let books = queue.books();
            assert_eq!((books.suppressed, books.expired), (suppressed, expired));
            assert!(books.balance());
        }
    }

    #[test]
    fn each_policy_counts_exactly() {
        let full = |overflow| {
            let queue = Queue::new(Limits {
                max_events: 3,
                overflow,
                ..limits()
            });
            let refused = (0..10)
                .filter(|n| push(&queue, &n.to_string()).is_err())
                .count();
            (refused, queue.books())
        };
        let (refused, books) = full(Overflow::DropNewest);
        assert_eq!(
            (refused, books.accepted, books.dropped, books.queued_events),
            (7, 3, 0, 3)
        );
        let (refused, books) = full(Overflow::DropOldest);
        assert_eq!(
            (refused, books.accepted, books.dropped, books.queued_events),
            (0, 10, 7, 3)
        );
        assert!(books.balance());

        let small = Queue::new(Limits {
            max_bytes: 10,
            overflow: Overflow::Block,
            ..limits()
        });
        let too_large = small.push(event("a long name"), None, true);
        assert!(
            too_large.is_err_and(|e| e.kind == Kind::QueueFull),
            "it could never fit"
        );
    }

    #[test]
    fn blocking_ends_with_room_or_with_the_queue() {
        let queue = Arc::new(Queue::new(Limits {
            max_events: 1,
            overflow: Overflow::Block,
            ..limits()
        }));
        let Ok(Hand(Some(worker))) = push(&queue, "a") else {
            panic!("no worker was called")
        };
        let blocked = |name: &'static str| {
            let queue = queue.clone();
            thread::spawn(move || push(&queue, name).map(|_| ()).map_err(|e| e.kind))
        };
        let waits = blocked("b");
        let _ = sent(queue.turn(worker, Report::Started));
        let next = sent(queue.turn(worker, Report::Sent(delivered())));
        assert_eq!(next.event.event().identifier, "b");
        assert_eq!(waits.join().unwrap(), Ok(()));
        let waits = blocked("c");
        thread::sleep(Duration::from_millis(20));
        let _ = queue.drain(Instant::now());
        assert_eq!(waits.join().unwrap(), Err(Kind::Closed));
    }

    #[test]
    fn abandoned_events_complete_once_though_their_worker_is_stuck() {
        let queue = Queue::new(limits());
        let told = Arc::new(AtomicU32::new(0));
        let completion = || -> Option<Completion> {
            let told = told.clone();
            Some(Box::new(move |outcome| {
                assert!(outcome.is_err_and(|e| e.kind == Kind::Closed));
                told.fetch_add(1, Ordering::Relaxed);
            }))
        };
        let hand = queue.push(event("a"), completion(), true).unwrap();
        let _ = queue.push(event("b"), completion(), true).unwrap();
        let stuck = hand.0.unwrap();
        let _item = sent(queue.turn(stuck, Report::Started));
        let (abandoned, hand) = queue.abandon();
        assert_eq!(abandoned, 2);
        let closer = hand.0.unwrap();
        let mut report = Report::Started;
        while let Job::Complete(finished) = queue.turn(closer, report).job {
            report = Report::Completed(finished.epoch());
            finished.run();
        }
        // The stuck worker comes back, with an answer that is too late.
        assert!(matches!(
            queue.turn(stuck, Report::Sent(delivered())).job,
            Job::Exit
        ));
        assert_eq!(told.load(Ordering::Relaxed), 2);
        let books = queue.books();
        assert!(
            books.balance() && books.abandoned == 2 && books.delivered == 0,
            "{books:?}"
        );
    }

    /// Producers, workers with every verdict, flushes and an end at a random moment. `make test-races`
    /// runs it under ThreadSanitizer.
    #[test]
    fn every_event_ends_once_under_fire() {
        for round in 0..20_u64 {
            let overflow =
                [Overflow::DropOldest, Overflow::DropNewest, Overflow::Block][round as usize % 3];
            let queue = Arc::new(Queue::new(Limits {
                max_events: 50,
                overflow,
                ..limits()
            }));
            let (accepted, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let start_worker = {
                let queue = queue.clone();
                Arc::new(move |hand: Hand| start(&queue, hand))
            };
            let producers: Vec<_> = (0..4)
                .map(|_| {
                    let (queue, accepted, told) = (queue.clone(), accepted.clone(), told.clone());
                    let start_worker = start_worker.clone();
                    thread::spawn(move || {
                        for n in 0..200 {
                            let told = told.clone();
                            let completion: Completion = Box::new(move |_| {
                                told.fetch_add(1, Ordering::Relaxed);
                            });
                            let name = n.to_string();
                            match queue.push(event(&name), Some(completion), true) {
                                Ok(hand) => {
                                    accepted.fetch_add(1, Ordering::Relaxed);
                                    start_worker(hand);
                                }
                                Err(e) if e.kind == Kind::Closed => return,
                                Err(e) => assert_eq!(e.kind, Kind::QueueFull),
                            }
                            assert!(queue.books().balance());
                        }
                    })
                })
                .collect();
            let _ = queue.flush(
                Instant::now() + Duration::from_millis(5 * (round % 5)),
                false,
            );
            if round % 2 == 0 {
                producers.into_iter().for_each(|p| p.join().unwrap());
                start_worker(queue.drain(Instant::now() + Duration::from_millis(20)));
                start_worker(queue.abandon().1);
            } else {
                start_worker(queue.drain(Instant::now()));
                start_worker(queue.abandon().1);
                producers.into_iter().for_each(|p| p.join().unwrap());
            }
            queue.wait_for_workers(Instant::now() + Duration::from_secs(30), 0);
            let books = queue.books();
            assert!(
                books.balance() && books.queued_events == 0 && books.queued_bytes == 0,
                "{books:?}"
            );
            assert_eq!(books.accepted as usize, accepted.load(Ordering::Relaxed));
            assert_eq!(
                told.load(Ordering::Relaxed),
                accepted.load(Ordering::Relaxed),
                "round {round}"
            );
        }
    }

    /// A worker whose exchanges take no time and end in every way.
    fn start(queue: &Arc<Queue>, hand: Hand) {
        let Some(worker) = hand.0 else { return };
        let queue = queue.clone();
        thread::spawn(move || {
            let mut report = Report::Started;
            let mut count = worker as u32;
            loop {
                let turn = queue.turn(worker, report);
                start(&queue, turn.hand);
                count = count.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                report = match turn.job {
                    Job::Deliver(item, _) => Report::Sent(match count >> 29 {
                        0 => Verdict::Failed(Error::new(Kind::Validation, "no")),
                        1 => Verdict::Again {
                            item,
                            error: Error {
                                retry_after: Some(Duration::from_micros(200)),
                                ..Error::new(Kind::RateLimit, "slow down")
                            },
                            jitter: 1.0,
                        },
                        _ => delivered(),
                    }),
                    Job::Complete(finished) => {
                        let epoch = finished.epoch();
                        finished.run();
                        Report::Completed(epoch)
                    }
                    Job::Exit => return,
                };
            }
        });
    }
}
