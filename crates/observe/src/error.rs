use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the server's side cannot be read. No variant carries anything that stood in a log.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ObserveError {
    /// The access log cannot be opened: it is not there, or the user may not read it.
    #[error("cannot open the access log {}", path.display())]
    Open {
        /// The path that was tried.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The access log was opened, but reading it failed.
    #[error("cannot read the access log {}", path.display())]
    Read {
        /// The path under which the file was opened.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
