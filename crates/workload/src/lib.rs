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
//! # What it doesn't do
//!
//! It reads no file and no environment, prints nothing, and keeps no response body. The token is
//! never shown, not even by `Debug`.

mod base_url;
mod config;
mod error;
mod plan;
pub mod preset;
mod progress;
mod recorder;
mod requests;
mod run;
mod team;
mod template;
mod transport;
mod user;

pub use base_url::BaseUrl;
pub use config::{AuthToken, RunConfig};
pub use error::WorkloadError;
pub use plan::{Endpoint, Plan, Role};
pub use progress::Progress;
pub use run::Run;
pub use transport::{HttpVersion, TransportOptions};
