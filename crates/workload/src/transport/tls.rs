//! Which certificates are trusted, and which HTTP is offered in the handshake.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::options::{HttpVersion, TransportOptions};
use crate::WorkloadError;

/// What HTTP/2 is called in a handshake.
pub(crate) const ALPN_H2: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";

/// TLS as the platform trusts it, with what the options add to that.
pub(crate) fn config(options: &TransportOptions) -> Result<Arc<ClientConfig>, WorkloadError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error: rustls::Error| WorkloadError::Tls(error.to_string());
    let verifier = verifier(options, &provider)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let alpn: &[&[u8]] = match options.http {
        HttpVersion::Auto => &[ALPN_H2, ALPN_HTTP1],
        HttpVersion::Http1 => &[ALPN_HTTP1],
        HttpVersion::Http2 => &[ALPN_H2],
    };
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

fn verifier(
    options: &TransportOptions,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, WorkloadError> {
    // Read in any case: a file that is no certificate is never what was meant.
    let certificates = certificates(&options.ca_certificates)?;
    if options.insecure {
        return Ok(Arc::new(AnyCertificate(Arc::clone(provider))));
    }
    let verifier = Verifier::new_with_extra_roots(certificates, Arc::clone(provider));
    let verifier = verifier.map_err(|error| WorkloadError::Tls(error.to_string()))?;
    Ok(Arc::new(verifier))
}

/// The certificates of a PEM text; none if it is empty.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, WorkloadError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|_| WorkloadError::CaCertificates)?;
    if found.is_empty() && !pem.is_empty() {
        return Err(WorkloadError::CaCertificates);
    }
    Ok(found)
}

/// Takes any certificate. That the server has its key is checked all the same, because it costs the
/// same work as in a handshake that protects something.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
