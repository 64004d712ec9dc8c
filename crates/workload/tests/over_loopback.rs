//! Whole runs against a gallery on a loopback port. Every run plans an exact number of iterations,
//! and what was counted here is compared with what the gallery counted there.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use dataset::Dataset;
use gallery::{EmbeddedGallery, Entry, Fault, FaultAction, Gallery, GalleryConfig};
use metrics::{MetricKey, Outcome, RunSummary, StopReason, Threshold, Verdict};
use scenario::{RampingArrivalRate, Scenario, Stage, Stop};
use workload::preset::Preset;
use workload::{AuthToken, Overrides, Plan, Progress, Run, RunConfig, WorkloadError};

const PUZZLES: &str = "/api/runtime/puzzle/gallery";
const WORLDS: &str = "/api/runtime/custom-world-gallery";
const TOKEN: &str = "the-right-token";

fn dataset(prefix: &str) -> Dataset {
    let text = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"k",
"tables":{
"puzzle_work_profile":[
  {"profile_id":"@p1","owner_user_id":"@u1","work_title":"夜景"},
  {"profile_id":"@p2","owner_user_id":"@u2","work_title":"山水"}],
"custom_world_profile":[
  {"profile_id":"@w1","owner_user_id":"@u1","world_name":"云海","public_work_code":"@C1"}]},
"normalizedWorks":[
{"kind":"puzzle","table":"puzzle_work_profile","profileId":"@p1","ownerUserId":"@u1","published":true},
{"kind":"puzzle","table":"puzzle_work_profile","profileId":"@p2","ownerUserId":"@u2","published":true},
{"kind":"custom-world","table":"custom_world_profile","profileId":"@w1","ownerUserId":"@u1","workCode":"@C1","published":true}],
"counts":{"puzzle_work_profile":2,"custom_world_profile":1,"normalizedWorks":3}}"#;
    Dataset::from_json(text.replace('@', prefix).as_bytes()).unwrap()
}

fn gallery(config: GalleryConfig) -> EmbeddedGallery {
    EmbeddedGallery::start(Gallery::new(&dataset(""), config).unwrap()).unwrap()
}

fn faulty(every: u64, action: FaultAction, path: &str) -> EmbeddedGallery {
    let fault = Fault::new(NonZeroU64::new(every).unwrap(), action).path_prefix(path);
    gallery(GalleryConfig::new().fault(fault))
}

/// Forty iterations within 0.4 s, or 39: the last one would fall on the end.
fn forty() -> Scenario {
    let stages = vec![Stage { duration: Duration::from_millis(400), target: 100 }];
    let time_unit = Duration::from_secs(1);
    let ramp = RampingArrivalRate {
        start_rate: 100,
        time_unit,
        stages,
        pre_allocated_vus: 0,
        max_vus: 50,
    };
    Scenario::ramping_arrival_rate(ramp, Duration::from_millis(300)).unwrap()
}

fn config(base_url: &str) -> RunConfig {
    let mut config = RunConfig::new("spike", base_url.parse().unwrap(), forty());
    config.thresholds = Preset::Spike.thresholds(true, false);
    config
}

fn execute(config: RunConfig, dataset: &Dataset) -> Result<RunSummary, WorkloadError> {
    let run = Run::prepare(config, &Plan::genarrative(), Some(dataset))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run.execute(&Stop::new(), &Progress::default()))
}

fn run(gallery: &EmbeddedGallery, change: impl FnOnce(&mut RunConfig)) -> RunSummary {
    let mut config = config(&gallery.base_url());
    change(&mut config);
    let summary = execute(config, &dataset("")).unwrap();
    assert!(summary.conservation().holds(), "{:?} {:?}", summary.iterations, summary.requests);
    summary
}

fn count(summary: &RunSummary, selector: &str) -> u64 {
    summary.metrics.count(&selector.parse().unwrap())
}

fn outcome(summary: &RunSummary, metric: &str) -> Outcome {
    let of_metric =
        |result: &&metrics::ThresholdResult| result.threshold.selector().name() == metric;
    summary.thresholds.iter().find(of_metric).unwrap().outcome
}

