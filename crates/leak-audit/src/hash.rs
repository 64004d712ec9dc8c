//! Hashes of a text's last characters, the same whether made from a secret or inside a longer text.
//!
//! A match of two hashes is never a verdict: it only says where to compare texts.

use crate::fold::lower8;

/// How many characters of a long secret its anchor is made of.
pub(crate) const LONG: usize = 8;
/// How many characters of a short secret its anchor is made of, and the least that is searched.
pub(crate) const SHORT: usize = 4;
/// Windows between these tell more secrets from what is in an output.
const MEDIUM: usize = 6;
/// No character has more bytes than four, so that these hold [`LONG`] characters for sure, even
/// where they start inside of one.
const TAIL: usize = 4 * LONG + 3;

/// Makes anchors and hashes of whole texts under one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hasher {
    base: u64,
    powers: [u64; LONG + 1],
    tags: [u64; 3],
    whole: u64,
}

/// What a text is to the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Fewer than [`SHORT`] characters.
    TooShort,
    /// The end is no UTF-8.
    Broken,
    /// Of a text of fewer than [`LONG`] characters: the hash of the last [`SHORT`].
    Short(u64),
    /// The hash of the last [`LONG`] characters, and that of the last [`SHORT`].
    Long(u64, u64),
}

impl Anchor {
    /// The hash, of what is searched for.
    pub(crate) fn hash(self) -> Option<u64> {
        match self {
            Self::Short(hash) | Self::Long(hash, _) => Some(hash),
            Self::TooShort | Self::Broken => None,
        }
    }
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
        Self { base, powers, tags: [word(1), word(2), word(1) ^ word(2)], whole: word(3) | 1 }
    }

    /// The anchor of a secret: equal for texts that differ in the case of ASCII letters only.
    pub(crate) fn anchor(&self, text: &[u8]) -> Anchor {
        match text.last_chunk::<LONG>() {
            Some(last) if last.is_ascii() => {
                let last = lower8(u64::from_le_bytes(*last)).to_le_bytes();
                self.anchor_of_long(last.map(u64::from))
            }
            _ => self.anchor_of_wide(text),
        }
    }

    #[inline]
    fn anchor_of_long(&self, last: [u64; LONG]) -> Anchor {
        let (start, end) = last.split_at(LONG - SHORT);
        let end = self.window(end.iter().copied());
        let all = self.window(start.iter().copied()).wrapping_mul(self.powers[SHORT]);
        Anchor::Long(self.long(all.wrapping_add(end)), self.short(end))
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
            LONG => self.anchor_of_long(last),
            SHORT.. => Anchor::Short(self.short(self.window(last[LONG - SHORT..].iter().copied()))),
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
        let push = |hash: u64, chunk: u64| mix((hash ^ lower8(chunk)).wrapping_mul(self.whole));
        let start = self.whole ^ text.len() as u64;
        let hash = chunks.iter().fold(start, |hash, chunk| push(hash, u64::from_le_bytes(*chunk)));
        // The last eight bytes, of which the chunks may have some; of a shorter text all.
        let last = text.last_chunk().map(|last| u64::from_le_bytes(*last));
        push(hash, last.unwrap_or_else(|| few(rest)))
    }
}

/// Fewer than eight bytes as a number. There are others with the same number, but not as long.
fn few(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
        }
        _ => bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

