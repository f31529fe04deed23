//! Taking over the runs of processes that have ended.

use std::io;
use std::os::unix::fs::FileExt;
use std::time::SystemTime;

use super::folders::{RunFolder, segment_name};
use super::record::{Identity, Kind, Sequence, decode_acknowledgements};
use super::scan::{self, Place};
use super::state::{MAX_SEGMENT, Run, Segment};
use crate::sys::files::Folder;

/// What a disk reads at a time: of a bad place, no more than this is lost.
const BLOCK: usize = 4096;

/// What became of a run that nobody had locked.
pub enum Adoption {
    Adopted(Box<Run>),
    /// Somebody has locked it, or it is gone.
    NotThere,
    /// Of another service, tenant or environment.
    Foreign(RunFolder),
    /// Written by a later version of this library.
    Newer,
}

/// Locks a run and finds out what is in it.
pub fn adopt(root: &Folder, id: u64, identity: &Identity) -> io::Result<Adoption> {
    let Some(folder) = RunFolder::adopt(root, id)? else {
        return Ok(Adoption::NotThere);
    };
    let fingerprint = identity.fingerprint(id);
    let mut run = Run::new(folder, fingerprint, u64::MAX);
    let mut ended: Vec<(u32, Sequence)> = Vec::new();
    let mut bytes = Vec::new();
    let mut whose = None;
    for (number, size) in run.folder.segments()? {
        run.next_number = run.next_number.max(number.saturating_add(1));
        let mut segment = Segment {
            size,
            tail: size,
            synced: size,
            marked: size,
            ..Segment::default()
        };
        let place = Place {
            run: id,
            segment: number,
        };
        // What cannot be opened, or is longer than any segment, is set aside.
        segment.damaged = !read(&run.folder, number, size, &mut bytes)?;
        if !bytes.is_empty() {
            whose = whose.or_else(|| scan::fingerprint(&bytes, place));
            if whose.is_some_and(|whose| whose != fingerprint) {
                return Ok(match std::sync::Arc::into_inner(run.folder) {
                    Some(folder) => Adoption::Foreign(folder),
                    None => Adoption::NotThere,
                });
            }
            let found = scan::scan(&bytes, place, |header, body| match header.kind {
                Kind::Event if header.fingerprint == fingerprint => {
                    run.first_ms = run.first_ms.min(header.accepted_ms);
                    segment.insert(header.sequence.offset(), header.room());
                }
                Kind::Acknowledgements => {
                    let sequences = decode_acknowledgements(body);
                    ended.extend(sequences.map(|sequence| (number, sequence)));
                }
                _ => {}
            });
            if found.unknown > 0 {
                return Ok(Adoption::Newer);
            }
            segment.damaged |= found.damaged > 0;
            if !segment.damaged && found.end < size {
                // The room that was not used goes back to the disk; if not, it merely takes more.
                let file = run.folder.folder.open_file(&segment_name(number));
                if file.and_then(|file| file.set_len(found.end)).is_ok() {
                    segment.size = found.end;
                }
            }
        }
        run.segments.insert(number, segment);
    }
    for (by, sequence) in ended {
        let offset = sequence.offset();
        if let Some(segment) = run.segments.get_mut(&sequence.segment())
            && segment.events.contains(offset)
        {
            segment.live.remove(offset);
            if let Some(by) = run.segments.get_mut(&by) {
                by.acknowledges.insert(sequence.segment());
            }
        }
    }
    for segment in run.segments.values_mut() {
        let rooms = segment.live.iter().map(|offset| segment.room_at(offset));
        segment.live_bytes = rooms.map(u64::from).sum();
        segment.waiting = segment.live.clone();
    }
    Ok(Adoption::Adopted(Box::new(run)))
}

/// Reads a whole segment; tells whether that was possible. What the disk does not give reads as zeros.
fn read(run: &RunFolder, number: u32, size: u64, bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.clear();
    if size > MAX_SEGMENT {
        return Ok(false);
    }
    let file = match run.folder.open_file(&segment_name(number)) {
        Ok(file) => file,
        // Not a segment. Any other failure may be over tomorrow.
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => return Ok(false),
        Err(cause) => return Err(cause),
    };
    bytes.resize(size as usize, 0);
    if file.read_exact_at(bytes, 0).is_ok() {
        return Ok(true);
    }
    let mut whole = true;
    for (n, block) in bytes.chunks_mut(BLOCK).enumerate() {
        if file.read_exact_at(block, (n * BLOCK) as u64).is_err() {
            block.fill(0);
            whole = false;
        }
    }
    Ok(whole)
}

/// When a run was last written to.
pub fn last_written(run: &RunFolder) -> io::Result<SystemTime> {
    let entries = run.folder.list()?;
    let newest = entries.iter().map(|entry| entry.modified).max();
    Ok(newest.unwrap_or(SystemTime::UNIX_EPOCH))
}
