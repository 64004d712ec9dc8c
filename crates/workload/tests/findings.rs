//! Each cause, provoked against a real gallery, and the advice that the run's summary and its report
//! give. Every run plans an exact number of iterations within 0.4 s.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use dataset::Dataset;
use gallery::{EmbeddedGallery, Entry, Fault, FaultAction, Gallery, GalleryConfig};
use metrics::{Finding, Outcome, RunSummary, Severity};
use report::{RunReport, TextOptions};
use scenario::{RampingArrivalRate, Scenario, Stage, Stop};
use workload::preset::Preset;
use workload::{AuthToken, Plan, Progress, Run, RunConfig, WorkloadError};

const PUZZLES: &str = "/api/runtime/puzzle/gallery";
const WORLDS: &str = "/api/runtime/custom-world-gallery";
const TOKEN: &str = "a-token-that-must-not-show";

/// Two puzzles and a custom world. `@` before an id is replaced, and published is what is said so.
const DATASET: &str = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"k",
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

fn dataset(prefix: &str) -> Dataset {
    Dataset::from_json(DATASET.replace('@', prefix).as_bytes()).unwrap()
}

/// The dataset, in which the works whose lines are chosen are not published.
fn unpublished(of: impl Fn(&str) -> bool) -> Dataset {
    let hide = |line: &str| line.replace("\"published\":true", "\"published\":false");
    let line = |line: &str| if of(line) { hide(line) } else { line.to_owned() };
    let text = DATASET.replace('@', "");
    let text: Vec<_> = text.lines().map(line).collect();
    Dataset::from_json(text.join("\n").as_bytes()).unwrap()
}

fn serving(dataset: &Dataset, config: GalleryConfig) -> EmbeddedGallery {
    EmbeddedGallery::start(Gallery::new(dataset, config).unwrap()).unwrap()
}

fn gallery(config: GalleryConfig) -> EmbeddedGallery {
    serving(&dataset(""), config)
}

fn faulty(every: u64, action: FaultAction, path: &str) -> EmbeddedGallery {
    let fault = Fault::new(NonZeroU64::new(every).unwrap(), action).path_prefix(path);
    gallery(GalleryConfig::new().fault(fault))
}

/// 39 iterations within 0.4 s.
fn scenario() -> Scenario {
    let stages = vec![Stage { duration: Duration::from_millis(400), target: 100 }];
    let (time_unit, start_rate) = (Duration::from_secs(1), 100);
    let (pre_allocated_vus, max_vus) = (0, 50);
    let ramp = RampingArrivalRate { start_rate, time_unit, stages, pre_allocated_vus, max_vus };
    Scenario::ramping_arrival_rate(ramp, Duration::from_millis(300)).unwrap()
}

fn config(base_url: &str) -> RunConfig {
    let mut config = RunConfig::new("spike", base_url.parse().unwrap(), scenario());
    config.thresholds = Preset::Spike.thresholds(true, false);
    config
}

fn prepared(config: RunConfig) -> Run {
    Run::prepare(config, &Plan::genarrative(), Some(&dataset(""))).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn execute(config: RunConfig) -> Result<RunSummary, WorkloadError> {
    block_on(prepared(config).execute(&Stop::new(), &Progress::default()))
}

fn run(gallery: &EmbeddedGallery, change: impl FnOnce(&mut RunConfig)) -> RunSummary {
    let mut config = config(&gallery.base_url());
    change(&mut config);
    let run = execute(config).unwrap();
    assert!(run.conservation().holds(), "{:?} {:?}", run.iterations, run.requests);
    let spans: u64 = run.outcomes.iter().map(|span| span.count).sum();
    assert_eq!(spans, count(&run, "http_reqs"), "{:?}", run.outcomes);
    run
}

fn count(run: &RunSummary, selector: &str) -> u64 {
    run.metrics.count(&selector.parse().unwrap())
}

fn text(run: &RunSummary) -> String {
    let report = RunReport { run, server: None, started_at: None };
    report::text(&report, &TextOptions::default())
}

fn ids(run: &RunSummary) -> Vec<&str> {
    run.findings.iter().map(|finding| finding.id.as_str()).collect()
}

/// The finding with this id, whose advice has all `words`, in the summary as in the report's text.
fn advised<'a>(run: &'a RunSummary, id: &str, words: &[&str]) -> &'a Finding {
    let found = run.findings.iter().find(|finding| finding.id == id);
    let found = found.unwrap_or_else(|| panic!("no {id} in {:#?}", run.findings));
    let advice = found.next.join("\n");
    let text = text(run);
    let (before, section) = text.split_once("█ FINDINGS").unwrap();
    assert!(before.contains("█ THRESHOLDS") && section.contains("█ ENDPOINTS"), "{text}");
    for part in [&found.title, &found.seen, &found.means].into_iter().chain(&found.next) {
        assert!(section.contains(part.as_str()), "{part} is not in {text}");
    }
    for word in words {
        assert!(advice.contains(word), "{word} is not in {found:#?}");
    }
    found
}

