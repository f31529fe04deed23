//! The sides of the queue that the threads see: each says what it did, and gets what to do next.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use crate::delivery::completions::ReadyCompletion;
use crate::delivery::in_flight::{AttemptOutcome, EventInFlight};
use crate::delivery::notice::Notice;
use crate::delivery::pacing::NAP;
use crate::delivery::pending::QueuedEvent;
use crate::delivery::queue::{Phase, Queue, State};
use crate::delivery::threads::{Calls, IDLE, PARK};
use crate::error::{Error, Kind};
use crate::http::multiplex::{Room, Waker};
use crate::sys::threads::{self, Application};

/// A wait is not shorter: what is to be done may have to wait for its turn all the same, and a wait of no
/// length would spin.
const SHORTEST_WAIT: Duration = Duration::from_micros(500);

/// An event to be sent.
pub struct Taken {
    pub slot: usize,
    pub event: Box<QueuedEvent>,
    /// The attempt ends by then.
    pub latest: Instant,
    /// It gets a connection of its own.
    pub open: bool,
}

/// What the network thread is to do next.
pub enum Next {
    /// Send what was taken, and come back by then, or when something has happened.
    Until(Option<Instant>),
    Exit,
}

/// What a thread for completions is to do next.
pub enum Task {
    Complete(ReadyCompletion),
    Write(Vec<Notice>),
    Exit,
}

/// What such a thread has done.
pub enum Finished {
    /// It is new.
    Nothing,
    /// A completion of this epoch has returned.
    Completion(u32),
    Writing,
}

impl Queue {
    /// The network thread can be woken from now on.
    pub fn set_waker(&self, waker: Option<Waker>) {
        self.state.lock().network.waker = waker;
    }

    /// Called by the network thread: it tells the outcomes of attempts, how much it can send and what it saw
    /// of the application, and takes events to send.
    pub fn network_turn(
        &self,
        outcomes: &mut Vec<(usize, AttemptOutcome)>,
        room: Room,
        application: Application,
        taken: &mut Vec<Taken>,
    ) -> (Next, Calls) {
        let settle = |state: &mut State, now| {
            for (slot, outcome) in outcomes.drain(..) {
                self.settle(state, slot, outcome, now);
            }
        };
        let take = |state: &mut State, room: &mut Room, now| self.take(state, room, taken, now);
        self.turn(room, application, settle, take)
    }

    /// A turn of the network thread, whatever it sends.
    pub fn turn(
        &self,
        mut room: Room,
        application: Application,
        settle: impl FnOnce(&mut State, Instant),
        take: impl FnOnce(&mut State, &mut Room, Instant),
    ) -> (Next, Calls) {
        let mut state = self.state.lock();
        let now = Instant::now();
        state.network.asleep = false;
        settle(&mut state, now);
        if state.phase < Phase::Stopped {
            self.expire(&mut state, now);
            take(&mut state, &mut room, now);
        }
        self.request_refill(&state);
        let next = self.next(&mut state, room, application, now);
        if matches!(next, Next::Exit) {
            state.network.running = false;
            state.network.waker = None;
            self.ended.notify_all();
            // Nothing comes after it.
            self.work.notify_all();
        }
        let completer = self.call_completer(&mut state);
        let calls = Calls {
            completer,
            ..Calls::default()
        };
        (next, calls)
    }

    /// Takes events in order, as many as there is room for.
    fn take(&self, state: &mut State, room: &mut Room, taken: &mut Vec<Taken>, now: Instant) {
        while state.breaker.permits(now) && state.breaker.has_room(state.in_flight.sending()) {
            let Some(ready) = state.pending.ready_since().filter(|at| *at <= now) else {
                return;
            };
            let open = room.ready == 0;
            if open && !(room.may_open && state.pacing.open_at(ready) <= now) {
                return;
            }
            let Some(event) = state.pending.pop_ready(now) else {
                return;
            };
            if open {
                room.may_open = false;
                state.pacing.note_opened(now);
            } else {
                room.ready -= 1;
            }
            taken.push(self.begin_attempt(state, event, open, now));
        }
    }

