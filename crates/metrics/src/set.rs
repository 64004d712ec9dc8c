use std::collections::BTreeMap;
use std::ops::{AddAssign, Sub};
use std::time::Duration;

use crate::history::{Column, History};
use crate::{MetricKey, Timeline, Trend};

/// A share of events: how many were true among all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Events that were true. For `http_req_failed` these are the failures, as in k6.
    pub trues: u64,
    /// All events.
    pub total: u64,
}

impl Rate {
    /// The share, 0 to 1; `None` without events.
    pub fn value(&self) -> Option<f64> {
        (self.total > 0).then(|| self.trues as f64 / self.total as f64)
    }
}

impl AddAssign for Rate {
    fn add_assign(&mut self, more: Rate) {
        self.trues += more.trues;
        self.total += more.total;
    }
}

impl Sub for Rate {
    type Output = Rate;

    fn sub(self, before: Rate) -> Rate {
        Rate { trues: self.trues - before.trues, total: self.total - before.total }
    }
}

/// A level: the last one, and the least and greatest seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// The level set last.
    pub last: u64,
    /// The least level set.
    pub min: u64,
    /// The greatest level set.
    pub max: u64,
}

/// What one series has taken in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Metric {
    /// A sum.
    Counter(u64),
    /// A level; `None` until it is first set.
    Gauge(Option<Gauge>),
    /// A share of events.
    Rate(Rate),
    /// A distribution of durations.
    Trend(Box<Trend>),
}

impl Metric {
    /// Adds `other` to this one; series of different kinds do not mix and leave it as it is.
    fn merge(&mut self, other: &Metric) {
        match (self, other) {
            (Metric::Counter(sum), Metric::Counter(more)) => *sum += more,
            (Metric::Gauge(level), Metric::Gauge(Some(more))) => {
                let level = level.get_or_insert(*more);
                *level = Gauge {
                    last: more.last,
                    min: level.min.min(more.min),
                    max: level.max.max(more.max),
                };
            }
            (Metric::Rate(rate), Metric::Rate(more)) => *rate += *more,
            (Metric::Trend(trend), Metric::Trend(more)) => trend.merge(more),
            _ => {}
        }
    }
}

/// A handle of a registered counter; good for the set that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterId(usize);

/// A handle of a registered gauge; good for the set that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GaugeId(usize);

/// A handle of a registered rate; good for the set that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateId(usize);

/// A handle of a registered trend; good for the set that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrendId(usize);

/// All series of one recorder, and their [`Timeline`] if it is told how time passes.
///
/// Memory is bounded by the number of series, not by the number of samples or the length of the run:
/// a trend takes at most 188 KiB for samples of up to an hour, all else a few bytes. The timeline
/// takes at most 16 MiB for what is over, and 16 KiB for each trend that is followed.
#[derive(Clone, Debug, Default)]
pub struct MetricSet {
    metrics: Vec<Metric>,
    index: BTreeMap<MetricKey, usize>,
    history: History,
    /// Selects the trends that are in the history.
    followed: Vec<MetricKey>,
}

impl MetricSet {
    /// Registers a counter, or finds it again.
    ///
    /// # Panics
    ///
    /// If the key is registered as another kind; so do the other three.
    pub fn counter(&mut self, key: MetricKey) -> CounterId {
        CounterId(self.register(key, Metric::Counter(0)))
    }

    /// Registers a gauge, or finds it again.
    pub fn gauge(&mut self, key: MetricKey) -> GaugeId {
        GaugeId(self.register(key, Metric::Gauge(None)))
    }

    /// Registers a rate, or finds it again.
    pub fn rate(&mut self, key: MetricKey) -> RateId {
        RateId(self.register(key, Metric::Rate(Rate::default())))
    }

    /// Registers a trend, or finds it again.
    pub fn trend(&mut self, key: MetricKey) -> TrendId {
        TrendId(self.register(key, Metric::Trend(Box::default())))
    }

    /// Puts in a whole series, as it was read from somewhere. Returns whether the key was new; one
    /// that is there already stays as it is.
    pub fn insert(&mut self, key: MetricKey, metric: Metric) -> bool {
        let is_new = !self.index.contains_key(&key);
        if is_new {
            self.register(key, metric);
        }
        is_new
    }

