//! What a run keeps of each second, and what windows see in it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{MetricKey, Outcome, RunSummary, StopReason, Threshold, TrendBlock};
use scenario::{ConstantArrivalRate, Scenario, Stop};
use server::{ANSWER, request};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use workload::{Plan, Progress, Run, RunConfig};

const RATE: u32 = 50;

const PLAN: &str = r#"
version = 1
[[endpoint]]
name = "list"
path = "/list"
"#;

/// Answers at once, but for the requests from `slow_from` to `slow_to`, each after `delay`.
struct Slow {
    slow_from: u64,
    slow_to: u64,
    delay: Duration,
}

impl Slow {
    async fn serve(&self, mut stream: TcpStream, served: &AtomicU64) {
        while request(&mut stream).await {
            let number = served.fetch_add(1, Ordering::Relaxed);
            if (self.slow_from..self.slow_to).contains(&number) {
                tokio::time::sleep(self.delay).await;
            }
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }

    async fn accept(self, listener: TcpListener) {
        let shared = Arc::new((self, AtomicU64::new(0)));
        while let Ok((stream, _)) = listener.accept().await {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { shared.0.serve(stream, &shared.1).await });
        }
    }
}

/// A run of three seconds, by two workers.
async fn run(slow: Slow, configure: impl FnOnce(&mut RunConfig)) -> RunSummary {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let rate = ConstantArrivalRate {
        rate: RATE,
        time_unit: Duration::from_secs(1),
        duration: Duration::from_secs(3),
        pre_allocated_vus: 10,
        max_vus: 200,
    };
    let scenario = Scenario::constant_arrival_rate(rate, Duration::from_secs(1)).unwrap();
    let mut config = RunConfig::new("seconds", base_url, scenario);
    config.workers = Some(2);
    configure(&mut config);
    let run = Run::prepare(config, &Plan::from_toml(PLAN).unwrap(), None).unwrap();
    tokio::spawn(slow.accept(listener));
    run.execute(&Stop::new(), &Progress::default()).await.unwrap()
}

fn parse(selector: &str, expression: &str) -> Threshold {
    Threshold::parse(selector, expression).unwrap()
}

#[tokio::test]
async fn the_seconds_add_up_to_the_run() {
    let slow = Slow { slow_from: 0, slow_to: 0, delay: Duration::ZERO };
    let summary = run(slow, |_| {}).await;
    let timeline = summary.metrics.timeline();
    let key = MetricKey::new;
    let sum = |counts: Vec<u64>| counts.iter().sum::<u64>();
    assert_eq!(sum(timeline.counts(&key("http_reqs"))), summary.requests.sent);
    assert_eq!(sum(timeline.counts(&key("iterations"))), summary.iterations.completed);
    let failed = timeline.rates(&key("http_req_failed"));
    assert_eq!(failed.iter().map(|rate| rate.total).sum::<u64>(), summary.requests.sent);
    let durations = timeline.trends(&key("http_req_duration")).unwrap();
    assert_eq!(durations.iter().map(TrendBlock::count).sum::<u64>(), summary.requests.expected);
    let lags = timeline.trends(&key("iteration_start_lag")).unwrap();
    assert_eq!(lags.iter().map(TrendBlock::count).sum::<u64>(), summary.iterations.completed);
    assert_eq!(timeline.levels(&key("vus_max"))[0], Some(10), "{:?}", timeline.levels(&key("vus")));
    let planned: Vec<_> = summary.series.seconds().iter().map(|second| second.planned).collect();
    assert_eq!(planned[..3], [50, 50, 50]);
    // Without TLS there is no handshake; who made no new connection still counts among those who did.
    assert!(summary.metrics.select(&key("http_req_tls_handshaking")).is_none());
    let connecting = summary.metrics.select_trend(&key("http_req_connecting"));
    assert_eq!(connecting.count(), summary.requests.expected);
    assert!(!connecting.max().unwrap().is_zero());
}

#[tokio::test]
async fn a_slow_second_fails_its_window_and_not_the_run() {
    let slow = Slow { slow_from: 60, slow_to: 85, delay: Duration::from_millis(400) };
    let summary = run(slow, |config| {
        config.thresholds = vec![
            parse("http_req_duration", "p(75)<300"),
            parse("http_req_duration", "p(75)<300 window=1s"),
            parse("http_req_response_time", "max<20000 window=1s"),
        ];
    })
    .await;
    let outcomes: Vec<_> = summary.thresholds.iter().map(|result| result.outcome).collect();
    assert!(outcomes[0] != Outcome::Fail, "{:?}", summary.thresholds);
    assert_eq!(outcomes[2], Outcome::Pass, "what a threshold is about is kept by seconds");
    let worst = summary.thresholds[1].evidence.window.unwrap();
    assert_eq!(worst.to - worst.from, Duration::from_secs(1));
    assert!(outcomes[1] == Outcome::Fail || summary.is_saturated(), "{:?}", summary.thresholds[1]);
}

#[tokio::test]
async fn a_window_may_stop_the_run() {
    let slow = Slow { slow_from: 0, slow_to: u64::MAX, delay: Duration::from_millis(30) };
    let summary = run(slow, |config| {
        let threshold = parse("http_req_duration", "med<20 window=1s");
        config.thresholds = vec![threshold.aborting_after(Duration::ZERO)];
    })
    .await;
    assert_eq!(summary.stopped, Some(StopReason::Threshold));
    assert_eq!(summary.thresholds[0].outcome, Outcome::Fail);
}

#[tokio::test]
async fn requests_that_were_cut_off_have_a_trend_of_their_own() {
    let slow = Slow { slow_from: 100, slow_to: 110, delay: Duration::from_secs(60) };
    let summary = run(slow, |_| {}).await;
    let cut = MetricKey::new("http_req_duration").with("error", "interrupted");
    let trend = summary.metrics.select_trend(&cut);
    assert_eq!((trend.count(), summary.requests.interrupted), (10, 10));
    assert!(trend.min().unwrap() > Duration::from_millis(900));
    let failed = MetricKey::new("http_req_duration").with("expected_response", "false");
    assert_eq!(summary.metrics.select_trend(&failed).count(), 10);
}
