//! OTLP, the protocol of OpenTelemetry, as protobuf.

use std::collections::BTreeMap;

use metrics::{Metric, MetricKey, Rate, RunSummary, Trend};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value,
};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric as OtlpMetric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

use crate::{buckets, units};

/// What an OTLP request says of where its metrics are from. This crate has no clock.
#[derive(Clone, Copy, Debug)]
pub struct OtlpSource<'a> {
    /// `service.name`.
    pub service_name: &'a str,
    /// `service.version`.
    pub service_version: &'a str,
    /// When the run began, in nanoseconds since 1970.
    pub begun_unix_nanos: u64,
    /// When it ended.
    pub ended_unix_nanos: u64,
}

/// The body of a request that exports all series of a run, for `POST /v1/metrics` with the content
/// type `application/x-protobuf`.
///
/// Metrics are mapped as k6 does it with `--out opentelemetry`, under k6's names: a counter becomes a
/// sum, a rate a sum whose attribute `condition` is `nonzero` or `zero`, a trend a histogram in `ms`,
/// and tags become attributes. Sums and histograms are cumulative from the beginning of the run. The
/// resource has `service.name`, `service.version`, the run's id as `service.instance.id` and
/// `test.run.id`, and its scenario as `test.scenario`.
pub fn otlp_request(run: &RunSummary, source: &OtlpSource<'_>) -> Vec<u8> {
    let mut all: BTreeMap<&str, Data> = BTreeMap::new();
    for (key, metric) in run.metrics.iter() {
        add(&mut all, key, metric, source);
    }
    let metric = |(name, data): (&str, Data)| OtlpMetric {
        name: name.to_owned(),
        unit: unit(name, &data).to_owned(),
        data: Some(data),
        ..OtlpMetric::default()
    };
    let scope = InstrumentationScope {
        name: source.service_name.to_owned(),
        version: source.service_version.to_owned(),
        ..InstrumentationScope::default()
    };
    let metrics = ScopeMetrics {
        scope: Some(scope),
        metrics: all.into_iter().map(metric).collect(),
        ..ScopeMetrics::default()
    };
    let resource = ResourceMetrics {
        resource: Some(resource(run, source)),
        scope_metrics: vec![metrics],
        ..ResourceMetrics::default()
    };
    ExportMetricsServiceRequest { resource_metrics: vec![resource] }.encode_to_vec()
}

/// What a receiver did not take although it answered 200: how many data points, and why. `None` if it
/// took everything, or if the body of its answer is none of OTLP.
pub fn otlp_refused(answer: &[u8]) -> Option<(i64, String)> {
    let answer = ExportMetricsServiceResponse::decode(answer).ok()?;
    let partial = answer.partial_success?;
    (partial.rejected_data_points > 0)
        .then_some((partial.rejected_data_points, partial.error_message))
}

fn resource(run: &RunSummary, source: &OtlpSource<'_>) -> Resource {
    let run_id = run.run_id.as_deref().unwrap_or_default();
    let pairs = [
        ("service.name", source.service_name),
        ("service.version", source.service_version),
        ("service.instance.id", run_id),
        ("test.run.id", run_id),
        ("test.scenario", &run.scenario),
    ];
    let attributes = pairs.into_iter().filter(|(_, value)| !value.is_empty()).map(attribute);
    Resource { attributes: attributes.collect(), ..Resource::default() }
}

fn attribute((key, value): (&str, &str)) -> KeyValue {
    let value = AnyValue { value: Some(Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

fn unit(name: &str, data: &Data) -> &'static str {
    match data {
        Data::Histogram(_) => "ms",
        _ if units::is_of_bytes(name) => "By",
        _ => "",
    }
}

/// Adds a series to its metric. Series of one name are of one kind.
fn add<'k>(
    all: &mut BTreeMap<&'k str, Data>,
    key: &'k MetricKey,
    metric: &Metric,
    source: &OtlpSource<'_>,
) {
    let point = |value: u64, more: Option<(&str, &str)>| NumberDataPoint {
        attributes: key.tags().chain(more).map(attribute).collect(),
        start_time_unix_nano: source.begun_unix_nanos,
        time_unix_nano: source.ended_unix_nanos,
        value: Some(number_data_point::Value::AsInt(i64::try_from(value).unwrap_or(i64::MAX))),
        ..NumberDataPoint::default()
    };
    match metric {
        Metric::Counter(sum) => add_sum(all, key.name(), [point(*sum, None)]),
        Metric::Rate(Rate { trues, total }) if *total > 0 => {
            let of = |count, condition| point(count, Some(("condition", condition)));
            add_sum(all, key.name(), [of(*trues, "nonzero"), of(total - trues, "zero")]);
        }
        Metric::Gauge(Some(gauge)) => {
            if let Data::Gauge(own) =
                all.entry(key.name()).or_insert_with(|| Data::Gauge(Gauge::default()))
            {
                own.data_points.push(point(gauge.last, None));
            }
        }
        Metric::Trend(trend) if trend.count() > 0 => {
            let aggregation_temporality = AggregationTemporality::Cumulative.into();
            let new = || Histogram { data_points: Vec::new(), aggregation_temporality };
            if let Data::Histogram(own) =
                all.entry(key.name()).or_insert_with(|| Data::Histogram(new()))
            {
                own.data_points.push(histogram(key, trend, source));
            }
        }
        _ => {}
    }
}

fn add_sum<'k>(
    all: &mut BTreeMap<&'k str, Data>,
    name: &'k str,
    points: impl IntoIterator<Item = NumberDataPoint>,
) {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    let new =
        || Data::Sum(Sum { data_points: Vec::new(), aggregation_temporality, is_monotonic: true });
    if let Data::Sum(own) = all.entry(name).or_insert_with(new) {
        own.data_points.extend(points);
    }
}

fn histogram(key: &MetricKey, trend: &Trend, source: &OtlpSource<'_>) -> HistogramDataPoint {
    let (cumulative, count) = buckets::cumulative(trend);
    let before = std::iter::once(0).chain(cumulative.iter().copied());
    let counts = cumulative.iter().copied().chain([count]).zip(before);
    let millis = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
    HistogramDataPoint {
        attributes: key.tags().map(attribute).collect(),
        start_time_unix_nano: source.begun_unix_nanos,
        time_unix_nano: source.ended_unix_nanos,
        count,
        sum: Some(trend.sum_seconds() * 1000.0),
        bucket_counts: counts.map(|(up_to, before)| up_to - before).collect(),
        explicit_bounds: buckets::BOUNDS_US.iter().map(|&us| us as f64 / 1000.0).collect(),
        min: trend.min().map(millis),
        max: trend.max().map(millis),
        ..HistogramDataPoint::default()
    }
}
