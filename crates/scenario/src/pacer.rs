//! When a worker's part of a scenario starts iterations: one kind for each family of executors.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::time::Instant;

use crate::desk::Desk;
use crate::part::{Scene, Staff};
use crate::{Executor, Scenario};

mod looping;
mod open;
mod ramping;

use looping::{Looping, Quota};
use open::Open;
use ramping::Ramping;

/// What all workers of a scenario share.
#[derive(Clone, Debug)]
pub(crate) enum Common {
    /// Where arrivals are handed over.
    Desk(Arc<Desk>),
    /// How many of the shared iterations are taken.
    Taken(Arc<AtomicU64>),
    Nothing,
}

pub(crate) enum Pacer {
    Open(Open),
    Looping(Looping),
    Ramping(Ramping),
}

/// How many of `all` belong to one of several workers.
pub(crate) fn share(all: usize, worker: usize, workers: usize) -> usize {
    (all + workers - 1 - worker) / workers
}

impl Pacer {
    pub(crate) fn new(
        scenario: &Scenario,
        common: Common,
        worker: usize,
        workers: usize,
        epoch: Instant,
    ) -> Self {
        let begin = epoch + scenario.start_time();
        let looping = |vus, quota| {
            Pacer::Looping(Looping::new(share(vus, worker, workers), vus as u64, quota))
        };
        let open = |pre_allocated, desk| {
            let pre_allocated = share(pre_allocated, worker, workers);
            Pacer::Open(Open::new(scenario, pre_allocated, desk, worker, workers, begin))
        };
        match (scenario.executor(), common) {
            (Executor::ConstantVus { vus, .. }, _) => looping(*vus, Quota::Endless),
            (Executor::PerVuIterations { vus, iterations, .. }, _) => {
                looping(*vus, Quota::Each(*iterations))
            }
            (Executor::SharedIterations { vus, iterations, .. }, Common::Taken(taken)) => {
                looping(*vus, Quota::Shared { taken, all: *iterations })
            }
            (Executor::RampingVus(ramp), _) => {
                Pacer::Ramping(Ramping::new(ramp, begin, worker, workers))
            }
            (Executor::ConstantArrivalRate(rate), Common::Desk(desk)) => {
                open(rate.pre_allocated_vus, desk)
            }
            (Executor::RampingArrivalRate(ramp), Common::Desk(desk)) => {
                open(ramp.pre_allocated_vus, desk)
            }
            (_, Common::Desk(_) | Common::Taken(_) | Common::Nothing) => {
                unreachable!("workers share what their executor needs")
            }
        }
    }

    /// When it has something to do next, while iterations are started.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self {
            Pacer::Open(open) => open.due(),
            Pacer::Looping(_) => None,
            Pacer::Ramping(ramping) => ramping.due(),
        }
    }

    /// The same, while the last iterations end.
    pub(crate) fn due_at_the_end(&self) -> Option<Instant> {
        match self {
            Pacer::Ramping(ramping) => ramping.next_limit(),
            Pacer::Open(_) | Pacer::Looping(_) => None,
        }
    }

    pub(crate) fn begin(&mut self, staff: &mut Staff, scene: &mut Scene) {
        match self {
            Pacer::Open(open) => open.begin(staff, scene),
            Pacer::Looping(looping) => looping.begin(staff, scene),
            Pacer::Ramping(_) => {}
        }
    }

    pub(crate) fn on_time(&mut self, staff: &mut Staff, scene: &mut Scene) {
        match self {
            Pacer::Open(open) => open.on_time(staff, scene),
            Pacer::Looping(_) => {}
            Pacer::Ramping(ramping) => ramping.on_time(staff, scene),
        }
    }

    /// Whether a start is due and no user that was made is idle.
    pub(crate) fn is_short_of_users(&self, now: Instant) -> bool {
        matches!(self, Pacer::Open(open) if open.is_short_of_users(now))
    }

    /// Whether another worker has left a start.
    pub(crate) fn has_handed_over(&self) -> bool {
        matches!(self, Pacer::Open(open) if open.has_handed_over())
    }

    /// Starts what other workers had no user for.
    pub(crate) fn take_handed_over(&mut self, staff: &mut Staff, scene: &mut Scene) {
        if let Pacer::Open(open) = self {
            open.take_handed_over(staff, scene);
        }
    }

    /// Interrupts users that are too many and have had their time.
    pub(crate) fn cut_off(&mut self, staff: &mut Staff, scene: &mut Scene) {
        if let Pacer::Ramping(ramping) = self {
            ramping.cut_off(staff, scene);
        }
    }

    /// A user ended its iteration, or was interrupted in it, and may start another one.
    pub(crate) fn freed(
        &mut self,
        slot: usize,
        may_start: bool,
        staff: &mut Staff,
        scene: &mut Scene,
    ) {
        match self {
            Pacer::Open(open) => open.freed(slot),
            Pacer::Looping(looping) if may_start => looping.freed(slot, staff, scene),
            Pacer::Ramping(ramping) => ramping.freed(slot, may_start, staff, scene),
            Pacer::Looping(_) => {}
        }
    }

    /// Whether nothing is left that is due and was not started.
    pub(crate) fn has_no_due_start(&self) -> bool {
        match self {
            // All starts are planned before the end, so whatever is left is due by then.
            Pacer::Open(open) => open.due().is_none(),
            Pacer::Looping(_) | Pacer::Ramping(_) => true,
        }
    }

    /// Whether every iteration that there is to run was run.
    pub(crate) fn has_run_all(&self, staff: &Staff) -> bool {
        match self {
            Pacer::Looping(looping) => staff.busy == 0 && looping.has_started_all(staff),
            Pacer::Open(_) | Pacer::Ramping(_) => false,
        }
    }

    /// Drops the iterations for which there was no time.
    pub(crate) fn drop_rest(&mut self, staff: &mut Staff, scene: &Scene) {
        if let Pacer::Looping(looping) = self {
            looping.drop_rest(staff, scene);
        }
    }

    /// Takes no more starts from other workers. Says `false` if there are some to take before that.
    pub(crate) fn close(&mut self) -> bool {
        match self {
            Pacer::Open(open) => open.close(),
            Pacer::Looping(_) | Pacer::Ramping(_) => true,
        }
    }
}
