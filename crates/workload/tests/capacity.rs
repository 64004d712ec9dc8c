//! Searches for a capacity that is known, against a gallery that refuses what is too much.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use dataset::Dataset;
use gallery::{EmbeddedGallery, Gallery, GalleryConfig};
use scenario::{Scenario, Stop};
use workload::capacity::{Ended, Rate, SearchConfig, Trial};
use workload::{
    BrokenOff, CapacityConfig, CapacityResult, CapacityTest, Objective, Plan, Progress, RunConfig,
};

const DATASET: &str = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"k",
"tables":{"puzzle_work_profile":[{"profile_id":"p1","owner_user_id":"u1","work_title":"夜景"}]},
"normalizedWorks":[
{"kind":"puzzle","table":"puzzle_work_profile","profileId":"p1","ownerUserId":"u1","published":true}],
"counts":{"puzzle_work_profile":1,"normalizedWorks":1}}"#;

/// 20 requests at once, each of 100 ms: 200 a second.
fn gallery() -> EmbeddedGallery {
    let dataset = Dataset::from_json(DATASET.as_bytes()).unwrap();
    let config = GalleryConfig::new()
        .max_concurrent_requests(NonZeroUsize::new(20).unwrap())
        .latency(Duration::from_millis(100));
    EmbeddedGallery::start(Gallery::new(&dataset, config).unwrap()).unwrap()
}

fn run(gallery: &EmbeddedGallery) -> RunConfig {
    let scenario = Scenario::constant_vus(1, Duration::from_secs(1), Duration::ZERO).unwrap();
    let mut run = RunConfig::new("capacity", gallery.base_url().parse().unwrap(), scenario);
    run.endpoints = vec!["puzzle-gallery".to_owned()];
    run
}

fn config(objective: &str) -> CapacityConfig {
    let mut config = CapacityConfig::new(Objective::parse(objective).unwrap());
    config.search = SearchConfig { from: Rate::of(60.0), resolution: 0.1, ..config.search };
    config.step_duration = Duration::from_millis(500);
    config.pause = Duration::from_millis(50);
    config.lengthen = false;
    config
}

async fn find(config: CapacityConfig, gallery: &EmbeddedGallery, stop: &Stop) -> CapacityResult {
    let plan = Plan::genarrative();
    let test = CapacityTest::prepare(config, run(gallery), &plan, None).unwrap();
    test.execute(stop, &Progress::default(), |_| {}).await.unwrap()
}

#[tokio::test]
async fn the_capacity_of_a_service_that_refuses_is_found() {
    let gallery = gallery();
    let begun = Instant::now();
    let found = find(config("failed<1%,p(95)<1000"), &gallery, &Stop::new()).await;
    assert_eq!(found.finding.ended, Ended::Found, "{found:#?}");
    let (holds, fails) = (found.finding.holds.unwrap(), found.finding.fails.unwrap());
    assert!((170.0..=230.0).contains(&holds.rate.per_second()), "{:#?}", found.finding);
    assert!(fails.rate.per_second() <= holds.rate.per_second() * 1.11);
    assert!(holds.is_settled && fails.is_settled);
    assert!(found.steps.iter().all(|step| step.adds_up));
    let failed = found.steps.iter().find(|step| step.trial == Trial::Failed).unwrap();
    assert!(failed.reasons[0].starts_with("failed<1%: "), "{failed:?}");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_objective_that_nothing_meets_has_a_capacity_below_the_lowest_rate() {
    let gallery = gallery();
    let mut config = config("p(95)<50");
    config.search.min = Rate::of(50.0);
    let found = find(config, &gallery, &Stop::new()).await;
    assert_eq!((found.finding.ended, found.finding.holds), (Ended::BelowMinimum, None));
    assert_eq!(found.finding.fails.unwrap().tally.failed, 2);
    assert!(found.steps.iter().all(|step| step.reasons[0].starts_with("p(95)<50: ")));
}

#[tokio::test]
async fn too_few_virtual_users_are_the_generators_limit() {
    let gallery = gallery();
    let mut config = config("failed<1%");
    config.max_vus = 10;
    config.search.from = Rate::of(40.0);
    let found = find(config, &gallery, &Stop::new()).await;
    assert_eq!(found.finding.ended, Ended::GeneratorLimit, "{found:#?}");
    // Ten users, of whom each is busy for 100 ms.
    let holds = found.finding.holds.unwrap().rate.per_second();
    assert!((70.0..=101.0).contains(&holds), "{:#?}", found.finding);
}

#[tokio::test]
async fn a_search_without_time_says_what_it_knows() {
    let gallery = gallery();
    let mut config = config("failed<1%");
    config.max_duration = Duration::from_millis(1500);
    let found = find(config, &gallery, &Stop::new()).await;
    assert_eq!(found.broken_off, Some(BrokenOff::Time));
    assert!((1..=2).contains(&found.steps.len()), "{found:#?}");
    assert_eq!((found.finding.ended, found.finding.holds.is_some()), (Ended::Open, true));

    let stop = Stop::new();
    stop.finish();
    let found = find(self::config("failed<1%"), &gallery, &stop).await;
    assert_eq!((found.broken_off, found.steps.len()), (Some(BrokenOff::Interrupted), 0));
}

#[test]
fn an_objective_about_nothing_that_is_requested_is_refused() {
    let gallery = gallery();
    let plan = Plan::genarrative();
    let objective = "http_req_duration{endpoint:typo}: p(95)<1";
    let error = CapacityTest::prepare(config(objective), run(&gallery), &plan, None).unwrap_err();
    assert!(error.is_configuration() && error.to_string().contains("typo"), "{error}");
}

#[test]
fn steps_are_as_long_as_their_percentiles_need() {
    let gallery = gallery();
    let plan = Plan::genarrative();
    let mut config = config("p(99)<1000");
    (config.lengthen, config.search.from) = (true, Rate::of(100.0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    config.max_duration = Duration::ZERO;
    let test = CapacityTest::prepare(config.clone(), run(&gallery), &plan, None).unwrap();
    let found = runtime.block_on(test.execute(&Stop::new(), &Progress::default(), |_| {}));
    assert_eq!(found.unwrap().broken_off, Some(BrokenOff::Time));
    // 299 samples, and a tenth more, at 100 a second take 3.3 s.
    config.max_duration = Duration::from_secs(3);
    let test = CapacityTest::prepare(config, run(&gallery), &plan, None).unwrap();
    let found = runtime.block_on(test.execute(&Stop::new(), &Progress::default(), |_| {}));
    assert!(found.unwrap().steps.is_empty());
}
