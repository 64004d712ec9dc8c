//! What the binaries share: settings from flags and environment, files read and written whole.
//!
//! A [`Setting`] remembers whether it was typed as a flag or came from a variable, so that an error
//! names what the user wrote. Files are read with errors that say which path was tried; a file that
//! is written appears whole or not at all.
//!
//! # Example
//!
//! ```
//! let environment = cli::Environment::from_fn(|name| (name == "VUS").then(|| "ten".into()));
//! let vus = environment.setting(None, "vus")?;
//! let error = vus.unwrap().parse_with(|text| text.parse::<u32>().ok(), "a whole number from 1");
//! assert_eq!(error.unwrap_err().to_string(), "VUS=ten: must be a whole number from 1");
//! # Ok::<(), cli::CliError>(())
//! ```
//!
//! The feature `signals` adds `Signals`, which waits for Ctrl-C and SIGTERM on tokio.
//!
//! # What it doesn't do
//!
//! It defines no argument and prints nothing; both are each binary's own.

mod error;
mod files;
mod setting;
#[cfg(feature = "signals")]
mod signals;

pub use error::CliError;
pub use files::{WholeFile, end_without_files, folder, read_dataset, read_token, sample_dataset};
pub use setting::{Environment, Setting, duration};
#[cfg(feature = "signals")]
pub use signals::Signals;
