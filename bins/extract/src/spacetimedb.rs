//! Rows straight from a SpacetimeDB: whitelisted tables and listed columns, and nothing else is
//! even asked for.
//!
//! No error shows what the server said, and no header of an answer is looked at: they carry a
//! live token.

mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body};
use url::Url;
use zeroize::Zeroizing;

use crate::error::ExtractError;
use crate::input::Input;
use crate::settings::DatabaseSource;
use schema::{Query, Schema};

/// The schema of hundreds of tables is some hundred kilobytes.
const SCHEMA_BYTES_MAX: u64 = 16 << 20;

/// As much of a refusal as tells a private table from other mistakes.
const REFUSAL_BYTES_MAX: u64 = 4 << 10;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The server collects the whole answer before it sends the first byte.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);

/// A connection on which nothing comes any more.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// What a refusal says of a table that is private or missing, in old and new versions.
const NO_TABLE: [&str; 2] = ["is not a valid table", "no such table"];

/// An allowed table and what the policy lists of it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) table: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) columns: Vec<String>,
}

/// The answers, and what was left where it is.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// One for each allowed table of the database, in the order of the policy.
    pub(crate) inputs: Vec<Input>,
    /// Allowed tables that the database does not have.
    pub(crate) absent: Vec<String>,
    /// How many columns of a table the policy does not list, by the table's name in the policy.
    pub(crate) unlisted_columns: BTreeMap<String, u64>,
    /// How many tables the database has that are not allowed.
    pub(crate) other_tables: u64,
}

/// A database and the right to read it.
pub(crate) struct Database {
    address: Url,
    authorization: Zeroizing<String>,
    agent: Agent,
}

impl Database {
    /// The database that the command line names, with the token of its file.
    pub(crate) fn of(source: &DatabaseSource) -> Result<Self, ExtractError> {
        let token = cli::read_token("--token-file", &source.token_file)?;
        Self::new(&source.url, &source.name, &token)
    }

    /// `url` is that of the server, and may have a path before `/v1`.
    fn new(url: &str, name: &str, token: &str) -> Result<Self, ExtractError> {
        let usage = ExtractError::Usage("--spacetimedb needs a URL such as http://127.0.0.1:3000");
        let Ok(mut address) = Url::parse(url) else { return Err(usage) };
        let is_plain = address.has_host()
            && address.username().is_empty()
            && address.password().is_none()
            && address.query().is_none()
            && address.fragment().is_none();
        if !is_plain || !matches!(address.scheme(), "http" | "https") {
            return Err(usage);
        }
        if name.is_empty() || matches!(name, "." | "..") {
            return Err(ExtractError::Usage("--database is the name or identity of a database"));
        }
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty().extend(["v1", "database", name]);
        }
        let authorization = Zeroizing::new(format!("Bearer {token}"));
        Ok(Self { address, authorization, agent: agent() })
    }

    /// Asks for the schema, and then for the listed columns of each allowed table that is there.
    /// The answers are kept in nameless files in `folder`.
    pub(crate) fn fetch(&self, wanted: &[Wanted], folder: &Path) -> Result<Fetched, ExtractError> {
        let schema = self.schema()?;
        let plan = schema.plan(wanted).map_err(|problem| self.error("the schema", problem))?;
        let mut fetched = Fetched {
            inputs: Vec::new(),
            absent: plan.absent,
            unlisted_columns: BTreeMap::new(),
            other_tables: plan.other_tables,
        };
        for query in &plan.queries {
            let file = self.rows(query, folder)?;
            let input = Input::of_table(file, &query.table);
            let no_copy = |error: io::Error| self.error(&query.table, no_copy(&error));
            fetched.inputs.push(input.map_err(no_copy)?);
            fetched.unlisted_columns.insert(query.allowed.clone(), query.unlisted);
        }
        Ok(fetched)
    }

    fn schema(&self) -> Result<Schema, ExtractError> {
        let error = |problem: String| self.error("the schema", problem);
        let mut url = self.route("schema");
        url.set_query(Some("version=9"));
        let request = self.agent.get(url.as_str());
        let request = request.header("Authorization", self.authorization.as_str());
        let answer = request.call().map_err(|failure| error(unanswered(&failure)))?;
        if answer.status().as_u16() != 200 {
            return Err(error(refused(answer)));
        }
        let mut text = Vec::new();
        let mut body = answer.into_body().into_reader().take(SCHEMA_BYTES_MAX + 1);
        body.read_to_end(&mut text).map_err(|failure| error(broken_off(&failure)))?;
        if text.len() as u64 > SCHEMA_BYTES_MAX {
            return Err(error("the answer is too long for a schema".to_owned()));
        }
        // serde's own error text quotes what it read.
        serde_json::from_slice(&text)
            .map_err(|_| error("the answer is not a schema of version 9".to_owned()))
    }

    /// The answer to one query, rewound.
    fn rows(&self, query: &Query, folder: &Path) -> Result<File, ExtractError> {
        let error = |problem: String| self.error(&query.table, problem);
        let request = self.agent.post(self.route("sql").as_str());
        let request = request.header("Authorization", self.authorization.as_str());
        let answer = request.send(query.sql()).map_err(|failure| error(unanswered(&failure)))?;
        if answer.status().as_u16() != 200 {
            return Err(error(refused(answer)));
        }
        let copy = tempfile::tempfile_in(folder);
        let mut copy = copy.map_err(|failure| error(no_copy(&failure)))?;
        keep(&mut answer.into_body().into_reader(), &mut copy).map_err(error)?;
        Ok(copy)
    }

    fn route(&self, name: &str) -> Url {
        let mut url = self.address.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(name);
        }
        url
    }

    fn error(&self, what: &str, problem: String) -> ExtractError {
        let server = self.address.origin().ascii_serialization();
        ExtractError::Database { server, what: what.to_owned(), problem }
    }
}

