//! Intervals that have the true value in them in 95 of 100 runs.

use std::sync::LazyLock;

use super::special::{bisect, incomplete_beta, normal_quantile};

/// The chance that an interval has the true value in it.
pub(crate) const CONFIDENCE: f64 = 0.95;
/// The chance of the true value to be beyond one end of it.
pub(crate) const TAIL: f64 = (1.0 - CONFIDENCE) / 2.0;
/// From so many samples on, the binomial distribution is a normal one.
const NORMAL_FROM: f64 = 1e6;

/// How many standard errors an interval reaches to either side: 1.96.
pub(crate) fn z() -> f64 {
    static Z: LazyLock<f64> = LazyLock::new(|| normal_quantile(1.0 - TAIL));
    *Z
}

/// Between which levels (shares of the sorted samples) the interval of a quantile of order `share`
/// is, of `n` independent samples, a number that need not be whole. `None` for an end that so few
/// samples do not have: above a p(95) there is one from 72 samples on, as 0.95⁷² < 2.5 %.
///
/// These are the binomial distribution's order statistics, made continuous by the incomplete beta
/// function (Hutson, "Calculating nonparametric confidence intervals for quantiles using fractional
/// order statistics", J. Appl. Stat. 26, 1999), because whole ones cover more than is asked for. A
/// level `x` stands for the sample number `x (n + 1)`, between two samples in proportion.
pub(crate) fn quantile_levels(share: f64, n: f64) -> (Option<f64>, Option<f64>) {
    if n >= NORMAL_FROM {
        let reach = z() * (share * (1.0 - share) / n).sqrt();
        return (Some(share - reach), Some(share + reach));
    }
    let at =
        |chance: f64| bisect(0.0, n + 1.0, |k| chance_below(share, n, k) <= chance) / (n + 1.0);
    let has_low = n >= 1.0 && chance_below(share, n, 1.0) >= 1.0 - TAIL;
    let has_high = n >= 1.0 && chance_below(share, n, n) <= TAIL;
    (has_low.then(|| at(1.0 - TAIL)), has_high.then(|| at(TAIL)))
}

/// The chance that of `n` samples the number `k` is not above the quantile of order `share`; it falls
/// as `k` rises.
fn chance_below(share: f64, n: f64, k: f64) -> f64 {
    incomplete_beta(k, n + 1.0 - k, share)
}

/// Whether the quantile of order `share` is surely below a value that the share `observed` of `n`
/// samples does not exceed: whether it is beyond the upper one of [`quantile_levels`].
pub(crate) fn is_below(share: f64, n: f64, observed: f64) -> bool {
    if n >= NORMAL_FROM {
        return quantile_levels(share, n).1.is_some_and(|high| observed >= high);
    }
    let k = (observed * (n + 1.0)).min(n);
    n >= 1.0 && k > 0.0 && chance_below(share, n, k) <= TAIL
}

/// Whether it is surely above that value: whether it is beyond the lower one.
pub(crate) fn is_above(share: f64, n: f64, observed: f64) -> bool {
    if n >= NORMAL_FROM {
        return quantile_levels(share, n).0.is_some_and(|low| observed <= low);
    }
    let k = (observed * (n + 1.0)).max(1.0);
    n >= 1.0 && k < n + 1.0 && chance_below(share, n, k) >= 1.0 - TAIL
}

/// Wilson's interval of a share that was `observed` in `n` independent samples, a number that need
/// not be whole (Wilson, "Probable inference", J. Am. Stat. Assoc. 22, 1927). Unlike the one of the
/// normal distribution, it says something where nothing was observed: up to z² / (n + z²).
pub(crate) fn share_interval(observed: f64, n: f64) -> (f64, f64) {
    let z2 = z() * z();
    let centre = (observed + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let variance = observed * (1.0 - observed) / n + z2 / (4.0 * n * n);
    let reach = z() * variance.sqrt() / (1.0 + z2 / n);
    ((centre - reach).max(0.0), (centre + reach).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_exists_from_as_many_samples_as_the_tables_say() {
        for (share, least) in
            [(0.5, 6.0), (0.9, 36.0), (0.95, 72.0), (0.99, 368.0), (0.999, 3688.0)]
        {
            assert_eq!(quantile_levels(share, least - 1.0).1, None, "{share}");
            assert!(quantile_levels(share, least).1.is_some(), "{share}");
            assert!(quantile_levels(1.0 - share, least).0.is_some(), "{share}");
        }
        assert_eq!(quantile_levels(0.5, 0.0), (None, None));
    }

    #[test]
    fn tests_of_a_value_agree_with_the_levels() {
        for (share, n) in [(0.95, 100.0), (0.95, 5e4), (0.5, 12.0), (0.99, 2e6), (0.99, 300.0)] {
            let (low, high) = quantile_levels(share, n);
            for (level, is_sure) in [(low, is_above as fn(f64, f64, f64) -> bool), (high, is_below)]
            {
                let Some(level) = level else {
                    assert!(!is_sure(share, n, 1.0));
                    continue;
                };
                let outwards = (level - share).signum() * 1e-9;
                assert!(is_sure(share, n, level + outwards), "{share} {n} {level}");
                assert!(!is_sure(share, n, level - outwards), "{share} {n} {level}");
            }
        }
    }

    #[test]
    fn levels_of_a_thousand_samples_are_those_of_the_binomial_distribution() {
        let within =
            |found: Option<f64>, low, high| found.is_some_and(|x| (low..high).contains(&x));
        let (low, high) = quantile_levels(0.95, 1000.0);
        assert!(within(low, 0.9350, 0.9365) && within(high, 0.9615, 0.9635), "{low:?} {high:?}");
        let (low, high) = quantile_levels(0.95, 999_999.0);
        let (normal_low, normal_high) = quantile_levels(0.95, 1_000_000.0);
        for (exact, normal) in [(low, normal_low), (high, normal_high)] {
            assert!((exact.unwrap() - normal.unwrap()).abs() < 2e-5);
        }
    }

    #[test]
    fn shares_have_wilsons_interval() {
        let is = |(low, high): (f64, f64), expected: (f64, f64)| {
            (low - expected.0).abs() < 1e-4 && (high - expected.1).abs() < 1e-4
        };
        // 0 of 10 and 10 of 100, as in Newcombe, "Two-sided confidence intervals", Stat. Med. 17.
        assert!(is(share_interval(0.0, 10.0), (0.0, 0.2775)));
        assert!(is(share_interval(0.1, 100.0), (0.0552, 0.1744)));
        assert!(is(share_interval(1.0, 10.0), (0.7225, 1.0)));
    }
}
