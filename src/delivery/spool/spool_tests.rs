//! What a spool promises, with a disk that works.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::Arc;
use std::time::Duration;

use super::disk::SystemDisk;
use super::folders::BAD;
use super::store::{Refused, Settings, SyncPolicy};
use super::testing::*;
use crate::error::Kind;
use crate::sys::testing::TestFolder;

#[test]
fn what_is_not_delivered_when_a_client_closes_comes_to_the_next_one() {
    let dir = TestFolder::new();
    let first = open(dir.path());
    let handles = ["a", "b", "c"].map(|key| first.append(key).unwrap());
    first.spool.acknowledge(handles[1]);
    assert_eq!(first.close(), 2);
    assert_eq!(first.append("d"), Err(Refused::Unavailable), "it is closed");
    let size = fs::metadata(&segments(dir.path())[0]).unwrap().len();
    assert!(
        size < 1024,
        "the room that was not used was given back: {size}"
    );

    let second = open(dir.path());
    let found = second.read_all();
    let read: Vec<&str> = found.iter().map(|(_, key)| key.as_str()).collect();
    assert_eq!(read, ["a", "c"]);
    assert_eq!(second.heard.recovered().0, 2);
    let stats = second.spool.stats();
    assert_eq!((stats.events, stats.waiting), (2, 0));
    assert_eq!(stats.bytes, second.heard.recovered().1);
    found
        .iter()
        .for_each(|(handle, _)| second.spool.acknowledge(*handle));
    assert_eq!(second.spool.stats().bytes, 0);
    assert_eq!(second.close(), 0);
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[test]
fn an_event_comes_back_with_all_that_its_request_needs() {
    let dir = TestFolder::new();
    let json = format!("{{\"payload\":\"{}\"}}", "x".repeat(5 << 20));
    let first = open(dir.path());
    first.append_json("long", json.as_bytes()).unwrap();
    first.close();
    let second = open(dir.path());
    assert!(second.spool.wait_until_looked(soon()));
    let (_, event) = second.spool.read_next().unwrap();
    let event = event.unwrap();
    assert_eq!(event.dedup_key, "long");
    assert_eq!(event.trace, Some(("trace".into(), "span".into())));
    assert!(event.json == json.as_bytes() && event.accepted_ms > 1_700_000_000_000);
}

#[test]
fn a_killed_process_leaves_all_that_had_not_ended() {
    let dir = TestFolder::new();
    let first = open(dir.path());
    let handles: Vec<_> = (0..500)
        .map(|n| first.append(&n.to_string()).unwrap())
        .collect();
    handles
        .iter()
        .step_by(2)
        .for_each(|handle| first.spool.acknowledge(*handle));
    let left = keys((0..500).filter(|n| n % 2 == 1));
    // Acknowledgements are batched: those that are not written yet may be missing.
    let copy = killed(dir.path());
    let at_once = open(copy.path());
    assert!(keys(at_once.read_all().into_iter().map(|(_, key)| key)).is_superset(&left));
    first.wait_for("acknowledgements are written", |_| {
        let copy = killed(dir.path());
        keys(open(copy.path()).read_all().into_iter().map(|(_, key)| key)) == left
    });
    drop(first);
}

#[test]
fn an_adopter_that_is_killed_loses_nothing_and_goes_on_where_it_was() {
    let dir = TestFolder::new();
    let first = open(dir.path());
    for n in 0..300 {
        first.append(&n.to_string()).unwrap();
    }
    first.close();
    let adopter = open(dir.path());
    let all = adopter.read_all();
    all.iter()
        .take(200)
        .for_each(|(handle, _)| adopter.spool.acknowledge(*handle));
    adopter.wait_for("acknowledgements are written", |_| {
        let copy = killed(dir.path());
        keys(open(copy.path()).read_all().into_iter().map(|(_, key)| key)) == keys(200..300)
    });
    drop(adopter);
}

#[test]
fn events_that_are_held_in_memory_are_not_read_again() {
    let dir = TestFolder::new();
    let client = open(dir.path());
    let handles: Vec<_> = (0..10)
        .map(|n| client.append(&n.to_string()).unwrap())
        .collect();
    // In any order: who publishes last may be the first to find the memory full.
    [9, 3, 7]
        .iter()
        .for_each(|&n: &usize| client.leave(handles[n]));
    assert_eq!(client.spool.stats().waiting, 3);
    assert_eq!(client.deliver_all(), ["3", "7", "9"]);
    assert!(!client.spool.leave(handles[3]), "it has ended");
    assert_eq!(client.deliver_all(), [""; 0]);
    assert_eq!(client.close(), 7);
}

#[test]
fn events_of_another_service_tenant_or_environment_are_left_until_they_are_too_old() {
    let dir = TestFolder::new();
    let other = open_with(settings(dir.path()), "another", Arc::new(SystemDisk));
    other.append("theirs").unwrap();
    other.close();
    let ours = open(dir.path());
    assert_eq!(ours.deliver_all(), [""; 0]);
    assert_eq!(segments(dir.path()).len(), 1);
    ours.close();

    fs::File::open(&segments(dir.path())[0])
        .unwrap()
        .set_modified(std::time::SystemTime::now() - Duration::from_secs(10))
        .unwrap();
    let run = segments(dir.path())[0].parent().unwrap().to_owned();
    fs::File::open(run.join("lock"))
        .unwrap()
        .set_modified(std::time::SystemTime::now() - Duration::from_secs(10))
        .unwrap();
    let max_age = Duration::from_secs(5);
    let strict = Settings {
        max_age,
        ..settings(dir.path())
    };
    let later = open_with(strict, "tenant", Arc::new(SystemDisk));
    assert_eq!(later.deliver_all(), [""; 0]);
    assert!(!run.exists());
}

#[test]
fn clients_that_come_at_once_deliver_each_event_once() {
    let dir = TestFolder::new();
    for run in 0..6 {
        let client = open(dir.path());
        // It finds the events of those before: they go back, unread.
        client.append(&run.to_string()).unwrap();
        client.close();
    }
    let all: Vec<String> = std::thread::scope(|scope| {
        let adopters: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let client = open(dir.path());
                    let found = client.deliver_all();
                    client.close();
                    found
                })
            })
            .collect();
        adopters
            .into_iter()
            .flat_map(|adopter| adopter.join().unwrap())
            .collect()
    });
    let late = open(dir.path()).deliver_all();
    let all: Vec<String> = all.into_iter().chain(late).collect();
    assert_eq!((all.len(), keys(&all)), (6, keys(0..6)));
}

