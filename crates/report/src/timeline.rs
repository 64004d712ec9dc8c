//! The run second by second, as charts and tables need it.

use std::time::Duration;

use metrics::{LoadModel, MetricKey, RunSummary, TrendBlock};

/// A stretch of the run: a second, or several if there are many. What is not known is `None`, and
/// is never shown as 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Where it begins, in seconds from the beginning of the run.
    pub(crate) second: u64,
    /// How many seconds it has.
    pub(crate) seconds: u64,
    /// Iterations that the plan wanted; nothing is planned where the end of one starts the next.
    pub(crate) planned: Option<u64>,
    pub(crate) iterations: u64,
    pub(crate) dropped: u64,
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    /// The most virtual users at once.
    pub(crate) vus: Option<u64>,
    /// The median, the 95th and the 99th percentile of `http_req_duration`.
    pub(crate) percentiles: Option<[Duration; 3]>,
}

/// All of them, in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Timeline {
    pub(crate) ticks: Vec<Tick>,
}

impl Timeline {
    /// Everything that is known of each second. In a long run, levels and percentiles are those of the
    /// stretch that the second lies in.
    pub(crate) fn new(run: &RunSummary) -> Self {
        let blocks = Blocks::of(run);
        let seconds = run.series.seconds();
        let has_planned = seconds.iter().any(|second| second.planned > 0);
        let planned = |counts: &metrics::Second| match has_planned {
            true => counts.planned,
            false => counts.iterations + counts.dropped,
        };
        let is_open = run.health.as_ref().is_some_and(|health| health.model == LoadModel::Open);
        let tick = |(second, counts): (usize, &metrics::Second)| Tick {
            second: second as u64,
            seconds: 1,
            planned: is_open.then(|| planned(counts)),
            iterations: counts.iterations,
            dropped: counts.dropped,
            requests: counts.requests,
            failed: counts.failed,
            vus: blocks.vus(second),
            percentiles: blocks.percentiles(second),
        };
        Timeline { ticks: seconds.iter().enumerate().map(tick).collect() }
    }

    /// The same in at most `most` stretches of equal length, but for the last. Counts are added. Of
    /// levels and percentiles the greatest remains, which hides no peak; percentiles are not
    /// averaged.
    pub(crate) fn binned(&self, most: usize) -> Self {
        let length = self.ticks.len().div_ceil(most.max(1)).max(1);
        Timeline { ticks: self.ticks.chunks(length).filter_map(bin).collect() }
    }
}

/// What the metrics keep of each stretch of the run, which is a second unless there are many.
struct Blocks {
    seconds: usize,
    vus: Vec<Option<u64>>,
    durations: Vec<TrendBlock>,
}

impl Blocks {
    fn of(run: &RunSummary) -> Self {
        let timeline = run.metrics.timeline();
        let durations = timeline.trends(&MetricKey::new("http_req_duration"));
        Blocks {
            seconds: usize::try_from(timeline.block_length().as_secs()).unwrap_or(1).max(1),
            vus: timeline.levels(&MetricKey::new("vus")),
            durations: durations.unwrap_or_default(),
        }
    }

    fn vus(&self, second: usize) -> Option<u64> {
        self.vus.get(second / self.seconds).copied().flatten()
    }

    fn percentiles(&self, second: usize) -> Option<[Duration; 3]> {
        let block = self.durations.get(second / self.seconds)?;
        let [p50, p95, p99] = [50.0, 95.0, 99.0].map(|percent| block.percentile(percent));
        Some([p50?, p95?, p99?])
    }
}

fn bin(ticks: &[Tick]) -> Option<Tick> {
    let (first, rest) = ticks.split_first()?;
    Some(rest.iter().fold(*first, |sum, tick| Tick {
        second: sum.second,
        seconds: sum.seconds + tick.seconds,
        planned: sum.planned.zip(tick.planned).map(|(a, b)| a + b),
        iterations: sum.iterations + tick.iterations,
        dropped: sum.dropped + tick.dropped,
        requests: sum.requests + tick.requests,
        failed: sum.failed + tick.failed,
        vus: sum.vus.max(tick.vus),
        percentiles: greatest(sum.percentiles, tick.percentiles),
    }))
}

/// A second without a sample takes nothing away from the others.
fn greatest(a: Option<[Duration; 3]>, b: Option<[Duration; 3]>) -> Option<[Duration; 3]> {
    match (a, b) {
        (Some(a), Some(b)) => Some(std::array::from_fn(|at| a[at].max(b[at]))),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use metrics::GeneratorHealth;

    use super::*;

    fn run(seconds: u64, model: Option<LoadModel>) -> RunSummary {
        let mut run = RunSummary::new("spike");
        for second in 0..seconds {
            let at = run.series.at(Duration::from_secs(second));
            (at.iterations, at.dropped, at.requests, at.failed) = (second, 1, 2 * second, 0);
        }
        run.health = model.map(|model| GeneratorHealth::of_run(&run, model));
        run
    }

    #[test]
    fn only_a_schedule_has_planned_starts() {
        let planned = |model| Timeline::new(&run(4, model)).ticks[3].planned;
        assert_eq!(planned(Some(LoadModel::Open)), Some(4));
        assert_eq!(planned(Some(LoadModel::Closed)), None);
        assert_eq!(planned(None), None);
    }

    #[test]
    fn bins_keep_the_sums_and_the_peaks() {
        let mut timeline = Timeline::new(&run(7, Some(LoadModel::Open)));
        let millis = |values: [u64; 3]| Some(values.map(Duration::from_millis));
        timeline.ticks[1].percentiles = millis([1, 9, 9]);
        timeline.ticks[2].percentiles = millis([2, 3, 10]);
        let binned = timeline.binned(3);
        let requests: Vec<_> = binned.ticks.iter().map(|tick| tick.requests).collect();
        assert_eq!(requests, [6, 24, 12]);
        assert_eq!(binned.ticks[0].percentiles, millis([2, 9, 10]));
        let [.., last] = binned.ticks[..] else { panic!("no bins") };
        assert_eq!((last.second, last.seconds, last.planned), (6, 1, Some(7)));
        assert_eq!(timeline.binned(7), timeline);
        assert_eq!(Timeline::new(&run(0, None)).binned(0).ticks, []);
    }
}
