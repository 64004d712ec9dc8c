//! Tells leaks from chance.

use std::collections::HashMap;

use crate::exact::{Entry, Exact};
use crate::grammar::{Column, Rules};
use crate::reader::At;
use crate::search::{Counts, Seen};

/// How many leaks are told apart in an error.
pub(crate) const MAX_HITS: usize = 20;
/// How unlikely a hit must be to be no chance: 2⁻²⁰ for all secrets at all places together.
const CERTAINTY: f64 = 20.0;
/// How many standard deviations a count by chance stays within.
const DEVIATIONS: f64 = 5.0;
/// What a count by chance stays below where none was seen, with about the same certainty.
const NONE_SEEN: f64 = 14.0;

/// How many bits tell a hit from chance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    text: Limit,
    code: Limit,
}

#[derive(Clone, Copy, Debug)]
struct Limit {
    /// At least so many bits are no chance.
    leak: f64,
    /// Fewer bits than these are expected somewhere by chance, so that a hit says nothing.
    common: f64,
}

impl Limits {
    pub(crate) fn new(counts: &Counts, secrets: u64) -> Self {
        let bits = |count: u64| (count.max(1) as f64).log2();
        let limit = |places: u64| {
            let common = bits(places);
            Limit { leak: common + bits(secrets) + CERTAINTY, common }
        };
        Self { text: limit(counts.text_characters), code: limit(counts.code_characters) }
    }
}

/// A secret in the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leak {
    pub(crate) at: At,
    pub(crate) entry: Entry,
    pub(crate) characters: u64,
    pub(crate) times: u64,
}

/// What all hits come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    /// The first ones.
    pub(crate) leaks: Vec<Leak>,
    pub(crate) leak_count: u64,
    pub(crate) coincidences: u64,
    pub(crate) common: u64,
    pub(crate) kept: u64,
    /// Decoys that were searched for and are no secrets.
    pub(crate) decoys: u64,
    pub(crate) decoy_hits: u64,
}

/// What a hit at a place where chance has a say means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    /// Only characters that are meant to be kept.
    Kept,
    Common,
    Coincidence,
    Leak,
}

impl Limit {
    fn meaning(self, bits: Option<f64>) -> Meaning {
        match bits {
            Some(bits) if bits <= 0.0 => Meaning::Kept,
            Some(bits) if bits < self.common => Meaning::Common,
            Some(bits) if bits < self.leak => Meaning::Coincidence,
            _ => Meaning::Leak,
        }
    }
}

impl Verdict {
    /// Judges what was met of the secrets of one round.
    pub(crate) fn judge(
        &mut self,
        rules: &Rules,
        limits: Limits,
        exact: &Exact,
        seen: &HashMap<u32, Seen>,
    ) {
        let is_decoy = |entry: &&Entry| entry.is_decoy && entry.origin.is_none();
        self.decoys += exact.entries().iter().filter(is_decoy).count() as u64;
        for (index, seen) in seen {
            let entry = &exact.entries()[*index as usize];
            let text = exact.text_of(entry);
            let by_chance = Self::by_chance(rules, limits, text, seen);
            if entry.origin.is_none() {
                self.decoy_hits += u64::from(by_chance == Some(Meaning::Coincidence));
            } else {
                self.judge_secret(entry, text, seen, by_chance);
            }
        }
        self.leaks.sort_unstable_by_key(|leak| (leak.at, leak.characters, leak.times));
        self.leaks.truncate(MAX_HITS);
    }

    fn by_chance(rules: &Rules, limits: Limits, text: &str, seen: &Seen) -> Option<Meaning> {
        let was_met = |column| seen.times[column as usize] > 0;
        let in_text = was_met(Column::Text).then(|| limits.text.meaning(rules.bits(text)));
        let in_code = was_met(Column::Code).then(|| limits.code.meaning(Some(seen.code_bits)));
        in_text.max(in_code)
    }

    fn judge_secret(&mut self, entry: &Entry, text: &str, seen: &Seen, chance: Option<Meaning>) {
        let mut is_leak = [false; 4];
        is_leak[Column::Strict as usize] = true;
        is_leak[Column::Kept as usize] = !entry.is_sensitive;
        is_leak[Column::Text as usize] = chance == Some(Meaning::Leak);
        is_leak[Column::Code as usize] = chance == Some(Meaning::Leak);
        let places = || (0..4).filter(|column| is_leak[*column]);
        if let Some(at) = places().filter_map(|column| seen.first[column]).min() {
            let times = places().map(|column| seen.times[column]).sum();
            let characters = text.chars().count() as u64;
            self.leaks.push(Leak { at, entry: *entry, characters, times });
            self.leak_count += 1;
            return;
        }
        match chance {
            Some(Meaning::Kept) => self.kept += 1,
            Some(Meaning::Common) => self.common += 1,
            Some(Meaning::Coincidence) => self.coincidences += 1,
            Some(Meaning::Leak) | None => {}
        }
    }

    /// The most coincidences that the decoys explain, where each stands for `share` secrets.
    pub(crate) fn explained(&self, share: f64) -> u64 {
        let hits = self.decoy_hits as f64;
        let mean = (hits + DEVIATIONS * hits.sqrt()).max(0.0) + NONE_SEEN;
        let mean = mean * share;
        (mean + DEVIATIONS * mean.sqrt()) as u64
    }
}