#[test]
fn the_folder_does_not_grow_beyond_its_bound_and_the_oldest_makes_room() {
    let dir = TestFolder::new();
    let max_bytes = 512 << 10;
    let bounded = Settings {
        max_bytes,
        ..settings(dir.path())
    };
    let client = open_with(bounded, "tenant", Arc::new(SystemDisk));
    let mut n = 0;
    let refused = loop {
        match client.append(&n.to_string()) {
            Ok(handle) => client.leave(handle),
            Err(refused) => break refused,
        }
        n += 1;
    };
    assert_eq!(refused, Refused::Full);
    let on_disk = || -> u64 {
        segments(dir.path())
            .iter()
            .map(|path| fs::metadata(path).unwrap().len())
            .sum()
    };
    assert!(on_disk() <= max_bytes && on_disk() > max_bytes / 2);
    let gone = client.discard([]).unwrap().waiting;
    let segment = gone[0].segment();
    assert!(gone.iter().all(|handle| handle.segment() == segment));
    client.append("newer").unwrap();
    assert!(on_disk() <= max_bytes);
    assert_eq!(
        client.deliver_all(),
        (gone.len()..n).map(|n| n.to_string()).collect::<Vec<_>>()
    );
    let huge = vec![b'x'; max_bytes as usize];
    assert_eq!(client.append_json("huge", &huge), Err(Refused::TooLong));
    assert_eq!(client.close(), 1);
}

#[test]
fn an_event_that_somebody_is_at_work_with_keeps_its_segment() {
    let dir = TestFolder::new();
    let bounded = Settings {
        max_bytes: 128 << 10,
        ..settings(dir.path())
    };
    let client = open_with(bounded, "tenant", Arc::new(SystemDisk));
    let mut handles = Vec::new();
    while let Ok(handle) = client.append(&handles.len().to_string()) {
        handles.push(handle);
    }
    let first_of = |number: u32| handles.iter().position(|h| h.segment().number == number);
    let (second, third) = (first_of(2).unwrap(), first_of(3).unwrap());
    // The first one of the first segment is being sent, and the last one of the second is held.
    for handle in &handles[1..] {
        if *handle != handles[third - 1] {
            client.leave(*handle);
        }
    }
    let gone = client.discard([handles[third - 1]]).unwrap();
    assert_eq!(gone.held, [handles[third - 1]]);
    assert_eq!(gone.waiting, handles[second..third - 1]);
    let copy = killed(dir.path());
    let keys = open(copy.path()).deliver_all();
    assert!(keys.contains(&"0".to_owned()));
    // Its attempt has failed: now it may go.
    let gone = client.discard([handles[0]]).unwrap();
    assert_eq!(
        (gone.held, gone.waiting),
        (vec![handles[0]], handles[1..second].to_vec())
    );
    // Somebody is at work with all others.
    assert_eq!(client.read_all()[0].0, handles[third]);
    assert!(client.discard([]).is_none());
    let fourth = first_of(4).unwrap();
    let gone = client.discard(handles[third..].iter().copied()).unwrap();
    assert_eq!(
        (gone.held, gone.waiting),
        (handles[third..fourth].to_vec(), vec![])
    );
    client.close();
}

