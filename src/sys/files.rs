//! Files in a folder of ours.
//!
//! Everything is named relative to an open folder, so that nobody can put another one in its place
//! between two calls. No symbolic link is followed, no descriptor reaches a program that the application
//! executes, and what belongs to another user is refused.

use std::fs::{File, TryLockError};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, FallocateFlags, OFlag, fallocate, open, openat, renameat};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat, mkdirat};
use nix::sys::uio::pwritev;
use nix::unistd::{UnlinkatFlags, fdatasync, fsync, geteuid, unlinkat};

use crate::sys::sync::{Mutex, MutexGuard};

const PRIVATE_FOLDER: Mode = Mode::S_IRWXU;
const PRIVATE_FILE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);

/// An open folder.
#[derive(Debug)]
pub struct Folder(OwnedFd);

/// What lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub is_folder: bool,
    /// The length of a file; 0 for anything else.
    pub bytes: u64,
    pub modified: SystemTime,
}

impl Folder {
    /// Opens the folder at `path`, and makes it, with those above it, where it does not exist.
    pub fn open_or_create(path: &Path) -> io::Result<Folder> {
        match Self::open_path(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            outcome => return outcome,
        }
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(PRIVATE_FOLDER.bits())
            .create(path)?;
        Self::open_path(path)
    }

    fn open_path(path: &Path) -> io::Result<Folder> {
        let folder = Folder(open(path, folder_flags(), Mode::empty()).map_err(io::Error::from)?);
        // A folder of the system's, such as /var/spool/…, may hold folders of ours.
        folder.check_owner(&[geteuid().as_raw(), 0])?;
        Ok(folder)
    }

    /// Opens a folder that belongs to this user.
    pub fn open_folder(&self, name: &str) -> io::Result<Folder> {
        let folder = Folder(openat(&self.0, name, folder_flags(), Mode::empty())?);
        folder.check_owner(&[geteuid().as_raw()])?;
        Ok(folder)
    }

