//! Appending: records of events, and records which say that events have ended.
//!
//! The room for a record is reserved under the lock, and written without it, with one call.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::folders::RunFolder;
use super::record::{EventBody, Fingerprint, Header, Kind, Sequence, encode_acknowledgements};
use super::state::{Handle, RunKey, Segment, SegmentFile, SegmentKey, State, record_room};
use super::store::{Core, FIRST_SEGMENT, LEAST_SEGMENT, Refused, SyncPolicy};
use crate::sys::sync::MutexGuard;

/// Adopted runs take acknowledgements only.
const ACKNOWLEDGEMENT_SEGMENT: u64 = 64 << 10;
/// So many acknowledgements are not kept waiting for more.
const BATCH: usize = 256;

/// Room for a record.
struct Slot {
    segment: SegmentKey,
    run: Arc<RunFolder>,
    fingerprint: Fingerprint,
    file: Arc<SegmentFile>,
    offset: u64,
}

/// What a record is for.
#[derive(Clone, Copy)]
enum Content<'a> {
    Event {
        accepted_ms: u64,
    },
    /// Not bound by `max_bytes`: it is how room is made.
    Acknowledgements(&'a [Sequence]),
}

impl Core {
    /// Writes an event to the disk.
    pub fn append(&self, event: &EventBody, accepted_ms: u64) -> Result<Handle, Refused> {
        let (handle, slot) = self.write_event(event, accepted_ms)?;
        self.sync_each(&slot);
        Ok(handle)
    }

    /// Writes events to the disk, in this order, until one is refused; they share their syncs.
    pub fn append_late<'a>(
        &self,
        events: impl Iterator<Item = (EventBody<'a>, u64)>,
    ) -> Vec<Handle> {
        let mut handles = Vec::new();
        let mut last: Option<Slot> = None;
        for (event, accepted_ms) in events {
            let Ok((handle, slot)) = self.write_event(&event, accepted_ms) else {
                break;
            };
            handles.push(handle);
            if let Some(former) = last.filter(|former| former.segment != slot.segment) {
                self.sync_each(&former);
            }
            last = Some(slot);
        }
        if let Some(last) = last {
            self.sync_each(&last);
        }
        handles
    }

    fn write_event(&self, event: &EventBody, accepted_ms: u64) -> Result<(Handle, Slot), Refused> {
        let ids = event.ids().ok_or(Refused::TooLong)?;
        let room = record_room(ids.bytes().len() + event.json.len());
        if room.is_none_or(|room| u64::from(room) > self.settings.max_bytes) {
            return Err(Refused::TooLong);
        }
        let own = self.state.lock().own.ok_or(Refused::Unavailable)?;
        let content = Content::Event { accepted_ms };
        self.write(own, content, ids.bytes(), event.json)
    }

    fn sync_each(&self, slot: &Slot) {
        if self.settings.sync == SyncPolicy::Each {
            // A failure is dealt with, and is none of the caller's.
            self.sync(&slot.file, &slot.run, slot.segment);
        }
    }

    fn write(
        &self,
        run: RunKey,
        content: Content,
        ids: &[u8],
        rest: &[u8],
    ) -> Result<(Handle, Slot), Refused> {
        let length = ids.len() + rest.len();
        let room = record_room(length).ok_or(Refused::TooLong)?;
        let mut crc = crc32fast::Hasher::new();
        crc.update(ids);
        crc.update(rest);
        let slot = self.reserve(run, u64::from(room), content)?;
        let sequence = Sequence::new(slot.segment.number, slot.offset as u32);
        let (kind, accepted_ms) = match content {
            Content::Event { accepted_ms } => (Kind::Event, accepted_ms),
            Content::Acknowledgements(_) => (Kind::Acknowledgements, 0),
        };
        let header = Header {
            kind,
            length: length as u32,
            body_crc: crc.finalize(),
            sequence,
            accepted_ms,
            run: slot.run.id,
            fingerprint: slot.fingerprint,
        };
        let header = header.encode();
        let parts = [&header, ids, rest].map(IoSlice::new);
        let outcome = self.disk.write(&slot.file.file, &parts, slot.offset);
        self.written(&slot, room, content, outcome)?;
        let handle = Handle {
            run,
            sequence,
            bytes: room,
        };
        Ok((handle, slot))
    }

    fn reserve(&self, key: RunKey, room: u64, content: Content) -> Result<Slot, Refused> {
        let mut state = self.state.lock();
        loop {
            let is_event = matches!(content, Content::Event { .. });
            if state.trouble.is_some() || (state.closing && is_event) {
                return Err(Refused::Unavailable);
            }
            let (bytes, others) = (state.bytes, state.bytes_of_others);
            let run = state.runs.get_mut(&key).ok_or(Refused::Unavailable)?;
            if let Some(number) = run.active
                && let Some(segment) = run.segments.get_mut(&number)
                && let Some(file) = segment.file.clone()
                && segment.tail + room <= segment.size
            {
                let offset = segment.tail;
                segment.tail += room;
                segment.writing.push(offset);
                return Ok(Slot {
                    segment: SegmentKey { run: key, number },
                    run: Arc::clone(&run.folder),
                    fingerprint: run.fingerprint,
                    file,
                    offset,
                });
            }
            if run.creating {
                state = self.changed.wait(state);
                continue;
            }
            let (wanted, least) = match content {
                Content::Acknowledgements(_) => {
                    let wanted = ACKNOWLEDGEMENT_SEGMENT.max(room);
                    (wanted, room)
                }
                Content::Event { .. } => {
                    let size = run.next_size.max(FIRST_SEGMENT);
                    let wanted = size.min(self.segment_bytes()).max(room);
                    let least = LEAST_SEGMENT.min(wanted).max(room);
                    let left = self.settings.max_bytes.saturating_sub(bytes + others);
                    if left < least {
                        if !state.any_dead() {
                            return Err(Refused::Full);
                        }
                        drop(state);
                        self.remove_dead();
                        state = self.state.lock();
                        continue;
                    }
                    (wanted.min(left), least)
                }
            };
            state = self.roll(state, key, wanted, least)?;
        }
    }

