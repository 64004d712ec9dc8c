//! Metrics in k6's blocks: custom, HTTP, execution, network.

use std::time::Duration;

use metrics::{Metric, MetricKey, RunSummary, Stat};

use crate::page::{Line, Page, Piece, Style};
use crate::{dotted, numbers, selection};

/// The window, in seconds, over which a peak is a mean.
const PEAK_SECONDS: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// Shown apart, by name.
    Checks,
    Custom,
    Http,
    Execution,
    Network,
}

fn block(name: &str) -> Block {
    match name {
        "checks" => Block::Checks,
        "http_reqs" | "http_reconnects" => Block::Http,
        "data_sent" | "data_received" => Block::Network,
        "vus" | "vus_max" | "dropped_iterations" | "iterations" => Block::Execution,
        _ if name.starts_with("http_req_") => Block::Http,
        _ if name.starts_with("iteration_") => Block::Execution,
        _ => Block::Custom,
    }
}

/// Adds a line for every metric that has samples or is a counter with a threshold.
pub(crate) fn push(page: &mut Page, run: &RunSummary, stats: &[Stat]) {
    let metrics = selection::metrics(run);
    for (title, wanted) in [
        ("CUSTOM", Block::Custom),
        ("HTTP", Block::Http),
        ("EXECUTION", Block::Execution),
        ("NETWORK", Block::Network),
    ] {
        let of_block = metrics.iter().filter(|(key, _)| block(key.name()) == wanted);
        let rows: Vec<_> = of_block
            .filter_map(|(key, metric)| Some((key, metric.as_ref()?)))
            .filter(|(key, metric)| is_shown(run, key, metric))
            .map(|(key, metric)| row(&display_name(key), key.name(), metric, run.window, stats))
            .collect();
        push_block(page, title, &rows);
    }
}

/// The busiest stretch of the run: what a ramp's mean hides.
pub(crate) fn push_peaks(page: &mut Page, run: &RunSummary) {
    let seconds = PEAK_SECONDS.min(run.series.seconds().len());
    let peak = |of: fn(&metrics::Second) -> u64| run.series.peak(seconds, of);
    let peaks = [
        ("http_reqs ended", peak(|second| second.requests)),
        ("iterations started", peak(|second| second.iterations)),
    ];
    let row = |(name, peak): (&str, Option<f64>)| {
        Some(dotted::Row::plain(name, [numbers::number(peak?) + "/s"]))
    };
    let rows: Vec<_> = peaks.into_iter().filter_map(row).collect();
    push_block(page, &format!("PEAK, MEAN OVER {seconds}s"), &rows);
}

fn push_block(page: &mut Page, title: &str, rows: &[dotted::Row]) {
    if rows.is_empty() {
        return;
    }
    page.push(Line::new(4).piece(Piece::new(Style::Bold, title)));
    dotted::push(page, 4, rows);
    page.gap();
}

fn is_shown(run: &RunSummary, key: &MetricKey, metric: &Metric) -> bool {
    let zero_matters = matches!(metric, Metric::Counter(0)) && selection::has_threshold(run, key);
    selection::has_samples(metric) || zero_matters
}

/// A part of a metric is shown below the whole: `  { expected_response:true }`.
fn display_name(key: &MetricKey) -> String {
    let tags = selection::tags(key);
    match tags.strip_prefix('{').and_then(|tags| tags.strip_suffix('}')) {
        Some(tags) => format!("  {{ {tags} }}"),
        None => key.name().to_owned(),
    }
}

/// One metric's row. `name` says what is counted, `shown` is what stands in the row.
pub(crate) fn row(
    shown: &str,
    name: &str,
    metric: &Metric,
    window: Duration,
    stats: &[Stat],
) -> dotted::Row {
    match metric {
        Metric::Counter(sum) => dotted::Row::plain(shown, counter(name, *sum, window)),
        Metric::Gauge(Some(gauge)) => dotted::Row::plain(
            shown,
            [gauge.last.to_string(), format!("min={}", gauge.min), format!("max={}", gauge.max)],
        ),
        Metric::Rate(rate) => dotted::Row::plain(
            shown,
            [numbers::rate_percent(rate), format!("{} out of {}", rate.trues, rate.total)],
        ),
        Metric::Trend(trend) => dotted::Row::labelled(
            shown,
            stats.iter().map(|&stat| (stat.to_string(), stat_text(stat, trend))),
        ),
        _ => dotted::Row::plain(shown, ["-".to_owned()]),
    }
}

fn counter(name: &str, sum: u64, window: Duration) -> Vec<String> {
    let mut values = vec![amount(name, sum as f64)];
    // Over no time at all there is no rate.
    if !window.is_zero() {
        values.push(amount(name, sum as f64 / window.as_secs_f64()) + "/s");
    }
    values
}

/// A counter's amount: bytes where the metric counts bytes.
pub(crate) fn amount(name: &str, amount: f64) -> String {
    if block(name) == Block::Network { numbers::bytes(amount) } else { numbers::number(amount) }
}

fn stat_text(stat: Stat, trend: &metrics::Trend) -> String {
    match stat {
        Stat::Count => trend.count().to_string(),
        _ => stat.duration(trend).map_or_else(|| "-".to_owned(), numbers::duration),
    }
}
