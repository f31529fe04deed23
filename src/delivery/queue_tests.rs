//! Tests of the queue with its threads, without a network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;

use std::time::{Duration, Instant};

use super::completions::Completion;
use super::engine::turns::{Finished, Next, Task};
use super::in_flight::AttemptOutcome;
use super::limits::{Limits, OnFull, Overflow};
use super::notice::Notice;
use super::pending::QueuedEvent;
use super::queue::Queue;
use super::threads::{Calls, PARK};
use crate::error::{Error, Kind, Result};
use crate::event::Event;
use crate::event::stored::StoredEvent;
use crate::http::multiplex::Room;
use crate::http::response::Response;
use crate::json::Document;
use crate::sys::cancel::CallScope;
use crate::sys::threads::Application;

/// The first backoff.
const FIRST_WAIT: Duration = Duration::from_millis(250);

fn limits() -> Limits {
    Limits {
        max_events: 100,
        max_bytes: 1 << 20,
        overflow: Overflow::DropOldest,
        block_timeout: None,
        delivery_timeout: Duration::from_secs(60),
        max_connections: 3,
        spool_max_bytes: 0,
        spool_max_age: Duration::ZERO,
        fail_open: false,
        polled: false,
        batch: None,
    }
}

fn event(name: &str) -> StoredEvent {
    StoredEvent::new(&Event {
        identifier: name,
        payload: "{}",
        ..Event::default()
    })
}

fn push(queue: &Queue, name: &str) -> Result<Calls> {
    push_with(queue, name, None)
}

fn push_with(queue: &Queue, name: &str, completion: Option<Completion>) -> Result<Calls> {
    let scope = CallScope::default();
    let pushed = queue.push(event(name), completion, OnFull::Wait(&scope))?;
    Ok(pushed.calls)
}

fn delivered() -> AttemptOutcome {
    AttemptOutcome::Delivered(Response {
        document: Document::from_checked("{}".to_owned()),
        http_status: 200,
        request_id: None,
    })
}

fn unreachable(item: Box<QueuedEvent>) -> AttemptOutcome {
    let error = Error {
        nobody_there: true,
        ..Error::new(Kind::Connection, "unreachable")
    };
    AttemptOutcome::Retry {
        event: item,
        error,
        draw: 0.0,
    }
}

/// A network thread that has one event under way at a time.
struct Sender<'q> {
    queue: &'q Queue,
    slot: usize,
}

impl<'q> Sender<'q> {
    /// The thread that publishing `name` wants.
    fn called_for(queue: &'q Queue, name: &str) -> Self {
        let calls = push(queue, name).unwrap();
        assert!(calls.network, "no thread is wanted");
        Sender { queue, slot: 0 }
    }

    /// Tells the outcome of an attempt, and waits for the next event to send. `None`: the thread ends.
    fn next(&mut self, outcome: Option<AttemptOutcome>) -> Option<Box<QueuedEvent>> {
        let mut outcomes: Vec<_> = outcome.map(|o| (self.slot, o)).into_iter().collect();
        let room = Room {
            ready: 1,
            may_open: false,
        };
        let mut taken = Vec::new();
        loop {
            let (next, _) =
                self.queue
                    .network_turn(&mut outcomes, room, Application::Runs, &mut taken);
            if let Some(taken) = taken.pop() {
                self.slot = taken.slot;
                return Some(taken.event);
            }
            match next {
                Next::Exit => return None,
                Next::Until(_) => thread::sleep(Duration::from_micros(500)),
            }
        }
    }

    fn sends(&mut self, outcome: Option<AttemptOutcome>) -> Box<QueuedEvent> {
        self.next(outcome).expect("an event to send")
    }
}

#[test]
fn events_are_started_in_order_and_the_counters_add_up() {
    let queue = Queue::new(limits());
    let mut sender = Sender::called_for(&queue, "0");
    for name in ["1", "2"] {
        let calls = push(&queue, name).unwrap();
        assert!(!calls.network, "it runs already");
    }
    let mut outcome = None;
    for expected in ["0", "1", "2"] {
        let item = sender.sends(outcome.take());
        assert_eq!(item.event.event().identifier, expected);
        assert!(queue.counters().add_up());
        outcome = Some(delivered());
    }
    let calls = queue.drain(Instant::now() + Duration::from_secs(1));
    assert!(!calls.network, "nothing waits");
    assert!(sender.next(outcome).is_none());
    let counters = queue.counters();
    assert_eq!(
        (
            counters.delivered,
            counters.queued_events,
            counters.queued_bytes
        ),
        (3, 0, 0)
    );
    assert!(push(&queue, "late").is_err_and(|e| e.kind == Kind::Closed));
}

