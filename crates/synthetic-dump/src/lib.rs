//! A seeded generator of synthetic private dumps: they look like a real export of the works
//! database, and hold nothing real.
//!
//! A privacy tool can only be tested on a dump whose every secret is known. [`Spec`] says how large
//! the dump is, [`Spec::write`] streams it in bounded memory, and [`Spec::secrets`] tells a test
//! every identifier, session id, text and canary string that was planted, so that it can search for
//! them where they must not be. The same spec always gives the same bytes, on every platform.
//!
//! # Example
//!
//! ```
//! use synthetic_dump::Spec;
//!
//! let spec = Spec::fixture().rows("puzzle_work_profile", 5);
//! let mut dump = Vec::new();
//! spec.write(&mut dump)?;
//! let dump = String::from_utf8(dump).expect("a dump is UTF-8");
//! assert!(spec.secrets().canaries.iter().all(|canary| dump.contains(canary)));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What it doesn't do
//!
//! It does not try to match the statistics of any real data set.

mod denied;
mod dump;
mod fields;
mod shape;
mod source;
mod words;
mod works;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

pub use shape::Shape;

/// The tables that hold works, in the order in which a dump lists them.
pub const WORK_TABLES: [&str; 6] = [
    "puzzle_work_profile",
    "custom_world_profile",
    "match3d_work_profile",
    "square_hole_work_profile",
    "big_fish_work_profile",
    "visual_novel_work_profile",
];

/// The private tables, none of which may ever leave the machine.
pub const DENIED_TABLES: [&str; 19] = denied::TABLES;

/// A table that no list mentions: neither works nor known to be private.
pub const UNKNOWN_TABLE: &str = "creation_entry_config";

/// What is planted in a dump and must not be found in anything made from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Secrets {
    /// Unique marked strings (each contains `CANARY`), in denied tables and unlisted columns.
    pub canaries: BTreeSet<String>,
    /// Original identifiers: users, profiles, works, work codes, assets, levels.
    pub ids: BTreeSet<String>,
    /// Session identifiers.
    pub sessions: BTreeSet<String>,
    /// Titles, summaries and names as their authors wrote them, four characters or more.
    pub texts: BTreeSet<String>,
}

/// How large a dump is and which seed it is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    seed: u64,
    shape: Shape,
    rows: BTreeMap<String, u64>,
    denied_rows: u64,
    target_bytes: Option<u64>,
}

impl Spec {
    /// The committed fixture: seed 7, 80 puzzle works, one custom world, two work tables present
    /// but empty, two absent, and three rows in each denied table.
    pub fn fixture() -> Self {
        let rows = [
            ("puzzle_work_profile", 80),
            ("custom_world_profile", 1),
            ("match3d_work_profile", 0),
            ("square_hole_work_profile", 0),
        ];
        let rows = rows.map(|(name, count)| (name.to_owned(), count)).into();
        Self { seed: 7, shape: Shape::Tables, rows, denied_rows: 3, target_bytes: None }
    }

    /// Sets the seed. Another seed gives other values of the same shape.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how the dump is laid out; the rows stay the same.
    #[must_use]
    pub fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Makes one of [`WORK_TABLES`] present, with this many rows. Another name is ignored.
    #[must_use]
    pub fn rows(mut self, table: &str, count: u64) -> Self {
        self.rows.insert(table.to_owned(), count);
        self
    }

    /// Leaves one of [`WORK_TABLES`] out of the dump.
    #[must_use]
    pub fn without(mut self, table: &str) -> Self {
        self.rows.remove(table);
        self
    }

    /// Sets the number of rows in each of [`DENIED_TABLES`].
    #[must_use]
    pub fn denied_rows(mut self, count: u64) -> Self {
        self.denied_rows = count;
        self
    }

    /// Asks for a dump of about this many bytes instead: a fifth of it puzzle works, the rest
    /// denied tables. The dump ends within one row a table above it, and is never smaller than
    /// its other work tables.
    #[must_use]
    pub fn target_bytes(mut self, bytes: u64) -> Self {
        self.target_bytes = Some(bytes);
        self
    }

    /// Writes the dump row by row, in memory that does not grow with its size (but for
    /// [`Shape::MixedPieces`]), and returns the number of bytes written. Give it a buffered writer.
    ///
    /// # Errors
    ///
    /// The writer's own.
    pub fn write(&self, out: impl Write) -> io::Result<u64> {
        dump::write(self, out, None)
    }

    /// Everything that a dump of this spec has planted. The work and memory grow with the dump, so
    /// this is for small ones.
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        dump::write(self, io::sink(), Some(&mut secrets)).expect("a sink never fails");
        secrets
    }
}
