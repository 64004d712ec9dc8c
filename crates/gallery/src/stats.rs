use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::route::Route;

/// What a gallery did since it was made, to be compared with what its client counted.
///
/// Every count only grows, and a response is counted before its first byte is sent: a client that
/// has read one finds it here. The counts are read one after the other, so while requests are in
/// progress they need not add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GalleryStats {
    /// Connections that were accepted.
    pub connections_accepted: u64,
    /// Accepts that the system refused, such as for want of file descriptors.
    pub accept_errors: u64,
    /// Requests whose head was read. Those without a response are in progress, or were given up by
    /// the client, or met the fault that never answers.
    pub requests_received: u64,
    /// Responses by route, named by its path template (`other` for a path that is none), and by
    /// status. Only counts above zero are there.
    pub responses: BTreeMap<&'static str, BTreeMap<u16, u64>>,
    /// The most requests that were in progress at once, without refused ones and `/healthz`.
    pub max_concurrent_requests: usize,
    /// How often each fault was applied, in the order they were added.
    pub faults_injected: Vec<u64>,
}

impl GalleryStats {
    /// The responses of one route with one status.
    pub fn count(&self, route: &str, status: u16) -> u64 {
        self.responses.get(route).and_then(|counts| counts.get(&status)).copied().unwrap_or(0)
    }

    /// All responses, whatever their route and status.
    pub fn total_responses(&self) -> u64 {
        self.responses.values().flat_map(BTreeMap::values).sum()
    }
}

/// Statuses end below this, so that counting is one addition to a fixed place.
const STATUS_END: usize = 600;

/// The counts behind [`GalleryStats`], shared by all connections.
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) accept_errors: AtomicU64,
    pub(crate) received: AtomicU64,
    in_progress: AtomicUsize,
    most_in_progress: AtomicUsize,
    responses: Box<[AtomicU64]>,
}

impl Counters {
    pub(crate) fn new() -> Self {
        let cells = Route::ALL.len() * STATUS_END;
        Self {
            accepted: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
            received: AtomicU64::new(0),
            in_progress: AtomicUsize::new(0),
            most_in_progress: AtomicUsize::new(0),
            responses: (0..cells).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Takes one of `limit` places; whether one was free. What is taken is given back with
    /// [`leave`](Self::leave).
    pub(crate) fn enter(&self, limit: usize) -> bool {
        // A refused request must never hold a place, not even for a moment: it would cost another.
        let taken =
            self.in_progress.fetch_update(Relaxed, Relaxed, |now| (now < limit).then_some(now + 1));
        if let Ok(before) = taken {
            self.most_in_progress.fetch_max(before + 1, Relaxed);
        }
        taken.is_ok()
    }

    pub(crate) fn leave(&self) {
        self.in_progress.fetch_sub(1, Relaxed);
    }

    pub(crate) fn count(&self, route: Route, status: u16) {
        let cell = route as usize * STATUS_END + usize::from(status);
        self.responses[cell].fetch_add(1, Relaxed);
    }

    pub(crate) fn snapshot(&self, faults_injected: Vec<u64>) -> GalleryStats {
        GalleryStats {
            connections_accepted: self.accepted.load(Relaxed),
            accept_errors: self.accept_errors.load(Relaxed),
            requests_received: self.received.load(Relaxed),
            responses: self.responses(),
            max_concurrent_requests: self.most_in_progress.load(Relaxed),
            faults_injected,
        }
    }

    fn responses(&self) -> BTreeMap<&'static str, BTreeMap<u16, u64>> {
        let mut routes = BTreeMap::new();
        for (route, cells) in Route::ALL.iter().zip(self.responses.chunks(STATUS_END)) {
            let counts: BTreeMap<u16, u64> = (0..)
                .zip(cells.iter().map(|cell| cell.load(Relaxed)))
                .filter(|&(_, count)| count > 0)
                .collect();
            if !counts.is_empty() {
                routes.insert(route.name(), counts);
            }
        }
        routes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_own_place() {
        let counters = Counters::new();
        for (index, route) in Route::ALL.into_iter().enumerate() {
            assert_eq!(route as usize, index, "ALL and the order of the enum must agree");
            counters.count(route, 599);
        }
        counters.count(Route::Health, 200);
        let stats = counters.snapshot(vec![3]);
        assert_eq!(stats.total_responses(), 11);
        assert_eq!((stats.count("/healthz", 200), stats.count("/healthz", 599)), (1, 1));
        assert_eq!((stats.count("/healthz", 500), stats.count("nothing", 200)), (0, 0));
        assert_eq!(stats.faults_injected, [3]);
    }

    #[test]
    fn places_are_limited_and_given_back() {
        let counters = Counters::new();
        assert!(counters.enter(2) && counters.enter(2));
        assert!(!counters.enter(2));
        counters.leave();
        assert!(counters.enter(2));
        assert_eq!(counters.snapshot(Vec::new()).max_concurrent_requests, 2);
    }
}
