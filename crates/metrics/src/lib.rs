//! Samples into counters, gauges, rates and trends; thresholds over them; the summary of a run,
//! whether it can be believed, and what was found in it.
//!
//! A [`MetricSet`] is one worker's recorder. Series are registered once and then recorded into by
//! handle, so that recording a sample is an index and an addition. Samples are recorded only into
//! the most detailed series, such as `http_req_duration{endpoint:puzzle-gallery}`; a less detailed
//! question is answered by merging ([`MetricSet::select`]). Sets of several workers merge exactly,
//! because histograms are added and percentiles are never averaged.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use metrics::{MetricSet, Outcome, Threshold};
//!
//! let mut set = MetricSet::default();
//! let duration = set.trend("http_req_duration{endpoint:list}".parse()?);
//! (0..72).for_each(|ms| set.record(duration, Duration::from_millis(ms)));
//!
//! let threshold = Threshold::parse("http_req_duration", "p(95)<800")?;
//! assert_eq!(threshold.evaluate(&set, Duration::from_secs(1)).outcome, Outcome::Pass);
//!
//! // With so few samples, nobody knows about the 99th percentile.
//! let threshold = Threshold::parse("http_req_duration", "p(99)<800")?;
//! let result = threshold.evaluate(&set, Duration::from_secs(1));
//! assert_eq!((result.outcome, result.evidence.more_needed), (Outcome::Undecided, Some(296)));
//!
//! // A threshold over nothing does not pass.
//! let threshold = Threshold::parse("http_req_duration{endpoint:detail}", "p(95)<800")?;
//! assert_eq!(threshold.evaluate(&set, Duration::from_secs(1)).outcome, Outcome::Void);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it doesn't do
//!
//! It has no clock, no thread and no output: durations come in, numbers go out.

mod answer;
mod block;
mod buckets;
pub mod compare;
mod drift;
mod error;
mod evaluate;
mod evidence;
mod finding;
mod health;
mod history;
mod key;
mod outcome;
mod paired;
mod random;
mod run;
mod sample;
mod series;
mod set;
mod stat;
mod stats;
mod threshold;
mod timeline;
mod trend;
mod violation;
mod windows;

pub use answer::{Answer, BodySign, OutcomeSpan};
pub use block::TrendBlock;
pub use drift::{Drift, DriftKind};
pub use error::MetricsError;
pub use finding::{Finding, Severity};
pub use health::{
    Cause, FullTime, GeneratorHealth, LoadModel, Reason, StartLag, Throttled, Used, Validity,
};
pub use key::MetricKey;
pub use outcome::{Evidence, Outcome, ThresholdResult, WorstWindow};
pub use paired::{
    PairedComparison, PairedConfig, PairedSamples, PairedStat, PairedVerdict, Variant,
};
pub use run::{Conservation, IterationTally, RequestTally, RunSummary, StopReason, Verdict};
pub use series::{Second, TimeSeries};
pub use set::{CounterId, Gauge, GaugeId, Metric, MetricSet, Rate, RateId, TrendId};
pub use stat::Stat;
pub use threshold::Threshold;
pub use timeline::Timeline;
pub use trend::Trend;
pub use violation::ShapeViolation;