    fn check_owner(&self, allowed: &[u32]) -> io::Result<()> {
        let owner = fstat(&self.0)?.st_uid;
        if allowed.contains(&owner) {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("it belongs to another user (uid {owner})"),
        ))
    }

    /// Makes a folder that no other user can open, and opens it.
    pub fn create_folder(&self, name: &str) -> io::Result<Folder> {
        mkdirat(&self.0, name, PRIVATE_FOLDER)?;
        self.open_folder(name)
    }

    /// Makes a file that does not exist yet and that no other user can open.
    pub fn create_file(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL)
    }

    /// Opens a file of this user's, and makes it where it does not exist.
    pub fn open_or_create_file(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlag::O_RDWR | OFlag::O_CREAT)
    }

    /// Opens a file of this user's.
    pub fn open_file(&self, name: &str) -> io::Result<File> {
        self.open_at(name, OFlag::O_RDWR)
    }

    fn open_at(&self, name: &str, flags: OFlag) -> io::Result<File> {
        // Without O_NONBLOCK, a pipe of that name would wait for somebody to read it.
        let flags = flags | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let file = match openat(&self.0, name, flags, PRIVATE_FILE) {
            Ok(file) => File::from(file),
            Err(Errno::ELOOP) => {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "a symbolic link",
                ));
            }
            Err(cause) => return Err(cause.into()),
        };
        let stat = fstat(&file)?;
        if !is(&stat, SFlag::S_IFREG) || stat.st_uid != geteuid().as_raw() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "not a regular file of this user's",
            ));
        }
        Ok(file)
    }

    /// Whether `name` is still the file that was opened under it.
    pub fn holds(&self, name: &str, file: &File) -> bool {
        let at = |stat: FileStat| (stat.st_dev, stat.st_ino);
        let named = fstatat(&self.0, name, AtFlags::AT_SYMLINK_NOFOLLOW).map(at);
        named.is_ok() && named == fstat(file).map(at)
    }

    pub fn remove_file(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, UnlinkatFlags::NoRemoveDir)?)
    }

    /// Removes a folder that is empty.
    pub fn remove_folder(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, UnlinkatFlags::RemoveDir)?)
    }

    /// Moves what is called `name` here into another folder.
    pub fn move_to(&self, name: &str, to: &Folder, new_name: &str) -> io::Result<()> {
        Ok(renameat(&self.0, name, &to.0, new_name)?)
    }

    /// What lies in this folder, by name. What vanishes meanwhile, or has a name that is not UTF-8, which
    /// none of ours has, is left out.
    pub fn list(&self) -> io::Result<Vec<Entry>> {
        let mut folder = Dir::openat(&self.0, ".", folder_flags(), Mode::empty())?;
        let mut entries = Vec::new();
        for entry in folder.iter() {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if matches!(name, "." | "..") {
                continue;
            }
            let Ok(stat) = fstatat(&self.0, name, AtFlags::AT_SYMLINK_NOFOLLOW) else {
                continue;
            };
            entries.push(Entry {
                name: name.to_owned(),
                is_folder: is(&stat, SFlag::S_IFDIR),
                bytes: match is(&stat, SFlag::S_IFREG) {
                    true => stat.st_size.unsigned_abs(),
                    false => 0,
                },
                modified: SystemTime::UNIX_EPOCH
                    + Duration::from_secs(stat.st_mtime.max(0).unsigned_abs()),
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Makes what was created and removed in this folder last through a power failure.
    pub fn sync(&self) -> io::Result<()> {
        Ok(fsync(&self.0)?)
    }
}

fn folder_flags() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC
}

fn is(stat: &FileStat, kind: SFlag) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == kind
}

/// Takes room on the disk for a new file, which reads as zeros.
pub fn allocate(file: &File, bytes: u64) -> io::Result<()> {
    // Beyond this limit a write raises SIGXFSZ, which would end the application.
    let (limit, _) = getrlimit(Resource::RLIMIT_FSIZE)?;
    if bytes > limit {
        return Err(Errno::EFBIG.into());
    }
    match fallocate(file, FallocateFlags::empty(), 0, bytes as i64) {
        Ok(()) => Ok(()),
        // A file system without it: room is taken as it is written.
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => file.set_len(bytes),
        Err(cause) => Err(cause.into()),
    }
}

/// Writes all parts, one after the other, beginning at `at`: with one call, but where the system cuts it
/// short.
pub fn write_at(file: &File, parts: &[IoSlice<'_>], at: u64) -> io::Result<()> {
    let all: usize = parts.iter().map(|part| part.len()).sum();
    let mut written = loop {
        match pwritev(file, parts, at as i64) {
            Err(Errno::EINTR) => {}
            outcome => break outcome?,
        }
    };
    if written == all {
        return Ok(());
    }
    if written == 0 {
        return Err(io::ErrorKind::WriteZero.into());
    }
    let mut start = 0;
    for part in parts {
        let skip = written.saturating_sub(start).min(part.len());
        start += part.len();
        if skip < part.len() {
            file.write_all_at(&part[skip..], at + written as u64)?;
            written += part.len() - skip;
        }
    }
    Ok(())
}

/// Makes what was written to the file last through a power failure.
pub fn sync_data(file: &File) -> io::Result<()> {
    Ok(fdatasync(file)?)
}

/// A file that is locked for as long as this lives, or until its process ends, however it ends.
///
/// The lock belongs to the open file, which a forked child would share: its parent's lock would hold for
/// as long as the child lives. Hence the table of [`HELD`] descriptors, which the child closes.
#[derive(Debug)]
pub struct FileLock {
    file: Option<File>,
    process: u32,
}

/// The descriptors of the locks that this process holds.
static HELD: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

impl FileLock {
    /// Locks the file; `None`: somebody else has.
    pub fn try_lock(file: File) -> io::Result<Option<FileLock>> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(cause)) => return Err(cause),
        }
        HELD.lock().push(file.as_fd().as_raw_fd());
        Ok(Some(FileLock {
            file: Some(file),
            process: std::process::id(),
        }))
    }

    pub fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else {
            return;
        };
        if self.process != std::process::id() {
            // The descriptor was closed when the child began; its number may be somebody else's by now.
            std::mem::forget(file);
            return;
        }
        let mut held = HELD.lock();
        held.retain(|&descriptor| descriptor != file.as_raw_fd());
        drop(file);
    }
}

