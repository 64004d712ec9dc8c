//! Which metrics a report names: all of them, and parts of them that were asked about.

use std::collections::{BTreeMap, BTreeSet};

use metrics::{Metric, MetricKey, RunSummary};

/// Every metric merged over its tags, every tagged selector of a threshold, and the durations of
/// expected responses, which k6 always shows. `None` where no series is selected.
pub(crate) fn metrics(run: &RunSummary) -> BTreeMap<MetricKey, Option<Metric>> {
    let mut keys: BTreeSet<_> = run.metrics.names().into_iter().map(MetricKey::new).collect();
    keys.insert(MetricKey::new("http_req_duration").with("expected_response", "true"));
    keys.extend(run.thresholds.iter().map(|result| result.threshold.selector().clone()));
    keys.into_iter()
        .map(|key| {
            let metric = run.metrics.select(&key);
            (key, metric)
        })
        .collect()
}

/// Whether a threshold looks at exactly this selection.
pub(crate) fn has_threshold(run: &RunSummary, key: &MetricKey) -> bool {
    run.thresholds.iter().any(|result| result.threshold.selector() == key)
}

/// Whether anything was recorded. A counter at 0 counts as nothing.
pub(crate) fn has_samples(metric: &Metric) -> bool {
    match metric {
        Metric::Counter(sum) => *sum > 0,
        Metric::Gauge(gauge) => gauge.is_some(),
        Metric::Rate(rate) => rate.total > 0,
        Metric::Trend(trend) => trend.count() > 0,
        _ => false,
    }
}

/// The metric's tags as they are written, with braces; empty where it has none.
pub(crate) fn tags(key: &MetricKey) -> String {
    key.to_string().split_off(key.name().len())
}

/// The values of one tag among the series of a metric, in order.
pub(crate) fn tag_values<'a>(run: &'a RunSummary, name: &str, tag: &str) -> BTreeSet<&'a str> {
    let series = run.metrics.iter().filter(|(key, _)| key.name() == name);
    series.filter_map(|(key, _)| key.tag(tag)).collect()
}
