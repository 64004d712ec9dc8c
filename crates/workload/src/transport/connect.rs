//! From a base URL to an open stream.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::TransportError;
use super::wire::{Counted, WireCount};
use crate::{BaseUrl, WorkloadError};

/// A base URL whose host was resolved: once, so that every connection goes to the same addresses.
#[derive(Clone)]
pub(crate) struct Target {
    addresses: Vec<SocketAddr>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// An open stream with what it took to open it.
pub(crate) struct Opened {
    pub(crate) stream: Stream,
    pub(crate) connecting: Duration,
    pub(crate) tls_handshaking: Duration,
}

pub(crate) enum Stream {
    Plain(Counted<TcpStream>),
    Tls(Box<TlsStream<Counted<TcpStream>>>),
}

impl Target {
    pub(crate) async fn resolve(url: &BaseUrl) -> Result<Self, WorkloadError> {
        let tls = url.is_https().then(platform_tls).transpose()?;
        Self::resolve_with(url, tls).await
    }

    /// Resolves for a given TLS configuration, which is used if the scheme is https.
    pub(crate) async fn resolve_with(
        url: &BaseUrl,
        tls: Option<Arc<rustls::ClientConfig>>,
    ) -> Result<Self, WorkloadError> {
        let unresolved = || WorkloadError::Resolve { target: url.to_string() };
        let found = tokio::net::lookup_host((url.host(), url.port())).await;
        let addresses: Vec<_> = found.map_err(|_| unresolved())?.collect();
        if addresses.is_empty() {
            return Err(unresolved());
        }
        let tls = match tls {
            None => None,
            Some(config) => {
                let name = ServerName::try_from(url.host().to_owned()).map_err(|_| unresolved())?;
                Some((TlsConnector::from(config), name))
            }
        };
        Ok(Target { addresses, tls })
    }

    /// Opens a stream to the first address that takes one.
    pub(crate) async fn open(&self, count: &WireCount) -> Result<Opened, TransportError> {
        let begun = Instant::now();
        let stream = Counted::new(self.connect().await?, count.clone());
        let connecting = begun.elapsed();
        let Some((connector, name)) = &self.tls else {
            let stream = Stream::Plain(stream);
            return Ok(Opened { stream, connecting, tls_handshaking: Duration::ZERO });
        };
        let stream = connector.connect(name.clone(), stream).await;
        let stream = stream.map_err(|error| TransportError::of_tls(&error))?;
        let tls_handshaking = begun.elapsed() - connecting;
        Ok(Opened { stream: Stream::Tls(Box::new(stream)), connecting, tls_handshaking })
    }

    async fn connect(&self) -> Result<TcpStream, TransportError> {
        let mut failure = TransportError::Connect;
        for address in &self.addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Without it a request may wait for the acknowledgement of the one before.
                    let nodelay = stream.set_nodelay(true);
                    return nodelay.map(|()| stream).map_err(|_| TransportError::Connect);
                }
                Err(error) => failure = TransportError::of_connect(&error),
            }
        }
        Err(failure)
    }
}

/// TLS as the platform trusts it: its own root certificates.
fn platform_tls() -> Result<Arc<rustls::ClientConfig>, WorkloadError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error: rustls::Error| WorkloadError::Tls(error.to_string());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_platform_verifier()
        .map_err(failed)?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use hyper::header::HeaderValue;
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::transport::{Client, ClientConfig as Shared, Exchange};

    fn provider() -> Arc<rustls::crypto::CryptoProvider> {
        Arc::new(rustls::crypto::ring::default_provider())
    }

    fn trusting(roots: RootCertStore) -> Arc<ClientConfig> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap();
        Arc::new(config.with_root_certificates(roots).with_no_client_auth())
    }

    /// Answers one connection's requests with an empty list.
    async fn serve(
        listener: TcpListener,
        certificate: CertificateDer<'static>,
        key: PrivatePkcs8KeyDer<'static>,
    ) {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key.into())
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
            return;
        };
        let mut request = [0; 1024];
        while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
            let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]";
            stream.write_all(response).await.unwrap();
        }
    }

    /// Two requests over TLS, to a server whose certificate is trusted or not.
    async fn exchange(trusted: bool) -> [Exchange; 2] {
        let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let url: BaseUrl = url.parse().unwrap();
        let mut roots = RootCertStore::empty();
        if trusted {
            roots.add(issued.cert.der().clone()).unwrap();
        }
        let key = PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
        let server = serve(listener, issued.cert.der().clone(), key);
        let client = async {
            let target = Target::resolve_with(&url, Some(trusting(roots))).await;
            let mut target = target.unwrap();
            // The name may resolve to an address that the listener is not on.
            target.addresses.retain(SocketAddr::is_ipv4);
            let shared = Shared {
                target,
                host: HeaderValue::from_static("localhost"),
                authorization: None,
                timeout: Duration::from_secs(5),
                body_bytes_max: 1024,
            };
            let mut client = Client::new(Rc::new(shared));
            [client.get("/", false).await, client.get("/", false).await]
        };
        tokio::select! {
            exchanges = client => exchanges,
            () = async { server.await; std::future::pending().await } => unreachable!(),
        }
    }

    #[tokio::test]
    async fn a_trusted_server_is_read_over_one_connection() {
        let [first, second] = exchange(true).await;
        assert_eq!(first.result.unwrap().status, 200);
        assert!(first.timings.tls_handshaking > Duration::ZERO);
        assert!(first.timings.blocked >= first.timings.tls_handshaking);
        assert_eq!(second.result.unwrap().body, ["[]"]);
        assert_eq!(second.timings.blocked, Duration::ZERO);
        assert!(first.bytes_received > second.bytes_received, "the handshake is on the wire too");
    }

    #[tokio::test]
    async fn an_untrusted_server_is_a_tls_error() {
        let [first, _] = exchange(false).await;
        assert_eq!(first.result.unwrap_err(), TransportError::Tls);
    }
}
