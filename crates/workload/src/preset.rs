//! The three scenarios of the works list's load test, with their thresholds.

use std::time::Duration;

use metrics::Threshold;
use scenario::{RampingArrivalRate, Scenario, ScenarioError, Stage};

use crate::{Endpoint, Overrides, Plan, Role, series};

/// What a scenario needs to be told. [`Spike::default`] has the documented values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// Iterations a second at the beginning: 5.
    pub start_rps: u32,
    /// Iterations a second at the peak: 25, which with two requests each are 50 requests a second.
    pub peak_rps: u32,
    /// Iterations a second at the end: as at the beginning.
    pub end_rps: Option<u32>,
    /// From the beginning to the peak: 10 s.
    pub ramp_up: Duration,
    /// At the peak: 60 s.
    pub hold: Duration,
    /// From the peak to the end: 10 s.
    pub ramp_down: Duration,
    /// Virtual users made before the first start: 20, or `max_vus` if that is less.
    pub pre_allocated_vus: Option<usize>,
    /// Virtual users that there may be: four for each iteration a second at the peak, because two
    /// requests of the 2 s that the threshold allows keep a user busy for 4 s; at least 40 and at
    /// least `pre_allocated_vus`. Idle users cost nothing, and no connection.
    pub max_vus: Option<usize>,
    /// How long iterations may go on after the last start: 30 s, as in k6.
    pub graceful_stop: Duration,
}

impl Default for Spike {
    fn default() -> Self {
        Spike {
            start_rps: 5,
            peak_rps: 25,
            end_rps: None,
            ramp_up: Duration::from_secs(10),
            hold: Duration::from_secs(60),
            ramp_down: Duration::from_secs(10),
            pre_allocated_vus: None,
            max_vus: None,
            graceful_stop: Duration::from_secs(30),
        }
    }
}

impl Spike {
    /// The scenario.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if the values make no scenario.
    pub fn scenario(self) -> Result<Scenario, ScenarioError> {
        let stage = |duration, target| Stage { duration, target };
        let end_rps = self.end_rps.unwrap_or(self.start_rps);
        let busiest = self.start_rps.max(self.peak_rps).max(end_rps) as usize;
        let needed = busiest.saturating_mul(4).clamp(40, 100_000);
        let max_vus = self.max_vus.unwrap_or(needed.max(self.pre_allocated_vus.unwrap_or(0)));
        let ramp = RampingArrivalRate {
            start_rate: self.start_rps,
            time_unit: Duration::from_secs(1),
            stages: vec![
                stage(self.ramp_up, self.peak_rps),
                stage(self.hold, self.peak_rps),
                stage(self.ramp_down, end_rps),
            ],
            pre_allocated_vus: self.pre_allocated_vus.unwrap_or(max_vus.min(20)),
            max_vus,
        };
        Scenario::ramping_arrival_rate(ramp, self.graceful_stop)
    }
}

/// The scenarios by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preset {
    /// One virtual user for 30 s.
    Smoke,
    /// Ten virtual users for 3 min.
    Baseline,
    /// A rate that rises, holds and falls.
    Spike,
}

impl Preset {
    const ALL: [Preset; 3] = [Preset::Smoke, Preset::Baseline, Preset::Spike];

    /// The preset with this name: `smoke`, `baseline` or `spike`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The preset's name.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Smoke => "smoke",
            Preset::Baseline => "baseline",
            Preset::Spike => "spike",
        }
    }

    /// What decides whether a run of the built-in plan passes. Everywhere, fewer than 1 % of requests
    /// may fail, and fewer than 1 % of bodies be misshapen; for details, which may be a small part of
    /// all requests, that holds by themselves too. The baseline has a p95 below 800 ms and a p99
    /// below 1.5 s, the spike a p95 below 2 s and no dropped iteration. `lists` and `details` say what
    /// the run requests.
    pub fn thresholds(self, lists: bool, details: bool) -> Vec<Threshold> {
        let plan = Plan::genarrative();
        let planned = plan.scenario(self.name(), &Overrides::default());
        let thresholds = planned.expect("the built-in plan has the presets").thresholds;
        let is_requested = |endpoint: &&Endpoint| match endpoint.role() {
            Role::List => lists,
            Role::Detail => details,
        };
        let requested: Vec<_> = plan.endpoints().iter().filter(is_requested).cloned().collect();
        series::applicable(&thresholds, &requested, plan.endpoints())
    }
}

