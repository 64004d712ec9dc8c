//! Finds the bracket that closes one which was opened before, and counts the commas between the
//! elements on the way.

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
    /// The commas between the elements of the outermost brackets.
    pub(super) commas: u64,
}

impl Closer {
    /// Starts behind an opening bracket.
    pub(super) fn new(open: u8) -> Self {
        Self { carry: Carry::default(), nest: Nest::new(open), commas: 0 }
    }

    /// Looks through the next bytes, and gives the number of those up to the closing bracket, or
    /// `None` where it is not among them.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, Broken> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for (index, block) in blocks.iter().enumerate() {
            let marks = self.carry.marks(block);
            if let Some(end) = self.block(block, &marks, index * BLOCK)? {
                return Ok(Some(end));
            }
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let mut last = [b' '; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let marks = self.carry.last_marks(&last, rest.len());
        self.block(&last, &marks, blocks.len() * BLOCK)
    }

    #[inline]
    fn block(
        &mut self,
        block: &[u8; BLOCK],
        marks: &Marks,
        start: usize,
    ) -> Result<Option<usize>, Broken> {
        let brackets = marks.open | marks.close | marks.stray;
        if brackets == 0 {
            if self.nest.depth == 1 {
                self.commas += u64::from(marks.commas(block).count_ones());
            }
            return Ok(None);
        }
        let end = self.brackets(block, marks, brackets).map_err(|(at, what)| (start + at, what))?;
        Ok(end.map(|end| start + end))
    }

    #[inline]
    fn brackets(
        &mut self,
        block: &[u8; BLOCK],
        marks: &Marks,
        mut brackets: u64,
    ) -> Result<Option<usize>, Broken> {
        let was_outside = self.nest.depth == 1;
        // A bit wherever the outermost elements' brackets begin or end.
        let mut turns = 0;
        let mut end = None;
        while brackets != 0 {
            let at = brackets.trailing_zeros() as usize;
            let bit = 1 << at;
            brackets ^= bit;
            if marks.close & bit != 0 {
                self.nest.pop(block[at]).ok_or((at, Defect::Syntax))?;
                turns |= if self.nest.depth <= 1 { bit } else { 0 };
                if self.nest.depth == 0 {
                    end = Some(at + 1);
                    break;
                }
            } else if marks.open & bit != 0 {
                turns |= if self.nest.depth == 1 { bit } else { 0 };
                self.nest.push(block[at]).ok_or((at, Defect::TooDeep))?;
            } else {
                return Err((at, Defect::Syntax));
            }
        }
        if was_outside || turns != 0 {
            let outside = prefix_xor(turns) ^ if was_outside { !0 } else { 0 };
            self.commas += u64::from((marks.commas(block) & outside).count_ones());
        }
        Ok(end)
    }
}

/// The kinds of the brackets that are open, one bit each: a stack in a register, of which every 64
/// levels a full word is put aside.
#[derive(Debug)]
struct Nest {
    kinds: u64,
    depth: u32,
    aside: Vec<u64>,
}

impl Nest {
    fn new(open: u8) -> Self {
        Self { kinds: kind(open), depth: 1, aside: Vec::new() }
    }

    /// `None` where there are too many.
    #[inline]
    fn push(&mut self, open: u8) -> Option<()> {
        if self.depth.is_multiple_of(u64::BITS) {
            if self.depth == MAX_DEPTH {
                return None;
            }
            self.aside.push(self.kinds);
        }
        self.kinds = self.kinds << 1 | kind(open);
        self.depth += 1;
        Some(())
    }

    /// `None` where the bracket that was opened last is of another kind.
    #[inline]
    fn pop(&mut self, close: u8) -> Option<()> {
        if self.kinds & 1 != kind(close) {
            return None;
        }
        self.kinds >>= 1;
        self.depth -= 1;
        if self.depth.is_multiple_of(u64::BITS) {
            self.kinds = self.aside.pop().unwrap_or(0);
        }
        Some(())
    }
}

/// In ASCII, square and curly brackets differ in this bit.
#[inline]
fn kind(bracket: u8) -> u64 {
    u64::from(bracket >> 5 & 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a text behind its first bracket in pieces of one length.
    fn close(text: &str, piece: usize) -> Result<Option<(usize, u64)>, Defect> {
        let bytes = text.as_bytes();
        let mut closer = Closer::new(bytes[0]);
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
