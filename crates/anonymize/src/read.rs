//! Reads the JSON of a row value by value, and checks all of it.
//!
//! It is a reader of its own and not simd-json, because numbers must keep their digits, because
//! what is skipped may hold what no parser would keep, and because the two were equally fast.

mod marks;
mod text;

use memchr::memchr2;

use crate::Defect;
pub(crate) use marks::Marks;
pub(crate) use text::Text;
use text::{Escapes, hex};

use crate::token::same;

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
        Self { text, at: 0, marks: &marks.bits, controls: marks.controls }
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
        let found = memchr2(b'"', b'\\', &self.text.as_bytes()[self.at..]);
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

    /// The next key of an object whose opening bracket was passed. Not inlined, as is `value`: the
    /// code that a row needs should stay in the processor's cache.
    #[inline(never)]
    pub(crate) fn next_key(&mut self, first: &mut bool) -> Result<Option<Text<'a>>> {
        if self.more(first, b'}')? { self.key().map(Some) } else { Ok(None) }
    }

    /// Passes the next key of an object if it is written exactly as this one, which is a key that
    /// was read before, with its quotes and colon and no spaces. If not, nothing is passed.
    #[inline]
    pub(crate) fn pass_key(&mut self, first: &mut bool, key: &[u8]) -> bool {
        let comma = usize::from(!*first);
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let after = &rest[comma.min(rest.len())..];
        if comma == 1 && rest[..1.min(rest.len())] != *b"," || !starts_with(after, key) {
            return false;
        }
        self.at += comma + key.len();
        *first = false;
        true
    }

    /// Passes exactly these bytes, with no spaces before or between them. If they are not there,
    /// nothing is passed.
    #[inline]
    pub(crate) fn pass_bytes<const N: usize>(&mut self, bytes: &[u8; N]) -> bool {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let is_next = rest.first_chunk::<N>() == Some(bytes);
        self.at += if is_next { N } else { 0 };
        is_next
    }

    #[inline(always)]
    fn key(&mut self) -> Result<Text<'a>> {
        self.pass(b'"')?;
        let key = self.text()?;
        self.pass(b':')?;
        Ok(key)
    }

    /// One value, whatever it is.
    #[inline(never)]
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

/// Whether a text starts so; a call to compare them would take longer.
#[inline]
fn starts_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|text| same(text, start))
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

#[cfg(test)]
mod tests;
