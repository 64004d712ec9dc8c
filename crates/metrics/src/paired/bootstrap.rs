//! Blocks drawn anew, and the differences that come of it.

use super::PairedConfig;
use crate::random::Random;

/// About as many steps as take some seconds.
const STEPS_MAX: u64 = 1_000_000_000;
/// Fewer say nothing of the ends of an interval.
const RESAMPLES_MIN: u32 = 1000;

/// What one service did at one endpoint.
pub(super) struct Observed {
    /// The times of expected responses in microseconds, each with its block, the shortest first.
    times: Vec<(u32, u32)>,
    /// Of each block: requests, and those that failed.
    counts: Vec<(u32, u32)>,
}

impl Observed {
    pub(super) fn new(samples: impl Iterator<Item = (u32, Option<u32>)>, blocks: usize) -> Self {
        let mut observed = Observed { times: Vec::new(), counts: vec![(0, 0); blocks] };
        for (block, took_us) in samples {
            let counts = &mut observed.counts[block as usize];
            counts.0 += 1;
            match took_us {
                Some(took_us) => observed.times.push((took_us, block)),
                None => counts.1 += 1,
            }
        }
        observed.times.sort_unstable();
        observed
    }

    pub(super) fn requests(&self) -> u64 {
        self.counts.iter().map(|&(requests, _)| u64::from(requests)).sum()
    }

    pub(super) fn expected(&self) -> u64 {
        self.times.len() as u64
    }

    pub(super) fn failed_share(&self) -> Option<f64> {
        self.drawn_failed_share(None)
    }

    /// The least time that at least `percent` per cent do not exceed.
    pub(super) fn percentile_ms(&self, percent: f64) -> Option<f64> {
        let rank = (self.times.len() as f64 * percent / 100.0).ceil().max(1.0) as usize;
        self.times.get(rank - 1).map(|&(us, _)| f64::from(us) / 1000.0)
    }

    /// The share of failed requests where each block counts as often as it was drawn.
    fn drawn_failed_share(&self, drawn: Option<&[u32]>) -> Option<f64> {
        let (mut all, mut failed) = (0, 0);
        for (block, &(requests, of_them)) in self.counts.iter().enumerate() {
            let times = drawn.map_or(1, |drawn| u64::from(drawn[block]));
            all += u64::from(requests) * times;
            failed += u64::from(of_them) * times;
        }
        (all > 0).then(|| failed as f64 / all as f64)
    }

    /// The percentiles, which ascend, where each block counts as often as it was drawn.
    fn drawn_percentiles(
        &self,
        drawn: &[u32],
        percents: &[(usize, f64)],
        found: &mut [f64],
    ) -> bool {
        let counts = self.counts.iter().zip(drawn);
        let all: u64 = counts
            .map(|(&(requests, failed), &times)| u64::from(requests - failed) * u64::from(times))
            .sum();
        if all == 0 {
            return false;
        }
        let ranks = percents
            .iter()
            .map(|&(at, percent)| (at, (all as f64 * percent / 100.0).ceil().max(1.0) as u64));
        let (mut seen, mut times) = (0, self.times.iter());
        let mut last = 0;
        for (at, rank) in ranks {
            while seen < rank {
                let Some(&(us, block)) = times.next() else { break };
                seen += u64::from(drawn[block as usize]);
                last = us;
            }
            found[at] = f64::from(last);
        }
        true
    }
}

/// Draws blocks at random.
pub(super) struct Resampler {
    random: Random,
    drawn: Vec<u32>,
}

impl Resampler {
    pub(super) fn new(seed: u64, blocks: usize) -> Self {
        Resampler {
            random: Random(seed.wrapping_mul(0xd134_2543_de82_ef95)),
            drawn: vec![0; blocks],
        }
    }

    /// The differences of each percentile, and then of the shares of failed requests.
    pub(super) fn differences(
        &mut self,
        base: &Observed,
        new: &Observed,
        config: &PairedConfig,
    ) -> Vec<Vec<f64>> {
        let mut percents: Vec<_> = config.percentiles.iter().copied().enumerate().collect();
        percents.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let count = percents.len();
        let mut differences = vec![Vec::new(); count + 1];
        let (mut of_base, mut of_new) = (vec![0.0; count], vec![0.0; count]);
        for _ in 0..resamples(base, new, config) {
            self.draw();
            let has_times = base.drawn_percentiles(&self.drawn, &percents, &mut of_base)
                && new.drawn_percentiles(&self.drawn, &percents, &mut of_new);
            if has_times {
                for ((all, base), new) in differences.iter_mut().zip(&of_base).zip(&of_new) {
                    all.push((new - base) / base.max(1.0));
                }
            }
            let shares = base.drawn_failed_share(Some(&self.drawn));
            if let Some((base, new)) = shares.zip(new.drawn_failed_share(Some(&self.drawn))) {
                differences[count].push(new - base);
            }
        }
        differences
    }

    fn draw(&mut self) {
        self.drawn.fill(0);
        for _ in 0..self.drawn.len() {
            let at = self.random.below(self.drawn.len());
            self.drawn[at] += 1;
        }
    }
}

/// As many as were asked for, or fewer where there are very many samples.
fn resamples(base: &Observed, new: &Observed, config: &PairedConfig) -> u32 {
    let each = (base.times.len() + new.times.len()).max(1) as u64;
    let affordable = u32::try_from(STEPS_MAX / each).unwrap_or(u32::MAX).max(RESAMPLES_MIN);
    config.resamples.min(affordable)
}

/// All but `alpha` of the differences, half of that at each end.
pub(super) fn interval(mut differences: Vec<f64>, alpha: f64) -> Option<(f64, f64)> {
    differences.sort_by(f64::total_cmp);
    let last = differences.len().checked_sub(1)?;
    let outside = (differences.len() as f64 * alpha / 2.0).floor() as usize;
    let low = outside.min(last / 2);
    Some((differences[low], differences[last - low]))
}
