//! How late the arrivals are that were seen, beside those that were planned.

use std::fmt;

use thiserror::Error;

/// Start lags, with the delay that all of them share taken away: what neither clock shows is where
/// the plan began. The zero is the smallest difference between seen and planned; the 1 % quantile of
/// the differences, which one early start does not move, is there as well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) starts: usize,
    pub(crate) over_least: Quantiles,
    pub(crate) over_p1: Quantiles,
}

/// Microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// Why there is nothing to judge.
#[derive(Debug, Error)]
pub(crate) enum JudgeError {
    #[error(
        "{planned} starts were planned and {seen} seen: lags cannot be told, as nothing says which are missing"
    )]
    Counts { planned: usize, seen: usize },
    #[error("there are no arrivals")]
    Empty,
    #[error("line {line} is no whole number of nanoseconds")]
    Line { line: usize },
}

/// Tools differ by a start or two in whether the last moment still counts.
const END_RULE: usize = 2;

/// Compares in the order of time. Counts may differ by what end rules differ.
pub(crate) fn judge(planned: &[u64], seen: &[u64]) -> Result<Judgement, JudgeError> {
    if planned.len().abs_diff(seen.len()) > END_RULE {
        return Err(JudgeError::Counts { planned: planned.len(), seen: seen.len() });
    }
    let (planned, seen) = (sorted(planned), sorted(seen));
    let differences = planned.iter().zip(&seen).map(|(&planned, &seen)| {
        // Both are within some hours, so that neither the sign nor a nanosecond is lost.
        i128::from(seen) - i128::from(planned)
    });
    let mut differences: Vec<_> = differences.collect();
    differences.sort_unstable();
    let (Some(&least), Some(&p1)) = (differences.first(), differences.get(differences.len() / 100))
    else {
        return Err(JudgeError::Empty);
    };
    let over = |zero| Quantiles::of(&differences, zero);
    Ok(Judgement { starts: differences.len(), over_least: over(least), over_p1: over(p1) })
}

/// So many starts at a constant rate a second, in nanoseconds.
pub(crate) fn constant(rate: u32, starts: usize) -> Vec<u64> {
    (0..starts as u64).map(|start| start * 1_000_000_000 / u64::from(rate)).collect()
}

/// Reads nanoseconds, one a line.
pub(crate) fn read_lines(text: &str) -> Result<Vec<u64>, JudgeError> {
    let parse = |(at, line): (usize, &str)| {
        line.trim().parse().map_err(|_| JudgeError::Line { line: at + 1 })
    };
    text.lines().enumerate().map(parse).collect()
}

fn sorted(times: &[u64]) -> Vec<u64> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times
}

impl Quantiles {
    fn of(sorted: &[i128], zero: i128) -> Self {
        let at = |hundredths: usize| {
            let place = (sorted.len() * hundredths).div_ceil(100).max(1) - 1;
            (sorted[place] - zero).max(0) as f64 / 1e3
        };
        Quantiles { p50: at(50), p90: at(90), p99: at(99), max: at(100) }
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quantiles { p50, p90, p99, max } = self;
        write!(f, "p50 {p50:.0} µs, p90 {p90:.0} µs, p99 {p99:.0} µs, max {max:.0} µs")
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} starts, lag of the arrivals", self.starts)?;
        writeln!(f, "  over the least difference: {}", self.over_least)?;
        write!(f, "  over its 1 % quantile:     {}", self.over_p1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED_DELAY: u64 = 5_000_000;

    #[test]
    fn the_shared_delay_is_taken_away_and_the_rest_is_lag() {
        let planned = constant(1000, 1000);
        let seen: Vec<_> = planned
            .iter()
            .enumerate()
            .map(|(at, start)| start + SHARED_DELAY + at as u64 * 100)
            .collect();
        let judgement = judge(&planned, &seen).unwrap();
        assert_eq!(judgement.starts, 1000);
        let lags = judgement.over_least;
        assert_eq!((lags.p50, lags.p90, lags.p99, lags.max), (49.9, 89.9, 98.9, 99.9));
        assert_eq!(judgement.over_p1.p50, 48.9);
    }

    #[test]
    fn one_early_start_moves_the_least_difference_only() {
        let planned = constant(1000, 1000);
        let mut seen: Vec<_> = planned.iter().map(|start| start + SHARED_DELAY).collect();
        seen[0] -= 400_000;
        let judgement = judge(&planned, &seen).unwrap();
        assert_eq!((judgement.over_least.p50, judgement.over_p1.p50), (400.0, 0.0));
    }

    #[test]
    fn what_does_not_fit_the_plan_is_not_judged() {
        let planned = constant(100, 100);
        assert!(judge(&planned, &planned[..98]).is_ok());
        let error = judge(&planned, &planned[..97]).unwrap_err().to_string();
        assert!(error.contains("100 starts were planned and 97 seen"), "{error}");
        assert!(matches!(judge(&[], &[]), Err(JudgeError::Empty)));
    }

    #[test]
    fn files_have_one_number_a_line() {
        assert_eq!(read_lines("0\n1000000\n").unwrap(), [0, 1_000_000]);
        assert!(matches!(read_lines("0\nx\n"), Err(JudgeError::Line { line: 2 })));
    }
}
