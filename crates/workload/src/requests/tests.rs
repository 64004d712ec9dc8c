use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scenario::Scenario;

use super::*;
use crate::{AuthToken, Overrides};

const DATASET: &str = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"k",
"tables":{"puzzle_work_profile":[{"play_count":7,"tag":"a b"},{"play_count":8}],"custom_world_profile":[{},{}]},
"normalizedWorks":[
{"kind":"puzzle","table":"puzzle_work_profile","profileId":"p1","ownerUserId":"u1","published":true},
{"kind":"puzzle","table":"puzzle_work_profile","profileId":"p2","ownerUserId":"u2","published":false},
{"kind":"custom-world","table":"custom_world_profile","profileId":"w1","ownerUserId":"u1","workCode":"C1","published":true},
{"kind":"custom-world","table":"custom_world_profile","profileId":"w2","ownerUserId":"u2","published":true}],
"counts":{"puzzle_work_profile":2,"custom_world_profile":2,"normalizedWorks":4}}"#;

fn config() -> RunConfig {
    let second = Duration::from_secs(1);
    let scenario = Scenario::constant_vus(1, second, second).unwrap();
    RunConfig::new("smoke", "http://localhost/base".parse().unwrap(), scenario)
}

fn dataset() -> Dataset {
    Dataset::from_json(DATASET.as_bytes()).unwrap()
}

fn smoke(plan: &Plan) -> PlannedScenario {
    plan.scenario("smoke", &Overrides::default()).unwrap()
}

fn requests(change: impl FnOnce(&mut RunConfig)) -> Result<Requests, WorkloadError> {
    let mut config = config();
    change(&mut config);
    let plan = Plan::genarrative();
    Requests::new(&config, &plan, &smoke(&plan), Some(&dataset()))
}

/// The requests of a plan with these endpoints and a scenario `smoke`.
fn of_plan(endpoints: &str) -> Result<Requests, WorkloadError> {
    let text = format!(
        "version = 1\n{endpoints}\n[scenario.smoke]\nexecutor = \"constant-vus\"\nduration = \"1s\"\n"
    );
    let plan = Plan::from_toml(&text).unwrap();
    Requests::new(&config(), &plan, &smoke(&plan), Some(&dataset()))
}

fn with_token(config: &mut RunConfig) {
    config.auth_token = Some(AuthToken::new("t").unwrap());
}

fn paths(requests: &Requests, index: u64) -> Vec<String> {
    requests.of_iteration(index).map(|request| request.path.to_string()).collect()
}

fn used(requests: &Requests) -> Vec<&str> {
    requests.endpoints().iter().map(Endpoint::name).collect()
}

#[test]
fn an_iteration_requests_the_two_public_lists_in_order() {
    let requests = requests(|_| {}).unwrap();
    let expected = ["/base/api/runtime/puzzle/gallery", "/base/api/runtime/custom-world-gallery"];
    assert_eq!(paths(&requests, 0), expected);
    assert_eq!(requests.mean_per_iteration(), 2.0);
}

#[test]
fn a_token_adds_the_personal_lists() {
    let requests = requests(with_token).unwrap();
    assert_eq!(
        paths(&requests, 5)[2..],
        ["/base/api/runtime/puzzle/works", "/base/api/runtime/custom-world/works"]
    );
}

#[test]
fn every_public_route_of_a_published_work_is_drawn_about_equally() {
    let requests = requests(|config| config.detail_ratio = 1.0).unwrap();
    let mut drawn = BTreeMap::new();
    for index in 0..6000 {
        let path = paths(&requests, index).pop().unwrap();
        *drawn.entry(path.replace("/base/api/runtime/", "")).or_insert(0_u32) += 1;
    }
    // Three works, and one of them has two routes.
    for (path, expected) in [
        ("puzzle/gallery/p1", 2000),
        ("custom-world-gallery/u1/w1", 1000),
        ("custom-world-gallery/by-code/C1", 1000),
        ("custom-world-gallery/u2/w2", 2000),
    ] {
        assert!(drawn[path].abs_diff(expected) < 150, "{drawn:?}");
    }
    assert_eq!(drawn.len(), 4);
}

