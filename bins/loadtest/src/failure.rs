use std::io;

use cli::CliError;
use gallery::GalleryError;
use observe::ObserveError;
use scenario::ScenarioError;
use thiserror::Error;
use workload::WorkloadError;

/// Why there was no run, in one line that says what to do.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("the run does not add up, so its numbers cannot be trusted; please report this")]
    Conservation,
    #[error(transparent)]
    Cli(#[from] CliError),
    #[error("the embedded gallery cannot be started: {0}")]
    Gallery(#[from] GalleryError),
    #[error("--nginx-access-log: {}", with_source(.0))]
    AccessLog(#[from] ObserveError),
    #[error("cannot write to standard output: {0}")]
    Print(io::Error),
    #[error("{0}")]
    Scenario(#[from] ScenarioError),
    #[error("cannot start: {0}")]
    Start(io::Error),
    #[error(transparent)]
    Workload(#[from] WorkloadError),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Cli(error) => error.exit_code(),
            Failure::Scenario(_) => 104,
            Failure::Workload(WorkloadError::Stopped) => 105,
            Failure::Workload(error) if error.is_configuration() => 104,
            _ => 1,
        }
    }
}

fn with_source(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
