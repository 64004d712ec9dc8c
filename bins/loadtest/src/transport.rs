//! How connections are made: the arguments, and what is made of them.

use cli::{CliError, Environment, Setting};
use workload::{HttpVersion, TransportOptions};

/// For every scenario.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Connections")]
pub(crate) struct TransportArgs {
    /// Which HTTP is spoken: 1.1, 2 (on http:// without asking the server), or auto, which takes
    /// what the server prefers on https:// and 1.1 on http:// [env: HTTP] [default: auto]
    #[arg(long, value_name = "VERSION")]
    http: Option<String>,

    /// How long a request may take, connecting included [env: TIMEOUT] [default: 60s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    timeout: Option<String>,

    /// How long a connection may take to open, TLS included [env: CONNECT_TIMEOUT] [default: 10s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    connect_timeout: Option<String>,

    /// How long the head of a response may take; without it TIMEOUT is the bound
    /// [env: HEADER_TIMEOUT]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    header_timeout: Option<String>,

    /// Certificates in a PEM file that are trusted beside the system's own [env: CACERT]
    #[arg(long, value_name = "FILE")]
    cacert: Option<String>,

    /// Takes any certificate; the report says so [env: INSECURE=1]
    #[arg(long)]
    insecure: bool,

    /// Connects to this Unix socket in place of BASE_URL's host [env: UNIX_SOCKET]
    #[arg(long, value_name = "PATH")]
    unix_socket: Option<String>,

    /// Asks for bodies compressed with gzip, and decompresses them [env: GZIP=1]
    #[arg(long)]
    gzip: bool,
}

impl TransportArgs {
    pub(crate) fn options(self, environment: &Environment) -> Result<TransportOptions, CliError> {
        let mut options = TransportOptions::default();
        let set = |typed, flag| environment.setting(typed, flag);
        let time =
            |typed, flag| set(typed, flag)?.as_ref().map(Setting::positive_duration).transpose();
        let is_set = |typed: bool, flag| {
            let setting = set(typed.then(|| "1".to_owned()), flag)?;
            Ok::<bool, CliError>(setting.as_ref().map(switch).transpose()?.unwrap_or(false))
        };
        if let Some(setting) = set(self.http, "http")? {
            options.http = setting.parse_with(http_version, "1.1, 2 or auto")?;
        }
        options.timeout = time(self.timeout, "timeout")?.unwrap_or(options.timeout);
        options.connect_timeout =
            time(self.connect_timeout, "connect-timeout")?.unwrap_or(options.connect_timeout);
        options.header_timeout = time(self.header_timeout, "header-timeout")?;
        if let Some(setting) = set(self.cacert, "cacert")? {
            options.ca_certificates = read(&setting)?;
        }
        options.insecure = is_set(self.insecure, "insecure")?;
        options.unix_socket =
            set(self.unix_socket, "unix-socket")?.map(|setting| setting.text().into());
        options.gzip = is_set(self.gzip, "gzip")?;
        Ok(options)
    }
}

fn http_version(text: &str) -> Option<HttpVersion> {
    match text {
        "1.1" => Some(HttpVersion::Http1),
        "2" => Some(HttpVersion::Http2),
        "auto" => Some(HttpVersion::Auto),
        _ => None,
    }
}

fn switch(setting: &Setting) -> Result<bool, CliError> {
    let parse = |text: &str| match text {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    };
    setting.parse_with(parse, "1 or 0")
}

fn read(setting: &Setting) -> Result<Vec<u8>, CliError> {
    let expected = |error| setting.invalid(&format!("a file that can be read ({error})"));
    std::fs::read(setting.text()).map_err(expected)
}
