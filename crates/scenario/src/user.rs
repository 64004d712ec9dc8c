use std::future::Future;

use tokio::time::Instant;

/// One run of a virtual user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iteration {
    /// The scenario's number in the run, from 0.
    pub scenario: usize,
    /// Its number in the scenario, from 0, which depends neither on how long answers take nor on the
    /// number of workers: in an open scenario that of its start, dropped ones counted; in a closed
    /// one, of n users, user v has the numbers v, v + n, v + 2n and so on. Only shared iterations
    /// are numbered in the order in which they begin.
    pub index: u64,
    /// The number of the virtual user that runs it, from 0 in each scenario.
    pub vu: usize,
    /// When it was to start. In a closed scenario this is when it started.
    pub planned: Instant,
    /// When it started.
    pub started: Instant,
}

/// Whom a virtual user is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The scenario's number in the run, from 0.
    pub scenario: usize,
    /// The number of the virtual user in its scenario, from 0.
    pub vu: usize,
    /// Its number among those of its worker.
    pub(crate) number: usize,
}

/// Somebody who uses the service: what one iteration does.
pub trait VirtualUser {
    /// Runs one iteration. The future is dropped, wherever it is, if it is still running when the
    /// graceful stop is over.
    fn iterate(&mut self, iteration: Iteration) -> impl Future<Output = ()>;
}

/// A virtual user that runs an async closure as its iteration. What the closure owns is the user's
/// own, from iteration to iteration.
///
/// ```
/// # use std::time::Duration;
/// # use scenario::{Scenario, Stop, user_fn};
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// let each_five = Scenario::per_vu_iterations(2, 5, Duration::from_secs(1), Duration::ZERO)?;
/// let new_user = |vu| {
///     let mut visits = 0;
///     user_fn(async move |iteration| {
///         visits += 1;
///         assert_eq!((iteration.vu, iteration.index), (vu, 2 * (visits - 1) + vu as u64));
///         tokio::task::yield_now().await;
///     })
/// };
/// let tally = runtime.block_on(scenario::run(&each_five, new_user, &(), &Stop::new()));
/// assert_eq!(tally.completed, 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn user_fn<F: AsyncFnMut(Iteration)>(iterate: F) -> impl VirtualUser {
    UserFn(iterate)
}

struct UserFn<F>(F);

impl<F: AsyncFnMut(Iteration)> VirtualUser for UserFn<F> {
    async fn iterate(&mut self, iteration: Iteration) {
        (self.0)(iteration).await;
    }
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

    /// A start of a scenario came due at `planned` and no virtual user was free, or no time was
    /// left.
    fn dropped(&self, scenario: usize, planned: Instant) {
        let _ = (scenario, planned);
    }

    /// The number of the worker's virtual users that run an iteration, or of those that exist, has
    /// changed.
    fn users(&self, busy: usize, allocated: usize) {
        let _ = (busy, allocated);
    }
}

impl Observer for () {}
