//! HTTP over one connection a virtual user and target.

mod alarm;
mod attempt;
mod call;
mod client;
mod driver;
mod error;
mod gzip;
mod options;
mod stream;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod wire;

pub(crate) use call::{Call, Path};
pub(crate) use client::{Client, ClientConfig};
pub(crate) use error::TransportError;
pub use options::{HttpVersion, TransportOptions};
pub(crate) use target::Target;

use std::time::Duration;

use bytes::Bytes;

/// What came of one request.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// The response with its body, or the class of what went wrong.
    pub(crate) result: Result<Response, TransportError>,
    pub(crate) timings: Timings,
    /// From the moment the request was wanted to its end, connecting included.
    pub(crate) elapsed: Duration,
    /// Whether a kept-alive connection turned out to be closed and the request was sent again.
    pub(crate) reconnected: bool,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
}

impl Exchange {
    /// A request that never left.
    fn failed(error: TransportError, elapsed: Duration) -> Self {
        Exchange {
            result: Err(error),
            timings: Timings::default(),
            elapsed,
            reconnected: false,
            bytes_sent: 0,
            bytes_received: 0,
        }
    }
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The body in the pieces in which it arrived, or decompressed as one.
    pub(crate) body: Vec<Bytes>,
}

/// The phases of a request, with k6's names and meaning.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timings {
    /// Until there was a connection to use; zero on one that was kept alive.
    pub(crate) blocked: Duration,
    /// The part of `blocked` spent on the TCP handshake.
    pub(crate) connecting: Duration,
    /// The part of `blocked` spent on the TLS handshake.
    pub(crate) tls_handshaking: Duration,
    /// Until the request was handed to the socket.
    pub(crate) sending: Duration,
    /// Until the head of the response was there. If the request was sent again, the wait on the
    /// connection that turned out to be closed is part of it.
    pub(crate) waiting: Duration,
    /// Until the body was there.
    pub(crate) receiving: Duration,
}

impl Timings {
    /// `http_req_duration`: sending + waiting + receiving.
    pub(crate) fn duration(&self) -> Duration {
        self.sending + self.waiting + self.receiving
    }
}