    fn begin_attempt(
        &self,
        state: &mut State,
        mut event: Box<QueuedEvent>,
        open: bool,
        now: Instant,
    ) -> Taken {
        state.counters.retried += u64::from(event.attempts > 0);
        let mut latest = event.expires_at;
        if let Phase::Draining(deadline) = state.phase {
            latest = latest.min(deadline);
        }
        let slot = state.in_flight.begin(EventInFlight {
            completion: event.completion.take(),
            epoch: event.epoch,
            bytes: event.bytes,
            handle: event.handle,
            unspooled: event.unspooled(),
            probe: state.breaker.begin_attempt(),
            started_at: now,
            follows: false,
        });
        Taken {
            slot,
            event,
            latest,
            open,
        }
    }

    /// When the network thread has to come back, and whether a new event has to wake it.
    fn next(&self, state: &mut State, room: Room, application: Application, now: Instant) -> Next {
        if state.phase >= Phase::Stopped {
            return Next::Exit;
        }
        let waits = !state.pending.is_empty() || !state.in_flight.is_empty();
        if waits {
            state.network.busy_at = Some(now);
            // Exit handlers then deliver what waits, for as long as closing may take; while they do, the
            // process lives because of them.
            let stuck = now
                .checked_sub(PARK)
                .is_some_and(|at| state.in_flight.all_began_by(at));
            if stuck && application == Application::Gone && state.phase == Phase::Open {
                return Next::Exit;
            }
        } else if state.phase != Phase::Open {
            return Next::Exit;
        }
        let deadline = state.pending.first_expiry();
        let can_send =
            (room.ready > 0 || room.may_open) && state.breaker.has_room(state.in_flight.sending());
        let ready = self.due(state).filter(|_| can_send).map(|at| {
            let at = if room.ready > 0 {
                at
            } else {
                state.pacing.open_at(at)
            };
            at.max(now + SHORTEST_WAIT)
        });
        let mut wait = deadline
            .into_iter()
            .chain(state.breaker.next_attempt(ready))
            .min();
        let mut no_later_than = |at: Instant| wait = Some(wait.map_or(at, |wait| wait.min(at)));
        no_later_than(now + PARK);
        if !self.limits.polled && state.completions.ready() > 0 {
            // One that is slow may need help.
            let suspended = state.completions.suspended();
            if let Some(at) = state.completers.next_at(suspended, now) {
                no_later_than(at.max(now + SHORTEST_WAIT));
            }
        }
        if state.breaker.is_open() {
            // New events change nothing before the next probe; only the first one has a deadline that is
            // not known yet.
            state.network.asleep = state.pending.is_empty();
        } else if can_send {
            let rare = state.pacing.events_are_rare(now);
            state.network.asleep = rare;
            if !rare {
                no_later_than(now + NAP);
            }
        }
        if !waits {
            let busy_at = state.network.busy_at.unwrap_or(now);
            state.network.busy_at = Some(busy_at);
            let idle_since = busy_at.max(state.pacing.last_event);
            let supervises = !self.limits.polled && state.completions.ready() > 0;
            // A program whose main thread has ended lives for as long as its other threads do.
            let ends = now >= idle_since + IDLE
                || now >= idle_since + PARK && application != Application::Runs;
            if ends && !supervises {
                return Next::Exit;
            }
            no_later_than(now + PARK);
        }
        Next::Until(wait)
    }

    /// The network thread has ended while it sent: these events wait again, for another one. It is no failure
    /// of the service, and no attempt of theirs.
    pub fn put_back(&self, mut events: Vec<(usize, Box<QueuedEvent>)>) -> Calls {
        let mut state = self.state.lock();
        // The oldest gets to the front last.
        events.sort_by_key(|(_, event)| Reverse(event.accepted_at));
        for (slot, mut event) in events {
            // Closing may have ended it already.
            let Some(in_flight) = state.in_flight.end(slot) else {
                continue;
            };
            state.breaker.end_attempt(in_flight.probe);
            self.take_back(&mut event, in_flight);
            state.pending.push_front(event);
        }
        match state.phase {
            // Who closes has found nothing that waits, and no thread.
            Phase::Draining(_) if !state.pending.is_empty() => state.call_network(),
            _ => Calls::default(),
        }
    }

