//! The queue and its spool together: what is promised of an event while the disk fails, and while room is
//! made.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::HeaderValue;

use super::Delivery;
use super::completions::Completion;
use super::limits::{Limits, OnFull, Overflow};
use super::spool::Spool;
use super::spool::disk::{Disk, SystemDisk};
use super::spool::store::{Settings, SyncPolicy};
use super::spool::testing::{
    self as spools, EIO, ENOSPC, EROFS, FaultyDisk, identity, killed, settings,
};
use crate::error::{Kind, Result};
use crate::event::Event;
use crate::event::encode::{EventDefaults, EventEncoder};
use crate::event::redaction::{ContentCapture, RedactionRules};
use crate::http::credential::ApiKey;
use crate::http::network::Network;
use crate::http::response::Response;
use crate::http::{HttpSettings, HttpVersion};
use crate::sys::cancel::CallScope;
use crate::sys::sync::Mutex;
use crate::sys::testing::TestFolder;

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

pub fn limits(overflow: Overflow) -> Limits {
    Limits {
        max_events: 10_000,
        max_bytes: 32 << 20,
        overflow,
        block_timeout: None,
        delivery_timeout: Duration::from_secs(300),
        max_connections: 2,
        spool_max_bytes: 0,
        spool_max_age: Duration::from_secs(3600),
        fail_open: false,
        polled: false,
        batch: None,
    }
}

pub fn encoder() -> Arc<EventEncoder> {
    let defaults = EventDefaults {
        channel_id: None,
        redaction: RedactionRules::new(ContentCapture::Full, &[], 4096),
    };
    Arc::new(EventEncoder::new(NOWHERE, defaults).unwrap())
}

fn delivery(settings: Settings, disk: Arc<dyn Disk>) -> Delivery {
    let network = Network::new(&HttpSettings {
        api_key: ApiKey::new("ak_secret".into()),
        tenant_id: None,
        environment: None,
        user_agent: HeaderValue::from_static("axonpush-c/test"),
        timeout: Duration::from_secs(5),
        ca_pem: None,
        proxy: None,
        version: HttpVersion::Auto,
    });
    let delivery = Delivery::new(
        limits(Overflow::DropOldest),
        Arc::new(network),
        encoder(),
        None,
        Arc::default(),
    );
    let engine = &delivery.engine;
    engine
        .open_spool(settings, identity("tenant"), disk)
        .unwrap();
    delivery
}

fn spool(delivery: &Delivery) -> &Spool {
    delivery.engine.queue.spool.get().unwrap()
}

fn publish(delivery: &Delivery, key: &str, completion: Option<Completion>) {
    let payload = format!("{{\"text\":\"{}\"}}", "x".repeat(900));
    let event = Event {
        identifier: "step",
        payload: &payload,
        dedup_key: Some(key),
        ..Event::default()
    };
    let scope = CallScope::default();
    delivery
        .publish(&event, completion, OnFull::Wait(&scope))
        .unwrap();
}

fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ready() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Closes a client, and waits for its spool to let go, however slow the machine is. Gives how many events
/// were abandoned.
fn stop(delivery: &Delivery) -> u64 {
    let abandoned = delivery.stop();
    spool(delivery).close(spools::soon());
    abandoned
}

/// The keys that a client finds which comes next.
pub fn left_in(dir: &Path) -> Vec<String> {
    let next = spools::open(dir);
    let keys = next.deliver_all();
    next.close();
    keys
}

/// What goes wrong, and where.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Create(i32),
    Write(i32),
    Sync(i32),
}

fn set(disk: &FaultyDisk, fault: Fault, fails: bool) {
    let (place, errno) = match fault {
        Fault::Create(errno) => (&disk.create, errno),
        Fault::Write(errno) => (&disk.write, errno),
        Fault::Sync(errno) => (&disk.sync, errno),
    };
    *place.lock() = fails.then_some(errno);
}

