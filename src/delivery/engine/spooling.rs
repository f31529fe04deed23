//! Between the queue and the spool: writes events to the disk before they are queued, and reads those for
//! which memory had no room.

use std::sync::{Arc, Weak};
use std::time::{Instant, SystemTime};

use super::Engine;
use crate::delivery::completions::Completion;
use crate::delivery::limits::{Bound, OnFull, Overflow};
use crate::delivery::pending::QueuedEvent;
use crate::delivery::queue::{Pushed, Queue};
use crate::delivery::spool::Spool;
use crate::delivery::spool::disk::Disk;
use crate::delivery::spool::read::SpooledEvent;
use crate::delivery::spool::record::{EventBody, Identity};
use crate::delivery::spool::state::{Handle, RunKey};
use crate::delivery::spool::store::{Listener, Refused, Settings};
use crate::error::{Error, Kind, Result};
use crate::event::Event;
use crate::event::encode;
use crate::http::request::Request;

/// What the spool calls on its thread.
struct SpoolListener(Weak<Engine>);

impl Listener for SpoolListener {
    fn recovered(&self, run: RunKey, events: u64, bytes: u64) {
        if let Some(engine) = self.0.upgrade() {
            engine.queue.recovered(run, events, bytes);
        }
    }

    fn refill(&self) {
        if let Some(engine) = self.0.upgrade() {
            engine.refill();
        }
    }

    fn room(&self) {
        if let Some(engine) = self.0.upgrade() {
            engine.queue.note_spool_room();
        }
    }

    fn unreadable(&self, handle: Handle) -> bool {
        let engine = self.0.upgrade();
        engine.is_some_and(|engine| engine.queue.note_unreadable(handle))
    }

    fn spill(&self) -> bool {
        self.0.upgrade().is_some_and(|engine| engine.spill())
    }
}

impl Engine {
    /// Opens the spool, from which the events of processes that have ended come soon.
    pub fn open_spool(
        self: &Arc<Self>,
        settings: Settings,
        identity: Identity,
        disk: Arc<dyn Disk>,
    ) -> Result<()> {
        let listener = Arc::new(SpoolListener(Arc::downgrade(self)));
        let spool = Spool::open(settings, identity, disk, listener, self.warnings.clone())?;
        // It is opened once.
        let _ = self.queue.spool.set(spool);
        // What it found before it was known here.
        if let Some(spool) = self.queue.spool.get() {
            spool.request_refill();
        }
        Ok(())
    }

    /// Writes an event to the spool and queues it. Where the disk fails it is queued in memory only.
    pub fn publish_spooled(
        &self,
        spool: &Spool,
        event: &Event,
        completion: Option<Completion>,
        on_full: OnFull<'_>,
    ) -> Result<Pushed> {
        let queue = &self.queue;
        queue.check_open()?;
        let accepted = SystemTime::now();
        let request = self.means.encoder.encode(event, Some(accepted))?;
        let since = Instant::now();
        loop {
            let room_made = queue.spool_room_made();
            let body = body(&request);
            match spool.append(&body) {
                Ok(handle) => return queue.push_spooled(request, completion, handle),
                Err(Refused::Unavailable) => {
                    return in_memory(queue, spool, request, completion, on_full);
                }
                Err(Refused::TooLong) => {
                    return Err(Error::new(
                        Kind::QueueFull,
                        format!(
                            "event: its {} bytes are more than spool_max_bytes, {}, has room for",
                            body.json.len(),
                            queue.limits().spool_max_bytes
                        ),
                    ));
                }
                Err(Refused::Full) => match queue.limits().overflow {
                    Overflow::DropOldest if queue.discard_oldest() => {}
                    // All of it belongs to others, or is being sent.
                    Overflow::DropOldest => {
                        return in_memory(queue, spool, request, completion, on_full);
                    }
                    Overflow::DropNewest => return Err(queue.limits().is_full(Bound::Spool)),
                    Overflow::Block => queue.wait_for_spool_room(since, room_made, on_full)?,
                },
            }
        }
    }

    /// Takes events from the disk for as long as memory has room. On the spool's thread.
    fn refill(self: &Arc<Self>) {
        let Some(spool) = self.queue.spool.get() else {
            return;
        };
        while self.queue.wants_refill() {
            let Some((handle, event)) = spool.read_next() else {
                return;
            };
            let accepted_ms = event.as_ref().map_or(0, |event| event.accepted_ms);
            let request = event.map_err(unreadable).and_then(|e| self.restore(e));
            self.call(self.queue.refill(handle, accepted_ms, request));
        }
    }

    /// Writes some of the events that are in memory only to the spool; tells whether there may be more that
    /// it takes. On the spool's thread.
    fn spill(&self) -> bool {
        let Some(spool) = self.queue.spool.get() else {
            return false;
        };
        let events = self.queue.memory_only();
        let bodies = events
            .iter()
            .map(|event| (body(&event.request), event.accepted_at.elapsed()));
        let handles = spool.append_late(bodies);
        let all = !events.is_empty() && handles.len() == events.len();
        self.queue.note_spooled(events.into_iter().zip(handles));
        all
    }

    fn restore(&self, event: SpooledEvent) -> Result<Request> {
        let trace = event.trace.as_ref();
        let trace = trace.map(|(trace_id, span_id)| (trace_id.as_str(), span_id.as_str()));
        let encoder = &self.means.encoder;
        encoder.request(&event.dedup_key, trace, event.json)
    }
}

/// Queues an event in memory only, until the spool takes it.
fn in_memory(
    queue: &Queue,
    spool: &Spool,
    request: Request,
    completion: Option<Completion>,
    on_full: OnFull<'_>,
) -> Result<Pushed> {
    let event = QueuedEvent::encoded(request, completion);
    let pushed = queue.push_event(Box::new(event), on_full)?;
    // The disk may have come back before the event was there to be found.
    spool.request_spill();
    Ok(pushed)
}

fn body(request: &Request) -> EventBody<'_> {
    let (dedup_key, trace) = encode::ids(request);
    EventBody {
        dedup_key,
        trace,
        json: request.body.as_deref().unwrap_or_default(),
    }
}

fn unreadable(cause: String) -> Error {
    Error::new(
        Kind::Internal,
        format!("the event cannot be read from the spool any more: {cause}"),
    )
}
