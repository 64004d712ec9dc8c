//! What an output may say.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::BuildHasherDefault;

use crate::exact::Ready;
use crate::hash::Hasher;

/// What the values of a column of the output are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Public words, tokens and paths made of them. Whatever else is there must not hold a secret
    /// of any length.
    #[default]
    Strict,
    /// Codes that were permuted: everything up to the last `-` or `_` is kept, and what follows is
    /// drawn evenly from its own alphabet. Such a code may by chance be another one of the dump.
    Code,
    /// Synthetic text, which may by chance hold a short secret.
    Text,
    /// Values of the dump that were kept because somebody asked for it. What sensitive columns
    /// hold may be here too; what is in dropped places only must not.
    Kept,
}

/// What an output may say: public words, tokens, and what its columns are made of.
///
/// A word is one as a whole and in either case of ASCII letters. Words are needed for all that the
/// output says by itself: its keys (names of tables and columns among them), its constants, the
/// words of its paths, extensions, hosts, and the id of the key. An object key that is no word is a
/// finding.
#[derive(Clone)]
pub struct Grammar {
    words: Vec<String>,
    prefixes: Vec<String>,
    columns: BTreeMap<String, BTreeMap<String, Column>>,
    positions: BTreeMap<String, Vec<String>>,
    chance: fn(char) -> Option<f64>,
}

impl Grammar {
    /// A grammar without words, in which every column is [`Column::Strict`].
    ///
    /// `chance` describes the generator of synthetic text: how many bits it takes to draw this very
    /// character (−log₂ of its chance), 0 for a character that the generator keeps where it finds
    /// it, `None` for one that it never makes. ASCII letters are asked for in lower case, and must
    /// be as likely as in upper case.
    pub fn new(chance: fn(char) -> Option<f64>) -> Self {
        let (words, prefixes) = (Vec::new(), Vec::new());
        Self { words, prefixes, columns: BTreeMap::new(), positions: BTreeMap::new(), chance }
    }

    /// Adds words that are no secrets.
    #[must_use]
    pub fn words<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Adds prefixes of tokens, which are `<prefix>-` and 16 characters of lower-case base32.
    #[must_use]
    pub fn token_prefixes<S: Into<String>>(
        mut self,
        prefixes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.prefixes.extend(prefixes.into_iter().map(Into::into));
        self
    }

    /// Says what a column is made of. `path` is the column's name, or with dots in between the keys
    /// that lead to a value inside of it; what has no rule of its own has that of what holds it.
    ///
    /// A table is known by an object key with its name, or by the value of `name`, `table` or
    /// `table_name` before its rows. Where none is, a rule of any table holds, the laxest first.
    /// The names of tables and columns are made words.
    #[must_use]
    pub fn column(mut self, table: &str, path: &str, column: Column) -> Self {
        self.words.push(table.to_owned());
        self.words.extend(path.split('.').map(str::to_owned));
        self.columns.entry(table.to_owned()).or_default().insert(path.to_owned(), column);
        self
    }

    /// Names the columns of a table whose rows may be arrays. An empty table name stands for rows
    /// whose table nothing names.
    #[must_use]
    pub fn positions<S: Into<String>>(
        mut self,
        table: &str,
        columns: impl IntoIterator<Item = S>,
    ) -> Self {
        let columns: Vec<String> = columns.into_iter().map(Into::into).collect();
        self.words.extend(columns.iter().cloned());
        self.positions.insert(table.to_owned(), columns);
        self
    }
}

impl fmt::Debug for Grammar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grammar").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// A grammar that can be asked quickly.
pub(crate) struct Rules {
    pub(crate) hasher: Hasher,
    words: HashMap<u64, Vec<String>, BuildHasherDefault<Ready>>,
    /// By length the first and the last bytes, five bits of each, so that most texts need no look
    /// at the words.
    ends: [Ends; Self::MAX_WORD + 1],
    prefixes: Vec<String>,
    pub(crate) tables: Vec<String>,
    columns: Vec<HashMap<String, Column>>,
    any: HashMap<String, Column>,
    positions: BTreeMap<String, Vec<String>>,
    chance: fn(char) -> Option<f64>,
    /// What it says of ASCII characters.
    ascii: [Option<f64>; 128],
}

impl Rules {
    /// Longer words are not looked for, so they are no words.
    const MAX_WORD: usize = 255;
    const TOKEN_DIGITS: usize = 16;

