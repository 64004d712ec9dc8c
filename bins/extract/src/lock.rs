//! The schema lock: the tables and columns that a dump has, as a file to review in git.
//!
//! It holds names and kinds of values, never a value. Names that may be data are not in it, as the
//! run that gives the names hides them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

const FORMAT: &str = "genarrative-schema-lock";
const FORMAT_VERSION: u32 = 1;

/// The kinds of JSON values, by the words of the file.
const KINDS: [&str; 7] = ["array", "bool", "integer", "null", "number", "object", "text"];

/// A dump's schema as far as it was seen.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Lock {
    format: String,
    format_version: u32,
    tables: BTreeMap<String, Columns>,
    denied_tables: BTreeSet<String>,
    unknown_tables: BTreeSet<String>,
}

/// The columns of an allowed table, each with its kinds: one line a column.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    listed: BTreeMap<String, Kinds>,
    unlisted: BTreeMap<String, Kinds>,
}

/// Some of [`KINDS`], written with spaces between them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Kinds(BTreeSet<&'static str>);

impl From<Kinds> for String {
    fn from(kinds: Kinds) -> Self {
        kinds.0.into_iter().collect::<Vec<_>>().join(" ")
    }
}

impl TryFrom<String> for Kinds {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let known = |word| KINDS.into_iter().find(|kind| *kind == word).ok_or("an unknown kind");
        text.split_ascii_whitespace().map(known).collect::<Result<_, _>>().map(Self)
    }
}

/// A column as a run saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeenColumn<'a> {
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    pub(crate) is_listed: bool,
    /// Any of "array", "bool", "integer", "null", "number", "object" and "text".
    pub(crate) kinds: &'a [&'static str],
}

/// What one run saw of a dump.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen<'a> {
    /// The allowed tables that the dump has, also those without rows.
    pub(crate) tables: Vec<&'a str>,
    pub(crate) columns: Vec<SeenColumn<'a>>,
    pub(crate) denied_tables: Vec<&'a str>,
    pub(crate) unknown_tables: Vec<&'a str>,
}

impl Lock {
    pub(crate) fn from_seen(seen: &Seen<'_>) -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let table = |&name: &&str| (name.to_owned(), Columns::default());
        let mut tables: BTreeMap<_, Columns> = seen.tables.iter().map(table).collect();
        for seen in &seen.columns {
            let columns = tables.entry(seen.table.to_owned()).or_default();
            let columns = if seen.is_listed { &mut columns.listed } else { &mut columns.unlisted };
            columns.entry(seen.column.to_owned()).or_default().0.extend(seen.kinds);
        }
        Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            tables,
            denied_tables: names(&seen.denied_tables),
            unknown_tables: names(&seen.unknown_tables),
        }
    }

    /// Reads a lock file.
    pub(crate) fn from_text(text: &[u8]) -> Result<Self, &'static str> {
        // serde's own error text quotes what it read.
        let lock: Self =
            serde_json::from_slice(text).map_err(|_| "it is not a schema lock of this version")?;
        if lock.format != FORMAT || lock.format_version != FORMAT_VERSION {
            return Err("it is not a schema lock of this version");
        }
        Ok(lock)
    }

    /// The file's text: a line for each column.
    pub(crate) fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("names and words can be written as JSON") + "\n"
    }

    /// The lock to write when the drift is accepted. A dump in which a column happens to have no
    /// null, or a table no row, does not make the lock forget that they may.
    pub(crate) fn accepting(&self, mut new: Self) -> Self {
        for (name, table) in &mut new.tables {
            let Some(old) = self.tables.get(name) else { continue };
            if table.is_empty() {
                table.clone_from(old);
            }
            for (column, kinds) in table.listed.iter_mut().chain(&mut table.unlisted) {
                kinds.0.extend(old.kinds(column).into_iter().flat_map(|kinds| &kinds.0));
            }
        }
        new
    }
}

impl Columns {
    fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.unlisted.is_empty()
    }

    fn kinds(&self, column: &str) -> Option<&Kinds> {
        self.listed.get(column).or_else(|| self.unlisted.get(column))
    }

    /// Every column with its kinds and whether it is listed.
    fn all(&self) -> impl Iterator<Item = (&String, &Kinds, bool)> {
        let listed = self.listed.iter().map(|(name, kinds)| (name, kinds, true));
        listed.chain(self.unlisted.iter().map(|(name, kinds)| (name, kinds, false)))
    }
}

/// One difference between a lock and a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    NewTable { table: String, status: &'static str },
    GoneTable { table: String },
    NewColumn { table: String, column: String, is_listed: bool, kinds: String },
    GoneColumn { table: String, column: String },
    NewKinds { table: String, column: String, kinds: String },
    Listing { table: String, column: String, is_listed: bool },
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |is_listed: &bool| if *is_listed { "listed" } else { "not listed" };
        let line = match self {
            Self::NewTable { table, status } => format!("new {status} table: {table}"),
            Self::GoneTable { table } => format!("table is gone: {table}"),
            Self::NewColumn { table, column, is_listed, kinds } => {
                format!("new column: {table}.{column}: {kinds}, {}", listed(is_listed))
            }
            Self::GoneColumn { table, column } => format!("column is gone: {table}.{column}"),
            Self::NewKinds { table, column, kinds } => {
                format!("new kinds of values: {table}.{column}: {kinds}")
            }
            Self::Listing { table, column, is_listed } => {
                format!("the policy changed: {table}.{column} is now {}", listed(is_listed))
            }
        };
        // A lock is a file that anybody may have edited.
        write!(f, "{}", line.escape_debug())
    }
}

