//! The fast reader: from the bytes of a body to its nodes, on storage that is used again and again.
//!
//! It takes most bodies, and says nothing about those that it does not take: they are read again by
//! the [exact reader](crate::document), which tells a number that no 64 bits hold from a broken body.

mod reader;

use reader::{Open, Reader};

use crate::Types;
use crate::marks::Marks;
use crate::node::{Node, Nodes};
use crate::number::Number;

/// What is read of a body, without its text.
#[derive(Default)]
pub(crate) struct Tape {
    marks: Marks,
    entries: Vec<Entry>,
    /// The containers that are not closed yet.
    open: Vec<Open>,
    /// The strings that were written with escapes, without them.
    unescaped: String,
    largest: Option<Member>,
}

/// A container that is a member of the whole body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) node: usize,
    /// From where to where in the body.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A node in two words. An enum would be written in pieces and read as a whole, for which the
/// processor waits.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The kind, and for containers the number of elements or members.
    head: u64,
    /// The value, or for strings from where to where, and for containers the entry behind the last.
    data: u64,
}

impl Entry {
    const NULL: u64 = 0;
    const BOOL: u64 = 1;
    const SIGNED: u64 = 2;
    const UNSIGNED: u64 = 3;
    /// A double with a fraction.
    const FRACTION: u64 = 4;
    /// A double without one.
    const WHOLE: u64 = 5;
    /// A string as it stands in the body.
    const PLAIN: u64 = 6;
    /// A string in `unescaped`.
    const UNESCAPED: u64 = 7;
    const ARRAY: u64 = 8;
    const OBJECT: u64 = 9;

    /// The type of each kind. No kind is above 9; a table of a power of two needs no check for it.
    const TYPES: [Types; 16] = {
        let mut types = [Types::NONE; 16];
        types[Self::NULL as usize] = Types::NULL;
        types[Self::BOOL as usize] = Types::BOOLEAN;
        types[Self::SIGNED as usize] = Types::INTEGER;
        types[Self::UNSIGNED as usize] = Types::INTEGER;
        types[Self::FRACTION as usize] = Types::FRACTION;
        types[Self::WHOLE as usize] = Types::INTEGER;
        types[Self::PLAIN as usize] = Types::STRING;
        types[Self::UNESCAPED as usize] = Types::STRING;
        types[Self::ARRAY as usize] = Types::ARRAY;
        types[Self::OBJECT as usize] = Types::OBJECT;
        types
    };

    #[inline(always)]
    fn new(kind: u64, data: u64) -> Self {
        Self { head: kind, data }
    }

    #[inline(always)]
    fn string(kind: u64, start: usize, end: usize) -> Self {
        Self::new(kind, (start as u64) << 32 | end as u64)
    }

    #[inline(always)]
    fn container(kind: u64, count: u32, end: usize) -> Self {
        Self::new(kind | u64::from(count) << 8, end as u64)
    }

    #[inline(always)]
    fn kind(self) -> u64 {
        self.head & 0xff
    }

    #[inline(always)]
    fn count(self) -> usize {
        (self.head >> 8) as usize
    }

    #[inline(always)]
    fn range(self) -> std::ops::Range<usize> {
        (self.data >> 32) as usize..(self.data & u64::from(u32::MAX)) as usize
    }
}

/// A body that was read.
#[derive(Clone, Copy)]
pub(crate) struct Body<'a> {
    text: &'a str,
    unescaped: &'a str,
    entries: &'a [Entry],
    largest: Option<Member>,
}

impl Tape {
    /// Reads one document of at most 4 GiB, with at most `depth_max` arrays and objects inside each
    /// other; `None` where it is no such document, or has a number beyond 64 bits and the doubles.
    pub(crate) fn read<'a>(&'a mut self, body: &'a [u8], depth_max: usize) -> Option<Body<'a>> {
        let text = simdutf8::basic::from_utf8(body).ok()?;
        u32::try_from(body.len()).ok()?;
        self.marks.find(body);
        self.entries.clear();
        self.open.clear();
        self.unescaped.clear();
        self.largest = None;
        let Tape { marks, entries, open, unescaped, largest } = self;
        let at = 0;
        Reader { text, bytes: body, at, marks, entries, open, unescaped, largest, depth_max }
            .document()?;
        let (unescaped, entries) = (&self.unescaped, &self.entries);
        Some(Body { text, unescaped, entries, largest: self.largest })
    }
}

impl Body<'_> {
    /// The array or object that takes the most bytes among the members of the whole body.
    pub(crate) fn largest_member(&self) -> Option<Member> {
        self.largest
    }

    /// From where to where in the body a string stands that is written without escapes.
    pub(crate) fn plain(&self, index: usize) -> Option<(usize, usize)> {
        let entry = self.entries[index];
        let range = entry.range();
        (entry.kind() == Entry::PLAIN).then_some((range.start, range.end))
    }
}

impl Nodes for Body<'_> {
    #[inline(always)]
    fn at(&self, index: usize) -> Node<'_> {
        let entry = self.entries[index];
        match entry.kind() {
            Entry::PLAIN => Node::String(&self.text[entry.range()]),
            Entry::OBJECT => Node::Object(entry.count()),
            Entry::ARRAY => Node::Array(entry.count()),
            Entry::SIGNED => Node::Number(Number::Signed(entry.data as i64)),
            Entry::BOOL => Node::Bool(entry.data != 0),
            Entry::UNSIGNED => Node::Number(Number::Unsigned(entry.data)),
            Entry::FRACTION | Entry::WHOLE => {
                Node::Number(Number::Float(f64::from_bits(entry.data)))
            }
            Entry::UNESCAPED => Node::String(&self.unescaped[entry.range()]),
            _ => Node::Null,
        }
    }

    #[inline(always)]
    fn next(&self, index: usize) -> usize {
        let entry = self.entries[index];
        if entry.kind() >= Entry::ARRAY { entry.data as usize } else { index + 1 }
    }

    fn size(&self) -> usize {
        self.entries.len()
    }

    #[inline(always)]
    fn type_of(&self, index: usize) -> Types {
        Entry::TYPES[(self.entries[index].head & 0xf) as usize]
    }

    #[inline(always)]
    fn members(&self, index: usize) -> usize {
        let entry = self.entries[index];
        if entry.kind() == Entry::OBJECT { entry.count() } else { 0 }
    }

    #[inline(always)]
    fn name(&self, index: usize) -> &[u8] {
        let entry = self.entries[index];
        match entry.kind() {
            Entry::PLAIN => &self.text.as_bytes()[entry.range()],
            Entry::UNESCAPED => &self.unescaped.as_bytes()[entry.range()],
            _ => b"",
        }
    }
}
