//! Starts by a schedule, whatever the answers take.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use crate::desk::{Desk, Start};
use crate::part::{Scene, Staff};
use crate::{ArrivalSchedule, Reuse, Scenario};

pub(crate) struct Open {
    /// Every start of the scenario; every how-many-th is this worker's.
    schedule: ArrivalSchedule,
    /// The number of the schedule's next start.
    index: u64,
    next: Option<Start>,
    begin: Instant,
    desk: Arc<Desk>,
    worker: usize,
    workers: usize,
    idle: VecDeque<usize>,
    pre_allocated: usize,
    reuse: Reuse,
}

impl Open {
    pub(crate) fn new(
        scenario: &Scenario,
        pre_allocated: usize,
        desk: Arc<Desk>,
        worker: usize,
        workers: usize,
        begin: Instant,
    ) -> Self {
        let mut open = Open {
            schedule: scenario.starts().expect("an open scenario has a schedule"),
            index: 0,
            next: None,
            begin,
            desk,
            worker,
            workers,
            idle: VecDeque::new(),
            pre_allocated,
            reuse: scenario.reuse(),
        };
        open.advance();
        open
    }

    /// Finds the next start that is this worker's.
    fn advance(&mut self) {
        let place = (self.index % self.workers as u64) as usize;
        let others = (self.worker + self.workers - place) % self.workers;
        let index = self.index + others as u64;
        let offset = self.schedule.nth(others);
        self.next = offset.map(|offset| Start { index, planned: self.begin + offset });
        self.index = index + 1;
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.next.map(|start| start.planned)
    }

    pub(crate) fn is_short_of_users(&self, now: Instant) -> bool {
        self.idle.is_empty() && self.due().is_some_and(|due| due <= now)
    }

    pub(crate) fn has_handed_over(&self) -> bool {
        self.desk.has_start_for(self.worker)
    }

    pub(crate) fn begin(&mut self, staff: &mut Staff, scene: &mut Scene) {
        for _ in 0..self.pre_allocated {
            self.idle.push_back(staff.hire(scene.crew));
        }
        if self.reuse == Reuse::LastIn {
            // User 0 is on top of the stack and so the first to be taken.
            self.idle.make_contiguous().reverse();
        }
    }

    pub(crate) fn on_time(&mut self, staff: &mut Staff, scene: &mut Scene) {
        self.take_handed_over(staff, scene);
        match self.next {
            Some(start) if start.planned <= scene.now => {
                self.advance();
                self.start(start, staff, scene);
            }
            _ => {}
        }
    }

    pub(crate) fn take_handed_over(&mut self, staff: &mut Staff, scene: &mut Scene) {
        while let Some(start) = self.desk.take(self.worker) {
            self.start_reserved(start, staff, scene);
        }
    }

    fn start(&mut self, start: Start, staff: &mut Staff, scene: &mut Scene) {
        if self.desk.reserve(self.worker) {
            self.start_reserved(start, staff, scene);
        } else if !self.desk.hand_over(self.worker, start) {
            staff.drop_start(start.planned, scene);
        }
    }

    fn start_reserved(&mut self, start: Start, staff: &mut Staff, scene: &mut Scene) {
        let idle = match self.reuse {
            Reuse::LastIn => self.idle.pop_back(),
            Reuse::FirstIn => self.idle.pop_front(),
        };
        // Whoever is reserved but not made yet is made now.
        let slot = idle.unwrap_or_else(|| staff.hire(scene.crew));
        staff.start(slot, start.index, start.planned, scene);
        scene.crew.hurry(slot);
    }

    pub(crate) fn freed(&mut self, slot: usize) {
        self.idle.push_back(slot);
        self.desk.release(self.worker);
    }

    pub(crate) fn close(&mut self) -> bool {
        self.desk.close(self.worker)
    }
}