#[test]
fn every_request_is_counted_on_both_sides() {
    let gallery = gallery(GalleryConfig::new());
    let summary = run(&gallery, |_| {});
    assert_eq!((summary.iterations.planned, summary.iterations.completed), (39, 39));
    assert_eq!((summary.requests.sent, summary.requests.expected), (78, 78));
    assert_eq!(count(&summary, "http_reqs{endpoint:puzzle-gallery,status:200}"), 39);
    assert_eq!(summary.verdict(), Verdict::Pass);
    assert!(summary.violations.is_empty(), "{:?}", summary.violations);

    let stats = gallery.stats();
    assert_eq!((stats.count(PUZZLES, 200), stats.count(WORLDS, 200)), (39, 39));
    assert_eq!(stats.total_responses(), 78);
    // One more than the users that ran is the check before the load.
    assert!(stats.connections_accepted < 20, "{stats:?}");
    let bytes = |metric| count(&summary, metric);
    assert!(bytes("data_received") > 78 * 100 && bytes("data_sent") > 78 * 50);
    assert!(summary.metrics.select_trend(&MetricKey::new("http_req_waiting")).count() == 78);
}

#[test]
fn details_take_every_route_of_the_dataset() {
    let gallery = gallery(GalleryConfig::new());
    let summary = run(&gallery, |config| {
        config.detail_ratio = 1.0;
        config.thresholds = Preset::Spike.thresholds(true, true);
    });
    assert_eq!(
        summary.verdict(),
        Verdict::Pass,
        "{:?} {:?}",
        summary.thresholds,
        summary.violations
    );
    assert_eq!(summary.requests.sent, 39 * 3);
    let stats = gallery.stats();
    for route in [
        "/api/runtime/puzzle/gallery/{profile_id}",
        "/api/runtime/custom-world-gallery/{owner_user_id}/{profile_id}",
        "/api/runtime/custom-world-gallery/by-code/{code}",
    ] {
        assert!(stats.count(route, 200) > 0, "{route}: {stats:?}");
    }
}

#[test]
fn a_404_on_a_detail_is_a_failure() {
    let gallery = gallery(GalleryConfig::new());
    let mut config = config(&gallery.base_url());
    config.detail_ratio = 1.0;
    let summary = execute(config, &dataset("other-")).unwrap();
    assert_eq!((summary.requests.expected, summary.requests.unexpected), (78, 39));
    assert_eq!(count(&summary, "http_reqs{status:404}"), 39);
    assert_eq!(outcome(&summary, "http_req_failed"), Outcome::Fail);
    assert_eq!(outcome(&summary, "works_list_shape_error_rate"), Outcome::Undecided);
}

#[test]
fn a_token_opens_the_personal_lists_and_a_wrong_one_does_not() {
    let token = gallery::AuthToken::new(TOKEN).unwrap();
    let gallery = gallery(GalleryConfig::new().auth_token(token).auth_user("u1"));
    let with = |token: &str| {
        run(&gallery, |config| {
            config.auth_token = Some(AuthToken::new(token).unwrap());
            config.auth_user = Some("u1".into());
            config.detail_ratio = 0.5;
        })
    };
    let right = with(TOKEN);
    assert_eq!(right.verdict(), Verdict::Pass, "{:?}", right.violations);
    assert_eq!(count(&right, "http_reqs{endpoint:puzzle-works,status:200}"), 39);
    assert!(count(&right, "http_reqs{endpoint:puzzle-works-detail,status:200}") > 0);

    let wrong = with("the-wrong-token");
    assert_eq!(wrong.verdict(), Verdict::Fail);
    assert_eq!(count(&wrong, "http_reqs{endpoint:custom-world-works,status:401}"), 39);
    assert_eq!(count(&wrong, "http_reqs{endpoint:puzzle-gallery,status:200}"), 39);
}

#[test]
fn a_misshapen_body_with_the_right_status_is_found() {
    let gallery = faulty(10, FaultAction::WrongShape, PUZZLES);
    let summary = run(&gallery, |_| {});
    assert_eq!(gallery.stats().faults_injected, [4]);
    assert_eq!(summary.requests.expected, 78);
    let [violation] = &summary.violations[..] else { panic!("{:?}", summary.violations) };
    assert_eq!((violation.endpoint.as_str(), violation.count), ("puzzle-gallery", 4));
    assert_eq!(
        (violation.path.as_str(), violation.keyword.as_str()),
        ("/data/items/*/profileId", "type")
    );
    assert!(violation.text.starts_with("/data/items/*/profileId: type: "), "{violation:?}");
    // The gallery hits the first response and every tenth after it; here they may end in another
    // order.
    assert!(violation.first_response <= 5, "{violation:?}");
    assert!(violation.first_at < violation.last_at && violation.last_at < summary.elapsed);
    assert_eq!(violation.by_second, [(0, 4)]);
    assert_eq!(outcome(&summary, "http_req_failed"), Outcome::Undecided);
    assert_eq!(outcome(&summary, "works_list_shape_error_rate"), Outcome::Fail);
    let rate = summary.metrics.select_rate(&"works_list_shape_error_rate".parse().unwrap());
    assert_eq!((rate.trues, rate.total), (4, 78));
}

