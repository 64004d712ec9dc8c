//! Two services under one load: who gets which requests, and how they are recorded.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::time::Duration;

use dataset::Dataset;
use gallery::{EmbeddedGallery, Gallery, GalleryConfig};
use scenario::{ConstantArrivalRate, Scenario, Stop};
use workload::metrics::{MetricKey, PairedConfig};
use workload::{Plan, Progress, Run, RunConfig, WorkloadError};

const DATASET: &str = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"k",
"tables":{"puzzle_work_profile":[{"profile_id":"p1","owner_user_id":"u1","work_title":"夜景"}]},
"normalizedWorks":[
{"kind":"puzzle","table":"puzzle_work_profile","profileId":"p1","ownerUserId":"u1","published":true}],
"counts":{"puzzle_work_profile":1,"normalizedWorks":1}}"#;

fn dataset() -> Dataset {
    Dataset::from_json(DATASET.as_bytes()).unwrap()
}

fn gallery() -> EmbeddedGallery {
    EmbeddedGallery::start(Gallery::new(&dataset(), GalleryConfig::new()).unwrap()).unwrap()
}

/// 100 iterations within half a second, each of the two lists and a detail.
fn config(base: &EmbeddedGallery) -> RunConfig {
    let rate = ConstantArrivalRate {
        rate: 200,
        time_unit: Duration::from_secs(1),
        duration: Duration::from_millis(500),
        pre_allocated_vus: 50,
        max_vus: 50,
    };
    let scenario = Scenario::constant_arrival_rate(rate, Duration::from_secs(5)).unwrap();
    let mut config = RunConfig::new("pair", base.base_url().parse().unwrap(), scenario);
    (config.detail_ratio, config.works_imported, config.workers) = (1.0, true, Some(2));
    config
}

#[tokio::test]
async fn each_service_gets_half_of_the_iterations_and_series_of_its_own() {
    let (base, new) = (gallery(), gallery());
    let mut config = config(&base);
    config.paired_url = Some(new.base_url().parse().unwrap());
    let run = Run::prepare(config, &Plan::genarrative(), Some(&dataset())).unwrap();
    assert_eq!(run.requests_per_iteration(), 3.0);
    let (summary, endpoints, samples) =
        run.compare(&Stop::new(), &Progress::default()).await.unwrap();

    assert!(summary.conservation().holds());
    assert_eq!((summary.iterations.planned, summary.iterations.completed), (100, 100));
    assert_eq!((summary.requests.sent, summary.requests.expected), (300, 300));
    let count = |selector: &str| summary.metrics.count(&selector.parse::<MetricKey>().unwrap());
    assert_eq!(count("http_reqs{variant:base}"), 150);
    assert_eq!(count("http_reqs{variant:new}"), 150);
    assert_eq!(count("http_reqs{variant:new,endpoint:puzzle-gallery}"), 50);
    assert_eq!(count("iterations"), 100);
    assert_eq!(base.stats().requests_received, 150);
    assert_eq!(new.stats().requests_received, 150);
    assert_eq!(summary.target, format!("{} and {}", base.base_url(), new.base_url()));

    let compared = samples.compare(&endpoints, &PairedConfig::default());
    assert_eq!(compared.len(), 3 * 4);
    let shown: Vec<_> =
        compared.iter().step_by(4).map(|own| (own.endpoint.as_str(), own.samples)).collect();
    assert!(shown.contains(&("puzzle-gallery", (50, 50))), "{shown:?}");
}

#[tokio::test]
async fn one_service_cannot_be_compared() {
    let base = gallery();
    let run = Run::prepare(config(&base), &Plan::genarrative(), Some(&dataset())).unwrap();
    let error = run.compare(&Stop::new(), &Progress::default()).await.unwrap_err();
    assert!(matches!(error, WorkloadError::Paired { .. }), "{error}");
    assert_eq!(base.stats().requests_received, 0);

    let mut config = config(&base);
    config.paired_url = Some(base.base_url().parse().unwrap());
    config.transport.unix_socket = Some("/tmp/socket".into());
    let error = Run::prepare(config, &Plan::genarrative(), Some(&dataset())).unwrap_err();
    assert!(error.to_string().contains("UNIX_SOCKET"), "{error}");
}
