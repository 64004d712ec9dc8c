//! Takes the secrets of a dump, as texts or as raw JSON.

use std::fmt;

use crate::decoy::Decoys;
use crate::exact::{Exact, Hashed};
use crate::filter::Filter;
use crate::fold::lower_into;
use crate::grammar::Rules;
use crate::hash::Anchor;
use crate::part::Part;
use crate::path;
use crate::strings::{Finder, Found, head};

/// What a place of the dump is to the output. The most private comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A table that no output may hold.
    Denied,
    /// A column, key or table that was left out.
    Dropped,
    /// A value that the output has in another form.
    Sensitive,
}

/// Where a secret comes from, in the caller's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What the place is to the output.
    pub kind: Kind,
    /// A table's number.
    pub table: u32,
    /// A column's number.
    pub column: u32,
    /// Where in the dump.
    pub offset: u64,
}

/// Takes the secrets of a dump.
///
/// Secrets are strings of four characters or more that are no public words. Of a path or URL the
/// parts are secrets too, decoded and without extension as well, and of a string that holds JSON
/// the strings in it, to a depth of four. Of a string longer than 64 KiB the first 64 KiB are one.
/// Numbers are not taken.
pub struct Collector<'a> {
    finder: Finder,
    texts: Finder,
    taken: Taken<'a>,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(taken: Taken<'a>) -> Self {
        Self { finder: Finder::default(), texts: Finder::default(), taken }
    }

    /// Takes a decoded text.
    pub fn text(&mut self, origin: Origin, text: &str) {
        let mut found = From { origin, taken: &mut self.taken };
        found.found(head(text.as_bytes()));
        self.texts.look_into(text.as_bytes(), &mut found);
    }

    /// Takes raw JSON in pieces of any size: its strings, object keys among them. Escapes are
    /// decoded, and halves of characters and broken UTF-8 are replaced.
    pub fn json(&mut self, origin: Origin, piece: &[u8]) {
        self.finder.feed(piece, &mut From { origin, taken: &mut self.taken });
    }

    /// Says that the JSON has ended. What follows belongs to something else.
    pub fn json_end(&mut self, origin: Origin) {
        self.finder.end(&mut From { origin, taken: &mut self.taken });
    }

    pub(crate) fn into_taken(self) -> Taken<'a> {
        self.taken
    }
}

impl fmt::Debug for Collector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("counts", &self.taken.counts).finish_non_exhaustive()
    }
}

/// How many strings were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) secrets: u64,
    pub(crate) words: u64,
    pub(crate) too_short: u64,
}

/// What a walk is for.
pub(crate) enum Aim<'a> {
    /// The texts themselves, as long as they fit.
    Exact(Exact),
    /// Their anchors.
    Filter(Filter),
    /// The texts of which an output has the anchor.
    Confirm(&'a Filter, Exact),
}

/// What a walk has collected.
pub(crate) struct Taken<'a> {
    pub(crate) aim: Aim<'a>,
    pub(crate) counts: Counts,
    /// In the first walk only.
    pub(crate) decoys: Option<Decoys>,
    /// What did not fit.
    pub(crate) rest: Vec<Part>,
    rules: &'a Rules,
    filter_bytes: usize,
    lower: String,
    decoded: Vec<u8>,
}

impl<'a> Taken<'a> {
    pub(crate) fn new(
        rules: &'a Rules,
        aim: Aim<'a>,
        decoys: Option<Decoys>,
        filter_bytes: usize,
    ) -> Self {
        Self {
            aim,
            counts: Counts::default(),
            decoys,
            rest: Vec::new(),
            rules,
            filter_bytes,
            lower: String::new(),
            decoded: Vec::new(),
        }
    }

    fn take(&mut self, origin: Origin, text: &[u8]) {
        match self.rules.hasher.anchor(text) {
            Anchor::TooShort => self.counts.too_short += 1,
            Anchor::Broken => self.take(origin, String::from_utf8_lossy(text).as_bytes()),
            Anchor::Of(_) if self.rules.is_word(text) => self.counts.words += 1,
            Anchor::Of(anchor) => {
                self.counts.secrets += 1;
                if let Some(decoys) = &mut self.decoys {
                    decoys.offer(self.rules, text);
                }
                self.keep(origin, text, anchor);
            }
        }
    }

    fn keep(&mut self, origin: Origin, text: &[u8], anchor: u64) {
        match &mut self.aim {
            Aim::Filter(filter) => self.rest.extend(filter.insert(anchor)),
            Aim::Exact(exact) => {
                lower_into(&String::from_utf8_lossy(text), &mut self.lower);
                let secret = hashed(self.rules, &self.lower, anchor);
                if exact.has_room(secret) {
                    exact.insert(secret, origin);
                } else {
                    self.become_filter();
                    self.keep(origin, text, anchor);
                }
            }
            Aim::Confirm(filter, exact) => {
                if filter.has_mark(anchor) || exact.has_anchor(anchor) {
                    lower_into(&String::from_utf8_lossy(text), &mut self.lower);
                    let secret = hashed(self.rules, &self.lower, anchor);
                    self.rest.extend(exact.insert(secret, origin));
                }
            }
        }
    }

    /// The texts are too many: from here on their anchors must do.
    fn become_filter(&mut self) {
        let filter = Filter::new(self.filter_bytes, Part::default());
        let old = std::mem::replace(&mut self.aim, Aim::Filter(filter));
        let (Aim::Exact(exact), Aim::Filter(filter)) = (old, &mut self.aim) else { return };
        for anchor in exact.anchors() {
            self.rest.extend(filter.insert(anchor));
        }
    }
}

fn hashed<'a>(rules: &Rules, text: &'a str, anchor: u64) -> Hashed<'a> {
    Hashed { text, anchor, whole: rules.hasher.whole(text.as_bytes()) }
}

/// The collector as one place of the dump sees it.
struct From<'b, 'a> {
    origin: Origin,
    taken: &'b mut Taken<'a>,
}

impl Found for From<'_, '_> {
    fn found(&mut self, text: &[u8]) {
        self.taken.take(self.origin, text);
        if let Some(segments) = path::segments(text) {
            segments.for_each(|segment| self.segment(segment));
        }
    }
}

impl From<'_, '_> {
    fn segment(&mut self, segment: &[u8]) {
        self.stems(segment);
        let mut decoded = std::mem::take(&mut self.taken.decoded);
        if path::decode(segment, &mut decoded) {
            self.stems(&decoded);
        }
        self.taken.decoded = decoded;
    }

    fn stems(&mut self, segment: &[u8]) {
        self.taken.take(self.origin, segment);
        if let Some((stem, _)) = path::split_extension(segment) {
            self.taken.take(self.origin, stem);
        }
    }
}
