//! Identifiers, drawn at random.

use crate::error::Result;
use crate::sys::random;

/// The ids of one event, from one system call.
pub struct EventIds {
    pub trace_id: String,
    pub span_id: String,
    pub dedup_key: String,
}

impl EventIds {
    pub fn draw() -> Result<Self> {
        let mut bytes = [0; 40];
        random::fill(&mut bytes)?;
        let (trace, rest) = bytes.split_first_chunk::<16>().expect("40 bytes");
        let (dedup, rest) = rest.split_first_chunk::<16>().expect("24 bytes");
        let (span, _) = rest.split_first_chunk::<8>().expect("8 bytes");
        Ok(EventIds {
            trace_id: uuid_v4(*trace),
            span_id: span_id_from(*span),
            dedup_key: uuid_v4(*dedup),
        })
    }
}

fn uuid_v4(random: [u8; 16]) -> String {
    let uuid = uuid::Builder::from_random_bytes(random).into_uuid();
    let mut text = uuid::Uuid::encode_buffer();
    uuid.hyphenated().encode_lower(&mut text).to_owned()
}

/// 16 lower-case hex digits. All zero is not a span id (W3C Trace Context, 3.2.2.4).
fn span_id_from(random: [u8; 8]) -> String {
    let random = u64::from_be_bytes(random).max(1).to_be_bytes();
    hex(&random)
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| DIGITS[usize::from(digit)] as char)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_form_and_differ() {
        let (a, b) = (EventIds::draw().unwrap(), EventIds::draw().unwrap());
        for ids in [&a, &b] {
            for uuid in [&ids.trace_id, &ids.dedup_key] {
                assert_eq!(uuid.len(), 36);
                assert_eq!(uuid.as_bytes()[14], b'4', "version 4: {uuid}");
                assert!(b"89ab".contains(&uuid.as_bytes()[19]), "variant: {uuid}");
            }
            assert_eq!(ids.span_id.len(), 16);
            assert!(
                ids.span_id
                    .bytes()
                    .all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
            );
        }
        assert_ne!(a.trace_id, a.dedup_key);
        assert_ne!(a.trace_id, b.trace_id);
        assert_ne!(a.span_id, b.span_id);
        assert_eq!(span_id_from([0; 8]), "0000000000000001");
    }
}
