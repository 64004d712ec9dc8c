//! Clients against servers of TLS and HTTP/2 on loopback.

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_ENCODING, HOST, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use super::{Call, Client, ClientConfig, Exchange, HttpVersion, Path, Target};
use super::{TransportError, TransportOptions};
use crate::BaseUrl;

/// A server on loopback, which ends with the test's runtime.
struct Server {
    url: BaseUrl,
    /// Its certificate in PEM.
    certificate: String,
}

/// Answers with the HTTP version, the method and how the request names the host.
async fn answer(
    request: Request<hyper::body::Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or(request.uri().authority().map(hyper::http::uri::Authority::as_str));
    let text = format!("{:?} {} {}", request.version(), request.method(), host.unwrap_or("-"));
    let mut response = Response::new(Full::from(text));
    if request.headers().contains_key("accept-encoding") {
        let gzip = include_bytes!("../../tests/empty-list.gz");
        *response.body_mut() = Full::from(&gzip[..]);
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, http2: bool) {
    let (stream, service) = (TokioIo::new(stream), service_fn(answer));
    if http2 {
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(stream, service).await;
    }
}

/// A server with TLS that negotiates one of these protocols, or nothing.
async fn tls_server(alpn: &[&[u8]]) -> Server {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let issued = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key.into())
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                serve(stream, http2).await;
            });
        }
    });
    Server { url, certificate: pem(issued.cert.der()) }
}

fn pem(certificate: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
}

async fn plain_server(address: &str, http2: bool) -> Server {
    let listener = TcpListener::bind(address).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, http2));
        }
    });
    Server { url, certificate: String::new() }
}

async fn client(url: &BaseUrl, options: TransportOptions) -> Client {
    let targets = vec![Arc::new(Target::resolve(url, &options).await.unwrap())];
    let config = ClientConfig { targets, authorization: None, headers: Vec::new(), options };
    Client::new(Rc::new(config))
}

async fn get(client: &mut Client) -> Exchange {
    let path = PathAndQuery::from_static("/a?b=1");
    let call = Call {
        target: 0,
        method: &Method::GET,
        path: &Path::Ready(&path),
        auth: false,
        headers: &[],
    };
    client.send(call, Instant::now()).await
}

fn text(exchange: &Exchange) -> String {
    let body = &exchange.result.as_ref().unwrap().body;
    String::from_utf8(body.concat()).unwrap()
}

fn options(change: impl FnOnce(&mut TransportOptions)) -> TransportOptions {
    let mut options = TransportOptions::default();
    change(&mut options);
    options
}

#[tokio::test]
async fn a_server_with_a_given_certificate_is_read_over_one_connection() {
    let server = tls_server(&[b"http/1.1"]).await;
    let trusting = options(|options| options.ca_certificates = server.certificate.into());
    let mut client = client(&server.url, trusting).await;
    let (first, second) = (get(&mut client).await, get(&mut client).await);
    assert_eq!(text(&first), format!("{:?} GET {}", Version::HTTP_11, server.url.authority()));
    assert!(first.timings.tls_handshaking > Duration::ZERO);
    assert!(first.timings.blocked >= first.timings.tls_handshaking);
    assert_eq!(text(&second), text(&first));
    assert_eq!(second.timings.blocked, Duration::ZERO);
    assert!(first.bytes_received > second.bytes_received, "the handshake is on the wire too");
}

#[tokio::test]
async fn an_untrusted_server_is_a_tls_error_unless_that_is_asked_for() {
    let server = tls_server(&[]).await;
    let other = tls_server(&[]).await;
    let trusting_another = options(|options| options.ca_certificates = other.certificate.into());
    let mut strict = client(&server.url, trusting_another).await;
    assert_eq!(get(&mut strict).await.result.unwrap_err(), TransportError::Tls);
    let mut lax = client(&server.url, options(|options| options.insecure = true)).await;
    assert_eq!(get(&mut lax).await.result.unwrap().status, 200);
}

