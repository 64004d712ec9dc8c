//! From the syntax of ECMA-262, with its flag u, to that of the crate `regex`.
//!
//! Where the flag u makes an error of what has one meaning only without it, that meaning is taken:
//! an escaped punctuation mark, or a brace that opens no quantifier, stands for itself.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// White space as `\s` has it: unlike that of Unicode it lacks U+0085 and has U+FEFF.
const SPACE: &str =
    r"\t-\r\x20\xA0\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";
const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";

/// What matches nothing, and what matches any character.
const NEVER: &str = r"[^\s\S]";
const ALWAYS: &str = r"[\s\S]";

/// Halves of surrogate pairs. No text of a body has one alone, so they match nothing.
const SURROGATES: std::ops::Range<u32> = 0xd800..0xe000;

/// Why an expression is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    LookAround,
    BackReference,
    Syntax,
    Size,
}

impl Refused {
    /// What is wrong with the expression, as the rest of a sentence about it.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::LookAround => "has a look-around, which is not supported",
            Self::BackReference => "has a back-reference, which is not supported",
            Self::Syntax => "is no regular expression of ECMA-262",
            Self::Size => "needs too much memory, alone or with the others of the shape",
        }
    }
}

/// The same expression in the syntax of the crate `regex`.
pub(crate) fn to_rust(pattern: &str) -> Result<String, Refused> {
    let chars = pattern.chars().peekable();
    let mut translator = Translator { chars, out: String::new(), repeatable: false };
    while let Some(c) = translator.chars.next() {
        translator.term(c)?;
    }
    Ok(translator.out)
}

/// What a backslash starts.
enum Escape {
    /// A code point, or half of a surrogate pair.
    One(u32),
    /// The content of a class, and whether its complement is meant.
    Set(&'static str, bool),
    /// `p` or `P`, and what stands in its braces.
    Property(char, String),
}

struct Translator<'a> {
    chars: Peekable<Chars<'a>>,
    out: String,
    /// Whether a quantifier may follow.
    repeatable: bool,
}

