//! Whether one run was faster than another, or whether that can't be told.
//!
//! The samples of both come as the blocks of a [`Timeline`](crate::Timeline). Seconds of a run are not
//! independent of each other, so whole stretches of them are drawn again and again (the block
//! bootstrap: Künsch, Annals of Statistics 17, 1989), and how much percentiles differ from one
//! drawing to the next says how sure they are.
//!
//! What it cannot see is what differs between two runs of the same build as a whole: another machine,
//! a cold cache, a noisy neighbour. Runs whose requests were sent within the same seconds
//! ([`CompareOptions::paired`]) share all that, and are compared second by second.
//!
//! ```
//! use std::time::Duration;
//! use metrics::TrendBlock;
//! use metrics::compare::{self, Change, CompareOptions, Regression};
//!
//! let run = |slower: u64| -> Vec<TrendBlock> {
//!     let micros = move |n: u64, second: u64| (800 + n * (97 + second) % 400) * slower;
//!     let samples = |second| (0..200).map(move |n| Duration::from_micros(micros(n, second)));
//!     (0..30).map(|second| TrendBlock::of(samples(second))).collect()
//! };
//! let found = compare::percentiles(&run(100), &run(110), &[50.0, 95.0], &CompareOptions::default());
//! assert!(found.iter().all(|found| found.change() == Change::Slower));
//! assert_eq!(found[0].regression(0.05), Regression::Yes);
//! ```

mod bootstrap;

use crate::TrendBlock;
use crate::stats::{self, t_quantile};
use bootstrap::Drawn;

/// How two runs are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CompareOptions {
    /// The chance of any false alarm among all comparisons. Default: 0.05.
    pub false_alarms: f64,
    /// How many comparisons there are in all, such as endpoints times percentiles; each gets its
    /// share of the false alarms (Bonferroni), so that a report with many rows cries wolf no more
    /// often than one with a single row. Default: as many as one call asks for.
    pub comparisons: usize,
    /// How often the runs are drawn again. Default: 1000.
    pub drawings: u32,
    /// The seed of the drawings. Default: 0.
    pub seed: u64,
    /// Whether the requests of both runs were sent within the same seconds. Default: no.
    pub paired: bool,
}

impl Default for CompareOptions {
    fn default() -> Self {
        CompareOptions {
            false_alarms: 0.05,
            comparisons: 0,
            drawings: 1000,
            seed: 0,
            paired: false,
        }
    }
}

/// A percentile of two runs beside each other.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// The percentile, 0 to 100.
    pub percent: f64,
    /// That of the run to compare with, in milliseconds.
    pub base_ms: f64,
    /// That of the other one.
    pub new_ms: f64,
    /// The samples of both.
    pub samples: (u64, u64),
    /// `new / base`.
    pub ratio: f64,
    /// The interval of the ratio; `None` where one of the runs has too few samples for its own.
    pub ratio_interval: Option<(f64, f64)>,
    /// The interval of the difference, in milliseconds.
    pub difference_interval_ms: Option<(f64, f64)>,
    /// The chance that an interval has the true value in it: 1 less the share of the false alarms.
    pub confidence: f64,
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The new run is faster.
    Faster,
    /// It is slower.
    Slower,
    /// It can't be told.
    Unclear,
}

impl Change {
    /// `faster`, `slower` or `can't be told`.
    pub fn word(self) -> &'static str {
        match self {
            Change::Faster => "faster",
            Change::Slower => "slower",
            Change::Unclear => "can't be told",
        }
    }
}

/// Whether a run is slower than the one before by more than is tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Regression {
    /// Surely not.
    No,
    /// Surely.
    Yes,
    /// It can't be told.
    Unclear,
}

impl Comparison {
    /// Whether the interval of the ratio leaves no doubt.
    pub fn change(&self) -> Change {
        match self.ratio_interval {
            Some((low, _)) if low > 1.0 => Change::Slower,
            Some((_, high)) if high < 1.0 => Change::Faster,
            _ => Change::Unclear,
        }
    }

