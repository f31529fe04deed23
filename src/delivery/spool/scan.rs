//! Reading a segment whatever it looks like: every record that is whole is found, and nothing else.
//!
//! After a bad record the reader goes on at the next place where one can begin. So what is damaged costs
//! itself and nothing more, in the last segment too: there a slot that one thread reserved and never wrote
//! (the process was killed first) lies before records that other threads had finished.
//!
//! The time is linear in the size of the segment, whatever is in it: where a header is good, its length
//! is, and the reader goes on behind the record.

use super::record::{Fingerprint, GRANULE, HEADER, Header, Kind};

/// Where the records belong that are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub run: u64,
    pub segment: u32,
}

/// What is in a segment besides its good records.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Places that hold something which is no record: neither a good one, nor one whose end was not
    /// written because its process ended first.
    pub damaged: u64,
    /// Records of a later version of this library.
    pub unknown: u64,
    /// Where the last place ends that holds anything.
    pub end: u64,
}

/// Calls `found` for each good record, in order.
pub fn scan(bytes: &[u8], place: Place, mut found: impl FnMut(Header, &[u8])) -> Found {
    let mut all = Found::default();
    let mut at = 0;
    let mut in_damage = false;
    while let Some(slot) = bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<HEADER>())
    {
        let header = Header::decode(slot).filter(|header| is_at(header, place, at));
        let Some(header) = header else {
            let empty = slot.iter().all(|&byte| byte == 0);
            all.damaged += u64::from(!empty && !in_damage);
            in_damage = !empty;
            at += GRANULE as usize;
            if !empty {
                all.end = at as u64;
            }
            continue;
        };
        in_damage = false;
        let end = at + HEADER + header.length as usize;
        match bytes.get(at + HEADER..end) {
            Some(body) if crc32fast::hash(body) == header.body_crc => match header.kind {
                Kind::Unknown => all.unknown += 1,
                _ => found(header, body),
            },
            // JSON never ends in a zero, and neither do ids: this one's end was not written.
            Some(body) if header.kind == Kind::Event && body.ends_with(&[0]) => {}
            // The file ends before the record does.
            None => {}
            Some(_) => all.damaged += 1,
        }
        at += header.room() as usize;
        all.end = at as u64;
    }
    // What is left is shorter than a header.
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.iter().any(|&byte| byte != 0) {
        all.end = bytes.len() as u64;
    }
    all
}

/// Whose events are in the segment: the fingerprint of its first good header.
pub fn fingerprint(bytes: &[u8], place: Place) -> Option<Fingerprint> {
    bytes
        .as_chunks::<HEADER>()
        .0
        .iter()
        .enumerate()
        .find_map(|(n, slot)| {
            let header = Header::decode(slot)?;
            is_at(&header, place, n * HEADER).then_some(header.fingerprint)
        })
}

pub fn is_at(header: &Header, place: Place, offset: usize) -> bool {
    header.run == place.run
        && header.sequence.segment() == place.segment
        && header.sequence.offset() as usize == offset
}

#[cfg(test)]
mod tests {
    use super::super::record::Sequence;
    use super::*;

    const PLACE: Place = Place { run: 9, segment: 3 };

