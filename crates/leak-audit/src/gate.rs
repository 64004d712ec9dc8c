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
        let word = self.word(print);
        self.words[word] |= bits(print);
    }

    /// Whether an anchor with these lowest bits may be there.
    #[inline]
    pub(crate) fn lets(&self, print: u32) -> bool {
        // One bit turns most away, with less work than three.
        let word = self.words[self.word(print)];
        word >> (print & 63) & 1 != 0 && word & bits(print) == bits(print)
    }

    /// The highest bit is not looked at: a filter does not keep it.
    #[inline]
    fn word(&self, print: u32) -> usize {
        ((print | 1 << 31).wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }
}

fn bits(print: u32) -> u64 {
    1 << (print & 63) | 1 << (print >> 6 & 63) | 1 << (print >> 12 & 63)
}
