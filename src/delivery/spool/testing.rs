//! What the tests of the spool have in common.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Spool;
use super::disk::{Disk, SystemDisk};
use super::record::{EventBody, Identity};
use super::state::{Discarded, Handle, RunKey};
use super::store::{Listener, Refused, Settings, SyncPolicy};
use crate::sys::files::Folder;
use crate::sys::sync::Mutex;
use crate::sys::testing::TestFolder;

pub const ENOSPC: i32 = 28;
pub const EIO: i32 = 5;
pub const EROFS: i32 = 30;

/// Counts what it is told.
#[derive(Default)]
pub struct Heard(Mutex<(u64, u64)>);

impl Heard {
    pub fn recovered(&self) -> (u64, u64) {
        *self.0.lock()
    }
}

impl Listener for Heard {
    fn recovered(&self, _: RunKey, events: u64, bytes: u64) {
        let mut heard = self.0.lock();
        *heard = (heard.0 + events, heard.1 + bytes);
    }

    fn refill(&self) {}

    fn room(&self) {}

    fn unreadable(&self, _: Handle) -> bool {
        false
    }

    fn spill(&self) -> bool {
        false
    }
}

pub fn settings(dir: &Path) -> Settings {
    Settings {
        dir: dir.to_owned(),
        max_bytes: 256 << 20,
        max_age: Duration::from_secs(3600),
        sync: SyncPolicy::Interval,
        sync_interval: Duration::from_millis(50),
    }
}

pub fn identity(tenant: &str) -> Identity {
    Identity {
        service: "https://service".into(),
        tenant: tenant.into(),
        environment: "test".into(),
    }
}

pub struct Client {
    pub spool: Spool,
    pub heard: Arc<Heard>,
}

pub fn open(dir: &Path) -> Client {
    open_with(settings(dir), "tenant", Arc::new(SystemDisk))
}

pub fn open_with(settings: Settings, tenant: &str, disk: Arc<dyn Disk>) -> Client {
    let heard = Arc::new(Heard::default());
    let listener = Arc::clone(&heard) as Arc<dyn Listener>;
    let spool = Spool::open(settings, identity(tenant), disk, listener, Arc::default()).unwrap();
    Client { spool, heard }
}

pub fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

impl Client {
    pub fn append(&self, key: &str) -> Result<Handle, Refused> {
        self.append_json(key, br#"{"identifier":"step","payload":{}}"#)
    }

    pub fn append_json(&self, key: &str, json: &[u8]) -> Result<Handle, Refused> {
        let (dedup_key, trace) = (key, Some(("trace", "span")));
        self.spool.append(&EventBody {
            dedup_key,
            trace,
            json,
        })
    }

    /// Nobody holds it in memory.
    pub fn leave(&self, handle: Handle) {
        assert!(self.spool.leave(handle));
    }

    /// Makes room; `held` are in memory and may go.
    pub fn discard(&self, held: impl IntoIterator<Item = Handle>) -> Option<Discarded> {
        self.spool.discard_oldest(held.into_iter())
    }

    /// Gives how many events are left.
    pub fn close(&self) -> u64 {
        let left = self.spool.stats().events;
        self.spool.close(soon());
        left
    }

    /// Waits until the spool has looked for other runs, and reads all that waits.
    pub fn read_all(&self) -> Vec<(Handle, String)> {
        assert!(self.spool.wait_until_looked(soon()));
        let next = || self.spool.read_next();
        std::iter::from_fn(next)
            .map(|(handle, event)| (handle, event.unwrap().dedup_key))
            .collect()
    }

    /// [`Self::read_all`]; all of it ends.
    pub fn deliver_all(&self) -> Vec<String> {
        let all = self.read_all();
        all.iter()
            .for_each(|(handle, _)| self.spool.acknowledge(*handle));
        all.into_iter().map(|(_, key)| key).collect()
    }

    pub fn wait_for(&self, what: &str, mut ready: impl FnMut(&Client) -> bool) {
        let deadline = soon();
        while !ready(self) {
            assert!(Instant::now() < deadline, "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// What a process that is killed now leaves behind: the system has all that was written.
pub fn killed(dir: &Path) -> TestFolder {
    let copy = TestFolder::new();
    copy_folder(dir, copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    // What goes while it is copied was not needed.
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            fs::create_dir(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else {
            let _ = fs::copy(entry.path(), to);
        }
    }
}

/// Every segment below a folder.
pub fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(segments(&path));
        } else if path.extension().is_some_and(|e| e == "seg") {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub fn keys(of: impl IntoIterator<Item = impl ToString>) -> BTreeSet<String> {
    of.into_iter().map(|key| key.to_string()).collect()
}

/// A disk that fails where it is told to.
#[derive(Default)]
pub struct FaultyDisk {
    pub create: Mutex<Option<i32>>,
    pub write: Mutex<Option<i32>>,
    /// So many writes succeed before the next one fails.
    pub writes_before: Mutex<u32>,
    pub sync: Mutex<Option<i32>>,
    /// What could not be synced is gone: a system may drop it from its cache.
    pub forgets: Mutex<bool>,
    /// Files that were synced, by how often.
    pub syncs: Mutex<u64>,
}

fn fault(of: &Mutex<Option<i32>>) -> io::Result<()> {
    match *of.lock() {
        Some(errno) => Err(io::Error::from_raw_os_error(errno)),
        None => Ok(()),
    }
}

impl Disk for FaultyDisk {
    fn create(&self, folder: &Folder, name: &str, bytes: u64) -> io::Result<File> {
        fault(&self.create)?;
        SystemDisk.create(folder, name, bytes)
    }

    fn write(&self, file: &File, parts: &[IoSlice<'_>], at: u64) -> io::Result<()> {
        let mut before = self.writes_before.lock();
        if *before > 0 {
            *before -= 1;
            return SystemDisk.write(file, parts, at);
        }
        drop(before);
        if let Err(cause) = fault(&self.write) {
            // Half of it came through.
            let half = &parts[0][..parts[0].len() / 2];
            SystemDisk.write(file, &[IoSlice::new(half)], at)?;
            return Err(cause);
        }
        SystemDisk.write(file, parts, at)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        *self.syncs.lock() += 1;
        let outcome = fault(&self.sync);
        if outcome.is_err() && *self.forgets.lock() {
            let zeros = vec![0; file.metadata()?.len() as usize];
            SystemDisk.write(file, &[IoSlice::new(&zeros)], 0)?;
        }
        outcome?;
        SystemDisk.sync(file)
    }

    fn sync_folder(&self, folder: &Folder) -> io::Result<()> {
        SystemDisk.sync_folder(folder)
    }
}
