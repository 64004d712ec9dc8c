//! One request on the way: over the kept connection, or over a new one.

use std::cell::Cell;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, HOST, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Uri};
use tokio::time::Instant;

use super::alarm::Limit;
use super::client::Spare;
use super::driver::{Driver, Sender};
use super::wire::WireCount;
use super::{Call, ClientConfig, Response, Timings, TransportError, gzip};

/// After so many pieces of a body, other virtual users get their turn.
const PIECES_PER_TURN: usize = 64;

pub(crate) struct Connection {
    sender: Sender,
    driver: Driver,
    /// Whether every byte that comes belongs to a response: neither TLS nor HTTP/2.
    is_bare: bool,
}

impl Connection {
    /// Whether it takes another request, as far as is known without asking.
    pub(crate) fn is_open(&self) -> bool {
        !self.driver.is_ended()
    }
}

/// A request, what it needs, and how far it has come.
pub(crate) struct Attempt<'a> {
    config: &'a ClientConfig,
    wire: &'a WireCount,
    call: Call<'a>,
    path: PathAndQuery,
    spare: &'a mut Spare,
    /// What it may last at the moment.
    limit: &'a Cell<Limit>,
    /// What it may last in all.
    whole: Limit,
    begun: Instant,
    pub(crate) timings: Timings,
    pub(crate) reconnected: bool,
    /// When the last byte was there.
    pub(crate) ended: Option<Instant>,
}

/// What went wrong, and how far the request had come.
struct Failure {
    error: TransportError,
    progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The connection was closed before there was a request.
    Unsent,
    /// The request never left, although it was handed over.
    Returned,
    /// No byte of the response had come.
    Sent,
    /// The response had begun.
    Answered,
}

impl Failure {
    fn of_hyper(error: &hyper::Error, progress: Progress) -> Self {
        let returned = progress == Progress::Sent && error.is_canceled();
        let progress = if returned { Progress::Returned } else { progress };
        Failure { error: TransportError::of_hyper(error), progress }
    }
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(
        config: &'a ClientConfig,
        wire: &'a WireCount,
        call: Call<'a>,
        path: PathAndQuery,
        spare: &'a mut Spare,
        limit: &'a Cell<Limit>,
        begun: Instant,
    ) -> Self {
        let (whole, timings) = (limit.get(), Timings::default());
        let (reconnected, ended) = (false, None);
        Attempt {
            config,
            wire,
            call,
            path,
            spare,
            limit,
            whole,
            begun,
            timings,
            reconnected,
            ended,
        }
    }

    /// Tries the kept connection, and once more on a new one if the server has closed that.
    pub(crate) async fn run(
        &mut self,
        kept: Option<Connection>,
    ) -> Result<(Response, Connection), TransportError> {
        if let Some(mut connection) = kept {
            match self.exchange(&mut connection, self.begun).await {
                Ok(response) => return Ok((response, connection)),
                Err(failure) if self.is_stale_connection(&failure) => {
                    self.reconnected = failure.progress != Progress::Unsent;
                }
                Err(failure) => return Err(failure.error),
            }
        }
        // The server had the lost request for that long, which is time to wait for its answer.
        let lost = self.timings.sending + self.timings.waiting;
        let mut connection = self.connect().await?;
        let connected = Instant::now();
        self.timings.blocked = (connected - self.begun).saturating_sub(lost);
        let exchanged = self.exchange(&mut connection, connected).await;
        self.timings.waiting += lost;
        exchanged.map(|response| (response, connection)).map_err(|failure| failure.error)
    }

    /// Whether a server that closed an idle connection explains the failure, so that the request may
    /// be sent again. What may have had an effect is not sent twice.
    fn is_stale_connection(&self, failure: &Failure) -> bool {
        use TransportError::{Closed, GoAway, Reset};
        matches!(failure.error, Closed | Reset | GoAway)
            && match failure.progress {
                Progress::Unsent | Progress::Returned => true,
                Progress::Sent => self.call.method.is_idempotent(),
                Progress::Answered => false,
            }
    }

