//! The rules, one a cause. Each has what it takes for saturated and, below it, for suspect.

use std::time::Duration;

use super::{Cause, FullTime, GeneratorHealth, LoadModel, Reason, StartLag, Throttled, Used};

/// The start lag that a service's own times drown, at the 99th percentile.
const LAG_SUSPECT: Duration = Duration::from_millis(5);
/// Of a lag below this, a busy worker is no proof that it distorts anything.
const LAG_BUSY: Duration = Duration::from_millis(10);
/// A lag above this needs no explanation to be one.
const LAG_ANY: Duration = Duration::from_millis(100);
/// A single start this late: the process was stopped, or the machine asleep.
const LAG_PAUSE: Duration = Duration::from_secs(1);
/// How long a worker has to be busy, so that it was no passing moment.
const BUSY_TIME: Duration = Duration::from_secs(3);
/// The share of the time, or of a quota's periods, that makes the generator the closed model's limit.
const CLOSED_SHARE: f64 = 0.1;
/// The share of planned iterations that may be missing from a load that still is the planned one.
const DROPPED_SHARE: f64 = 0.01;
const WAITING_SHARE: f64 = 0.1;
const STEAL_SHARE: f64 = 0.05;
const USED_SHARE: f64 = 0.9;

enum Finding {
    Saturated(Reason),
    Suspect(Reason),
}

/// What saturates the generator, and what makes it suspect.
pub(super) fn reasons(health: &GeneratorHealth) -> (Vec<Reason>, Vec<Reason>) {
    let rules = [
        descriptors,
        local_ports,
        dropped,
        start_lag,
        pause,
        worker_cpu,
        contention,
        steal,
        throttling,
    ];
    let (mut saturated, mut suspect) = (Vec::new(), Vec::new());
    for rule in rules {
        match rule(health) {
            Some(Finding::Saturated(reason)) => saturated.push(reason),
            Some(Finding::Suspect(reason)) => suspect.push(reason),
            None => {}
        }
    }
    (saturated, suspect)
}

fn descriptors(health: &GeneratorHealth) -> Option<Finding> {
    let advice = "raise the limit (ulimit -n) or lower MAX_VUS";
    used(
        Cause::Descriptors,
        "file descriptors",
        health.descriptors,
        health.descriptors_exhausted,
        advice,
    )
}

fn local_ports(health: &GeneratorHealth) -> Option<Finding> {
    let advice = "keep connections open, widen net.ipv4.ip_local_port_range, or share the load \
                  between several addresses";
    used(Cause::LocalPorts, "local ports", health.local_ports, health.local_ports_exhausted, advice)
}

fn used(
    cause: Cause,
    what: &str,
    used: Option<Used>,
    exhausted: u64,
    advice: &'static str,
) -> Option<Finding> {
    let reason = |seen, means| Reason { cause, seen, means, advice };
    if exhausted > 0 {
        let seen = format!("{what} ran out: connections that could not be made: {exhausted}");
        return Some(Finding::Saturated(reason(
            seen,
            "the errors are this machine's, not the service's",
        )));
    }
    let Used { peak, limit } = used.filter(|used| used.share() > USED_SHARE)?;
    let seen = format!("{what}: {peak} of {limit} were used");
    Some(Finding::Suspect(reason(seen, "a little more load would have run out of them")))
}

impl Used {
    fn share(self) -> f64 {
        share(self.peak, self.limit)
    }
}

fn dropped(health: &GeneratorHealth) -> Option<Finding> {
    let (dropped, planned) = (health.dropped, health.planned);
    if dropped == 0 {
        return None;
    }
    let percent = percent(share(dropped, planned));
    let reason = Reason {
        cause: Cause::Dropped,
        seen: format!("dropped: {dropped} of {planned} planned iterations ({percent})"),
        means: "the service got less load than was planned",
        advice: if health.model == LoadModel::Closed {
            "give the scenario more time, or fewer iterations"
        } else {
            "raise MAX_VUS if the service is as slow as it may be; if not, it is too slow for this rate"
        },
    };
    // Where the service sets the pace, iterations that had no time to start lower no rate.
    let is_short = health.model != LoadModel::Closed && share(dropped, planned) > DROPPED_SHARE;
    Some(if is_short { Finding::Saturated(reason) } else { Finding::Suspect(reason) })
}

fn start_lag(health: &GeneratorHealth) -> Option<Finding> {
    let lag = health.start_lag.filter(|lag| lag.p99 > LAG_SUSPECT)?;
    let reason = Reason {
        cause: Cause::StartLag,
        seen: format!("start lag: p99 {}", short(lag.p99)),
        means: "starts came in bursts where the plan has none, and response times have this lag in them",
        advice: if had_time(health) {
            "the worker threads had time: see what stopped the process or the machine, and run again"
        } else {
            "lower the rate, or give the generator more threads or a machine of its own"
        },
    };
    let saturated = is_too_late(health, lag);
    Some(if saturated { Finding::Saturated(reason) } else { Finding::Suspect(reason) })
}

