//! What a spool knows of its runs: which records are where, and which of them are still needed.
//!
//! Nothing here touches the disk. A segment has three sets of offsets: all its events, those that have not
//! ended (*live*), and those of them that nobody holds in memory (*waiting*).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::bitmap::Offsets;
use super::folders::RunFolder;
use super::record::{Fingerprint, GRANULE, Sequence, room};
use super::sync::GroupCommit;

/// A run, by a number that this client gives it.
pub type RunKey = u32;

/// An event in the spool. Equal where run and sequence number are.
#[derive(Debug, Clone, Copy)]
pub struct Handle {
    pub run: RunKey,
    pub sequence: Sequence,
    /// How much room its record takes.
    pub bytes: u32,
}

impl PartialEq for Handle {
    fn eq(&self, other: &Handle) -> bool {
        (self.run, self.sequence) == (other.run, other.sequence)
    }
}

impl Eq for Handle {}

impl Handle {
    pub fn segment(&self) -> SegmentKey {
        SegmentKey {
            run: self.run,
            number: self.sequence.segment(),
        }
    }
}

/// Events that were ended to make room, by the handles under which their owner knows them.
#[derive(Debug)]
pub struct Discarded {
    /// Nobody held them in memory.
    pub waiting: Vec<Handle>,
    /// Somebody did.
    pub held: Vec<Handle>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentKey {
    pub run: RunKey,
    pub number: u32,
}

/// An open segment.
pub struct SegmentFile {
    pub file: File,
    /// Its name is known to last through a power failure.
    pub named: AtomicBool,
    pub commit: GroupCommit,
}

/// Since when, and for how long, the disk is left alone after it failed.
pub struct Trouble {
    pub wait: Duration,
    pub retry_at: Instant,
}

#[derive(Default)]
pub struct Segment {
    /// Of its file.
    pub size: u64,
    /// Where the next record goes.
    pub tail: u64,
    pub events: Offsets,
    pub live: Offsets,
    pub waiting: Offsets,
    /// Of the live events.
    pub live_bytes: u64,
    /// Where records were begun and are not finished.
    pub writing: Vec<u64>,
    /// Up to where everything is known to last through a power failure.
    pub synced: u64,
    /// How far it was written when the last interval began.
    pub marked: u64,
    /// The segments of whose events it holds acknowledgements.
    pub acknowledges: BTreeSet<u32>,
    /// Where the last event ends.
    pub events_end: u64,
    /// It holds something that cannot be read.
    pub damaged: bool,
    /// A sync of it failed: what is in it has to move.
    pub untrusted: bool,
    /// Set while it is written to or has to be synced.
    pub file: Option<Arc<SegmentFile>>,
}

impl Segment {
    /// Up to where every record was written.
    pub fn written(&self) -> u64 {
        self.writing.iter().copied().min().unwrap_or(self.tail)
    }

    /// Whether there is an event between `synced` and `end` that a power failure must not take.
    pub fn has_unsynced(&self, end: u64) -> bool {
        let first = self.live.first_from(self.synced as u32);
        first.is_some_and(|first| u64::from(first) < end)
    }

    pub fn insert(&mut self, offset: u32, bytes: u64) {
        if self.events.insert(offset) {
            self.live.insert(offset);
            self.live_bytes += bytes;
            self.events_end = self.events_end.max(u64::from(offset) + bytes);
        }
    }

    /// How much room an event takes, up to the next one.
    pub fn room_at(&self, offset: u32) -> u32 {
        let next = self.events.first_from(offset + GRANULE as u32);
        next.unwrap_or(self.events_end as u32)
            .saturating_sub(offset)
    }

    /// An event has ended; tells whether that is news.
    pub fn end(&mut self, offset: u32, bytes: u64) -> bool {
        self.waiting.remove(offset);
        let news = self.live.remove(offset);
        if news {
            self.live_bytes = match self.live.is_empty() {
                true => 0,
                false => self.live_bytes.saturating_sub(bytes),
            };
        }
        news
    }

    /// The events that have ended.
    pub fn ended(&self) -> impl Iterator<Item = u32> {
        self.events
            .iter()
            .filter(|&offset| !self.live.contains(offset))
    }

    pub fn is_needed(&self) -> bool {
        !self.live.is_empty() || !self.writing.is_empty()
    }

