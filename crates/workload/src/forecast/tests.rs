use dataset::Dataset;

use super::*;
use crate::{AuthToken, Overrides, Plan, Run, RunConfig};

/// Two puzzles, and a world with two routes.
const DATASET: &str = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"k",
"tables":{"t":[{},{},{}]},
"normalizedWorks":[
{"kind":"puzzle","table":"t","profileId":"p1","published":true},
{"kind":"puzzle","table":"t","profileId":"p2","published":true},
{"kind":"custom-world","table":"t","profileId":"w","ownerUserId":"u","workCode":"C","published":true}],
"counts":{"t":3,"normalizedWorks":3}}"#;

const SERVICE: Duration = Duration::from_millis(200);

fn forecast(
    plan: &Plan,
    names: &[&str],
    overrides: Overrides,
    change: impl FnOnce(&mut RunConfig),
) -> Forecast {
    let scenarios = plan.scenarios(names, &overrides).unwrap();
    let scenario = scenarios[0].scenario.clone();
    let mut config = RunConfig::new("forecast", "http://localhost".parse().unwrap(), scenario);
    change(&mut config);
    let dataset = Dataset::from_json(DATASET.as_bytes()).unwrap();
    Run::of_scenarios(config, plan, scenarios, Some(&dataset)).unwrap().forecast(SERVICE)
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9 * right.abs().max(1.0)
}

#[test]
fn the_documented_spike_is_fifty_requests_a_second() {
    let forecast = forecast(&Plan::genarrative(), &["spike"], Overrides::default(), |_| {});
    let [spike] = forecast.scenarios.as_slice() else { panic!("{forecast:?}") };
    // (5 + 25) / 2 × 10 s + 25 × 60 s + 15 × 10 s is 1800, and the last start is on the very end.
    assert_eq!((spike.iterations, spike.is_exact), (1799.0, true));
    assert_eq!((spike.peak_iterations_a_second, spike.peak_requests_a_second), (25.0, 50.0));
    assert_eq!((forecast.requests, forecast.peak_requests_a_second), (3598.0, 50.0));
    // Two requests of 200 ms, 25 times a second, keep ten users busy.
    assert_eq!(spike.iteration_time, SERVICE * 2);
    assert_eq!((spike.busy_vus, spike.max_vus), (10, 100));
    assert_eq!((forecast.connections, forecast.connections_max), (10, 100));
    assert_eq!(forecast.duration, Duration::from_secs(80));
    let lists: Vec<_> = spike.endpoints.iter().map(|endpoint| endpoint.requests).collect();
    assert_eq!(lists, [1799.0, 1799.0]);
}

#[test]
fn details_and_personal_lists_are_counted() {
    let forecast = forecast(&Plan::genarrative(), &["spike"], Overrides::default(), |config| {
        config.detail_ratio = 0.35;
        config.auth_token = Some(AuthToken::new("t").unwrap());
        config.auth_user = Some("u".to_owned());
    });
    let spike = &forecast.scenarios[0];
    assert_eq!(spike.requests_an_iteration, 4.35);
    assert!(close(spike.peak_requests_a_second, 108.75), "{}", spike.peak_requests_a_second);
    assert!(close(forecast.requests, 1799.0 * 4.35), "{}", forecast.requests);
    // 25 × 4.35 × 0.2 s are 21.75.
    assert_eq!(spike.busy_vus, 22);
    let of = |name: &str| {
        let endpoint = spike.endpoints.iter().find(|endpoint| endpoint.name == name);
        endpoint.map(|endpoint| endpoint.requests_an_iteration)
    };
    // A third of the details is of the world, whose two routes share it.
    assert!(close(of("puzzle-gallery-detail").unwrap(), 0.35 * 2.0 / 3.0));
    assert!(close(of("custom-world-gallery-detail").unwrap(), 0.35 / 6.0));
    assert!(close(of("custom-world-gallery-by-code").unwrap(), 0.35 / 6.0));
    assert_eq!(of("puzzle-works"), Some(1.0));
    // The user has no puzzle.
    assert_eq!(of("puzzle-works-detail"), None);
    let sum: f64 = spike.endpoints.iter().map(|endpoint| endpoint.requests).sum();
    assert!(close(sum, forecast.requests));
}

#[test]
fn every_threshold_knows_how_many_samples_it_will_have() {
    let shown = |ratio| {
        let forecast = forecast(&Plan::genarrative(), &["smoke"], Overrides::default(), |config| {
            config.detail_ratio = ratio;
        });
        let shown = |at: &ThresholdForecast| {
            (at.threshold.to_string(), at.samples.map(f64::round), at.needed, at.is_enough())
        };
        forecast.scenarios[0].thresholds.iter().map(shown).collect::<Vec<_>>()
    };
    // 75 iterations of 400 ms fit into 30 s; a rate below 1 % needs 381 requests.
    assert_eq!(
        shown(0.0),
        [
            ("http_req_failed: rate<0.01".to_owned(), Some(150.0), 381, Some(false)),
            ("works_list_shape_error_rate: rate<0.01".to_owned(), Some(150.0), 381, Some(false)),
        ]
    );
    // With half a request more they take 500 ms, and there are 60.
    let with_details = shown(0.5);
    assert_eq!(with_details.len(), 4);
    assert_eq!(with_details[1].0, "http_req_failed{role:detail}: rate<0.01");
    assert_eq!(with_details[1].1, Some(30.0));
}

