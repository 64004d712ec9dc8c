//! The virtual users of a run: who is idle, who is busy, and the futures of the busy ones.

use std::future::Future;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use crate::{Iteration, Observer, VirtualUser};

/// A virtual user with its number.
struct Numbered<V> {
    number: usize,
    user: V,
}

/// What a busy user's future ends with: the user, to be idle again, and its iteration.
type Done<V> = (Numbered<V>, Iteration);

/// What an executor does with the virtual users of its run.
pub(crate) trait Users {
    /// Starts an iteration on the user that became idle last, or on a new one. Says `false` if
    /// every user that there may be is busy.
    fn start(&mut self, planned: Instant) -> bool;

    /// Waits until an iteration ends. Never ends while none runs.
    async fn next_completed(&mut self);

    /// Takes in all iterations that have ended already.
    fn take_completed(&mut self);

    /// Interrupts what still runs and says how many iterations that were.
    fn interrupt(&mut self) -> u64;

    /// How many users run an iteration.
    fn busy(&self) -> usize;

    /// How many iterations were started.
    fn started(&self) -> u64;

    /// How many iterations ran to their end.
    fn completed(&self) -> u64;
}

/// Owns every virtual user; `Run` is the type of the future of one iteration, which owns its user.
struct Pool<'a, V, N, O, Run> {
    new_user: N,
    run: fn(Numbered<V>, Iteration) -> Run,
    observer: &'a O,
    idle: Vec<Numbered<V>>,
    busy: FuturesUnordered<Run>,
    allocated: usize,
    max: usize,
    /// Iterations started so far: the index of the next one.
    started: u64,
    completed: u64,
}

/// A pool that allocates `pre_allocated` users now and up to `max` of them on demand.
pub(crate) fn pool<'a, V, N, O>(
    pre_allocated: usize,
    max: usize,
    new_user: N,
    observer: &'a O,
) -> impl Users + use<'a, V, N, O>
where
    V: VirtualUser,
    N: FnMut(usize) -> V,
    O: Observer,
{
    let run = |mut vu: Numbered<V>, iteration: Iteration| async move {
        vu.user.iterate(iteration).await;
        (vu, iteration)
    };
    let mut pool = Pool {
        new_user,
        run,
        observer,
        idle: Vec::new(),
        busy: FuturesUnordered::new(),
        allocated: 0,
        max,
        started: 0,
        completed: 0,
    };
    // Made in this order, user 0 is on top of the stack and so the first to be taken.
    let users: Vec<_> = (0..pre_allocated).filter_map(|_| pool.allocate()).collect();
    pool.idle.extend(users.into_iter().rev());
    pool
}

impl<V, N, O, Run> Users for Pool<'_, V, N, O, Run>
where
    V: VirtualUser,
    N: FnMut(usize) -> V,
    O: Observer,
    Run: Future<Output = Done<V>>,
{
    fn start(&mut self, planned: Instant) -> bool {
        let Some(vu) = self.idle.pop().or_else(|| self.allocate()) else { return false };
        // A planned moment is never after the start, even where a clock has coarse steps.
        let started = Instant::now().max(planned);
        let iteration = Iteration { index: self.started, vu: vu.number, planned, started };
        self.started += 1;
        self.observer.started(&iteration);
        self.busy.push((self.run)(vu, iteration));
        self.observer.users(self.busy.len(), self.allocated);
        true
    }

    async fn next_completed(&mut self) {
        match self.busy.next().await {
            Some(done) => self.complete(done),
            None => std::future::pending().await,
        }
    }

    fn take_completed(&mut self) {
        while let Some(Some(done)) = self.busy.next().now_or_never() {
            self.complete(done);
        }
    }

    fn interrupt(&mut self) -> u64 {
        let interrupted = self.busy.len() as u64;
        self.busy.clear();
        self.observer.users(0, self.allocated);
        interrupted
    }

    fn busy(&self) -> usize {
        self.busy.len()
    }

    fn started(&self) -> u64 {
        self.started
    }

    fn completed(&self) -> u64 {
        self.completed
    }
}

impl<V, N: FnMut(usize) -> V, O: Observer, Run> Pool<'_, V, N, O, Run> {
    fn complete(&mut self, (vu, iteration): Done<V>) {
        self.completed += 1;
        self.observer.completed(&iteration, Instant::now());
        self.idle.push(vu);
        self.observer.users(self.busy.len(), self.allocated);
    }

    fn allocate(&mut self) -> Option<Numbered<V>> {
        let number = self.allocated;
        (number < self.max).then(|| {
            self.allocated += 1;
            Numbered { number, user: (self.new_user)(number) }
        })
    }
}
