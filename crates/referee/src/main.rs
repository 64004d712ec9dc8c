//! `referee serve` times arrivals, `referee judge` compares them with a plan, and `referee bench` puts
//! our load test beside its peers.

mod connection;
mod pages;
mod server;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

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
    }
}
