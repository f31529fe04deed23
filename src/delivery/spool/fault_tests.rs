//! What a spool does when the disk fails: publishing never fails for it, and nothing that was on the disk
//! is lost.

use std::sync::Arc;

use super::store::{Refused, Settings, SyncPolicy};
use super::testing::*;
use crate::sys::sync::Mutex;
use crate::sys::testing::TestFolder;

fn client(dir: &TestFolder, sync: SyncPolicy) -> (Client, Arc<FaultyDisk>) {
    let disk = Arc::new(FaultyDisk::default());
    let settings = Settings {
        sync,
        ..settings(dir.path())
    };
    (open_with(settings, "tenant", disk.clone()), disk)
}

fn set(fault: &Mutex<Option<i32>>, errno: impl Into<Option<i32>>) {
    *fault.lock() = errno.into();
}

/// Appends until the disk is used again.
fn come_back(client: &Client, key: &str) {
    client.wait_for("the disk is used again", |client| {
        client.append(key).is_ok()
    });
}

#[test]
fn a_full_a_failing_and_a_read_only_disk_are_left_alone_and_used_again() {
    for errno in [ENOSPC, EIO, EROFS] {
        let dir = TestFolder::new();
        let (client, disk) = client(&dir, SyncPolicy::Interval);
        set(&disk.create, errno);
        assert_eq!(client.append("in memory"), Err(Refused::Unavailable));
        assert_eq!(client.append("in memory too"), Err(Refused::Unavailable));
        assert_eq!(
            client.spool.stats().disk_errors,
            1,
            "the second one did not try"
        );
        client.wait_for("it is tried again", |c| c.spool.stats().disk_errors > 1);
        set(&disk.create, None);
        come_back(&client, "on the disk");
        assert_eq!(client.close(), 1);
        assert_eq!(open(dir.path()).deliver_all(), ["on the disk"]);
    }
}

#[test]
fn a_write_that_fails_costs_no_other_event() {
    for errno in [ENOSPC, EIO] {
        let dir = TestFolder::new();
        let (client, disk) = client(&dir, SyncPolicy::None);
        client.append("before").unwrap();
        set(&disk.write, errno);
        assert_eq!(client.append("in memory"), Err(Refused::Unavailable));
        set(&disk.write, None);
        come_back(&client, "after");
        assert_eq!(
            segments(dir.path()).len(),
            2,
            "the segment is not written to any more"
        );
        let copy = killed(dir.path());
        let next = open(copy.path());
        assert_eq!(next.deliver_all(), ["before", "after"]);
        assert_eq!(client.close(), 2);
    }
}

#[test]
fn acknowledgements_that_cannot_be_written_only_send_events_again() {
    let dir = TestFolder::new();
    let (client, disk) = client(&dir, SyncPolicy::None);
    let handles: Vec<_> = (0..200)
        .map(|n| client.append(&n.to_string()).unwrap())
        .collect();
    set(&disk.write, EIO);
    handles[..199]
        .iter()
        .for_each(|handle| client.spool.acknowledge(*handle));
    client.wait_for("it has failed", |client| {
        client.spool.stats().disk_errors > 0
    });
    let copy = killed(dir.path());
    assert_eq!(open(copy.path()).deliver_all().len(), 200);
    set(&disk.write, None);
    come_back(&client, "after");
    assert_eq!(client.spool.stats().events, 2);
    assert_eq!(client.close(), 2);
}

#[test]
fn after_a_failed_sync_the_events_move_to_a_file_that_can_be_trusted() {
    for sync in [SyncPolicy::Interval, SyncPolicy::Each] {
        let dir = TestFolder::new();
        let (client, disk) = client(&dir, sync);
        let first = client.append("held").unwrap();
        let second = client.append("waits").unwrap();
        client.leave(second);
        let failed = segments(dir.path()).remove(0);
        set(&disk.sync, EIO);
        if sync == SyncPolicy::Each {
            client.append("third").unwrap();
        }
        client.wait_for("it has failed", |client| {
            client.spool.stats().disk_errors > 0
        });
        set(&disk.sync, None);
        come_back(&client, "after");
        client.wait_for("its events have moved", |_| !failed.exists());
        let read = client.read_all();
        assert_eq!(
            read.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>(),
            ["waits"]
        );
        assert_eq!(
            read[0].0, second,
            "who has its handle need not know that it moved"
        );
        client.spool.acknowledge(first);
        client.spool.acknowledge(read[0].0);
        let left = match sync {
            SyncPolicy::Each => keys(["after", "third"]),
            _ => keys(["after"]),
        };
        assert_eq!(client.close(), left.len() as u64);
        assert_eq!(keys(open(dir.path()).deliver_all()), left);
    }
}

#[test]
fn a_full_file_system_gets_smaller_segments_and_what_fits() {
    let dir = TestFolder::new();
    let mount = |arguments: &[&str]| {
        let command = std::process::Command::new(arguments[0])
            .args(&arguments[1..])
            .output();
        command.is_ok_and(|output| output.status.success())
    };
    let path = dir.path().to_str().unwrap();
    if !mount(&[
        "mount",
        "-t",
        "tmpfs",
        "-o",
        "size=1m",
        "axonpush-test",
        path,
    ]) {
        eprintln!("skipped: mounting a file system needs rights that this user has not");
        return;
    }
    let spooled = std::panic::catch_unwind(|| {
        let client = open(dir.path());
        let mut handles = Vec::new();
        let refused = loop {
            match client.append_json(&handles.len().to_string(), &[b'x'; 1000]) {
                Ok(handle) => handles.push(handle),
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused, Refused::Unavailable, "it goes on in memory");
        assert!(handles.len() > 500, "{}", handles.len());
        handles
            .iter()
            .for_each(|handle| client.spool.acknowledge(*handle));
        come_back(&client, "after");
        assert_eq!(client.close(), 1);
        let next = open(dir.path());
        let after = next.deliver_all();
        next.close();
        after
    });
    assert!(mount(&["umount", "-l", path]));
    assert_eq!(spooled.unwrap(), ["after"]);
}