#[test]
fn a_personal_detail_is_of_the_users_own_works_only() {
    let own = requests(|config| {
        with_token(config);
        config.detail_ratio = 1.0;
        config.auth_user = Some("u2".into());
        config.endpoints = vec!["puzzle-works-detail".into()];
    });
    let own = own.unwrap();
    assert_eq!(paths(&own, 3), ["/base/api/runtime/puzzle/works/p2"]);
    assert_eq!(used(&own), ["puzzle-works-detail"]);
    let unknown_user = requests(|config| {
        with_token(config);
        config.detail_ratio = 1.0;
    });
    let unknown_user = unknown_user.unwrap();
    assert!(!used(&unknown_user).contains(&"puzzle-works-detail"));
}

#[test]
fn the_detail_ratio_is_kept_and_the_choice_depends_on_the_seed_alone() {
    let draw = |seed| {
        let requests = requests(|config| (config.detail_ratio, config.seed) = (0.35, seed));
        let requests = requests.unwrap();
        (0..10_000).map(|index| paths(&requests, index)).collect::<Vec<_>>()
    };
    let first = draw(1);
    let details = first.iter().filter(|paths| paths.len() == 3).count();
    assert!(details.abs_diff(3500) < 150, "{details}");
    assert_eq!(first, draw(1));
    assert_ne!(first, draw(2));
}

#[test]
fn endpoints_are_selected_by_name_or_path() {
    for name in ["puzzle-gallery", "/api/runtime/puzzle/gallery"] {
        let requests = requests(|config| config.endpoints = vec![name.into()]).unwrap();
        assert_eq!(paths(&requests, 0), ["/base/api/runtime/puzzle/gallery"]);
    }
}

#[test]
fn settings_that_make_no_run_are_refused() {
    use WorkloadError::{AuthMissing, DetailRatio, Details, NoEndpoint, UnknownEndpoint};
    let select = |name: &'static str, ratio: f64| {
        requests(move |config| {
            config.endpoints = vec![name.into()];
            config.detail_ratio = ratio;
        })
        .unwrap_err()
    };
    assert!(matches!(select("nope", 0.0), UnknownEndpoint { .. }));
    assert!(matches!(select("puzzle-works", 0.0), AuthMissing { .. }));
    assert!(matches!(select("puzzle-gallery", 0.5), Details { .. }));
    assert!(matches!(select("puzzle-gallery-detail", 0.0), NoEndpoint { .. }));
    for ratio in [2.0, -0.1, f64::NAN] {
        assert!(matches!(select("puzzle-gallery", ratio), DetailRatio));
    }
    let mut config = config();
    config.detail_ratio = 0.1;
    let plan = Plan::genarrative();
    let without_data = Requests::new(&config, &plan, &smoke(&plan), None);
    assert!(matches!(without_data, Err(Details { .. })));
}

#[test]
fn an_endpoint_may_say_by_itself_how_often_it_is_requested() {
    let requests = of_plan(
        r#"
[[endpoint]]
name = "always"
path = "/always"
[[endpoint]]
name = "sometimes"
path = "/sometimes"
probability = 0.35
[[endpoint]]
name = "most"
path = "/most"
weight = 3
[[endpoint]]
name = "least"
path = "/works/{profileId}"
kind = "puzzle"
weight = 1
"#,
    );
    let requests = requests.unwrap();
    let mut drawn = BTreeMap::new();
    for index in 0..10_000 {
        let paths = paths(&requests, index);
        assert_eq!(paths[0], "/base/always");
        let last = paths.last().unwrap().as_str();
        assert!(["/base/most", "/base/works/p1"].contains(&last), "{last}");
        paths.into_iter().for_each(|path| *drawn.entry(path).or_insert(0_u32) += 1);
    }
    for (path, expected) in [
        ("/base/always", 10_000),
        ("/base/sometimes", 3_500),
        ("/base/most", 7_500),
        ("/base/works/p1", 2_500),
    ] {
        assert!(drawn[path].abs_diff(expected) < 200, "{drawn:?}");
    }
    assert_eq!(requests.means().collect::<Vec<_>>(), [1.0, 0.35, 0.75, 0.25]);
    assert_eq!(requests.mean_per_iteration(), 2.35);
}

