//! Decoys: texts that are no secrets but as likely to come about by chance as those they are made
//! from, because they are their characters in another order.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::exact::{Hashed, Ready};
use crate::grammar::Rules;
use crate::hash::Sums;
use crate::index::Index;
use crate::part::Part;

/// The most that are kept.
const MAX_DECOYS: usize = 65_536;
/// The memory that one may need, in bytes.
const DECOY_BYTES: usize = 1536;
/// Secrets beyond this are found by no chance, so that decoys of them would measure nothing.
const MAX_BITS: f64 = 100.0;
/// And no such secret is longer than this.
const MAX_BYTES: usize = 64;

/// Makes decoys from an even share of all distinct secrets that chance could make.
#[derive(Debug)]
pub(crate) struct Decoys {
    texts: HashMap<u64, String, BuildHasherDefault<Ready>>,
    part: Part,
    limit: usize,
}

impl Decoys {
    pub(crate) fn new(memory: usize) -> Self {
        let limit = (memory / DECOY_BYTES).clamp(4, MAX_DECOYS);
        Self { texts: HashMap::default(), part: Part::default(), limit }
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// How many secrets there are to each one that was taken.
    pub(crate) fn share(&self) -> f64 {
        self.part.count() as f64
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.values().map(String::as_str)
    }

    /// Those that may be in an output, by one part of it, and the number of the others.
    pub(crate) fn split(&self, rules: &Rules, index: &Index) -> (Vec<&str>, u64) {
        let (mut inside, mut absent, mut sums) = (Vec::new(), 0, Sums::default());
        for text in self.texts() {
            let anchor = rules.hasher.anchor(text.as_bytes());
            if index.may_have(rules, text.as_bytes(), anchor, &mut sums) {
                inside.push(text);
            } else {
                absent += u64::from(index.is_for(anchor));
            }
        }
        (inside, absent)
    }

    /// Considers a secret of which the hash is known.
    pub(crate) fn offer(&mut self, rules: &Rules, secret: &[u8]) {
        if secret.len() > MAX_BYTES {
            return;
        }
        let whole = rules.hasher.whole(secret);
        if !self.part.has(whole) || self.texts.contains_key(&whole) {
            return;
        }
        let Ok(secret) = str::from_utf8(secret) else { return };
        if !is_drawn(rules, secret) {
            return;
        }
        let Some(decoy) = shuffle(rules, &secret.to_ascii_lowercase(), whole) else { return };
        self.texts.insert(whole, decoy);
        if self.texts.len() > self.limit {
            self.part.halve();
            let part = self.part;
            self.texts.retain(|whole, _| part.has(*whole));
        }
    }
}

/// Whether chance could make a secret, and hardly ever does. Most long ones are told by their
/// start.
fn is_drawn(rules: &Rules, secret: &str) -> bool {
    let mut sum = 0.0;
    for character in secret.chars() {
        match rules.bits_of(character.to_ascii_lowercase()) {
            Some(bits) if sum + bits <= MAX_BITS => sum += bits,
            _ => return false,
        }
    }
    sum > 0.0
}

/// Puts the characters into another order, each in a place of one of its kind. What the generators
/// keep stays in its place: punctuation, and the start of a code.
fn shuffle(rules: &Rules, secret: &str, seed: u64) -> Option<String> {
    let kept = secret.rfind(['-', '_']).map_or(0, |at| at + 1);
    let mut characters: Vec<char> = secret.chars().collect();
    let first = secret[..kept].chars().count();
    let free: Vec<usize> = (first..characters.len())
        .filter(|at| rules.bits_of(characters[*at]) != Some(0.0))
        .collect();
    let mut random = seed;
    // With few characters the first orders may be the one they had.
    for _ in 0..8 {
        for (done, at) in free.iter().enumerate().rev() {
            let others = &free[..=done];
            let other = others[(next(&mut random) % others.len() as u64) as usize];
            if kind(characters[*at]) == kind(characters[other]) {
                characters.swap(*at, other);
            }
        }
        let made: String = characters.iter().collect();
        if made != secret {
            return Some(made);
        }
    }
    None
}

/// Characters that stand for one another in the shape of a text.
fn kind(character: char) -> u32 {
    match character {
        '0'..='9' => 0,
        'a'..='z' => 1,
        '\u{4e00}'..='\u{9fff}' => 2,
        _ => 16 + (u32::from(character) >> 8),
    }
}

/// The next number of a SplitMix64 sequence.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A decoy as it is searched for.
pub(crate) fn hashed<'a>(rules: &Rules, text: &'a str) -> Option<Hashed<'a>> {
    let whole = rules.hasher.whole(text.as_bytes());
    let anchor = rules.hasher.anchor(text.as_bytes()).hash()?;
    Some(Hashed { text, anchor, whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grammar;

    fn rules() -> Rules {
        let chance = |character: char| match character {
            ' ' | '!' => Some(0.0),
            '猫' => None,
            _ => Some(5.0),
        };
        Rules::new(Grammar::new(chance), &[3; 32])
    }

    #[test]
    fn a_decoy_is_another_order_of_the_same_kinds() {
        let rules = rules();
        let made = shuffle(&rules, "pw-ab12的一 是不!", 9).unwrap();
        assert!(made.starts_with("pw-") && made.ends_with('!'), "{made}");
        let kinds = |text: &str| text.chars().map(kind).collect::<Vec<_>>();
        assert_eq!(kinds(&made), kinds("pw-ab12的一 是不!"));
        assert_eq!(shuffle(&rules, "的的的的", 9), None);
        assert_eq!(shuffle(&rules, "!!!!", 9), None);
    }

    #[test]
    fn what_chance_never_or_hardly_ever_makes_has_no_decoy() {
        let rules = rules();
        assert!(is_drawn(&rules, "pw-1 的!"));
        assert!(!is_drawn(&rules, "猫的一是不"));
        assert!(!is_drawn(&rules, "!! !"));
        assert!(is_drawn(&rules, &"a".repeat(20)) && !is_drawn(&rules, &"a".repeat(21)));
    }

    #[test]
    fn an_even_share_is_kept_whatever_the_order() {
        let rules = rules();
        let texts: Vec<String> = (0..5000).map(|n| format!("{n:06}")).collect();
        let sample = |texts: &mut dyn Iterator<Item = &String>| {
            let mut decoys = Decoys::new(256 * DECOY_BYTES);
            texts.for_each(|text| decoys.offer(&rules, text.as_bytes()));
            let mut kept: Vec<String> = decoys.texts().map(str::to_owned).collect();
            kept.sort_unstable();
            (kept, decoys.share() as u64)
        };
        let (kept, share) = sample(&mut texts.iter());
        assert_eq!((kept.clone(), share), sample(&mut texts.iter().rev()));
        assert!((4000..6000).contains(&(kept.len() as u64 * share)), "{} {share}", kept.len());
    }
}
