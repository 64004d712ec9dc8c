//! What goes wrong on a connection, in classes.

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
    /// The connection took longer to open than it may.
    ConnectTimeout,
    /// This machine has no file descriptor left for a connection.
    Descriptors,
    /// The server told that it goes away, over HTTP/2.
    GoAway,
    /// The head of the response took longer than it may.
    HeaderTimeout,
    /// This machine has no port left for a connection to that address.
    Ports,
    /// What came is not HTTP.
    Protocol,
    /// Nobody listens there, or the listener's queue is full.
    Refused,
    /// The connection was reset.
    Reset,
    /// The server reset this one request, over HTTP/2.
    StreamReset,
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
            TransportError::ConnectTimeout => "connect_timeout",
            TransportError::Descriptors => "descriptors",
            TransportError::GoAway => "goaway",
            TransportError::HeaderTimeout => "header_timeout",
            TransportError::Ports => "ports",
            TransportError::Protocol => "protocol",
            TransportError::Refused => "refused",
            TransportError::Reset => "reset",
            TransportError::StreamReset => "stream_reset",
            TransportError::Timeout => "timeout",
            TransportError::Tls => "tls",
        }
    }

    pub(crate) fn of_connect(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::TimedOut {
            return TransportError::ConnectTimeout;
        }
        let exhausted = error.raw_os_error().and_then(Self::of_exhaustion);
        exhausted.or_else(|| Self::of_io(error)).unwrap_or(TransportError::Connect)
    }

    pub(crate) fn of_tls(error: &io::Error) -> Self {
        // rustls reports its own errors as InvalidData; all else is the socket's.
        Self::of_io(error).unwrap_or(TransportError::Tls)
    }

    pub(crate) fn of_hyper(error: &hyper::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = cause {
            let io = error.downcast_ref::<io::Error>().and_then(Self::of_io);
            let class = io.or_else(|| error.downcast_ref::<h2::Error>().and_then(Self::of_h2));
            if let Some(class) = class {
                return class;
            }
            cause = error.source();
        }
        let ended = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        if ended { TransportError::Closed } else { TransportError::Protocol }
    }

    fn of_h2(error: &h2::Error) -> Option<Self> {
        if let Some(error) = error.get_io() {
            return Self::of_io(error);
        }
        match (error.is_remote(), error.is_go_away()) {
            // What this side objects to is no HTTP/2.
            (false, _) => None,
            (true, true) => Some(TransportError::GoAway),
            (true, false) => error.is_reset().then_some(TransportError::StreamReset),
        }
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

    /// The system's codes for what this machine has run out of.
    #[cfg(unix)]
    fn of_exhaustion(code: i32) -> Option<Self> {
        use rustix::io::Errno;
        match Errno::from_raw_os_error(code) {
            Errno::ADDRNOTAVAIL => Some(TransportError::Ports),
            Errno::MFILE | Errno::NFILE => Some(TransportError::Descriptors),
            _ => None,
        }
    }

    /// WSAEMFILE; and WSAENOBUFS and WSAEADDRINUSE, which is how Windows says that no port is left.
    #[cfg(windows)]
    fn of_exhaustion(code: i32) -> Option<Self> {
        match code {
            10_024 => Some(TransportError::Descriptors),
            10_048 | 10_055 => Some(TransportError::Ports),
            _ => None,
        }
    }

    #[cfg(not(any(unix, windows)))]
    fn of_exhaustion(_code: i32) -> Option<Self> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn what_this_machine_lacks_is_not_blamed_on_the_service() {
        use rustix::io::Errno;
        for (errno, expected) in [
            (Errno::ADDRNOTAVAIL, "ports"),
            (Errno::MFILE, "descriptors"),
            (Errno::NFILE, "descriptors"),
            (Errno::TIMEDOUT, "connect_timeout"),
            (Errno::CONNREFUSED, "refused"),
            (Errno::HOSTUNREACH, "connect"),
        ] {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(TransportError::of_connect(&error).name(), expected);
        }
    }
}