#[test]
fn a_failed_event_comes_again_after_its_wait_and_others_wait_meanwhile() {
    let queue = Queue::new(limits());
    let mut sender = Sender::called_for(&queue, "a");
    let _ = push(&queue, "b").unwrap();
    let item = sender.sends(None);
    let start = Instant::now();
    let again = sender.sends(Some(unreachable(item)));
    assert!(start.elapsed() >= FIRST_WAIT, "after {:?}", start.elapsed());
    assert_eq!(again.event.event().identifier, "a");
    assert_eq!(queue.counters().retried, 1);
}

#[test]
fn a_failure_among_successes_holds_nobody_up_but_several_in_a_row_do() {
    let queue = Queue::new(limits());
    let mut sender = Sender::called_for(&queue, "0");
    for n in 1..20 {
        let _ = push(&queue, &n.to_string()).unwrap();
    }
    let broken = |item| AttemptOutcome::Retry {
        event: item,
        error: Error::new(Kind::Connection, "the response broke off"),
        draw: 0.0,
    };
    let start = Instant::now();
    let mut item = sender.sends(None);
    for _ in 0..2 {
        item = sender.sends(Some(broken(item)));
    }
    item = {
        drop(item);
        sender.sends(Some(delivered()))
    };
    for _ in 0..2 {
        item = sender.sends(Some(broken(item)));
    }
    assert!(start.elapsed() < FIRST_WAIT / 2, "{:?}", start.elapsed());
    sender.sends(Some(broken(item)));
    assert!(start.elapsed() >= FIRST_WAIT, "the third in a row");
}

#[test]
fn a_connection_that_breaks_under_many_is_one_failure() {
    let queue = Queue::new(limits());
    let mut sender = Sender::called_for(&queue, "0");
    for n in 1..20 {
        let _ = push(&queue, &n.to_string()).unwrap();
    }
    let cut = |event, shares_cause| AttemptOutcome::Retry {
        event,
        error: Error {
            shares_cause,
            ..Error::new(Kind::Connection, "the connection broke")
        },
        draw: 0.0,
    };
    let start = Instant::now();
    let mut item = sender.sends(None);
    for n in 0..10 {
        item = sender.sends(Some(cut(item, n > 0)));
    }
    assert!(start.elapsed() < FIRST_WAIT / 2, "{:?}", start.elapsed());
}

#[test]
fn nobody_is_missing_where_others_were_answered_meanwhile() {
    let queue = Queue::new(limits());
    let mut sender = Sender::called_for(&queue, "0");
    for n in 1..5 {
        let _ = push(&queue, &n.to_string()).unwrap();
    }
    let late = sender.sends(None);
    let (slot, other) = (sender.slot, sender.sends(None));
    drop(other);
    let start = Instant::now();
    let _ = sender.sends(Some(delivered()));
    sender.slot = slot;
    let next = sender.sends(Some(unreachable(late)));
    assert!(start.elapsed() < FIRST_WAIT / 2, "{:?}", start.elapsed());
    // The other way round nobody was answered since.
    sender.sends(Some(unreachable(next)));
    assert!(start.elapsed() >= FIRST_WAIT, "{:?}", start.elapsed());
}

#[test]
fn what_the_thread_was_sending_when_it_ended_goes_first_and_has_not_failed() {
    let queue = Queue::new(limits());
    let mut sender = Sender::called_for(&queue, "0");
    for name in ["1", "2"] {
        let _ = push(&queue, name).unwrap();
    }
    let mut sent = Vec::new();
    for _ in 0..2 {
        let item = sender.sends(None);
        sent.push((sender.slot, item));
    }
    thread::sleep(PARK);
    let room = Room::default();
    let gone = Application::Gone;
    let (next, _) = queue.network_turn(&mut Vec::new(), room, gone, &mut Vec::new());
    assert!(matches!(next, Next::Exit));
    let calls = queue.put_back(sent);
    assert!(!calls.network, "whoever comes next starts it");
    let calls = queue.drain(Instant::now() + Duration::from_secs(1));
    assert!(calls.network);
    for expected in ["0", "1", "2"] {
        let item = sender.sends(None);
        assert_eq!(item.event.event().identifier, expected);
        assert_eq!(item.attempts, 0);
    }
    assert_eq!(queue.counters().retried, 0);
    assert!(queue.counters().add_up() && queue.state.lock().notices.is_empty());
    // Exit handlers that deliver keep the thread.
    thread::sleep(PARK);
    let (next, _) = queue.network_turn(&mut Vec::new(), room, gone, &mut Vec::new());
    assert!(matches!(next, Next::Until(_)));
}

