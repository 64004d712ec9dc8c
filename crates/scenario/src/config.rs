#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::{ArrivalSchedule, ScenarioError, VuSteps};

const DAYS_MAX: u64 = 7;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const RATE_MAX: u32 = 1_000_000;
const VUS_MAX: usize = 100_000;
const ITERATIONS_MAX: u64 = 1_000_000_000_000;

/// A scenario that was checked: an executor, when it begins, and how long its last iterations may
/// take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    executor: Executor,
    start_time: Duration,
    graceful_stop: Duration,
    reuse: Reuse,
}

/// How iterations come about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Executor {
    /// A fixed number of virtual users, each of which starts again as soon as it is done.
    ConstantVus {
        /// How many virtual users there are.
        vus: usize,
        /// How long new iterations are started.
        duration: Duration,
    },
    /// The same with a number of virtual users that changes.
    RampingVus(RampingVus),
    /// Starts at a fixed distance, whatever the answers take.
    ConstantArrivalRate(ConstantArrivalRate),
    /// Starts by a schedule, whatever the answers take.
    RampingArrivalRate(RampingArrivalRate),
    /// Each virtual user runs the same number of iterations.
    PerVuIterations {
        /// How many virtual users there are.
        vus: usize,
        /// How many iterations each of them runs.
        iterations: u64,
        /// How long iterations are started at the most; those that were not are dropped.
        max_duration: Duration,
    },
    /// All virtual users together run a number of iterations; who is done takes the next one.
    SharedIterations {
        /// How many virtual users there are.
        vus: usize,
        /// How many iterations they run in all.
        iterations: u64,
        /// How long iterations are started at the most; those that were not are dropped.
        max_duration: Duration,
    },
}

/// A number of virtual users that is piecewise linear; each starts again as soon as it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RampingVus {
    /// How many there are at the beginning.
    pub start_vus: usize,
    /// The stages, one after the other; their targets are numbers of virtual users.
    pub stages: Vec<Stage>,
    /// How long a user that is one too many may take for the iteration that it runs.
    pub graceful_ramp_down: Duration,
}

/// A schedule of iteration starts at a fixed distance, the first one at the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstantArrivalRate {
    /// The rate, in iterations a `time_unit`.
    pub rate: u32,
    /// What the rate is counted by; k6's default is a second.
    pub time_unit: Duration,
    /// How long iterations are started.
    pub duration: Duration,
    /// How many virtual users are made before the first start.
    pub pre_allocated_vus: usize,
    /// How many virtual users there may be; with all of them busy, a start is dropped.
    pub max_vus: usize,
}

/// A schedule of iteration starts whose rate is piecewise linear, and the virtual users for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RampingArrivalRate {
    /// The rate at the beginning, in iterations a `time_unit`.
    pub start_rate: u32,
    /// What the rates are counted by; k6's default is a second.
    pub time_unit: Duration,
    /// The stages, one after the other.
    pub stages: Vec<Stage>,
    /// How many virtual users are made before the first start.
    pub pre_allocated_vus: usize,
    /// How many virtual users there may be; with all of them busy, a start is dropped.
    pub max_vus: usize,
}

/// One stage: the rate, or the number of users, moves from where it is to `target`, linearly over
/// `duration`. A stage of zero length is a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// How long the stage takes.
    pub duration: Duration,
    /// The rate at its end, in iterations a time unit, or the number of users.
    pub target: u32,
}

/// Which idle virtual user of an arrival-rate scenario is taken for a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// The one that became idle last, so that as few as possible are warm and connected.
    #[default]
    LastIn,
    /// The one that has been idle for longest, so that all take their turn, as in k6.
    FirstIn,
}

impl ConstantArrivalRate {
    /// The starts that this plans.
    pub fn schedule(&self) -> ArrivalSchedule {
        ArrivalSchedule::constant(self.rate, self.time_unit, self.duration)
    }

    fn check(&self) -> Result<(), ScenarioError> {
        check_rates(self.time_unit, [self.rate])?;
        if self.rate == 0 {
            return Err(ScenarioError::Empty);
        }
        check_pool(self.pre_allocated_vus, self.max_vus)?;
        check_duration(self.duration)
    }
}

impl RampingArrivalRate {
    /// The starts that these stages plan.
    pub fn schedule(&self) -> ArrivalSchedule {
        ArrivalSchedule::new(self.start_rate, self.time_unit, &self.stages)
    }

    fn check(&self) -> Result<(), ScenarioError> {
        let rates = self.stages.iter().map(|stage| stage.target).chain([self.start_rate]);
        check_rates(self.time_unit, rates)?;
        check_pool(self.pre_allocated_vus, self.max_vus)?;
        check_duration(length(&self.stages))?;
        self.schedule().next().map(drop).ok_or(ScenarioError::Empty)
    }
}

