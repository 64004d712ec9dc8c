//! How much less samples say because each is like the ones before it.

use super::special::t_quantile;
use super::{TAIL, z};

/// The most batches that blocks are joined into.
const BATCHES_MAX: usize = 64;
/// With fewer, batches say nothing about how they vary.
const BATCHES_MIN: usize = 4;
/// How far a batch is looked at together with those after it: this share of all batches.
const REACH: f64 = 0.15;
/// No more than this share of a batch is taken to be carried over from the one before.
const CARRIED_MAX: f64 = 0.9;
/// No more than so many times as independent as independent.
const LUCK_MAX: f64 = 4.0;

/// What batches of consecutive samples show of a ratio of two sums, such as a share or a mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dependence {
    /// The variance of the ratio.
    pub(crate) variance: f64,
    /// How many standard errors an interval reaches to either side, as the variance is an estimate.
    pub(crate) reach: f64,
}

impl Dependence {
    /// That of a mean of `n` independent samples with this standard deviation, for Student's interval.
    pub(crate) fn independent(deviation: f64, n: f64) -> Self {
        let reach = t_quantile(1.0 - TAIL, (n - 1.0).max(1.0));
        Dependence { variance: deviation * deviation / n, reach }
    }

    /// How many independent samples say as much about a share as these do.
    ///
    /// The share of independent ones would have the variance p (1 − p) / n, and reach 1.96 standard
    /// errors. As the variance is an estimate, it may come to less than that; this is not corrected
    /// up to a factor of 4, because correcting to one side only would make intervals cover more than
    /// they say.
    pub(crate) fn effective(&self, share: f64, n: f64) -> f64 {
        let unsure = self.reach / z();
        let effective = share * (1.0 - share) / (self.variance * unsure * unsure);
        if effective.is_finite() { effective.min(n * LUCK_MAX) } else { n }
    }
}

/// The variance of Σ value / Σ weight over blocks in the order of time, each a `(value, weight)`.
/// `None` if fewer than four blocks have any weight: then nobody can tell.
///
/// Blocks are joined into up to 64 batches of about the same weight. What a batch carries over from
/// the one before is taken out and put back in the end (Andrews and Monahan, Econometrica 60, 1992).
/// The variance of the rest, and its covariance with the 15 % of batches that follow, by Bartlett's
/// weights, are that of the sum (Newey and West, Econometrica 55, 1987). An estimate from so wide a
/// band is unsure, and the interval reaches the further for it, by the critical values for a band
/// that is a fixed share of the whole (Kiefer and Vogelsang, Econometric Theory 21, 2005).
///
/// `tests/coverage.rs` measures what this comes to: the nominal 95 % for independent samples, and
/// for others if the run is some 30 times as long as what they have in common.
pub(crate) fn dependence(blocks: &[(f64, f64)]) -> Option<Dependence> {
    let weighty = blocks.iter().filter(|(_, weight)| *weight > 0.0).count();
    let batches = joined(blocks, weighty.min(BATCHES_MAX));
    if batches.len() < BATCHES_MIN {
        return None;
    }
    let (n, weight) = (batches.len() as f64, batches.iter().map(|(_, w)| w).sum::<f64>());
    let (carried, rest) = whitened(&residuals(&batches));
    let band = (REACH * n).ceil();
    let later = (1..band as usize).map(|lag| (1.0 - lag as f64 / band) * products(&rest, lag));
    let variance = products(&rest, 0) + 2.0 * later.sum::<f64>();
    let variance = variance / (1.0 - carried).powi(2) / (weight * weight);
    Some(Dependence { variance, reach: reach(band / n, n) })
}

/// The sum of the products of each number with the one `lag` places later.
fn products(numbers: &[f64], lag: usize) -> f64 {
    numbers.iter().zip(&numbers[lag..]).map(|(own, later)| own * later).sum()
}

