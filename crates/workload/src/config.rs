use std::fmt;

use hyper::header::HeaderValue;
use metrics::Threshold;
use scenario::Scenario;

use crate::{BaseUrl, Overrides, Plan, RunId, TransportOptions, WorkloadError};

/// How a plan's endpoints are to be loaded. Any values are taken here; [`crate::Run::prepare`]
/// refuses those that make no run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunConfig {
    /// The scenario's name, for the report.
    pub name: String,
    /// Where the load goes.
    pub base_url: BaseUrl,
    /// The service that is compared with the one at `base_url`: of two iterations in a row, one goes
    /// here and one there, in an order that the seed decides. See [`crate::Run::compare`]. None by
    /// default.
    pub paired_url: Option<BaseUrl>,
    /// When iterations start.
    pub scenario: Scenario,
    /// What decides whether the run passes. Empty by default.
    pub thresholds: Vec<Threshold>,
    /// Names or paths of the endpoints to request; empty, the default, takes all that apply.
    pub endpoints: Vec<String>,
    /// The share of iterations that also request a detail, 0 to 1. 0 by default.
    pub detail_ratio: f64,
    /// The token for endpoints that need one. None by default, which leaves those out.
    pub auth_token: Option<AuthToken>,
    /// The owner id, as the dataset has it, of the token's user. Without it, details that need a
    /// token are left out, because nothing says which works are the user's own.
    pub auth_user: Option<String>,
    /// Whether the targets have the works of the dataset and no others, so that lists must have
    /// their ids. No by default.
    pub works_imported: bool,
    /// The seed of every random choice. 0 by default.
    pub seed: u64,
    /// The share of requests that carry a W3C `traceparent`, 0 to 1. 0 by default.
    pub trace_share: f64,
    /// The run's name for itself, sent as `X-Load-Test-Run` and in the `User-Agent`. None by
    /// default, which sends no such header.
    pub run_id: Option<RunId>,
    /// How many worker threads send the load. None, the default, takes enough for the planned rate.
    pub workers: Option<usize>,
    /// How connections are made and how long they are waited for.
    pub transport: TransportOptions,
}

impl RunConfig {
    /// A run with every other setting at its default.
    pub fn new(name: impl Into<String>, base_url: BaseUrl, scenario: Scenario) -> Self {
        RunConfig {
            name: name.into(),
            base_url,
            paired_url: None,
            scenario,
            thresholds: Vec::new(),
            endpoints: Vec::new(),
            detail_ratio: 0.0,
            auth_token: None,
            auth_user: None,
            works_imported: false,
            seed: 0,
            trace_share: 0.0,
            run_id: None,
            workers: None,
            transport: TransportOptions::default(),
        }
    }

    /// A run of one of a plan's scenarios, with its thresholds and endpoints, and every other setting
    /// at its default.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::UnknownScenario`] if the plan has no scenario with this name.
    pub fn of_plan(plan: &Plan, scenario: &str, base_url: BaseUrl) -> Result<Self, WorkloadError> {
        let planned = plan.scenario(scenario, &Overrides::default())?;
        let config = Self::new(planned.name, base_url, planned.scenario);
        Ok(RunConfig { thresholds: planned.thresholds, endpoints: planned.endpoints, ..config })
    }
}

/// A bearer token. It is shown nowhere: it has no `Display`, and `Debug` hides it.
#[derive(Clone)]
pub struct AuthToken(HeaderValue);

impl AuthToken {
    /// Takes the token as it was given out, without `Bearer`; white space around it is ignored.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::AuthToken`] if it is empty or no header can carry it.
    pub fn new(token: &str) -> Result<Self, WorkloadError> {
        let token = token.trim();
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(WorkloadError::AuthToken);
        }
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| WorkloadError::AuthToken)?;
        value.set_sensitive(true);
        Ok(AuthToken(value))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthToken(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_hidden_and_checked() {
        let token = AuthToken::new(" s3cret-token\n").unwrap();
        assert_eq!(format!("{token:?} {:?}", token.header()), "AuthToken(hidden) Sensitive");
        assert_eq!(token.header().to_str().unwrap(), "Bearer s3cret-token");
        for text in ["", "  ", "a b", "a\nb", "世"] {
            assert!(AuthToken::new(text).is_err(), "{text:?}");
        }
    }
}
