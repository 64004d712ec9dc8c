use std::time::Duration;

/// What happened within one second of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Starts that were planned for this second, whenever and whether they came about.
    pub planned: u64,
    /// Iterations that started.
    pub iterations: u64,
    /// Iterations that no virtual user was free for.
    pub dropped: u64,
    /// Requests that ended, in whatever way.
    pub requests: u64,
    /// Requests among them that failed.
    pub failed: u64,
}

/// The run second by second, from its start.
///
/// A day is kept; what comes later is added to the last second, and [`TimeSeries::is_cut`] says so.
#[derive(Clone, Debug, Default)]
pub struct TimeSeries {
    seconds: Vec<Second>,
    cut: bool,
}

impl TimeSeries {
    pub(crate) const SECONDS_MAX: usize = 24 * 60 * 60;

    /// The second that `offset` from the start of the run falls into.
    pub fn at(&mut self, offset: Duration) -> &mut Second {
        let second = usize::try_from(offset.as_secs()).unwrap_or(usize::MAX);
        self.cut |= second >= Self::SECONDS_MAX;
        let second = second.min(Self::SECONDS_MAX - 1);
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, Second::default());
        }
        &mut self.seconds[second]
    }

    /// All seconds up to the last one in which something happened.
    pub fn seconds(&self) -> &[Second] {
        &self.seconds
    }

    /// Whether the run was longer than what is kept.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The greatest mean of `of` over any `window` seconds in a row, per second. A shorter series
    /// counts as one window; `None` where nothing happened.
    pub fn peak(&self, window: usize, of: impl Fn(&Second) -> u64) -> Option<f64> {
        let window = window.clamp(1, self.seconds.len().max(1));
        let sums = self.seconds.windows(window).map(|seconds| seconds.iter().map(&of).sum::<u64>());
        sums.max().map(|sum| sum as f64 / window as f64)
    }

    /// Adds another worker's series of the same run.
    pub fn merge(&mut self, other: &TimeSeries) {
        for (second, more) in other.seconds.iter().enumerate() {
            let sum = self.at(Duration::from_secs(second as u64));
            sum.planned += more.planned;
            sum.iterations += more.iterations;
            sum.dropped += more.dropped;
            sum.requests += more.requests;
            sum.failed += more.failed;
        }
        self.cut |= other.cut;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(requests: &[u64]) -> TimeSeries {
        let mut series = TimeSeries::default();
        for (second, &count) in requests.iter().enumerate() {
            series.at(Duration::from_secs(second as u64)).requests = count;
        }
        series
    }

    #[test]
    fn the_peak_is_a_mean_over_whole_seconds() {
        let peak = |series: &TimeSeries, window| series.peak(window, |second| second.requests);
        assert_eq!(peak(&series(&[10, 50, 50, 49, 3]), 3), Some(149.0 / 3.0));
        assert_eq!(peak(&series(&[10, 20]), 10), Some(15.0));
        assert_eq!(peak(&series(&[7]), 1), Some(7.0));
        assert_eq!(peak(&TimeSeries::default(), 10), None);
    }

    #[test]
    fn offsets_fall_into_their_second_and_a_day_is_the_bound() {
        let mut series = TimeSeries::default();
        series.at(Duration::from_millis(1999)).dropped += 1;
        assert_eq!(series.seconds()[1].dropped, 1);
        assert!(!series.is_cut());
        series.at(Duration::MAX).dropped += 1;
        assert_eq!((series.seconds().len(), series.is_cut()), (86_400, true));
    }

    #[test]
    fn merging_adds_second_by_second() {
        let mut merged = series(&[1, 2]);
        merged.merge(&series(&[10, 20, 30]));
        let requests: Vec<_> = merged.seconds().iter().map(|second| second.requests).collect();
        assert_eq!(requests, [11, 22, 30]);
    }
}
