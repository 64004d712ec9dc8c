//! A run's result into text for people and into k6's summary format for tools.
//!
//! Everything is rendered from one [`metrics::RunSummary`] and, where it was watched, the server's
//! side of the same window. [`text`] is the end-of-run summary: the verdict first, then k6's
//! sections with k6's number formats, so that whoever knows k6 can read it. [`k6_summary_export`]
//! is the JSON of k6's `--summary-export`.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use metrics::RunSummary;
//! use report::{RunReport, TextOptions};
//!
//! let mut run = RunSummary::new("smoke");
//! run.window = Duration::from_secs(30);
//! let report = RunReport { run: &run, server: None, started_at: None };
//!
//! let text = report::text(&report, &TextOptions::default());
//! assert!(text.starts_with("\n  NO EVIDENCE  no request was sent\n"));
//! assert!(report::k6_summary_export(&report, &metrics::Stat::DEFAULT).contains("root_group"));
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
mod dotted;
mod drifts;
mod endpoints;
mod findings;
mod generator;
mod k6_export;
mod metric_lines;
mod numbers;
mod outcomes;
mod page;
mod selection;
mod server;
mod text;
mod thresholds;
mod verdict;

pub use k6_export::k6_summary_export;
pub use text::{TextOptions, text};

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
