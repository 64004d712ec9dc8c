//! The bytes under HTTP: TCP or a Unix socket, with TLS or without.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_rustls::client::TlsStream;

use super::wire::Counted;

/// A socket of the system.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// What HTTP is spoken over. TLS is boxed: its state is large, and most runs do without.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Counted<Socket>),
    Tls(Box<TlsStream<Counted<Socket>>>),
}

impl Stream {
    /// Whether it goes over the wire as it is.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Stream::Plain(_))
    }
}

macro_rules! delegate {
    ($type:ident: $($(#[$cfg:meta])? $variant:ident),*) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $($(#[$cfg])? $type::$variant(inner) => Pin::new(inner).poll_read(cx, buf),)*
                }
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    $($(#[$cfg])? $type::$variant(inner) => Pin::new(inner).poll_write(cx, buf),)*
                }
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    $($(#[$cfg])? $type::$variant(inner) => {
                        Pin::new(inner).poll_write_vectored(cx, bufs)
                    })*
                }
            }

            fn is_write_vectored(&self) -> bool {
                match self {
                    $($(#[$cfg])? $type::$variant(inner) => inner.is_write_vectored(),)*
                }
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $($(#[$cfg])? $type::$variant(inner) => Pin::new(inner).poll_flush(cx),)*
                }
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $($(#[$cfg])? $type::$variant(inner) => Pin::new(inner).poll_shutdown(cx),)*
                }
            }
        }
    };
}

delegate!(Socket: Tcp, #[cfg(unix)] Unix);
delegate!(Stream: Plain, Tls);
