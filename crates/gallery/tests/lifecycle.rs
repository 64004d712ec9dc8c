//! How servers start and end.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

mod common;

use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::time::Duration;

use common::{Client, PUZZLES, gallery, start};
use gallery::{Fault, FaultAction, Gallery, GalleryConfig, GalleryError, GalleryServer};

const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Runs a blocking client beside the server.
async fn beside<T: Send + 'static>(client: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(client).await.unwrap()
}

#[tokio::test]
async fn a_server_runs_on_the_current_runtime_until_shutdown() {
    let server = GalleryServer::bind(gallery(GalleryConfig::new()), ANY_PORT).await.unwrap();
    let addr = server.local_addr();
    assert_eq!(server.base_url(), format!("http://{addr}"));
    let mut idle = beside(move || {
        let mut client = Client::connect(addr);
        assert_eq!(client.request("GET", PUZZLES, &[]).unwrap().status, 200);
        client
    })
    .await;
    assert_eq!(server.stats().count(PUZZLES, 200), 1);

    server.shutdown().await;
    let (rest, ended) = idle.rest();
    assert!(rest.is_empty() && ended.is_ok(), "the idle connection is closed in order");
    assert!(TcpStream::connect(addr).is_err(), "nothing listens any more");
}

#[tokio::test]
async fn shutdown_lets_a_request_in_progress_end() {
    let config = GalleryConfig::new().latency(Duration::from_millis(50));
    let server = GalleryServer::bind(gallery(config), ANY_PORT).await.unwrap();
    let mut client = Client::connect(server.local_addr());
    client.send("GET", PUZZLES, &[]);
    while server.stats().requests_received == 0 {
        tokio::task::yield_now().await;
    }
    server.shutdown().await;
    let answer = client.answer(true).unwrap();
    assert_eq!((answer.status, answer.ids().len()), (200, 2));
}

#[tokio::test]
async fn shutdown_ends_a_request_that_never_would() {
    let hang = Fault::new(NonZeroU64::MIN, FaultAction::Hang);
    let server =
        GalleryServer::bind(gallery(GalleryConfig::new().fault(hang)), ANY_PORT).await.unwrap();
    let mut client = Client::connect(server.local_addr());
    client.send("GET", PUZZLES, &[]);
    while server.stats().requests_received == 0 {
        tokio::task::yield_now().await;
    }
    let bound = gallery::SHUTDOWN_GRACE + Duration::from_secs(2);
    tokio::time::timeout(bound, server.shutdown()).await.expect("shutdown is bounded");
    assert!(client.rest().0.is_empty());
}

#[tokio::test]
async fn dropping_a_server_ends_its_connections() {
    let server = GalleryServer::bind(gallery(GalleryConfig::new()), ANY_PORT).await.unwrap();
    let addr = server.local_addr();
    let mut client = beside(move || {
        let mut client = Client::connect(addr);
        client.request("GET", "/healthz", &[]).unwrap();
        client
    })
    .await;
    drop(server);
    let (rest, _ended) = beside(move || client.rest()).await;
    assert!(rest.is_empty());
    assert!(beside(move || TcpStream::connect(addr).is_err()).await);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_the_address() {
    let taken = TcpListener::bind(ANY_PORT).unwrap();
    let addr = taken.local_addr().unwrap();
    let error = GalleryServer::bind(gallery(GalleryConfig::new()), addr).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {addr}"));
    let GalleryError::Bind { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn ipv6_is_served_where_the_machine_has_it() {
    let addr = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 0);
    if TcpListener::bind(addr).is_err() {
        return;
    }
    let server = GalleryServer::bind(gallery(GalleryConfig::new()), addr).await.unwrap();
    let addr = server.local_addr();
    assert_eq!(server.base_url(), format!("http://[::1]:{}", addr.port()));
    let status = beside(move || Client::connect(addr).request("GET", PUZZLES, &[]).unwrap().status);
    assert_eq!(status.await, 200);
}

#[test]
fn dropping_an_embedded_gallery_ends_its_connections_and_its_listener() {
    let server = start(GalleryConfig::new());
    let addr = server.local_addr();
    assert!(addr.ip().is_loopback() && addr.port() != 0);
    assert_eq!(server.base_url(), format!("http://{addr}"));
    let mut client = Client::connect(addr);
    client.request("GET", "/healthz", &[]).unwrap();
    drop(server);
    assert!(client.rest().0.is_empty());
    assert!(TcpStream::connect(addr).is_err());
}

#[tokio::test]
async fn an_embedded_gallery_can_be_started_and_dropped_inside_a_runtime() {
    let server = start(GalleryConfig::new());
    assert_eq!(common::get(&server, "/healthz").status, 200);
}

#[test]
fn galleries_count_apart() {
    let (one, other) = (start(GalleryConfig::new()), start(GalleryConfig::new()));
    common::get(&one, "/healthz");
    assert_eq!(one.stats().total_responses(), 1);
    assert_eq!(other.stats().total_responses(), 0);
}

#[test]
fn a_work_without_a_row_is_refused_by_its_index() {
    let file = common::DATASET.replacen(r#""profile_id": "p2""#, r#""profile_id": "px""#, 1);
    let dataset = dataset::Dataset::from_json(file.as_bytes()).unwrap();
    let error = Gallery::new(&dataset, GalleryConfig::new()).unwrap_err();
    assert!(matches!(error, GalleryError::MissingRow { index: 1 }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("p2"));
}
