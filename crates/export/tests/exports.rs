//! What other systems read, by a parser of the text format's rules and by OTLP's own types.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::time::Duration;

use metrics::{MetricKey, RunSummary, Stat};

fn run() -> RunSummary {
    let mut run = RunSummary::new("spike");
    run.run_id = Some("run-1".to_owned());
    run.target = "http://127.0.0.1:8787".to_owned();
    for (endpoint, millis) in [("list", 10), ("de\"ta\\il\n", 700)] {
        let key = |name: &str| MetricKey::new(name).with("endpoint", endpoint);
        let expected = key("http_req_duration").with("expected_response", "true");
        let trend = run.metrics.trend(expected);
        (0..100).for_each(|n| run.metrics.record(trend, Duration::from_millis(millis + n)));
        let failed = run.metrics.rate(key("http_req_failed"));
        (0..100).for_each(|n| run.metrics.observe(failed, n < 3));
        let requests = run.metrics.counter(key("http_reqs").with("status", "200"));
        run.metrics.add(requests, 100);
    }
    let sent = run.metrics.counter(MetricKey::new("data_sent"));
    run.metrics.add(sent, 12_345);
    let vus = run.metrics.gauge(MetricKey::new("vus"));
    [7, 3].into_iter().for_each(|level| run.metrics.set(vus, level));
    run.metrics.trend(MetricKey::new("http_req_blocked"));
    run.metrics.rate(MetricKey::new("checks"));
    run
}

/// The golden file; `UPDATE_GOLDEN=1` writes it again.
#[test]
fn the_text_is_what_prometheus_reads() {
    let stats = [Stat::Avg, Stat::Percentile(95.0), Stat::Percentile(99.9), Stat::Count];
    let text = export::prometheus(&run(), &stats);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/prometheus.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden")).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(path).unwrap());
}

#[test]
fn families_stand_together_and_histograms_add_up() {
    let stats = [&Stat::DEFAULT[..], &[Stat::Percentile(9.5)]].concat();
    let text = export::prometheus(&run(), &stats);
    assert_eq!(text.matches("\nk6_http_req_duration_p95{").count(), 2);
    let mut seen: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.split(' ').next().unwrap();
            assert!(!seen.contains(&name), "{name} comes twice");
            seen.push(name);
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            assert!(name.starts_with(seen.last().unwrap()), "{line}");
            let value = line.rsplit(' ').next().unwrap();
            assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
        }
    }
    let counts: Vec<u64> = text
        .lines()
        .filter(|line| line.contains("_bucket{endpoint=\"list\""))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert!(counts.is_sorted() && counts.last() == Some(&100), "{counts:?}");
    // 10 to 109 ms, of which 91 are no longer than 100 ms.
    assert!(text.contains("expected_response=\"true\",le=\"0.1\"} 91\n"), "{text}");
    // What has no samples has no values either.
    assert!(!text.contains("http_req_blocked") && !text.contains("k6_checks"));
}

#[cfg(feature = "otlp")]
mod otlp {
    use opentelemetry_proto::tonic::collector::metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
    };
    use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};
    use prost::Message as _;

    use super::run;

    fn metrics() -> (ExportMetricsServiceRequest, Vec<Metric>) {
        let source = export::OtlpSource {
            service_name: "genarrative-loadtest",
            service_version: "1",
            begun_unix_nanos: 1_000,
            ended_unix_nanos: 2_000,
        };
        let bytes = export::otlp_request(&run(), &source);
        let request = ExportMetricsServiceRequest::decode(bytes.as_slice()).unwrap();
        let metrics = request.resource_metrics[0].scope_metrics[0].metrics.clone();
        (request, metrics)
    }

    fn data(metrics: &[Metric], name: &str) -> Data {
        metrics.iter().find(|metric| metric.name == name).unwrap().data.clone().unwrap()
    }

    #[test]
    fn a_request_decodes_to_what_was_recorded() {
        let (request, metrics) = metrics();
        let resource = request.resource_metrics[0].resource.as_ref().unwrap();
        let keys: Vec<_> = resource.attributes.iter().map(|own| own.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "service.name",
                "service.version",
                "service.instance.id",
                "test.run.id",
                "test.scenario"
            ]
        );
        let names: Vec<_> =
            metrics.iter().map(|own| (own.name.as_str(), own.unit.as_str())).collect();
        assert_eq!(
            names,
            [
                ("data_sent", "By"),
                ("http_req_duration", "ms"),
                ("http_req_failed", ""),
                ("http_reqs", ""),
                ("vus", "")
            ]
        );
        let Data::Sum(failed) = data(&metrics, "http_req_failed") else { panic!("no sum") };
        assert!(failed.is_monotonic && failed.data_points.len() == 4);
        let value = failed.data_points[0].value.unwrap();
        assert_eq!(value, number_data_point::Value::AsInt(3));
        assert_eq!(failed.data_points[0].attributes[1].key, "condition");
        assert_eq!(failed.data_points[0].start_time_unix_nano, 1_000);
        assert_eq!(failed.data_points[0].time_unix_nano, 2_000);
        let Data::Gauge(vus) = data(&metrics, "vus") else { panic!("no gauge") };
        assert_eq!(vus.data_points[0].value, Some(number_data_point::Value::AsInt(3)));
    }

    #[test]
    fn histograms_count_every_sample_once() {
        let (_, metrics) = metrics();
        let Data::Histogram(own) = data(&metrics, "http_req_duration") else {
            panic!("no histogram")
        };
        assert_eq!(own.data_points.len(), 2);
        for point in &own.data_points {
            assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
            assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
            let mean = point.sum.unwrap() / point.count as f64;
            assert!(point.min.unwrap() < mean && mean < point.max.unwrap());
        }
    }

    #[test]
    fn what_a_receiver_refuses_is_seen() {
        let partial = ExportMetricsPartialSuccess {
            rejected_data_points: 2,
            error_message: "too old".to_owned(),
        };
        let answer =
            |partial_success| ExportMetricsServiceResponse { partial_success }.encode_to_vec();
        let refused = export::otlp_refused(&answer(Some(partial)));
        assert_eq!(refused, Some((2, "too old".to_owned())));
        assert_eq!(export::otlp_refused(&answer(None)), None);
        assert_eq!(export::otlp_refused(b"{}"), None);
    }
}
