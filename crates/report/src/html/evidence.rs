//! The verdict's reasons: thresholds, findings, answers, bodies.

use maud::{Markup, html};
use metrics::{Finding, RunSummary, Severity};

use super::parts::{headings, outcome_class, scroll, section};
use crate::{numbers, outcomes, view};

/// How many rows a table of violations or drifts has; the rest is counted.
const ROWS_MAX: usize = 100;

pub(super) fn thresholds(run: &RunSummary) -> Markup {
    if run.thresholds.is_empty() {
        return section("thresholds", "Thresholds", &html! { p { "No threshold was set." } });
    }
    let table = html! {
        table {
            thead { (headings(&["Outcome", "Metric", "Condition"], &["Observed"])) }
            tbody {
                @for result in &run.thresholds {
                    @let (mark, word) = view::outcome(run.outcome(result));
                    tr {
                        td class=(outcome_class(run.outcome(result))) { (mark) " " (word) }
                        th.wraps scope="row" { code { (result.threshold.selector()) } }
                        td { code { (result.threshold.expression()) } }
                        td.number { (view::observed(run, result)) }
                    }
                }
            }
        }
    };
    section("thresholds", "Thresholds", &scroll("Thresholds", &table))
}

pub(super) fn findings(run: &RunSummary) -> Markup {
    if run.findings.is_empty() {
        return html! {};
    }
    let all = html! { @for finding in &run.findings { (finding_article(finding)) } };
    section("findings", "Findings", &all)
}

fn finding_article(finding: &Finding) -> Markup {
    let (mark, class) = match finding.severity {
        Severity::Problem => ("✗", "bad"),
        Severity::Warning => ("!", "doubt"),
        _ => ("·", "plain"),
    };
    html! {
        article.finding {
            h3 {
                span class=(class) { (mark) " " (finding.severity.word()) ": " }
                (finding.title) " " small { (finding.id) }
            }
            dl {
                dt { "Seen" } dd { (finding.seen) }
                dt { "Means" } dd { (finding.means) }
                @if !finding.next.is_empty() {
                    dt { "Next" }
                    dd { ol { @for step in &finding.next { li { (step) } } } }
                }
            }
        }
    }
}

pub(super) fn answers(run: &RunSummary) -> Markup {
    let answers = outcomes::by_outcome(run);
    let all: u64 = answers.values().sum();
    if all == 0 {
        return html! {};
    }
    let table = html! {
        table {
            thead { (headings(&["Answer"], &["Requests", "Share"])) }
            tbody {
                @for (name, count) in &answers {
                    tr {
                        th scope="row" { (name) } td.number { (count) }
                        td.number { (numbers::percent(*count, all)) }
                    }
                }
            }
        }
    };
    section("answers", "Answers", &scroll("Answers", &table))
}

pub(super) fn violations(run: &RunSummary) -> Markup {
    if run.violations.is_empty() && run.violations_not_kept == 0 {
        return html! {};
    }
    let mut violations: Vec<_> = run.violations.iter().collect();
    violations.sort_by_key(|violation| std::cmp::Reverse(violation.count));
    let hidden = violations.len().saturating_sub(ROWS_MAX);
    let numbers = ["Responses", "First response", "First", "Last"];
    let table = html! {
        table {
            thead { (headings(&["Endpoint", "Violation"], &numbers)) }
            tbody {
                @for violation in violations.iter().take(ROWS_MAX) {
                    tr {
                        th scope="row" { (violation.endpoint) }
                        td { code { (violation.text) } }
                        td.number { (violation.count) }
                        td.number { (violation.first_response) }
                        td.number { (numbers::seconds(violation.first_at)) }
                        td.number { (numbers::seconds(violation.last_at)) }
                    }
                }
            }
        }
    };
    let body = html! {
        (scroll("Shape violations", &table))
        @if hidden > 0 { p.note { "and " (hidden) " more kinds" } }
        @if run.violations_not_kept > 0 {
            p.note { "and " (run.violations_not_kept) " responses whose violations were beyond the number kept" }
        }
    };
    section("violations", "Shape violations", &body)
}

pub(super) fn drifts(run: &RunSummary) -> Markup {
    let hidden = run.drifts.len().saturating_sub(ROWS_MAX) as u64 + run.drifts_not_kept;
    if run.drifts.is_empty() && hidden == 0 {
        return html! {};
    }
    let body = html! {
        ul {
            @for drift in run.drifts.iter().take(ROWS_MAX) {
                li { b { (drift.endpoint) } " " code { (drift) } }
            }
        }
        @if hidden > 0 { p.note { "and " (hidden) " more" } }
    };
    section("drifts", "Fields that changed during the run", &body)
}
