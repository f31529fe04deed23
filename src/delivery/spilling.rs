//! Events that are in memory only, though there is a spool: the disk could not be used when they came, or
//! there was no room on it that could be made.
//!
//! As soon as the spool takes them they are written to it, in the order in which they were accepted, on the
//! spool's thread and a few at a time. Meanwhile they may be sent, and end, as ever: what has ended before
//! its place on the disk is noted here is acknowledged there at once.

use std::collections::HashMap;
use std::sync::Arc;

use super::pending::{QueuedEvent, Unspooled};
use super::queue::Queue;
use super::spool::state::Handle;
use crate::http::request::Request;

/// So many are written between two looks at what else the thread has to do.
const BATCH: usize = 64;

impl Queue {
    /// Some of the events that are in memory only, the oldest first.
    pub fn memory_only(&self) -> Vec<Unspooled> {
        let state = self.state.lock();
        if state.memory_only == 0 {
            return Vec::new();
        }
        let sent = state.in_flight.iter().filter_map(|e| e.unspooled.clone());
        let waiting = state.pending.iter().filter_map(QueuedEvent::unspooled);
        let mut events: Vec<Unspooled> = sent.chain(waiting).take(BATCH).collect();
        drop(state);
        events.sort_by_key(|event| event.accepted_at);
        events
    }

    /// These events are in the spool now.
    pub fn note_spooled(&self, events: impl Iterator<Item = (Unspooled, Handle)>) {
        // Each has a request of its own, which lives for as long as it is listed here.
        let events: Vec<(Unspooled, Handle)> = events.collect();
        let key = |request: &Arc<Request>| Arc::as_ptr(request);
        let keyed = events.iter().map(|(e, handle)| (key(&e.request), *handle));
        let mut places: HashMap<*const Request, Handle> = keyed.collect();
        let mut guard = self.state.lock();
        let state = &mut *guard;
        for event in state.in_flight.iter_mut() {
            if let Some(unspooled) = &event.unspooled
                && let Some(handle) = places.remove(&key(&unspooled.request))
            {
                event.handle = Some(handle);
                event.unspooled = None;
                state.memory_only -= 1;
            }
        }
        for event in state.pending.iter_mut().filter(|e| e.handle.is_none()) {
            if places.is_empty() {
                break;
            }
            let place = event.request.as_ref().map(key);
            if let Some(handle) = place.and_then(|place| places.remove(&place)) {
                self.note_spooled_event(event, handle);
                state.memory_only -= 1;
            }
        }
        drop(guard);
        if let Some(spool) = self.spool.get() {
            // These have ended meanwhile.
            places.into_values().for_each(|at| spool.acknowledge(at));
        }
    }

    /// The disk does not give back the record of this event. Tells whether it is in memory, and now there
    /// only.
    pub fn note_unreadable(&self, handle: Handle) -> bool {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let sent = state.in_flight.iter_mut().map(|event| &mut event.handle);
        let waiting = state.pending.iter_mut().map(|event| &mut event.handle);
        let Some(found) = sent.chain(waiting).find(|at| **at == Some(handle)) else {
            return false;
        };
        *found = None;
        state.memory_only += 1;
        if let Some(spool) = self.spool.get() {
            spool.request_spill();
        }
        true
    }

    /// Where an event is now, whose attempt has ended. Meanwhile it may have been written to the spool; or
    /// that did not give it back.
    pub(super) fn note_place(&self, event: &mut QueuedEvent, place: Option<Handle>) {
        match (event.handle, place) {
            (None, Some(handle)) => self.note_spooled_event(event, handle),
            (Some(_), None) => {
                event.handle = None;
                // It could not be written anew while the network thread had it.
                if let Some(spool) = self.spool.get() {
                    spool.request_spill();
                }
            }
            _ => {}
        }
    }

    /// From now on its age ends it, and no longer the delivery timeout.
    fn note_spooled_event(&self, event: &mut QueuedEvent, handle: Handle) {
        event.handle = Some(handle);
        event.expires_at = event.accepted_at + self.limits.spool_max_age;
    }
}
