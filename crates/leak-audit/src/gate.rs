//! A small bitmap in front of a large table, so that most questions do not leave the near caches.

/// How many bits there are to each anchor: with three of them set, few other anchors pass.
const BITS_EACH: usize = 16;
/// 4 MiB at most; with more anchors more others pass.
const MAX_WORDS: u32 = 19;

/// The lowest bits of anchors, three bits each in one word.
#[derive(Debug)]
pub(crate) struct Gate {
    words: Vec<u64>,
    shift: u32,
}

impl Gate {
    /// A gate for about so many anchors.
    pub(crate) fn new(count: usize) -> Self {
        let words = (count * BITS_EACH / 64).max(2).ilog2().min(MAX_WORDS);
        Self { words: vec![0; 1 << words], shift: 32 - words }
    }

    pub(crate) fn open(&mut self, print: u32) {
        let (word, bits) = self.bits(print);
        self.words[word] |= bits;
    }

    /// Whether an anchor with these lowest bits may be there.
    #[inline]
    pub(crate) fn lets(&self, print: u32) -> bool {
        let (word, bits) = self.bits(print);
        self.words[word] & bits == bits
    }

    /// The highest bit is not looked at: a filter does not keep it.
    #[inline]
    fn bits(&self, print: u32) -> (usize, u64) {
        let print = print | 1 << 31;
        let bits = 1 << (print & 63) | 1 << (print >> 6 & 63) | 1 << (print >> 12 & 63);
        ((print.wrapping_mul(0x9e37_79b1) >> self.shift) as usize, bits)
    }
}