    /// A segment with records of these bodies, and where each begins.
    fn segment(bodies: &[&[u8]]) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = Vec::new();
        let mut starts = Vec::new();
        for body in bodies {
            let at = bytes.len();
            starts.push(at);
            let header = Header {
                kind: Kind::Event,
                length: body.len() as u32,
                body_crc: crc32fast::hash(body),
                sequence: Sequence::new(PLACE.segment, at as u32),
                accepted_ms: 0,
                run: PLACE.run,
                fingerprint: [7; 16],
            };
            bytes.extend_from_slice(&header.encode());
            bytes.extend_from_slice(body);
            bytes.resize(at + header.room() as usize, 0);
        }
        bytes.resize(bytes.len() + 512, 0);
        (bytes, starts)
    }

    fn found(bytes: &[u8]) -> (Vec<Vec<u8>>, Found) {
        let mut all = Vec::new();
        let damage = scan(bytes, PLACE, |_, body| all.push(body.to_vec()));
        (all, damage)
    }

    const BODIES: [&[u8]; 4] = [b"first", &[b'x'; 300], b"third", &[b'y'; 64]];

    #[test]
    fn records_are_found_in_order() {
        let (bytes, _) = segment(&BODIES);
        let end = (bytes.len() - 512) as u64;
        let clean = Found {
            end,
            ..Found::default()
        };
        assert_eq!(found(&bytes), (BODIES.map(<[u8]>::to_vec).to_vec(), clean));
        assert_eq!(fingerprint(&bytes, PLACE), Some([7; 16]));
        let elsewhere = Place {
            segment: 4,
            ..PLACE
        };
        assert_eq!(fingerprint(&bytes, elsewhere), None);
    }

    #[test]
    fn cut_anywhere_every_record_before_the_cut_is_found() {
        let (bytes, starts) = segment(&BODIES);
        for cut in 0..=bytes.len() {
            let whole = starts
                .iter()
                .zip(BODIES)
                .filter(|(s, b)| *s + HEADER + b.len() <= cut);
            let whole: Vec<_> = whole.map(|(_, body)| body.to_vec()).collect();
            assert_eq!(found(&bytes[..cut]).0, whole, "cut at {cut}");
            // As a kill leaves it: what was not written is zero.
            let mut torn = bytes.clone();
            torn[cut..].fill(0);
            let (all, damage) = found(&torn);
            let lost_bytes = cut < bytes.len() && bytes[cut..].iter().any(|&b| b != 0);
            assert!(
                all.len() >= whole.len() && all[..whole.len()] == whole[..],
                "{cut}"
            );
            assert!(
                all.iter().all(|body| BODIES.contains(&body.as_slice())),
                "{cut}"
            );
            let header_is_cut = starts.iter().any(|s| (s + 1..s + HEADER).contains(&cut));
            assert!(
                damage.damaged == 0 || (lost_bytes && header_is_cut),
                "{cut}: {damage:?}"
            );
        }
    }

    #[test]
    fn a_flipped_bit_costs_one_record_and_is_seen() {
        let (bytes, starts) = segment(&BODIES);
        let end = starts[3] + HEADER + BODIES[3].len();
        for at in 0..end {
            for bit in [0, 3, 7] {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let (all, damage) = found(&flipped);
                let hit = starts
                    .iter()
                    .zip(BODIES)
                    .position(|(s, body)| (*s..s + HEADER + body.len()).contains(&at));
                let mut expected = BODIES.map(<[u8]>::to_vec).to_vec();
                if let Some(hit) = hit {
                    expected.remove(hit);
                    assert!(damage.damaged > 0, "byte {at}");
                }
                assert_eq!(all, expected, "byte {at}");
            }
        }
    }

    #[test]
    fn a_block_of_zeros_costs_the_records_in_it() {
        let (bytes, starts) = segment(&BODIES);
        for size in [64, 128, 512] {
            for at in (0..bytes.len()).step_by(size) {
                let block = at..(at + size).min(bytes.len());
                let mut zeroed = bytes.clone();
                zeroed[block.clone()].fill(0);
                let left = starts.iter().zip(BODIES).filter(|(start, body)| {
                    **start >= block.end || **start + HEADER + body.len() <= block.start
                });
                let left: Vec<_> = left.map(|(_, body)| body.to_vec()).collect();
                assert_eq!(found(&zeroed).0, left, "{size} at {at}");
            }
        }
    }

    #[test]
    fn a_block_in_the_wrong_place_holds_no_record() {
        let bodies: Vec<Vec<u8>> = (0..40).map(|n| vec![b'a' + n % 26; 100]).collect();
        let bodies: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
        let (bytes, starts) = segment(&bodies);
        for block in [64, 512, 4096] {
            let blocks = bytes.len() / block;
            for from in 0..blocks {
                for to in (0..blocks).filter(|&to| to != from) {
                    let mut moved = bytes.clone();
                    moved.copy_within(from * block..(from + 1) * block, to * block);
                    let mut all = Vec::new();
                    scan(&moved, PLACE, |header, body| {
                        all.push((header.sequence.offset() as usize, body.to_vec()));
                    });
                    let untouched = starts.iter().zip(&bodies).filter(|(s, body)| {
                        let end = **s + HEADER + body.len();
                        end <= to * block || **s >= (to + 1) * block
                    });
                    for (start, body) in untouched {
                        assert!(all.contains(&(*start, body.to_vec())), "{from} -> {to}");
                    }
                    let genuine = |(at, body): &(usize, Vec<u8>)| {
                        starts.iter().position(|s| s == at).map(|n| bodies[n])
                            == Some(body.as_slice())
                    };
                    assert!(all.iter().all(genuine), "{from} -> {to}");
                }
            }
        }
    }

    /// Random bytes, the same ones on every run of the test.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % limit.max(1) as u64) as usize
        }
    }

    #[test]
    fn whatever_is_done_to_a_segment_nothing_false_is_found() {
        let (original, starts) = segment(&BODIES);
        let rounds = std::env::var("AXONPUSH_FUZZ_ROUNDS")
            .ok()
            .and_then(|n| n.parse().ok());
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for round in 0..rounds.unwrap_or(20_000_u64) {
            let mut bytes = original.clone();
            for _ in 0..=random.below(6) {
                let (at, other) = (random.below(bytes.len()), random.below(bytes.len()));
                let length = random.below((bytes.len() - at.max(other)).min(256));
                match random.below(6) {
                    0 => bytes[at] = random.below(256) as u8,
                    1 => bytes[at] ^= 1 << random.below(8),
                    2 => bytes[at..at + length].fill(0),
                    3 => bytes.copy_within(other..other + length, at),
                    4 => bytes.truncate(at.max(1)),
                    _ => {
                        let piece = bytes[other..other + length].to_vec();
                        bytes.splice(at..at, piece);
                    }
                }
            }
            scan(&bytes, PLACE, |header, body| {
                let n = starts
                    .iter()
                    .position(|&s| s == header.sequence.offset() as usize);
                assert_eq!(n.map(|n| BODIES[n]), Some(body), "round {round}");
            });
        }
    }
}
