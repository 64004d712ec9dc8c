//! Percentiles beside exact ones, and how often intervals have the truth in them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

mod simulated;

use std::time::Duration;

use metrics::{Evidence, MetricSet, Threshold, TrendBlock};
use simulated::{BURST, DEVIATION, Kind, Random, recorded, run};

const RUNS: u64 = 2000;

/// What was observed and how sure it is, for a bound that nothing is compared with.
fn observed(set: &MetricSet, metric: &str, stat: &str) -> (f64, Evidence) {
    let threshold = Threshold::parse(metric, &format!("{stat}<1000000")).unwrap();
    let result = threshold.evaluate(set, Duration::from_secs(60));
    (result.observed.unwrap(), result.evidence)
}

/// The share of runs whose interval has the truth in it.
fn coverage(truth: f64, mut of_run: impl FnMut(u64) -> (Option<f64>, Option<f64>)) -> f64 {
    let has_it = |(low, high): (Option<f64>, Option<f64>)| {
        low.is_none_or(|low| low <= truth) && high.is_none_or(|high| truth <= high)
    };
    let covered = (0..RUNS).filter(|seed| has_it(of_run(*seed))).count();
    covered as f64 / RUNS as f64
}

/// The share of 2,000 runs of a minute whose interval of a statistic has the true value in it.
fn of_kind(kind: Kind, (seconds, rate): (usize, usize), stat: &str, truth_ms: f64) -> f64 {
    let covered = coverage(truth_ms, |seed| {
        let mut random = Random::new(seed);
        let set = recorded(&run(kind, seconds, rate, 1.0, &mut random));
        let evidence = observed(&set, "d", stat).1;
        (evidence.low, evidence.high)
    });
    println!("{kind:?}, {seconds} s, {rate}/s, {stat}: {:.2} %", covered * 100.0);
    covered
}

/// Of a normal distribution's quantile, the duration in milliseconds that has it.
fn millis(normal: f64) -> f64 {
    20.0 * (DEVIATION * normal).exp()
}

const P50: f64 = 0.0;
const P95: f64 = 1.644_853_6;
const P99: f64 = 2.326_347_9;

fn mean_ms() -> f64 {
    20.0 * (DEVIATION * DEVIATION / 2.0).exp()
}

/// Of a mixture with so large a share of samples in bursts, the value of this order.
fn burst_millis(slow: f64, order: f64) -> f64 {
    let normal = Normal::default();
    let below = |x: f64| {
        let usual = normal.below(x / DEVIATION);
        (1.0 - slow) * usual + slow * normal.below((x - BURST) / DEVIATION)
    };
    let (mut low, mut high) = (-5.0, 5.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if below(middle) < order { low = middle } else { high = middle }
    }
    20.0 * f64::exp(low)
}

/// The normal distribution, summed up in small steps.
struct Normal(Vec<f64>);

impl Default for Normal {
    fn default() -> Self {
        let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let step = |at: u32| density(f64::from(at) * 1e-3 - 9.9995) * 1e-3;
        Normal(
            (0..20_000)
                .scan(0.0, |sum, at| {
                    *sum += step(at);
                    Some(*sum)
                })
                .collect(),
        )
    }
}

impl Normal {
    fn below(&self, x: f64) -> f64 {
        self.0[(((x + 10.0) * 1e3) as usize).min(19_999)]
    }
}

#[test]
fn percentiles_are_within_the_error_that_the_histogram_states() {
    for (seed, kind) in [(1, Kind::Independent), (2, Kind::Bursts(0.1))] {
        let seconds = run(kind, 60, 200, 1.0, &mut Random::new(seed));
        let set = recorded(&seconds);
        let mut exact: Vec<_> = seconds.concat();
        exact.sort_unstable();
        let all = seconds.iter().flatten().copied();
        let (trend, block) = (set.select_trend(&"d".parse().unwrap()), TrendBlock::of(all));
        for percent in [0.0, 1.0, 25.0, 50.0, 90.0, 95.0, 99.0, 99.9, 100.0] {
            let rank = (percent * exact.len() as f64 / 100.0 - 1e-9).ceil().max(1.0) as usize;
            let exact = exact[rank - 1].as_secs_f64();
            for (found, error) in
                [(trend.percentile(percent), 1e-3), (block.percentile(percent), 1e-2)]
            {
                let found = found.unwrap().as_secs_f64();
                assert!((found - exact).abs() <= exact * error, "p({percent}): {found} {exact}");
            }
        }
    }
}

#[test]
fn independent_samples_have_their_nominal_coverage() {
    for (size, stat, truth) in [
        ((60, 20), "med", millis(P50)),
        ((60, 20), "p(95)", millis(P95)),
        ((60, 50), "p(99)", millis(P99)),
        ((60, 20), "avg", mean_ms()),
        ((3, 100), "p(95)", millis(P95)),
        ((12, 100), "p(95)", millis(P95)),
    ] {
        let covered = of_kind(Kind::Independent, size, stat, truth);
        assert!((0.94..=0.96).contains(&covered), "{size:?} {stat}: {covered}");
    }
}

#[test]
fn drifting_samples_have_it_too_if_the_run_is_long_enough() {
    for (carried, seconds, stat, truth, least) in [
        (0.5, 180, "p(95)", millis(P95), 0.94),
        (0.5, 180, "med", millis(P50), 0.94),
        (0.5, 180, "avg", mean_ms(), 0.94),
        (0.8, 300, "p(95)", millis(P95), 0.94),
        (0.8, 300, "avg", mean_ms(), 0.94),
        (0.5, 60, "p(95)", millis(P95), 0.93),
        // Seven times as long as what its samples have in common: nobody can know better.
        (0.8, 60, "p(95)", millis(P95), 0.84),
    ] {
        let kind = Kind::Drifting { carried, share: 0.3 };
        let covered = of_kind(kind, (seconds, 20), stat, truth);
        assert!((least..=0.97).contains(&covered), "{kind:?} {seconds} {stat}: {covered}");
    }
}

#[test]
fn bursts_have_it_too_if_there_were_many() {
    for (slow, seconds, rate, stat, order) in
        [(0.2, 300, 20, "p(95)", 0.95), (0.2, 300, 20, "med", 0.5), (0.1, 1200, 5, "p(95)", 0.95)]
    {
        let kind = Kind::Bursts(slow);
        let covered = of_kind(kind, (seconds, rate), stat, burst_millis(slow, order));
        assert!((0.94..=0.97).contains(&covered), "{kind:?} {seconds} {stat}: {covered}");
    }
}

#[test]
fn rates_have_it_too() {
    for (share, kind) in [(0.01, "each by itself"), (0.05, "each by itself"), (0.05, "drifting")] {
        let covered = coverage(share, |seed| {
            let mut random = Random::new(seed + 10_000);
            let mut set = MetricSet::default();
            let rate = set.rate("f".parse().unwrap());
            let mut level = 0.0;
            for second in 0..180 {
                set.advance(second);
                level = 0.5 * level + 0.5 * random.uniform();
                // The mean of the levels is a half, and twice this.
                let chance = if kind == "drifting" { share * 2.0 * level } else { share };
                (0..20).for_each(|_| set.observe(rate, random.uniform() < chance));
            }
            set.finish();
            let evidence = observed(&set, "f", "rate").1;
            (evidence.low, evidence.high)
        });
        println!("rate of {share}, {kind}: {:.2} %", covered * 100.0);
        assert!((0.94..=0.965).contains(&covered), "{share} {kind}: {covered}");
    }
}
