//! What a run takes from bodies: how they drift, and the shapes that it learns, over loopback.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use workload::metrics::{DriftKind, RunSummary};
use workload::probe::{LearnLimits, Limits, Probe, Shape};
use workload::scenario::{ConstantArrivalRate, Scenario, Stop};
use workload::{Learnt, Plan, Progress, Run, RunConfig};

const PLAN: &str = r#"
version = 1
[[endpoint]]
name = "list"
path = "/list"
shape = "list.json"
[[endpoint]]
name = "bare"
path = "/bare"
[[endpoint]]
name = "page"
path = "/page"
[[endpoint]]
name = "gone"
path = "/gone"
"#;

const SHAPE: &str = r#"{
  "type": "object", "required": ["items"],
  "properties": {"items": {"type": "array", "items": {
    "properties": {"id": {"type": "string"}, "tags": {"type": "array"}}
  }}}
}"#;

const TAGGED: &str = r#"{"items": [
  {"id": "secret-1", "tags": ["a"], "plays": 3}, {"id": "secret-2", "tags": ["b"]},
  {"id": "secret-3", "tags": []}
]}"#;
const UNTAGGED: &str = r#"{"items": [
  {"id": "secret-1", "tags": [], "plays": 3}, {"id": "secret-2", "tags": []},
  {"id": "secret-3", "tags": []}
]}"#;

/// Answers requests; the list has its tags for so long, from the first request on.
async fn serve(mut stream: TcpStream, began: Arc<OnceLock<Instant>>, tagged: Duration) {
    let mut head = Vec::new();
    while stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let is_tagged = began.get_or_init(Instant::now).elapsed() < tagged;
        let (status, body) = match &head[..9] {
            b"GET /list" if !is_tagged => (200, UNTAGGED),
            b"GET /list" => (200, TAGGED),
            b"GET /bare" => (200, "[1.5, null]"),
            b"GET /page" => (200, "<!doctype html>"),
            _ => (404, "{\"no\": \"shape\"}"),
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\n\r\n{body}");
        head.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A run of these endpoints, of 20 iterations a second.
async fn prepared(endpoints: &[&str], length: Duration, tagged: Duration) -> Run {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let began = Arc::default();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&began), tagged));
        }
    });
    let plan = Plan::from_toml_with(PLAN, |_| Ok(SHAPE.into())).unwrap();
    let rate = ConstantArrivalRate {
        rate: 20,
        time_unit: Duration::from_secs(1),
        duration: length,
        pre_allocated_vus: 4,
        max_vus: 4,
    };
    let scenario = Scenario::constant_arrival_rate(rate, Duration::from_secs(5));
    let mut config = RunConfig::new("bodies", base_url.parse().unwrap(), scenario.unwrap());
    config.endpoints = endpoints.iter().map(|name| (*name).to_owned()).collect();
    // The samples of two workers are joined.
    config.workers = Some(2);
    Run::prepare(config, &plan, None).unwrap()
}

async fn run(tagged: Duration) -> RunSummary {
    let run = prepared(&["list"], Duration::from_millis(3_900), tagged).await;
    let summary = run.execute(&Stop::new(), &Progress::default()).await.unwrap();
    assert!(summary.violations.is_empty() && summary.conservation().holds());
    summary
}

#[tokio::test]
async fn tags_that_become_empty_are_seen_with_their_second() {
    let summary = run(Duration::from_millis(900)).await;
    let [drift] = &summary.drifts[..] else { panic!("{:?}", summary.drifts) };
    assert_eq!((&*drift.endpoint, &*drift.path), ("list", "/items/*/tags"));
    assert_eq!((drift.what, drift.from_second), (DriftKind::BecameEmpty, 1));
    assert_eq!((drift.until_second, drift.share), (None, 1.0));
    assert!(!format!("{summary:?}").contains("secret"));
}

#[tokio::test]
async fn a_service_that_stays_as_it_is_does_not_drift() {
    let summary = run(Duration::MAX).await;
    assert_eq!(summary.drifts, []);
    assert_eq!(summary.drifts_not_kept, 0);
}

async fn learnt() -> Vec<Learnt> {
    let run = prepared(&[], Duration::from_millis(600), Duration::MAX).await;
    let (stop, progress) = (Stop::new(), Progress::default());
    let (summary, learnt) = run.learn(LearnLimits::default(), &stop, &progress).await.unwrap();
    assert_eq!((summary.requests.expected, summary.requests.unexpected), (36, 12));
    learnt
}

#[tokio::test]
async fn a_run_learns_from_expected_responses_of_every_endpoint() {
    let learnt = learnt().await;
    let counts = learnt.iter().map(|learnt| {
        (&*learnt.endpoint, &*learnt.title, learnt.learner.bodies(), learnt.learner.refused())
    });
    assert_eq!(
        counts.collect::<Vec<_>>(),
        [
            ("list", "GET /list", 12, 0),
            ("bare", "GET /bare", 12, 0),
            ("page", "GET /page", 0, 12),
            ("gone", "GET /gone", 0, 0),
        ]
    );
    let list = learnt[0].learner.shape_json(&learnt[0].title);
    assert!(!list.contains("secret") && list.contains("\"title\": \"GET /list\""), "{list}");
    let shape = Shape::from_json(list.as_bytes()).unwrap();
    let mut probe = Probe::new(Limits::default());
    assert!(probe.check(&shape, TAGGED.as_bytes()).is_empty(), "{list}");
    assert!(probe.check(&shape, UNTAGGED.as_bytes()).is_empty(), "{list}");
    assert!(!probe.check(&shape, br#"{"items": [{"id": 7, "tags": []}]}"#).is_empty(), "{list}");
}
