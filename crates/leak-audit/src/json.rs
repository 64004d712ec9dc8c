//! A resumable reader of JSON documents: strict about structure, and bounded in memory.

use std::io::{self, Read};

use memchr::{memchr, memchr2};

/// How much is read at once: little enough to stay in a near cache.
const CHUNK: usize = 256 << 10;
/// How deep arrays and objects may be nested.
const MAX_DEPTH: usize = 256;
/// The longest string that is read, in bytes.
const MAX_STRING: usize = 64 << 20;

/// What comes next in a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    OpenArray,
    OpenObject,
    Close,
    /// Bytes that should be UTF-8, as those of a text; nobody has looked.
    Key(&'a [u8]),
    Text(&'a [u8]),
    /// A number, `true`, `false` or `null`.
    Scalar,
}

/// Why a document cannot be read.
#[derive(Debug)]
pub(crate) enum Broken {
    Io(io::Error),
    /// What is wrong, without any of the text.
    Syntax(&'static str),
}

/// Reads any number of documents, one after the other.
pub(crate) struct Tokens<'r> {
    reader: Option<Box<dyn Read + 'r>>,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Where the buffer starts in the input.
    offset: u64,
    /// Whether each open value is an object.
    open: Vec<bool>,
    state: State,
    unescaped: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a value, which must be there.
    Value,
    /// After an opening bracket.
    First,
    /// After a value.
    After,
}

impl<'r> Tokens<'r> {
    pub(crate) fn new(reader: Box<dyn Read + 'r>) -> Self {
        Self { reader: Some(reader), ..Self::over(vec![0; CHUNK], 0) }
    }

    /// Reads what is already there.
    pub(crate) fn of(text: Vec<u8>) -> Self {
        let end = text.len();
        Self::over(text, end)
    }

    /// Starts anew, over a text that is already there.
    pub(crate) fn restart(&mut self, text: &[u8]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(text);
        self.rewind();
    }

    /// Starts anew over the same text.
    pub(crate) fn rewind(&mut self) {
        self.at = 0;
        self.end = self.buffer.len();
        self.open.clear();
        self.state = State::After;
    }

    fn over(buffer: Vec<u8>, end: usize) -> Self {
        let (open, unescaped) = (Vec::new(), Vec::new());
        Self { reader: None, buffer, at: 0, end, offset: 0, open, state: State::After, unescaped }
    }

    /// How much was read.
    pub(crate) fn offset(&self) -> u64 {
        self.offset + self.at as u64
    }

    /// Moves on to the next token and gives it with the place where it starts.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Token<'_>)>, Broken> {
        loop {
            let Some(byte) = self.peek()? else {
                let is_whole = self.open.is_empty() && self.state == State::After;
                return if is_whole { Ok(None) } else { Err(Broken::Syntax("it is cut off")) };
            };
            let start = self.offset();
            match (self.state, self.open.last().copied(), byte) {
                (State::First | State::After, Some(false), b']')
                | (State::First | State::After, Some(true), b'}') => {
                    self.at += 1;
                    self.open.pop();
                    self.state = State::After;
                    return Ok(Some((start, Token::Close)));
                }
                (State::After, Some(is_object), b',') => {
                    self.at += 1;
                    self.state = State::Value;
                    if is_object {
                        return self.key();
                    }
                }
                (State::First, Some(true), _) => return self.key(),
                (State::After, Some(_), _) => return Err(Broken::Syntax("no comma or bracket")),
                // Documents follow one another.
                (State::After, None, _) | (State::Value, ..) | (State::First, ..) => {
                    return self.value(byte).map(|token| Some((start, token)));
                }
            }
        }
    }

    fn key(&mut self) -> Result<Option<(u64, Token<'_>)>, Broken> {
        if self.peek()? != Some(b'"') {
            return Err(Broken::Syntax("no key"));
        }
        let start = self.offset();
        let text = self.string()?;
        self.state = State::Value;
        if text.is_in_buffer && self.buffer[..self.end].get(self.at) == Some(&b':') {
            self.at += 1;
            return Ok(Some((start, Token::Key(&self.buffer[text.start..text.end]))));
        }
        // The colon may need a read, which moves the buffer; the key is put aside before that.
        if text.is_in_buffer {
            self.unescaped.clear();
            self.unescaped.extend_from_slice(&self.buffer[text.start..text.end]);
        }
        if self.peek()? != Some(b':') {
            return Err(Broken::Syntax("no colon"));
        }
        self.at += 1;
        Ok(Some((start, Token::Key(&self.unescaped))))
    }

    fn value(&mut self, byte: u8) -> Result<Token<'_>, Broken> {
        match byte {
            b'[' | b'{' => {
                if self.open.len() == MAX_DEPTH {
                    return Err(Broken::Syntax("it is nested too deep"));
                }
                self.at += 1;
                self.open.push(byte == b'{');
                self.state = State::First;
                Ok(if byte == b'{' { Token::OpenObject } else { Token::OpenArray })
            }
            b'"' => {
                let text = self.string()?;
                self.state = State::After;
                let bytes = if text.is_in_buffer {
                    &self.buffer[text.start..text.end]
                } else {
                    &self.unescaped[..]
                };
                Ok(Token::Text(bytes))
            }
            _ => {
                self.scalar()?;
                self.state = State::After;
                Ok(Token::Scalar)
            }
        }
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Result<Option<u8>, Broken> {
        loop {
            while self.at < self.end {
                let byte = self.buffer[self.at];
                if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                    return Ok(Some(byte));
                }
                self.at += 1;
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Reads on. What was not read yet is kept, at the start of the buffer.
    fn fill(&mut self) -> Result<bool, Broken> {
        let Some(reader) = &mut self.reader else { return Ok(false) };
        self.buffer.copy_within(self.at..self.end, 0);
        self.offset += self.at as u64;
        self.end -= self.at;
        self.at = 0;
        if self.end == self.buffer.len() {
            if self.end > MAX_STRING {
                return Err(Broken::Syntax("a string is too long"));
            }
            self.buffer.resize(self.end * 2, 0);
        }
        loop {
            match reader.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Broken::Io(error)),
            }
        }
    }

    /// Reads a string. Offsets count from `at`, because reading on moves the buffer.
    fn string(&mut self) -> Result<Text, Broken> {
        let (mut read, mut has_escape) = (1, false);
        loop {
            let start = self.at + read;
            match memchr2(b'"', b'\\', &self.buffer[start.min(self.end)..self.end]) {
                Some(found) if self.buffer[start + found] == b'"' => {
                    return self.finish_string(start + found, has_escape);
                }
                Some(found) => {
                    has_escape = true;
                    read += found + 2;
                }
                None => {
                    read = read.max(self.end - self.at);
                    if !self.fill()? {
                        return Err(Broken::Syntax("it is cut off"));
                    }
                }
            }
        }
    }

    fn finish_string(&mut self, end: usize, has_escape: bool) -> Result<Text, Broken> {
        let start = self.at + 1;
        self.at = end + 1;
        if has_escape {
            unescape(&self.buffer[start..end], &mut self.unescaped)?;
        }
        Ok(Text { start, end, is_in_buffer: !has_escape })
    }

    /// A number or a word. Text inside of something that only looks like JSON must not pass as one.
    fn scalar(&mut self) -> Result<(), Broken> {
        let mut length = 0;
        loop {
            let rest = &self.buffer[self.at + length..self.end];
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
            length += rest.iter().take_while(|byte| is_part(byte)).count();
            if self.at + length < self.end || !self.fill()? {
                break;
            }
        }
        let scalar = &self.buffer[self.at..self.at + length];
        let is_known = matches!(scalar, b"true" | b"false" | b"null") || is_number(scalar);
        self.at += length;
        if is_known { Ok(()) } else { Err(Broken::Syntax("no value")) }
    }
}