    pub(crate) fn new(grammar: Grammar, seed: &[u8; 32]) -> Self {
        let Grammar { words, prefixes, columns, positions, chance } = grammar;
        // The schemes of URLs tell nothing, and a path splits them off as its first part.
        let schemes = ["http:", "https:"].map(str::to_owned);
        let words = words.into_iter().chain(schemes).map(|word| word.to_ascii_lowercase());
        let hasher = Hasher::new(seed);
        let mut by_hash: HashMap<u64, Vec<String>, _> = HashMap::default();
        let mut ends = [Ends::default(); Self::MAX_WORD + 1];
        for word in words.filter(|word| word.len() <= Self::MAX_WORD) {
            ends[word.len()].add(word.as_bytes());
            by_hash.entry(hasher.whole(word.as_bytes())).or_default().push(word);
        }
        let mut any: HashMap<String, Column> = HashMap::new();
        for (path, column) in columns.values().flatten() {
            let laxest = any.entry(path.clone()).or_default();
            *laxest = (*laxest).max(*column);
        }
        let (tables, columns): (_, Vec<_>) = columns.into_iter().unzip();
        let columns = columns.into_iter().map(|columns| columns.into_iter().collect()).collect();
        let words = by_hash;
        let ascii = std::array::from_fn(|byte| chance(char::from(byte as u8)));
        Self { hasher, words, ends, prefixes, tables, columns, any, positions, chance, ascii }
    }

    pub(crate) fn is_word(&self, text: &[u8]) -> bool {
        let is_known = |words: &Vec<String>| {
            words.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(text))
        };
        let is_possible = self.ends.get(text.len()).is_some_and(|ends| ends.have(text));
        is_possible && self.words.get(&self.hasher.whole(text)).is_some_and(is_known)
    }

    /// The last 16 characters of a token, or nothing for what is none.
    pub(crate) fn token_digits<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (prefix, digits) = text.split_last_chunk::<{ Self::TOKEN_DIGITS }>()?;
        let prefix = prefix.strip_suffix(b"-")?;
        let is_digit = |byte: u8| byte.is_ascii_lowercase() | (b'2'..=b'7').contains(&byte);
        // All sixteen at once are quicker than one by one.
        let are_digits = digits.iter().fold(true, |are, byte| are & is_digit(*byte));
        let is_known = || self.prefixes.iter().any(|known| known.as_bytes() == prefix);
        (are_digits && is_known()).then_some(digits)
    }

    /// Whether a secret may be a token or the digits of one, in either case.
    pub(crate) fn may_be_token(&self, text: &[u8]) -> bool {
        let Some((prefix, digits)) = text.split_last_chunk::<{ Self::TOKEN_DIGITS }>() else {
            return false;
        };
        let is_digit = |byte: &u8| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(byte);
        (prefix.is_empty() || prefix.ends_with(b"-")) && digits.iter().all(is_digit)
    }

    /// What a column is made of, from the keys that lead to it. Keys of the container in front of
    /// the column's own are passed over.
    pub(crate) fn column(&self, table: Option<usize>, keys: &[&str]) -> Column {
        let columns = table.map_or(&self.any, |table| &self.columns[table]);
        for start in 0..keys.len() {
            for end in (start + 1..=keys.len()).rev() {
                if let Some(column) = columns.get(&keys[start..end].join(".")) {
                    return *column;
                }
            }
        }
        Column::Strict
    }

    pub(crate) fn table(&self, name: &str) -> Option<usize> {
        self.tables.binary_search_by(|known| known.as_str().cmp(name)).ok()
    }

    pub(crate) fn position(&self, table: Option<usize>, index: usize) -> Option<&str> {
        let table = table.map_or("", |table| &self.tables[table]);
        self.positions.get(table)?.get(index).map(String::as_str)
    }

    /// What chance it takes to draw these characters, in bits; `None` where it cannot happen.
    pub(crate) fn bits(&self, text: &str) -> Option<f64> {
        text.chars().map(|character| self.bits_of(character)).sum()
    }

    pub(crate) fn bits_of(&self, character: char) -> Option<f64> {
        let ascii = self.ascii.get(character as usize).copied();
        ascii.unwrap_or_else(|| (self.chance)(character))
    }
}

/// The first and the last bytes of some words, the same for both cases of a letter.
#[derive(Clone, Copy, Default)]
struct Ends {
    first: u32,
    last: u32,
}

impl Ends {
    fn bits(text: &[u8]) -> Self {
        let bit = |byte: Option<&u8>| 1 << (byte.copied().unwrap_or_default() & 31);
        Self { first: bit(text.first()), last: bit(text.last()) }
    }

    fn add(&mut self, word: &[u8]) {
        let Self { first, last } = Self::bits(word);
        self.first |= first;
        self.last |= last;
    }

    #[inline]
    fn have(self, text: &[u8]) -> bool {
        let Self { first, last } = Self::bits(text);
        self.first & first != 0 && self.last & last != 0
    }
}
