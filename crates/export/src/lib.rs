//! A run's metrics as other systems take them: as Prometheus' text, and, with the feature `otlp`, as
//! an OTLP request.
//!
//! Every series is exported as it was recorded, with its tags, so that the other system can add them
//! up as it likes: counts and histograms add, percentiles do not.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use metrics::{MetricKey, RunSummary, Stat};
//!
//! let mut run = RunSummary::new("smoke");
//! let key = MetricKey::new("http_req_duration").with("endpoint", "list");
//! let trend = run.metrics.trend(key);
//! run.metrics.record(trend, Duration::from_millis(12));
//!
//! let text = export::prometheus(&run, &[Stat::Percentile(95.0)]);
//! assert!(text.contains("k6_http_req_duration_p95{endpoint=\"list\"} 0.012\n"));
//! assert!(text.contains("k6_http_req_duration_seconds_bucket{endpoint=\"list\",le=\"0.025\"} 1\n"));
//! ```
//!
//! # What it doesn't do
//!
//! It opens no connection and no file, and knows no clock.

mod buckets;
#[cfg(feature = "otlp")]
mod otlp;
mod prometheus;
mod units;

#[cfg(feature = "otlp")]
pub use otlp::{OtlpSource, otlp_refused, otlp_request};
pub use prometheus::prometheus;