#[test]
fn what_others_have_in_the_folder_counts_too() {
    let dir = TestFolder::new();
    let bounded = Settings {
        max_bytes: 256 << 10,
        ..settings(dir.path())
    };
    let other = open_with(bounded.clone(), "another", Arc::new(SystemDisk));
    while other.append("x").is_ok() {}
    let client = open_with(bounded, "tenant", Arc::new(SystemDisk));
    assert!(client.spool.wait_until_looked(soon()));
    assert_eq!(client.append("mine"), Err(Refused::Full));
    drop(other);
}

#[test]
fn processes_that_die_young_do_not_fill_the_folder() {
    let dir = TestFolder::new();
    let size = || -> u64 {
        let sizes = segments(dir.path());
        sizes
            .iter()
            .map(|path| fs::metadata(path).unwrap().len())
            .sum()
    };
    for n in 0..20 {
        let client = open(dir.path());
        assert!(client.spool.wait_until_looked(soon()));
        client.append(&n.to_string()).unwrap();
        let killed = killed(dir.path());
        client.close();
        fs::remove_dir_all(dir.path()).unwrap();
        fs::rename(killed.path(), dir.path()).unwrap();
        assert!(
            size() < 128 << 10,
            "the segment of the last one, and little of the others"
        );
    }
    assert_eq!(keys(open(dir.path()).deliver_all()), keys(0..20));
}

#[test]
fn segments_go_as_soon_as_all_in_them_has_ended() {
    let dir = TestFolder::new();
    let client = open(dir.path());
    for n in 0..40_000 {
        let handle = client.append_json(&n.to_string(), &[b'x'; 512]).unwrap();
        client.spool.acknowledge(handle);
    }
    client.wait_for("segments are removed", |_| segments(dir.path()).len() <= 1);
    client.close();
}

#[test]
fn one_event_that_does_not_end_keeps_its_segment_and_brings_no_other_one_back() {
    let dir = TestFolder::new();
    let client = open(dir.path());
    client.append("stuck").unwrap();
    for n in 0..40_000 {
        let handle = client.append_json(&n.to_string(), &[b'x'; 512]).unwrap();
        client.spool.acknowledge(handle);
    }
    client.wait_for("segments are removed", |_| segments(dir.path()).len() <= 2);
    client.wait_for("acknowledgements are written", |_| {
        let copy = killed(dir.path());
        open(copy.path())
            .read_all()
            .into_iter()
            .map(|(_, key)| key)
            .eq(["stuck"])
    });
    client.close();
}

#[test]
fn what_is_unreadable_is_set_aside_and_costs_no_other_event() {
    let dir = TestFolder::new();
    let first = open(dir.path());
    let handles: Vec<_> = (0..5)
        .map(|n| first.append(&n.to_string()).unwrap())
        .collect();
    first.close();
    let segment = segments(dir.path()).remove(0);
    let file = fs::OpenOptions::new().write(true).open(&segment).unwrap();
    file.write_all_at(b"?", u64::from(handles[2].sequence.offset()) + 70)
        .unwrap();
    // And one that is no segment at all.
    fs::write(segment.with_file_name("00000009.seg"), [b'?'; 1000]).unwrap();
    let second = open(dir.path());
    assert_eq!(second.deliver_all(), ["0", "1", "3", "4"]);
    second.wait_for("set aside", |_| segments(&dir.path().join(BAD)).len() == 2);
    second.close();
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "only bad/ is left"
    );
}

#[test]
fn an_event_that_is_damaged_after_it_was_found_ends_alone() {
    let dir = TestFolder::new();
    let client = open(dir.path());
    let handles = ["a", "b"].map(|key| client.append(key).unwrap());
    handles.iter().for_each(|handle| client.leave(*handle));
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&segments(dir.path())[0])
        .unwrap();
    file.write_all_at(b"?", 80).unwrap();
    let (handle, lost) = client.spool.read_next().unwrap();
    assert_eq!(handle, handles[0]);
    assert!(lost.unwrap_err().contains("damaged"));
    assert_eq!(client.deliver_all(), ["b"]);
    assert_eq!(client.close(), 0);
}

