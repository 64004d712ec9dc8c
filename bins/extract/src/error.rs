//! What can go wrong, in one line each, and the exit code for it.

use std::io;
use std::path::PathBuf;

use anonymize::AnonymizeError;
use cli::CliError;
use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum ExtractError {
    #[error("cannot read {}: {source}; {advice}", path.display())]
    Open { path: PathBuf, source: io::Error, advice: &'static str },
    #[error("{input}: {source}; nothing was written")]
    Dump { input: String, source: Box<AnonymizeError> },
    #[error("the search for leaks stopped the run: {0}; nothing was written")]
    Audit(String),
    #[error(
        "--strict: the policy does not list {0}; list them, with \"drop\" where they are to be left out; nothing was written"
    )]
    Strict(String),
    #[error("{}: the dump is not as this lock says: {drift}; review it, and write the change with --accept-drift; nothing was written", path.display())]
    Drift { path: PathBuf, drift: String },
    #[error("{}: {problem}", path.display())]
    Lock { path: PathBuf, problem: String },
    #[error("{}: {source}", path.display())]
    Configuration { path: PathBuf, source: Box<AnonymizeError> },
    #[error("{}: others can read this key; make it private (chmod 600) or make a new one", .0.display())]
    KeyReadable(PathBuf),
    #[error("{}: a key is a small regular file", .0.display())]
    KeyKind(PathBuf),
    #[error("{}: this key belongs to another user, who can read it; make a new one", .0.display())]
    KeyOwner(PathBuf),
    #[error("{}: this key has a second name (a hard link); remove one of the two", .0.display())]
    KeyLinked(PathBuf),
    #[error("{}: the policy is not text in UTF-8", .0.display())]
    PolicyText(PathBuf),
    #[error("cannot make a key: the system's random source failed: {0}")]
    Random(getrandom::Error),
    #[error("the manifest: {0}")]
    Manifest(&'static str),
    #[error("cannot make an unnamed file for the list of works: {0}")]
    Spool(#[source] io::Error),
    #[error("reading back what was written failed: {0}")]
    ReadBack(#[source] io::Error),
    #[error(transparent)]
    Output(#[from] CliError),
    #[error("cannot write the report: {0}")]
    Report(#[source] io::Error),
    #[error("{first} and {second} are the same file, {}; name two", path.display())]
    SameFile { first: &'static str, second: &'static str, path: PathBuf },
    #[error("writing the dataset to standard output failed: {0}; what was written of it is cut")]
    StandardOutput(#[source] io::Error),
    #[error("{server}: {what}: {problem}; nothing was written")]
    Database { server: String, what: String, problem: String },
    #[error(
        "{flag} {}: {reason}, and it is private; name it *.local.json, put it into fixtures/local/, or write outside of the work tree",
        path.display()
    )]
    Tracked { flag: &'static str, path: PathBuf, reason: &'static str },
    #[error("{0}")]
    Usage(&'static str),
}

impl ExtractError {
    /// 1 could not be done, 2 usage, 104 the policy or the key is invalid.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::SameFile { .. } | Self::Tracked { .. } | Self::Usage(_) => 2,
            Self::Configuration { .. }
            | Self::KeyReadable(_)
            | Self::KeyKind(_)
            | Self::KeyOwner(_)
            | Self::KeyLinked(_)
            | Self::PolicyText(_) => 104,
            Self::Dump { source, .. } => match **source {
                AnonymizeError::Options(_) | AnonymizeError::Table { .. } => 2,
                _ if source.is_configuration() => 104,
                _ => 1,
            },
            Self::Lock { .. } => 104,
            _ => 1,
        }
    }
}
