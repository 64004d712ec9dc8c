//! From a scenario as written, with the settings that change it, to one that can be run.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::Threshold;
use scenario::{
    ConstantArrivalRate, RampingArrivalRate, RampingVus, Reuse, Scenario, ScenarioError, Stage,
};
use toml::Spanned;

use super::file::{ExecutorFile, PlanFile, ReuseFile, ScenarioFile, ThresholdFile};
use super::{Definition, Endpoint, GENARRATIVE, Plan, duration, invalid_at, is_name, line, syntax};
use crate::{WorkloadError, series};

/// k6's defaults.
const GRACEFUL_STOP: Duration = Duration::from_secs(30);
const GRACEFUL_RAMP_DOWN: Duration = Duration::from_secs(30);
const MAX_DURATION: Duration = Duration::from_secs(600);
const SECOND: Duration = Duration::from_secs(1);

/// A scenario of a plan, ready to be run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlannedScenario {
    /// Its name in the plan.
    pub name: String,
    /// When iterations start.
    pub scenario: Scenario,
    /// Names of the endpoints that its iterations request; empty for all that apply.
    pub endpoints: Vec<String>,
    /// What decides whether it passes.
    pub thresholds: Vec<Threshold>,
}

/// Settings that take the place of a plan's values, in the scenarios that have such a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Virtual users of constant-vus and of the executors that count iterations.
    pub vus: Option<usize>,
    /// The length of constant-vus and constant-arrival-rate, and the longest time of the executors
    /// that count iterations.
    pub duration: Option<Duration>,
    /// The rate at which a ramping-arrival-rate of three stages (up, hold, down) begins, in
    /// iterations a second. One that ends as it begins still does.
    pub start_rps: Option<u32>,
    /// Its rate while it holds.
    pub peak_rps: Option<u32>,
    /// Its rate at the end.
    pub end_rps: Option<u32>,
    /// The length of its first stage.
    pub ramp_up: Option<Duration>,
    /// The length of its second stage.
    pub hold: Option<Duration>,
    /// The length of its third stage.
    pub ramp_down: Option<Duration>,
    /// Virtual users of an arrival rate made before the first start.
    pub pre_allocated_vus: Option<usize>,
    /// Virtual users of an arrival rate that there may be.
    pub max_vus: Option<usize>,
    /// How long iterations of any scenario may go on after the last start.
    pub graceful_stop: Option<Duration>,
}

impl Plan {
    /// The names of all scenarios, in alphabetical order.
    pub fn scenario_names(&self) -> impl Iterator<Item = &str> {
        self.scenarios.iter().map(|definition| definition.name.as_str())
    }

    /// The scenario with this name, with `overrides` in place of the plan's values.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::UnknownScenario`], or [`WorkloadError::Scenario`] if the values make none.
    pub fn scenario(
        &self,
        name: &str,
        overrides: &Overrides,
    ) -> Result<PlannedScenario, WorkloadError> {
        let Some(definition) = self.scenarios.iter().find(|known| known.name == name) else {
            let known = self.scenario_names().collect::<Vec<_>>().join(", ");
            return Err(WorkloadError::UnknownScenario { name: name.to_owned(), known });
        };
        let scenario = build(&definition.file, overrides)
            .map_err(|problem| WorkloadError::Scenario { name: name.to_owned(), problem })?;
        Ok(PlannedScenario {
            name: name.to_owned(),
            scenario,
            endpoints: definition.file.endpoints.clone(),
            thresholds: definition.thresholds.clone(),
        })
    }

    /// The scenarios with these names, in that order; see [`Plan::scenario`].
    ///
    /// # Errors
    ///
    /// As for one; and [`WorkloadError::Scenario`] for a name that comes twice.
    pub fn scenarios(
        &self,
        names: &[impl AsRef<str>],
        overrides: &Overrides,
    ) -> Result<Vec<PlannedScenario>, WorkloadError> {
        let mut scenarios: Vec<PlannedScenario> = Vec::with_capacity(names.len());
        for name in names.iter().map(AsRef::as_ref) {
            if scenarios.iter().any(|earlier| earlier.name == name) {
                let problem = "is named twice; a run has each scenario once".to_owned();
                return Err(WorkloadError::Scenario { name: name.to_owned(), problem });
            }
            scenarios.push(self.scenario(name, overrides)?);
        }
        Ok(scenarios)
    }
}

