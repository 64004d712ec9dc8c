use thiserror::Error;

/// Why a scenario cannot be run as it is described.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The scenario would end at once.
    #[error("the duration must be longer than zero")]
    Duration,
    /// The scenario would last longer than the bound.
    #[error("all stages together, or the duration, are longer than {days_max} days")]
    DurationMax {
        /// The longest duration, in days.
        days_max: u64,
    },
    /// No iteration would ever start.
    #[error("the schedule starts no iteration: its rates are too low for its stages")]
    Empty,
    /// Its last iterations could go on for longer than the bound.
    #[error("the graceful stop is longer than {days_max} days")]
    GracefulStop {
        /// The longest graceful stop, in days.
        days_max: u64,
    },
    /// There is no iteration to run, or there are more than the bound.
    #[error(
        "the number of iterations, of all virtual users together, must be from 1 to {iterations_max}"
    )]
    Iterations {
        /// The greatest number of iterations.
        iterations_max: u64,
    },
    /// More virtual users are preallocated than there may be.
    #[error("{pre_allocated} preallocated virtual users are more than the {max} that there may be")]
    PreAllocated {
        /// The number to preallocate.
        pre_allocated: usize,
        /// The greatest number of virtual users.
        max: usize,
    },
    /// A rate is beyond the bound.
    #[error("a rate of {rate} iterations a time unit is beyond the bound of {rate_max}")]
    Rate {
        /// The rate asked for.
        rate: u32,
        /// The greatest rate.
        rate_max: u32,
    },
    /// Rates are per zero seconds.
    #[error("the time unit of the rates must be from 1 ns to a day")]
    TimeUnit,
    /// There is no virtual user, or there are more than the bound.
    #[error("the number of virtual users must be from 1 to {vus_max}")]
    Vus {
        /// The greatest number of virtual users.
        vus_max: usize,
    },
}
