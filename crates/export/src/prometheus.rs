//! Prometheus' text exposition format, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use metrics::{Metric, MetricKey, RunSummary, Stat, Trend};

use crate::{buckets, units};

/// The samples of one metric as lines, which have to stand together.
struct Family {
    help: String,
    kind: &'static str,
    lines: String,
}

type Families = BTreeMap<String, Family>;

/// All series of a run in Prometheus' text format 0.0.4, without times, so that the collector of text
/// files takes them too.
///
/// Names are those of k6's remote write, so that its dashboards find them: `k6_http_reqs_total`,
/// `k6_vus`, `k6_http_req_failed_rate`, and of each trend a gauge in seconds for each of
/// `trend_stats`, such as `k6_http_req_duration_p95` (without dots: `p999`). Beside them each trend is
/// a classic histogram, `k6_http_req_duration_seconds`, because percentiles of several endpoints
/// cannot be added up. `k6_run_info` says in labels which run it was.
pub fn prometheus(run: &RunSummary, trend_stats: &[Stat]) -> String {
    let mut families = Families::new();
    for (key, metric) in run.metrics.iter() {
        add(&mut families, key, metric, trend_stats);
    }
    add_info(&mut families, run);
    let mut text = String::new();
    for (name, Family { help, kind, lines }) in families {
        text += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{lines}");
    }
    text
}

fn add(families: &mut Families, key: &MetricKey, metric: &Metric, trend_stats: &[Stat]) {
    let name = format!("k6_{}", key.name());
    let labels = labels(key.tags());
    match metric {
        Metric::Counter(sum) => {
            let of = if units::is_of_bytes(key.name()) { "in bytes" } else { "counted" };
            let help = format!("k6's counter {}, {of}.", key.name());
            line(families, format!("{name}_total"), (&help, "counter"), &labels, *sum as f64);
        }
        Metric::Gauge(Some(gauge)) => {
            let help = format!("k6's gauge {}, at the end of the run.", key.name());
            line(families, name, (&help, "gauge"), &labels, gauge.last as f64);
        }
        Metric::Rate(rate) => {
            let help = format!("k6's rate {}, a share of 1.", key.name());
            if let Some(value) = rate.value() {
                line(families, format!("{name}_rate"), (&help, "gauge"), &labels, value);
            }
        }
        Metric::Trend(trend) if trend.count() > 0 => {
            add_stats(families, key, trend, trend_stats);
            add_histogram(families, key, trend);
        }
        _ => {}
    }
}

fn add_stats(families: &mut Families, key: &MetricKey, trend: &Trend, trend_stats: &[Stat]) {
    let labels = labels(key.tags());
    for (at, stat) in trend_stats.iter().enumerate() {
        let suffix = suffix(*stat);
        // p(9.5) and p(95) have one name; a series may be there once.
        if trend_stats[..at].iter().any(|earlier| self::suffix(*earlier) == suffix) {
            continue;
        }
        let name = format!("k6_{}_{suffix}", key.name());
        let (what, value) = match stat.duration(trend) {
            Some(duration) => ("in seconds", Some(duration.as_secs_f64())),
            None => ("in samples", stat.value(trend)),
        };
        let help = format!("{stat} of k6's trend {}, {what}.", key.name());
        if let Some(value) = value {
            line(families, name, (&help, "gauge"), &labels, value);
        }
    }
}

/// As k6 has it, without brackets and dots.
fn suffix(stat: Stat) -> String {
    stat.to_string().chars().filter(char::is_ascii_alphanumeric).collect()
}

fn add_histogram(families: &mut Families, key: &MetricKey, trend: &Trend) {
    let name = format!("k6_{}_seconds", key.name());
    let (counts, all) = buckets::cumulative(trend);
    let own = labels(key.tags());
    let le = |bound: &str| labels(key.tags().chain([("le", bound)]));
    let mut lines = String::new();
    for (bound_us, count) in buckets::BOUNDS_US.iter().zip(counts) {
        let bound = (*bound_us as f64 / 1e6).to_string();
        lines += &format!("{name}_bucket{} {count}\n", le(&bound));
    }
    lines += &format!("{name}_bucket{} {all}\n", le("+Inf"));
    lines += &format!("{name}_sum{own} {}\n{name}_count{own} {all}\n", trend.sum_seconds());
    let help = format!("k6's trend {}, in seconds.", key.name());
    family(families, name, (&help, "histogram")).lines += &lines;
}

fn add_info(families: &mut Families, run: &RunSummary) {
    let run_id = run.run_id.as_deref().unwrap_or_default();
    let pairs = [("run_id", run_id), ("scenario", &run.scenario), ("target", &run.target)];
    let labels = labels(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    line(families, "k6_run_info".to_owned(), ("Which run this is.", "gauge"), &labels, 1.0);
}

fn line(
    families: &mut Families,
    name: String,
    about: (&str, &'static str),
    labels: &str,
    value: f64,
) {
    let text = format!("{name}{labels} {value}\n");
    family(families, name, about).lines += &text;
}

fn family<'f>(
    families: &'f mut Families,
    name: String,
    (help, kind): (&str, &'static str),
) -> &'f mut Family {
    let new = || Family { help: help.to_owned(), kind, lines: String::new() };
    families.entry(name).or_insert_with(new)
}

/// `{a="b",c="d"}`, or nothing.
fn labels<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (tag, value) in tags {
        let before = if text.is_empty() { '{' } else { ',' };
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _infallible = write!(text, "{before}{}=\"{value}\"", label_name(tag));
    }
    if text.is_empty() { text } else { text + "}" }
}

/// Letters, digits and underscores, and no digit first.
fn label_name(tag: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name: String = tag.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}
