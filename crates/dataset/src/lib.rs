//! The file that joins the two halves of the kit: `extract` writes it, `loadtest` and the gallery read it.
//!
//! A dataset holds only pseudonymised data (unless it says `realIds`, see
//! [`Dataset::has_real_ids`]): the sanitized rows of each allowed table, and
//! `normalizedWorks`, one short entry a work with what a load test needs to build every route.
//! [`Dataset::from_json`] is the one way in. It checks the format, the version and the counts, so a
//! [`Dataset`] that exists is whole.
//!
//! # Example
//!
//! ```
//! let file = br#"{
//!   "format": "genarrative-works", "formatVersion": 1, "keyId": "0f1e2d3c4b5a6978",
//!   "tables": {"puzzle_work_profile": [{"profile_id": "profile-a"}]},
//!   "normalizedWorks": [{"kind": "puzzle", "table": "puzzle_work_profile",
//!                        "profileId": "profile-a", "published": true}],
//!   "counts": {"puzzle_work_profile": 1, "normalizedWorks": 1}
//! }"#;
//! let dataset = dataset::Dataset::from_json(file)?;
//! assert_eq!(dataset.works()[0].field("profileId"), Some("profile-a"));
//! # Ok::<(), dataset::DatasetError>(())
//! ```
//!
//! # What it doesn't do
//!
//! It opens no file and keeps no original value. No error of this crate quotes a value of the file.

mod error;
mod file;

use std::collections::BTreeMap;

pub use error::DatasetError;
use serde::{Deserialize, Serialize};

/// What the `format` field of every dataset says.
pub const FORMAT: &str = "genarrative-works";

/// The one format version that this crate reads and `extract` writes.
///
/// A file with real ids has this version and one field more, `realIds`. A build that does not know
/// the field refuses the file, which is right: it would not know that the file is private.
pub const FORMAT_VERSION: u32 = 1;

/// The name under which the number of works stands among the counts.
pub const NORMALIZED_WORKS: &str = "normalizedWorks";

/// A sanitized row: column name to plain JSON value.
pub type Row = serde_json::Map<String, serde_json::Value>;

/// A dataset that was read and found whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    key_id: String,
    real_ids: bool,
    tables: BTreeMap<String, Vec<Row>>,
    works: Vec<Work>,
}

impl Dataset {
    /// Reads a dataset from the bytes of its file. One leading UTF-8 byte order mark is accepted.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] says what is wrong and where: a syntax error by line and column, another
    /// format or version, a count that does not match the rows, a work without an id.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DatasetError> {
        file::read(bytes)
    }

    /// Names the key that made the pseudonyms, without telling anything about it. Two datasets with
    /// the same key id can be joined.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Whether the ids that make up the routes are the real ones, so that the file is private. It
    /// says `"realIds":true` then; one that does not say it has pseudonyms only.
    pub fn has_real_ids(&self) -> bool {
        self.real_ids
    }

    /// The sanitized rows by table name.
    pub fn tables(&self) -> &BTreeMap<String, Vec<Row>> {
        &self.tables
    }

    /// The rows of one table; none where the dataset has no such table.
    pub fn rows(&self, table: &str) -> &[Row] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    /// The owner of the most works, and among equals the one who comes first in the file: a user for
    /// whom the personal lists have something to show. `None` where no work has an owner.
    pub fn busiest_owner(&self) -> Option<&str> {
        let owners = || self.works.iter().filter_map(|work| work.owner_user_id.as_deref());
        let mut counts = BTreeMap::new();
        owners().for_each(|owner| *counts.entry(owner).or_insert(0_u64) += 1);
        let most = counts.values().max()?;
        owners().find(|owner| counts.get(owner) == Some(most))
    }

    /// One entry a work, in the order of the file.
    pub fn works(&self) -> &[Work] {
        &self.works
    }
}

/// What a load test needs of one work to build every route that leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Work {
    /// The kind of work, such as `puzzle` or `custom-world`.
    pub kind: String,
    /// The table that the work's row stands in.
    pub table: String,
    /// The work's profile id: a pseudonym, unless the dataset has real ids.
    pub profile_id: String,
    /// The owner's user id in the same way, where the row has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_user_id: Option<String>,
    /// The public work code in the same way, where the row has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_code: Option<String>,
    /// Whether the public routes show the work.
    pub published: bool,
}

impl Work {
    /// The value behind a field name as path templates write it: `profileId`, `ownerUserId` or
    /// `workCode`. `None` where the work has no such value, or the name is none of these.
    pub fn field(&self, name: &str) -> Option<&str> {
        match name {
            "profileId" => Some(&self.profile_id),
            "ownerUserId" => self.owner_user_id.as_deref(),
            "workCode" => self.work_code.as_deref(),
            _ => None,
        }
    }
}
