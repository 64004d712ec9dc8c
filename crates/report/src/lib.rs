//! A run's result as a file, as text for people, and in the formats of other tools.
//!
//! A [`RunResult`] holds everything of a run: a [`metrics::RunSummary`] and, where it was watched, the
//! server's side of the same window. It is written as one versioned JSON and read back to the byte, so
//! that every rendering can be made later as well. [`text()`] is the end-of-run summary: the verdict
//! first, then k6's sections with k6's number formats, so that whoever knows k6 can read it. [`html()`]
//! is a page that loads nothing, [`markdown()`] is for a pull request, [`junit()`] for CI, [`csv()`] for
//! a spreadsheet, [`hdr_log()`] for the tools of HdrHistogram, and [`k6_summary_export()`] and
//! [`k6_summary()`] for those of k6.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use metrics::RunSummary;
//! use report::{RunResult, TextOptions};
//!
//! let mut run = RunSummary::new("smoke");
//! run.window = Duration::from_secs(30);
//! let result = RunResult::new(run);
//!
//! let text = report::text(&result.report(), &TextOptions::default());
//! assert!(text.starts_with("\n  NO EVIDENCE  no request was sent\n"));
//!
//! let file = result.to_json();
//! let again = RunResult::from_json(file.as_bytes())?;
//! assert_eq!(report::html(&again), report::html(&result));
//! # Ok::<(), report::ResultError>(())
//! ```
//!
//! # Where it differs from k6
//!
//! - The rate of a counter is taken over the load window, not over the whole run with its start-up
//!   and graceful stop, so that it is the rate that was asked for.
//! - A threshold without samples, or of a run that is no evidence, is void, never `✓`, and stands as
//!   failed in the export, which knows only two outcomes. One that too few samples meet is undecided.
//! - A trend without samples has no values, in the text and in the export; k6 writes zeros.
//!
//! # What it doesn't do
//!
//! It decides nothing: the verdict is the summary's own, and the server's side is shown beside it
//! without changing it. It prints to no stream and writes no file.

mod checks;
mod csv;
mod dotted;
mod drifts;
mod endpoints;
mod findings;
mod generator;
mod hdr;
mod hdr_log;
mod html;
mod junit;
mod k6_export;
mod k6_summary;
mod ledger;
mod markdown;
mod metric_lines;
mod numbers;
mod outcomes;
mod page;
mod result;
mod selection;
mod server;
mod text;
mod thresholds;
mod timeline;
mod verdict;
mod view;

pub use csv::csv;
pub use hdr_log::hdr_log;
pub use html::html;
pub use junit::junit;
pub use k6_export::k6_summary_export;
pub use k6_summary::k6_summary;
pub use markdown::markdown;
pub use result::{ResultError, RunResult, WrittenFile};
pub use text::{TextOptions, text, verdict_line};

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct RunReport<'a> {
    /// What the load generator measured.
    pub run: &'a metrics::RunSummary,
    /// What the server's access log said of the same window, where it was watched.
    pub server: Option<&'a observe::AccessLogWindow>,
    /// When the load began. This crate has no clock; without it the text names no time.
    pub started_at: Option<jiff::Timestamp>,
}
