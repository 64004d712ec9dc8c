//! The result file: everything of a run in one versioned JSON, and back.

mod evidence;
mod file;
mod generator;
mod nanos;
mod series;
mod server;
mod tallies;

use std::collections::BTreeMap;

use metrics::RunSummary;
use observe::AccessLogWindow;
use serde::Deserialize;
use thiserror::Error;

use crate::RunReport;
use crate::timeline::Timeline;
use file::ResultFile;

/// What `format` says in every result file.
const FORMAT: &str = "genarrative-loadtest-result";
/// The version that is written, and the only one that is read.
const FORMAT_VERSION: u64 = 1;

/// A run with all that its reports say: what a result file holds.
///
/// All reports are rendered from it, so that one that is rendered from the file later is the same to
/// the byte.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunResult {
    /// What the load generator measured.
    pub run: RunSummary,
    /// What the server's access log said of the same window, where it was watched.
    pub server: Option<AccessLogWindow>,
    /// When the load began.
    pub started_at: Option<jiff::Timestamp>,
    /// The settings of the run by name, as they are to be shown. Whoever fills them in leaves
    /// secrets out.
    pub settings: BTreeMap<String, String>,
    /// The files that were written beside, by kind: their names, without folders.
    pub files: Vec<WrittenFile>,
    /// The version of the tool that made the run.
    pub tool_version: String,
    /// What is known of each second: of the run, as long as it is there as it was recorded, and of
    /// the file later.
    pub(crate) timeline: Timeline,
}

/// A file that a run wrote.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
pub struct WrittenFile {
    /// What it is, such as `html`.
    pub kind: String,
    /// Its name without the folder, which is nobody's business.
    pub name: String,
}

/// Why a result file cannot be read. No error quotes the file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResultError {
    /// It is no JSON, or has not the form of a result.
    #[error("line {line}, column {column}: {problem}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What kind of problem it is.
        problem: &'static str,
    },
    /// It is JSON, but no result of a load test.
    #[error("it is no result of a load test: `format` is not {FORMAT:?}")]
    NotAResult,
    /// It was written by another version of the tool.
    #[error(
        "its formatVersion is {found}, and this version of loadtest reads {FORMAT_VERSION} only"
    )]
    Version {
        /// The version that the file says.
        found: u64,
    },
    /// A part of it contradicts itself.
    #[error("{place}: {problem}")]
    Content {
        /// Which part, such as `thresholds`.
        place: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// What every version of the file says first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    #[serde(default)]
    format: String,
    #[serde(default)]
    format_version: u64,
}

impl RunResult {
    /// The result of a run that is over, and of which nothing else is known yet.
    pub fn new(run: RunSummary) -> Self {
        RunResult {
            timeline: Timeline::new(&run),
            run,
            server: None,
            started_at: None,
            settings: BTreeMap::new(),
            files: Vec::new(),
            tool_version: String::new(),
        }
    }

    /// What [`text`](crate::text) and [`k6_summary_export`](crate::k6_summary_export) take.
    pub fn report(&self) -> RunReport<'_> {
        RunReport { run: &self.run, server: self.server.as_ref(), started_at: self.started_at }
    }

    /// The result file, with a line feed at its end. `docs/result.schema.json` describes it.
    pub fn to_json(&self) -> String {
        let file = ResultFile::new(self);
        let json = serde_json::to_string_pretty(&file).expect("all keys are strings");
        compact_lists(&json) + "\n"
    }

    /// Reads a result file.
    ///
    /// # Errors
    ///
    /// [`ResultError`] if it is none, or of another version.
    pub fn from_json(json: &[u8]) -> Result<Self, ResultError> {
        let header: Header =
            serde_json::from_slice(json).map_err(|error| match error.classify() {
                serde_json::error::Category::Data => ResultError::NotAResult,
                _ => form(&error),
            })?;
        if header.format != FORMAT {
            return Err(ResultError::NotAResult);
        }
        if header.format_version != FORMAT_VERSION {
            return Err(ResultError::Version { found: header.format_version });
        }
        let file: ResultFile = serde_json::from_slice(json).map_err(|error| form(&error))?;
        file.into_result()
    }
}

/// The place of serde's error and its kind; its text may quote the file.
fn form(error: &serde_json::Error) -> ResultError {
    use serde_json::error::Category;
    let problem = match error.classify() {
        Category::Syntax => "this is not JSON",
        Category::Eof => "the file ends too early",
        _ => "this is not what a result has here",
    };
    ResultError::Form { line: error.line(), column: error.column(), problem }
}

/// Puts each array of numbers on one line, so that people can read the rest.
fn compact_lists(json: &str) -> String {
    let is_number = |line: &str| {
        let value = line.trim_end_matches(',');
        value == "null" || value.parse::<f64>().is_ok()
    };
    let mut out = String::with_capacity(json.len());
    let mut within = false;
    for line in json.lines() {
        let text = line.trim_start();
        if within && (is_number(text) || text.starts_with(']')) {
            out.push_str(text);
            if text.starts_with(']') {
                within = false;
                out.push('\n');
            }
            continue;
        }
        // The array has something else in it: what was begun on one line ends here.
        if within {
            out.push('\n');
        }
        within = text.ends_with('[');
        out.push_str(line);
        if !within {
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}
