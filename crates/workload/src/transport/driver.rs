//! hyper's connection, driven by the virtual user that owns it.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use super::stream::Stream;

type NoBody = Empty<Bytes>;

/// The half of a connection that takes requests.
pub(crate) enum Sender {
    Http1(http1::SendRequest<NoBody>),
    Http2(http2::SendRequest<NoBody>),
}

impl Sender {
    pub(crate) async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Sender::Http1(sender) => sender.ready().await,
            Sender::Http2(sender) => sender.ready().await,
        }
    }

    /// Hands the request to the connection; only waiting for the response is left to the future.
    fn send(
        &mut self,
        request: Request<NoBody>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> {
        enum Sent<A, B> {
            Http1(A),
            Http2(B),
        }
        let sent = match self {
            Sender::Http1(sender) => Sent::Http1(sender.send_request(request)),
            Sender::Http2(sender) => Sent::Http2(sender.send_request(request)),
        };
        async move {
            match sent {
                Sent::Http1(response) => response.await,
                Sent::Http2(response) => response.await,
            }
        }
    }
}

/// The half of a connection that moves bytes. hyper leaves it to the caller to poll it; doing so
/// within the request, and not in a task of its own, saves a hand-over between tasks and closes
/// the socket in the very moment in which the user lets go of it.
pub(crate) struct Driver {
    connection: Connection,
}

enum Connection {
    Http1(Pin<Box<http1::Connection<TokioIo<Stream>, NoBody>>>),
    Http2(Box<Multiplexed>),
    /// It ran to its end and must not be polled again.
    Ended,
}

impl Driver {
    pub(crate) async fn handshake(
        stream: Stream,
        http2: bool,
    ) -> Result<(Sender, Self), hyper::Error> {
        let stream = TokioIo::new(stream);
        if http2 {
            let tasks = Tasks::default();
            let (sender, connection) = http2::handshake(tasks.spawner(), stream).await?;
            let connection = Box::new(Multiplexed { tasks, connection: Some(connection) });
            return Ok((
                Sender::Http2(sender),
                Driver { connection: Connection::Http2(connection) },
            ));
        }
        let (sender, connection) = http1::handshake(stream).await?;
        let connection = Connection::Http1(Box::pin(connection));
        Ok((Sender::Http1(sender), Driver { connection }))
    }

    /// Whether the connection takes no further request.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.connection, Connection::Ended)
    }

    /// Sends a request and waits for the head of the response. Notes in `written` when the connection
    /// has first had its turn, which is when the request has gone to the socket.
    pub(crate) async fn send(
        &mut self,
        sender: &mut Sender,
        request: Request<NoBody>,
        written: &mut Option<Instant>,
    ) -> hyper::Result<Response<Incoming>> {
        let mut response = pin!(unconstrained(sender.send(request)));
        poll_fn(|cx| {
            self.poll(cx);
            written.get_or_insert_with(Instant::now);
            response.as_mut().poll(&mut unwoken())
        })
        .await
    }

    /// Moves bytes until `work`, which waits for them, is done.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(unconstrained(work));
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(&mut unwoken()) {
                return Poll::Ready(done);
            }
            self.poll(cx);
            // What the connection just did may be all that `work` waited for.
            work.as_mut().poll(&mut unwoken())
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        let ended = match &mut self.connection {
            Connection::Http1(connection) => connection.as_mut().poll(cx).is_ready(),
            Connection::Http2(connection) => connection.poll(cx).is_ready(),
            Connection::Ended => false,
        };
        // The error, if it ended with one, reaches the request that waits.
        if ended {
            self.connection = Connection::Ended;
        }
    }
}

/// For futures that only the connection can move on: they are asked after each of its turns, so that
/// waking the task for them too would cost it a turn in vain. They must not take part in tokio's
/// budget, which would have them wait without a reason and count on being woken.
fn unwoken() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// An HTTP/2 connection with the tasks that hyper divides it into.
struct Multiplexed {
    tasks: Tasks,
    connection: Option<http2::Connection<TokioIo<Stream>, NoBody, Spawner>>,
}

impl Multiplexed {
    /// Ready when nothing of the connection is left.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut connection = self.connection.take();
        if let Some(running) = &mut connection
            && Pin::new(running).poll(cx).is_pending()
        {
            self.connection = connection;
        }
        self.tasks.poll(cx);
        let is_over = self.connection.is_none() && self.tasks.running.is_empty();
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Futures that are polled together with their connection and dropped with it.
#[derive(Default)]
struct Tasks {
    running: Vec<Task>,
    spawned: Rc<RefCell<Vec<Task>>>,
}

/// Where hyper puts its tasks. It holds them weakly, because some of them hold it.
#[derive(Clone)]
struct Spawner(Weak<RefCell<Vec<Task>>>);

impl<F: Future<Output = ()> + 'static> Executor<F> for Spawner {
    fn execute(&self, task: F) {
        if let Some(spawned) = self.0.upgrade() {
            spawned.borrow_mut().push(Box::pin(task));
        }
    }
}

impl Tasks {
    fn spawner(&self) -> Spawner {
        Spawner(Rc::downgrade(&self.spawned))
    }

    /// Polls every task once, those that are spawned meanwhile included.
    fn poll(&mut self, cx: &mut Context<'_>) {
        self.running.append(&mut self.spawned.borrow_mut());
        let mut next = 0;
        while next < self.running.len() {
            if self.running[next].as_mut().poll(cx).is_ready() {
                drop(self.running.remove(next));
            } else {
                next += 1;
            }
            self.running.append(&mut self.spawned.borrow_mut());
        }
    }
}
