//! The samples of a trend within one block of a run's seconds.

use std::time::Duration;

use crate::buckets::{self, BUCKETS, Sparse};

/// The samples of a trend within a block of seconds: count, sum, least and greatest exactly, and
/// percentiles from buckets that are less than 1 % wide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrendBlock {
    count: u64,
    sum_ns: u64,
    min_ns: u64,
    max_ns: u64,
    buckets: Sparse,
}

impl TrendBlock {
    /// Of samples in any order.
    pub fn of(samples: impl IntoIterator<Item = Duration>) -> Self {
        let mut open = OpenBlock::default();
        samples.into_iter().for_each(|sample| open.record(sample));
        open.close()
    }

    /// The number of samples.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The exact mean; `None` without samples.
    pub fn mean(&self) -> Option<Duration> {
        self.sum_ns.checked_div(self.count).map(Duration::from_nanos)
    }

    /// The exact least sample; `None` without samples.
    pub fn min(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_nanos(self.min_ns))
    }

    /// The exact greatest sample; `None` without samples.
    pub fn max(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_nanos(self.max_ns))
    }

    /// The least value that at least `percent` per cent of the samples do not exceed, within 1 % and
    /// never outside the range of the samples. `None` without samples.
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        let rank = rank(percent, self.count);
        let mut seen = 0;
        let bucket = self.buckets.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        let high_us = buckets::bounds(bucket?.0).1;
        Some(Duration::from_micros(high_us).clamp(self.min()?, self.max()?))
    }

    /// The buckets that have samples, in ascending order: the least and greatest duration of each,
    /// and its count. Both are whole microseconds, to which samples are rounded.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, Duration, u64)> + '_ {
        self.buckets.iter().map(|(bucket, count)| {
            let (low, high) = buckets::bounds(bucket);
            (Duration::from_micros(low), Duration::from_micros(high), count)
        })
    }

    /// Adds the samples of another block.
    pub fn merge(&mut self, other: &TrendBlock) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other.clone();
            return;
        }
        self.count += other.count;
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
        self.buckets = self.buckets.merged(&other.buckets);
    }

    pub(crate) fn sum_ns(&self) -> u64 {
        self.sum_ns
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.buckets.iter()
    }

    /// The samples in this bucket and below it.
    pub(crate) fn count_up_to(&self, bucket: usize) -> u64 {
        self.counts().take_while(|(own, _)| *own <= bucket).map(|(_, count)| count).sum()
    }

    /// The bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.buckets.bytes()
    }
}

/// The number of the sample, from 1, that is the percentile: the least one that at least `percent`
/// per cent of the samples do not exceed.
pub(crate) fn rank(percent: f64, count: u64) -> u64 {
    let share = percent.clamp(0.0, 100.0) / 100.0 * count as f64;
    // 99.9 % of 1000 are 999, and not the 1000 that binary fractions make of it.
    ((share * (1.0 - 1e-12)).ceil() as u64).clamp(1, count.max(1))
}

/// A block that samples are still added to: 16 KiB from its first sample on.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenBlock {
    /// One for each bucket, made when first needed.
    counts: Vec<u32>,
    /// The buckets that were touched.
    low: usize,
    high: usize,
    count: u64,
    sum_ns: u64,
    min_ns: u64,
    max_ns: u64,
}

impl OpenBlock {
    pub(crate) fn record(&mut self, sample: Duration) {
        let bucket = buckets::of(buckets::micros(sample));
        let ns = u64::try_from(sample.as_nanos()).unwrap_or(u64::MAX);
        if self.count == 0 {
            self.counts.resize(BUCKETS, 0);
            (self.low, self.high, self.min_ns, self.max_ns) = (bucket, bucket, ns, ns);
        }
        self.low = self.low.min(bucket);
        self.high = self.high.max(bucket);
        self.min_ns = self.min_ns.min(ns);
        self.max_ns = self.max_ns.max(ns);
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.count += 1;
        self.sum_ns = self.sum_ns.saturating_add(ns);
    }

    /// What was recorded since this was called last.
    pub(crate) fn close(&mut self) -> TrendBlock {
        if self.count == 0 {
            return TrendBlock::default();
        }
        let touched = &mut self.counts[self.low..=self.high];
        let pairs = touched.iter().zip(self.low..).map(|(count, at)| (at, u64::from(*count)));
        let block = TrendBlock {
            count: self.count,
            sum_ns: self.sum_ns,
            min_ns: self.min_ns,
            max_ns: self.max_ns,
            buckets: Sparse::new(pairs),
        };
        touched.fill(0);
        (self.count, self.sum_ns) = (0, 0);
        block
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(samples: impl IntoIterator<Item = u64>) -> TrendBlock {
        TrendBlock::of(samples.into_iter().map(Duration::from_micros))
    }

    #[test]
    fn a_block_is_exact_but_for_percentiles_which_are_within_a_hundredth() {
        let block = micros(1..=100_000);
        assert_eq!(block.count(), 100_000);
        assert_eq!(block.mean(), Some(Duration::from_nanos(50_000_500)));
        assert_eq!(block.max(), Some(Duration::from_millis(100)));
        for percent in [0.1, 1.0, 50.0, 95.0, 99.0, 99.9] {
            let (found, exact) = (block.percentile(percent).unwrap(), percent / 1e3);
            assert!((found.as_secs_f64() - exact).abs() <= exact / 100.0, "{percent}: {found:?}");
        }
        assert_eq!(block.percentile(100.0), block.max());
        assert_eq!(TrendBlock::default().percentile(50.0), None);
    }

    #[test]
    fn merging_equals_recording_together() {
        let mut merged = micros((1..5000).step_by(3));
        merged.merge(&micros([7_200_000_000, 3]));
        merged.merge(&TrendBlock::default());
        assert_eq!(merged, micros((1..5000).step_by(3).chain([7_200_000_000, 3])));
    }

    #[test]
    fn an_open_block_is_empty_again_when_it_was_closed() {
        let mut open = OpenBlock::default();
        open.record(Duration::from_millis(5));
        assert_eq!(open.close().count(), 1);
        assert_eq!(open.close(), TrendBlock::default());
        open.record(Duration::from_millis(7));
        assert_eq!(open.close(), micros([7000]));
    }

    #[test]
    fn the_rank_of_a_percentile_is_not_shifted_by_binary_fractions() {
        for (percent, count, expected) in [
            (99.9, 1000, 999),
            (95.0, 100, 95),
            (95.0, 10, 10),
            (0.0, 7, 1),
            (100.0, 7, 7),
            (57.0, 100, 57),
        ] {
            assert_eq!(rank(percent, count), expected, "p({percent}) of {count}");
        }
    }
}
