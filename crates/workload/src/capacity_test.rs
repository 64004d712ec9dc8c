//! How much a service can take: trials at constant arrival rates, one after the other.

mod size;
mod step;

use std::time::{Duration, Instant};

use ::capacity::{Finding, Next, Purpose, Rate, Search, SearchConfig, Trial};
use dataset::Dataset;
use metrics::RunSummary;
use scenario::{ConstantArrivalRate, Scenario, Stop};

use crate::{Objective, Plan, Progress, Run, RunConfig, WorkloadError};
use size::{Size, Sizing};
pub use step::CapacityStep;

/// How often a service that was just loaded may refuse the connection that each step begins with.
const CONNECTS_MAX: u32 = 3;

/// What is to be held, and how it is tried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CapacityConfig {
    /// What has to hold.
    pub objective: Objective,
    /// Which rates are tried, in iterations a second, and how often.
    pub search: SearchConfig,
    /// How long a step starts iterations: 10 s.
    pub step_duration: Duration,
    /// Whether a step goes on longer where its percentiles would have too few samples to mean
    /// anything at 95 %: yes.
    pub lengthen: bool,
    /// How long the service rests between two steps: 1 s.
    pub pause: Duration,
    /// How long all may take: no step begins that would end later. 15 min.
    pub max_duration: Duration,
    /// How many virtual users a step may have: 10,000. A step has as many as the objective lets be
    /// busy, and at least four times as many as were busy when it last held, by Little's law.
    pub max_vus: usize,
    /// How long the iterations of a step may go on after its last start: 30 s.
    pub graceful_stop: Duration,
}

impl CapacityConfig {
    /// Everything but the objective at its default.
    pub fn new(objective: Objective) -> Self {
        CapacityConfig {
            objective,
            search: SearchConfig::default(),
            step_duration: Duration::from_secs(10),
            lengthen: true,
            pause: Duration::from_secs(1),
            max_duration: Duration::from_secs(15 * 60),
            max_vus: 10_000,
            graceful_stop: Duration::from_secs(30),
        }
    }
}

/// A search for the capacity that was checked and can begin.
///
/// ```no_run
/// use workload::{CapacityConfig, CapacityTest, Objective, Plan, Progress, RunConfig};
/// use workload::{capacity::Ended, scenario::Stop};
///
/// # async fn find() -> Result<(), Box<dyn std::error::Error>> {
/// let plan = Plan::genarrative();
/// let run = RunConfig::of_plan(&plan, "smoke", "http://127.0.0.1:8787".parse()?)?;
/// let config = CapacityConfig::new(Objective::parse("p(95)<800,failed<1%")?);
/// let test = CapacityTest::prepare(config, run, &plan, None)?;
/// let found = test.execute(&Stop::new(), &Progress::default(), |_event| {}).await?;
/// assert_eq!(found.finding.ended, Ended::Found);
/// assert!(found.finding.holds.is_some_and(|bound| bound.rate.per_second() > 50.0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CapacityTest<'a> {
    config: CapacityConfig,
    run: RunConfig,
    plan: &'a Plan,
    dataset: Option<&'a Dataset>,
    requests_per_iteration: f64,
}

/// What happens in a [`CapacityTest`].
#[derive(Debug)]
#[non_exhaustive]
pub enum CapacityEvent<'a> {
    /// A step begins.
    Begins {
        /// Its rate, in iterations a second.
        rate: Rate,
        /// What for.
        purpose: Purpose,
        /// How long it starts iterations.
        duration: Duration,
    },
    /// A step is over.
    Ended(&'a CapacityStep, &'a RunSummary),
}

/// What a [`CapacityTest`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CapacityResult {
    /// Between which rates the capacity is, in iterations a second.
    pub finding: Finding,
    /// Every step, in order.
    pub steps: Vec<CapacityStep>,
    /// HTTP requests of an iteration, on average.
    pub requests_per_iteration: f64,
    /// Why the search was broken off, if it was.
    pub broken_off: Option<BrokenOff>,
}

/// Why a search was broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenOff {
    /// The user asked for it.
    Interrupted,
    /// There was no time for a further step.
    Time,
}

impl<'a> CapacityTest<'a> {
    /// Checks that there is something to request and to find. The scenario and the thresholds of
    /// `run` are those of the steps, whatever it says.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`] with the setting that makes no test. Nothing is sent.
    pub fn prepare(
        config: CapacityConfig,
        run: RunConfig,
        plan: &'a Plan,
        dataset: Option<&'a Dataset>,
    ) -> Result<Self, WorkloadError> {
        Search::new(config.search).map_err(WorkloadError::Capacity)?;
        let mut test = CapacityTest { config, run, plan, dataset, requests_per_iteration: 0.0 };
        let first = test.step(test.config.search.from, &test.first_size())?;
        for (_, endpoints) in first.scenarios() {
            test.config.objective.check(endpoints)?;
        }
        test.requests_per_iteration = first.requests_per_iteration();
        Ok(test)
    }

