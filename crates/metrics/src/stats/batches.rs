//! How much less samples say because each is like the ones before it.

use super::special::t_quantile;
use super::{TAIL, z};

/// The most batches that blocks are joined into.
const BATCHES_MAX: usize = 64;
/// With fewer, batches say nothing about how they vary.
const BATCHES_MIN: usize = 4;
/// Batches are joined no further than to so many.
const BATCHES_JOINED: usize = 8;
/// No more than so much of a batch is taken to be carried over from the one before.
const CARRIED_MAX: f64 = 0.9;

/// What batches of consecutive samples show of a ratio of two sums, such as a share or a mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dependence {
    /// The variance of the ratio.
    pub(crate) variance: f64,
    /// How sure that is: the degrees of freedom of Student's distribution.
    pub(crate) freedom: f64,
}

impl Dependence {
    /// How many independent samples say as much about a share as these do.
    ///
    /// The share of independent ones would have the variance p (1 − p) / n. Few batches are unsure of
    /// the variance; Student's quantile in place of the normal one makes up for it.
    pub(crate) fn effective(&self, share: f64, n: f64) -> f64 {
        let unsure = self.student() / z();
        let effective = share * (1.0 - share) / (self.variance * unsure * unsure);
        // Less variance than that of independent samples is mostly chance.
        if effective.is_finite() { effective.min(n) } else { n }
    }

    /// How many standard errors the interval reaches.
    pub(crate) fn student(&self) -> f64 {
        t_quantile(1.0 - TAIL, self.freedom)
    }
}

/// The variance of Σ value / Σ weight over blocks in the order of time, each a `(value, weight)`, by
/// non-overlapping batch means (Law, "Simulation Modeling and Analysis", 9.5.3).
///
/// Blocks are joined into up to 64 batches of about the same weight, and these in pairs as long as
/// neighbours are alike and there are 16. If they are still alike then, the variance is raised by
/// (1 + r) / (1 − r), as for a process of the first order with this correlation. `None` if fewer than
/// four blocks have any weight: then nobody can tell.
pub(crate) fn dependence(blocks: &[(f64, f64)]) -> Option<Dependence> {
    let weighty = blocks.iter().filter(|(_, weight)| *weight > 0.0).count();
    let mut count = weighty.min(BATCHES_MAX);
    loop {
        let batches = joined(blocks, count);
        if batches.len() < BATCHES_MIN {
            return None;
        }
        let residuals = residuals(&batches);
        let correlation = correlation(&residuals);
        if correlation > 0.0 && count >= 2 * BATCHES_JOINED {
            count /= 2;
            continue;
        }
        let (n, weight) = (batches.len() as f64, batches.iter().map(|(_, w)| w).sum::<f64>());
        let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
        let carried = (1.0 + correlation) / (1.0 - correlation);
        let variance = n / (n - 1.0) * squares / (weight * weight) * carried;
        return Some(Dependence { variance, freedom: n - 1.0 });
    }
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

/// The correlation of neighbours, 0 where it may be chance: within a standard error of what
/// independent ones show, which is a little below 0.
fn correlation(residuals: &[f64]) -> f64 {
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let n = residuals.len() as f64;
    let found = products / squares + 1.0 / n;
    if found * n.sqrt() > 1.0 { found.min(CARRIED_MAX) } else { 0.0 }
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
        assert!((4000.0..=4800.0).contains(&found), "{found}");
    }

    #[test]
    fn bursts_leave_few_samples() {
        let burst = |second: usize| if (20..30).contains(&second) { 50.0 } else { 0.0 };
        let blocks: Vec<_> = (0..60).map(|second| (burst(second), 100.0)).collect();
        let found = dependence(&blocks).unwrap().effective(500.0 / 6000.0, 6000.0);
        assert!(found < 20.0, "{found}");
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