    /// Whether there are events in it, and nobody is at work with any of them; `held` of them are in memory
    /// and may go.
    fn can_go(&self, held: u64) -> bool {
        let idle = self.waiting.len() + held;
        !self.live.is_empty() && self.writing.is_empty() && self.live.len() == idle
    }
}

pub struct Run {
    pub folder: Arc<RunFolder>,
    pub fingerprint: Fingerprint,
    pub segments: BTreeMap<u32, Segment>,
    /// The segment that is appended to.
    pub active: Option<u32>,
    pub next_number: u32,
    /// Of the next segment, if nothing speaks against it.
    pub next_size: u64,
    /// Somebody makes the next segment.
    pub creating: bool,
    /// Ended, but not written down yet.
    pub acknowledged: Vec<Sequence>,
    /// When its first event was accepted: older runs go first.
    pub first_ms: u64,
}

impl Run {
    pub fn new(folder: RunFolder, fingerprint: Fingerprint, first_ms: u64) -> Run {
        Run {
            folder: Arc::new(folder),
            fingerprint,
            segments: BTreeMap::new(),
            active: None,
            next_number: 1,
            next_size: 0,
            creating: false,
            acknowledged: Vec::new(),
            first_ms,
        }
    }

    pub fn live(&self) -> u64 {
        self.segments.values().map(|s| s.live.len()).sum()
    }

    pub fn bytes(&self) -> u64 {
        self.segments.values().map(|s| s.size).sum()
    }

    /// Nothing is left, and nobody is writing.
    pub fn is_finished(&self) -> bool {
        !self.creating && !self.segments.values().any(Segment::is_needed)
    }

    /// Acknowledgements that are worth writing down: of events whose segments are still there.
    pub fn take_acknowledged(&mut self) -> Vec<Sequence> {
        let mut all = std::mem::take(&mut self.acknowledged);
        all.retain(|sequence| self.segments.contains_key(&sequence.segment()));
        all
    }

    /// Numbers of segments that nothing is left of.
    pub fn dead(&self) -> Vec<u32> {
        let dead = |(number, segment): &(&u32, &Segment)| {
            Some(**number) != self.active && !segment.is_needed()
        };
        let dead = self.segments.iter().filter(dead);
        dead.map(|(number, _)| *number).collect()
    }
}

#[derive(Default)]
pub struct State {
    pub runs: BTreeMap<RunKey, Run>,
    /// The run that new events go to.
    pub own: Option<RunKey>,
    next_key: RunKey,
    pub trouble: Option<Trouble>,
    /// How often the disk failed.
    pub disk_errors: u64,
    /// Events that nobody holds in memory.
    pub waiting: u64,
    /// Of the segments of all runs of this client's.
    pub bytes: u64,
    /// Of everything else in the spool's folder, when it was last counted.
    pub bytes_of_others: u64,
    /// Events that were moved, because a sync of their segment failed.
    pub moved: HashMap<(RunKey, Sequence), Handle>,
    /// The handles under which their owner knows them.
    pub known_as: HashMap<(RunKey, Sequence), Handle>,
    pub closing: bool,
    /// The thread has done its last work.
    pub exited: bool,
    /// What the thread is to log: a line is never written under a lock.
    pub warning: Option<String>,
    /// The first look for runs to adopt is over.
    pub looked: bool,
    pub wake: Wake,
}

/// What the thread has been asked to do.
#[derive(Default)]
pub struct Wake {
    /// Something was appended since the last interval.
    pub appended: bool,
    pub acknowledged: bool,
    /// So much has ended that it is worth writing down at once.
    pub batch: bool,
    pub dead: bool,
    /// Memory has room for what waits here.
    pub refill: bool,
    /// There may be events in memory only, for which there may be room here now.
    pub spill: bool,
}

impl State {
    pub fn segment(&mut self, key: SegmentKey) -> Option<&mut Segment> {
        self.runs.get_mut(&key.run)?.segments.get_mut(&key.number)
    }

    pub fn next_key(&mut self) -> RunKey {
        self.next_key += 1;
        self.next_key
    }

    pub fn add_run(&mut self, key: RunKey, run: Run) {
        self.bytes += run.bytes();
        let waiting = run.segments.values().map(|s| s.waiting.len());
        self.waiting += waiting.sum::<u64>();
        self.runs.insert(key, run);
    }

    /// Where the event is now.
    pub fn resolve(&self, mut handle: Handle) -> Handle {
        while let Some(moved) = self.moved.get(&(handle.run, handle.sequence)) {
            handle = *moved;
        }
        handle
    }

    /// The handle under which the owner of an event knows it.
    pub fn known(&self, handle: Handle) -> Handle {
        let known = self.known_as.get(&(handle.run, handle.sequence));
        known.copied().unwrap_or(handle)
    }

