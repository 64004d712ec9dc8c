//! The server over loopback: what it serves, what it counts, and what the judge makes of it.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const REFEREE: &str = env!("CARGO_BIN_EXE_referee");

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(REFEREE);
        let mut child =
            command.arg("serve").args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("referee: listening on http://").unwrap().to_owned();
        Server { child, address }
    }

    fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(&self.address).unwrap())
    }

    fn ask(&self, path: &str) -> String {
        let mut connection = self.connect();
        send(&mut connection, path);
        answer(&mut connection).1
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn send(connection: &mut BufReader<TcpStream>, path: &str) {
    write!(connection.get_mut(), "GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
}

/// The status line and the body.
fn answer(connection: &mut BufReader<TcpStream>) -> (String, String) {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        assert_ne!(connection.read_line(&mut line).unwrap(), 0, "the server closed the connection");
        match line.trim() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    connection.read_exact(&mut body).unwrap();
    (lines.remove(0), String::from_utf8(body).unwrap())
}

#[test]
fn load_is_counted_and_questions_are_not() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    // Two requests in one piece, then one more on the same connection.
    write!(connection.get_mut(), "{}", "GET /small HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2)).unwrap();
    let bodies: Vec<_> = (0..2).map(|_| answer(&mut connection).1).collect();
    assert_eq!(bodies[0].len(), 900);
    assert_eq!(bodies[0], bodies[1]);
    send(&mut connection, "/api/runtime/puzzle/gallery");
    assert!(answer(&mut connection).1.len() > 85_000);
    send(&mut connection, "/nowhere");
    assert_eq!(answer(&mut connection).0, "HTTP/1.1 404 Not Found");

    assert_eq!(server.ask("/referee/counts"), "requests 3\nconnections 1\n");
    assert_eq!(server.ask("/referee/arrivals").lines().count(), 3);
    server.ask("/referee/reset");
    assert_eq!(server.ask("/referee/counts"), "requests 0\nconnections 0\n");
}

#[test]
fn a_delay_is_waited_for_and_who_leaves_is_forgotten() {
    let server = Server::start(&["--delay-ms", "30"]);
    let mut leaves = server.connect();
    send(&mut leaves, "/small");
    drop(leaves);
    let mut stays = server.connect();
    let begun = Instant::now();
    send(&mut stays, "/small");
    assert_eq!(answer(&mut stays).0, "HTTP/1.1 200 OK");
    assert!(begun.elapsed() >= Duration::from_millis(30));
    assert!(server.ask("/referee/counts").starts_with("requests 2\n"));
}

#[test]
fn what_was_seen_can_be_judged() {
    let server = Server::start(&["--spin"]);
    let mut connection = server.connect();
    for _ in 0..5 {
        send(&mut connection, "/small");
        answer(&mut connection);
    }
    let folder = tempfile::tempdir().unwrap();
    let (planned, seen) = (folder.path().join("planned"), folder.path().join("seen"));
    std::fs::write(&seen, server.ask("/referee/arrivals")).unwrap();
    // The arrivals are their own plan: nothing is late.
    std::fs::copy(&seen, &planned).unwrap();
    let judged = judge(&planned, &seen);
    let text = String::from_utf8(judged.stdout).unwrap();
    assert!(text.contains("5 starts"), "{text}");
    assert!(text.contains("least difference: p50 0 µs, p90 0 µs, p99 0 µs, max 0 µs"), "{text}");

    std::fs::write(&planned, "0\n").unwrap();
    let judged = judge(&planned, &seen);
    assert_eq!(judged.status.code(), Some(1));
    let text = String::from_utf8(judged.stderr).unwrap();
    assert!(text.starts_with("referee: 1 starts were planned and 5 seen"), "{text}");
}

fn judge(planned: &std::path::Path, seen: &std::path::Path) -> Output {
    let mut command = Command::new(REFEREE);
    command.arg("judge").arg("--arrivals").arg(planned).arg("--seen").arg(seen);
    command.output().unwrap()
}
