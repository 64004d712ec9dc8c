//! The master key, its file, and the sub-keys for each purpose.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use zeroize::{Zeroize, Zeroizing};

use crate::AnonymizeError;
use crate::permute::Permutation;

/// The first line of a key file whose key protects nothing.
///
/// Such a key is for synthetic data only: it may be committed, and others may read it.
pub const PUBLIC_KEY_MARKER: &str = "# public key, no secret: for synthetic data only";

// Each purpose has its own derivation, so that no two uses can ever share an output. The contexts
// are part of the format: changing one changes every pseudonym.
const PSEUDONYM: &str = "genarrative anonymize 2026-01 v1 pseudonym";
const PERMUTATION: &str = "genarrative anonymize 2026-01 v1 permutation";
const TIME_SHIFT: &str = "genarrative anonymize 2026-01 v1 time shift";
const TEXT: &str = "genarrative anonymize 2026-01 v1 text";
const SAMPLE: &str = "genarrative anonymize 2026-01 v1 sample";
const KEY_ID: &str = "genarrative anonymize 2026-01 v1 key-id";

/// The 32-byte secret from which every pseudonym follows.
///
/// Whoever has it can test a guess of an original value, so it is wiped from memory when dropped,
/// and it cannot be cloned, displayed or debugged.
#[expect(missing_debug_implementations, reason = "no form of a key is for printing")]
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

/// What the pseudonyms of a domain look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `<prefix>-` and 16 characters of lower-case base32.
    #[default]
    Token,
    /// Another code with the same prefix, up to its last `-` or `_`, and the same length and class
    /// of characters. What is no such code becomes a token.
    Code,
    /// Another whole number with as many digits; one below a million becomes one below a million.
    /// What is no such number becomes a token.
    Number,
}

/// Maps the identifiers of one identity domain to stable pseudonyms.
///
/// Equal values get equal pseudonyms under the same key and domain, wherever they occur; under
/// another key or domain they have nothing in common. A token is `<prefix>-` and 16 characters of
/// lower-case base32: 80 bits, so that among a hundred million values two collide with a chance of
/// about 4 in a billion. Codes and numbers are permuted by the key and cannot collide at all.
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
#[expect(missing_debug_implementations, reason = "no form of a key is for printing")]
pub struct Pseudonymizer {
    key: Zeroizing<[u8; 32]>,
    prefix: String,
    permutation: Option<(Permutation, Form)>,
}

impl Pseudonymizer {
    /// Makes the tokens of `domain`, each starting with `prefix`.
    pub fn new(key: &PseudonymKey, domain: &str, prefix: &str) -> Self {
        Self::with_form(key, domain, prefix, Form::Token)
    }

    /// Makes pseudonyms of another form.
    pub fn with_form(key: &PseudonymKey, domain: &str, prefix: &str, form: Form) -> Self {
        let derive = |context| {
            let purpose = key.derive(context);
            Zeroizing::new(*blake3::keyed_hash(&purpose, domain.as_bytes()).as_bytes())
        };
        let permutation =
            (form != Form::Token).then(|| (Permutation::new(&derive(PERMUTATION)), form));
        Self { key: derive(PSEUDONYM), prefix: prefix.to_owned(), permutation }
    }

    /// The pseudonym of a value. Values are compared byte by byte: bring them to one form first.
    pub fn token(&self, value: &str) -> String {
        let mut token = Vec::with_capacity(self.prefix.len() + 17);
        self.append(value, &mut token);
        String::from_utf8(token).expect("pseudonyms are ASCII")
    }

    /// Appends the pseudonym, which needs no escape in JSON.
    pub(crate) fn append(&self, value: &str, out: &mut Vec<u8>) {
        let is_permuted = match &self.permutation {
            None => false,
            Some((permutation, Form::Number)) => permutation.number(value, out),
            Some((permutation, _)) => permutation.code(value, &self.prefix, out),
        };
        if !is_permuted {
            self.append_token(value, out);
        }
    }

