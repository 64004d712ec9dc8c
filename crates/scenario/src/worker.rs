//! A worker's loop: what is due, and whose turn it is.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll};

use tokio::task::unconstrained;
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::bells::Bells;
use crate::crew::{Crew, life};
use crate::desk::Desk;
use crate::pacer::{Common, Pacer, share};
use crate::part::{Part, Scene};
use crate::{Executor, Observer, Scenario, Seat, Stop, Tally, VirtualUser};

/// After so many turns of virtual users the runtime looks at its sockets again.
const TURNS: usize = 64;

/// How precisely iterations start.
///
/// The moment of each planned start is the same with both; how late it begins is what differs, and
/// [`Iteration::started`](crate::Iteration::started) says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timing {
    /// By the runtime's timer, which has steps of a millisecond and follows paused time: what tests
    /// want, and what [`run`] takes.
    #[default]
    Runtime,
    /// By the system's best timer, to some tens of microseconds: on Linux one in the runtime's own
    /// event loop, which needs I/O enabled, elsewhere a thread that sleeps. It knows nothing of
    /// paused time.
    Precise,
}

/// One of several workers that share the scenarios of a run. Each runs on a thread, or at least in a
/// task, of its own: [`split`] makes them.
///
/// A worker may be sent to its thread; the future of [`Worker::run`] and the virtual users that it
/// makes stay there, so they need not be `Send`.
#[derive(Debug)]
pub struct Worker {
    scenarios: Arc<[(Scenario, Common)]>,
    number: usize,
    bells: Vec<Arc<Bells>>,
    epoch: Instant,
}

/// Splits scenarios, which begin at `epoch`, among workers: of the starts of a schedule and of the
/// virtual users, each worker takes every how-many-th. A start for which a worker has no user goes
/// to one that has.
///
/// All workers have to be run, and the tallies of each scenario merged, to have a whole run. An
/// `epoch` a little ahead gives the threads time to begin.
///
/// ```
/// use std::thread;
/// use std::time::Duration;
/// use scenario::{ConstantArrivalRate, Scenario, Seat, Stop, Tally, Timing, split, user_fn};
/// use tokio::time::Instant;
///
/// let rate = ConstantArrivalRate {
///     rate: 1_000,
///     time_unit: Duration::from_secs(1),
///     duration: Duration::from_millis(100),
///     pre_allocated_vus: 4,
///     max_vus: 100,
/// };
/// let scenarios = [Scenario::constant_arrival_rate(rate, Duration::from_secs(1))?];
/// let (stop, epoch) = (Stop::new(), Instant::now() + Duration::from_millis(10));
///
/// let work = |worker: scenario::Worker| {
///     let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
///     let new_user = |_: Seat| user_fn(async |_| tokio::task::yield_now().await);
///     Ok::<_, std::io::Error>(runtime.block_on(worker.run(new_user, &(), &stop, Timing::Precise)))
/// };
/// let tally = thread::scope(|threads| {
///     let workers = split(&scenarios, 2, epoch).into_iter();
///     let threads: Vec<_> = workers.map(|worker| threads.spawn(|| work(worker))).collect();
///     threads.into_iter().try_fold(Tally::default(), |sum, thread| {
///         let tallies = thread.join().expect("no worker panics")?;
///         Ok::<_, std::io::Error>(sum.merged(tallies[0]))
///     })
/// })?;
/// assert_eq!((tally.planned, tally.completed, tally.dropped), (100, 100, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn split(scenarios: &[Scenario], workers: usize, epoch: Instant) -> Vec<Worker> {
    let workers = workers.max(1);
    let bells: Vec<Arc<Bells>> = (0..workers).map(|_| Arc::default()).collect();
    let common = |scenario: &Scenario| match scenario.executor() {
        Executor::ConstantArrivalRate(_) | Executor::RampingArrivalRate(_) => {
            let users = (0..workers).map(|worker| share(scenario.max_vus(), worker, workers));
            Common::Desk(Arc::new(Desk::new(users.zip(bells.iter().cloned()))))
        }
        Executor::SharedIterations { .. } => Common::Taken(Arc::new(AtomicU64::new(0))),
        Executor::ConstantVus { .. }
        | Executor::RampingVus(_)
        | Executor::PerVuIterations { .. } => Common::Nothing,
    };
    let scenarios: Arc<[_]> =
        scenarios.iter().map(|scenario| (scenario.clone(), common(scenario))).collect();
    let worker =
        |number| Worker { scenarios: Arc::clone(&scenarios), number, bells: bells.clone(), epoch };
    (0..workers).map(worker).collect()
}

/// Runs one scenario to its end, from now on. `new_user` makes the virtual user with the given
/// number, from 0, when it is first needed.
///
/// It runs on the current tokio runtime, whose time must be enabled. Everything happens within the
/// returned future: dropping it interrupts the run.
pub async fn run<'a, V, N, O>(
    scenario: &Scenario,
    mut new_user: N,
    observer: &'a O,
    stop: &'a Stop,
) -> Tally
where
    V: VirtualUser + 'a,
    N: FnMut(usize) -> V + 'a,
    O: Observer,
{
    let workers = split(std::slice::from_ref(scenario), 1, Instant::now());
    let new_user = move |seat: Seat| new_user(seat.vu);
    let worker = workers.into_iter().next().expect("there is one worker at least");
    let tallies = worker.run(new_user, observer, stop, Timing::Runtime).await;
    tallies.into_iter().next().expect("there is a tally for each scenario")
}

