//! Thresholds over every window of a run.

use std::time::Duration;

use crate::block;
use crate::buckets::{self, BUCKETS};
use crate::threshold::Aggregation;
use crate::{
    Evidence, Metric, MetricSet, Rate, Stat, Threshold, ThresholdResult, TrendBlock, WorstWindow,
};

/// Evaluates the condition over every whole window of this length that has samples, one beginning
/// with each second of the run: it holds if it holds in all of them. What is observed, and how sure
/// it is, is that of the worst. A run that is shorter is one window.
pub(crate) fn evaluate(
    threshold: &Threshold,
    set: &MetricSet,
    length: Duration,
    load: Duration,
) -> ThresholdResult {
    let timeline = set.timeline();
    let block = timeline.block_length();
    let blocks = (length.as_nanos().div_ceil(block.as_nanos()) as usize).max(1);
    let windows = Windows { threshold, blocks: blocks.min(timeline.len()), block };
    if windows.blocks == 0 {
        return threshold.without_window().evaluate(set, load).of(threshold);
    }
    let selector = threshold.selector();
    match set.select(selector) {
        Some(Metric::Trend(_)) => windows.of_trend(&timeline.trends(selector).unwrap_or_default()),
        Some(Metric::Rate(_)) => windows.of_rate(&timeline.rates(selector)),
        Some(Metric::Counter(_)) => windows.of_counter(&timeline.counts(selector)),
        Some(Metric::Gauge(_)) => windows.of_gauge(&timeline.levels(selector)),
        None => threshold.void(),
    }
}

impl ThresholdResult {
    /// The same result, of another threshold.
    fn of(self, threshold: &Threshold) -> Self {
        ThresholdResult { threshold: threshold.clone(), ..self }
    }
}

struct Windows<'a> {
    threshold: &'a Threshold,
    /// The blocks of a window.
    blocks: usize,
    /// The length of a block.
    block: Duration,
}

