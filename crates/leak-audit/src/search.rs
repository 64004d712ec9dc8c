//! Searches the strings of an output.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::exact::Exact;
use crate::grammar::{Column, Rules};
use crate::hash::Sums;
use crate::index::Filling;
use crate::path;
use crate::reader::{At, Sink};

/// What is searched for.
#[derive(Clone, Copy)]
pub(crate) enum Needles<'a> {
    /// Nothing yet: what is there is only indexed.
    Index(&'a Mutex<Filling>),
    Exact(&'a Exact),
}

/// What was read and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) strings: u64,
    pub(crate) words: u64,
    pub(crate) tokens: u64,
    /// Characters searched in synthetic text.
    pub(crate) text_characters: u64,
    /// Characters searched in codes.
    pub(crate) code_characters: u64,
    pub(crate) other_characters: u64,
}

impl Counts {
    pub(crate) fn searched_characters(&self) -> u64 {
        self.text_characters + self.code_characters + self.other_characters
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.strings += other.strings;
        self.words += other.words;
        self.tokens += other.tokens;
        self.text_characters += other.text_characters;
        self.code_characters += other.code_characters;
        self.other_characters += other.other_characters;
    }
}

/// Where and how often a secret was met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// By column: strict, code, text, kept.
    pub(crate) times: [u64; 4],
    pub(crate) first: [Option<At>; 4],
    /// The least likely of the codes that it was met in, in bits.
    pub(crate) code_bits: f64,
}

impl Seen {
    fn note(&mut self, column: Column, at: At) {
        let index = column as usize;
        self.times[index] += 1;
        self.first[index] = [self.first[index], Some(at)].into_iter().flatten().min();
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for index in 0..4 {
            self.times[index] += other.times[index];
            let both = [self.first[index], other.first[index]];
            self.first[index] = both.into_iter().flatten().min();
        }
        self.code_bits = self.code_bits.max(other.code_bits);
    }
}

/// One searcher; several can work on the strings of one output.
pub(crate) struct Search<'a> {
    rules: &'a Rules,
    needles: Needles<'a>,
    pub(crate) counts: Counts,
    /// By the entry's index.
    pub(crate) seen: HashMap<u32, Seen>,
    sums: Sums,
}

impl Sink for Search<'_> {
    fn text(&mut self, column: Column, at: At, text: &[u8]) {
        self.counts.strings += 1;
        match column {
            Column::Text | Column::Kept => self.search(column, at, text),
            Column::Strict if self.is_public(at, text) => {}
            Column::Strict => self.search(column, at, text),
            Column::Code => self.code(at, text),
        }
    }
}

impl<'a> Search<'a> {
    pub(crate) fn new(rules: &'a Rules, needles: Needles<'a>) -> Self {
        let (counts, seen) = (Counts::default(), HashMap::new());
        Self { rules, needles, counts, seen, sums: Sums::default() }
    }

    /// A text that is public as a whole: a token, a word, or a path of tokens and words.
    fn is_public(&mut self, at: At, text: &[u8]) -> bool {
        if self.is_token(at, text) || self.is_word(text) {
            return true;
        }
        let Some(mut segments) = path::segments(text) else { return false };
        segments.all(|segment| self.is_segment(at, segment))
    }

    fn is_segment(&mut self, at: At, segment: &[u8]) -> bool {
        if segment.is_empty() || self.is_token(at, segment) || self.is_word(segment) {
            return true;
        }
        let Some((stem, extension)) = path::split_extension(segment) else { return false };
        self.rules.is_word(extension) && (self.is_token(at, stem) || self.is_word(stem))
    }

    fn is_word(&mut self, text: &[u8]) -> bool {
        let is_word = self.rules.is_word(text);
        self.counts.words += u64::from(is_word);
        is_word
    }