    /// Keeps the samples of all trends that `selector` takes in, those registered later too, in the
    /// timeline, which costs every sample some nanoseconds. Other kinds of metrics are in the timeline
    /// anyway, and cost nothing.
    pub fn follow(&mut self, selector: MetricKey) {
        for (_, &at) in self.index.iter().filter(|(key, _)| selector.selects(key)) {
            self.history.follow(at);
        }
        self.followed.push(selector);
    }

    /// Adds to a counter.
    pub fn add(&mut self, id: CounterId, amount: u64) {
        if let Metric::Counter(sum) = &mut self.metrics[id.0] {
            *sum += amount;
        }
    }

    /// Sets a gauge.
    pub fn set(&mut self, id: GaugeId, level: u64) {
        let metric = &mut self.metrics[id.0];
        metric.merge(&Metric::Gauge(Some(Gauge { last: level, min: level, max: level })));
        self.history.level(id.0, level);
    }

    /// Adds one event to a rate.
    pub fn observe(&mut self, id: RateId, is_true: bool) {
        if let Metric::Rate(rate) = &mut self.metrics[id.0] {
            rate.total += 1;
            rate.trues += u64::from(is_true);
        }
    }

    /// Adds one sample to a trend.
    pub fn record(&mut self, id: TrendId, sample: Duration) {
        if let Metric::Trend(trend) = &mut self.metrics[id.0] {
            trend.record(sample);
            self.history.record(id.0, sample);
        }
    }

    /// Tells the timeline that it is this second of the run. What is recorded from now on counts in
    /// this second; time does not go back, so what is told later counts in the second in which it is
    /// told.
    pub fn advance(&mut self, second: u64) {
        if self.history.is_over(second) {
            self.history.close(second, &self.metrics);
        }
    }

    /// Tells the timeline that the run is over. Without this, its last second is missing.
    pub fn finish(&mut self) {
        self.history.finish(&self.metrics);
    }

