//! What stops an output.

use std::fmt;
use std::io;

use crate::collect::Origin;

/// A place of an output where something is that must not be there. It never holds the value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit {
    /// The output's name.
    pub output: String,
    /// The value as a JSON pointer, which goes on inside strings that hold JSON. Keys that are no
    /// public words are shown as `*`.
    pub place: String,
    /// Where in the output the string starts that holds it, in bytes.
    pub offset: u64,
    /// Where in the dump it comes from; nothing for an object key that is no public word.
    pub origin: Option<Origin>,
    /// Its length in characters; 0 for a key.
    pub characters: u64,
    /// How often it is there.
    pub times: u64,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { output, place, offset, characters, .. } = self;
        match self.origin {
            Some(_) => write!(
                f,
                "{characters} characters of the dump in {output} at {place}, byte {offset}"
            ),
            None => write!(f, "an unknown key in {output} at {place}, byte {offset}"),
        }
    }
}

/// Why an output must not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError<E> {
    /// The dump could not be walked.
    #[error("the dump cannot be read for the audit")]
    Walk(#[source] E),
    /// A walk gave other strings than the one before.
    #[error("the dump changed during the audit")]
    Changed,
    /// An output could not be read.
    #[error("{output} cannot be read for the audit")]
    Read {
        /// The output's name.
        output: String,
        /// Why.
        source: io::Error,
    },
    /// An output is no JSON.
    #[error("{output} is no JSON at byte {offset}: {what}")]
    Output {
        /// The output's name.
        output: String,
        /// Where.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// An output holds what it must not.
    #[error("the output leaks: {total} values or keys, the first: {}", .hits.first().map_or_else(String::new, ToString::to_string))]
    Leak {
        /// The first ones, at most 20.
        hits: Vec<Hit>,
        /// How many different ones there are.
        total: u64,
    },
    /// More short secrets stand in synthetic text or codes than chance explains.
    #[error(
        "{coincidences} short values of the dump are in the output, and chance explains {explained} at most"
    )]
    Unexplained {
        /// The distinct short secrets that were met.
        coincidences: u64,
        /// How many the decoys explain at most.
        explained: u64,
        /// How many decoys were met.
        decoy_hits: u64,
    },
}
