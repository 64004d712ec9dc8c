//! `loadtest report`: a result that was written earlier, as other reports.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use cli::Environment;
use report::RunResult;

use crate::failure::Failure;
use crate::reports::{ReportArgs, Reports};
use crate::settings::Read;

/// A result of a day with hundreds of endpoints has less.
const RESULT_BYTES_MAX: u64 = 256 << 20;

/// For `loadtest report`.
#[derive(Debug, clap::Args)]
pub(crate) struct RenderArgs {
    /// A result that a run wrote with --output json=FILE or printed with --json
    result: PathBuf,

    /// Statistics of the times in the summary [env: SUMMARY_TREND_STATS]
    /// [default: avg,min,med,max,p(90),p(95)]
    #[arg(long, value_name = "LIST")]
    summary_trend_stats: Option<String>,

    /// Also write the summary to a file, in k6's own format [env: SUMMARY_EXPORT]
    #[arg(long, value_name = "FILE")]
    summary_export: Option<String>,

    #[command(flatten)]
    reports: ReportArgs,
}

/// Renders a result. That it was rendered is a success, whatever its verdict is.
pub(crate) fn run(args: RenderArgs, environment: &Environment) -> Result<u8, Failure> {
    let settings = Read { environment };
    let trend_stats = settings.trend_stats(args.summary_trend_stats)?;
    let export = settings.path(args.summary_export, "summary-export")?;
    let result = read(&args.result)?;
    let reports = Reports::new(args.reports, &trend_stats, export.as_deref(), environment)?;
    // Whoever asks for files has read the summary, or does not want to.
    reports.deliver(&result, !reports.wants_files() || reports.is_quiet())?;
    Ok(0)
}

fn read(path: &Path) -> Result<RunResult, Failure> {
    let unreadable = |source| Failure::ReadResult { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(RESULT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > RESULT_BYTES_MAX {
        let problem = "it is larger than any result (256 MiB)";
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, problem)));
    }
    RunResult::from_json(&bytes)
        .map_err(|problem| Failure::Result { path: path.to_owned(), problem })
}
