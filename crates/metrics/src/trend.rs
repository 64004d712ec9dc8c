use std::time::Duration;

use hdrhistogram::Histogram;

/// A distribution of durations: count, sum, least and greatest exactly, to the nanosecond, and
/// percentiles from an HDR histogram of microseconds that is right to three digits.
///
/// The histogram grows with the greatest value it has seen; for a minute that is 136 KiB, for an
/// hour 188 KiB.
#[derive(Clone, Debug)]
pub struct Trend {
    histogram: Histogram<u64>,
    sum_ns: u128,
    min: Duration,
    max: Duration,
}

impl Default for Trend {
    fn default() -> Self {
        let histogram = Histogram::new(3).expect("three significant digits are within HDR's range");
        Trend { histogram, sum_ns: 0, min: Duration::MAX, max: Duration::ZERO }
    }
}

impl Trend {
    /// Adds one sample.
    pub fn record(&mut self, sample: Duration) {
        let sample_ns = sample.as_nanos();
        let sample_us = u64::try_from((sample_ns + 500) / 1000).unwrap_or(u64::MAX);
        // The histogram grows as needed; what even then is beyond it counts as its greatest value.
        if self.histogram.record(sample_us).is_err() {
            self.histogram.saturating_record(sample_us);
        }
        self.sum_ns += sample_ns;
        self.min = self.min.min(sample);
        self.max = self.max.max(sample);
    }

    /// Adds all samples of `other`.
    pub fn merge(&mut self, other: &Trend) {
        self.histogram
            .add(&other.histogram)
            .expect("a histogram that resizes itself takes any other of the same precision");
        self.sum_ns += other.sum_ns;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The number of samples.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The exact mean; `None` without samples.
    pub fn mean(&self) -> Option<Duration> {
        let mean_ns = self.sum_ns.checked_div(u128::from(self.count()))?;
        Some(Duration::from_nanos(u64::try_from(mean_ns).unwrap_or(u64::MAX)))
    }

    /// The exact least sample; `None` without samples.
    pub fn min(&self) -> Option<Duration> {
        (self.count() > 0).then_some(self.min)
    }

    /// The exact greatest sample; `None` without samples.
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then_some(self.max)
    }

    /// The least recorded value that at least `percent` per cent of the samples do not exceed,
    /// within the histogram's precision and never outside the range of the samples. `None` without
    /// samples.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        let value_us = self.histogram.value_at_quantile((percent / 100.0).clamp(0.0, 1.0));
        let value = Duration::from_micros(value_us);
        (self.count() > 0).then(|| value.clamp(self.min, self.max))
    }

    /// The exact sum of all samples, in seconds.
    pub fn sum_seconds(&self) -> f64 {
        self.sum_ns as f64 / 1e9
    }

    /// How many samples are no longer than `bound`, within the histogram's precision.
    pub fn count_up_to(&self, bound: Duration) -> u64 {
        let bound_us = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        if self.count() == 0 || bound >= self.max {
            return self.count();
        }
        self.histogram.count_between(0, bound_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(samples_us: impl IntoIterator<Item = u64>) -> Trend {
        let mut trend = Trend::default();
        samples_us.into_iter().for_each(|us| trend.record(Duration::from_micros(us)));
        trend
    }

    #[test]
    fn an_empty_trend_has_no_statistics() {
        let trend = Trend::default();
        assert_eq!(trend.count(), 0);
        assert_eq!(trend.mean().or(trend.min()).or(trend.max()).or(trend.percentile(50.0)), None);
    }

    #[test]
    fn percentiles_are_right_to_three_digits_and_extremes_exactly() {
        let trend = trend(1..=100_000);
        assert_eq!(trend.count(), 100_000);
        assert_eq!(trend.min(), Some(Duration::from_micros(1)));
        assert_eq!(trend.max(), Some(Duration::from_micros(100_000)));
        assert_eq!(trend.mean(), Some(Duration::from_nanos(50_000_500)));
        for percent in [1.0, 50.0, 95.0, 99.0, 99.9] {
            let exact = percent * 1000.0;
            let found = trend.percentile(percent).unwrap().as_nanos() as f64 / 1000.0;
            assert!((found - exact).abs() <= exact / 1000.0, "p({percent}): {found} for {exact}");
        }
        assert_eq!(trend.percentile(100.0), trend.max());
    }

    #[test]
    fn samples_are_counted_up_to_a_bound_and_summed() {
        let trend = trend(1..=1000);
        for (bound_us, count) in [(0, 0), (1, 1), (500, 500), (1000, 1000), (10_000_000, 1000)] {
            assert_eq!(trend.count_up_to(Duration::from_micros(bound_us)), count);
        }
        assert_eq!(Trend::default().count_up_to(Duration::MAX), 0);
        assert!((trend.sum_seconds() - 0.500_5).abs() < 1e-12);
    }

    #[test]
    fn one_sample_is_every_percentile() {
        let mut trend = Trend::default();
        trend.record(Duration::from_nanos(1_234_567));
        for percent in [0.0, 50.0, 100.0] {
            assert_eq!(trend.percentile(percent), Some(Duration::from_nanos(1_234_567)));
        }
    }

    #[test]
    fn merging_equals_recording_together() {
        let mut merged = trend((1..5000).step_by(3));
        merged.merge(&trend([7_200_000_000, 3]));
        let together = trend((1..5000).step_by(3).chain([7_200_000_000, 3]));
        assert_eq!(merged.histogram, together.histogram);
        assert_eq!(
            (merged.sum_ns, merged.min, merged.max),
            (together.sum_ns, together.min, together.max)
        );
    }

    #[test]
    fn the_longest_duration_is_taken_without_a_panic() {
        let mut trend = Trend::default();
        trend.record(Duration::MAX);
        assert_eq!((trend.count(), trend.max()), (1, Some(Duration::MAX)));
    }
}
