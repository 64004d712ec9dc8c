//! Where workers hand starts over to each other, so that one is dropped only when no virtual user
//! anywhere is free.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::bells::Bells;

/// A start of an open scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) index: u64,
    pub(crate) planned: Instant,
}

/// One scenario's desk. All of its workers have it.
#[derive(Debug)]
pub(crate) struct Desk {
    places: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    /// How many of the worker's users could take a start.
    free: AtomicUsize,
    /// Starts from others, each with a user reserved for it; `None` when the worker takes no more.
    inbox: Mutex<Option<VecDeque<Start>>>,
    bells: Arc<Bells>,
}

impl Desk {
    /// A desk for workers with that many users each.
    pub(crate) fn new(workers: impl IntoIterator<Item = (usize, Arc<Bells>)>) -> Self {
        let place = |(users, bells)| Place {
            free: AtomicUsize::new(users),
            inbox: Mutex::new(Some(VecDeque::new())),
            bells,
        };
        Desk { places: workers.into_iter().map(place).collect() }
    }

    /// Reserves one of a worker's users.
    pub(crate) fn reserve(&self, worker: usize) -> bool {
        let one_less = |free: usize| free.checked_sub(1);
        let free = &self.places[worker].free;
        free.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less).is_ok()
    }

    /// One of a worker's users is free again.
    pub(crate) fn release(&self, worker: usize) {
        self.places[worker].free.fetch_add(1, Ordering::AcqRel);
    }

    /// Gives a start to another worker that has a user for it.
    pub(crate) fn hand_over(&self, from: usize, start: Start) -> bool {
        let count = self.places.len();
        (1..count).map(|step| (from + step) % count).any(|to| self.put(to, start))
    }

    fn put(&self, to: usize, start: Start) -> bool {
        if !self.reserve(to) {
            return false;
        }
        let put = self.inbox(to).as_mut().map(|inbox| inbox.push_back(start));
        let taken = put.is_some();
        if taken {
            self.places[to].bells.call();
        } else {
            self.release(to);
        }
        taken
    }

    /// Whether there is a start from another worker.
    pub(crate) fn has_start_for(&self, worker: usize) -> bool {
        self.places.len() > 1 && self.inbox(worker).as_ref().is_some_and(|inbox| !inbox.is_empty())
    }

    fn inbox(&self, worker: usize) -> MutexGuard<'_, Option<VecDeque<Start>>> {
        self.places[worker].inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next start from another worker, with a user reserved for it.
    pub(crate) fn take(&self, worker: usize) -> Option<Start> {
        if self.places.len() == 1 { None } else { self.inbox(worker).as_mut()?.pop_front() }
    }

    /// Takes no more starts from others. Says `false` if there is one left to take before that.
    pub(crate) fn close(&self, worker: usize) -> bool {
        let mut inbox = self.inbox(worker);
        let is_empty = inbox.as_ref().is_none_or(VecDeque::is_empty);
        if is_empty {
            *inbox = None;
        }
        is_empty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(index: u64) -> Start {
        Start { index, planned: Instant::now() }
    }

    #[test]
    fn a_start_goes_to_whoever_has_a_user_and_to_nobody_who_has_left() {
        let desk = Desk::new([2, 1, 0].map(|users| (users, Arc::default())));
        assert!(desk.reserve(0) && desk.reserve(0) && !desk.reserve(0));
        assert!(desk.hand_over(0, start(7)));
        assert!(!desk.hand_over(0, start(8)), "worker 1 had one user and worker 2 none");
        assert!(!desk.close(1), "there is a start to take");
        assert_eq!(desk.take(1).map(|start| start.index), Some(7));
        assert!(desk.close(1) && desk.take(1).is_none());
        desk.release(1);
        assert!(!desk.hand_over(0, start(9)), "worker 1 has left");
        assert!(desk.reserve(1), "its user was given back");
    }
}
