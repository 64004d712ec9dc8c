use thiserror::Error;

/// Why a run cannot be prepared or begun. Nothing was sent when one of these is returned.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkloadError {
    /// An endpoint needs a token and there is none.
    #[error("endpoint {endpoint} needs a token: set AUTH_TOKEN or --auth-token-file")]
    AuthMissing {
        /// The endpoint's name.
        endpoint: String,
    },
    /// The token cannot be sent in a header.
    #[error("the token has characters that a header cannot carry, or is empty")]
    AuthToken,
    /// The base URL cannot be used.
    #[error("the base URL {problem}; write for example http://127.0.0.1:8787")]
    BaseUrl {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// What is to be trusted beside the platform's certificates holds none.
    #[error("CACERT is no PEM file with a certificate in it (-----BEGIN CERTIFICATE-----)")]
    CaCertificates,
    /// A search for the capacity makes no sense.
    #[error("the capacity cannot be searched: {0}")]
    Capacity(#[source] ::capacity::CapacityError),
    /// Nobody accepts connections at the target.
    #[error(
        "cannot connect to {target} ({class}): is the service running there, on that port? Ports \
         drift: take the one that its start-up log names (ss -ltnp shows who listens)"
    )]
    Connect {
        /// The base URL.
        target: String,
        /// The class of the failure, such as `refused`.
        class: &'static str,
    },
    /// Details are asked for without the data that they need.
    #[error("DETAIL_RATIO is above 0, but {problem}")]
    Details {
        /// What is missing.
        problem: &'static str,
    },
    /// The share of iterations with a detail is no share.
    #[error("DETAIL_RATIO must be a number from 0 to 1")]
    DetailRatio,
    /// The endpoint list selects nothing.
    #[error("no endpoint is left to request: {problem}")]
    NoEndpoint {
        /// Why.
        problem: &'static str,
    },
    /// An endpoint's path has fields, and nothing gives them values.
    #[error("endpoint {endpoint} {problem}")]
    Fields {
        /// The endpoint's name.
        endpoint: String,
        /// What is missing.
        problem: &'static str,
    },
    /// A condition of an objective cannot be used.
    #[error("the objective's {condition:?} {problem}")]
    Objective {
        /// The condition as it was written.
        condition: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The plan is not valid.
    #[error("the plan is not valid: {0}")]
    Plan(String),
    /// The host has no address.
    #[error("the host of {target} has no address: check the name")]
    Resolve {
        /// The base URL.
        target: String,
    },
    /// A run's id has other characters than plain ones, or too many.
    #[error("RUN_ID must be 1 to 64 letters, digits, -, _ and .")]
    RunId,
    /// A scenario's values, with the settings that change them, make none.
    #[error("scenario {name}: {problem}")]
    Scenario {
        /// The scenario's name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// The run was stopped while its target was looked for.
    #[error("stopped before the first iteration; nothing was requested")]
    Stopped,
    /// A worker's thread could not be started, or did not reach its end.
    #[error(
        "a worker thread of the load failed ({kind}); are there enough threads and descriptors?"
    )]
    Worker {
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// Something may take no time, or longer than the bound.
    #[error("{name} must be longer than zero and at most a day")]
    Timeout {
        /// The setting.
        name: &'static str,
    },
    /// A TLS configuration could not be made.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The share of traced requests is no share.
    #[error("TRACE_SHARE must be a number from 0 to 1")]
    TraceShare,
    /// A scenario was named that the plan does not have.
    #[error("there is no scenario {name:?}; there are {known}")]
    UnknownScenario {
        /// The name as given.
        name: String,
        /// All names of the plan.
        known: String,
    },
    /// An endpoint was named that the plan does not have.
    #[error("there is no endpoint {name:?}; there are {known}")]
    UnknownEndpoint {
        /// The name as given.
        name: String,
        /// All names of the plan.
        known: String,
    },
    /// Two services are to be compared, and there are none that can be.
    #[error("two services are compared: {problem}")]
    Paired {
        /// What is missing or in the way.
        problem: &'static str,
    },
    /// Unix sockets are asked for on a system without them.
    #[error("UNIX_SOCKET works on Unix only: set BASE_URL to a TCP port of the service")]
    UnixSocket,
}

impl WorkloadError {
    /// Whether the settings are at fault, and not the world.
    pub fn is_configuration(&self) -> bool {
        !matches!(
            self,
            WorkloadError::Connect { .. }
                | WorkloadError::Resolve { .. }
                | WorkloadError::Stopped
                | WorkloadError::Tls(_)
                | WorkloadError::Worker { .. }
        )
    }
}
