//! Backpressure and each fault, over real sockets.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::ErrorKind;
use std::num::{NonZeroU64, NonZeroUsize};
use std::time::{Duration, Instant};

use common::{Client, PUZZLES, WORLDS, get, start};
use gallery::{Fault, FaultAction, GalleryConfig};
use serde_json::Value;

fn every(n: u64, action: FaultAction) -> Fault {
    Fault::new(NonZeroU64::new(n).unwrap(), action)
}

/// A gallery of which every request to the puzzle list is spoiled.
fn spoiled(action: FaultAction) -> gallery::EmbeddedGallery {
    start(GalleryConfig::new().fault(every(1, action).path_prefix(PUZZLES)))
}

#[test]
fn one_request_more_than_the_limit_is_429_at_once_and_the_place_comes_back() {
    let limit = NonZeroUsize::new(1).unwrap();
    let hang = every(1, FaultAction::Hang).path_prefix(WORLDS);
    let server = start(GalleryConfig::new().max_concurrent_requests(limit).fault(hang));
    let mut holder = Client::connect(server.local_addr());
    holder.send("GET", WORLDS, &[]);
    await_received(&server, 1);

    let refused = get(&server, PUZZLES);
    assert_eq!(refused.error(), (429, "too_many_requests".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(get(&server, "/healthz").status, 200, "health is answered under backpressure");

    drop(holder);
    let started = Instant::now();
    while get(&server, PUZZLES).status != 200 {
        assert!(started.elapsed() < Duration::from_secs(5), "the place never came back");
    }
    let stats = server.stats();
    assert_eq!(stats.max_concurrent_requests, 1);
    assert_eq!(stats.requests_received, stats.total_responses() + 1, "one was never answered");
}

#[test]
fn requests_one_after_the_other_never_meet_the_limit() {
    let limit = NonZeroUsize::new(1).unwrap();
    let server = start(GalleryConfig::new().max_concurrent_requests(limit));
    for _ in 0..200 {
        assert_eq!(get(&server, PUZZLES).status, 200);
    }
}

#[test]
fn a_status_comes_in_place_of_every_nth_answer() {
    let fault = every(3, FaultAction::Status(502)).offset(1).path_prefix(PUZZLES);
    let server = start(GalleryConfig::new().fault(fault));
    let statuses: Vec<u16> = (0..8)
        .map(|_| (get(&server, WORLDS).status, get(&server, PUZZLES).status))
        .map(|(world, puzzle)| if world == 200 { puzzle } else { world })
        .collect();
    assert_eq!(statuses, [200, 502, 200, 200, 502, 200, 200, 502]);
    let stats = server.stats();
    assert_eq!(stats.faults_injected, [3]);
    assert_eq!((stats.count(PUZZLES, 502), stats.count(PUZZLES, 200)), (3, 5));
}

#[test]
fn an_injected_status_is_an_error_of_its_own_code() {
    let server = spoiled(FaultAction::Status(500));
    assert_eq!(get(&server, PUZZLES).error(), (500, "injected_fault".to_owned()));
}

#[test]
fn a_wrong_shape_changes_one_type_and_nothing_else() {
    let server = start(GalleryConfig::new().fault(every(2, FaultAction::WrongShape)));
    for path in [PUZZLES, WORLDS, &format!("{PUZZLES}/p1")] {
        let (wrong, right) = (get(&server, path).json(), get(&server, path).json());
        let mut mended = wrong["data"].clone();
        let id = match mended.get_mut("items") {
            Some(items) => items.as_array_mut().unwrap().last_mut().unwrap(),
            None => mended.get_mut("item").unwrap(),
        };
        assert!(id["profileId"].is_u64(), "{path}");
        id["profileId"] = last(&right)["profileId"].clone();
        assert!(id["profileId"].is_string());
        assert_eq!(mended, right["data"], "{path}");
    }
    assert_eq!(server.stats().faults_injected, [3]);
}

fn last(body: &Value) -> &Value {
    match body["data"]["items"].as_array() {
        Some(items) => items.last().unwrap(),
        None => &body["data"]["item"],
    }
}

#[test]
fn a_wrong_shape_leaves_answers_without_an_item_alone() {
    let server = start(GalleryConfig::new().fault(every(1, FaultAction::WrongShape)));
    assert_eq!(get(&server, "/nothing").error().0, 404);
    assert_eq!(get(&server, "/healthz").json()["data"]["status"], "ok");
    assert_eq!(server.stats().faults_injected, [0]);
}

#[test]
fn html_comes_with_the_right_status() {
    let answer = get(&spoiled(FaultAction::Html), PUZZLES);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html")));
    assert!(answer.body.starts_with(b"<!DOCTYPE html>"));
}

#[test]
fn a_truncated_body_ends_in_order_before_its_promised_length() {
    let server = spoiled(FaultAction::Truncate);
    let mut client = Client::connect(server.local_addr());
    client.send("GET", PUZZLES, &[]);
    let (status, headers) = client.head().unwrap();
    let length = headers.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let (body, ended) = client.rest();
    ended.unwrap();
    assert_eq!(status, 200);
    assert!(!body.is_empty() && body.len() < length.parse().unwrap(), "{} of {length}", body.len());
    assert!(body.starts_with(b"{\"data\":{\"items\":["));
    assert_eq!(server.stats().faults_injected, [1]);
    assert_eq!(get(&server, WORLDS).status, 200, "the server goes on");
}

#[test]
fn a_reset_body_ends_in_a_reset() {
    let server = spoiled(FaultAction::Reset);
    let mut client = Client::connect(server.local_addr());
    client.send("GET", PUZZLES, &[]);
    // Some systems throw away what was not read when a reset comes, so nothing is asked of the head.
    let (got, ended) = client.rest();
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(!got.ends_with(b"}}"));
    assert_eq!(server.stats().faults_injected, [1]);
    assert_eq!(get(&server, WORLDS).status, 200, "the server goes on");
}

#[test]
fn a_cut_leaves_head_requests_alone() {
    for action in [FaultAction::Truncate, FaultAction::Reset] {
        let server = spoiled(action);
        let mut client = Client::connect(server.local_addr());
        assert_eq!(client.request("HEAD", PUZZLES, &[]).unwrap().status, 200);
        assert_eq!(client.request("HEAD", PUZZLES, &[]).unwrap().status, 200);
        assert_eq!(server.stats().faults_injected, [0]);
    }
}

#[test]
fn a_hanging_request_has_no_answer_and_an_open_connection() {
    let server = spoiled(FaultAction::Hang);
    let mut client = Client::connect(server.local_addr());
    client.send("GET", PUZZLES, &[]);
    assert!(client.is_silent());
    let stats = server.stats();
    assert_eq!((stats.requests_received, stats.total_responses()), (1, 0));
    assert_eq!(stats.faults_injected, [1]);
}

#[test]
fn latency_and_delay_add_up() {
    let delay = every(2, FaultAction::Delay(Duration::from_millis(60))).path_prefix(PUZZLES);
    let server = start(GalleryConfig::new().latency(Duration::from_millis(20)).fault(delay));
    let took = |path| {
        let started = Instant::now();
        assert_eq!(get(&server, path).status, 200);
        started.elapsed()
    };
    assert!(took(PUZZLES) >= Duration::from_millis(80), "both apply to the first");
    assert!(took(PUZZLES) >= Duration::from_millis(20), "the latency applies to the second");
    assert!(took("/healthz") >= Duration::from_millis(20));
    assert_eq!(server.stats().faults_injected, [1]);
}

/// Waits until the server has read this many requests.
fn await_received(server: &gallery::EmbeddedGallery, requests: u64) {
    let started = Instant::now();
    while server.stats().requests_received < requests {
        assert!(started.elapsed() < Duration::from_secs(5), "the request never arrived");
        std::thread::yield_now();
    }
}