#[test]
fn what_waits_too_long_is_given_up() {
    for (fail_open, suppressed, expired) in [(true, 2, 0), (false, 0, 2)] {
        let queue = Queue::new(Limits {
            delivery_timeout: Duration::from_millis(50),
            fail_open,
            ..limits()
        });
        let mut sender = Sender::called_for(&queue, "a");
        let _ = push(&queue, "b").unwrap();
        let item = sender.sends(None);
        let _ = queue.drain(Instant::now() + Duration::from_secs(5));
        assert!(sender.next(Some(unreachable(item))).is_none());
        let notices = queue.state.lock().notices.take();
        let given_up = |notice: &&Notice| matches!(notice, Notice::GivenUp { .. });
        assert_eq!(notices.iter().filter(given_up).count(), 2);
        let counters = queue.counters();
        assert_eq!(
            (counters.suppressed, counters.expired),
            (suppressed, expired)
        );
        assert!(counters.add_up());
    }
}

#[test]
fn each_policy_counts_exactly() {
    let full = |overflow| {
        let queue = Queue::new(Limits {
            max_events: 3,
            overflow,
            ..limits()
        });
        let refused = (0..10)
            .filter(|n| push(&queue, &n.to_string()).is_err())
            .count();
        (refused, queue.counters())
    };
    let (refused, counters) = full(Overflow::DropNewest);
    assert_eq!(
        (
            refused,
            counters.accepted,
            counters.dropped,
            counters.queued_events
        ),
        (7, 3, 0, 3)
    );
    let (refused, counters) = full(Overflow::DropOldest);
    assert_eq!(
        (
            refused,
            counters.accepted,
            counters.dropped,
            counters.queued_events
        ),
        (0, 10, 7, 3)
    );
    assert!(counters.add_up());

    let small = Queue::new(Limits {
        max_bytes: 10,
        overflow: Overflow::Block,
        ..limits()
    });
    let too_large = small.push(
        event("a long name"),
        None,
        OnFull::Wait(&CallScope::default()),
    );
    assert!(
        too_large.is_err_and(|e| e.kind == Kind::QueueFull),
        "it could never fit"
    );
}

#[test]
fn blocking_ends_with_room_or_with_the_queue() {
    let queue = Arc::new(Queue::new(Limits {
        max_events: 1,
        overflow: Overflow::Block,
        ..limits()
    }));
    let mut sender = Sender::called_for(&queue, "a");
    let blocked = |name: &'static str| {
        let queue = queue.clone();
        thread::spawn(move || push(&queue, name).map(|_| ()).map_err(|e| e.kind))
    };
    let waits = blocked("b");
    let _ = sender.sends(None);
    let next = sender.sends(Some(delivered()));
    assert_eq!(next.event.event().identifier, "b");
    assert_eq!(waits.join().unwrap(), Ok(()));
    let waits = blocked("c");
    thread::sleep(Duration::from_millis(20));
    let _ = queue.drain(Instant::now());
    assert_eq!(waits.join().unwrap(), Err(Kind::Closed));
}

#[test]
fn abandoned_events_complete_once_though_the_network_thread_is_stuck() {
    let queue = Queue::new(limits());
    let completed = Arc::new(AtomicU32::new(0));
    let completion = || -> Option<Completion> {
        let completed = completed.clone();
        Some(Box::new(move |outcome| {
            assert!(outcome.is_err_and(|e| e.kind == Kind::Closed));
            completed.fetch_add(1, Ordering::Relaxed);
        }))
    };
    let mut stuck = Sender::called_for(&queue, "a thread that is stuck");
    let _ = stuck.sends(None);
    let outcome = Some(delivered());
    for name in ["a", "b"] {
        let _ = push_with(&queue, name, completion()).unwrap();
    }
    let _ = stuck.sends(outcome);
    let (abandoned, calls) = queue.abandon();
    assert_eq!(abandoned, 2);
    assert!(calls.completer);
    let mut finished = Finished::Nothing;
    while let (Task::Complete(completion), _) = queue.completion_turn(finished) {
        finished = Finished::Completion(completion.epoch);
        completion.run();
    }
    // The network thread comes back, with a response that is too late.
    assert!(stuck.next(Some(delivered())).is_none());
    assert_eq!(completed.load(Ordering::Relaxed), 2);
    let counters = queue.counters();
    assert!(
        counters.add_up() && counters.abandoned == 2 && counters.delivered == 1,
        "{counters:?}"
    );
}

