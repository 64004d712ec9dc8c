use std::time::Duration;

use crate::Threshold;

/// What a run says of one threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdResult {
    /// The threshold that was evaluated.
    pub threshold: Threshold,
    /// The observed value, in the unit of the bound; `None` without samples. With a window, that of
    /// the worst one.
    pub observed: Option<f64>,
    /// What that says of the condition. Whether the run as a whole can be believed is not in it; see
    /// [`RunSummary::outcome`](crate::RunSummary::outcome).
    pub outcome: Outcome,
    /// How sure it is.
    pub evidence: Evidence,
}

/// How a threshold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The condition holds: for what is observed, and for all that the interval says is likely.
    Pass,
    /// The condition does not hold for what is observed.
    Fail,
    /// The condition holds for what is observed, but there are too few samples to rely on it: the
    /// interval has the bound in it, or no end on that side.
    Undecided,
    /// Nothing was measured, or the run is not valid, so that nothing can be said. This is never a
    /// pass.
    Void,
}

impl Outcome {
    /// `PASS`, `FAIL`, `UNDECIDED` or `VOID`.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "PASS",
            Outcome::Fail => "FAIL",
            Outcome::Undecided => "UNDECIDED",
            Outcome::Void => "VOID",
        }
    }
}

/// How sure an observed value is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Evidence {
    /// The samples that the value was taken from; of a counter its sum.
    pub samples: u64,
    /// How many independent samples would say as much of the bound: fewer, where those beyond it come
    /// in bursts and drifts. No more than [`samples`](Evidence::samples), and as many where nothing
    /// is beyond it, or the run is shorter than four blocks of its timeline, so that nobody can tell.
    pub effective: f64,
    /// Whether the value is a fact about the run and no estimate: a count, a level, an extreme, or a
    /// condition of equality. A fact has no interval.
    pub is_exact: bool,
    /// The lower end of the interval that has the true value in it in 95 of 100 runs, in the unit of
    /// the bound; `None` where there are too few samples for one.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// How many more samples like these would decide, for an outcome that is
    /// [`Undecided`](Outcome::Undecided); `None` where no number would.
    pub more_needed: Option<u64>,
    /// The window that the value is of, if the threshold is about windows.
    pub window: Option<WorstWindow>,
}

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstWindow {
    /// When it begins, since the beginning of the run.
    pub from: Duration,
    /// When it is over.
    pub to: Duration,
}
