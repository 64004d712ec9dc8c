//! One worker's part of one scenario: its phases, its virtual users, its count.

use tokio::time::Instant;

use crate::crew::Crew;
use crate::pacer::Pacer;
use crate::{Iteration, Observer, Scenario, Seat, Tally};

/// What a part acts on.
pub(crate) struct Scene<'e, 'a> {
    pub(crate) crew: &'e mut Crew<'a>,
    pub(crate) observer: &'e dyn Observer,
    pub(crate) now: Instant,
}

impl Scene<'_, '_> {
    fn tell_users(&self) {
        self.observer.users(self.crew.busy(), self.crew.allocated());
    }
}

/// Where a part is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its start time has not come.
    Waiting,
    /// Iterations start.
    Running,
    /// The last iterations end.
    Ending,
    Over,
}

pub(crate) struct Part {
    phase: Phase,
    pacer: Pacer,
    staff: Staff,
    begin: Instant,
    /// When iterations are started no more.
    last_start: Instant,
    /// When those that still run are interrupted.
    over_at: Instant,
    graceful_stop: std::time::Duration,
    elapsed: std::time::Duration,
    stopped: bool,
}

/// The virtual users of a part, and what became of their iterations.
pub(crate) struct Staff {
    scenario: usize,
    /// The worker's number and how many there are: who has every how-many-th user.
    worker: usize,
    workers: usize,
    /// The places of the users that were made, in the order of their numbers.
    pub(crate) slots: Vec<usize>,
    pub(crate) busy: usize,
    pub(crate) planned: u64,
    pub(crate) completed: u64,
    pub(crate) dropped: u64,
    pub(crate) interrupted: u64,
}

impl Staff {
    /// Makes the next user and says where it is.
    pub(crate) fn hire(&mut self, crew: &mut Crew<'_>) -> usize {
        let number = self.slots.len();
        let vu = self.worker + number * self.workers;
        let slot = crew.add(Seat { scenario: self.scenario, vu, number });
        self.slots.push(slot);
        slot
    }

    /// Begins an iteration; the user has to be polled or queued for it.
    pub(crate) fn start(&mut self, slot: usize, index: u64, planned: Instant, scene: &mut Scene) {
        let Seat { scenario, vu, .. } = scene.crew.seat(slot);
        // A planned moment is never after the start, even where a clock has coarse steps.
        let started = scene.now.max(planned);
        let iteration = Iteration { scenario, index, vu, planned, started };
        self.planned += 1;
        self.busy += 1;
        scene.observer.started(&iteration);
        scene.crew.order(slot, iteration);
        scene.tell_users();
    }

    pub(crate) fn drop_start(&mut self, planned: Instant, scene: &Scene) {
        self.planned += 1;
        self.dropped += 1;
        scene.observer.dropped(self.scenario, planned);
    }

    fn complete(&mut self, iteration: &Iteration, scene: &Scene) {
        self.busy -= 1;
        self.completed += 1;
        scene.observer.completed(iteration, scene.now);
        scene.tell_users();
    }

    pub(crate) fn interrupt(&mut self, slot: usize, scene: &mut Scene) {
        if scene.crew.interrupt(slot) {
            self.busy -= 1;
            self.interrupted += 1;
            scene.tell_users();
        }
    }
}

