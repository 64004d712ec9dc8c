//! Readings of the system, one after the other, into what happened between them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::SPAN_MIN;
use super::usage::{GeneratorUsage, Levels, Limits, MachineUsage, Throttling, WorkerUsage};

/// The names of worker threads begin so.
const WORKER_PREFIX: &str = "load-";

/// What the system says at one moment. All counts go on from a beginning long ago.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    /// The process's threads by their number.
    pub(super) threads: BTreeMap<u32, Thread>,
    pub(super) machine: Option<MachineTime>,
    pub(super) quota: Option<Quota>,
    pub(super) descriptors: Option<u64>,
    pub(super) time_wait: Option<u64>,
    pub(super) memory_peak_bytes: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Thread {
    pub(super) name: String,
    pub(super) cpu: Duration,
    pub(super) waited: Option<Duration>,
    pub(super) preempted: Option<u64>,
}

/// In ticks of the kernel, summed over the cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MachineTime {
    pub(super) total: u64,
    pub(super) idle: u64,
    pub(super) steal: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) periods: u64,
    pub(super) throttled: u64,
    pub(super) time: Duration,
}

/// What happened since the first reading.
#[derive(Debug)]
pub(super) struct Tally {
    last: Snapshot,
    watched: Duration,
    workers: Workers,
    machine: MachineTime,
    steal_max: f64,
    throttling: Option<Throttling>,
    descriptors_peak: Option<u64>,
    time_wait_peak: Option<u64>,
    memory_peak_bytes: Option<u64>,
}

impl Tally {
    pub(super) fn new(first: Snapshot) -> Self {
        Tally {
            watched: Duration::ZERO,
            workers: Workers::new(),
            machine: MachineTime::default(),
            steal_max: 0.0,
            throttling: first.quota.map(|_| Throttling::default()),
            descriptors_peak: first.descriptors,
            time_wait_peak: first.time_wait,
            memory_peak_bytes: first.memory_peak_bytes,
            last: first,
        }
    }

    /// Adds what happened in the `span` since the last reading.
    pub(super) fn add(&mut self, now: Snapshot, span: Duration) {
        self.watched += span;
        self.workers.add(&self.last.threads, &now.threads, span);
        self.add_machine(&now, span);
        self.add_quota(&now);
        // An unknown value is less than any known one.
        self.descriptors_peak = self.descriptors_peak.max(now.descriptors);
        self.time_wait_peak = self.time_wait_peak.max(now.time_wait);
        self.memory_peak_bytes = self.memory_peak_bytes.max(now.memory_peak_bytes);
        self.last = now;
    }

    fn add_machine(&mut self, now: &Snapshot, span: Duration) {
        let (Some(before), Some(after)) = (self.last.machine, now.machine) else { return };
        let part = MachineTime {
            total: after.total.saturating_sub(before.total),
            idle: after.idle.saturating_sub(before.idle),
            steal: after.steal.saturating_sub(before.steal),
        };
        self.machine.total += part.total;
        self.machine.idle += part.idle;
        self.machine.steal += part.steal;
        if span >= SPAN_MIN {
            self.steal_max = self.steal_max.max(ratio(part.steal, part.total));
        }
    }

    fn add_quota(&mut self, now: &Snapshot) {
        let (Some(before), Some(after)) = (self.last.quota, now.quota) else { return };
        let sum = self.throttling.get_or_insert_default();
        sum.periods += after.periods.saturating_sub(before.periods);
        sum.throttled += after.throttled.saturating_sub(before.throttled);
        sum.time += after.time.saturating_sub(before.time);
    }

    pub(super) fn usage(self, limits: Limits) -> GeneratorUsage {
        let MachineTime { total, idle, steal } = self.machine;
        let steal_mean = ratio(steal, total);
        let machine = MachineUsage {
            busy_mean: ratio(total.saturating_sub(idle), total),
            steal_mean,
            steal_max: self.steal_max.max(steal_mean),
        };
        GeneratorUsage {
            watched: self.watched,
            workers: self.workers.usage(),
            machine: (total > 0).then_some(machine),
            throttling: self.throttling,
            descriptors_peak: self.descriptors_peak,
            time_wait_peak: self.time_wait_peak,
            memory_peak_bytes: self.memory_peak_bytes,
            limits,
        }
    }
}

/// What the worker threads did.
#[derive(Debug)]
struct Workers {
    /// Whether a thread with a worker's name was ever seen. Once there are workers, no other thread
    /// stands for them, also not when they have ended.
    named: bool,
    threads: usize,
    lived: Duration,
    cpu: Duration,
    cpu_max: f64,
    waited: Option<Duration>,
    preempted: Option<u64>,
    running: Levels,
    busy: Levels,
}

/// What one thread did between two readings.
#[derive(Clone, Copy)]
struct Part {
    cpu: Duration,
    waited: Option<Duration>,
    preempted: Option<u64>,
}

