use std::io;
use std::net::SocketAddr;

use thiserror::Error;

/// Why a gallery cannot be made or cannot listen. No variant carries a value of the dataset, a
/// token or a path that a caller gave.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GalleryError {
    /// The address cannot be listened on; the source says whether it is taken or not allowed.
    #[error("cannot listen on {addr}")]
    Bind {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The name is not one of the creation entries.
    #[error("not a creation entry; the entries are puzzle and custom-world")]
    Entry,
    /// A fault's path prefix would match no request.
    #[error("the path prefix of fault {index} does not start with a slash")]
    FaultPath {
        /// Index of the fault in the order it was added, from 0.
        index: usize,
    },
    /// A fault's status is not an error status.
    #[error("the status of fault {index} is not between 400 and 599")]
    FaultStatus {
        /// Index of the fault in the order it was added, from 0.
        index: usize,
    },
    /// A work stands in `normalizedWorks` but not in its table, so it has no card.
    #[error("normalizedWorks[{index}] has no row in its table; extract the dataset again")]
    MissingRow {
        /// Index of the work, from 0.
        index: usize,
    },
    /// The thread or the runtime of an embedded gallery could not be started.
    #[error("cannot start the gallery's thread")]
    Start(#[source] io::Error),
    /// The token cannot stand in an `Authorization` header.
    #[error("the token is empty or has a character other than visible ASCII")]
    Token,
}
