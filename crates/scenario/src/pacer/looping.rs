//! Virtual users that start again as soon as they are done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::part::{Scene, Staff};

/// How many iterations there are to run.
pub(crate) enum Quota {
    Endless,
    /// That many for each user.
    Each(u64),
    /// That many for all users of all workers.
    Shared {
        taken: Arc<AtomicU64>,
        all: u64,
    },
}

pub(crate) struct Looping {
    /// The users of this worker.
    vus: usize,
    /// The users of all workers.
    all_vus: u64,
    quota: Quota,
    /// How many iterations each user has begun.
    begun: Vec<u64>,
}

impl Looping {
    pub(crate) fn new(vus: usize, all_vus: u64, quota: Quota) -> Self {
        Looping { vus, all_vus, quota, begun: vec![0; vus] }
    }

    pub(crate) fn begin(&mut self, staff: &mut Staff, scene: &mut Scene) {
        for _ in 0..self.vus {
            let slot = staff.hire(scene.crew);
            self.freed(slot, staff, scene);
        }
    }

    pub(crate) fn freed(&mut self, slot: usize, staff: &mut Staff, scene: &mut Scene) {
        let seat = scene.crew.seat(slot);
        if let Some(index) = self.next_index(seat.number, seat.vu as u64) {
            self.begun[seat.number] += 1;
            staff.start(slot, index, scene.now, scene);
            // Not polled here: all others that wait for a turn come first.
            scene.crew.queue(slot);
        }
    }

    /// The index of a user's next iteration. It does not depend on how quick the users are, but
    /// where they share the iterations.
    fn next_index(&self, number: usize, vu: u64) -> Option<u64> {
        let begun = self.begun[number];
        let own = begun * self.all_vus + vu;
        match &self.quota {
            Quota::Endless => Some(own),
            Quota::Each(iterations) => (begun < *iterations).then_some(own),
            Quota::Shared { taken, all } => {
                let next = |taken: u64| (taken < *all).then_some(taken + 1);
                taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()
            }
        }
    }

    pub(crate) fn has_started_all(&self, staff: &Staff) -> bool {
        match &self.quota {
            Quota::Endless => self.vus == 0,
            Quota::Each(iterations) => staff.planned == self.vus as u64 * iterations,
            // Without users of its own, a worker need not wait for others to take what there is.
            Quota::Shared { taken, all } => self.vus == 0 || taken.load(Ordering::Relaxed) >= *all,
        }
    }

    pub(crate) fn drop_rest(&mut self, staff: &mut Staff, scene: &Scene) {
        let rest = match &self.quota {
            Quota::Endless => 0,
            Quota::Each(iterations) => self.vus as u64 * iterations - staff.planned,
            // Whichever worker comes first drops what is left for all.
            Quota::Shared { taken, all } => all.saturating_sub(taken.swap(*all, Ordering::Relaxed)),
        };
        (0..rest).for_each(|_| staff.drop_start(scene.now, scene));
    }
}