#[test]
fn html_in_place_of_json_is_found() {
    let summary = run(&faulty(1, FaultAction::Html, WORLDS), |_| {});
    let rate = summary.metrics.select_rate(
        &"checks{endpoint:custom-world-gallery,check:body has the declared shape}".parse().unwrap(),
    );
    assert_eq!((rate.trues, rate.total), (0, 39), "{:?}", summary.violations);
}

#[test]
fn a_disabled_entry_is_a_failed_request_and_no_shape_error() {
    let summary = run(&gallery(GalleryConfig::new().disable(Entry::Puzzle)), |_| {});
    assert_eq!(count(&summary, "http_reqs{endpoint:puzzle-gallery,status:503}"), 39);
    assert_eq!(outcome(&summary, "http_req_failed"), Outcome::Fail);
    assert_eq!(outcome(&summary, "works_list_shape_error_rate"), Outcome::Undecided);
    let unexpected = "http_req_duration{expected_response:false}".parse().unwrap();
    assert_eq!(summary.metrics.select_trend(&unexpected).count(), 39);
}

#[test]
fn broken_connections_have_their_class_and_no_duration() {
    for (action, error) in [(FaultAction::Reset, "reset"), (FaultAction::Truncate, "closed")] {
        let gallery = faulty(3, action, WORLDS);
        let summary = run(&gallery, |_| {});
        let injected = gallery.stats().faults_injected[0];
        assert!(injected >= 13, "{injected}");
        let reconnects = count(&summary, "http_reconnects");
        let errors = count(&summary, &format!("http_reqs{{error:{error}}}"));
        // A reset before the first byte looks like a stale connection and is retried once.
        assert_eq!(errors + reconnects, injected, "{:?}", summary.requests);
        assert_eq!(summary.requests.errors, errors);
        let timed = summary.metrics.select_trend(&MetricKey::new("http_req_duration")).count();
        assert_eq!(timed, summary.requests.expected);
        let server = gallery.stats().total_responses();
        assert!(server + injected >= summary.requests.expected, "{server}");
    }
}

#[test]
fn a_timeout_is_a_failure_that_took_as_long_as_it_did() {
    let summary = run(&faulty(13, FaultAction::Hang, PUZZLES), |config| {
        config.transport.timeout = Duration::from_millis(150);
    });
    assert_eq!(count(&summary, "http_reqs{error:timeout}"), 3);
    let unexpected = "http_req_duration{expected_response:false}".parse().unwrap();
    let trend = summary.metrics.select_trend(&unexpected);
    assert_eq!(trend.count(), 3);
    assert!(trend.min().unwrap() >= Duration::from_millis(150));
    // Whoever timed out goes on, on a new connection.
    assert_eq!(summary.iterations.completed, 39);
}

#[test]
fn what_outlasts_the_graceful_stop_is_interrupted_and_counted() {
    let summary = run(&faulty(13, FaultAction::Hang, PUZZLES), |_| {});
    assert_eq!((summary.iterations.completed, summary.iterations.interrupted), (36, 3));
    assert_eq!((summary.requests.interrupted, summary.requests.errors), (3, 0));
    // Nobody knows when they would have been answered, which must not flatter the run.
    assert_eq!(outcome(&summary, "http_req_failed"), Outcome::Fail);
    assert_eq!(count(&summary, "http_reqs{error:interrupted}"), 3);
    let unexpected = "http_req_duration{expected_response:false}".parse().unwrap();
    let trend = summary.metrics.select_trend(&unexpected);
    assert_eq!(trend.count(), 3);
    assert!(trend.min().unwrap() >= Duration::from_millis(300));
}

