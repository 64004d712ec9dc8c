//! A scenario against a server of one's own, as a `#[tokio::test]` in another repository has it: the
//! server and whoever waits for the load share one thread.

#![allow(clippy::print_stdout, reason = "an example says what it found")]

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use workload::metrics::{Outcome, Verdict};
use workload::scenario::Stop;
use workload::{Plan, Progress, Run, RunConfig};

/// What is requested, how often, and what decides.
const PLAN: &str = r#"
version = 1

[[endpoint]]
name = "orders"
path = "/api/orders?page=1"
shape = "orders.json"

[[endpoint]]
name = "status"
path = "/api/status"
expect = [204]
probability = 0.1

[scenario.steady]
executor = "constant-arrival-rate"
rate = 100
duration = "1s"

[scenario.steady.thresholds]
"http_req_duration{endpoint:orders}" = ["p(95)<500"]
"http_req_failed" = ["rate==0"]
"checks" = ["rate==1"]
"#;

/// The shape of a page of orders, which would be a file.
const ORDERS: &str = r#"{
  "type": "object", "required": ["orders"],
  "properties": {"orders": {"type": "array", "minItems": 1, "items": {
    "type": "object", "required": ["id", "cents"],
    "properties": {"id": {"type": "string"}, "cents": {"type": "integer", "minimum": 0}}
  }}}
}"#;

/// The service under test.
async fn service(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = match request.uri().path() {
        "/api/orders" => (StatusCode::OK, r#"{"orders":[{"id":"a-17","cents":1999}]}"#),
        "/api/status" => (StatusCode::NO_CONTENT, ""),
        _ => (StatusCode::NOT_FOUND, ""),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    Ok(response)
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(service));
        tokio::spawn(connection);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base_url = format!("http://{}", listener.local_addr()?).parse()?;
    tokio::spawn(serve(listener));

    let plan = Plan::from_toml_with(PLAN, |_name| Ok(ORDERS.into()))?;
    let config = RunConfig::of_plan(&plan, "steady", base_url)?;
    let run = Run::prepare(config, &plan, None)?;
    let summary = run.execute(&Stop::new(), &Progress::default()).await?;

    assert_eq!(summary.verdict(), Verdict::Pass, "{:?}", summary.thresholds);
    assert!(summary.thresholds.iter().all(|result| result.outcome == Outcome::Pass));
    assert_eq!((summary.iterations.planned, summary.iterations.completed), (100, 100));
    assert_eq!(summary.metrics.count(&"http_reqs{endpoint:orders}".parse()?), 100);
    assert!(summary.violations.is_empty() && !summary.is_saturated());

    let durations = summary.metrics.select_trend(&"http_req_duration{endpoint:orders}".parse()?);
    let p95 = durations.percentile(95.0).unwrap_or_default();
    println!("{}: p95 of the orders {p95:?}", run.description());
    Ok(())
}

#[test]
fn the_example_holds() {
    main().unwrap();
}
