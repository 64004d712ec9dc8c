use thiserror::Error;

/// Why a file is not a usable dataset. No variant carries a value of the file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatasetError {
    /// A stated count and the entries that are there differ: the file was cut or edited.
    #[error("`counts` says {stated} for {name}, but {found} are there; extract the dataset again")]
    Count {
        /// The table, or `normalizedWorks`.
        name: String,
        /// The number that `counts` states.
        stated: u64,
        /// The number of entries found.
        found: u64,
    },
    /// The file is JSON but says it is something else, or does not say what it is.
    #[error(
        "this is not a dataset (its `format` is not \"genarrative-works\"); make one with `extract`"
    )]
    Format,
    /// A field is missing or has the wrong type.
    #[error(
        "not a valid dataset at line {line}, column {column}: a field is missing, unknown or of the wrong type"
    )]
    Layout {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// The file is not JSON.
    #[error("not valid JSON at line {line}, column {column}")]
    Syntax {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// The JSON ends in the middle.
    #[error("the file ends in the middle, at line {line}, column {column}; it was cut")]
    Truncated {
        /// Line of the last byte, from 1.
        line: usize,
        /// Column of the last byte, from 1.
        column: usize,
    },
    /// A work points to a table that the file does not have.
    #[error("normalizedWorks[{index}] names a table that the dataset does not have")]
    UnknownTable {
        /// Index of the work, from 0.
        index: usize,
    },
    /// The file has a format version that this build cannot read.
    #[error("format version {found} cannot be read here (this build reads version {supported})")]
    Version {
        /// The version in the file.
        found: u64,
        /// The version that this crate reads.
        supported: u32,
    },
    /// A work's id cannot be part of a path.
    #[error("normalizedWorks[{index}].{field} is empty or has a control character")]
    WorkId {
        /// Index of the work, from 0.
        index: usize,
        /// The field's name in the file.
        field: &'static str,
    },
}
