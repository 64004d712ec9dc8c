use std::time::Duration;

/// What became of a scenario's iterations. `planned = completed + dropped + interrupted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Starts that came due.
    pub planned: u64,
    /// Iterations that ran to their end.
    pub completed: u64,
    /// Starts for which no virtual user was free, or that no user came to before the longest
    /// duration was over.
    pub dropped: u64,
    /// Iterations that were cut off: by the end of the graceful stop or ramp-down, or by
    /// [`Stop::abort`](crate::Stop::abort).
    pub interrupted: u64,
    /// How long iterations were started: the scenario's length, or less when it was stopped or had
    /// run all of its iterations.
    pub window: Duration,
    /// From the beginning of the scenario to its very end.
    pub elapsed: Duration,
    /// Whether a [`Stop`](crate::Stop) was asked for before the scenario was over.
    pub stopped: bool,
}

impl Tally {
    /// Joins the tallies of two workers' parts of one scenario.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        Tally {
            planned: self.planned + other.planned,
            completed: self.completed + other.completed,
            dropped: self.dropped + other.dropped,
            interrupted: self.interrupted + other.interrupted,
            window: self.window.max(other.window),
            elapsed: self.elapsed.max(other.elapsed),
            stopped: self.stopped || other.stopped,
        }
    }
}