    /// The network thread could not be started, or ends out of turn: what waits is sent by another one, at
    /// the next event.
    pub fn network_failed(&self) {
        let mut state = self.state.lock();
        state.network = Default::default();
        self.ended.notify_all();
    }

    /// A defect of ours ended all attempts at once.
    pub fn fail_in_flight(&self) -> Calls {
        let mut state = self.state.lock();
        let events = state.in_flight.take_all();
        state.in_flight = Default::default();
        for event in events {
            state.breaker.end_attempt(event.probe);
            self.end_failed(&mut state, event, defect());
        }
        Calls {
            completer: self.call_completer(&mut state),
            ..Calls::default()
        }
    }

    /// Called by a thread for completions: it tells what it did, and gets what to do next. Waits while
    /// there is nothing.
    pub fn completion_turn(&self, finished: Finished) -> (Task, Calls) {
        let mut state = self.state.lock();
        match finished {
            Finished::Nothing => {}
            Finished::Completion(epoch) => {
                state.completers.busy -= 1;
                self.note_ended(&mut state, epoch);
            }
            Finished::Writing => state.completers.busy -= 1,
        }
        let idle_since = Instant::now();
        let task = loop {
            if state.phase == Phase::Dead {
                break Task::Exit;
            }
            if !state.notices.is_empty() {
                break Task::Write(state.notices.take());
            }
            if !self.limits.polled
                && let Some(completion) = state.completions.pop()
            {
                self.note_room(&state);
                break Task::Complete(completion);
            }
            let nothing_comes = match state.phase {
                Phase::Open => false,
                Phase::Draining(_) => !state.network.running && state.pending.is_empty(),
                _ => true,
            };
            let completers = &state.completers;
            let surplus = completers.all - state.completions.suspended() > 1;
            if nothing_comes || surplus {
                break Task::Exit;
            }
            state.completers.waiting += 1;
            state = self.work.wait_timeout(state, PARK);
            state.completers.waiting -= 1;
            let idle_for = idle_since.elapsed();
            if idle_for < PARK || !state.nothing_to_complete() {
                continue;
            }
            // The look costs time, which nobody is to wait for.
            drop(state);
            let ends = idle_for >= IDLE || threads::main_thread_has_ended();
            state = self.state.lock();
            if ends && state.nothing_to_complete() {
                break Task::Exit;
            }
        };
        let mut calls = Calls::default();
        match task {
            Task::Exit => self.leave(&mut state),
            _ => {
                state.completers.busy += 1;
                state.completers.started_at = Some(Instant::now());
                calls.completer = self.call_completer(&mut state);
            }
        }
        (task, calls)
    }

    /// A thread for completions could not be started.
    pub fn completer_failed(&self) {
        let mut state = self.state.lock();
        self.leave(&mut state);
    }

    fn leave(&self, state: &mut State) {
        state.completers.all -= 1;
        self.ended.notify_all();
    }

    /// Waits until all threads but `own` are gone.
    pub fn wait_for_threads(&self, deadline: Instant, own: usize) {
        let state = self.state.lock();
        let gone =
            |state: &mut State| state.completers.all + usize::from(state.network.running) <= own;
        let _ = self.ended.wait_until(state, deadline, gone);
    }

    /// A thread is going to wait in a call of ours, inside the completion of an event of `epoch`: another
    /// may take its place until [`Self::resume`].
    pub fn suspend(&self, epoch: u32) -> Calls {
        let mut state = self.state.lock();
        state.completions.suspend(epoch);
        self.ended.notify_all();
        Calls {
            completer: self.call_completer(&mut state),
            ..Calls::default()
        }
    }

    pub fn resume(&self, epoch: u32) {
        self.state.lock().completions.resume(epoch);
    }
}

/// What a panic of ours is told as.
pub fn defect() -> Error {
    Error::new(Kind::Internal, "a defect of libaxonpush, please report it")
}
