//! Time to clean the rows of an allowed table, beside what it takes to parse them to value trees.
//!
//! The rows are in memory, and both work on the same ones in turns in one process, so that their
//! ratio holds on a busy machine as well. Two runs over dumps of different sizes take the same time
//! for everything but the rows, so their difference is the rows' alone.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anonymize::bench::clean_rows;
use anonymize::{Policy, PseudonymKey};
use serde_json::value::RawValue;
use synthetic_dump::{DENIED_TABLES, Spec};

const ROWS: u64 = 20_000;
const ROUNDS: usize = 9;

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median_seconds(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}
