//! The queue of background publishing: bounded, in order, with counters that add up.
//!
//! One mutex guards everything here, so that the counters add up at every moment. Nothing is sent, no
//! thread is started and no completion is run under it: [`super`] does these. What is guarded lies in
//! one struct for each concern: [`Pending`], [`InFlight`], [`Counters`], [`FlushEpochs`],
//! [`CircuitBreaker`], [`Completions`], [`NetworkThread`], [`Completers`].

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::accounting::{Counters, Disposition, FlushEpochs};
use super::circuit_breaker::{CircuitBreaker, Pace};
use super::completions::{Completion, Completions};
use super::in_flight::InFlight;
use super::limits::{Bound, DropReport, Drops, Limits, OnFull, Overflow};
use super::notice::Notices;
use super::on_disk::OnDisk;
use super::pacing::Pacing;
use super::pending::{Pending, QueuedEvent};
use super::spool::Spool;
use super::threads::{Calls, Completers, NetworkThread};
use crate::error::{Error, Kind, Result};
use crate::event::stored::StoredEvent;
use crate::http::retry::Backoff;
use crate::sys::cancel::CallScope;
use crate::sys::sync::{Condvar, Mutex, MutexGuard};

/// The wait of one event between its attempts: 250 ms, doubled each time, 30 s at most.
pub(super) const BACKOFF: Backoff = Backoff::up_to(Duration::from_secs(30));

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Phase {
    Open,
    /// No new events; those that wait are delivered by the deadline.
    Draining(Instant),
    /// Nothing is sent any more; completions that are ready still run.
    Stopped,
    /// Nothing runs any more.
    Dead,
}

pub struct State {
    pub(super) phase: Phase,
    pub(super) pending: Pending,
    /// Events that wait in the spool, and not in memory.
    pub(super) on_disk: OnDisk,
    /// How many events are in memory only, though there is a spool.
    pub(super) memory_only: u64,
    pub(super) in_flight: InFlight,
    pub(super) counters: Counters,
    pub(super) flush_epochs: FlushEpochs,
    pub(super) breaker: CircuitBreaker,
    pub(super) completions: Completions,
    pub(super) pacing: Pacing,
    pub(super) network: NetworkThread,
    pub(super) completers: Completers,
    /// For the log.
    pub(super) notices: Notices,
    /// Callers that flush or close.
    pub(super) waiting_for_delivery: usize,
    /// Events dropped by overflow that no line of the log has told of yet.
    pub(super) drops: Drops,
    /// Callers that wait for room.
    pub(super) blocked: usize,
    /// When the service last gave a final response.
    pub(super) last_response: Option<Instant>,
}

/// What follows from an event that was taken, once the lock is free.
pub struct Pushed {
    pub calls: Calls,
    /// To be logged.
    pub drops: Option<DropReport>,
}

pub struct Queue {
    pub(super) limits: Limits,
    /// Opened after the queue was made, since it tells the queue what it finds.
    pub(super) spool: OnceLock<Spool>,
    pub(super) state: Mutex<State>,
    /// The threads for completions wait here.
    pub(super) work: Condvar,
    /// Callers wait here for room.
    pub(super) room: Condvar,
    /// Flush and shutdown wait here for events and threads to end.
    pub(super) ended: Condvar,
    /// Those who poll wait here for completions.
    pub(super) ready: Condvar,
}

