//! Tests of the queue where events leave in batches, without threads and without a network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::batches::{BatchOutcome, TakenBatch};
use super::completions::Completion;
use super::engine::turns::{Finished, Next, Task};
use super::exporter::{BatchLimits, Exported, Taken};
use super::limits::{Limits, OnFull, Overflow};
use super::queue::Queue;
use crate::error::{Error, Kind};
use crate::event::Event;
use crate::event::stored::StoredEvent;
use crate::http::multiplex::Room;
use crate::sys::cancel::CallScope;
use crate::sys::threads::Application;

const LONG: Duration = Duration::from_secs(600);

fn queue(max_events: usize, timeout: Duration) -> Queue {
    Queue::new(Limits {
        max_events: 10_000,
        max_bytes: 1 << 20,
        overflow: Overflow::DropOldest,
        block_timeout: None,
        delivery_timeout: LONG,
        max_connections: 8,
        spool_max_bytes: 0,
        spool_max_age: Duration::ZERO,
        fail_open: true,
        polled: false,
        batch: Some(BatchLimits {
            max_events,
            max_bytes: 1000,
            timeout,
        }),
    })
}

fn push(queue: &Queue, name: &str, completion: Option<Completion>) {
    let scope = CallScope::default();
    let event = StoredEvent::new(&Event {
        identifier: name,
        payload: "{}",
        ..Event::default()
    });
    let _ = queue.push(event, completion, OnFull::Wait(&scope)).unwrap();
}

fn turn(queue: &Queue, outcomes: Vec<BatchOutcome>, ready: usize) -> Vec<TakenBatch> {
    let mut taken = Vec::new();
    let mut outcomes = outcomes;
    let room = Room {
        ready,
        may_open: false,
    };
    let (next, _calls) = queue.batch_turn(&mut outcomes, room, Application::Runs, &mut taken);
    assert!(matches!(next, Next::Until(_)));
    taken
}

fn sizes(taken: &[TakenBatch]) -> Vec<usize> {
    taken.iter().map(|batch| batch.events.len()).collect()
}

fn outcome(batch: TakenBatch, exported: Exported) -> BatchOutcome {
    BatchOutcome {
        events: batch.events,
        exported,
        draw: 0.0,
        sent: true,
    }
}

fn taken(rejected: usize) -> Exported {
    Exported::Taken(Taken {
        http_status: 200,
        text: "{}".to_owned(),
        rejected,
        ..Taken::default()
    })
}

fn unreachable() -> Exported {
    Exported::Retry(Error {
        nobody_there: true,
        ..Error::new(Kind::Connection, "unreachable")
    })
}

#[test]
fn a_full_batch_leaves_at_once_and_the_rest_waits_for_company() {
    let queue = queue(3, LONG);
    for _ in 0..8 {
        push(&queue, "e", None);
    }
    let batches = turn(&queue, Vec::new(), 10);
    assert_eq!(sizes(&batches), [3, 3]);
    assert!(turn(&queue, Vec::new(), 10).is_empty(), "two of them wait");
    push(&queue, "e", None);
    assert_eq!(sizes(&turn(&queue, Vec::new(), 10)), [3]);
}

#[test]
fn a_batch_is_full_by_its_bytes_too() {
    let queue = queue(1000, LONG);
    let name = "x".repeat(398);
    for _ in 0..3 {
        push(&queue, &name, None);
    }
    assert_eq!(sizes(&turn(&queue, Vec::new(), 10)), [2]);
}

