//! A record: how an event, or the news that events have ended, lies in a segment.
//!
//! ```text
//!  0  magic            "AXSP"
//!  4  header CRC-32    of the bytes 8 to 64
//!  8  kind             1: an event; 2: acknowledgements
//!  9  version          1
//! 12  length           of the body
//! 16  body CRC-32
//! 24  sequence number  the record's position: its segment, and its offset in it
//! 32  time accepted    milliseconds since 1970
//! 40  run              the name of the folder that it lies in
//! 48  fingerprint      of service, tenant and environment, salted with the run
//! 64  body
//! ```
//!
//! Numbers are little-endian, and every record begins at a multiple of 64 bytes, so that no header lies
//! across two blocks of a disk. What the table leaves out is zero.
//!
//! **A record is valid only where it was written**: its sequence number is its position, and it names its
//! run. So a block that a disk puts in the wrong place, or keeps from an earlier life, holds no valid
//! record. And no event can hold one: a header has bytes of zero, which JSON cannot contain.

use sha2::{Digest, Sha256};

pub const HEADER: usize = 64;
/// Where records begin: at multiples of this.
pub const GRANULE: u64 = 64;
const MAGIC: [u8; 4] = *b"AXSP";
const VERSION: u8 = 1;

/// A record's position in its run: the number of its segment in the high half, its offset in the low
/// one. It grows with every record and is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

impl Sequence {
    pub fn new(segment: u32, offset: u32) -> Self {
        Sequence(u64::from(segment) << 32 | u64::from(offset))
    }

    pub fn segment(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub fn offset(self) -> u32 {
        self.0 as u32
    }
}

/// Whose events a run holds. Equal for two clients of one service, tenant and environment, and only if
/// the run is the same too: two runs do not tell that they belong together.
pub type Fingerprint = [u8; 16];

/// What a client must have in common with another to deliver its events.
#[derive(Debug, Clone)]
pub struct Identity {
    pub service: String,
    pub tenant: String,
    pub environment: String,
}

impl Identity {
    pub fn fingerprint(&self, run: u64) -> Fingerprint {
        let mut hash = Sha256::new();
        hash.update(run.to_le_bytes());
        for part in [&self.service, &self.tenant, &self.environment] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut fingerprint = Fingerprint::default();
        fingerprint.copy_from_slice(&hash.finalize()[..16]);
        fingerprint
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Event,
    Acknowledgements,
    /// Of a later version of this library.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub kind: Kind,
    pub length: u32,
    pub body_crc: u32,
    pub sequence: Sequence,
    pub accepted_ms: u64,
    pub run: u64,
    pub fingerprint: Fingerprint,
}

impl Header {
    /// How much room the record takes, up to where the next one begins.
    pub fn room(&self) -> u64 {
        room(u64::from(self.length))
    }

    pub fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[8] = match self.kind {
            Kind::Event => 1,
            Kind::Acknowledgements => 2,
            Kind::Unknown => u8::MAX,
        };
        bytes[9] = VERSION;
        bytes[12..16].copy_from_slice(&self.length.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.body_crc.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.sequence.0.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.accepted_ms.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.run.to_le_bytes());
        bytes[48..64].copy_from_slice(&self.fingerprint);
        let crc = crc32fast::hash(&bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The header that these bytes are, if they are one.
    pub fn decode(bytes: &[u8; HEADER]) -> Option<Header> {
        if bytes[..4] != MAGIC || u32_at(bytes, 4) != crc32fast::hash(&bytes[8..]) {
            return None;
        }
        let mut fingerprint = Fingerprint::default();
        fingerprint.copy_from_slice(&bytes[48..]);
        Some(Header {
            kind: match (bytes[8], bytes[9]) {
                (1, VERSION) => Kind::Event,
                (2, VERSION) => Kind::Acknowledgements,
                _ => Kind::Unknown,
            },
            length: u32_at(bytes, 12),
            body_crc: u32_at(bytes, 16),
            sequence: Sequence(u64_at(bytes, 24)),
            accepted_ms: u64_at(bytes, 32),
            run: u64_at(bytes, 40),
            fingerprint,
        })
    }
}

/// How much room a record with a body of `length` takes.
pub fn room(length: u64) -> u64 {
    (HEADER as u64 + length).next_multiple_of(GRANULE)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// An event as it is spooled: what a request that publishes it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventBody<'a> {
    pub dedup_key: &'a str,
    /// Trace id and span id, where the event names a trace.
    pub trace: Option<(&'a str, &'a str)>,
    /// The encoded JSON.
    pub json: &'a [u8],
}

/// What lies before the JSON: the ids, each after its length.
pub struct Ids {
    bytes: Vec<u8>,
}

const NO_TRACE: u16 = u16::MAX;

impl<'a> EventBody<'a> {
    /// `None`: an id is longer than any that an event may have.
    pub fn ids(&self) -> Option<Ids> {
        let (trace_id, span_id) = self.trace.unwrap_or_default();
        let length = |id: &str| u16::try_from(id.len()).ok().filter(|&n| n != NO_TRACE);
        let trace_length = match self.trace {
            Some(_) => length(trace_id)?,
            None => NO_TRACE,
        };
        let ids = [self.dedup_key, trace_id, span_id];
        let mut bytes = Vec::with_capacity(6 + ids.iter().map(|id| id.len()).sum::<usize>());
        for length in [length(self.dedup_key)?, trace_length, length(span_id)?] {
            bytes.extend_from_slice(&length.to_le_bytes());
        }
        ids.iter()
            .for_each(|id| bytes.extend_from_slice(id.as_bytes()));
        Some(Ids { bytes })
    }

