use std::error::Error;
use std::io;

/// The class of a request that got no whole response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TransportError {
    /// The body is longer than what is read.
    BodyTooLarge,
    /// The connection ended before the response did.
    Closed,
    /// A connection could not be made, for another reason than the ones below.
    Connect,
    /// What came is not HTTP.
    Protocol,
    /// Nobody listens there, or the listener's queue is full.
    Refused,
    /// The connection was reset.
    Reset,
    /// The request took longer than it may.
    Timeout,
    /// The TLS handshake failed.
    Tls,
}

impl TransportError {
    /// The class as metrics and reports say it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            TransportError::BodyTooLarge => "body_too_large",
            TransportError::Closed => "closed",
            TransportError::Connect => "connect",
            TransportError::Protocol => "protocol",
            TransportError::Refused => "refused",
            TransportError::Reset => "reset",
            TransportError::Timeout => "timeout",
            TransportError::Tls => "tls",
        }
    }

    pub(crate) fn of_connect(error: &io::Error) -> Self {
        Self::of_io(error).unwrap_or(TransportError::Connect)
    }

    pub(crate) fn of_tls(error: &io::Error) -> Self {
        // rustls reports its own errors as InvalidData; all else is the socket's.
        Self::of_io(error).unwrap_or(TransportError::Tls)
    }

    pub(crate) fn of_hyper(error: &hyper::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = cause {
            if let Some(class) = error.downcast_ref::<io::Error>().and_then(Self::of_io) {
                return class;
            }
            cause = error.source();
        }
        let ended = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        if ended { TransportError::Closed } else { TransportError::Protocol }
    }

    fn of_io(error: &io::Error) -> Option<Self> {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(TransportError::Refused),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                Some(TransportError::Reset)
            }
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof => Some(TransportError::Closed),
            io::ErrorKind::TimedOut => Some(TransportError::Timeout),
            _ => None,
        }
    }
}