impl Queue {
    pub fn new(limits: Limits) -> Self {
        Queue {
            limits,
            spool: OnceLock::new(),
            state: Mutex::new(State {
                phase: Phase::Open,
                pending: Pending::default(),
                on_disk: OnDisk::default(),
                memory_only: 0,
                in_flight: InFlight::default(),
                counters: Counters::default(),
                flush_epochs: FlushEpochs::default(),
                breaker: CircuitBreaker::default(),
                completions: Completions::default(),
                pacing: Pacing::new(Instant::now()),
                network: NetworkThread::default(),
                completers: Completers::default(),
                notices: Notices::default(),
                waiting_for_delivery: 0,
                drops: Drops::default(),
                blocked: 0,
                last_response: None,
            }),
            work: Condvar::new(),
            room: Condvar::new(),
            ended: Condvar::new(),
            ready: Condvar::new(),
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub fn counters(&self) -> Counters {
        self.state.lock().counters
    }

    /// Takes an event, or refuses it.
    pub fn push(
        &self,
        event: StoredEvent,
        completion: Option<Completion>,
        on_full: OnFull<'_>,
    ) -> Result<Pushed> {
        self.push_event(Box::new(QueuedEvent::new(event, completion)), on_full)
    }

    /// Takes an event that is held in memory and nowhere else.
    pub(super) fn push_event(
        &self,
        mut event: Box<QueuedEvent>,
        on_full: OnFull<'_>,
    ) -> Result<Pushed> {
        let mut state = self.make_room(event.bytes, event.accepted_at, on_full)?;
        if self.limits.overflow == Overflow::Block {
            // It may have waited long for room.
            event.accepted_at = Instant::now();
        }
        event.epoch = state.flush_epochs.accept();
        state.counters.accept(event.bytes);
        state.memory_only += u64::from(self.spool.get().is_some());
        let now = event.accepted_at;
        event.expires_at = now + self.limits.delivery_timeout;
        state.pacing.last_event = now;
        state.pending.push(event);
        let mut calls = state.call_network();
        // An event that made room for this one may have a completion.
        calls.completer = self.call_completer(&mut state);
        let drops = state.drops.take_report(now);
        Ok(Pushed { calls, drops })
    }

    /// The drops that no line of the log has told of.
    pub fn take_drops(&self) -> Option<DropReport> {
        self.state.lock().drops.take_rest()
    }

    /// Waits, drops or refuses until an event of `bytes` fits, which came at `since`.
    fn make_room(
        &self,
        bytes: u64,
        since: Instant,
        on_full: OnFull<'_>,
    ) -> Result<MutexGuard<'_, State>> {
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
            let Some(bound) = state.bound_reached(bytes, limits) else {
                return Ok(state);
            };
            match limits.overflow {
                Overflow::DropOldest if bound != Bound::Completions => {
                    self.drop_oldest(&mut state, bound)?;
                }
                Overflow::Block => match on_full {
                    OnFull::Refuse => return Err(limits.is_full(bound)),
                    OnFull::Wait(scope) => {
                        state = self.wait_for_room(state, since, bytes, scope)?
                    }
                },
                _ => return Err(limits.is_full(bound)),
            }
        }
    }

    /// Waits until something has changed, within what the options and the scope allow.
    fn wait_for_room<'q>(
        &self,
        mut state: MutexGuard<'q, State>,
        since: Instant,
        bytes: u64,
        scope: &CallScope,
    ) -> Result<MutexGuard<'q, State>> {
        let limit = self.limits.block_timeout.map(|timeout| since + timeout);
        let limit = match (limit, scope.deadline) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        state.blocked += 1;
        let changed = |state: &mut State| {
            state.phase != Phase::Open
                || state.bound_reached(bytes, &self.limits).is_none()
                || scope.is_cancelled()
        };
        let in_time;
        (state, in_time) = match limit {
            Some(limit) => self.room.wait_until(state, limit, changed),
            None => (self.room.wait_for(state, changed), true),
        };
        state.blocked -= 1;
        scope.check()?;
        match state.bound_reached(bytes, &self.limits) {
            Some(bound) if !in_time => Err(self.limits.is_full(bound)),
            _ => Ok(state),
        }
    }

    fn drop_oldest(&self, state: &mut State, bound: Bound) -> Result<()> {
        // What is being sent cannot be taken back.
        let full = || self.limits.is_full(bound);
        let oldest = state.pending.pop_oldest().ok_or_else(full)?;
        let Some(oldest) = self.leave_on_disk(state, oldest) else {
            return Ok(());
        };
        state.drops.note(bound);
        let why = "dropped from the full queue to make room for a newer event";
        let outcome = Err(Error::new(Kind::QueueFull, why));
        self.end_queued(state, *oldest, Disposition::Dropped, outcome);
        Ok(())
    }

    /// Sees to it that somebody is free to run completions and to write to the log; tells whether a
    /// thread is to be started for that.
    pub(super) fn call_completer(&self, state: &mut State) -> bool {
        let completions = !self.limits.polled && state.completions.ready() > 0;
        if !completions && state.notices.is_empty() || state.phase == Phase::Dead {
            return false;
        }
        let suspended = state.completions.suspended();
        let completers = &mut state.completers;
        if completers.all > completers.busy {
            if completers.waiting > 0 {
                self.work.notify_one();
            }
            return false;
        }
        let now = Instant::now();
        let wanted = completers
            .next_at(suspended, now)
            .is_some_and(|at| at <= now);
        completers.all += usize::from(wanted);
        wanted
    }

    /// There may be room now. All are told, since the one in front may need more than there is.
    pub(super) fn note_room(&self, state: &State) {
        if state.blocked > 0 {
            self.room.notify_all();
        }
    }

    pub(super) fn note_ended(&self, state: &mut State, epoch: u32) {
        let last = state.flush_epochs.end(epoch);
        // A flush inside a completion does not wait for the events of suspended completions.
        if last || state.completions.suspended() > 0 {
            self.ended.notify_all();
        }
    }

    /// Waits until every event accepted so far has ended. A caller `inside` a completion does not wait
    /// for the events of suspended completions, its own among them: they cannot end meanwhile.
    /// `call` acts on what is to be done before.
    pub fn flush(
        &self,
        deadline: Instant,
        inside: bool,
        scope: &CallScope,
        call: impl FnOnce(Calls),
    ) -> Result<()> {
        let mut state = self.state.lock();
        let epoch = state.flush_epochs.begin_flush();
        state.waiting_for_delivery += 1;
        state.deliver_soon();
        let calls = self.call_all(&mut state);
        drop(state);
        call(calls);
        let state = self.state.lock();
        let (mut state, _) = self.ended.wait_until(state, deadline, |state| {
            state.left(epoch, inside) == 0 || state.phase == Phase::Dead || scope.is_cancelled()
        });
        state.waiting_for_delivery -= 1;
        let left = state.left(epoch, inside);
        if left == 0 || state.phase == Phase::Dead {
            return Ok(());
        }
        scope.check()?;
        Err(Error::new(
            Kind::Timeout,
            format!("flush: {left} events were still not delivered when the time was over"),
        ))
    }

    /// Calls whoever has something to do.
    pub(super) fn call_all(&self, state: &mut State) -> Calls {
        let mut calls = match state.network.running {
            true => state.wake_network(),
            false if state.pending.is_empty() => Calls::default(),
            false => state.call_network(),
        };
        calls.completer = self.call_completer(state);
        calls
    }

    /// Lets whoever waits in a call look again at what ends the wait.
    pub fn wake_callers(&self) {
        drop(self.state.lock());
        self.room.notify_all();
        self.ready.notify_all();
        self.ended.notify_all();
    }

    pub(super) fn wake_all(&self) {
        self.work.notify_all();
        self.room.notify_all();
        self.ready.notify_all();
        self.ended.notify_all();
    }
}

