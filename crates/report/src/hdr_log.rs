//! The distributions as an HdrHistogram log.

use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::RunResult;
use crate::endpoints::by_endpoint;
use crate::hdr::Compressed;

/// A log of format 1.3 that the tools of the HdrHistogram family read: one histogram of
/// `http_req_duration` an endpoint, over the whole run, tagged with the endpoint's name. Values are
/// microseconds; the greatest value of each line is in milliseconds.
///
/// An endpoint without a sample has no line. In tags, a comma or a space is an underscore.
pub fn hdr_log(result: &RunResult) -> String {
    write(result).expect("memory takes every byte of a log")
}

fn write(result: &RunResult) -> Result<String, Box<dyn std::error::Error>> {
    let run = &result.run;
    let (mut bytes, mut serializer) = (Vec::new(), Compressed::default());
    let mut builder = IntervalLogWriterBuilder::new();
    builder
        .add_comment("[Histogram log format version 1.3]")
        .add_comment("http_req_duration by endpoint; recorded in microseconds")
        .with_max_value_divisor(1_000.0);
    let began = result.started_at.map(SystemTime::from);
    if let Some(began) = began {
        builder.with_start_time(began).with_base_time(began);
    }
    let mut log = builder.begin_log_with(&mut bytes, &mut serializer)?;
    for endpoint in by_endpoint(run).iter().filter(|endpoint| endpoint.durations.count() > 0) {
        let name = tag(&endpoint.name);
        let histogram = endpoint.durations.histogram();
        // Requests that were begun within the window end within this time.
        log.write_histogram(&histogram, Duration::ZERO, run.elapsed, Tag::new(&name))?;
    }
    Ok(String::from_utf8(bytes)?)
}

fn tag(name: &str) -> String {
    let ends_it = |c: char| c == ',' || c.is_whitespace() || c.is_control();
    name.chars().map(|c| if ends_it(c) { '_' } else { c }).collect()
}
