//! The queue and its spool, step by step: the tests do what the threads do, and nothing comes between.

use std::sync::Arc;
use std::time::Duration;

use super::engine::turns::{Next, Taken};
use super::in_flight::AttemptOutcome;
use super::limits::{OnFull, Overflow};
use super::pending::QueuedEvent;
use super::queue::Queue;
use super::spool::Spool;
use super::spool::record::EventBody;
use super::spool::store::Settings;
use super::spool::testing::{
    self as spools, ENOSPC, FaultyDisk, Heard, identity, killed, settings,
};
use super::spooled_tests::{encoder, left_in, limits};
use crate::error::{Error, Kind};
use crate::event::Event;
use crate::event::encode::{self, EventEncoder};
use crate::http::multiplex::Room;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::json::Document;
use crate::sys::testing::TestFolder;
use crate::sys::threads::Application;

/// A queue with a spool and no threads.
struct Threadless {
    dir: TestFolder,
    disk: Arc<FaultyDisk>,
    queue: Queue,
    encoder: Arc<EventEncoder>,
}

impl Threadless {
    fn new(max_bytes: u64) -> Self {
        let dir = TestFolder::new();
        let disk = Arc::new(FaultyDisk::default());
        let settings = Settings {
            max_bytes,
            ..settings(dir.path())
        };
        let queue = Queue::new(limits(Overflow::DropOldest));
        let heard = Arc::<Heard>::default();
        let spool = Spool::open(
            settings,
            identity("tenant"),
            disk.clone(),
            heard,
            Arc::default(),
        );
        assert!(queue.spool.set(spool.unwrap()).is_ok());
        Threadless {
            dir,
            disk,
            queue,
            encoder: encoder(),
        }
    }

    fn spool(&self) -> &Spool {
        self.queue.spool.get().unwrap()
    }

    fn request(&self, key: &str) -> Request {
        let event = Event {
            identifier: "step",
            payload: "{}",
            dedup_key: Some(key),
            ..Event::default()
        };
        self.encoder.encode(&event, None).unwrap()
    }

    /// Publishes to memory only, as where the disk has failed.
    fn push_in_memory(&self, key: &str) {
        let event = QueuedEvent::encoded(self.request(key), None);
        let pushed = self.queue.push_event(Box::new(event), OnFull::Refuse);
        assert!(pushed.is_ok());
    }

    /// Publishes to the spool; `false`: it is full.
    fn push(&self, key: &str) -> bool {
        let request = self.request(key);
        let (dedup_key, trace) = encode::ids(&request);
        let json = request.body.as_deref().unwrap();
        let body = EventBody {
            dedup_key,
            trace,
            json,
        };
        let Ok(handle) = self.spool().append(&body) else {
            return false;
        };
        let pushed = self.queue.push_spooled(request, None, handle);
        assert!(pushed.is_ok());
        true
    }

    /// Tells outcomes, and takes an event to be sent.
    fn turn(&self, outcome: Option<(usize, AttemptOutcome)>) -> Option<Taken> {
        let room = Room {
            ready: 1,
            may_open: false,
        };
        let mut taken = Vec::new();
        let mut outcomes = Vec::from_iter(outcome);
        let (next, _) = self
            .queue
            .network_turn(&mut outcomes, room, Application::Runs, &mut taken);
        assert!(matches!(next, Next::Until(_)));
        taken.pop()
    }

    /// What the spool's thread does with events that are in memory only, in two steps.
    fn spill(&self, meanwhile: impl FnOnce()) -> usize {
        let events = self.queue.memory_only();
        let now = events.iter().map(|event| {
            let (dedup_key, trace) = encode::ids(&event.request);
            let json = event.request.body.as_deref().unwrap();
            let body = EventBody {
                dedup_key,
                trace,
                json,
            };
            (body, Duration::ZERO)
        });
        let handles = self.spool().append_late(now);
        let spilled = handles.len();
        meanwhile();
        self.queue.note_spooled(events.into_iter().zip(handles));
        spilled
    }

