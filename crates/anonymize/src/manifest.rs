//! What a run did, in numbers and names that reveal nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::policy::{MAX_NAME_BYTES, Policy, Rule};

/// The names kept a list; a dump with more has names made of data.
const MAX_NAMES: usize = 1_000;

/// Stands for names that are not shown, because they do not look like a schema's or are too many.
const HIDDEN_NAME: &str = "(name not shown)";

/// What a run read, wrote and left out. It holds counts and names of tables and columns, no values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Manifest {
    /// Names the key that made the pseudonyms.
    pub key_id: String,
    /// Whether that key is no secret, so that the pseudonyms protect nothing.
    pub public_key: bool,
    /// The allowed tables, in the order of the policy.
    pub tables: Vec<TableManifest>,
    /// The denied tables of the dump, with their numbers of rows.
    pub denied_tables: BTreeMap<String, u64>,
    /// The tables of the dump that no list mentions, with their numbers of rows.
    pub unknown_tables: BTreeMap<String, u64>,
    /// The number of works listed.
    pub works: u64,
}

/// What became of one allowed table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TableManifest {
    /// The table's name in the policy and in the dataset.
    pub name: String,
    /// Whether the dump has the table.
    pub present: bool,
    /// Rows read.
    pub rows_in: u64,
    /// Rows written.
    pub rows_out: u64,
    /// How many cells each rule was applied to, by the rule's name in the policy.
    pub actions: BTreeMap<&'static str, u64>,
    /// Cells of unlisted columns, by column. Names that look like data are not shown.
    pub dropped_columns: BTreeMap<String, u64>,
    /// Unlisted keys and unfitting values inside JSON columns, by column.
    pub dropped_nested: BTreeMap<String, u64>,
    /// Texts that became null because their `keep` rule does not list them, by column.
    pub unlisted_values: BTreeMap<String, u64>,
}

/// Counts by name, for names that come from a dump.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, u64>);

impl Names {
    pub(crate) fn add(&mut self, name: &str, count: u64) {
        if let Some(total) = self.0.get_mut(name) {
            *total += count;
        } else if count > 0 {
            self.insert(name, count);
        }
    }

    /// Makes the name appear even without a count.
    pub(crate) fn insert(&mut self, name: &str, count: u64) {
        let is_shown = self.0.len() < MAX_NAMES && looks_like_schema(name);
        *self.0.entry(if is_shown { name } else { HIDDEN_NAME }.to_owned()).or_default() += count;
    }
}

/// Whether a name is one that a programmer gave, and not an id, a phone number or a phrase.
fn looks_like_schema(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= MAX_NAME_BYTES / 2
        && bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && bytes.iter().filter(|byte| byte.is_ascii_digit()).count() < 4
}

/// The names of the rules, as the policy writes them.
const ACTIONS: [&str; 7] = ["count", "json", "keep", "path", "pseudonym", "text", "time"];

/// Counts while a table is read.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) present: bool,
    pub(crate) rows_in: u64,
    pub(crate) rows_out: u64,
    actions: [u64; ACTIONS.len()],
    pub(crate) dropped: Names,
    pub(crate) dropped_nested: Names,
    pub(crate) unlisted_values: Names,
}

impl Tally {
    pub(crate) fn did(&mut self, rule: &Rule) {
        let action = match rule {
            Rule::Count => 0,
            Rule::Json(_) => 1,
            Rule::Keep(_) => 2,
            Rule::Path(_) => 3,
            Rule::Pseudonym(_) => 4,
            Rule::Text => 5,
            Rule::Time => 6,
        };
        self.actions[action] += 1;
    }

    pub(crate) fn into_manifest(self, name: &str) -> TableManifest {
        TableManifest {
            name: name.to_owned(),
            present: self.present,
            rows_in: self.rows_in,
            rows_out: self.rows_out,
            actions: ACTIONS
                .into_iter()
                .zip(self.actions)
                .filter(|(_, count)| *count > 0)
                .collect(),
            dropped_columns: self.dropped.0,
            dropped_nested: self.dropped_nested.0,
            unlisted_values: self.unlisted_values.0,
        }
    }
}

/// Counts while a dump is read.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    /// By the table's index in the policy.
    pub(crate) tables: Vec<Tally>,
    pub(crate) denied: Names,
    pub(crate) unknown: Names,
    pub(crate) works: u64,
}

impl Tallies {
    pub(crate) fn new(policy: &Policy) -> Self {
        let tables = policy.tables.iter().map(|_| Tally::default()).collect();
        Self { tables, ..Self::default() }
    }

    pub(crate) fn into_manifest(self, policy: &Policy, key: &crate::PseudonymKey) -> Manifest {
        let tables = self.tables.into_iter().zip(policy.table_names());
        Manifest {
            key_id: key.key_id(),
            public_key: key.is_public(),
            tables: tables.map(|(tally, name)| tally.into_manifest(name)).collect(),
            denied_tables: self.denied.0,
            unknown_tables: self.unknown.0,
            works: self.works,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_may_be_data_are_counted_but_not_shown() {
        let mut names = Names::default();
        for name in
            ["moderation_note", "noteV2", "user_00000012", "u_1a2b3c4d", "王小明", "a b", ""]
        {
            names.add(name, 2);
        }
        names.add("never", 0);
        let shown: Vec<_> = names.0.into_iter().collect();
        let expected = [(HIDDEN_NAME, 10), ("moderation_note", 2), ("noteV2", 2)];
        assert_eq!(shown, expected.map(|(name, count)| (name.to_owned(), count)));
    }

    #[test]
    fn the_list_of_names_is_bounded() {
        let mut names = Names::default();
        let letter = |i: usize| char::from(b'a' + (i % 26) as u8);
        for i in 0..26 * 26 * 26 {
            names.add(&format!("{}{}{}", letter(i / 676), letter(i / 26), letter(i)), 1);
        }
        assert_eq!(names.0.len(), MAX_NAMES + 1);
        assert_eq!(names.0.values().sum::<u64>(), 26 * 26 * 26);
    }
}
