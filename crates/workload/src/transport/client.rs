//! One virtual user's connection and the requests over it.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use tokio::time::{Instant, timeout_at};

use super::driver::Driver;
use super::wire::WireCount;
use crate::requests::Request;

use super::{Exchange, Response, Target, Timings, TransportError};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// After so many pieces of a body, other virtual users get their turn.
const PIECES_PER_TURN: usize = 64;

/// What all connections of a run share.
pub(crate) struct ClientConfig {
    pub(crate) target: Target,
    pub(crate) host: HeaderValue,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) timeout: Duration,
    pub(crate) body_bytes_max: usize,
}

/// At most one connection, opened when it is first needed.
pub(crate) struct Client {
    config: Rc<ClientConfig>,
    connection: Option<Connection>,
    wire: WireCount,
}

struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    driver: Driver,
}

/// A failed attempt, and how far it had come.
struct Failure {
    error: TransportError,
    progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The connection was closed before there was a request.
    Unsent,
    /// No byte of the response had come.
    Sent,
    /// The response had begun.
    Answered,
}

impl Failure {
    fn of_hyper(error: &hyper::Error, progress: Progress) -> Self {
        Failure { error: TransportError::of_hyper(error), progress }
    }

    /// Whether a server that closed an idle connection explains it, so that the request may be sent
    /// again.
    fn is_stale_connection(&self) -> bool {
        let closed = matches!(self.error, TransportError::Closed | TransportError::Reset);
        closed && self.progress != Progress::Answered
    }
}

impl Client {
    pub(crate) fn new(config: Rc<ClientConfig>) -> Self {
        Client { config, connection: None, wire: WireCount::default() }
    }

    /// Makes a request. Whatever goes wrong is in the result, and the next request starts on a
    /// connection that is in order.
    pub(crate) async fn send(&mut self, call: &Request<'_>) -> Exchange {
        let begun = Instant::now();
        let deadline = begun + self.config.timeout;
        let mut timings = Timings::default();
        let mut reconnected = false;
        // Taken out, so that a connection which is given up in the middle is closed, not reused.
        let connection = self.connection.take();
        let attempts = self.attempts(connection, call, &mut timings, &mut reconnected);
        let result = match timeout_at(deadline, attempts).await {
            Ok(Ok((response, connection))) => {
                self.connection = Some(connection);
                Ok(response)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(TransportError::Timeout),
        };
        let (bytes_sent, bytes_received) = self.wire.take();
        let elapsed = begun.elapsed();
        Exchange { result, timings, elapsed, reconnected, bytes_sent, bytes_received }
    }

    /// Opens a connection and closes it again.
    pub(crate) async fn check(&self) -> Result<(), TransportError> {
        let deadline = Instant::now() + self.config.timeout;
        let opened = timeout_at(deadline, self.config.target.open(&self.wire)).await;
        opened.map_err(|_| TransportError::Timeout)?.map(drop)
    }

    /// Tries the kept connection, and once more on a new one if the server has closed that.
    async fn attempts(
        &self,
        kept: Option<Connection>,
        call: &Request<'_>,
        timings: &mut Timings,
        reconnected: &mut bool,
    ) -> Result<(Response, Connection), TransportError> {
        let begun = Instant::now();
        if let Some(mut connection) = kept {
            match self.exchange(&mut connection, call, timings).await {
                Ok(response) => return Ok((response, connection)),
                Err(failure) if failure.is_stale_connection() => {
                    *reconnected = failure.progress == Progress::Sent;
                }
                Err(failure) => return Err(failure.error),
            }
        }
        // The server had the lost request for that long, which is time to wait for its answer.
        let lost = timings.sending + timings.waiting;
        let mut connection = self.connect(timings).await?;
        timings.blocked = begun.elapsed().saturating_sub(lost);
        let exchanged = self.exchange(&mut connection, call, timings).await;
        timings.waiting += lost;
        exchanged.map(|response| (response, connection)).map_err(|failure| failure.error)
    }

    async fn connect(&self, timings: &mut Timings) -> Result<Connection, TransportError> {
        let opened = self.config.target.open(&self.wire).await?;
        timings.connecting = opened.connecting;
        timings.tls_handshaking = opened.tls_handshaking;
        let (sender, driver) = Driver::handshake(opened.stream)
            .await
            .map_err(|error| TransportError::of_hyper(&error))?;
        Ok(Connection { sender, driver })
    }

    async fn exchange(
        &self,
        connection: &mut Connection,
        call: &Request<'_>,
        timings: &mut Timings,
    ) -> Result<Response, Failure> {
        let failed = |progress| move |error: hyper::Error| Failure::of_hyper(&error, progress);
        let Connection { sender, driver } = connection;
        // A server that closed the connection in the meantime is noticed here.
        driver.during(sender.ready()).await.map_err(failed(Progress::Unsent))?;
        let request = self.request(call);
        let (begun, mut written) = (Instant::now(), None);
        let response = driver.during_with(sender.send_request(request), &mut written).await;
        let answered = Instant::now();
        let written = written.unwrap_or(answered);
        timings.sending = written - begun;
        timings.waiting = answered - written;
        let response = response.map_err(failed(Progress::Sent))?;
        let status = response.status().as_u16();
        let body = self.read(driver, response.into_body()).await;
        timings.receiving = answered.elapsed();
        let failed = |error| Failure { error, progress: Progress::Answered };
        Ok(Response { status, body: body.map_err(failed)? })
    }

    fn request(&self, call: &Request<'_>) -> hyper::Request<Empty<Bytes>> {
        let mut request = hyper::Request::new(Empty::new());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.uri.clone();
        let headers = request.headers_mut();
        headers.clone_from(call.headers);
        headers.insert(HOST, self.config.host.clone());
        if let Some(token) = self.config.authorization.as_ref().filter(|_| call.auth) {
            headers.insert(AUTHORIZATION, token.clone());
        }
        if let Some(traceparent) = &call.traceparent {
            headers.insert(TRACEPARENT, traceparent.clone());
        }
        request
    }

    async fn read(
        &self,
        driver: &mut Driver,
        mut body: Incoming,
    ) -> Result<Vec<Bytes>, TransportError> {
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        while let Some(frame) = driver.during(body.frame()).await {
            let frame = frame.map_err(|error| TransportError::of_hyper(&error))?;
            let Ok(piece) = frame.into_data() else { continue };
            // A piece costs its handle too, or an endless body of single bytes would fill the memory.
            bytes += piece.len().max(size_of::<Bytes>());
            if bytes > self.config.body_bytes_max {
                return Err(TransportError::BodyTooLarge);
            }
            pieces.push(piece);
            if pieces.len() % PIECES_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(pieces)
    }
}
