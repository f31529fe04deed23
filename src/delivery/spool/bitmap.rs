//! One bit for each place in a segment where a record can begin.

use super::record::GRANULE;

/// A set of offsets, all multiples of [`GRANULE`].
#[derive(Debug, Default, Clone)]
pub struct Offsets {
    words: Vec<u64>,
    count: u64,
}

impl Offsets {
    pub fn insert(&mut self, offset: u32) -> bool {
        let (word, bit) = position(offset);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let added = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += u64::from(added);
        added
    }

    pub fn remove(&mut self, offset: u32) -> bool {
        let (word, bit) = position(offset);
        let removed = self.words.get(word).is_some_and(|word| word & bit != 0);
        if removed {
            self.words[word] &= !bit;
            self.count -= 1;
        }
        removed
    }

    pub fn contains(&self, offset: u32) -> bool {
        let (word, bit) = position(offset);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    pub fn len(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first offset that is not before `from`.
    pub fn first_from(&self, from: u32) -> Option<u32> {
        let (start, bit) = position(from);
        let not_before = !(bit - 1);
        for (n, &word) in self.words.iter().enumerate().skip(start) {
            let word = if n == start { word & not_before } else { word };
            if word != 0 {
                let place = n as u64 * 64 + u64::from(word.trailing_zeros());
                return Some((place * GRANULE) as u32);
            }
        }
        None
    }

    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let mut next = self.first_from(0);
        std::iter::from_fn(move || {
            let found = next?;
            next = found
                .checked_add(GRANULE as u32)
                .and_then(|from| self.first_from(from));
            Some(found)
        })
    }
}

fn position(offset: u32) -> (usize, u64) {
    let place = offset / GRANULE as u32;
    (place as usize / 64, 1 << (place % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_a_set_in_order() {
        let mut set = Offsets::default();
        let all = [0, 64, 63 * 64, 64 * 64, 200 * 64];
        for offset in all {
            assert!(set.insert(offset));
            assert!(!set.insert(offset));
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), all);
        assert_eq!(set.first_from(65 * 64), Some(200 * 64));
        assert!(set.remove(64) && !set.remove(64) && !set.remove(1 << 30));
        assert!(set.contains(0) && !set.contains(64) && !set.contains(1 << 30));
        assert_eq!((set.len(), set.is_empty()), (4, false));
        assert_eq!(set.first_from(201 * 64), None);
    }
}
