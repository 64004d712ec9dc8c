//! Each endpoint: what was measured, and whose time it was.

use maud::{Markup, html};
use metrics::{RunSummary, Stat};

use super::parts::{headings, scroll, section};
use crate::endpoints::{EndpointStats, by_endpoint};
use crate::ledger::{Ledger, PARTS};
use crate::numbers;

const STATS: [(&str, Stat); 7] = [
    ("avg", Stat::Avg),
    ("med", Stat::Med),
    ("p(90)", Stat::Percentile(90.0)),
    ("p(95)", Stat::Percentile(95.0)),
    ("p(99)", Stat::Percentile(99.0)),
    ("p(99.9)", Stat::Percentile(99.9)),
    ("max", Stat::Max),
];

pub(super) fn table(run: &RunSummary) -> Markup {
    let endpoints = by_endpoint(run);
    if endpoints.is_empty() {
        return html! {};
    }
    let mut numbers = vec!["Requests", "Failed", "Shape errors"];
    numbers.extend(STATS.map(|(name, _)| name));
    let table = html! {
        table {
            caption { "Times are http_req_duration, from the first byte sent to the last one received." }
            thead { (headings(&["Endpoint"], &numbers)) }
            tbody { @for endpoint in &endpoints { (row(endpoint)) } }
        }
    };
    section("endpoints", "Endpoints", &scroll("Endpoints", &table))
}

fn row(endpoint: &EndpointStats) -> Markup {
    let EndpointStats { name, requests, failed, shape_errors, durations } = endpoint;
    let class = |count: u64| if count > 0 { "number bad" } else { "number" };
    let unknown = || "–".to_owned();
    html! {
        tr {
            th scope="row" { (name) }
            td.number { (requests) }
            td class=(class(failed.trues)) {
                (if failed.total > 0 { numbers::rate_percent(failed) } else { unknown() })
            }
            td class=(class(shape_errors.trues)) {
                (if shape_errors.total > 0 { shape_errors.trues.to_string() } else { unknown() })
            }
            @for (_, stat) in STATS {
                td.number { (stat.duration(durations).map_or_else(unknown, numbers::duration)) }
            }
        }
    }
}

/// The latency ledger: how the response time, counted from the plan, is made up.
pub(super) fn ledger(run: &RunSummary) -> Markup {
    let ledgers: Vec<_> = by_endpoint(run)
        .into_iter()
        .filter_map(|endpoint| Some((Ledger::new(run, &endpoint.name)?, endpoint.name)))
        .collect();
    if ledgers.is_empty() {
        return html! {};
    }
    let body = html! {
        p {
            "The mean response time, from the planned start to the end of the body, and its parts in "
            "the order in which they happen. Below each share is the part's own 95th percentile; "
            "percentiles of parts do not add up. The lag's is that of all iterations."
        }
        (scroll("Where the time went", &ledger_table(&ledgers)))
        details {
            summary { "What the parts are" }
            dl { @for (name, meaning) in PARTS { dt { (name) } dd { (meaning) } } }
        }
    };
    section("ledger", "Where the time went", &body)
}

fn ledger_table(ledgers: &[(Ledger, String)]) -> Markup {
    let mut numbers = vec!["Mean"];
    numbers.extend(PARTS.map(|(name, _)| name));
    html! {
        table {
            thead { (headings(&["Endpoint", "The p95 is the time of"], &numbers)) }
            tbody {
                @for (ledger, name) in ledgers {
                    tr {
                        th scope="row" { (name) br; small { (ledger.count) " requests" } }
                        td { (ledger.slowest().unwrap_or("–")) }
                        td.number { (numbers::duration(ledger.mean)) }
                        @for part in ledger.parts {
                            td.number {
                                span title=(numbers::duration(part.mean)) { (numbers::share(part.share)) }
                                br;
                                small { (part.p95.map_or("–".to_owned(), numbers::duration)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