    fn append_token(&self, value: &str, out: &mut Vec<u8>) {
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let hash = blake3::keyed_hash(&self.key, value.as_bytes());
        out.extend_from_slice(self.prefix.as_bytes());
        out.push(b'-');
        for start in [0, 5] {
            // The first five of these bytes are eight digits of five bits.
            let word = hash.as_bytes()[start..].first_chunk().expect("a hash has 32 bytes");
            let bits = u64::from_be_bytes(*word);
            let digits: [u8; 8] =
                std::array::from_fn(|digit| DIGITS[(bits >> (59 - 5 * digit) & 31) as usize]);
            out.extend_from_slice(&digits);
        }
    }
}

/// Gives seeds for the synthetic texts of one table, from where a text stands and never from what
/// it says.
pub(crate) struct TextKey(Zeroizing<[u8; 32]>);

impl TextKey {
    pub(crate) fn new(key: &PseudonymKey, table: &str) -> Self {
        let purpose = key.derive(TEXT);
        Self(Zeroizing::new(*blake3::keyed_hash(&purpose, table.as_bytes()).as_bytes()))
    }

    /// The seed of the row with this pseudonym.
    pub(crate) fn seed(&self, row: &[u8]) -> u64 {
        first_word(&self.0, row)
    }
}

/// Gives the times of one author a shift of their own.
pub(crate) struct ShiftKey(Zeroizing<[u8; 32]>);

impl ShiftKey {
    pub(crate) fn new(key: &PseudonymKey) -> Self {
        Self(key.derive(TIME_SHIFT))
    }

    /// Whole seconds in so many days before or after, from the author's pseudonym.
    pub(crate) fn seconds(&self, author: &[u8], days: u32) -> i64 {
        let most = i64::from(days) * 86_400;
        let steps = u128::from(most.unsigned_abs()) * 2 + 1;
        let step = (u128::from(first_word(&self.0, author)) * steps) >> 64;
        step as i64 - most
    }
}

fn first_word(key: &[u8; 32], value: &[u8]) -> u64 {
    let hash = blake3::keyed_hash(key, value);
    u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
}

/// Gives each entity its place in the queue for the sample.
pub(crate) struct SampleKey(Zeroizing<[u8; 32]>);

impl SampleKey {
    pub(crate) fn new(key: &PseudonymKey) -> Self {
        Self(key.derive(SAMPLE))
    }

    pub(crate) fn rank(&self, row: &str) -> u64 {
        first_word(&self.0, row.as_bytes())
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
        let made = format!("{} {token} {rank}", key().key_id());
        assert_eq!(made, "764f1f841bed14d5 u-hwzwt22p5lnvp26g 11372385196803423832");
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
            let error = PseudonymKey::from_file_text(text).err().unwrap();
            assert!(matches!(error, AnonymizeError::Key(_)));
            assert!(!format!("{error} {error:?}").contains("0102"), "{error}");
        }
    }

    #[test]
    fn a_time_shift_is_even_within_its_days() {
        let shifts = ShiftKey::new(&key());
        let seconds: Vec<i64> =
            (0..1_000_u32).map(|author| shifts.seconds(&author.to_le_bytes(), 30)).collect();
        let most = 30 * 86_400;
        assert!(seconds.iter().all(|shift| (-most..=most).contains(shift)));
        let late = seconds.iter().filter(|shift| **shift > 0).count();
        assert!((400..600).contains(&late), "{late}");
        assert!(seconds.iter().any(|shift| *shift > most / 10 * 9));
        assert_eq!(seconds[7], shifts.seconds(&7_u32.to_le_bytes(), 30));
    }

    #[test]
    fn what_is_no_code_or_number_becomes_a_token() {
        for form in [Form::Code, Form::Number] {
            let codes = Pseudonymizer::with_form(&key(), "d", "p", form);
            assert_eq!(codes.token("雨巷"), Pseudonymizer::new(&key(), "d", "p").token("雨巷"));
            assert_eq!(codes.token("12345678").len(), 8);
        }
    }
}
