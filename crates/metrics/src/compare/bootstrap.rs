//! Runs drawn again from stretches of themselves.

use super::CompareOptions;
use crate::random::Random;
use crate::{TrendBlock, buckets};

/// The stretches that a run is cut into, of about as many samples each.
const STRETCHES: usize = 16;
/// With fewer, nobody knows how they vary.
pub(super) const STRETCHES_MIN: usize = 4;
/// The degrees of freedom that an interval is given: those of the stretches of one run.
pub(super) const FREEDOM: f64 = (STRETCHES - 1) as f64;

/// A run and its drawings.
pub(super) struct Drawn {
    pub(super) samples: u64,
    pub(super) stretches: usize,
    /// Of each percentile the value in microseconds, and those of the drawings.
    percentiles: Vec<(f64, Vec<f64>)>,
}

impl Drawn {
    pub(super) fn percentile(&self, at: usize) -> (f64, &[f64]) {
        let (value, drawn) = &self.percentiles[at];
        (*value, drawn)
    }
}

/// Draws both runs; `None` if one has no samples.
pub(super) fn draw(
    base: &[TrendBlock],
    new: &[TrendBlock],
    orders: &[f64],
    options: &CompareOptions,
) -> Option<(Drawn, Drawn)> {
    let weights = |blocks: &[TrendBlock]| blocks.iter().map(TrendBlock::count).collect::<Vec<_>>();
    let (base_weights, new_weights) = (weights(base), weights(new));
    let (base_cuts, new_cuts) = if options.paired {
        let len = base.len().max(new.len());
        let at = |weights: &[u64], second: usize| weights.get(second).copied().unwrap_or(0);
        let both: Vec<_> =
            (0..len).map(|second| at(&base_weights, second) + at(&new_weights, second)).collect();
        (cuts(&both), cuts(&both))
    } else {
        (cuts(&base_weights), cuts(&new_weights))
    };
    let (base, new) = (Stretches::new(base, &base_cuts)?, Stretches::new(new, &new_cuts)?);
    let base_seed = options.seed.wrapping_mul(2);
    // The same stretches are drawn of both where they were at the same time.
    let new_seed = if options.paired { base_seed } else { base_seed.wrapping_add(1) };
    let drawings = options.drawings.max(2);
    Some((base.draw(orders, drawings, base_seed), new.draw(orders, drawings, new_seed)))
}

/// The ends of stretches of about the same weight.
fn cuts(weights: &[u64]) -> Vec<usize> {
    let each = weights.iter().sum::<u64>() as f64 / STRETCHES as f64;
    let (mut cuts, mut seen) = (Vec::with_capacity(STRETCHES), 0.0);
    for (at, weight) in weights.iter().enumerate() {
        seen += *weight as f64;
        if *weight > 0 && seen >= each * (cuts.len() + 1) as f64 * (1.0 - 1e-9) {
            cuts.push(at + 1);
        }
    }
    cuts
}

/// How many samples of each stretch are in each bucket.
struct Stretches {
    /// The bucket that the rows begin with.
    first: usize,
    rows: Vec<Vec<u32>>,
    samples: u64,
}

impl Stretches {
    fn new(blocks: &[TrendBlock], cuts: &[usize]) -> Option<Self> {
        let touched = || blocks.iter().flat_map(TrendBlock::counts).map(|(bucket, _)| bucket);
        let (first, last) = (touched().min()?, touched().max()?);
        let mut begin = 0;
        let row = |cut: &usize| {
            let end = (*cut).min(blocks.len());
            let mut row = vec![0_u32; last - first + 1];
            for (bucket, count) in blocks[begin.min(end)..end].iter().flat_map(TrendBlock::counts) {
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                row[bucket - first] = row[bucket - first].saturating_add(count);
            }
            begin = end;
            row
        };
        let samples = blocks.iter().map(TrendBlock::count).sum();
        Some(Stretches { first, rows: cuts.iter().map(row).collect(), samples })
    }

    fn draw(&self, orders: &[f64], drawings: u32, seed: u64) -> Drawn {
        let once = vec![1; self.rows.len()];
        let mut random = Random(seed);
        let mut percentiles: Vec<_> = self
            .values(&once, orders)
            .into_iter()
            .map(|value| (value, Vec::with_capacity(drawings as usize)))
            .collect();
        for _ in 0..drawings {
            let mut times = vec![0_u64; self.rows.len()];
            (0..times.len()).for_each(|_| times[random.below(self.rows.len())] += 1);
            for (value, (_, drawn)) in self.values(&times, orders).iter().zip(&mut percentiles) {
                drawn.push(*value);
            }
        }
        let stretches = self.rows.len();
        // What is drawn varies a little less than what it is drawn from.
        let wider = (stretches as f64 / (stretches as f64 - 1.0).max(1.0)).sqrt();
        for (value, drawn) in &mut percentiles {
            drawn.iter_mut().for_each(|own| *own = *value + (*own - *value) * wider);
        }
        Drawn { samples: self.samples, stretches, percentiles }
    }

    /// The percentiles in microseconds, with each stretch so many times.
    fn values(&self, times: &[u64], orders: &[f64]) -> Vec<f64> {
        let mut sums = vec![0_u64; self.rows.first().map_or(0, Vec::len)];
        for (row, times) in self.rows.iter().zip(times).filter(|(_, times)| **times > 0) {
            sums.iter_mut().zip(row).for_each(|(sum, count)| *sum += times * u64::from(*count));
        }
        let all = sums.iter().sum::<u64>() as f64;
        orders.iter().map(|order| self.value(&sums, order * all)).collect()
    }

    /// The value that so many samples do not exceed, in proportion within its bucket.
    fn value(&self, sums: &[u64], wanted: f64) -> f64 {
        let mut seen = 0.0;
        for (bucket, count) in (self.first..).zip(sums).filter(|(_, count)| **count > 0) {
            let count = *count as f64;
            if seen + count >= wanted {
                let (low, high) = buckets::bounds(bucket);
                // What is rounded to a microsecond is up to half of one away.
                let (low, high) = (low as f64 - 0.5, high as f64 + 0.5);
                return (low + (high - low) * (wanted - seen) / count).max(0.0);
            }
            seen += count;
        }
        0.0
    }
}
