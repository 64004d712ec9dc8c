//! How sure an observed value is, and how many samples it would take to be surer.

use std::time::Duration;

use crate::buckets;
use crate::sample::Sample;
use crate::stats::{self, Dependence};
use crate::threshold::{Aggregation, Comparison};
use crate::{Evidence, Metric, MetricKey, MetricSet, Rate, Stat, Threshold, TrendBlock};

/// Fewer effective samples than one of so many are no chance: samples depend on each other.
const DEPENDENT: f64 = 3.0;
/// More samples than this are no advice.
const MORE_MAX: f64 = 1e12;

impl Threshold {
    /// The least number of samples with which a pass can be relied on at 95 %, if they are
    /// independent of each other: 36 for a p(90) below a bound, 72 for a p(95), 368 for a p(99), and
    /// 381 for a rate below 1 %. With fewer, the interval of the value has no end on that side, or,
    /// where nothing failed, not below the bound: all of them could meet the bound by chance while
    /// the percentile or rate does not.
    ///
    /// 1 for what is a fact about the run and no estimate: counts, levels, the least and the
    /// greatest, and the mean, about which a number of samples says nothing as long as their spread
    /// is not known. `rate` is read as a share of 1, as for rates. The rate of a counter is such a
    /// fact.
    pub fn samples_needed(&self) -> u64 {
        let Some(order) = self.order() else { return 1 };
        // The chance of one sample to meet the bound, where in truth the bound is only just missed.
        let chance = if self.is_upper_bound() { order } else { 1.0 - order };
        if chance <= 0.0 || chance >= 1.0 {
            return 1;
        }
        match self.aggregation {
            // Wilson's interval of a share of 0 reaches up to z² / (n + z²).
            Aggregation::Rate => (stats::z().powi(2) * chance / (1.0 - chance)) as u64 + 1,
            _ => (stats::TAIL.ln() / chance.ln()).ceil() as u64,
        }
    }

    /// Of a percentile its order, of a rate the share that is not the bound's; `None` for facts.
    fn order(&self) -> Option<f64> {
        match (self.aggregation, self.comparison) {
            (_, Comparison::Equal | Comparison::NotEqual) => None,
            (Aggregation::Stat(stat), _) => order(stat),
            (Aggregation::Rate, _) => Some(1.0 - self.bound),
            (Aggregation::Count | Aggregation::Value, _) => None,
        }
    }

    /// How sure what is observed of a metric of the set is.
    pub(crate) fn evidence(&self, set: &MetricSet, metric: &Metric) -> Evidence {
        let selector = self.selector();
        match metric {
            Metric::Trend(trend) => {
                let blocks = blocks_of(set, selector, trend.count());
                self.evidence_of_trend(trend.as_ref(), &blocks)
            }
            Metric::Rate(rate) => self.evidence_of_rate(*rate, &set.timeline().rates(selector)),
            Metric::Counter(sum) => fact(*sum),
            Metric::Gauge(_) => fact(1),
        }
    }

    /// The same of samples, which came block by block.
    pub(crate) fn evidence_of_trend(&self, trend: &impl Sample, blocks: &[TrendBlock]) -> Evidence {
        let is_equality = matches!(self.comparison, Comparison::Equal | Comparison::NotEqual);
        match self.aggregation {
            Aggregation::Stat(Stat::Avg) if !is_equality => self.of_mean(trend, blocks),
            Aggregation::Stat(stat) if !is_equality => match order(stat) {
                Some(order) => self.of_percentile(order, trend, blocks),
                None => fact(trend.count()),
            },
            _ => fact(trend.count()),
        }
    }

    /// The same of a share of events, which came block by block.
    pub(crate) fn evidence_of_rate(&self, rate: Rate, blocks: &[Rate]) -> Evidence {
        let Some(share) = rate.value().filter(|_| self.order().is_some()) else {
            return fact(rate.total);
        };
        let blocks: Vec<_> =
            blocks.iter().map(|block| (block.trues as f64, block.total as f64)).collect();
        let n = rate.total as f64;
        let effective = effective(&blocks, share, n);
        let (low, high) = stats::share_interval(share, effective);
        let decides = |n: f64| {
            let (low, high) = stats::share_interval(share, n);
            self.comparison.holds(if self.is_upper_bound() { high } else { low }, self.bound)
        };
        let more_needed = more(n, effective, decides);
        Evidence {
            low: Some(low),
            high: Some(high),
            more_needed,
            ..estimate(rate.total, effective)
        }
    }

