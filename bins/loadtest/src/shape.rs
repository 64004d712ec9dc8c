//! `loadtest shape`: the shapes of bodies, away from any run.

mod bodies;
mod check;
mod learn;

use std::path::PathBuf;

use clap::Subcommand;
use cli::Environment;

use crate::args::{ClosedArgs, CommonArgs};
use crate::failure::Failure;
use crate::output;
use crate::shape::learn::LearnArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum ShapeCommand {
    /// Judges saved bodies: prints each violation with its place, and never a value
    Check {
        /// A JSON Schema (2020-12) in a file, or the name of a built-in shape
        #[arg(long, value_name = "FILE|NAME")]
        shape: String,

        /// Files with a body each, of up to 64 MiB; - is standard input
        #[arg(required = true, value_name = "BODY")]
        bodies: Vec<PathBuf>,
    },
    /// Learns shapes from a run of one virtual user for 10 s, or from saved bodies
    ///
    /// The run has the settings of a smoke test; what they say of thresholds and reports means
    /// nothing here. A shape has no values of bodies, beside words that many items share in fields
    /// such as status or type; read it before you share it all the same.
    Learn {
        #[command(flatten)]
        learn: LearnArgs,
        #[command(flatten)]
        closed: ClosedArgs,
        #[command(flatten)]
        common: Box<CommonArgs>,
    },
    /// Prints a built-in shape, to be copied and changed
    Print {
        /// Its name; `loadtest shape list` shows all
        name: String,
    },
    /// Prints the names of the built-in shapes
    List,
}

pub(crate) fn run(command: ShapeCommand, environment: &Environment) -> Result<u8, Failure> {
    match command {
        ShapeCommand::Check { shape, bodies } => check::run(&shape, &bodies),
        ShapeCommand::Learn { learn, closed, common } => {
            learn::run(&learn, closed, *common, environment)
        }
        ShapeCommand::Print { name } => print(name),
        ShapeCommand::List => {
            output::print(
                &probe::gallery::NAMES
                    .iter()
                    .fold(String::new(), |lines, name| lines + name + "\n"),
            )?;
            Ok(0)
        }
    }
}

fn print(name: String) -> Result<u8, Failure> {
    match probe::gallery::shape_source(&name) {
        Some(source) => output::print(source).map(|()| 0),
        None => Err(Failure::NoShape { name }),
    }
}
