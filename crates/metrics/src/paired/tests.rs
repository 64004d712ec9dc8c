use std::time::Duration;

use super::*;

/// The same chances in every run.
struct Chances(u64);

impl Chances {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    /// A time of 10 ms and more, with a long tail.
    fn millis(&mut self) -> f64 {
        10.0 - 5.0 * (1.0 - self.next()).ln()
    }
}

/// `seconds` of 100 requests each, of which every other goes to the new service. What slows both down
/// changes from second to second by up to `noise`.
fn samples(seed: u64, seconds: u64, shift: f64, noise: f64) -> PairedSamples {
    let mut chances = Chances(seed.wrapping_mul(0x9e37_79b9) + 1);
    let mut samples = PairedSamples::default();
    for second in 0..seconds {
        let slow = 1.0 + noise * chances.next();
        for n in 0..100 {
            let variant = if chances.next() < 0.5 { Variant::Base } else { Variant::New };
            let factor = if variant == Variant::New { 1.0 + shift } else { 1.0 };
            let took = Duration::from_secs_f64(chances.millis() * slow * factor / 1000.0);
            samples.record(0, variant, Duration::from_millis(second * 1000 + n * 10), Some(took));
        }
    }
    samples
}

fn compared(samples: &PairedSamples, config: &PairedConfig) -> Vec<PairedComparison> {
    samples.compare(&["list".to_owned()], config)
}

#[test]
fn equal_services_are_seldom_told_apart() {
    // What is tested is the share of runs with any false word, of which 5 % are allowed.
    let config = PairedConfig { resamples: 1000, tolerance: 0.0, ..PairedConfig::default() };
    let told_apart = |seed: &u64| {
        let all = compared(&samples(*seed, 30, 0.0, 3.0), &config);
        all.iter().any(|own| own.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0))
    };
    let wrong = (0..100).filter(told_apart).count();
    assert!(wrong <= 8, "{wrong} of 100");
}

#[test]
fn a_shift_of_ten_per_cent_is_found_in_ten_thousand_requests() {
    let config = PairedConfig::default();
    for seed in 0..5 {
        let all = compared(&samples(seed, 100, 0.1, 1.0), &config);
        let median = &all[0];
        assert_eq!(median.stat, PairedStat::Percentile(50.0));
        let verdict = median.verdict();
        assert!(
            matches!(verdict, PairedVerdict::Worse | PairedVerdict::Regression),
            "{seed}: {median:?}"
        );
        let faster = compared(&samples(seed, 100, -0.1, 1.0), &config);
        assert_eq!(faster[0].verdict(), PairedVerdict::Better, "{seed}: {:?}", faster[0]);
    }
    let half = compared(&samples(1, 100, 0.5, 1.0), &config);
    assert!(half[..2].iter().all(|own| own.verdict() == PairedVerdict::Regression), "{half:?}");
}

#[test]
fn the_same_seed_gives_the_same_intervals() {
    let samples = samples(7, 20, 0.1, 1.0);
    let config = PairedConfig { resamples: 200, ..PairedConfig::default() };
    assert_eq!(compared(&samples, &config), compared(&samples, &config));
    let other = PairedConfig { seed: 1, ..config.clone() };
    assert_ne!(compared(&samples, &config), compared(&samples, &other));
}

#[test]
fn more_failed_requests_are_a_regression_whatever_the_times() {
    let mut samples = PairedSamples::default();
    for n in 0..4000_u64 {
        let variant = if n % 2 == 0 { Variant::Base } else { Variant::New };
        let fails = variant == Variant::New && n % 20 == 1;
        let took = (!fails).then_some(Duration::from_millis(10));
        samples.record(0, variant, Duration::from_millis(n * 10), took);
    }
    let all = compared(&samples, &PairedConfig::default());
    let failed = all.last().unwrap();
    assert_eq!((failed.stat, failed.samples), (PairedStat::Failed, (2000, 2000)));
    assert_eq!((failed.base, failed.new), (Some(0.0), Some(0.1)));
    assert_eq!(failed.verdict(), PairedVerdict::Regression, "{failed:?}");
    assert_eq!(all[0].verdict(), PairedVerdict::Same, "{:?}", all[0]);
}

#[test]
fn too_little_says_nothing() {
    let nothing = compared(&PairedSamples::default(), &PairedConfig::default());
    assert_eq!(nothing.len(), 4);
    assert!(nothing.iter().all(|own| own.verdict() == PairedVerdict::CannotTell));
    // 50 samples or so of each are enough for a median, and too few for a p99.
    let few = compared(&samples(1, 1, 0.0, 0.0), &PairedConfig::default());
    assert!(few[0].interval.is_some() && few[2].interval.is_none(), "{few:?}");
    // All of one service.
    let mut one = PairedSamples::default();
    (0..1000).for_each(|n| {
        one.record(0, Variant::New, Duration::from_millis(n * 20), Some(Duration::from_millis(1)));
    });
    let one = compared(&one, &PairedConfig::default());
    assert!(one.iter().all(|own| own.interval.is_none() && own.difference.is_none()));
}

#[test]
fn what_is_beyond_the_bound_is_counted() {
    let mut samples = samples(1, 2, 0.0, 0.0);
    samples.record(usize::MAX, Variant::Base, Duration::ZERO, None);
    assert_eq!(samples.not_kept(), 1);
    let more = samples.clone();
    samples.merge(more);
    assert_eq!((samples.samples.len(), samples.not_kept()), (400, 2));
}
