//! The executors under paused time: hours in milliseconds, and the same result every time.

#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::time::Duration;

use scenario::{
    Iteration, Observer, RampingArrivalRate, Scenario, Stage, Stop, Tally, VirtualUser,
};
use tokio::time::{Instant, sleep};

/// A service that takes `service` for every iteration.
struct Simulated {
    service: Duration,
}

impl VirtualUser for Simulated {
    async fn iterate(&mut self, _: Iteration) {
        sleep(self.service).await;
    }
}

#[derive(Default)]
struct Log {
    epoch: Option<Instant>,
    events: RefCell<Vec<(&'static str, Duration)>>,
    started: RefCell<Vec<Iteration>>,
    users: RefCell<(usize, usize)>,
}

impl Log {
    fn note(&self, event: &'static str, at: Instant) {
        self.events.borrow_mut().push((event, at - self.epoch.expect("the log has an epoch")));
    }
}

impl Observer for Log {
    fn started(&self, iteration: &Iteration) {
        self.note("started", iteration.planned);
        self.started.borrow_mut().push(*iteration);
    }

    fn completed(&self, _: &Iteration, ended: Instant) {
        self.note("completed", ended);
    }

    fn dropped(&self, _: usize, planned: Instant) {
        self.note("dropped", planned);
    }

    fn users(&self, busy: usize, allocated: usize) {
        let mut users = self.users.borrow_mut();
        assert!(busy <= allocated);
        *users = (users.0.max(busy), users.1.max(allocated));
    }
}

fn paused<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test)
}

fn drive(scenario: &Scenario, service_ms: u64) -> (Tally, Log) {
    paused(async {
        let log = Log { epoch: Some(Instant::now()), ..Log::default() };
        let service = Duration::from_millis(service_ms);
        let tally = scenario::run(scenario, |_| Simulated { service }, &log, &Stop::new()).await;
        assert_eq!(tally.planned, tally.completed + tally.dropped + tally.interrupted, "{tally:?}");
        (tally, log)
    })
}

fn ramp(start: u32, stages: &[(u64, u32)], pre: usize, max: usize, grace_ms: u64) -> Scenario {
    let stage =
        |&(secs, target): &(u64, u32)| Stage { duration: Duration::from_secs(secs), target };
    let ramp = RampingArrivalRate {
        start_rate: start,
        time_unit: Duration::from_secs(1),
        stages: stages.iter().map(stage).collect(),
        pre_allocated_vus: pre,
        max_vus: max,
    };
    Scenario::ramping_arrival_rate(ramp, Duration::from_millis(grace_ms)).unwrap()
}

fn constant(vus: usize, secs: u64, grace_ms: u64) -> Scenario {
    let (duration, grace) = (Duration::from_secs(secs), Duration::from_millis(grace_ms));
    Scenario::constant_vus(vus, duration, grace).unwrap()
}

#[test]
fn constant_vus_start_again_when_done() {
    let (tally, log) = drive(&constant(3, 10, 30_000), 900);
    // Starts at 0, 900, …, 9900 ms: twelve for each of the three.
    assert_eq!((tally.completed, tally.dropped, tally.interrupted), (36, 0, 0));
    assert_eq!(tally.window, Duration::from_secs(10));
    assert_eq!(tally.elapsed, Duration::from_millis(10_800));
    assert_eq!(*log.users.borrow(), (3, 3));
    assert!(log.started.borrow().iter().all(|iteration| iteration.planned == iteration.started));
}

#[test]
fn the_graceful_stop_interrupts_what_outlasts_it() {
    let (tally, _) = drive(&constant(2, 10, 100), 900);
    assert_eq!((tally.planned, tally.completed, tally.interrupted), (24, 22, 2));
    assert_eq!(tally.elapsed, Duration::from_millis(10_100));
}

#[test]
fn a_schedule_does_not_wait_for_a_slow_service() {
    let scenario = ramp(50, &[(10, 50)], 1, 1000, 30_000);
    let quick = drive(&scenario, 1).1;
    let slow = drive(&scenario, 5000).1;
    let planned = |log: &Log| -> Vec<Duration> {
        let started = log.started.borrow();
        started.iter().map(|iteration| iteration.planned - log.epoch.unwrap()).collect()
    };
    assert_eq!(planned(&quick).len(), 499);
    assert_eq!(planned(&quick), planned(&slow));
    assert_eq!(*quick.users.borrow(), (1, 1));
    // Little's law: 50 a second for 5 s each.
    assert_eq!(slow.users.borrow().1, 250);
}

#[test]
fn starts_without_a_free_user_are_dropped_and_never_queued() {
    let (tally, log) = drive(&ramp(20, &[(3, 20)], 1, 3, 30_000), 300);
    assert_eq!(tally.planned, 59);
    assert!(tally.dropped > 20, "{tally:?}");
    assert_eq!(tally.interrupted, 0);
    let dropped = log.events.borrow().iter().filter(|(event, _)| *event == "dropped").count();
    assert_eq!(dropped as u64, tally.dropped);
    assert_eq!(*log.users.borrow(), (3, 3));
    // No start is later than the timer's step of a millisecond, because none waits for a user.
    let late = |iteration: &Iteration| iteration.started - iteration.planned;
    assert!(log.started.borrow().iter().map(late).max().unwrap() <= Duration::from_millis(1));
}

#[test]
fn the_user_that_became_idle_last_is_taken_first() {
    let (_, log) = drive(&ramp(10, &[(20, 10)], 50, 50, 0), 20);
    assert!(log.started.borrow().iter().all(|iteration| iteration.vu == 0));
}

#[test]
fn an_hour_of_spikes_is_the_same_every_time() {
    let stages = [(600, 5), (10, 100), (60, 100), (10, 5), (2920, 5)];
    let run = || drive(&ramp(5, &stages, 5, 40, 1000), 450);
    let ((tally, log), (again, log_again)) = (run(), run());
    assert_eq!(tally, again);
    assert_eq!(*log.events.borrow(), *log_again.events.borrow());
    let scenario = ramp(5, &stages, 5, 40, 1000);
    assert_eq!(Some(tally.planned), scenario.planned_iterations());
    assert!(tally.dropped > 0 && tally.completed > 0);
}

#[test]
fn finishing_starts_nothing_more_and_lets_iterations_end() {
    let tally = stopped(Stop::finish);
    assert_eq!((tally.completed, tally.interrupted, tally.stopped), (26, 0, true));
    // The start at 2.6 s came before the stop and takes its 300 ms.
    assert_eq!(tally.elapsed, Duration::from_millis(2900));
}

#[test]
fn aborting_interrupts_at_once() {
    let tally = stopped(Stop::abort);
    assert_eq!((tally.completed, tally.interrupted, tally.stopped), (23, 3, true));
    assert_eq!(tally.elapsed, Duration::from_millis(2650));
}

/// Ten starts a second, from 0.1 s on, of 300 ms each, stopped after 2.65 s: 26 starts.
fn stopped(how: impl Fn(&Stop)) -> Tally {
    paused(async {
        let (scenario, stop) = (ramp(10, &[(60, 10)], 5, 5, 30_000), Stop::new());
        let service = Duration::from_millis(300);
        let run = scenario::run(&scenario, |_| Simulated { service }, &(), &stop);
        let stopper = async {
            sleep(Duration::from_millis(2650)).await;
            how(&stop);
        };
        let (tally, ()) = tokio::join!(run, stopper);
        assert_eq!(tally.planned, tally.completed + tally.dropped + tally.interrupted);
        assert_eq!(tally.window, Duration::from_millis(2650));
        tally
    })
}
