//! What a fuzzer feeds the reader of segments (tests/fuzz).

use std::io;
use std::os::unix::fs::FileExt;

use super::read::read_event;
use super::record::{
    EventBody, HEADER, Header, Kind, Sequence, decode_acknowledgements, encode_acknowledgements,
};
use super::scan::{Place, fingerprint, is_at, scan};

const PLACE: Place = Place { run: 9, segment: 3 };
/// A segment of the fuzzer's does not grow beyond.
const MOST: usize = 64 * 1024;

/// A segment is written and then damaged, as the bytes say: records that are whole are found, and nothing that
/// was not written.
pub fn spool_segment(mut bytes: &[u8]) {
    let mut segment = Vec::new();
    let mut written: Vec<(usize, Vec<u8>)> = Vec::new();
    while let [what, a, b, rest @ ..] = bytes {
        bytes = rest;
        let (low, high) = (usize::from(*a), usize::from(*b));
        let at = (high << 8 | low) % segment.len().max(1);
        if segment.len() > MOST {
            break;
        }
        match what % 8 {
            0..3 => {
                let piece;
                (piece, bytes) = rest.split_at(rest.len().min(low));
                let (kind, body) = body(what % 8, high, &without_magic(piece));
                let record = record(segment.len(), kind, &body);
                written.push((segment.len(), record.clone()));
                segment.extend(record);
                segment.resize(segment.len().next_multiple_of(64), 0);
            }
            3 => {
                // What is no record, though it may begin where one could.
                let piece;
                (piece, bytes) = rest.split_at(rest.len().min(low));
                segment.extend(without_magic(piece));
                segment.resize(segment.len().next_multiple_of(64), 0);
            }
            _ if segment.is_empty() => {}
            4 => segment[at] ^= 1 << (what / 8 % 8),
            5 => {
                let end = segment.len().min(at + usize::from(*what));
                segment[at..end].fill(0);
            }
            6 => {
                // A block in the wrong place.
                let (block, blocks) = (64, segment.len() / 64);
                if blocks > 1 {
                    let (from, to) = (low % blocks * block, high % blocks * block);
                    segment.copy_within(from..from + block, to);
                }
            }
            _ => {
                // Nothing is written behind a cut.
                segment.truncate(at);
                break;
            }
        }
    }
    look_at(&segment, &written);
}

/// Neither an event nor chance makes a valid header; a fuzzer does, which reads them in our memory.
fn without_magic(piece: &[u8]) -> Vec<u8> {
    let replace = |byte: &u8| if b"AXSP".contains(byte) { b'.' } else { *byte };
    piece.iter().map(replace).collect()
}

fn body(what: u8, high: usize, piece: &[u8]) -> (Kind, Vec<u8>) {
    if what == 1 {
        let sequences = piece.iter().map(|n| Sequence::new(3, u32::from(*n) * 64));
        let sequences: Vec<Sequence> = sequences.collect();
        return (Kind::Acknowledgements, encode_acknowledgements(&sequences));
    }
    if what == 2 {
        // Whatever a defect of ours might have written.
        return (Kind::Event, piece.to_vec());
    }
    let key = "k".repeat(high % 50);
    let event = EventBody {
        dedup_key: &key,
        trace: high.is_multiple_of(3).then_some(("trace", "span")),
        json: piece,
    };
    let ids = event.ids().expect("short ids");
    (Kind::Event, [ids.bytes(), piece].concat())
}

fn record(at: usize, kind: Kind, body: &[u8]) -> Vec<u8> {
    let header = Header {
        kind,
        length: body.len() as u32,
        body_crc: crc32fast::hash(body),
        sequence: Sequence::new(PLACE.segment, at as u32),
        accepted_ms: 1,
        run: PLACE.run,
        fingerprint: [7; 16],
    };
    [&header.encode()[..], body].concat()
}

fn look_at(segment: &[u8], written: &[(usize, Vec<u8>)]) {
    let mut found = Vec::new();
    scan(segment, PLACE, |header, body| {
        let at = header.sequence.offset() as usize;
        found.push((at, [&header.encode()[..], body].concat()));
        match header.kind {
            Kind::Event => drop(EventBody::decode(body)),
            _ => assert!(decode_acknowledgements(body).count() <= body.len() / 8),
        }
    });
    for record in &found {
        assert!(written.contains(record), "a record that nobody wrote");
    }
    assert!(found.is_sorted_by_key(|(at, _)| *at));
    let whole =
        |(at, record): &&(usize, Vec<u8>)| segment[..].get(*at..*at + record.len()) == Some(record);
    for record in written.iter().filter(whole) {
        assert!(found.contains(record), "a whole record is not found");
    }
    let first = found.first().map(|_| [7; 16]);
    assert!(first.is_none() || fingerprint(segment, PLACE) == first);
    for (at, record) in written {
        let read = read_event(
            &Bytes(segment),
            PLACE.run,
            Sequence::new(PLACE.segment, *at as u32),
        );
        if let Ok((_, event)) = read {
            let is_there = found.iter().find(|(other, _)| other == at);
            let (_, record) = is_there.expect("only what a scan finds is read");
            assert!(record.ends_with(&event.json));
        } else if found.contains(&(*at, record.clone())) {
            let header = record
                .first_chunk::<HEADER>()
                .and_then(Header::decode)
                .unwrap();
            assert!(is_at(&header, PLACE, *at));
            let is_event = header.kind == Kind::Event;
            assert!(
                !is_event || EventBody::decode(&record[HEADER..]).is_none(),
                "not read"
            );
        }
    }
}

/// A file in memory.
struct Bytes<'a>(&'a [u8]);

impl FileExt for Bytes<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = self.0.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_the_fuzzer_found_is_read() {
        crate::sys::testing::replay("spool_segment", super::spool_segment);
    }
}