#[test]
fn links_and_folders_in_place_of_files_are_not_followed() {
    let dir = TestFolder::new();
    let first = open(dir.path());
    first.append("a").unwrap();
    first.close();
    let segment = segments(dir.path()).remove(0);
    let elsewhere = TestFolder::new();
    let secret = elsewhere.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    std::os::unix::fs::symlink(&secret, segment.with_file_name("00000002.seg")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("00000000000000aa")).unwrap();
    let second = open(dir.path());
    assert_eq!(second.deliver_all(), ["a"]);
    second.close();
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
}

#[test]
fn folders_are_0700_and_files_0600() {
    let dir = TestFolder::new();
    let client = open(&dir.path().join("new/spool"));
    client.append("a").unwrap();
    let mode =
        |path: &std::path::Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    let segment = segments(dir.path()).remove(0);
    assert_eq!(
        (mode(&segment), mode(&segment.with_file_name("lock"))),
        (0o600, 0o600)
    );
    assert_eq!(mode(segment.parent().unwrap()), 0o700);
    assert_eq!(mode(&dir.path().join("new/spool")), 0o700);
    client.close();
}

#[test]
fn a_folder_that_cannot_be_used_is_an_error_of_the_configuration() {
    let dir = TestFolder::new();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(dir.path(), &link).unwrap();
    for path in [
        file.clone(),
        file.join("below"),
        link,
        "/proc/nothing".into(),
    ] {
        let opened = super::Spool::open(
            settings(&path),
            identity("tenant"),
            Arc::new(SystemDisk),
            Arc::<Heard>::default(),
            Arc::default(),
        );
        let error = opened.err().unwrap();
        assert_eq!(error.kind, Kind::Config);
        assert!(error.message.contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn nothing_is_synced_for_events_that_end_soon_and_the_others_are() {
    let dir = TestFolder::new();
    let disk = Arc::new(FaultyDisk::default());
    let slow = Settings {
        sync_interval: Duration::from_millis(400),
        ..settings(dir.path())
    };
    let client = open_with(slow, "tenant", disk.clone());
    for n in 0..100 {
        let handle = client.append(&n.to_string()).unwrap();
        client.spool.acknowledge(handle);
    }
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(*disk.syncs.lock(), 0);
    client.append("stays").unwrap();
    client.wait_for("it is synced", |_| *disk.syncs.lock() == 1);
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(*disk.syncs.lock(), 1, "nothing is new");
    client.close();
}

#[test]
fn who_waits_for_each_sync_shares_it() {
    let dir = TestFolder::new();
    let disk = Arc::new(FaultyDisk::default());
    let each = Settings {
        sync: SyncPolicy::Each,
        ..settings(dir.path())
    };
    let client = open_with(each, "tenant", disk.clone());
    client.append("first").unwrap();
    assert_eq!(*disk.syncs.lock(), 1, "before the call returned");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..20).for_each(|_| assert!(client.append("x").is_ok())));
        }
    });
    assert!(*disk.syncs.lock() <= 161);
    assert_eq!(client.close(), 161);
}

#[test]
fn many_threads_append_read_and_end_and_nothing_is_lost_or_twice() {
    let dir = TestFolder::new();
    let bounded = Settings {
        max_bytes: 32 << 20,
        ..settings(dir.path())
    };
    let client = open_with(bounded, "tenant", Arc::new(SystemDisk));
    let (threads, each) = (4, 3000);
    let ended = crate::sys::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (client, ended) = (&client, &ended);
            scope.spawn(move || {
                for n in 0..each {
                    let key = format!("{thread}-{n}");
                    let handle = client.append_json(&key, &[b'x'; 300]).unwrap();
                    match n % 3 {
                        0 => client.leave(handle),
                        _ => {
                            client.spool.acknowledge(handle);
                            ended.lock().push(key);
                        }
                    }
                }
            });
        }
        let (client, ended) = (&client, &ended);
        scope.spawn(move || {
            let all = threads * each;
            while ended.lock().len() < all {
                while let Some((handle, event)) = client.spool.read_next() {
                    client.spool.acknowledge(handle);
                    ended.lock().push(event.unwrap().dedup_key);
                }
            }
        });
    });
    let ended = ended.lock();
    assert_eq!(ended.iter().collect::<BTreeSet<_>>().len(), ended.len());
    let stats = client.spool.stats();
    assert_eq!((stats.events, stats.bytes, stats.waiting), (0, 0, 0));
    client.wait_for("all is removed", |_| segments(dir.path()).len() <= 1);
    assert_eq!(client.close(), 0);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
