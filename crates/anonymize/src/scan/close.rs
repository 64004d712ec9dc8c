//! Finds the bracket that closes one which was opened before, and counts the commas between the
//! elements on the way.

use fearless_simd::{Level, Simd, dispatch};

use super::block::{BLOCK, Carry, Marks, prefix_xor};
use crate::Defect;

/// How deep a dump's brackets may lie in one another, private tables included.
const MAX_DEPTH: u32 = 1_024;

/// What is wrong, and at which of the bytes.
pub(super) type Broken = (usize, Defect);

/// The search for one closing bracket. It goes on from one piece of input to the next.
#[derive(Debug)]
pub(super) struct Closer {
    carry: Carry,
    nest: Nest,
    /// Full words of kinds, the outermost first.
    aside: Vec<u64>,
    /// The commas between the elements of the outermost brackets.
    pub(super) commas: u64,
    /// Which instructions the processor has.
    level: Level,
}

impl Closer {
    /// Starts behind an opening bracket.
    pub(super) fn new(open: u8) -> Self {
        Self::with_level(open, Level::new())
    }

    fn with_level(open: u8, level: Level) -> Self {
        let nest = Nest { kinds: kind(open), depth: 1 };
        Self { carry: Carry::default(), nest, aside: Vec::new(), commas: 0, level }
    }

    /// Looks through the next bytes, and gives the number of those up to the closing bracket, or
    /// `None` where it is not among them.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, Broken> {
        dispatch!(self.level, simd => self.advance_with(simd, bytes))
    }

    #[inline(always)]
    fn advance_with<S: Simd>(&mut self, simd: S, bytes: &[u8]) -> Result<Option<usize>, Broken> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        // Copies stay in registers.
        let (mut carry, mut nest, mut commas) = (self.carry, self.nest, self.commas);
        for (index, block) in blocks.iter().enumerate() {
            let marks = carry.marks(simd, block);
            let found = self.block(simd, block, &marks, &mut nest, &mut commas);
            if let Some(at) = found.map_err(|(at, defect)| (index * BLOCK + at, defect))? {
                self.commas = commas;
                return Ok(Some(index * BLOCK + at + 1));
            }
        }
        let mut end = None;
        if !rest.is_empty() {
            let start = blocks.len() * BLOCK;
            let mut last = [b' '; BLOCK];
            last[..rest.len()].copy_from_slice(rest);
            let marks = carry.last_marks(simd, &last, rest.len());
            let found = self.block(simd, &last, &marks, &mut nest, &mut commas);
            end = found.map_err(|(at, defect)| (start + at, defect))?.map(|at| start + at + 1);
        }
        (self.carry, self.nest, self.commas) = (carry, nest, commas);
        Ok(end)
    }

    /// Follows the brackets of one block, up to the one that closes everything.
    #[inline(always)]
    fn block<S: Simd>(
        &mut self,
        simd: S,
        block: &[u8; BLOCK],
        marks: &Marks,
        nest: &mut Nest,
        commas: &mut u64,
    ) -> Result<Option<usize>, Broken> {
        let was_outside = nest.depth == 1;
        // A bit wherever the brackets of one of the outermost elements begin or end.
        let mut turns = 0;
        let mut end = None;
        let mut brackets = marks.brackets;
        while brackets != 0 {
            let at = brackets.trailing_zeros() as usize;
            let bit = brackets & brackets.wrapping_neg();
            brackets ^= bit;
            let byte = block[at % BLOCK];
            if byte & OPENS != 0 {
                turns |= if nest.depth == 1 { bit } else { 0 };
                self.open(nest, byte).map_err(|defect| (at, defect))?;
            } else {
                self.close(nest, byte).ok_or((at, Defect::Syntax))?;
                if nest.depth <= 1 {
                    turns |= bit;
                    if nest.depth == 0 {
                        end = Some(at);
                        break;
                    }
                }
            }
        }
        if was_outside || turns != 0 {
            let outside = prefix_xor(turns) ^ if was_outside { !0 } else { 0 };
            *commas += u64::from((marks.commas(simd, block) & outside).count_ones());
        }
        Ok(end)
    }

    #[inline(always)]
    fn open(&mut self, nest: &mut Nest, byte: u8) -> Result<(), Defect> {
        if byte & !KIND != b'[' {
            return Err(Defect::Syntax);
        }
        if nest.depth.is_multiple_of(u64::BITS) {
            self.put_aside(*nest)?;
        }
        nest.kinds = nest.kinds << 1 | kind(byte);
        nest.depth += 1;
        Ok(())
    }

    /// `None` where the bracket that was opened last is of another kind, or this is no bracket.
    #[inline(always)]
    fn close(&mut self, nest: &mut Nest, byte: u8) -> Option<()> {
        if u64::from(byte) != u64::from(b']') | (nest.kinds & 1) << KIND.trailing_zeros() {
            return None;
        }
        nest.kinds >>= 1;
        nest.depth -= 1;
        if nest.depth.is_multiple_of(u64::BITS) {
            nest.kinds = self.aside.pop().unwrap_or(0);
        }
        Some(())
    }

    #[cold]
    fn put_aside(&mut self, nest: Nest) -> Result<(), Defect> {
        if nest.depth == MAX_DEPTH {
            return Err(Defect::TooDeep);
        }
        self.aside.push(nest.kinds);
        Ok(())
    }
}

