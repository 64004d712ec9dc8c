use std::io;
use std::path::PathBuf;

use cli::CliError;
use gallery::GalleryError;
use observe::ObserveError;
use probe::ShapeError;
use report::ResultError;
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
    #[error("--arrivals: {0} plans no starts; only arrival rates do")]
    NoArrivals(String),
    #[error("cannot read the plan {}: {source}", .path.display())]
    ReadPlan { path: PathBuf, source: io::Error },
    #[error("the plan {}: {problem}", .path.display())]
    Plan { path: PathBuf, problem: WorkloadError },
    #[error(
        "the probe got no expected answer, so there is no service time to plan with; a smoke run says why"
    )]
    Probe,
    #[error("cannot read {}: {source}", .path.display())]
    ReadBody { path: PathBuf, source: io::Error },
    #[error("{} is there already; --overwrite replaces it", .path.display())]
    Exists { path: PathBuf },
    #[error("cannot make the folder {}: {source}", .path.display())]
    OutputDir { path: PathBuf, source: io::Error },
    #[error("cannot read the result {}: {source}", .path.display())]
    ReadResult { path: PathBuf, source: io::Error },
    #[error("the result {}: {problem}", .path.display())]
    Result { path: PathBuf, problem: ResultError },
    #[error("--output and --summary-export: {} would be written twice", .path.display())]
    SameFile { path: PathBuf },
    #[error("cannot read the shape {}: {source}", .path.display())]
    ReadShape { path: PathBuf, source: io::Error },
    #[error("the shape {name}: {problem}")]
    Shape { name: String, problem: ShapeError },
    #[error("there is no built-in shape {name:?}; there are {}", probe::gallery::NAMES.join(", "))]
    NoShape { name: String },
    #[error("two services are compared: give both with --base (BASE_URL) and --new-url (NEW_URL)")]
    PairUrls,
    #[error("standard input, -, can be one body only")]
    StdinTwice,
    #[error("the system has no random bytes for the run's id; give one with --run-id: {0}")]
    Random(getrandom::Error),
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
            Failure::NoArrivals(_) | Failure::Plan { .. } | Failure::Scenario(_) => 104,
            Failure::Result { .. } | Failure::SameFile { .. } => 104,
            Failure::Shape { .. } | Failure::NoShape { .. } => 104,
            Failure::PairUrls => 104,
            Failure::StdinTwice => 2,
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
