//! The run second by second as comma-separated values.

use std::fmt::Write;
use std::time::Duration;

use crate::RunResult;
use crate::timeline::Tick;

const HEADER: &str = "second,planned,iterations,dropped,requests,failed,vus,p50_ms,p95_ms,p99_ms";

/// One row a second under a header (RFC 4180, with line feeds). An empty field is what is not known:
/// `planned` where no schedule plans starts, percentiles of a second in which nothing was answered.
///
/// - `second`: counted from the beginning of the run;
/// - `planned`, `iterations`, `dropped`: starts that were to be made, were made, and found no virtual
///   user free;
/// - `requests`, `failed`: requests that ended, and those of them that failed;
/// - `vus`: the most virtual users at once;
/// - `p50_ms`, `p95_ms`, `p99_ms`: percentiles of `http_req_duration` in milliseconds.
pub fn csv(result: &RunResult) -> String {
    let mut text = format!("{HEADER}\n");
    for tick in &result.timeline.ticks {
        row(&mut text, tick).expect("a string takes every row");
    }
    text
}

fn row(text: &mut String, tick: &Tick) -> std::fmt::Result {
    let Tick { second, iterations, dropped, requests, failed, .. } = tick;
    let known = |count: Option<u64>| count.map_or(String::new(), |count| count.to_string());
    let planned = known(tick.planned);
    write!(text, "{second},{planned},{iterations},{dropped},{requests},{failed},")?;
    write!(text, "{}", known(tick.vus))?;
    for at in 0..3 {
        let value = tick.percentiles.map(|percentiles| milliseconds(percentiles[at]));
        write!(text, ",{}", value.unwrap_or_default())?;
    }
    text.push('\n');
    Ok(())
}

/// To the microsecond, which is what histograms keep.
fn milliseconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_micros() as f64 / 1e3)
}
