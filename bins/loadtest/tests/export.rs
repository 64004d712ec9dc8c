//! `--export` as a user sees it: files, and what a collector is sent.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread::{self, JoinHandle};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message as _;

/// A smoke test of half a second, without any of the variables that it reads.
fn smoke(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    let kept = std::env::var_os("PATH");
    command.env_clear().envs(kept.map(|path| ("PATH", path)));
    command.args(["smoke", "--duration", "500ms", "--run-id", "run-1"]).args(arguments);
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// A collector that takes one request and answers so.
fn collector(answer: &'static str) -> (String, JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = request(&mut stream);
        stream.write_all(answer.as_bytes()).unwrap();
        request
    };
    (url, thread::spawn(serve))
}

fn request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = head {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                return (head, bytes[end + 4..].to_vec());
            }
        }
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the request is cut off");
        bytes.extend_from_slice(&buffer[..read]);
    }
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
fn a_collector_and_a_file_get_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.prom");
    let (url, served) = collector(TAKEN);
    let list = format!("prometheus={},otlp={url}", file.display());
    let (code, stdout, stderr) = run(&mut smoke(&["--export", &list]));
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let (head, body) = served.join().unwrap();
    assert!(head.starts_with("post /v1/metrics http/1.1"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    let decoded = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
    let resource = decoded.resource_metrics[0].resource.clone().unwrap();
    let shown = format!("{resource:?}");
    assert!(shown.contains("genarrative-loadtest") && shown.contains("run-1"), "{shown}");
    let metrics = &decoded.resource_metrics[0].scope_metrics[0].metrics;
    let duration = metrics.iter().find(|own| own.name == "http_req_duration").unwrap();
    let Some(Data::Histogram(histogram)) = &duration.data else { panic!("{duration:?}") };
    let sent: u64 = histogram.data_points.iter().map(|point| point.count).sum();
    let point = &histogram.data_points[0];
    assert!(point.start_time_unix_nano > 1_600_000_000_000_000_000);
    assert!(point.time_unix_nano > point.start_time_unix_nano);

    let text = std::fs::read_to_string(file).unwrap();
    let counted = |line: &&str| line.starts_with("k6_http_reqs_total{");
    let values = text.lines().filter(counted).map(|line| line.rsplit(' ').next().unwrap());
    assert_eq!(values.map(|value| value.parse::<u64>().unwrap()).sum::<u64>(), sent);
    assert!(text.contains("k6_http_req_duration_p95{endpoint=\"puzzle-gallery\""), "{text}");
    assert!(text.contains("run_id=\"run-1\""), "{text}");
}

#[test]
fn what_cannot_be_exported_is_warned_of_and_changes_no_verdict() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, _, stderr) = run(&mut smoke(&["--export", &format!("otlp=http://{closed}")]));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("loadtest: metrics were not exported: http://"), "{stderr}");

    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, served) = collector(busy);
    let mut command = smoke(&["--export", "otlp"]);
    let (code, _, stderr) = run(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", url));
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("/v1/metrics answered 503"), "{stderr}");
    served.join().unwrap();
}

#[test]
fn what_is_no_export_is_said_before_the_load() {
    for (list, code, word) in [
        ("otlp", 104, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("statsd=x", 104, "prometheus=FILE"),
        ("prometheus=/no/such/folder/run.prom", 1, "/no/such/folder"),
    ] {
        let (ended, stdout, stderr) = run(&mut smoke(&["--export", list]));
        assert_eq!((ended, stdout.as_str()), (code, ""), "{list}: {stderr}");
        assert!(stderr.contains(word) && stderr.lines().count() == 1, "{list}: {stderr}");
    }
}