/// Publishes before, while and after the disk fails, and closes the client while nothing was delivered.
fn survive(fault: Fault, sync: SyncPolicy) {
    const EACH: usize = 150;
    let dir = TestFolder::new();
    let disk = Arc::new(FaultyDisk::default());
    let settings = Settings {
        sync,
        ..settings(dir.path())
    };
    let delivery = delivery(settings, disk.clone());
    let outcomes = Arc::new(Mutex::new(Vec::<(String, Result<()>)>::new()));
    let publish_all = |from: usize| {
        for n in from..from + EACH {
            let (key, outcomes) = (format!("{n:04}"), outcomes.clone());
            let told = key.clone();
            let completion = move |outcome: Result<_>| {
                outcomes
                    .lock()
                    .push((told, outcome.map(|_: Option<Response>| ())));
            };
            publish(&delivery, &key, Some(Box::new(completion)));
        }
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert!(delivery.counters().add_up(), "{:?}", delivery.counters());
                std::thread::yield_now();
            }
        });
        publish_all(0);
        set(&disk, fault, true);
        publish_all(EACH);
        wait_for("it has failed", || spool(&delivery).stats().disk_errors > 0);
        let before = spool(&delivery).stats().events as usize;
        publish_all(2 * EACH);
        if !matches!(fault, Fault::Sync(_)) {
            assert!((EACH..2 * EACH).contains(&before), "{fault:?}: {before}");
            assert_eq!(
                spool(&delivery).stats().events as usize,
                before,
                "{fault:?}"
            );
        }
        set(&disk, fault, false);
        wait_for("all are on the disk", || {
            spool(&delivery).stats().events as usize == 3 * EACH
        });
        publish_all(3 * EACH);
        done.store(true, Ordering::Relaxed);
    });
    // Were it killed now, nothing would be lost.
    let all: Vec<String> = (0..4 * EACH).map(|n| format!("{n:04}")).collect();
    let copy = killed(dir.path());
    assert_eq!(
        spools::keys(left_in(copy.path())),
        spools::keys(&all),
        "{fault:?}"
    );

    assert_eq!(stop(&delivery), 0, "{fault:?}");
    let counters = delivery.counters();
    assert!(counters.add_up());
    assert_eq!(counters.kept as usize, all.len(), "{fault:?}: {counters:?}");
    let outcomes = outcomes.lock();
    assert_eq!(
        spools::keys(outcomes.iter().map(|(key, _)| key)),
        spools::keys(&all)
    );
    assert_eq!(outcomes.len(), all.len(), "one completion each");
    for (key, outcome) in outcomes.iter() {
        let error = outcome.as_ref().unwrap_err();
        assert!(
            error.kind == Kind::Closed && error.message.contains("kept"),
            "{key}: {error}"
        );
    }
    let left = left_in(dir.path());
    assert_eq!(left.len(), all.len(), "each once");
    if matches!(fault, Fault::Sync(_)) {
        // What could not be trusted was written again, behind what had come later.
        return;
    }
    let late = |key: &&String| ("0300".."0450").contains(&key.as_str());
    let (late, sorted): (Vec<_>, Vec<_>) = (
        left.iter().filter(late).collect(),
        all.iter().filter(late).collect(),
    );
    assert_eq!(late, sorted, "{fault:?}: in order");
}

#[test]
fn what_came_while_the_disk_failed_is_on_it_when_it_is_well_again() {
    let faults = [
        (Fault::Create(ENOSPC), SyncPolicy::Interval),
        (Fault::Create(EROFS), SyncPolicy::None),
        (Fault::Write(EIO), SyncPolicy::Interval),
        (Fault::Write(ENOSPC), SyncPolicy::Each),
        (Fault::Sync(EIO), SyncPolicy::Interval),
        (Fault::Sync(EIO), SyncPolicy::Each),
    ];
    std::thread::scope(|scope| {
        for (fault, sync) in faults {
            scope.spawn(move || survive(fault, sync));
        }
    });
}

#[test]
fn whatever_fails_whenever_every_event_is_kept_in_the_end() {
    const PUBLISHERS: usize = 3;
    let dir = TestFolder::new();
    let disk = Arc::new(FaultyDisk::default());
    let delivery = delivery(settings(dir.path()), disk.clone());
    let (working, done) = (AtomicBool::new(true), AtomicBool::new(false));
    let mut published: Vec<String> = Vec::new();
    std::thread::scope(|scope| {
        let (delivery, working) = (&delivery, &working);
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|thread| {
                scope.spawn(move || {
                    let mut keys = Vec::new();
                    while working.load(Ordering::Relaxed) && keys.len() < 3000 {
                        let key = format!("{thread}-{}", keys.len());
                        publish(delivery, &key, None);
                        keys.push(key);
                        std::thread::sleep(Duration::from_micros(300));
                    }
                    keys
                })
            })
            .collect();
        let sampler = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert!(delivery.counters().add_up());
                std::thread::yield_now();
            }
        });
        for round in 0..60 {
            let fault = [Fault::Write(EIO), Fault::Create(ENOSPC), Fault::Sync(EIO)][round % 3];
            set(&disk, fault, true);
            std::thread::sleep(Duration::from_millis(5 + round as u64 * 7 % 13));
            set(&disk, fault, false);
            spool(delivery).retry_now();
            std::thread::sleep(Duration::from_millis(round as u64 * 5 % 17));
        }
        working.store(false, Ordering::Relaxed);
        for publisher in publishers {
            published.extend(publisher.join().unwrap());
        }
        wait_for("all are on the disk", || {
            spool(delivery).retry_now();
            spool(delivery).stats().events as usize == published.len()
        });
        done.store(true, Ordering::Relaxed);
        sampler.join().unwrap();
    });
    assert_eq!(stop(&delivery), 0);
    let left = left_in(dir.path());
    assert_eq!(left.len(), published.len(), "each once");
    assert_eq!(spools::keys(left), spools::keys(published));
}

