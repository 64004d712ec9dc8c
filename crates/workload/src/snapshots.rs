//! What workers show of their series while a run goes on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use metrics::{MetricKey, MetricSet};

/// What workers show of their series while the run goes on, to whoever asks.
#[derive(Debug)]
pub(crate) struct Snapshots {
    selectors: Vec<MetricKey>,
    /// Counts the questions. A worker answers with its next request that ends.
    asked: AtomicU64,
    answers: Vec<Mutex<MetricSet>>,
}

impl Snapshots {
    pub(crate) fn new(workers: usize, selectors: Vec<MetricKey>) -> Self {
        let answers = (0..workers).map(|_| Mutex::default()).collect();
        Snapshots { selectors, asked: AtomicU64::new(0), answers }
    }

    /// How many questions were asked.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// What the workers showed since this was called last.
    pub(crate) fn collect(&self) -> MetricSet {
        let mut all = MetricSet::default();
        for answer in &self.answers {
            all.merge(&answer.lock().unwrap_or_else(PoisonError::into_inner));
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        all
    }

    /// Answers a question, for the worker with this number, from its series.
    pub(crate) fn answer(&self, worker: usize, metrics: &MetricSet) {
        let wanted = |key: &MetricKey| self.selectors.iter().any(|wanted| wanted.selects(key));
        let answer = metrics.filtered(wanted);
        *self.answers[worker].lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}