/// The share of each number that is carried over to the next, and what is left without it. The share
/// is estimated without the bias of short series (Kendall, Biometrika 41, 1954), and never negative.
fn whitened(numbers: &[f64]) -> (f64, Vec<f64>) {
    let squares = products(numbers, 0);
    if squares <= 0.0 {
        return (0.0, numbers.to_vec());
    }
    let n = numbers.len() as f64;
    let found = products(numbers, 1) / squares;
    let carried = ((found * n + 1.0) / (n - 3.0)).clamp(0.0, CARRIED_MAX);
    let first = numbers[0] * (1.0 - carried * carried).sqrt();
    let others = numbers.windows(2).map(|pair| pair[1] - carried * pair[0]);
    (carried, std::iter::once(first).chain(others).collect())
}

/// Kiefer and Vogelsang's critical value at 97.5 % for Bartlett's weights and a band that is this
/// share of all batches, and no less than Student's.
fn reach(band: f64, n: f64) -> f64 {
    let fixed = 1.96 + 2.9694 * band + 0.416 * band.powi(2) - 0.5324 * band.powi(3);
    // From ten batches on, the first is the greater one.
    if n < 10.0 { fixed.max(t_quantile(1.0 - TAIL, n - 1.0)) } else { fixed }
}

/// At most `count` batches of about the same weight.
fn joined(blocks: &[(f64, f64)], count: usize) -> Vec<(f64, f64)> {
    let each = blocks.iter().map(|(_, weight)| weight).sum::<f64>() / count as f64;
    let (mut batches, mut open, mut seen) = (Vec::with_capacity(count), (0.0, 0.0), 0.0);
    for (value, weight) in blocks {
        open = (open.0 + value, open.1 + weight);
        seen += weight;
        // The last one must not be lost to a rounding.
        if open.1 > 0.0 && seen >= each * (batches.len() + 1) as f64 * (1.0 - 1e-9) {
            batches.push(std::mem::take(&mut open));
        }
    }
    batches
}

/// How far each batch is from what the ratio of all would make of it.
fn residuals(batches: &[(f64, f64)]) -> Vec<f64> {
    let sum = batches.iter().fold((0.0, 0.0), |sum, batch| (sum.0 + batch.0, sum.1 + batch.1));
    let ratio = sum.0 / sum.1;
    batches.iter().map(|(value, weight)| value - ratio * weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_vary_like_independent_samples_lose_nothing() {
        // Hits of 100 samples each, between 2 and 8 of an expected 5: a variance of about 4.75.
        let hits = [5.0, 3.0, 7.0, 4.0, 6.0, 8.0, 2.0, 5.0, 6.0, 4.0, 7.0, 3.0];
        let blocks: Vec<_> = hits.iter().cycle().take(48).map(|hits| (*hits, 100.0)).collect();
        let found = dependence(&blocks).unwrap().effective(0.05, 4800.0);
        assert!((2400.0..=19_200.0).contains(&found), "{found}");
    }

    #[test]
    fn bursts_leave_few_samples() {
        let burst = |second: usize| if (20..30).contains(&second) { 50.0 } else { 0.0 };
        let blocks: Vec<_> = (0..60).map(|second| (burst(second), 100.0)).collect();
        let found = dependence(&blocks).unwrap().effective(500.0 / 6000.0, 6000.0);
        assert!(found < 40.0, "{found}");
    }

    #[test]
    fn few_blocks_and_sure_things_tell_nothing() {
        assert_eq!(dependence(&[(1.0, 10.0), (2.0, 10.0), (0.0, 0.0), (3.0, 10.0)]), None);
        assert_eq!(dependence(&[]), None);
        let never = dependence(&[(0.0, 10.0); 20]).unwrap();
        assert_eq!((never.variance, never.effective(0.0, 200.0)), (0.0, 200.0));
    }

    #[test]
    fn batches_have_about_the_same_weight_and_lose_nothing() {
        let blocks: Vec<_> = (0..100).map(|second| (1.0, f64::from(second % 7))).collect();
        let batches = joined(&blocks, 10);
        assert_eq!(batches.len(), 10);
        let weight: f64 = blocks.iter().map(|(_, weight)| weight).sum();
        assert_eq!(batches.iter().map(|(_, weight)| weight).sum::<f64>(), weight);
        assert!(batches.iter().all(|(_, own)| (own - weight / 10.0).abs() <= 6.0));
    }
}
