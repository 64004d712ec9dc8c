//! What the sections of the page are made of.

use maud::{Markup, html};
use metrics::Outcome;

/// A section with its heading, which the contents at the top lead to.
pub(super) fn section(id: &str, title: &str, body: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-title" } {
            h2 id={ (id) "-title" } { (title) }
            (body)
        }
    }
}

/// A table that may be wider than the screen: it scrolls by itself, by keyboard too.
pub(super) fn scroll(label: &str, table: &Markup) -> Markup {
    html! { div.scroll role="group" aria-label=(label) tabindex="0" { (table) } }
}

/// A table's heading: columns of words, and then columns of numbers, which stand to the right.
pub(super) fn headings(words: &[&str], numbers: &[&str]) -> Markup {
    html! {
        tr {
            @for name in words { th scope="col" { (name) } }
            @for name in numbers { th.number scope="col" { (name) } }
        }
    }
}

/// Names and values in two columns.
pub(super) fn pairs<N: AsRef<str>, V: AsRef<str>>(rows: &[(N, V)]) -> Markup {
    html! {
        table.pairs {
            tbody {
                @for (name, value) in rows {
                    tr { th scope="row" { (name.as_ref()) } td { (value.as_ref()) } }
                }
            }
        }
    }
}

/// The class that gives an outcome its colour; the words beside it say the same.
pub(super) fn outcome_class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "good",
        Outcome::Fail => "bad",
        _ => "doubt",
    }
}
