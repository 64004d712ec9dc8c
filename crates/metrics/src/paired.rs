//! Two services under the same load at the same time: what differs, and how surely.

mod bootstrap;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bootstrap::{Observed, Resampler};

/// Which of the two services a request went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// The one that the other is held against.
    Base,
    /// The one that may have become slower.
    New,
}

impl Variant {
    /// `base` or `new`.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Base => "base",
            Variant::New => "new",
        }
    }
}

/// Every request of a run against two services, in 16 bytes each.
///
/// 4,000,000 are kept, in their order, and the rest is counted.
#[derive(Clone, Debug, Default)]
pub struct PairedSamples {
    samples: Vec<Sample>,
    not_kept: u64,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at_ms: u32,
    /// `None` for a request that failed.
    took_us: Option<u32>,
    endpoint: u16,
    variant: Variant,
}

/// What is compared, and how surely.
#[derive(Clone, Debug, PartialEq)]
pub struct PairedConfig {
    /// Percentiles of the times of expected responses: 50, 95 and 99.
    pub percentiles: Vec<f64>,
    /// How much slower, as a share, is no regression: 0.05.
    pub tolerance: f64,
    /// How many more of all requests may fail, as a share: 0.01.
    pub failed_tolerance: f64,
    /// How sure all comparisons together are: 0.95. Each is surer by as much as there are more.
    pub confidence: f64,
    /// How often the seconds of the run are drawn anew: 2,000.
    pub resamples: u32,
    /// The seed of that: 0.
    pub seed: u64,
}

impl Default for PairedConfig {
    fn default() -> Self {
        PairedConfig {
            percentiles: vec![50.0, 95.0, 99.0],
            tolerance: 0.05,
            failed_tolerance: 0.01,
            confidence: 0.95,
            resamples: 2000,
            seed: 0,
        }
    }
}

/// What a comparison is about.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PairedStat {
    /// A percentile of the times of expected responses, in milliseconds; the difference is a share
    /// of the base's.
    Percentile(f64),
    /// The share of requests that failed; the difference is one of shares.
    Failed,
}

/// One endpoint's statistic at both services.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PairedComparison {
    /// The endpoint's name.
    pub endpoint: String,
    /// What is compared.
    pub stat: PairedStat,
    /// How many requests, or expected responses, there were: of the base, of the new one.
    pub samples: (u64, u64),
    /// The base's value; `None` without samples.
    pub base: Option<f64>,
    /// The new one's.
    pub new: Option<f64>,
    /// The new one's less the base's.
    pub difference: Option<f64>,
    /// Where the difference is in truth; `None` with too few samples to say.
    pub interval: Option<(f64, f64)>,
    /// How much greater the new one's may be.
    pub tolerance: f64,
}

/// What a comparison says in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PairedVerdict {
    /// Less than the base's for sure.
    Better,
    /// More than the base's for sure, and perhaps beyond the tolerance.
    Worse,
    /// More than the base's by more than the tolerance for sure.
    Regression,
    /// Apart by no more than the tolerance for sure.
    Same,
    /// None of these.
    CannotTell,
}

impl PairedComparison {
    /// What the interval says.
    pub fn verdict(&self) -> PairedVerdict {
        match self.interval {
            Some((low, _)) if low > self.tolerance => PairedVerdict::Regression,
            Some((low, high)) if low >= -self.tolerance && high <= self.tolerance => {
                PairedVerdict::Same
            }
            Some((low, _)) if low > 0.0 => PairedVerdict::Worse,
            Some((_, high)) if high < 0.0 => PairedVerdict::Better,
            _ => PairedVerdict::CannotTell,
        }
    }
}

impl PairedSamples {
    const KEPT: usize = 4_000_000;

