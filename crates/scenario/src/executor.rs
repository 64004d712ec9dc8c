use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::pool::{Users, pool};
use crate::{ArrivalSchedule, Executor, Observer, Scenario, Stop, VirtualUser};

/// What became of a run's iterations. `planned = completed + dropped + interrupted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Starts that came due.
    pub planned: u64,
    /// Iterations that ran to their end.
    pub completed: u64,
    /// Starts for which no virtual user was free.
    pub dropped: u64,
    /// Iterations that were cut off: by the end of the graceful stop, or by [`Stop::abort`].
    pub interrupted: u64,
    /// How long iterations were started: the scenario's length, or less when it was stopped.
    pub window: Duration,
    /// From the beginning of the run to its very end.
    pub elapsed: Duration,
    /// Whether a [`Stop`] was asked for before the run was over.
    pub stopped: bool,
}

/// Runs a scenario to its end. `new_user` makes the virtual user with the given number, from 0.
///
/// It runs on the current tokio runtime, whose time must be enabled. Everything happens within the
/// returned future: dropping it interrupts the run.
pub async fn run<V, N, O>(scenario: &Scenario, new_user: N, observer: &O, stop: &Stop) -> Tally
where
    V: VirtualUser,
    N: FnMut(usize) -> V,
    O: Observer,
{
    let clock = Clock::start(scenario);
    match scenario.executor() {
        Executor::ConstantVus { vus, .. } => {
            let mut pool = pool(*vus, *vus, new_user, observer);
            start_again_and_again(&mut pool, *vus, clock, stop).await;
            end(pool, 0, clock, stop).await
        }
        Executor::RampingArrivalRate(ramp) => {
            let mut pool = pool(ramp.pre_allocated_vus, ramp.max_vus, new_user, observer);
            let dropped = start_by(ramp.schedule(), &mut pool, observer, clock, stop).await;
            end(pool, dropped, clock, stop).await
        }
    }
}

/// The moments that bound a run, all from one epoch.
#[derive(Clone, Copy)]
struct Clock {
    epoch: Instant,
    deadline: Instant,
    graceful_stop: Duration,
}

impl Clock {
    fn start(scenario: &Scenario) -> Self {
        let epoch = Instant::now();
        let deadline = epoch + scenario.duration();
        Clock { epoch, deadline, graceful_stop: scenario.graceful_stop() }
    }
}

/// The closed model: whoever is done starts again, until the deadline.
async fn start_again_and_again(pool: &mut impl Users, vus: usize, clock: Clock, stop: &Stop) {
    // Made once: they are waited for again after every iteration.
    let mut finishing = pin!(stop.finishing());
    let mut deadline = pin!(sleep_until(clock.deadline));
    loop {
        while pool.busy() < vus {
            let now = Instant::now();
            if now >= clock.deadline || stop.is_stopped() {
                return;
            }
            pool.start(now);
        }
        tokio::select! {
            biased;
            () = &mut finishing => return,
            () = pool.next_completed() => {}
            () = &mut deadline => return,
        }
    }
}

/// The open model: starts when the schedule says so, and returns the number of dropped starts.
async fn start_by(
    schedule: ArrivalSchedule,
    pool: &mut impl Users,
    observer: &impl Observer,
    clock: Clock,
    stop: &Stop,
) -> u64 {
    let mut dropped = 0;
    let mut finishing = pin!(stop.finishing());
    for offset in schedule {
        let planned = clock.epoch + offset;
        while Instant::now() < planned {
            tokio::select! {
                biased;
                () = &mut finishing => return dropped,
                () = pool.next_completed() => {}
                () = sleep_until(planned) => {}
            }
        }
        if stop.is_stopped() {
            return dropped;
        }
        // Whoever is done already is free, even if this future had no turn to notice it.
        pool.take_completed();
        if !pool.start(planned) {
            dropped += 1;
            observer.dropped(planned);
        }
    }
    dropped
}

/// Lets the last iterations finish within the graceful stop, interrupts the others, and counts.
async fn end(mut pool: impl Users, dropped: u64, clock: Clock, stop: &Stop) -> Tally {
    let last_start =
        if stop.is_stopped() { Instant::now().min(clock.deadline) } else { clock.deadline };
    let mut aborting = pin!(stop.aborting());
    let mut out_of_time = pin!(sleep_until(last_start + clock.graceful_stop));
    while pool.busy() > 0 {
        tokio::select! {
            biased;
            () = &mut aborting => break,
            () = pool.next_completed() => {}
            () = &mut out_of_time => break,
        }
    }
    let interrupted = pool.interrupt();
    Tally {
        planned: pool.started() + dropped,
        completed: pool.completed(),
        dropped,
        interrupted,
        window: last_start - clock.epoch,
        elapsed: clock.epoch.elapsed(),
        stopped: stop.is_stopped(),
    }
}