/// Reads all scenarios, and checks that they make one without any setting.
pub(super) fn read_all(
    text: &str,
    files: BTreeMap<String, Spanned<ScenarioFile>>,
    endpoints: &[Endpoint],
) -> Result<Vec<Definition>, WorkloadError> {
    let read = |(name, spanned): (String, Spanned<ScenarioFile>)| {
        let line = line(text, spanned.span());
        let invalid = |problem: String| invalid_at(line, "scenario", &name, &problem);
        let file = spanned.into_inner();
        check(&name, &file, endpoints).map_err(invalid)?;
        build(&file, &Overrides::default()).map_err(invalid)?;
        let thresholds = thresholds(&file, endpoints).map_err(invalid)?;
        Ok(Definition { name, file, thresholds })
    };
    files.into_iter().map(read).collect()
}

/// The scenarios of the built-in plan for endpoints of another one. Thresholds that none of these
/// could decide are left out.
pub(super) fn of_genarrative(endpoints: &[Endpoint]) -> Result<Vec<Definition>, WorkloadError> {
    let file: PlanFile =
        toml::from_str(GENARRATIVE).map_err(|error| syntax(GENARRATIVE, &error))?;
    let mut scenarios = read_all(GENARRATIVE, file.scenario, Plan::genarrative().endpoints())?;
    let is_decided = |threshold: &Threshold| {
        let selector = threshold.selector();
        let feeds = |endpoint: &Endpoint| series::may_feed(endpoint, selector);
        !series::is_of_requests(selector) || endpoints.iter().any(feeds)
    };
    scenarios.iter_mut().for_each(|definition| definition.thresholds.retain(is_decided));
    Ok(scenarios)
}

fn check(name: &str, file: &ScenarioFile, endpoints: &[Endpoint]) -> Result<(), String> {
    if !is_name(name) {
        return Err("needs a name of letters, digits, - and _".to_owned());
    }
    let allowed = allowed(file.executor);
    let wrong = given(file).into_iter().find(|(option, given)| *given && !allowed.contains(option));
    if let Some((option, _)) = wrong {
        let options = allowed.join(", ");
        return Err(format!("has {option}, which its executor does not know; it knows {options}"));
    }
    let known = |name: &&String| endpoints.iter().any(|endpoint| endpoint.name == **name);
    match file.endpoints.iter().find(|name| !known(name)) {
        Some(name) => Err(format!("names the endpoint {name:?}, which the plan does not have")),
        None => Ok(()),
    }
}

fn given(file: &ScenarioFile) -> [(&'static str, bool); 12] {
    [
        ("vus", file.vus.is_some()),
        ("start_vus", file.start_vus.is_some()),
        ("iterations", file.iterations.is_some()),
        ("duration", file.duration.is_some()),
        ("max_duration", file.max_duration.is_some()),
        ("rate", file.rate.is_some()),
        ("start_rate", file.start_rate.is_some()),
        ("time_unit", file.time_unit.is_some()),
        ("stages", file.stages.is_some()),
        ("graceful_ramp_down", file.graceful_ramp_down.is_some()),
        ("pre_allocated_vus", file.pre_allocated_vus.is_some()),
        ("max_vus", file.max_vus.is_some()),
    ]
}

fn allowed(executor: ExecutorFile) -> &'static [&'static str] {
    match executor {
        ExecutorFile::ConstantVus => &["vus", "duration"],
        ExecutorFile::RampingVus => &["start_vus", "stages", "graceful_ramp_down"],
        ExecutorFile::ConstantArrivalRate => {
            &["rate", "time_unit", "duration", "pre_allocated_vus", "max_vus"]
        }
        ExecutorFile::RampingArrivalRate => {
            &["start_rate", "time_unit", "stages", "pre_allocated_vus", "max_vus"]
        }
        ExecutorFile::PerVuIterations | ExecutorFile::SharedIterations => {
            &["vus", "iterations", "max_duration"]
        }
    }
}