    /// Makes the next segment of a run.
    fn roll<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        key: RunKey,
        wanted: u64,
        least: u64,
    ) -> Result<MutexGuard<'a, State>, Refused> {
        let run = state.runs.get_mut(&key).ok_or(Refused::Unavailable)?;
        run.creating = true;
        let number = run.next_number;
        run.next_number += 1;
        let folder = Arc::clone(&run.folder);
        drop(state);
        let outcome = self.create_segment(&folder, number, wanted, least);
        let mut state = self.state.lock();
        let keep_open = self.settings.sync == SyncPolicy::Interval;
        if let Some(run) = state.runs.get_mut(&key) {
            run.creating = false;
            if let Ok((file, size)) = &outcome {
                if let Some(former) = run
                    .active
                    .replace(number)
                    .and_then(|n| run.segments.get_mut(&n))
                    && !keep_open
                {
                    former.file = None;
                }
                run.segments.insert(
                    number,
                    Segment {
                        size: *size,
                        file: Some(Arc::clone(file)),
                        ..Segment::default()
                    },
                );
                run.next_size = size * 2;
                state.bytes += size;
                // The segment before may have ended already.
                state.wake.dead = true;
                self.work.notify_all();
            }
        }
        self.changed.notify_all();
        match outcome {
            Ok(_) => Ok(state),
            Err(cause) => {
                self.fail(&mut state, key, "making a segment", &cause);
                Err(Refused::Unavailable)
            }
        }
    }

    /// Notes what became of a write.
    fn written(
        &self,
        slot: &Slot,
        room: u32,
        content: Content,
        outcome: io::Result<()>,
    ) -> Result<(), Refused> {
        let mut state = self.state.lock();
        let keep_open = self.settings.sync == SyncPolicy::Interval;
        if let Some(run) = state.runs.get_mut(&slot.segment.run)
            && let Some(segment) = run.segments.get_mut(&slot.segment.number)
        {
            segment.writing.retain(|&at| at != slot.offset);
            match (&outcome, content) {
                (Ok(()), Content::Event { .. }) => {
                    segment.insert(slot.offset as u32, u64::from(room));
                }
                (Ok(()), Content::Acknowledgements(sequences)) => {
                    let segments = sequences.iter().map(|sequence| sequence.segment());
                    segment.acknowledges.extend(segments);
                }
                (Err(_), _) => {}
            }
            if !keep_open && run.active != Some(slot.segment.number) && segment.writing.is_empty() {
                segment.file = None;
            }
        }
        if let Err(cause) = outcome {
            self.fail(&mut state, slot.segment.run, "writing", &cause);
            return Err(Refused::Unavailable);
        }
        if keep_open && matches!(content, Content::Event { .. }) && !state.wake.appended {
            state.wake.appended = true;
            self.work.notify_all();
        }
        Ok(())
    }

    /// Makes what is in a segment last through a power failure.
    pub fn sync(&self, file: &SegmentFile, run: &RunFolder, segment: SegmentKey) -> bool {
        let outcome = file.commit.wait(|| {
            // Before the data, so that there is no moment at which the data is safe and its name is not.
            if !file.named.load(Ordering::Acquire) {
                self.disk.sync_folder(&self.root)?;
                self.disk.sync_folder(&run.folder)?;
                file.named.store(true, Ordering::Release);
            }
            self.disk.sync(&file.file)
        });
        let Err(cause) = outcome else {
            return true;
        };
        let mut state = self.state.lock();
        if let Some(segment) = state.segment(segment) {
            segment.untrusted = true;
        }
        if let Some(cause) = cause {
            self.fail(&mut state, segment.run, "syncing", &cause);
        }
        false
    }

    /// The event has ended, and is not needed any more. Writes nothing itself: the thread does.
    pub fn acknowledge(&self, handle: Handle) {
        let mut state = self.state.lock();
        let dead_before = state.wake.dead;
        state.end(handle);
        let first = !std::mem::replace(&mut state.wake.acknowledged, true);
        let run = state.runs.get(&handle.run);
        let many = run.is_some_and(|run| run.acknowledged.len() == BATCH);
        state.wake.batch |= many;
        if first || many || state.wake.dead != dead_before {
            self.work.notify_all();
        }
    }

    /// Writes down which events have ended since the last time.
    pub fn write_acknowledgements(&self) {
        let keys: Vec<RunKey> = self.state.lock().runs.keys().copied().collect();
        for key in keys {
            let sequences = {
                let mut state = self.state.lock();
                if state.trouble.is_some() {
                    return;
                }
                match state.runs.get_mut(&key) {
                    Some(run) if !run.is_finished() => run.take_acknowledged(),
                    _ => continue,
                }
            };
            self.append_acknowledgements(key, &sequences);
        }
    }

    /// An acknowledgement that is lost sends its event again, under the same key: no more is done for it.
    pub fn append_acknowledgements(&self, run: RunKey, sequences: &[Sequence]) {
        for sequences in sequences.chunks(1024) {
            let body = encode_acknowledgements(sequences);
            let _ = self.write(run, Content::Acknowledgements(sequences), &[], &body);
        }
    }
}
