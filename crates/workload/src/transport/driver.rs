//! hyper's connection, driven by the virtual user that owns it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::connect::Stream;

/// The half of a connection that moves bytes. hyper leaves it to the caller to poll it; doing so
/// within the request, and not in a task of its own, saves a hand-over between tasks and closes
/// the socket in the very moment in which the user lets go of it.
pub(crate) struct Driver {
    connection: Connection,
}

type Future1<S> = Pin<Box<http1::Connection<TokioIo<S>, Empty<Bytes>>>>;

enum Connection {
    Plain(Future1<super::wire::Counted<tokio::net::TcpStream>>),
    Tls(Future1<tokio_rustls::client::TlsStream<super::wire::Counted<tokio::net::TcpStream>>>),
    /// It ran to its end and must not be polled again.
    Ended,
}

impl Driver {
    pub(crate) async fn handshake(
        stream: Stream,
    ) -> Result<(SendRequest<Empty<Bytes>>, Self), hyper::Error> {
        let (sender, connection) = match stream {
            Stream::Plain(stream) => {
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                (sender, Connection::Plain(Box::pin(connection)))
            }
            Stream::Tls(stream) => {
                let (sender, connection) = http1::handshake(TokioIo::new(*stream)).await?;
                (sender, Connection::Tls(Box::pin(connection)))
            }
        };
        Ok((sender, Driver { connection }))
    }

    /// Moves bytes until `work`, which waits for them, is done.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        self.during_with(work, &mut None).await
    }

    /// The same; notes in `written` when the connection has first had its turn, which is when a
    /// request that was handed to it has gone to the socket.
    pub(crate) async fn during_with<T>(
        &mut self,
        work: impl Future<Output = T>,
        written: &mut Option<Instant>,
    ) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(done);
            }
            self.poll(cx);
            written.get_or_insert_with(Instant::now);
            // What the connection just did may be all that `work` waited for.
            work.as_mut().poll(cx)
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        let ended = match &mut self.connection {
            Connection::Plain(connection) => connection.as_mut().poll(cx).is_ready(),
            Connection::Tls(connection) => connection.as_mut().poll(cx).is_ready(),
            Connection::Ended => false,
        };
        // The error, if it ended with one, reaches the request that waits.
        if ended {
            self.connection = Connection::Ended;
        }
    }
}
