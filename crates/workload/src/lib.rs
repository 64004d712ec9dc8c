//! Endpoints and dataset into requests, the HTTP transport, the virtual user, the run.
//!
//! This is the trunk that joins [`scenario`], [`probe`] and [`metrics`]: a [`Plan`] says which
//! endpoints there are, a [`RunConfig`] how they are to be loaded, and [`Run`] does it and returns
//! a [`metrics::RunSummary`]. Every response's body is checked against the endpoint's shape.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use workload::{Plan, Progress, Run, RunConfig};
//!
//! let scenario = scenario::Scenario::constant_vus(1, Duration::from_millis(50), Duration::ZERO)?;
//! let config = RunConfig::new("smoke", "http://127.0.0.1:9".parse()?, scenario);
//! let run = Run::prepare(config, &Plan::genarrative(), None)?;
//! assert_eq!(run.requests_per_iteration(), 2.0);
//!
//! // Nobody listens there, and that is said before any load is sent.
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! let refused = runtime.block_on(run.execute(&scenario::Stop::new(), &Progress::default()));
//! assert!(refused.unwrap_err().to_string().contains("http://127.0.0.1:9"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In a test of your own service
//!
//! A repository that names this crate among its development dependencies can put a scenario into a
//! `#[tokio::test]`, against the server that the test has started, and assert on what came of it. The
//! load has threads of its own, so that the server may run on the test's one thread;
//! `examples/embedded.rs` is a whole one. What is needed of [`scenario`], [`metrics`] and [`probe`] is
//! here too.
//!
//! ```no_run
//! use workload::{Plan, Progress, Run, RunConfig, metrics::Verdict, scenario::Stop};
//!
//! const PLAN: &str = r#"
//! version = 1
//!
//! [[endpoint]]
//! name = "orders"
//! path = "/api/orders"
//! shape = "orders.json"
//!
//! [scenario.steady]
//! executor = "constant-arrival-rate"
//! rate = 50
//! duration = "2s"
//!
//! [scenario.steady.thresholds]
//! "http_req_duration" = ["p(95)<200"]
//! "http_req_failed" = ["rate==0"]
//! "checks" = ["rate==1"]
//! "#;
//! const ORDERS: &[u8] = br#"{"type": "object", "required": ["orders"]}"#;
//!
//! # async fn test(base_url: String) -> Result<(), Box<dyn std::error::Error>> {
//! // In `#[tokio::test] async fn …`, with the base URL of your server:
//! let plan = Plan::from_toml_with(PLAN, |_name| Ok(ORDERS.to_vec()))?;
//! let config = RunConfig::of_plan(&plan, "steady", base_url.parse()?)?;
//! let run = Run::prepare(config, &plan, None)?.execute(&Stop::new(), &Progress::default()).await?;
//!
//! assert_eq!(run.verdict(), Verdict::Pass, "{:?} {:?}", run.thresholds, run.violations);
//! assert_eq!((run.iterations.completed, run.requests.expected), (100, 100));
//! assert!(!run.is_saturated(), "{:?}", run.validity());
//! # Ok(())
//! # }
//! ```
//!
//! Where there is no HTTP, [`scenario`] alone drives any async closure.
//!
//! # What it doesn't do
//!
//! It reads no file and no environment, prints nothing, and keeps no response body. The token is
//! never shown, not even by `Debug`.

mod base_url;
mod bodies;
mod capacity_test;
mod config;
mod draw;
mod drift;
mod error;
mod forecast;
mod health;
mod identity;
mod objective;
mod paired;
mod plan;
pub mod preset;
mod progress;
mod recorder;
mod requests;
mod run;
mod series;
mod signs;
mod snapshots;
mod team;
mod template;
mod transport;
mod user;

pub use base_url::BaseUrl;
pub use bodies::Learnt;
pub use capacity;
pub use capacity_test::{
    BrokenOff, CapacityConfig, CapacityEvent, CapacityResult, CapacityStep, CapacityTest,
};
pub use config::{AuthToken, RunConfig};
pub use error::WorkloadError;
pub use forecast::{EndpointForecast, Forecast, ScenarioForecast, ThresholdForecast};
pub use identity::RunId;
pub use metrics;
pub use objective::Objective;
pub use plan::{Endpoint, Frequency, Overrides, Plan, PlannedScenario, Role};
pub use probe;
pub use progress::{Progress, ProgressTimes};
pub use run::Run;
pub use scenario;
pub use transport::{HttpVersion, TransportOptions};
