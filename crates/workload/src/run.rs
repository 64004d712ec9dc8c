use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use dataset::Dataset;
use metrics::{IterationTally, PairedSamples, RunSummary, StopReason, Threshold};
use probe::LearnLimits;
use scenario::{Executor, Scenario, Stage, Stop, Tally};

use crate::bodies::{Bodies, Learnt};
use crate::health::health;
use crate::recorder::BodyCounts;
use crate::requests::Requests;
use crate::team::{self, Ended, Kit};
use crate::transport::{Client, ClientConfig, Target};
use crate::{
    AuthToken, BaseUrl, Endpoint, Forecast, Plan, PlannedScenario, Progress, RunConfig,
    WorkloadError, identity, paired, series,
};

/// A run that was checked and can begin.
#[derive(Debug)]
pub struct Run {
    config: RunConfig,
    scenarios: Vec<PlannedScenario>,
    /// One for each scenario, and then, where the run has two services, those to the second one.
    requests: Arc<[Requests]>,
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
    /// thresholds about endpoints of the plan that are not requested are left out.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`], as [`Run::prepare`].
    pub fn of_scenarios(
        config: RunConfig,
        plan: &Plan,
        mut scenarios: Vec<PlannedScenario>,
        dataset: Option<&Dataset>,
    ) -> Result<Self, WorkloadError> {
        config.transport.check()?;
        if config.paired_url.is_some() && config.transport.unix_socket.is_some() {
            let problem = "with UNIX_SOCKET both would be the same";
            return Err(WorkloadError::Paired { problem });
        }
        let mut all = Vec::with_capacity(scenarios.len());
        for (variant, base_url) in paired::variants(&config) {
            let directed = RunConfig { base_url: base_url.clone(), ..config.clone() };
            for planned in &mut scenarios {
                let requests = Requests::new(&directed, plan, planned, dataset)?;
                let endpoints = requests.endpoints();
                planned.thresholds =
                    series::applicable(&planned.thresholds, endpoints, plan.endpoints());
                all.push(match variant {
                    None => requests,
                    Some(variant) => requests.of_variant(variant, &targets(&config, plan)),
                });
            }
        }
        Ok(Run { config, scenarios, requests: all.into() })
    }

    /// What this run will do, if every request takes `service_time`. Nothing is sent.
    pub fn forecast(&self, service_time: Duration) -> Forecast {
        Forecast::new(self.scenarios.iter().zip(self.requests.iter()), service_time)
    }

    /// The scenarios, in the order in which they were given, with the endpoints that each requests.
    pub fn scenarios(&self) -> impl Iterator<Item = (&PlannedScenario, &[Endpoint])> {
        self.scenarios.iter().zip(self.requests.iter().map(Requests::endpoints))
    }

    /// The mean number of HTTP requests in an iteration of the first scenario.
    pub fn requests_per_iteration(&self) -> f64 {
        self.requests.first().map_or(0.0, Requests::mean_per_iteration)
    }

    /// The settings of this run.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// What each scenario does, in words and numbers.
    pub fn description(&self) -> String {
        let describe = |planned: &PlannedScenario| {
            let text = self.description_of(&planned.name);
            if self.scenarios.len() == 1 { text } else { format!("{}: {text}", planned.name) }
        };
        self.scenarios.iter().map(describe).collect::<Vec<_>>().join("; ")
    }

    /// What the scenario with this name does, in words and numbers.
    pub fn description_of(&self, name: &str) -> String {
        let mut parts = self.scenarios.iter().zip(self.requests.iter());
        let part = parts.find(|(planned, _)| planned.name == name);
        let text = part
            .map(|(planned, requests)| describe(&planned.scenario, requests.mean_per_iteration()));
        [text.into_iter().collect(), self.config.transport.notes()].concat().join(", ")
    }

    /// From the beginning to the end of the last scenario's starts.
    pub fn duration(&self) -> Duration {
        let end =
            |planned: &PlannedScenario| planned.scenario.start_time() + planned.scenario.duration();
        self.scenarios.iter().map(end).max().unwrap_or_default()
    }

    /// How many worker threads the run has.
    pub fn workers(&self) -> usize {
        let means = self.requests.iter().map(Requests::mean_per_iteration);
        let scenarios = self.scenarios.iter().map(|planned| &planned.scenario);
        team::workers(&self.config, scenarios.zip(means))
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
        Ok(self.carry_out(stop, progress, None).await?.0)
    }

