use std::fmt;
use std::io;

use thiserror::Error;

/// Why a dump was not anonymized. No variant carries a value of the dump or of the key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AnonymizeError {
    /// The dump cannot be used.
    #[error("{place}: {defect}")]
    Dump {
        /// Where reading stopped.
        place: Place,
        /// What is wrong there.
        defect: Defect,
    },
    /// The key cannot be used.
    #[error("the key cannot be used: {0}")]
    Key(&'static str),
    /// What is said about the dump beforehand cannot be so.
    #[error("{0}")]
    Options(&'static str),
    /// The table that is named beforehand is not allowed.
    #[error("the policy {} the table {name}", if *.denied { "denies" } else { "does not know" })]
    Table {
        /// The name, as it was given.
        name: String,
        /// Whether it is known to be private.
        denied: bool,
    },
    /// The policy says something that cannot be.
    #[error("the policy cannot be used: {place}: {reason}")]
    Policy {
        /// The part of the policy, such as `table user.columns.name`.
        place: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// The policy is not TOML, or has an unknown or missing entry.
    #[error("the policy cannot be read: {0}")]
    PolicySyntax(String),
    /// The policy allows a table or column that must never be read.
    #[error(
        "the policy allows {name}, which is denied by \"{pattern}\"; private tables and session columns are never extracted"
    )]
    PolicyDenied {
        /// The table or column as the policy names it.
        name: String,
        /// The pattern that denies it.
        pattern: String,
    },
    /// The dump could not be read from its source.
    #[error("reading the dump failed: {0}")]
    Read(#[source] io::Error),
    /// The sink could not write.
    #[error("writing failed: {0}")]
    Write(#[source] io::Error),
}

impl AnonymizeError {
    /// Whether the policy or the key is at fault, and not the dump or a device.
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Key(_) | Self::Policy { .. } | Self::PolicySyntax(_) | Self::PolicyDenied { .. }
        )
    }
}

/// A place in a dump. Names are the policy's own, never the dump's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The allowed table that was being read.
    pub table: Option<String>,
    /// Index of the row in that table, from 0.
    pub row: Option<u64>,
    /// The listed column that was being read.
    pub column: Option<String>,
    /// The number of bytes before it. For a defect inside a row, this is where the row starts.
    pub offset: u64,
    /// Line of that byte, from 1. Lines are counted in the first 16 MiB only.
    pub line: Option<u32>,
    /// Column of that byte in its line, in bytes from 1.
    pub line_column: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(table) = &self.table {
            write!(f, "{table}")?;
            if let Some(row) = self.row {
                write!(f, " row {row} (from 0)")?;
            }
            if let Some(column) = &self.column {
                write!(f, " column {column}")?;
            }
            f.write_str(" at ")?;
        }
        write!(f, "byte {}", self.offset)?;
        match (self.line, self.line_column) {
            (Some(line), Some(column)) => write!(f, " (line {line}, column {column})"),
            _ => Ok(()),
        }
    }
}

/// What is wrong with a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// A word, because a result with an error of one byte is copied in pieces, which costs every value
// that is read more than reading it.
#[repr(usize)]
#[non_exhaustive]
pub enum Defect {
    /// The dump was not the same when it was read again.
    Changed,
    /// A list of columns cannot be read, or two lists differ.
    Columns,
    /// An update deletes rows.
    Deletes,
    /// A table, a key of an object or a column of a row occurs twice.
    Duplicate,
    /// An entry of `tables` does not say the table's name, or says two.
    EntryName,
    /// A text has an escape that stands for no character.
    Encoding,
    /// Rows of several tables are mixed, and the input can be read only once.
    Interleaved,
    /// A text stands where `keep` lists no values.
    KeptText,
    /// The dump names its tables, although one was named beforehand.
    NamesTables,
    /// A value of a `*_json` column is not JSON.
    NestedJson,
    /// No allowed table is in the dump.
    NoAllowedTable,
    /// Rows are arrays, and nothing says what their columns are.
    NoColumns,
    /// The row has no id.
    NoId,
    /// A table has no `rows`.
    NoRows,
    /// Rows stand there without the name of their table.
    NoTableName,
    /// A value cannot be an identifier.
    NotId,
    /// A value is not a whole number, or one too large.
    NotInteger,
    /// A row is not an array, although its columns are listed apart.
    NotArray,
    /// A row is not an object.
    NotObject,
    /// A table's rows are not an array.
    NotRows,
    /// A value is an array or an object where the rule expects a plain one.
    NotScalar,
    /// The dump's top level or its `tables` has an unknown shape.
    NotTables,
    /// A value is not text.
    NotText,
    /// A value is written otherwise than its type says.
    OtherKind,
    /// Some rows of a table are objects and some are arrays.
    RowKind,
    /// A row has more or fewer elements than there are columns.
    RowLength,
    /// Rows stand before the table's name or columns, and the input can be read only once.
    RowsFirst,
    /// The input may be an array of rows or a row itself.
    RowsOrLines,
    /// A text that should hold a table's rows does not hold a JSON array.
    RowsText,
    /// An id that stays as it is cannot be part of a route.
    UnusableId,
    /// The JSON is broken, or an allowed row is not UTF-8.
    Syntax,
    /// Brackets are nested too deeply.
    TooDeep,
    /// A row, a name or a path is too long.
    TooLong,
    /// Something follows the end of the dump.
    Trailing,
    /// The dump ends in the middle.
    Truncated,
}

