//! Whether a run can be believed: what the load generator could not do, and what that means.

mod rules;

use std::fmt;
use std::time::Duration;

use crate::{MetricKey, RunSummary};

/// What is known of the load generator itself. Shares are of 1; `None` is what the system does not
/// tell, which is never taken for a good sign.
///
/// [`of_run`](GeneratorHealth::of_run) fills in what the run recorded; what the system says is put
/// in after it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GeneratorHealth {
    /// What decides when iterations start.
    pub model: LoadModel,
    /// How late iterations started; `None` if none did.
    pub start_lag: Option<StartLag>,
    /// The median time that the service took for a request.
    pub service_median: Option<Duration>,
    /// Starts that came due.
    pub planned: u64,
    /// Those for which no virtual user was free.
    pub dropped: u64,
    /// How long the system's figures were watched.
    pub watched: Duration,
    /// Worker threads.
    pub worker_threads: Option<usize>,
    /// The share of a core that a worker thread took, over the whole time and all of them.
    pub worker_cpu_mean: Option<f64>,
    /// The share of a core that the busiest took in its busiest second.
    pub worker_cpu_max: Option<f64>,
    /// The share of the time in which a worker thread was ready to run but had no core.
    pub worker_waiting: Option<f64>,
    /// How long the worker that ran the most left no time to itself.
    pub worker_running: Option<FullTime>,
    /// The same for running and waiting for a core together.
    pub worker_busy: Option<FullTime>,
    /// How often worker threads were taken off their cores.
    pub worker_preempted: Option<u64>,
    /// The share of all cores' time that was used, by whichever program.
    pub machine_busy: Option<f64>,
    /// The share of all cores' time that the host gave to other machines.
    pub steal: Option<f64>,
    /// What a quota on processor time did.
    pub throttling: Option<Throttled>,
    /// Open file descriptors.
    pub descriptors: Option<Used>,
    /// Local ports of connections, those that are not free again yet included.
    pub local_ports: Option<Used>,
    /// Connections that failed because no descriptor was left.
    pub descriptors_exhausted: u64,
    /// Connections that failed because no local port was left.
    pub local_ports_exhausted: u64,
    /// The most memory that was resident.
    pub memory_peak_bytes: Option<u64>,
}

/// What decides when iterations start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadModel {
    /// A schedule.
    Open,
    /// The end of the iteration before.
    Closed,
    /// Both, in several scenarios.
    Mixed,
}

/// How late iterations started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartLag {
    /// The median.
    pub p50: Duration,
    /// What 99 of 100 starts did not exceed.
    pub p99: Duration,
    /// The latest.
    pub max: Duration,
}

/// How long a worker thread had no time left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FullTime {
    /// At least [`GeneratorHealth::NEARLY_FULL`] of the time was used.
    pub nearly: Duration,
    /// At least [`GeneratorHealth::FULL`] of the time was used.
    pub full: Duration,
}

/// What a quota on processor time did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttled {
    /// The quota's periods.
    pub periods: u64,
    /// Those in which it was used up.
    pub throttled: u64,
    /// How long cores were held back.
    pub time: Duration,
}

/// How much of something there is was used at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// The most at once.
    pub peak: u64,
    /// What there is.
    pub limit: u64,
}

impl GeneratorHealth {
    /// A worker thread that is busy for this share of a second has no time left: what remains is
    /// what the measurement itself can be wrong by.
    pub const FULL: f64 = 0.95;
    /// A worker thread that is busy for this share of a second starts to let others wait.
    pub const NEARLY_FULL: f64 = 0.85;

    /// What the run itself recorded; nothing of the system is known yet.
    pub fn of_run(run: &RunSummary, model: LoadModel) -> Self {
        let trend = |key: MetricKey| run.metrics.select_trend(&key);
        let lag = trend(MetricKey::new("iteration_start_lag"));
        let start_lag = lag.percentile(50.0).zip(lag.percentile(99.0)).zip(lag.max());
        let answered = MetricKey::new("http_req_duration").with("expected_response", "true");
        GeneratorHealth {
            model,
            start_lag: start_lag.map(|((p50, p99), max)| StartLag { p50, p99, max }),
            service_median: trend(answered).percentile(50.0),
            planned: run.iterations.planned,
            dropped: run.iterations.dropped,
            ..GeneratorHealth::unknown(model)
        }
    }

