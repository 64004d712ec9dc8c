use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use dataset::Dataset;
use hyper::header::HeaderValue;
use metrics::{IterationTally, RunSummary, StopReason, Threshold};
use probe::{Limits, Probe};
use scenario::{Executor, RampingArrivalRate, Scenario, Stage, Stop, Tally};

use crate::recorder::{Recorded, Recorder};
use crate::requests::Requests;
use crate::transport::{Client, ClientConfig, Target};
use crate::user::{Judge, Reader, Worker};
use crate::{
    AuthToken, BaseUrl, Endpoint, Forecast, Plan, PlannedScenario, Progress, RunConfig,
    WorkloadError, series,
};

/// No service is waited for longer; a moment that far ahead can be reckoned with.
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A run that was checked and can begin.
#[derive(Debug)]
pub struct Run {
    config: RunConfig,
    loads: Vec<Load>,
}

/// One scenario with its requests.
#[derive(Debug)]
struct Load {
    planned: PlannedScenario,
    requests: Requests,
}

impl Run {
    /// Chooses the plan's endpoints for the one scenario that `config` describes, and checks that
    /// everything they need is there. The dataset is needed for paths with fields only.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] with the setting that makes no run. Nothing is sent.
    pub fn prepare(
        config: RunConfig,
        plan: &Plan,
        dataset: Option<&Dataset>,
    ) -> Result<Self, WorkloadError> {
        let planned = PlannedScenario {
            name: config.name.clone(),
            scenario: config.scenario.clone(),
            endpoints: Vec::new(),
            thresholds: config.thresholds.clone(),
        };
        Self::of_scenarios(config, plan, vec![planned], dataset)
    }

    /// Does the same for scenarios of a plan, in place of the one that `config` describes. Their
    /// thresholds on endpoints of the plan which are not requested are left out.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`], as [`Run::prepare`].
    pub fn of_scenarios(
        config: RunConfig,
        plan: &Plan,
        scenarios: Vec<PlannedScenario>,
        dataset: Option<&Dataset>,
    ) -> Result<Self, WorkloadError> {
        if config.timeout.is_zero() || config.timeout > TIMEOUT_MAX {
            return Err(WorkloadError::Timeout);
        }
        let load = |mut planned: PlannedScenario| {
            let requests = Requests::new(&config, plan, &planned, dataset)?;
            planned.thresholds =
                series::applicable(&planned.thresholds, requests.endpoints(), plan.endpoints());
            Ok(Load { planned, requests })
        };
        let loads = scenarios.into_iter().map(load).collect::<Result<_, WorkloadError>>()?;
        Ok(Run { config, loads })
    }

    /// What this run will do, if every request takes `service_time`. Nothing is sent.
    pub fn forecast(&self, service_time: Duration) -> Forecast {
        let parts = self.loads.iter().map(|load| (&load.planned, &load.requests));
        Forecast::new(parts, service_time)
    }

    /// The endpoints that each scenario requests, in the order of the plan, with the scenario's name.
    pub fn scenarios(&self) -> impl Iterator<Item = (&str, &[Endpoint])> {
        self.loads.iter().map(|load| (load.planned.name.as_str(), load.requests.endpoints()))
    }

    /// The mean number of HTTP requests in an iteration of the first scenario.
    pub fn requests_per_iteration(&self) -> f64 {
        self.loads.first().map_or(0.0, |load| load.requests.mean_per_iteration())
    }

    /// The settings of this run.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// What each scenario does, in words and numbers.
    pub fn description(&self) -> String {
        let describe =
            |load: &Load| describe(&load.planned.scenario, load.requests.mean_per_iteration());
        self.loads.iter().map(describe).collect::<Vec<_>>().join("; ")
    }

    /// From the beginning to the end of the last scenario's starts.
    pub fn duration(&self) -> Duration {
        let end =
            |load: &Load| load.planned.scenario.start_time() + load.planned.scenario.duration();
        self.loads.iter().map(end).max().unwrap_or_default()
    }