/// What a dump has that the lock does not have, and the other way round, in the order of names.
pub(crate) fn compare(old: &Lock, new: &Lock) -> Vec<Drift> {
    let mut drift = Vec::new();
    let (before, after) = (old.names(), new.names());
    for (&name, &status) in &after {
        if before.get(name) != Some(&status) {
            drift.push(Drift::NewTable { table: name.to_owned(), status });
        }
    }
    for &name in before.keys().filter(|name| !after.contains_key(*name)) {
        drift.push(Drift::GoneTable { table: name.to_owned() });
    }
    for (name, table) in &new.tables {
        if let Some(old) = old.tables.get(name) {
            compare_columns(name, old, table, &mut drift);
        }
    }
    drift
}

impl Lock {
    /// Every table, with what the policy says of it.
    fn names(&self) -> BTreeMap<&str, &'static str> {
        let denied = self.denied_tables.iter().map(|name| (name.as_str(), "denied"));
        let unknown = self.unknown_tables.iter().map(|name| (name.as_str(), "unknown"));
        let allowed = self.tables.keys().map(|name| (name.as_str(), "allowed"));
        denied.chain(unknown).chain(allowed).collect()
    }
}

fn compare_columns(table: &str, old: &Columns, new: &Columns, drift: &mut Vec<Drift>) {
    let named = |column: &String| (table.to_owned(), column.clone());
    for (name, kinds, is_listed) in new.all() {
        let (table, column) = named(name);
        let Some(before) = old.kinds(name) else {
            let kinds = kinds.clone().into();
            drift.push(Drift::NewColumn { table, column, is_listed, kinds });
            continue;
        };
        if old.listed.contains_key(name) != is_listed {
            let (table, column) = named(name);
            drift.push(Drift::Listing { table, column, is_listed });
        }
        let more = Kinds(kinds.0.difference(&before.0).copied().collect());
        if !more.0.is_empty() {
            drift.push(Drift::NewKinds { table, column, kinds: more.into() });
        }
    }
    // Without rows, nothing is known of the columns.
    let gone = old.all().filter(|(name, ..)| !new.is_empty() && new.kinds(name).is_none());
    drift.extend(gone.map(|(name, ..)| {
        let (table, column) = named(name);
        Drift::GoneColumn { table, column }
    }));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

    use super::*;

    type Column = (&'static str, bool, &'static [&'static str]);

    const COLUMNS: [Column; 3] = [
        ("id", true, &["text"]),
        ("plays", true, &["null", "integer"]),
        ("prompt", false, &["text"]),
    ];

    fn lock(columns: &[Column], denied: &[&str], unknown: &[&str]) -> Lock {
        let column = |&(column, is_listed, kinds): &Column| SeenColumn {
            table: "works",
            column,
            is_listed,
            kinds,
        };
        Lock::from_seen(&Seen {
            tables: vec!["empty", "works"],
            columns: columns.iter().map(column).collect(),
            denied_tables: denied.to_vec(),
            unknown_tables: unknown.to_vec(),
        })
    }

    fn lines(old: &Lock, new: &Lock) -> Vec<String> {
        compare(old, new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_file_has_one_line_a_column_and_is_read_back() {
        let lock = lock(&COLUMNS, &["user_account"], &["other"]);
        let text = lock.to_text();
        assert!(text.contains("\n        \"plays\": \"integer null\"\n"), "{text}");
        assert!(text.contains("\"unlisted\": {\n        \"prompt\": \"text\"\n"), "{text}");
        assert_eq!(Lock::from_text(text.as_bytes()).unwrap(), lock);
        assert_eq!(lines(&lock, &lock), [""; 0]);
        for (from, to) in
            [("-lock", "-x"), ("\"text\"", "\"CANARY\""), ("Version\": 1", "Version\": 2")]
        {
            assert!(text.contains(from));
            assert!(Lock::from_text(text.replace(from, to).as_bytes()).is_err(), "{to}");
        }
    }

    #[test]
    fn every_difference_is_one_line() {
        let old = lock(&COLUMNS, &["user_account"], &["other", "left"]);
        let columns: [Column; 3] = [
            ("id", false, &["text"]),
            ("plays", true, &["integer", "text", "array"]),
            ("session", false, &["object", "null"]),
        ];
        let new = lock(&columns, &["user_account", "other"], &["more"]);
        let expected = [
            "new unknown table: more",
            "new denied table: other",
            "table is gone: left",
            "new kinds of values: works.plays: array text",
            "the policy changed: works.id is now not listed",
            "new column: works.session: null object, not listed",
            "column is gone: works.prompt",
        ];
        assert_eq!(lines(&old, &new), expected);
    }

    #[test]
    fn a_table_without_rows_has_lost_no_column() {
        let (old, new) = (lock(&COLUMNS, &[], &[]), lock(&[], &[], &[]));
        assert_eq!(lines(&old, &new), [""; 0]);
        assert_eq!(old.accepting(new), old);
    }

    #[test]
    fn what_is_accepted_is_no_drift_any_more() {
        let old = lock(&COLUMNS, &["user_account"], &[]);
        let new = lock(&[("plays", true, &["text"]), ("x", false, &["bool"])], &[], &["u"]);
        let accepted = old.accepting(new.clone());
        assert_eq!(lines(&accepted, &new), [""; 0]);
        assert!(accepted.to_text().contains("\"plays\": \"integer null text\""));
        assert!(!accepted.to_text().contains("prompt"));
    }

    #[test]
    fn a_line_is_one_line_whatever_the_name() {
        let drift = Drift::GoneTable { table: "a\nb".to_owned() };
        assert_eq!(drift.to_string(), "table is gone: a\\nb");
    }
}
