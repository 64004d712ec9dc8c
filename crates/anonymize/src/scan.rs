//! A pull scanner over JSON: it skips without parsing, cuts out raw values, and remembers where it
//! is. Where a reader's pieces begin and end makes no difference.
//!
//! What is skipped is checked for quotes and brackets only: not for commas, numbers, words, control
//! characters or UTF-8. What is cut out is to be parsed by others.

mod block;
mod close;
mod lines;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

use memchr::memchr2;

use self::close::Closer;
use self::lines::Lines;
use crate::{AnonymizeError, Defect, Place};

type Result<T> = std::result::Result<T, AnonymizeError>;

/// How much is read at once. Fuzzing is quicker, and meets more ends, with little.
const BUFFER_BYTES: usize = if cfg!(fuzzing) { 1 << 10 } else { 1 << 20 };

/// Sees what is skipped, in order, where it is asked for.
pub(crate) trait Watch {
    /// Whether anything is to be seen; where not, watching costs nothing.
    const WANTS_SKIPPED: bool;

    /// The next bytes. Pieces end anywhere.
    fn skipped_bytes(&mut self, bytes: &[u8]);
}

impl<W: Watch> Watch for &mut W {
    const WANTS_SKIPPED: bool = W::WANTS_SKIPPED;

    fn skipped_bytes(&mut self, bytes: &[u8]) {
        (**self).skipped_bytes(bytes);
    }
}

/// Looks at nothing.
pub(crate) struct Unwatched;

impl Watch for Unwatched {
    const WANTS_SKIPPED: bool = false;

    fn skipped_bytes(&mut self, _: &[u8]) {}
}

/// Whether the bytes that go by are kept or watched, and from which place in the buffer.
#[derive(Clone, Copy, Debug)]
enum Mark {
    None,
    Keep { from: usize, limit: usize },
    Watch { from: usize },
}

/// Where a value that was cut out lies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Span {
    /// In the buffer, until more is read.
    Buffer { from: usize, to: usize },
    /// In the spill, until another value is cut out.
    Spill,
}

/// Reads JSON piece by piece.
pub(crate) struct Scanner<R, W> {
    input: R,
    /// Sees what is skipped. It lives here, so that reading more can tell it.
    pub(crate) watch: W,
    buffer: Box<[u8]>,
    next: usize,
    end: usize,
    /// The offset of the buffer's first byte.
    base: u64,
    mark: Mark,
    spill: Vec<u8>,
    lines: Lines,
}

impl<R: Read, W: Watch> Scanner<R, W> {
    /// Starts behind the byte order mark, if there is one.
    pub(crate) fn new(input: R, watch: W) -> Result<Self> {
        Self::with_capacity(BUFFER_BYTES, input, watch)
    }

    fn with_capacity(capacity: usize, input: R, watch: W) -> Result<Self> {
        let buffer = vec![0; capacity].into_boxed_slice();
        let (lines, spill, mark) = (Lines::default(), Vec::new(), Mark::None);
        let mut scanner =
            Self { input, watch, buffer, next: 0, end: 0, base: 0, mark, spill, lines };
        if scanner.byte()? == Some(b'\xef') {
            for byte in *b"\xef\xbb\xbf" {
                scanner.expect(byte)?;
            }
            scanner.lines.start_behind(scanner.offset());
        }
        Ok(scanner)
    }