    /// Runs the scenario to its end, on the current tokio runtime with I/O and time, and returns
    /// everything that it measured, thresholds evaluated.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] if the host has no address or nobody accepts a connection there before the
    /// first iteration, or `stop` comes first. What goes wrong later is part of the measurement.
    pub async fn execute(
        &self,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<RunSummary, WorkloadError> {
        let [load] = self.loads.as_slice() else {
            let name = self.config.name.clone();
            let problem = "runs by itself in this build".to_owned();
            return Err(WorkloadError::Scenario { name, problem });
        };
        let targets = tokio::select! {
            biased;
            () = stop.finishing() => return Err(WorkloadError::Stopped),
            targets = self.connected(load) => targets?,
        };
        let recorder = Recorder::new(load.requests.endpoints(), progress);
        let judge = Judge::new(Probe::new(Limits {
            body_bytes_max: self.config.body_bytes_max,
            ..Limits::default()
        }));
        let worker =
            Worker { requests: &load.requests, recorder: &recorder, judge: RefCell::new(judge) };
        let new_user = |_| Reader::new(&worker, &targets);
        let tally = scenario::run(&load.planned.scenario, new_user, &recorder, stop).await;
        // Without a graceful stop, cutting off is what was asked for, and no fault of the service.
        let had_time = !tally.stopped && !load.planned.scenario.graceful_stop().is_zero();
        Ok(self.summary(load, &tally, recorder.into_recorded(had_time)))
    }

    /// What every connection of the run shares, when one could be made.
    async fn connected(&self, load: &Load) -> Result<Vec<Rc<ClientConfig>>, WorkloadError> {
        let mut clients = Vec::new();
        for (at, base_url) in load.requests.targets().iter().enumerate() {
            let is_used = |endpoint: &Endpoint| endpoint.target == at;
            let client = Rc::new(self.client_config(base_url, Target::resolve(base_url).await?)?);
            if load.requests.endpoints().iter().any(is_used) {
                self.check_connection(base_url, &client).await?;
            }
            clients.push(client);
        }
        Ok(clients)
    }

    fn client_config(
        &self,
        base_url: &BaseUrl,
        target: Target,
    ) -> Result<ClientConfig, WorkloadError> {
        let problem = "has a host that no header can carry";
        let host = HeaderValue::try_from(base_url.authority())
            .map_err(|_| WorkloadError::BaseUrl { problem })?;
        Ok(ClientConfig {
            target,
            host,
            authorization: self.config.auth_token.as_ref().map(AuthToken::header),
            timeout: self.config.timeout,
            body_bytes_max: self.config.body_bytes_max,
        })
    }

    /// Opens and closes one connection, so that a wrong port is said now and not after minutes of
    /// refused requests.
    async fn check_connection(
        &self,
        base_url: &BaseUrl,
        client: &Rc<ClientConfig>,
    ) -> Result<(), WorkloadError> {
        let connected = Client::new(Rc::clone(client)).check().await;
        connected.map_err(|error| WorkloadError::Connect {
            target: base_url.to_string(),
            class: error.name(),
        })
    }

    fn summary(&self, load: &Load, tally: &Tally, recorded: Recorded) -> RunSummary {
        let mut summary = RunSummary::new(&load.planned.name);
        summary.description = self.description();
        summary.target = self.config.base_url.to_string();
        summary.seed = self.config.seed;
        summary.run_id = self.config.run_id.as_ref().map(ToString::to_string);
        summary.window = tally.window;
        summary.elapsed = tally.elapsed;
        summary.iterations = IterationTally {
            planned: tally.planned,
            completed: tally.completed,
            dropped: tally.dropped,
            interrupted: tally.interrupted,
        };
        summary.requests = recorded.requests;
        let evaluate = |threshold: &Threshold| threshold.evaluate(&recorded.metrics, tally.window);
        summary.thresholds = load.planned.thresholds.iter().map(evaluate).collect();
        summary.metrics = recorded.metrics;
        summary.series = recorded.series;
        summary.violations = recorded.violations;
        summary.violations_not_kept = recorded.violations_not_kept;
        summary.stopped = tally.stopped.then_some(StopReason::Interrupted);
        summary
    }
}

fn describe(scenario: &Scenario, requests_per_iteration: f64) -> String {
    let requests = format!("{} HTTP requests an iteration", rounded(requests_per_iteration));
    match scenario.executor() {
        Executor::ConstantVus { vus, duration } => {
            format!("constant-vus, {vus} for {duration:?}, {requests}")
        }
        Executor::RampingArrivalRate(ramp) => {
            let peak = ramp.stages.iter().map(|stage| stage.target).chain([ramp.start_rate]).max();
            let peak = f64::from(peak.unwrap_or(0)) / ramp.time_unit.as_secs_f64();
            format!(
                "ramping-arrival-rate, iterations per {:?}: {}; {} in all, {requests}, \
                 {} HTTP requests/s at the peak, {} to {} VUs",
                ramp.time_unit,
                describe_stages(ramp),
                ramp.schedule().total(),
                rounded(peak * requests_per_iteration),
                ramp.pre_allocated_vus,
                ramp.max_vus,
            )
        }
        _ => requests,
    }
}

/// `5 → 25 in 10s, hold 60s, → 5 in 10s`.
fn describe_stages(ramp: &RampingArrivalRate) -> String {
    let (mut text, mut rate) = (ramp.start_rate.to_string(), ramp.start_rate);
    for Stage { duration, target } in ramp.stages.iter().copied() {
        match (target == rate, duration.is_zero()) {
            (true, true) => {}
            (true, false) => text += &format!(", hold {duration:?}"),
            (false, true) => text += &format!(", → {target} at once"),
            (false, false) => text += &format!(", → {target} in {duration:?}"),
        }
        rate = target;
    }
    text
}

/// Two decimals where they say something.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Spike;

    #[test]
    fn a_scenario_is_described_in_words_and_numbers() {
        let spike = Spike { hold: Duration::from_millis(1500), ..Spike::default() };
        assert_eq!(
            describe(&spike.scenario().unwrap(), 2.35),
            "ramping-arrival-rate, iterations per 1s: 5, → 25 in 10s, hold 1.5s, → 5 in 10s; 337 in all, \
             2.35 HTTP requests an iteration, 58.75 HTTP requests/s at the peak, 20 to 100 VUs"
        );
        let jump = Spike { ramp_up: Duration::ZERO, ramp_down: Duration::ZERO, ..spike };
        assert!(
            describe(&jump.scenario().unwrap(), 2.0)
                .contains("5, → 25 at once, hold 1.5s, → 5 at once")
        );
        let closed = Scenario::constant_vus(10, Duration::from_secs(180), Duration::ZERO).unwrap();
        assert_eq!(
            describe(&closed, 2.0),
            "constant-vus, 10 for 180s, 2 HTTP requests an iteration"
        );
    }
}
