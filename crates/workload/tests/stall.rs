//! A service that stands still for a second: what users would have waited is in the figures, although
//! nothing was asked for less often because of it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::Trend;
use scenario::{ConstantArrivalRate, Scenario, Stop};
use server::{ANSWER, request};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep_until};
use workload::{Plan, Progress, Run, RunConfig};

const RATE: u32 = 200;
const LENGTH: Duration = Duration::from_millis(2_500);
/// From the first request to the stall.
const BEFORE: Duration = Duration::from_millis(700);
const STALL: Duration = Duration::from_secs(1);

const PLAN: &str = r#"
version = 1
[[endpoint]]
name = "list"
path = "/list"
"#;

/// When the stall is, and how many requests came in meanwhile.
#[derive(Default)]
struct Stalling {
    begin: OnceCell<Instant>,
    arrived: AtomicU64,
}

impl Stalling {
    async fn serve(&self, mut stream: TcpStream) {
        while request(&mut stream).await {
            let begin = *self.begin.get_or_init(async || Instant::now() + BEFORE).await;
            if (begin..begin + STALL).contains(&Instant::now()) {
                self.arrived.fetch_add(1, Ordering::Relaxed);
                sleep_until(begin + STALL).await;
            }
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}

fn scenario() -> Scenario {
    let rate = ConstantArrivalRate {
        rate: RATE,
        time_unit: Duration::from_secs(1),
        duration: LENGTH,
        pre_allocated_vus: 10,
        max_vus: 400,
    };
    Scenario::constant_arrival_rate(rate, Duration::from_secs(5)).unwrap()
}

#[tokio::test]
async fn a_stall_of_a_second_shows_as_a_second() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let stalling = Arc::new(Stalling::default());
    let serving = Arc::clone(&stalling);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let stalling = Arc::clone(&serving);
            tokio::spawn(async move { stalling.serve(stream).await });
        }
    });
    let config = RunConfig::new("stall", base_url.parse().unwrap(), scenario());
    let run = Run::prepare(config, &Plan::from_toml(PLAN).unwrap(), None).unwrap();
    let summary = run.execute(&Stop::new(), &Progress::default()).await.unwrap();

    // Nothing is lost, and nothing was held back: the stall's 200 starts came in during the stall.
    let iterations = summary.iterations;
    assert_eq!((iterations.planned, iterations.completed, iterations.dropped), (500, 500, 0));
    assert_eq!((summary.requests.sent, summary.requests.expected), (500, 500));
    assert!(summary.conservation().holds());
    let arrived = stalling.arrived.load(Ordering::Relaxed);
    assert!((180..=205).contains(&arrived), "{arrived} came in during the stall");

    // Of 500 requests, 200 waited for up to a second, each 5 ms less than the one before it: the
    // 25th of them waited for 0.875 s.
    let trend = |name: &str| summary.metrics.select_trend(&name.parse().unwrap());
    let at = |trend: &Trend, share| trend.percentile(share).unwrap();
    let ms = Duration::from_millis;
    let response = trend("http_req_response_time");
    let (p50, p95, max) = (at(&response, 50.0), at(&response, 95.0), response.max().unwrap());
    assert!((ms(850)..ms(1_200)).contains(&p95), "p95 of the response time is {p95:?}");
    assert!((ms(970)..ms(1_400)).contains(&max), "the longest response time is {max:?}");
    assert!(p50 < ms(100), "half of the requests were outside the stall, but p50 is {p50:?}");
    // The wait was the service's, not the load's: starts were on time all along.
    let lag = trend("iteration_start_lag");
    assert_eq!(lag.count(), 500);
    assert!(at(&lag, 95.0) < ms(50), "p95 of the start lag is {:?}", at(&lag, 95.0));
    // It shows for iterations too.
    assert!(at(&trend("iteration_response_time"), 95.0) >= ms(850));
}