impl Part {
    pub(crate) fn new(
        number: usize,
        scenario: &Scenario,
        pacer: Pacer,
        worker: usize,
        workers: usize,
        epoch: Instant,
    ) -> Self {
        let begin = epoch + scenario.start_time();
        let last_start = begin + scenario.duration();
        let staff = Staff {
            scenario: number,
            worker,
            workers,
            slots: Vec::new(),
            busy: 0,
            planned: 0,
            completed: 0,
            dropped: 0,
            interrupted: 0,
        };
        Part {
            phase: Phase::Waiting,
            pacer,
            staff,
            begin,
            last_start,
            over_at: last_start + scenario.graceful_stop(),
            graceful_stop: scenario.graceful_stop(),
            elapsed: std::time::Duration::ZERO,
            stopped: false,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// When there is something to do next, apart from what users ask for.
    pub(crate) fn due(&self) -> Option<Instant> {
        match self.phase {
            Phase::Waiting => Some(self.begin),
            Phase::Running => {
                let paced = self.pacer.due();
                Some(paced.map_or(self.last_start, |paced| paced.min(self.last_start)))
            }
            Phase::Ending => {
                let paced = self.pacer.due_at_the_end();
                Some(paced.map_or(self.over_at, |paced| paced.min(self.over_at)))
            }
            Phase::Over => None,
        }
    }

    /// Whether a start is due and no user that was made is idle.
    pub(crate) fn is_short_of_users(&self, now: Instant) -> bool {
        self.phase == Phase::Running && self.pacer.is_short_of_users(now)
    }

    /// Whether there is something to do now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now) || self.pacer.has_handed_over()
    }

    /// Does what is due. At most one start comes of it, so that users get their turns in between.
    pub(crate) fn on_time(&mut self, scene: &mut Scene) {
        if self.phase == Phase::Waiting && scene.now >= self.begin {
            self.phase = Phase::Running;
            self.pacer.begin(&mut self.staff, scene);
        }
        if self.phase == Phase::Running {
            self.pacer.on_time(&mut self.staff, scene);
            self.end_if_done(scene);
        }
        if self.phase == Phase::Ending {
            self.pacer.take_handed_over(&mut self.staff, scene);
            self.pacer.cut_off(&mut self.staff, scene);
            self.close(scene);
        }
    }

    /// Takes in that a user ended its iteration.
    pub(crate) fn completed(&mut self, slot: usize, iteration: &Iteration, scene: &mut Scene) {
        self.staff.complete(iteration, scene);
        let may_start = self.phase == Phase::Running && scene.now < self.last_start;
        self.pacer.freed(slot, may_start, &mut self.staff, scene);
        if self.phase == Phase::Running && self.pacer.has_run_all(&self.staff) {
            self.end_if_done(scene);
        }
        if self.phase == Phase::Ending {
            self.close(scene);
        }
    }

    /// Starts no more iterations, because the user wants to end the run.
    pub(crate) fn finish(&mut self, scene: &mut Scene) {
        self.stopped |= self.phase != Phase::Over;
        match self.phase {
            Phase::Waiting => {
                self.last_start = self.begin;
                self.phase = Phase::Over;
            }
            Phase::Running => {
                self.end_starts(scene.now.min(self.last_start));
                self.close(scene);
            }
            Phase::Ending | Phase::Over => {}
        }
    }

    /// Ends everything now.
    pub(crate) fn abort(&mut self, scene: &mut Scene) {
        self.finish(scene);
        if self.phase == Phase::Ending {
            self.over_at = scene.now;
            self.close(scene);
        }
    }

    fn end_if_done(&mut self, scene: &mut Scene) {
        if self.pacer.has_run_all(&self.staff) {
            self.end_starts(scene.now.min(self.last_start));
        } else if scene.now >= self.last_start && self.pacer.has_no_due_start() {
            self.pacer.drop_rest(&mut self.staff, scene);
            self.end_starts(self.last_start);
        }
    }

    fn end_starts(&mut self, last_start: Instant) {
        self.phase = Phase::Ending;
        self.last_start = last_start;
        self.over_at = last_start + self.graceful_stop;
    }

    /// Is over when no iteration runs, or when those that run have had their time.
    fn close(&mut self, scene: &mut Scene) {
        if self.phase != Phase::Ending {
            return;
        }
        if self.staff.busy > 0 && scene.now >= self.over_at {
            self.interrupt_all(scene);
        }
        if self.staff.busy == 0 && self.pacer.close() {
            self.phase = Phase::Over;
            // The time of an iteration's end, which may be later than the turn's beginning.
            self.elapsed = self.begin.elapsed();
        }
    }

    fn interrupt_all(&mut self, scene: &mut Scene) {
        for at in 0..self.staff.slots.len() {
            let slot = self.staff.slots[at];
            if !scene.crew.is_busy(slot) {
                continue;
            }
            // Whoever is done already has not been cut off.
            let completed = scene.crew.poll(slot);
            scene.now = Instant::now();
            match completed {
                Some(iteration) => self.staff.complete(&iteration, scene),
                None => self.staff.interrupt(slot, scene),
            }
            self.pacer.freed(slot, false, &mut self.staff, scene);
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        Tally {
            planned: self.staff.planned,
            completed: self.staff.completed,
            dropped: self.staff.dropped,
            interrupted: self.staff.interrupted,
            window: self.last_start - self.begin,
            elapsed: self.elapsed,
            stopped: self.stopped,
        }
    }
}
