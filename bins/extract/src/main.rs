//! A private dump in, load-test data out.

mod args;
mod error;
mod git;
mod input;
mod interrupt;
mod key_file;
#[cfg_attr(not(test), expect(dead_code, reason = "anonymize does not tell what it saw yet"))]
mod lock;
#[cfg_attr(not(test), expect(dead_code, reason = "extract writes no manifest yet"))]
mod manifest_file;
mod output;
mod paths;
mod policy;
mod regular;
mod report;
mod run;
mod settings;
#[cfg_attr(not(test), expect(dead_code, reason = "anonymize reads no SQL answers yet"))]
mod spacetimedb;
mod spool;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    interrupt::prepare();
    match run::run(args::Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Where even the error cannot be written, the exit code still tells.
            let _ = writeln!(io::stderr(), "extract: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
