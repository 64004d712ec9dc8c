//! A small bitmap in front of a large table, so that most questions do not leave the near caches.

/// How many bits there are to each anchor: about one in so many other anchors passes.
const BITS_EACH: usize = 16;
/// 4 MiB at most; with more anchors more others pass.
const MAX_BITS: u32 = 25;
const MIN_BITS: u32 = 6;

/// The lowest bits of anchors.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    words: Vec<u64>,
    shift: u32,
}

impl Gate {
    /// A gate for about so many anchors.
    pub(crate) fn new(count: usize) -> Self {
        let bits = (count * BITS_EACH).max(1).ilog2().clamp(MIN_BITS, MAX_BITS);
        Self { words: vec![0; 1 << (bits - 6)], shift: 32 - bits }
    }

    pub(crate) fn open(&mut self, print: u32) {
        let bit = self.bit(print);
        self.words[bit / 64] |= 1 << (bit % 64);
    }

    /// Whether an anchor with these lowest bits may be there.
    #[inline]
    pub(crate) fn lets(&self, print: u32) -> bool {
        let bit = self.bit(print);
        self.words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 != 0)
    }

    /// The highest bit is not looked at: a filter does not keep it.
    #[inline]
    fn bit(&self, print: u32) -> usize {
        ((print | 1 << 31).wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }
}
