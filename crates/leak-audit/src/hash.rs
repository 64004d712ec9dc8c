//! Hashes of a text's last characters, the same whether made from a secret or inside a longer text.
//!
//! A match of two hashes is never a verdict: it only says where to compare texts.

use crate::fold::lower8;

/// How many characters of a long secret its anchor is made of.
pub(crate) const LONG: usize = 8;
/// How many characters of a short secret its anchor is made of, and the least that is searched.
pub(crate) const SHORT: usize = 4;
/// No character has more bytes than four, so that these hold [`LONG`] characters for sure, even
/// where they start inside of one.
const TAIL: usize = 4 * LONG + 3;

/// Makes anchors and hashes of whole texts under one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hasher {
    base: u64,
    powers: [u64; LONG + 1],
    tags: [u64; 2],
    whole: u64,
}

/// What a text is to the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Fewer than [`SHORT`] characters.
    TooShort,
    /// The end is no UTF-8.
    Broken,
    /// The hash of the last [`LONG`] characters, or of the last [`SHORT`] of a shorter text.
    Of(u64),
}

impl Hasher {
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(blake3::keyed_hash(seed, b"leak-audit anchors").as_bytes());
        let word = |n: usize| {
            let bytes = bytes[n * 8..].first_chunk().expect("a hash has 32 bytes");
            u64::from_le_bytes(*bytes)
        };
        // An even base would forget the first characters of a window.
        let base = word(0) | 1;
        let powers = std::array::from_fn(|n| base.wrapping_pow(n as u32));
        Self { base, powers, tags: [word(1), word(2)], whole: word(3) | 1 }
    }

    /// The anchor of a secret: equal for texts that differ in the case of ASCII letters only.
    pub(crate) fn anchor(&self, text: &[u8]) -> Anchor {
        match text.last_chunk::<LONG>() {
            Some(last) if last.is_ascii() => {
                let last = lower8(u64::from_le_bytes(*last)).to_le_bytes();
                Anchor::Of(self.long(self.window(last.into_iter().map(u64::from))))
            }
            _ => self.anchor_of_wide(text),
        }
    }

    fn anchor_of_wide(&self, text: &[u8]) -> Anchor {
        let mut tail = &text[text.len().saturating_sub(TAIL)..];
        if tail.len() < text.len() {
            let start = tail.iter().position(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
            tail = &tail[start..];
        }
        let Ok(tail) = std::str::from_utf8(tail) else { return Anchor::Broken };
        let mut last = [0; LONG];
        let mut count = 0;
        for (slot, character) in last.iter_mut().rev().zip(tail.chars().rev()) {
            *slot = u64::from(u32::from(character.to_ascii_lowercase()));
            count += 1;
        }
        match count {
            LONG => Anchor::Of(self.long(self.window(last.into_iter()))),
            SHORT.. => Anchor::Of(self.short(self.window(last[LONG - SHORT..].iter().copied()))),
            _ => Anchor::TooShort,
        }
    }

    fn window(&self, characters: impl Iterator<Item = u64>) -> u64 {
        characters.fold(0, |sum, character| self.push(sum, character))
    }

    fn push(&self, sum: u64, character: u64) -> u64 {
        sum.wrapping_mul(self.base).wrapping_add(character)
    }

    fn long(&self, window: u64) -> u64 {
        mix(window ^ self.tags[0])
    }

    fn short(&self, window: u64) -> u64 {
        mix(window ^ self.tags[1])
    }

    /// A hash of the whole text, ASCII letters in either case.
    pub(crate) fn whole(&self, text: &[u8]) -> u64 {
        let (chunks, rest) = text.as_chunks::<8>();
        let mut hash = self.whole ^ text.len() as u64;
        for chunk in chunks {
            hash = mix((hash ^ lower8(u64::from_le_bytes(*chunk))).wrapping_mul(self.whole));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        mix((hash ^ lower8(u64::from_le_bytes(last))).wrapping_mul(self.whole))
    }
}

fn mix(window: u64) -> u64 {
    let mixed = (window ^ (window >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

/// Follows a text character by character and gives the anchors of what ends there.
pub(crate) struct Rolling<'a> {
    hasher: &'a Hasher,
    sum: u64,
    /// The sums before each of the last characters.
    before: [u64; LONG],
    count: usize,
}

impl<'a> Rolling<'a> {
    pub(crate) fn new(hasher: &'a Hasher) -> Self {
        Self { hasher, sum: 0, before: [0; LONG], count: 0 }
    }

    /// Adds a character and gives the anchors of a short and of a long secret that ends with it.
    #[inline]
    pub(crate) fn push(&mut self, character: char) -> (Option<u64>, Option<u64>) {
        let hasher = self.hasher;
        self.before[self.count % LONG] = self.sum;
        self.sum = hasher.push(self.sum, u64::from(u32::from(character)));
        self.count += 1;
        let window = |length: usize| {
            let before = self.before[self.count.wrapping_sub(length) % LONG];
            self.sum.wrapping_sub(before.wrapping_mul(hasher.powers[length]))
        };
        let short = (self.count >= SHORT).then(|| hasher.short(window(SHORT)));
        let long = (self.count >= LONG).then(|| hasher.long(window(LONG)));
        (short, long)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hasher() -> Hasher {
        Hasher::new(&[7; 32])
    }

    #[test]
    fn a_short_text_and_a_broken_end_are_told_apart() {
        assert_eq!(hasher().anchor("猫猫猫".as_bytes()), Anchor::TooShort);
        assert_eq!(hasher().anchor(b"abc"), Anchor::TooShort);
        assert_eq!(hasher().anchor(b"abcdefg\xff"), Anchor::Broken);
        assert_eq!(hasher().anchor(&[0x80; 60]), Anchor::Broken);
        assert!(matches!(hasher().anchor("\u{1f600}".repeat(9).as_bytes()), Anchor::Of(_)));
    }

    proptest! {
        #[test]
        fn the_anchor_of_a_secret_is_found_where_it_ends(
            before in "\\PC{0,12}",
            secret in "[a-zA-Z猫咪é\u{1f600}]{4,20}",
            after in "\\PC{0,12}",
        ) {
            let hasher = hasher();
            let text = format!("{before}{secret}{after}").to_ascii_lowercase();
            let end = before.len() + secret.len();
            let mut rolling = Rolling::new(&hasher);
            let mut found = false;
            for (at, character) in text.char_indices() {
                let (short, long) = rolling.push(character);
                if at + character.len_utf8() == end {
                    let anchor = if secret.chars().count() < LONG { short } else { long };
                    found = anchor.map(Anchor::Of) == Some(hasher.anchor(secret.as_bytes()));
                }
            }
            prop_assert!(found);
        }

        #[test]
        fn the_hash_of_the_whole_ignores_ascii_case_only(text in "\\PC{0,40}") {
            let hasher = hasher();
            let whole = hasher.whole(text.as_bytes());
            prop_assert_eq!(whole, hasher.whole(text.to_ascii_uppercase().as_bytes()));
            prop_assert_ne!(whole, hasher.whole(format!("{text}x").as_bytes()));
        }
    }
}