#[test]
fn the_rows_of_a_table_are_requested_where_they_have_the_columns() {
    let rows = |path: &str| {
        of_plan(&format!(
            "[[endpoint]]\nname = \"row\"\ntable = \"puzzle_work_profile\"\nprobability = 1.0\npath = \"{path}\"\n"
        ))
    };
    let counts = rows("/played/{play_count}").unwrap();
    let drawn: BTreeSet<_> = (0..100).flat_map(|index| paths(&counts, index)).collect();
    assert_eq!(drawn.into_iter().collect::<Vec<_>>(), ["/base/played/7", "/base/played/8"]);
    assert_eq!(paths(&rows("/tagged/{tag}").unwrap(), 1), ["/base/tagged/a%20b"]);
    assert!(matches!(rows("/{absent}"), Err(WorkloadError::Fields { .. })));
}

#[test]
fn a_request_has_its_endpoints_method_headers_target_and_pause() {
    let requests = of_plan(
        r#"
[[target]]
name = "cdn"
base_url = "http://localhost:81/cdn"
[[endpoint]]
name = "a"
path = "/a"
method = "HEAD"
target = "cdn"
headers = { Accept-Language = "zh", accept = "text/html" }
pause = { min = "100ms", max = "300ms" }
[[endpoint]]
name = "b"
path = "/b"
pause = "200ms"
"#,
    );
    let requests = requests.unwrap();
    let [a, b] = requests.of_iteration(3).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((a.method.as_str(), a.target, a.path.path()), ("HEAD", 1, "/cdn/a"));
    assert_eq!((b.method.as_str(), b.target, b.path.path()), ("GET", 0, "/base/b"));
    let header = |request: &Request<'_>, name: &str| {
        let found = request.headers.iter().find(|(key, _)| key.as_str() == name);
        found.map(|(_, value)| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header(&a, "accept-language").as_deref(), Some("zh"));
    assert_eq!(header(&a, "accept").as_deref(), Some("text/html"));
    assert_eq!(header(&b, "accept"), None);
    let hundred = Duration::from_millis(100);
    let pauses: Vec<_> = (0..1000)
        .map(|index| requests.of_iteration(index).next().unwrap().pause.unwrap())
        .collect();
    assert!(pauses.iter().all(|pause| (hundred..=hundred * 3).contains(pause)));
    let mean = pauses.iter().sum::<Duration>() / 1000;
    assert!(mean.abs_diff(hundred * 2) < hundred / 10, "{mean:?}");
    assert_eq!(b.pause, Some(hundred * 2));
}

#[test]
fn a_share_of_the_requests_is_traced() {
    let with = |trace_share| requests(|config| config.trace_share = trace_share).unwrap();
    let (silent, traced) = (with(0.0), with(1.0));
    assert!(silent.of_iteration(0).all(|request| request.traceparent.is_none()));
    let [first, second] = traced.of_iteration(0).collect::<Vec<_>>().try_into().unwrap();
    assert_ne!(first.traceparent.unwrap(), second.traceparent.unwrap());
    // Tracing changes no choice.
    assert_eq!(paths(&silent, 9), paths(&traced, 9));
    assert!(matches!(requests(|config| config.trace_share = 1.5), Err(WorkloadError::TraceShare)));
}

#[test]
fn two_scenarios_choose_apart_from_each_other() {
    let of = |name: &str| {
        let plan = Plan::genarrative();
        let mut config = config();
        config.detail_ratio = 0.5;
        let scenario = plan.scenario(name, &Overrides::default()).unwrap();
        let requests = Requests::new(&config, &plan, &scenario, Some(&dataset())).unwrap();
        (0..100).map(|index| paths(&requests, index)).collect::<Vec<_>>()
    };
    assert_eq!(of("smoke"), of("smoke"));
    assert_ne!(of("smoke"), of("baseline"));
}