impl Windows<'_> {
    fn of_trend(&self, blocks: &[TrendBlock]) -> ThresholdResult {
        let mut rolling = Rolling::default();
        let values = (0..blocks.len()).filter_map(|last| {
            rolling.add(&blocks[last]);
            let first = (last + 1).checked_sub(self.blocks)?;
            let window = &blocks[first..=last];
            let value = self.statistic(&rolling, window);
            rolling.remove(&blocks[first]);
            Some((first, value?))
        });
        self.judge(values, |first| {
            let window = &blocks[first..first + self.blocks];
            let mut all = TrendBlock::default();
            window.iter().for_each(|block| all.merge(block));
            self.threshold.evidence_of_trend(&all, window)
        })
    }

    /// In milliseconds, or a number of samples; `None` without samples.
    fn statistic(&self, rolling: &Rolling, window: &[TrendBlock]) -> Option<f64> {
        let count = rolling.count;
        let millis = |duration: Duration| duration.as_nanos() as f64 / 1e6;
        let (min, max) = (
            window.iter().filter_map(TrendBlock::min).min()?,
            window.iter().filter_map(TrendBlock::max).max()?,
        );
        Some(match self.threshold.aggregation {
            Aggregation::Count | Aggregation::Stat(Stat::Count) => count as f64,
            Aggregation::Stat(Stat::Avg) => {
                let sum_ns: f64 = window.iter().map(|block| block.sum_ns() as f64).sum();
                sum_ns / count as f64 / 1e6
            }
            Aggregation::Stat(Stat::Max) => millis(max),
            Aggregation::Stat(Stat::Min) => millis(min),
            Aggregation::Stat(Stat::Med) => millis(rolling.percentile(50.0).clamp(min, max)),
            Aggregation::Stat(Stat::Percentile(percent)) => {
                millis(rolling.percentile(percent).clamp(min, max))
            }
            Aggregation::Rate | Aggregation::Value => return None,
        })
    }

    fn of_rate(&self, blocks: &[Rate]) -> ThresholdResult {
        let sum = |window: &[Rate]| {
            window.iter().fold(Rate::default(), |mut sum, block| {
                sum += *block;
                sum
            })
        };
        let is_asked = self.threshold.aggregation == Aggregation::Rate;
        let value = |window: &[Rate]| sum(window).value().filter(|_| is_asked);
        self.judge(self.each(blocks, value), |first| {
            let window = &blocks[first..first + self.blocks];
            self.threshold.evidence_of_rate(sum(window), window)
        })
    }

    /// A window in which nothing was counted counts: its sum is 0.
    fn of_counter(&self, blocks: &[u64]) -> ThresholdResult {
        let seconds = (self.block * self.blocks as u32).as_secs_f64();
        let value = |window: &[u64]| {
            let sum = window.iter().sum::<u64>() as f64;
            match self.threshold.aggregation {
                Aggregation::Count => Some(sum),
                Aggregation::Rate => Some(sum / seconds),
                _ => None,
            }
        };
        self.judge(self.each(blocks, value), |first| {
            fact(blocks[first..first + self.blocks].iter().sum())
        })
    }

    /// The level at the end of each window.
    fn of_gauge(&self, blocks: &[Option<u64>]) -> ThresholdResult {
        let is_asked = self.threshold.aggregation == Aggregation::Value;
        let value = |window: &[Option<u64>]| {
            window.last().copied().flatten().map(|level| level as f64).filter(|_| is_asked)
        };
        self.judge(self.each(blocks, value), |_| fact(1))
    }

    /// The number of each window's first block, and its value.
    fn each<'b, T>(
        &self,
        blocks: &'b [T],
        value: impl Fn(&[T]) -> Option<f64> + 'b,
    ) -> impl Iterator<Item = (usize, f64)> + 'b {
        let windows = blocks.windows(self.blocks).enumerate();
        windows.filter_map(move |(first, window)| Some((first, value(window)?)))
    }

    fn judge(
        &self,
        values: impl Iterator<Item = (usize, f64)>,
        evidence: impl Fn(usize) -> Evidence,
    ) -> ThresholdResult {
        // The first of those that are as bad as any, so that a run tells when it began.
        let worst = values.reduce(|worst, other| {
            if self.badness(other.1) > self.badness(worst.1) { other } else { worst }
        });
        let Some((first, value)) = worst else { return self.threshold.void() };
        let at = |block: usize| self.block * block as u32;
        let window = WorstWindow { from: at(first), to: at(first + self.blocks) };
        let evidence = Evidence { window: Some(window), ..evidence(first) };
        self.threshold.judged(value, evidence)
    }

    /// How far a value is on the wrong side of the bound; what is on the right side is negative.
    fn badness(&self, value: f64) -> f64 {
        let Threshold { comparison, bound, .. } = self.threshold;
        let distance = (value - bound).abs();
        if comparison.holds(value, *bound) { -distance } else { distance }
    }
}

fn fact(samples: u64) -> Evidence {
    Evidence { samples, effective: samples as f64, is_exact: true, ..Evidence::default() }
}

/// The samples of a window that moves on.
struct Rolling {
    counts: Vec<u64>,
    count: u64,
}

impl Default for Rolling {
    fn default() -> Self {
        Rolling { counts: vec![0; BUCKETS], count: 0 }
    }
}

impl Rolling {
    fn add(&mut self, block: &TrendBlock) {
        self.count += block.count();
        block.counts().for_each(|(bucket, count)| self.counts[bucket] += count);
    }

    fn remove(&mut self, block: &TrendBlock) {
        self.count -= block.count();
        block.counts().for_each(|(bucket, count)| self.counts[bucket] -= count);
    }

