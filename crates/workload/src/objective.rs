//! What a service has to keep to: conditions such as `p(95)<800,failed<1%`.

use metrics::{MetricKey, RunSummary, Threshold};

use crate::{Endpoint, WorkloadError, series};

/// A service level objective: conditions that all have to hold.
///
/// They are written with commas between: `p(95)<800` (also `avg`, `med`, `max`; milliseconds, or with
/// `ms` or `s`) is about `http_req_duration`, `failed<1%` about requests, `dropped<1%` about planned
/// iterations; anything else in k6's grammar, such as `http_req_duration{endpoint:x}: p(95)<800`.
/// Where nothing is said of failed requests or of dropped iterations, fewer than 1 % may be: refused
/// quickly is not served quickly.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq)]
struct Condition {
    /// As it was written.
    text: String,
    of: Of,
    comparison: Comparison,
    /// Milliseconds, or a share of 1, or a number.
    bound: f64,
}

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq)]
enum Of {
    /// The share of planned iterations that were dropped.
    Dropped,
    Metric(Threshold),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer spellings come first. Equality is no objective: it does not get easier with less load.
const COMPARISONS: [(&str, Comparison); 4] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

const DEFAULTS: [&str; 2] = ["failed<1%", "dropped<1%"];

impl Objective {
    /// Reads an objective.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::Objective`] with the condition that cannot be read.
    pub fn parse(text: &str) -> Result<Self, WorkloadError> {
        let read = |text: &str| {
            let problem = || WorkloadError::Objective {
                condition: text.trim().chars().take(60).collect(),
                problem: "is none; write for example p(95)<800, failed<1%, dropped<1% or \
                          http_req_duration{endpoint:x}: p(95)<800",
            };
            Condition::parse(text.trim()).ok_or_else(problem)
        };
        let mut conditions = split(text).into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        for default in DEFAULTS {
            let default = read(default)?;
            if !conditions.iter().any(|own| own.metric() == default.metric()) {
                conditions.push(default);
            }
        }
        Ok(Objective { conditions })
    }

    /// The thresholds that a run has to evaluate.
    pub fn thresholds(&self) -> Vec<Threshold> {
        self.conditions.iter().filter_map(Condition::threshold).cloned().collect()
    }

    /// The conditions as they were written, and those that go without saying.
    pub fn conditions(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|condition| condition.text.as_str())
    }

    /// The greatest bound on a duration in milliseconds, which a user may be busy for.
    pub(crate) fn longest_ms(&self) -> Option<f64> {
        let bounds = self.conditions.iter().filter(|condition| condition.is_upper_duration());
        bounds.map(|condition| condition.bound).reduce(f64::max)
    }

    /// Whether a condition is about a percentile of durations, so that it takes samples to tell.
    pub(crate) fn is_of_percentile(threshold: &Threshold) -> bool {
        threshold.expression().starts_with("p(")
    }

    /// The condition, if any, that these endpoints have no samples for.
    pub(crate) fn check(&self, endpoints: &[Endpoint]) -> Result<(), WorkloadError> {
        let is_fed = |threshold: &Threshold| {
            let selector = threshold.selector();
            !series::is_of_requests(selector)
                || endpoints.iter().any(|endpoint| series::may_feed(endpoint, selector))
        };
        let unfed = self.conditions.iter().find(|own| own.threshold().is_some_and(|t| !is_fed(t)));
        match unfed {
            None => Ok(()),
            Some(condition) => Err(WorkloadError::Objective {
                condition: condition.text.clone(),
                problem: "is about nothing that is requested",
            }),
        }
    }

    /// The conditions that a run missed, each with what was observed.
    pub(crate) fn missed(&self, run: &RunSummary) -> Vec<String> {
        let missed = |condition: &Condition| {
            let observed = condition.observed(run);
            let holds =
                observed.is_some_and(|value| condition.comparison.holds(value, condition.bound));
            (!holds).then(|| format!("{}: {}", condition.text, condition.shown(observed)))
        };
        self.conditions.iter().filter_map(missed).collect()
    }