impl Part {
    fn between(before: Option<&Thread>, after: &Thread) -> Self {
        // A thread that ran for less time than before is another one with its number.
        let before = before.filter(|before| before.cpu <= after.cpu);
        let (waited, preempted) =
            before.map_or((None, None), |thread| (thread.waited, thread.preempted));
        let waited_before = waited.unwrap_or_default();
        let preempted_before = preempted.unwrap_or_default();
        Part {
            cpu: after.cpu - before.map_or(Duration::ZERO, |thread| thread.cpu),
            waited: after.waited.map(|waited| waited.saturating_sub(waited_before)),
            preempted: after.preempted.map(|count| count.saturating_sub(preempted_before)),
        }
    }

    fn busy(&self) -> Duration {
        self.cpu + self.waited.unwrap_or_default()
    }
}

impl Workers {
    fn new() -> Self {
        Workers {
            named: false,
            threads: 0,
            lived: Duration::ZERO,
            cpu: Duration::ZERO,
            cpu_max: 0.0,
            waited: None,
            preempted: None,
            running: Levels::NONE,
            busy: Levels::NONE,
        }
    }

    fn add(
        &mut self,
        before: &BTreeMap<u32, Thread>,
        after: &BTreeMap<u32, Thread>,
        span: Duration,
    ) {
        let is_worker = |thread: &Thread| thread.name.starts_with(WORKER_PREFIX);
        self.named |= after.values().any(is_worker);
        let threads = after.iter().filter(|(_, thread)| !self.named || is_worker(thread));
        let mut parts: Vec<_> =
            threads.map(|(number, thread)| Part::between(before.get(number), thread)).collect();
        parts.sort_by_key(Part::busy);
        // Without names, the busiest thread stands for all.
        let workers = if self.named { &parts[..] } else { &parts[parts.len().saturating_sub(1)..] };
        self.threads = self.threads.max(workers.len());
        workers.iter().for_each(|part| self.add_part(part, span));
        let longest = |time: fn(&Part) -> Duration| workers.iter().map(time).max();
        let most = longest(|part| part.cpu).zip(longest(Part::busy));
        if let Some((running, busy)) = most.filter(|_| span >= SPAN_MIN) {
            self.running.add(share(running, span), span);
            self.busy.add(share(busy, span), span);
        }
    }

    fn add_part(&mut self, part: &Part, span: Duration) {
        self.lived += span;
        self.cpu += part.cpu;
        self.waited = sum(self.waited, part.waited);
        self.preempted = sum(self.preempted, part.preempted);
        if span >= SPAN_MIN {
            self.cpu_max = self.cpu_max.max(share(part.cpu, span));
        }
    }

    fn usage(self) -> Option<WorkerUsage> {
        let cpu_mean = share(self.cpu, self.lived);
        (self.threads > 0).then_some(WorkerUsage {
            threads: self.threads,
            cpu_mean,
            cpu_max: self.cpu_max.max(cpu_mean),
            waiting_mean: self.waited.map(|waited| share(waited, self.lived)),
            preempted: self.preempted,
            running: self.running,
            busy: self.busy,
        })
    }
}

/// The sum of what is known.
fn sum<T: std::ops::Add<Output = T>>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (known, None) | (None, known) => known,
    }
}

