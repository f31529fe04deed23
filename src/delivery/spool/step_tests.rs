//! Kills at every step, and damage at every place: what is promised comes back, and nothing else does.
//!
//! Beside the tests that kill processes at random moments, these miss no moment between two operations on
//! the disk, nor the one in the middle of a write.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::disk::{Disk, SystemDisk};
use super::state::Handle;
use super::store::{Settings, SyncPolicy};
use super::testing::*;
use crate::sys::files::Folder;
use crate::sys::sync::Mutex;
use crate::sys::testing::TestFolder;

/// A disk that looks, at each step, what a kill would leave.
struct Stepwise {
    dir: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    begun: BTreeSet<String>,
    accepted: BTreeSet<String>,
    ended: BTreeSet<String>,
    steps: usize,
    rolls: usize,
}

impl Stepwise {
    fn new(dir: &TestFolder) -> Arc<Self> {
        Arc::new(Stepwise {
            dir: dir.path().to_owned(),
            seen: Mutex::default(),
        })
    }

    /// The process is killed here, and two others come at once.
    fn step(&self) {
        let accepted = self.seen.lock().accepted.clone();
        let copy = killed(&self.dir);
        let next = [open(copy.path()), open(copy.path())];
        let found: Vec<String> = next
            .iter()
            .flat_map(|next| next.read_all())
            .map(|(_, key)| key)
            .collect();
        let mut seen = self.seen.lock();
        seen.steps += 1;
        let once = keys(&found);
        assert_eq!(once.len(), found.len(), "twice: {found:?}");
        let lost: Vec<_> = accepted.difference(&once).collect();
        let lost: Vec<_> = lost
            .iter()
            .filter(|key| !seen.ended.contains(**key))
            .collect();
        assert!(lost.is_empty(), "step {}: {lost:?}", seen.steps);
        assert!(once.is_subset(&seen.begun), "{found:?}");
    }

    fn append(&self, client: &Client, key: &str) -> Handle {
        self.seen.lock().begun.insert(key.to_owned());
        let json = vec![b'x'; 300 + key.len() * 300];
        let handle = client.append_json(key, &json).unwrap();
        self.seen.lock().accepted.insert(key.to_owned());
        handle
    }

    fn acknowledge(&self, client: &Client, key: &str, handle: Handle) {
        self.seen.lock().ended.insert(key.to_owned());
        client.spool.acknowledge(handle);
    }
}

impl Disk for Stepwise {
    fn create(&self, folder: &Folder, name: &str, bytes: u64) -> io::Result<File> {
        self.step();
        let file = SystemDisk.create(folder, name, bytes)?;
        self.seen.lock().rolls += 1;
        self.step();
        Ok(file)
    }

