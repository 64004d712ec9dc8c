//! What tests in other repositories do: a scenario within a `#[tokio::test]`, whose one thread has the
//! server too, and assertions on what came of it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use workload::metrics::{Outcome, RunSummary, Threshold, Verdict};
use workload::scenario::Stop;
use workload::{BaseUrl, Plan, Progress, Run, RunConfig, WorkloadError};

const PLAN: &str = r#"
version = 1

[[endpoint]]
name = "orders"
path = "/orders"
shape = "orders.json"

[[endpoint]]
name = "health"
path = "/health"
expect = [204]

[scenario.steady]
executor = "constant-arrival-rate"
rate = 100
duration = "300ms"
max_vus = 50
endpoints = ["orders"]
[scenario.steady.thresholds]
"http_req_failed" = ["rate==0"]
"checks" = ["rate==1"]

[scenario.few]
executor = "shared-iterations"
vus = 2
iterations = 10
"#;
const ORDERS: &str = r#"{"type": "object", "required": ["orders"]}"#;

fn plan() -> Plan {
    let shape = |name: &str| match name {
        "orders.json" => Ok(ORDERS.into()),
        _ => Err("there is no such file".to_owned()),
    };
    Plan::from_toml_with(PLAN, shape).unwrap()
}

/// Starts a server, in the test's own runtime, whose orders are this document.
async fn server(orders: &'static str) -> BaseUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, orders));
        }
    });
    base_url.parse().unwrap()
}

async fn serve(mut stream: TcpStream, orders: &str) {
    let mut head = Vec::new();
    while stream.read_buf(&mut head).await.is_ok_and(|read| read > 0) {
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let answer = match head.starts_with(b"GET /orders ") {
            true => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{orders}", orders.len()),
            false => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        };
        head.clear();
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn run(config: RunConfig) -> RunSummary {
    let run = Run::prepare(config, &plan(), None).unwrap();
    run.execute(&Stop::new(), &Progress::default()).await.unwrap()
}

fn outcomes(run: &RunSummary) -> Vec<(&str, Outcome)> {
    let outcomes =
        run.thresholds.iter().map(|result| (result.threshold.selector().name(), result.outcome));
    outcomes.collect()
}

#[tokio::test]
async fn a_service_in_order_passes() {
    let base_url = server(r#"{"orders":[]}"#).await;
    let run = run(RunConfig::of_plan(&plan(), "steady", base_url).unwrap()).await;
    assert_eq!(run.verdict(), Verdict::Pass, "{:?} {:?}", run.thresholds, run.validity());
    assert_eq!(outcomes(&run), [("checks", Outcome::Pass), ("http_req_failed", Outcome::Pass)]);
    assert_eq!((run.iterations.planned, run.iterations.completed), (30, 30));
    // The scenario asks for the orders alone.
    assert_eq!((run.requests.sent, run.requests.expected), (30, 30));
    assert!(run.conservation().holds() && run.violations.is_empty());
    assert!(!run.is_saturated() && run.health.is_some());
    assert_eq!((run.scenario.as_str(), run.window), ("steady", Duration::from_millis(300)));
}

#[tokio::test]
async fn a_body_out_of_shape_fails_and_is_named() {
    let base_url = server(r#"{"error":"none of your business"}"#).await;
    let run = run(RunConfig::of_plan(&plan(), "steady", base_url).unwrap()).await;
    assert_eq!(run.verdict(), Verdict::Fail);
    assert_eq!(outcomes(&run), [("checks", Outcome::Fail), ("http_req_failed", Outcome::Pass)]);
    let [violation] = &run.violations[..] else { panic!("{:?}", run.violations) };
    assert_eq!((violation.endpoint.as_str(), violation.count), ("orders", 30));
    assert_eq!((violation.first_response, violation.path.as_str()), (1, "/orders"));
    assert!(!violation.text.contains("business"), "{violation:?}");
}

#[tokio::test]
async fn settings_of_a_plans_scenario_can_be_changed() {
    let base_url = server(r#"{"orders":[]}"#).await;
    let mut config = RunConfig::of_plan(&plan(), "few", base_url).unwrap();
    assert!(config.thresholds.is_empty() && config.endpoints.is_empty());
    config.endpoints = vec!["health".to_owned()];
    config.thresholds = vec![Threshold::parse("http_reqs{status:204}", "count==10").unwrap()];
    let run = run(config).await;
    assert_eq!(outcomes(&run), [("http_reqs", Outcome::Pass)]);
    assert_eq!((run.iterations.completed, run.requests.expected), (10, 10));
}

#[tokio::test]
async fn a_scenario_that_the_plan_does_not_have_is_refused() {
    let base_url = "http://127.0.0.1:9".parse().unwrap();
    let refused = RunConfig::of_plan(&plan(), "soak", base_url).unwrap_err();
    assert!(matches!(refused, WorkloadError::UnknownScenario { .. }));
    assert_eq!(refused.to_string(), "there is no scenario \"soak\"; there are few, steady");
}
