//! `referee serve` times arrivals, `referee judge` compares them with a plan, and `referee bench` puts
//! our load test beside its peers.

mod bench;
mod connection;
mod judge;
mod pages;
mod server;

use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::bench::BenchArgs;
use crate::server::Server;

#[derive(Debug, Parser)]
#[command(name = "referee", version, about)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve pages for load and note when each request came
    Serve {
        /// The address to listen on; port 0 takes a free one
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Milliseconds that every answer waits
        #[arg(long, default_value_t = 0)]
        delay_ms: u64,
        /// Never sleep: nearly no delay of its own, for a whole core
        #[arg(long)]
        spin: bool,
    },
    /// Say how late the arrivals are, beside those that were planned
    Judge {
        /// The plan: nanoseconds, one a line, as `loadtest plan --arrivals` writes them
        #[arg(long)]
        arrivals: PathBuf,
        /// What was seen: the same, as GET /referee/arrivals of the server answers
        #[arg(long)]
        seen: PathBuf,
    },
    /// Measure our load test beside its peers
    Bench(BenchArgs),
}

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed, the exit code says it alone.
            let _ = writeln!(io::stderr(), "referee: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> io::Result<()> {
    match command {
        Command::Serve { listen, delay_ms, spin } => {
            let mut server = Server::bind(listen, Duration::from_millis(delay_ms), spin)?;
            writeln!(io::stdout(), "referee: listening on http://{}", server.address()?)?;
            server.serve()
        }
        Command::Judge { arrivals, seen } => {
            let judgement = judge::judge(&read(&arrivals)?, &read(&seen)?);
            writeln!(io::stdout(), "{}", judgement.map_err(io::Error::other)?)
        }
        Command::Bench(args) => bench::bench(&args),
    }
}

fn read(path: &Path) -> io::Result<Vec<u64>> {
    let problem = |error: &dyn Display| io::Error::other(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| problem(&error))?;
    judge::read_lines(&text).map_err(|error| problem(&error))
}