    /// Adds a request that began `at` after the beginning of the run, and took `took` to an expected
    /// response; `None` if it failed.
    pub fn record(
        &mut self,
        endpoint: usize,
        variant: Variant,
        at: Duration,
        took: Option<Duration>,
    ) {
        let Ok(endpoint) = u16::try_from(endpoint) else { return self.not_kept += 1 };
        if self.samples.len() >= Self::KEPT {
            self.not_kept += 1;
            return;
        }
        let at_ms = u32::try_from(at.as_millis()).unwrap_or(u32::MAX);
        let took_us = took.map(|took| u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        self.samples.push(Sample { at_ms, took_us, endpoint, variant });
    }

    /// Takes in what another worker recorded.
    pub fn merge(&mut self, other: PairedSamples) {
        let room = Self::KEPT.saturating_sub(self.samples.len());
        let lost = other.samples.len().saturating_sub(room);
        self.samples.extend(other.samples.into_iter().take(room));
        self.not_kept += other.not_kept + lost as u64;
    }

    /// Requests beyond the number kept.
    pub fn not_kept(&self) -> u64 {
        self.not_kept
    }

    /// Compares each endpoint, by its number, at both services.
    ///
    /// Intervals are those of a block bootstrap: the seconds of the run (a twentieth of it, if it was
    /// shorter than 20 s) are drawn anew with everything that both services did in them, so that what
    /// slowed both down at once says nothing about the difference, and what lasts a second is one
    /// observation and not a hundred. With fewer than 8 of them, or fewer than 5 samples beyond a
    /// percentile, nothing is said.
    pub fn compare(&self, endpoints: &[String], config: &PairedConfig) -> Vec<PairedComparison> {
        let count = endpoints.len() * (config.percentiles.len() + 1);
        let alpha = (1.0 - config.confidence) / count.max(1) as f64;
        let blocks = Blocks::of(&self.samples);
        let mut comparisons = Vec::with_capacity(count);
        for (number, endpoint) in endpoints.iter().enumerate() {
            let of = |variant| self.observed(number, variant, &blocks);
            let (base, new) = (of(Variant::Base), of(Variant::New));
            let mut resampler = Resampler::new(config.seed ^ number as u64, blocks.count);
            let drawn = resampler.differences(&base, &new, config);
            let percentiles = config.percentiles.iter().map(|&percent| (percent, true));
            for ((percent, is_percentile), drawn) in percentiles.chain([(0.0, false)]).zip(drawn) {
                let stat = match is_percentile {
                    true => PairedStat::Percentile(percent),
                    false => PairedStat::Failed,
                };
                let enough = blocks.count >= Blocks::NEEDED && stat.is_enough(&base, &new);
                let interval = enough.then(|| bootstrap::interval(drawn, alpha)).flatten();
                comparisons.push(comparison(endpoint, stat, (&base, &new), interval, config));
            }
        }
        comparisons
    }

    fn observed(&self, endpoint: usize, variant: Variant, blocks: &Blocks) -> Observed {
        let is_own = |sample: &&Sample| {
            usize::from(sample.endpoint) == endpoint && sample.variant == variant
        };
        let own = self.samples.iter().filter(is_own);
        Observed::new(own.map(|own| (blocks.number(own), own.took_us)), blocks.count)
    }
}

/// The run in pieces of equal length.
struct Blocks {
    length_ms: u32,
    count: usize,
}

impl Blocks {
    /// Fewer say nothing of how pieces differ.
    const NEEDED: usize = 8;

    fn of(samples: &[Sample]) -> Self {
        let end_ms = samples.iter().map(|sample| sample.at_ms).max().unwrap_or(0);
        let length_ms = (end_ms / 20).clamp(1, 1000);
        Blocks { length_ms, count: (end_ms / length_ms) as usize + 1 }
    }

    fn number(&self, sample: &Sample) -> u32 {
        sample.at_ms / self.length_ms
    }
}

impl PairedStat {
    fn of(self, observed: &Observed) -> Option<f64> {
        match self {
            PairedStat::Percentile(percent) => observed.percentile_ms(percent),
            PairedStat::Failed => observed.failed_share(),
        }
    }

    fn samples(self, observed: &Observed) -> u64 {
        match self {
            PairedStat::Percentile(_) => observed.expected(),
            PairedStat::Failed => observed.requests(),
        }
    }

    fn is_enough(self, base: &Observed, new: &Observed) -> bool {
        let fewest = self.samples(base).min(self.samples(new)) as f64;
        match self {
            PairedStat::Percentile(percent) => {
                let beyond = (percent / 100.0).min(1.0 - percent / 100.0);
                fewest * beyond >= 5.0 - 1e-9
            }
            PairedStat::Failed => fewest >= 20.0,
        }
    }
}

fn comparison(
    endpoint: &str,
    stat: PairedStat,
    (base, new): (&Observed, &Observed),
    interval: Option<(f64, f64)>,
    config: &PairedConfig,
) -> PairedComparison {
    let samples = (stat.samples(base), stat.samples(new));
    let (base, new) = (stat.of(base), stat.of(new));
    let (difference, tolerance) = match stat {
        PairedStat::Percentile(_) => {
            (base.zip(new).map(|(base, new)| (new - base) / base.max(1e-3)), config.tolerance)
        }
        PairedStat::Failed => {
            (base.zip(new).map(|(base, new)| new - base), config.failed_tolerance)
        }
    };
    let endpoint = endpoint.to_owned();
    PairedComparison { endpoint, stat, samples, base, new, difference, interval, tolerance }
}
