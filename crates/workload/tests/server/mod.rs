//! A server of raw bytes, and runs against it. Every run has one virtual user and an exact number of
//! requests, so that each of them can be accounted for.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]
#![allow(dead_code, reason = "not every test file needs everything")]

use std::future::Future;
use std::time::Duration;

use metrics::RunSummary;
use scenario::{Scenario, Stop};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use workload::{Plan, Progress, Run, RunConfig};

/// How many requests a run makes.
pub(crate) const REQUESTS: u64 = 6;

/// Every class of error.
const CLASSES: [&str; 14] = [
    "body_too_large",
    "closed",
    "connect",
    "connect_timeout",
    "descriptors",
    "goaway",
    "header_timeout",
    "ports",
    "protocol",
    "refused",
    "reset",
    "stream_reset",
    "timeout",
    "tls",
];

const PLAN: &str = r#"
version = 1
[[endpoint]]
name = "list"
role = "list"
path = "/list"
"#;

/// The whole of an answer that is in order.
pub(crate) const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]";

/// Reads a request; `false` when the client has none.
pub(crate) async fn request(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => head.extend_from_slice(&piece[..read]),
            _ => return false,
        }
    }
    assert!(head.starts_with(b"GET /list HTTP/1.1\r\n"));
    true
}

/// Reads a request and answers it with these bytes; `false` when the client has none.
pub(crate) async fn answer(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    request(stream).await && stream.write_all(bytes).await.is_ok()
}

/// Resets the connection.
pub(crate) fn reset(stream: TcpStream) {
    let stream = stream.into_std().unwrap();
    let stream = socket2::Socket::from(stream);
    stream.set_linger(Some(Duration::ZERO)).unwrap();
}

/// Runs against a server that treats every connection so. Its number says which one it is: 0 is the
/// check before the load.
pub(crate) fn run<F>(
    change: impl FnOnce(&mut RunConfig),
    serve: impl Fn(usize, TcpStream) -> F + Send + 'static,
) -> RunSummary
where
    F: Future<Output = ()> + Send + 'static,
{
    run_limited(usize::MAX, change, serve)
}

/// The same with a server that stops to listen after some connections.
pub(crate) fn run_limited<F>(
    connections: usize,
    change: impl FnOnce(&mut RunConfig),
    serve: impl Fn(usize, TcpStream) -> F + Send + 'static,
) -> RunSummary
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let summary = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for number in 0..connections {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(number, stream));
            }
        });
        let long = Duration::from_secs(60);
        let scenario = Scenario::per_vu_iterations(1, REQUESTS, long, long).unwrap();
        let mut config = RunConfig::new("faults", base_url.parse().unwrap(), scenario);
        change(&mut config);
        let run = Run::prepare(config, &Plan::from_toml(PLAN).unwrap(), None).unwrap();
        run.execute(&Stop::new(), &Progress::default()).await.unwrap()
    });
    accounted_for(&summary);
    summary
}

/// Checks that the run went on to its end and that nothing is missing.
fn accounted_for(summary: &RunSummary) {
    let (iterations, requests) = (&summary.iterations, &summary.requests);
    assert!(summary.conservation().holds(), "{iterations:?} {requests:?}");
    assert_eq!((iterations.planned, iterations.completed), (REQUESTS, REQUESTS));
    assert_eq!((requests.sent, requests.interrupted), (REQUESTS, 0));
    assert_eq!(count(summary, "http_reqs"), REQUESTS);
    assert_eq!(count(summary, "http_reqs{endpoint:list}"), REQUESTS);
}

pub(crate) fn count(summary: &RunSummary, selector: &str) -> u64 {
    summary.metrics.count(&selector.parse().unwrap())
}

/// How many requests failed with this class.
pub(crate) fn errors(summary: &RunSummary, class: &str) -> u64 {
    count(summary, &format!("http_reqs{{error:{class}}}"))
}

/// Checks that every request failed with this class.
pub(crate) fn all_are(summary: &RunSummary, class: &str) {
    let counted = CLASSES.map(|class| (class, errors(summary, class)));
    let counted: Vec<_> = counted.into_iter().filter(|(_, errors)| *errors > 0).collect();
    assert_eq!(counted, [(class, REQUESTS)]);
    assert_eq!(summary.requests.errors, REQUESTS);
}
