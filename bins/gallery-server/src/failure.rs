use std::error::Error as _;
use std::io;

use cli::CliError;
use gallery::GalleryError;
use thiserror::Error;

/// Why the server does not run, in one line that says what to do.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Cli(#[from] CliError),
    #[error("{0}")]
    Gallery(String),
    #[error("{setting}: {problem}")]
    Invalid {
        /// The flag, or the variable where that is where the value came from.
        setting: &'static str,
        problem: String,
    },
    #[error("cannot start: {0}")]
    Start(io::Error),
}

impl Failure {
    pub(crate) fn invalid(setting: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { setting, problem: problem.into() }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Cli(error) => error.exit_code(),
            Self::Invalid { .. } => 104,
            _ => 1,
        }
    }
}

impl From<GalleryError> for Failure {
    fn from(error: GalleryError) -> Self {
        match &error {
            GalleryError::FaultPath { .. } | GalleryError::FaultStatus { .. } => {
                Self::invalid("--fault", error.to_string())
            }
            GalleryError::Bind { addr, source } if source.kind() == io::ErrorKind::AddrInUse => {
                Self::Gallery(format!(
                    "{addr} is taken by another process; give another with --listen, or port 0"
                ))
            }
            _ => Self::Gallery(match error.source() {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            }),
        }
    }
}
