//! What a run did, in numbers and names that reveal nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::policy::{MAX_NAME_BYTES, Policy, Rule, Table};
use crate::read::Raw;
use crate::value::{Plain, is_integer};

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
    /// Whether the ids of routes stayed as they are, so that what was written is private.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub real_ids: bool,
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
    /// How many cells each rule was applied to, by the rule's name in the policy; `real id` where
    /// an id of a route stayed as it is.
    pub actions: BTreeMap<&'static str, u64>,
    /// Cells that the policy lists in order to drop them, by column or by key inside one.
    pub dropped_columns: BTreeMap<String, u64>,
    /// Cells of unlisted columns, which are dropped too, by column. Names that look like data are
    /// not shown.
    pub unknown_columns: BTreeMap<String, u64>,
    /// Unlisted keys and unfitting values inside JSON columns, by column.
    pub dropped_nested: BTreeMap<String, u64>,
    /// Texts that became null because their `keep` rule does not list them, by column.
    pub unlisted_values: BTreeMap<String, u64>,
    /// The kinds of JSON values seen in each column, unlisted ones included: `null`, `bool`,
    /// `integer`, `number`, `text`, `array`, `object`. Those of listed columns are without what
    /// only encodes them.
    pub column_kinds: BTreeMap<String, Vec<&'static str>>,
}

/// Kinds of JSON values, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    const NAMES: [&'static str; 7] =
        ["null", "bool", "integer", "number", "text", "array", "object"];

    pub(crate) fn of_raw(raw: Raw<'_>) -> Self {
        Self::bit(match raw {
            Raw::Null => 0,
            Raw::Bool(_) => 1,
            Raw::Number(digits) => 3 - usize::from(is_integer(digits)),
            Raw::Text(_) => 4,
            Raw::Array(_) => 5,
            Raw::Object(_) => 6,
        })
    }

    pub(crate) fn of_plain(plain: Plain<'_>) -> Self {
        Self::bit(match plain {
            Plain::Null => 0,
            Plain::Bool(_) => 1,
            Plain::Number(digits) => 3 - usize::from(is_integer(digits)),
            Plain::Text(_) | Plain::Choice(_) => 4,
            Plain::Array(_) | Plain::Unnamed => 5,
            Plain::Object(_) => 6,
        })
    }

    fn bit(bit: usize) -> Self {
        Self(1 << bit)
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    fn names(self) -> Vec<&'static str> {
        let is_seen = |(bit, name): (usize, &'static str)| (self.0 >> bit & 1 == 1).then_some(name);
        Self::NAMES.into_iter().enumerate().filter_map(is_seen).collect()
    }
}

/// Counts by name, for names that come from a dump.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<String, (u64, Kinds)>);

impl Names {
    pub(crate) fn add(&mut self, name: &str, count: u64, kinds: Kinds) {
        if let Some(total) = self.0.get_mut(name) {
            total.0 += count;
            total.1.add(kinds);
        } else if count > 0 {
            self.insert(name, count, kinds);
        }
    }

    /// Makes the name appear even without a count.
    pub(crate) fn insert(&mut self, name: &str, count: u64, kinds: Kinds) {
        let is_shown = self.0.len() < MAX_NAMES && looks_like_schema(name);
        let name = if is_shown || name == HIDDEN_NAME { name } else { HIDDEN_NAME };
        let total = self.0.entry(name.to_owned()).or_default();
        total.0 += count;
        total.1.add(kinds);
    }

    fn merge(&mut self, other: Self) {
        for (name, (count, kinds)) in other.0 {
            self.add(&name, count, kinds);
        }
    }

    fn counts(&self) -> BTreeMap<String, u64> {
        self.0.iter().map(|(name, (count, _))| (name.clone(), *count)).collect()
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

/// The name of the rule, as the policy writes it.
fn action(rule: &Rule) -> &'static str {
    match rule {
        Rule::Drop | Rule::Read => "drop",
        Rule::Keep(_) => "keep",
        Rule::Count(_) => "count",
        Rule::Time(_) => "time",
        Rule::Text | Rule::KeptText => "text",
        Rule::Pseudonym(_) => "pseudonym",
        Rule::Path(_) => "path",
        Rule::Json(_) => "json",
    }
}

/// Counts while a table is read. Those of several threads are added up.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) present: bool,
    pub(crate) rows_in: u64,
    pub(crate) rows_out: u64,
    /// By the column's index in the policy, as far as columns were seen.
    columns: Vec<ColumnTally>,
    /// Cells of columns that the policy does not list.
    pub(crate) unknown: Names,
    /// Keys inside JSON that the policy lists in order to drop them.
    dropped_keys: BTreeMap<String, u64>,
}

