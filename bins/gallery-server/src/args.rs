use std::path::PathBuf;

use clap::Parser;

/// The arguments as typed. Values are text here, so that a wrong one is reported like the same wrong
/// one from the environment.
#[derive(Debug, Parser)]
#[command(
    name = "gallery-server",
    version,
    about = "Serves the works-list routes over a dataset, for load tests",
    after_help = AFTER_HELP
)]
pub(crate) struct Args {
    /// The dataset to serve; without it the committed sample [env: WORKS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) works_data: Option<String>,

    /// Where to listen; port 0 takes a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787")]
    pub(crate) listen: String,

    /// Allow an address that other machines can reach; there is no TLS
    #[arg(long)]
    pub(crate) allow_non_loopback: bool,

    /// A file with the bearer token of the personal routes, which without one answer 401; a token in
    /// the variable AUTH_TOKEN works as well
    #[arg(long, value_name = "FILE")]
    pub(crate) auth_token_file: Option<PathBuf>,

    /// The owner user id that the token belongs to; without it the owner of the most works
    #[arg(long, value_name = "ID")]
    pub(crate) auth_user: Option<String>,

    /// Answer 429 beyond this many requests in progress
    /// [env: GENARRATIVE_API_MAX_CONCURRENT_REQUESTS]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) max_concurrent_requests: Option<String>,

    /// Answer 503 for an entry, puzzle or custom-world; can be repeated
    #[arg(long, value_name = "ENTRY")]
    pub(crate) disable_entry: Vec<String>,

    /// How long each response waits, such as 9ms
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) latency: Option<String>,

    /// Answer some requests wrongly, as described below; can be repeated
    #[arg(long, value_name = "RULE")]
    pub(crate) fault: Vec<String>,
}

const AFTER_HELP: &str = "\
Faults: every=N,action=ACTION[,path=PREFIX][,offset=N]
  Of the requests whose path starts with PREFIX, leaves the first `offset` alone, then falls on the
  first and on every N-th after it. ACTION is status:CODE (400 to 599), wrong-shape (a number for a
  profileId), html, truncate, reset, hang, or delay:DURATION.
  Example: --fault every=1000,action=wrong-shape,path=/api/runtime/puzzle/gallery

A variable that is empty counts as not set, and a flag goes before its variable.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 could not be done, 2 usage, 104 invalid configuration";
