//! Which of a plan's endpoints a scenario requests.

use crate::plan::PlannedScenario;
use crate::{Endpoint, Plan, RunConfig, WorkloadError};

/// The endpoints that the settings or else the scenario ask for, or else all that the token allows.
pub(super) fn selected(
    config: &RunConfig,
    plan: &Plan,
    scenario: &PlannedScenario,
) -> Result<Vec<Endpoint>, WorkloadError> {
    let has_token = config.auth_token.is_some();
    let wanted = match config.endpoints.is_empty() {
        true => &scenario.endpoints,
        false => &config.endpoints,
    };
    check_names(plan, wanted)?;
    let mut selected = Vec::new();
    for endpoint in plan.endpoints() {
        let named = wanted.iter().any(|name| endpoint.is_called(name));
        if named && endpoint.auth && !has_token {
            return Err(WorkloadError::AuthMissing { endpoint: endpoint.name.clone() });
        }
        if named || (wanted.is_empty() && (has_token || !endpoint.auth)) {
            selected.push(endpoint.clone());
        }
    }
    match selected.is_empty() {
        true => {
            Err(WorkloadError::NoEndpoint { problem: "every endpoint of the plan needs a token" })
        }
        false => Ok(selected),
    }
}

fn check_names(plan: &Plan, wanted: &[String]) -> Result<(), WorkloadError> {
    let known = |name: &String| plan.endpoints().iter().any(|endpoint| endpoint.is_called(name));
    let Some(name) = wanted.iter().find(|name| !known(name)) else { return Ok(()) };
    let names: Vec<_> = plan.endpoints().iter().map(Endpoint::name).collect();
    Err(WorkloadError::UnknownEndpoint { name: name.clone(), known: names.join(", ") })
}

impl Endpoint {
    fn is_called(&self, name: &str) -> bool {
        name == self.name || name == self.path_text
    }
}
