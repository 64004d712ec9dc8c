//! What the outputs hold, as a bitmap of the hashes of all their windows in fixed memory.
//!
//! A text that is in an output has all its windows there. So a text of which one is missing is in
//! none; others may be there and have to be compared.

use crate::grammar::Rules;
use crate::hash::{Anchor, Sums};
use crate::part::Part;

/// Where more of the bits are set, too many texts would seem to be there.
const MAX_LOAD: f64 = 0.5;
/// How many bits each character searched may set: two for a short window, one for others.
const BITS_EACH: u64 = 4;
/// The most parts, whatever the memory.
const MAX_PARTS: u64 = 1 << 12;

/// The windows of one part of all.
#[derive(Debug)]
pub(crate) struct Index {
    words: Vec<u64>,
    part: Part,
}

impl Index {
    pub(crate) fn new(bytes: usize, part: Part) -> Self {
        Self { words: vec![0; (bytes / 8).max(64)], part }
    }

    /// Whether it says yes too often, once all is in it.
    pub(crate) fn is_crowded(&self) -> bool {
        let ones: u64 = self.words.iter().map(|word| u64::from(word.count_ones())).sum();
        ones as f64 > MAX_LOAD * self.bits()
    }

    /// Into how many parts so many characters have to be split.
    pub(crate) fn parts(&self, characters: u64) -> u64 {
        let most = MAX_LOAD * self.bits();
        let parts = (characters.saturating_mul(BITS_EACH) as f64 / most).ceil() as u64;
        parts.next_power_of_two().clamp(2, MAX_PARTS)
    }

    fn bits(&self) -> f64 {
        self.words.len() as f64 * 64.0
    }

    /// Empties it for another part.
    pub(crate) fn restart(&mut self, part: Part) {
        self.words.fill(0);
        self.part = part;
    }

    pub(crate) fn part(&self) -> Part {
        self.part
    }

    /// Adds the windows of a text.
    pub(crate) fn add(&mut self, rules: &Rules, sums: &Sums) {
        for (window, _) in sums.short(&rules.hasher) {
            self.put(window, short_bits(window));
        }
        for window in sums.medium(&rules.hasher) {
            self.put(window, bit(window));
        }
        for (window, _) in sums.long(&rules.hasher) {
            self.put(window, bit(window));
        }
    }

    /// Adds the end of a token, of which nothing but the whole is a finding.
    pub(crate) fn add_end(&mut self, anchor: u64) {
        self.put(anchor, bit(anchor));
    }

    fn put(&mut self, window: u64, bits: u64) {
        if self.part.has(window) {
            let at = self.at(window);
            self.words[at] |= bits;
        }
    }

    /// Whether a secret may be in an output and is to be looked for in this part.
    #[inline]
    pub(crate) fn may_have(
        &self,
        rules: &Rules,
        text: &[u8],
        anchor: Anchor,
        sums: &mut Sums,
    ) -> bool {
        match anchor {
            Anchor::Long(last) => {
                self.part.has(last)
                    && self.is_set(last, bit(last))
                    && self.may_have_all(rules, text, sums)
            }
            Anchor::Short(last) => {
                self.part.has(last)
                    && self.is_set(last, short_bits(last))
                    && self.may_have_all(rules, text, sums)
            }
            Anchor::TooShort | Anchor::Broken => false,
        }
    }

    #[cold]
    fn may_have_all(&self, rules: &Rules, text: &[u8], sums: &mut Sums) -> bool {
        // Of a token only the end is here.
        if rules.may_be_token(text) {
            return true;
        }
        sums.read(&rules.hasher, text);
        let is_here = |window| !self.part.has(window) || self.is_set(window, bit(window));
        let is_short_here =
            |window| !self.part.has(window) || self.is_set(window, short_bits(window));
        sums.long(&rules.hasher).all(|(window, _)| is_here(window))
            && sums.medium(&rules.hasher).all(is_here)
            && sums.short(&rules.hasher).all(|(window, _)| is_short_here(window))
    }

    #[inline]
    fn is_set(&self, window: u64, bits: u64) -> bool {
        self.words[self.at(window)] & bits == bits
    }

    /// By the highest bits; the lowest tell the part.
    #[inline]
    fn at(&self, window: u64) -> usize {
        ((u128::from(window) * self.words.len() as u128) >> 64) as usize
    }
}

#[inline]
fn bit(window: u64) -> u64 {
    1 << (window >> 20 & 63)
}

/// Short texts have few windows, so that each must say more.
#[inline]
fn short_bits(window: u64) -> u64 {
    bit(window) | 1 << (window >> 14 & 63)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Grammar;

    proptest! {
        #[test]
        fn what_is_in_a_text_may_be_there_in_exactly_one_part(
            before in "\\PC{0,12}",
            secret in "[a-zA-Z猫咪é\u{1f600}]{4,20}",
            after in "\\PC{0,12}",
            halvings in 0_u32..4,
        ) {
            let rules = Rules::new(Grammar::new(|_| None), &[5; 32]);
            let mut parts = vec![Part::default()];
            for _ in 0..halvings {
                let others: Vec<Part> = parts.iter_mut().map(Part::halve).collect();
                parts.extend(others);
            }
            let mut sums = Sums::default();
            let mut found = 0;
            for part in parts {
                let mut index = Index::new(0, part);
                sums.read(&rules.hasher, format!("{before}{secret}{after}").as_bytes());
                index.add(&rules, &sums);
                let anchor = rules.hasher.anchor(secret.as_bytes());
                found += u32::from(index.may_have(&rules, secret.as_bytes(), anchor, &mut sums));
            }
            prop_assert_eq!(found, 1);
        }

        #[test]
        fn what_is_in_no_text_is_mostly_told(secret in "[a-z]{4,20}") {
            let rules = Rules::new(Grammar::new(|_| None), &[5; 32]);
            let (index, mut sums) = (Index::new(0, Part::default()), Sums::default());
            let anchor = rules.hasher.anchor(secret.as_bytes());
            prop_assert!(!index.may_have(&rules, secret.as_bytes(), anchor, &mut sums));
        }
    }
}
