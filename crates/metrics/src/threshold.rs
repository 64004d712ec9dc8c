use std::fmt;
use std::time::Duration;

use crate::{Metric, MetricKey, MetricSet, MetricsError, Stat};

/// A condition on a metric, in k6's grammar: a selector and an expression such as `p(95)<800`,
/// `rate<0.01` or `count==0`. Trends are compared in milliseconds, rates as shares of 1, counter
/// rates as events a second of the load window.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    selector: MetricKey,
    expression: String,
    pub(crate) aggregation: Aggregation,
    pub(crate) comparison: Comparison,
    pub(crate) bound: f64,
    abort_on_fail: Option<Duration>,
}

/// What a run says of one threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdResult {
    /// The threshold that was evaluated.
    pub threshold: Threshold,
    /// The observed value, in the unit of the bound; `None` without samples.
    pub observed: Option<f64>,
    /// Whether the observed value meets the bound.
    pub outcome: Outcome,
}

/// How a threshold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The condition holds.
    Pass,
    /// The condition does not hold.
    Fail,
    /// Nothing was measured, so that nothing can be said. This is never a pass.
    NoSamples,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aggregation {
    /// `count`, of a counter or a trend.
    Count,
    /// `rate`, of a counter or a rate.
    Rate,
    /// `value`, of a gauge.
    Value,
    Stat(Stat),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// Longer spellings come first, so that `<=` is not read as `<`.
const COMPARISONS: [(&str, Comparison); 7] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("===", Comparison::Equal),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl Threshold {
    /// Reads a threshold: `selector` as k6 writes it, with or without tags, and its expression.
    ///
    /// # Errors
    ///
    /// [`MetricsError::Key`] or [`MetricsError::Threshold`] with the text that cannot be read.
    pub fn parse(selector: &str, expression: &str) -> Result<Self, MetricsError> {
        let invalid = || MetricsError::Threshold(expression.to_owned());
        let (aggregation, comparison, bound) = split(expression).ok_or_else(invalid)?;
        let aggregation = match aggregation {
            "count" => Aggregation::Count,
            "rate" => Aggregation::Rate,
            "value" => Aggregation::Value,
            stat => Aggregation::Stat(stat.parse().map_err(|_| invalid())?),
        };
        let bound: f64 = bound.parse().map_err(|_| invalid())?;
        if !bound.is_finite() {
            return Err(invalid());
        }
        let selector = selector.parse()?;
        let expression = expression.split_whitespace().collect();
        Ok(Threshold { selector, expression, aggregation, comparison, bound, abort_on_fail: None })
    }

    /// The metric that the threshold looks at.
    pub fn selector(&self) -> &MetricKey {
        &self.selector
    }

    /// The condition as it was written, without spaces.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The same threshold, which stops a run as soon as it fails, but not before `delay` is over:
    /// k6's `abortOnFail` and `delayAbortEval`.
    #[must_use]
    pub fn aborting_after(self, delay: Duration) -> Self {
        Threshold { abort_on_fail: Some(delay), ..self }
    }

    /// How long into a run the threshold may stop it, if it does that at all.
    pub fn abort_on_fail(&self) -> Option<Duration> {
        self.abort_on_fail
    }

    /// Whether a run in which this was recorded after `elapsed` is to be stopped.
    pub fn aborts(&self, set: &MetricSet, elapsed: Duration) -> bool {
        self.abort_on_fail.is_some_and(|delay| elapsed >= delay)
            && self.evaluate(set, elapsed).outcome == Outcome::Fail
    }

    /// Evaluates the condition over what was recorded within a load window of length `window`.
    pub fn evaluate(&self, set: &MetricSet, window: Duration) -> ThresholdResult {
        let observed = set.select(&self.selector).and_then(|metric| self.observed(&metric, window));
        let outcome = match observed {
            None => Outcome::NoSamples,
            Some(value) if self.comparison.holds(value, self.bound) => Outcome::Pass,
            Some(_) => Outcome::Fail,
        };
        ThresholdResult { threshold: self.clone(), observed, outcome }
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

    /// Whether the observed value is a duration in milliseconds.
    pub fn is_duration(&self) -> bool {
        matches!(self.aggregation, Aggregation::Stat(_))
    }

    /// Whether the observed value is a share of 1 when the metric is a rate.
    pub fn is_rate(&self) -> bool {
        self.aggregation == Aggregation::Rate
    }
}

fn split(expression: &str) -> Option<(&str, Comparison, &str)> {
    COMPARISONS.iter().find_map(|&(text, comparison)| {
        let (aggregation, bound) = expression.split_once(text)?;
        Some((aggregation.trim(), comparison, bound.trim()))
    })
}

impl Comparison {
    fn holds(self, observed: f64, bound: f64) -> bool {
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

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.selector, self.expression)
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
        use Outcome::{Fail, NoSamples, Pass};
        let set = set();
        for (selector, expression, outcome) in [
            ("d", "p(95)<800", Pass),
            ("d", "p(95) < 95", Fail),
            ("d{endpoint:a}", "max<=100", Pass),
            ("d{endpoint:b}", "max<=100", NoSamples),
            ("d", "count>=100", Pass),
            ("failed", "rate<0.01", Fail),
            ("failed", "rate<=0.01", Pass),
            ("dropped", "count==0", Pass),
            ("dropped", "count===0", Pass),
            ("dropped", "count!=0", Fail),
            ("dropped", "rate>0", Fail),
            ("vus", "value>6", Pass),
            ("empty", "p(95)<800", NoSamples),
            ("never", "rate<0.01", NoSamples),
            ("absent", "count==0", NoSamples),
            ("failed", "p(95)<800", NoSamples),
        ] {
            let threshold = Threshold::parse(selector, expression).unwrap();
            let result = threshold.evaluate(&set, Duration::from_secs(1));
            assert_eq!(result.outcome, outcome, "{threshold}, observed {:?}", result.observed);
        }
    }

    #[test]
    fn what_is_not_a_condition_is_refused() {
        for expression in ["", "p(95)", "p95<1", "p(95)<", "p(95)<x", "<1", "rate<NaN", "p(101)<1"]
        {
            let error = Threshold::parse("d", expression).unwrap_err();
            assert_eq!(error, MetricsError::Threshold(expression.into()));
        }
        assert!(Threshold::parse("d{", "rate<1").is_err());
    }
}
