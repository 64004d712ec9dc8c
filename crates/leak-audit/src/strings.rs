//! Finds the strings in raw JSON that comes in pieces: values and keys, and strings inside strings
//! that hold JSON themselves. Brackets and commas say nothing about strings, so they are not read.

use memchr::{memchr, memchr2};

/// How much of a string is searched for. Of a longer one this much is, from its start: who leaks
/// the whole leaks that too.
pub(crate) const MAX_TEXT: usize = 64 * 1024;
/// How often JSON may stand in a string of JSON.
const MAX_DEPTH: u32 = 4;

/// Where the search stands between two pieces.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    state: State,
    text: Vec<u8>,
    /// The first half of a character beyond the basic plane, waiting for the second.
    high: Option<u32>,
    /// The string is longer than [`MAX_TEXT`]: it was found, and its rest is only looked into.
    is_long: bool,
    inner: Option<Box<Finder>>,
    depth: u32,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Outside,
    Inside,
    Escape,
    Hex {
        value: u32,
        digits: u32,
    },
}

/// Takes the strings that are found, as bytes that should be UTF-8 but may not be.
pub(crate) trait Found {
    fn found(&mut self, text: &[u8]);
}

/// Whether a text may hold JSON.
pub(crate) fn may_be_json(text: &[u8]) -> bool {
    match text.first() {
        Some(b'[' | b'{') => true,
        Some(first) if first.is_ascii_whitespace() => {
            matches!(text.trim_ascii_start().first(), Some(b'[' | b'{'))
        }
        _ => false,
    }
}

/// The start of a text, no longer than [`MAX_TEXT`] and cut at a character.
pub(crate) fn head(text: &[u8]) -> &[u8] {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let is_start = |at: &usize| text[*at] & 0xc0 != 0x80;
    let end = (MAX_TEXT - 3..=MAX_TEXT).rev().find(is_start).unwrap_or(MAX_TEXT);
    &text[..end]
}

impl Finder {
    /// Reads on, and hands over every string that ends here.
    pub(crate) fn feed(&mut self, mut piece: &[u8], found: &mut dyn Found) {
        while !piece.is_empty() {
            piece = match self.state {
                State::Outside => self.outside(piece, found),
                State::Inside => self.inside(piece, found),
                State::Escape => self.escape(piece, found),
                State::Hex { value, digits } => self.hex(value, digits, piece, found),
            };
        }
    }

    /// Hands over what was begun and not ended, and starts anew.
    pub(crate) fn end(&mut self, found: &mut dyn Found) {
        if !matches!(self.state, State::Outside) {
            self.finish(found);
        }
    }

    /// Looks into a text that may hold JSON.
    pub(crate) fn look_into(&mut self, text: &[u8], found: &mut dyn Found) {
        if self.depth < MAX_DEPTH && may_be_json(text) {
            let inner = self.inner();
            inner.feed(text, found);
            inner.end(found);
        }
    }

    fn inner(&mut self) -> &mut Self {
        let depth = self.depth + 1;
        self.inner.get_or_insert_with(|| Box::new(Self { depth, ..Self::default() }))
    }

