//! W3C Trace Context: how our trace and span ids are written in a `traceparent` header.
//!
//! Source: <https://www.w3.org/TR/trace-context/>, 3.2, and WIRE.md for ids that are not in its form.

use sha2::{Digest, Sha256};

use crate::ids::hex;

/// `00-<trace id>-<span id>-01`: version 0, sampled.
pub fn traceparent(trace_id: &str, span_id: &str) -> String {
    format!(
        "00-{}-{}-01",
        hex_form::<32>(trace_id),
        hex_form::<16>(span_id)
    )
}

/// The id itself where it is `N` hex digits once `-` is stripped and not all zero; else the first
/// `N` digits of its SHA-256, so that equal ids stay equal in every service that sees them.
///
/// WIRE.md gives this rule for trace ids. A caller's span id that is not 16 hex digits is treated
/// alike here: the header must be well-formed, or receivers drop the whole of it.
fn hex_form<const N: usize>(id: &str) -> String {
    let compact = id.replace('-', "").to_lowercase();
    let is_hex = compact.len() == N && compact.bytes().all(|c| c.is_ascii_hexdigit());
    if is_hex && compact.bytes().any(|c| c != b'0') {
        return compact;
    }
    hex(&Sha256::digest(id.as_bytes())[..N / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_lose_their_dashes() {
        assert_eq!(
            traceparent("0AF76519-16CD-43DD-8448-EB211C80319C", "b7ad6b7169203331"),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        );
    }

    #[test]
    fn other_ids_are_hashed() {
        // printf %s my-trace | sha256sum
        assert_eq!(
            hex_form::<32>("my-trace"),
            "670c0f140bf357e6d99293ad6cf0d246"
        );
        let zeros = "0".repeat(32);
        assert_ne!(hex_form::<32>(&zeros), zeros);
        assert_eq!(hex_form::<16>("span-1").len(), 16);
    }
}