#[test]
fn a_slow_service_raises_the_users_and_a_bound_on_them_drops_starts() {
    let slow = || gallery(GalleryConfig::new().latency(Duration::from_millis(60)));
    let gallery = slow();
    let summary = run(&gallery, |_| {});
    assert_eq!(summary.iterations.dropped, 0);
    assert!(gallery.stats().max_concurrent_requests > 5, "{:?}", gallery.stats());

    let gallery = slow();
    let bounded = run(&gallery, |config| {
        let stages = vec![Stage { duration: Duration::from_millis(400), target: 100 }];
        let ramp = RampingArrivalRate {
            start_rate: 100,
            time_unit: Duration::from_secs(1),
            stages,
            pre_allocated_vus: 2,
            max_vus: 2,
        };
        config.scenario = Scenario::ramping_arrival_rate(ramp, Duration::from_secs(1)).unwrap();
    });
    assert!(bounded.iterations.dropped > 20, "{:?}", bounded.iterations);
    assert_eq!(count(&bounded, "dropped_iterations"), bounded.iterations.dropped);
    assert_eq!(outcome(&bounded, "dropped_iterations"), Outcome::Fail);
    assert!(gallery.stats().max_concurrent_requests <= 2);
}

#[test]
fn a_server_that_closes_after_each_response_costs_connections_and_no_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        // The check before the load, and then one connection a request.
        for served in 0..=78 {
            let (mut stream, _) = listener.accept().unwrap();
            if served > 0 {
                let mut request = [0; 1024];
                let read = stream.read(&mut request).unwrap();
                assert!(request[..read].starts_with(b"GET /api/runtime/"));
                let body = "{\"items\":[]}";
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                    .unwrap();
            }
        }
    });
    let summary = execute(config(&base_url), &dataset("")).unwrap();
    server.join().unwrap();
    assert_eq!((summary.requests.expected, summary.requests.sent), (78, 78));
    assert_eq!(summary.verdict(), Verdict::Pass);
}

#[test]
fn the_wait_on_a_connection_that_is_then_closed_is_part_of_the_duration() {
    const WAIT: Duration = Duration::from_millis(100);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    // Every connection answers its first request and lets the second one wait in vain.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1024];
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").unwrap();
                let _waiting = stream.read(&mut request).is_ok_and(|read| read > 0);
                std::thread::sleep(WAIT);
            }
        }
    });
    let mut config = config(&base_url);
    let grace = Duration::from_secs(5);
    config.scenario = Scenario::constant_vus(1, Duration::from_millis(250), grace).unwrap();
    let summary = execute(config, &dataset("")).unwrap();
    let reconnects = count(&summary, "http_reconnects");
    assert!(reconnects > 0 && reconnects == summary.requests.sent - 1, "{:?}", summary.requests);
    let trend = summary.metrics.select_trend(&MetricKey::new("http_req_duration"));
    assert!(trend.percentile(50.0).unwrap() >= WAIT, "{:?}", trend.percentile(50.0));
    let blocked = summary.metrics.select_trend(&MetricKey::new("http_req_blocked"));
    assert!(blocked.max().unwrap() < WAIT, "{:?}", blocked.max());
}

#[test]
fn a_body_beyond_the_bound_is_an_error() {
    let summary =
        run(&gallery(GalleryConfig::new()), |config| config.transport.body_bytes_max = 10);
    assert_eq!(count(&summary, "http_reqs{error:body_too_large}"), 78);
}

#[test]
fn a_server_that_goes_away_fails_the_run() {
    let gallery = gallery(GalleryConfig::new());
    let mut config = config(&gallery.base_url());
    config.thresholds = Preset::Spike.thresholds(true, false);
    let run = Run::prepare(config, &Plan::genarrative(), None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let summary = runtime.block_on(async {
        let (stop, progress) = (Stop::new(), Progress::default());
        let going_away = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            drop(gallery);
        };
        tokio::join!(run.execute(&stop, &progress), going_away).0.unwrap()
    });
    assert!(summary.conservation().holds());
    assert!(count(&summary, "http_reqs{error:refused}") > 0, "{:?}", summary.requests);
    assert_eq!(outcome(&summary, "http_req_failed"), Outcome::Fail);
}

