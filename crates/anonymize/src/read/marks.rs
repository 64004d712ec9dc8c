//! The quotes and backslashes of a text, found all at once.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, u8x64};

/// How many bytes are looked at together.
const BLOCK: usize = 64;

/// Where the quotes and backslashes of a text are, a bit a byte: found for the whole text at once,
/// because most strings are so short that to search for the end of each takes longer.
pub(crate) struct Marks {
    pub(super) bits: Vec<u64>,
    /// Whether there is a control character. Most rows have none, line breaks included, and then no
    /// string has to be searched for one.
    pub(super) controls: bool,
    /// Which instructions the processor has.
    level: Level,
}

impl Default for Marks {
    fn default() -> Self {
        Self { bits: Vec::new(), controls: false, level: Level::new() }
    }
}

impl Marks {
    /// Finds the marks of this text, and forgets those of the last.
    pub(crate) fn find(&mut self, text: &str) {
        dispatch!(self.level, simd => self.find_with(simd, text.as_bytes()));
    }

    #[inline(always)]
    fn find_with<S: Simd>(&mut self, simd: S, text: &[u8]) {
        let (blocks, rest) = text.as_chunks();
        let mut last = [b' '; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let mut smallest = u8x64::from_slice(simd, &last);
        self.bits.clear();
        self.bits.resize(blocks.len() + 1, 0);
        // No iterator with a closure, which would be compiled for the least of processors.
        for (bits, block) in self.bits.iter_mut().zip(blocks) {
            let bytes = u8x64::from_slice(simd, block);
            smallest = smallest.min(bytes);
            *bits = marks(simd, block);
        }
        self.bits[blocks.len()] = marks(simd, &last);
        self.controls = smallest.simd_lt(b' ').any_true();
    }
}

#[inline(always)]
fn marks<S: Simd>(simd: S, block: &[u8; BLOCK]) -> u64 {
    let bytes = u8x64::from_slice(simd, block);
    (bytes.simd_eq(b'"') | bytes.simd_eq(b'\\')).to_bitmask()
}
