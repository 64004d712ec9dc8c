//! The executors under paused time: hours in milliseconds, and the same result every time.

#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::time::Duration;

use scenario::{
    ConstantArrivalRate, Iteration, Observer, RampingArrivalRate, RampingVus, Reuse, Scenario,
    Seat, Stage, Stop, Tally, Timing, VirtualUser, split,
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

/// Several scenarios by several workers, all in one paused runtime; the tallies of each scenario.
fn by_workers(scenarios: &[Scenario], workers: usize, service_ms: u64) -> (Vec<Tally>, Log) {
    paused(async {
        let (log, stop) = (Log { epoch: Some(Instant::now()), ..Log::default() }, Stop::new());
        let service = Duration::from_millis(service_ms);
        let run = split(scenarios, workers, Instant::now()).into_iter().map(|worker| {
            worker.run(|_: Seat| Simulated { service }, &log, &stop, Timing::Runtime)
        });
        let parts = futures_util::future::join_all(run).await;
        let merge = |sums: Vec<Tally>, part: Vec<Tally>| -> Vec<Tally> {
            sums.into_iter().zip(part).map(|(sum, tally)| sum.merged(tally)).collect()
        };
        let tallies = parts.into_iter().reduce(merge).unwrap();
        for tally in &tallies {
            let ended = tally.completed + tally.dropped + tally.interrupted;
            assert_eq!(tally.planned, ended, "{tally:?}");
        }
        (tallies, log)
    })
}

fn counts(tally: &Tally) -> [u64; 4] {
    [tally.planned, tally.completed, tally.dropped, tally.interrupted]
}

fn every_second(secs: u64, pre: usize, max: usize) -> Scenario {
    let rate = ConstantArrivalRate {
        rate: 1,
        time_unit: Duration::from_secs(1),
        duration: Duration::from_secs(secs),
        pre_allocated_vus: pre,
        max_vus: max,
    };
    Scenario::constant_arrival_rate(rate, Duration::from_secs(30)).unwrap()
}

#[test]
fn a_constant_rate_starts_at_once_and_not_at_the_end() {
    let (tally, log) = drive(&every_second(5, 1, 1), 10);
    assert_eq!(counts(&tally), [5, 5, 0, 0]);
    let planned: Vec<_> = log
        .started
        .borrow()
        .iter()
        .map(|iteration| ((iteration.planned - log.epoch.unwrap()).as_secs(), iteration.index))
        .collect();
    assert_eq!(planned, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]);
}

#[test]
fn idle_users_take_their_turns_where_that_is_asked_for() {
    let users = |reuse| {
        let (_, log) = drive(&every_second(6, 3, 3).reusing(reuse), 10);
        let started = log.started.borrow();
        started.iter().map(|iteration| iteration.vu).collect::<Vec<_>>()
    };
    assert_eq!(users(Reuse::FirstIn), [0, 1, 2, 0, 1, 2]);
    assert_eq!(users(Reuse::LastIn), [0; 6]);
}

#[test]
fn a_dropped_start_keeps_its_index() {
    // Starts at 0, 1, 2, 3 s; the user is busy for 1.5 s each time.
    let (tally, log) = drive(&every_second(4, 1, 1), 1500);
    assert_eq!(counts(&tally), [4, 2, 2, 0]);
    let indices: Vec<_> = log.started.borrow().iter().map(|iteration| iteration.index).collect();
    assert_eq!(indices, [0, 2]);
}

#[test]
fn users_of_their_own_run_their_iterations_and_no_more() {
    let second = Duration::from_secs(1);
    let each = Scenario::per_vu_iterations(3, 4, second * 60, Duration::ZERO).unwrap();
    let (tally, log) = drive(&each, 100);
    assert_eq!(counts(&tally), [12, 12, 0, 0]);
    assert_eq!((tally.window, tally.elapsed), (second * 4 / 10, second * 4 / 10));
    let mut indices: Vec<_> = log.started.borrow().iter().map(|i| (i.index, i.vu)).collect();
    indices.sort_unstable();
    let expected: Vec<_> = (0..12).map(|index| (index, index as usize % 3)).collect();
    assert_eq!(indices, expected);
}

#[test]
fn iterations_without_time_are_dropped() {
    let second = Duration::from_secs(1);
    let each = Scenario::per_vu_iterations(2, 10, second, second).unwrap();
    // Three of each user begin within the second, at 0, 0.4 and 0.8 s.
    assert_eq!(counts(&drive(&each, 400).0), [20, 6, 14, 0]);
    let shared = Scenario::shared_iterations(2, 10, second, Duration::from_millis(100)).unwrap();
    assert_eq!(counts(&drive(&shared, 400).0), [10, 4, 4, 2]);
}

#[test]
fn shared_iterations_go_to_whoever_is_done() {
    let second = Duration::from_secs(1);
    let shared = Scenario::shared_iterations(3, 10, second * 60, Duration::ZERO).unwrap();
    let (tally, log) = drive(&shared, 100);
    assert_eq!(counts(&tally), [10, 10, 0, 0]);
    assert_eq!(tally.elapsed, Duration::from_millis(400));
    let indices: Vec<_> = log.started.borrow().iter().map(|iteration| iteration.index).collect();
    assert_eq!(indices, (0..10).collect::<Vec<_>>());
}

