//! Reading events that nobody holds in memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::folders::{RunFolder, segment_name};
use super::record::{EventBody, HEADER, Header, Kind, Sequence};
use super::scan::{Place, is_at};
use super::state::{Handle, record_room};
use super::store::{Core, Refused};

/// An event's header and most bodies come with one read.
const FIRST_READ: usize = 4096;

/// An event that was read from the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpooledEvent {
    pub accepted_ms: u64,
    pub dedup_key: String,
    /// Trace id and span id.
    pub trace: Option<(String, String)>,
    pub json: Vec<u8>,
}

impl Core {
    /// The caller does not keep the event in memory: it is going to be read again. `false`: it has ended
    /// meanwhile, as one of the oldest.
    pub fn leave(&self, handle: Handle) -> bool {
        let mut state = self.state.lock();
        let handle = state.resolve(handle);
        let offset = handle.sequence.offset();
        if let Some(segment) = state.segment(handle.segment())
            && segment.live.contains(offset)
            && segment.waiting.insert(offset)
        {
            state.waiting += 1;
            return true;
        }
        false
    }

    /// The oldest event that nobody holds in memory. `Err`: it was there, and cannot be read any more;
    /// it has ended.
    pub fn read_next(&self) -> Option<(Handle, Result<SpooledEvent, String>)> {
        let mut handle = self.state.lock().next_waiting()?;
        loop {
            match self.read(handle) {
                Ok((_, event)) => return Some((self.state.lock().known(handle), Ok(event))),
                Err(cause) => {
                    let mut state = self.state.lock();
                    let moved = state.resolve(handle);
                    if moved == handle {
                        let known = state.known(handle);
                        state.end(known);
                        return Some((known, Err(cause.to_string())));
                    }
                    handle = moved;
                }
            }
        }
    }

    fn read(&self, handle: Handle) -> io::Result<(u32, SpooledEvent)> {
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let (run, file) = {
            let mut state = self.state.lock();
            let run = state.runs.get(&handle.run).ok_or_else(gone)?;
            let run = Arc::clone(&run.folder);
            let segment = state.segment(handle.segment());
            (run, segment.and_then(|segment| segment.file.clone()))
        };
        match file {
            Some(segment) => read_event(&segment.file, run.id, handle.sequence),
            None => {
                let file = self.open_segment(&run, handle)?;
                read_event(&*file, run.id, handle.sequence)
            }
        }
    }

    fn open_segment(&self, run: &RunFolder, handle: Handle) -> io::Result<Arc<File>> {
        let key = handle.segment();
        let mut reading = self.reading.lock();
        if let Some((_, file)) = reading.as_ref().filter(|(open, _)| *open == key) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(run.folder.open_file(&segment_name(key.number))?);
        *reading = Some((key, Arc::clone(&file)));
        Ok(file)
    }

    /// An event that cannot be read is nowhere but in memory, if it is there. If it is not, whoever reads it
    /// next ends it.
    fn give_back(&self, mut handle: Handle) {
        let offset = handle.sequence.offset();
        let known = {
            let mut state = self.state.lock();
            match state.segment(handle.segment()) {
                Some(segment) if !segment.waiting.contains(offset) => {
                    handle.bytes = segment.room_at(offset);
                }
                _ => return,
            }
            state.known(handle)
        };
        if self.listener.unreadable(known) {
            self.state.lock().end(known);
        }
    }

    /// Moves an event out of a segment that is not trusted any more.
    pub fn relocate(&self, handle: Handle, run: &RunFolder, file: &File) -> Result<(), Refused> {
        let Ok((bytes, event)) = read_event(file, run.id, handle.sequence) else {
            self.give_back(handle);
            return Ok(());
        };
        let trace = event.trace.as_ref();
        let body = EventBody {
            dedup_key: &event.dedup_key,
            trace: trace.map(|(trace_id, span_id)| (trace_id.as_str(), span_id.as_str())),
            json: &event.json,
        };
        let moved = self.append(&body, event.accepted_ms)?;
        let mut state = self.state.lock();
        let offset = handle.sequence.offset();
        let Some(segment) = state.segment(handle.segment()) else {
            return Ok(());
        };
        let waited = segment.waiting.contains(offset);
        let was_live = segment.end(offset, u64::from(bytes));
        state.waiting -= u64::from(waited);
        if !was_live {
            // It ended meanwhile.
            state.end(moved);
            return Ok(());
        }
        state.note_move(handle, moved);
        drop(state);
        if waited {
            self.leave(moved);
        }
        Ok(())
    }
}

/// Reads an event, and checks that it is the one.
pub fn read_event(
    file: &impl FileExt,
    run: u64,
    sequence: Sequence,
) -> io::Result<(u32, SpooledEvent)> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the record is damaged");
    let offset = sequence.offset();
    let place = Place {
        run,
        segment: sequence.segment(),
    };
    let mut bytes = vec![0; FIRST_READ];
    let mut length = 0;
    while length < HEADER {
        let read = file.read_at(&mut bytes[length..], u64::from(offset) + length as u64)?;
        if read == 0 {
            return Err(damaged());
        }
        length += read;
    }
    let header = bytes.first_chunk::<HEADER>().and_then(Header::decode);
    let header = header.filter(|header| is_at(header, place, offset as usize));
    let header = header
        .filter(|header| header.kind == Kind::Event)
        .ok_or_else(damaged)?;
    let room = record_room(header.length as usize).ok_or_else(damaged)?;
    let end = HEADER + header.length as usize;
    if end > length {
        bytes.resize(end, 0);
        file.read_exact_at(&mut bytes[length..], u64::from(offset) + length as u64)?;
    }
    let body = &bytes[HEADER..end];
    if crc32fast::hash(body) != header.body_crc {
        return Err(damaged());
    }
    let event = EventBody::decode(body).ok_or_else(damaged)?;
    let spooled = SpooledEvent {
        accepted_ms: header.accepted_ms,
        dedup_key: event.dedup_key.to_owned(),
        trace: event
            .trace
            .map(|(trace, span)| (trace.to_owned(), span.to_owned())),
        json: event.json.to_vec(),
    };
    Ok((room, spooled))
}
