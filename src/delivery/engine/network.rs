//! The network thread: takes events from the queue, sends them, and tells the queue what became of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::Uri;

use super::turns::{Next, Taken, defect};
use crate::delivery::exporter::Exporter;
use crate::delivery::in_flight::AttemptOutcome;
use crate::delivery::pending::QueuedEvent;
use crate::delivery::queue::Queue;
use crate::delivery::threads::{Calls, PARK};
use crate::error::Result;
use crate::event::encode::EventEncoder;
use crate::event::stored::StoredEvent;
use crate::http::multiplex::memory::HostMemory;
use crate::http::multiplex::{Done, Multiplexer, Room};
use crate::http::network::Network;
use crate::http::request::Request;
use crate::http::response::{Expect, HttpResponse};
use crate::sys::random;
use crate::sys::sync::Mutex;
use crate::sys::threads::{self, Application};

/// Where the system has no descriptors left, they are asked for again after this.
const PAUSE: Duration = Duration::from_millis(100);

/// What the network thread works with.
pub struct Means {
    pub network: Arc<Network>,
    pub encoder: Arc<EventEncoder>,
    /// With one, events leave in batches.
    pub exporter: Option<Exporter>,
    /// Of HTTP/1.1.
    pub max_connections: usize,
    /// What was found out about the host, beyond the life of one thread.
    pub memory: Mutex<HostMemory>,
}

impl Means {
    pub fn new(
        network: Arc<Network>,
        encoder: Arc<EventEncoder>,
        exporter: Option<Exporter>,
        max_connections: usize,
    ) -> Self {
        Means {
            network,
            encoder,
            exporter,
            max_connections,
            memory: Mutex::default(),
        }
    }

    /// Where events go.
    pub fn uri(&self) -> &Uri {
        let exporter = self.exporter.as_ref();
        exporter.map_or(self.encoder.uri(), Exporter::uri)
    }
}

/// Events that are being sent, by their slot.
type Sending = Vec<Option<(Box<QueuedEvent>, Arc<Request>)>>;

/// Delivers until there is nothing to do any more. `call` acts on what the queue wants to be done.
pub fn run(queue: &Queue, call: &dyn Fn(Calls), deliver: &dyn Fn()) {
    loop {
        match catch_unwind(AssertUnwindSafe(deliver)) {
            Ok(()) => return,
            // Nothing of what was being sent is known any more.
            Err(_) => call(queue.fail_in_flight()),
        }
    }
}

/// Delivers events one by one.
pub fn deliver(queue: &Queue, means: &Means, call: &dyn Fn(Calls)) {
    let Some(mut multiplexer) = make_multiplexer(queue, means, call) else {
        return;
    };
    queue.set_waker(Some(multiplexer.waker()));
    let mut lookout = Lookout::new();
    let mut sending = Sending::new();
    let (mut outcomes, mut taken, mut done) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let (room, application) = (multiplexer.room(), lookout.look());
        let (next, calls) = queue.network_turn(&mut outcomes, room, application, &mut taken);
        call(calls);
        let Next::Until(until) = next else {
            *means.memory.lock() = multiplexer.memory();
            call(queue.put_back(interrupted(sending)));
            return;
        };
        for event in taken.drain(..) {
            submit(event, means, &mut multiplexer, &mut sending, &mut outcomes);
        }
        let wait = match outcomes.is_empty() {
            true => until.map(|at| at.saturating_duration_since(Instant::now())),
            false => Some(Duration::ZERO),
        };
        if multiplexer.run(wait, &mut done).is_err() {
            // The system is out of something; a moment's rest is all that can be done.
            std::thread::sleep(Duration::from_millis(1));
        }
        outcomes.extend(
            done.drain(..)
                .filter_map(|done| outcome(done, &mut sending)),
        );
    }
}

/// Looks around in the process once in a while, outside of the queue's lock.
pub struct Lookout {
    seen: Application,
    next: Instant,
}

impl Lookout {
    pub fn new() -> Self {
        Lookout {
            seen: Application::Runs,
            next: Instant::now() + PARK,
        }
    }

    pub fn look(&mut self) -> Application {
        let now = Instant::now();
        if now >= self.next {
            self.next = now + PARK;
            self.seen = threads::application();
        }
        self.seen
    }
}

/// The events that are being sent when the thread ends.
fn interrupted(sending: Sending) -> Vec<(usize, Box<QueuedEvent>)> {
    let slots = sending.into_iter().enumerate();
    let events = slots.filter_map(|(slot, sent)| Some((slot, sent?)));
    events
        .map(|(slot, (mut event, request))| {
            event.request = Some(request);
            (slot, event)
        })
        .collect()
}

/// `None`: there is nothing to do any more.
pub fn make_multiplexer(queue: &Queue, means: &Means, call: &dyn Fn(Calls)) -> Option<Multiplexer> {
    loop {
        let made = Multiplexer::new(
            means.network.clone(),
            means.uri(),
            means.max_connections,
            *means.memory.lock(),
        );
        if let Ok(multiplexer) = made {
            return Some(multiplexer);
        }
        let (room, mut taken) = (Room::default(), Vec::new());
        let seen = threads::application();
        let (next, calls) = queue.network_turn(&mut Vec::new(), room, seen, &mut taken);
        call(calls);
        if matches!(next, Next::Exit) {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}

fn submit(
    taken: Taken,
    means: &Means,
    multiplexer: &mut Multiplexer,
    sending: &mut Sending,
    outcomes: &mut Vec<(usize, AttemptOutcome)>,
) {
    let Taken {
        slot,
        mut event,
        latest,
        open,
    } = taken;
    let request = match request(&mut event, &means.encoder) {
        Ok(request) => request,
        Err(error) => {
            outcomes.push((slot, AttemptOutcome::Failed(error)));
            return;
        }
    };
    let deadline = latest.min(Instant::now() + means.network.timeout);
    if sending.len() <= slot {
        sending.resize_with(slot + 1, || None);
    }
    sending[slot] = Some((event, request.clone()));
    multiplexer.submit(slot, request, deadline, open);
}

/// The request of an event, where a defect of ours is an error too. It is made once; the event's own strings are not needed any more then.
pub fn request(event: &mut QueuedEvent, encoder: &EventEncoder) -> Result<Arc<Request>> {
    let encoded = catch_unwind(AssertUnwindSafe(|| encode(event, encoder)));
    encoded.unwrap_or_else(|_| Err(defect()))
}

fn encode(event: &mut QueuedEvent, encoder: &EventEncoder) -> Result<Arc<Request>> {
    if let Some(request) = event.request.take() {
        return Ok(request);
    }
    // The caller reads one clock; what the other said then is worked out here, once.
    let now = SystemTime::now();
    let occurred = now.checked_sub(event.accepted_at.elapsed()).unwrap_or(now);
    let request = encoder.encode(&event.event.event(), Some(occurred))?;
    event.event = StoredEvent::default();
    Ok(Arc::new(request))
}

fn outcome((slot, result): Done, sending: &mut Sending) -> Option<(usize, AttemptOutcome)> {
    let (mut event, request) = sending.get_mut(slot)?.take()?;
    let accepted = |response: HttpResponse| response.into_response(Expect::Accepted);
    let outcome = match result.and_then(accepted) {
        Ok(response) => AttemptOutcome::Delivered(response),
        Err(error) if !error.retryable() => AttemptOutcome::Failed(error),
        Err(error) => {
            event.request = Some(request);
            AttemptOutcome::Retry {
                event,
                error,
                draw: random::draw(),
            }
        }
    };
    Some((slot, outcome))
}