#[test]
fn a_disk_that_fails_again_meanwhile_gets_the_rest_later() {
    let dir = TestFolder::new();
    let disk = Arc::new(FaultyDisk::default());
    let delivery = delivery(settings(dir.path()), disk.clone());
    set(&disk, Fault::Write(EIO), true);
    for n in 0..300 {
        publish(&delivery, &n.to_string(), None);
    }
    // A batch and a half.
    *disk.writes_before.lock() = 100;
    let errors = spool(&delivery).stats().disk_errors;
    spool(&delivery).retry_now();
    wait_for("it fails again", || {
        spool(&delivery).stats().disk_errors > errors
    });
    assert_eq!(spool(&delivery).stats().events, 100);
    set(&disk, Fault::Write(EIO), false);
    spool(&delivery).retry_now();
    wait_for("all are on the disk", || {
        spool(&delivery).stats().events == 300
    });
    assert_eq!(stop(&delivery), 0);
    let left = left_in(dir.path());
    assert!(
        left.iter()
            .eq(&(0..300).map(|n| n.to_string()).collect::<Vec<_>>())
    );
}

#[test]
fn what_a_failing_disk_forgets_is_written_to_it_anew_if_memory_has_it() {
    for sync in [SyncPolicy::Interval, SyncPolicy::Each] {
        let dir = TestFolder::new();
        let disk = Arc::new(FaultyDisk::default());
        let settings = Settings {
            sync,
            ..settings(dir.path())
        };
        let delivery = delivery(settings, disk.clone());
        set(&disk, Fault::Sync(EIO), true);
        *disk.forgets.lock() = true;
        for n in 0..40 {
            publish(&delivery, &n.to_string(), None);
        }
        wait_for("it has failed", || spool(&delivery).stats().disk_errors > 0);
        set(&disk, Fault::Sync(EIO), false);
        spool(&delivery).retry_now();
        let all = spools::keys(0..40);
        wait_for("all are on the disk", || {
            spools::keys(left_in(killed(dir.path()).path())) == all
        });
        assert_eq!(stop(&delivery), 0);
        assert_eq!(delivery.counters().kept, 40);
        let left = left_in(dir.path());
        assert_eq!((left.len(), spools::keys(left)), (40, all));
    }
}

#[test]
fn what_closing_does_not_find_on_the_disk_is_abandoned_and_comes_to_nobody() {
    for wait in [0, 1, 3, 10] {
        let dir = TestFolder::new();
        let disk = Arc::new(FaultyDisk::default());
        let delivery = delivery(settings(dir.path()), disk.clone());
        set(&disk, Fault::Create(ENOSPC), true);
        for n in 0..1000 {
            publish(&delivery, &n.to_string(), None);
        }
        set(&disk, Fault::Create(ENOSPC), false);
        // The spool's thread is in the middle of it, or done.
        spool(&delivery).retry_now();
        std::thread::sleep(Duration::from_millis(wait));
        let abandoned = stop(&delivery);
        let counters = delivery.counters();
        assert!(counters.add_up());
        assert_eq!(counters.kept + abandoned, 1000);
        assert_eq!(left_in(dir.path()).len() as u64, counters.kept, "{wait}");
    }
}

#[test]
fn a_flush_that_is_over_has_waited_for_what_earlier_clients_left() {
    let dir = TestFolder::new();
    let earlier = spools::open(dir.path());
    earlier.append("left").unwrap();
    earlier.close();
    for _ in 0..30 {
        let next = delivery(settings(dir.path()), Arc::new(SystemDisk));
        let scope = CallScope::default();
        // Nobody takes it, so there is no moment at which nothing is left.
        let error = next.flush(Duration::ZERO, &scope).unwrap_err();
        assert_eq!(error.kind, Kind::Timeout);
        stop(&next);
    }
}

#[test]
fn room_that_others_make_is_used_too() {
    let dir = TestFolder::new();
    let bounded = Settings {
        max_bytes: 256 << 10,
        ..settings(dir.path())
    };
    let other = spools::open_with(bounded.clone(), "another", Arc::new(SystemDisk));
    let mut theirs = Vec::new();
    while let Ok(handle) = other.append_json("x", &[b'x'; 1000]) {
        theirs.push(handle);
    }
    let delivery = delivery(bounded, Arc::new(SystemDisk));
    for n in 0..50 {
        publish(&delivery, &n.to_string(), None);
    }
    assert_eq!(
        spool(&delivery).stats().events,
        0,
        "all of it belongs to others"
    );
    theirs.iter().for_each(|at| other.spool.acknowledge(*at));
    other.close();
    wait_for("all are on the disk", || {
        spool(&delivery).stats().events == 50
    });
    assert_eq!(stop(&delivery), 0);
    assert_eq!(left_in(dir.path()).len(), 50);
}