#[test]
fn an_event_waits_for_others_no_longer_than_it_may() {
    let queue = queue(1000, Duration::from_millis(30));
    let start = Instant::now();
    push(&queue, "e", None);
    while turn(&queue, Vec::new(), 10).is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[test]
fn nobody_waits_for_company_once_the_queue_drains() {
    let queue = queue(1000, LONG);
    push(&queue, "e", None);
    assert!(turn(&queue, Vec::new(), 10).is_empty());
    let _calls = queue.drain(Instant::now() + LONG);
    assert_eq!(sizes(&turn(&queue, Vec::new(), 10)), [1]);
}

#[test]
fn the_last_ones_count_as_rejected() {
    let queue = queue(5, LONG);
    let completed = Arc::new(AtomicU32::new(0));
    for number in 0..5u32 {
        let completed = completed.clone();
        let completion: Completion = Box::new(move |outcome| {
            assert_eq!(outcome.is_err(), number >= 3, "{number}");
            completed.fetch_add(1, Ordering::SeqCst);
        });
        push(&queue, "e", Some(completion));
    }
    let batch = turn(&queue, Vec::new(), 1).pop().unwrap();
    turn(&queue, vec![outcome(batch, taken(2))], 1);
    let counters = queue.counters();
    assert!(counters.add_up());
    assert_eq!(
        (counters.delivered, counters.failed, counters.batches),
        (3, 2, 1)
    );
    let mut finished = Finished::Nothing;
    queue.state.lock().completers.all = 1;
    while completed.load(Ordering::SeqCst) < 5 {
        let (task, _calls) = queue.completion_turn(finished);
        finished = match task {
            Task::Complete(completion) => {
                let epoch = completion.epoch;
                completion.run();
                Finished::Completion(epoch)
            }
            Task::Write(_) => Finished::Writing,
            Task::Exit => panic!("completions were left"),
        };
    }
}

#[test]
fn more_rejected_than_sent_is_all_of_them() {
    let queue = queue(2, LONG);
    push(&queue, "e", None);
    push(&queue, "e", None);
    let batch = turn(&queue, Vec::new(), 1).pop().unwrap();
    turn(&queue, vec![outcome(batch, taken(7))], 1);
    assert_eq!(queue.counters().failed, 2);
    assert!(queue.counters().add_up());
}

#[test]
fn one_failure_is_one_for_the_breaker_and_one_batch_probes() {
    let queue = queue(3, LONG);
    for _ in 0..9 {
        push(&queue, "e", None);
    }
    let mut batches = turn(&queue, Vec::new(), 2);
    assert_eq!(sizes(&batches), [3, 3]);
    // A broken response concerns its own batch; one of many events is not three failures.
    let broken = Exported::Retry(Error::new(Kind::Connection, "broken"));
    let first = batches.pop().unwrap();
    assert_eq!(
        sizes(&turn(&queue, vec![outcome(first, broken)], 1)),
        [3],
        "the breaker is closed"
    );
    let second = batches.pop().unwrap();
    assert!(turn(&queue, vec![outcome(second, unreachable())], 5).is_empty());
    assert!(queue.state.lock().breaker.is_open());
    // The wait before the probe, and no more than one of them.
    let start = Instant::now();
    let mut probes = Vec::new();
    while probes.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(5));
        probes = turn(&queue, Vec::new(), 5);
    }
    assert_eq!(probes.len(), 1);
    assert!(queue.counters().retried >= 3);
    assert!(queue.counters().add_up());
}

#[test]
fn closing_ends_what_is_being_sent_and_putting_it_back_changes_nothing() {
    let queue = queue(2, LONG);
    for _ in 0..3 {
        push(&queue, "e", None);
    }
    let batch = turn(&queue, Vec::new(), 1).pop().unwrap();
    assert_eq!(queue.abandon().0, 3);
    let _calls = queue.put_back(batch.events);
    let counters = queue.counters();
    assert_eq!((counters.abandoned, counters.delivered), (3, 0));
    assert!(counters.add_up());
}

#[test]
fn a_batch_counts_as_one_attempt() {
    let queue = queue(4, LONG);
    for _ in 0..8 {
        push(&queue, "e", None);
    }
    let batches = turn(&queue, Vec::new(), 2);
    assert_eq!(queue.state.lock().in_flight.sending(), 2);
    let outcomes = batches.into_iter().map(|batch| outcome(batch, taken(0)));
    turn(&queue, outcomes.collect(), 2);
    let state = queue.state.lock();
    assert_eq!(state.in_flight.sending(), 0);
    assert!(state.in_flight.is_empty());
    assert_eq!((state.counters.delivered, state.counters.batches), (8, 2));
}