    /// In a path each part may be a code. Across its parts chance makes nothing.
    fn code(&mut self, at: At, text: &[u8]) {
        if self.is_token(at, text) || self.is_word(text) {
            return;
        }
        let Some(segments) = path::segments(text) else {
            return self.search(Column::Code, at, text);
        };
        let mut is_public = true;
        for segment in segments {
            if !self.is_segment(at, segment) {
                is_public = false;
                let stem =
                    path::split_extension(segment).filter(|(_, end)| self.rules.is_word(end));
                self.search(Column::Code, at, stem.map_or(segment, |(stem, _)| stem));
            }
        }
        if !is_public {
            self.search_where(Column::Strict, at, text, |found| found.contains('/'));
        }
    }

    /// A token says nothing, unless the dump has the very same one.
    fn is_token(&mut self, at: At, text: &[u8]) -> bool {
        let Some(digits) = self.rules.token_digits(text) else { return false };
        self.counts.tokens += 1;
        let end = self.rules.hasher.anchor(digits);
        let Some(anchor) = end.hash() else { return true };
        match self.needles {
            Needles::Index(index) => locked(index).add_end(end),
            Needles::Exact(exact) if exact.gate().lets(anchor as u32) => {
                let fits = |found: &str| [text.len(), digits.len()].contains(&found.len());
                self.met(Column::Strict, at, anchor, text, fits);
            }
            Needles::Exact(_) => {}
        }
        true
    }

    fn search(&mut self, column: Column, at: At, text: &[u8]) {
        self.search_where(column, at, text, |_| true);
    }

    /// Searches at every character for the secrets that fit.
    fn search_where(&mut self, column: Column, at: At, text: &[u8], fits: impl Fn(&str) -> bool) {
        let mut sums = mem::take(&mut self.sums);
        let hasher = self.rules.hasher;
        sums.read(&hasher, text);
        match self.needles {
            Needles::Index(index) => locked(index).add(self.rules, &sums),
            Needles::Exact(exact) => {
                for (anchor, end) in sums.short(&hasher).chain(sums.long(&hasher)) {
                    if exact.gate().lets(anchor as u32) {
                        self.hit(column, at, anchor, text, end as usize, &fits);
                    }
                }
            }
        }
        let characters = sums.characters();
        match column {
            Column::Text => self.counts.text_characters += characters,
            Column::Code => self.counts.code_characters += characters,
            Column::Strict | Column::Kept => self.counts.other_characters += characters,
        }
        self.sums = sums;
    }

    #[cold]
    fn hit(
        &mut self,
        column: Column,
        at: At,
        anchor: u64,
        text: &[u8],
        end: usize,
        fits: impl Fn(&str) -> bool,
    ) {
        let Needles::Exact(exact) = self.needles else { return };
        if column != Column::Code {
            return self.met(column, at, anchor, &text[..end], fits);
        }
        for index in exact.ending(anchor, &text[..end]) {
            let length = exact.text_of(&exact.entries()[index as usize]).len();
            let bits = code_bits(text, end - length, length);
            // What is in the kept part only is meant to be there.
            if bits > 0.0 {
                let seen = self.seen.entry(index).or_default();
                seen.note(column, at);
                seen.code_bits = seen.code_bits.max(bits);
            }
        }
    }

    fn met(
        &mut self,
        column: Column,
        at: At,
        anchor: u64,
        text: &[u8],
        fits: impl Fn(&str) -> bool,
    ) {
        let Needles::Exact(exact) = self.needles else { return };
        for index in exact.ending(anchor, text) {
            if fits(exact.text_of(&exact.entries()[index as usize])) {
                self.seen.entry(index).or_default().note(column, at);
            }
        }
    }
}

/// A panic of another thread is passed on when that is joined.
fn locked(index: &Mutex<Filling>) -> MutexGuard<'_, Filling> {
    index.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many bits of a part of a code are drawn: those after the kept start, each out of the
/// alphabet of all that is drawn.
fn code_bits(code: &[u8], start: usize, length: usize) -> f64 {
    let kept = code.iter().rposition(|byte| b"-_".contains(byte)).map_or(0, |at| at + 1);
    let body = &code[kept..];
    // Lower and upper case were folded, so a letter may be of either alphabet: the smaller counts.
    let letters = if body.iter().all(u8::is_ascii_digit) { 10.0_f64 } else { 36.0 };
    let drawn = (start + length).saturating_sub(kept.max(start));
    drawn as f64 * letters.log2()
}
