//! The queue's side of the spool: which events are in memory, and which on the disk only.
//!
//! Every event is written to the spool before it is queued. Memory holds what is being sent and the head
//! of the line; what it has no room for is left on the disk, and everything after it, so that the order
//! stays. The spool's thread reads it when there is room again.

use std::time::{Duration, Instant, SystemTime};

use super::accounting::Disposition;
use super::closing::kept;
use super::completions::Completion;
use super::in_flight::EventInFlight;
use super::limits::{Bound, OnFull};
use super::on_disk::{Left, Recovered};
use super::pending::QueuedEvent;
use super::queue::{Phase, Pushed, Queue, State};
use super::spool::state::{Handle, RunKey};
use super::threads::Calls;
use crate::error::{Error, Kind, Result};
use crate::http::request::Request;

/// A caller that waits for room in the spool looks itself, now and then.
const LOOK: Duration = Duration::from_millis(100);

impl State {
    /// How many events are held in memory, and their bytes.
    pub fn held(&self) -> (u64, u64) {
        (
            self.counters.queued_events - self.on_disk.events,
            self.counters.queued_bytes - self.on_disk.bytes,
        )
    }
}

impl Queue {
    /// Whether events are taken at all, before one is written to the disk.
    pub fn check_open(&self) -> Result<()> {
        let state = self.state.lock();
        if state.phase != Phase::Open {
            return Err(Error::closed());
        }
        match state.completions.ready() >= self.limits.max_ready() {
            true => Err(self.limits.is_full(Bound::Completions)),
            false => Ok(()),
        }
    }

    /// Takes an event that was written to the spool.
    pub fn push_spooled(
        &self,
        request: Request,
        completion: Option<Completion>,
        handle: Handle,
    ) -> Result<Pushed> {
        let mut event = Box::new(QueuedEvent::encoded(request, completion));
        event.handle = Some(handle);
        let now = event.accepted_at;
        event.expires_at = now + self.limits.spool_max_age;
        let mut state = self.state.lock();
        if state.phase != Phase::Open {
            if let Some(spool) = self.spool.get() {
                spool.acknowledge(handle);
            }
            return Err(Error::closed());
        }
        event.epoch = state.flush_epochs.accept();
        state.counters.accept(event.bytes);
        state.pacing.last_event = now;
        // What is on the disk is older, and goes first.
        let keeps = state.on_disk.events == 0 && {
            let (events, bytes) = state.held();
            // This one is counted already.
            events <= self.limits.max_events as u64 && bytes <= self.limits.max_bytes
        };
        let event = match keeps {
            true => Some(event),
            false => self.leave_on_disk(&mut state, event),
        };
        let mut calls = Calls::default();
        if let Some(event) = event {
            state.pending.push(event);
            calls = state.call_network();
        }
        calls.completer = self.call_completer(&mut state);
        let drops = state.drops.take_report(now);
        Ok(Pushed { calls, drops })
    }

    /// Lets go of an event that is on the disk; gives back one that is not.
    pub(super) fn leave_on_disk(
        &self,
        state: &mut State,
        mut event: Box<QueuedEvent>,
    ) -> Option<Box<QueuedEvent>> {
        let (Some(spool), Some(handle)) = (self.spool.get(), event.handle) else {
            return Some(event);
        };
        if !spool.leave(handle) {
            return Some(event);
        }
        let left = Left {
            completion: event.completion.take(),
            epoch: event.epoch,
            bytes: event.bytes,
        };
        state.on_disk.leave(handle, left);
        None
    }

    /// The oldest segment of the spool goes that holds nothing which is being sent, to make room; tells
    /// whether there was one.
    pub fn discard_oldest(&self) -> bool {
        let Some(spool) = self.spool.get() else {
            return false;
        };
        let mut state = self.state.lock();
        let held = state.pending.iter().filter_map(|event| event.handle);
        let Some(discarded) = spool.discard_oldest(held) else {
            return false;
        };
        let dropped = || {
            let why = "dropped from the full spool to make room for a newer event";
            Err(Error::new(Kind::QueueFull, why))
        };
        for handle in discarded.waiting {
            if let Some(left) = state.on_disk.take(handle) {
                state.drops.note(Bound::Spool);
                self.end(
                    &mut state,
                    ended(left, handle),
                    Disposition::Dropped,
                    dropped(),
                );
            }
        }
        for event in state.pending.take_spooled(&discarded.held) {
            state.drops.note(Bound::Spool);
            self.end_queued(&mut state, *event, Disposition::Dropped, dropped());
        }
        true
    }

