//! What `loadtest capacity` prints.

use std::time::Duration;

use workload::capacity::{Bound, Ended, Rate, Trial};
use workload::{BrokenOff, CapacityResult, CapacityStep, CapacityTest};

pub(super) const COLUMNS: &str =
    "step    rate/s  achieved  requests/s       p95  failed  dropped    VUs  verdict\n";

pub(super) fn heading(test: &CapacityTest<'_>) -> String {
    let conditions: Vec<_> = test.config().objective.conditions().collect();
    let search = test.config().search;
    format!(
        "capacity: the highest rate of iterations, {} to {} a second, that holds {}; an iteration \
         makes {} HTTP requests\n",
        search.min.min(search.from),
        search.max,
        conditions.join(", "),
        rounded(test.requests_per_iteration()),
    )
}

pub(super) fn row(number: usize, step: &CapacityStep) -> String {
    let verdict = match step.trial {
        Trial::Held => "held",
        Trial::Failed => "failed",
        Trial::Limited => "no evidence",
    };
    let row = format!(
        "{number:>4}{:>10}{:>10.1}{:>12.1}{:>10}{:>8}{:>9}{:>7}  {verdict}",
        step.rate.to_string(),
        step.achieved,
        step.requests_per_second,
        step.p95.map_or_else(|| "-".to_owned(), millis),
        step.failed.map_or_else(|| "-".to_owned(), percent),
        percent(step.dropped),
        step.vus,
    );
    let reasons = step.reasons.join("; ");
    if reasons.is_empty() { row + "\n" } else { format!("{row}: {reasons}\n") }
}

pub(super) fn verdict(result: &CapacityResult) -> String {
    let mut text = format!("\n  {}\n", headline(result));
    if let Some(holds) = &result.finding.holds {
        text += &format!("  {}\n", trials(holds, "held"));
    }
    if let Some(fails) = &result.finding.fails {
        text += &format!("  {}\n", trials(fails, "did not hold"));
    }
    if let Some(holds) = result.finding.holds.filter(|_| result.broken_off.is_none()) {
        text += &format!(
            "  {:.1} % sure that a step at {}/s holds more often than not (sign test)\n",
            holds.tally.confidence() * 100.0,
            holds.rate
        );
    }
    text
}

fn headline(result: &CapacityResult) -> String {
    let rate = |rate: Rate| {
        let requests = rounded(rate.per_second() * result.requests_per_iteration);
        format!("{rate} iterations/s ({requests} HTTP requests/s)")
    };
    let (holds, fails) = (result.finding.holds, result.finding.fails);
    let at_least = match holds {
        Some(holds) => format!("at least {}", rate(holds.rate)),
        None => "no rate held".to_owned(),
    };
    let below = fails.map_or_else(String::new, |fails| format!(", below {}", rate(fails.rate)));
    match (result.broken_off, result.finding.ended) {
        (Some(BrokenOff::Interrupted), _) => format!("INTERRUPTED  {at_least}{below}"),
        (Some(_), _) => format!("NO EVIDENCE  the time was up: {at_least}{below}"),
        (None, Ended::Found) => {
            format!("CAPACITY  {}{below}", holds.map_or_else(String::new, |own| rate(own.rate)))
        }
        (None, Ended::AtMaximum) => {
            format!("CAPACITY  {at_least}, which is as much as was to be tried")
        }
        (None, Ended::GeneratorLimit) => {
            format!("NO EVIDENCE  {at_least}; above it, the generator was the limit")
        }
        (None, Ended::BelowMinimum) => {
            let lowest = fails.map_or_else(String::new, |fails| rate(fails.rate));
            format!("FAIL  below {lowest}: not even that holds the objective")
        }
        (None, _) => format!("NO EVIDENCE  the service answers too unevenly: {at_least}{below}"),
    }
}

/// `3 of 3 steps held at 59.1/s`.
fn trials(bound: &Bound, verb: &str) -> String {
    let tally = bound.tally;
    let count = if verb == "held" { tally.held } else { tally.total() - tally.held };
    let more = if bound.is_settled { "" } else { ", which is too few to rely on" };
    format!("{count} of {} steps {verb} at {}/s{more}", tally.total(), bound.rate)
}

fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
