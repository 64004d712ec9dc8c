//! The figures: the run over its time, and how its durations are distributed.

use maud::{Markup, PreEscaped, html};
use metrics::{MetricKey, RunSummary, Trend};
use plotters::style::RGBColor;

use super::draw::{self, BLUE, GREEN, GREY, ORANGE, Panel, PlotLine, Size};
use super::parts::{scroll, section};
use crate::numbers;
use crate::timeline::{Tick, Timeline};

/// What a wide and a narrow chart have points for, and the table has rows for.
const POINTS_WIDE: usize = 300;
const POINTS_NARROW: usize = 120;
const ROWS: usize = 120;

/// The bars of the distribution.
const BINS: usize = 48;

/// Load and latency on one time axis.
pub(super) fn over_time(timeline: &Timeline) -> Markup {
    if timeline.ticks.is_empty() {
        return section("time", "Over time", &html! { p { "Nothing happened in this run." } });
    }
    let (wide, narrow) = (timeline.binned(POINTS_WIDE), timeline.binned(POINTS_NARROW));
    let seconds = timeline.ticks.len() as f64;
    let all = panels(&wide);
    let label = all.iter().map(describe).collect::<Vec<_>>().join("; ");
    let body = html! {
        figure {
            (svg(&draw::panels(&all, seconds, Size::WIDE), Size::WIDE, all.len(), &label, true))
            (svg(&draw::panels(&panels(&narrow), seconds, Size::NARROW), Size::NARROW, all.len(), &label, false))
            figcaption { (legend(&all)) }
        }
        @if wide.ticks.iter().all(|tick| tick.percentiles.is_none()) {
            p.note { "Percentiles were not kept second by second in this run." }
        }
        details {
            summary { "The same as a table" }
            (table(&timeline.binned(ROWS)))
        }
    };
    section("time", "Load and latency over time", &body)
}

fn panels(timeline: &Timeline) -> Vec<Panel> {
    let line = |name, colour, of: &dyn Fn(&Tick) -> Option<f64>| {
        let point = |tick: &Tick| (tick.second as f64 + tick.seconds as f64 / 2.0, of(tick));
        PlotLine { name, colour, points: timeline.ticks.iter().map(point).collect() }
    };
    let rate = |name, colour, of: fn(&Tick) -> Option<u64>| {
        line(name, colour, &|tick| of(tick).map(|count| count as f64 / tick.seconds as f64))
    };
    let percentile = |name, colour, at: usize| {
        line(name, colour, &|tick| tick.percentiles.map(|all| all[at].as_secs_f64() * 1e3))
    };
    let starts = vec![
        rate("planned", GREY, |tick| tick.planned),
        rate("started", BLUE, |tick| Some(tick.iterations)),
        rate("dropped", ORANGE, |tick| Some(tick.dropped)),
    ];
    let requests = vec![
        rate("ended", BLUE, |tick| Some(tick.requests)),
        rate("failed", ORANGE, |tick| Some(tick.failed)),
    ];
    let latency = vec![
        percentile("p99", ORANGE, 2),
        percentile("p95", BLUE, 1),
        percentile("median", GREEN, 0),
    ];
    let vus = vec![line("at once", BLUE, &|tick| tick.vus.map(|vus| vus as f64))];
    let known = |title, unit, mut lines: Vec<PlotLine>| {
        lines.retain(|line| line.points.iter().any(|(_, value)| value.is_some()));
        (!lines.is_empty()).then_some(Panel { title, unit, lines })
    };
    let all = [
        known("Iterations", "a second", starts),
        known("Requests", "a second", requests),
        known("http_req_duration", "ms", latency),
        known("Virtual users", "most", vus),
    ];
    all.into_iter().flatten().collect()
}

/// What the lines of a panel are, for those who do not see them.
fn describe(panel: &Panel) -> String {
    let range = |line: &PlotLine| {
        let values = || line.points.iter().filter_map(|(_, value)| *value);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        format!("{} from {low:.1} to {high:.1}", line.name)
    };
    let ranges: Vec<_> = panel.lines.iter().map(range).collect();
    format!("{}, {}: {}", panel.title, panel.unit, ranges.join(", "))
}

/// One of two drawings: the wide one, or the one that narrow screens show in its place. Without the
/// style sheet only the wide one is seen.
fn svg(inside: &str, size: Size, panels: usize, label: &str, is_wide: bool) -> Markup {
    let height = size.panel_height * panels as u32;
    drawing(inside, (size.width, height), label, is_wide)
}

fn drawing(inside: &str, (width, height): (u32, u32), label: &str, is_wide: bool) -> Markup {
    let class = if is_wide { "chart wide" } else { "chart narrow" };
    html! {
        div class=(class) hidden[!is_wide] {
            svg role="img" aria-label=(label) viewBox={ "0 0 " (width) " " (height) } width="100%"
                xmlns="http://www.w3.org/2000/svg" { (PreEscaped(inside)) }
        }
    }
}

fn legend(panels: &[Panel]) -> Markup {
    html! {
        @for panel in panels {
            span.legend {
                b { (panel.title) ":" }
                @for line in &panel.lines { " " span.key { (swatch(line.colour)) " " (line.name) } }
            }
            " "
        }
    }
}

