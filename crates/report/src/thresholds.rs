//! Each threshold with what was observed.

use std::collections::BTreeMap;

use metrics::{Metric, MetricKey, Outcome, RunSummary, ThresholdResult};

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
    let (mark, style) = match result.outcome {
        Outcome::Pass => ("✓", Style::Good),
        Outcome::Fail => ("✗", Style::Bad),
        _ => ("?", Style::Doubt),
    };
    let expression = result.threshold.expression();
    let line = Line::new(indent)
        .hanging(indent + 2)
        .piece(Piece::new(style, mark))
        .piece(Piece::new(Style::Plain, format!("'{expression}'")));
    match result.observed {
        None => line.words(Style::Doubt, "no samples: not decided"),
        Some(observed) => {
            let aggregation = expression.split(['<', '>', '=', '!']).next().unwrap_or_default();
            let label = Piece::new(Style::Plain, format!("{aggregation}="));
            line.piece(label.and(Style::Value, value(run, result, observed)))
        }
    }
}

/// The observed value in its metric's unit.
pub(crate) fn value(run: &RunSummary, result: &ThresholdResult, observed: f64) -> String {
    let selector = result.threshold.selector();
    if result.threshold.is_duration() {
        return numbers::duration_ms(observed);
    }
    match run.metrics.select(selector) {
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

    use metrics::Threshold;

    use super::*;

    fn run() -> RunSummary {
        let mut run = RunSummary::new("smoke");
        run.window = Duration::from_secs(2);
        let set = &mut run.metrics;
        let sent = set.counter("data_sent".parse().unwrap());
        set.add(sent, 5000);
        let requests = set.counter("http_reqs".parse().unwrap());
        set.add(requests, 3);
        let vus = set.gauge("vus".parse().unwrap());
        set.set(vus, 7);
        let trend = set.trend("d{a:b}".parse().unwrap());
        set.record(trend, Duration::from_micros(1_999));
        run
    }

    #[test]
    fn observed_values_have_their_metrics_unit() {
        for (selector, expression, shown) in [
            ("data_sent", "count<1", "✗ 'count<1' count=5.0 kB"),
            ("data_sent", "rate>=1", "✓ 'rate>=1' rate=2.5 kB/s"),
            ("http_reqs", "rate>9", "✗ 'rate>9' rate=1.5/s"),
            ("http_reqs", "count!=0", "✓ 'count!=0' count=3"),
            ("vus", "value===7", "✓ 'value===7' value=7"),
            ("d", "p(99.9)<2", "✓ 'p(99.9)<2' p(99.9)=1.99ms"),
            ("d{a:b}", "count>0", "✓ 'count>0' count=1"),
            ("d{a:c}", "max<2", "? 'max<2' no samples: not decided"),
        ] {
            let mut run = run();
            let threshold = Threshold::parse(selector, expression).unwrap();
            run.thresholds.push(threshold.evaluate(&run.metrics, run.window));
            let mut page = Page::default();
            push(&mut page, &run);
            let found = page.render(false, None);
            assert_eq!(found, format!("\n  █ THRESHOLDS\n\n    {selector}\n    {shown}\n\n"));
        }
    }
}
