//! Each threshold with what was observed.

use std::collections::BTreeMap;

use metrics::{Evidence, Metric, MetricKey, Outcome, RunSummary, ThresholdResult, WorstWindow};

use crate::page::{Line, Page, Piece, Style};
use crate::{metric_lines, numbers, selection};

pub(crate) fn push(page: &mut Page, run: &RunSummary) {
    let mut by_selector: BTreeMap<&MetricKey, Vec<&ThresholdResult>> = BTreeMap::new();
    for result in &run.thresholds {
        by_selector.entry(result.threshold.selector()).or_default().push(result);
    }
    if by_selector.is_empty() {
        return;
    }
    page.section("THRESHOLDS");
    for (selector, results) in &by_selector {
        let below = is_below(selector, &by_selector);
        let indent = if below { 6 } else { 4 };
        let name = if below { selection::tags(selector) } else { selector.to_string() };
        page.push(Line::new(indent).piece(Piece::new(Style::Plain, name)));
        results.iter().for_each(|result| page.push(line(run, result, indent)));
        page.gap();
    }
}

/// As in k6, a part of a metric stands below the whole, if that has thresholds too.
fn is_below(selector: &MetricKey, all: &BTreeMap<&MetricKey, Vec<&ThresholdResult>>) -> bool {
    let whole = MetricKey::new(selector.name());
    *selector != whole && all.contains_key(&whole)
}

fn line(run: &RunSummary, result: &ThresholdResult, indent: usize) -> Line {
    let outcome = run.outcome(result);
    let (mark, style) = match outcome {
        Outcome::Pass => ("✓", Style::Good),
        Outcome::Fail => ("✗", Style::Bad),
        _ => ("?", Style::Doubt),
    };
    let expression = result.threshold.expression();
    let line = Line::new(indent)
        .hanging(indent + 2)
        .piece(Piece::new(style, mark))
        .piece(Piece::new(Style::Plain, format!("'{expression}'")));
    let Some(observed) = result.observed else {
        return line.piece(Piece::new(style, outcome.word())).words(Style::Doubt, "no samples");
    };
    let aggregation = expression.split(['<', '>', '=', '!']).next().unwrap_or_default();
    let label = Piece::new(Style::Plain, format!("{aggregation}="));
    let line = line
        .piece(label.and(Style::Value, value(run, result, observed)))
        .piece(Piece::new(style, outcome.word()));
    let line = line.words(Style::Plain, &sureness(run, result));
    match (outcome, result.evidence.more_needed) {
        (Outcome::Void, _) => line.words(Style::Doubt, "– the run is no evidence"),
        (Outcome::Undecided, Some(more)) => {
            line.words(Style::Doubt, &format!("– {more} more samples are needed"))
        }
        (Outcome::Undecided, None) => {
            line.words(Style::Doubt, "– too near for any number of samples")
        }
        _ => line,
    }
}

/// Where the true value is at 95 %, and by how many samples: `[3.4ms, 3.9ms] at 95 %, n=3560
/// (820 effective)`.
pub(crate) fn sureness(run: &RunSummary, result: &ThresholdResult) -> String {
    let Evidence { samples, effective, is_exact, low, high, window, .. } = result.evidence;
    let mut parts = Vec::new();
    if let Some(WorstWindow { from, to }) = window {
        parts.push(format!("from {} to {},", numbers::seconds(from), numbers::seconds(to)));
    }
    if is_exact {
        parts.push("exact".to_owned());
        return parts.join(" ");
    }
    let unknown = || "?".to_owned();
    let low = low.map_or_else(unknown, |low| shown(run, result, low));
    let high = high.map_or_else(unknown, |high| shown(run, result, outwards(result, high)));
    parts.push(format!("[{low}, {high}] at 95 %, n={samples}"));
    let effective = effective.round() as u64;
    if effective < samples {
        parts.push(format!("({effective} effective)"));
    }
    parts.join(" ")
}

/// An upper end that is not too low when it is cut to the hundredth of a per cent.
fn outwards(result: &ThresholdResult, high: f64) -> f64 {
    if result.threshold.is_rate() { (high * 1e4 - 1e-6).ceil() / 1e4 } else { high }
}

