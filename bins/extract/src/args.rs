//! What was typed.

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

/// Where private files live when nothing else is said; the folder is git-ignored.
pub(crate) const LOCAL_FOLDER: &str = "fixtures/local";

/// Turns a private dump into load-test data: only listed tables and columns, every identifier a
/// stable pseudonym, everything else dropped and counted.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The private dump; `-` is standard input.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "fixtures/local/spacetime-migration-7.local.json"
    )]
    pub(crate) input: PathBuf,
    /// Where the dataset goes; `-` is standard output, and the report then goes to standard error.
    #[arg(long, value_name = "FILE", default_value = "fixtures/local/works-list.local.json")]
    pub(crate) output: PathBuf,
    /// Where a small sample of the dataset goes; without it, none is made.
    #[arg(long, value_name = "FILE")]
    pub(crate) sample_output: Option<PathBuf>,
    /// Rows of each table in the sample.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = sample_rows)]
    pub(crate) sample_per_table: usize,
    /// The rules, instead of the built-in ones that `extract policy` prints.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The key of the pseudonyms: the same key gives the same pseudonyms. It is made on first use.
    #[arg(long, value_name = "FILE", default_value = "fixtures/local/anonymize.key")]
    pub(crate) key_file: PathBuf,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints the built-in policy.
    Policy,
}

/// Whether the path stands for standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A sample is held in memory, so its size has a limit.
fn sample_rows(argument: &str) -> Result<usize, String> {
    match argument.parse() {
        Ok(rows @ 1..=1_000) => Ok(rows),
        _ => Err("a whole number from 1 to 1000".to_owned()),
    }
}
