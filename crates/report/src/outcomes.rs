//! What became of the requests, what was wrong with the bodies, and whether it all adds up.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use metrics::{Metric, RunSummary, ShapeViolation};

use crate::page::{Line, Page, Piece, Style};
use crate::{dotted, numbers};

/// How many different shape violations are shown; the rest is counted.
const VIOLATIONS_SHOWN: usize = 20;

/// Statuses and kinds of errors, with their counts.
pub(crate) fn push_outcomes(page: &mut Page, run: &RunSummary) {
    let outcomes = by_outcome(run);
    let all: u64 = outcomes.values().sum();
    if all == 0 {
        return;
    }
    page.section("OUTCOMES");
    let row = |(name, count): (String, u64)| {
        dotted::Row::plain(name, [count.to_string(), numbers::percent(count, all)])
    };
    dotted::push(page, 4, &outcomes.into_iter().map(row).collect::<Vec<_>>());
}

/// How often there was each status and each kind of error.
pub(crate) fn by_outcome(run: &RunSummary) -> BTreeMap<String, u64> {
    let mut outcomes = BTreeMap::new();
    for (key, metric) in run.metrics.iter().filter(|(key, _)| key.name() == "http_reqs") {
        let Metric::Counter(count @ 1..) = metric else { continue };
        let name = match (key.tag("status"), key.tag("error")) {
            (Some(status), _) => format!("status {status}"),
            (None, Some(error)) => format!("error {error}"),
            (None, None) => "unknown".to_owned(),
        };
        *outcomes.entry(name).or_default() += count;
    }
    outcomes
}

/// Distinct violations of the declared shapes, the most frequent first.
pub(crate) fn push_violations(page: &mut Page, run: &RunSummary) {
    if run.violations.is_empty() && run.violations_not_kept == 0 {
        return;
    }
    page.section("SHAPE VIOLATIONS");
    let mut violations: Vec<_> = run.violations.iter().collect();
    violations.sort_by_key(|violation| Reverse(violation.count));
    let (shown, rest) = violations.split_at(violations.len().min(VIOLATIONS_SHOWN));
    let width = shown.first().map_or(0, |most| most.count.to_string().len());
    shown.iter().for_each(|violation| push_violation(page, violation, width));
    if !rest.is_empty() {
        let count: u64 = rest.iter().map(|violation| violation.count).sum();
        note(page, &format!("and {} more kinds, {count} × in all", rest.len()));
    }
    if run.violations_not_kept > 0 {
        let count = run.violations_not_kept;
        note(page, &format!("and {count} responses whose violations were beyond the number kept"));
    }
}

fn push_violation(page: &mut Page, violation: &ShapeViolation, width: usize) {
    let ShapeViolation { endpoint, text, count, .. } = violation;
    let count = Piece::new(Style::Bad, format!("{count:>width$} ×"));
    let line = Line::new(4).hanging(width + 7).piece(count);
    page.push(line.words(Style::Plain, endpoint).words(Style::Plain, text));
    let (first, last) = (violation.first_at, violation.last_at);
    let when = format!(
        "first: response {}, {}; last {}",
        violation.first_response,
        numbers::seconds(first),
        numbers::seconds(last)
    );
    page.push(Line::new(width + 7).words(Style::Faint, &when));
}

fn note(page: &mut Page, text: &str) {
    page.push(Line::new(4).hanging(6).words(Style::Doubt, text));
}

/// The sums, written out so that a reader can check them.
pub(crate) fn push_conservation(page: &mut Page, run: &RunSummary) {
    page.section("CONSERVATION");
    let (iterations, requests) = (run.iterations, run.requests);
    push_equation(
        page,
        ("iterations", iterations.planned, "planned"),
        &[
            (iterations.completed, "completed"),
            (iterations.dropped, "dropped"),
            (iterations.interrupted, "interrupted"),
        ],
        run.conservation().iterations,
    );
    push_equation(
        page,
        ("requests", requests.sent, "sent"),
        &[
            (requests.expected, "expected"),
            (requests.unexpected, "unexpected"),
            (requests.errors, "errors"),
            (requests.interrupted, "interrupted"),
        ],
        run.conservation().requests,
    );
}

fn push_equation(
    page: &mut Page,
    (name, total, verb): (&str, u64, &str),
    terms: &[(u64, &str)],
    holds: bool,
) {
    let (mark, style) = if holds { ("✓", Style::Good) } else { ("✗", Style::Bad) };
    let mut line = Line::new(4)
        .hanging(6)
        .piece(Piece::new(style, mark))
        .piece(Piece::new(Style::Plain, format!("{name}:")).padded("iterations:".len()))
        .piece(Piece::new(Style::Value, total.to_string()).and(Style::Plain, format!(" {verb}")));
    let mut sign = if holds { "=" } else { "≠" };
    for (count, word) in terms {
        let term = Piece::new(Style::Plain, format!("{sign} "));
        line = line
            .piece(term.and(Style::Value, count.to_string()).and(Style::Plain, format!(" {word}")));
        sign = "+";
    }
    page.push(line);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_most_frequent_violations_are_shown_and_the_rest_is_counted() {
        let mut run = RunSummary::new("smoke");
        for number in 0..25 {
            let (endpoint, text) = ("list".to_owned(), format!("v{number:02}"));
            let mut violation = ShapeViolation { endpoint, text, ..ShapeViolation::default() };
            (0..=number).for_each(|n| violation.record(17 + n, Duration::from_millis(4_200 + n)));
            run.violations.push(violation);
        }
        let mut page = Page::default();
        push_violations(&mut page, &run);
        let shown = page.render(false, None);
        let when = "         first: response 17, 4.2 s; last 4.2 s\n";
        let first = format!("    25 × list v24\n{when}    24 × list v23\n");
        assert!(shown.contains(&first), "{shown}");
        let last = format!("     6 × list v05\n{when}    and 5 more kinds, 15 × in all\n");
        assert!(shown.contains(&last), "{shown}");
        assert!(!shown.contains("v04"), "{shown}");
    }
}