#[tokio::test]
async fn what_is_no_certificate_is_refused() {
    let url = "https://127.0.0.1:9".parse().unwrap();
    for text in ["no certificate", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let wrong = options(|options| options.ca_certificates = text.into());
        let error = Target::resolve(&url, &wrong).await.unwrap_err();
        assert!(error.to_string().contains("CACERT") && error.is_configuration(), "{error}");
    }
}

#[tokio::test]
async fn the_version_is_negotiated_or_chosen_and_both_keep_their_connection() {
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    let only_1: &[&[u8]] = &[b"http/1.1"];
    for (alpn, http, expected) in [
        (both, HttpVersion::Auto, Ok("HTTP/2.0")),
        (both, HttpVersion::Http1, Ok("HTTP/1.1")),
        (both, HttpVersion::Http2, Ok("HTTP/2.0")),
        (only_1, HttpVersion::Auto, Ok("HTTP/1.1")),
        (only_1, HttpVersion::Http2, Err(TransportError::Tls)),
        (&[], HttpVersion::Auto, Ok("HTTP/1.1")),
    ] {
        let server = tls_server(alpn).await;
        let options = options(|options| (options.http, options.insecure) = (http, true));
        let mut client = client(&server.url, options).await;
        let first = get(&mut client).await;
        match expected {
            Err(error) => assert_eq!(first.result.unwrap_err(), error),
            Ok(version) => {
                let expected = format!("{version} GET {}", server.url.authority());
                assert_eq!(text(&first), expected);
                let second = get(&mut client).await;
                assert_eq!((text(&second), second.timings.connecting), (expected, Duration::ZERO));
            }
        }
    }
}

#[tokio::test]
async fn prior_knowledge_of_http2_needs_no_tls() {
    let server = plain_server("127.0.0.1:0", true).await;
    let http2 = options(|options| options.http = HttpVersion::Http2);
    let mut client = client(&server.url, http2).await;
    for _ in 0..100 {
        let exchange = get(&mut client).await;
        assert_eq!(text(&exchange), format!("HTTP/2.0 GET {}", server.url.authority()));
        client.reuse(exchange);
    }
}

#[tokio::test]
async fn an_http2_server_that_is_asked_in_http1_is_a_protocol_error() {
    let server = plain_server("127.0.0.1:0", true).await;
    let mut client = client(&server.url, TransportOptions::default()).await;
    let error = get(&mut client).await.result.unwrap_err();
    assert!(matches!(error, TransportError::Protocol | TransportError::Closed), "{error:?}");
}

#[tokio::test]
async fn an_ipv6_address_is_a_host() {
    let server = plain_server("[::1]:0", false).await;
    let mut client = client(&server.url, TransportOptions::default()).await;
    assert_eq!(text(&get(&mut client).await), format!("HTTP/1.1 GET {}", server.url.authority()));
    assert!(server.url.authority().starts_with("[::1]:"));
}

#[tokio::test]
async fn a_compressed_body_is_asked_for_only_if_wanted_and_decompressed() {
    let server = plain_server("127.0.0.1:0", false).await;
    let mut gzip = client(&server.url, options(|options| options.gzip = true)).await;
    let exchange = get(&mut gzip).await;
    assert_eq!(text(&exchange), "{\"items\":[]}\n");
    let mut plain = client(&server.url, TransportOptions::default()).await;
    assert!(text(&get(&mut plain).await).starts_with("HTTP/1.1"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_takes_the_place_of_the_host() {
    let directory = std::env::temp_dir().join(format!("loadtest-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("api.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, false));
        }
    });
    let url = "http://no-such-host.invalid".parse().unwrap();
    let over = |path: std::path::PathBuf| options(|options| options.unix_socket = Some(path));
    let mut there = client(&url, over(path.clone())).await;
    assert_eq!(text(&get(&mut there).await), "HTTP/1.1 GET no-such-host.invalid");
    let mut missing = client(&url, over(directory.join("none.sock"))).await;
    assert_eq!(get(&mut missing).await.result.unwrap_err(), TransportError::Connect);
    std::fs::remove_dir_all(&directory).unwrap();
}