#[test]
fn nobody_there_is_said_before_any_load() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let begun = Instant::now();
    let error = execute(config(&format!("http://{free}")), &dataset("")).unwrap_err();
    assert!(matches!(error, WorkloadError::Connect { class: "refused", .. }), "{error}");
    assert!(!error.is_configuration() && begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_stop_before_the_first_iteration_does_not_wait_for_a_connection() {
    let (stop, progress) = (Stop::new(), Progress::default());
    stop.finish();
    let run = Run::prepare(config("http://127.0.0.1:9"), &Plan::genarrative(), None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(run.execute(&stop, &progress)).unwrap_err();
    assert!(matches!(error, WorkloadError::Stopped) && !error.is_configuration(), "{error}");
}

#[test]
fn a_timeout_beyond_its_bounds_is_refused() {
    for timeout in [Duration::ZERO, Duration::from_secs(86_401), Duration::MAX] {
        let mut config = config("http://127.0.0.1:9");
        config.transport.timeout = timeout;
        let error = Run::prepare(config, &Plan::genarrative(), None).unwrap_err();
        assert!(
            matches!(error, WorkloadError::Timeout { .. }) && error.is_configuration(),
            "{error}"
        );
    }
}

#[test]
fn the_same_seed_requests_the_same_works() {
    let drawn = |seed| {
        let gallery = gallery(GalleryConfig::new());
        run(&gallery, |config| (config.detail_ratio, config.seed) = (0.5, seed));
        gallery.stats().responses
    };
    assert_eq!(drawn(7), drawn(7));
}

#[test]
fn a_threshold_that_aborts_ends_the_run_when_it_fails() {
    let gallery = faulty(1, FaultAction::Status(500), PUZZLES);
    let long = Scenario::constant_vus(2, Duration::from_secs(60), Duration::ZERO).unwrap();
    let begun = Instant::now();
    let summary = run(&gallery, |config| {
        let threshold = Threshold::parse("http_req_failed", "rate<0.01").unwrap();
        config.scenario = long.clone();
        config.thresholds = vec![threshold.aborting_after(Duration::from_millis(100))];
    });
    assert_eq!(summary.stopped, Some(StopReason::Threshold));
    assert_eq!(summary.verdict(), Verdict::Fail);
    assert!(begun.elapsed() < Duration::from_secs(30), "it did not wait for its end");
}

#[test]
fn workers_share_a_run_and_lose_nothing() {
    let gallery = gallery(GalleryConfig::new());
    let summary = run(&gallery, |config| config.workers = Some(3));
    assert_eq!((summary.iterations.planned, summary.iterations.completed), (39, 39));
    assert_eq!((summary.requests.sent, summary.requests.expected), (78, 78));
    assert_eq!(gallery.stats().total_responses(), 78);
    let closed = Scenario::shared_iterations(5, 60, Duration::from_secs(30), Duration::ZERO);
    let summary = run(&gallery, |config| {
        config.workers = Some(2);
        config.scenario = closed.unwrap();
    });
    assert_eq!((summary.iterations.planned, summary.iterations.completed), (60, 60));
    assert_eq!(summary.requests.sent, 120);
}

#[test]
fn scenarios_of_one_run_have_series_and_thresholds_of_their_own() {
    let gallery = gallery(GalleryConfig::new());
    let plan = Plan::from_toml(
        r#"
version = 1
[[endpoint]]
name = "puzzles"
path = "/api/runtime/puzzle/gallery"
[[endpoint]]
name = "worlds"
path = "/api/runtime/custom-world-gallery"
[scenario.few]
executor = "per-vu-iterations"
vus = 2
iterations = 3
endpoints = ["puzzles"]
thresholds = { "iterations{scenario:few}" = ["count==6"], "http_reqs{scenario:few}" = ["count==6"] }
[scenario.shared]
executor = "shared-iterations"
vus = 2
iterations = 9
thresholds = { "http_reqs{scenario:shared,endpoint:worlds}" = ["count==9"] }
"#,
    )
    .unwrap();
    let scenarios = plan.scenarios(&["few", "shared"], &Overrides::default()).unwrap();
    let config = config(&gallery.base_url());
    let run = Run::of_scenarios(config, &plan, scenarios, None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let summary = runtime.block_on(run.execute(&Stop::new(), &Progress::default())).unwrap();
    assert_eq!(summary.verdict(), Verdict::Pass, "{:?}", summary.thresholds);
    assert_eq!((summary.thresholds.len(), summary.requests.sent), (3, 6 + 18));
    assert_eq!(count(&summary, "http_reqs{endpoint:puzzles}"), 6 + 9);
}