#[cfg(test)]
mod tests {
    use scenario::Executor;

    use super::*;

    fn ramp(spike: Spike) -> RampingArrivalRate {
        match spike.scenario().unwrap().executor() {
            Executor::RampingArrivalRate(ramp) => ramp.clone(),
            other => panic!("a spike is no {other:?}"),
        }
    }

    #[test]
    fn the_default_spike_is_the_documented_one() {
        let ramp = ramp(Spike::default());
        assert_eq!((ramp.start_rate, ramp.pre_allocated_vus, ramp.max_vus), (5, 20, 100));
        let stages: Vec<_> =
            ramp.stages.iter().map(|stage| (stage.duration.as_secs(), stage.target)).collect();
        assert_eq!(stages, [(10, 25), (60, 25), (10, 5)]);
    }

    #[test]
    fn users_follow_what_was_asked_for() {
        let users = |pre_allocated_vus, max_vus, peak_rps| {
            let ramp = ramp(Spike { pre_allocated_vus, max_vus, peak_rps, ..Spike::default() });
            (ramp.pre_allocated_vus, ramp.max_vus)
        };
        assert_eq!(users(None, Some(8), 25), (8, 8));
        assert_eq!(users(Some(300), None, 25), (300, 300));
        assert_eq!(users(Some(20), Some(40), 250), (20, 40));
        assert_eq!(users(None, None, 250), (20, 1000));
    }

    #[test]
    fn thresholds_are_the_documented_ones() {
        let shown = |thresholds: Vec<Threshold>| {
            thresholds.iter().map(Threshold::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            shown(Preset::Smoke.thresholds(true, false)),
            ["http_req_failed: rate<0.01", "works_list_shape_error_rate: rate<0.01"]
        );
        assert_eq!(
            shown(Preset::Baseline.thresholds(true, false))[..2],
            ["http_req_duration: p(95)<800", "http_req_duration: p(99)<1500"]
        );
        assert_eq!(
            shown(Preset::Spike.thresholds(true, true)),
            [
                "dropped_iterations: count==0",
                "http_req_duration: p(95)<2000",
                "http_req_failed: rate<0.01",
                "http_req_failed{role:detail}: rate<0.01",
                "works_detail_shape_error_rate: rate<0.01",
                "works_list_shape_error_rate: rate<0.01",
            ]
        );
        let details_only = shown(Preset::Smoke.thresholds(false, true));
        assert!(!details_only.iter().any(|shown| shown.contains("list")), "{details_only:?}");
    }

    #[test]
    fn the_built_in_plan_has_the_same_spike() {
        let plan = Plan::genarrative();
        let planned = plan.scenario("spike", &Overrides::default()).unwrap();
        assert_eq!(planned.scenario, Spike::default().scenario().unwrap());
        let changed = Overrides { start_rps: Some(7), max_vus: Some(8), ..Overrides::default() };
        let planned = plan.scenario("spike", &changed).unwrap();
        let spike = Spike { start_rps: 7, max_vus: Some(8), ..Spike::default() };
        assert_eq!(planned.scenario, spike.scenario().unwrap());
    }

    #[test]
    fn presets_are_found_by_their_own_names() {
        for preset in Preset::ALL {
            assert_eq!(Preset::by_name(preset.name()), Some(preset));
        }
        assert_eq!(Preset::by_name("soak"), None);
    }
}
