//! Schedules against the integral of their rate, in integers that lose nothing.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use scenario::{
    ArrivalSchedule, ConstantArrivalRate, Iteration, Observer, RampingArrivalRate, Scenario, Stage,
    Stop, Tally, Timing, VirtualUser, split,
};
use tokio::time::Instant;

/// How far a start may be from its exact moment. A microsecond is asked for; what is left is the
/// truncation to whole nanoseconds, and the rounding of one that is days away.
const TOLERANCE_NS: i128 = 2;
const DAY_NS: u64 = 24 * 60 * 60 * 1_000_000_000;
const SECOND: Duration = Duration::from_secs(1);

/// The area below a piecewise linear rate. It is counted in twice rate × nanoseconds, so that a
/// start has an area of twice the time unit, and only a division within a stage is left.
struct Area {
    pieces: Vec<Piece>,
    a_start: i128,
}

struct Piece {
    begin: i128,
    length: i128,
    from: i128,
    to: i128,
    before: i128,
}

impl Piece {
    fn end(&self) -> i128 {
        self.begin + self.length
    }

    fn area(&self) -> i128 {
        (self.from + self.to) * self.length
    }
}

impl Area {
    fn new(start_rate: u32, unit: Duration, stages: &[Stage]) -> Self {
        let (mut from, mut begin, mut before) = (i128::from(start_rate), 0, 0);
        let mut pieces = Vec::new();
        for stage in stages {
            let length = stage.duration.as_nanos() as i128;
            let to = i128::from(stage.target);
            // A stage of no length is a jump, and has no area.
            if length > 0 {
                let piece = Piece { begin, length, from, to, before };
                (begin, before) = (piece.end(), before + piece.area());
                pieces.push(piece);
            }
            from = to;
        }
        Area { pieces, a_start: 2 * unit.as_nanos() as i128 }
    }

    fn end(&self) -> i128 {
        self.pieces.last().map_or(0, Piece::end)
    }

    fn total(&self) -> i128 {
        self.pieces.last().map_or(0, |last| last.before + last.area())
    }

    /// Whether `number` starts have come by `at`, compared without a division.
    fn compare(&self, at: i128, number: i128) -> std::cmp::Ordering {
        let at = at.clamp(0, self.end());
        let piece = self.pieces.iter().find(|piece| at <= piece.end()).unwrap();
        let (time, length) = (at - piece.begin, piece.length);
        let within = 2 * piece.from * time * length + (piece.to - piece.from) * time * time;
        (piece.before * length + within).cmp(&(number * self.a_start * length))
    }

    /// The number of starts: those of the whole area, without one on the very end. A start lies there
    /// only if the rate is not zero all the way from it to the end.
    fn count(&self) -> u128 {
        let reached = self.total() / self.a_start;
        let is_reached_last = self.pieces.last().is_some_and(|last| last.area() > 0);
        let on_the_end = is_reached_last && self.total() % self.a_start == 0;
        (reached - i128::from(on_the_end)) as u128
    }

    /// Numbers worth a look: the first and last ones, those around the ends of stages, and some in
    /// between.
    fn samples(&self, total: u64) -> BTreeSet<u64> {
        let mut centres = vec![0, total];
        centres.extend(self.pieces.iter().map(|p| saturated(p.before / self.a_start)));
        let step = (total / 97).max(1);
        centres.extend((0..97).map(|sample| sample * step));
        let near = centres
            .into_iter()
            .flat_map(|centre| centre.saturating_sub(2)..=centre.saturating_add(2));
        near.filter(|index| *index < total).collect()
    }
}