/// Where a string is: in the buffer, or unescaped.
struct Text {
    start: usize,
    end: usize,
    is_in_buffer: bool,
}

/// Decodes what stands between two quotes. A lone half of a character becomes the replacement one.
fn unescape(mut text: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
    out.clear();
    while let Some(slash) = memchr(b'\\', text) {
        out.extend_from_slice(&text[..slash]);
        let escape = text.get(slash + 1).ok_or(Broken::Syntax("a bad escape"))?;
        text = &text[slash + 2..];
        match escape {
            b'"' | b'\\' | b'/' => out.push(*escape),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => text = unicode(text, out)?,
            _ => return Err(Broken::Syntax("a bad escape")),
        }
    }
    out.extend_from_slice(text);
    Ok(())
}

/// Decodes the digits after `\u`, and the second half that may follow.
fn unicode<'a>(text: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], Broken> {
    let first = unit(text).ok_or(Broken::Syntax("a bad escape"))?;
    let second = text[4..].strip_prefix(b"\\u").and_then(unit);
    let both = second.map(|second| char::decode_utf16([first, second]).next());
    let (character, rest) = match both {
        Some(Some(Ok(character))) if u32::from(character) > 0xffff => (character, &text[10..]),
        _ => (char::from_u32(u32::from(first)).unwrap_or('\u{fffd}'), &text[4..]),
    };
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(rest)
}

fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, rest) = digits(text);
    let is_whole = !whole.is_empty() && (whole.len() == 1 || whole[0] != b'0');
    let (fraction, rest) = rest.strip_prefix(b".").map_or((&b"0"[..], rest), digits);
    let exponent = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E"));
    let sign = |text: &[u8]| usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let (exponent, rest) = exponent.map_or((&b"0"[..], rest), |text| digits(&text[sign(text)..]));
    is_whole && !fraction.is_empty() && !exponent.is_empty() && rest.is_empty()
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(out.len());
            (&self.0[..self.0.len().min(size)])
                .read(out)
                .inspect(|count| self.0 = &self.0[*count..])
        }
    }

    /// The tokens, and at last what is wrong.
    fn read(mut tokens: Tokens<'_>) -> Vec<String> {
        let mut out = Vec::new();
        loop {
            match tokens.next() {
                Ok(Some((at, token))) => out.push(match token {
                    Token::Key(key) => format!("{at} Key({})", String::from_utf8_lossy(key)),
                    Token::Text(text) => format!("{at} Text({})", String::from_utf8_lossy(text)),
                    other => format!("{at} {other:?}"),
                }),
                Ok(None) => return out,
                Err(Broken::Syntax(what)) => {
                    out.push(format!("error: {what}"));
                    return out;
                }
                Err(Broken::Io(_)) => unreachable!("memory can be read"),
            }
        }
    }

    fn is_read(json: &str) -> bool {
        read(Tokens::of(json.into())).last().is_none_or(|last| !last.starts_with("error"))
    }

    #[test]
    fn documents_are_read_one_after_the_other() {
        let made = read(Tokens::of(b"{\"a\\u4e2d\":[1,\"b\"]}\n\"c\"".to_vec()));
        assert_eq!(
            made,
            [
                "0 OpenObject",
                "1 Key(a中)",
                "11 OpenArray",
                "12 Scalar",
                "14 Text(b)",
                "17 Close",
                "18 Close",
                "20 Text(c)",
            ]
        );
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        for json in [
            "[",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{1:2}",
            "[}",
            "]",
            "[2024-05]",
            "[01]",
            "[1.]",
            "nul",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "[1 2]",
            "{\"a\":1,}",
            ",",
            "[+1]",
            "[1e]",
            "[.5]",
        ] {
            assert!(!is_read(json), "{json}");
        }
        for json in
            ["", "[]", "{}", "[-0.5e+3,0,10,1E5]", "[true,false,null]", "\"\\ud83d\"", "[[],{}]"]
        {
            assert!(is_read(json), "{json}");
        }
        assert!(is_read(&format!("{}{}", "[".repeat(256), "]".repeat(256))));
        assert!(!is_read(&format!("{}{}", "[".repeat(257), "]".repeat(257))));
    }

    proptest! {
        #[test]
        fn the_size_of_a_read_makes_no_difference(
            bytes in prop::collection::vec(prop::sample::select(&b"\"\"\\u[]{}:,d83ec01 \xe4\xb8\xad"[..]), 0..40),
            size in 1_usize..9,
        ) {
            let whole = read(Tokens::of(bytes.clone()));
            prop_assert_eq!(read(Tokens::new(Box::new(Slow(&bytes, size)))), whole);
        }

        #[test]
        fn texts_are_what_serde_wrote(texts in prop::collection::vec("\\PC{0,9}|[\n\"\\\\\t]{1,3}", 0..6), size in 1_usize..9) {
            let json = serde_json::to_vec(&texts).unwrap();
            let mut tokens = Tokens::new(Box::new(Slow(&json, size)));
            let mut made = Vec::new();
            while let Some((_, token)) = tokens.next().ok().unwrap() {
                if let Token::Text(text) = token {
                    made.push(String::from_utf8(text.to_vec()).unwrap());
                }
            }
            prop_assert_eq!(made, texts);
        }
    }
}
