//! Checks: how many held, and each by its name.

use std::collections::BTreeMap;

use metrics::{Metric, MetricKey, Rate, RunSummary};

use crate::page::{Line, Page, Piece, Style};
use crate::{dotted, metric_lines};

/// The outcome of every check, over all endpoints.
pub(crate) fn by_name(run: &RunSummary) -> BTreeMap<&str, Rate> {
    let mut checks: BTreeMap<&str, Rate> = BTreeMap::new();
    for (key, metric) in run.metrics.iter().filter(|(key, _)| key.name() == "checks") {
        if let (Some(name), Metric::Rate(rate)) = (key.tag("check"), metric) {
            let sum = checks.entry(name).or_default();
            sum.trues += rate.trues;
            sum.total += rate.total;
        }
    }
    checks.retain(|_, rate| rate.total > 0);
    checks
}

pub(crate) fn push(page: &mut Page, run: &RunSummary) {
    let all = run.metrics.select_rate(&MetricKey::new("checks"));
    if all.total == 0 {
        return;
    }
    let failed = Rate { trues: all.total - all.trues, ..all };
    let rows = [
        ("checks_total", Metric::Counter(all.total)),
        ("checks_succeeded", Metric::Rate(all)),
        ("checks_failed", Metric::Rate(failed)),
    ];
    let row = |(name, metric)| metric_lines::row(name, name, &metric, run.window, &[]);
    dotted::push(page, 4, &rows.map(row));
    page.gap();
    by_name(run).into_iter().for_each(|(name, rate)| push_check(page, name, &rate));
    page.gap();
}

fn push_check(page: &mut Page, name: &str, rate: &Rate) {
    let failed = rate.total - rate.trues;
    let (mark, style) = if failed == 0 { ("✓", Style::Good) } else { ("✗", Style::Bad) };
    page.push(Line::new(4).hanging(6).piece(Piece::new(style, mark)).words(style, name));
    if failed > 0 {
        // Rounded down, so that only a check that always held can say 100 %.
        let percent = u128::from(rate.trues) * 100 / u128::from(rate.total);
        let text = format!("↳  {percent}% — ✓ {} / ✗ {failed}", rate.trues);
        page.push(Line::new(6).piece(Piece::new(style, text)));
    }
}