impl Translator<'_> {
    fn skip(&mut self, expected: char) -> bool {
        self.chars.next_if_eq(&expected).is_some()
    }

    fn rest_starts_with(&self, text: &str) -> bool {
        self.chars.clone().take(text.len()).eq(text.chars())
    }

    fn term(&mut self, c: char) -> Result<(), Refused> {
        if matches!(c, '*' | '+' | '?') {
            return self.quantifier(&c.to_string());
        }
        if c == '{'
            && let Some(counts) = self.counts()
        {
            return self.quantifier(&counts);
        }
        self.repeatable = !matches!(c, '^' | '$' | '|' | '(');
        match c {
            '^' => self.out.push_str(r"\A"),
            '$' => self.out.push_str(r"\z"),
            '|' | ')' => self.out.push(c),
            '(' => self.group()?,
            '.' => self.out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            '[' => self.class()?,
            '\\' => self.escaped()?,
            _ => push_code(&mut self.out, u32::from(c)),
        }
        Ok(())
    }

    /// Whether a match is the shortest one does not matter, so the mark for that is left out.
    fn quantifier(&mut self, text: &str) -> Result<(), Refused> {
        if !std::mem::take(&mut self.repeatable) {
            return Err(Refused::Syntax);
        }
        self.skip('?');
        self.out.push_str(text);
        Ok(())
    }

    /// The quantifier whose brace is read already. Without one, nothing more is read.
    fn counts(&mut self) -> Option<String> {
        let mut ahead = self.chars.clone();
        let text: String = ahead.by_ref().take_while(|&c| c != '}').collect();
        let (min, max) = text.split_once(',').unwrap_or((&text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let closed = self.chars.clone().nth(text.chars().count()) == Some('}');
        if min.is_empty() || !digits(min) || !digits(max) || !closed {
            return None;
        }
        self.chars = ahead;
        Some(format!("{{{text}}}"))
    }

    /// Groups capture nothing, because only the whole match counts.
    fn group(&mut self) -> Result<(), Refused> {
        if self.skip('?') {
            if ["=", "!", "<=", "<!"].iter().any(|mark| self.rest_starts_with(mark)) {
                return Err(Refused::LookAround);
            }
            match self.chars.next() {
                Some(':') => {}
                Some('<') => self.group_name()?,
                _ => return Err(Refused::Syntax),
            }
        }
        self.out.push_str("(?:");
        Ok(())
    }

    fn group_name(&mut self) -> Result<(), Refused> {
        let name: String = self.chars.by_ref().take_while(|&c| c != '>').collect();
        let is_start = |c: char| c.is_alphabetic() || matches!(c, '_' | '$');
        let valid =
            name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_alphanumeric());
        if valid { Ok(()) } else { Err(Refused::Syntax) }
    }

    /// An escape outside of a class.
    fn escaped(&mut self) -> Result<(), Refused> {
        // Without Unicode, a word has the characters of `\w` as ECMA-262 has it.
        for (mark, assertion) in [('b', r"(?-u:\b)"), ('B', r"(?-u:\B)")] {
            if self.skip(mark) {
                self.repeatable = false;
                self.out.push_str(assertion);
                return Ok(());
            }
        }
        match self.escape()? {
            Escape::One(code) if SURROGATES.contains(&code) => self.out.push_str(NEVER),
            Escape::One(code) => push_code(&mut self.out, code),
            set => {
                self.out.push('[');
                push_set(&mut self.out, &set);
                self.out.push(']');
            }
        }
        Ok(())
    }

    /// An escape that may stand outside and inside of a class.
    fn escape(&mut self) -> Result<Escape, Refused> {
        let c = self.chars.next().ok_or(Refused::Syntax)?;
        Ok(match c {
            'd' | 'D' => Escape::Set(DIGIT, c == 'D'),
            'w' | 'W' => Escape::Set(WORD, c == 'W'),
            's' | 'S' => Escape::Set(SPACE, c == 'S'),
            'p' | 'P' => Escape::Property(c, self.property()?),
            _ => Escape::One(self.character(c)?),
        })
    }

    fn character(&mut self, c: char) -> Result<u32, Refused> {
        Ok(match c {
            't' => 0x9,
            'n' => 0xa,
            'v' => 0xb,
            'f' => 0xc,
            'r' => 0xd,
            '0' if !self.chars.peek().is_some_and(char::is_ascii_digit) => 0,
            '1'..='9' | 'k' => return Err(Refused::BackReference),
            'c' => match self.chars.next() {
                Some(letter) if letter.is_ascii_alphabetic() => u32::from(letter) % 32,
                _ => return Err(Refused::Syntax),
            },
            'x' => self.hex(2)?,
            'u' => self.unicode()?,
            _ if c.is_ascii_punctuation() => u32::from(c),
            _ => return Err(Refused::Syntax),
        })
    }

    fn hex(&mut self, len: usize) -> Result<u32, Refused> {
        (0..len).try_fold(0, |sum, _| {
            let digit = self.chars.next().and_then(|c| c.to_digit(16)).ok_or(Refused::Syntax)?;
            Ok(sum * 16 + digit)
        })
    }

    fn unicode(&mut self) -> Result<u32, Refused> {
        if self.skip('{') {
            let digits: String = self.chars.by_ref().take_while(|&c| c != '}').collect();
            let code = u32::from_str_radix(&digits, 16).map_err(|_| Refused::Syntax)?;
            return if code <= u32::from(char::MAX) { Ok(code) } else { Err(Refused::Syntax) };
        }
        let first = self.hex(4)?;
        let before = self.chars.clone();
        if (0xd800..0xdc00).contains(&first)
            && self.skip('\\')
            && self.skip('u')
            && let Ok(second @ 0xdc00..0xe000) = self.hex(4)
        {
            return Ok(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        }
        if SURROGATES.contains(&first) {
            self.chars = before;
        }
        Ok(first)
    }

    /// The name of a Unicode property, which stands in braces.
    fn property(&mut self) -> Result<String, Refused> {
        let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '=');
        let opened = self.skip('{');
        let name: String = std::iter::from_fn(|| self.chars.next_if(is_part)).collect();
        if opened && !name.is_empty() && self.skip('}') { Ok(name) } else { Err(Refused::Syntax) }
    }

    fn class(&mut self) -> Result<(), Refused> {
        let negated = self.skip('^');
        let mut items = String::new();
        while !self.skip(']') {
            self.class_item(&mut items)?;
        }
        match (items.is_empty(), negated) {
            (true, true) => self.out.push_str(ALWAYS),
            (true, false) => self.out.push_str(NEVER),
            (false, true) => drop(write!(self.out, "[^{items}]")),
            (false, false) => drop(write!(self.out, "[{items}]")),
        }
        Ok(())
    }

    /// One character, set or range of a class.
    fn class_item(&mut self, items: &mut String) -> Result<(), Refused> {
        let first = match self.class_atom()? {
            Escape::One(code) => code,
            set => {
                push_set(items, &set);
                return Ok(());
            }
        };
        let before = self.chars.clone();
        if self.skip('-') && self.chars.peek() != Some(&']') {
            match self.class_atom()? {
                Escape::One(last) if first <= last => {
                    push_range(items, first, last);
                    return Ok(());
                }
                Escape::One(_) => return Err(Refused::Syntax),
                // Beside a set, the hyphen stands for itself.
                _ => {}
            }
        }
        self.chars = before;
        push_range(items, first, first);
        Ok(())
    }

    fn class_atom(&mut self) -> Result<Escape, Refused> {
        match self.chars.next().ok_or(Refused::Syntax)? {
            '\\' if self.skip('b') => Ok(Escape::One(8)),
            '\\' if self.chars.peek().is_some_and(|c| matches!(c, '1'..='9' | 'k')) => {
                Err(Refused::Syntax)
            }
            '\\' => self.escape(),
            c => Ok(Escape::One(u32::from(c))),
        }
    }
}

/// Appends a range of code points to a class, without the surrogates at its ends.
fn push_range(out: &mut String, first: u32, last: u32) {
    let first = if SURROGATES.contains(&first) { SURROGATES.end } else { first };
    let last = if SURROGATES.contains(&last) { SURROGATES.start - 1 } else { last };
    if first < last {
        push_code(out, first);
        out.push('-');
    }
    if first <= last {
        push_code(out, last);
    }
}

/// Appends what is to stand in the brackets of a class.
fn push_set(out: &mut String, set: &Escape) {
    // Writing to a string never fails.
    let _ = match set {
        Escape::One(code) => write!(out, "\\x{{{code:X}}}"),
        Escape::Set(content, false) => write!(out, "{content}"),
        Escape::Set(content, true) => write!(out, "[^{content}]"),
        Escape::Property(mark, name) => write!(out, "\\{mark}{{{name}}}"),
    };
}

/// Appends a code point in a form that has no other meaning.
fn push_code(out: &mut String, code: u32) {
    match char::from_u32(code) {
        Some(c) if c.is_alphanumeric() => out.push(c),
        _ => push_set(out, &Escape::One(code)),
    }
}
