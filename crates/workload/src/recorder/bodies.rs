use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How many bodies of each endpoint were checked in the whole run, so that a response has a number
/// among those of all workers. A body costs one addition.
#[derive(Debug, Default)]
pub(crate) struct BodyCounts(Mutex<BTreeMap<String, BodyCount>>);

impl BodyCounts {
    /// The count of the endpoint with this name, the same one for whoever asks.
    pub(super) fn of(&self, endpoint: &str) -> BodyCount {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.entry(endpoint.to_owned()).or_default().clone()
    }
}

/// The count of one endpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct BodyCount(Arc<AtomicU64>);

impl BodyCount {
    /// The number of the next body, from 1 on.
    pub(super) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}
