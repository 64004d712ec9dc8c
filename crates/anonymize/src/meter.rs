//! A reader that knows where it is, and stops what would cost too much memory.

use std::cell::Cell;
use std::io::{self, Cursor, Read};

use crate::{Defect, Place};

const BUFFER_BYTES: usize = 1 << 20;

/// How deep a dump's brackets may lie, private tables included.
const MAX_DEPTH: u32 = 1_024;

/// Where reading has come to. Shared by the reader, which moves it, and the parser, which asks.
#[derive(Debug)]
pub(crate) struct Meter {
    offset: Cell<u64>,
    line: Cell<u64>,
    line_start: Cell<u64>,
    limit: Cell<u64>,
    defect: Cell<Option<Defect>>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            offset: Cell::new(0),
            line: Cell::new(1),
            line_start: Cell::new(0),
            limit: Cell::new(u64::MAX),
            defect: Cell::new(None),
        }
    }

    /// Allows this many more bytes: what comes now is held in memory.
    pub(crate) fn allow(&self, bytes: u64) {
        self.limit.set(self.offset.get().saturating_add(bytes));
    }

    /// Allows any length: what comes now is skipped.
    pub(crate) fn allow_any(&self) {
        self.limit.set(u64::MAX);
    }

    pub(crate) fn place(&self) -> Place {
        let line_column = self.offset.get() - self.line_start.get();
        Place { offset: self.offset.get(), line: self.line.get(), line_column, ..Place::default() }
    }

    /// What made the reader stop, if it did.
    pub(crate) fn defect(&self) -> Option<Defect> {
        self.defect.get()
    }

    #[inline]
    fn pass(&self, byte: u8) -> io::Result<()> {
        let offset = self.offset.get() + 1;
        self.offset.set(offset);
        if byte == b'\n' {
            self.line.set(self.line.get() + 1);
            self.line_start.set(offset);
        }
        if offset > self.limit.get() { self.stop(Defect::TooLong) } else { Ok(()) }
    }

    #[cold]
    fn stop(&self, defect: Defect) -> io::Result<()> {
        self.defect.set(Some(defect));
        Err(io::Error::other("the dump exceeds a limit"))
    }
}

/// The reader under the parser, which asks for one byte at a time. It has its own buffer, because
/// a byte is looked at here anyway and a second layer would cost as much again.
pub(crate) struct Metered<'m, R> {
    inner: R,
    buffer: Box<[u8]>,
    next: usize,
    end: usize,
    meter: &'m Meter,
    depth: u32,
    in_text: bool,
    escaped: bool,
}

impl<'m, R: Read> Metered<'m, R> {
    pub(crate) fn new(inner: R, meter: &'m Meter) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self { inner, buffer, next: 0, end: 0, meter, depth: 0, in_text: false, escaped: false }
    }

    /// The parser keeps a byte of memory a level, so the depth has a limit even where it skips.
    #[inline]
    fn pass(&mut self, byte: u8) -> io::Result<()> {
        if self.escaped {
            self.escaped = false;
        } else if self.in_text {
            self.escaped = byte == b'\\';
            self.in_text = byte != b'"';
        } else {
            self.structure(byte)?;
        }
        self.meter.pass(byte)
    }

    #[inline]
    fn structure(&mut self, byte: u8) -> io::Result<()> {
        match byte {
            b'"' => self.in_text = true,
            b'[' | b'{' if self.depth == MAX_DEPTH => return self.meter.stop(Defect::TooDeep),
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Ok(())
    }

    #[cold]
    fn fill(&mut self) -> io::Result<()> {
        self.next = 0;
        self.end = self.inner.read(&mut self.buffer)?;
        Ok(())
    }
}

impl<R: Read> Read for Metered<'_, R> {
    /// Gives at most one byte, which is all that the parser ever asks for.
    #[inline]
    fn read(&mut self, wanted: &mut [u8]) -> io::Result<usize> {
        if self.next == self.end {
            self.fill()?;
        }
        let (Some(&byte), Some(place)) =
            (self.buffer[..self.end].get(self.next), wanted.first_mut())
        else {
            return Ok(0);
        };
        self.next += 1;
        *place = byte;
        self.pass(byte)?;
        Ok(1)
    }
}

/// Leaves out one byte order mark at the start.
pub(crate) fn skip_mark<R: Read>(mut input: R) -> io::Result<impl Read> {
    let mut head = Vec::with_capacity(3);
    input.by_ref().take(3).read_to_end(&mut head)?;
    if head == b"\xef\xbb\xbf" {
        head.clear();
    }
    Ok(Cursor::new(head).chain(input))
}