impl RampingVus {
    /// When the number of virtual users changes, and to what.
    pub fn steps(&self) -> VuSteps {
        VuSteps::new(self.start_vus, &self.stages)
    }

    /// The greatest number of virtual users at any time.
    pub fn max_vus(&self) -> usize {
        let targets = self.stages.iter().map(|stage| stage.target as usize);
        targets.chain([self.start_vus]).max().unwrap_or(0)
    }

    fn check(&self) -> Result<(), ScenarioError> {
        check_graceful_stop(self.graceful_ramp_down)?;
        check_vus(self.max_vus())?;
        check_duration(length(&self.stages))
    }
}

impl Scenario {
    /// A closed scenario of `vus` virtual users. Iterations that still run at the end get
    /// `graceful_stop` to finish.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if there is no virtual user or no duration, or either is beyond its bound
    /// (100,000 and 7 days).
    pub fn constant_vus(
        vus: usize,
        duration: Duration,
        graceful_stop: Duration,
    ) -> Result<Self, ScenarioError> {
        check_vus(vus)?;
        check_duration(duration)?;
        Self::checked(Executor::ConstantVus { vus, duration }, graceful_stop)
    }

    /// A closed scenario whose number of virtual users changes.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if there is never a virtual user, or something is beyond its bound
    /// (100,000 users, 7 days).
    pub fn ramping_vus(ramp: RampingVus, graceful_stop: Duration) -> Result<Self, ScenarioError> {
        ramp.check()?;
        Self::checked(Executor::RampingVus(ramp), graceful_stop)
    }

    /// An open scenario at a fixed rate.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] as for [`Self::ramping_arrival_rate`].
    pub fn constant_arrival_rate(
        rate: ConstantArrivalRate,
        graceful_stop: Duration,
    ) -> Result<Self, ScenarioError> {
        rate.check()?;
        Self::checked(Executor::ConstantArrivalRate(rate), graceful_stop)
    }

    /// An open scenario. Iterations that still run at the end get `graceful_stop` to finish.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if the schedule is empty, more users are preallocated than there may be,
    /// or something is beyond its bound (a rate of 1,000,000, 100,000 users, 7 days).
    pub fn ramping_arrival_rate(
        ramp: RampingArrivalRate,
        graceful_stop: Duration,
    ) -> Result<Self, ScenarioError> {
        ramp.check()?;
        Self::checked(Executor::RampingArrivalRate(ramp), graceful_stop)
    }

    /// A closed scenario in which each of `vus` users runs `iterations`.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] if there is no user, no iteration or no duration, or something is beyond
    /// its bound (100,000 users, 10¹² iterations in all, 7 days).
    pub fn per_vu_iterations(
        vus: usize,
        iterations: u64,
        max_duration: Duration,
        graceful_stop: Duration,
    ) -> Result<Self, ScenarioError> {
        check_vus(vus)?;
        check_iterations(iterations.saturating_mul(vus as u64))?;
        check_duration(max_duration)?;
        let executor = Executor::PerVuIterations { vus, iterations, max_duration };
        Self::checked(executor, graceful_stop)
    }

    /// A closed scenario in which `vus` users run `iterations` together.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] as for [`Self::per_vu_iterations`].
    pub fn shared_iterations(
        vus: usize,
        iterations: u64,
        max_duration: Duration,
        graceful_stop: Duration,
    ) -> Result<Self, ScenarioError> {
        check_vus(vus)?;
        check_iterations(iterations)?;
        check_duration(max_duration)?;
        let executor = Executor::SharedIterations { vus, iterations, max_duration };
        Self::checked(executor, graceful_stop)
    }

    fn checked(executor: Executor, graceful_stop: Duration) -> Result<Self, ScenarioError> {
        check_graceful_stop(graceful_stop)?;
        Ok(Scenario {
            executor,
            start_time: Duration::ZERO,
            graceful_stop,
            reuse: Reuse::default(),
        })
    }

    /// The same scenario, beginning that long after the run does.
    ///
    /// # Errors
    ///
    /// [`ScenarioError::DurationMax`] beyond 7 days.
    pub fn starting_at(self, start_time: Duration) -> Result<Self, ScenarioError> {
        if start_time > DAY * DAYS_MAX as u32 {
            return Err(ScenarioError::DurationMax { days_max: DAYS_MAX });
        }
        Ok(Scenario { start_time, ..self })
    }

    /// The same scenario with another choice among idle users.
    #[must_use]
    pub fn reusing(self, reuse: Reuse) -> Self {
        Scenario { reuse, ..self }
    }

    /// How iterations come about.
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    /// When the scenario begins, from the beginning of the run.
    pub fn start_time(&self) -> Duration {
        self.start_time
    }

    /// How long iterations may go on after the last start.
    pub fn graceful_stop(&self) -> Duration {
        self.graceful_stop
    }