impl Worker {
    /// The worker's number, from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Runs the worker's part of all scenarios to their end and says what became of it, scenario by
    /// scenario. `new_user` makes a virtual user when it is first needed.
    ///
    /// It runs on the current tokio runtime, whose time must be enabled, and I/O too for
    /// [`Timing::Precise`]. Everything happens within the returned future.
    pub async fn run<'a, V, N, O>(
        self,
        mut new_user: N,
        observer: &'a O,
        stop: &'a Stop,
        timing: Timing,
    ) -> Vec<Tally>
    where
        V: VirtualUser + 'a,
        N: FnMut(Seat) -> V + 'a,
        O: Observer,
    {
        let birth = Box::new(move |seat, order| life(new_user(seat), order));
        let bells = Arc::clone(&self.bells[self.number]);
        let mut shift = Shift {
            now: Instant::now(),
            crew: Crew::new(birth, bells),
            parts: self.parts(),
            observer,
            finishing: Some(Box::pin(stop.finishing())),
            aborting: Some(Box::pin(stop.aborting())),
            alarm: Alarm::new(timing),
        };
        // The turns are bounded here. tokio's own budget would run out in the middle of one.
        unconstrained(poll_fn(|cx| shift.poll(cx))).await;
        shift.parts.iter().map(Part::tally).collect()
    }

    fn parts(&self) -> Vec<Part> {
        let (number, workers, epoch) = (self.number, self.bells.len(), self.epoch);
        let part = |(at, (scenario, common)): (usize, &(Scenario, Common))| {
            let pacer = Pacer::new(scenario, common.clone(), number, workers, epoch);
            Part::new(at, scenario, pacer, number, workers, epoch)
        };
        self.scenarios.iter().enumerate().map(part).collect()
    }
}

type Wish<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A worker at work.
struct Shift<'a> {
    /// Read once a turn: what happens within one happens at the same time.
    now: Instant,
    crew: Crew<'a>,
    parts: Vec<Part>,
    observer: &'a dyn Observer,
    finishing: Option<Wish<'a>>,
    aborting: Option<Wish<'a>>,
    alarm: Alarm,
}

impl Shift<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.crew.bells.attend(cx.waker());
        self.now = Instant::now();
        self.heed_stop(cx);
        for _ in 0..TURNS {
            self.do_what_is_due();
            if self.parts.iter().all(Part::is_over) {
                return Poll::Ready(());
            }
            if let Some(slot) = self.crew.next() {
                self.give_turn(slot);
            } else if self.rest(cx).is_pending() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Waits for whatever comes next.
    fn rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.alarm.set(self.parts.iter().filter_map(Part::due).min());
        if self.alarm.poll(cx).is_ready() {
            self.now = Instant::now();
            return Poll::Ready(());
        }
        // Looked at after the alarm was set, and once more after nobody attends to the bells: what
        // comes from now on wakes this worker.
        if !self.crew.bells.leave() {
            return Poll::Ready(());
        }
        if self.parts.iter().any(|part| part.is_due(self.now)) {
            self.crew.bells.attend(cx.waker());
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn do_what_is_due(&mut self) {
        for at in 0..self.parts.len() {
            if self.parts[at].is_short_of_users(self.now) {
                // Whoever is done already is free, even if there was no turn to notice it.
                while let Some(slot) = self.crew.next() {
                    self.give_turn(slot);
                }
            }
            if self.parts[at].is_due(self.now) {
                let (now, observer) = (self.now, self.observer);
                let mut scene = Scene { crew: &mut self.crew, observer, now };
                self.parts[at].on_time(&mut scene);
            }
        }
    }

    fn give_turn(&mut self, slot: usize) {
        let completed = self.crew.poll(slot);
        self.now = Instant::now();
        let Some(iteration) = completed else { return };
        let (now, part) = (self.now, &mut self.parts[iteration.scenario]);
        let mut scene = Scene { crew: &mut self.crew, observer: self.observer, now };
        part.completed(slot, &iteration, &mut scene);
    }

    fn heed_stop(&mut self, cx: &mut Context<'_>) {
        if has_come(&mut self.finishing, cx) {
            self.for_each_part(Part::finish);
        }
        if has_come(&mut self.aborting, cx) {
            self.for_each_part(Part::abort);
        }
    }

    fn for_each_part(&mut self, act: impl Fn(&mut Part, &mut Scene<'_, '_>)) {
        let now = self.now;
        for part in &mut self.parts {
            let mut scene = Scene { crew: &mut self.crew, observer: self.observer, now };
            act(part, &mut scene);
        }
    }
}

/// Whether a wish comes true now, which is said once.
fn has_come(wish: &mut Option<Wish<'_>>, cx: &mut Context<'_>) -> bool {
    let come = wish.as_mut().is_some_and(|wish| wish.as_mut().poll(cx).is_ready());
    if come {
        *wish = None;
    }
    come
}
