//! One virtual user's connections and the requests over them.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use tokio::time::{Instant, timeout};

use super::alarm::{Alarm, Limit};
use super::attempt::{Attempt, Connection};
use super::wire::WireCount;
use super::{Call, Exchange, Response, Target, TransportError, TransportOptions};

/// What all connections of a worker share.
#[derive(Debug)]
pub(crate) struct ClientConfig {
    pub(crate) targets: Vec<Arc<Target>>,
    pub(crate) authorization: Option<HeaderValue>,
    /// What every request has.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) options: TransportOptions,
}

/// At most one connection to each target, opened when it is first needed.
pub(crate) struct Client {
    config: Rc<ClientConfig>,
    /// By target; as long as the last of the targets that were used needs.
    connections: Vec<Option<Connection>>,
    wire: WireCount,
    alarm: Alarm,
    spare: Spare,
}

/// Memory of the last exchange for the next one.
#[derive(Default)]
pub(crate) struct Spare {
    /// Always empty. hyper parses a response's headers into the map of its request.
    pub(crate) headers: HeaderMap,
    /// Always empty.
    pub(crate) pieces: Vec<Bytes>,
}

impl Client {
    pub(crate) fn new(config: Rc<ClientConfig>) -> Self {
        Client {
            config,
            connections: Vec::new(),
            wire: WireCount::default(),
            alarm: Alarm::default(),
            spare: Spare::default(),
        }
    }

    /// Makes a request, which was wanted when it was `begun`. Whatever goes wrong is in the result,
    /// and the next request starts on a connection that is in order.
    pub(crate) async fn send(&mut self, call: Call<'_>, begun: Instant) -> Exchange {
        let Ok(path) = call.path.parsed() else {
            return Exchange::failed(TransportError::Protocol, begun.elapsed());
        };
        // Taken out, so that a connection which is given up in the middle is closed, not reused.
        let kept = self.connections.get_mut(call.target).and_then(Option::take);
        let (exchange, connection) = self.exchange(kept, call, path, begun).await;
        if let Some(connection) = connection.filter(Connection::is_open) {
            self.keep(call.target, connection);
        }
        exchange
    }

    /// Takes back the memory of an exchange that was looked at.
    pub(crate) fn reuse(&mut self, exchange: Exchange) {
        if let Ok(Response { body: mut pieces, .. }) = exchange.result {
            pieces.clear();
            self.spare.pieces = pieces;
        }
    }

    /// Opens a connection to every target and closes it again; says which target takes none.
    pub(crate) async fn check(&self) -> Result<(), (usize, TransportError)> {
        let limit = self.config.options.connect_timeout;
        for (at, target) in self.config.targets.iter().enumerate() {
            let opened = timeout(limit, target.open(&self.wire)).await;
            let opened = opened.unwrap_or(Err(TransportError::ConnectTimeout));
            opened.map_err(|error| (at, error))?;
        }
        Ok(())
    }

    fn keep(&mut self, target: usize, connection: Connection) {
        if self.connections.len() <= target {
            self.connections.resize_with(target + 1, || None);
        }
        self.connections[target] = Some(connection);
    }

    async fn exchange(
        &mut self,
        kept: Option<Connection>,
        call: Call<'_>,
        path: PathAndQuery,
        begun: Instant,
    ) -> (Exchange, Option<Connection>) {
        let Client { config, wire, alarm, spare, .. } = self;
        let whole = Limit { at: begun + config.options.timeout, error: TransportError::Timeout };
        let limit = Cell::new(whole);
        let mut attempt = Attempt::new(config, wire, call, path, spare, &limit, begun);
        let result = within(&limit, alarm, attempt.run(kept)).await;
        let (timings, reconnected) = (attempt.timings, attempt.reconnected);
        let elapsed = attempt.ended.unwrap_or_else(Instant::now) - begun;
        let (result, connection) = match result {
            Ok((response, connection)) => (Ok(response), Some(connection)),
            Err(error) => (Err(error), None),
        };
        let (bytes_sent, bytes_received) = wire.take();
        let exchange =
            Exchange { result, timings, elapsed, reconnected, bytes_sent, bytes_received };
        (exchange, connection)
    }
}

/// Runs an attempt until its limit, which it may move, has come.
async fn within<T>(
    limit: &Cell<Limit>,
    alarm: &mut Alarm,
    attempt: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let mut attempt = pin!(attempt);
    poll_fn(|cx| {
        if let Poll::Ready(result) = attempt.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        let Limit { at, error } = limit.get();
        alarm.poll(at, cx).map(|()| Err(error))
    })
    .await
}
