//! The exact reader: slower than the [fast one](crate::tape), but it knows numbers of any size and says
//! what is wrong with a text that is no JSON.
//!
//! It reads the shapes, and the few bodies that the fast reader refuses.

use std::fmt;

use crate::escape;
use crate::node::{Node, Nodes};
use crate::number::OwnedNumber;

/// A document with its own storage.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    nodes: Vec<OwnedNode>,
}

#[derive(Clone, Debug)]
enum OwnedNode {
    Null,
    Bool(bool),
    Number(OwnedNumber),
    String(Box<str>),
    Array { len: usize, end: usize },
    Object { len: usize, end: usize },
}

/// What keeps bytes from being a JSON document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Malformed {
    /// Nothing but white space.
    Empty,
    /// Invalid UTF-8, or an escape for half of a surrogate pair.
    Encoding,
    /// A byte that the grammar does not allow there.
    Syntax,
    /// As [`Malformed::Syntax`], where the text starts with a `<`.
    Markup,
    /// The end where the grammar needs more.
    Truncated,
    /// More than white space behind the document.
    Trailing,
    /// Arrays and objects nested too deep.
    Depth,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty text",
            Self::Encoding => "bytes that are not UTF-8",
            Self::Syntax => "a byte that JSON does not allow there",
            Self::Markup => "markup",
            Self::Truncated => "a text that ends in the middle",
            Self::Trailing => "bytes behind the document",
            Self::Depth => "values nested too deep",
        })
    }
}

impl Document {
    /// Reads one document with at most `depth_max` arrays and objects inside each other.
    pub(crate) fn read(bytes: &[u8], depth_max: usize) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|error| match error.error_len() {
            Some(_) => Malformed::Encoding,
            None => Malformed::Truncated,
        })?;
        let reader = Reader { text, at: 0, nodes: Vec::new(), open: Vec::new(), depth_max };
        reader.document().map(|nodes| Self { nodes })
    }
}

impl Nodes for Document {
    fn at(&self, index: usize) -> Node<'_> {
        match &self.nodes[index] {
            OwnedNode::Null => Node::Null,
            OwnedNode::Bool(value) => Node::Bool(*value),
            OwnedNode::Number(value) => Node::Number(value.borrow()),
            OwnedNode::String(text) => Node::String(text),
            OwnedNode::Array { len, .. } => Node::Array(*len),
            OwnedNode::Object { len, .. } => Node::Object(*len),
        }
    }

    fn next(&self, index: usize) -> usize {
        match self.nodes[index] {
            OwnedNode::Array { end, .. } | OwnedNode::Object { end, .. } => end,
            _ => index + 1,
        }
    }

    fn size(&self) -> usize {
        self.nodes.len()
    }
}

impl Document {
    /// The number at `index`, where there is one.
    pub(crate) fn number(&self, index: usize) -> Option<&OwnedNumber> {
        match &self.nodes[index] {
            OwnedNode::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The text at `index`, where there is one.
    pub(crate) fn text(&self, index: usize) -> Option<&str> {
        match self.at(index) {
            Node::String(text) => Some(text),
            _ => None,
        }
    }

    /// Appends another document and hands out the index of its root.
    pub(crate) fn append(&mut self, other: Self) -> usize {
        let root = self.nodes.len();
        let moved = other.nodes.into_iter().map(|node| match node {
            OwnedNode::Array { len, end } => OwnedNode::Array { len, end: end + root },
            OwnedNode::Object { len, end } => OwnedNode::Object { len, end: end + root },
            other => other,
        });
        self.nodes.extend(moved);
        root
    }
}

/// Keeps the open containers on a stack of its own, so that no text can exhaust the thread's.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    nodes: Vec<OwnedNode>,
    open: Vec<usize>,
    depth_max: usize,
}

impl Reader<'_> {
    fn document(mut self) -> Result<Vec<OwnedNode>, Malformed> {
        match self.peek() {
            None => return Err(Malformed::Empty),
            Some(b'<') => return Err(Malformed::Markup),
            Some(_) => self.value()?,
        }
        while let Some(&container) = self.open.last() {
            self.step(container)?;
        }
        match self.peek() {
            None => Ok(self.nodes),
            Some(_) => Err(Malformed::Trailing),
        }
    }

