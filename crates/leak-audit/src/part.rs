//! Shares of all hashes: what does not fit into memory at once is searched for share by share.

/// The hashes whose lowest bits have a certain value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    mask: u64,
    value: u64,
}

impl Part {
    #[inline]
    pub(crate) fn has(self, hash: u64) -> bool {
        hash & self.mask == self.value
    }

    /// How many parts of this size there are.
    pub(crate) fn count(self) -> u64 {
        self.mask + 1
    }

    /// All parts, so many, which must be a power of two.
    pub(crate) fn all(count: u64) -> Vec<Self> {
        (0..count).map(|value| Self { mask: count - 1, value }).collect()
    }

    /// Keeps one half and gives back the other.
    pub(crate) fn halve(&mut self) -> Self {
        let mask = self.mask << 1 | 1;
        let other = Self { mask, value: self.value | (mask ^ self.mask) };
        self.mask = mask;
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_share_nothing_and_miss_nothing() {
        let mut parts = vec![Part::default()];
        for _ in 0..3 {
            let others: Vec<Part> = parts.iter_mut().map(Part::halve).collect();
            parts.extend(others);
        }
        for hash in 0..64 {
            assert_eq!(parts.iter().filter(|part| part.has(hash)).count(), 1);
            assert_eq!(Part::all(8).iter().filter(|part| part.has(hash)).count(), 1);
        }
    }
}
