//! Runs whose truth is known, the same on every machine.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::time::Duration;

use metrics::{MetricKey, MetricSet, TrendBlock};

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1, and neither.
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Box and Muller's.
    pub(crate) fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    }
}

/// How the samples of a run follow each other. Each has the same distribution: durations whose
/// logarithm is normal, with a median of 20 ms and a standard deviation of 0.5.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Each by itself.
    Independent,
    /// The level of a second is carried over to the next by this share, and makes up for this share
    /// of the variance.
    Drifting { carried: f64, share: f64 },
    /// Single seconds are slow as a whole, in this share of them, for about three in a row.
    Bursts(f64),
}

pub(crate) const DEVIATION: f64 = 0.5;
/// By how much the logarithm of a duration is greater in a burst: 7.4 times as long.
pub(crate) const BURST: f64 = 2.0;

/// A run's samples, by seconds.
pub(crate) fn run(
    kind: Kind,
    seconds: usize,
    rate: usize,
    factor: f64,
    random: &mut Random,
) -> Vec<Vec<Duration>> {
    let mut level = random.normal();
    let mut is_slow = false;
    (0..seconds)
        .map(|_| {
            let share = match kind {
                Kind::Independent => 0.0,
                Kind::Drifting { carried, share } => {
                    level = carried * level + (1.0 - carried * carried).sqrt() * random.normal();
                    share
                }
                Kind::Bursts(slow) => {
                    let chance = if is_slow { 1.0 / 3.0 } else { slow / (1.0 - slow) / 3.0 };
                    is_slow ^= random.uniform() < chance;
                    0.0
                }
            };
            let one = |random: &mut Random| {
                let normal = share.sqrt() * level + (1.0 - share).sqrt() * random.normal();
                let burst = if is_slow { BURST } else { 0.0 };
                Duration::from_secs_f64(0.020 * factor * (DEVIATION * normal + burst).exp())
            };
            (0..rate).map(|_| one(random)).collect()
        })
        .collect()
}

/// The same as a worker records it.
pub(crate) fn recorded(seconds: &[Vec<Duration>]) -> MetricSet {
    let mut set = MetricSet::default();
    set.follow(MetricKey::new("d"));
    let trend = set.trend(MetricKey::new("d"));
    for (second, samples) in (0..).zip(seconds) {
        set.advance(second);
        samples.iter().for_each(|sample| set.record(trend, *sample));
    }
    set.finish();
    set
}

pub(crate) fn blocks(seconds: &[Vec<Duration>]) -> Vec<TrendBlock> {
    seconds.iter().map(|samples| TrendBlock::of(samples.iter().copied())).collect()
}
