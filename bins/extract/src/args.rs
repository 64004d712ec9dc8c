//! What was typed.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anonymize::Format;
use clap::{Parser, Subcommand, ValueEnum};

/// Where private files live when nothing else is said; the folder is git-ignored.
pub(crate) const LOCAL_FOLDER: &str = "fixtures/local";

/// Turns a private dump into load-test data: only listed tables and columns, every identifier a
/// stable pseudonym, everything else dropped and counted.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The private dump, plain or gzip; `-` is standard input. May be given more than once. A
    /// folder stands for its *.json, *.jsonl and *.ndjson files (also with .gz), each with one
    /// table and named after it, such as puzzle_work_profile.json; others are not opened. A pipe is
    /// kept in a nameless file beside the output while it is read.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "fixtures/local/spacetime-migration-7.local.json"
    )]
    pub(crate) input: Vec<PathBuf>,
    /// How the dump is laid out: auto, tables, map, sql, rows or ndjson.
    #[arg(long, value_name = "NAME", default_value_t)]
    pub(crate) format: Format,
    /// The table that the rows are of, where the dump does not say it.
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// The columns of rows that are arrays, in their order, where the dump does not say them.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Option<Vec<String>>,
    /// Reads the listed columns of the allowed tables from a database at this URL, and no file.
    #[arg(
        long,
        value_name = "URL",
        requires = "database",
        requires = "token_file",
        conflicts_with_all = ["input", "format", "table", "columns"]
    )]
    pub(crate) spacetimedb: Option<String>,
    /// The name or identity of the database.
    #[arg(long, value_name = "NAME", requires = "spacetimedb")]
    pub(crate) database: Option<String>,
    /// The file with the token of the database's owner.
    #[arg(long, value_name = "FILE", requires = "spacetimedb")]
    pub(crate) token_file: Option<PathBuf>,
    /// Where the dataset goes; `-` is standard output, and the report then goes to standard error.
    #[arg(long, value_name = "FILE", default_value = "fixtures/local/works-list.local.json")]
    pub(crate) output: PathBuf,
    /// Where a small sample of the dataset goes; without it, none is made.
    #[arg(long, value_name = "FILE")]
    pub(crate) sample_output: Option<PathBuf>,
    /// Rows of each table in the sample.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = sample_rows)]
    pub(crate) sample_per_table: usize,
    /// Where the sanitized tables go in the dump's own shape, to be imported like the dump.
    #[arg(long, value_name = "FILE")]
    pub(crate) import_output: Option<PathBuf>,
    /// Where the manifest goes: what was read, done, searched and written, without any value.
    /// Without it, beside the dataset: works.local.json has works.manifest.local.json.
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// Keeps the ids that routes are made of, for a test against the very environment that the dump
    /// is from. The dataset is private then; all else in it is sanitized as ever.
    #[arg(long, conflicts_with_all = ["sample_output", "import_output"])]
    pub(crate) real_ids: bool,
    /// How much of the dump the outputs are searched for.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) audit: AuditScope,
    /// The rules, instead of the built-in ones that `extract policy` prints.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The key of the pseudonyms: the same key gives the same pseudonyms. It is made on first use.
    #[arg(long, value_name = "FILE", default_value = "fixtures/local/anonymize.key")]
    pub(crate) key_file: PathBuf,
    /// Takes a random key that is never written: nobody can link or repeat these pseudonyms.
    #[arg(long, conflicts_with = "key_file")]
    pub(crate) ephemeral_key: bool,
    /// Threads that work on rows; the output is the same for any number. Without it, one for each
    /// processor, and 8 at most.
    #[arg(long, value_name = "COUNT", value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Says what happens to one column, and why, and does nothing else.
    #[arg(long, value_name = "TABLE.COLUMN", value_parser = column)]
    pub(crate) explain: Option<(String, String)>,
    /// Makes tables and columns that the policy does not know an error.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Compares the dump's tables and columns with this file, and makes it where it is missing.
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    /// Writes what has changed into the lock instead of refusing it.
    #[arg(long, requires = "lock")]
    pub(crate) accept_drift: bool,
}

/// Which texts of the dump the outputs are searched for. Those of the allowed tables always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditScope {
    /// Those of denied and unknown tables too, up to 256 MB of dump.
    #[default]
    Auto,
    /// Those of denied and unknown tables too, however large the dump is.
    Full,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints the active policy, or what it does to one column.
    Policy {
        /// The policy to print, instead of the built-in one.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Says what happens to one column, and why.
        #[arg(long, value_name = "TABLE.COLUMN", value_parser = column)]
        explain: Option<(String, String)>,
    },
    /// Checks a dataset or sample against the manifest of its run; needs no key and no dump.
    Verify {
        /// The dataset or sample.
        #[arg(value_name = "DATASET")]
        dataset: PathBuf,
        /// The manifest, instead of the one beside the dataset.
        #[arg(long, value_name = "FILE")]
        manifest: Option<PathBuf>,
    },
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

fn threads(argument: &str) -> Result<NonZeroUsize, String> {
    let count = argument.parse().ok().filter(|count: &NonZeroUsize| count.get() <= 64);
    count.ok_or_else(|| "a whole number from 1 to 64".to_owned())
}

fn column(argument: &str) -> Result<(String, String), String> {
    match argument.split_once('.') {
        Some((table, column)) if !table.is_empty() && !column.is_empty() => {
            Ok((table.to_owned(), column.to_owned()))
        }
        _ => Err("a table and a column, as in puzzle_work_profile.work_title".to_owned()),
    }
}