    /// Whether the new run is slower by more than `tolerance`, a share: 0.05 for 5 %.
    pub fn regression(&self, tolerance: f64) -> Regression {
        match self.ratio_interval {
            Some((low, _)) if low > 1.0 + tolerance => Regression::Yes,
            Some((_, high)) if high <= 1.0 + tolerance => Regression::No,
            _ => Regression::Unclear,
        }
    }
}

/// Compares percentiles (0 to 100, neither end) of two runs, given by their blocks in the order of
/// time. Without samples on one side there is nothing to compare, and no comparison.
///
/// Percentiles come from buckets less than 1 % wide, between whose ends samples are taken to be
/// spread evenly. The ratio's interval is that of its logarithm, by the standard deviation of the
/// drawings and Student's distribution with as many degrees of freedom as there are stretches.
pub fn percentiles(
    base: &[TrendBlock],
    new: &[TrendBlock],
    percents: &[f64],
    options: &CompareOptions,
) -> Vec<Comparison> {
    let orders: Vec<_> = percents.iter().map(|percent| percent / 100.0).collect();
    let Some((base_run, new_run)) = bootstrap::draw(base, new, &orders, options) else {
        return Vec::new();
    };
    let count = options.comparisons.max(percents.len());
    let tail = options.false_alarms / count as f64 / 2.0;
    let compare = |(at, percent): (usize, &f64)| {
        let sides = Sides { base: base_run.percentile(at), new: new_run.percentile(at) };
        let is_known = has_interval(&base_run, orders[at]) && has_interval(&new_run, orders[at]);
        Comparison {
            percent: *percent,
            base_ms: sides.base.0 / 1e3,
            new_ms: sides.new.0 / 1e3,
            samples: (base_run.samples, new_run.samples),
            ratio: sides.ratio(),
            ratio_interval: is_known.then(|| sides.ratio_interval(tail)),
            difference_interval_ms: is_known.then(|| sides.difference_interval_ms(tail)),
            confidence: 1.0 - 2.0 * tail,
        }
    };
    percents.iter().enumerate().map(compare).collect()
}

/// Whether a run has enough samples and stretches to say where its percentile is at all.
fn has_interval(run: &Drawn, order: f64) -> bool {
    let (low, high) = stats::quantile_levels(order, run.samples as f64);
    run.stretches >= bootstrap::STRETCHES_MIN && low.is_some() && high.is_some()
}

/// A percentile of both runs in microseconds, as it is and as it was drawn again.
struct Sides<'a> {
    base: (f64, &'a [f64]),
    new: (f64, &'a [f64]),
}

impl Sides<'_> {
    fn ratio(&self) -> f64 {
        self.new.0 / self.base.0.max(f64::MIN_POSITIVE)
    }

    fn ratio_interval(&self, tail: f64) -> (f64, f64) {
        let log = |value: f64| value.max(f64::MIN_POSITIVE).ln();
        let reach = self.reach(tail, log);
        let ratio = self.ratio();
        (ratio * (-reach).exp(), ratio * reach.exp())
    }

    fn difference_interval_ms(&self, tail: f64) -> (f64, f64) {
        let reach = self.reach(tail, |value| value);
        let difference = self.new.0 - self.base.0;
        ((difference - reach) / 1e3, (difference + reach) / 1e3)
    }

    /// Half of the interval of the difference, on some scale.
    fn reach(&self, tail: f64, scale: impl Fn(f64) -> f64) -> f64 {
        let drawn = self.base.1.iter().zip(self.new.1);
        let differences: Vec<_> = drawn.map(|(base, new)| scale(*new) - scale(*base)).collect();
        t_quantile(1.0 - tail, bootstrap::FREEDOM) * deviation(&differences)
    }
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt()
}
