//! A stream that counts the bytes of the wire.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The bytes that went over one connection so far, TLS and headers included.
#[derive(Clone, Debug, Default)]
pub(crate) struct WireCount {
    sent: Rc<Cell<u64>>,
    received: Rc<Cell<u64>>,
}

impl WireCount {
    /// Bytes sent and received since this was last asked.
    pub(crate) fn take(&self) -> (u64, u64) {
        (self.sent.take(), self.received.take())
    }

    /// Bytes received since [`WireCount::take`] was last called.
    pub(crate) fn received(&self) -> u64 {
        self.received.get()
    }
}

#[derive(Debug)]
pub(crate) struct Counted<S> {
    stream: S,
    count: WireCount,
}

impl<S> Counted<S> {
    pub(crate) fn new(stream: S, count: WireCount) -> Self {
        Counted { stream, count }
    }

    fn sent(&self, result: io::Result<usize>) -> io::Result<usize> {
        let bytes = result?;
        self.count.sent.set(self.count.sent.get() + bytes as u64);
        Ok(bytes)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let bytes = (buf.filled().len() - before) as u64;
        self.count.received.set(self.count.received.get() + bytes);
        Poll::Ready(Ok(()))
    }
}

// Vectored writes are left out: a request is a head alone, which hyper then puts into one buffer, and
// one buffer is sent with less work of the system than a list of buffers.
impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        Poll::Ready(self.sent(result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
