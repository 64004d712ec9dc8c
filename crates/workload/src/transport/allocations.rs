//! What a request costs in memory and turns, once its connection is open.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::pin::pin;
use std::rc::Rc;

use allocation_counter::measure;
use hyper::Method;
use hyper::header::{ACCEPT, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::uri::PathAndQuery;
use tokio::time::Instant;

use super::{Call, Client, ClientConfig, Target, TransportOptions};

const REQUESTS: u64 = 100;

/// What hyper allocates for a request and its body: two channels, and what they share.
const ALLOCATIONS_A_REQUEST: u64 = 4;

/// A server on a thread of its own, whose allocations are not counted here.
fn serve(body: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut response =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {body}\r\n\r\n").into_bytes();
        response.resize(response.len() + body, b' ');
        let mut request = [0; 4096];
        while stream.read(&mut request).is_ok_and(|read| read > 0) {
            stream.write_all(&response).unwrap();
        }
    });
    url
}

async fn client(url: &str) -> Client {
    let options = TransportOptions::default();
    let target = Target::resolve(&url.parse().unwrap(), &options).await.unwrap();
    let header = |name: HeaderName| (name, HeaderValue::from_static("x"));
    let (targets, headers) = (vec![target.into()], vec![header(USER_AGENT), header(ACCEPT)]);
    Client::new(Rc::new(ClientConfig { targets, authorization: None, headers, options }))
}

async fn request(client: &mut Client, path: &PathAndQuery) {
    let call = Call { target: 0, method: &Method::GET, path, auth: false, headers: &[] };
    let exchange = client.send(call, Instant::now()).await;
    assert_eq!(exchange.result.as_ref().unwrap().status, 200);
    client.reuse(exchange);
}

#[test]
fn a_request_allocates_what_hyper_needs_and_is_polled_when_bytes_came() {
    let url = serve(900);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let path = PathAndQuery::from_static("/list");
    let mut client = runtime.block_on(client(&url));
    runtime.block_on(request(&mut client, &path));
    let turns = Cell::new(0);
    let allocations = measure(|| {
        runtime.block_on(async {
            for _ in 0..REQUESTS {
                let mut request = pin!(request(&mut client, &path));
                poll_fn(|cx| {
                    turns.set(turns.get() + 1);
                    request.as_mut().poll(cx)
                })
                .await;
            }
        });
    });
    let a_request = allocations.count_total as f64 / REQUESTS as f64;
    assert!(a_request <= ALLOCATIONS_A_REQUEST as f64 + 0.5, "{a_request} allocations a request");
    // One turn sends and one reads; a wake-up of its own for each would make three.
    let a_request = f64::from(turns.get()) / REQUESTS as f64;
    assert!(a_request <= 2.1, "{a_request} turns a request");
}
