//! What servers do wrong: each is counted in its class, and the run goes on.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::http::Response;
use metrics::{MetricKey, RunSummary};
use server::{ANSWER, REQUESTS, all_are, answer, count, errors, request, reset, run, run_limited};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;
use workload::{HttpVersion, RunConfig};

fn forever() -> std::future::Pending<()> {
    std::future::pending()
}

fn unchanged(_config: &mut RunConfig) {}

fn timeout(timeout: Duration) -> impl FnOnce(&mut RunConfig) {
    move |config| config.transport.timeout = timeout
}

/// The fastest of the requests that were not answered as they should have been.
fn fastest_failure(summary: &RunSummary) -> Duration {
    let failed = "http_req_duration{expected_response:false}".parse().unwrap();
    summary.metrics.select_trend(&failed).min().unwrap()
}

fn durations(summary: &RunSummary) -> u64 {
    summary.metrics.select_trend(&MetricKey::new("http_req_duration")).count()
}

#[test]
fn nobody_listens_any_more() {
    let summary = run_limited(1, unchanged, |_, _| async {});
    // The first one may be in the listener's queue when that is closed.
    let (refused, reset) = (errors(&summary, "refused"), errors(&summary, "reset"));
    assert!(refused >= REQUESTS - 1 && refused + reset == REQUESTS, "{refused} {reset}");
    assert_eq!((summary.requests.errors, durations(&summary)), (REQUESTS, 0));
}

