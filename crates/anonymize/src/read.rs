//! Reads the JSON of a row value by value, and checks all of it.
//!
//! It is a reader of its own and not simd-json, because numbers must keep their digits, because
//! what is skipped may hold what no parser would keep, and because the two were equally fast.

use std::borrow::Cow;

use memchr::memchr2;
use wide::u8x32;

use crate::Defect;

/// How deep brackets may lie inside a value.
const MAX_DEPTH: usize = 1_024;

pub(crate) type Result<T> = std::result::Result<T, Defect>;

/// A value whose syntax is right. Numbers, arrays and objects stand as they are written.
///
/// Its tag is a word, as is [`Escapes`]: values with tags of one byte are copied in pieces, and to
/// wait for the pieces takes longer than to read the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Raw<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Text<'a>),
    Array(&'a str),
    Object(&'a str),
}

/// A text as it stands between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    escapes: Escapes,
}

/// Whether a text has escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
enum Escapes {
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
    pub(crate) fn decode(self) -> Result<Cow<'a, str>> {
        if self.escapes == Escapes::None {
            return Ok(Cow::Borrowed(self.raw));
        }
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

/// Where the quotes and backslashes of a text are, a bit a byte: found for the whole text at once,
/// because most strings are so short that to search for the end of each takes longer.
#[derive(Default)]
pub(crate) struct Marks {
    bits: Vec<u64>,
    /// The smallest byte. Most rows have no control character, line breaks included, and then no
    /// string has to be searched for one.
    smallest: u8,
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

/// Goes through JSON from its start.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The marks of the text; none where it is too short to be worth the search.
    marks: &'a [u64],
    /// Whether a control character may be in a string.
    controls: bool,
}

impl<'a> Reader<'a> {
    /// Reads a text that is short, or looked at before.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, marks: &[], controls: text.bytes().fold(u8::MAX, u8::min) < b' ' }
    }

    /// Reads a text whose marks are these.
    pub(crate) fn with_marks(text: &'a str, marks: &'a Marks) -> Self {
        Self { text, at: 0, marks: &marks.bits, controls: marks.smallest < b' ' }
    }

    /// Where the next quote or backslash is.
    #[inline(always)]
    fn mark(&self) -> Result<usize> {
        let mut word = self.at / 64;
        let Some(bits) = self.marks.get(word) else {
            return self.search();
        };
        let mut bits = bits >> (self.at % 64) << (self.at % 64);
        while bits == 0 {
            word += 1;
            bits = *self.marks.get(word).ok_or(Defect::Syntax)?;
        }
        Ok(word * 64 + bits.trailing_zeros() as usize)
    }

    #[inline(never)]
    fn search(&self) -> Result<usize> {
        let found = quote_or_backslash(&self.text.as_bytes()[self.at..]);
        found.map(|step| self.at + step).ok_or(Defect::Syntax)
    }

    /// The first byte of what comes next, without passing it. At the end a zero, which nothing
    /// may start with.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// Passes exactly this byte, and spaces before it.
    #[inline(always)]
    pub(crate) fn pass(&mut self, byte: u8) -> Result<()> {
        if self.peek() != byte {
            return Err(Defect::Syntax);
        }
        self.at += 1;
        Ok(())
    }

