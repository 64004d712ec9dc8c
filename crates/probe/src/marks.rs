//! Where the strings of a text may end, found for the whole text at once.

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, u8x64};

/// How many bytes are looked at together.
const BLOCK: usize = 64;

/// The bytes of a text that a string does not simply go over, a bit each: quotes, backslashes and
/// control characters. Most strings are so short that a search of their own for each would take
/// longer.
#[derive(Debug)]
pub(crate) struct Marks {
    bits: Vec<u64>,
    /// Which instructions the processor has.
    level: Level,
}

impl Default for Marks {
    fn default() -> Self {
        Self { bits: Vec::new(), level: Level::new() }
    }
}

impl Marks {
    /// Finds the marks of this text, and forgets those of the last.
    pub(crate) fn find(&mut self, text: &[u8]) {
        dispatch!(self.level, simd => self.find_with(simd, text));
    }

    #[inline(always)]
    fn find_with<S: Simd>(&mut self, simd: S, text: &[u8]) {
        let (blocks, rest) = text.as_chunks();
        let mut last = [b' '; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        self.bits.resize(blocks.len() + 1, 0);
        // No iterator with a closure, which would be compiled for the least of processors.
        for (bits, block) in self.bits.iter_mut().zip(blocks) {
            *bits = marks(simd, block);
        }
        self.bits[blocks.len()] = marks(simd, &last);
    }

    /// The first mark at `at` or behind it; past the text where there is none.
    #[inline(always)]
    pub(crate) fn next(&self, at: usize) -> usize {
        let mut block = at / BLOCK;
        let Some(&bits) = self.bits.get(block) else { return usize::MAX };
        let mut bits = bits & (u64::MAX << (at % BLOCK));
        while bits == 0 {
            block += 1;
            match self.bits.get(block) {
                Some(&more) => bits = more,
                None => return usize::MAX,
            }
        }
        block * BLOCK + bits.trailing_zeros() as usize
    }
}

#[inline(always)]
fn marks<S: Simd>(simd: S, block: &[u8; BLOCK]) -> u64 {
    let bytes = u8x64::from_slice(simd, block);
    (bytes.simd_eq(b'"') | bytes.simd_eq(b'\\') | bytes.simd_lt(b' ')).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_found_from_everywhere() {
        let mut marks = Marks::default();
        for len in [0, 1, 63, 64, 65, 128, 200] {
            for (step, mark) in [(7, b'"'), (64, b'\\'), (65, b'\n'), (1000, 0), (3, 0x1f)] {
                let byte =
                    |at: usize| if at % step == step - 1 { mark } else { 0xe4 + (at % 9) as u8 };
                let text: Vec<u8> = (0..len).map(byte).collect();
                marks.find(&text);
                for at in 0..=len + 70 {
                    let expected = (at..len).find(|&at| text[at] == mark);
                    assert_eq!(
                        Some(marks.next(at)).filter(|&at| at < len),
                        expected,
                        "{len} {step} {at}"
                    );
                }
            }
        }
    }
}