fn mix(window: u64) -> u64 {
    let mixed = (window ^ (window >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

/// The hashes of the windows that end at one character.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) short: u64,
    pub(crate) medium: Option<u64>,
    pub(crate) long: Option<u64>,
}

/// A text as the sums of its characters up to each place, from which the hash of any window comes
/// with one multiplication.
#[derive(Debug)]
pub(crate) struct Sums {
    /// One more than there are characters; the first is 0.
    sums: Vec<u64>,
    /// Where each character ends.
    ends: Vec<u32>,
    /// How many characters there are; behind them are those of longer texts before.
    count: usize,
}

impl Default for Sums {
    fn default() -> Self {
        Self { sums: vec![0], ends: Vec::new(), count: 0 }
    }
}

impl Sums {
    /// Reads a text in place of the one before. Broken UTF-8 gives some characters or other.
    pub(crate) fn read(&mut self, hasher: &Hasher, text: &[u8]) {
        self.count = 0;
        if self.ends.len() < text.len() {
            self.ends.resize(text.len(), 0);
            self.sums.resize(text.len() + 1, 0);
        }
        let (mut sum, mut at) = (0, 0);
        for (place, end) in self.sums[1..].iter_mut().zip(&mut self.ends) {
            if at == text.len() {
                break;
            }
            let (character, length) = decode(&text[at..]);
            at += length;
            sum = hasher.push(sum, u64::from(character));
            (*place, *end) = (sum, at as u32);
            self.count += 1;
        }
    }

    pub(crate) fn characters(&self) -> u64 {
        self.count as u64
    }

    /// The anchors that short secrets have which end at each character, with the ends.
    #[inline]
    pub(crate) fn short(&self, hasher: &Hasher) -> impl Iterator<Item = (u64, u32)> {
        self.windows::<SHORT>(hasher).map(|(window, end)| (hasher.short(window), end))
    }

    /// The same for long secrets.
    #[inline]
    pub(crate) fn long(&self, hasher: &Hasher) -> impl Iterator<Item = (u64, u32)> {
        self.windows::<LONG>(hasher).map(|(window, end)| (hasher.long(window), end))
    }

    /// The windows of four characters, each with those of six and of eight that end there too.
    #[inline]
    pub(crate) fn places(&self, hasher: &Hasher) -> impl Iterator<Item = Place> {
        let sums = &self.sums[..=self.count];
        (SHORT..sums.len()).map(move |end| {
            let window = |size: usize| {
                let start = end.checked_sub(size)?;
                Some(sums[end].wrapping_sub(sums[start].wrapping_mul(hasher.powers[size])))
            };
            let short =
                sums[end].wrapping_sub(sums[end - SHORT].wrapping_mul(hasher.powers[SHORT]));
            Place {
                short: hasher.short(short),
                medium: window(MEDIUM).map(|window| mix(window ^ hasher.tags[2])),
                long: window(LONG).map(|window| hasher.long(window)),
            }
        })
    }

    #[inline]
    fn windows<const N: usize>(&self, hasher: &Hasher) -> impl Iterator<Item = (u64, u32)> {
        let power = hasher.powers[N];
        let (sums, ends) = (&self.sums[..=self.count], &self.ends[..self.count]);
        let pairs = sums.iter().zip(sums.iter().skip(N)).zip(ends.iter().skip(N - 1));
        pairs.map(move |((first, last), end)| (last.wrapping_sub(first.wrapping_mul(power)), *end))
    }
}

/// The first character, with ASCII letters in lower case, and its length in bytes. Broken UTF-8
/// gives some character or other, but never hides where the next one starts.
#[inline]
fn decode(text: &[u8]) -> (u32, usize) {
    let low = |byte: u8| u32::from(byte & 0x3f);
    let goes_on = |bytes: &[u8]| bytes.iter().all(|byte| byte & 0xc0 == 0x80);
    match *text {
        [first @ ..0x80, ..] => (u32::from(first.to_ascii_lowercase()), 1),
        [first @ 0xe0..=0xef, second, third, ..] if goes_on(&[second, third]) => {
            (u32::from(first & 0x0f) << 12 | low(second) << 6 | low(third), 3)
        }
        [first @ 0xc0..=0xdf, second, ..] if goes_on(&[second]) => {
            (u32::from(first & 0x1f) << 6 | low(second), 2)
        }
        [first @ 0xf0..=0xff, second, third, fourth, ..] if goes_on(&[second, third, fourth]) => {
            let code = u32::from(first & 0x07) << 18 | low(second) << 12;
            (code | low(third) << 6 | low(fourth), 4)
        }
        _ => (0xfffd, 1),
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
        assert!(matches!(hasher().anchor("\u{1f600}".repeat(9).as_bytes()), Anchor::Long(..)));
    }

    proptest! {
        #[test]
        fn the_anchor_of_a_secret_is_found_where_it_ends(
            before in "\\PC{0,12}",
            secret in "[a-zA-Z猫咪é\u{1f600}]{4,20}",
            after in "\\PC{0,12}",
        ) {
            let hasher = hasher();
            let text = format!("{before}{secret}{after}");
            let end = (before.len() + secret.len()) as u32;
            let mut sums = Sums::default();
            sums.read(&hasher, text.as_bytes());
            prop_assert_eq!(sums.characters(), text.chars().count() as u64);
            let anchor = hasher.anchor(secret.as_bytes());
            let is_it = |found: (u64, u32)| found.1 == end && Some(found.0) == anchor.hash();
            let found = if secret.chars().count() < LONG {
                sums.short(&hasher).any(is_it)
            } else {
                sums.long(&hasher).any(is_it)
            };
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