    /// Skips white space and looks at the byte behind it.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let skipped = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += skipped.unwrap_or(rest.len());
        rest.get(skipped?).copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        match self.peek() {
            None => Err(Malformed::Truncated),
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Malformed::Syntax),
        }
    }

    /// Reads one more element or member of the innermost open container, or closes it.
    fn step(&mut self, container: usize) -> Result<(), Malformed> {
        let (object, len) = match self.nodes[container] {
            OwnedNode::Object { len, .. } => (true, len),
            OwnedNode::Array { len, .. } => (false, len),
            // Only containers are ever open.
            _ => return Err(Malformed::Syntax),
        };
        let close = if object { b'}' } else { b']' };
        if self.peek() == Some(close) {
            self.close(container);
            return Ok(());
        }
        if len > 0 {
            self.expect(b',')?;
        }
        if object {
            self.member_key()?;
        }
        self.value()?;
        self.count_child(container);
        Ok(())
    }

    fn close(&mut self, container: usize) {
        self.at += 1;
        self.open.pop();
        let behind = self.nodes.len();
        if let OwnedNode::Array { end, .. } | OwnedNode::Object { end, .. } =
            &mut self.nodes[container]
        {
            *end = behind;
        }
    }

    fn member_key(&mut self) -> Result<(), Malformed> {
        self.expect(b'"')?;
        let key = self.string()?;
        self.nodes.push(OwnedNode::String(key));
        self.expect(b':')
    }

    fn count_child(&mut self, container: usize) {
        if let OwnedNode::Array { len, .. } | OwnedNode::Object { len, .. } =
            &mut self.nodes[container]
        {
            *len += 1;
        }
    }

    fn value(&mut self) -> Result<(), Malformed> {
        let node = match self.peek() {
            None => return Err(Malformed::Truncated),
            Some(b'{') => return self.enter(OwnedNode::Object { len: 0, end: 0 }),
            Some(b'[') => return self.enter(OwnedNode::Array { len: 0, end: 0 }),
            Some(b'"') => {
                self.at += 1;
                OwnedNode::String(self.string()?)
            }
            Some(b'n') => self.word("null", OwnedNode::Null)?,
            Some(b't') => self.word("true", OwnedNode::Bool(true))?,
            Some(b'f') => self.word("false", OwnedNode::Bool(false))?,
            Some(b'-' | b'0'..=b'9') => OwnedNode::Number(self.number()?),
            Some(_) => return Err(Malformed::Syntax),
        };
        self.nodes.push(node);
        Ok(())
    }

    fn enter(&mut self, container: OwnedNode) -> Result<(), Malformed> {
        if self.open.len() >= self.depth_max {
            return Err(Malformed::Depth);
        }
        self.at += 1;
        self.open.push(self.nodes.len());
        self.nodes.push(container);
        Ok(())
    }

    fn word(&mut self, word: &str, node: OwnedNode) -> Result<OwnedNode, Malformed> {
        let rest = &self.text.as_bytes()[self.at..];
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(node);
        }
        let cut = word.as_bytes().starts_with(rest);
        Err(if cut { Malformed::Truncated } else { Malformed::Syntax })
    }

    fn number(&mut self) -> Result<OwnedNumber, Malformed> {
        let start = self.at;
        self.skip_one(b"-");
        // A zero stands alone; "01" is then refused as a missing comma.
        if !self.skip_one(b"0") {
            self.digits()?;
        }
        if self.skip_one(b".") {
            self.digits()?;
        }
        if self.skip_one(b"eE") {
            self.skip_one(b"+-");
            self.digits()?;
        }
        Ok(OwnedNumber::from_text(&self.text[start..self.at]))
    }

    fn skip_one(&mut self, bytes: &[u8]) -> bool {
        let found = self.text.as_bytes().get(self.at).is_some_and(|byte| bytes.contains(byte));
        self.at += usize::from(found);
        found
    }

    /// Reads at least one digit.
    fn digits(&mut self) -> Result<(), Malformed> {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        match (count, rest.is_empty()) {
            (0, true) => Err(Malformed::Truncated),
            (0, false) => Err(Malformed::Syntax),
            _ => Ok(()),
        }
    }

    /// Reads a string from behind its opening quote.
    fn string(&mut self) -> Result<Box<str>, Malformed> {
        let mut value = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ');
            let plain = plain.ok_or(Malformed::Truncated)?;
            value.push_str(&rest[..plain]);
            self.at += plain + 1;
            match rest.as_bytes()[plain] {
                b'"' => return Ok(value.into()),
                b'\\' => {
                    let (c, behind) = escape::read(self.text, self.at)?;
                    value.push(c);
                    self.at = behind;
                }
                _ => return Err(Malformed::Syntax),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::equal;
    use crate::tape::Tape;

    const BODY: &str = r#"{"data": {"items": [
        {"id": "p\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t", "n": -12.5e-3, "big": 18446744073709551615},
        [], {}, [true, false, null, 0, -0, 1E5, 9223372036854775808], "森林 ~"
    ]}, "meta": {"requestId": ""}}"#;

    /// What the fast reader says: whether it takes the text, and if so whether it reads the same.
    fn fast_reader_agrees(bytes: &[u8], document: &Document) -> Option<bool> {
        let mut tape = Tape::default();
        let body = tape.read(bytes, 64)?;
        Some(body.size() == document.size() && equal(&body, 0, document, 0))
    }

    fn has_big_number(document: &Document) -> bool {
        let big = |node: &_| matches!(node, OwnedNode::Number(OwnedNumber::Big(_)));
        document.nodes.iter().any(big)
    }

    /// The body with a byte or two replaced, removed or inserted, differently for each seed.
    fn mutated(seed: usize) -> Vec<u8> {
        const BYTES: &[u8] = b"{}[],:\"\\ 01.e-+tnu/x\n\x1f\x7f\xc3\xff";
        let mut bytes = BODY.as_bytes().to_vec();
        for round in 0..=seed % 2 {
            let mixed = (seed * 2 + round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
            let (place, kind) = (mixed % bytes.len(), mixed >> 20);
            match kind % 3 {
                0 => bytes[place] = BYTES[(kind >> 4) % BYTES.len()],
                1 => drop(bytes.remove(place)),
                _ => bytes.insert(place, BYTES[(kind >> 4) % BYTES.len()]),
            }
        }
        bytes
    }

    #[test]
    fn three_readers_agree_on_what_is_json() {
        let (mut accepted, mut refused) = (0, 0);
        for seed in 0..20_000 {
            let bytes = mutated(seed);
            let read = Document::read(&bytes, 64);
            let text = String::from_utf8_lossy(&bytes);
            let theirs = serde_json::from_slice::<serde_json::Value>(&bytes);
            match (&read, theirs) {
                (Ok(document), Ok(_)) => {
                    accepted += 1;
                    let agrees = fast_reader_agrees(&bytes, document);
                    assert!(agrees.unwrap_or(has_big_number(document)), "{text}");
                }
                (Err(_), Err(_)) => {
                    refused += 1;
                    let nothing = Document { nodes: Vec::new() };
                    assert_eq!(fast_reader_agrees(&bytes, &nothing), None, "{text}");
                }
                // A number beyond the doubles.
                (Ok(_), Err(error)) if error.to_string().contains("out of range") => {}
                (ours, theirs) => panic!("{ours:?} but {theirs:?}: {text}"),
            }
        }
        assert!(accepted > 2_000 && refused > 2_000, "{accepted} accepted, {refused} refused");
    }
}
