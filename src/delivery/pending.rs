//! The events that wait to be sent, in order.

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::completions::Completion;
use super::exporter::BatchLimits;
use super::spool::state::Handle;
use crate::error::Error;
use crate::event::stored::StoredEvent;
use crate::http::request::Request;

/// What the spool is given of an event that it did not take when it was published.
#[derive(Clone)]
pub struct Unspooled {
    pub request: Arc<Request>,
    pub accepted_at: Instant,
}

/// An event that waits or is being sent.
pub struct QueuedEvent {
    pub event: StoredEvent,
    /// Made before the first attempt, and the same for all of them.
    pub request: Option<Arc<Request>>,
    /// Where it is in the spool, if it is.
    pub handle: Option<Handle>,
    pub accepted_at: Instant,
    /// Since when it waits in memory.
    pub queued_at: Instant,
    /// When it is given up.
    pub expires_at: Instant,
    /// `None` while the event is being sent: then the table of events in flight has it.
    pub completion: Option<Completion>,
    /// When the latest attempt failed.
    pub failed_at: Option<Instant>,
    /// After a failed attempt: the event is not tried again before.
    pub retry_at: Option<Instant>,
    /// What the latest attempt failed with.
    pub last_error: Option<Box<Error>>,
    pub bytes: u64,
    /// Attempts that failed.
    pub attempts: u32,
    /// The flush epoch in which it was accepted.
    pub epoch: u32,
}

/// Events go from list to list, as pointers.
pub type Queued = Box<QueuedEvent>;

impl QueuedEvent {
    pub fn new(event: StoredEvent, completion: Option<Completion>) -> Self {
        let now = Instant::now();
        QueuedEvent {
            bytes: event.bytes(),
            event,
            request: None,
            handle: None,
            accepted_at: now,
            queued_at: now,
            expires_at: now,
            completion,
            failed_at: None,
            retry_at: None,
            last_error: None,
            attempts: 0,
            epoch: 0,
        }
    }

    /// An event whose request was made already: in the spool there is nothing that is not final.
    pub fn encoded(request: Request, completion: Option<Completion>) -> Self {
        QueuedEvent {
            bytes: request.body.as_ref().map_or(0, |body| body.len() as u64),
            request: Some(Arc::new(request)),
            ..Self::new(StoredEvent::default(), completion)
        }
    }

    /// What writing it to the spool takes, where it is in memory only.
    pub fn unspooled(&self) -> Option<Unspooled> {
        let request = self.request.as_ref().filter(|_| self.handle.is_none())?;
        Some(Unspooled {
            request: Arc::clone(request),
            accepted_at: self.accepted_at,
        })
    }

    fn is_ready(&self, now: Instant) -> bool {
        self.retry_at.is_none_or(|at| at <= now)
    }
}