    /// Waits until room was made in the spool since `room_made`, for as long as the policy and the call
    /// allow.
    pub fn wait_for_spool_room(
        &self,
        since: Instant,
        room_made: u64,
        on_full: OnFull<'_>,
    ) -> Result<()> {
        let full = || self.limits.is_full(Bound::Spool);
        let OnFull::Wait(scope) = on_full else {
            return Err(full());
        };
        let block = self.limits.block_timeout.map(|timeout| since + timeout);
        let limits = [block, scope.deadline, Some(Instant::now() + LOOK)];
        let limit = limits.into_iter().flatten().min().unwrap_or(since);
        let mut state = self.state.lock();
        state.blocked += 1;
        let changed = |state: &mut State| {
            state.on_disk.room_made != room_made
                || state.phase != Phase::Open
                || scope.is_cancelled()
        };
        (state, _) = self.room.wait_until(state, limit, changed);
        state.blocked -= 1;
        scope.check()?;
        if state.phase != Phase::Open {
            return Err(Error::closed());
        }
        match block.is_some_and(|block| block <= Instant::now()) {
            true => Err(full()),
            false => Ok(()),
        }
    }

    pub fn spool_room_made(&self) -> u64 {
        self.state.lock().on_disk.room_made
    }

    /// There may be room in the spool now.
    pub fn note_spool_room(&self) {
        let mut state = self.state.lock();
        state.on_disk.room_made += 1;
        self.note_room(&state);
    }

    /// Events of a process that has ended wait in the spool.
    pub fn recovered(&self, run: RunKey, events: u64, bytes: u64) {
        let mut state = self.state.lock();
        if state.phase >= Phase::Stopped {
            return;
        }
        let epoch = state.flush_epochs.accept_many(events);
        state.counters.recover(events, bytes);
        state.on_disk.events += events;
        state.on_disk.bytes += bytes;
        let recovered = Recovered {
            events,
            bytes,
            epoch,
        };
        state.on_disk.recovered.insert(run, recovered);
    }

    /// Asks for events from the disk, where memory is getting empty.
    pub(super) fn request_refill(&self, state: &State) {
        let (events, bytes) = state.held();
        let low = events <= self.limits.max_events as u64 / 2 && bytes <= self.limits.max_bytes / 2;
        if let Some(spool) = self.spool.get()
            && low
            && state.on_disk.events > 0
        {
            spool.request_refill();
        }
    }

    /// Whether memory has room for an event from the disk.
    pub fn wants_refill(&self) -> bool {
        let state = self.state.lock();
        state.phase < Phase::Stopped
            && state.on_disk.events > 0
            && state.bound_reached(0, &self.limits).is_none()
    }

    /// An event was read from the disk. `Err`: it cannot be read.
    pub fn refill(&self, handle: Handle, accepted_ms: u64, request: Result<Request>) -> Calls {
        let mut state = self.state.lock();
        // None: closing has counted it already.
        let Some(left) = state.on_disk.take(handle) else {
            return Calls::default();
        };
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                self.end_failed(&mut state, ended(left, handle), error);
                return Calls {
                    completer: self.call_completer(&mut state),
                    ..Calls::default()
                };
            }
        };
        let now = Instant::now();
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let age = since.unwrap_or_default().as_millis() as u64;
        let age = Duration::from_millis(age.saturating_sub(accepted_ms));
        let event = QueuedEvent {
            bytes: left.bytes,
            handle: Some(handle),
            accepted_at: now.checked_sub(age).unwrap_or(now),
            expires_at: now + self.limits.spool_max_age.saturating_sub(age),
            epoch: left.epoch,
            ..QueuedEvent::encoded(request, left.completion)
        };
        state.pending.push(Box::new(event));
        state.call_network()
    }

    /// For how long an event is tried.
    pub fn patience(&self) -> Duration {
        match self.spool.get() {
            Some(_) => self.limits.spool_max_age,
            None => self.limits.delivery_timeout,
        }
    }

    /// Ends an event in the spool which got too old.
    pub(super) fn end_too_old(&self, state: &mut State, event: QueuedEvent) {
        let mut why = format!(
            "not delivered within spool_max_age_s ({})",
            self.limits.spool_max_age.as_secs()
        );
        if let Some(last) = &event.last_error {
            why = format!("{why}; the last attempt: {last}");
        }
        let error = Error::new(Kind::Timeout, why);
        state.notices.push(super::notice::Notice::GivenUp {
            error: error.clone(),
            suppressed: false,
        });
        self.end_queued(state, event, Disposition::Expired, Err(error));
    }

    /// The client is closed: what is on the disk stays there.
    pub(super) fn keep_on_disk(&self, state: &mut State) {
        let on_disk = std::mem::take(&mut state.on_disk);
        for ((run, sequence), left) in on_disk.left {
            let handle = Handle {
                run,
                sequence,
                bytes: 0,
            };
            self.end(state, ended(left, handle), Disposition::Kept, Err(kept()));
        }
        for run in on_disk.recovered.into_values() {
            state.counters.keep(run.events, run.bytes);
            state.flush_epochs.end_many(run.epoch, run.events);
        }
    }
}

fn ended(left: Left, handle: Handle) -> EventInFlight {
    EventInFlight {
        completion: left.completion,
        epoch: left.epoch,
        bytes: left.bytes,
        handle: Some(handle),
        unspooled: None,
        probe: None,
        started_at: Instant::now(),
        follows: false,
    }
}
