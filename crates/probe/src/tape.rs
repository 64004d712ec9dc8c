//! The fast reader: from the bytes of a body to its nodes, on storage that is used again and again.
//!
//! It takes most bodies, and says nothing about those that it does not take: they are read again by
//! the [exact reader](crate::document), which tells a number that no 64 bits hold from a broken body.

use crate::Types;
use crate::escape;
use crate::marks::Marks;
use crate::node::{Node, Nodes};
use crate::number::Number;

/// What is read of a body, without its text.
#[derive(Debug, Default)]
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

/// A container that is being read.
#[derive(Clone, Copy, Debug)]
struct Open {
    entry: usize,
    /// Where it begins in the body.
    start: usize,
    count: u32,
    is_object: bool,
}

/// A body that was read.
#[derive(Clone, Copy, Debug)]
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

/// Keeps the open containers on a stack of its own, so that no text can exhaust the thread's.
struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    marks: &'a Marks,
    entries: &'a mut Vec<Entry>,
    open: &'a mut Vec<Open>,
    unescaped: &'a mut String,
    largest: &'a mut Option<Member>,
    depth_max: usize,
}

/// What comes next.
enum Step {
    /// An element, or the value of a member whose key was read.
    Value,
    /// What is behind a value, in its container.
    Behind,
}