    async fn connect(&mut self) -> Result<Connection, TransportError> {
        let at = Instant::now() + self.config.options.connect_timeout;
        self.limit.set(self.whole.or(Limit { at, error: TransportError::ConnectTimeout }));
        let opened = self.config.targets[self.call.target].open(self.wire).await?;
        self.timings.connecting = opened.connecting;
        self.timings.tls_handshaking = opened.tls_handshaking;
        let is_bare = !opened.http2 && opened.stream.is_plain();
        let (sender, driver) = Driver::handshake(opened.stream, opened.http2)
            .await
            .map_err(|error| TransportError::of_hyper(&error))?;
        self.limit.set(self.whole);
        Ok(Connection { sender, driver, is_bare })
    }

    /// Sends the request and reads the response. `begun` is when sending begins.
    async fn exchange(
        &mut self,
        connection: &mut Connection,
        begun: Instant,
    ) -> Result<Response, Failure> {
        let Connection { sender, driver, is_bare } = connection;
        // A connection that is known to be closed is noticed here.
        let ready = driver.during(sender.ready()).await;
        ready.map_err(|error| Failure::of_hyper(&error, Progress::Unsent))?;
        if let Some(timeout) = self.config.options.header_timeout {
            let header = Limit { at: begun + timeout, error: TransportError::HeaderTimeout };
            self.limit.set(self.whole.or(header));
        }
        let request = self.request(matches!(sender, Sender::Http2(_)));
        let (received, mut written) = (self.wire.received(), None);
        let response = driver.send(sender, request, &mut written).await;
        let answered = Instant::now();
        let written = written.unwrap_or(answered);
        self.timings.sending = written - begun;
        self.timings.waiting = answered - written;
        let response = response.map_err(|error| {
            let begun = *is_bare && self.wire.received() > received;
            Failure::of_hyper(&error, if begun { Progress::Answered } else { Progress::Sent })
        })?;
        self.limit.set(self.whole);
        let response = self.response(driver, response, answered).await;
        response.map_err(|error| Failure { error, progress: Progress::Answered })
    }

    fn request(&mut self, http2: bool) -> Request<Empty<Bytes>> {
        let target = &self.config.targets[self.call.target];
        let mut request = Request::new(Empty::new());
        *request.method_mut() = self.call.method.clone();
        let path = self.path.clone();
        *request.uri_mut() = if http2 { target.uri(path) } else { Uri::from(path) };
        let mut headers = std::mem::take(&mut self.spare.headers);
        if !http2 {
            headers.insert(HOST, target.host.clone());
        }
        for (name, value) in self.config.headers.iter().chain(self.call.headers) {
            headers.insert(name.clone(), value.clone());
        }
        if self.config.options.gzip {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(token) = self.config.authorization.as_ref().filter(|_| self.call.auth) {
            headers.insert(AUTHORIZATION, token.clone());
        }
        *request.headers_mut() = headers;
        request
    }

    async fn response(
        &mut self,
        driver: &mut Driver,
        response: hyper::Response<Incoming>,
        answered: Instant,
    ) -> Result<Response, TransportError> {
        let (mut head, body) = response.into_parts();
        let is_gzip = self.config.options.gzip && gzip::is_gzip(&head.headers);
        // They are slices of hyper's read buffer, which could not be reused while they are there.
        head.headers.clear();
        self.spare.headers = head.headers;
        let mut body = self.read(driver, body).await?;
        let ended = Instant::now();
        self.timings.receiving = ended - answered;
        self.ended = Some(ended);
        if is_gzip && !body.is_empty() {
            let whole = gzip::decompress(&body, self.config.options.body_bytes_max)?;
            body.clear();
            body.push(whole);
        }
        Ok(Response { status: head.status.as_u16(), body })
    }

    async fn read(
        &mut self,
        driver: &mut Driver,
        mut body: Incoming,
    ) -> Result<Vec<Bytes>, TransportError> {
        let (mut pieces, mut bytes) = (std::mem::take(&mut self.spare.pieces), 0);
        while !body.is_end_stream() {
            let Some(frame) = driver.during(body.frame()).await else { break };
            let frame = frame.map_err(|error| TransportError::of_hyper(&error))?;
            let Ok(piece) = frame.into_data() else { continue };
            // A piece costs its handle too, or an endless body of single bytes would fill the memory.
            bytes += piece.len().max(size_of::<Bytes>());
            if bytes > self.config.options.body_bytes_max {
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
