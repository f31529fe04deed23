//! Tests of the queue with its workers, without network or threads of ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;

use std::time::{Duration, Instant};

use super::completions::Completion;
use super::in_flight::AttemptOutcome;
use super::jobs::{Job, Step, WorkerEvent};
use super::limits::{Limits, OnFull, Overflow};
use super::pending::QueuedEvent;
use super::queue::Queue;
use super::workers::SpawnRequest;
use crate::error::{Error, Kind, Result};
use crate::event::Event;
use crate::event::stored::StoredEvent;
use crate::http::response::Response;
use crate::json::Document;
use crate::sys::cancel::CallScope;

/// The first backoff.
const FIRST_WAIT: Duration = Duration::from_millis(250);

fn limits() -> Limits {
    Limits {
        max_events: 100,
        max_bytes: 1 << 20,
        overflow: Overflow::DropOldest,
        block_timeout: None,
        delivery_timeout: Duration::from_secs(60),
        max_senders: 3,
        fail_open: false,
        polled: false,
    }
}

fn event(name: &str) -> StoredEvent {
    StoredEvent::new(&Event {
        identifier: name,
        payload: "{}",
        ..Event::default()
    })
}

fn push(queue: &Queue, name: &str) -> Result<SpawnRequest> {
    push_with(queue, name, None)
}

fn push_with(queue: &Queue, name: &str, completion: Option<Completion>) -> Result<SpawnRequest> {
    let scope = CallScope::default();
    let pushed = queue.push(event(name), completion, OnFull::Wait(&scope))?;
    Ok(pushed.spawn)
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
        jitter: 1.0,
    }
}

/// The event that this turn gives to send.
fn sent(step: Step) -> Box<QueuedEvent> {
    match step.job {
        Job::Deliver(item, _) => item,
        _ => panic!("nothing to deliver"),
    }
}

#[test]
fn events_are_started_in_order_and_the_counters_add_up() {
    let queue = Queue::new(limits());
    let Ok(SpawnRequest(Some(worker))) = push(&queue, "0") else {
        panic!("no worker was called")
    };
    for name in ["1", "2"] {
        let _ = push(&queue, name).unwrap();
    }
    let mut report = WorkerEvent::Started;
    for expected in ["0", "1", "2"] {
        let item = sent(queue.next_job(worker, report));
        assert_eq!(item.event.event().identifier, expected);
        assert!(queue.counters().add_up());
        report = WorkerEvent::Attempted(delivered());
    }
    queue
        .drain(Instant::now() + Duration::from_secs(1))
        .0
        .inspect(|_| panic!("nothing waits"));
    assert!(matches!(queue.next_job(worker, report).job, Job::Exit));
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
    let Ok(SpawnRequest(Some(worker))) = push(&queue, "a") else {
        panic!("no worker was called")
    };
    let _ = push(&queue, "b").unwrap();
    let item = sent(queue.next_job(worker, WorkerEvent::Started));
    let start = Instant::now();
    let again = sent(queue.next_job(worker, WorkerEvent::Attempted(unreachable(item))));
    assert!(start.elapsed() >= FIRST_WAIT, "after {:?}", start.elapsed());
    assert_eq!(again.event.event().identifier, "a");
    assert_eq!(queue.counters().retried, 1);
}

#[test]
fn a_failure_among_successes_holds_nobody_up_but_several_in_a_row_do() {
    let queue = Queue::new(limits());
    let Ok(SpawnRequest(Some(worker))) = push(&queue, "0") else {
        panic!("no worker was called")
    };
    for n in 1..20 {
        let _ = push(&queue, &n.to_string()).unwrap();
    }
    let broken = |item| AttemptOutcome::Retry {
        event: item,
        error: Error::new(Kind::Connection, "the response broke off"),
        jitter: 1.0,
    };
    let start = Instant::now();
    let mut item = sent(queue.next_job(worker, WorkerEvent::Started));
    for _ in 0..2 {
        item = sent(queue.next_job(worker, WorkerEvent::Attempted(broken(item))));
    }
    item = {
        drop(item);
        sent(queue.next_job(worker, WorkerEvent::Attempted(delivered())))
    };
    for _ in 0..2 {
        item = sent(queue.next_job(worker, WorkerEvent::Attempted(broken(item))));
    }
    assert!(start.elapsed() < FIRST_WAIT / 2, "{:?}", start.elapsed());
    sent(queue.next_job(worker, WorkerEvent::Attempted(broken(item))));
    assert!(start.elapsed() >= FIRST_WAIT, "the third in a row");
}

