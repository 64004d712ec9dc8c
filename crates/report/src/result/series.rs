//! Every metric series, and the run second by second.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{Gauge, Metric, MetricKey, MetricSet, Rate, Second, Stat, TimeSeries, Trend};
use serde::{Deserialize, Serialize};

use super::ResultError;
use super::nanos::Nanos;
use crate::hdr;
use crate::timeline::{Tick, Timeline};

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

/// One list a column, one number a second. What else is known of seconds is one more column, which
/// is left out where nothing is known and optional for readers.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SeriesFile {
    /// Whether the run was longer than what is kept.
    cut: bool,
    iterations: Vec<u64>,
    dropped: Vec<u64>,
    requests: Vec<u64>,
    failed: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    vus: Vec<Option<u64>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    p50_ns: Vec<Option<Nanos>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    p95_ns: Vec<Option<Nanos>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    p99_ns: Vec<Option<Nanos>>,
}

impl SeriesFile {
    pub(super) fn new(series: &TimeSeries, timeline: &Timeline) -> Self {
        let column = |of: fn(&Second) -> u64| series.seconds().iter().map(of).collect();
        let percentile =
            |at: usize| known(timeline, |tick| tick.percentiles.map(|all| Nanos(all[at])));
        SeriesFile {
            cut: series.is_cut(),
            iterations: column(|second| second.iterations),
            dropped: column(|second| second.dropped),
            requests: column(|second| second.requests),
            failed: column(|second| second.failed),
            vus: known(timeline, |tick| tick.vus),
            p50_ns: percentile(0),
            p95_ns: percentile(1),
            p99_ns: percentile(2),
        }
    }

    pub(super) fn series(&self) -> Result<TimeSeries, ResultError> {
        let seconds = self.iterations.len();
        let columns = [&self.dropped, &self.requests, &self.failed];
        if columns.iter().any(|column| column.len() != seconds) {
            return Err(uneven());
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

    /// Puts what the other columns know into the timeline of the same run.
    pub(super) fn fill(&self, timeline: &mut Timeline) -> Result<(), ResultError> {
        let percentiles = [&self.p50_ns, &self.p95_ns, &self.p99_ns];
        let lengths = percentiles.map(Vec::len).into_iter().chain([self.vus.len()]);
        if lengths.into_iter().any(|length| length != 0 && length != timeline.ticks.len()) {
            return Err(uneven());
        }
        for (at, tick) in timeline.ticks.iter_mut().enumerate() {
            tick.vus = self.vus.get(at).copied().flatten();
            let [p50, p95, p99] = percentiles.map(|column| column.get(at).copied().flatten());
            let all = p50.zip(p95).zip(p99);
            tick.percentiles = all.map(|((p50, p95), p99)| [p50, p95, p99].map(Duration::from));
        }
        Ok(())
    }
}

/// A column of what is known, or nothing where that is nothing.
fn known<T>(timeline: &Timeline, of: impl Fn(&Tick) -> Option<T>) -> Vec<Option<T>> {
    let column: Vec<_> = timeline.ticks.iter().map(of).collect();
    if column.iter().any(Option::is_some) { column } else { Vec::new() }
}

fn uneven() -> ResultError {
    ResultError::Content { place: "series", problem: "its columns have different lengths" }
}

#[cfg(test)]
mod tests {
    use metrics::RunSummary;

    use super::*;

    #[test]
    fn what_is_known_of_seconds_is_kept() {
        let mut run = RunSummary::new("smoke");
        run.series.at(Duration::from_secs(2)).requests = 7;
        let mut timeline = Timeline::new(&run);
        let columns = |timeline: &Timeline| {
            let file = SeriesFile::new(&run.series, timeline);
            serde_json::to_string(&file).unwrap()
        };
        assert!(!columns(&timeline).contains("vus") && !columns(&timeline).contains("p50Ns"));
        timeline.ticks[0].vus = Some(3);
        timeline.ticks[2].percentiles = Some([1, 2, 3].map(Duration::from_millis));
        let json = columns(&timeline);
        assert!(json.contains("\"vus\":[3,null,null],\"p50Ns\":[null,null,1000000]"), "{json}");
        let file: SeriesFile = serde_json::from_str(&json).unwrap();
        let mut read = Timeline::new(&run);
        file.fill(&mut read).unwrap();
        assert_eq!(read, timeline);
        let uneven: SeriesFile =
            serde_json::from_str(&json.replace("[3,null,null]", "[3]")).unwrap();
        assert!(uneven.fill(&mut read).is_err());
    }
}