    fn of_percentile(&self, order: f64, trend: &impl Sample, blocks: &[TrendBlock]) -> Evidence {
        let (count, n) = (trend.count(), trend.count() as f64);
        let seen = Percentile { order, n, blocks };
        let estimate_us = buckets::micros(trend.at_level(order).unwrap_or_default());
        let (low_n, high_n) = seen.ends(buckets::of(estimate_us));
        let value = |level: Option<f64>| trend.at_level(level?).map(milliseconds);
        let low = low_n.and_then(|n| value(stats::quantile_levels(order, n).0));
        let high = high_n.and_then(|n| value(stats::quantile_levels(order, n).1));
        let at_bound = seen.effective(buckets::of((self.bound.max(0.0) * 1e3) as u64));
        let bound = Duration::try_from_secs_f64(self.bound / 1e3).unwrap_or_default();
        let meets = trend.share_up_to(bound);
        let decides = |n: f64| match self.is_upper_bound() {
            true => stats::is_below(order, n, meets),
            false => stats::is_above(order, n, meets),
        };
        let more_needed = more(n, at_bound, decides);
        Evidence { low, high, more_needed, ..estimate(count, at_bound) }
    }

    fn of_mean(&self, trend: &impl Sample, blocks: &[TrendBlock]) -> Evidence {
        let (count, n) = (trend.count(), trend.count() as f64);
        let sums: Vec<_> =
            blocks.iter().map(|block| (block.sum_ns() as f64, block.count() as f64)).collect();
        let (mean, deviation) = (trend.mean_ns(), trend.deviation_ns());
        let found =
            stats::dependence(&sums).unwrap_or_else(|| Dependence::independent(deviation, n));
        if count < 2 {
            return Evidence { more_needed: Some(1), ..estimate(count, n) };
        }
        let reach = found.reach * found.variance.sqrt();
        // A tie of the mean and its bound is decided by no number of samples.
        let distance = (self.bound * 1e6 - mean).abs();
        let total = n * (reach / distance).powi(2);
        let more_needed = (total < MORE_MAX).then(|| ((total - n).ceil() as u64).max(1));
        let effective = (deviation * deviation / found.variance).min(n);
        Evidence {
            low: Some((mean - reach).max(0.0) / 1e6),
            high: Some((mean + reach) / 1e6),
            more_needed,
            ..estimate(count, if effective.is_finite() { effective } else { n })
        }
    }
}

/// Samples of which a percentile is asked for.
struct Percentile<'a> {
    /// The percentile, 0 to 1.
    order: f64,
    n: f64,
    blocks: &'a [TrendBlock],
}

impl Percentile<'_> {
    /// How many independent samples would say as much about the share of samples up to the end of
    /// this bucket, as the times of those above it show.
    fn effective(&self, bucket: usize) -> f64 {
        self.share_up_to(bucket).1
    }

    /// That share, and the number.
    fn share_up_to(&self, bucket: usize) -> (f64, f64) {
        let of_block =
            |block: &TrendBlock| (block.count_up_to(bucket) as f64, block.count() as f64);
        let below: Vec<_> = self.blocks.iter().map(of_block).collect();
        let share = below.iter().map(|(below, _)| below).sum::<f64>() / self.n;
        (share, effective(&below, share, self.n))
    }

    /// The effective numbers of samples at the two ends of the percentile's interval; `None` for an
    /// end that there is not.
    ///
    /// The interval is all values that the percentile may have by a test of each: too few samples
    /// are below the lower end, and too many below the upper one. How dependent samples are is seen
    /// at the ends themselves: what is slow comes in bursts when what is usual does not, and where
    /// nothing ever took as long as a bound, no burst did.
    fn ends(&self, estimate: usize) -> (Option<f64>, Option<f64>) {
        if self.blocks.is_empty() {
            return (Some(self.n), Some(self.n));
        }
        let mut buckets: Vec<_> =
            self.blocks.iter().flat_map(TrendBlock::counts).map(|(bucket, _)| bucket).collect();
        buckets.sort_unstable();
        buckets.dedup();
        let (below, above) = buckets.split_at(buckets.partition_point(|own| *own < estimate));
        let known = self.effective(estimate);
        let is_dependent = known < self.n / DEPENDENT;
        // Where few samples are beyond a value, it may be luck that they did not come in a burst.
        let seen = |bucket: usize| {
            let (share, n) = self.share_up_to(bucket);
            let some = share > 0.0 && share < 1.0;
            (share, if some && is_dependent { n.min(known) } else { n })
        };
        let is_below = |bucket: &usize| {
            let (share, n) = seen(*bucket);
            stats::is_above(self.order, n, share)
        };
        let is_above = |bucket: &usize| {
            let (share, n) = seen(*bucket);
            stats::is_below(self.order, n, share)
        };
        let low = below[..below.partition_point(is_below)].last().map(|own| seen(*own).1);
        let high = above.get(above.partition_point(|own| !is_above(own)));
        // Below all samples there are none, of which nothing depends on another.
        (low.or(Some(self.n)), high.map(|own| seen(*own).1))
    }
}

/// The order of a percentile, 0 to 1; `None` for what is no percentile, and for the extremes.
fn order(stat: Stat) -> Option<f64> {
    match stat {
        Stat::Percentile(percent) => {
            Some(percent / 100.0).filter(|order| *order > 0.0 && *order < 1.0)
        }
        Stat::Med => Some(0.5),
        _ => None,
    }
}