/// The kinds of the brackets that are open, one bit each: a stack in a register, of which every 64
/// levels a full word is put aside.
#[derive(Clone, Copy, Debug)]
struct Nest {
    kinds: u64,
    depth: u32,
}

/// In ASCII, this bit tells opening brackets from closing ones.
const OPENS: u8 = 0x02;

/// And this bit curly ones from square ones.
const KIND: u8 = 0x20;

#[inline(always)]
fn kind(bracket: u8) -> u64 {
    u64::from(bracket & KIND != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a text behind its first bracket in pieces of one length, with the processor's best
    /// instructions and with those that every processor has.
    fn close(text: &str, piece: usize) -> Result<Option<(usize, u64)>, Defect> {
        let found = close_with(Level::new(), text, piece);
        assert_eq!(found, close_with(Level::baseline(), text, piece));
        found
    }

    fn close_with(level: Level, text: &str, piece: usize) -> Result<Option<(usize, u64)>, Defect> {
        let bytes = text.as_bytes();
        let mut closer = Closer::with_level(bytes[0], level);
        for (index, piece_bytes) in bytes[1..].chunks(piece).enumerate() {
            if let Some(end) = closer.advance(piece_bytes).map_err(|(_, defect)| defect)? {
                return Ok(Some((1 + index * piece + end, closer.commas)));
            }
        }
        Ok(None)
    }

    #[test]
    fn the_matching_bracket_is_found_and_commas_are_counted_in_pieces_of_any_length() {
        let long = format!("[{}7]", "{\"a\":[1,2,3],\"b\":\"],\"}, ".repeat(40));
        let slashes = format!("[\"{}\",\"{}\"]]", "\\".repeat(128), "\\\"".repeat(70));
        let deep = format!("{}{}", "[{\"a\":".repeat(500), "}]".repeat(500));
        let cases = [
            ("[]", Ok(Some((2, 0)))),
            ("[1,2]", Ok(Some((5, 1)))),
            ("[[1,2],[3,4],5] ,", Ok(Some((15, 2)))),
            ("{\"a\":\"},\\\"\",\"b\":{}}", Ok(Some((19, 1)))),
            (long.as_str(), Ok(Some((long.len(), 40)))),
            (slashes.as_str(), Ok(Some((slashes.len() - 1, 1)))),
            (deep.as_str(), Ok(Some((deep.len(), 0)))),
            ("[}", Err(Defect::Syntax)),
            ("{\"a\":[}]", Err(Defect::Syntax)),
            ("[\\\"]\"]", Err(Defect::Syntax)),
            ("[\"]", Ok(None)),
            ("[[]", Ok(None)),
        ];
        for (text, expected) in cases {
            for piece in [1, 2, 3, 7, 61, 63, 64, 65, 127, 1000, 1 << 20] {
                assert_eq!(close(text, piece), expected, "{text} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn the_depth_has_a_bound_and_kinds_are_kept_to_it() {
        let deep = |levels: usize| "[".repeat(levels);
        let whole = format!("{}{}", deep(1024), "]".repeat(1024));
        assert_eq!(close(&whole, 64), Ok(Some((2048, 0))));
        assert_eq!(close(&deep(1025), 64), Err(Defect::TooDeep));
        for wrong in [0, 1, 63, 64, 65, 511, 1023] {
            let mut text = whole.clone().into_bytes();
            text[1024 + wrong] = b'}';
            let text = String::from_utf8(text).unwrap();
            assert_eq!(close(&text, 64), Err(Defect::Syntax), "{wrong}");
        }
    }
}
