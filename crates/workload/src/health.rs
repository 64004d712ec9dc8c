//! What the system says of the load generator, for the run's verdict on itself.

use metrics::{FullTime, GeneratorHealth, LoadModel, RunSummary, Throttled, Used};
use observe::{GeneratorUsage, WorkerUsage};
use scenario::Scenario;

/// Whether a run can be believed: its own figures, and the system's.
pub(crate) fn health<'a>(
    run: &RunSummary,
    scenarios: impl Iterator<Item = &'a Scenario>,
    usage: &GeneratorUsage,
) -> GeneratorHealth {
    let mut health = GeneratorHealth::of_run(run, model(scenarios));
    health.watched = usage.watched;
    if let Some(workers) = &usage.workers {
        take_workers(&mut health, workers);
    }
    health.machine_busy = usage.machine.map(|machine| machine.busy_mean);
    health.steal = usage.machine.map(|machine| machine.steal_mean);
    health.throttling = usage.throttling.map(|quota| Throttled {
        periods: quota.periods,
        throttled: quota.throttled,
        time: quota.time,
    });
    let (open, limits) = (usage.descriptors_peak, &usage.limits);
    health.descriptors = open.zip(limits.descriptors).map(|(peak, limit)| Used { peak, limit });
    // Not every descriptor is a connection: this is the most that it can be.
    let ports = open.zip(usage.time_wait_peak).zip(limits.local_ports.clone());
    health.local_ports = ports
        .map(|((open, waiting), all)| Used { peak: open + waiting, limit: all.count() as u64 });
    health.memory_peak_bytes = usage.memory_peak_bytes;
    let failed = |class: &str| {
        let selector = metrics::MetricKey::new("http_reqs").with("error", class);
        run.metrics.count(&selector)
    };
    health.descriptors_exhausted = failed("descriptors");
    health.local_ports_exhausted = failed("ports");
    health
}

fn model<'a>(scenarios: impl Iterator<Item = &'a Scenario>) -> LoadModel {
    let (open, closed): (Vec<_>, Vec<_>) =
        scenarios.partition(|scenario| scenario.starts().is_some());
    match (open.is_empty(), closed.is_empty()) {
        (false, true) => LoadModel::Open,
        (true, _) => LoadModel::Closed,
        (false, false) => LoadModel::Mixed,
    }
}

fn take_workers(health: &mut GeneratorHealth, workers: &WorkerUsage) {
    let (nearly, full) = (GeneratorHealth::NEARLY_FULL, GeneratorHealth::FULL);
    health.worker_threads = Some(workers.threads);
    health.worker_cpu_mean = Some(workers.cpu_mean);
    health.worker_cpu_max = Some(workers.cpu_max);
    health.worker_waiting = workers.waiting_mean;
    health.worker_preempted = workers.preempted;
    health.worker_running = Some(FullTime {
        nearly: workers.running_at_least(nearly),
        full: workers.running_at_least(full),
    });
    health.worker_busy =
        Some(FullTime { nearly: workers.busy_at_least(nearly), full: workers.busy_at_least(full) });
}