/// Producers, attempts with every outcome, flushes and an end at a random moment. `make test-races`
/// runs it under ThreadSanitizer.
#[test]
fn every_event_ends_once_under_fire() {
    for round in 0..20_u64 {
        let overflow =
            [Overflow::DropOldest, Overflow::DropNewest, Overflow::Block][round as usize % 3];
        let queue = Arc::new(Queue::new(Limits {
            max_events: 50,
            overflow,
            ..limits()
        }));
        let (accepted, completed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let call = {
            let queue = queue.clone();
            Arc::new(move |calls: Calls| start(&queue, calls))
        };
        let producers: Vec<_> = (0..4)
            .map(|_| {
                let (queue, accepted, completed) =
                    (queue.clone(), accepted.clone(), completed.clone());
                let call = call.clone();
                thread::spawn(move || {
                    for n in 0..200 {
                        let completed = completed.clone();
                        let completion: Completion = Box::new(move |_| {
                            completed.fetch_add(1, Ordering::Relaxed);
                        });
                        let name = n.to_string();
                        match push_with(&queue, &name, Some(completion)) {
                            Ok(calls) => {
                                accepted.fetch_add(1, Ordering::Relaxed);
                                call(calls);
                            }
                            Err(e) if e.kind == Kind::Closed => return,
                            Err(e) => assert_eq!(e.kind, Kind::QueueFull),
                        }
                        assert!(queue.counters().add_up());
                    }
                })
            })
            .collect();
        let _ = queue.flush(
            Instant::now() + Duration::from_millis(5 * (round % 5)),
            false,
            &CallScope::default(),
            |calls| call(calls),
        );
        if round % 2 == 0 {
            producers.into_iter().for_each(|p| p.join().unwrap());
            call(queue.drain(Instant::now() + Duration::from_millis(20)));
            call(queue.abandon().1);
        } else {
            call(queue.drain(Instant::now()));
            call(queue.abandon().1);
            producers.into_iter().for_each(|p| p.join().unwrap());
        }
        queue.wait_for_threads(Instant::now() + Duration::from_secs(30), 0);
        let counters = queue.counters();
        assert!(
            counters.add_up() && counters.queued_events == 0 && counters.queued_bytes == 0,
            "{counters:?}"
        );
        assert_eq!(counters.accepted as usize, accepted.load(Ordering::Relaxed));
        assert_eq!(
            completed.load(Ordering::Relaxed),
            accepted.load(Ordering::Relaxed),
            "round {round}"
        );
    }
}

/// Threads whose exchanges take no time and end in every way.
fn start(queue: &Arc<Queue>, calls: Calls) {
    if calls.network {
        let queue = queue.clone();
        thread::spawn(move || send_all(&queue));
    }
    if calls.completer {
        let queue = queue.clone();
        thread::spawn(move || complete_all(&queue));
    }
}

fn send_all(queue: &Arc<Queue>) {
    let (mut outcomes, mut taken) = (Vec::new(), Vec::new());
    let mut count = 1_u32;
    loop {
        let room = Room {
            ready: 1 + count as usize % 5,
            may_open: count.is_multiple_of(3),
        };
        let (next, calls) = queue.network_turn(&mut outcomes, room, Application::Runs, &mut taken);
        start(queue, calls);
        if matches!(next, Next::Exit) {
            return;
        }
        if taken.is_empty() {
            thread::sleep(Duration::from_micros(100));
        }
        for taken in taken.drain(..) {
            count = count.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let outcome = match count >> 29 {
                0 => AttemptOutcome::Failed(Error::new(Kind::Validation, "no")),
                1 => AttemptOutcome::Retry {
                    event: taken.event,
                    error: Error {
                        retry_after: Some(Duration::from_micros(200)),
                        ..Error::new(Kind::RateLimit, "slow down")
                    },
                    draw: 0.0,
                },
                _ => delivered(),
            };
            outcomes.push((taken.slot, outcome));
        }
    }
}

fn complete_all(queue: &Arc<Queue>) {
    let mut finished = Finished::Nothing;
    loop {
        let (task, calls) = queue.completion_turn(finished);
        start(queue, calls);
        finished = match task {
            Task::Complete(completion) => {
                let epoch = completion.epoch;
                completion.run();
                Finished::Completion(epoch)
            }
            Task::Write(_) => Finished::Writing,
            Task::Exit => return,
        };
    }
}