    fn unknown(model: LoadModel) -> Self {
        GeneratorHealth {
            model,
            start_lag: None,
            service_median: None,
            planned: 0,
            dropped: 0,
            watched: Duration::ZERO,
            worker_threads: None,
            worker_cpu_mean: None,
            worker_cpu_max: None,
            worker_waiting: None,
            worker_running: None,
            worker_busy: None,
            worker_preempted: None,
            machine_busy: None,
            steal: None,
            throttling: None,
            descriptors: None,
            local_ports: None,
            descriptors_exhausted: 0,
            local_ports_exhausted: 0,
            memory_peak_bytes: None,
        }
    }

    /// Whether the run measured the service, or its own generator.
    ///
    /// **Saturated**, so that the figures are not the service's:
    ///
    /// - a worker was at least 95 % busy for 3 s (half the time, if the run was shorter), *and* the
    ///   99th percentile of the start lag exceeds 10 ms and half of the median service time;
    /// - or it exceeds 100 ms and the whole median service time, for whatever reason;
    /// - in the closed model, where the end of an iteration starts the next: a worker ran for at
    ///   least 95 %, or a quota held the process back, in a tenth of the time;
    /// - in the open model, more than 1 % of the planned iterations were dropped;
    /// - descriptors or local ports ran out.
    ///
    /// **Suspect**, which is a warning:
    ///
    /// - the 99th percentile of the start lag exceeds 5 ms, or the latest start 1 s;
    /// - any iteration was dropped;
    /// - a worker was at least 85 % busy for 3 s (in the closed model, ran for at least 85 % in a
    ///   tenth of the time);
    /// - workers waited for a core for 10 % of the time, or the host took more than 5 %;
    /// - a quota held the process back at all;
    /// - descriptors or local ports were more than 90 % used;
    /// - in the closed model, the system does not tell how busy the workers were.
    ///
    /// Busy is a worker that runs or waits for a core. In the closed model only running counts: on a
    /// machine that it shares with the service, it waits because the service is the limit.
    pub fn validity(&self) -> Validity {
        let (saturated, suspect) = rules::reasons(self);
        if !saturated.is_empty() {
            Validity::Saturated(saturated.into_iter().chain(suspect).collect())
        } else if !suspect.is_empty() {
            Validity::Suspect(suspect)
        } else {
            Validity::Valid
        }
    }
}

/// What a run says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Validity {
    /// The generator kept up with the plan.
    Valid,
    /// It may have added to what was measured.
    Suspect(Vec<Reason>),
    /// It was the limit itself. The reasons that make it so come first, then the doubts.
    Saturated(Vec<Reason>),
}

impl Validity {
    /// `valid`, `suspect` or `saturated`.
    pub fn word(&self) -> &'static str {
        match self {
            Validity::Valid => "valid",
            Validity::Suspect(_) => "suspect",
            Validity::Saturated(_) => "saturated",
        }
    }

    /// Why it is not valid, the weightiest first.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Validity::Valid => &[],
            Validity::Suspect(reasons) | Validity::Saturated(reasons) => reasons,
        }
    }
}

/// Why a run is not valid: what was seen, what it means, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// What it is about.
    pub cause: Cause,
    /// What was seen, with its figures.
    pub seen: String,
    /// What that means for the results.
    pub means: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.seen, self.means, self.advice)
    }
}

/// What a [`Reason`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// Iterations started late.
    StartLag,
    /// Iterations did not start at all.
    Dropped,
    /// The worker threads were busy.
    WorkerCpu,
    /// Other threads had the cores.
    Contention,
    /// Other machines had the cores.
    Steal,
    /// A quota on processor time.
    Throttling,
    /// File descriptors.
    Descriptors,
    /// Local ports.
    LocalPorts,
}
