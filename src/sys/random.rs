//! Random bytes, from the operating system's CSPRNG on every draw.
//!
//! No buffered generator: its state would be copied by `fork()`, and a child would repeat its
//! parent's ids.

use crate::error::{Error, Kind, Result};

pub fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|cause| {
        Error::new(
            Kind::Internal,
            format!("the operating system gave no random bytes: {cause}"),
        )
    })
}

/// A factor between 1.0 and 1.2, to spread the retries of many clients.
pub fn jitter() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness the retries are merely not spread.
    let _ = fill(&mut bytes);
    1.0 + 0.2 * f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_lengthens_by_at_most_a_fifth() {
        for _ in 0..1000 {
            assert!((1.0..=1.2).contains(&jitter()));
        }
    }
}
