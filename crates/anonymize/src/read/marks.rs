//! The quotes and backslashes of a text, found all at once.

use wide::u8x32;

/// Where the quotes and backslashes of a text are, a bit a byte: found for the whole text at once,
/// because most strings are so short that to search for the end of each takes longer.
#[derive(Default)]
pub(crate) struct Marks {
    pub(super) bits: Vec<u64>,
    /// The smallest byte. Most rows have no control character, line breaks included, and then no
    /// string has to be searched for one.
    pub(super) smallest: u8,
}

impl Marks {
    /// Finds the marks of this text, and forgets those of the last.
    pub(crate) fn find(&mut self, text: &str) {
        self.smallest = text.bytes().fold(u8::MAX, u8::min);
        self.bits.clear();
        let (blocks, rest) = text.as_bytes().as_chunks();
        self.bits.extend(blocks.iter().map(marks));
        let mut last = [b' '; 64];
        last[..rest.len()].copy_from_slice(rest);
        self.bits.push(marks(&last));
    }
}

#[inline(always)]
fn marks(block: &[u8; 64]) -> u64 {
    let half = |at: usize| {
        let bytes = u8x32::from(*block[at..].first_chunk().expect("a block has two halves"));
        let found = bytes.simd_eq(u8x32::splat(b'"')) | bytes.simd_eq(u8x32::splat(b'\\'));
        u64::from(found.to_bitmask())
    };
    half(0) | half(32) << 32
}
