//! A spool's folder, its state and its disk; the files beside this one say what is done with them.
//!
//! One mutex guards what is known ([`State`]), and nothing touches the disk under it.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::disk::Disk;
use super::folders::{RunFolder, segment_name};
use super::record::Identity;
use super::state::{Handle, Run, RunKey, Segment, SegmentFile, SegmentKey, State, Trouble};
use crate::log::RateLimiter;
use crate::sys::files::Folder;
use crate::sys::sync::{Condvar, Mutex};

/// When an event on the disk is safe from a power failure too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPolicy {
    /// When the system gets round to it. From the end of the process it is safe at once.
    None,
    /// When the interval has passed.
    Interval,
    /// Before publishing returns.
    Each,
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub dir: PathBuf,
    /// Of all runs in the folder together.
    pub max_bytes: u64,
    pub max_age: Duration,
    pub sync: SyncPolicy,
    pub sync_interval: Duration,
}

/// Whoever delivers what was found. Called on the spool's thread and under no lock.
pub trait Listener: Send + Sync {
    /// Events of a process that has ended are about to wait here, under handles with this key.
    fn recovered(&self, run: RunKey, events: u64, bytes: u64);
    /// To take what memory has room for, by [`super::Spool::read_next`]: there is something new, or
    /// [`super::Spool::request_refill`] was called.
    fn refill(&self);
    /// Segments were removed, so that there is room for events.
    fn room(&self);
    /// The disk does not give back the record of an event that is held in memory: it is in memory only
    /// again. `false`: nobody holds it.
    fn unreadable(&self, handle: Handle) -> bool;
    /// To write some of the events that are in memory only, by [`super::Spool::append_late`]: the disk can
    /// be used again, there is room, or [`super::Spool::request_spill`] was called. Tells whether to be
    /// called again.
    fn spill(&self) -> bool;
}

/// Why an event is not in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no room within `max_bytes`.
    Full,
    /// It alone takes more than `max_bytes`.
    TooLong,
    /// The disk fails, or the spool is closed.
    Unavailable,
}

const SEGMENT_BYTES: u64 = 4 << 20;
/// The first one of a run; each next one is twice as long. So processes that die young, again and again, do
/// not fill the folder with room that they never used.
pub const FIRST_SEGMENT: u64 = 64 << 10;
/// A file system that is nearly full has room for a smaller one, but not for one that is not worth it.
pub const LEAST_SEGMENT: u64 = 16 << 10;
/// How long the disk is left alone after it failed: doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub struct Core {
    pub root: Folder,
    pub settings: Settings,
    pub identity: Identity,
    pub disk: Arc<dyn Disk>,
    pub listener: Arc<dyn Listener>,
    pub warnings: Arc<RateLimiter>,
    pub state: Mutex<State>,
    /// The thread waits here.
    pub work: Condvar,
    /// Callers wait here while another one makes a segment; and closing, for the thread to end.
    pub changed: Condvar,
    /// The file that was read last.
    pub reading: Mutex<Option<(SegmentKey, Arc<File>)>>,
}

impl Core {
    pub fn new(
        root: Folder,
        settings: Settings,
        identity: Identity,
        disk: Arc<dyn Disk>,
        listener: Arc<dyn Listener>,
        warnings: Arc<RateLimiter>,
    ) -> Core {
        Core {
            root,
            settings,
            identity,
            disk,
            listener,
            warnings,
            state: Mutex::default(),
            work: Condvar::new(),
            changed: Condvar::new(),
            reading: Mutex::default(),
        }
    }

    /// Begins the run that new events go to.
    pub fn begin_run(&self, now_ms: u64) -> io::Result<RunKey> {
        let folder = RunFolder::create(&self.root)?;
        let fingerprint = self.identity.fingerprint(folder.id);
        let mut state = self.state.lock();
        let key = state.next_key();
        state.add_run(key, Run::new(folder, fingerprint, now_ms));
        state.own = Some(key);
        Ok(key)
    }

    /// Segments are a fraction of the whole, so that room comes back in small pieces.
    pub fn segment_bytes(&self) -> u64 {
        let fraction = (self.settings.max_bytes / 8) & !4095;
        fraction.clamp(LEAST_SEGMENT, SEGMENT_BYTES)
    }

    /// A file for a segment, and its size: the one that is wanted, or a smaller one where the disk has
    /// no room for that.
    pub fn create_segment(
        &self,
        run: &RunFolder,
        number: u32,
        wanted: u64,
        least: u64,
    ) -> io::Result<(Arc<SegmentFile>, u64)> {
        let mut size = wanted;
        loop {
            match self.disk.create(&run.folder, &segment_name(number), size) {
                Ok(file) => {
                    let file = SegmentFile {
                        file,
                        named: AtomicBool::new(false),
                        commit: Default::default(),
                    };
                    return Ok((Arc::new(file), size));
                }
                Err(cause) if no_room(&cause) && size > least => size = (size / 2).max(least),
                Err(cause) => return Err(cause),
            }
        }
    }

    /// The disk has failed: it is left alone for a while, and the segment that was written to for good.
    pub fn fail(&self, state: &mut State, run: RunKey, what: &str, cause: &io::Error) {
        state.disk_errors += 1;
        if let Some(run) = state.runs.get_mut(&run) {
            run.active = None;
        }
        let wait = match &state.trouble {
            Some(trouble) => (trouble.wait * 2).min(LONGEST_WAIT),
            None => FIRST_WAIT,
        };
        state.trouble = Some(Trouble {
            wait,
            retry_at: Instant::now() + wait,
        });
        state.wake.dead = true;
        self.work.notify_all();
        state.warning = Some(format!(
            "{what} failed: {cause}; events wait in memory until the disk can be used again"
        ));
    }

    /// Whether the disk can be used again: makes the segment that new events will go to.
    pub fn recover_disk(&self, now_ms: u64) -> bool {
        let own = self.state.lock().own;
        let attempt = || {
            let key = match own {
                Some(key) => key,
                None => self.begin_run(now_ms)?,
            };
            let (folder, number) = {
                let mut state = self.state.lock();
                let run = state.runs.get_mut(&key).ok_or(io::ErrorKind::NotFound)?;
                run.next_number += 1;
                (Arc::clone(&run.folder), run.next_number - 1)
            };
            let wanted = self.segment_bytes().min(FIRST_SEGMENT);
            let (file, size) = self.create_segment(&folder, number, wanted, LEAST_SEGMENT)?;
            Ok((key, number, file, size))
        };
        let outcome: io::Result<_> = attempt();
        let mut state = self.state.lock();
        match outcome {
            Ok((key, number, file, size)) => {
                if let Some(run) = state.runs.get_mut(&key) {
                    run.active = Some(number);
                    let segment = Segment {
                        size,
                        file: Some(file),
                        ..Segment::default()
                    };
                    run.segments.insert(number, segment);
                    state.bytes += size;
                }
                state.trouble = None;
                state.wake.spill = true;
                true
            }
            Err(cause) => {
                let own = state.own.unwrap_or(RunKey::MAX);
                self.fail(&mut state, own, "using it again", &cause);
                false
            }
        }
    }
}

pub fn no_room(cause: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(cause.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