/// The thresholds, each of which at least one endpoint of the scenario could decide.
fn thresholds(file: &ScenarioFile, endpoints: &[Endpoint]) -> Result<Vec<Threshold>, String> {
    let is_own =
        |endpoint: &&Endpoint| file.endpoints.is_empty() || file.endpoints.contains(&endpoint.name);
    let own: Vec<_> = endpoints.iter().filter(is_own).collect();
    let mut thresholds = Vec::new();
    for (selector, expressions) in &file.thresholds {
        for expression in expressions {
            let threshold = threshold(selector, expression)?;
            let selector = threshold.selector();
            if series::is_of_requests(selector)
                && !own.iter().any(|endpoint| series::may_feed(endpoint, selector))
            {
                return Err(format!("has a threshold on {selector}, of which no endpoint has any"));
            }
            thresholds.push(threshold);
        }
    }
    Ok(thresholds)
}

fn threshold(selector: &str, file: &ThresholdFile) -> Result<Threshold, String> {
    let parse = |text: &str| Threshold::parse(selector, text).map_err(|error| error.to_string());
    match file {
        ThresholdFile::Condition(text) => parse(text),
        ThresholdFile::Detailed { threshold, abort_on_fail: true, delay_abort_eval } => {
            let delay = length("delay_abort_eval", delay_abort_eval.as_ref())?;
            Ok(parse(threshold)?.aborting_after(delay.unwrap_or_default()))
        }
        ThresholdFile::Detailed { threshold, delay_abort_eval: None, .. } => parse(threshold),
        ThresholdFile::Detailed { .. } => {
            Err("has delay_abort_eval on a threshold without abort_on_fail = true".to_owned())
        }
    }
}

/// One scenario's values, with the settings that go before them.
struct Values<'a> {
    file: &'a ScenarioFile,
    overrides: &'a Overrides,
}

fn build(file: &ScenarioFile, overrides: &Overrides) -> Result<Scenario, String> {
    let values = Values { file, overrides };
    let graceful_stop = length("graceful_stop", file.graceful_stop.as_ref())?;
    let graceful_stop = overrides.graceful_stop.or(graceful_stop).unwrap_or(GRACEFUL_STOP);
    let start_time = length("start_time", file.start_time.as_ref())?.unwrap_or_default();
    let scenario = values.scenario(graceful_stop)?.map_err(|error| error.to_string())?;
    let reuse = match file.reuse {
        Some(ReuseFile::FirstIn) => Reuse::FirstIn,
        Some(ReuseFile::LastIn) | None => Reuse::LastIn,
    };
    let scenario = scenario.starting_at(start_time).map_err(|error| error.to_string())?;
    Ok(scenario.reusing(reuse))
}

type Built = Result<Result<Scenario, ScenarioError>, String>;

