use std::ops::RangeInclusive;
use std::time::Duration;

/// What generating the load took, from the beginning of the watch to its end. Shares are of 1;
/// `None` is what this system does not tell.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct GeneratorUsage {
    /// How long was watched.
    pub watched: Duration,
    /// The threads that made the load.
    pub workers: Option<WorkerUsage>,
    /// The machine with all that runs on it.
    pub machine: Option<MachineUsage>,
    /// What a quota on processor time did.
    pub throttling: Option<Throttling>,
    /// The most file descriptors that were open at a tick.
    pub descriptors_peak: Option<u64>,
    /// The most sockets in TIME_WAIT at a tick, those of other programs included.
    pub time_wait_peak: Option<u64>,
    /// The most memory that was ever resident.
    pub memory_peak_bytes: Option<u64>,
    /// What this process may use.
    pub limits: Limits,
}

/// What this process may use. `None` is what this system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// File descriptors that are open now.
    pub descriptors_open: Option<u64>,
    /// The most that may be open: the soft limit; `u64::MAX` where there is none.
    pub descriptors: Option<u64>,
    /// The local ports that new connections get.
    pub local_ports: Option<RangeInclusive<u16>>,
}

/// The worker threads.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WorkerUsage {
    /// The most of them at once.
    pub threads: usize,
    /// The share of a core that one took, over the whole time and all of them.
    pub cpu_mean: f64,
    /// The share of a core that the busiest took in its busiest second.
    pub cpu_max: f64,
    /// The share of the time in which one was ready to run but had no core.
    pub waiting_mean: Option<f64>,
    /// How often they were taken off their cores, all together.
    pub preempted: Option<u64>,
    pub(super) running: Levels,
    pub(super) busy: Levels,
}

impl WorkerUsage {
    /// How long, in whole ticks, the worker that ran the most ran for at least this share of the
    /// time.
    pub fn running_at_least(&self, share: f64) -> Duration {
        self.running.at_least(share)
    }

    /// The same with the time in which a worker was ready to run but had no core: in what is left it
    /// had nothing to do.
    pub fn busy_at_least(&self, share: f64) -> Duration {
        self.busy.at_least(share)
    }
}

/// Time by a share that was reached in it, in per cent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Levels([Duration; 101]);

impl Levels {
    pub(super) const NONE: Levels = Levels([Duration::ZERO; 101]);

    /// Adds time in which `share`, from 0 to 1, was reached.
    pub(super) fn add(&mut self, share: f64, time: Duration) {
        self.0[(share * 100.0).round() as usize] += time;
    }

    fn at_least(&self, share: f64) -> Duration {
        self.0[(share * 100.0).round().clamp(0.0, 100.0) as usize..].iter().sum()
    }
}

/// The machine's cores, all together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MachineUsage {
    /// The share of the time in which they were not idle.
    pub busy_mean: f64,
    /// The share of the time that the host gave to other machines.
    pub steal_mean: f64,
    /// The same in the worst second.
    pub steal_max: f64,
}

/// How a quota held this process back, or its control group with whatever else is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Throttling {
    /// The quota's periods in which anything ran.
    pub periods: u64,
    /// Those in which the quota was used up.
    pub throttled: u64,
    /// How long cores were held back, all together.
    pub time: Duration,
}