#[test]
fn the_baselines_percentiles_can_be_decided() {
    let overrides = Overrides { duration: Some(Duration::from_secs(3)), ..Overrides::default() };
    let forecast = forecast(&Plan::genarrative(), &["baseline"], overrides, |_| {});
    let baseline = &forecast.scenarios[0];
    // Ten users, 2.5 iterations a second each, for 3 s.
    assert!(close(baseline.iterations, 75.0) && !baseline.is_exact, "{}", baseline.iterations);
    let enough: Vec<_> = baseline.thresholds.iter().map(|at| (at.needed, at.is_enough())).collect();
    assert_eq!(enough[..2], [(72, Some(true)), (368, Some(false))]);
}

#[test]
fn each_executor_is_foretold_from_its_service_time() {
    let plan = Plan::from_toml(
        r#"
version = 1
[[endpoint]]
name = "a"
path = "/a"
pause = { min = "200ms", max = "400ms" }
[scenario.ramping-vus]
executor = "ramping-vus"
start_vus = 0
stages = [{ duration = "10s", target = 10 }, { duration = "10s", target = 10 }]
[scenario.constant-rate]
executor = "constant-arrival-rate"
rate = 120
time_unit = "1m"
duration = "60s"
[scenario.per-vu]
executor = "per-vu-iterations"
vus = 4
iterations = 10
[scenario.per-vu-too-short]
executor = "per-vu-iterations"
vus = 4
iterations = 10
max_duration = "2s"
[scenario.shared]
executor = "shared-iterations"
vus = 10
iterations = 5
"#,
    )
    .unwrap();
    // A request of 200 ms and a pause of 300 ms: two iterations a second for each user.
    for (name, iterations, peak, users, is_exact) in [
        ("ramping-vus", 300.0, 20.0, 10, false),
        ("constant-rate", 120.0, 2.0, 1, true),
        ("per-vu", 40.0, 8.0, 4, false),
        ("per-vu-too-short", 16.0, 8.0, 4, false),
        ("shared", 5.0, 10.0, 5, false),
    ] {
        let forecast = forecast(&plan, &[name], Overrides::default(), |_| {});
        let scenario = &forecast.scenarios[0];
        assert_eq!(scenario.iteration_time, Duration::from_millis(500), "{name}");
        assert!(close(scenario.iterations, iterations), "{name}: {}", scenario.iterations);
        assert!(close(scenario.peak_iterations_a_second, peak), "{name}");
        assert_eq!((scenario.busy_vus, scenario.is_exact), (users, is_exact), "{name}");
    }
}

#[test]
fn scenarios_that_overlap_are_added_up() {
    let plan = |start: &str| {
        let text = format!(
            r#"
version = 1
[[target]]
name = "cdn"
base_url = "http://localhost:81"
[[endpoint]]
name = "a"
path = "/a"
[[endpoint]]
name = "b"
path = "/b"
target = "cdn"
[scenario.one]
executor = "constant-arrival-rate"
rate = 10
duration = "10s"
endpoints = ["a"]
[scenario.two]
executor = "constant-arrival-rate"
rate = 20
duration = "10s"
start_time = "{start}"
thresholds = {{ "http_req_duration{{endpoint:b}}" = ["p(95)<800"] }}
"#
        );
        Plan::from_toml(&text).unwrap()
    };
    let of = |start| forecast(&plan(start), &["one", "two"], Overrides::default(), |_| {});
    let overlapping = of("5s");
    assert!(close(overlapping.peak_requests_a_second, 50.0), "{overlapping:?}");
    // 10/s × 0.2 s, and 20/s × 0.4 s.
    assert_eq!(overlapping.busy_vus, 10);
    // Those of the second scenario connect to both services.
    assert_eq!((overlapping.connections, overlapping.connections_max), (18, 40 + 2 * 80));
    assert_eq!(overlapping.connections_max_a_target, 120);
    assert_eq!(overlapping.duration, Duration::from_secs(15));
    let apart = of("10s");
    assert!(close(apart.peak_requests_a_second, 40.0) && apart.busy_vus == 8, "{apart:?}");
    let threshold = &apart.scenarios[1].thresholds[0];
    assert_eq!(threshold.samples, Some(apart.scenarios[1].iterations));
}
