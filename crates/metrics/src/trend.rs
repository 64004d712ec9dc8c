mod parts;

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::{block, buckets};

/// A distribution of durations: count, sum, least and greatest exactly, to the nanosecond, and
/// percentiles from an HDR histogram of microseconds that is right to three digits, from 1 µs up to
/// whatever comes.
///
/// The histogram is made with the first sample that is not zero, and grows with the greatest value
/// it has seen; for a minute that is 136 KiB, for an hour 188 KiB. What is always zero, such as a
/// phase that never happens, takes no more than this struct.
#[derive(Clone, Debug)]
pub struct Trend {
    histogram: Option<Histogram<u64>>,
    /// The samples of no time at all.
    zeros: u64,
    sum_ns: u128,
    min: Duration,
    max: Duration,
}

impl Default for Trend {
    fn default() -> Self {
        Trend { histogram: None, zeros: 0, sum_ns: 0, min: Duration::MAX, max: Duration::ZERO }
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three significant digits are within HDR's range")
}

impl Trend {
    /// Adds one sample.
    pub fn record(&mut self, sample: Duration) {
        if sample.is_zero() {
            self.zeros += 1;
        } else {
            let histogram = self.histogram.get_or_insert_with(histogram);
            let sample_us = buckets::micros(sample);
            // It grows as needed; what even then is beyond it counts as its greatest value.
            if histogram.record(sample_us).is_err() {
                histogram.saturating_record(sample_us);
            }
        }
        self.sum_ns += sample.as_nanos();
        self.min = self.min.min(sample);
        self.max = self.max.max(sample);
    }

    /// Adds all samples of `other`.
    pub fn merge(&mut self, other: &Trend) {
        if let Some(more) = &other.histogram {
            let histogram = self.histogram.get_or_insert_with(histogram);
            histogram
                .add(more)
                .expect("a histogram that resizes itself takes any other of the same precision");
        }
        self.zeros += other.zeros;
        self.sum_ns += other.sum_ns;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The number of samples.
    pub fn count(&self) -> u64 {
        self.zeros + self.histogram.as_ref().map_or(0, Histogram::len)
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
        self.sample(block::rank(percent, self.count()))
    }

    /// The sample with this number, from 1, in ascending order, within the histogram's precision.
    /// `None` if there are not so many.
    pub fn sample(&self, number: u64) -> Option<Duration> {
        if number == 0 || number > self.count() {
            return None;
        }
        let Some(number) = number.checked_sub(self.zeros).filter(|number| *number > 0) else {
            return Some(Duration::ZERO);
        };
        let histogram = self.histogram.as_ref()?;
        // In the middle of the sample's share, where no rounding makes it a neighbour's.
        let value_us = histogram.value_at_quantile((number as f64 - 0.5) / histogram.len() as f64);
        Some(Duration::from_micros(value_us).clamp(self.min, self.max))
    }

    /// The values in microseconds that have samples, in ascending order, with their counts.
    pub(crate) fn values_us(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let zeros = (self.zeros > 0).then_some((0, self.zeros));
        let recorded = self.histogram.iter().flat_map(Histogram::iter_recorded);
        zeros
            .into_iter()
            .chain(recorded.map(|step| (step.value_iterated_to(), step.count_at_value())))
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
        let recorded = self.histogram.as_ref();
        self.zeros + recorded.map_or(0, |histogram| histogram.count_between(0, bound_us))
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
    fn what_is_always_zero_costs_no_histogram_and_is_counted_all_the_same() {
        let mut zeros = trend([0; 90]);
        assert!(zeros.histogram.is_none());
        assert_eq!(
            (zeros.count(), zeros.mean(), zeros.percentile(99.0)),
            (90, Some(Duration::ZERO), Some(Duration::ZERO))
        );
        let mut merged = trend([1000; 10]);
        merged.merge(&zeros);
        zeros.merge(&trend([1000; 10]));
        for trend in [zeros, merged] {
            let at = |percent| trend.percentile(percent).unwrap().as_micros();
            assert_eq!(
                (trend.count(), at(50.0), at(90.0), at(90.5), at(100.0)),
                (100, 0, 0, 1000, 1000)
            );
        }
    }

    #[test]
    fn the_longest_duration_is_taken_without_a_panic() {
        let mut trend = Trend::default();
        trend.record(Duration::MAX);
        assert_eq!((trend.count(), trend.max()), (1, Some(Duration::MAX)));
    }
}
