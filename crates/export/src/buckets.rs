//! How durations are counted for systems that know histograms with bounds only.

use std::time::Duration;

use metrics::Trend;

/// Upper bounds in microseconds. Those of the documented thresholds (800 ms, 1.5 s, 2 s) are among
/// them, so that a share below one is exact.
pub(crate) const BOUNDS_US: [u64; 24] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 75_000, 100_000, 150_000, 200_000, 300_000,
    400_000, 500_000, 650_000, 800_000, 1_000_000, 1_500_000, 2_000_000, 3_000_000, 5_000_000,
    10_000_000, 30_000_000, 60_000_000,
];

/// How many samples do not exceed each bound, and how many there are.
pub(crate) fn cumulative(trend: &Trend) -> (Vec<u64>, u64) {
    let up_to = |&us: &u64| trend.count_up_to(Duration::from_micros(us));
    (BOUNDS_US.iter().map(up_to).collect(), trend.count())
}
