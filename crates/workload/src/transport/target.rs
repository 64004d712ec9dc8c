//! From a base URL to an open stream.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::{Authority, Parts, PathAndQuery, Scheme};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::options::{HttpVersion, TransportOptions};
use super::stream::{Socket, Stream};
use super::wire::{Counted, WireCount};
use super::{TransportError, tls};
use crate::{BaseUrl, WorkloadError};

/// A base URL whose host was resolved: once, so that every connection goes to the same addresses.
#[derive(Debug)]
pub(crate) struct Target {
    place: Place,
    tls: Option<Tls>,
    http: HttpVersion,
    connect_timeout: Duration,
    /// What the `Host` header says over HTTP/1.1.
    pub(crate) host: HeaderValue,
    scheme: Scheme,
    authority: Authority,
}

#[derive(Debug)]
enum Place {
    /// The addresses, and which of them took the last connection.
    Tcp(Vec<SocketAddr>, AtomicUsize),

    Unix(PathBuf),
}

struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// The configuration below holds keys of sessions, so nothing of it is shown.
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An open stream with what it took to open it.
pub(crate) struct Opened {
    pub(crate) stream: Stream,
    /// Whether HTTP/2 is to be spoken.
    pub(crate) http2: bool,
    pub(crate) connecting: Duration,
    pub(crate) tls_handshaking: Duration,
}

impl Target {
    /// Resolves the host, if there is one to connect to, and prepares TLS, if it is needed.
    pub(crate) async fn resolve(
        url: &BaseUrl,
        options: &TransportOptions,
    ) -> Result<Self, WorkloadError> {
        let tls = url.is_https().then(|| tls::config(options)).transpose()?;
        let place = match &options.unix_socket {
            Some(path) => Place::Unix(path.clone()),
            None => Place::Tcp(lookup(url).await?, AtomicUsize::new(0)),
        };
        let problem = "has a host that no header can carry";
        let refused = || WorkloadError::BaseUrl { problem };
        let tls = match tls {
            None => None,
            Some(config) => {
                let name = ServerName::try_from(url.host().to_owned()).map_err(|_| refused())?;
                Some(Tls { connector: TlsConnector::from(config), name })
            }
        };
        Ok(Target {
            place,
            scheme: if tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP },
            tls,
            http: options.http,
            connect_timeout: options.connect_timeout,
            host: HeaderValue::try_from(url.authority()).map_err(|_| refused())?,
            authority: Authority::try_from(url.authority()).map_err(|_| refused())?,
        })
    }

    /// Where connections go, for whoever reads the result: addresses with ports, or a path.
    pub(crate) fn addresses(&self) -> Vec<String> {
        match &self.place {
            Place::Tcp(addresses, _) => addresses.iter().map(SocketAddr::to_string).collect(),
            Place::Unix(path) => vec![format!("unix:{}", path.display())],
        }
    }

    /// The whole URI, as HTTP/2 wants it.
    pub(crate) fn uri(&self, path: PathAndQuery) -> Uri {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).expect("scheme, authority and path make a URI")
    }

    /// Opens a stream to the first address that takes one.
    pub(crate) async fn open(&self, count: &WireCount) -> Result<Opened, TransportError> {
        let begun = Instant::now();
        let stream = Counted::new(self.connect().await?, count.clone());
        let connecting = begun.elapsed();
        let Some(Tls { connector, name }) = &self.tls else {
            let (stream, tls_handshaking) = (Stream::Plain(stream), Duration::ZERO);
            let http2 = self.http == HttpVersion::Http2;
            return Ok(Opened { stream, http2, connecting, tls_handshaking });
        };
        let stream = connector.connect(name.clone(), stream).await;
        let stream = stream.map_err(|error| TransportError::of_tls(&error))?;
        let tls_handshaking = begun.elapsed() - connecting;
        let http2 = match stream.get_ref().1.alpn_protocol() {
            Some(protocol) => protocol == tls::ALPN_H2,
            // A server that does not negotiate gets what it is said to speak.
            None => self.http == HttpVersion::Http2,
        };
        Ok(Opened { stream: Stream::Tls(Box::new(stream)), http2, connecting, tls_handshaking })
    }

    async fn connect(&self) -> Result<Socket, TransportError> {
        match &self.place {
            Place::Tcp(addresses, last) => self.connect_to_one_of(addresses, last).await,
            Place::Unix(path) => {
                let stream = connect_unix(path).await;
                stream.map_err(|error| TransportError::of_connect(&error))
            }
        }
    }

    /// Begins with the address that took the last connection. Each has its share of the time, so that
    /// a silent one does not keep the others from being tried.
    async fn connect_to_one_of(
        &self,
        addresses: &[SocketAddr],
        last: &AtomicUsize,
    ) -> Result<Socket, TransportError> {
        let mut failure = TransportError::Connect;
        let share = self.connect_timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        let first = last.load(Ordering::Relaxed);
        for at in (0..addresses.len()).map(|step| (first + step) % addresses.len()) {
            failure = match timeout(share, connect_tcp(addresses[at])).await {
                Ok(Ok(socket)) => {
                    last.store(at, Ordering::Relaxed);
                    return Ok(socket);
                }
                Ok(Err(error)) => TransportError::of_connect(&error),
                Err(_) => TransportError::ConnectTimeout,
            };
        }
        Err(failure)
    }
}

async fn connect_tcp(address: SocketAddr) -> io::Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    // Without it a request may wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    Ok(Socket::Tcp(stream))
}

#[cfg(unix)]
async fn connect_unix(path: &std::path::Path) -> io::Result<Socket> {
    Ok(Socket::Unix(tokio::net::UnixStream::connect(path).await?))
}

#[cfg(not(unix))]
async fn connect_unix(_path: &std::path::Path) -> io::Result<Socket> {
    Err(io::ErrorKind::Unsupported.into())
}

async fn lookup(url: &BaseUrl) -> Result<Vec<SocketAddr>, WorkloadError> {
    let unresolved = || WorkloadError::Resolve { target: url.to_string() };
    let found = tokio::net::lookup_host((url.host(), url.port())).await;
    let addresses: Vec<_> = found.map_err(|_| unresolved())?.collect();
    if addresses.is_empty() { Err(unresolved()) } else { Ok(addresses) }
}
