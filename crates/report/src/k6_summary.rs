//! What k6 hands to `handleSummary`.

use std::collections::BTreeMap;

use metrics::{Metric, RunSummary, Stat};
use serde::Serialize;
use serde_json::{Value, json};

use crate::k6_export::{Check, checks, is_failed, md5_hex, number, to_json, values};
use crate::{RunReport, selection};

#[derive(Serialize)]
struct Summary<'a> {
    root_group: Group<'a>,
    options: Value,
    state: Value,
    metrics: BTreeMap<String, SummaryMetric>,
}

/// As in the export, but with lists in place of objects.
#[derive(Serialize)]
struct Group<'a> {
    name: &'static str,
    path: &'static str,
    id: String,
    groups: [Value; 0],
    checks: Vec<Check<'a>>,
}

#[derive(Serialize)]
struct SummaryMetric {
    #[serde(rename = "type")]
    kind: &'static str,
    contains: &'static str,
    values: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    thresholds: BTreeMap<String, Value>,
}

/// The summary in the form in which k6 hands it to a script's `handleSummary`, and which most tools
/// that are made for k6 read: metrics with their types, thresholds with `ok`, checks in a list.
///
/// It says the same as [`k6_summary_export`](crate::k6_summary_export). A threshold without samples
/// is not ok. A metric without samples is left out unless it has thresholds, and then has zeros, as
/// in k6: the tools take every value for a number.
pub fn k6_summary(report: &RunReport<'_>, trend_stats: &[Stat]) -> String {
    let run = report.run;
    let stats: Vec<_> = trend_stats.iter().map(Stat::to_string).collect();
    to_json(&Summary {
        root_group: Group {
            name: "",
            path: "",
            id: md5_hex(""),
            groups: [],
            checks: checks(run).into_values().collect(),
        },
        options: json!({ "summaryTrendStats": stats, "summaryTimeUnit": "", "noColor": true }),
        state: json!({
            "isStdOutTTY": false,
            "isStdErrTTY": false,
            "testRunDurationMs": number(run.elapsed.as_secs_f64() * 1e3),
        }),
        metrics: metrics(run, trend_stats),
    })
}

fn metrics(run: &RunSummary, stats: &[Stat]) -> BTreeMap<String, SummaryMetric> {
    let mut all = BTreeMap::new();
    for (key, metric) in selection::metrics(run) {
        let of_key = run.thresholds.iter().filter(|result| result.threshold.selector() == &key);
        let thresholds: BTreeMap<_, _> = of_key
            .map(|result| {
                let ok = json!({ "ok": !is_failed(run, result) });
                (result.threshold.expression().to_owned(), ok)
            })
            .collect();
        let has_samples = metric.as_ref().is_some_and(selection::has_samples);
        if !has_samples && thresholds.is_empty() {
            continue;
        }
        let (kind, contains) = kind(key.name(), metric.as_ref());
        let sampled = metric.filter(|_| has_samples);
        let values = sampled.map(|metric| values(&metric, run.window, stats));
        let values = values.unwrap_or_else(|| zeros(kind, stats));
        // Here k6 calls the share of a rate `rate`, and in its export `value`.
        let name = |name: String| match (kind, name.as_str()) {
            ("rate", "value") => "rate".to_owned(),
            _ => name,
        };
        let values = values.into_iter().map(|(own, value)| (name(own), number(value))).collect();
        all.insert(key.to_string(), SummaryMetric { kind, contains, values, thresholds });
    }
    all
}

fn zeros(kind: &str, stats: &[Stat]) -> Vec<(String, f64)> {
    let names = match kind {
        "counter" => vec!["count".to_owned(), "rate".to_owned()],
        "gauge" => vec!["value".to_owned(), "min".to_owned(), "max".to_owned()],
        "rate" => vec!["rate".to_owned(), "passes".to_owned(), "fails".to_owned()],
        _ => stats.iter().map(Stat::to_string).collect(),
    };
    names.into_iter().map(|name| (name, 0.0)).collect()
}

/// The type of a metric, and what its values are. A selector that nothing matches is of the kind
/// that its name tells.
fn kind(name: &str, metric: Option<&Metric>) -> (&'static str, &'static str) {
    match metric {
        Some(Metric::Counter(_)) if name.starts_with("data_") => ("counter", "data"),
        Some(Metric::Counter(_)) => ("counter", "default"),
        Some(Metric::Gauge(_)) => ("gauge", "default"),
        Some(Metric::Rate(_)) => ("rate", "default"),
        None if name.ends_with("_rate") || name == "http_req_failed" || name == "checks" => {
            ("rate", "default")
        }
        None if !name.starts_with("http_req_") && !name.starts_with("iteration_") => {
            ("counter", "default")
        }
        _ => ("trend", "time"),
    }
}
