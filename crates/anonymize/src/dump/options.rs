//! What is said about a dump beforehand, and what turned out.

use std::fmt;
use std::str::FromStr;

use crate::{AnonymizeError, Policy};

/// How a dump is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Found out from the dump itself, where that leaves no doubt.
    #[default]
    Auto,
    /// An object with `tables`, or an array of tables with their names.
    Tables,
    /// An object with a key a table.
    Map,
    /// The answer to an SQL query. It says its columns, but not its table.
    Sql,
    /// An array of the rows of one table.
    Rows,
    /// One JSON document a line: a row, or a row with its table.
    Ndjson,
}

impl Format {
    /// Every format, in the order in which help lists them.
    pub const ALL: [Self; 6] =
        [Self::Auto, Self::Tables, Self::Map, Self::Sql, Self::Rows, Self::Ndjson];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tables => "tables",
            Self::Map => "map",
            Self::Sql => "sql",
            Self::Rows => "rows",
            Self::Ndjson => "ndjson",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == word);
        found.ok_or_else(|| format!("the formats are {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// What a dump does not say itself. The default is a dump that says everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DumpOptions {
    /// How the dump is laid out.
    pub format: Format,
    /// The table that all rows belong to, where the dump names none.
    pub table: Option<String>,
    /// The columns of rows that are arrays, where the dump lists none. Only with `table`.
    pub columns: Option<Vec<String>>,
}

impl DumpOptions {
    /// Refuses what fits neither together nor to the policy.
    pub(super) fn check(&self, policy: &Policy) -> Result<(), AnonymizeError> {
        let wrong = |what| Err(AnonymizeError::Options(what));
        match (&self.table, self.format) {
            (Some(_), Format::Tables | Format::Map) => {
                wrong("a dump in this format names its tables itself; leave out the table's name")
            }
            (None, Format::Sql | Format::Rows) => {
                wrong("a dump in this format does not name its table; name the table with --table")
            }
            (None, _) if self.columns.is_some() => {
                wrong("columns are those of one table; name the table with --table")
            }
            (Some(name), _) if policy.table(name).is_none() => {
                let denied = policy.is_denied(name);
                Err(AnonymizeError::Table { name: name.clone(), denied })
            }
            _ => Ok(()),
        }
    }
}

/// How a dump turned out to be laid out. Its `Display` says it in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    pub(super) container: Option<Container>,
    pub(super) wrapper: Option<&'static str>,
    pub(super) objects: bool,
    pub(super) arrays: bool,
    pub(super) texts: bool,
    /// How often the input was read.
    pub(super) readings: u32,
}

impl Found {
    /// Adds the kinds of rows that another reading found.
    pub(super) fn add_rows(&mut self, other: &Self) {
        self.objects |= other.objects;
        self.arrays |= other.arrays;
        self.texts |= other.texts;
    }
}

/// What the rows are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    /// `tables` or the top level is an array of tables with names.
    List,
    /// `tables` is an object.
    TablesMap,
    /// The top level is an object with a key a table.
    TopMap,
    /// The top level is one table with its name.
    Lone,
    /// A row, or some, with the table's name beside.
    Pieces,
    Sql,
    Rows,
    /// A row a line.
    Lines,
}

impl Container {
    /// Whether more documents of this kind may follow the first.
    pub(super) fn goes_on(self) -> bool {
        matches!(self, Self::Lone | Self::Pieces | Self::Lines)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::List => "tables as an array",
            Self::TablesMap => "tables as an object",
            Self::TopMap => "a key a table",
            Self::Lone => "one table with its name",
            Self::Pieces => "rows in pieces, each with its table's name",
            Self::Sql => "an SQL answer",
            Self::Rows => "the rows of one table as an array",
            Self::Lines => "the rows of one table, one a line",
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.container.map_or("no table", Container::as_str))?;
        if let Some(wrapper) = self.wrapper {
            write!(f, " in `{wrapper}`")?;
        }
        f.write_str(match (self.objects, self.arrays) {
            (true, true) => ", rows as objects and as arrays",
            (true, false) => ", rows as objects",
            (false, true) => ", rows as arrays",
            (false, false) => ", no rows",
        })?;
        f.write_str(if self.texts { " inside texts" } else { "" })?;
        match self.readings {
            0 | 1 => Ok(()),
            2 => f.write_str(", read twice"),
            times => write!(f, ", read {times} times"),
        }
    }
}
