use std::sync::atomic::{AtomicU64, Ordering};

/// Live counts of a run, for whoever shows its progress from another thread.
#[derive(Debug, Default)]
pub struct Progress {
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
        self.completed.load(Ordering::Relaxed)
    }

    /// Starts for which no virtual user was free.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Requests that ended.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests among them that failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Virtual users that run an iteration now, and those that exist.
    pub fn users(&self) -> (u64, u64) {
        (self.busy.load(Ordering::Relaxed), self.allocated.load(Ordering::Relaxed))
    }

    pub(crate) fn add_completed(&self) {
        self.completed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_request(&self, failed: bool) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
    }

    pub(crate) fn set_users(&self, busy: usize, allocated: usize) {
        self.busy.store(busy as u64, Ordering::Relaxed);
        self.allocated.store(allocated as u64, Ordering::Relaxed);
    }
}
