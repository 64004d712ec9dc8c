//! The workers of a run: a thread each, with an event loop, virtual users, connections and a
//! recorder of its own.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use metrics::{MetricSet, PairedSamples, Threshold};
use observe::{GeneratorUsage, GeneratorWatch};
use probe::{LearnLimits, Limits, Probe};
use scenario::{Scenario, Stop, Tally, Timing};
use tokio::sync::oneshot::{Receiver, channel};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::bodies::Bodies;
use crate::paired::Pairing;
use crate::recorder::{BodyCounts, Recorded, Recorder};
use crate::requests::Requests;
use crate::series;
use crate::snapshots::Snapshots;
use crate::transport::ClientConfig;
use crate::user::{Judge, Reader, Worker};
use crate::{Progress, RunConfig, WorkloadError};

/// From the decision to run to the first moment of the plan: time for the threads to begin.
const HEAD_START: Duration = Duration::from_millis(10);
/// How often thresholds that may stop the run are looked at.
const EVALUATION: Duration = Duration::from_secs(1);
/// More HTTP requests a second than this ask for another worker.
const REQUESTS_A_WORKER: f64 = 10_000.0;
/// More workers than this are a mistake.
const WORKERS_MAX: usize = 256;

/// What every worker of a run is given.
pub(crate) struct Kit {
    pub(crate) config: RunConfig,
    pub(crate) scenarios: Vec<Scenario>,
    /// Of each scenario.
    pub(crate) names: Vec<String>,
    /// Of each scenario.
    pub(crate) requests: Arc<[Requests]>,
    pub(crate) thresholds: Vec<Threshold>,
    /// Makes what all connections of a worker share.
    pub(crate) client: Box<dyn Fn() -> ClientConfig + Send + Sync>,
    pub(crate) progress: Progress,
    /// Shared by all workers.
    pub(crate) bodies: BodyCounts,
    /// Whether shapes are learnt from bodies, and the bounds on that.
    pub(crate) learn: Option<LearnLimits>,
}

/// What all workers together did.
pub(crate) struct Ended {
    /// Of each scenario.
    pub(crate) tallies: Vec<Tally>,
    pub(crate) recorded: Recorded,
    pub(crate) bodies: Bodies,
    /// Of a run with two services.
    pub(crate) samples: PairedSamples,
    /// Whether a threshold stopped the run.
    pub(crate) aborted: bool,
    /// What the load took of the machine.
    pub(crate) usage: GeneratorUsage,
}

/// How many workers a run has, if nobody says: enough for the planned rate, or, where answers decide
/// the rate, one for every second core, because the service may be on the same machine and a full
/// core a worker is more than most services can answer. No more than there are users or cores.
pub(crate) fn workers<'a>(
    config: &RunConfig,
    scenarios: impl Iterator<Item = (&'a Scenario, f64)>,
) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let needed = |(scenario, requests_per_iteration): (&Scenario, f64)| match scenario.peak_rate() {
        Some(rate) => (rate * requests_per_iteration / REQUESTS_A_WORKER).ceil() as usize,
        None => scenario.max_vus().min(cores.div_ceil(2)),
    };
    let needed = scenarios.map(needed).fold(0, usize::saturating_add);
    config.workers.unwrap_or(needed.min(cores)).clamp(1, WORKERS_MAX)
}

/// Runs to the end. Dropping the future ends the workers soon.
pub(crate) async fn run(kit: Kit, workers: usize, stop: &Stop) -> Result<Ended, WorkloadError> {
    let aborting: Vec<Threshold> = kit.thresholds.clone();
    let aborting = aborting.into_iter().filter(|t| t.abort_on_fail().is_some()).collect::<Vec<_>>();
    let selectors = aborting.iter().map(|threshold| threshold.selector().clone()).collect();
    let snapshots = Arc::new(Snapshots::new(workers, selectors));
    // The workers' clock is the system's, whatever the caller's runtime has.
    let epoch = Instant::from_std(std::time::Instant::now() + HEAD_START);
    let (kit, inner) = (Arc::new(kit), AbortOnDrop(Stop::new()));
    let mut generator = GeneratorWatch::begin();
    let started: Result<Vec<_>, _> = scenario::split(&kit.scenarios, workers, epoch)
        .into_iter()
        .map(|worker| start(worker, &kit, &inner.0, &snapshots, epoch))
        .collect();
    let started = started.map_err(|error| WorkloadError::Worker { kind: error.kind() });
    let (parts, held): (Vec<_>, Vec<_>) = started?.into_iter().unzip();
    let mut aborted = false;
    let watch = async {
        let mut ticks = interval_at(Instant::now() + HEAD_START + EVALUATION, EVALUATION);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            generator.tick();
            let elapsed = epoch.into_std().elapsed();
            if !aborting.is_empty() && is_to_stop(&aborting, &snapshots.collect(), elapsed) {
                aborted = true;
                inner.0.abort();
            }
        }
    };
    let ended = attended(all(parts), watch, stop, &inner.0).await?;
    let usage = generator.end();
    // Until here the threads were there to be looked at.
    drop(held);
    let (tallies, recorded, bodies, samples) = merged(ended).expect("there is one worker at least");
    Ok(Ended { tallies, recorded, bodies, samples, aborted, usage })
}