fn fact(samples: u64) -> Evidence {
    Evidence { samples, effective: samples as f64, is_exact: true, ..Evidence::default() }
}

fn estimate(samples: u64, effective: f64) -> Evidence {
    let effective = effective.min(samples as f64);
    Evidence { samples, effective, ..Evidence::default() }
}

/// The blocks of a trend that has so many samples; none if they are not all of them.
fn blocks_of(set: &MetricSet, selector: &MetricKey, count: u64) -> Vec<TrendBlock> {
    let blocks = set.timeline().trends(selector).unwrap_or_default();
    let all: u64 = blocks.iter().map(TrendBlock::count).sum();
    if all == count { blocks } else { Vec::new() }
}

/// How many independent samples say as much about a share of `n` as these blocks do.
fn effective(blocks: &[(f64, f64)], share: f64, n: f64) -> f64 {
    stats::dependence(blocks).map_or(n, |found| found.effective(share, n))
}

/// How many more samples make so many that they decide, if more are as dependent as those that there
/// are; `None` if no number does.
fn more(samples: f64, effective: f64, decides: impl Fn(f64) -> bool) -> Option<u64> {
    let mut high = 1.0;
    while !decides(high) {
        high *= 2.0;
        if high > MORE_MAX {
            return None;
        }
    }
    let mut low = high / 2.0;
    while high - low > 1.0 {
        let middle = f64::midpoint(low, high).floor();
        if decides(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    let total = high * samples / effective;
    Some(((total - samples).ceil() as u64).max(1))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_rates_need_what_statistics_says() {
        for (expression, needed) in [
            ("p(90)<800", 36),
            ("p(95)<800", 72),
            ("p(99)<=1500", 368),
            ("p(99.9)<1500", 3688),
            ("p(5)>10", 72),
            ("med<10", 6),
            ("rate<0.01", 381),
            ("rate<=0.05", 73),
            ("rate>0.99", 381),
            ("rate==0", 1),
            ("rate<1", 1),
            ("rate<0", 1),
            ("count==0", 1),
            ("count<5", 1),
            ("value<5", 1),
            ("max<10", 1),
            ("p(100)<10", 1),
            ("avg<10", 1),
        ] {
            let threshold = Threshold::parse("m", expression).unwrap();
            assert_eq!(threshold.samples_needed(), needed, "{expression}");
        }
    }

    fn of_millis(
        samples: impl IntoIterator<Item = u64>,
        expression: &str,
    ) -> crate::ThresholdResult {
        let mut set = MetricSet::default();
        let trend = set.trend(MetricKey::new("d"));
        samples.into_iter().for_each(|ms| set.record(trend, Duration::from_millis(ms)));
        Threshold::parse("d", expression).unwrap().evaluate(&set, Duration::from_secs(1))
    }

    #[test]
    fn too_few_samples_say_how_many_more_are_needed() {
        for (count, expression, more) in [
            (1, "p(95)<800", Some(71)),
            (10, "p(95)<800", Some(62)),
            (71, "p(95)<800", Some(1)),
            (72, "p(95)<800", None),
            (10, "p(99)<800", Some(358)),
            (1, "avg<800", Some(1)),
            (2, "max<800", None),
        ] {
            let found = of_millis((0..count).map(|_| 5), expression);
            assert_eq!(found.evidence.more_needed, more, "{count} {expression}: {found:?}");
        }
    }

    #[test]
    fn as_many_more_as_were_said_decide() {
        let outcome = |samples: u64, expression| {
            // As many of each from 1 to 100 ms, in an order that says nothing.
            of_millis((0..samples).map(|n| 1 + n * 37 % 100), expression)
        };
        for expression in ["p(95)<97", "med<53", "p(90)>88", "avg<52"] {
            let few = outcome(400, expression);
            let more = few.evidence.more_needed.unwrap();
            assert_eq!(few.outcome, crate::Outcome::Undecided, "{expression} {few:?}");
            let enough = (400 + more).next_multiple_of(100);
            assert_eq!(
                outcome(enough, expression).outcome,
                crate::Outcome::Pass,
                "{expression} {more}"
            );
            let less = (400 + more * 7 / 10) / 100 * 100;
            assert_eq!(
                outcome(less, expression).outcome,
                crate::Outcome::Undecided,
                "{expression} {more}"
            );
        }
    }

    #[test]
    fn a_rate_without_failures_needs_as_many_as_were_said() {
        let of = |total: u64| {
            let mut set = MetricSet::default();
            let failed = set.rate(MetricKey::new("failed"));
            (0..total).for_each(|_| set.observe(failed, false));
            Threshold::parse("failed", "rate<0.01").unwrap().evaluate(&set, Duration::ZERO)
        };
        assert_eq!(of(100).evidence.more_needed, Some(281));
        assert_eq!(of(380).evidence.more_needed, Some(1));
        assert_eq!((of(381).outcome, of(381).evidence.more_needed), (crate::Outcome::Pass, None));
    }
}
