//! Which of 64 bytes are brackets and commas outside texts, as bitmaps.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, u8x64};

/// How many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

/// The bytes that matter, one bit a byte, the first byte lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    /// The brackets outside texts, and what may not stand there: `X Y Z \ ^ _ x y z | ~` and DEL.
    pub(super) brackets: u64,
    /// All bytes of texts, with the opening quote and without the closing one.
    text: u64,
}

impl Marks {
    /// The commas outside texts. Looked for apart, because most blocks need none.
    #[inline(always)]
    pub(super) fn commas<S: Simd>(&self, simd: S, block: &[u8; BLOCK]) -> u64 {
        Bytes::new(simd, block).equal(b',') & !self.text
    }
}

/// What one block leaves to the next: whether it ended inside a text or after a backslash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carry {
    /// All ones inside a text, else 0.
    text: u64,
    /// 1 where the next byte is escaped, else 0.
    escape: u64,
}

impl Carry {
    /// The marks of a whole block.
    #[inline(always)]
    pub(super) fn marks<S: Simd>(&mut self, simd: S, block: &[u8; BLOCK]) -> Marks {
        let bytes = Bytes::new(simd, block);
        let escaped = self.escaped(bytes);
        self.marks_between(bytes, escaped)
    }

    /// The marks of the first `length` bytes of a block that goes on with spaces.
    #[inline(always)]
    pub(super) fn last_marks<S: Simd>(
        &mut self,
        simd: S,
        block: &[u8; BLOCK],
        length: usize,
    ) -> Marks {
        let bytes = Bytes::new(simd, block);
        let escaped = self.escaped(bytes);
        // The next byte to come is the one after the block's true end, not after its spaces.
        self.escape = (escaped >> length) & 1;
        self.marks_between(bytes, escaped)
    }

    #[inline(always)]
    fn marks_between<S: Simd>(&mut self, bytes: Bytes<S>, escaped: u64) -> Marks {
        let text = prefix_xor(bytes.equal(b'"') & !escaped) ^ self.text;
        self.text = ((text as i64) >> 63) as u64;
        // In ASCII, these bits alone tell `[ ] { }` and the backslash from one another and from a
        // few others, none of which stands outside texts. So one comparison finds all of them.
        Marks { brackets: bytes.with(0x27).equal(0x7f) & !text, text }
    }

    /// The bytes after an odd number of backslashes. Backslashes in a row cancel out by a
    /// subtraction that carries through the row, as simdjson does it.
    #[inline(always)]
    fn escaped<S: Simd>(&mut self, bytes: Bytes<S>) -> u64 {
        const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        if !bytes.has(b'\\') {
            return std::mem::take(&mut self.escape);
        }
        let slashes = bytes.equal(b'\\') & !self.escape;
        let after = slashes << 1;
        let codes = ((after | ODD).wrapping_sub(slashes)) ^ ODD;
        let escaped = codes ^ (slashes | self.escape);
        self.escape = (codes & slashes) >> 63;
        escaped
    }
}

/// Each bit is the parity of itself and all bits below.
#[inline(always)]
pub(super) fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// A block as a vector.
#[derive(Clone, Copy)]
struct Bytes<S: Simd>(u8x64<S>);

impl<S: Simd> Bytes<S> {
    #[inline(always)]
    fn new(simd: S, block: &[u8; BLOCK]) -> Self {
        Self(u8x64::from_slice(simd, block))
    }

    #[inline(always)]
    fn equal(self, byte: u8) -> u64 {
        self.0.simd_eq(byte).to_bitmask()
    }

    #[inline(always)]
    fn has(self, byte: u8) -> bool {
        self.0.simd_eq(byte).any_true()
    }

    #[inline(always)]
    fn with(self, bits: u8) -> Self {
        Self(self.0 | bits)
    }
}
