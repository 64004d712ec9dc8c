//! Arguments and environment as settings that can be served.

use std::net::SocketAddr;
use std::path::Path;

use cli::{Environment, read_dataset, sample_dataset};
use dataset::Dataset;
use gallery::{AuthToken, GalleryConfig};

use crate::args::Args;
use crate::failure::Failure;
use crate::fault_rule;

/// Everything that was asked for, read and checked.
pub(crate) struct Settings {
    pub(crate) dataset: Dataset,
    pub(crate) listen: SocketAddr,
    pub(crate) config: GalleryConfig,
}

impl Settings {
    /// Reads the files that the arguments or the environment name. What costs nothing to check is
    /// checked first.
    pub(crate) fn new(args: Args, environment: &Environment) -> Result<Self, Failure> {
        let listen = listen(&args)?;
        let mut config = config(&args, environment)?;
        let token = token(args.auth_token_file.as_deref(), environment)?;
        let has_token = token.is_some();
        if let Some(token) = token {
            config = config.auth_token(token);
        }
        let works_data = environment.setting(args.works_data, "works-data")?;
        let dataset = match works_data {
            Some(path) => read_dataset(Path::new(path.text()))?,
            None => sample_dataset()?,
        };
        if let Some(user) = args.auth_user {
            check_user(&user, &dataset, has_token)?;
            config = config.auth_user(user);
        }
        Ok(Self { dataset, listen, config })
    }
}

fn listen(args: &Args) -> Result<SocketAddr, Failure> {
    let invalid = |problem| Failure::invalid("--listen", problem);
    let addr: SocketAddr = args
        .listen
        .parse()
        .map_err(|_| invalid("give an IP address and a port, as in 127.0.0.1:8787 or [::1]:0"))?;
    if addr.ip().is_loopback() || args.allow_non_loopback {
        return Ok(addr);
    }
    Err(invalid(
        "other machines could reach this address, without TLS; if they may, add --allow-non-loopback",
    ))
}

fn config(args: &Args, environment: &Environment) -> Result<GalleryConfig, Failure> {
    let mut config = GalleryConfig::new();
    if let Some((setting, limit)) = limit(args, environment)? {
        let limit = limit.trim().parse();
        let invalid = |_| Failure::invalid(setting, "give a whole number from 1");
        config = config.max_concurrent_requests(limit.map_err(invalid)?);
    }
    for entry in &args.disable_entry {
        let entry = entry.parse();
        config = config.disable(entry.map_err(|error: gallery::GalleryError| {
            Failure::invalid("--disable-entry", error.to_string())
        })?);
    }
    if let Some(latency) = &args.latency {
        let invalid = || Failure::invalid("--latency", "give a time with its unit, as in 9ms");
        config = config.latency(cli::duration(latency).ok_or_else(invalid)?);
    }
    for rule in &args.fault {
        config = config.fault(fault_rule::parse(rule)?);
    }
    Ok(config)
}

/// The limit as written, and where: the variable has the name that the real service knows.
fn limit(
    args: &Args,
    environment: &Environment,
) -> Result<Option<(&'static str, String)>, Failure> {
    const VARIABLE: &str = "GENARRATIVE_API_MAX_CONCURRENT_REQUESTS";
    if let Some(limit) = &args.max_concurrent_requests {
        return Ok(Some(("--max-concurrent-requests", limit.clone())));
    }
    Ok(environment.variable(VARIABLE)?.map(|limit| (VARIABLE, limit)))
}

fn token(file: Option<&Path>, environment: &Environment) -> Result<Option<AuthToken>, Failure> {
    let Some((setting, token)) = environment.auth_token(file)? else { return Ok(None) };
    let invalid = "the token is empty or has a character other than visible ASCII";
    let token = AuthToken::new(token.as_str()).map_err(|_| Failure::invalid(setting, invalid))?;
    Ok(Some(token))
}

/// A user that nobody can be, or who owns nothing, is a slip: the personal lists would be empty.
fn check_user(user: &str, dataset: &Dataset, has_token: bool) -> Result<(), Failure> {
    let invalid = |problem| Err(Failure::invalid("--auth-user", problem));
    if !has_token {
        return invalid(
            "without a token nobody is that user; give --auth-token-file or AUTH_TOKEN",
        );
    }
    let owns = |work: &dataset::Work| work.owner_user_id.as_deref() == Some(user);
    if !dataset.works().iter().any(owns) {
        return invalid("no work of the dataset has this owner");
    }
    Ok(())
}