    /// Which idle user is taken for a start.
    pub fn reuse(&self) -> Reuse {
        self.reuse
    }

    /// How long new iterations are started at the most.
    pub fn duration(&self) -> Duration {
        match &self.executor {
            Executor::ConstantVus { duration, .. }
            | Executor::PerVuIterations { max_duration: duration, .. }
            | Executor::SharedIterations { max_duration: duration, .. } => *duration,
            Executor::ConstantArrivalRate(rate) => rate.duration,
            Executor::RampingVus(ramp) => length(&ramp.stages),
            Executor::RampingArrivalRate(ramp) => length(&ramp.stages),
        }
    }

    /// The greatest number of virtual users at any time.
    pub fn max_vus(&self) -> usize {
        match &self.executor {
            Executor::ConstantVus { vus, .. }
            | Executor::PerVuIterations { vus, .. }
            | Executor::SharedIterations { vus, .. } => *vus,
            Executor::ConstantArrivalRate(rate) => rate.max_vus,
            Executor::RampingArrivalRate(ramp) => ramp.max_vus,
            Executor::RampingVus(ramp) => ramp.max_vus(),
        }
    }

    /// The planned starts of an open scenario, from its own beginning; `None` for a closed one,
    /// where starts depend on the answers.
    pub fn starts(&self) -> Option<ArrivalSchedule> {
        match &self.executor {
            Executor::ConstantArrivalRate(rate) => Some(rate.schedule()),
            Executor::RampingArrivalRate(ramp) => Some(ramp.schedule()),
            _ => None,
        }
    }

    /// How many iterations the scenario starts; `None` where that depends on the answers.
    pub fn planned_iterations(&self) -> Option<u64> {
        match &self.executor {
            Executor::PerVuIterations { vus, iterations, .. } => Some(*vus as u64 * iterations),
            Executor::SharedIterations { iterations, .. } => Some(*iterations),
            _ => self.starts().map(|schedule| schedule.total()),
        }
    }

    /// The greatest rate of starts of an open scenario, in iterations a second; `None` for a closed
    /// one.
    pub fn peak_rate(&self) -> Option<f64> {
        let a_second = |rate: u32, unit: Duration| f64::from(rate) / unit.as_secs_f64();
        match &self.executor {
            Executor::ConstantArrivalRate(rate) => Some(a_second(rate.rate, rate.time_unit)),
            Executor::RampingArrivalRate(ramp) => {
                let targets = ramp.stages.iter().map(|stage| stage.target);
                let peak = targets.chain([ramp.start_rate]).max().unwrap_or(0);
                Some(a_second(peak, ramp.time_unit))
            }
            _ => None,
        }
    }
}

/// How long all stages take together; at the most, if that is beyond what can be counted.
fn length(stages: &[Stage]) -> Duration {
    let sum = |sum: Duration, stage: &Stage| sum.checked_add(stage.duration);
    stages.iter().try_fold(Duration::ZERO, sum).unwrap_or(Duration::MAX)
}

fn check_rates(
    time_unit: Duration,
    rates: impl IntoIterator<Item = u32>,
) -> Result<(), ScenarioError> {
    if time_unit.is_zero() || time_unit > DAY {
        return Err(ScenarioError::TimeUnit);
    }
    match rates.into_iter().max() {
        Some(rate) if rate > RATE_MAX => Err(ScenarioError::Rate { rate, rate_max: RATE_MAX }),
        _ => Ok(()),
    }
}

fn check_pool(pre_allocated: usize, max: usize) -> Result<(), ScenarioError> {
    check_vus(max)?;
    if pre_allocated > max {
        return Err(ScenarioError::PreAllocated { pre_allocated, max });
    }
    Ok(())
}

fn check_iterations(iterations: u64) -> Result<(), ScenarioError> {
    let iterations_max = ITERATIONS_MAX;
    match (1..=iterations_max).contains(&iterations) {
        true => Ok(()),
        false => Err(ScenarioError::Iterations { iterations_max }),
    }
}

fn check_graceful_stop(graceful_stop: Duration) -> Result<(), ScenarioError> {
    if graceful_stop > DAY * DAYS_MAX as u32 {
        return Err(ScenarioError::GracefulStop { days_max: DAYS_MAX });
    }
    Ok(())
}

fn check_vus(vus: usize) -> Result<(), ScenarioError> {
    if (1..=VUS_MAX).contains(&vus) { Ok(()) } else { Err(ScenarioError::Vus { vus_max: VUS_MAX }) }
}

fn check_duration(duration: Duration) -> Result<(), ScenarioError> {
    match duration {
        Duration::ZERO => Err(ScenarioError::Duration),
        long if long > DAY * DAYS_MAX as u32 => {
            Err(ScenarioError::DurationMax { days_max: DAYS_MAX })
        }
        _ => Ok(()),
    }
}
