//! Reads an output and gives each of its strings with its place.

use std::collections::BTreeMap;
use std::io::Read;

use crate::grammar::{Column, Rules};
use crate::json::{Broken, Token, Tokens};
use crate::place::{Places, Rows};
use crate::strings::may_be_json;

/// How often JSON may stand in a string of JSON; what is deeper is searched as text.
const MAX_INNER: u32 = 6;

/// Where a string stands. Comes first what is found first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) output: u32,
    /// How many strings are before it.
    pub(crate) number: u64,
    /// Where it starts, or the outermost string that holds it.
    pub(crate) offset: u64,
}

/// Takes what is read.
pub(crate) trait Sink {
    fn text(&mut self, column: Column, at: At, text: &[u8]);
}

/// Reads one output.
pub(crate) struct Reader<'a, S> {
    places: Places<'a>,
    sink: &'a mut S,
    at: At,
    /// Keys that are no words: how many, and where the first are.
    pub(crate) unknown_keys: (u64, Vec<At>),
    /// Strings by number of which the place is wanted.
    pub(crate) wanted: BTreeMap<u64, String>,
    /// Whether any are.
    is_locating: bool,
    spare: Vec<Tokens<'static>>,
}

impl<'a, S: Sink> Reader<'a, S> {
    /// The unknown keys of which the place is kept.
    const MAX_KEYS: usize = 20;

    pub(crate) fn new(rules: &'a Rules, rows: Rows, output: u32, sink: &'a mut S) -> Self {
        Self {
            places: Places::new(rules, rows),
            sink,
            at: At { output, number: 0, offset: 0 },
            unknown_keys: (0, Vec::new()),
            wanted: BTreeMap::new(),
            is_locating: false,
            spare: Vec::new(),
        }
    }

    /// Finds the places of some strings.
    pub(crate) fn locate(&mut self, numbers: impl IntoIterator<Item = u64>) {
        self.wanted = numbers.into_iter().map(|number| (number, String::new())).collect();
        self.is_locating = true;
    }

    /// Reads all, and says how many bytes there were, or where it broke.
    pub(crate) fn read(&mut self, input: Box<dyn Read + '_>) -> Result<u64, (u64, Broken)> {
        let mut tokens = Tokens::new(input);
        loop {
            match tokens.next() {
                Ok(Some((offset, token))) => {
                    self.at.offset = offset;
                    self.token(&token, 0);
                }
                Ok(None) => return Ok(tokens.offset()),
                Err(error) => return Err((tokens.offset(), error)),
            }
        }
    }

    fn token(&mut self, token: &Token<'_>, inner: u32) {
        match token {
            Token::OpenArray | Token::OpenObject => {
                self.places.begin();
                self.places.open(*token == Token::OpenArray);
            }
            Token::Close => self.places.close(),
            Token::Key(key) => self.key(key, inner),
            Token::Scalar => self.places.begin(),
            Token::Text(text) => {
                self.places.begin();
                self.text(text, inner);
            }
        }
    }

    fn key(&mut self, key: &[u8], inner: u32) {
        // Inside of a string, what a synthetic text looks like is no structure.
        let around = self.places.around();
        if self.places.key(key) {
            return;
        }
        if inner == 0 || around != Column::Text {
            self.unknown_keys.0 += 1;
            if self.unknown_keys.1.len() < Self::MAX_KEYS {
                self.unknown_keys.1.push(At { number: self.at.number, ..self.at });
            }
            self.give(Column::Strict, key);
        } else {
            self.give(Column::Text, key);
        }
    }

    fn text(&mut self, text: &[u8], inner: u32) {
        if self.places.may_name_table() {
            self.places.name_table(text);
        }
        let column = self.places.column();
        let is_json = may_be_json(text) && self.look_into(text, inner);
        // Text that only looks like JSON is text; of other JSON the strings are all that is there.
        if !is_json || matches!(column, Column::Text | Column::Kept) {
            self.give(column, text);
        }
    }

    fn give(&mut self, column: Column, text: &[u8]) {
        if self.is_locating
            && let Some(place) = self.wanted.get_mut(&self.at.number)
        {
            *place = self.places.pointer();
        }
        self.sink.text(column, self.at, text);
        self.at.number += 1;
    }

    /// Reads a string that holds JSON, or says that it holds none.
    fn look_into(&mut self, text: &[u8], inner: u32) -> bool {
        let mut tokens = self.spare.pop().unwrap_or_else(|| Tokens::of(Vec::new()));
        tokens.restart(text);
        let is_json = inner < MAX_INNER
            && loop {
                match tokens.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => break true,
                    Err(_) => break false,
                }
            };
        tokens.rewind();
        let mut depth = 0;
        while is_json && let Ok(Some((_, token))) = tokens.next() {
            match token {
                // The place of the whole is the string's, which has begun.
                Token::OpenArray | Token::OpenObject if depth == 0 => {
                    self.places.open(token == Token::OpenArray);
                }
                _ => self.token(&token, inner + 1),
            }
            match token {
                Token::OpenArray | Token::OpenObject => depth += 1,
                Token::Close => depth -= 1,
                Token::Key(_) | Token::Text(_) | Token::Scalar => {}
            }
        }
        self.spare.push(tokens);
        is_json
    }
}
