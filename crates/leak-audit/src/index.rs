//! What the outputs hold, as a bitmap of the hashes of all their windows in fixed memory.
//!
//! A text that is in an output has all its windows there. So a text of which one is missing is in
//! none; others may be there and have to be compared.

use crate::grammar::Rules;
use crate::hash::{Anchor, Place, Sums};
use crate::part::Part;

/// Where more of the bits are set, too many texts would seem to be there.
const MAX_LOAD: f64 = 0.5;
/// How many bits each character searched may set: two for a short window, one for others.
const BITS_EACH: u64 = 4;
/// The most parts, whatever the memory.
const MAX_PARTS: u64 = 1 << 12;

/// One cache line: what ends with the same four characters, and little else.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Line([u64; 8]);

/// The windows of one part of all.
#[derive(Debug)]
pub(crate) struct Index {
    lines: Vec<Line>,
    part: Part,
}

impl Index {
    pub(crate) fn new(bytes: usize, part: Part) -> Self {
        let count = (bytes / size_of::<Line>()).max(8);
        Self { lines: vec![Line::default(); count], part }
    }

    /// Whether it says yes too often, once all is in it.
    pub(crate) fn is_crowded(&self) -> bool {
        let ones: u64 = self
            .lines
            .iter()
            .flat_map(|line| line.0)
            .map(|word| u64::from(word.count_ones()))
            .sum();
        ones as f64 > MAX_LOAD * self.bits()
    }

    /// Into how many parts so many characters have to be split.
    pub(crate) fn parts(&self, characters: u64) -> u64 {
        let most = MAX_LOAD * self.bits();
        let parts = (characters.saturating_mul(BITS_EACH) as f64 / most).ceil() as u64;
        parts.next_power_of_two().clamp(2, MAX_PARTS)
    }

    fn bits(&self) -> f64 {
        self.lines.len() as f64 * 512.0
    }

    /// Empties it for another part.
    pub(crate) fn restart(&mut self, part: Part) {
        self.lines.fill(Line::default());
        self.part = part;
    }

    /// Whether a secret belongs to this part.
    pub(crate) fn is_for(&self, anchor: Anchor) -> bool {
        match anchor {
            Anchor::Short(short) | Anchor::Long(_, short) => self.part.has(short),
            Anchor::TooShort | Anchor::Broken => false,
        }
    }

    /// Whether a secret may be in an output and is to be looked for in this part.
    pub(crate) fn may_have(
        &self,
        rules: &Rules,
        text: &[u8],
        anchor: Anchor,
        sums: &mut Sums,
    ) -> bool {
        self.may_end(anchor) && self.may_have_all(rules, text, sums)
    }

    /// The same by the end of the secret alone.
    #[inline]
    pub(crate) fn may_end(&self, anchor: Anchor) -> bool {
        let (short, long) = match anchor {
            Anchor::Short(short) => (short, None),
            Anchor::Long(long, short) => (short, Some(long)),
            Anchor::TooShort | Anchor::Broken => return false,
        };
        self.part.has(short) && self.has(Place { short, medium: None, long })
    }

    /// The same by all of a secret of which the end may be there.
    #[cold]
    pub(crate) fn may_have_all(&self, rules: &Rules, text: &[u8], sums: &mut Sums) -> bool {
        // Of a token only the end is here.
        if rules.may_be_token(text) {
            return true;
        }
        sums.read(&rules.hasher, text);
        sums.places(&rules.hasher).all(|place| !self.part.has(place.short) || self.has(place))
    }

    #[inline]
    fn has(&self, place: Place) -> bool {
        let spot = Spot::new(place, self.lines.len());
        self.lines[spot.line()].has(spot)
    }
}

/// Into how many heaps the spots are sorted, by the highest bits of their short windows.
const HEAPS: usize = 1 << HEAP_BITS;
const HEAP_BITS: u32 = 6;
/// How many spots make a heap.
const HEAP: usize = 1024;

/// An index that is being filled. Spots that lie near one another are set together: each by itself
/// would be waited for, because all of the index is in no cache.
#[derive(Debug)]
pub(crate) struct Filling {
    index: Index,
    heaps: Vec<Vec<Spot>>,
}

impl Filling {
    pub(crate) fn new(index: Index) -> Self {
        Self { index, heaps: vec![Vec::new(); HEAPS] }
    }

    /// Adds the windows of a text.
    pub(crate) fn add(&mut self, rules: &Rules, sums: &Sums) {
        sums.places(&rules.hasher).for_each(|place| self.put(place));
    }

    /// Adds the end of a token, of which nothing but the whole is a finding.
    pub(crate) fn add_end(&mut self, anchor: Anchor) {
        if let Anchor::Long(long, short) = anchor {
            self.put(Place { short, medium: None, long: Some(long) });
        }
    }

    #[inline]
    fn put(&mut self, place: Place) {
        if self.index.part.has(place.short) {
            let heap = &mut self.heaps[(place.short >> (u64::BITS - HEAP_BITS)) as usize];
            heap.push(Spot::new(place, self.index.lines.len()));
            if heap.len() == HEAP {
                self.index.set_all(heap);
            }
        }
    }

    /// The index, with all that was added.
    pub(crate) fn finish(mut self) -> Index {
        self.heaps.iter_mut().for_each(|heap| self.index.set_all(heap));
        self.index
    }
}

impl Index {
    fn set_all(&mut self, heap: &mut Vec<Spot>) {
        heap.drain(..).for_each(|spot| self.lines[spot.line()].set(spot));
    }
}

/// Where the bits of a place are: the line, and for each window a word of it and bits of that.
#[derive(Clone, Copy, Debug)]
struct Spot(u64);

impl Spot {
    /// The bits of a word and a place in it.
    const SIZE: u32 = 9;

    /// The line is told by the highest bits of the short window; the lowest tell the part. A window
    /// that is not there has the bits of one that is.
    #[inline]
    fn new(place: Place, lines: usize) -> Self {
        let Place { short, medium, long } = place;
        let line = ((u128::from(short) * lines as u128) >> 64) as u64;
        let part = |window: u64| window >> 12 & 0x1ff;
        let (medium, long) = (part(medium.unwrap_or(short)), part(long.unwrap_or(short)));
        Self((line << 15 | short >> 12 & 0x7fff) << (2 * Self::SIZE) | medium << Self::SIZE | long)
    }

    #[inline]
    fn line(self) -> usize {
        (self.0 >> (15 + 2 * Self::SIZE)) as usize
    }

    #[inline]
    fn bits(self) -> [(usize, u64); 3] {
        let word = |part: u64| (part & 7) as usize;
        let bit = |part: u64| 1 << (part >> 3 & 63);
        let (short, medium) = (self.0 >> (2 * Self::SIZE), self.0 >> Self::SIZE);
        let two = bit(short) | bit(short >> 6);
        [(word(short), two), (word(medium), bit(medium)), (word(self.0), bit(self.0))]
    }
}

impl Line {
    #[inline]
    fn set(&mut self, spot: Spot) {
        spot.bits().into_iter().for_each(|(word, bits)| self.0[word] |= bits);
    }

    #[inline]
    fn has(&self, spot: Spot) -> bool {
        spot.bits().into_iter().all(|(word, bits)| self.0[word] & bits == bits)
    }
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
                let mut filling = Filling::new(Index::new(0, part));
                sums.read(&rules.hasher, format!("{before}{secret}{after}").as_bytes());
                filling.add(&rules, &sums);
                let index = filling.finish();
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