    /// Does the same as [`Run::execute`], and learns a shape for each endpoint from the bodies of its
    /// expected responses.
    ///
    /// ```no_run
    /// use workload::{Plan, Progress, Run, RunConfig, probe::LearnLimits, scenario::Stop};
    ///
    /// # async fn learn() -> Result<(), Box<dyn std::error::Error>> {
    /// let plan = Plan::genarrative();
    /// let config = RunConfig::of_plan(&plan, "smoke", "http://127.0.0.1:8787".parse()?)?;
    /// let run = Run::prepare(config, &plan, None)?;
    /// let (_summary, learnt) =
    ///     run.learn(LearnLimits::default(), &Stop::new(), &Progress::default()).await?;
    /// let shapes = learnt.iter().map(|learnt| learnt.learner.shape_json(&learnt.title));
    /// # drop(shapes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`WorkloadError`], as [`Run::execute`].
    pub async fn learn(
        &self,
        limits: LearnLimits,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<(RunSummary, Vec<Learnt>), WorkloadError> {
        let (summary, bodies, _) = self.carry_out(stop, progress, Some(limits)).await?;
        Ok((summary, bodies.into_learnt(self.endpoints())))
    }

    /// Does the same as [`Run::execute`] with two services, [`RunConfig::base_url`] and
    /// [`RunConfig::paired_url`], and returns what is needed to compare them: the endpoints' names, by
    /// number, and every request. Series have the tag `variant`, `base` or `new`; what belongs to no
    /// endpoint is of both.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`], as [`Run::execute`], and if there is no second service.
    pub async fn compare(
        &self,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<(RunSummary, Vec<String>, PairedSamples), WorkloadError> {
        if self.config.paired_url.is_none() {
            return Err(WorkloadError::Paired { problem: "the second one is missing" });
        }
        let (summary, _, samples) = self.carry_out(stop, progress, None).await?;
        let of_base = self.requests.iter().take(self.scenarios.len());
        let named = self.scenarios.iter().zip(of_base).flat_map(|(planned, requests)| {
            requests.endpoints().iter().map(|own| match self.scenarios.len() {
                1 => own.name().to_owned(),
                _ => format!("{}/{}", planned.name, own.name()),
            })
        });
        Ok((summary, named.collect(), samples))
    }

    async fn carry_out(
        &self,
        stop: &Stop,
        progress: &Progress,
        learn: Option<LearnLimits>,
    ) -> Result<(RunSummary, Bodies, PairedSamples), WorkloadError> {
        let targets = tokio::select! {
            biased;
            () = stop.finishing() => return Err(WorkloadError::Stopped),
            targets = self.connected() => targets?,
        };
        let addresses = targets.iter().flat_map(|target| target.addresses()).collect();
        let config = self.config.clone();
        let kit = Kit {
            scenarios: self.scenarios.iter().map(|planned| planned.scenario.clone()).collect(),
            names: self.scenarios.iter().map(|planned| planned.name.clone()).collect(),
            thresholds: self.thresholds().cloned().collect(),
            requests: Arc::clone(&self.requests),
            client: Box::new(move || client_config(&config, &targets)),
            config: self.config.clone(),
            progress: progress.clone(),
            bodies: BodyCounts::default(),
            learn,
        };
        let ended = team::run(kit, self.workers(), stop).await?;
        Ok(self.summary(ended, addresses))
    }

    /// The targets, when a connection to each could be opened and closed: so a wrong port is said now
    /// and not after minutes of refused requests. A target that no endpoint is at is not looked for.
    async fn connected(&self) -> Result<Vec<Arc<Target>>, WorkloadError> {
        let base_urls = self.requests.first().map_or(&[][..], Requests::targets);
        let mut targets: Vec<Arc<Target>> = Vec::with_capacity(base_urls.len());
        let used = |at: usize| self.endpoints().any(|endpoint| endpoint.target == at);
        let first = (0..base_urls.len()).find(|&at| used(at)).unwrap_or(0);
        for (at, base_url) in base_urls.iter().enumerate() {
            // One that is never asked for only keeps the numbers of the others in their places.
            let base_url = if used(at) { base_url } else { &base_urls[first] };
            targets.push(self.connected_to(base_url).await?);
        }
        Ok(targets)
    }

    async fn connected_to(&self, base_url: &BaseUrl) -> Result<Arc<Target>, WorkloadError> {
        let target = Arc::new(Target::resolve(base_url, &self.config.transport).await?);
        let client = client_config(&self.config, std::slice::from_ref(&target));
        let connected = Client::new(Rc::new(client)).check().await;
        connected.map(|()| target).map_err(|(_, error)| WorkloadError::Connect {
            target: base_url.to_string(),
            class: error.name(),
        })
    }

    /// Those of all scenarios, in the order in which workers number them.
    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.requests.iter().flat_map(Requests::endpoints)
    }

    fn name(&self) -> String {
        let names = self.scenarios.iter().map(|planned| planned.name.as_str());
        names.collect::<Vec<_>>().join(",")
    }

    /// The thresholds of all scenarios, each once.
    fn thresholds(&self) -> impl Iterator<Item = &Threshold> {
        let all = || self.scenarios.iter().flat_map(|planned| &planned.thresholds);
        all()
            .enumerate()
            .filter(move |(at, own)| !all().take(*at).any(|other| other == *own))
            .map(|(_, own)| own)
    }

    fn summary(&self, ended: Ended, addresses: Vec<String>) -> (RunSummary, Bodies, PairedSamples) {
        let Ended { tallies, recorded, bodies, samples, aborted, usage } = ended;
        let scenarios = self.scenarios.iter().map(|planned| &planned.scenario);
        let ends = |length: fn(&Tally) -> Duration| {
            let ends =
                scenarios.clone().zip(&tallies).map(|(s, tally)| s.start_time() + length(tally));
            ends.max().unwrap_or_default()
        };
        let mut summary = RunSummary::new(self.name());
        summary.description = self.description();
        let services = paired::variants(&self.config).into_iter().map(|(_, url)| url.to_string());
        summary.target = services.collect::<Vec<_>>().join(" and ");
        summary.addresses = addresses;
        summary.seed = self.config.seed;
        summary.run_id = self.config.run_id.as_ref().map(ToString::to_string);
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
        summary.thresholds = self.thresholds().map(evaluate).collect();
        summary.metrics = recorded.metrics;
        let absent = series::never_happened(&summary.metrics);
        summary.metrics.retain(|key, _| !absent.contains(&key.name()));
        summary.series = recorded.series;
        summary.outcomes = recorded.outcomes;
        summary.violations = recorded.violations;
        summary.violations_not_kept = recorded.violations_not_kept;
        (summary.drifts, summary.drifts_not_kept) = bodies.drifts(self.endpoints());
        summary.stopped = match tallies.iter().any(|tally| tally.stopped) {
            true if aborted => Some(StopReason::Threshold),
            true => Some(StopReason::Interrupted),
            false => None,
        };
        summary.health = Some(health(&summary, scenarios, &usage));
        summary.findings = diagnosis::findings(&summary);
        (summary, bodies, samples)
    }
}

/// The services of a run: the base URL, the plan's targets, and the second of two that are compared.
fn targets(config: &RunConfig, plan: &Plan) -> Vec<BaseUrl> {
    let of_plan = plan.targets().iter().map(|target| &target.base_url);
    let all = [&config.base_url].into_iter().chain(of_plan).chain(&config.paired_url);
    all.cloned().collect()
}

/// What all connections of a worker share.
fn client_config(config: &RunConfig, targets: &[Arc<Target>]) -> ClientConfig {
    ClientConfig {
        targets: targets.to_vec(),
        authorization: config.auth_token.as_ref().map(AuthToken::header),
        headers: identity::headers(config.run_id.as_ref()),
        options: config.transport.clone(),
    }
}

fn describe(scenario: &Scenario, requests_per_iteration: f64) -> String {
    let requests = format!("{} HTTP requests an iteration", rounded(requests_per_iteration));
    let what = match scenario.executor() {
        Executor::ConstantVus { vus, duration } => {
            format!("constant-vus, {vus} for {duration:?}, {requests}")
        }
        Executor::RampingVus(ramp) => {
            let stages =
                describe_stages(u32::try_from(ramp.start_vus).unwrap_or(u32::MAX), &ramp.stages);
            format!("ramping-vus: {stages}, {requests}")
        }
        Executor::PerVuIterations { vus, iterations, max_duration } => format!(
            "per-vu-iterations, {iterations} of each of {vus} VUs within {max_duration:?}, {requests}"
        ),
        Executor::SharedIterations { vus, iterations, max_duration } => format!(
            "shared-iterations, {iterations} of {vus} VUs within {max_duration:?}, {requests}"
        ),
        Executor::ConstantArrivalRate(constant) => {
            let (rate, unit, duration) = (constant.rate, constant.time_unit, constant.duration);
            let stages = format!("{rate} for {duration:?}");
            let users = (constant.pre_allocated_vus, constant.max_vus);
            format!(
                "constant-arrival-rate, {}",
                describe_rate(scenario, unit, &stages, requests_per_iteration, users)
            )
        }
        Executor::RampingArrivalRate(ramp) => {
            let stages = describe_stages(ramp.start_rate, &ramp.stages);
            let users = (ramp.pre_allocated_vus, ramp.max_vus);
            format!(
                "ramping-arrival-rate, {}",
                describe_rate(scenario, ramp.time_unit, &stages, requests_per_iteration, users)
            )
        }
        _ => requests,
    };
    match scenario.start_time() {
        Duration::ZERO => what,
        start => format!("{what}, from {start:?}"),
    }
}

fn describe_rate(
    scenario: &Scenario,
    time_unit: Duration,
    stages: &str,
    requests_per_iteration: f64,
    (pre_allocated_vus, max_vus): (usize, usize),
) -> String {
    format!(
        "iterations per {time_unit:?}: {stages}; {} in all, {} HTTP requests an iteration, \
         {} HTTP requests/s at the peak, {pre_allocated_vus} to {max_vus} VUs",
        scenario.planned_iterations().unwrap_or(0),
        rounded(requests_per_iteration),
        rounded(scenario.peak_rate().unwrap_or(0.0) * requests_per_iteration),
    )
}

/// `5 → 25 in 10s, hold 60s, → 5 in 10s`.
fn describe_stages(mut rate: u32, stages: &[Stage]) -> String {
    let mut text = rate.to_string();
    for Stage { duration, target } in stages.iter().copied() {
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