/// Events that failed before come first, when their wait is over.
#[derive(Default)]
pub struct Pending {
    /// Not tried yet, in the order in which they were accepted.
    fresh: VecDeque<Box<QueuedEvent>>,
    /// Tried at least once, in the order in which they failed.
    retry: VecDeque<Box<QueuedEvent>>,
    /// Of the events in `fresh`.
    fresh_bytes: u64,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.retry.is_empty()
    }

    pub fn push(&mut self, event: Box<QueuedEvent>) {
        self.fresh_bytes += event.bytes;
        self.fresh.push_back(event);
    }

    /// For an event that was taken and could not be sent for no fault of its own.
    pub fn push_front(&mut self, event: Box<QueuedEvent>) {
        self.fresh_bytes += event.bytes;
        self.fresh.push_front(event);
    }

    fn pop_fresh(&mut self) -> Option<Box<QueuedEvent>> {
        let event = self.fresh.pop_front()?;
        self.fresh_bytes = self.fresh_bytes.saturating_sub(event.bytes);
        Some(event)
    }

    pub fn push_retry(&mut self, event: Box<QueuedEvent>) {
        self.retry.push_back(event);
    }

    /// The event that makes room for a newer one.
    pub fn pop_oldest(&mut self) -> Option<Box<QueuedEvent>> {
        self.retry.pop_front().or_else(|| self.pop_fresh())
    }

    /// The next event that may be sent at `now`.
    pub fn pop_ready(&mut self, now: Instant) -> Option<Box<QueuedEvent>> {
        match self.retry.iter().position(|event| event.is_ready(now)) {
            Some(at) => self.retry.remove(at),
            None => self.pop_fresh(),
        }
    }

    /// The next events that may be sent together at `now`, as many as make a batch.
    pub fn take_batch(&mut self, limits: &BatchLimits, now: Instant) -> Vec<Queued> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut has_room = |event: &QueuedEvent, events: usize| {
            bytes += event.bytes;
            events == 0 || events < limits.max_events && bytes <= limits.max_bytes as u64
        };
        let mut left = VecDeque::new();
        for event in mem::take(&mut self.retry) {
            match event.is_ready(now) && has_room(&event, batch.len()) {
                true => batch.push(event),
                false => left.push_back(event),
            }
        }
        self.retry = left;
        while self
            .fresh
            .front()
            .is_some_and(|event| has_room(event, batch.len()))
        {
            batch.extend(self.pop_fresh());
        }
        batch
    }

    /// When a batch is to be sent: it is full, its first event has waited for long enough, or a failed one is to be
    /// tried again.
    pub fn batch_due(&self, limits: &BatchLimits) -> Option<Instant> {
        let first = self.fresh.front().map(|event| event.queued_at);
        let full = match self.fresh.get(limits.max_events - 1) {
            Some(last) => Some(last.queued_at),
            None => first.filter(|_| self.fresh_bytes >= limits.max_bytes as u64),
        };
        let late = first.map(|at| at + limits.timeout);
        let due = [full, late, self.first_retry()];
        due.into_iter().flatten().min()
    }

    /// An event that has waited for as long as it may.
    pub fn pop_expired(&mut self, now: Instant) -> Option<Box<QueuedEvent>> {
        let expired = |event: &QueuedEvent| now >= event.expires_at;
        if let Some(at) = self.retry.iter().position(|event| expired(event)) {
            return self.retry.remove(at);
        }
        self.fresh.front().filter(|event| expired(event))?;
        self.pop_fresh()
    }

    pub fn take_all(&mut self) -> impl Iterator<Item = Box<QueuedEvent>> + use<> {
        self.fresh_bytes = 0;
        let (retry, fresh) = (mem::take(&mut self.retry), mem::take(&mut self.fresh));
        retry.into_iter().chain(fresh)
    }

    /// Lets the events that failed be tried again once `wait` has passed since then, if they would wait for
    /// longer. Where the service named the time itself, that stays.
    pub fn retry_soon(&mut self, wait: Duration) {
        for event in &mut self.retry {
            let named = event
                .last_error
                .as_ref()
                .is_some_and(|e| e.retry_after.is_some());
            if let (Some(failed), false) = (event.failed_at, named) {
                event.retry_at = event.retry_at.map(|at| at.min(failed + wait));
            }
        }
    }

    /// All of them, those that failed before first.
    pub fn iter(&self) -> impl Iterator<Item = &QueuedEvent> {
        self.retry.iter().chain(&self.fresh).map(|event| &**event)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut QueuedEvent> {
        let all = self.retry.iter_mut().chain(&mut self.fresh);
        all.map(|event| &mut **event)
    }

    /// Takes the events that are in these places of the spool.
    pub fn take_spooled(&mut self, places: &[Handle]) -> VecDeque<Box<QueuedEvent>> {
        let place = |handle: &Handle| (handle.run, handle.sequence);
        let places: HashSet<_> = places.iter().map(place).collect();
        let mut taken = VecDeque::new();
        for events in [&mut self.retry, &mut self.fresh] {
            for event in mem::take(events) {
                let at = event.handle.as_ref().map(place);
                match at.is_some_and(|at| places.contains(&at)) {
                    true => taken.push_back(event),
                    false => events.push_back(event),
                }
            }
        }
        self.fresh_bytes = self.fresh.iter().map(|event| event.bytes).sum();
        taken
    }

    /// When the first event is given up.
    pub fn first_expiry(&self) -> Option<Instant> {
        let events = self.fresh.front().into_iter().chain(&self.retry);
        events.map(|event| event.expires_at).min()
    }

    /// When the first event that was not tried yet was accepted.
    fn oldest_fresh(&self) -> Option<Instant> {
        self.fresh.front().map(|event| event.accepted_at)
    }

    /// When the first of the failed events may be tried again.
    fn first_retry(&self) -> Option<Instant> {
        self.retry.iter().filter_map(|event| event.retry_at).min()
    }

    /// Since when the next event in order has waited to be sent, or when it will be ready for that.
    pub fn ready_since(&self) -> Option<Instant> {
        let fresh = self.oldest_fresh();
        self.first_retry().into_iter().chain(fresh).min()
    }
}
