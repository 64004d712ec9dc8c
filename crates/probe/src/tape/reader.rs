//! The reading itself: one pass over the text, which knows from the [marks](Marks) where strings end.

use super::{Entry, Member};
use crate::escape;
use crate::marks::Marks;

/// Keeps the open containers on a stack of its own, so that no text can exhaust the thread's.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) marks: &'a Marks,
    pub(super) entries: &'a mut Vec<Entry>,
    pub(super) open: &'a mut Vec<Open>,
    pub(super) unescaped: &'a mut String,
    pub(super) largest: &'a mut Option<Member>,
    pub(super) depth_max: usize,
}

/// What comes next.
enum Step {
    /// An element, or the value of a member whose key was read.
    Value,
    /// What is behind a value, in its container.
    Behind,
}

impl Reader<'_> {
    pub(super) fn document(mut self) -> Option<()> {
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

/// A container that is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    entry: usize,
    /// Where it begins in the body.
    start: usize,
    count: u32,
    is_object: bool,
}
