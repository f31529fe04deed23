//! The queue's side of batches: which events are sent together and when, and what a response does to them.
//!
//! Everything else is as for single events: the same order, bounds, circuit breaker, retries, flush and counters. The
//! response decides for all events of a batch; what may succeed later waits again, event by event, and may be sent
//! in another company next time.
//!
//! Rejected: a batch that stays together until it is delivered. It would hold its events' room until the last of
//! them expires, and an event of it could not make room for a newer one.

use std::time::Instant;

use super::accounting::Disposition;
use super::circuit_breaker::Pace;
use super::engine::turns::Next;
use super::exporter::{BatchLimits, Exported, Taken};
use super::in_flight::EventInFlight;
use super::notice::Notice;
use super::pending::Queued;
use super::queue::{Phase, Queue, State};
use super::threads::Calls;
use crate::error::{Error, Kind};
use crate::http::multiplex::Room;
use crate::http::response::Response;
use crate::json::Document;
use crate::log;
use crate::sys::threads::Application;

/// An event and its slot in the table of events in flight.
pub type Sent = (usize, Queued);

/// Events to be sent together.
pub struct TakenBatch {
    pub events: Vec<Sent>,
    /// The attempt ends by then.
    pub latest: Instant,
    /// It gets a connection of its own.
    pub open: bool,
}

/// What an attempt with a batch led to.
pub struct BatchOutcome {
    pub events: Vec<Sent>,
    pub exported: Exported,
    /// From 0 to 1; it spreads the waits.
    pub draw: f64,
    /// `false`: nothing was sent, so that it says nothing of the receiver.
    pub sent: bool,
}

impl Queue {
    /// As [`Queue::network_turn`], for batches.
    pub fn batch_turn(
        &self,
        outcomes: &mut Vec<BatchOutcome>,
        room: Room,
        application: Application,
        taken: &mut Vec<TakenBatch>,
    ) -> (Next, Calls) {
        let settle = |state: &mut State, now| {
            for outcome in outcomes.drain(..) {
                self.settle_batch(state, outcome, now);
            }
        };
        let take = |state: &mut State, room: &mut Room, now| {
            if let Some(limits) = &self.limits.batch {
                self.take_batches(state, room, taken, limits, now);
            }
        };
        self.turn(room, application, settle, take)
    }

    /// When something is to be sent, if anything waits.
    pub(super) fn due(&self, state: &State) -> Option<Instant> {
        match &self.limits.batch {
            Some(limits)
                if state.pace() == Pace::Normal
                    && state.blocked == 0
                    && !state.breaker.is_open() =>
            {
                state.pending.batch_due(limits)
            }
            // Nobody waits for company in a hurry, or while a caller waits for room; and neither does a probe.
            _ => state.pending.ready_since(),
        }
    }

    fn take_batches(
        &self,
        state: &mut State,
        room: &mut Room,
        taken: &mut Vec<TakenBatch>,
        limits: &BatchLimits,
        now: Instant,
    ) {
        while state.breaker.permits(now) && state.breaker.has_room(state.in_flight.sending()) {
            let Some(due) = self.due(state).filter(|at| *at <= now) else {
                return;
            };
            let open = room.ready == 0;
            if open && !(room.may_open && state.pacing.open_at(due) <= now) {
                return;
            }
            let events = state.pending.take_batch(limits, now);
            if events.is_empty() {
                return;
            }
            if open {
                room.may_open = false;
                state.pacing.note_opened(now);
            } else {
                room.ready -= 1;
            }
            taken.push(self.begin_batch(state, events, open, now));
        }
    }