/// Counts of one listed column.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnTally {
    cells: u64,
    kinds: Kinds,
    pub(crate) dropped_nested: u64,
    pub(crate) unlisted_values: u64,
}

impl Tally {
    pub(crate) fn column(&mut self, column: usize) -> &mut ColumnTally {
        if self.columns.len() <= column {
            self.columns.resize_with(column + 1, ColumnTally::default);
        }
        &mut self.columns[column]
    }

    pub(crate) fn saw(&mut self, column: usize, kinds: Kinds) {
        let tally = self.column(column);
        tally.cells += 1;
        tally.kinds.add(kinds);
    }

    pub(crate) fn drop_key(&mut self, place: &str) {
        match self.dropped_keys.get_mut(place) {
            Some(count) => *count += 1,
            None => drop(self.dropped_keys.insert(place.to_owned(), 1)),
        }
    }

    /// Adds what another thread counted of the same table.
    pub(crate) fn add(&mut self, other: Self) {
        self.present |= other.present;
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        for (index, column) in other.columns.into_iter().enumerate() {
            let total = self.column(index);
            total.cells += column.cells;
            total.kinds.add(column.kinds);
            total.dropped_nested += column.dropped_nested;
            total.unlisted_values += column.unlisted_values;
        }
        self.unknown.merge(other.unknown);
        for (place, count) in other.dropped_keys {
            *self.dropped_keys.entry(place).or_default() += count;
        }
    }

    pub(crate) fn into_manifest(self, table: &Table, real_ids: bool) -> TableManifest {
        let (mut actions, mut dropped_columns) = (BTreeMap::new(), self.dropped_keys);
        let (mut dropped_nested, mut unlisted_values) = (BTreeMap::new(), BTreeMap::new());
        let mut column_kinds = BTreeMap::new();
        let note = |counts: &mut BTreeMap<String, u64>, name: &str, count: u64| {
            if count > 0 {
                counts.insert(name.to_owned(), count);
            }
        };
        for (index, (tally, column)) in self.columns.iter().zip(&table.columns).enumerate() {
            if tally.cells == 0 {
                continue;
            }
            let is_real = real_ids && table.is_route(index);
            let action = if is_real { "real id" } else { action(&column.rule) };
            *actions.entry(action).or_default() += tally.cells;
            let dropped = if column.rule.is_written() { 0 } else { tally.cells };
            note(&mut dropped_columns, &column.name, dropped);
            note(&mut dropped_nested, &column.name, tally.dropped_nested);
            note(&mut unlisted_values, &column.name, tally.unlisted_values);
            column_kinds.insert(column.name.clone(), tally.kinds.names());
        }
        for (name, (_, kinds)) in &self.unknown.0 {
            column_kinds.insert(name.clone(), kinds.names());
        }
        TableManifest {
            name: table.name.clone(),
            present: self.present,
            rows_in: self.rows_in,
            rows_out: self.rows_out,
            actions,
            dropped_columns,
            unknown_columns: self.unknown.counts(),
            dropped_nested,
            unlisted_values,
            column_kinds,
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

    pub(crate) fn into_manifest(
        self,
        policy: &Policy,
        key: &crate::PseudonymKey,
        real_ids: bool,
    ) -> Manifest {
        let tables = self.tables.into_iter().zip(&policy.tables);
        Manifest {
            key_id: key.key_id(),
            public_key: key.is_public(),
            real_ids,
            tables: tables.map(|(tally, table)| tally.into_manifest(table, real_ids)).collect(),
            denied_tables: self.denied.counts(),
            unknown_tables: self.unknown.counts(),
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
            names.add(name, 2, Kinds::default());
        }
        names.add("never", 0, Kinds::default());
        let shown: Vec<_> = names.counts().into_iter().collect();
        let expected = [(HIDDEN_NAME, 10), ("moderation_note", 2), ("noteV2", 2)];
        assert_eq!(shown, expected.map(|(name, count)| (name.to_owned(), count)));
    }

    #[test]
    fn the_list_of_names_is_bounded() {
        let mut names = Names::default();
        let letter = |i: usize| char::from(b'a' + (i % 26) as u8);
        for i in 0..26 * 26 * 26 {
            names.add(
                &format!("{}{}{}", letter(i / 676), letter(i / 26), letter(i)),
                1,
                Kinds::default(),
            );
        }
        assert_eq!(names.0.len(), MAX_NAMES + 1);
        assert_eq!(names.counts().values().sum::<u64>(), 26 * 26 * 26);
    }
}
