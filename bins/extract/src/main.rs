//! A private dump in, load-test data out.

mod args;
mod audit;
mod error;
mod follow;
mod git;
mod input;
mod interrupt;
mod key_file;
mod lock;
mod manifest;
mod manifest_file;
mod output;
mod paths;
mod policy;
mod regular;
mod report;
mod run;
mod schema;
mod settings;
mod source;
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
