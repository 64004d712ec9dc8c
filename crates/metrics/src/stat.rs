use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{MetricsError, Trend};

/// A statistic of a trend, by the names of k6's `--summary-trend-stats`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stat {
    /// The mean: `avg`.
    Avg,
    /// The number of samples: `count`.
    Count,
    /// The greatest sample: `max`.
    Max,
    /// The median: `med`.
    Med,
    /// The least sample: `min`.
    Min,
    /// A percentile, 0 to 100: `p(95)`.
    Percentile(f64),
}

impl Stat {
    /// What k6 shows where nothing else is asked for.
    pub const DEFAULT: [Stat; 6] = [
        Stat::Avg,
        Stat::Min,
        Stat::Med,
        Stat::Max,
        Stat::Percentile(90.0),
        Stat::Percentile(95.0),
    ];

    /// Reads a list such as `avg,min,med,p(90),p(95),p(99),max`.
    ///
    /// # Errors
    ///
    /// [`MetricsError::Stat`] with the entry that names no statistic.
    pub fn parse_list(text: &str) -> Result<Vec<Stat>, MetricsError> {
        text.split(',').map(str::parse).collect()
    }

    /// The statistic's duration; `None` without samples, and for [`Stat::Count`], which is none.
    pub fn duration(self, trend: &Trend) -> Option<Duration> {
        match self {
            Stat::Avg => trend.mean(),
            Stat::Count => None,
            Stat::Max => trend.max(),
            Stat::Med => trend.percentile(50.0),
            Stat::Min => trend.min(),
            Stat::Percentile(percent) => trend.percentile(percent),
        }
    }

    /// The statistic as a number: milliseconds, or the number of samples for [`Stat::Count`].
    pub fn value(self, trend: &Trend) -> Option<f64> {
        match self {
            Stat::Count => (trend.count() > 0).then_some(trend.count() as f64),
            _ => self.duration(trend).map(|duration| duration.as_nanos() as f64 / 1e6),
        }
    }
}

impl FromStr for Stat {
    type Err = MetricsError;

    fn from_str(text: &str) -> Result<Self, MetricsError> {
        Ok(match text.trim() {
            "avg" => Stat::Avg,
            "count" => Stat::Count,
            "max" => Stat::Max,
            "med" => Stat::Med,
            "min" => Stat::Min,
            other => percentile(other).ok_or_else(|| MetricsError::Stat(text.to_owned()))?,
        })
    }
}

fn percentile(text: &str) -> Option<Stat> {
    let percent: f64 = text.strip_prefix("p(")?.strip_suffix(')')?.trim().parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(Stat::Percentile(percent))
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stat::Avg => f.write_str("avg"),
            Stat::Count => f.write_str("count"),
            Stat::Max => f.write_str("max"),
            Stat::Med => f.write_str("med"),
            Stat::Min => f.write_str("min"),
            Stat::Percentile(percent) => write!(f, "p({percent})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_list_is_read_and_shown_again() {
        let text = "avg,min,med,p(90),p(95),p(99.9),max,count";
        let shown: Vec<_> = Stat::parse_list(text).unwrap().iter().map(Stat::to_string).collect();
        assert_eq!(shown.join(","), text);
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["", "p95", "p(101)", "p(-1)", "p(NaN)", "median", "avg,,max"] {
            assert!(Stat::parse_list(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_are_milliseconds() {
        let mut trend = Trend::default();
        assert_eq!(Stat::Count.value(&trend), None);
        trend.record(Duration::from_micros(1500));
        assert_eq!(Stat::Max.value(&trend), Some(1.5));
        assert_eq!(Stat::Count.value(&trend), Some(1.0));
    }
}
