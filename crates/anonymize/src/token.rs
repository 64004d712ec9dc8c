//! Pseudonyms that were made just now, so that a repeated id is not hashed again.

use std::hash::{BuildHasherDefault, Hasher};

use crate::Pseudonymizer;

/// How many pseudonyms are remembered; a power of two.
const PLACES: usize = 1024;

/// The longest value and its pseudonym together.
const MAX_BYTES: usize = 92;

/// Remembers one pseudonym a place. The values are compared in full, so nothing depends on it.
pub(crate) struct TokenCache {
    /// A part of each place's hash, so that few places are looked at in vain: all of them together
    /// are too large for the fastest memory.
    tags: Vec<u16>,
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    domain: u16,
    value: u8,
    token: u8,
    bytes: [u8; MAX_BYTES],
}

impl TokenCache {
    pub(crate) fn new() -> Self {
        Self {
            tags: vec![0; PLACES],
            places: vec![Place { domain: 0, value: 0, token: 0, bytes: [0; MAX_BYTES] }; PLACES],
        }
    }

    /// Appends the pseudonym of a value in one of the domains.
    pub(crate) fn append(
        &mut self,
        domains: &[Pseudonymizer],
        domain: usize,
        value: &str,
        out: &mut Vec<u8>,
    ) {
        let hash = fold(value.as_bytes(), domain as u64);
        let (index, tag) = (hash as usize % PLACES, (hash >> 48) as u16);
        let place = &mut self.places[index];
        let seen = std::mem::replace(&mut self.tags[index], tag) == tag;
        if seen && let Some(token) = place.find(domain, value.as_bytes()) {
            return out.extend_from_slice(token);
        }
        let start = out.len();
        domains[domain].append(value, out);
        place.keep(domain, value.as_bytes(), &out[start..]);
    }
}

impl Place {
    fn find(&self, domain: usize, value: &[u8]) -> Option<&[u8]> {
        let (known, rest) = self.bytes.split_at(usize::from(self.value));
        let is_same = usize::from(self.domain) == domain && self.token > 0 && same(known, value);
        is_same.then(|| &rest[..usize::from(self.token)])
    }

    fn keep(&mut self, domain: usize, value: &[u8], token: &[u8]) {
        let end = value.len() + token.len();
        let (Ok(domain), true) = (u16::try_from(domain), end <= MAX_BYTES) else { return };
        (self.domain, self.value, self.token) = (domain, value.len() as u8, token.len() as u8);
        self.bytes[..value.len()].copy_from_slice(value);
        self.bytes[value.len()..end].copy_from_slice(token);
    }
}

/// Whether two short texts are equal; a call to compare them would take longer.
#[inline]
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (words, others) = (one.chunks_exact(8), other.chunks_exact(8));
    let (tail, other_tail) = (words.remainder(), others.remainder());
    words.zip(others).all(|(word, other)| word.first_chunk::<8>() == other.first_chunk::<8>())
        && tail.iter().zip(other_tail).all(|(byte, other)| byte == other)
}

/// A hash that is quick, and good enough where a bad one costs only time.
#[inline]
fn fold(bytes: &[u8], seed: u64) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(FACTOR).rotate_left(29);
    let words = bytes.chunks_exact(8);
    let mut tail = [0; 8];
    tail[..words.remainder().len()].copy_from_slice(words.remainder());
    let word =
        |bytes: &[u8]| u64::from_le_bytes(*bytes.first_chunk().expect("a chunk has 8 bytes"));
    let hash = words.fold(seed ^ bytes.len() as u64, |hash, bytes| step(hash, word(bytes)));
    let hash = step(hash, u64::from_le_bytes(tail));
    hash ^ (hash >> 32)
}

/// The same hash for tables of the policy's own words.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fold(u64);

pub(crate) type BuildFold = BuildHasherDefault<Fold>;

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = fold(bytes, self.0);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 = self.0.rotate_left(8) ^ u64::from(byte);
    }

    fn finish(&self) -> u64 {
        // Tables look at the highest bits too.
        self.0.wrapping_mul(0xd6e8_feb8_6659_fd93)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PseudonymKey;

    #[test]
    fn what_is_remembered_is_what_would_be_made() {
        let key = PseudonymKey::from_bytes(std::array::from_fn(|i| i as u8)).unwrap();
        let domains = ["a", "b"].map(|name| Pseudonymizer::new(&key, name, name));
        let mut cache = TokenCache::new();
        for round in 0..3 {
            for number in 0..20_000 {
                let (domain, value) = (number % 2, format!("{}", number / 7 * (round + 1)));
                let mut out = b"before".to_vec();
                cache.append(&domains, domain, &value, &mut out);
                assert_eq!(out[6..], *domains[domain].token(&value).as_bytes());
            }
        }
        for value in ["", &"x".repeat(73), &"x".repeat(74), &"x".repeat(300)] {
            for _ in 0..2 {
                let mut out = Vec::new();
                cache.append(&domains, 0, value, &mut out);
                assert_eq!(out, domains[0].token(value).as_bytes());
            }
        }
    }

    #[test]
    fn texts_are_the_same_if_every_byte_is() {
        let text = b"0123456789abcdefghij";
        for length in 0..=text.len() {
            assert!(same(&text[..length], &text.to_vec()[..length]));
            assert!(!same(&text[..length], &[0; 21]));
            for changed in 0..length {
                let mut other = text[..length].to_vec();
                other[changed] ^= 1;
                assert!(!same(&text[..length], &other));
            }
        }
    }

    #[test]
    fn hashes_of_short_words_differ() {
        let hashes: std::collections::HashSet<u64> =
            (0..10_000_u32).map(|number| fold(number.to_string().as_bytes(), 0)).collect();
        assert_eq!(hashes.len(), 10_000);
        assert_ne!(fold(b"a", 0), fold(b"a\0", 0));
    }
}
