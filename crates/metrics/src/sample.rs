//! What evidence asks of samples, whichever way they are kept.

use std::time::Duration;

use crate::{Trend, TrendBlock, buckets};

pub(crate) trait Sample {
    /// The number of samples.
    fn count(&self) -> u64;

    /// The exact mean in nanoseconds; 0 without samples.
    fn mean_ns(&self) -> f64;

    /// The standard deviation in nanoseconds, within the precision of the buckets.
    fn deviation_ns(&self) -> f64;

    /// The value at a level from 0 to 1 that stands for the sample number `level (n + 1)`, between
    /// two samples in proportion. `None` without samples.
    fn at_level(&self, level: f64) -> Option<Duration>;

    /// The share of samples that do not exceed this, within the precision of the buckets.
    fn share_up_to(&self, bound: Duration) -> f64;
}

/// The square root of the mean squared distance from the mean.
fn deviation(values: impl Iterator<Item = (f64, u64)>, mean: f64, count: u64) -> f64 {
    let squares: f64 =
        values.map(|(value, count)| (value - mean) * (value - mean) * count as f64).sum();
    (squares / (count as f64 - 1.0).max(1.0)).sqrt()
}

fn nanos(duration: Option<Duration>) -> f64 {
    duration.map_or(0.0, |duration| duration.as_nanos() as f64)
}

impl Sample for Trend {
    fn count(&self) -> u64 {
        self.count()
    }

    fn mean_ns(&self) -> f64 {
        nanos(self.mean())
    }

    fn deviation_ns(&self) -> f64 {
        let values = self.values_us().map(|(us, count)| (us as f64 * 1e3, count));
        deviation(values, self.mean_ns(), self.count())
    }

    fn at_level(&self, level: f64) -> Option<Duration> {
        let number = (level * (self.count() + 1) as f64).clamp(1.0, self.count().max(1) as f64);
        let below = self.sample(number.floor() as u64)?;
        let above = self.sample(number.ceil() as u64)?;
        Some(below + above.saturating_sub(below).mul_f64(number.fract()))
    }

    fn share_up_to(&self, bound: Duration) -> f64 {
        let bound_us = buckets::micros(bound);
        let within = self.values_us().take_while(|(us, _)| *us <= bound_us);
        within.map(|(_, count)| count).sum::<u64>() as f64 / self.count() as f64
    }
}

impl Sample for TrendBlock {
    fn count(&self) -> u64 {
        self.count()
    }

    fn mean_ns(&self) -> f64 {
        nanos(self.mean())
    }

    fn deviation_ns(&self) -> f64 {
        let middle = |bucket| {
            let (low, high) = buckets::bounds(bucket);
            (low as f64 + high as f64) / 2.0 * 1e3
        };
        let values = self.counts().map(|(bucket, count)| (middle(bucket), count));
        deviation(values, self.mean_ns(), self.count())
    }

    fn at_level(&self, level: f64) -> Option<Duration> {
        self.percentile(level * (self.count() + 1) as f64 / self.count() as f64 * 100.0)
    }

    fn share_up_to(&self, bound: Duration) -> f64 {
        self.count_up_to(buckets::of(buckets::micros(bound))) as f64 / self.count() as f64
    }
}
