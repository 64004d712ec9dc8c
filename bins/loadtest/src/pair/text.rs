//! What `loadtest pair` prints when the run is over.

use metrics::{PairedComparison, PairedStat, PairedVerdict, RunSummary, Validity};

/// A line for each endpoint and statistic.
pub(super) fn table(comparisons: &[PairedComparison]) -> String {
    let width =
        comparisons.iter().map(|own| own.endpoint.chars().count()).max().unwrap_or(0).max(8);
    let mut text = format!(
        "\n{:<width$}  {:<7}{:>12}{:>12}{:>10}  {:<20}verdict\n",
        "endpoint", "of", "base", "new", "change", "interval"
    );
    for own in comparisons {
        let (of, base, new) = match own.stat {
            PairedStat::Percentile(percent) => {
                (format!("p({percent})"), millis(own.base), millis(own.new))
            }
            _ => ("failed".to_owned(), percent(own.base), percent(own.new)),
        };
        let interval = own.interval.map_or_else(
            || "-".to_owned(),
            |(low, high)| format!("{} to {}", signed(low), signed(high)),
        );
        text += &format!(
            "{:<width$}  {of:<7}{base:>12}{new:>12}{:>10}  {interval:<20}{}\n",
            own.endpoint,
            own.difference.map_or_else(|| "-".to_owned(), signed),
            word(own),
        );
    }
    text
}

pub(super) fn verdict(
    summary: &RunSummary,
    comparisons: &[PairedComparison],
    not_kept: u64,
) -> String {
    let count = |wanted| comparisons.iter().filter(|own| own.verdict() == wanted).count();
    let regressions = count(PairedVerdict::Regression);
    let cannot_tell = count(PairedVerdict::CannotTell);
    let headline = match summary.validity() {
        Some(Validity::Saturated(reasons)) => {
            let why = reasons.first().map_or("", |reason| reason.seen.as_str());
            format!("NO EVIDENCE  the generator was the limit: {why}")
        }
        _ if !super::is_evidence(summary, comparisons) => {
            "NO EVIDENCE  too few requests to compare; a longer run has more".to_owned()
        }
        _ if regressions > 0 => format!("FAIL  {regressions} beyond the tolerance for sure"),
        _ if cannot_tell > 0 => {
            format!(
                "PASS  no regression is certain; {cannot_tell} of {} cannot be told, a longer run may",
                comparisons.len()
            )
        }
        _ => "PASS  no regression".to_owned(),
    };
    let mut text = format!("\n  {headline}\n");
    text += "  intervals hold all together in 95 % of runs (block bootstrap)\n";
    if not_kept > 0 {
        text += &format!("  {not_kept} requests came after those that are compared\n");
    }
    text
}

fn word(comparison: &PairedComparison) -> &'static str {
    let is_time = matches!(comparison.stat, PairedStat::Percentile(_));
    match comparison.verdict() {
        PairedVerdict::Regression if is_time => "slower, beyond the tolerance",
        PairedVerdict::Regression => "more, beyond the tolerance",
        PairedVerdict::Worse if is_time => "slower",
        PairedVerdict::Worse => "more",
        PairedVerdict::Better if is_time => "faster",
        PairedVerdict::Better => "fewer",
        PairedVerdict::Same => "the same, within the tolerance",
        _ => "can't be told",
    }
}

fn millis(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2} ms"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0))
}

fn signed(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}
