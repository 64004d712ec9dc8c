use crate::{Rate, Tally};

/// What a search found, or knows when it is broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The highest rate that holds, below all that do not.
    pub holds: Option<Bound>,
    /// The lowest rate that does not hold.
    pub fails: Option<Bound>,
    /// Why there is no further trial.
    pub ended: Ended,
}

/// A rate with its trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bound {
    /// The rate.
    pub rate: Rate,
    /// How its trials went.
    pub tally: Tally,
    /// Whether they were as many as were asked for.
    pub is_settled: bool,
}

/// Why a search has no further trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// The capacity is between the two rates, which are as near as was asked for.
    Found,
    /// The highest rate that was to be tried holds.
    AtMaximum,
    /// What does not hold is the generator: the capacity is the lower rate at least.
    GeneratorLimit,
    /// The lowest rate that was to be tried does not hold.
    BelowMinimum,
    /// There were as many trials as there may be.
    OutOfTrials,
    /// The search is not over.
    Open,
}
