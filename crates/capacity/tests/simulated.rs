//! Searches against services that are functions: sharp ones, noisy ones, and such as stay slow for a
//! while after too much.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use capacity::{Ended, Finding, Next, Purpose, Rate, Search, SearchConfig, Trial};
use proptest::prelude::*;

/// Searches to the end, and returns what was tried.
fn search(
    config: SearchConfig,
    mut service: impl FnMut(f64) -> Trial,
) -> (Finding, Vec<(Rate, Purpose)>) {
    let mut search = Search::new(config).unwrap();
    let mut tried = Vec::new();
    loop {
        match search.next() {
            Next::Try { rate, purpose } => {
                tried.push((rate, purpose));
                search.record(rate, service(rate.per_second()));
            }
            Next::Done(finding) => return (finding, tried),
        }
    }
}

fn trial(is_held: bool) -> Trial {
    if is_held { Trial::Held } else { Trial::Failed }
}

fn rates(finding: &Finding) -> (f64, f64) {
    let of = |bound: Option<capacity::Bound>| bound.map_or(f64::NAN, |own| own.rate.per_second());
    (of(finding.holds), of(finding.fails))
}

/// The same chances in every run.
fn chances(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    }
}

#[test]
fn a_sharp_service_takes_the_steps_that_are_documented() {
    let (finding, tried) = search(SearchConfig::default(), |rate| trial(rate <= 60.0));
    let shown: Vec<_> = tried.iter().map(|(rate, purpose)| format!("{purpose:?} {rate}")).collect();
    assert_eq!(
        shown,
        [
            "Raise 10",
            "Raise 20",
            "Raise 40",
            "Raise 80",
            "Narrow 56.6",
            "Narrow 67.3",
            "Narrow 61.7",
            "Narrow 59.1",
            "Retest 61.7",
            "Confirm 59.1",
            "Confirm 59.1"
        ]
    );
    assert_eq!((finding.ended, rates(&finding)), (Ended::Found, (59.1, 61.7)));
    assert!(finding.holds.unwrap().is_settled && finding.fails.unwrap().is_settled);
}

#[test]
fn the_ends_of_the_range_are_said_as_such() {
    let config = SearchConfig { max: Rate::of(100.0), ..SearchConfig::default() };
    let (finding, tried) = search(config, |_| Trial::Held);
    assert_eq!((finding.ended, finding.fails), (Ended::AtMaximum, None));
    assert_eq!((rates(&finding).0, tried.len()), (100.0, 7));

    let (finding, tried) = search(config, |_| Trial::Failed);
    assert_eq!((finding.ended, finding.holds), (Ended::BelowMinimum, None));
    assert_eq!((rates(&finding).1, tried.len()), (1.0, 6));

    // Below the first rate it is found as well.
    let (finding, _) = search(config, |rate| trial(rate < 3.3));
    let (holds, fails) = rates(&finding);
    assert!(holds < 3.3 && fails >= 3.3 && fails / holds < 1.06, "{finding:?}");
}

#[test]
fn a_limit_of_the_generator_is_none_of_the_service() {
    let generator = |rate: f64| if rate > 300.0 { Trial::Limited } else { Trial::Held };
    let (finding, _) = search(SearchConfig::default(), generator);
    assert_eq!(finding.ended, Ended::GeneratorLimit);
    assert!((285.0..=300.0).contains(&rates(&finding).0), "{finding:?}");

    // A service that breaks below it is found all the same.
    let both = |rate: f64| if rate > 300.0 { Trial::Limited } else { trial(rate <= 200.0) };
    let (finding, _) = search(SearchConfig::default(), both);
    assert_eq!(finding.ended, Ended::Found);
    assert!((190.0..=200.0).contains(&rates(&finding).0), "{finding:?}");

    // One that has no time for a moment costs two trials, and no more.
    let mut trials = 0;
    let (finding, tried) = search(SearchConfig::default(), |rate| {
        trials += 1;
        if trials == 2 { Trial::Limited } else { trial(rate <= 60.0) }
    });
    assert_eq!((finding.ended, tried.len()), (Ended::Found, 13));
    assert!(tried[1..4].iter().all(|(rate, _)| *rate == Rate::of(20.0)), "{tried:?}");

    let (finding, _) = search(SearchConfig::default(), |_| Trial::Limited);
    assert_eq!((finding.ended, finding.holds), (Ended::GeneratorLimit, None));
}

