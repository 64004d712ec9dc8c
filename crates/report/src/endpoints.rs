//! One line an endpoint.

use std::collections::BTreeSet;

use metrics::{MetricKey, Rate, RunSummary, Stat, Trend};

use crate::page::{Line, Page, Piece, Style};
use crate::{numbers, selection};

const HEADINGS: [&str; 9] =
    ["endpoint", "requests", "failed", "shape errors", "avg", "med", "p(95)", "p(99)", "max"];

const STATS: [Stat; 5] =
    [Stat::Avg, Stat::Med, Stat::Percentile(95.0), Stat::Percentile(99.0), Stat::Max];

/// Rates of responses whose body does not have the declared shape.
const SHAPE_ERRORS: [&str; 2] = ["works_list_shape_error_rate", "works_detail_shape_error_rate"];

/// The spaces between columns, and those before the first.
const GAP: usize = 2;
const INDENT: usize = 4;

struct Cell {
    text: String,
    style: Style,
}

type Row = [Cell; HEADINGS.len()];

/// What was measured of one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct EndpointStats {
    pub(crate) name: String,
    pub(crate) requests: u64,
    pub(crate) failed: Rate,
    /// Of the bodies that were checked.
    pub(crate) shape_errors: Rate,
    pub(crate) durations: Trend,
}

/// Every endpoint that anything was measured of, by name.
pub(crate) fn by_endpoint(run: &RunSummary) -> Vec<EndpointStats> {
    let names: BTreeSet<_> = ["http_reqs", "http_req_failed", "http_req_duration"]
        .into_iter()
        .flat_map(|metric| selection::tag_values(run, metric, "endpoint"))
        .collect();
    names.into_iter().map(|name| EndpointStats::new(run, name)).collect()
}

impl EndpointStats {
    fn new(run: &RunSummary, name: &str) -> Self {
        let of = |metric: &str| MetricKey::new(metric).with("endpoint", name);
        EndpointStats {
            name: name.to_owned(),
            requests: run.metrics.count(&of("http_reqs")),
            failed: run.metrics.select_rate(&of("http_req_failed")),
            shape_errors: sum(SHAPE_ERRORS.map(|metric| run.metrics.select_rate(&of(metric)))),
            durations: run.metrics.select_trend(&of("http_req_duration")),
        }
    }
}

pub(crate) fn push(page: &mut Page, run: &RunSummary, width: Option<usize>) {
    let endpoints = by_endpoint(run);
    if endpoints.is_empty() {
        return;
    }
    page.section("ENDPOINTS");
    let rows: Vec<_> = endpoints.iter().map(row).collect();
    let widths = widths(&rows);
    let table_width = INDENT + widths.iter().sum::<usize>() + GAP * (widths.len() - 1);
    if width.is_none_or(|width| table_width <= width) {
        push_table(page, &rows, &widths);
    } else {
        rows.iter().for_each(|row| push_block(page, row));
    }
}

fn row(endpoint: &EndpointStats) -> Row {
    let EndpointStats { name, requests, failed, shape_errors, durations } = endpoint;
    let [avg, med, p95, p99, max] =
        STATS.map(|stat| plain(stat.duration(durations).map(numbers::duration)));
    [
        plain(Some(name.clone())),
        plain(Some(requests.to_string())),
        errors(failed, numbers::rate_percent(failed)),
        errors(shape_errors, shape_errors.trues.to_string()),
        avg,
        med,
        p95,
        p99,
        max,
    ]
}

fn sum(rates: [Rate; 2]) -> Rate {
    let [a, b] = rates;
    Rate { trues: a.trues + b.trues, total: a.total + b.total }
}

/// `-` stands for what was not measured.
fn plain(text: Option<String>) -> Cell {
    Cell { text: text.unwrap_or_else(|| "-".to_owned()), style: Style::Plain }
}

fn errors(rate: &Rate, text: String) -> Cell {
    let style = if rate.trues > 0 { Style::Bad } else { Style::Plain };
    Cell { style, ..plain((rate.total > 0).then_some(text)) }
}

fn widths(rows: &[Row]) -> [usize; HEADINGS.len()] {
    std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].text.chars().count());
        cells.max().unwrap_or(0).max(HEADINGS[column].len())
    })
}

fn push_table(page: &mut Page, rows: &[Row], widths: &[usize; HEADINGS.len()]) {
    let headings = HEADINGS.map(|text| Cell { text: text.to_owned(), style: Style::Faint });
    for row in std::iter::once(&headings).chain(rows) {
        let mut line = Line::new(INDENT);
        for (column, (cell, &width)) in row.iter().zip(widths).enumerate() {
            line = line.piece(match column {
                0 => Piece::new(cell.style, &cell.text).padded(width),
                // The line itself puts one space between pieces.
                _ => Piece::new(cell.style, format!("{:>1$}", cell.text, width + GAP - 1)),
            });
        }
        page.push(line);
    }
}

/// The form for a terminal that the table does not fit on.
fn push_block(page: &mut Page, row: &Row) {
    let [endpoint, rest @ ..] = row;
    page.push(Line::new(INDENT).piece(Piece::new(Style::Plain, &endpoint.text)));
    let mut line = Line::new(INDENT + 2);
    for (heading, cell) in HEADINGS.iter().skip(1).zip(rest) {
        let value = if cell.style == Style::Plain { Style::Value } else { cell.style };
        let label = Piece::new(Style::Plain, format!("{heading}="));
        line = line.piece(label.and(value, &cell.text));
    }
    page.push(line);
}
