//! The listener: the one part of this crate that touches the world.

use std::convert::Infallible;
use std::error::Error as _;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::gallery::Wait;
use crate::reply::{Cut, ReplyBody};
use crate::{Gallery, GalleryError, GalleryStats};

/// How long requests in progress may go on once a server shuts down.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// The pause after an accept that failed for want of a resource, which trying again at once would
/// not give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A gallery that listens, on the tokio runtime it was bound on. Dropping it ends its connections at
/// once; [`shutdown`](Self::shutdown) lets the requests in progress end first.
pub struct GalleryServer {
    gallery: Arc<Gallery>,
    local_addr: SocketAddr,
    stop: watch::Sender<()>,
    accepting: JoinHandle<()>,
}

impl GalleryServer {
    /// Listens on `addr`, where port 0 takes a free one, and serves from then on.
    ///
    /// # Errors
    ///
    /// [`GalleryError::Bind`] with what the system said, such as that the port is taken.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime that has its I/O and time drivers enabled.
    pub async fn bind(gallery: Gallery, addr: SocketAddr) -> Result<Self, GalleryError> {
        let refused = |source| GalleryError::Bind { addr, source };
        let listener = TcpListener::bind(addr).await.map_err(refused)?;
        let local_addr = listener.local_addr().map_err(refused)?;
        let gallery = Arc::new(gallery);
        let (stop, stopped) = watch::channel(());
        let accepting = tokio::spawn(accept(listener, Arc::clone(&gallery), stopped));
        Ok(Self { gallery, local_addr, stop, accepting })
    }

    /// The address that is listened on, with the port that was taken.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// What paths are appended to, such as `http://127.0.0.1:8787` or `http://[::1]:8787`. For a
    /// server that listens on every address it is the loopback one.
    pub fn base_url(&self) -> String {
        base_url(self.local_addr)
    }

    /// What was counted so far.
    pub fn stats(&self) -> GalleryStats {
        self.gallery.stats()
    }

    pub(crate) fn gallery(&self) -> Arc<Gallery> {
        Arc::clone(&self.gallery)
    }

    /// Stops accepting, lets the requests in progress end for at most [`SHUTDOWN_GRACE`], then
    /// closes what is left. When it returns, every connection is closed.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(());
        // A task that panicked has closed everything already.
        let _ended = (&mut self.accepting).await;
    }
}

impl Drop for GalleryServer {
    fn drop(&mut self) {
        // The connections belong to the accepting task and end with it.
        self.accepting.abort();
    }
}

impl fmt::Debug for GalleryServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("GalleryServer");
        debug.field("local_addr", &self.local_addr).finish_non_exhaustive()
    }
}

pub(crate) fn base_url(addr: SocketAddr) -> String {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, addr.port()))
}

/// Accepts until told to stop, and owns the connections, so that they end when it does.
async fn accept(listener: TcpListener, gallery: Arc<Gallery>, mut stopped: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    gallery.counters.accepted.fetch_add(1, Relaxed);
                    connections.spawn(serve(stream, Arc::clone(&gallery), stopped.clone()));
                }
                Err(error) => refused(&gallery, &error).await,
            },
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _in_time = timeout(SHUTDOWN_GRACE, ended).await;
    connections.shutdown().await;
}

/// Counts a failed accept, and waits where the next one would fail as well.
async fn refused(gallery: &Gallery, error: &io::Error) {
    gallery.counters.accept_errors.fetch_add(1, Relaxed);
    let gone = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted];
    if !gone.contains(&error.kind()) {
        sleep(ACCEPT_PAUSE).await;
    }
}

async fn serve(stream: TcpStream, gallery: Arc<Gallery>, mut stopped: watch::Receiver<()>) {
    // Without it the end of a body would wait for the client's acknowledgement of its beginning. A
    // socket that refuses is closed already, which the first read finds out.
    let _refused = stream.set_nodelay(true);
    let service = service_fn(|request| respond(Arc::clone(&gallery), request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        biased;
        ended = &mut connection => Some(ended),
        _ = stopped.changed() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let cut = ended.as_ref().err().and_then(|error| error.source()?.downcast_ref::<Cut>());
    if cut.is_some_and(|cut| cut.reset) {
        // With nothing to linger for, closing the socket resets the connection.
        let _refused = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

async fn respond(
    gallery: Arc<Gallery>,
    request: Request<Incoming>,
) -> Result<Response<ReplyBody>, Infallible> {
    let plan = gallery.plan(&request);
    match plan.wait {
        Wait::Forever => std::future::pending().await,
        Wait::Until(Duration::ZERO) => {}
        Wait::Until(delay) => sleep(delay).await,
    }
    Ok(gallery.answer(plan))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_url_can_be_connected_to() {
        for (addr, expected) in [
            ("127.0.0.1:80", "http://127.0.0.1:80"),
            ("[::1]:8787", "http://[::1]:8787"),
            ("0.0.0.0:1", "http://127.0.0.1:1"),
            ("[::]:1", "http://[::1]:1"),
        ] {
            assert_eq!(base_url(addr.parse().unwrap()), expected);
        }
    }
}
