use std::array;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Eight to each doubling of a microsecond, up to an hour: right to an eighth, which does for a line
/// that is read at a glance.
const TIMES: usize = 256;
const A_DOUBLING: u32 = 8;

/// Live counts of a run, for whoever shows its progress from another thread. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct Counts {
    completed: AtomicU64,
    dropped: AtomicU64,
    requests: AtomicU64,
    failed: AtomicU64,
    busy: AtomicU64,
    allocated: AtomicU64,
    /// How long requests took.
    times: [AtomicU64; TIMES],
}

impl Default for Counts {
    fn default() -> Self {
        Counts {
            completed: AtomicU64::default(),
            dropped: AtomicU64::default(),
            requests: AtomicU64::default(),
            failed: AtomicU64::default(),
            busy: AtomicU64::default(),
            allocated: AtomicU64::default(),
            times: array::from_fn(|_| AtomicU64::default()),
        }
    }
}

/// How many requests had ended at a moment, by how long they took.
#[derive(Clone, Debug)]
pub struct ProgressTimes {
    counts: [u64; TIMES],
}

impl ProgressTimes {
    /// The time that at least `percent` per cent of the requests since `earlier` did not exceed, to
    /// an eighth; `None` if none has ended since.
    pub fn percentile_since(&self, earlier: &ProgressTimes, percent: f64) -> Option<Duration> {
        let since = || self.counts.iter().zip(&earlier.counts).map(|(now, then)| now - then);
        let wanted = (since().sum::<u64>() as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut sum = 0;
        let is_reached = |count: u64| {
            sum += count;
            sum >= wanted
        };
        since().position(is_reached).map(|place| longest(place as u32))
    }
}

/// The place of a time among the counts.
fn place(time: Duration) -> usize {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    let doublings = micros.ilog2();
    // The three bits behind the first one.
    let eighth = ((u128::from(micros) << 3) >> doublings) as u32 - A_DOUBLING;
    ((doublings * A_DOUBLING + eighth) as usize).min(TIMES - 1)
}

/// The longest time that is counted at a place.
fn longest(place: u32) -> Duration {
    let (doublings, eighth) = (place / A_DOUBLING, place % A_DOUBLING);
    Duration::from_micros(((u64::from(A_DOUBLING + eighth + 1)) << doublings).div_ceil(8))
}

impl Progress {
    /// Iterations that ran to their end.
    pub fn completed(&self) -> u64 {
        self.counts.completed.load(Ordering::Relaxed)
    }

    /// Starts for which no virtual user was free.
    pub fn dropped(&self) -> u64 {
        self.counts.dropped.load(Ordering::Relaxed)
    }

    /// Requests that ended.
    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// Requests among them that failed.
    pub fn failed(&self) -> u64 {
        self.counts.failed.load(Ordering::Relaxed)
    }

    /// Virtual users that run an iteration now, and those that exist.
    pub fn users(&self) -> (u64, u64) {
        (self.counts.busy.load(Ordering::Relaxed), self.counts.allocated.load(Ordering::Relaxed))
    }

    /// Forgets the users of a run that is over, before another one is shown.
    pub(crate) fn forget_users(&self) {
        self.counts.busy.store(0, Ordering::Relaxed);
        self.counts.allocated.store(0, Ordering::Relaxed);
    }

    pub(crate) fn add_completed(&self) {
        self.counts.completed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_dropped(&self) {
        self.counts.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// How long the requests took that have ended.
    pub fn times(&self) -> ProgressTimes {
        let counts = &self.counts.times;
        ProgressTimes { counts: array::from_fn(|place| counts[place].load(Ordering::Relaxed)) }
    }

    pub(crate) fn add_request(&self, failed: bool, took: Duration) {
        self.counts.times[place(took)].fetch_add(1, Ordering::Relaxed);
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        self.counts.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
    }

    /// Takes in how many more or fewer users a worker has, busy and in all, and says how many all
    /// workers have.
    pub(crate) fn change_users(&self, busy: i64, allocated: i64) -> (u64, u64) {
        let changed = |count: &AtomicU64, by: i64| {
            // Wraps around twice where the number falls, as it should.
            count.fetch_add(by as u64, Ordering::Relaxed).wrapping_add(by as u64)
        };
        (changed(&self.counts.busy, busy), changed(&self.counts.allocated, allocated))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: fn(u64) -> Duration = Duration::from_micros;

    #[test]
    fn a_time_is_counted_to_an_eighth() {
        for micros in (1..5000).chain([9_999, 60_000_000, 1 << 32, 1 << 45]) {
            let (time, place) = (US(micros), place(US(micros)));
            let longest = longest(place as u32);
            assert!(place == TIMES - 1 || longest >= time, "{micros}");
            assert!(longest <= time + time / 8 + US(1), "{micros} {longest:?}");
        }
        assert_eq!((place(Duration::ZERO), place(Duration::MAX)), (0, TIMES - 1));
    }

    #[test]
    fn percentiles_are_those_of_the_requests_since() {
        let progress = Progress::default();
        (0..100).for_each(|_| progress.add_request(true, US(1_000_000)));
        let before = progress.times();
        assert_eq!(progress.times().percentile_since(&before, 95.0), None);
        (1..=100).for_each(|n| progress.add_request(false, US(n * 100)));
        let p95 = progress.times().percentile_since(&before, 95.0).unwrap();
        assert!((US(9_500)..US(10_700)).contains(&p95), "{p95:?}");
        assert_eq!((progress.requests(), progress.failed()), (200, 100));
    }
}
