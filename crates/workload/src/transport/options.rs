//! What a run may say about its connections.

use std::path::PathBuf;
use std::time::Duration;

use crate::WorkloadError;

/// Nothing is waited for longer; a moment that far ahead can be reckoned with.
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpVersion {
    /// On https what the server prefers of HTTP/2 and HTTP/1.1, on http HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2; on http the server has to know that without being asked (prior knowledge).
    Http2,
}

/// How connections are made and how long they are waited for. [`crate::Run::prepare`] refuses values
/// that make no run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransportOptions {
    /// Which HTTP is spoken. [`HttpVersion::Auto`] by default.
    pub http: HttpVersion,
    /// How long it may take to open a connection, TLS included: at most a day. 10 s by default.
    pub connect_timeout: Duration,
    /// How long a server may take from the request to the head of its response: at most a day. None
    /// by default, which leaves it to `timeout`.
    pub header_timeout: Option<Duration>,
    /// How long a request may take, from the wait for a connection to the last byte: at most a day.
    /// 60 s by default, as in k6.
    pub timeout: Duration,
    /// The longest body that is read, in bytes, decompressed; a longer one is an error. 64 MiB by
    /// default.
    pub body_bytes_max: usize,
    /// Certificates in PEM that are trusted beside the platform's own. Empty by default.
    pub ca_certificates: Vec<u8>,
    /// Whether any certificate is taken for the server's: `true` measures, but protects nothing.
    pub insecure: bool,
    /// Connects to a Unix socket and not to the host of the base URL. None by default.
    pub unix_socket: Option<PathBuf>,
    /// Whether compressed bodies are asked for. `false` by default, as in k6.
    pub gzip: bool,
}

impl Default for TransportOptions {
    fn default() -> Self {
        TransportOptions {
            http: HttpVersion::Auto,
            connect_timeout: Duration::from_secs(10),
            header_timeout: None,
            timeout: Duration::from_secs(60),
            body_bytes_max: 64 << 20,
            ca_certificates: Vec::new(),
            insecure: false,
            unix_socket: None,
            gzip: false,
        }
    }
}

impl TransportOptions {
    /// Refuses what makes no run, before anything is sent.
    pub(crate) fn check(&self) -> Result<(), WorkloadError> {
        let bounds = Duration::from_nanos(1)..=TIMEOUT_MAX;
        for (name, timeout) in [
            ("TIMEOUT", Some(self.timeout)),
            ("CONNECT_TIMEOUT", Some(self.connect_timeout)),
            ("HEADER_TIMEOUT", self.header_timeout),
        ] {
            if timeout.is_some_and(|timeout| !bounds.contains(&timeout)) {
                return Err(WorkloadError::Timeout { name });
            }
        }
        // Said even where the target needs none: a mistake is not kept for the day when it does.
        super::tls::certificates(&self.ca_certificates)?;
        if self.unix_socket.is_some() && cfg!(not(unix)) {
            return Err(WorkloadError::UnixSocket);
        }
        Ok(())
    }

    /// What differs from the usual so much that whoever reads the result has to know it.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        match self.http {
            HttpVersion::Auto => {}
            HttpVersion::Http1 => notes.push("HTTP/1.1 only".to_owned()),
            HttpVersion::Http2 => notes.push("HTTP/2 only".to_owned()),
        }
        if self.insecure {
            notes.push("INSECURE: certificates are not verified".to_owned());
        }
        if let Some(path) = &self.unix_socket {
            notes.push(format!("over the Unix socket {}", path.display()));
        }
        if self.gzip {
            notes.push("gzip asked for".to_owned());
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unusual_is_noted() {
        assert!(TransportOptions::default().notes().is_empty());
        let options = TransportOptions {
            http: HttpVersion::Http2,
            insecure: true,
            unix_socket: Some("/run/api.sock".into()),
            gzip: true,
            ..TransportOptions::default()
        };
        let notes = options.notes().join("; ");
        for part in ["HTTP/2 only", "not verified", "/run/api.sock", "gzip"] {
            assert!(notes.contains(part), "{notes}");
        }
    }

    #[test]
    fn every_timeout_is_bounded() {
        for timeout in [Duration::ZERO, Duration::from_secs(86_401), Duration::MAX] {
            for (name, options) in [
                ("TIMEOUT", TransportOptions { timeout, ..TransportOptions::default() }),
                (
                    "CONNECT_TIMEOUT",
                    TransportOptions { connect_timeout: timeout, ..TransportOptions::default() },
                ),
                (
                    "HEADER_TIMEOUT",
                    TransportOptions {
                        header_timeout: Some(timeout),
                        ..TransportOptions::default()
                    },
                ),
            ] {
                let error = options.check().unwrap_err();
                assert!(error.to_string().contains(name) && error.is_configuration(), "{error}");
            }
        }
        assert!(TransportOptions::default().check().is_ok());
    }
}
