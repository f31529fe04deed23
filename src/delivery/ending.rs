//! What becomes of an event: what its attempts led to, and the ways in which it ends.

use std::time::Instant;

use super::accounting::Disposition;
use super::circuit_breaker::Pace;
use super::completions::ReadyCompletion;
use super::in_flight::{AttemptOutcome, EventInFlight};
use super::notice::Notice;
use super::pending::QueuedEvent;
use super::queue::{BACKOFF, Queue, State};
use crate::error::{Error, Kind, Result};
use crate::http::response::Response;
use crate::log;

impl Queue {
    /// Acts on what an attempt led to.
    pub(super) fn settle(
        &self,
        state: &mut State,
        slot: usize,
        outcome: AttemptOutcome,
        now: Instant,
    ) {
        // Closing may have ended the event already.
        let Some(in_flight) = state.in_flight.end(slot) else {
            return;
        };
        let took = now.saturating_duration_since(in_flight.started_at);
        state.pacing.note_exchange(took);
        let was_probe = state.breaker.end_attempt(in_flight.probe);
        match outcome {
            AttemptOutcome::Delivered(response) => {
                state.note_response(now);
                if log::enabled(log::Level::Debug) {
                    state.notices.push(Notice::Delivered {
                        http_status: response.http_status,
                        took,
                    });
                }
                self.end(state, in_flight, Disposition::Delivered, Ok(Some(response)));
            }
            AttemptOutcome::Failed(error) => {
                state.note_response(now);
                self.end_failed(state, in_flight, error);
            }
            AttemptOutcome::Retry {
                event,
                mut error,
                draw,
            } => {
                state.note_failure(&mut error, in_flight.started_at, was_probe, draw, now);
                self.wait_again(state, in_flight, event, error, draw, now);
            }
        }
    }

    /// An event whose attempt failed waits for its own step, or is given up when its time is over.
    pub(super) fn wait_again(
        &self,
        state: &mut State,
        in_flight: EventInFlight,
        mut event: Box<QueuedEvent>,
        error: Error,
        draw: f64,
        now: Instant,
    ) {
        self.take_back(&mut event, in_flight);
        let wait = error.retry_after.unwrap_or_else(|| match state.pace() {
            Pace::Normal => BACKOFF.wait(event.attempts, draw),
            Pace::Hurried => BACKOFF.wait(0, draw),
        });
        event.failed_at = Some(now);
        event.retry_at = Some(now + wait);
        event.attempts += 1;
        if now >= event.expires_at {
            // The last attempt was cut short; what the service said before says more.
            let error = match event.last_error.take() {
                Some(last) if error.http_status == 0 && last.http_status != 0 => *last,
                _ => error,
            };
            self.give_up(state, *event, error);
        } else {
            event.last_error = Some(Box::new(error));
            state.pending.push_retry(event);
        }
    }

    /// Gives an event back what it left in the queue while it was being sent.
    pub(super) fn take_back(&self, event: &mut QueuedEvent, in_flight: EventInFlight) {
        event.completion = in_flight.completion;
        self.note_place(event, in_flight.handle);
    }

    /// Ends events whose delivery timeout has passed while they waited; tells whether there were any.
    pub(super) fn expire(&self, state: &mut State, now: Instant) -> bool {
        let timeout = self.limits.delivery_timeout;
        let mut any = false;
        while let Some(mut event) = state.pending.pop_expired(now) {
            if event.handle.is_some() {
                self.end_too_old(state, *event);
                any = true;
                continue;
            }
            let no_response = !state.in_flight.is_empty()
                && state.last_response.is_none_or(|at| at < event.accepted_at);
            let error = match (event.last_error.take(), state.breaker.last_error()) {
                (Some(last), _) => *last,
                (None, Some(last)) => last.clone(),
                (None, None) if no_response => Error::new(
                    Kind::Connection,
                    "no response from the service for as long as the event has waited",
                ),
                (None, None) => Error::new(
                    Kind::Timeout,
                    format!(
                        "not delivered within delivery_timeout_ms ({})",
                        timeout.as_millis()
                    ),
                ),
            };
            self.give_up(state, *event, error);
            any = true;
        }
        any
    }

    fn give_up(&self, state: &mut State, event: QueuedEvent, error: Error) {
        if event.handle.is_some() {
            return self.end_too_old(state, event);
        }
        let suppressed = self.limits.fail_open && error.kind == Kind::Connection;
        state.notices.push(Notice::GivenUp {
            error: error.clone(),
            suppressed,
        });
        if suppressed {
            self.end_queued(state, event, Disposition::Suppressed, Ok(None));
        } else {
            self.end_queued(state, event, Disposition::Expired, Err(error));
        }
    }

    /// Ends an event whose attempt came to nothing.
    pub(super) fn end_failed(&self, state: &mut State, event: EventInFlight, error: Error) {
        state.notices.push(Notice::GivenUp {
            error: error.clone(),
            suppressed: false,
        });
        self.end(state, event, Disposition::Failed, Err(error));
    }

    /// Ends an event that waits.
    pub(super) fn end_queued(
        &self,
        state: &mut State,
        event: QueuedEvent,
        disposition: Disposition,
        outcome: Result<Option<Response>>,
    ) {
        let ended = EventInFlight {
            completion: event.completion,
            epoch: event.epoch,
            bytes: event.bytes,
            handle: event.handle,
            unspooled: None,
            probe: None,
            started_at: event.accepted_at,
            follows: false,
        };
        self.end(state, ended, disposition, outcome);
    }

    /// The one place where an accepted event ends.
    pub(super) fn end(
        &self,
        state: &mut State,
        event: EventInFlight,
        disposition: Disposition,
        outcome: Result<Option<Response>>,
    ) {
        state.counters.end(disposition, event.bytes);
        match (self.spool.get(), event.handle) {
            (Some(spool), Some(handle)) if disposition != Disposition::Kept => {
                spool.acknowledge(handle);
            }
            (Some(_), None) => state.memory_only -= 1,
            _ => {}
        }
        self.note_room(state);
        let Some(completion) = event.completion else {
            return self.note_ended(state, event.epoch);
        };
        state.completions.push(ReadyCompletion {
            completion,
            outcome,
            epoch: event.epoch,
        });
        if self.limits.polled {
            // It has ended; that its completion runs is up to the application.
            self.note_ended(state, event.epoch);
            self.ready.notify_one();
        }
    }
}

impl State {
    /// An attempt failed in a way that may pass.
    pub(super) fn note_failure(
        &mut self,
        error: &mut Error,
        started_at: Instant,
        was_probe: bool,
        draw: f64,
        now: Instant,
    ) {
        // Somebody is there where anybody was answered meanwhile.
        let answered = self.last_response;
        error.nobody_there &= answered.is_none_or(|at| at <= started_at);
        self.notices.push(Notice::Retrying(error.clone()));
        let pace = self.pace();
        let breaker = &mut self.breaker;
        breaker.note_failure(error, was_probe, pace, draw, now);
    }
}
