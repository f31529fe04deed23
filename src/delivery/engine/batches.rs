//! The network thread where events leave in batches.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::network::{Lookout, Means, make_multiplexer, request};
use super::turns::{Next, defect};
use crate::delivery::batches::{BatchOutcome, Sent, TakenBatch};
use crate::delivery::exporter::{Batch, Exported, Exporter, exported};
use crate::delivery::queue::Queue;
use crate::delivery::threads::Calls;
use crate::http::multiplex::{Done, Multiplexer};
use crate::http::request::Request;
use crate::sys::random;

/// An event with its own request, which later attempts are made of.
type Encoded = (Sent, Arc<Request>);

/// Batches that are being sent, by the number of their exchange.
#[derive(Default)]
struct Sending {
    batches: Vec<Option<Vec<Encoded>>>,
    free: Vec<usize>,
}

impl Sending {
    fn begin(&mut self, events: Vec<Encoded>) -> usize {
        let number = self.free.pop().unwrap_or_else(|| {
            self.batches.push(None);
            self.batches.len() - 1
        });
        self.batches[number] = Some(events);
        number
    }

    fn end(&mut self, number: usize) -> Option<Vec<Encoded>> {
        let events = self.batches.get_mut(number)?.take()?;
        self.free.push(number);
        Some(events)
    }
}

/// Delivers events in batches, until there is nothing to do any more.
pub fn deliver(queue: &Queue, means: &Means, exporter: &Exporter, call: &dyn Fn(Calls)) {
    let Some(mut multiplexer) = make_multiplexer(queue, means, call) else {
        return;
    };
    queue.set_waker(Some(multiplexer.waker()));
    let mut lookout = Lookout::new();
    let mut sending = Sending::default();
    let (mut outcomes, mut taken, mut done) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let (room, application) = (multiplexer.room(), lookout.look());
        let (next, calls) = queue.batch_turn(&mut outcomes, room, application, &mut taken);
        call(calls);
        let Next::Until(until) = next else {
            *means.memory.lock() = multiplexer.memory();
            call(queue.put_back(interrupted(sending)));
            return;
        };
        for batch in taken.drain(..) {
            submit(
                batch,
                means,
                exporter,
                &mut multiplexer,
                &mut sending,
                &mut outcomes,
            );
        }
        let wait = match outcomes.is_empty() {
            true => until.map(|at| at.saturating_duration_since(Instant::now())),
            false => Some(Duration::ZERO),
        };
        if multiplexer.run(wait, &mut done).is_err() {
            // The system is out of something; a moment's rest is all that can be done.
            std::thread::sleep(Duration::from_millis(1));
        }
        let ended = done
            .drain(..)
            .filter_map(|done| outcome(done, means, &mut sending));
        outcomes.extend(ended);
    }
}

/// The events that are being sent when the thread ends.
fn interrupted(sending: Sending) -> Vec<Sent> {
    let events = sending.batches.into_iter().flatten().flatten();
    let with_requests = events.map(|((slot, mut event), request)| {
        event.request = Some(request);
        (slot, event)
    });
    with_requests.collect()
}

/// Makes requests of the events and hands them out. There may be more than one: see [`Exporter::batches`].
fn submit(
    taken: TakenBatch,
    means: &Means,
    exporter: &Exporter,
    multiplexer: &mut Multiplexer,
    sending: &mut Sending,
    outcomes: &mut Vec<BatchOutcome>,
) {
    let not_sent = |events, error| BatchOutcome {
        events,
        exported: Exported::Failed(error),
        draw: 0.0,
        sent: false,
    };
    let mut events: Vec<Encoded> = Vec::with_capacity(taken.events.len());
    for (slot, mut event) in taken.events {
        match request(&mut event, &means.encoder) {
            Ok(request) => events.push(((slot, event), request)),
            Err(error) => outcomes.push(not_sent(vec![(slot, event)], error)),
        }
    }
    let records = events.iter().enumerate();
    let records =
        records.map(|(at, ((_, event), request))| (at, request.clone(), event.accepted_at));
    let made = catch_unwind(AssertUnwindSafe(|| exporter.batches(records)));
    let Ok((batches, bad)) = made else {
        let events = events.into_iter().map(|(sent, _)| sent).collect();
        outcomes.push(not_sent(events, defect()));
        return;
    };
    let mut events: Vec<Option<Encoded>> = events.into_iter().map(Some).collect();
    for (at, error) in bad {
        if let Some((sent, _)) = events[at].take() {
            outcomes.push(not_sent(vec![sent], error));
        }
    }
    let deadline = taken.latest.min(Instant::now() + means.network.timeout);
    let mut open = taken.open;
    for Batch {
        events: members,
        request,
    } in batches
    {
        let members = members.into_iter().filter_map(|at| events[at].take());
        let number = sending.begin(members.collect());
        multiplexer.submit(number, request, deadline, std::mem::take(&mut open));
    }
}

fn outcome((number, result): Done, means: &Means, sending: &mut Sending) -> Option<BatchOutcome> {
    let events = sending.end(number)?;
    Some(ended(events, exported(result, &means.network.secrets)))
}

fn ended(events: Vec<Encoded>, exported: Exported) -> BatchOutcome {
    let events = events.into_iter().map(|((slot, mut event), request)| {
        event.request = Some(request);
        (slot, event)
    });
    BatchOutcome {
        events: events.collect(),
        exported,
        draw: random::draw(),
        sent: true,
    }
}
