//! The run itself: what it was, whether its generator kept up, what the server's log said.

use maud::{Markup, html};
use metrics::{RunSummary, Validity};

use super::parts::{pairs, section};
use crate::page::Style;
use crate::{RunResult, generator, server, view};

pub(super) fn run(result: &RunResult) -> Markup {
    let settings: Vec<_> = result.settings.iter().collect();
    let body = html! {
        (pairs(&view::facts(result)))
        @if !settings.is_empty() {
            h3 { "Settings" }
            (pairs(&settings))
        }
        @if !result.files.is_empty() {
            h3 { "Files written beside" }
            ul { @for file in &result.files { li { (file.kind) ": " code { (file.name) } } } }
        }
    };
    section("run", "The run", &body)
}

/// The sums, written out so that a reader can check them.
pub(super) fn conservation(run: &RunSummary) -> Markup {
    let (iterations, requests, holds) = (run.iterations, run.requests, run.conservation());
    let sign = |holds: bool| if holds { "=" } else { "≠" };
    let class = |holds: bool| if holds { "good" } else { "bad" };
    let mark = |holds: bool| if holds { "✓ adds up: " } else { "✗ does not add up: " };
    let body = html! {
        ul.plain {
            li {
                span class=(class(holds.iterations)) { (mark(holds.iterations)) }
                (iterations.planned) " iterations planned " (sign(holds.iterations)) " "
                (iterations.completed) " completed + " (iterations.dropped) " dropped + "
                (iterations.interrupted) " interrupted"
            }
            li {
                span class=(class(holds.requests)) { (mark(holds.requests)) }
                (requests.sent) " requests sent " (sign(holds.requests)) " "
                (requests.expected) " expected + " (requests.unexpected) " unexpected + "
                (requests.errors) " errors + " (requests.interrupted) " interrupted"
            }
        }
    };
    section("conservation", "Is everything accounted for?", &body)
}

pub(super) fn generator(run: &RunSummary) -> Markup {
    let (Some(health), Some(validity)) = (&run.health, run.validity()) else { return html! {} };
    let (mark, class) = match validity {
        Validity::Valid => ("✓", "good"),
        Validity::Saturated(_) => ("✗", "bad"),
        _ => ("?", "doubt"),
    };
    let rows = generator::rows(health);
    let rows: Vec<_> = rows.iter().map(crate::dotted::Row::parts).collect();
    let body = html! {
        p { strong class=(class) { (mark) " " (validity.word()) } }
        @if !validity.reasons().is_empty() {
            ul { @for reason in validity.reasons() { li { (reason) } } }
        }
        (pairs(&rows))
    };
    section("generator", "The load generator", &body)
}

pub(super) fn server(result: &RunResult) -> Markup {
    let Some(window) = &result.server else { return html! {} };
    let (mark, style, text) = server::bad_gateways(window);
    let class = match style {
        Style::Good => "good",
        Style::Bad => "bad",
        _ => "doubt",
    };
    let rows = server::rows(window);
    let rows: Vec<_> = rows.iter().map(crate::dotted::Row::parts).collect();
    let notes = server::notes(&result.run, window);
    let body = html! {
        p { strong class=(class) { (mark) " " (text) } }
        @if !notes.is_empty() { ul { @for note in &notes { li { (note) } } } }
        (pairs(&rows))
    };
    section("server", "The server, by its access log", &body)
}