impl Defect {
    /// Whether a value merely has another type than its rule expects.
    pub(crate) fn is_unfit(self) -> bool {
        matches!(
            self,
            Self::KeptText
                | Self::NestedJson
                | Self::NotId
                | Self::NotInteger
                | Self::NotScalar
                | Self::NotText
        )
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "the dump has changed between two readings",
            Self::Columns => "the columns cannot be read, or two lists of them differ",
            Self::Deletes => {
                "an update deletes rows; only a first update, which adds rows, can be read"
            }
            Self::Duplicate => "the same table, column or key occurs twice",
            Self::EntryName => {
                "a table must have one `name` (or `table`, or `table_name`), and it must be text"
            }
            Self::Encoding => "a text is not valid Unicode",
            Self::Interleaved => {
                "rows of several tables are mixed, so the dump must be read more than once; \
                 give it as a file"
            }
            Self::KeptText => {
                "text may only be kept where the rule lists the values, as in { keep = [\"a\"] }"
            }
            Self::NestedJson => "the text should hold JSON, but cannot be read as such",
            Self::NamesTables => "the dump names its tables itself; leave out --table",
            Self::NoAllowedTable => {
                "none of the allowed tables is in the dump; is it the right file?"
            }
            Self::NoColumns => "the rows are arrays, and nothing says what their columns are",
            Self::NoId => "the row has no id; `id` in the policy says which column it should be in",
            Self::NoRows => "the table has no `rows`",
            Self::NoTableName => {
                "the rows do not say their table; name the table with --table, \
                 or say how the dump is laid out with --format"
            }
            Self::NotId => "an id must be text or a whole number",
            Self::NotInteger => {
                "a whole number was expected; if this is right, give the column another rule"
            }
            Self::NotArray => "a row must be an array, as its columns are listed apart",
            Self::NotObject => "a row must be an object, or an array of values",
            Self::NotRows => "the rows must be an array",
            Self::NotScalar => "a plain value was expected, not an array or object",
            Self::NotTables => {
                "expected tables: an object with `tables`, or with the rows of each table under \
                 its name; --format says other ways"
            }
            Self::NotText => "text was expected; if this is right, give the column another rule",
            Self::OtherKind => "the value is not of the type that the dump gives for its column",
            Self::RowKind => "the rows of a table must all be objects, or all be arrays",
            Self::RowLength => "the row has more or fewer values than there are columns",
            Self::RowsFirst => {
                "rows stand before the name or the columns of their table, so the dump must be \
                 read twice; give it as a file, or write the rows last"
            }
            Self::RowsOrLines => {
                "this may be rows or one row; say --format rows or --format ndjson"
            }
            Self::RowsText => "the text should hold an array of rows, but cannot be read as such",
            Self::UnusableId => "an id that should stay as it is has a control character",
            Self::Syntax => "the JSON is broken, or not in UTF-8",
            Self::TooDeep => "brackets are nested too deeply",
            Self::TooLong => "a row, name or path is too long",
            Self::Trailing => "the dump has ended, but something follows",
            Self::Truncated => "the dump ends in the middle; it was cut",
        })
    }
}
