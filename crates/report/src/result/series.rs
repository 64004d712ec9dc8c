//! Every metric series, and the run second by second.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{Gauge, Metric, MetricKey, MetricSet, Rate, Second, Stat, TimeSeries, Trend};
use serde::{Deserialize, Serialize};

use super::ResultError;
use super::nanos::Nanos;
use crate::hdr;

/// The series by kind, each in the order of its key. A kind of its own has a list of its own.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct MetricsFile {
    counters: Vec<CounterFile>,
    gauges: Vec<GaugeFile>,
    rates: Vec<RateFile>,
    trends: Vec<TrendFile>,
}

#[derive(Serialize, Deserialize)]
struct CounterFile {
    name: String,
    tags: BTreeMap<String, String>,
    count: u64,
}

/// Without a level where it was never set.
#[derive(Serialize, Deserialize)]
struct GaugeFile {
    name: String,
    tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<LevelFile>,
}

#[derive(Serialize, Deserialize)]
struct LevelFile {
    last: u64,
    min: u64,
    max: u64,
}

#[derive(Serialize, Deserialize)]
struct RateFile {
    name: String,
    tags: BTreeMap<String, String>,
    trues: u64,
    total: u64,
}

/// The histogram stands for all else but sum, least and greatest; `summary` is for readers that know
/// no HDR histograms.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TrendFile {
    name: String,
    tags: BTreeMap<String, String>,
    #[serde(skip_deserializing)]
    summary: DurationSummary,
    sum_ns: u128,
    min_ns: Nanos,
    max_ns: Nanos,
    /// HDR histogram of microseconds, V2 encoding, compressed, in Base64.
    hdr: String,
}

/// The usual statistics of a trend, in milliseconds. Without samples there are none.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DurationSummary {
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    med_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p90_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p95_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p999_ms: Option<f64>,
}

impl From<&Trend> for DurationSummary {
    fn from(trend: &Trend) -> Self {
        let of = |stat: Stat| stat.value(trend);
        DurationSummary {
            count: trend.count(),
            avg_ms: of(Stat::Avg),
            min_ms: of(Stat::Min),
            med_ms: of(Stat::Med),
            max_ms: of(Stat::Max),
            p90_ms: of(Stat::Percentile(90.0)),
            p95_ms: of(Stat::Percentile(95.0)),
            p99_ms: of(Stat::Percentile(99.0)),
            p999_ms: of(Stat::Percentile(99.9)),
        }
    }
}

impl From<&MetricSet> for MetricsFile {
    fn from(set: &MetricSet) -> Self {
        let mut file = MetricsFile::default();
        for (key, metric) in set.iter() {
            let (name, tags) = (key.name().to_owned(), tags(key));
            match metric {
                Metric::Counter(count) => {
                    file.counters.push(CounterFile { name, tags, count: *count });
                }
                Metric::Gauge(gauge) => {
                    let level = gauge.map(|Gauge { last, min, max }| LevelFile { last, min, max });
                    file.gauges.push(GaugeFile { name, tags, level });
                }
                Metric::Rate(Rate { trues, total }) => {
                    file.rates.push(RateFile { name, tags, trues: *trues, total: *total });
                }
                Metric::Trend(trend) => file.trends.push(TrendFile::new(name, tags, trend)),
                // A new kind of metric needs a list above.
                _ => {}
            }
        }
        file
    }
}

fn tags(key: &MetricKey) -> BTreeMap<String, String> {
    key.tags().map(|(tag, value)| (tag.to_owned(), value.to_owned())).collect()
}

fn key(name: String, tags: BTreeMap<String, String>) -> MetricKey {
    tags.into_iter().fold(MetricKey::new(name), |key, (tag, value)| key.with(tag, value))
}

impl TrendFile {
    fn new(name: String, tags: BTreeMap<String, String>, trend: &Trend) -> Self {
        TrendFile {
            name,
            tags,
            summary: trend.into(),
            sum_ns: trend.sum_ns(),
            min_ns: trend.min().unwrap_or_default().into(),
            max_ns: trend.max().unwrap_or_default().into(),
            hdr: hdr::encode(&trend.histogram()),
        }
    }

    fn trend(&self) -> Option<Trend> {
        Trend::from_parts(hdr::decode(&self.hdr)?, self.sum_ns, [self.min_ns.0, self.max_ns.0])
    }
}

impl MetricsFile {
    pub(super) fn into_set(self) -> Result<MetricSet, ResultError> {
        let mut set = MetricSet::default();
        let mut series: Vec<(MetricKey, Metric)> = Vec::new();
        for CounterFile { name, tags, count } in self.counters {
            series.push((key(name, tags), Metric::Counter(count)));
        }
        for GaugeFile { name, tags, level } in self.gauges {
            let level = level.map(|LevelFile { last, min, max }| Gauge { last, min, max });
            series.push((key(name, tags), Metric::Gauge(level)));
        }
        for RateFile { name, tags, trues, total } in self.rates {
            if trues > total {
                return Err(wrong("a rate has more than all"));
            }
            series.push((key(name, tags), Metric::Rate(Rate { trues, total })));
        }
        for file in self.trends {
            let trend = file.trend().ok_or_else(|| wrong("a histogram cannot be decoded"))?;
            series.push((key(file.name, file.tags), Metric::Trend(Box::new(trend))));
        }
        for (key, metric) in series {
            if !set.insert(key, metric) {
                return Err(wrong("a series is there twice"));
            }
        }
        Ok(set)
    }
}

fn wrong(problem: &'static str) -> ResultError {
    ResultError::Content { place: "metrics", problem }
}

/// One list a column, one number a second. What else is known of seconds in future is one more
/// column, optional for readers of older files.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct SeriesFile {
    /// Whether the run was longer than what is kept.
    cut: bool,
    iterations: Vec<u64>,
    dropped: Vec<u64>,
    requests: Vec<u64>,
    failed: Vec<u64>,
}

impl From<&TimeSeries> for SeriesFile {
    fn from(series: &TimeSeries) -> Self {
        let column = |of: fn(&Second) -> u64| series.seconds().iter().map(of).collect();
        SeriesFile {
            cut: series.is_cut(),
            iterations: column(|second| second.iterations),
            dropped: column(|second| second.dropped),
            requests: column(|second| second.requests),
            failed: column(|second| second.failed),
        }
    }
}

impl SeriesFile {
    pub(super) fn into_series(self) -> Result<TimeSeries, ResultError> {
        let wrong = |problem| ResultError::Content { place: "series", problem };
        let seconds = self.iterations.len();
        let columns = [&self.dropped, &self.requests, &self.failed];
        if columns.iter().any(|column| column.len() != seconds) {
            return Err(wrong("its columns have different lengths"));
        }
        let mut series = TimeSeries::default();
        for at in 0..seconds {
            let second = series.at(Duration::from_secs(at as u64));
            second.iterations += self.iterations[at];
            second.dropped += self.dropped[at];
            second.requests += self.requests[at];
            second.failed += self.failed[at];
        }
        if self.cut {
            // Nothing happens in it; only that there was more than a day is remembered.
            series.at(Duration::MAX);
        }
        Ok(series)
    }
}