#[test]
fn what_waits_too_long_is_given_up() {
    for (fail_open, suppressed, expired) in [(true, 2, 0), (false, 0, 2)] {
        let queue = Queue::new(Limits {
            delivery_timeout: Duration::from_millis(50),
            fail_open,
            ..limits()
        });
        let Ok(SpawnRequest(Some(worker))) = push(&queue, "a") else {
            panic!("no worker was called")
        };
        let _ = push(&queue, "b").unwrap();
        let item = sent(queue.next_job(worker, WorkerEvent::Started));
        queue
            .drain(Instant::now() + Duration::from_secs(5))
            .0
            .inspect(|_| panic!("one is here"));
        let step = queue.next_job(worker, WorkerEvent::Attempted(unreachable(item)));
        assert!(matches!(step.job, Job::Exit));
        assert_eq!(step.given_up.len(), 2);
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
    let Ok(SpawnRequest(Some(worker))) = push(&queue, "a") else {
        panic!("no worker was called")
    };
    let blocked = |name: &'static str| {
        let queue = queue.clone();
        thread::spawn(move || push(&queue, name).map(|_| ()).map_err(|e| e.kind))
    };
    let waits = blocked("b");
    let _ = sent(queue.next_job(worker, WorkerEvent::Started));
    let next = sent(queue.next_job(worker, WorkerEvent::Attempted(delivered())));
    assert_eq!(next.event.event().identifier, "b");
    assert_eq!(waits.join().unwrap(), Ok(()));
    let waits = blocked("c");
    thread::sleep(Duration::from_millis(20));
    let _ = queue.drain(Instant::now());
    assert_eq!(waits.join().unwrap(), Err(Kind::Closed));
}

#[test]
fn abandoned_events_complete_once_though_their_worker_is_stuck() {
    let queue = Queue::new(limits());
    let completed = Arc::new(AtomicU32::new(0));
    let completion = || -> Option<Completion> {
        let completed = completed.clone();
        Some(Box::new(move |outcome| {
            assert!(outcome.is_err_and(|e| e.kind == Kind::Closed));
            completed.fetch_add(1, Ordering::Relaxed);
        }))
    };
    let spawn = push_with(&queue, "a", completion()).unwrap();
    let _ = push_with(&queue, "b", completion()).unwrap();
    let stuck = spawn.0.unwrap();
    let _item = sent(queue.next_job(stuck, WorkerEvent::Started));
    let (abandoned, spawn) = queue.abandon();
    assert_eq!(abandoned, 2);
    let closer = spawn.0.unwrap();
    let mut report = WorkerEvent::Started;
    while let Job::Complete(completion) = queue.next_job(closer, report).job {
        report = WorkerEvent::Completed(completion.epoch);
        completion.run();
    }
    // The stuck worker comes back, with a response that is too late.
    assert!(matches!(
        queue
            .next_job(stuck, WorkerEvent::Attempted(delivered()))
            .job,
        Job::Exit
    ));
    assert_eq!(completed.load(Ordering::Relaxed), 2);
    let counters = queue.counters();
    assert!(
        counters.add_up() && counters.abandoned == 2 && counters.delivered == 0,
        "{counters:?}"
    );
}

/// Producers, workers with every verdict, flushes and an end at a random moment. `make test-races`
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
        let start_worker = {
            let queue = queue.clone();
            Arc::new(move |spawn: SpawnRequest| start(&queue, spawn))
        };
        let producers: Vec<_> = (0..4)
            .map(|_| {
                let (queue, accepted, completed) =
                    (queue.clone(), accepted.clone(), completed.clone());
                let start_worker = start_worker.clone();
                thread::spawn(move || {
                    for n in 0..200 {
                        let completed = completed.clone();
                        let completion: Completion = Box::new(move |_| {
                            completed.fetch_add(1, Ordering::Relaxed);
                        });
                        let name = n.to_string();
                        match push_with(&queue, &name, Some(completion)) {
                            Ok(spawn) => {
                                accepted.fetch_add(1, Ordering::Relaxed);
                                start_worker(spawn);
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
        );
        if round % 2 == 0 {
            producers.into_iter().for_each(|p| p.join().unwrap());
            start_worker(queue.drain(Instant::now() + Duration::from_millis(20)));
            start_worker(queue.abandon().1);
        } else {
            start_worker(queue.drain(Instant::now()));
            start_worker(queue.abandon().1);
            producers.into_iter().for_each(|p| p.join().unwrap());
        }
        queue.wait_for_workers(Instant::now() + Duration::from_secs(30), 0);
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

/// A worker whose exchanges take no time and end in every way.
fn start(queue: &Arc<Queue>, spawn: SpawnRequest) {
    let Some(worker) = spawn.0 else { return };
    let queue = queue.clone();
    thread::spawn(move || {
        let mut report = WorkerEvent::Started;
        let mut count = worker as u32;
        loop {
            let step = queue.next_job(worker, report);
            start(&queue, step.spawn);
            count = count.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            report = match step.job {
                Job::Deliver(item, _) => WorkerEvent::Attempted(match count >> 29 {
                    0 => AttemptOutcome::Failed(Error::new(Kind::Validation, "no")),
                    1 => AttemptOutcome::Retry {
                        event: item,
                        error: Error {
                            retry_after: Some(Duration::from_micros(200)),
                            ..Error::new(Kind::RateLimit, "slow down")
                        },
                        jitter: 1.0,
                    },
                    _ => delivered(),
                }),
                Job::Complete(completion) => {
                    let epoch = completion.epoch;
                    completion.run();
                    WorkerEvent::Completed(epoch)
                }
                Job::Exit => return,
            };
        }
    });
}