    fn outside<'a>(&mut self, piece: &'a [u8], found: &mut dyn Found) -> &'a [u8] {
        // A value that is a string starts with its quote.
        let start = if piece[0] == b'"' { Some(0) } else { memchr(b'"', piece) };
        let Some(start) = start else { return &[] };
        let piece = &piece[start + 1..];
        match memchr2(b'"', b'\\', piece) {
            // What is whole and has no escape needs no copy.
            Some(end) if piece[end] == b'"' => {
                let text = &piece[..end];
                found.found(head(text));
                self.look_into(text, found);
                &piece[end + 1..]
            }
            _ => {
                self.state = State::Inside;
                piece
            }
        }
    }

    fn inside<'a>(&mut self, piece: &'a [u8], found: &mut dyn Found) -> &'a [u8] {
        let (mut start, mut from) = (0, 0);
        while let Some(step) = memchr2(b'"', b'\\', &piece[from..]) {
            let end = from + step;
            self.push(&piece[start..end], found);
            match (piece[end], piece.get(end + 1)) {
                (b'"', _) => {
                    self.finish(found);
                    return &piece[end + 1..];
                }
                // What stands for itself is the start of what follows.
                (_, Some(b'"' | b'\\' | b'/')) => (start, from) = (end + 1, end + 2),
                _ => {
                    self.state = State::Escape;
                    return &piece[end + 1..];
                }
            }
        }
        self.push(&piece[start..], found);
        &[]
    }

    fn escape<'a>(&mut self, piece: &'a [u8], found: &mut dyn Found) -> &'a [u8] {
        self.state = State::Inside;
        match piece[0] {
            b'u' => self.state = State::Hex { value: 0, digits: 0 },
            b'n' => self.push(b"\n", found),
            b't' => self.push(b"\t", found),
            b'r' => self.push(b"\r", found),
            b'b' => self.push(b"\x08", found),
            b'f' => self.push(b"\x0c", found),
            other => self.push(&[other], found),
        }
        &piece[1..]
    }

    fn hex<'a>(
        &mut self,
        value: u32,
        digits: u32,
        piece: &'a [u8],
        found: &mut dyn Found,
    ) -> &'a [u8] {
        let Some(digit) = char::from(piece[0]).to_digit(16) else {
            // No JSON; what follows is still text.
            self.state = State::Inside;
            return piece;
        };
        let value = value << 4 | digit;
        if digits < 3 {
            self.state = State::Hex { value, digits: digits + 1 };
        } else {
            self.state = State::Inside;
            self.unit(value, found);
        }
        &piece[1..]
    }

    /// Takes a UTF-16 unit. A lone half becomes the replacement character.
    fn unit(&mut self, unit: u32, found: &mut dyn Found) {
        let high = self.high.take();
        let code = match (high, unit) {
            (Some(high), 0xdc00..=0xdfff) => 0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00),
            _ => unit,
        };
        if high.is_some() && code == unit {
            self.push_char('\u{fffd}', found);
        }
        if (0xd800..=0xdbff).contains(&unit) {
            self.high = Some(unit);
        } else {
            self.push_char(char::from_u32(code).unwrap_or('\u{fffd}'), found);
        }
    }

    fn push_char(&mut self, character: char, found: &mut dyn Found) {
        self.push(character.encode_utf8(&mut [0; 4]).as_bytes(), found);
    }

    fn push(&mut self, bytes: &[u8], found: &mut dyn Found) {
        if bytes.is_empty() {
            return;
        }
        if self.high.take().is_some() {
            self.push_char('\u{fffd}', found);
        }
        if self.is_long {
            return self.push_long(bytes, found);
        }
        self.text.extend_from_slice(bytes);
        if self.text.len() > MAX_TEXT {
            self.become_long(found);
        }
    }

    /// From here on the string is not kept, only read for the strings in it.
    fn become_long(&mut self, found: &mut dyn Found) {
        found.found(head(&self.text));
        self.is_long = true;
        let text = std::mem::take(&mut self.text);
        if self.depth < MAX_DEPTH && may_be_json(&text) {
            self.inner().feed(&text, found);
        } else {
            self.inner = None;
        }
    }

    fn push_long(&mut self, bytes: &[u8], found: &mut dyn Found) {
        if let Some(inner) = &mut self.inner {
            inner.feed(bytes, found);
        }
    }

    fn finish(&mut self, found: &mut dyn Found) {
        self.state = State::Outside;
        if self.high.take().is_some() {
            self.push_char('\u{fffd}', found);
        }
        if std::mem::take(&mut self.is_long) {
            if let Some(inner) = &mut self.inner {
                inner.end(found);
            }
            return;
        }
        let mut text = std::mem::take(&mut self.text);
        found.found(&text);
        self.look_into(&text, found);
        text.clear();
        self.text = text;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Seen(Vec<String>);

    impl Found for Seen {
        fn found(&mut self, text: &[u8]) {
            self.0.push(String::from_utf8_lossy(text).into_owned());
        }
    }

    fn find(pieces: &[&[u8]]) -> Vec<String> {
        let (mut finder, mut seen) = (Finder::default(), Seen::default());
        pieces.iter().for_each(|piece| finder.feed(piece, &mut seen));
        finder.end(&mut seen);
        seen.0
    }

    fn check(json: &str, expected: &[&str]) {
        assert_eq!(find(&[json.as_bytes()]), expected, "{json}");
        for size in 1..json.len() {
            let pieces: Vec<&[u8]> = json.as_bytes().chunks(size).collect();
            assert_eq!(find(&pieces), expected, "{json} in pieces of {size}");
        }
    }

    #[test]
    fn keys_and_values_are_found_and_decoded() {
        check(r#"{"key":"value","n":12,"l":["",null]}"#, &["key", "value", "n", "l", ""]);
        check(
            r#"["\u4e2d文\n\"\\\/","\ud83d\ude00","\ud83d!","\udc00","\ud83d\ud83d\ude00"]"#,
            &["中文\n\"\\/", "😀", "\u{fffd}!", "\u{fffd}", "\u{fffd}😀"],
        );
    }

    #[test]
    fn strings_in_strings_are_found_to_a_depth_of_four() {
        check(
            r#"[" [\"in\",{\"k\":\"[\\\"in2\\\"]\"}]"]"#,
            &[" [\"in\",{\"k\":\"[\\\"in2\\\"]\"}]", "in", "k", "[\"in2\"]", "in2"],
        );
        let mut json = "[\"deep\"]".to_owned();
        for _ in 0..4 {
            json = serde_json::json!([json]).to_string();
        }
        assert_eq!(find(&[json.as_bytes()]).last().unwrap(), "deep");
        assert_ne!(
            find(&[serde_json::json!([json]).to_string().as_bytes()]).last().unwrap(),
            "deep"
        );
    }

    #[test]
    fn a_long_string_is_cut_but_read_to_its_end() {
        let long = format!("[\"{}\",\"at the end\"]", "文".repeat(MAX_TEXT / 3 + 1));
        let json = serde_json::json!([long, "after"]).to_string();
        let whole = find(&[json.as_bytes()]);
        assert_eq!(whole.iter().map(String::len).collect::<Vec<_>>(), [65_534, 65_535, 10, 5]);
        assert_eq!(whole[2..], ["at the end", "after"]);
        for size in [1, 7, 65_536, 65_537] {
            let pieces: Vec<&[u8]> = json.as_bytes().chunks(size).collect();
            assert_eq!(find(&pieces), whole);
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference_and_nothing_panics(
            bytes in prop::collection::vec(prop::sample::select(&b"\"\\u{[d83ec0af]},:n\xe4\xb8\xad "[..]), 0..60),
            size in 1_usize..9,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(find(&pieces), find(&[&bytes]));
        }

        #[test]
        fn all_that_serde_reads_is_found(texts in prop::collection::vec("\\PC{0,9}", 0..6)) {
            let texts: Vec<String> = texts.into_iter().filter(|text| !may_be_json(text.as_bytes())).collect();
            let json = serde_json::to_string(&texts).unwrap();
            prop_assert_eq!(find(&[json.as_bytes()]), texts);
        }
    }
}