impl Values<'_> {
    fn scenario(&self, graceful_stop: Duration) -> Built {
        let Values { file, overrides } = self;
        let vus = overrides.vus.or(file.vus).unwrap_or(1);
        let iterations = file.iterations.unwrap_or(1);
        Ok(match file.executor {
            ExecutorFile::ConstantVus => {
                Scenario::constant_vus(vus, self.duration()?, graceful_stop)
            }
            ExecutorFile::RampingVus => Scenario::ramping_vus(self.ramping_vus()?, graceful_stop),
            ExecutorFile::ConstantArrivalRate => {
                Scenario::constant_arrival_rate(self.constant_rate()?, graceful_stop)
            }
            ExecutorFile::RampingArrivalRate => {
                Scenario::ramping_arrival_rate(self.ramping_rate()?, graceful_stop)
            }
            ExecutorFile::PerVuIterations => {
                Scenario::per_vu_iterations(vus, iterations, self.max_duration()?, graceful_stop)
            }
            ExecutorFile::SharedIterations => {
                Scenario::shared_iterations(vus, iterations, self.max_duration()?, graceful_stop)
            }
        })
    }

    fn duration(&self) -> Result<Duration, String> {
        let duration = length("duration", self.file.duration.as_ref())?;
        self.overrides.duration.or(duration).ok_or_else(|| "needs a duration".to_owned())
    }

    fn max_duration(&self) -> Result<Duration, String> {
        let max = length("max_duration", self.file.max_duration.as_ref())?;
        Ok(self.overrides.duration.or(max).unwrap_or(MAX_DURATION))
    }

    fn stages(&self) -> Result<Vec<Stage>, String> {
        let stages = self.file.stages.as_ref().filter(|stages| !stages.is_empty());
        let stages = stages.ok_or_else(|| "needs stages".to_owned())?;
        let stage = |stage: &super::file::StageFile| {
            let duration = length("duration", Some(&stage.duration))?.unwrap_or_default();
            Ok(Stage { duration, target: stage.target })
        };
        stages.iter().map(stage).collect()
    }

    fn ramping_vus(&self) -> Result<RampingVus, String> {
        let down = length("graceful_ramp_down", self.file.graceful_ramp_down.as_ref())?;
        Ok(RampingVus {
            start_vus: self.file.start_vus.unwrap_or(1),
            stages: self.stages()?,
            graceful_ramp_down: down.unwrap_or(GRACEFUL_RAMP_DOWN),
        })
    }

    fn time_unit(&self) -> Result<Duration, String> {
        Ok(length("time_unit", self.file.time_unit.as_ref())?.unwrap_or(SECOND))
    }

    fn constant_rate(&self) -> Result<ConstantArrivalRate, String> {
        let rate = self.file.rate.ok_or_else(|| "needs a rate".to_owned())?;
        let (time_unit, duration) = (self.time_unit()?, self.duration()?);
        let (pre_allocated_vus, max_vus) = self.users(rate, time_unit);
        Ok(ConstantArrivalRate { rate, time_unit, duration, pre_allocated_vus, max_vus })
    }

    fn ramping_rate(&self) -> Result<RampingArrivalRate, String> {
        let time_unit = self.time_unit()?;
        let (mut start_rate, mut stages) = (self.file.start_rate.unwrap_or(0), self.stages()?);
        if self.overrides.shape_a_spike() {
            self.overrides.reshape(&mut start_rate, &mut stages, time_unit)?;
        }
        let peak = stages.iter().map(|stage| stage.target).fold(start_rate, u32::max);
        let (pre_allocated_vus, max_vus) = self.users(peak, time_unit);
        Ok(RampingArrivalRate { start_rate, time_unit, stages, pre_allocated_vus, max_vus })
    }

    /// The virtual users to make at first and at most. Without a word about it, there may be four
    /// for each iteration a second at the peak, because two requests of the 2 s that the spike's
    /// threshold allows keep a user busy for 4 s; at least 40. Idle ones cost no connection.
    fn users(&self, peak_rate: u32, time_unit: Duration) -> (usize, usize) {
        let peak = f64::from(peak_rate) / time_unit.as_secs_f64();
        let needed = (peak * 4.0).ceil().clamp(40.0, 100_000.0) as usize;
        let pre_allocated = self.overrides.pre_allocated_vus.or(self.file.pre_allocated_vus);
        let max = self.overrides.max_vus.or(self.file.max_vus);
        let max = max.unwrap_or(needed.max(pre_allocated.unwrap_or(0)));
        (pre_allocated.unwrap_or(max.min(20)), max)
    }
}

impl Overrides {
    fn shape_a_spike(&self) -> bool {
        let rates = [self.start_rps, self.peak_rps, self.end_rps];
        let lengths = [self.ramp_up, self.hold, self.ramp_down];
        rates.iter().any(Option::is_some) || lengths.iter().any(Option::is_some)
    }

    fn reshape(
        &self,
        start_rate: &mut u32,
        stages: &mut [Stage],
        time_unit: Duration,
    ) -> Result<(), String> {
        let [up, hold, down] = stages else {
            return Err("has other stages than up, hold and down, so that START_RPS, PEAK_RPS, \
                        END_RPS, RAMP_UP, HOLD and RAMP_DOWN say nothing about it"
                .to_owned());
        };
        if up.target != hold.target || time_unit != SECOND {
            return Err("does not hold its peak, or does not count by the second, so that \
                        START_RPS, PEAK_RPS and END_RPS say nothing about it"
                .to_owned());
        }
        let ends_as_it_begins = down.target == *start_rate;
        *start_rate = self.start_rps.unwrap_or(*start_rate);
        up.target = self.peak_rps.unwrap_or(up.target);
        hold.target = up.target;
        let end = if ends_as_it_begins { *start_rate } else { down.target };
        down.target = self.end_rps.unwrap_or(end);
        up.duration = self.ramp_up.unwrap_or(up.duration);
        hold.duration = self.hold.unwrap_or(hold.duration);
        down.duration = self.ramp_down.unwrap_or(down.duration);
        Ok(())
    }
}

fn length(option: &str, text: Option<&String>) -> Result<Option<Duration>, String> {
    let parse = |text: &String| {
        duration::parse(text)
            .ok_or_else(|| format!("needs a {option} such as 500ms, 30s or 1m30s, not {text:?}"))
    };
    text.map(parse).transpose()
}
