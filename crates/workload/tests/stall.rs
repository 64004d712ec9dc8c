//! A service that stands still for a second: what users would have waited is in the figures, although
//! nothing was asked for less often because of it.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{RunSummary, Trend};
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
    /// Whether the server's thread itself stands still, and not each answer.
    stands_still: bool,
}

impl Stalling {
    fn standing_still() -> Self {
        Stalling { stands_still: true, ..Stalling::default() }
    }

    async fn stall(&self, until: Instant) {
        self.arrived.fetch_add(1, Ordering::Relaxed);
        match self.stands_still {
            true => std::thread::sleep(until.saturating_duration_since(Instant::now())),
            false => sleep_until(until).await,
        }
    }

    async fn serve(&self, mut stream: TcpStream) {
        while request(&mut stream).await {
            let begin = *self.begin.get_or_init(async || Instant::now() + BEFORE).await;
            if (begin..begin + STALL).contains(&Instant::now()) {
                self.stall(begin + STALL).await;
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

async fn run(listener: &TcpListener) -> RunSummary {
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let config = RunConfig::new("stall", base_url.parse().unwrap(), scenario());
    let run = Run::prepare(config, &Plan::from_toml(PLAN).unwrap(), None).unwrap();
    run.execute(&Stop::new(), &Progress::default()).await.unwrap()
}

async fn accept(listener: Arc<TcpListener>, stalling: Arc<Stalling>) {
    while let Ok((stream, _)) = listener.accept().await {
        let stalling = Arc::clone(&stalling);
        tokio::spawn(async move { stalling.serve(stream).await });
    }
}

/// Checks that nothing is lost, that starts were on time all along, and that the second shows.
fn shows(summary: &RunSummary) {
    let iterations = summary.iterations;
    assert_eq!((iterations.planned, iterations.completed, iterations.dropped), (500, 500, 0));
    assert_eq!((summary.requests.sent, summary.requests.expected), (500, 500));
    assert!(summary.conservation().holds());

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
    assert!(at(&trend("iteration_response_time"), 95.0) >= ms(850));
    // The wait was the service's and not the load's.
    let lag = trend("iteration_start_lag");
    assert_eq!(lag.count(), 500);
    assert!(at(&lag, 95.0) < ms(50), "p95 of the start lag is {:?}", at(&lag, 95.0));
}

#[tokio::test]
async fn a_stall_of_a_second_shows_as_a_second() {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let stalling = Arc::new(Stalling::default());
    tokio::spawn(accept(Arc::clone(&listener), Arc::clone(&stalling)));
    shows(&run(&listener).await);
    // The load did not wait for answers: the stall's 200 starts came in during the stall.
    let arrived = stalling.arrived.load(Ordering::Relaxed);
    assert!((180..=205).contains(&arrived), "{arrived} came in during the stall");
}

/// A stopped process neither accepts nor reads; what it is sent waits in the system.
#[test]
fn a_process_that_stands_still_shows_as_well() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (serving, loading) = (runtime(), runtime());
    let listener = serving.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let (listener, stalling) = (Arc::new(listener), Arc::new(Stalling::standing_still()));
    let accepting = accept(Arc::clone(&listener), stalling);
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        serving.block_on(async {
            tokio::select! { () = accepting => {}, _ = end => {} }
        });
    });
    let summary = loading.block_on(run(&listener));
    ended.send(()).unwrap();
    server.join().unwrap();
    shows(&summary);
}
