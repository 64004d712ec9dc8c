//! How many virtual users a step needs, and how long it takes to tell.

use std::time::Duration;

use ::capacity::Rate;
use metrics::{MetricKey, RunSummary};

use super::CapacityConfig;
use crate::{Objective, Run};

/// How many times as many users as were busy there are: a service may become slower and still be
/// within its objective.
const HEADROOM: f64 = 4.0;
/// How many times as long as the objective allows a user may be busy before starts are dropped.
const PATIENCE: f64 = 1.5;
/// What a request may take where the objective says nothing of it.
const UNSAID_MS: f64 = 1000.0;
/// So that a low rate has no step without a free user.
const VUS_MIN: f64 = 20.0;
/// More samples than are needed by so much, because not every request is answered as expected.
const SPARE_SAMPLES: f64 = 1.1;

/// What a step is made of, beside its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) vus: usize,
    /// As many as there would be without a bound.
    pub(super) vus_wanted: usize,
    pub(super) duration: Duration,
}

/// What steps learn from those before.
#[derive(Debug)]
pub(super) struct Sizing<'a> {
    config: &'a CapacityConfig,
    /// How long an iteration may take while the objective holds.
    allowed_seconds: f64,
    /// How long an iteration took when it was last measured.
    iteration_seconds: f64,
}

impl<'a> Sizing<'a> {
    pub(super) fn new(config: &'a CapacityConfig, requests_per_iteration: f64) -> Self {
        let allowed_ms = config.objective.longest_ms().unwrap_or(UNSAID_MS);
        let allowed_seconds = requests_per_iteration.max(1.0) * allowed_ms / 1000.0;
        Sizing { config, allowed_seconds, iteration_seconds: 0.0 }
    }

    pub(super) fn learn(&mut self, run: &RunSummary) {
        let took = run.metrics.select_trend(&MetricKey::new("iteration_duration")).mean();
        self.iteration_seconds = took.map_or(self.iteration_seconds, |took| took.as_secs_f64());
    }

    /// By Little's law: a rate times a time is how many are busy.
    pub(super) fn size(&self, rate: Rate) -> Size {
        let busy = rate.per_second() * self.iteration_seconds * HEADROOM;
        let allowed = rate.per_second() * self.allowed_seconds * PATIENCE;
        let vus_wanted = busy.max(allowed).max(VUS_MIN).ceil() as usize;
        let vus = vus_wanted.min(self.config.max_vus).max(1);
        Size { vus, vus_wanted, duration: self.config.step_duration }
    }
}

/// The same step, as long as its percentiles need to mean something. Shares of failed requests are
/// not waited for: that the last rate is tried several times is better evidence.
pub(super) fn long_enough(size: Size, run: &Run) -> Size {
    let forecast = run.forecast(Duration::from_millis(1));
    let thresholds = forecast.scenarios.iter().flat_map(|scenario| &scenario.thresholds);
    let of_percentiles = thresholds.filter(|own| Objective::is_of_percentile(&own.threshold));
    let factor = of_percentiles
        .filter_map(|own| {
            Some(own.needed as f64 * SPARE_SAMPLES / own.samples.filter(|&n| n > 0.0)?)
        })
        .fold(1.0, f64::max);
    Size { duration: size.duration.mul_f64(factor), ..size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(objective: &str) -> CapacityConfig {
        CapacityConfig::new(Objective::parse(objective).unwrap())
    }

    fn took(millis: u64) -> RunSummary {
        let mut run = RunSummary::new("capacity");
        let trend = run.metrics.trend(MetricKey::new("iteration_duration"));
        run.metrics.record(trend, Duration::from_millis(millis));
        run
    }

    #[test]
    fn users_follow_the_objective_and_the_step_before() {
        let config = config("p(95)<100");
        let mut sizing = Sizing::new(&config, 2.0);
        let vus = |sizing: &Sizing<'_>, rate| sizing.size(Rate::of(rate)).vus;
        // 1,000 a second, each of two requests of 100 ms, and half as many again.
        assert_eq!((vus(&sizing, 10.0), vus(&sizing, 1000.0)), (20, 300));
        sizing.learn(&took(150));
        assert_eq!(vus(&sizing, 1000.0), 600);
        // A step without an iteration teaches nothing.
        sizing.learn(&RunSummary::new("capacity"));
        assert_eq!(vus(&sizing, 1000.0), 600);
        let bounded = sizing.size(Rate::of(100_000.0));
        assert_eq!((bounded.vus, bounded.vus_wanted), (10_000, 60_000));
    }
}