/// An end of an interval, in the unit of the observed value.
fn shown(run: &RunSummary, result: &ThresholdResult, end: f64) -> String {
    match result.threshold.is_rate() {
        true => numbers::share(end),
        false => value(run, result, end),
    }
}

/// The observed value in its metric's unit.
pub(crate) fn value(run: &RunSummary, result: &ThresholdResult, observed: f64) -> String {
    let selector = result.threshold.selector();
    if result.threshold.is_duration() {
        return numbers::duration_ms(observed);
    }
    match run.metrics.select(selector) {
        Some(Metric::Rate(_)) if result.threshold.window().is_some() => numbers::share(observed),
        Some(Metric::Rate(rate)) => numbers::rate_percent(&rate),
        Some(Metric::Counter(_)) => {
            let amount = metric_lines::amount(selector.name(), observed);
            if result.threshold.is_rate() { amount + "/s" } else { amount }
        }
        _ => numbers::number(observed),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use metrics::{RequestTally, Threshold};

    use super::*;

    fn run() -> RunSummary {
        let mut run = RunSummary::new("smoke");
        run.requests = RequestTally { sent: 1, expected: 1, ..Default::default() };
        run.window = Duration::from_secs(2);
        let set = &mut run.metrics;
        set.follow("d".parse().unwrap());
        let sent = set.counter("data_sent".parse().unwrap());
        set.add(sent, 5000);
        let requests = set.counter("http_reqs".parse().unwrap());
        set.add(requests, 3);
        let vus = set.gauge("vus".parse().unwrap());
        set.set(vus, 7);
        let failed = set.rate("f".parse().unwrap());
        (0..400).for_each(|_| set.observe(failed, false));
        let trend = set.trend("d{a:b}".parse().unwrap());
        set.record(trend, Duration::from_micros(1_999));
        set.finish();
        run
    }

    fn shown(mut run: RunSummary, selector: &str, expression: &str) -> String {
        let threshold = Threshold::parse(selector, expression).unwrap();
        run.thresholds.push(threshold.evaluate(&run.metrics, run.window));
        let mut page = Page::default();
        push(&mut page, &run);
        let found = page.render(false, None);
        let line = found.strip_prefix(&format!("\n  █ THRESHOLDS\n\n    {selector}\n    "));
        line.unwrap_or(&found).trim_end().to_owned()
    }

    #[test]
    fn observed_values_have_their_metrics_unit() {
        for (selector, expression, expected) in [
            ("data_sent", "count<1", "✗ 'count<1' count=5.0 kB FAIL exact"),
            ("data_sent", "rate>=1", "✓ 'rate>=1' rate=2.5 kB/s PASS exact"),
            ("http_reqs", "rate>9", "✗ 'rate>9' rate=1.5/s FAIL exact"),
            ("http_reqs", "count!=0", "✓ 'count!=0' count=3 PASS exact"),
            ("vus", "value===7", "✓ 'value===7' value=7 PASS exact"),
            ("f", "rate<0.01", "✓ 'rate<0.01' rate=0.00% PASS [0.00%, 0.96%] at 95 %, n=400"),
            (
                "f",
                "rate<0.001",
                "? 'rate<0.001' rate=0.00% UNDECIDED [0.00%, 0.96%] at 95 %, n=400 – 3438 more samples are needed",
            ),
            (
                "d",
                "p(99.9)<2",
                "? 'p(99.9)<2' p(99.9)=1.99ms UNDECIDED [1.99ms, ?] at 95 %, n=1 – 3687 more samples are needed",
            ),
            ("d{a:b}", "count>0", "✓ 'count>0' count=1 PASS exact"),
            ("d{a:c}", "max<2", "? 'max<2' VOID no samples"),
            (
                "d",
                "max<1 window=1s",
                "✗ 'max<1 window=1s' max=1.99ms FAIL from 0.0 s to 1.0 s, exact",
            ),
        ] {
            assert_eq!(shown(run(), selector, expression), expected);
        }
    }

    #[test]
    fn a_run_that_is_no_evidence_voids_what_holds() {
        let mut lost = run();
        lost.requests.sent = 2;
        assert_eq!(
            shown(lost, "http_reqs", "count>0"),
            "? 'count>0' count=3 VOID exact – the run is no evidence"
        );
    }
}
