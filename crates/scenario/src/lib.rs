//! When iterations start, and which virtual user runs each.
//!
//! A [`Scenario`] says how iterations come about, in k6's words. *constant-vus* is a closed model:
//! each of N virtual users starts again as soon as it is done. *ramping-arrival-rate* is an open
//! model: iterations start by a schedule that does not wait for answers, and a start for which no
//! virtual user is free is dropped and counted, never queued. The schedule is a pure iterator of
//! offsets ([`ArrivalSchedule`]); [`run`] follows it on tokio's clock, so that a test with paused
//! time drives an hour in seconds.
//!
//! What an iteration does is any async closure ([`user_fn`]), or a [`VirtualUser`] where it needs a
//! type of its own; what is to be recorded goes to an [`Observer`].
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use scenario::{RampingArrivalRate, Scenario, Stage, Stop, user_fn};
//!
//! let ramp = RampingArrivalRate {
//!     start_rate: 0,
//!     time_unit: Duration::from_secs(1),
//!     stages: vec![Stage { duration: Duration::from_millis(200), target: 100 }],
//!     pre_allocated_vus: 1,
//!     max_vus: 5,
//! };
//! let scenario = Scenario::ramping_arrival_rate(ramp, Duration::from_secs(1))?;
//! let new_user = |_vu| {
//!     user_fn(async |_iteration| tokio::time::sleep(Duration::from_millis(5)).await)
//! };
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! let tally = runtime.block_on(scenario::run(&scenario, new_user, &(), &Stop::new()));
//! // The area below the ramp is 10; the last start would fall on the very end.
//! assert_eq!((tally.planned, tally.completed), (9, 9));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/queue.rs` puts a queue under load under paused time. Several threads share a run by
//! [`split`].
//!
//! # Where it differs from k6
//!
//! - A start counts only at t < D, the schedule's length. k6 lets a start at the very end race with
//!   the end, so its counts vary by one.
//! - So *constant-arrival-rate* plans D × rate starts, rounded up: at 10 a second, 20 in 2 s. k6
//!   often runs one more, at 2 s. k6 also cuts the distance of two starts to whole nanoseconds, once
//!   for all; here each start is where the exact rate puts it.
//! - Idle virtual users are taken last in, first out, so that few of them stay warm; k6 rotates
//!   through all, as [`Reuse::FirstIn`] does.
//! - A virtual user beyond the preallocated ones is made at once and runs the start that it was
//!   made for; k6 drops that start, and makes one user at a time. Only at `max_vus` are starts
//!   dropped.
//! - The index of an iteration is that of its start, dropped ones counted, so that it does not depend
//!   on how long answers take. k6 counts those that it runs.
//! - *per-vu-iterations* and *shared-iterations* count what was not started as dropped, as in k6, but
//!   at the moment when `max_duration` is over, and not when each user comes back. Shared iterations
//!   may be fewer than the users, which k6 refuses.
//! - Iterations that are cut off are told of and counted: in k6 they leave no sample.
//! - Durations may be as short as a nanosecond; k6 asks most executors for a second.
//!
//! # What it doesn't do
//!
//! It knows no HTTP, no metrics and no output. It starts no thread and spawns no task: [`run`] is
//! one future that polls its virtual users itself, so they need not be `Send`.

mod alarm;
mod bells;
mod config;
mod crew;
mod desk;
mod error;
mod pacer;
mod part;
mod schedule;
mod steps;
mod stop;
mod tally;
mod user;
mod worker;

pub use config::{
    ConstantArrivalRate, Executor, RampingArrivalRate, RampingVus, Reuse, Scenario, Stage,
};
pub use error::ScenarioError;
pub use schedule::ArrivalSchedule;
pub use steps::VuSteps;
pub use stop::Stop;
pub use tally::Tally;
pub use user::{Iteration, Observer, Seat, VirtualUser, user_fn};
pub use worker::{Timing, Worker, run, split};