    fn write(&self, file: &File, parts: &[IoSlice<'_>], at: u64) -> io::Result<()> {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
        for half in [&bytes[..bytes.len() / 2], &bytes[..]] {
            SystemDisk.write(file, &[IoSlice::new(half)], at)?;
            self.step();
        }
        Ok(())
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.step();
        SystemDisk.sync(file)
    }

    fn sync_folder(&self, folder: &Folder) -> io::Result<()> {
        SystemDisk.sync_folder(folder)
    }
}

fn small(dir: &TestFolder) -> Settings {
    Settings {
        // Segments of 16 KiB.
        max_bytes: 128 << 10,
        sync: SyncPolicy::None,
        ..settings(dir.path())
    }
}

#[test]
fn a_kill_at_any_step_of_writing_rolling_and_recovering_loses_nothing() {
    let dir = TestFolder::new();
    let disk = Stepwise::new(&dir);
    let client = open_with(small(&dir), "tenant", disk.clone());
    for n in 0..60 {
        let key = n.to_string();
        let handle = disk.append(&client, &key);
        if n % 3 == 1 {
            disk.acknowledge(&client, &key, handle);
        }
    }
    client.close();
    disk.step();
    let written = std::mem::take(&mut disk.seen.lock().rolls);
    assert!(written >= 3, "{written} segments");

    // Whoever adopts what is left is killed too, while new events come.
    let adopter = open_with(small(&dir), "tenant", disk.clone());
    let left = adopter.read_all();
    let expected: Vec<_> = (0..60)
        .filter(|n| n % 3 != 1)
        .map(|n| n.to_string())
        .collect();
    assert!(left.iter().map(|(_, key)| key).eq(&expected));
    for (n, (handle, key)) in left.iter().enumerate() {
        disk.acknowledge(&adopter, key, *handle);
        if n % 8 == 0 {
            disk.append(&adopter, &format!("new {n}"));
            adopter.wait_for("the acknowledgements are written", |adopter| {
                !adopter.spool.has_unwritten()
            });
        }
    }
    assert_eq!(adopter.close(), 5);
    disk.step();
    let seen = disk.seen.lock();
    assert!(seen.steps > 150, "{}", seen.steps);
    drop(seen);
    assert_eq!(open(dir.path()).deliver_all().len(), 5);
}

/// A file with four events, of which the second has ended: its bytes, and where they are.
struct Original {
    dir: TestFolder,
    file: PathBuf,
    bytes: Vec<u8>,
    events: Vec<Range<usize>>,
    acknowledgement: Range<usize>,
}

impl Original {
    fn new() -> Self {
        let dir = TestFolder::new();
        let client = open_with(small(&dir), "tenant", Arc::new(SystemDisk));
        let handles: Vec<Handle> = (0..4)
            .map(|n| client.append(&n.to_string()).unwrap())
            .collect();
        client.spool.acknowledge(handles[1]);
        client.close();
        let file = segments(dir.path()).remove(0);
        let bytes = fs::read(&file).unwrap();
        let place = |handle: &Handle| {
            let start = handle.sequence.offset() as usize;
            start..start + handle.bytes as usize
        };
        let events: Vec<_> = handles.iter().map(place).collect();
        Original {
            acknowledgement: events[3].end..bytes.len(),
            dir,
            file,
            bytes,
            events,
        }
    }

    /// Opens a folder in which the file has these bytes, which differ from the original ones only there.
    fn check(&self, bytes: &[u8], changed: Range<usize>, what: &str) {
        let copy = killed(self.dir.path());
        let file = copy
            .path()
            .join(self.file.strip_prefix(self.dir.path()).unwrap());
        fs::write(file, bytes).unwrap();
        let next = open(copy.path());
        let found = next.read_all().into_iter().map(|(_, key)| key);
        let found: Vec<usize> = found.map(|key| key.parse().unwrap()).collect();
        let touched = |place: &Range<usize>| place.start < changed.end && changed.start < place.end;
        for (n, place) in self.events.iter().enumerate() {
            let times = found.iter().filter(|&&key| key == n).count();
            match n {
                1 if !touched(&self.acknowledgement) => {
                    assert_eq!(times, 0, "{what}: event {n} had ended");
                }
                // It may come again, where its end is not known any more.
                1 => assert!(times <= 1, "{what}: event {n}"),
                _ if touched(place) => assert!(times <= 1, "{what}: event {n}"),
                _ => assert_eq!(times, 1, "{what}: event {n}"),
            }
        }
        assert!(found.is_sorted(), "{what}: in order");
    }

    /// The file with one block written over.
    fn with_block(&self, at: usize, block: &[u8], what: &str) {
        let mut bytes = self.bytes.clone();
        bytes[at..at + block.len()].copy_from_slice(block);
        if bytes != self.bytes {
            self.check(&bytes, at..at + block.len(), what);
        }
    }
}

#[test]
fn a_file_that_is_damaged_anywhere_loses_what_is_damaged_and_nothing_else() {
    let original = Original::new();
    let bytes = &original.bytes;
    original.check(bytes, 0..0, "as it was");
    for cut in 0..bytes.len() {
        original.check(&bytes[..cut], cut..bytes.len(), &format!("cut at {cut}"));
    }
    for at in (0..bytes.len()).step_by(3) {
        let flipped = [bytes[at] ^ 1 << (at % 8)];
        original.with_block(at, &flipped, &format!("a bit of byte {at}"));
    }
    for size in [64, 256] {
        let starts = || {
            (0..bytes.len())
                .step_by(size)
                .filter(|at| at + size <= bytes.len())
        };
        for to in starts() {
            original.with_block(to, &vec![0; size], &format!("zeros at {to}"));
            for from in starts() {
                let block = bytes[from..from + size].to_vec();
                original.with_block(to, &block, &format!("{size} bytes of {from} at {to}"));
            }
        }
    }
}