/// `part` of `whole`, from 0 to 1. The kernel's clock and ours are read one after the other, so that
/// a thread can seem to have run for longer than the time that passed.
fn share(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { (part.as_secs_f64() / whole.as_secs_f64()).min(1.0) }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Threads with their number, name, and milliseconds of running and of waiting.
    fn threads(threads: &[(u32, &str, u64, u64)]) -> Snapshot {
        let thread = |&(number, name, cpu, waited): &(u32, &str, u64, u64)| {
            let name = name.to_owned();
            let waited = Some(millis(waited));
            (number, Thread { name, cpu: millis(cpu), waited, preempted: Some(cpu) })
        };
        Snapshot { threads: threads.iter().map(thread).collect(), ..Snapshot::default() }
    }

    fn usage(
        first: Snapshot,
        rest: impl IntoIterator<Item = (Snapshot, Duration)>,
    ) -> GeneratorUsage {
        let mut tally = Tally::new(first);
        rest.into_iter().for_each(|(snapshot, span)| tally.add(snapshot, span));
        tally.usage(Limits::default())
    }

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    #[test]
    fn where_nothing_is_told_nothing_is_known() {
        let unknown = usage(Snapshot::default(), [(Snapshot::default(), SECOND)]);
        assert_eq!(unknown, GeneratorUsage { watched: SECOND, ..GeneratorUsage::default() });
    }

    #[test]
    fn only_named_workers_count_where_there_are_any() {
        let usage = usage(
            threads(&[(1, "loadtest", 5000, 0)]),
            [
                (
                    threads(&[
                        (1, "loadtest", 6000, 0),
                        (2, "load-0", 900, 70),
                        (3, "load-1", 300, 0),
                    ]),
                    SECOND,
                ),
                (
                    threads(&[
                        (1, "loadtest", 7000, 0),
                        (2, "load-0", 1000, 70),
                        (3, "load-1", 500, 30),
                    ]),
                    SECOND,
                ),
                // The workers have ended: the others are still no workers.
                (threads(&[(1, "loadtest", 8000, 0)]), SECOND),
            ],
        );
        let workers = usage.workers.unwrap();
        assert_eq!((workers.threads, usage.watched), (2, 3 * SECOND));
        assert!(near(workers.cpu_mean, 1.5 / 4.0), "{workers:?}");
        assert!(near(workers.cpu_max, 0.9), "{workers:?}");
        assert!(near(workers.waiting_mean.unwrap(), 0.1 / 4.0), "{workers:?}");
        assert_eq!(workers.preempted, Some(1500));
        let running = [0.0, 0.2, 0.21, 0.9, 0.91].map(|share| workers.running_at_least(share));
        let busy =
            [0.0, 0.23, 0.24, 0.95, 0.97, 0.98, 1.0].map(|share| workers.busy_at_least(share));
        let (two, one, none) = (2 * SECOND, SECOND, Duration::ZERO);
        assert_eq!(busy, [two, two, one, one, one, none, none]);
        assert_eq!(running, [two, two, one, one, none]);
    }

    #[test]
    fn without_named_workers_the_busiest_thread_of_each_second_stands_for_them() {
        let usage = usage(
            threads(&[(1, "test", 0, 0), (2, "tokio", 0, 0)]),
            [
                (threads(&[(1, "test", 100, 0), (2, "tokio", 800, 0)]), SECOND),
                (threads(&[(1, "test", 700, 0), (2, "tokio", 900, 0)]), SECOND),
            ],
        );
        let workers = usage.workers.unwrap();
        assert_eq!(workers.threads, 1);
        assert!(near(workers.cpu_mean, 0.7) && near(workers.cpu_max, 0.8), "{workers:?}");
    }

    #[test]
    fn a_number_that_is_used_again_is_a_new_thread() {
        let usage = usage(
            threads(&[(7, "load-0", 5000, 3000)]),
            [(threads(&[(7, "load-0", 400, 100)]), SECOND)],
        );
        let workers = usage.workers.unwrap();
        assert!(near(workers.cpu_mean, 0.4) && near(workers.waiting_mean.unwrap(), 0.1));
    }

    #[test]
    fn a_moment_makes_no_peak_and_no_share_is_above_one() {
        let usage = usage(
            threads(&[(1, "load-0", 0, 0)]),
            [
                (threads(&[(1, "load-0", 500, 0)]), SECOND),
                (threads(&[(1, "load-0", 560, 0)]), millis(50)),
            ],
        );
        let workers = usage.workers.unwrap();
        assert!(near(workers.cpu_max, 560.0 / 1050.0), "{workers:?}");
        assert_eq!(workers.busy_at_least(0.51), Duration::ZERO);
        assert!(near(share(millis(60), millis(50)), 1.0));
    }

    #[test]
    fn a_run_of_a_moment_still_has_its_mean() {
        let usage = usage(
            threads(&[(1, "load-0", 0, 0)]),
            [(threads(&[(1, "load-0", 80, 0)]), millis(100))],
        );
        let workers = usage.workers.unwrap();
        assert!(near(workers.cpu_mean, 0.8) && near(workers.cpu_max, 0.8), "{workers:?}");
    }

    #[test]
    fn the_machine_and_the_quota_count_from_the_beginning() {
        let at = |total, idle, steal, throttled| Snapshot {
            machine: Some(MachineTime { total, idle, steal }),
            quota: Some(Quota { periods: 2 * throttled, throttled, time: millis(throttled) }),
            ..Snapshot::default()
        };
        let usage = usage(
            at(9000, 5000, 100, 50),
            [(at(9200, 5100, 110, 50), SECOND), (at(9400, 5100, 190, 53), SECOND)],
        );
        let machine = usage.machine.unwrap();
        assert!(near(machine.busy_mean, 0.75), "{machine:?}");
        assert!(near(machine.steal_mean, 90.0 / 400.0) && near(machine.steal_max, 0.4));
        assert_eq!(
            usage.throttling,
            Some(Throttling { periods: 6, throttled: 3, time: millis(3) })
        );
    }

    #[test]
    fn the_greatest_of_what_is_open_is_kept() {
        let at = |count| Snapshot {
            descriptors: count,
            time_wait: count.map(|count| count * 2),
            memory_peak_bytes: count.map(|count| count * 3),
            ..Snapshot::default()
        };
        let usage =
            usage(at(Some(3)), [(at(Some(9)), SECOND), (at(None), SECOND), (at(Some(4)), SECOND)]);
        let peaks = (usage.descriptors_peak, usage.time_wait_peak, usage.memory_peak_bytes);
        assert_eq!(peaks, (Some(9), Some(18), Some(27)));
    }
}