/// The one finding of a run in which nothing else was wrong with the service. Whether the machine
/// that runs the tests was the limit as well is not the question.
fn alone<'a>(run: &'a RunSummary, id: &str, words: &[&str]) -> &'a Finding {
    let of_service: Vec<_> = ids(run).into_iter().filter(|id| *id != "generator-limit").collect();
    assert_eq!(of_service, [id], "{:#?}", run.outcomes);
    advised(run, id, words)
}

#[test]
fn a_service_in_order_has_nothing_to_be_told() {
    let run = run(&gallery(GalleryConfig::new()), |config| config.detail_ratio = 0.5);
    assert!(run.findings.is_empty(), "{:#?}", run.findings);
    assert!(!text(&run).contains("FINDINGS"));
    let backpressure = run.metrics.select_rate(&"http_req_backpressure".parse().unwrap());
    assert_eq!((backpressure.trues, backpressure.total), (0, run.requests.sent));
    let empty = run.metrics.select_rate(&"works_list_empty_rate".parse().unwrap());
    assert_eq!((empty.trues, empty.total), (0, 78));
}

#[test]
fn a_disabled_entry() {
    let run = run(&gallery(GalleryConfig::new().disable(Entry::Puzzle)), |_| {});
    let found = alone(&run, "entry-disabled", &["creation entry configuration", "ENDPOINTS"]);
    assert_eq!((found.severity, found.requests), (Severity::Problem, 39));
    let seen = "39 of 78 requests (50.00%), status 503: puzzle-gallery 39 of 39; from 0.";
    assert!(found.seen.starts_with(seen), "{found:?}");
    // The rest of the body stays where it is.
    assert!(!text(&run).contains("this creation entry is disabled"));
}

#[test]
fn a_503_without_the_code() {
    let run = run(&faulty(1, FaultAction::Status(503), PUZZLES), |_| {});
    let words = ["creation entry configuration", "healthz", "genarrative.error.log", "journalctl"];
    let found = alone(&run, "service-unavailable", &words);
    assert_eq!((found.severity, found.requests), (Severity::Problem, 39));
    assert!(!text(&run).contains("injected_fault"));
}

#[test]
fn backpressure_is_counted_apart() {
    let limit = NonZeroUsize::new(1).unwrap();
    let config = GalleryConfig::new().max_concurrent_requests(limit);
    let run = run(&gallery(config.latency(Duration::from_millis(30))), |_| {});
    let words = ["process.memory.usage", "p95", "GENARRATIVE_API_MAX_CONCURRENT_REQUESTS"];
    let found = alone(&run, "backpressure", &words);
    assert!(found.means.contains("no business error"), "{found:?}");
    assert_eq!(found.severity, Severity::Warning);
    let refused = count(&run, "http_reqs{status:429}");
    let of = |metric: &str| run.metrics.select_rate(&metric.parse().unwrap());
    let (backpressure, failed) = (of("http_req_backpressure"), of("http_req_failed"));
    assert!(refused > 0 && found.requests == refused, "{:?}", run.outcomes);
    assert_eq!((backpressure.trues, backpressure.total), (refused, 78));
    assert_eq!(failed, backpressure, "k6 counts it as failed");
    assert!(text(&run).contains("http_req_backpressure"));
}

#[test]
fn resets_are_the_accept_layers() {
    let run = run(&faulty(3, FaultAction::Reset, WORLDS), |_| {});
    let words = ["GENARRATIVE_API_LISTEN_BACKLOG", "keepalive", "limit in nginx", "ss -ltnp"];
    let found = advised(&run, "accept-layer", &words);
    assert!(found.seen.contains("error reset: custom-world-gallery"), "{found:?}");
    assert!(found.title.contains("TCP accept layer") && found.means.contains("only resets"));
    assert_eq!(found.requests, count(&run, "http_reqs{error:reset}"));
    assert!(ids(&run).iter().all(|id| ["accept-layer", "reconnects"].contains(id)));
}

