//! Both sides of the load window: what the server wrote down while the load ran, and what making
//! the load took.
//!
//! A load generator sees a status and a duration. It does not see that nginx asked a second server
//! after the first answered 502, or that 502s went to others. The server's own access log says so.
//! [`AccessLogWatch`] remembers where the log ends when the load begins, and reads what was added
//! when the load is over; the counts are in an [`AccessLogWindow`].
//!
//! Nor does a load generator see that it had no time itself. [`GeneratorWatch`] reads what the
//! system says of this process while it makes the load; [`limits`] says before it how many files
//! and ports there are. What the figures mean for the run is not decided here.
//!
//! # Example
//!
//! ```
//! use std::io::Write;
//! use observe::{AccessLogWatch, Coverage};
//!
//! let mut log = tempfile::NamedTempFile::new()?;
//! writeln!(log, r#"{{"status":"502","us":"502"}}"#)?; // Before the window: not counted.
//! let watch = AccessLogWatch::begin(log.path())?;
//! writeln!(log, r#"{{"status":"200","us":"502, 200"}}"#)?;
//!
//! let window = watch.end()?;
//! assert_eq!((window.bad_gateway_final, window.bad_gateway_masked), (0, 1));
//! assert_eq!(window.coverage(), Coverage::Full);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it doesn't do
//!
//! It keeps no address, no path, no user agent and no other text of the log: only counts of
//! statuses and sums of times. It does not follow the log while the load runs, asks for no
//! permission, and starts no other program.

mod access_log;
mod error;
mod format;
mod generator;
mod lines;
mod window;

pub use access_log::AccessLogWatch;
pub use error::ObserveError;
pub use generator::{
    GeneratorUsage, GeneratorWatch, Limits, MachineUsage, Throttling, WorkerUsage, limits,
};
pub use window::{AccessLogWindow, Coverage, TimeTally};
