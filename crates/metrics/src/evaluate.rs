//! Thresholds over what was recorded.

use std::time::Duration;

use crate::threshold::{Aggregation, Comparison};
use crate::{Evidence, Metric, MetricSet, Outcome, Stat, Threshold, ThresholdResult, windows};

impl Threshold {
    /// Evaluates the condition over what was recorded within a load window of length `window`.
    ///
    /// It fails if it does not hold for the observed value, as in k6. It passes only if it holds for
    /// all of the value's interval, so that a pass is no luck: where it does not, it is undecided.
    /// See [`Evidence`] for what has no interval.
    ///
    /// The samples are as independent as the set's [timeline](MetricSet::timeline) shows; without
    /// one they are taken to be.
    pub fn evaluate(&self, set: &MetricSet, window: Duration) -> ThresholdResult {
        if let Some(length) = self.window() {
            return windows::evaluate(self, set, length, window);
        }
        let Some(metric) = set.select(self.selector()) else { return self.void() };
        let Some(observed) = self.observed(&metric, window) else { return self.void() };
        self.judged(observed, self.evidence(set, &metric))
    }

    /// Whether a run in which this was recorded after `elapsed` is to be stopped: the condition does
    /// not hold for what is observed, however few samples there are, as in k6.
    pub fn aborts(&self, set: &MetricSet, elapsed: Duration) -> bool {
        if self.abort_on_fail().is_none_or(|delay| elapsed < delay) {
            return false;
        }
        if self.window().is_some() {
            return self.evaluate(set, elapsed).outcome == Outcome::Fail;
        }
        let metric = set.select(self.selector());
        let observed = metric.and_then(|metric| self.observed(&metric, elapsed));
        observed.is_some_and(|observed| !self.comparison.holds(observed, self.bound))
    }

    pub(crate) fn void(&self) -> ThresholdResult {
        let (threshold, outcome) = (self.clone(), Outcome::Void);
        ThresholdResult { threshold, observed: None, outcome, evidence: Evidence::default() }
    }

    /// The outcome for an observed value and how sure it is.
    pub(crate) fn judged(&self, observed: f64, evidence: Evidence) -> ThresholdResult {
        let holds = |value| self.comparison.holds(value, self.bound);
        let end = if self.is_upper_bound() { evidence.high } else { evidence.low };
        let outcome = match holds(observed) {
            false => Outcome::Fail,
            true if evidence.is_exact || end.is_some_and(holds) => Outcome::Pass,
            true => Outcome::Undecided,
        };
        let more_needed = evidence.more_needed.filter(|_| outcome == Outcome::Undecided);
        let evidence = Evidence { more_needed, ..evidence };
        ThresholdResult { threshold: self.clone(), observed: Some(observed), outcome, evidence }
    }

    /// Whether the condition is that something is below a bound.
    pub(crate) fn is_upper_bound(&self) -> bool {
        matches!(self.comparison, Comparison::Less | Comparison::LessOrEqual)
    }

    fn observed(&self, metric: &Metric, window: Duration) -> Option<f64> {
        match (self.aggregation, metric) {
            (Aggregation::Count, Metric::Counter(sum)) => Some(*sum as f64),
            (Aggregation::Rate, Metric::Counter(sum)) if !window.is_zero() => {
                Some(*sum as f64 / window.as_secs_f64())
            }
            (Aggregation::Rate, Metric::Rate(rate)) => rate.value(),
            (Aggregation::Value, Metric::Gauge(gauge)) => gauge.map(|gauge| gauge.last as f64),
            (Aggregation::Count, Metric::Trend(trend)) => Stat::Count.value(trend),
            (Aggregation::Stat(stat), Metric::Trend(trend)) => stat.value(trend),
            _ => None,
        }
    }
}

impl Comparison {
    pub(crate) fn holds(self, observed: f64, bound: f64) -> bool {
        match self {
            Comparison::Less => observed < bound,
            Comparison::LessOrEqual => observed <= bound,
            Comparison::Greater => observed > bound,
            Comparison::GreaterOrEqual => observed >= bound,
            Comparison::Equal => observed == bound,
            Comparison::NotEqual => observed != bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> MetricSet {
        let mut set = MetricSet::default();
        let trend = set.trend("d{endpoint:a}".parse().unwrap());
        (1..=100).for_each(|ms| set.record(trend, Duration::from_millis(ms)));
        let failed = set.rate("failed".parse().unwrap());
        (0..1000).for_each(|n| set.observe(failed, n < 10));
        set.counter("dropped".parse().unwrap());
        set.trend("empty".parse().unwrap());
        set.rate("never".parse().unwrap());
        let vus = set.gauge("vus".parse().unwrap());
        set.set(vus, 7);
        set
    }

    #[test]
    fn conditions_are_decided_as_written() {
        use Outcome::{Fail, Pass, Undecided, Void};
        let set = set();
        for (selector, expression, outcome) in [
            ("d", "p(95)<800", Pass),
            ("d", "p(95) < 95", Fail),
            ("d", "p(95)<96", Undecided),
            ("d", "p(99)<800", Undecided),
            ("d", "p(99)>10", Pass),
            ("d", "avg<60", Pass),
            ("d", "avg<51", Undecided),
            ("d", "avg<50", Fail),
            ("d{endpoint:a}", "max<=100", Pass),
            ("d{endpoint:b}", "max<=100", Void),
            ("d", "count>=100", Pass),
            ("failed", "rate<0.01", Fail),
            ("failed", "rate<=0.01", Undecided),
            ("failed", "rate<0.02", Pass),
            ("failed", "rate!=0.5", Pass),
            ("dropped", "count==0", Pass),
            ("dropped", "count===0", Pass),
            ("dropped", "count!=0", Fail),
            ("dropped", "rate>0", Fail),
            ("vus", "value>6", Pass),
            ("empty", "p(95)<800", Void),
            ("never", "rate<0.01", Void),
            ("absent", "count==0", Void),
            ("failed", "p(95)<800", Void),
        ] {
            let threshold = Threshold::parse(selector, expression).unwrap();
            let result = threshold.evaluate(&set, Duration::from_secs(1));
            assert_eq!(result.outcome, outcome, "{threshold}, {result:?}");
        }
    }

    #[test]
    fn a_run_is_stopped_by_what_is_observed_and_not_before_the_delay() {
        let threshold = Threshold::parse("d", "p(99)<50").unwrap();
        let aborts = |delay, elapsed| {
            let threshold = threshold.clone().aborting_after(Duration::from_secs(delay));
            threshold.aborts(&set(), Duration::from_secs(elapsed))
        };
        assert_eq!((aborts(0, 1), aborts(3, 2), aborts(3, 3)), (true, false, true));
        assert!(!threshold.aborts(&set(), Duration::from_secs(9)));
    }
}
