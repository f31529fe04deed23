//! The side of the queue that workers see: each asks for its next job, and waits while there is none.

use std::time::{Duration, Instant};

use super::completions::ReadyCompletion;
use super::in_flight::{AttemptOutcome, EventInFlight, GivenUp};
use super::limits::Limits;
use super::pending::QueuedEvent;
use super::queue::{Phase, Queue, State};
use super::workers::{IDLE, LONG_NAP, NAP, PARK, PATIENCE, SHORTEST_NAP, SpawnRequest};
use crate::sys::threads;

/// What a worker tells when it asks for its next job.
pub enum WorkerEvent {
    /// It is new.
    Started,
    Attempted(AttemptOutcome),
    /// A completion of this epoch has returned.
    Completed(u32),
}

/// What a worker is to do next.
pub enum Job {
    /// Send it, by the deadline.
    Deliver(Box<QueuedEvent>, Instant),
    Complete(ReadyCompletion),
    Exit,
}

pub struct Step {
    pub job: Job,
    pub spawn: SpawnRequest,
    /// Events given up meanwhile, to be logged.
    pub given_up: Vec<GivenUp>,
}

impl Queue {
    /// Called by a worker: it says what it did, and gets what to do next. Waits while there is nothing.
    pub fn next_job(&self, worker: usize, event: WorkerEvent) -> Step {
        let mut state = self.state.lock();
        let mut now = Instant::now();
        // A worker that was busy goes on. One that was waiting first looks whether it is needed.
        let mut was_busy = true;
        let mut idle_since = now;
        match event {
            WorkerEvent::Started => was_busy = false,
            WorkerEvent::Attempted(outcome) => self.settle(&mut state, worker, outcome, now),
            WorkerEvent::Completed(epoch) => {
                state.completions.running -= 1;
                self.note_ended(&mut state, epoch);
            }
        }
        let job = loop {
            if !self.limits.polled
                && let Some(completion) = state.completions.pop()
            {
                state.completions.running += 1;
                self.note_room(&state);
                break Job::Complete(completion);
            }
            if state.phase >= Phase::Stopped {
                break Job::Exit;
            }
            if self.expire(&mut state, now) {
                continue;
            }
            let waited = state.pending.waited(now);
            let wanted = state.in_flight.sending < self.limits.max_senders
                && (was_busy
                    || state.in_flight.sending == 0
                    || state.workers.wants_sender(waited, now));
            if wanted && let Some(event) = state.begin_attempt(worker, now) {
                if !was_busy {
                    state.workers.last_joined = now;
                }
                let mut latest = event.accepted_at + self.limits.delivery_timeout;
                if let Phase::Draining(deadline) = state.phase {
                    latest = latest.min(deadline);
                }
                break Job::Deliver(event, latest);
            }
            let drained = state.phase != Phase::Open && state.pending.is_empty();
            if drained || state.present_workers() > self.limits.max_senders + 1 {
                break Job::Exit;
            }
            let rare = state.workers.events_are_rare(now);
            let watch = !state.pending.is_empty() || state.in_flight.sending > 0 || !rare;
            if watch && !state.workers.lookout {
                let limit = self.nap_length(&state, now, rare);
                state.workers.lookout = true;
                state = self.nap.wait_timeout(state, limit);
                state.workers.lookout = false;
                now = Instant::now();
            } else {
                state.workers.parked += 1;
                state = self.park.wait_timeout(state, PARK);
                now = Instant::now();
                if state.workers.summoned > 0 {
                    state.workers.summoned -= 1;
                    idle_since = now;
                } else {
                    state.workers.parked -= 1;
                    // A program whose main thread has ended lives for as long as its other threads do.
                    if now.duration_since(idle_since) >= IDLE || threads::main_thread_has_ended() {
                        break Job::Exit;
                    }
                }
            }
            was_busy = false;
        };
        let spawn = match job {
            Job::Exit => {
                self.leave(&mut state, worker);
                SpawnRequest(None)
            }
            // Whoever is left behind needs somebody on the lookout.
            _ => self.call_worker_if_needed(&mut state),
        };
        Step {
            job,
            spawn,
            given_up: std::mem::take(&mut state.given_up),
        }
    }

    /// How long the lookout may nap: until something is to be done, and no longer than events allow.
    fn nap_length(&self, state: &State, now: Instant, rare: bool) -> Duration {
        let next = state
            .next_change(&self.limits)
            .map(|at| at.saturating_duration_since(now));
        let limit = if state.breaker.is_open() {
            // New events change nothing before the next probe.
            IDLE
        } else if rare {
            LONG_NAP
        } else {
            NAP
        };
        // What is to be done may have to wait for its turn all the same; a nap of no length would spin.
        next.map_or(limit, |next| next.clamp(SHORTEST_NAP, limit))
    }

    fn call_worker_if_needed(&self, state: &mut State) -> SpawnRequest {
        if state.pending.is_empty() && state.completions.ready() == 0 {
            return SpawnRequest(None);
        }
        self.call_worker(state)
    }

    /// The worker of this slot could not be started.
    pub fn worker_failed(&self, worker: usize) {
        let mut state = self.state.lock();
        self.leave(&mut state, worker);
    }

    fn leave(&self, state: &mut State, worker: usize) {
        state.in_flight.release(worker);
        state.workers.all -= 1;
        self.ended.notify_all();
    }

    /// Waits until all workers but `own` are gone.
    pub fn wait_for_workers(&self, deadline: Instant, own: usize) {
        let state = self.state.lock();
        let gone = |state: &mut State| state.workers.all <= own;
        let _ = self.ended.wait_until(state, deadline, gone);
    }

    /// A worker is going to wait in a call of ours, inside the completion of an event of `epoch`: another
    /// may take its place until [`Self::resume`].
    pub fn suspend(&self, epoch: u32) -> SpawnRequest {
        let mut state = self.state.lock();
        state.completions.suspend(epoch);
        self.ended.notify_all();
        self.call_worker_if_needed(&mut state)
    }

    pub fn resume(&self, epoch: u32) {
        self.state.lock().completions.resume(epoch);
    }
}

impl State {
    /// The next event to send, if one may be sent now.
    fn begin_attempt(&mut self, worker: usize, now: Instant) -> Option<Box<QueuedEvent>> {
        if !self.breaker.permits(now) {
            return None;
        }
        let mut event = self.pending.pop_ready(now)?;
        self.counters.retried += u64::from(event.attempts > 0);
        self.in_flight.begin(
            worker,
            EventInFlight {
                completion: event.completion.take(),
                epoch: event.epoch,
                bytes: event.bytes,
                probe: self.breaker.begin_attempt(),
                started_at: now,
            },
        );
        Some(event)
    }

    /// When something will have to be done that is not to be done now; `None`: nothing waits.
    fn next_change(&self, limits: &Limits) -> Option<Instant> {
        let deadline = self.pending.oldest()? + limits.delivery_timeout;
        let patience = self.pending.oldest_fresh().map(|at| at + PATIENCE);
        let ready = self.pending.first_retry().into_iter().chain(patience).min();
        let start = self.breaker.next_attempt(ready);
        Some(start.map_or(deadline, |at| at.min(deadline)))
    }
}
