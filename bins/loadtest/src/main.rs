//! Smoke, baseline and spike tests of the works-list endpoints.

mod args;
mod capacity;
mod export;
mod failure;
mod forecast_text;
mod output;
mod pair;
mod phase;
mod plan;
mod plan_file;
mod progress;
mod render;
mod reports;
mod run;
mod server_side;
mod settings;
mod shape;
mod shown;
mod target;
mod transport;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use cli::Environment;

use crate::args::Args;

fn main() -> ExitCode {
    match run::run(Args::parse(), &Environment::of_process()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            // Where standard error is closed, the exit code says it alone.
            let _unseen = writeln!(std::io::stderr(), "loadtest: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