    /// The upper end of the bucket that the percentile is in.
    fn percentile(&self, percent: f64) -> Duration {
        let rank = block::rank(percent, self.count);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        Duration::from_micros(buckets::bounds(bucket.unwrap_or(0)).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    /// A minute at 100 samples a second of 10 ms; from second 20 to 29 each takes 50 ms and one of
    /// ten fails; second 40 to 49 is silent.
    fn set() -> MetricSet {
        let mut set = MetricSet::default();
        let key = |name: &str| name.parse().unwrap();
        set.follow(key("d"));
        let (trend, rate) = (set.trend(key("d")), set.rate(key("f")));
        let (count, level) = (set.counter(key("n")), set.gauge(key("g")));
        set.trend(key("unfollowed"));
        for second in (0..60).filter(|second| !(40..50).contains(second)) {
            set.advance(second);
            let slow = (20..30).contains(&second);
            set.set(level, second);
            for n in 0..100 {
                set.record(trend, Duration::from_millis(if slow { 50 } else { 10 }));
                set.observe(rate, slow && n % 10 == 0);
                set.add(count, 1);
            }
        }
        set.finish();
        set
    }

    fn result(selector: &str, expression: &str) -> ThresholdResult {
        let threshold = Threshold::parse(selector, expression).unwrap();
        threshold.evaluate(&set(), Duration::from_secs(60))
    }

    #[test]
    fn a_condition_has_to_hold_in_the_worst_window() {
        use Outcome::{Fail, Pass, Undecided, Void};
        for (selector, expression, outcome, observed, from) in [
            ("d", "p(80)<20", Undecided, 10.0, None),
            ("d", "p(80)<20 window=10s", Fail, 50.0, Some(13)),
            ("d", "p(80)<60 window=10s", Pass, 50.0, Some(13)),
            ("d", "p(20)>5 window=10s", Pass, 10.0, Some(0)),
            ("d", "avg<49 window=10s", Fail, 50.0, Some(20)),
            ("d", "max<20 window=1s", Fail, 50.0, Some(20)),
            ("d", "min>=10 window=1m", Pass, 10.0, Some(0)),
            ("d", "count>99 window=5s", Pass, 100.0, Some(39)),
            ("f", "rate<0.05", Undecided, 0.02, None),
            ("f", "rate<0.05 window=10s", Fail, 0.1, Some(20)),
            ("f", "rate<0.05 window=2m", Undecided, 0.02, Some(0)),
            ("n", "count>=1 window=10s", Fail, 0.0, Some(40)),
            ("n", "rate>=50 window=20s", Pass, 50.0, Some(30)),
            ("g", "value<59 window=1s", Fail, 59.0, Some(59)),
        ] {
            let found = result(selector, expression);
            assert_eq!(found.outcome, outcome, "{expression}: {found:?}");
            let is_near = |found: f64| (found - observed).abs() <= observed / 1000.0;
            assert!(found.observed.is_some_and(is_near), "{expression}: {found:?}");
            let window = found.evidence.window.map(|window| window.from.as_secs());
            assert_eq!(window, from, "{expression}");
        }
        for (selector, expression) in [
            ("unfollowed", "max<1 window=10s"),
            ("absent", "max<1 window=10s"),
            ("f", "p(95)<1 window=10s"),
            ("d", "value<1 window=10s"),
        ] {
            assert_eq!(result(selector, expression).outcome, Void, "{selector} {expression}");
        }
    }

    #[test]
    fn the_worst_window_is_what_has_to_be_sure() {
        let found = result("d", "p(95)<60 window=1s");
        assert_eq!((found.evidence.samples, found.outcome), (100, Outcome::Pass));
        let found = result("d", "p(99)<60 window=1s");
        assert_eq!(found.outcome, Outcome::Undecided);
        assert_eq!(found.evidence.more_needed, Some(268));
        assert_eq!(found.evidence.window.map(|window| window.to.as_secs()), Some(21));
    }

    #[test]
    fn a_window_stops_a_run_as_soon_as_it_is_over() {
        let threshold = Threshold::parse("d", "p(95)<20 window=5s").unwrap();
        let threshold = threshold.aborting_after(Duration::from_secs(3));
        let mut set = MetricSet::default();
        set.follow("d".parse().unwrap());
        let trend = set.trend("d".parse().unwrap());
        let mut stopped = Vec::new();
        for second in 0..10 {
            set.advance(second);
            let is_over = threshold.aborts(&set, Duration::from_secs(second));
            stopped.push(is_over);
            set.record(trend, Duration::from_millis(if second < 6 { 10 } else { 50 }));
        }
        assert_eq!(stopped.iter().position(|is_over| *is_over), Some(7));
    }

    #[test]
    fn without_seconds_the_run_is_one_window() {
        let mut set = MetricSet::default();
        let trend = set.trend("d".parse().unwrap());
        (0..100).for_each(|_| set.record(trend, Duration::from_millis(5)));
        let threshold = Threshold::parse("d", "p(95)<20 window=5s").unwrap();
        let found = threshold.evaluate(&set, Duration::from_secs(1));
        assert_eq!((found.outcome, found.threshold), (Outcome::Pass, threshold));
    }
}
