//! Secrets kept as texts, and what was met of them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher as StdHasher};

use crate::collect::{Kind, Origin};
use crate::gate::Gate;
use crate::part::Part;

/// What an entry needs beside its text, in bytes, with its share of the maps.
const OVERHEAD: usize = 116;
const NONE: u32 = u32::MAX;

/// The secrets of one part of all, by their anchors.
#[derive(Debug)]
pub(crate) struct Exact {
    text: String,
    entries: Vec<Entry>,
    by_anchor: HashMap<u64, u32, BuildHasherDefault<Ready>>,
    /// Many secrets of a column may have the same end.
    by_whole: HashMap<u64, u32, BuildHasherDefault<Ready>>,
    part: Part,
    limit: usize,
    gate: Gate,
}

/// One secret or decoy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    start: u32,
    end: u32,
    anchor: u64,
    /// The next entry with the same anchor.
    next: u32,
    whole: u64,
    /// Where a secret comes from; nothing for a decoy that is no secret.
    pub(crate) origin: Option<Origin>,
    /// It comes from a column that the output may show too.
    pub(crate) is_sensitive: bool,
    pub(crate) is_decoy: bool,
}

/// A text with its two hashes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hashed<'a> {
    pub(crate) text: &'a str,
    pub(crate) anchor: u64,
    pub(crate) whole: u64,
}

impl Exact {
    pub(crate) fn new(limit: usize, part: Part) -> Self {
        let (text, entries) = (String::new(), Vec::new());
        let (by_anchor, by_whole) = (HashMap::default(), HashMap::default());
        Self { text, entries, by_anchor, by_whole, part, limit, gate: Gate::new(0) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Makes ready for many questions. Nothing is added after that.
    pub(crate) fn seal(&mut self) {
        self.gate = Gate::new(self.by_anchor.len());
        self.by_anchor.keys().for_each(|anchor| self.gate.open(*anchor as u32));
    }

    /// Lets the anchors of all entries pass, which are sealed, and few others.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn text_of(&self, entry: &Entry) -> &str {
        &self.text[entry.start as usize..entry.end as usize]
    }

    /// Whether no more should be added without giving up others.
    pub(crate) fn is_full(&self) -> bool {
        // One entry must always fit, or no share would ever be small enough.
        self.entries.len() > 1 && self.text.len() + self.entries.len() * OVERHEAD > self.limit
    }

    /// Adds a secret, lower-cased.
    pub(crate) fn insert(&mut self, secret: Hashed<'_>, origin: Origin) {
        if !self.part.has(secret.whole) {
            return;
        }
        let index = self.find(secret).unwrap_or_else(|| self.push(secret));
        let entry = &mut self.entries[index as usize];
        entry.is_sensitive |= origin.kind == Kind::Sensitive;
        // The most private place speaks for the text, and of several the first.
        if entry.origin.is_none_or(|known| origin.kind < known.kind) {
            entry.origin = Some(origin);
        }
    }

    /// Gives up half of the part, which has to be searched for in a round of its own.
    pub(crate) fn halve(&mut self) -> Part {
        let other = self.part.halve();
        let part = self.part;
        self.retain(|secret| part.has(secret.whole));
        other
    }

    /// Keeps only some of the entries.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(Hashed<'_>) -> bool) {
        let old = std::mem::replace(self, Self::new(self.limit, self.part));
        for entry in &old.entries {
            let secret =
                Hashed { text: old.text_of(entry), anchor: entry.anchor, whole: entry.whole };
            if is_kept(secret) {
                let index = self.push(secret) as usize;
                let Entry { origin, is_sensitive, is_decoy, .. } = *entry;
                self.entries[index] =
                    Entry { origin, is_sensitive, is_decoy, ..self.entries[index] };
            }
        }
    }

    /// Adds a text that no secret should equal. Where one does, it is no decoy.
    pub(crate) fn insert_decoy(&mut self, decoy: Hashed<'_>) {
        if self.part.has(decoy.whole) {
            let index = self.find(decoy).unwrap_or_else(|| self.push(decoy));
            self.entries[index as usize].is_decoy = true;
        }
    }

    /// The entries that end where a text with this anchor ends.
    pub(crate) fn ending(&self, anchor: u64, text: &[u8]) -> impl Iterator<Item = u32> {
        let ends = move |index: &u32| {
            let secret = self.text_of(&self.entries[*index as usize]).as_bytes();
            let start = text.len().checked_sub(secret.len());
            start.is_some_and(|start| text[start..].eq_ignore_ascii_case(secret))
        };
        self.chain(anchor).filter(ends)
    }

    fn chain(&self, anchor: u64) -> impl Iterator<Item = u32> + '_ {
        let first = self.by_anchor.get(&anchor).copied();
        std::iter::successors(first, |index| {
            Some(self.entries[*index as usize].next).filter(|next| *next != NONE)
        })
    }

    /// Of two secrets with the same hash only the later is found, so that the other may be there
    /// twice.
    fn find(&self, secret: Hashed<'_>) -> Option<u32> {
        let index = *self.by_whole.get(&secret.whole)?;
        (self.text_of(&self.entries[index as usize]) == secret.text).then_some(index)
    }

    fn push(&mut self, secret: Hashed<'_>) -> u32 {
        let index = self.entries.len() as u32;
        let start = self.text.len() as u32;
        self.text.push_str(secret.text);
        let entry = Entry {
            start,
            end: self.text.len() as u32,
            anchor: secret.anchor,
            next: self.by_anchor.insert(secret.anchor, index).unwrap_or(NONE),
            whole: secret.whole,
            origin: None,
            is_sensitive: false,
            is_decoy: false,
        };
        self.by_whole.insert(secret.whole, index);
        self.entries.push(entry);
        index
    }
}

/// Anchors are hashes already.
#[derive(Debug, Default)]
pub(crate) struct Ready(u64);

impl StdHasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only whole numbers are hashed");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
