use std::time::Duration;

use crate::block::TrendBlock;
use crate::history::{Column, History};
use crate::{MetricKey, MetricSet, Rate};

/// What a [`MetricSet`] took in, block by block of the run's seconds, from its beginning.
///
/// A block is a second of runs of up to half an hour. At 1,800 blocks, or above 16 MiB, every two
/// are joined, so that a block of a longer run has 2, 4, 8 … seconds: an hour has blocks of 2 s, a
/// day of 64 s. Counters, gauges and rates are all in it, and those trends that are followed.
///
/// A second of a trend takes 64 bytes and two to three for each bucket that has samples (there are
/// 128 an octave, so that each is less than 1 % wide), of a rate 16, of a counter 8; one in which
/// nothing happened takes as much only if something happens later.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    set: &'a MetricSet,
    history: &'a History,
}

impl<'a> Timeline<'a> {
    pub(crate) fn new(set: &'a MetricSet, history: &'a History) -> Self {
        Timeline { set, history }
    }

    /// How long each block is.
    pub fn block_length(&self) -> Duration {
        Duration::from_secs(self.history.width())
    }

    /// The number of blocks; 0 if nobody told how time passed.
    pub fn len(&self) -> usize {
        self.history.len()
    }

    /// Whether there is no block.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was added in each block to the counters that `selector` takes in.
    pub fn counts(&self, selector: &MetricKey) -> Vec<u64> {
        let column = |column: &'a Column| match column {
            Column::Counter { blocks, .. } => Some(&blocks[..]),
            _ => None,
        };
        self.sums(selector, column, |sum, more| *sum += more)
    }

    /// The events of each block of the rates that `selector` takes in.
    pub fn rates(&self, selector: &MetricKey) -> Vec<Rate> {
        let column = |column: &'a Column| match column {
            Column::Rate { blocks, .. } => Some(&blocks[..]),
            _ => None,
        };
        self.sums(selector, column, |sum, more| *sum += *more)
    }

    /// The greatest level in each block of the gauges that `selector` takes in; `None` where it was not
    /// set up to then. A level stays until it is set again.
    pub fn levels(&self, selector: &MetricKey) -> Vec<Option<u64>> {
        let column = |column: &'a Column| match column {
            Column::Level { blocks, .. } => Some(&blocks[..]),
            _ => None,
        };
        let mut levels = self.sums(selector, column, |level, more| *level = (*level).max(*more));
        let mut last = None;
        for level in &mut levels {
            last = level.or(last);
            *level = last;
        }
        levels
    }

    /// The samples in each block of the trends that `selector` takes in; `None` if there is no such
    /// trend, or one of them is not followed.
    pub fn trends(&self, selector: &MetricKey) -> Option<Vec<TrendBlock>> {
        let mut columns = self.set.columns(selector).peekable();
        columns.peek()?;
        let is_followed = |column: &Column| matches!(column, Column::Trend { .. });
        if self.is_empty() || !columns.all(is_followed) {
            return None;
        }
        let column = |column: &'a Column| match column {
            Column::Trend { blocks, .. } => Some(&blocks[..]),
            _ => None,
        };
        Some(self.sums(selector, column, TrendBlock::merge))
    }

    fn sums<T: Clone + Default + 'a>(
        &self,
        selector: &MetricKey,
        blocks_of: impl Fn(&'a Column) -> Option<&'a [T]>,
        add: impl Fn(&mut T, &T),
    ) -> Vec<T> {
        let mut sums = vec![T::default(); self.len()];
        for blocks in self.set.columns(selector).filter_map(blocks_of) {
            sums.iter_mut().zip(blocks).for_each(|(sum, more)| add(sum, more));
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{BLOCKS_MAX, BYTES_MAX};

    fn key(text: &str) -> MetricKey {
        text.parse().unwrap()
    }

    /// A worker that records one of everything at the end of each of these seconds.
    fn worker(seconds: impl IntoIterator<Item = u64>) -> MetricSet {
        let mut set = MetricSet::default();
        set.follow(key("t"));
        let (count, rate) = (set.counter(key("n{w:1}")), set.rate(key("r")));
        let (level, trend) = (set.gauge(key("g")), set.trend(key("t")));
        set.trend(key("u"));
        for second in seconds {
            set.advance(second);
            set.add(count, second);
            set.observe(rate, second % 2 == 0);
            set.set(level, second);
            set.record(trend, Duration::from_millis(second));
        }
        set.finish();
        set
    }

    #[test]
    fn every_second_has_what_was_recorded_in_it() {
        let set = worker([0, 1, 4]);
        let timeline = set.timeline();
        assert_eq!((timeline.len(), timeline.block_length().as_secs()), (5, 1));
        assert_eq!(timeline.counts(&key("n")), [0, 1, 0, 0, 4]);
        let rates = timeline.rates(&key("r"));
        assert_eq!(
            rates.iter().map(|r| (r.trues, r.total)).collect::<Vec<_>>(),
            [(1, 1), (0, 1), (0, 0), (0, 0), (1, 1)]
        );
        assert_eq!(timeline.levels(&key("g")), [Some(0), Some(1), Some(1), Some(1), Some(4)]);
        let trends = timeline.trends(&key("t")).unwrap();
        assert_eq!(trends.iter().map(TrendBlock::count).collect::<Vec<_>>(), [1, 1, 0, 0, 1]);
        assert_eq!(trends[4].max(), Some(Duration::from_millis(4)));
        assert!(timeline.trends(&key("u")).is_none() && timeline.trends(&key("x")).is_none());
        assert!(MetricSet::default().timeline().is_empty());
    }

    #[test]
    fn a_level_is_the_greatest_of_its_second() {
        let mut set = MetricSet::default();
        let level = set.gauge(key("g"));
        let mut at = |second, levels: &[u64]| {
            set.advance(second);
            levels.iter().for_each(|value| set.set(level, *value));
        };
        at(1, &[2, 7, 1]);
        at(4, &[0, 3, 0]);
        at(5, &[]);
        set.finish();
        let levels = [None, Some(7), Some(1), Some(1), Some(3), Some(0)];
        assert_eq!(set.timeline().levels(&key("g")), levels);
    }

    #[test]
    fn a_long_run_joins_seconds_and_loses_none() {
        for seconds in [BLOCKS_MAX as u64, BLOCKS_MAX as u64 + 1, 5000, 90_000] {
            let set = worker(0..seconds);
            let timeline = set.timeline();
            assert!(timeline.len() <= BLOCKS_MAX, "{seconds}");
            let width = timeline.block_length().as_secs();
            assert_eq!(timeline.len() as u64, seconds.div_ceil(width));
            assert_eq!(timeline.counts(&key("n")).iter().sum::<u64>(), seconds * (seconds - 1) / 2);
            assert!(timeline.rates(&key("r"))[..2].iter().all(|rate| rate.total == width));
            let trends = timeline.trends(&key("t")).unwrap();
            assert_eq!(trends.iter().map(TrendBlock::count).sum::<u64>(), seconds);
            assert_eq!(trends[0].max(), Some(Duration::from_millis(width - 1)));
        }
    }

    #[test]
    fn a_pause_of_a_week_is_no_reason_for_memory() {
        let set = worker([0, 7 * 86_400]);
        assert!(set.timeline().len() <= BLOCKS_MAX && set.timeline_bytes() < 300_000);
        assert_eq!(set.timeline().counts(&key("n")).iter().sum::<u64>(), 7 * 86_400);
        assert!(worker([u64::MAX / 2]).timeline().len() <= BLOCKS_MAX);
    }

    #[test]
    fn workers_merge_second_by_second_however_long_they_were() {
        let mut merged = worker(0..100);
        merged.merge(&worker((0..5001).filter(|second| *second != 7)));
        let timeline = merged.timeline();
        assert_eq!((timeline.len(), timeline.block_length().as_secs()), (1251, 4));
        let rates = timeline.rates(&key("r"));
        let totals: Vec<_> = [0, 1, 24, 25, 1250].iter().map(|at| rates[*at].total).collect();
        assert_eq!(totals, [8, 7, 8, 4, 1]);
        let mut other = worker((0..5001).filter(|second| *second != 7));
        other.merge(&worker(0..100));
        assert_eq!(other.timeline().trends(&key("t")), timeline.trends(&key("t")));
        let mut empty = MetricSet::default();
        empty.merge(&merged);
        assert_eq!(empty.timeline().counts(&key("n")), timeline.counts(&key("n")));
        let copy = merged.filtered(|key| key.name() == "t");
        assert_eq!(copy.timeline().trends(&key("t")), timeline.trends(&key("t")));
    }

    #[test]
    fn samples_all_over_the_range_keep_the_bound_in_bytes() {
        let mut set = MetricSet::default();
        set.follow(key("t"));
        let trends: Vec<_> =
            (0..40).map(|n| set.trend(key("t").with("n", n.to_string()))).collect();
        for second in 0..600_u64 {
            set.advance(second);
            for trend in &trends {
                for n in 0..1500_u32 {
                    set.record(*trend, Duration::from_micros(256 + 102 * u64::from(n)));
                }
            }
        }
        set.finish();
        assert!(set.timeline().block_length() > Duration::from_secs(1));
        let open = trends.len() * 16_384;
        assert!(set.timeline_bytes() <= BYTES_MAX + open + 100_000, "{}", set.timeline_bytes());
    }
}