#[test]
fn a_reset_in_mid_body() {
    let summary = run(unchanged, |_, mut stream| async move {
        if answer(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[").await {
            // Whoever reads gets this byte and then the reset.
            sleep(Duration::from_millis(5)).await;
            reset(stream);
        }
    });
    all_are(&summary, "reset");
    assert_eq!((count(&summary, "http_reconnects"), durations(&summary)), (0, 0));
}

#[test]
fn no_answer_at_all() {
    let limit = Duration::from_millis(40);
    let silent = |_, mut stream: TcpStream| async move {
        request(&mut stream).await;
        forever().await;
    };
    let summary = run(timeout(limit), silent);
    all_are(&summary, "timeout");
    assert!(fastest_failure(&summary) >= limit);

    let summary = run(|config| config.transport.header_timeout = Some(limit), silent);
    all_are(&summary, "header_timeout");
    assert!(fastest_failure(&summary) >= limit);
}

#[test]
fn a_byte_at_a_time() {
    let slow = |_, mut stream: TcpStream| async move {
        while answer(&mut stream, &ANSWER[..ANSWER.len() - 2]).await {
            for byte in b"[]" {
                sleep(Duration::from_millis(40)).await;
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
        }
    };
    let limit = Duration::from_millis(60);
    let summary = run(timeout(limit), slow);
    all_are(&summary, "timeout");
    assert!(fastest_failure(&summary) >= limit);
    // The head came in time, and who has the patience gets the body.
    let summary = run(|config| config.transport.header_timeout = Some(limit), slow);
    assert_eq!(summary.requests.expected, REQUESTS);
    let receiving = summary.metrics.select_trend(&MetricKey::new("http_req_receiving"));
    assert!(receiving.min().unwrap() >= limit);
}

#[test]
fn a_close_after_each_response() {
    let announced = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n[]";
    for bytes in [ANSWER, announced, b"HTTP/1.0 200 OK\r\n\r\n[]"] {
        let summary = run(unchanged, move |_, mut stream| async move {
            answer(&mut stream, bytes).await;
        });
        assert_eq!((summary.requests.expected, durations(&summary)), (REQUESTS, REQUESTS));
        let connected = summary.metrics.select_trend(&MetricKey::new("http_req_connecting"));
        assert!(connected.min().unwrap() > Duration::ZERO, "each on a connection of its own");
        if bytes != ANSWER {
            assert_eq!(count(&summary, "http_reconnects"), 0, "it was announced");
        }
    }
}

#[test]
fn a_reset_of_every_request_on_a_kept_connection() {
    let summary = run(unchanged, |_, mut stream| async move {
        if answer(&mut stream, ANSWER).await && request(&mut stream).await {
            reset(stream);
        }
    });
    assert_eq!(summary.requests.expected, REQUESTS);
    // All but the first were sent twice, and that is there to be seen.
    assert_eq!(count(&summary, "http_reconnects{endpoint:list}"), REQUESTS - 1);
}

#[test]
fn a_connection_that_ends_within_the_head() {
    let summary = run(unchanged, |_, mut stream| async move {
        // Half an answer is no stale connection: the second request is not repeated.
        if answer(&mut stream, ANSWER).await {
            answer(&mut stream, b"HTTP/1.1 200 ").await;
        }
    });
    assert_eq!((summary.requests.expected, errors(&summary, "closed")), (3, 3));
    assert_eq!(count(&summary, "http_reconnects"), 0);
}

#[test]
fn a_length_that_is_too_long() {
    let summary = run(unchanged, |_, mut stream| async move {
        answer(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n[]").await;
    });
    all_are(&summary, "closed");
}

#[test]
fn a_length_that_is_too_short() {
    let summary = run(unchanged, |_, mut stream| async move {
        while answer(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[][]").await {}
    });
    // The rest is no answer to the next request, which must not take it for one.
    assert_eq!(summary.requests.unexpected, 0);
    assert_eq!(summary.requests.expected + errors(&summary, "protocol"), REQUESTS);
}

#[test]
fn large_bodies() {
    const LENGTH: usize = 10_000_000;
    let summary = run(unchanged, |_, mut stream| async move {
        let body = vec![b' '; LENGTH];
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
        while answer(&mut stream, head.as_bytes()).await && stream.write_all(&body).await.is_ok() {}
    });
    assert_eq!(summary.requests.expected, REQUESTS);
    assert!(count(&summary, "data_received") > REQUESTS * LENGTH as u64);

    let summary = run(
        |config| config.transport.body_bytes_max = LENGTH - 1,
        |_, mut stream| async move {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
            answer(&mut stream, head.as_bytes()).await;
            let _broken = stream.write_all(&vec![b' '; LENGTH]).await;
        },
    );
    all_are(&summary, "body_too_large");
}

#[test]
fn informational_responses_before_the_answer() {
    let summary = run(unchanged, |_, mut stream| async move {
        let early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
        while answer(&mut stream, &[&early[..], ANSWER].concat()).await {}
    });
    assert_eq!(count(&summary, "http_reqs{status:200}"), REQUESTS);
    assert_eq!(summary.requests.expected, REQUESTS);
}

#[test]
fn redirects_are_not_followed() {
    let served = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&served);
    let summary = run(unchanged, move |_, mut stream| {
        let counted = Arc::clone(&counted);
        async move {
            let redirect = b"HTTP/1.1 302 Found\r\nlocation: /list\r\ncontent-length: 0\r\n\r\n";
            while answer(&mut stream, redirect).await {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    assert_eq!(count(&summary, "http_reqs{status:302}"), REQUESTS);
    assert_eq!((summary.requests.unexpected, served.load(Ordering::Relaxed)), (REQUESTS, REQUESTS));
}

#[test]
fn what_is_no_http() {
    let header = "x: y\r\n".repeat(200);
    let many = format!("HTTP/1.1 200 OK\r\n{header}content-length: 2\r\n\r\n[]");
    let huge =
        format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 2\r\n\r\n[]", "y".repeat(1 << 20));
    let garbage = "\u{1}\u{2}garbage\r\n\r\n".to_owned();
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n[]\r\n".to_owned();
    let lengths = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n[]".to_owned();
    for bytes in [garbage, many, huge, chunks, lengths] {
        let summary = run(unchanged, move |_, mut stream| {
            let bytes = bytes.clone();
            async move {
                answer(&mut stream, bytes.as_bytes()).await;
                forever().await;
            }
        });
        all_are(&summary, "protocol");
    }
}

type H2 = h2::server::Connection<TcpStream, Bytes>;
type Responder = h2::server::SendResponse<Bytes>;

fn http2(config: &mut RunConfig) {
    config.transport.http = HttpVersion::Http2;
}

fn respond(responder: &mut Responder) {
    let mut body = responder.send_response(Response::new(()), false).unwrap();
    body.send_data(Bytes::from("[]"), true).unwrap();
}

/// The requests of a connection, with what can be done to each. The connection goes on meanwhile.
async fn serve_http2(stream: TcpStream, mut act: impl FnMut(&mut H2, Responder)) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((_, responder))) = connection.accept().await {
        act(&mut connection, responder);
    }
}

#[test]
fn http2_in_order_uses_one_connection() {
    let summary = run(http2, |number, stream| async move {
        assert!(number < 2, "the check, and one connection");
        serve_http2(stream, |_, mut responder| respond(&mut responder)).await;
    });
    assert_eq!(summary.requests.expected, REQUESTS);
}

#[test]
fn http2_streams_that_are_reset() {
    let summary = run(http2, |_, stream| async move {
        serve_http2(stream, |_, mut responder| {
            responder.send_reset(h2::Reason::INTERNAL_ERROR);
        })
        .await;
    });
    all_are(&summary, "stream_reset");
}

#[test]
fn http2_streams_that_are_reset_in_mid_body() {
    let summary = run(http2, |_, stream| async move {
        serve_http2(stream, |_, mut responder| {
            let mut body = responder.send_response(Response::new(()), false).unwrap();
            body.send_data(Bytes::from("["), false).unwrap();
            body.send_reset(h2::Reason::CANCEL);
        })
        .await;
    });
    all_are(&summary, "stream_reset");
}

#[test]
fn http2_servers_that_go_away_at_once() {
    let summary = run(http2, |_, stream| async move {
        serve_http2(stream, |connection, _| {
            connection.abrupt_shutdown(h2::Reason::ENHANCE_YOUR_CALM);
        })
        .await;
    });
    all_are(&summary, "goaway");
}

#[test]
fn http2_servers_that_go_away_after_each_response() {
    let summary = run(http2, |_, stream| async move {
        serve_http2(stream, |connection, mut responder| {
            respond(&mut responder);
            connection.graceful_shutdown();
        })
        .await;
    });
    assert_eq!(summary.requests.expected, REQUESTS, "{:?}", summary.metrics);
}

#[test]
fn http2_that_is_none() {
    let summary = run(http2, |_, mut stream| async move {
        let _closed = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        forever().await;
    });
    all_are(&summary, "protocol");
}