/// Follows no redirect and knows no proxy, so that the token goes to the named server only.
fn agent() -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .tls_config(tls.build())
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(ANSWER_TIMEOUT))
        .timeout_per_read(Some(READ_TIMEOUT));
    config.build().new_agent()
}

/// Copies an answer to the disk; the two sides fail for different reasons.
fn keep(body: &mut impl Read, copy: &mut File) -> Result<(), String> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => copy.write_all(&buffer[..read]).map_err(|error| no_copy(&error))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken_off(&error)),
        }
    }
}

fn no_copy(error: &io::Error) -> String {
    format!("the answer cannot be kept: {}", error.kind())
}

fn broken_off(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "the answer came to a halt",
        _ => "the answer broke off",
    }
    .to_owned()
}

/// Why there was no answer.
fn unanswered(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "there was no answer in time".to_owned(),
        ureq::Error::HostNotFound => "the host is not known".to_owned(),
        ureq::Error::Io(error) if is_certificate(error) => TLS_FAILED.to_owned(),
        ureq::Error::Io(error) => format!("there was no answer: {}", error.kind()),
        ureq::Error::ConnectionFailed => "no connection could be made".to_owned(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => TLS_FAILED.to_owned(),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
            "the request cannot be sent; has the token a character that no token has?".to_owned()
        }
        _ => "the answer is not proper HTTP".to_owned(),
    }
}

const TLS_FAILED: &str = "TLS failed; is the certificate one that this system trusts?";

/// rustls hands its errors on inside of those of the connection.
fn is_certificate(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
}

/// What a status means here. The text behind it is looked at and never shown.
fn refused(answer: Response<Body>) -> String {
    let status = answer.status().as_u16();
    let mut text = Vec::new();
    // Without it, the status still says most.
    let _ = answer.into_body().into_reader().take(REFUSAL_BYTES_MAX).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let meaning = match status {
        400 if NO_TABLE.iter().any(|known| text.contains(known)) => {
            "the table cannot be read: it is private, and the token is not that of the database's owner"
        }
        400 => "the database refused the request",
        401 => "the token is not accepted; has it expired, or is it for another server?",
        403 => "the token does not allow this",
        404 => "there is no such database at this address, or it is no SpacetimeDB",
        300..=399 => "the server redirects; name the right address, as the token follows nowhere",
        500..=599 => "the server failed",
        _ => "this answer is not expected",
    };
    format!("status {status}: {meaning}")
}