    /// The event is somewhere else now.
    pub fn note_move(&mut self, from: Handle, to: Handle) {
        let known = self.known_as.remove(&(from.run, from.sequence));
        self.known_as
            .insert((to.run, to.sequence), known.unwrap_or(from));
        self.moved.insert((from.run, from.sequence), to);
    }

    /// The oldest event that nobody holds in memory, which from now on the caller does.
    pub fn next_waiting(&mut self) -> Option<Handle> {
        if self.waiting == 0 {
            return None;
        }
        let waits = |run: &Run| run.segments.values().any(|s| !s.waiting.is_empty());
        let runs = self.runs.iter_mut().filter(|(_, run)| waits(run));
        let (&key, run) = runs.min_by_key(|(key, run)| (run.first_ms, **key))?;
        let mut segments = run.segments.iter_mut();
        let (&number, segment) = segments.find(|(_, s)| !s.waiting.is_empty())?;
        let offset = segment.waiting.first_from(0)?;
        segment.waiting.remove(offset);
        self.waiting -= 1;
        Some(Handle {
            run: key,
            sequence: Sequence::new(number, offset),
            bytes: segment.room_at(offset),
        })
    }

    /// Ends an event.
    pub fn end(&mut self, mut handle: Handle) {
        while let Some(moved) = self.moved.remove(&(handle.run, handle.sequence)) {
            handle = moved;
        }
        self.known_as.remove(&(handle.run, handle.sequence));
        let Some(run) = self.runs.get_mut(&handle.run) else {
            return;
        };
        let (number, offset) = (handle.sequence.segment(), handle.sequence.offset());
        let Some(segment) = run.segments.get_mut(&number) else {
            return;
        };
        self.waiting -= u64::from(segment.waiting.contains(offset));
        if !segment.end(offset, u64::from(handle.bytes)) {
            return;
        }
        self.wake.dead |= !segment.is_needed() && run.active != Some(number);
        run.acknowledged.push(handle.sequence);
    }

    /// Ends all events of the oldest segment that nobody is at work with: each of its events waits, or is
    /// among those that are `held` in memory and may go. So an event that is being sent, written, read or
    /// moved stays where it is, with those around it, until that has an end.
    pub fn discard_oldest(&mut self, held: impl Iterator<Item = Handle>) -> Option<Discarded> {
        let mut held_in: HashMap<SegmentKey, Vec<Handle>> = HashMap::new();
        for known in held {
            let segment = self.resolve(known).segment();
            held_in.entry(segment).or_default().push(known);
        }
        let held_of = |key: &SegmentKey| held_in.get(key).map_or(0, Vec::len) as u64;
        let mut runs: Vec<(u64, RunKey)> = Vec::new();
        runs.extend(self.runs.iter().map(|(key, run)| (run.first_ms, *key)));
        runs.sort_unstable();
        let key = runs.iter().find_map(|&(_, run)| {
            let mut segments = self.runs.get(&run)?.segments.iter();
            segments.find_map(|(&number, segment)| {
                let key = SegmentKey { run, number };
                segment.can_go(held_of(&key)).then_some(key)
            })
        })?;
        let run = self.runs.get_mut(&key.run)?;
        if run.active == Some(key.number) {
            run.active = None;
        }
        let segment = run.segments.get_mut(&key.number)?;
        let waiting = std::mem::take(&mut segment.waiting);
        let room = |offset| segment.room_at(offset);
        let handle = |offset| Handle {
            run: key.run,
            sequence: Sequence::new(key.number, offset),
            bytes: room(offset),
        };
        let handles: Vec<Handle> = waiting.iter().map(handle).collect();
        (segment.live, segment.live_bytes) = Default::default();
        self.waiting -= waiting.len();
        Some(Discarded {
            waiting: handles.into_iter().map(|at| self.known(at)).collect(),
            held: held_in.remove(&key).unwrap_or_default(),
        })
    }

    pub fn any_dead(&self) -> bool {
        self.runs.values().any(|run| !run.dead().is_empty())
    }

    /// Bytes of the records of events that have not ended.
    pub fn live_bytes(&self) -> u64 {
        let segments = self.runs.values().flat_map(|run| run.segments.values());
        segments.map(|segment| segment.live_bytes).sum()
    }

    pub fn live(&self) -> u64 {
        self.runs.values().map(Run::live).sum()
    }
}

/// The room that the record of a body of this length takes; `None`: more than any segment may have.
pub fn record_room(length: usize) -> Option<u32> {
    u32::try_from(length)
        .ok()
        .map(|length| room(u64::from(length)))
        .filter(|&room| room <= MAX_SEGMENT)
        .map(|room| room as u32)
}

/// No segment is longer, however long its one event is.
pub const MAX_SEGMENT: u64 = 256 << 20;
