//! Texts inside JSON, and what their escapes stand for.

use std::borrow::Cow;

use super::Result;
use crate::Defect;

const ONES: u64 = u64::MAX / 255;

/// A text as it stands between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    pub(super) raw: &'a str,
    pub(super) escapes: Escapes,
}

/// Whether a text has escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Escapes {
    None,
    Some,
}

impl<'a> Text<'a> {
    /// A text without escapes.
    pub(crate) fn plain(text: &'a str) -> Self {
        Self { raw: text, escapes: Escapes::None }
    }

    /// A text as it stands between its quotes.
    pub(crate) fn written(raw: &'a str) -> Self {
        let escapes = if raw.contains('\\') { Escapes::Some } else { Escapes::None };
        Self { raw, escapes }
    }

    /// The text as it is written, which tells two spellings of the same text apart.
    pub(crate) fn raw(self) -> &'a str {
        self.raw
    }

    pub(crate) fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// A lone surrogate is the one thing that correct syntax can still hide.
    #[inline]
    pub(crate) fn decode(self) -> Result<Cow<'a, str>> {
        if self.escapes == Escapes::None { Ok(Cow::Borrowed(self.raw)) } else { self.unescaped() }
    }

    #[inline(never)]
    fn unescaped(self) -> Result<Cow<'a, str>> {
        let mut bytes = Vec::with_capacity(self.raw.len());
        unescape(self.raw, &mut bytes)?;
        String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Defect::Encoding)
    }

    /// Like [`decode`](Self::decode), in memory that is used again.
    pub(crate) fn decode_in<'b>(self, buffer: &'b mut Vec<u8>) -> Result<&'b str>
    where
        'a: 'b,
    {
        if self.escapes == Escapes::None {
            return Ok(self.raw);
        }
        buffer.clear();
        unescape(self.raw, buffer)?;
        simdutf8::basic::from_utf8(buffer).map_err(|_| Defect::Encoding)
    }

    /// Whether this is what the text says.
    pub(crate) fn says(self, expected: &str) -> bool {
        if self.escapes == Escapes::Some {
            self.decode().is_ok_and(|text| text == expected)
        } else {
            self.raw == expected
        }
    }
}

/// The number behind hexadecimal digits; none behind anything else.
pub(super) fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digit = |value: u32, byte: &u8| Some(value << 4 | char::from(*byte).to_digit(16)?);
    digits?.iter().try_fold(0, digit)
}

/// Appends what a text says whose escapes are written correctly.
fn unescape(raw: &str, out: &mut Vec<u8>) -> Result<()> {
    out.reserve(raw.len() + 8);
    let mut rest = raw.as_bytes();
    // Eight bytes at a time are copied whole, and what is too much is taken back.
    while let Some(word) = rest.first_chunk::<8>() {
        out.extend_from_slice(word);
        let run = run(u64::from_le_bytes(*word));
        rest = &rest[run..];
        if run < 8 {
            out.truncate(out.len() - (8 - run));
            rest = escape(rest, out)?;
        }
    }
    while let Some(byte) = rest.first() {
        if *byte == b'\\' {
            rest = escape(rest, out)?;
        } else {
            out.push(*byte);
            rest = &rest[1..];
        }
    }
    Ok(())
}

/// How many bytes at the start of a word are no backslash.
#[inline]
fn run(word: u64) -> usize {
    let differing = word ^ (ONES * 0x5c);
    let zeros = differing.wrapping_sub(ONES) & !differing & (ONES << 7);
    zeros.trailing_zeros() as usize / 8
}

/// Appends the character behind the escape at the start, and gives what follows it.
#[inline]
fn escape<'r>(rest: &'r [u8], out: &mut Vec<u8>) -> Result<&'r [u8]> {
    let byte = match rest.get(1) {
        Some(b'b') => 8,
        Some(b'f') => 0xc,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => {
            let (character, passed) = unicode(rest).ok_or(Defect::Encoding)?;
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(&rest[passed..]);
        }
        Some(other) => *other,
        None => return Err(Defect::Encoding),
    };
    out.push(byte);
    Ok(&rest[2..])
}

/// The character behind `\uXXXX` or a pair of these, and how many bytes they take.
#[inline(never)]
fn unicode(rest: &[u8]) -> Option<(char, usize)> {
    let high = hex(rest.get(2..6))?;
    if !(0xd800..0xdc00).contains(&high) {
        return Some((char::from_u32(high)?, 6));
    }
    let low = hex(rest.get(6..8).filter(|mark| *mark == b"\\u").and(rest.get(8..12)))?;
    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)?, 12))
}
