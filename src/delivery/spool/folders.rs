//! The folders of a spool: one for each run, locked while its client lives, and one for what cannot be
//! read.
//!
//! A run that is not locked belongs to whoever locks it first. Rejected: a file that says who is alive
//! (a process id is used again, and the file outlives its process); the lock of a `flock` ends with the
//! process, however it ends.

use std::io;

use crate::sys::files::{FileLock, Folder};
use crate::sys::random;

const LOCK: &str = "lock";
const SUFFIX: &str = ".seg";
/// Where segments go that hold something which cannot be read.
pub const BAD: &str = "bad";
/// How much of that is kept: the oldest goes first.
const BAD_FILES: usize = 16;
const BAD_BYTES: u64 = 16 << 20;
/// More than this, and it is not bad luck.
const ATTEMPTS: usize = 100;

/// A run's folder that this client has locked.
pub struct RunFolder {
    pub id: u64,
    pub folder: Folder,
    _lock: FileLock,
}

pub fn run_name(id: u64) -> String {
    format!("{id:016x}")
}

/// The run that a folder of this name holds.
pub fn run_id(name: &str) -> Option<u64> {
    let id = u64::from_str_radix(name, 16).ok()?;
    (run_name(id) == name).then_some(id)
}

pub fn segment_name(number: u32) -> String {
    format!("{number:08}{SUFFIX}")
}

pub fn segment_number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(SUFFIX)?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

impl RunFolder {
    /// Begins a run.
    ///
    /// Whoever looks for runs to adopt may find it before it is locked, and removes it as an empty one;
    /// then another one is begun.
    pub fn create(root: &Folder) -> io::Result<RunFolder> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match Self::try_create(root) {
                Ok(Some(run)) => return Ok(run),
                Ok(None) => {}
                Err(cause) => match cause.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => last = Some(cause),
                    _ => return Err(cause),
                },
            }
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::WouldBlock.into()))
    }

    /// `None`: it was taken for one that is to be adopted.
    fn try_create(root: &Folder) -> io::Result<Option<RunFolder>> {
        let mut id = [0; 8];
        random::fill(&mut id).map_err(io::Error::other)?;
        let id = u64::from_le_bytes(id);
        let folder = root.create_folder(&run_name(id))?;
        let lock = folder.create_file(LOCK).and_then(FileLock::try_lock);
        if lock.is_err() {
            let _ = root.remove_folder(&run_name(id));
        }
        let lock = lock?.filter(|lock| holds(&folder, lock));
        Ok(lock.map(|lock| RunFolder {
            id,
            folder,
            _lock: lock,
        }))
    }

    /// Locks a run that nobody has locked; `None`: somebody has, or it is gone.
    pub fn adopt(root: &Folder, id: u64) -> io::Result<Option<RunFolder>> {
        let gone = |cause: io::Error| match cause.kind() {
            io::ErrorKind::NotFound => Ok(None),
            _ => Err(cause),
        };
        let folder = match root.open_folder(&run_name(id)) {
            Ok(folder) => folder,
            Err(cause) => return gone(cause),
        };
        // A process may have ended before it made the lock, or before it removed the folder.
        let file = match folder.open_or_create_file(LOCK) {
            Ok(file) => file,
            Err(cause) => return gone(cause),
        };
        let lock = FileLock::try_lock(file)?.filter(|lock| holds(&folder, lock));
        Ok(lock.map(|lock| RunFolder {
            id,
            folder,
            _lock: lock,
        }))
    }

    /// The numbers and sizes of the segments, in order.
    pub fn segments(&self) -> io::Result<Vec<(u32, u64)>> {
        let entries = self.folder.list()?;
        let segments = entries
            .iter()
            .filter_map(|entry| Some((segment_number(&entry.name)?, entry.bytes)));
        Ok(segments.collect())
    }

    /// Ends a run of which nothing is left. What is not ours keeps the folder where it is.
    pub fn remove(&self, root: &Folder) {
        // Whatever fails here is found, and tried again, by the next client that looks for runs.
        let _ = self.folder.remove_file(LOCK);
        let _ = root.remove_folder(&run_name(self.id));
    }
}

fn holds(folder: &Folder, lock: &FileLock) -> bool {
    lock.file().is_some_and(|file| folder.holds(LOCK, file))
}

