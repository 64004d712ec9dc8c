//! What stands on standard output and in files when the run is over.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use cli::{CliError, WholeFile};
use metrics::Stat;
use report::{RunReport, TextOptions};

use crate::failure::Failure;

/// Writes to standard output. Whoever closed it does not want the rest, and the exit code still
/// tells the verdict; a full disk is an error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Print(error)),
        _ => Ok(()),
    }
}

/// Writes a line to standard error. Nobody is helped by a run that fails because nobody reads it.
pub(crate) fn warn(text: &str) {
    let _unseen = writeln!(io::stderr(), "loadtest: {text}");
}

pub(crate) fn print_summary(report: &RunReport<'_>, trend_stats: &[Stat]) -> Result<(), Failure> {
    let is_terminal = io::stdout().is_terminal();
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let options = TextOptions {
        trend_stats: trend_stats.to_vec(),
        colour: is_terminal && !no_colour,
        ..TextOptions::default()
    };
    print(&report::text(report, &options))
}

pub(crate) fn export_summary(
    report: &RunReport<'_>,
    trend_stats: &[Stat],
    path: &Path,
) -> Result<(), CliError> {
    WholeFile::write(path, report::k6_summary_export(report, trend_stats).as_bytes())
}