/// The table of locks, held across `fork()`.
pub fn hold_locks_for_fork() -> MutexGuard<'static, Vec<RawFd>> {
    HELD.lock()
}

/// Lets a forked child go without its parent's locks: they end with the parent.
pub fn close_inherited_locks(held: &mut Vec<RawFd>) {
    for descriptor in held.drain(..) {
        // Its owner in this process was inherited as well, and never closes it (see the destructor).
        let _ = nix::unistd::close(descriptor);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::sys::testing::TestFolder;

    fn open(folder: &TestFolder) -> Folder {
        Folder::open_or_create(folder.path()).unwrap()
    }

    #[test]
    fn what_is_made_is_private_and_links_are_not_followed() {
        let test = TestFolder::new();
        let inner = Folder::open_or_create(&test.path().join("a/b")).unwrap();
        inner.create_folder("c").unwrap();
        inner.create_file("f").unwrap();
        for (path, mode) in [
            ("a", 0o700),
            ("a/b", 0o700),
            ("a/b/c", 0o700),
            ("a/b/f", 0o600),
        ] {
            let found = std::fs::metadata(test.path().join(path)).unwrap();
            assert_eq!(found.permissions().mode() & 0o777, mode, "{path}");
        }
        symlink(test.path().join("a/b/f"), test.path().join("a/b/link")).unwrap();
        symlink(test.path().join("a"), test.path().join("folder-link")).unwrap();
        assert!(inner.open_file("link").is_err());
        assert!(Folder::open_or_create(&test.path().join("folder-link")).is_err());
        assert!(inner.create_file("f").is_err(), "it exists");
        assert!(inner.open_file("c").is_err(), "a folder is not a file");
    }

    #[test]
    fn parts_are_written_one_after_the_other() {
        let test = TestFolder::new();
        let file = open(&test).create_file("f").unwrap();
        allocate(&file, 100).unwrap();
        let parts = [
            IoSlice::new(b"one"),
            IoSlice::new(b""),
            IoSlice::new(b"two"),
        ];
        write_at(&file, &parts, 10).unwrap();
        let mut found = [0; 100];
        file.read_exact_at(&mut found, 0).unwrap();
        assert_eq!(&found[8..18], b"\0\0onetwo\0\0");
    }

    #[test]
    fn a_lock_is_held_by_one_and_ends_with_it() {
        let test = TestFolder::new();
        let folder = open(&test);
        let first = FileLock::try_lock(folder.create_file("lock").unwrap()).unwrap();
        assert!(first.is_some());
        let second = || FileLock::try_lock(folder.open_file("lock").unwrap()).unwrap();
        assert!(second().is_none());
        drop(first);
        let second = second().unwrap();
        assert!(folder.holds("lock", second.file().unwrap()));
        folder.remove_file("lock").unwrap();
        assert!(!folder.holds("lock", second.file().unwrap()));
    }

    #[test]
    fn a_listing_says_what_lies_where() {
        let test = TestFolder::new();
        let folder = open(&test);
        folder.create_folder("b").unwrap();
        let file = folder.create_file("a").unwrap();
        file.set_len(7).unwrap();
        let found: Vec<_> = folder.list().unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|entry| (entry.name.as_str(), entry.is_folder, entry.bytes))
            .collect();
        assert_eq!(found, [("a", false, 7), ("b", true, 0)]);
    }
}
