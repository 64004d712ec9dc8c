use std::io;
use std::path::PathBuf;

use dataset::DatasetError;
use thiserror::Error;

/// Why the settings or files of a command cannot be used, in one line that says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CliError {
    /// A file is there but is no dataset.
    #[error("works data {}: {source}", .path.display())]
    Dataset {
        /// The whole path that was tried.
        path: PathBuf,
        /// What is wrong with it.
        source: DatasetError,
    },
    /// A setting's value makes no sense.
    #[error("{setting}: must be {expected}")]
    Invalid {
        /// The setting as typed, with its value: `VUS=ten` or `--vus ten`.
        setting: String,
        /// What would make sense.
        expected: String,
    },
    /// A variable holds something that is not text.
    #[error("the variable {0} is not valid UTF-8")]
    NotText(String),
    /// A dataset's file cannot be read.
    #[error("works data {}: {source}; give another file with --works-data or WORKS_DATA, relative to the working directory", .path.display())]
    ReadDataset {
        /// The whole path that was tried.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The committed sample is no dataset.
    #[error("the built-in sample cannot be read: {0}")]
    Sample(DatasetError),
    // Whoever gives the token itself in place of the file must not find it in a log: no path here.
    /// A token file cannot be read, or holds no token.
    #[error("{flag}: cannot read the file: {source}")]
    Token {
        /// The flag that names the file.
        flag: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written. Nothing of it is left.
    #[error("cannot write {}: {source}; nothing is left there that was not there before", .path.display())]
    Write {
        /// The whole path that was tried.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl CliError {
    /// The process's exit code: 104 for invalid configuration, or else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            CliError::Invalid { .. } | CliError::NotText(_) => 104,
            _ => 1,
        }
    }
}