/// Whether the worker threads are known not to have been busy.
fn had_time(health: &GeneratorHealth) -> bool {
    health.worker_busy.is_some_and(|time| time.nearly < long_enough(health))
}

fn is_too_late(health: &GeneratorHealth, lag: StartLag) -> bool {
    let service = health.service_median.unwrap_or_default();
    let had_no_time = health.worker_busy.is_some_and(|time| time.full >= long_enough(health));
    (had_no_time && lag.p99 > LAG_BUSY.max(service / 2)) || lag.p99 > LAG_ANY.max(service)
}

fn pause(health: &GeneratorHealth) -> Option<Finding> {
    let lag = health.start_lag.filter(|lag| lag.max > LAG_PAUSE)?;
    // The lag of many is no pause, and is told already.
    (lag.p99 <= LAG_SUSPECT).then(|| {
        Finding::Suspect(Reason {
            cause: Cause::StartLag,
            seen: format!("start lag: max {}", short(lag.max)),
            means: "the generator stood still, and what was due came in one burst after it",
            advice: "see what stopped the process or the machine, and run again",
        })
    })
}

/// Never zero: no time at all is not long enough.
fn long_enough(health: &GeneratorHealth) -> Duration {
    BUSY_TIME.min(health.watched / 2).max(Duration::from_nanos(1))
}

fn worker_cpu(health: &GeneratorHealth) -> Option<Finding> {
    if health.model == LoadModel::Open {
        let nearly = health.worker_busy?.nearly;
        return (nearly >= long_enough(health)).then(|| nearly_full(health, nearly));
    }
    let Some(FullTime { nearly, full }) = health.worker_running else {
        return Some(unknown_cpu());
    };
    let often = health.watched.mul_f64(CLOSED_SHARE).max(Duration::from_nanos(1));
    if full >= often {
        let means =
            "the rate is what the generator can do, and durations have its own queue in them";
        return Some(Finding::Saturated(busy(health, GeneratorHealth::FULL, full, means)));
    }
    (nearly >= often).then(|| nearly_full(health, nearly))
}

fn nearly_full(health: &GeneratorHealth, time: Duration) -> Finding {
    let means = "requests waited for the generator's own thread";
    Finding::Suspect(busy(health, GeneratorHealth::NEARLY_FULL, time, means))
}

fn busy(health: &GeneratorHealth, least: f64, time: Duration, means: &'static str) -> Reason {
    let (time, watched) = (short(time), short(health.watched));
    let least = percent(least);
    Reason {
        cause: Cause::WorkerCpu,
        seen: format!("a worker thread was at least {least} busy for {time} of {watched}"),
        means,
        advice: "use fewer VUs or a lower rate, more worker threads, or a machine of its own",
    }
}

fn unknown_cpu() -> Finding {
    Finding::Suspect(Reason {
        cause: Cause::WorkerCpu,
        seen: "how busy the worker threads were is unknown on this system".to_owned(),
        means: "nothing shows that the service was the limit, and not the generator",
        advice: "compare with the processor time that the system's own monitor shows, or run on Linux",
    })
}

fn contention(health: &GeneratorHealth) -> Option<Finding> {
    let waiting = health.worker_waiting.filter(|&waiting| waiting > WAITING_SHARE)?;
    Some(Finding::Suspect(Reason {
        cause: Cause::Contention,
        seen: format!(
            "worker threads were ready but had no core for {} of the time",
            percent(waiting)
        ),
        means: "durations have that time in them",
        advice: "end other programs, or run the service on another machine",
    }))
}

fn steal(health: &GeneratorHealth) -> Option<Finding> {
    let steal = health.steal.filter(|&steal| steal > STEAL_SHARE)?;
    Some(Finding::Suspect(Reason {
        cause: Cause::Steal,
        seen: format!("the host gave {} of the cores' time to other machines", percent(steal)),
        means: "durations have pauses in them that are nobody's fault here",
        advice: "run again, or on a machine that is not shared",
    }))
}

fn throttling(health: &GeneratorHealth) -> Option<Finding> {
    let Throttled { periods, throttled, time } =
        health.throttling.filter(|quota| quota.throttled > 0)?;
    let reason = Reason {
        cause: Cause::Throttling,
        seen: format!(
            "a quota on processor time was used up in {throttled} of {periods} periods, and held \
             cores back for {}",
            short(time)
        ),
        means: "the generator stood still while the service may have answered",
        advice: "raise the quota (the container's CPU limit) or lower the load",
    };
    // In the open model the start lag tells whether it mattered.
    let is_limit = health.model != LoadModel::Open && share(throttled, periods) >= CLOSED_SHARE;
    Some(if is_limit { Finding::Saturated(reason) } else { Finding::Suspect(reason) })
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Two decimals below one per cent, so that nothing shows as none.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent < 1.0 { format!("{percent:.2}%") } else { format!("{percent:.0}%") }
}

fn short(duration: Duration) -> String {
    format!("{duration:.1?}")
}

#[cfg(test)]
mod tests;
