use std::future::Future;

use tokio::time::Instant;

/// One run of a virtual user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iteration {
    /// Its number in the scenario, from 0, in the order of the starts. Dropped starts have none.
    pub index: u64,
    /// The number of the virtual user that runs it, from 0.
    pub vu: usize,
    /// When it was to start. In a closed scenario this is when it started.
    pub planned: Instant,
    /// When it started.
    pub started: Instant,
}

/// Somebody who uses the service: what one iteration does.
pub trait VirtualUser {
    /// Runs one iteration. The future is dropped, wherever it is, if it is still running when the
    /// graceful stop is over.
    fn iterate(&mut self, iteration: Iteration) -> impl Future<Output = ()>;
}

/// Hears what happens in a run. Every method does nothing by default.
pub trait Observer {
    /// An iteration starts.
    fn started(&self, iteration: &Iteration) {
        let _ = iteration;
    }

    /// An iteration ran to its end.
    fn completed(&self, iteration: &Iteration, ended: Instant) {
        let _ = (iteration, ended);
    }

    /// A start came due at `planned` and no virtual user was free.
    fn dropped(&self, planned: Instant) {
        let _ = planned;
    }

    /// The number of virtual users that run an iteration, or of those that exist, has changed.
    fn users(&self, busy: usize, allocated: usize) {
        let _ = (busy, allocated);
    }
}

impl Observer for () {}
