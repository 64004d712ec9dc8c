//! k6's `--summary-export`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use md5::{Digest, Md5};
use metrics::{Metric, MetricKey, Outcome, Rate, RunSummary, Stat, ThresholdResult};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::PrettyFormatter;

use crate::{RunReport, checks, selection};

#[derive(Serialize)]
struct Export<'a> {
    root_group: Group<'a>,
    metrics: BTreeMap<String, BTreeMap<String, Value>>,
}

/// k6 nests groups; everything here is in the root.
#[derive(Serialize)]
struct Group<'a> {
    name: &'static str,
    path: &'static str,
    id: String,
    groups: BTreeMap<String, Value>,
    checks: BTreeMap<&'a str, Check<'a>>,
}

/// How often one check held.
#[derive(Serialize)]
pub(crate) struct Check<'a> {
    name: &'a str,
    path: String,
    id: String,
    passes: u64,
    fails: u64,
}

/// The summary as k6 writes it with `--summary-export`, indented by four spaces.
///
/// Every metric merged over its tags, every tagged selector that has a threshold, and
/// `http_req_duration{expected_response:true}`. Trends are in milliseconds, with the statistics of
/// `trend_stats`. As in k6, `true` stands for a threshold that failed, and the `passes` of
/// `http_req_failed` are the requests that failed. A threshold that is void is `true` too, and so is
/// one that is undecided if the run is strict;
/// a trend without samples has no values.
pub fn k6_summary_export(report: &RunReport<'_>, trend_stats: &[Stat]) -> String {
    to_json(&Export {
        root_group: root_group(report.run),
        metrics: metrics(report.run, trend_stats),
    })
}

/// JSON as k6 indents it.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let indented = PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, indented);
    value.serialize(&mut serializer).expect("keys are strings, and memory takes every byte");
    String::from_utf8(bytes).expect("JSON is written as UTF-8")
}

fn root_group(run: &RunSummary) -> Group<'_> {
    Group { name: "", path: "", id: md5_hex(""), groups: BTreeMap::new(), checks: checks(run) }
}

/// Every check by its name.
pub(crate) fn checks(run: &RunSummary) -> BTreeMap<&str, Check<'_>> {
    let check = |(name, rate): (_, Rate)| {
        let path = format!("::{name}");
        let id = md5_hex(&path);
        (name, Check { name, path, id, passes: rate.trues, fails: rate.total - rate.trues })
    };
    checks::by_name(run).into_iter().map(check).collect()
}

/// k6 names groups and checks by the MD5 of their path; nothing depends on its strength.
pub(crate) fn md5_hex(text: &str) -> String {
    let mut hex = String::new();
    for byte in Md5::digest(text) {
        write!(hex, "{byte:02x}").expect("a string takes every byte");
    }
    hex
}

fn metrics(run: &RunSummary, stats: &[Stat]) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut all = BTreeMap::new();
    for (key, metric) in selection::metrics(run) {
        let thresholds = thresholds(run, &key);
        let has_samples = metric.as_ref().is_some_and(selection::has_samples);
        if !has_samples && thresholds.is_empty() {
            continue;
        }
        let values = metric.map(|metric| values(&metric, run.window, stats)).unwrap_or_default();
        let mut values: BTreeMap<_, _> =
            values.into_iter().map(|(name, value)| (name, number(value))).collect();
        if !thresholds.is_empty() {
            values.insert("thresholds".to_owned(), Value::Object(thresholds));
        }
        all.insert(key.to_string(), values);
    }
    all
}

/// Each expression with whether it failed.
fn thresholds(run: &RunSummary, key: &MetricKey) -> serde_json::Map<String, Value> {
    let of_key = run.thresholds.iter().filter(|result| result.threshold.selector() == key);
    let failed: BTreeMap<_, _> =
        of_key.map(|result| (result.threshold.expression(), is_failed(run, result))).collect();
    failed.into_iter().map(|(text, failed)| (text.to_owned(), Value::Bool(failed))).collect()
}

/// k6 knows two outcomes. What is undecided passes, unless the run is strict, as its exit code says.
pub(crate) fn is_failed(run: &RunSummary, result: &ThresholdResult) -> bool {
    match run.outcome(result) {
        Outcome::Pass => false,
        Outcome::Undecided => run.strict,
        _ => true,
    }
}

/// The values of a metric by the names that k6 has for them.
pub(crate) fn values(metric: &Metric, window: Duration, stats: &[Stat]) -> Vec<(String, f64)> {
    let named = |values: &[(&str, f64)]| {
        values.iter().map(|&(name, value)| (name.to_owned(), value)).collect()
    };
    match metric {
        Metric::Counter(sum) => {
            let seconds = window.as_secs_f64();
            let rate = if seconds > 0.0 { *sum as f64 / seconds } else { 0.0 };
            named(&[("count", *sum as f64), ("rate", rate)])
        }
        Metric::Gauge(Some(gauge)) => named(&[
            ("value", gauge.last as f64),
            ("min", gauge.min as f64),
            ("max", gauge.max as f64),
        ]),
        Metric::Rate(rate) => rate_values(rate),
        Metric::Trend(trend) => {
            stats.iter().filter_map(|&stat| Some((stat.to_string(), stat.value(trend)?))).collect()
        }
        _ => Vec::new(),
    }
}

fn rate_values(rate: &Rate) -> Vec<(String, f64)> {
    let mut values = vec![
        ("passes".to_owned(), rate.trues as f64),
        ("fails".to_owned(), (rate.total - rate.trues) as f64),
    ];
    values.extend(rate.value().map(|value| ("value".to_owned(), value)));
    values
}

/// JavaScript writes whole numbers without a point, and so does this.
pub(crate) fn number(value: f64) -> Value {
    let is_whole = value.fract() == 0.0 && value.abs() < 9e15;
    if is_whole { Value::from(value as i64) } else { Value::from(value) }
}