#[test]
fn one_unlucky_trial_is_seen_to_be_one() {
    for unlucky in 0..11 {
        let mut trials = 0;
        let (finding, _) = search(SearchConfig::default(), |rate| {
            trials += 1;
            trial(rate <= 60.0 && trials != unlucky + 1)
        });
        let (holds, fails) = rates(&finding);
        assert_eq!(finding.ended, Ended::Found, "{unlucky}: {finding:?}");
        assert!(holds <= 60.0 && fails > 60.0, "{unlucky}: {finding:?}");
    }
}

#[test]
fn a_rate_that_held_by_luck_is_taken_back() {
    // 80 holds once, and nothing above 50 does otherwise.
    let mut lucky = true;
    let (finding, tried) = search(SearchConfig::default(), |rate| {
        let is_lucky = rate == 80.0 && std::mem::take(&mut lucky);
        trial(is_lucky || rate <= 50.0)
    });
    let (holds, fails) = rates(&finding);
    assert!(holds <= 50.0 && fails > 50.0 && fails / holds < 1.06, "{finding:?} {tried:?}");
}

#[test]
fn a_service_that_stays_slow_after_too_much_is_not_flattered() {
    for (recovery, least) in [(1, 40.0), (2, 40.0), (5, 20.0)] {
        let mut slow = 0;
        let (finding, tried) = search(SearchConfig::default(), |rate| {
            let is_held = if slow > 0 { rate <= 30.0 } else { rate <= 60.0 };
            slow = if rate > 60.0 { recovery } else { i32::max(slow - 1, 0) };
            trial(is_held)
        });
        let (holds, _) = rates(&finding);
        assert_eq!(finding.ended, Ended::Found, "{recovery}: {finding:?}");
        assert!((least..=60.0).contains(&holds), "{recovery}: {finding:?} {tried:?}");
    }
}

#[test]
fn settings_that_find_nothing_are_refused() {
    let default = SearchConfig::default();
    for config in [
        SearchConfig { max: Rate::of(5.0), ..default },
        SearchConfig { resolution: 0.0, ..default },
        SearchConfig { resolution: f64::NAN, ..default },
        SearchConfig { confirmations: 0, ..default },
        SearchConfig { refutations: 101, ..default },
    ] {
        assert!(Search::new(config).is_err(), "{config:?}");
    }
    assert!(Search::new(SearchConfig { from: Rate::of(0.5), ..default }).is_ok());
}

proptest! {
    #[test]
    fn any_sharp_capacity_is_bracketed(
        capacity in 1.0_f64..9_000.0,
        from in 0.5_f64..9_000.0,
        resolution in 0.01_f64..0.5,
    ) {
        let config = SearchConfig { from: Rate::of(from), resolution, ..SearchConfig::default() };
        let (finding, tried) = search(config, |rate| trial(rate <= capacity));
        let (holds, fails) = rates(&finding);
        prop_assert_eq!(finding.ended, Ended::Found);
        prop_assert!(holds <= capacity && capacity < fails, "{:?}", finding);
        // Three digits may be coarser than the resolution.
        prop_assert!(fails / holds <= 1.0 + resolution.max(0.011), "{:?}", finding);
        prop_assert!(tried.len() <= 30, "{} trials", tried.len());
    }

    #[test]
    fn a_noisy_service_ends_near_its_capacity(seed in any::<u64>(), capacity in 20.0_f64..2_000.0) {
        let mut chance = chances(seed);
        // Within 5 % of its capacity it holds in half of all trials, 10 % from it nearly for sure.
        let (finding, tried) = search(SearchConfig::default(), |rate| {
            let distance = (rate / capacity).ln() / 0.02;
            trial(chance() > 1.0 / (1.0 + (-distance).exp()))
        });
        let (holds, _) = rates(&finding);
        prop_assert!(tried.len() < 60, "{} trials", tried.len());
        prop_assert!((capacity * 0.8..capacity * 1.15).contains(&holds), "{:?}", finding);
    }

    #[test]
    fn whatever_happens_it_ends(seed in any::<u64>()) {
        let mut chance = chances(seed);
        let (finding, tried) = search(SearchConfig::default(), |_| match chance() {
            share if share < 0.4 => Trial::Held,
            share if share < 0.8 => Trial::Failed,
            _ => Trial::Limited,
        });
        prop_assert!(tried.len() <= 100);
        if let Some((holds, fails)) = finding.holds.zip(finding.fails) {
            prop_assert!(holds.rate < fails.rate);
        }
    }
}
