use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use dataset::Dataset;
use hyper::header::{ACCEPT, HeaderValue, USER_AGENT};
use metrics::{IterationTally, RunSummary, StopReason, Threshold};
use scenario::{Executor, RampingArrivalRate, Scenario, Stage, Stop, Tally};

use crate::requests::Requests;
use crate::team::{self, Ended, Kit};
use crate::transport::{Client, ClientConfig, Target};
use crate::{AuthToken, Endpoint, Plan, Progress, RunConfig, WorkloadError};

const USER_AGENT_VALUE: &str = concat!("genarrative-loadtest/", env!("CARGO_PKG_VERSION"));

/// A run that was checked and can begin.
#[derive(Debug)]
pub struct Run {
    config: RunConfig,
    requests: Arc<Requests>,
}

impl Run {
    /// Chooses the plan's endpoints for this run and checks that everything they need is there. The
    /// dataset is needed for a detail ratio above 0 only.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] with the setting that makes no run. Nothing is sent.
    pub fn prepare(
        config: RunConfig,
        plan: &Plan,
        dataset: Option<&Dataset>,
    ) -> Result<Self, WorkloadError> {
        config.transport.check()?;
        let requests = Arc::new(Requests::new(&config, plan, dataset)?);
        Ok(Run { config, requests })
    }

    /// The same run with what decides whether it passes, in place of the configured thresholds: for
    /// those that depend on the endpoints which were chosen.
    #[must_use]
    pub fn with_thresholds(mut self, thresholds: Vec<Threshold>) -> Self {
        self.config.thresholds = thresholds;
        self
    }

    /// The endpoints that this run requests, in the order of the plan.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.requests.endpoints().iter()
    }

    /// The mean number of HTTP requests in an iteration.
    pub fn requests_per_iteration(&self) -> f64 {
        self.requests.mean_per_iteration()
    }

    /// The settings of this run.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// What the scenario does, in words and numbers.
    pub fn description(&self) -> String {
        let scenario = describe(&self.config.scenario, self.requests_per_iteration());
        [vec![scenario], self.config.transport.notes()].concat().join(", ")
    }

    /// How many worker threads the run has.
    pub fn workers(&self) -> usize {
        team::workers(&self.config, self.requests_per_iteration())
    }

    /// Runs the scenario to its end and returns everything that it measured, thresholds evaluated.
    /// The load has threads of its own; this waits for them on the current tokio runtime, which
    /// needs I/O and time. Dropping the future ends the run.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] if the host has no address or nobody accepts a connection there before the
    /// first iteration, if a thread cannot be started, or `stop` comes first. What goes wrong later
    /// is part of the measurement.
    pub async fn execute(
        &self,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<RunSummary, WorkloadError> {
        let target = tokio::select! {
            biased;
            () = stop.finishing() => return Err(WorkloadError::Stopped),
            target = self.connected() => target?,
        };
        let addresses = target.addresses();
        let config = self.config.clone();
        let kit = Kit {
            scenarios: vec![config.scenario.clone()],
            requests: Arc::clone(&self.requests),
            client: Box::new(move || client_config(&config, &target)),
            config: self.config.clone(),
            progress: progress.clone(),
        };
        let ended = team::run(kit, self.workers(), stop).await?;
        Ok(self.summary(ended, addresses))
    }

    /// The target, when a connection to it could be opened and closed: so a wrong port is said now
    /// and not after minutes of refused requests.
    async fn connected(&self) -> Result<Arc<Target>, WorkloadError> {
        let target = Target::resolve(&self.config.base_url, &self.config.transport).await?;
        let target = Arc::new(target);
        let client = Rc::new(client_config(&self.config, &target));
        let connected = Client::new(client).check().await;
        connected.map(|()| target).map_err(|(_, error)| WorkloadError::Connect {
            target: self.config.base_url.to_string(),
            class: error.name(),
        })
    }

    fn summary(&self, ended: Ended, addresses: Vec<String>) -> RunSummary {
        let Ended { tallies, recorded, aborted } = ended;
        let scenarios = [&self.config.scenario];
        let ends = |length: fn(&Tally) -> Duration| {
            let ends =
                scenarios.iter().zip(&tallies).map(|(s, tally)| s.start_time() + length(tally));
            ends.max().unwrap_or_default()
        };
        let mut summary = RunSummary::new(&self.config.name);
        summary.description = self.description();
        summary.target = self.config.base_url.to_string();
        summary.addresses = addresses;
        summary.seed = self.config.seed;
        summary.window = ends(|tally| tally.window);
        summary.elapsed = ends(|tally| tally.elapsed);
        let of_all = |count: fn(&Tally) -> u64| tallies.iter().map(count).sum();
        summary.iterations = IterationTally {
            planned: of_all(|tally| tally.planned),
            completed: of_all(|tally| tally.completed),
            dropped: of_all(|tally| tally.dropped),
            interrupted: of_all(|tally| tally.interrupted),
        };
        summary.requests = recorded.requests;
        let evaluate =
            |threshold: &Threshold| threshold.evaluate(&recorded.metrics, summary.window);
        summary.thresholds = self.config.thresholds.iter().map(evaluate).collect();
        summary.metrics = recorded.metrics;
        summary.series = recorded.series;
        summary.violations = recorded.violations;
        summary.violations_not_kept = recorded.violations_not_kept;
        summary.stopped = match tallies.iter().any(|tally| tally.stopped) {
            true if aborted => Some(StopReason::Threshold),
            true => Some(StopReason::Interrupted),
            false => None,
        };
        summary
    }
}

/// What all connections of a worker share.
fn client_config(config: &RunConfig, target: &Arc<Target>) -> ClientConfig {
    let headers = vec![
        (USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE)),
        (ACCEPT, HeaderValue::from_static("application/json")),
    ];
    ClientConfig {
        targets: vec![Arc::clone(target)],
        authorization: config.auth_token.as_ref().map(AuthToken::header),
        headers,
        options: config.transport.clone(),
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
    use std::time::Duration;

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