impl State {
    /// There is a new event: starts the network thread, or wakes it where it sleeps.
    pub(super) fn call_network(&mut self) -> Calls {
        let network = &mut self.network;
        if !network.running {
            network.running = true;
            return Calls {
                network: true,
                ..Calls::default()
            };
        }
        match network.asleep {
            true => self.wake_network(),
            false => Calls::default(),
        }
    }

    pub(super) fn wake_network(&mut self) -> Calls {
        self.network.asleep = false;
        Calls {
            wake: self.network.waker.clone(),
            ..Calls::default()
        }
    }

    /// What keeps an event of `bytes` out. Completions that are ready take room too: an application that is
    /// slow to run them must not make the queue grow.
    pub(super) fn bound_reached(&self, bytes: u64, limits: &Limits) -> Option<Bound> {
        let (events, held) = self.held();
        if events >= limits.max_events as u64 {
            Some(Bound::Events)
        } else if held + bytes > limits.max_bytes {
            Some(Bound::Bytes)
        } else if self.completions.ready() >= limits.max_ready() {
            Some(Bound::Completions)
        } else {
            None
        }
    }

    /// Events of this epoch and those before that have not ended; without those that cannot end while
    /// the caller waits `inside` a completion.
    fn left(&self, epoch: u32, inside: bool) -> u64 {
        let cannot_end = match inside {
            true => self.completions.suspended_up_to(epoch),
            false => 0,
        };
        self.flush_epochs.left(epoch).saturating_sub(cannot_end)
    }

    /// The service gave a final response, be it to say no.
    pub(super) fn note_response(&mut self, now: Instant) {
        self.breaker.close();
        self.last_response = Some(now);
    }

    /// Somebody waits for delivery: what failed is tried again soon.
    pub(super) fn deliver_soon(&mut self) {
        self.breaker.probe_now();
        self.pending.retry_soon(BACKOFF.wait(0, 1.0));
    }

    /// No thread for completions is needed now.
    pub(super) fn nothing_to_complete(&self) -> bool {
        self.notices.is_empty() && self.completions.ready() == 0
    }

    /// Hurried while somebody flushes or closes.
    pub(super) fn pace(&self) -> Pace {
        match self.waiting_for_delivery > 0 || self.phase != Phase::Open {
            true => Pace::Hurried,
            false => Pace::Normal,
        }
    }
}
