//! Virtual users that start again as soon as they are done, and whose number changes.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::share;
use crate::part::{Scene, Staff};
use crate::{RampingVus, VuSteps};

pub(crate) struct Ramping {
    steps: VuSteps,
    /// The step that comes next: when, and to how many users of all workers.
    next: Option<(Instant, usize)>,
    begin: Instant,
    graceful_ramp_down: Duration,
    worker: usize,
    workers: usize,
    all_vus: u64,
    /// How many of this worker's users there should be now.
    active: usize,
    /// How many iterations each user has begun.
    begun: Vec<u64>,
    /// Users that are too many and still run an iteration: until when they may, and their number.
    limits: BTreeSet<(Instant, usize)>,
}

impl Ramping {
    pub(crate) fn new(ramp: &RampingVus, begin: Instant, worker: usize, workers: usize) -> Self {
        let mut ramping = Ramping {
            steps: ramp.steps(),
            next: None,
            begin,
            graceful_ramp_down: ramp.graceful_ramp_down,
            worker,
            workers,
            all_vus: ramp.max_vus() as u64,
            active: 0,
            begun: Vec::new(),
            limits: BTreeSet::new(),
        };
        ramping.advance();
        ramping
    }

    fn advance(&mut self) {
        self.next = self.steps.next().map(|(offset, vus)| (self.begin + offset, vus));
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        let step = self.next.map(|(at, _)| at);
        step.into_iter().chain(self.next_limit()).min()
    }

    pub(crate) fn next_limit(&self) -> Option<Instant> {
        self.limits.first().map(|(limit, _)| *limit)
    }

    pub(crate) fn on_time(&mut self, staff: &mut Staff, scene: &mut Scene) {
        while let Some((at, vus)) = self.next.filter(|(at, _)| *at <= scene.now) {
            self.advance();
            self.step(at, share(vus, self.worker, self.workers), staff, scene);
        }
        self.cut_off(staff, scene);
    }

    fn step(&mut self, at: Instant, active: usize, staff: &mut Staff, scene: &mut Scene) {
        let before = std::mem::replace(&mut self.active, active);
        for number in before..active {
            self.activate(number, at, staff, scene);
        }
        for number in active..before {
            if scene.crew.is_busy(staff.slots[number]) {
                self.limits.insert((at + self.graceful_ramp_down, number));
            }
        }
    }

    fn activate(&mut self, number: usize, at: Instant, staff: &mut Staff, scene: &mut Scene) {
        while staff.slots.len() <= number {
            staff.hire(scene.crew);
            self.begun.push(0);
        }
        let slot = staff.slots[number];
        if scene.crew.is_busy(slot) {
            // It was one too many, is wanted again, and goes on.
            self.limits.retain(|(_, limited)| *limited != number);
        } else {
            self.start(slot, at, staff, scene);
        }
    }

    fn start(&mut self, slot: usize, planned: Instant, staff: &mut Staff, scene: &mut Scene) {
        let seat = scene.crew.seat(slot);
        let begun = &mut self.begun[seat.number];
        let index = *begun * self.all_vus + seat.vu as u64;
        *begun += 1;
        staff.start(slot, index, planned, scene);
        scene.crew.queue(slot);
    }

    pub(crate) fn freed(
        &mut self,
        slot: usize,
        may_start: bool,
        staff: &mut Staff,
        scene: &mut Scene,
    ) {
        let number = scene.crew.seat(slot).number;
        if number >= self.active {
            self.limits.retain(|(_, limited)| *limited != number);
        } else if may_start {
            self.start(slot, scene.now, staff, scene);
        }
    }

    pub(crate) fn cut_off(&mut self, staff: &mut Staff, scene: &mut Scene) {
        while self.next_limit().is_some_and(|limit| limit <= scene.now) {
            let Some((_, number)) = self.limits.pop_first() else { return };
            staff.interrupt(staff.slots[number], scene);
        }
    }
}
