//! How often equal runs are called different, and a shift is found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

mod simulated;

use metrics::TrendBlock;
use metrics::compare::{Change, CompareOptions, Comparison, Regression, percentiles};
use simulated::{Kind, Random, blocks, run};

const PERCENTS: [f64; 3] = [50.0, 95.0, 99.0];

fn options(seed: u64) -> CompareOptions {
    let mut options = CompareOptions::default();
    (options.drawings, options.seed) = (300, seed);
    options
}

/// 10,000 samples in 100 s.
fn of_kind(kind: Kind, factor: f64, seed: u64) -> Vec<TrendBlock> {
    blocks(&run(kind, 100, 100, factor, &mut Random::new(seed)))
}

/// The share of pairs of which the comparisons are so.
fn share(pairs: u64, kind: Kind, factor: f64, is: impl Fn(&[Comparison]) -> bool) -> f64 {
    let found = (0..pairs).filter(|pair| {
        let (base, new) = (of_kind(kind, 1.0, 2 * pair), of_kind(kind, factor, 2 * pair + 1));
        is(&percentiles(&base, &new, &PERCENTS, &options(*pair)))
    });
    found.count() as f64 / pairs as f64
}

fn any(change: Change) -> impl Fn(&[Comparison]) -> bool {
    move |found| found.iter().any(|found| found.change() == change)
}

#[test]
fn equal_runs_are_rarely_called_different() {
    for (kind, most) in
        [(Kind::Independent, 0.05), (Kind::Drifting { carried: 0.5, share: 0.1 }, 0.05)]
    {
        let alarms = share(600, kind, 1.0, |found| {
            found.iter().any(|found| found.change() != Change::Unclear)
        });
        println!("{kind:?}: {:.2} % false alarms", alarms * 100.0);
        assert!(alarms <= most, "{kind:?}: {alarms}");
    }
}

#[test]
fn a_shift_of_a_tenth_is_found_in_ten_thousand_samples() {
    let power = share(200, Kind::Independent, 1.1, any(Change::Slower));
    println!("slower by a tenth: {:.1} %", power * 100.0);
    assert!(power >= 0.95, "{power}");
    let power = share(200, Kind::Independent, 1.0 / 1.1, any(Change::Faster));
    println!("faster by a tenth: {:.1} %", power * 100.0);
    assert!(power >= 0.95, "{power}");
    for (at, percent) in PERCENTS.iter().enumerate() {
        let power =
            share(200, Kind::Independent, 1.1, |found| found[at].change() == Change::Slower);
        println!("slower by a tenth, p({percent}) alone: {:.1} %", power * 100.0);
        assert!(power >= if *percent < 99.0 { 0.95 } else { 0.6 }, "p({percent}): {power}");
    }
}

#[test]
fn a_regression_is_one_beyond_the_tolerance() {
    let slower = |factor| {
        let (base, new) =
            (of_kind(Kind::Independent, 1.0, 1), of_kind(Kind::Independent, factor, 2));
        let found = percentiles(&base, &new, &[50.0], &options(3)).remove(0);
        [0.0, 0.05, 0.2].map(|tolerance| found.regression(tolerance))
    };
    use Regression::{No, Unclear, Yes};
    assert_eq!(slower(1.1), [Yes, Yes, No]);
    assert_eq!(slower(1.05), [Yes, Unclear, No]);
    assert_eq!(slower(0.9), [No, No, No]);
}

#[test]
fn few_samples_and_few_seconds_can_t_tell() {
    let few =
        |seconds, rate| blocks(&run(Kind::Independent, seconds, rate, 1.0, &mut Random::new(5)));
    let slow =
        |seconds, rate| blocks(&run(Kind::Independent, seconds, rate, 9.0, &mut Random::new(6)));
    let change = |base: &[TrendBlock], new: &[TrendBlock]| {
        percentiles(base, new, &[95.0], &options(1))[0].change()
    };
    assert_eq!(change(&few(30, 20), &slow(30, 20)), Change::Slower);
    assert_eq!(change(&few(30, 2), &slow(30, 2)), Change::Unclear);
    assert_eq!(change(&few(2, 500), &slow(2, 500)), Change::Unclear);
    assert!(percentiles(&few(30, 20), &[], &[95.0], &options(1)).is_empty());
}

#[test]
fn the_same_seed_says_the_same() {
    let (base, new) = (of_kind(Kind::Independent, 1.0, 1), of_kind(Kind::Independent, 1.01, 2));
    let found = |seed| percentiles(&base, &new, &PERCENTS, &options(seed));
    assert_eq!(found(4), found(4));
    assert_ne!(found(4), found(5));
}

#[test]
fn pairs_of_the_same_seconds_find_what_runs_apart_can_t() {
    // Every second has a level of its own, which both sides share.
    let kind = Kind::Drifting { carried: 0.9, share: 0.6 };
    let base = of_kind(kind, 1.0, 11);
    let new: Vec<_> = run(kind, 100, 100, 1.03, &mut Random::new(11));
    let mut options = options(1);
    let apart = percentiles(&base, &blocks(&new), &[50.0], &options).remove(0);
    options.paired = true;
    let paired = percentiles(&base, &blocks(&new), &[50.0], &options).remove(0);
    assert_eq!((apart.change(), paired.change()), (Change::Unclear, Change::Slower));
    assert!(paired.ratio_interval.is_some_and(|(low, high)| low < 1.03 && 1.03 < high));
}
