//! A private dump in, load-test data out.

mod args;
mod error;
mod key_file;
mod output;
mod paths;
mod report;
mod run;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match run::run(&args::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even the error cannot be written, the exit code still tells.
            let _ = writeln!(io::stderr(), "extract: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