    pub fn decode(bytes: &'a [u8]) -> Option<EventBody<'a>> {
        let (lengths, mut rest) = bytes.split_at_checked(6)?;
        let length = |n: usize| u16::from_le_bytes([lengths[2 * n], lengths[2 * n + 1]]);
        let mut take = |length: u16| {
            let (id, after) = rest.split_at_checked(usize::from(length))?;
            rest = after;
            std::str::from_utf8(id).ok()
        };
        let dedup_key = take(length(0))?;
        let trace_id = match length(1) {
            NO_TRACE => None,
            length => Some(take(length)?),
        };
        let span_id = take(length(2))?;
        Some(EventBody {
            dedup_key,
            trace: trace_id.map(|trace_id| (trace_id, span_id)),
            json: rest,
        })
    }
}

impl Ids {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

pub fn encode_acknowledgements(sequences: &[Sequence]) -> Vec<u8> {
    sequences.iter().flat_map(|s| s.0.to_le_bytes()).collect()
}

pub fn decode_acknowledgements(bytes: &[u8]) -> impl Iterator<Item = Sequence> {
    bytes.chunks_exact(8).map(|word| Sequence(u64_at(word, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_back_as_it_was() {
        let long = "t".repeat(4096);
        for (dedup_key, trace) in [
            ("k", None),
            ("", Some(("", ""))),
            ("key", Some(("trace", "span"))),
            ("key", Some((long.as_str(), long.as_str()))),
        ] {
            let json = br#"{"n":1}"#.as_slice();
            let event = EventBody {
                dedup_key,
                trace,
                json,
            };
            let mut bytes = event.ids().unwrap().bytes().to_vec();
            bytes.extend_from_slice(json);
            assert_eq!(EventBody::decode(&bytes), Some(event));
            for cut in 0..bytes.len() - json.len() {
                assert_eq!(EventBody::decode(&bytes[..cut]), None);
            }
        }
        let json = b"{}".as_slice();
        let too_long = "k".repeat(usize::from(u16::MAX));
        let event = EventBody {
            dedup_key: &too_long,
            trace: None,
            json,
        };
        assert!(event.ids().is_none());
    }

    #[test]
    fn a_header_comes_back_as_it_was_and_no_bit_may_change() {
        let header = Header {
            kind: Kind::Acknowledgements,
            length: 0x0102_0304,
            body_crc: 0x0506_0708,
            sequence: Sequence::new(7, 640),
            accepted_ms: 0x1122_3344_5566,
            run: 0x99aa_bbcc_ddee_ff00,
            fingerprint: *b"0123456789abcdef",
        };
        let bytes = header.encode();
        assert_eq!(Header::decode(&bytes), Some(header));
        for bit in 0..HEADER * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&flipped), None, "bit {bit}");
        }
        assert_eq!(Header::decode(&[0; HEADER]), None);
    }

    #[test]
    fn a_fingerprint_tells_identities_apart_and_does_not_tell_two_runs_of_one() {
        let identity = |service: &str, tenant: &str, environment: &str| Identity {
            service: service.into(),
            tenant: tenant.into(),
            environment: environment.into(),
        };
        let ours = identity("https://h", "t", "e");
        assert_eq!(
            ours.fingerprint(1),
            identity("https://h", "t", "e").fingerprint(1)
        );
        assert_ne!(ours.fingerprint(1), ours.fingerprint(2));
        for other in [
            identity("https://h2", "t", "e"),
            identity("https://h", "t2", "e"),
            identity("https://h", "t", "e2"),
            identity("https://ht", "", "e"),
            identity("https://h", "te", ""),
        ] {
            assert_ne!(other.fingerprint(1), ours.fingerprint(1), "{other:?}");
        }
    }
}