    /// What stands between here and where another reader of the same JSON has come to.
    pub(crate) fn until(&self, later: &Self) -> &'a str {
        &self.text[self.at..later.at]
    }

    /// Nothing but spaces may follow.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.peek();
        if self.at == self.text.len() { Ok(()) } else { Err(Defect::Syntax) }
    }

    /// Passes the bracket that ends an array or object, or the comma before its next part.
    /// `false` at the end. `first` is whether the opening bracket was passed just now.
    #[inline(always)]
    fn more(&mut self, first: &mut bool, close: u8) -> Result<bool> {
        let next = self.peek();
        let is_first = std::mem::replace(first, false);
        if next == close {
            self.at += 1;
            return Ok(false);
        }
        if !is_first {
            self.pass(b',')?;
        }
        Ok(true)
    }

    /// Whether an array, whose opening bracket was passed, has another element.
    #[inline]
    pub(crate) fn next_element(&mut self, first: &mut bool) -> Result<bool> {
        self.more(first, b']')
    }

    /// The next key of an object whose opening bracket was passed.
    #[inline(always)]
    pub(crate) fn next_key(&mut self, first: &mut bool) -> Result<Option<Text<'a>>> {
        if self.more(first, b'}')? { self.key().map(Some) } else { Ok(None) }
    }

    #[inline(always)]
    fn key(&mut self) -> Result<Text<'a>> {
        self.pass(b'"')?;
        let key = self.text()?;
        self.pass(b':')?;
        Ok(key)
    }

    /// One value, whatever it is.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Raw<'a>> {
        match self.peek() {
            b'"' => {
                self.at += 1;
                self.text().map(Raw::Text)
            }
            b'{' => self.nested().map(Raw::Object),
            b'[' => self.nested().map(Raw::Array),
            _ => self.plain(),
        }
    }

    /// One value, as it is written.
    pub(crate) fn raw_value(&mut self) -> Result<&'a str> {
        self.peek();
        let start = self.at;
        self.value()?;
        Ok(&self.text[start..self.at])
    }

    fn plain(&mut self) -> Result<Raw<'a>> {
        match self.peek() {
            b'n' => self.literal("null", Raw::Null),
            b't' => self.literal("true", Raw::Bool(true)),
            b'f' => self.literal("false", Raw::Bool(false)),
            _ => self.number(),
        }
    }

    fn literal(&mut self, word: &str, value: Raw<'a>) -> Result<Raw<'a>> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(Defect::Syntax);
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Raw<'a>> {
        let start = self.at;
        self.at += usize::from(self.byte() == b'-');
        if self.byte() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), b'+' | b'-'));
            self.digits()?;
        }
        Ok(Raw::Number(&self.text[start..self.at]))
    }

    #[inline]
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn digits(&mut self) -> Result<()> {
        let start = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(Defect::Syntax) } else { Ok(()) }
    }

    /// The rest of a text whose opening quote was passed.
    #[inline(always)]
    fn text(&mut self) -> Result<Text<'a>> {
        let (start, end) = (self.at, self.mark()?);
        if self.controls || self.text.as_bytes()[end] != b'"' {
            return self.long_text();
        }
        self.at = end + 1;
        Ok(Text { raw: &self.text[start..end], escapes: Escapes::None })
    }

    /// The same where it has escapes, or perhaps what it must not have.
    #[inline(never)]
    fn long_text(&mut self) -> Result<Text<'a>> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        let mut escapes = Escapes::None;
        loop {
            self.at = self.mark()?;
            if bytes[self.at] == b'"' {
                break;
            }
            escapes = Escapes::Some;
            self.escape()?;
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        if self.controls && raw.bytes().any(|byte| byte < b' ') {
            return Err(Defect::Syntax);
        }
        Ok(Text { raw, escapes })
    }

    #[inline]
    fn escape(&mut self) -> Result<()> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += match rest.get(1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if hex(rest.get(2..6)).is_some() => 6,
            _ => return Err(Defect::Syntax),
        };
        Ok(())
    }

    /// A whole array or object, without recursion: it may be deep.
    fn nested(&mut self) -> Result<&'a str> {
        let start = self.at;
        let mut open = Brackets::default();
        loop {
            let mut first = matches!(self.peek(), b'[' | b'{');
            if first {
                open.push(self.byte() == b'{')?;
                self.at += 1;
            } else {
                self.value()?;
            }
            while let Some(object) = open.last() {
                if self.more(&mut first, if object { b'}' } else { b']' })? {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                open.len -= 1;
            }
            if open.len == 0 {
                return Ok(&self.text[start..self.at]);
            }
        }
    }
}

/// The kinds of the open brackets, a bit each.
struct Brackets {
    bits: [u64; MAX_DEPTH / 64],
    len: usize,
}

impl Default for Brackets {
    fn default() -> Self {
        Self { bits: [0; MAX_DEPTH / 64], len: 0 }
    }
}

impl Brackets {
    #[inline]
    fn push(&mut self, object: bool) -> Result<()> {
        let word = self.bits.get_mut(self.len / 64).ok_or(Defect::TooDeep)?;
        let bit = 1 << (self.len % 64);
        *word = if object { *word | bit } else { *word & !bit };
        self.len += 1;
        Ok(())
    }

    #[inline]
    fn last(&self) -> Option<bool> {
        let last = self.len.checked_sub(1)?;
        Some(self.bits[last / 64] >> (last % 64) & 1 == 1)
    }
}

const ONES: u64 = u64::MAX / 255;

/// Marks the first byte of the word that is zero, and perhaps some after it.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

/// Where the first quote or backslash is. Most texts are so short that a call costs more than to
/// look at eight bytes at a time.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const WORDS: usize = 4;
    for index in 0..WORDS {
        let Some(word) = bytes.get(index * 8..).and_then(<[u8]>::first_chunk) else {
            let tail = bytes.get(index * 8..)?;
            let at = tail.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
            return Some(index * 8 + at);
        };
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    memchr2(b'"', b'\\', &bytes[WORDS * 8..]).map(|at| WORDS * 8 + at)
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
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
        let run = zeros(u64::from_le_bytes(*word) ^ (ONES * 0x5c)).trailing_zeros() as usize / 8;
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
fn unicode(rest: &[u8]) -> Option<(char, usize)> {
    let high = hex(rest.get(2..6))?;
    if !(0xd800..0xdc00).contains(&high) {
        return Some((char::from_u32(high)?, 6));
    }
    let low = hex(rest.get(6..8).filter(|mark| *mark == b"\\u").and(rest.get(8..12)))?;
    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)?, 12))
}

#[cfg(test)]
mod tests;
