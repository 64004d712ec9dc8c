//! The gallery service alone, on a loopback port.

mod args;
mod failure;
mod fault_rule;
mod settings;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use cli::{Environment, Signals};
use gallery::{Gallery, GalleryServer};

use crate::args::Args;
use crate::failure::Failure;
use crate::settings::Settings;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Where standard error is closed, the exit code says it alone.
            let _unseen = writeln!(io::stderr(), "gallery-server: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    let settings = Settings::new(args, &Environment::of_process())?;
    // One thread is enough for what a load test on the same machine asks, and leaves it the others.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::Start)?.block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<(), Failure> {
    let Settings { dataset, listen, config } = settings;
    // Before the first line, so that whoever waits for the line can end the server from then on.
    let mut signals = Signals::new().map_err(Failure::Start)?;
    let server = GalleryServer::bind(Gallery::new(&dataset, config)?, listen).await?;
    let (works, key_id) = (dataset.works().len(), dataset.key_id());
    let url = server.base_url();
    let mut stdout = io::stdout();
    writeln!(stdout, "gallery-server: listening on {url} ({works} works, key id {key_id})")
        .and_then(|()| stdout.flush())
        .map_err(Failure::Start)?;
    drop(dataset);
    signals.end().await;
    server.shutdown().await;
    Ok(())
}
