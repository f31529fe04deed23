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

/// A number from 0 to 1, to spread the retries of many clients.
pub fn draw() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness the retries are merely not spread.
    let _ = fill(&mut bytes);
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_over_the_whole_range() {
        let draws: Vec<f64> = (0..1000).map(|_| draw()).collect();
        assert!(draws.iter().all(|draw| (0.0..=1.0).contains(draw)));
        let parts = draws.iter().map(|draw| (draw * 9.99) as usize);
        assert_eq!(parts.collect::<std::collections::HashSet<_>>().len(), 10);
    }
}