    fn begin_batch(
        &self,
        state: &mut State,
        events: Vec<Queued>,
        open: bool,
        now: Instant,
    ) -> TakenBatch {
        // An event whose time is over meanwhile ends with its batch: it does not cut the others' attempt short.
        let last_expiry = events.iter().map(|event| event.expires_at).max();
        let mut latest = last_expiry.unwrap_or(now);
        if let Phase::Draining(deadline) = state.phase {
            latest = latest.min(deadline);
        }
        let mut probe = state.breaker.begin_attempt();
        let mut events = events.into_iter().enumerate().map(|(at, mut event)| {
            state.counters.retried += u64::from(event.attempts > 0);
            let in_flight = EventInFlight {
                completion: event.completion.take(),
                epoch: event.epoch,
                bytes: event.bytes,
                handle: event.handle,
                unspooled: event.unspooled(),
                probe: probe.take(),
                started_at: now,
                follows: at > 0,
            };
            (state.in_flight.begin(in_flight), event)
        });
        TakenBatch {
            events: events.by_ref().collect(),
            latest,
            open,
        }
    }

    fn settle_batch(&self, state: &mut State, outcome: BatchOutcome, now: Instant) {
        let BatchOutcome {
            events,
            exported,
            draw,
            sent,
        } = outcome;
        let ended = events
            .into_iter()
            .filter_map(|(slot, event)| Some((state.in_flight.end(slot)?, event)));
        let events: Vec<(EventInFlight, Queued)> = ended.collect();
        // Closing may have ended them all.
        let Some((first, _)) = events.first() else {
            return;
        };
        let started_at = first.started_at;
        let took = now.saturating_duration_since(started_at);
        let probe = events.iter().find_map(|(in_flight, _)| in_flight.probe);
        let was_probe = state.breaker.end_attempt(probe);
        if sent {
            state.pacing.note_exchange(took);
            state.counters.batches += 1;
        }
        match exported {
            Exported::Taken(taken) => {
                state.note_response(now);
                if log::enabled(log::Level::Debug) {
                    state.notices.push(Notice::Delivered {
                        http_status: taken.http_status,
                        took,
                    });
                }
                self.end_taken(state, events, &taken);
            }
            Exported::Failed(error) => {
                if sent {
                    state.note_response(now);
                }
                for (in_flight, _) in events {
                    self.end_failed(state, in_flight, error.clone());
                }
            }
            Exported::Retry(mut error) => {
                state.note_failure(&mut error, started_at, was_probe, draw, now);
                for (in_flight, event) in events {
                    self.wait_again(state, in_flight, event, error.clone(), draw, now);
                }
            }
        }
    }

    /// The receiver has the batch, or all of it but some. OTLP does not say which these are: the last ones count as
    /// rejected, so that the numbers are right.
    fn end_taken(&self, state: &mut State, events: Vec<(EventInFlight, Queued)>, taken: &Taken) {
        let (all, rejected) = (events.len(), taken.rejected.min(events.len()));
        let said = taken.message.as_ref();
        let said = said.map_or(String::new(), |message| format!(": {message}"));
        if rejected == 0 && !said.is_empty() {
            state.notices.push(Notice::Warning(format!(
                "the receiver took a batch of {all} log records, and warns{said}"
            )));
        }
        let refused = Error {
            http_status: taken.http_status,
            request_id: taken.request_id.clone(),
            may_have_arrived: true,
            ..Error::new(
                Kind::Validation,
                format!(
                    "the receiver rejected {rejected} of {all} log records{said} (it does not say which: \
                     the last ones of the batch count as rejected)"
                ),
            )
        };
        for (at, (in_flight, _)) in events.into_iter().enumerate() {
            if at >= all - rejected {
                self.end_failed(state, in_flight, refused.clone());
                continue;
            }
            let response = Response {
                // Nobody reads it where there is no completion.
                document: Document::from_checked(match in_flight.completion {
                    Some(_) => taken.text.clone(),
                    None => String::new(),
                }),
                http_status: taken.http_status,
                request_id: taken.request_id.clone(),
            };
            self.end(state, in_flight, Disposition::Delivered, Ok(Some(response)));
        }
    }
}
