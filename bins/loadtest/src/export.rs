//! `--export`: a run's metrics for Prometheus and for OpenTelemetry.
//!
//! Whoever takes them is no part of the test: what cannot be exported is warned of, and neither the
//! verdict nor the exit code changes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cli::{CliError, Environment, Setting, WholeFile};
use jiff::Timestamp;
use metrics::{RunSummary, Stat};
use rustls::crypto::ring;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use crate::failure::Failure;
use crate::output;

const SERVICE: &str = "genarrative-loadtest";

/// A collector is near, and nobody waits longer for it than for the summary.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// An answer has a few words on what was refused.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// The variable that says where metrics go, as it is, and the one whose paths are appended to.
const METRICS_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Where a run's metrics are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Export {
    /// A file in Prometheus' text format.
    Prometheus(PathBuf),
    /// The URL that OTLP metrics are posted to.
    Otlp(String),
}

/// Reads a list such as `prometheus=run.prom,otlp=http://127.0.0.1:4318`.
pub(crate) fn parse(
    setting: Option<&Setting>,
    environment: &Environment,
) -> Result<Vec<Export>, CliError> {
    let Some(setting) = setting else { return Ok(Vec::new()) };
    let invalid = || setting.invalid("prometheus=FILE, otlp=URL (http or https) or otlp");
    let parts = setting.text().split(',').map(str::trim).filter(|part| !part.is_empty());
    let one = |part: &str| match part.split_once('=') {
        Some(("prometheus", file)) if !file.is_empty() => Ok(Export::Prometheus(file.into())),
        Some(("otlp", base)) => metrics_url(base).map(Export::Otlp).ok_or_else(invalid),
        None if part == "otlp" => {
            let url = by_variables(environment)?;
            url.map(Export::Otlp).ok_or_else(|| {
                setting.invalid("otlp=URL, or otlp with OTEL_EXPORTER_OTLP_ENDPOINT set to a URL")
            })
        }
        _ => Err(invalid()),
    };
    parts.map(one).collect()
}

/// What OpenTelemetry's own variables say. They are looked at only where they are asked for, because
/// they are mostly set for the service and not for its test.
fn by_variables(environment: &Environment) -> Result<Option<String>, CliError> {
    if let Some(url) = environment.variable(METRICS_ENDPOINT)? {
        return Ok(is_http(&url).then_some(url));
    }
    Ok(environment.variable(ENDPOINT)?.as_deref().and_then(metrics_url))
}

/// OTLP's path for metrics below a base URL.
fn metrics_url(base: &str) -> Option<String> {
    let base = base.trim_end_matches('/');
    match base.ends_with("/v1/metrics") {
        true => Some(base.to_owned()),
        false => Some(format!("{base}/v1/metrics")),
    }
    .filter(|url| is_http(url))
}

fn is_http(url: &str) -> bool {
    let uri: Option<ureq::http::Uri> = url.parse().ok();
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|host| !host.as_str().contains('@'))
    })
}

/// A path that cannot be written to is said before minutes of load, not after them.
pub(crate) fn check(exports: &[Export]) -> Result<(), Failure> {
    for export in exports {
        if let Export::Prometheus(path) = export {
            WholeFile::create(path).map(drop)?;
        }
    }
    Ok(())
}

/// Exports to everywhere, and warns of what could not be.
pub(crate) fn all(exports: &[Export], run: &RunSummary, started_at: Timestamp, stats: &[Stat]) {
    for export in exports {
        let exported = match export {
            Export::Prometheus(path) => {
                let text = export::prometheus(run, stats);
                WholeFile::write(path, text.as_bytes()).map_err(|error| error.to_string())
            }
            Export::Otlp(url) => send(url, &request(run, started_at)),
        };
        if let Err(problem) = exported {
            output::warn(&format!("metrics were not exported: {problem}"));
        }
    }
}

fn request(run: &RunSummary, started_at: Timestamp) -> Vec<u8> {
    let begun_unix_nanos = u64::try_from(started_at.as_nanosecond()).unwrap_or_default();
    let elapsed = u64::try_from(run.elapsed.as_nanos()).unwrap_or(u64::MAX);
    let source = export::OtlpSource {
        service_name: SERVICE,
        service_version: env!("CARGO_PKG_VERSION"),
        begun_unix_nanos,
        ended_unix_nanos: begun_unix_nanos.saturating_add(elapsed),
    };
    export::otlp_request(run, &source)
}

fn send(url: &str, body: &[u8]) -> Result<(), String> {
    let request = agent().post(url).header("Content-Type", "application/x-protobuf");
    let answer = request.send(body).map_err(|error| format!("{url}: {error}"))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("{url} answered {}", status.as_u16()));
    }
    let body = answer.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    match body.ok().as_deref().and_then(export::otlp_refused) {
        None => Ok(()),
        Some((points, why)) => {
            let why: String = why.chars().filter(|c| !c.is_control()).take(200).collect();
            Err(format!("{url} refused {points} data points: {why}"))
        }
    }
}

/// It follows no redirect and knows no proxy, as the load does not either.
fn agent() -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .tls_config(tls.build())
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(ANSWER_TIMEOUT));
    config.build().new_agent()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, variables: &'static [(&str, &str)]) -> Result<Vec<Export>, CliError> {
        let find = |name: &str| variables.iter().find(|(own, _)| *own == name);
        let environment = Environment::from_fn(move |name| find(name).map(|(_, v)| v.into()));
        let setting = environment.setting(Some(text.to_owned()), "export")?;
        parse(setting.as_ref(), &environment)
    }

    #[test]
    fn a_list_says_where_metrics_go() {
        let otlp = |url: &str| Export::Otlp(url.to_owned());
        let both = parsed("prometheus=a.prom, otlp=http://127.0.0.1:4318/", &[]).unwrap();
        let expected =
            [Export::Prometheus("a.prom".into()), otlp("http://127.0.0.1:4318/v1/metrics")];
        assert_eq!(both, expected);
        let whole = parsed("otlp=http://localhost/otlp/v1/metrics", &[]).unwrap();
        assert_eq!(whole, [otlp("http://localhost/otlp/v1/metrics")]);
        let base = parsed("otlp", &[(ENDPOINT, "http://[::1]:4318")]).unwrap();
        assert_eq!(base, [otlp("http://[::1]:4318/v1/metrics")]);
        let own = [(ENDPOINT, "http://a"), (METRICS_ENDPOINT, "http://b/x")];
        let own: &'static [(&str, &str)] = Box::leak(Box::new(own));
        assert_eq!(parsed("otlp", own).unwrap(), [otlp("http://b/x")]);
    }

    #[test]
    fn what_is_no_export_is_refused() {
        for text in [
            "x",
            "prometheus",
            "prometheus=",
            "otlp",
            "otlp=",
            "otlp=127.0.0.1:4318",
            "otlp=ftp://a",
            "otlp=http://u:p@a",
        ] {
            assert!(parsed(text, &[]).is_err(), "{text}");
        }
        // Without being asked for, the variable means nothing.
        assert!(parsed("prometheus=a", &[(ENDPOINT, "nonsense")]).is_ok());
    }
}
