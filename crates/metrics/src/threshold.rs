use std::fmt;
use std::time::Duration;

use crate::{MetricKey, MetricsError, Stat};

/// A condition on a metric, in k6's grammar: a selector and an expression such as `p(95)<800`,
/// `rate<0.01` or `count==0`. Trends are compared in milliseconds, rates as shares of 1, counter
/// rates as events a second of the load window.
///
/// Beyond k6's grammar, `p(95)<800 window=10s` is a condition on every 10 s of a run: it has to hold
/// in each whole window that has samples, one beginning with each second. It needs the set's
/// [timeline](crate::Timeline), which has percentiles within 1 %. In a run of more than half an hour
/// windows begin with each block of the timeline, and last for whole ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    selector: MetricKey,
    expression: String,
    pub(crate) aggregation: Aggregation,
    pub(crate) comparison: Comparison,
    pub(crate) bound: f64,
    abort_on_fail: Option<Duration>,
    window: Option<Duration>,
}

/// The longest window, in seconds: a day.
const WINDOW_MAX_S: u64 = 24 * 60 * 60;

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
    /// [`MetricsError::Key`], [`MetricsError::Threshold`] or [`MetricsError::Window`] with the text
    /// that cannot be read.
    pub fn parse(selector: &str, expression: &str) -> Result<Self, MetricsError> {
        let invalid = || MetricsError::Threshold(expression.to_owned());
        let (condition, length) = match expression.split_once("window") {
            Some((condition, length)) => {
                let length = length.trim().strip_prefix('=').ok_or_else(invalid)?.trim();
                (condition.trim(), Some(length))
            }
            None => (expression, None),
        };
        let (aggregation, comparison, bound) = split(condition).ok_or_else(invalid)?;
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
        let window = length.map(window).transpose()?;
        let mut expression: String = condition.split_whitespace().collect();
        if let Some(length) = length {
            expression += " window=";
            expression += length;
        }
        let abort_on_fail = None;
        Ok(Threshold {
            selector,
            expression,
            aggregation,
            comparison,
            bound,
            abort_on_fail,
            window,
        })
    }

    /// The metric that the threshold looks at.
    pub fn selector(&self) -> &MetricKey {
        &self.selector
    }

    /// The condition as it was written, without spaces but for the one before a window.
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

    /// How long a window is, of which every one has to meet the condition; `None` if it is about the
    /// whole run.
    pub fn window(&self) -> Option<Duration> {
        self.window
    }

    pub(crate) fn without_window(&self) -> Self {
        Threshold { window: None, ..self.clone() }
    }

    /// The value that the observed one is compared with, in milliseconds, as a share of 1, or as a
    /// number.
    pub fn bound(&self) -> f64 {
        self.bound
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

/// A length in whole seconds, such as `10s`, `1m` or `1m30s`.
fn window(text: &str) -> Result<Duration, MetricsError> {
    let invalid = || MetricsError::Window(text.to_owned());
    let (mut rest, mut seconds) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let number: u64 = rest[..digits].parse().map_err(|_| invalid())?;
        let (unit, after) = rest[digits..].split_at_checked(1).ok_or_else(invalid)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(invalid()),
        };
        seconds = number
            .checked_mul(unit)
            .and_then(|more| more.checked_add(seconds))
            .ok_or_else(invalid)?;
        rest = after;
    }
    if !(1..=WINDOW_MAX_S).contains(&seconds) {
        return Err(invalid());
    }
    Ok(Duration::from_secs(seconds))
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.selector, self.expression)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_whole_seconds() {
        for (expression, shown, seconds) in [
            ("p(95) < 800 window=10s", "p(95)<800 window=10s", 10),
            ("rate<0.01  window=1m", "rate<0.01 window=1m", 60),
            ("max<=3 window = 1m30s", "max<=3 window=1m30s", 90),
            ("count==0 window=24h", "count==0 window=24h", 86_400),
        ] {
            let threshold = Threshold::parse("d", expression).unwrap();
            assert_eq!(threshold.window(), Some(Duration::from_secs(seconds)));
            assert_eq!(threshold.expression(), shown);
        }
        for text in [
            "",
            "10",
            "s",
            "0s",
            "500ms",
            "1.5s",
            "-1s",
            "25h",
            "10s 5",
            "1é",
            "99999999999999999999s",
        ] {
            let error = Threshold::parse("d", &format!("p(95)<1 window={text}")).unwrap_err();
            assert!(matches!(error, MetricsError::Window(_)), "{text}: {error}");
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