/// Whether a threshold that is to stop the run fails.
fn is_to_stop(thresholds: &[Threshold], metrics: &MetricSet, elapsed: Duration) -> bool {
    thresholds.iter().any(|threshold| threshold.aborts(metrics, elapsed))
}

/// Keeps a thread that is done from going away, until this is dropped: what it took of the machine
/// is told no more when it has gone.
type Hold = std::sync::mpsc::Sender<()>;

/// What a worker did.
type Done = (Vec<Tally>, Recorded, Bodies, PairedSamples);

type Part = Result<Done, WorkloadError>;

/// A worker's thread must not go on when nobody waits for it any more.
struct AbortOnDrop(Stop);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn start(
    worker: scenario::Worker,
    kit: &Arc<Kit>,
    stop: &Stop,
    snapshots: &Arc<Snapshots>,
    epoch: Instant,
) -> std::io::Result<(Receiver<Part>, Hold)> {
    let (sender, receiver) = channel();
    let (hold, held) = std::sync::mpsc::channel();
    let (kit, stop, snapshots) = (Arc::clone(kit), stop.clone(), Arc::clone(snapshots));
    let name = format!("load-{}", worker.number());
    let work = move || {
        // Nobody waits any more if this cannot be sent.
        let _unheard = sender.send(work(worker, &kit, &stop, &snapshots, epoch));
        let _released = held.recv();
    };
    thread::Builder::new().name(name).spawn(work)?;
    Ok((receiver, hold))
}

/// What a worker's thread does.
fn work(
    worker: scenario::Worker,
    kit: &Kit,
    stop: &Stop,
    snapshots: &Snapshots,
    epoch: Instant,
) -> Part {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| WorkloadError::Worker { kind: error.kind() })?;
    let endpoints = || kit.requests.iter().map(Requests::endpoints);
    let offsets = endpoints().scan(0, |sum, own| Some(std::mem::replace(sum, *sum + own.len())));
    let offsets = offsets.collect();
    let snapshot = (snapshots, worker.number());
    // With two services, the endpoints of all scenarios come twice.
    let names = kit.names.iter().map(String::as_str).cycle();
    let scenarios = names.zip(endpoints());
    let followed = series::followed(&kit.thresholds);
    let recorder = Recorder::new(scenarios, &kit.progress, epoch, snapshot, &kit.bodies, followed);
    let limits =
        Limits { body_bytes_max: kit.config.transport.body_bytes_max, ..Limits::default() };
    let bodies = Bodies::new(endpoints().map(<[_]>::len).sum(), limits.body_bytes_max, kit.learn);
    let judge = RefCell::new(Judge::new(Probe::new(limits), bodies));
    let shared = Worker {
        requests: &kit.requests,
        offsets,
        recorder: &recorder,
        judge,
        epoch,
        pairing: Pairing::new(&kit.config, kit.scenarios.len()),
        samples: RefCell::default(),
    };
    let client = Rc::new((kit.client)());
    let new_user = |_| Reader::new(&shared, Rc::clone(&client));
    let tallies = runtime.block_on(worker.run(new_user, &recorder, stop, Timing::Precise));
    // Without a graceful stop, cutting off is what was asked for, and no fault of the service.
    let had_time = |(tally, scenario): (&Tally, &Scenario)| {
        !tally.stopped && !scenario.graceful_stop().is_zero()
    };
    let had_time = tallies.iter().zip(&kit.scenarios).all(had_time);
    let bodies = shared.judge.into_inner().into_bodies();
    let samples = shared.samples.into_inner();
    Ok((tallies, recorder.into_recorded(had_time), bodies, samples))
}

async fn all(workers: Vec<Receiver<Part>>) -> Result<Vec<Done>, WorkloadError> {
    let mut parts = Vec::with_capacity(workers.len());
    for worker in workers {
        let died = WorkloadError::Worker { kind: std::io::ErrorKind::Other };
        parts.push(worker.await.map_err(|_| died)??);
    }
    Ok(parts)
}

/// Waits for the workers, passes on what the user wants, and keeps watch meanwhile.
async fn attended<T>(
    workers: impl Future<Output = T>,
    watch: impl Future<Output = Infallible>,
    stop: &Stop,
    inner: &Stop,
) -> T {
    let (mut workers, mut watch) = (pin!(workers), pin!(watch));
    let (mut finishing, mut aborting) = (pin!(stop.finishing()), pin!(stop.aborting()));
    let (mut finished, mut aborted) = (false, false);
    loop {
        tokio::select! {
            biased;
            ended = &mut workers => return ended,
            () = &mut aborting, if !aborted => {
                aborted = true;
                inner.abort();
            }
            () = &mut finishing, if !finished => {
                finished = true;
                inner.finish();
            }
            never = &mut watch => match never {},
        }
    }
}

fn merged(parts: Vec<Done>) -> Option<Done> {
    parts.into_iter().reduce(|(tallies, mut recorded, mut bodies, mut samples), part| {
        let (more, other, seen, more_samples) = part;
        samples.merge(more_samples);
        let tallies = tallies.into_iter().zip(more).map(|(tally, more)| tally.merged(more));
        recorded.merge(other);
        bodies.merge(seen);
        (tallies.collect(), recorded, bodies, samples)
    })
}