    /// Closes; gives how many were kept, how many abandoned, and what the next client finds.
    fn close(self) -> (u64, u64, Vec<String>) {
        let (abandoned, _) = self.queue.abandon();
        self.spool().close(spools::soon());
        let counters = self.queue.counters();
        assert!(counters.add_up());
        (counters.kept, abandoned, left_in(self.dir.path()))
    }
}

fn failed(taken: Taken) -> (usize, AttemptOutcome) {
    let error = Error::new(Kind::Connection, "unreachable");
    let event = taken.event;
    let retry = AttemptOutcome::Retry {
        event,
        error,
        draw: 0.0,
    };
    (taken.slot, retry)
}

fn delivered(taken: &Taken) -> (usize, AttemptOutcome) {
    let response = Response {
        document: Document::from_checked("{}".to_owned()),
        http_status: 200,
        request_id: None,
    };
    (taken.slot, AttemptOutcome::Delivered(response))
}

#[test]
fn an_event_that_is_being_sent_is_kept_however_often_room_is_made() {
    let test = Threadless::new(128 << 10);
    let mut n = 0;
    while test.push(&n.to_string()) {
        n += 1;
    }
    let sent = test.turn(None).unwrap();
    let mut dropped = 0;
    while test.queue.discard_oldest() {
        let counters = test.queue.counters();
        assert!(counters.add_up() && counters.dropped > dropped);
        dropped = counters.dropped;
        assert!(test.push(&n.to_string()), "there is room now");
        n += 1;
        if dropped > 500 {
            break;
        }
        while test.push(&n.to_string()) {
            n += 1;
        }
    }
    assert!(dropped > 500, "all but its segment go");
    assert!(left_in(killed(test.dir.path()).path()).contains(&"0".to_owned()));
    // Its attempt is interrupted: it waits again, and is the next to make room.
    let _ = test.queue.put_back(vec![(sent.slot, sent.event)]);
    while test.push(&n.to_string()) {
        n += 1;
    }
    assert!(test.queue.discard_oldest());
    let left = test.queue.counters().queued_events;
    let (kept, abandoned, found) = test.close();
    assert_eq!((kept, abandoned), (left, 0));
    assert!(found.len() as u64 == left && !found.contains(&"0".to_owned()));
}

#[test]
fn an_event_is_spooled_while_it_is_sent_and_kept_if_that_fails() {
    let test = Threadless::new(1 << 20);
    test.push_in_memory("sent");
    test.push_in_memory("waits");
    let sent = test.turn(None).unwrap();
    assert_eq!(test.spill(|| {}), 2);
    assert_eq!(test.spill(|| {}), 0, "once");
    assert!(test.turn(Some(failed(sent))).is_some());
    let (kept, abandoned, found) = test.close();
    assert_eq!(
        (kept, abandoned, found),
        (2, 0, vec!["sent".into(), "waits".into()])
    );
}

#[test]
fn an_event_that_ends_while_it_is_spooled_is_in_no_spool() {
    let test = Threadless::new(1 << 20);
    test.push_in_memory("delivered");
    test.push_in_memory("kept");
    let sent = test.turn(None).unwrap();
    let outcome = delivered(&sent);
    assert_eq!(test.spill(|| drop(test.turn(Some(outcome)))), 2);
    assert_eq!(test.spool().stats().events, 1);
    let (kept, abandoned, found) = test.close();
    assert_eq!((kept, abandoned, found), (1, 0, vec!["kept".into()]));
}

#[test]
fn what_cannot_be_spooled_yet_stays_in_memory_and_is_abandoned_by_closing() {
    let test = Threadless::new(1 << 20);
    *test.disk.create.lock() = Some(ENOSPC);
    for n in 0..100 {
        test.push_in_memory(&n.to_string());
    }
    assert_eq!(test.spill(|| {}), 0);
    let (kept, abandoned, found) = test.close();
    assert_eq!((kept, abandoned, found), (0, 100, vec![]));
}