#[test]
fn a_service_that_goes_away_refuses() {
    let gallery = gallery(GalleryConfig::new());
    let run = prepared(config(&gallery.base_url()));
    let run = block_on(async {
        let going_away = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            drop(gallery);
        };
        let (stop, progress) = (Stop::new(), Progress::default());
        tokio::join!(run.execute(&stop, &progress), going_away).0.unwrap()
    });
    let words = ["systemctl status genarrative-api.service", "ports drift", "LISTEN_BACKLOG"];
    let found = advised(&run, "accept-layer", &words);
    assert!(found.seen.contains("error refused"), "{found:?}");
    assert!(found.means.starts_with("Nothing was answered after 0."), "{found:?}");
}

#[test]
fn nobody_there_at_all_is_said_before_the_load() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = execute(config(&format!("http://{free}"))).unwrap_err().to_string();
    for word in ["refused", "is the service running", "start-up log", "Ports drift"] {
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn a_wrong_token() {
    let token = gallery::AuthToken::new("the-right-token").unwrap();
    let gallery = gallery(GalleryConfig::new().auth_token(token));
    let run = run(&gallery, |config| config.auth_token = Some(AuthToken::new(TOKEN).unwrap()));
    let found = alone(&run, "unauthorized", &["AUTH_TOKEN", "--auth-token-file", "BASE_URL"]);
    assert!(found.means.starts_with("AUTH_TOKEN is no access token that this api-server knows"));
    assert_eq!(found.requests, 78);
    assert!(found.seen.contains("puzzle-works 39 of 39") && !found.seen.contains("gallery"));
    assert!(!text(&run).contains(TOKEN) && !format!("{run:?}").contains(TOKEN));
}

#[test]
fn details_of_a_dataset_that_is_not_there() {
    let gallery = serving(&dataset("other-"), GalleryConfig::new());
    let run = run(&gallery, |config| config.detail_ratio = 1.0);
    let words = ["--import-output", "--real-ids", "DETAIL_RATIO=0"];
    let found = alone(&run, "details-not-imported", &words);
    assert_eq!((found.severity, found.requests), (Severity::Problem, 39));
}

#[test]
fn details_of_which_some_are_missing() {
    let gallery = serving(&unpublished(|line| line.contains("\"p2\"")), GalleryConfig::new());
    let run = run(&gallery, |config| config.detail_ratio = 1.0);
    let found = alone(&run, "details-partly-missing", &["--import-output"]);
    assert!(found.requests > 0 && found.requests < 39, "{found:?}");
    assert!(found.seen.contains("status 404: puzzle-gallery-detail"), "{found:?}");
}

#[test]
fn what_a_proxy_says() {
    for (status, id, words) in [
        (502, "bad-gateway", ["genarrative.error.log", "journalctl"]),
        (504, "gateway-timeout", ["genarrative.error.log", "proxy_read_timeout"]),
        (500, "server-error", ["journalctl -u genarrative-api.service", "X-Load-Test-Run"]),
    ] {
        let run = run(&faulty(4, FaultAction::Status(status), PUZZLES), |_| {});
        let found = alone(&run, id, &words);
        assert_eq!((found.severity, found.requests), (Severity::Problem, 10));
        assert!(found.seen.contains(&format!("status {status}: puzzle-gallery 10 of 39")));
    }
}

#[test]
fn pages_in_place_of_json() {
    let run = run(&faulty(2, FaultAction::Html, WORLDS), |_| {});
    let found = alone(&run, "not-json", &["web front end", "start-up log", "try_files"]);
    assert!(found.title.contains("HTML"), "{found:?}");
    assert_eq!((found.severity, found.requests), (Severity::Problem, 20));
    assert!(found.seen.contains("body syntax: custom-world-gallery 20 of 39"), "{found:?}");
    assert!(!text(&run).contains("</"), "a body was quoted");
}

#[test]
fn a_body_out_of_shape_is_told_with_its_first_response_and_is_no_finding() {
    let run = run(&faulty(10, FaultAction::WrongShape, PUZZLES), |_| {});
    assert!(ids(&run).is_empty(), "{:#?}", run.findings);
    let text = text(&run);
    let line = "4 × puzzle-gallery /data/items/*/profileId: type: expected string, found number\n";
    let (_, below) = text.split_once(line).unwrap();
    let when = below.lines().next().unwrap().trim();
    assert!(when.starts_with("first: response ") && when.ends_with(" s"), "{when}");
    assert!(when.contains(" s; last 0."), "{when}");
}

#[test]
fn an_empty_gallery() {
    let gallery = serving(&unpublished(|_| true), GalleryConfig::new());
    let all = run(&gallery, |_| {});
    let found = alone(&all, "empty-gallery", &["--import-output", "published"]);
    assert_eq!((found.severity, found.requests), (Severity::Problem, 78));
    assert_eq!(found.title, "The gallery is empty");
    let rate = |run: &RunSummary, selector: &str| {
        let rate = run.metrics.select_rate(&selector.parse().unwrap());
        (rate.trues, rate.total)
    };
    assert_eq!(rate(&all, "works_list_empty_rate"), (78, 78));

    let worlds = |line: &str| line.contains("custom-world");
    let some = run(&serving(&unpublished(worlds), GalleryConfig::new()), |_| {});
    let found = alone(&some, "empty-gallery", &["published"]);
    assert_eq!((found.severity, found.requests), (Severity::Warning, 39));
    assert!(found.seen.contains("custom-world-gallery 39 of 39") && !found.seen.contains("puzzle"));
    assert_eq!(rate(&some, "works_list_empty_rate{endpoint:puzzle-gallery}"), (0, 39));
}

#[test]
fn requests_that_hang_are_told_from_a_service_that_is_slow() {
    let timeout = Duration::from_millis(250);
    let hung = run(&faulty(13, FaultAction::Hang, PUZZLES), |c| c.transport.timeout = timeout);
    let found = alone(&hung, "timeouts", &["TIMEOUT", "upstream timing", "GENERATOR"]);
    assert_eq!((found.severity, found.requests), (Severity::Problem, 3));
    assert!(found.means.contains("single requests hang"), "{found:?}");
    assert!(found.means.contains("count in http_req_duration"), "{found:?}");

    let slow = gallery(GalleryConfig::new().latency(Duration::from_millis(120)));
    let timeout = Duration::from_millis(60);
    let slow = run(&slow, |config| config.transport.timeout = timeout);
    let found = alone(&slow, "timeouts", &["TIMEOUT"]);
    assert_eq!(found.requests, 78);
    assert!(found.means.starts_with("Nothing was answered as expected"), "{found:?}");
}

#[test]
fn a_limit_that_is_near_to_what_the_service_takes() {
    let later = FaultAction::Delay(Duration::from_millis(200));
    let fault = Fault::new(NonZeroU64::new(5).unwrap(), later);
    let config = GalleryConfig::new().latency(Duration::from_millis(90)).fault(fault);
    let timeout = Duration::from_millis(150);
    let run = run(&gallery(config), |config| config.transport.timeout = timeout);
    let found = alone(&run, "timeouts", &["raise TIMEOUT"]);
    assert!(found.means.contains("came near to the limit too"), "{found:?}");
    assert!(found.requests >= 16, "{found:?}");
}

#[test]
fn what_outlasts_the_graceful_stop() {
    let run = run(&faulty(13, FaultAction::Hang, PUZZLES), |_| {});
    let found = alone(&run, "unanswered", &["GRACEFUL_STOP", "TIMEOUT"]);
    assert_eq!((found.severity, found.requests), (Severity::Problem, 3));
}

#[test]
fn routes_that_are_not_there() {
    let gallery = gallery(GalleryConfig::new());
    let wrong = format!("{}/elsewhere", gallery.base_url());
    let run = execute(config(&wrong)).unwrap();
    let found = alone(&run, "route-missing", &["BASE_URL", "ports drift"]);
    assert_eq!(found.requests, 78);
}

#[test]
fn a_server_that_closes_kept_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    // Every connection answers its first request and closes when the second one comes.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1024];
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                let card = r#"[{"profileId":"p","ownerUserId":"u","workTitle":"t"}]"#;
                let length = card.len();
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{card}")
                    .unwrap();
                let _second = stream.read(&mut request).is_ok_and(|read| read > 0);
            }
        }
    });
    let mut config = config(&base_url);
    config.endpoints = vec!["puzzle-gallery".to_owned()];
    let grace = Duration::from_secs(5);
    config.scenario = Scenario::constant_vus(1, Duration::from_millis(100), grace).unwrap();
    let run = execute(config).unwrap();
    let found = alone(&run, "reconnects", &["keepalive_timeout", "upstream keepalive"]);
    assert_eq!(found.severity, Severity::Warning);
    assert_eq!(found.requests, count(&run, "http_reconnects"));
    assert!(run.thresholds.iter().all(|result| result.outcome != Outcome::Fail));
}
