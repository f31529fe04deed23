//! Webhook signatures: lower-case hex of HMAC-SHA256 over the exact bytes of the body (docs/wire.md,
//! "Webhooks"; RFC 2104).

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::event::ids::hex;

fn mac(secret: &[u8], body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(body);
    mac
}

pub fn sign(secret: &[u8], body: &[u8]) -> String {
    hex(&mac(secret, body).finalize().into_bytes())
}

/// Compares in constant time. An empty secret verifies nothing: it is a configuration mistake, and
/// anybody could sign with it.
pub fn verify(secret: &[u8], body: &[u8], signature: &str) -> bool {
    let Some(signature) = decode(signature) else {
        return false;
    };
    !secret.is_empty() && mac(secret, body).verify_slice(&signature).is_ok()
}

/// 32 bytes in lower-case hex.
fn decode(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1 to 4, 6 and 7 (5 truncates the output, which this scheme does not).
    #[test]
    fn rfc_4231_vectors() {
        let counting: Vec<u8> = (1..=25).collect();
        let large = [0xaa; 131];
        let cases: [(&[u8], &[u8], &str); 6] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (&counting, &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
            (&large, b"Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
            (&large, b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.", "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        ];
        for (key, data, expected) in cases {
            assert_eq!(sign(key, data), expected);
            assert!(verify(key, data, expected));
            assert!(!verify(key, &data[1..], expected));
        }
    }

    #[test]
    fn only_the_exact_form_verifies() {
        let good = sign(b"secret", b"body");
        assert!(verify(b"secret", b"body", &good));
        for bad in [
            "",
            &good[1..],
            &good.to_uppercase(),
            &format!("sha256={good}"),
            &format!("{good} "),
        ] {
            assert!(!verify(b"secret", b"body", bad), "{bad}");
        }
        assert!(
            !verify(b"", b"body", &sign(b"", b"body")),
            "an empty secret"
        );
    }
}