    /// Whether too many starts were dropped for this objective.
    pub(crate) fn is_dropped_missed(&self, run: &RunSummary) -> bool {
        let missed = |own: &Condition| {
            own.of == Of::Dropped
                && !own.observed(run).is_some_and(|value| own.comparison.holds(value, own.bound))
        };
        self.conditions.iter().any(missed)
    }
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        let (left, (sign, comparison), bound) = COMPARISONS.iter().find_map(|&(sign, own)| {
            let (left, bound) = text.split_once(sign)?;
            Some((left.trim(), (sign, own), bound.trim()))
        })?;
        let metric = |selector: &str, what: &str, bound: f64| {
            Threshold::parse(selector, &format!("{what}{sign}{bound}")).ok().map(Of::Metric)
        };
        // The colon of k6's grammar, and not one between a tag and its value.
        let in_full = left.rsplit_once(':').filter(|(_, what)| !what.contains('}'));
        let (of, bound) = match (left, in_full) {
            ("dropped", _) => (Of::Dropped, share(bound)?),
            ("failed", _) => (metric("http_req_failed", "rate", share(bound)?)?, share(bound)?),
            ("checks", _) => (metric("checks", "rate", share(bound)?)?, share(bound)?),
            (_, Some((selector, what))) => {
                (metric(selector, what.trim(), number(bound)?)?, number(bound)?)
            }
            (stat, None) => {
                let of = metric("http_req_duration", stat, millis(bound)?)?;
                // In short, only times are meant: a count of them is no objective.
                let is_time = matches!(&of, Of::Metric(threshold) if threshold.is_duration());
                (is_time.then_some(of)?, millis(bound)?)
            }
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Condition { text, of, comparison, bound })
    }

    fn threshold(&self) -> Option<&Threshold> {
        match &self.of {
            Of::Metric(threshold) => Some(threshold),
            Of::Dropped => None,
        }
    }

    /// What tells whether a default is said already.
    fn metric(&self) -> Option<&str> {
        self.threshold().map(|threshold| threshold.selector().name())
    }

    fn is_upper_duration(&self) -> bool {
        let is_below = matches!(self.comparison, Comparison::Less | Comparison::LessOrEqual);
        let of_requests = |own: &Threshold| {
            own.is_duration() && series::is_of_requests(&MetricKey::new(own.selector().name()))
        };
        is_below && self.threshold().is_some_and(of_requests)
    }

    /// What a run shows, in the unit of the bound.
    fn observed(&self, run: &RunSummary) -> Option<f64> {
        match &self.of {
            Of::Dropped if run.iterations.planned == 0 => None,
            Of::Dropped => Some(run.iterations.dropped as f64 / run.iterations.planned as f64),
            Of::Metric(threshold) => {
                run.thresholds.iter().find(|result| result.threshold == *threshold)?.observed
            }
        }
    }

    fn shown(&self, observed: Option<f64>) -> String {
        let is_share = self.threshold().is_none_or(|own| own.is_rate() && self.bound <= 1.0);
        match observed {
            None => "no samples".to_owned(),
            Some(value) if is_share => format!("{:.1} %", value * 100.0),
            Some(value) if self.threshold().is_some_and(Threshold::is_duration) => {
                format!("{value:.0} ms")
            }
            Some(value) => format!("{value:.2}"),
        }
    }
}

impl Comparison {
    fn holds(self, observed: f64, bound: f64) -> bool {
        match self {
            Comparison::Less => observed < bound,
            Comparison::LessOrEqual => observed <= bound,
            Comparison::Greater => observed > bound,
            Comparison::GreaterOrEqual => observed >= bound,
        }
    }
}

/// The parts between commas that are in no braces.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    let is_comma = |c: char| {
        depth = match c {
            '{' => depth + 1,
            '}' => depth.saturating_sub(1),
            _ => depth,
        };
        c == ',' && depth == 0
    };
    text.split(is_comma).collect()
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// `1%` or `0.01`.
fn share(text: &str) -> Option<f64> {
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent)? / 100.0,
        None => number(text)?,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

/// `800`, `800ms` or `0.8s`.
fn millis(text: &str) -> Option<f64> {
    match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(millis), _) => number(millis),
        (None, Some(seconds)) => number(seconds).map(|seconds| seconds * 1000.0),
        (None, None) => number(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let objective = Objective::parse(text).unwrap();
        let thresholds = objective.thresholds();
        thresholds.iter().map(Threshold::to_string).collect()
    }

    #[test]
    fn conditions_become_thresholds_and_the_rest_goes_without_saying() {
        assert_eq!(
            shown("p(95)<800,failed<1%"),
            ["http_req_duration: p(95)<800", "http_req_failed: rate<0.01"]
        );
        assert_eq!(
            shown(
                " avg <= 0.5s , http_req_duration{endpoint:a, role:list}: p(99.9)<1500, failed<0.05"
            ),
            [
                "http_req_duration: avg<=500",
                "http_req_duration{endpoint:a,role:list}: p(99.9)<1500",
                "http_req_failed: rate<0.05"
            ]
        );
        assert_eq!(shown("checks>99%")[0], "checks: rate>0.99");
        let said = Objective::parse("p(95)<1,dropped<5%").unwrap();
        assert_eq!(said.conditions().collect::<Vec<_>>(), ["p(95)<1", "dropped<5%", "failed<1%"]);
        assert_eq!(said.longest_ms(), Some(1.0));
    }

    #[test]
    fn what_is_no_condition_is_refused_with_its_text() {
        for text in [
            "",
            "p(95)",
            "p(95)<",
            "p(95)==800",
            "p95<800",
            "failed<200%",
            "failed<x",
            "p(95)<800,",
            "count<3",
            "x: p(95)<NaN",
        ] {
            let error = Objective::parse(text).unwrap_err();
            assert!(matches!(error, WorkloadError::Objective { .. }), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_was_missed_is_said_with_what_was_observed() {
        let objective = Objective::parse("p(95)<800").unwrap();
        let mut run = RunSummary::new("capacity");
        assert_eq!(objective.missed(&run).len(), 3, "nothing observed is nothing held");
        run.iterations.planned = 100;
        run.iterations.dropped = 2;
        let evaluate = |own: &Threshold| own.evaluate(&run.metrics, std::time::Duration::ZERO);
        let results = objective.thresholds().iter().map(evaluate).collect::<Vec<_>>();
        run.thresholds = results;
        run.thresholds[0].observed = Some(912.3);
        run.thresholds[1].observed = Some(0.0);
        assert_eq!(objective.missed(&run), ["p(95)<800: 912 ms", "dropped<1%: 2.0 %"]);
        assert!(objective.is_dropped_missed(&run));
    }
}