fn ramping(stages: &[(u64, u32)], ramp_down_ms: u64, grace_ms: u64) -> Scenario {
    let stage = |&(ms, target): &(u64, u32)| Stage { duration: Duration::from_millis(ms), target };
    let ramp = RampingVus {
        start_vus: 1,
        stages: stages.iter().map(stage).collect(),
        graceful_ramp_down: Duration::from_millis(ramp_down_ms),
    };
    Scenario::ramping_vus(ramp, Duration::from_millis(grace_ms)).unwrap()
}

#[test]
fn users_come_and_go_with_the_stages() {
    // One user, a second one from 1 s on, a third from 2 s on; at 3 s all but the first are too many.
    let scenario = ramping(&[(2000, 3), (1000, 3), (0, 1), (1000, 1)], 10_000, 10_000);
    let (tally, log) = drive(&scenario, 500);
    let begun = |vu| log.started.borrow().iter().filter(|iteration| iteration.vu == vu).count();
    assert_eq!([begun(0), begun(1), begun(2)], [8, 4, 2]);
    assert_eq!(counts(&tally), [14, 14, 0, 0]);
    assert_eq!(*log.users.borrow(), (3, 3));
    let third = log.started.borrow().iter().find(|iteration| iteration.vu == 2).unwrap().planned;
    assert_eq!(third - log.epoch.unwrap(), Duration::from_secs(2));
}

#[test]
fn a_user_too_many_gets_its_time_and_no_more() {
    // The second user begins at 0 s and is too many at 1 s, in the middle of what takes 3 s.
    let stages = [(0, 2), (1000, 2), (0, 1), (5000, 1)];
    let cut = drive(&ramping(&stages, 1500, 10_000), 3000).0;
    assert_eq!(counts(&cut), [3, 2, 0, 1]);
    let enough = drive(&ramping(&stages, 2500, 10_000), 3000).0;
    assert_eq!(counts(&enough), [3, 3, 0, 0]);
    // Wanted again at 2 s, it goes on, and starts again after that.
    let stages = [(0, 2), (1000, 2), (0, 1), (1000, 1), (0, 2), (4000, 2)];
    let again = drive(&ramping(&stages, 1500, 10_000), 3000).0;
    assert_eq!(counts(&again), [4, 4, 0, 0]);
}

#[test]
fn scenarios_run_side_by_side_from_their_start_times() {
    let closed = constant(2, 4, 1000).starting_at(Duration::from_secs(3)).unwrap();
    let (tallies, log) = by_workers(&[every_second(5, 1, 1), closed], 1, 500);
    assert_eq!([counts(&tallies[0]), counts(&tallies[1])], [[5, 5, 0, 0], [16, 16, 0, 0]]);
    let first = log.started.borrow().iter().find(|i| i.scenario == 1).unwrap().started;
    assert_eq!(first - log.epoch.unwrap(), Duration::from_secs(3));
    assert_eq!(
        (tallies[1].window, tallies[1].elapsed),
        (Duration::from_secs(4), Duration::from_secs(4))
    );
}

#[test]
fn any_number_of_workers_plans_the_same() {
    let stages = [(600, 5), (10, 100), (60, 100), (10, 5), (300, 5)];
    let scenarios = [
        ramp(5, &stages, 5, 400, 1000),
        Scenario::shared_iterations(7, 500, Duration::from_secs(3000), Duration::ZERO).unwrap(),
        Scenario::per_vu_iterations(5, 9, Duration::from_secs(3000), Duration::ZERO).unwrap(),
        ramping(&[(20_000, 30), (20_000, 0)], 5000, 1000),
    ];
    let indices = |log: &Log| {
        let mut indices: Vec<_> =
            log.started.borrow().iter().map(|i| (i.scenario, i.index)).collect();
        indices.retain(|(scenario, _)| *scenario < 3);
        indices.sort_unstable();
        indices
    };
    let (alone, log_alone) = by_workers(&scenarios, 1, 450);
    assert!(alone.iter().all(|tally| tally.completed > 0));
    for workers in [2, 3, 8] {
        let (shared, log) = by_workers(&scenarios, workers, 450);
        for at in 0..3 {
            assert_eq!(counts(&shared[at]), counts(&alone[at]), "scenario {at}, {workers} workers");
        }
        assert_eq!(indices(&log), indices(&log_alone));
    }
}

#[test]
fn a_start_is_dropped_only_if_no_user_of_any_worker_is_free() {
    // Three users for starts of 2.5 s, one a second: there is always a free one, but not always on
    // the worker whose start it is.
    let (tallies, log) = by_workers(&[every_second(60, 3, 3)], 2, 2500);
    assert_eq!(counts(&tallies[0]), [60, 60, 0, 0]);
    assert_eq!(log.users.borrow().1, 2, "one worker has two of the three users");
    let (tallies, _) = by_workers(&[every_second(60, 2, 2)], 2, 2500);
    assert_eq!(tallies[0].planned, 60);
    assert!(tallies[0].dropped >= 19, "{:?}", tallies[0]);
}

#[test]
fn a_worker_without_users_does_not_wait_for_the_others_time_to_be_over() {
    let hour = Duration::from_secs(3600);
    let shared = Scenario::shared_iterations(2, 10, hour, Duration::ZERO).unwrap();
    let each = Scenario::per_vu_iterations(2, 5, hour, Duration::ZERO).unwrap();
    let (tallies, _) = by_workers(&[shared, each], 4, 100);
    for tally in &tallies {
        assert_eq!(counts(tally), [10, 10, 0, 0]);
        assert_eq!(tally.elapsed, Duration::from_millis(500));
    }
}