fn saturated(number: i128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Checks a schedule whose start number `index` has the area of `index + first` starts.
fn agrees(schedule: &ArrivalSchedule, area: &Area, first: i128, count: u128) {
    let total = schedule.total();
    assert_eq!(total, u64::try_from(count).unwrap_or(u64::MAX));
    let (mut walk, mut walked, mut latest) = (schedule.clone(), 0, Duration::ZERO);
    for index in area.samples(total) {
        let offset = walk.nth((index - walked) as usize).unwrap();
        walked = index + 1;
        let (at, number) = (offset.as_nanos() as i128, i128::from(index) + first);
        assert!(area.compare(at - TOLERANCE_NS, number).is_le(), "{index} at {offset:?} is late");
        assert!(area.compare(at + TOLERANCE_NS, number).is_ge(), "{index} at {offset:?} is early");
        assert!(at < area.end() && offset >= latest, "{index} at {offset:?} after {latest:?}");
        latest = offset;
    }
    if count <= u128::from(u64::MAX) {
        assert_eq!(schedule.clone().nth(total as usize), None);
    }
}

fn ramp(start_rate: u32, time_unit: Duration, stages: &[Stage]) -> RampingArrivalRate {
    let stages = stages.to_vec();
    RampingArrivalRate { start_rate, time_unit, stages, pre_allocated_vus: 1, max_vus: 100 }
}

fn ramp_agrees(start_rate: u32, unit: Duration, stages: &[Stage]) {
    let area = Area::new(start_rate, unit, stages);
    agrees(&ramp(start_rate, unit, stages).schedule(), &area, 1, area.count());
}

fn constant(rate: u32, time_unit: Duration, duration: Duration) -> ConstantArrivalRate {
    ConstantArrivalRate { rate, time_unit, duration, pre_allocated_vus: 1, max_vus: 100 }
}

fn constant_agrees(rate: u32, unit: Duration, duration: Duration) {
    let area = Area::new(rate, unit, &[Stage { duration, target: rate }]);
    let count = u128::from(rate) * duration.as_nanos();
    agrees(&constant(rate, unit, duration).schedule(), &area, 0, count.div_ceil(unit.as_nanos()));
}

fn stage(duration: Duration, target: u32) -> Stage {
    Stage { duration, target }
}

/// Rates of a usual test, nearly equal ones, tiny and huge ones.
fn rates() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0),
        1..=3_u32,
        4_990..=5_010_u32,
        0..=300_u32,
        0..=1_000_000_u32,
        Just(1_000_000)
    ]
}

fn durations() -> impl Strategy<Value = Duration> {
    let ns = prop_oneof![
        1 => Just(0),
        1 => 1..=2_000_u64,
        3 => (1..=600_000_u64).prop_map(|ms| ms * 1_000_000),
        3 => 1..=600_000_000_000_u64,
        2 => (1..=24_u64).prop_map(|hours| hours * 3_600_000_000_000),
        1 => 1..=DAY_NS,
    ];
    ns.prop_map(Duration::from_nanos)
}

fn units() -> impl Strategy<Value = Duration> {
    let ns = prop_oneof![
        6 => Just(1_000_000_000),
        1 => Just(1),
        1 => Just(333_333_333),
        1 => Just(60_000_000_000),
        1 => Just(DAY_NS),
        3 => 1..=10_000_000_000_u64,
    ];
    ns.prop_map(Duration::from_nanos)
}

fn stages() -> impl Strategy<Value = Vec<Stage>> {
    let stage = (durations(), rates()).prop_map(|(duration, target)| stage(duration, target));
    prop::collection::vec(stage, 0..=7)
}

/// The same cases every time.
fn cases(cases: u32) -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(4);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn ramping_starts_lie_where_the_area_says(start in rates(), unit in units(), stages in stages()) {
        ramp_agrees(start, unit, &stages);
    }

    #[test]
    fn constant_starts_lie_where_the_area_says(
        rate in rates().prop_filter("a rate", |rate| *rate > 0),
        unit in units(),
        duration in durations().prop_filter("a length", |duration| !duration.is_zero()),
    ) {
        constant_agrees(rate, unit, duration);
    }
}

#[test]
fn notorious_schedules_lie_where_the_area_says() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let week = minutes(7 * 24 * 60);
    let (hour, none) = (minutes(60), Duration::ZERO);
    // Nearly equal rates, in which the textbook's formula subtracts nearly equal numbers.
    ramp_agrees(5_000, SECOND, &[stage(minutes(10), 5_001)]);
    ramp_agrees(5_001, SECOND, &[stage(minutes(10), 5_000)]);
    ramp_agrees(1_000_000, SECOND, &[stage(week, 999_999)]);
    // The same rate for hours, in one stage and in many.
    ramp_agrees(777, SECOND, &[stage(hour, 777); 12]);
    ramp_agrees(777, SECOND, &[stage(hour * 12, 777)]);
    // Jumps at the beginning, in the middle, one after the other, and at the end.
    let jumps = [(none, 40), (hour, 40), (none, 9), (none, 80), (hour, 3), (none, 500)];
    ramp_agrees(7, SECOND, &jumps.map(|(length, target)| stage(length, target)));
    // Nothing for an hour, before, between and after.
    let pauses = [(hour, 0), (none, 3), (hour, 3), (none, 0), (hour, 0)];
    ramp_agrees(0, SECOND, &pauses.map(|(length, target)| stage(length, target)));
    // One start a day, and more starts than nanoseconds.
    ramp_agrees(0, minutes(24 * 60), &[stage(week, 2)]);
    ramp_agrees(0, Duration::from_nanos(1), &[stage(week, 1_000_000), stage(none, 1)]);
    constant_agrees(1_000_000, SECOND, week);
    constant_agrees(3, minutes(24 * 60), week);
    constant_agrees(7, SECOND, Duration::from_nanos(1));
    constant_agrees(999_983, Duration::from_nanos(1), week);
}

