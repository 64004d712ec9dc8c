//! That no fault leaves a connection open. It is alone in its file: descriptors are the process's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod server;

use std::time::Duration;

use server::{ANSWER, REQUESTS, answer, request, reset, run};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use workload::HttpVersion;

/// For what is never answered.
const TIMEOUT: Duration = Duration::from_millis(20);

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// How many there are when the threads of the last run have ended, which takes a moment.
fn settled() -> usize {
    let mut last = descriptors();
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let now = descriptors();
        if now == last {
            return now;
        }
        last = now;
    }
}

/// Does to each connection something else.
async fn misbehave(number: usize, mut stream: TcpStream) {
    match number % 6 {
        0 => drop(stream),
        1 => {
            request(&mut stream).await;
            reset(stream);
        }
        2 => {
            answer(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n[").await;
        }
        3 => {
            request(&mut stream).await;
            std::future::pending::<()>().await;
        }
        4 => {
            answer(&mut stream, b"garbage\r\n\r\n").await;
        }
        _ => while answer(&mut stream, ANSWER).await {},
    }
}

#[test]
fn descriptors_are_given_back_whatever_went_wrong() {
    // The first run opens what the process keeps.
    run(|config| config.transport.timeout = TIMEOUT, misbehave);
    let before = settled();
    for http in [HttpVersion::Auto, HttpVersion::Http2] {
        for _ in 0..20 {
            let summary = run(
                |config| {
                    config.transport.http = http;
                    config.transport.timeout = TIMEOUT;
                },
                move |number, mut stream| async move {
                    if http == HttpVersion::Http2 {
                        let _closed = stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await;
                        if number % 2 == 0 {
                            std::future::pending::<()>().await;
                        }
                    } else {
                        misbehave(number, stream).await;
                    }
                },
            );
            assert!(summary.requests.errors > 0 && summary.requests.errors <= REQUESTS);
        }
    }
    assert_eq!(settled(), before);
}