    /// The mean number of HTTP requests in an iteration.
    pub fn requests_per_iteration(&self) -> f64 {
        self.requests_per_iteration
    }

    /// How the test is made.
    pub fn config(&self) -> &CapacityConfig {
        &self.config
    }

    /// The run of the first step.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`], as [`CapacityTest::prepare`].
    pub fn first_step(&self) -> Result<Run, WorkloadError> {
        self.step(self.config.search.from, &self.first_size())
    }

    /// Makes one step after the other until the capacity is found, and tells of each.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`], as [`Run::execute`]. A service that accepts connections again while a step
    /// waits for it to is no error.
    pub async fn execute(
        &self,
        stop: &Stop,
        progress: &Progress,
        mut on_event: impl FnMut(CapacityEvent<'_>),
    ) -> Result<CapacityResult, WorkloadError> {
        let begun = Instant::now();
        let mut search = Search::new(self.config.search).map_err(WorkloadError::Capacity)?;
        let mut sizing = Sizing::new(&self.config, self.requests_per_iteration);
        let mut steps: Vec<CapacityStep> = Vec::new();
        let (finding, broken_off) = loop {
            let (rate, purpose) = match search.next() {
                Next::Try { rate, purpose } => (rate, purpose),
                Next::Done(finding) => break (finding, None),
            };
            let size = self.size(rate, &sizing)?;
            let left = self.config.max_duration.saturating_sub(begun.elapsed());
            if size.duration > left {
                break (search.so_far(), Some(BrokenOff::Time));
            }
            on_event(CapacityEvent::Begins { rate, purpose, duration: size.duration });
            progress.forget_users();
            let summary = match self.carry_out(rate, &size, stop, progress).await {
                Ok(summary) if summary.stopped.is_none() => summary,
                Ok(_) | Err(WorkloadError::Stopped) => {
                    break (search.so_far(), Some(BrokenOff::Interrupted));
                }
                Err(error) => return Err(error),
            };
            let step = CapacityStep::judged(rate, purpose, &size, &self.config.objective, &summary);
            search.record(rate, step.trial);
            // What is overloaded takes long, and would be met with ever more users.
            if step.trial == Trial::Held {
                sizing.learn(&summary);
            }
            on_event(CapacityEvent::Ended(&step, &summary));
            steps.push(step);
            self.rest(stop).await;
        };
        let requests_per_iteration = self.requests_per_iteration;
        Ok(CapacityResult { finding, steps, requests_per_iteration, broken_off })
    }

    async fn carry_out(
        &self,
        rate: Rate,
        size: &Size,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<RunSummary, WorkloadError> {
        let run = self.step(rate, size)?;
        for _ in 1..CONNECTS_MAX {
            match run.execute(stop, progress).await {
                Err(WorkloadError::Connect { .. }) => self.rest(stop).await,
                ended => return ended,
            }
        }
        run.execute(stop, progress).await
    }

    async fn rest(&self, stop: &Stop) {
        tokio::select! {
            () = stop.finishing() => {}
            () = tokio::time::sleep(self.config.pause) => {}
        }
    }

    fn first_size(&self) -> Size {
        Size { vus: 1, vus_wanted: 1, duration: self.config.step_duration }
    }

    /// How many users the step needs, and how long it takes to tell.
    fn size(&self, rate: Rate, sizing: &Sizing<'_>) -> Result<Size, WorkloadError> {
        let size = sizing.size(rate);
        match self.config.lengthen {
            true => Ok(size::long_enough(size, &self.step(rate, &size)?)),
            false => Ok(size),
        }
    }

    fn step(&self, rate: Rate, size: &Size) -> Result<Run, WorkloadError> {
        let mut run = self.run.clone();
        run.scenario = scenario(rate, size, self.config.graceful_stop)?;
        run.thresholds = self.config.objective.thresholds();
        Run::prepare(run, self.plan, self.dataset)
    }
}

/// The schedule counts whole starts a time unit, so that a rate with decimals has a longer one.
fn scenario(rate: Rate, size: &Size, graceful_stop: Duration) -> Result<Scenario, WorkloadError> {
    let (starts, time_unit) = match rate.hundredths() {
        hundredths if hundredths <= 1_000_000 => (hundredths, Duration::from_secs(100)),
        hundredths => (hundredths / 100, Duration::from_secs(1)),
    };
    let rate = ConstantArrivalRate {
        rate: u32::try_from(starts).unwrap_or(u32::MAX),
        time_unit,
        duration: size.duration,
        pre_allocated_vus: size.vus,
        max_vus: size.vus,
    };
    Scenario::constant_arrival_rate(rate, graceful_stop).map_err(|problem| {
        WorkloadError::Scenario { name: "capacity".to_owned(), problem: problem.to_string() }
    })
}
