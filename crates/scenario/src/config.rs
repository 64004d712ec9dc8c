use std::time::Duration;

use crate::{ArrivalSchedule, ScenarioError};

const DAYS_MAX: u64 = 7;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const RATE_MAX: u32 = 1_000_000;
const VUS_MAX: usize = 100_000;

/// A scenario that was checked: an executor, and how long its last iterations may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    executor: Executor,
    graceful_stop: Duration,
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
    /// Starts by a schedule, whatever the answers take.
    RampingArrivalRate(RampingArrivalRate),
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

/// One stage: the rate moves from where it is to `target`, linearly over `duration`. A stage of
/// zero length is a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// How long the stage takes.
    pub duration: Duration,
    /// The rate at its end, in iterations a time unit.
    pub target: u32,
}

impl RampingArrivalRate {
    /// The starts that these stages plan.
    pub fn schedule(&self) -> ArrivalSchedule {
        ArrivalSchedule::new(self.start_rate, self.time_unit, &self.stages)
    }

    fn duration(&self) -> Option<Duration> {
        self.stages.iter().try_fold(Duration::ZERO, |sum, stage| sum.checked_add(stage.duration))
    }

    fn check(&self) -> Result<(), ScenarioError> {
        if self.time_unit.is_zero() || self.time_unit > DAY {
            return Err(ScenarioError::TimeUnit);
        }
        let rates = self.stages.iter().map(|stage| stage.target).chain([self.start_rate]);
        if let Some(rate) = rates.filter(|&rate| rate > RATE_MAX).max() {
            return Err(ScenarioError::Rate { rate, rate_max: RATE_MAX });
        }
        check_vus(self.max_vus)?;
        let (pre_allocated, max) = (self.pre_allocated_vus, self.max_vus);
        if pre_allocated > max {
            return Err(ScenarioError::PreAllocated { pre_allocated, max });
        }
        check_duration(self.duration().unwrap_or(Duration::MAX))?;
        self.schedule().next().map(drop).ok_or(ScenarioError::Empty)
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

    fn checked(executor: Executor, graceful_stop: Duration) -> Result<Self, ScenarioError> {
        if graceful_stop > DAY * DAYS_MAX as u32 {
            return Err(ScenarioError::GracefulStop { days_max: DAYS_MAX });
        }
        Ok(Scenario { executor, graceful_stop })
    }

    /// How iterations come about.
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    /// How long iterations may go on after the last start.
    pub fn graceful_stop(&self) -> Duration {
        self.graceful_stop
    }

    /// How long new iterations are started.
    pub fn duration(&self) -> Duration {
        match &self.executor {
            Executor::ConstantVus { duration, .. } => *duration,
            Executor::RampingArrivalRate(ramp) => {
                ramp.duration().expect("the sum was within its bound when the scenario was made")
            }
        }
    }

    /// How many iterations the schedule starts; `None` for a closed scenario, where that depends on
    /// the answers.
    pub fn planned_iterations(&self) -> Option<u64> {
        match &self.executor {
            Executor::ConstantVus { .. } => None,
            Executor::RampingArrivalRate(ramp) => Some(ramp.schedule().total()),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> RampingArrivalRate {
        let stages = vec![Stage { duration: Duration::from_secs(10), target: 25 }];
        let time_unit = Duration::from_secs(1);
        RampingArrivalRate { start_rate: 5, time_unit, stages, pre_allocated_vus: 2, max_vus: 4 }
    }

    fn refused(change: impl FnOnce(&mut RampingArrivalRate)) -> ScenarioError {
        let mut ramp = ramp();
        change(&mut ramp);
        Scenario::ramping_arrival_rate(ramp, Duration::ZERO).unwrap_err()
    }

    #[test]
    fn what_cannot_run_is_refused() {
        let week = DAY * 7;
        assert_eq!(refused(|r| r.time_unit = Duration::ZERO), ScenarioError::TimeUnit);
        assert!(matches!(refused(|r| r.stages[0].target = 1_000_001), ScenarioError::Rate { .. }));
        assert!(matches!(refused(|r| r.max_vus = 0), ScenarioError::Vus { .. }));
        assert!(matches!(refused(|r| r.max_vus = 1), ScenarioError::PreAllocated { .. }));
        assert_eq!(refused(|r| r.stages.clear()), ScenarioError::Duration);
        let too_long = |r: &mut RampingArrivalRate| r.stages[0].duration = week * 2;
        assert!(matches!(refused(too_long), ScenarioError::DurationMax { .. }));
        let endless = |r: &mut RampingArrivalRate| r.stages = vec![r.stages[0]; 3];
        assert!(matches!(
            refused(|r| {
                r.stages[0].duration = Duration::MAX;
                endless(r);
            }),
            ScenarioError::DurationMax { .. }
        ));
        let idle = |r: &mut RampingArrivalRate| (r.start_rate, r.stages[0].target) = (0, 0);
        assert_eq!(refused(idle), ScenarioError::Empty);
        assert!(Scenario::constant_vus(0, DAY, DAY).is_err());
        assert!(Scenario::constant_vus(1, Duration::ZERO, DAY).is_err());
        let endless_end = Scenario::constant_vus(1, DAY, week * 2).unwrap_err();
        assert_eq!(endless_end, ScenarioError::GracefulStop { days_max: 7 });
    }

    #[test]
    fn a_scenario_knows_its_length_and_count() {
        let open = Scenario::ramping_arrival_rate(ramp(), DAY).unwrap();
        assert_eq!(open.duration(), Duration::from_secs(10));
        assert_eq!(open.planned_iterations(), Some(149));
        let closed = Scenario::constant_vus(1, DAY, DAY).unwrap();
        assert_eq!((closed.duration(), closed.planned_iterations()), (DAY, None));
    }
}