impl Reader<'_> {
    fn document(mut self) -> Option<()> {
        let mut step = self.value()?;
        loop {
            step = match (step, self.open.last().is_some()) {
                (Step::Value, _) => self.value()?,
                (Step::Behind, true) => self.behind_value()?,
                (Step::Behind, false) => break,
            };
        }
        // Nothing but white space may follow.
        self.peek().is_none().then_some(())
    }

    /// Skips white space and looks at the byte behind it.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        if byte > b' ' { Some(byte) } else { self.peek_behind_space() }
    }

    #[inline(never)]
    fn peek_behind_space(&mut self) -> Option<u8> {
        let rest = &self.bytes[self.at..];
        let skipped = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += skipped.unwrap_or(rest.len());
        rest.get(skipped?).copied()
    }

    #[inline(always)]
    fn value(&mut self) -> Option<Step> {
        match self.peek()? {
            b'"' => self.string()?,
            b'{' => return self.enter(true),
            b'[' => return self.enter(false),
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word(b"true", Entry::new(Entry::BOOL, 1))?,
            b'f' => self.word(b"false", Entry::new(Entry::BOOL, 0))?,
            b'n' => self.word(b"null", Entry::new(Entry::NULL, 0))?,
            _ => return None,
        }
        Some(Step::Behind)
    }

    #[inline(always)]
    fn enter(&mut self, is_object: bool) -> Option<Step> {
        if self.open.len() >= self.depth_max {
            return None;
        }
        let (entry, start) = (self.entries.len(), self.at);
        self.at += 1;
        self.open.push(Open { entry, start, count: 0, is_object });
        // Its true entry is written when it is closed.
        self.entries.push(Entry::new(Entry::NULL, 0));
        let first = self.peek()?;
        match (is_object, first) {
            (true, b'}') | (false, b']') => Some(self.close()),
            (true, _) => self.key(),
            (false, _) => Some(Step::Value),
        }
    }

    #[inline(always)]
    fn behind_value(&mut self) -> Option<Step> {
        let byte = self.peek()?;
        let container = self.open.last_mut()?;
        container.count += 1;
        match (byte, container.is_object) {
            (b',', true) => {
                self.at += 1;
                self.peek()?;
                self.key()
            }
            (b',', false) => {
                self.at += 1;
                Some(Step::Value)
            }
            (b'}', true) | (b']', false) => Some(self.close()),
            _ => None,
        }
    }

    #[inline(always)]
    fn close(&mut self) -> Step {
        self.at += 1;
        let end = self.entries.len();
        if let Some(Open { entry, start, count, is_object }) = self.open.pop() {
            let kind = if is_object { Entry::OBJECT } else { Entry::ARRAY };
            self.entries[entry] = Entry::container(kind, count, end);
            if let [Open { is_object: true, .. }] = self.open[..] {
                self.member(Member { node: entry, start, end: self.at });
            }
        }
        Step::Behind
    }

    fn member(&mut self, member: Member) {
        let is_larger = |largest: &Member| member.end - member.start > largest.end - largest.start;
        if self.largest.as_ref().is_none_or(is_larger) {
            *self.largest = Some(member);
        }
    }

    /// Reads a key and its colon.
    #[inline(always)]
    fn key(&mut self) -> Option<Step> {
        if self.bytes.get(self.at) != Some(&b'"') {
            return None;
        }
        self.string()?;
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        Some(Step::Value)
    }

    /// Reads a string from its opening quote on.
    #[inline(always)]
    fn string(&mut self) -> Option<()> {
        let start = self.at + 1;
        let end = self.marks.next(start);
        match self.bytes.get(end)? {
            b'"' => {
                self.at = end + 1;
                self.entries.push(Entry::string(Entry::PLAIN, start, end));
                Some(())
            }
            b'\\' => self.string_with_escapes(start, end),
            _ => None,
        }
    }

    #[inline(never)]
    fn string_with_escapes(&mut self, start: usize, mut mark: usize) -> Option<()> {
        let from = self.unescaped.len();
        let mut begin = start;
        loop {
            self.unescaped.push_str(&self.text[begin..mark]);
            match self.bytes.get(mark)? {
                b'"' => break,
                b'\\' => {}
                _ => return None,
            }
            let (c, behind) = escape::read(self.text, mark + 1).ok()?;
            self.unescaped.push(c);
            begin = behind;
            mark = self.marks.next(behind);
            self.bytes.get(mark)?;
        }
        self.at = mark + 1;
        self.entries.push(Entry::string(Entry::UNESCAPED, from, self.unescaped.len()));
        Some(())
    }

    fn word(&mut self, word: &[u8], entry: Entry) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then_some(())?;
        self.at += word.len();
        self.entries.push(entry);
        Some(())
    }

    #[inline(always)]
    fn number(&mut self) -> Option<()> {
        let start = self.at;
        let negative = self.bytes[start] == b'-';
        self.at += usize::from(negative);
        let first = self.at;
        let value = self.digits();
        let count = self.at - first;
        // A zero stands alone, and an empty number is none.
        if count == 0 || (count > 1 && self.bytes[first] == b'0') {
            return None;
        }
        let is_whole = !matches!(self.bytes.get(self.at), Some(b'.' | b'e' | b'E'));
        // So many digits cannot be too large.
        if is_whole && count <= 18 {
            let value = value as i64;
            let signed = if negative { -value } else { value };
            self.entries.push(Entry::new(Entry::SIGNED, signed as u64));
            return Some(());
        }
        let entry = if is_whole { self.long(start)? } else { self.float(start)? };
        self.entries.push(entry);
        Some(())
    }

    #[cold]
    fn long(&self, start: usize) -> Option<Entry> {
        let text = &self.text[start..self.at];
        let signed = text.parse::<i64>().map(|value| Entry::new(Entry::SIGNED, value as u64));
        signed.or_else(|_| text.parse().map(|value| Entry::new(Entry::UNSIGNED, value))).ok()
    }

    /// Passes digits, and says their value if it is below 10¹⁹.
    #[inline(always)]
    fn digits(&mut self) -> u64 {
        let mut value = 0u64;
        while let Some(digit) = self.bytes.get(self.at).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            value = value.wrapping_mul(10).wrapping_add(digit.into());
            self.at += 1;
        }
        value
    }

    /// Reads the rest of a number whose whole part was read.
    #[cold]
    fn float(&mut self, start: usize) -> Option<Entry> {
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.some_digits()?;
        }
        let value: f64 = self.text[start..self.at].parse().ok()?;
        let kind = if value.fract() == 0.0 { Entry::WHOLE } else { Entry::FRACTION };
        value.is_finite().then_some(Entry::new(kind, value.to_bits()))
    }

    fn some_digits(&mut self) -> Option<()> {
        let before = self.at;
        self.digits();
        (self.at > before).then_some(())
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