    /// What was recorded second by second.
    pub fn timeline(&self) -> Timeline<'_> {
        Timeline::new(self, &self.history)
    }

    /// The bytes that the timeline takes.
    pub fn timeline_bytes(&self) -> usize {
        self.history.bytes()
    }

    /// The columns of all series that `selector` takes in.
    pub(crate) fn columns<'a>(&'a self, selector: &MetricKey) -> impl Iterator<Item = &'a Column> {
        let selected = self.index.iter().filter(|(key, _)| selector.selects(key));
        selected.map(|(_, &at)| self.history.column(at))
    }

    /// Every series, in the order of its key.
    pub fn iter(&self) -> impl Iterator<Item = (&MetricKey, &Metric)> {
        self.index.iter().map(|(key, &at)| (key, &self.metrics[at]))
    }

    /// All series that `selector` takes in, merged into one; `None` where there is none.
    pub fn select(&self, selector: &MetricKey) -> Option<Metric> {
        let mut selected = self.iter().filter(|(key, _)| selector.selects(key));
        let mut merged = selected.next()?.1.clone();
        selected.for_each(|(_, metric)| merged.merge(metric));
        Some(merged)
    }

    /// The sum of the counters that `selector` takes in; 0 where there is none.
    pub fn count(&self, selector: &MetricKey) -> u64 {
        match self.select(selector) {
            Some(Metric::Counter(sum)) => sum,
            _ => 0,
        }
    }

    /// The merged trend that `selector` takes in; an empty one where there is none.
    pub fn select_trend(&self, selector: &MetricKey) -> Trend {
        match self.select(selector) {
            Some(Metric::Trend(trend)) => *trend,
            _ => Trend::default(),
        }
    }

    /// The merged rate that `selector` takes in; one without events where there is none.
    pub fn select_rate(&self, selector: &MetricKey) -> Rate {
        match self.select(selector) {
            Some(Metric::Rate(rate)) => rate,
            _ => Rate::default(),
        }
    }

    /// The names of all metrics, each once, in order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.index.keys().map(MetricKey::name).collect();
        names.dedup();
        names
    }

    /// Adds every series of another recorder, and its timeline second by second.
    pub fn merge(&mut self, other: &MetricSet) {
        let history = self.history.aligned(&other.history);
        for (key, &other_at) in &other.index {
            let metric = &other.metrics[other_at];
            let at = match self.index.get(key) {
                Some(&at) => {
                    self.metrics[at].merge(metric);
                    at
                }
                None => self.register(key.clone(), metric.clone()),
            };
            self.history.merge(at, &history, other_at);
        }
        self.history.merged(&history);
    }

    /// Removes the series whose keys are not `wanted`; handles of the others are good no more.
    pub fn retain(&mut self, wanted: impl Fn(&MetricKey, &Metric) -> bool) {
        *self = self.copied(wanted);
    }

    /// A copy of the series whose keys are `wanted`.
    #[must_use]
    pub fn filtered(&self, wanted: impl Fn(&MetricKey) -> bool) -> MetricSet {
        self.copied(|key, _| wanted(key))
    }

    fn copied(&self, wanted: impl Fn(&MetricKey, &Metric) -> bool) -> MetricSet {
        let mut set = MetricSet { history: self.history.without_columns(), ..Default::default() };
        for (key, &at) in self.index.iter().filter(|(key, at)| wanted(key, &self.metrics[**at])) {
            set.index.insert(key.clone(), set.metrics.len());
            set.metrics.push(self.metrics[at].clone());
            set.history.copy(&self.history, at);
        }
        set
    }

    fn register(&mut self, key: MetricKey, empty: Metric) -> usize {
        if let Some(&at) = self.index.get(&key) {
            let same = std::mem::discriminant(&self.metrics[at]) == std::mem::discriminant(&empty);
            assert!(same, "{key} is already registered as another kind of metric");
            return at;
        }
        self.history.add(&empty);
        if self.followed.iter().any(|selector| selector.selects(&key)) {
            self.history.follow(self.metrics.len());
        }
        self.metrics.push(empty);
        self.index.insert(key, self.metrics.len() - 1);
        self.metrics.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> MetricKey {
        text.parse().unwrap()
    }

    fn example(offset_ms: u64) -> MetricSet {
        let mut set = MetricSet::default();
        for endpoint in ["a", "b"] {
            let trend = set.trend(key("d").with("endpoint", endpoint));
            let rate = set.rate(key("f").with("endpoint", endpoint));
            let counter = set.counter(key("n").with("endpoint", endpoint));
            for step in 1..=10 {
                set.record(trend, Duration::from_millis(offset_ms + step));
                set.observe(rate, step % 5 == 0);
                set.add(counter, 2);
            }
        }
        let gauge = set.gauge(key("g"));
        [3, 1, 2].into_iter().for_each(|level| set.set(gauge, level + offset_ms));
        set
    }

    #[test]
    fn a_selector_merges_what_it_takes_in() {
        let set = example(0);
        assert_eq!(set.count(&key("n")), 40);
        assert_eq!(set.count(&key("n{endpoint:a}")), 20);
        assert_eq!(set.select_rate(&key("f")), Rate { trues: 4, total: 20 });
        assert_eq!(set.select_trend(&key("d")).count(), 20);
        assert!(set.select(&key("d{endpoint:c}")).is_none());
        assert_eq!(set.names(), ["d", "f", "g", "n"]);
        let Some(Metric::Gauge(Some(gauge))) = set.select(&key("g")) else { panic!("no gauge") };
        assert_eq!(gauge, Gauge { last: 2, min: 1, max: 3 });
    }

    #[test]
    fn workers_merge_exactly() {
        let mut merged = example(0);
        merged.merge(&example(100));
        assert_eq!(merged.count(&key("n")), 80);
        assert_eq!(merged.select_rate(&key("f")).total, 40);
        let trend = merged.select_trend(&key("d{endpoint:b}"));
        assert_eq!((trend.count(), trend.max()), (20, Some(Duration::from_millis(110))));
        let mut empty = MetricSet::default();
        empty.merge(&merged);
        assert_eq!(empty.select_trend(&key("d")).count(), 40);
    }

    #[test]
    fn a_copy_has_what_was_wanted() {
        let copy = example(0).filtered(|key| key.name() == "n");
        assert_eq!((copy.names(), copy.count(&key("n"))), (vec!["n"], 40));
    }

    #[test]
    fn a_series_that_is_there_is_not_replaced() {
        let mut set = MetricSet::default();
        assert!(
            set.insert(key("n"), Metric::Counter(2)) && !set.insert(key("n"), Metric::Counter(3))
        );
        assert_eq!(set.count(&key("n")), 2);
    }

    #[test]
    fn registering_twice_gives_the_same_series() {
        let mut set = MetricSet::default();
        assert_eq!(set.counter(key("n")), set.counter(key("n")));
    }

    #[test]
    fn one_key_cannot_be_two_kinds() {
        let mut set = MetricSet::default();
        set.counter(key("n"));
        let again = std::panic::catch_unwind(move || set.rate(key("n")));
        assert!(again.is_err());
    }
}