    /// The number of bytes before the next one.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.next as u64
    }

    /// The place of the next byte.
    pub(crate) fn place(&mut self) -> Place {
        let (offset, base) = (self.offset(), self.base);
        self.lines.pass(base, &self.buffer[..self.next]);
        let (line, line_column) = self.lines.at(offset).unzip();
        Place { offset, line, line_column, ..Place::default() }
    }

    pub(crate) fn defect(&mut self, defect: Defect) -> AnonymizeError {
        AnonymizeError::Dump { place: self.place(), defect }
    }

    /// Reads more once all was looked at. False at the end of the input.
    #[cold]
    fn fill(&mut self) -> Result<bool> {
        debug_assert_eq!(self.next, self.end, "bytes would be lost");
        self.lines.pass(self.base, &self.buffer[..self.end]);
        self.put_aside()?;
        self.base += self.end as u64;
        (self.next, self.end) = (0, 0);
        loop {
            match self.input.read(&mut self.buffer) {
                Ok(count) => {
                    self.end = count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(AnonymizeError::Read(error)),
            }
        }
    }

    /// Hands over or keeps what is marked, before the buffer is used again.
    fn put_aside(&mut self) -> Result<()> {
        match &mut self.mark {
            Mark::None => {}
            Mark::Watch { from } => {
                self.watch.skipped_bytes(&self.buffer[*from..self.next]);
                *from = 0;
            }
            Mark::Keep { from, limit } => {
                let bytes = &self.buffer[*from..self.next];
                if self.spill.len() + bytes.len() > *limit {
                    return Err(self.defect(Defect::TooLong));
                }
                self.spill.extend_from_slice(bytes);
                *from = 0;
            }
        }
        Ok(())
    }

    /// The next byte, of whatever kind. `None` at the end of the input.
    #[inline]
    fn byte(&mut self) -> Result<Option<u8>> {
        if self.next == self.end && !self.fill()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.next]))
    }

    /// The next byte that is no space; the spaces before it are passed. `None` at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<Option<u8>> {
        while let Some(byte) = self.byte()? {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(Some(byte));
            }
            self.next += 1;
        }
        Ok(None)
    }

    /// Passes the spaces behind a document. Says whether another one follows, and on a new line.
    pub(crate) fn next_document(&mut self) -> Result<Option<NewLine>> {
        let mut new_line = NewLine(false);
        while let Some(byte) = self.byte()? {
            match byte {
                b'\n' => new_line = NewLine(true),
                b' ' | b'\t' | b'\r' => {}
                _ => return Ok(Some(new_line)),
            }
            self.next += 1;
        }
        Ok(None)
    }

    /// Like [`peek`](Self::peek), where the end of the input is an error.
    #[inline]
    pub(crate) fn peek_some(&mut self) -> Result<u8> {
        match self.peek()? {
            Some(byte) => Ok(byte),
            None => Err(self.defect(Defect::Truncated)),
        }
    }

    /// The first byte of the next value.
    pub(crate) fn peek_value(&mut self) -> Result<u8> {
        match self.peek_some()? {
            byte @ (b'"' | b'[' | b'{' | b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z') => {
                Ok(byte)
            }
            _ => Err(self.defect(Defect::Syntax)),
        }
    }

    /// Passes the next byte that is no space, if it is this one.
    #[inline]
    pub(crate) fn take(&mut self, wanted: u8) -> Result<bool> {
        let found = self.peek_some()? == wanted;
        self.next += usize::from(found);
        Ok(found)
    }

    /// Passes the next byte that is no space, which must be this one.
    #[inline]
    pub(crate) fn expect(&mut self, wanted: u8) -> Result<()> {
        if self.take(wanted)? { Ok(()) } else { Err(self.defect(Defect::Syntax)) }
    }

    /// Passes what stands before an element: nothing before the first, a comma before others. False
    /// where the closing bracket comes instead, which is passed too.
    #[inline]
    pub(crate) fn element(&mut self, is_first: &mut bool, close: u8) -> Result<bool> {
        let is_first = std::mem::replace(is_first, false);
        if self.take(close)? {
            return Ok(false);
        }
        if !is_first {
            self.expect(b',')?;
            if self.peek_some()? == close {
                return Err(self.defect(Defect::Syntax));
            }
        }
        Ok(true)
    }

    /// Reads the name of an object's next entry and its colon.
    pub(crate) fn name(&mut self, limit: usize) -> Result<Decoded> {
        let name = self.text(limit)?;
        self.expect(b':')?;
        Ok(name)
    }

    /// Reads a text of at most so many bytes, as they are written between the quotes. One that is
    /// longer or no Unicode is passed like any other.
    pub(crate) fn text(&mut self, limit: usize) -> Result<Decoded> {
        self.expect(b'"')?;
        let longest = limit + "\"\"".len();
        let mut raw = vec![b'"'];
        self.pass_text(|part| {
            if raw.len() <= longest {
                raw.extend_from_slice(part);
            }
        })?;
        Ok(if raw.len() <= longest { decode(&raw) } else { Err(Defect::TooLong) })
    }

    /// Passes the rest of a text with its closing quote.
    fn pass_text(&mut self, mut part: impl FnMut(&[u8])) -> Result<()> {
        let mut is_escaped = false;
        loop {
            if self.byte()?.is_none() {
                return Err(self.defect(Defect::Truncated));
            }
            let bytes = &self.buffer[self.next..self.end];
            let from = usize::from(is_escaped);
            let found = memchr2(b'"', b'\\', &bytes[from..]).map(|index| from + index);
            let count = found.map_or(bytes.len(), |index| index + 1);
            let is_last = found.is_some_and(|index| bytes[index] == b'"');
            is_escaped = found.is_some() && !is_last;
            part(&bytes[..count]);
            self.next += count;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Passes a value, and gives the number of its elements where it is an array.
    pub(crate) fn skip_value(&mut self) -> Result<Option<u64>> {
        match self.peek_some()? {
            b'[' => self.skip_array().map(Some),
            b'{' => {
                self.next += 1;
                self.skip_open(b'{').map(|_| None)
            }
            b'"' => {
                self.next += 1;
                self.pass_text(|_| ()).map(|()| None)
            }
            _ => self.skip_word().map(|()| None),
        }
    }

    fn skip_array(&mut self) -> Result<u64> {
        self.next += 1;
        if self.peek_some()? == b']' {
            self.next += 1;
            return Ok(0);
        }
        // Commas stand between elements, so there is one element more.
        self.skip_open(b'[').map(|commas| commas + 1)
    }

    /// Passes the rest of an array or object, whose opening bracket was passed before, and gives
    /// the number of commas between its elements.
    pub(crate) fn skip_open(&mut self, open: u8) -> Result<u64> {
        let mut closer = Closer::new(open);
        loop {
            if self.byte()?.is_none() {
                return Err(self.defect(Defect::Truncated));
            }
            match closer.advance(&self.buffer[self.next..self.end]) {
                Ok(Some(count)) => {
                    self.next += count;
                    return Ok(closer.commas);
                }
                Ok(None) => self.next = self.end,
                Err((index, defect)) => {
                    self.next += index;
                    return Err(self.defect(defect));
                }
            }
        }
    }

    /// Passes `true`, `false`, `null`, or a number, the digits of which are not checked further.
    fn skip_word(&mut self) -> Result<()> {
        match self.peek_some()? {
            b't' => self.expect_all(b"true"),
            b'f' => self.expect_all(b"false"),
            b'n' => self.expect_all(b"null"),
            b'-' | b'0'..=b'9' => self.skip_number(),
            _ => Err(self.defect(Defect::Syntax)),
        }
    }

    fn expect_all(&mut self, word: &[u8]) -> Result<()> {
        for wanted in word {
            match self.byte()? {
                Some(byte) if byte == *wanted => self.next += 1,
                Some(_) => return Err(self.defect(Defect::Syntax)),
                None => return Err(self.defect(Defect::Truncated)),
            }
        }
        Ok(())
    }

    fn skip_number(&mut self) -> Result<()> {
        let is_part = |byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        while self.byte()?.is_some_and(is_part) {
            self.next += 1;
        }
        Ok(())
    }

    /// Keeps what comes from the next byte that is no space on.
    pub(crate) fn keep(&mut self, limit: usize) -> Result<()> {
        self.peek()?;
        self.spill.clear();
        self.mark = Mark::Keep { from: self.next, limit };
        Ok(())
    }

    /// Ends what [`keep`](Self::keep) began.
    pub(crate) fn kept(&mut self) -> Result<Span> {
        let Mark::Keep { from, limit } = self.mark else { unreachable!("keep was called before") };
        if self.spill.is_empty() && self.next - from <= limit {
            self.mark = Mark::None;
            return Ok(Span::Buffer { from, to: self.next });
        }
        self.put_aside()?;
        self.mark = Mark::None;
        Ok(Span::Spill)
    }

    /// Ends what [`keep`](Self::keep) began, for nothing.
    pub(crate) fn forget(&mut self) {
        self.mark = Mark::None;
    }

    /// Cuts out a value, unparsed.
    pub(crate) fn cut(&mut self, limit: usize) -> Result<Span> {
        self.keep(limit)?;
        self.skip_value()?;
        self.kept()
    }

    /// The bytes that were cut out, and who may look at them.
    pub(crate) fn bytes(&mut self, span: Span) -> (&[u8], &mut W) {
        let bytes = match span {
            Span::Buffer { from, to } => &self.buffer[from..to],
            Span::Spill => &self.spill,
        };
        (bytes, &mut self.watch)
    }

    /// Shows all that comes from here on to the watch.
    pub(crate) fn start_watch(&mut self) {
        if W::WANTS_SKIPPED {
            self.mark = Mark::Watch { from: self.next };
        }
    }

    /// Ends what [`start_watch`](Self::start_watch) began.
    pub(crate) fn end_watch(&mut self) {
        if let Mark::Watch { from } = std::mem::replace(&mut self.mark, Mark::None) {
            self.watch.skipped_bytes(&self.buffer[from..self.next]);
        }
    }
}

/// Whether the bytes are one array or object, from the first to the last.
pub(crate) fn closes_at_end(bytes: &[u8]) -> bool {
    let Some((open @ (b'[' | b'{'), rest)) = bytes.split_first() else { return false };
    matches!(Closer::new(*open).advance(rest), Ok(Some(count)) if count == rest.len())
}

/// Whether a document begins on a line of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewLine(pub(crate) bool);

/// A text, or why it is none that could be used.
pub(crate) type Decoded = std::result::Result<String, Defect>;

fn decode(raw: &[u8]) -> Decoded {
    serde_json::from_slice(raw).map_err(|_| {
        let is_broken = raw.iter().any(|byte| *byte < b' ') || std::str::from_utf8(raw).is_err();
        if is_broken { Defect::Syntax } else { Defect::Encoding }
    })
}
