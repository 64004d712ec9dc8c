//! What is known of the load generator itself.

use metrics::{
    FullTime, GeneratorHealth, LoadModel, Reason, RunSummary, StartLag, Throttled, Used, Validity,
};
use serde::{Deserialize, Serialize};

use super::ResultError;
use super::nanos::Nanos;

/// What the system does not tell is left out.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GeneratorFile {
    #[serde(skip_deserializing)]
    validity: &'static str,
    #[serde(skip_deserializing)]
    reasons: Vec<ReasonFile>,
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start_lag: Option<LagFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service_median_ns: Option<Nanos>,
    planned: u64,
    dropped: u64,
    watched_ns: Nanos,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker_threads: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker_cpu_mean: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker_cpu_max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker_waiting: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker_running: Option<FullTimeFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker_busy: Option<FullTimeFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker_preempted: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    machine_busy: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steal: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    throttling: Option<ThrottledFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    descriptors: Option<UsedFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    local_ports: Option<UsedFile>,
    descriptors_exhausted: u64,
    local_ports_exhausted: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory_peak_bytes: Option<u64>,
}

/// For readers of the file only: it follows from the figures.
#[derive(Serialize)]
struct ReasonFile {
    seen: String,
    means: &'static str,
    advice: &'static str,
}

impl From<&Reason> for ReasonFile {
    fn from(reason: &Reason) -> Self {
        ReasonFile { seen: reason.seen.clone(), means: reason.means, advice: reason.advice }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LagFile {
    p50_ns: Nanos,
    p99_ns: Nanos,
    max_ns: Nanos,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FullTimeFile {
    nearly_full_ns: Nanos,
    full_ns: Nanos,
}

impl From<FullTime> for FullTimeFile {
    fn from(time: FullTime) -> Self {
        FullTimeFile { nearly_full_ns: time.nearly.into(), full_ns: time.full.into() }
    }
}

impl From<FullTimeFile> for FullTime {
    fn from(file: FullTimeFile) -> Self {
        FullTime { nearly: file.nearly_full_ns.into(), full: file.full_ns.into() }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottledFile {
    periods: u64,
    throttled: u64,
    time_ns: Nanos,
}

/// Without a limit where there is none.
#[derive(Serialize, Deserialize)]
struct UsedFile {
    peak: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
}

impl From<Used> for UsedFile {
    fn from(Used { peak, limit }: Used) -> Self {
        UsedFile { peak, limit: (limit != u64::MAX).then_some(limit) }
    }
}

impl From<UsedFile> for Used {
    fn from(UsedFile { peak, limit }: UsedFile) -> Self {
        Used { peak, limit: limit.unwrap_or(u64::MAX) }
    }
}

fn model_word(model: LoadModel) -> &'static str {
    match model {
        LoadModel::Open => "open",
        LoadModel::Closed => "closed",
        _ => "mixed",
    }
}

impl From<&GeneratorHealth> for GeneratorFile {
    fn from(health: &GeneratorHealth) -> Self {
        let validity: Validity = health.validity();
        let lag = |StartLag { p50, p99, max }| LagFile {
            p50_ns: p50.into(),
            p99_ns: p99.into(),
            max_ns: max.into(),
        };
        let throttled = |Throttled { periods, throttled, time }| ThrottledFile {
            periods,
            throttled,
            time_ns: time.into(),
        };
        GeneratorFile {
            validity: validity.word(),
            reasons: validity.reasons().iter().map(ReasonFile::from).collect(),
            model: model_word(health.model).to_owned(),
            start_lag: health.start_lag.map(lag),
            service_median_ns: health.service_median.map(Nanos),
            planned: health.planned,
            dropped: health.dropped,
            watched_ns: health.watched.into(),
            worker_threads: health.worker_threads,
            worker_cpu_mean: health.worker_cpu_mean,
            worker_cpu_max: health.worker_cpu_max,
            worker_waiting: health.worker_waiting,
            worker_running: health.worker_running.map(FullTimeFile::from),
            worker_busy: health.worker_busy.map(FullTimeFile::from),
            worker_preempted: health.worker_preempted,
            machine_busy: health.machine_busy,
            steal: health.steal,
            throttling: health.throttling.map(throttled),
            descriptors: health.descriptors.map(UsedFile::from),
            local_ports: health.local_ports.map(UsedFile::from),
            descriptors_exhausted: health.descriptors_exhausted,
            local_ports_exhausted: health.local_ports_exhausted,
            memory_peak_bytes: health.memory_peak_bytes,
        }
    }
}

impl GeneratorFile {
    pub(super) fn into_health(self, run: &RunSummary) -> Result<GeneratorHealth, ResultError> {
        let wrong = ResultError::Content { place: "generator", problem: "`model` is none" };
        let known = [LoadModel::Open, LoadModel::Closed, LoadModel::Mixed];
        let model = known.into_iter().find(|&model| model_word(model) == self.model);
        let mut health = GeneratorHealth::of_run(run, model.ok_or(wrong)?);
        health.start_lag = self.start_lag.map(|lag| StartLag {
            p50: lag.p50_ns.into(),
            p99: lag.p99_ns.into(),
            max: lag.max_ns.into(),
        });
        health.service_median = self.service_median_ns.map(Into::into);
        (health.planned, health.dropped) = (self.planned, self.dropped);
        health.watched = self.watched_ns.into();
        health.worker_threads = self.worker_threads;
        (health.worker_cpu_mean, health.worker_cpu_max) =
            (self.worker_cpu_mean, self.worker_cpu_max);
        health.worker_waiting = self.worker_waiting;
        health.worker_running = self.worker_running.map(FullTime::from);
        health.worker_busy = self.worker_busy.map(FullTime::from);
        health.worker_preempted = self.worker_preempted;
        (health.machine_busy, health.steal) = (self.machine_busy, self.steal);
        health.throttling = self.throttling.map(|file| Throttled {
            periods: file.periods,
            throttled: file.throttled,
            time: file.time_ns.into(),
        });
        health.descriptors = self.descriptors.map(Used::from);
        health.local_ports = self.local_ports.map(Used::from);
        health.descriptors_exhausted = self.descriptors_exhausted;
        health.local_ports_exhausted = self.local_ports_exhausted;
        health.memory_peak_bytes = self.memory_peak_bytes;
        Ok(health)
    }
}