#[test]
fn every_start_of_nearly_equal_rates_lies_where_the_area_says() {
    let stages = [stage(Duration::from_secs(20), 5_001)];
    let area = Area::new(5_000, SECOND, &stages);
    let starts: Vec<_> = ramp(5_000, SECOND, &stages).schedule().collect();
    assert_eq!(starts.len() as u128, area.count());
    assert!(starts.is_sorted());
    for (number, start) in (1..).zip(&starts) {
        let at = start.as_nanos() as i128;
        assert!(area.compare(at - TOLERANCE_NS, number).is_le(), "{number} is late");
        assert!(area.compare(at + TOLERANCE_NS, number).is_ge(), "{number} is early");
    }
}

#[test]
fn a_jump_ahead_finds_the_start_that_a_walk_finds() {
    let stages = [stage(SECOND, 400), stage(Duration::ZERO, 9), stage(SECOND * 3, 0)];
    let schedule = ramp(3, SECOND, &stages).schedule();
    let walked: Vec<_> = schedule.clone().collect();
    for step in [1, 2, 3, 7, 50, 1_000] {
        let jumped: Vec<_> = schedule.clone().step_by(step).collect();
        let picked: Vec<_> = walked.iter().copied().step_by(step).collect();
        assert_eq!(jumped, picked, "{step}");
    }
    assert_eq!(schedule.clone().nth(walked.len()), None);
}

/// Does nothing at once, so that a user is always free.
struct Idler;

impl VirtualUser for Idler {
    async fn iterate(&mut self, _: Iteration) {}
}

/// Notes the starts of one worker.
struct Starts {
    epoch: Instant,
    found: RefCell<Vec<(u64, Duration)>>,
}

impl Observer for Starts {
    fn started(&self, iteration: &Iteration) {
        self.found.borrow_mut().push((iteration.index, iteration.planned - self.epoch));
    }
}

/// The starts of each worker, under paused time.
fn parts(scenario: &Scenario, workers: usize) -> (Vec<Vec<(u64, Duration)>>, Tally) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build_local(Default::default()).unwrap();
    runtime.block_on(async {
        let epoch = Instant::now();
        let tasks =
            split(std::slice::from_ref(scenario), workers, epoch).into_iter().map(|worker| {
                tokio::task::spawn_local(async move {
                    let (starts, stop) = (Starts { epoch, found: RefCell::default() }, Stop::new());
                    let tallies = worker.run(|_| Idler, &starts, &stop, Timing::Runtime).await;
                    (starts.found.into_inner(), tallies[0])
                })
            });
        let (mut found, mut tally) = (Vec::new(), Tally::default());
        for task in tasks.collect::<Vec<_>>() {
            let (starts, of_part) = task.await.unwrap();
            found.push(starts);
            tally = tally.merged(of_part);
        }
        (found, tally)
    })
}

fn is_partitioned(scenario: &Scenario, workers: usize) {
    let (parts, tally) = parts(scenario, workers);
    assert_eq!((parts.len(), tally.dropped, tally.interrupted), (workers, 0, 0));
    for (worker, part) in parts.iter().enumerate() {
        assert!(part.iter().all(|(index, _)| *index as usize % workers == worker));
        assert!(part.is_sorted());
    }
    let mut joined = parts.concat();
    joined.sort_unstable();
    let whole: Vec<_> = (0..).zip(scenario.starts().unwrap()).collect();
    assert_eq!(joined, whole);
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn workers_divide_the_starts_without_losing_one(
        start in 0..60_u32,
        stages in prop::collection::vec((0..8_000_u64, 0..60_u32), 1..=4),
        workers in 1..=5_usize,
    ) {
        let stages: Vec<_> =
            stages.into_iter().map(|(ms, to)| stage(Duration::from_millis(ms), to)).collect();
        let grace = SECOND;
        if let Ok(open) = Scenario::ramping_arrival_rate(ramp(start, SECOND, &stages), grace) {
            is_partitioned(&open, workers);
        }
        let flat = constant(start + 1, SECOND, stages[0].duration + SECOND);
        is_partitioned(&Scenario::constant_arrival_rate(flat, grace).unwrap(), workers);
    }
}
