//! The master key, its file, and the sub-keys for each purpose.

use std::fmt;

use data_encoding::{BASE32_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::{Zeroize, Zeroizing};

use crate::AnonymizeError;

/// The first line of a key file whose key protects nothing.
///
/// Such a key is for synthetic data only: it may be committed, and others may read it.
pub const PUBLIC_KEY_MARKER: &str = "# public key, no secret: for synthetic data only";

// Each purpose has its own derivation, so that no two uses can ever share an output. The contexts
// are part of the format: changing one changes every pseudonym.
const PSEUDONYM: &str = "genarrative anonymize 2026-01 v1 pseudonym";
const TEXT: &str = "genarrative anonymize 2026-01 v1 text";
const SAMPLE: &str = "genarrative anonymize 2026-01 v1 sample";
const KEY_ID: &str = "genarrative anonymize 2026-01 v1 key-id";

/// The 32-byte secret from which every pseudonym follows.
///
/// Whoever has it can test a guess of an original value, so it is wiped from memory when dropped,
/// cannot be cloned or displayed, and its `Debug` form shows only the key id.
pub struct PseudonymKey {
    master: Zeroizing<[u8; 32]>,
    public: bool,
}

impl PseudonymKey {
    /// Takes 32 bytes from a random source of the operating system.
    ///
    /// # Errors
    ///
    /// [`AnonymizeError::Key`] where all bytes are equal, which no random source gives.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, AnonymizeError> {
        let master = Zeroizing::new(bytes);
        if master.iter().all(|byte| *byte == master[0]) {
            return Err(AnonymizeError::Key("all its bytes are equal"));
        }
        Ok(Self { master, public: false })
    }

    /// Reads the text of a key file: 64 hexadecimal digits on one line, beside empty lines and
    /// lines that start with `#`. A first line of [`PUBLIC_KEY_MARKER`] makes it a public key.
    ///
    /// # Errors
    ///
    /// [`AnonymizeError::Key`] says what is wrong without showing any of the text.
    pub fn from_file_text(text: &str) -> Result<Self, AnonymizeError> {
        let is_content = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let mut lines = text.lines().map(str::trim).filter(is_content);
        let (Some(digits), None) = (lines.next(), lines.next()) else {
            return Err(AnonymizeError::Key("it must have exactly one line of 64 hex digits"));
        };
        let mut key = Self::from_bytes(*decode(digits)?)?;
        key.public = text.lines().next().map(str::trim) == Some(PUBLIC_KEY_MARKER);
        Ok(key)
    }

    /// The text of a key file that [`from_file_text`](Self::from_file_text) reads back.
    pub fn to_file_text(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(HEXLOWER.encode(self.master.as_ref()));
        let first = if self.public {
            PUBLIC_KEY_MARKER
        } else {
            "# Secret: whoever has this key can link pseudonyms to originals. Never share or commit it."
        };
        Zeroizing::new(format!("{first}\n{}\n", digits.as_str()))
    }

    /// Names the key in 16 hexadecimal digits without telling anything about it.
    pub fn key_id(&self) -> String {
        HEXLOWER.encode(&self.derive(KEY_ID)[..8])
    }

    /// Whether the key's file says that it is no secret.
    pub fn is_public(&self) -> bool {
        self.public
    }

    fn derive(&self, context: &str) -> Zeroizing<[u8; 32]> {
        let mut hasher = blake3::Hasher::new_derive_key(context);
        hasher.update(self.master.as_ref());
        let derived = Zeroizing::new(*hasher.finalize().as_bytes());
        hasher.zeroize();
        derived
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PseudonymKey").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

fn decode(digits: &str) -> Result<Zeroizing<[u8; 32]>, AnonymizeError> {
    let mut bytes = Zeroizing::new([0; 32]);
    if digits.len() != 64 {
        return Err(AnonymizeError::Key("its line must have exactly 64 hex digits"));
    }
    HEXLOWER_PERMISSIVE
        .decode_mut(digits.as_bytes(), bytes.as_mut())
        .map_err(|_| AnonymizeError::Key("its line has something else than hex digits"))?;
    Ok(bytes)
}

/// Maps the identifiers of one identity domain to stable tokens.
///
/// Equal values get equal tokens under the same key and domain, wherever they occur; under another
/// key or domain the tokens have nothing in common. A token is `<prefix>-` and 16 characters of
/// lower-case base32: 80 bits, so that among a hundred million values two collide with a chance of
/// about 4 in a billion.
///
/// ```
/// use anonymize::{PseudonymKey, Pseudonymizer};
///
/// let key = PseudonymKey::from_bytes(std::array::from_fn(|i| i as u8))?;
/// let users = Pseudonymizer::new(&key, "user", "user");
/// assert_eq!(users.token("alice"), users.token("alice"));
/// assert_ne!(users.token("alice"), users.token("bob"));
/// # Ok::<(), anonymize::AnonymizeError>(())
/// ```
pub struct Pseudonymizer {
    key: Zeroizing<[u8; 32]>,
    prefix: String,
}

impl Pseudonymizer {
    /// Makes the tokens of `domain`, each starting with `prefix`.
    pub fn new(key: &PseudonymKey, domain: &str, prefix: &str) -> Self {
        let purpose = key.derive(PSEUDONYM);
        let domain = blake3::keyed_hash(&purpose, domain.as_bytes());
        Self { key: Zeroizing::new(*domain.as_bytes()), prefix: prefix.to_owned() }
    }

    /// The token of a value. Values are compared byte by byte: bring them to one form first.
    pub fn token(&self, value: &str) -> String {
        let hash = blake3::keyed_hash(&self.key, value.as_bytes());
        let mut digits = [0; 16];
        BASE32_NOPAD.encode_mut(&hash.as_bytes()[..10], &mut digits);
        let mut token = String::with_capacity(self.prefix.len() + 17);
        token.push_str(&self.prefix);
        token.push('-');
        token.extend(digits.iter().map(|digit| char::from(digit.to_ascii_lowercase())));
        token
    }
}

impl fmt::Debug for Pseudonymizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonymizer").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Gives seeds for synthetic text, from where the text stands and never from what it says.
pub(crate) struct TextKey(Zeroizing<[u8; 32]>);

impl TextKey {
    pub(crate) fn new(key: &PseudonymKey) -> Self {
        Self(key.derive(TEXT))
    }

    pub(crate) fn seed(&self, table: &str, row: &str, column: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in [table, row, column] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

/// Gives each entity its place in the queue for the sample.
pub(crate) struct SampleKey(Zeroizing<[u8; 32]>);

impl SampleKey {
    pub(crate) fn new(key: &PseudonymKey) -> Self {
        Self(key.derive(SAMPLE))
    }

    pub(crate) fn rank(&self, row: &str) -> u64 {
        let hash = blake3::keyed_hash(&self.0, row.as_bytes());
        u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn key() -> PseudonymKey {
        PseudonymKey::from_file_text(DIGITS).unwrap()
    }

    #[test]
    fn the_derivation_is_part_of_the_format() {
        // A change of any of these breaks the join with every dataset made before.
        let token = Pseudonymizer::new(&key(), "user", "u").token("alice");
        let rank = SampleKey::new(&key()).rank("alice");
        let seed = HEXLOWER.encode(&TextKey::new(&key()).seed("t", "r", "c")[..4]);
        let made = format!("{} {token} {rank} {seed}", key().key_id());
        assert_eq!(made, "764f1f841bed14d5 u-hwzwt22p5lnvp26g 11372385196803423832 cd4d1bf1");
    }

    #[test]
    fn a_key_file_is_read_with_comments_and_either_case() {
        let text = format!("# note\n\n  {}  \r\n# end\n", DIGITS.to_uppercase());
        assert_eq!(PseudonymKey::from_file_text(&text).unwrap().key_id(), key().key_id());
        let written = key().to_file_text();
        assert_eq!(PseudonymKey::from_file_text(&written).unwrap().key_id(), key().key_id());
    }

    #[test]
    fn only_the_exact_first_line_makes_a_key_public() {
        let public = |text: String| PseudonymKey::from_file_text(&text).unwrap().is_public();
        assert!(public(format!("{PUBLIC_KEY_MARKER}\n{DIGITS}\n")));
        assert!(public(format!("{PUBLIC_KEY_MARKER}\r\n{DIGITS}\r\n")));
        assert!(!public(format!("\n{PUBLIC_KEY_MARKER}\n{DIGITS}\n")));
        assert!(!public(format!("{DIGITS}\n{PUBLIC_KEY_MARKER}\n")));
        assert!(!public(format!("{PUBLIC_KEY_MARKER} not\n{DIGITS}\n")));
        assert!(!public(DIGITS.to_owned()));
    }

    #[test]
    fn a_bad_key_file_is_refused_without_showing_it() {
        let twice = format!("{DIGITS}\n{DIGITS}");
        let equal = "ab".repeat(32);
        let foreign = DIGITS.replace("0f", "0g");
        for text in ["", "# only", &DIGITS[1..], &twice, &equal, &foreign, "中文"] {
            let error = PseudonymKey::from_file_text(text).unwrap_err();
            assert!(matches!(error, AnonymizeError::Key(_)));
            assert!(!format!("{error} {error:?}").contains("0102"), "{error}");
        }
    }

    #[test]
    fn nothing_printable_shows_the_key() {
        let users = Pseudonymizer::new(&key(), "user", "user");
        let shown = format!("{:?} {users:?}", key());
        assert!(shown.contains(&key().key_id()));
        assert!(!shown.contains("0001") && !shown.contains("[0, 1"), "{shown}");
    }
}
