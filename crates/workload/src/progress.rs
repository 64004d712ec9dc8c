use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Live counts of a run, for whoever shows its progress from another thread. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    completed: AtomicU64,
    dropped: AtomicU64,
    requests: AtomicU64,
    failed: AtomicU64,
    busy: AtomicU64,
    allocated: AtomicU64,
}

impl Progress {
    /// Iterations that ran to their end.
    pub fn completed(&self) -> u64 {
        self.counts.completed.load(Ordering::Relaxed)
    }

    /// Starts for which no virtual user was free.
    pub fn dropped(&self) -> u64 {
        self.counts.dropped.load(Ordering::Relaxed)
    }

    /// Requests that ended.
    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// Requests among them that failed.
    pub fn failed(&self) -> u64 {
        self.counts.failed.load(Ordering::Relaxed)
    }

    /// Virtual users that run an iteration now, and those that exist.
    pub fn users(&self) -> (u64, u64) {
        (self.counts.busy.load(Ordering::Relaxed), self.counts.allocated.load(Ordering::Relaxed))
    }

    /// Forgets the users of a run that is over, before another one is shown.
    pub(crate) fn forget_users(&self) {
        self.counts.busy.store(0, Ordering::Relaxed);
        self.counts.allocated.store(0, Ordering::Relaxed);
    }

    pub(crate) fn add_completed(&self) {
        self.counts.completed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_dropped(&self) {
        self.counts.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_request(&self, failed: bool) {
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        self.counts.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
    }

    /// Takes in how many more or fewer users a worker has, busy and in all, and says how many all
    /// workers have.
    pub(crate) fn change_users(&self, busy: i64, allocated: i64) -> (u64, u64) {
        let changed = |count: &AtomicU64, by: i64| {
            // Wraps around twice where the number falls, as it should.
            count.fetch_add(by as u64, Ordering::Relaxed).wrapping_add(by as u64)
        };
        (changed(&self.counts.busy, busy), changed(&self.counts.allocated, allocated))
    }
}