/// Puts a segment where nobody looks for events, and removes the oldest of those that are there when they
/// are too many.
pub fn set_aside(root: &Folder, run: &RunFolder, number: u32) -> io::Result<()> {
    let bad = match root.open_folder(BAD) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => root.create_folder(BAD)?,
        outcome => outcome?,
    };
    let name = format!("{}-{}", run_name(run.id), segment_name(number));
    run.folder.move_to(&segment_name(number), &bad, &name)?;
    let mut entries = bad.list()?;
    entries.sort_by_key(|entry| (entry.name != name, std::cmp::Reverse(entry.modified)));
    let mut bytes = 0;
    for (n, entry) in entries.iter().enumerate() {
        bytes += entry.bytes;
        if n > 0 && (n >= BAD_FILES || bytes > BAD_BYTES) {
            let _ = bad.remove_file(&entry.name);
        }
    }
    Ok(())
}

/// What all runs and what is set aside take on the disk, without the runs that `ours` says.
pub fn bytes_of_others(root: &Folder, ours: impl Fn(u64) -> bool) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in root.list()? {
        let run = run_id(&entry.name);
        if !entry.is_folder || (run.is_none() && entry.name != BAD) || run.is_some_and(&ours) {
            continue;
        }
        // It may have been removed meanwhile.
        let files = root.open_folder(&entry.name).and_then(|f| f.list());
        bytes += files.iter().flatten().map(|file| file.bytes).sum::<u64>();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::testing::TestFolder;

    #[test]
    fn names_are_numbers_and_nothing_else_is_a_name() {
        assert_eq!(run_id(&run_name(0xab)), Some(0xab));
        assert_eq!(segment_number(&segment_name(7)), Some(7));
        for name in [
            "bad",
            "AB00000000000000",
            "+000000000000000",
            "ab",
            "",
            "..",
        ] {
            assert_eq!(run_id(name), None, "{name}");
        }
        for name in [
            "lock",
            "7.seg",
            "00000007.seg~",
            "-0000007.seg",
            "+0000007.seg",
        ] {
            assert_eq!(segment_number(name), None, "{name}");
        }
    }

    #[test]
    fn a_run_is_adopted_when_its_client_is_gone_and_by_one_only() {
        let test = TestFolder::new();
        let root = Folder::open_or_create(test.path()).unwrap();
        let run = RunFolder::create(&root).unwrap();
        let id = run.id;
        assert!(RunFolder::adopt(&root, id).unwrap().is_none());
        drop(run);
        let adopted = RunFolder::adopt(&root, id).unwrap().unwrap();
        assert!(RunFolder::adopt(&root, id).unwrap().is_none());
        adopted.remove(&root);
        assert!(RunFolder::adopt(&root, id).unwrap().is_none());
        assert_eq!(root.list().unwrap(), []);
    }

    #[test]
    fn two_who_begin_and_adopt_at_once_never_share_a_run() {
        let test = TestFolder::new();
        let root = Folder::open_or_create(test.path()).unwrap();
        std::thread::scope(|scope| {
            let sweeper = scope.spawn(|| {
                for _ in 0..3000 {
                    for entry in root.list().unwrap() {
                        let id = run_id(&entry.name).unwrap();
                        if let Some(run) = RunFolder::adopt(&root, id).unwrap() {
                            assert_eq!(run.segments().unwrap(), [], "its client lives");
                            run.remove(&root);
                        }
                    }
                }
            });
            while !sweeper.is_finished() {
                let run = RunFolder::create(&root).unwrap();
                run.folder.create_file(&segment_name(1)).unwrap();
                assert_eq!(run.segments().unwrap(), [(1, 0)]);
                run.folder.remove_file(&segment_name(1)).unwrap();
                run.remove(&root);
            }
        });
    }

    #[test]
    fn what_is_set_aside_is_bounded() {
        let test = TestFolder::new();
        let root = Folder::open_or_create(test.path()).unwrap();
        let run = RunFolder::create(&root).unwrap();
        for number in 0..40 {
            let file = run.folder.create_file(&segment_name(number)).unwrap();
            file.set_len(BAD_BYTES / 4).unwrap();
            set_aside(&root, &run, number).unwrap();
            let name = format!("{}-{}", run_name(run.id), segment_name(number));
            assert!(test.path().join(BAD).join(name).exists());
        }
        let bytes = bytes_of_others(&root, |id| id == run.id).unwrap();
        assert!((1..=BAD_BYTES).contains(&bytes), "{bytes}");
        assert_eq!(run.segments().unwrap(), []);
    }
}