fn swatch(RGBColor(red, green, blue): RGBColor) -> Markup {
    let colour = format!("#{red:02X}{green:02X}{blue:02X}");
    html! {
        svg.swatch aria-hidden="true" viewBox="0 0 30 8" width="30" height="8" {
            line x1="0" y1="4" x2="30" y2="4" stroke=(colour) stroke-width="3" {}
        }
    }
}

fn table(timeline: &Timeline) -> Markup {
    let known = |count: Option<u64>| count.map_or("–".to_owned(), |count| count.to_string());
    let percentile = |tick: &Tick, at: usize| {
        tick.percentiles.map_or("–".to_owned(), |all| numbers::duration(all[at]))
    };
    let length = timeline.ticks.first().map_or(1, |tick| tick.seconds);
    let headings =
        ["planned", "started", "dropped", "requests", "failed", "VUs", "median", "p95", "p99"];
    scroll(
        "The run second by second",
        &html! {
            table {
                caption { "Counts in each " @if length == 1 { "second" } @else { (length) " seconds" } }
                thead { tr { th scope="col" { "second" } @for name in headings { th scope="col" { (name) } } } }
                tbody {
                    @for tick in &timeline.ticks {
                        tr {
                            th scope="row" { (tick.second) }
                            td { (known(tick.planned)) } td { (tick.iterations) } td { (tick.dropped) }
                            td { (tick.requests) } td { (tick.failed) } td { (known(tick.vus)) }
                            @for at in 0..3 { td { (percentile(tick, at)) } }
                        }
                    }
                }
            }
        },
    )
}

/// How `http_req_duration` is distributed, over all endpoints.
pub(super) fn distribution(run: &RunSummary) -> Markup {
    let trend = run.metrics.select_trend(&MetricKey::new("http_req_duration"));
    let bars = bins(&trend);
    if bars.is_empty() {
        return html! {};
    }
    let marks: Vec<_> = [(50.0, GREEN), (95.0, GREY), (99.0, ORANGE)]
        .into_iter()
        .filter_map(|(percent, colour)| {
            Some((trend.percentile(percent)?.as_secs_f64() * 1e3, colour))
        })
        .filter(|(at, _)| *at > 0.0)
        .collect();
    let title = "http_req_duration, % of the requests";
    let label = format!("{title}: {}", percentiles_in_words(&trend));
    let draw = |size: Size| draw::bars(title, &bars, &marks, size);
    let box_of = |size: Size| (size.width, size.panel_height + 30);
    let body = html! {
        figure {
            (drawing(&draw(Size::WIDE), box_of(Size::WIDE), &label, true))
            (drawing(&draw(Size::NARROW), box_of(Size::NARROW), &label, false))
            figcaption {
                span.legend {
                    (trend.count()) " durations; the time is on a logarithmic scale. "
                    (swatch(GREEN)) " median " (swatch(GREY)) " p95 " (swatch(ORANGE)) " p99"
                }
            }
        }
        p { (percentiles_in_words(&trend)) "." }
    };
    section("distribution", "Distribution of the latency", &body)
}

fn percentiles_in_words(trend: &Trend) -> String {
    let percentile = |(name, percent): (&str, f64)| {
        Some(format!("{name} {}", numbers::duration(trend.percentile(percent)?)))
    };
    let named = [
        ("median", 50.0),
        ("p75", 75.0),
        ("p90", 90.0),
        ("p95", 95.0),
        ("p99", 99.0),
        ("p99.9", 99.9),
    ];
    let max = trend.max().map(|max| format!("max {}", numbers::duration(max)));
    named.into_iter().filter_map(percentile).chain(max).collect::<Vec<_>>().join(", ")
}

/// Bars of equal width on a logarithmic scale: from, to (milliseconds) and per cent of all samples.
fn bins(trend: &Trend) -> Vec<(f64, f64, f64)> {
    let (Some(min), Some(max)) = (trend.min(), trend.max()) else { return Vec::new() };
    // Zero has no logarithm; a microsecond is what the histogram tells apart.
    let least = (min.as_secs_f64() * 1e3).max(0.001);
    let greatest = (max.as_secs_f64() * 1e3).max(least * 1.02);
    let step = (greatest / least).ln() / BINS as f64;
    let mut counts = [0_u64; BINS];
    for value in trend.histogram().iter_recorded() {
        let millis = (value.value_iterated_to() as f64 / 1e3).clamp(least, greatest);
        let at = ((millis / least).ln() / step) as usize;
        counts[at.min(BINS - 1)] += value.count_since_last_iteration();
    }
    let edge = |at: usize| least * (step * at as f64).exp();
    let percent = |count: u64| count as f64 * 100.0 / trend.count() as f64;
    counts.iter().enumerate().map(|(at, &count)| (edge(at), edge(at + 1), percent(count))).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_sample_is_in_a_bar() {
        let mut trend = Trend::default();
        assert!(bins(&trend).is_empty());
        for micros in [0, 1, 900, 900, 12_000, 3_000_000] {
            trend.record(Duration::from_micros(micros));
        }
        let bars = bins(&trend);
        assert_eq!(bars.len(), BINS);
        let sum: f64 = bars.iter().map(|bar| bar.2).sum();
        assert!((sum - 100.0).abs() < 1e-9, "{sum}");
        assert!(bars.windows(2).all(|pair| (pair[0].1 - pair[1].0).abs() < 1e-9));
        let mut one = Trend::default();
        one.record(Duration::from_millis(5));
        assert!(bins(&one).iter().all(|bar| bar.0 < bar.1));
    }
}
