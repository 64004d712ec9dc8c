//! What there is to request and how it may be loaded: the plan file and what it becomes.

mod duration;
mod endpoint;
mod file;
mod headers;
mod items;
mod scenarios;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use hyper::{HeaderMap, Method};
use metrics::{Threshold, Variant};
use probe::Shape;
use serde::Deserialize;

use crate::template::Template;
use crate::{BaseUrl, WorkloadError};
use file::{PlanFile, ScenarioFile, TargetFile};
pub(crate) use items::ItemsPlan;
pub use scenarios::{Overrides, PlannedScenario};

const GENARRATIVE: &str = include_str!("../plans/genarrative.toml");

/// More endpoints than this are a mistake; each one costs memory for its own statistics.
const ENDPOINTS_MAX: usize = 64;
const SCENARIOS_MAX: usize = 64;
const TARGETS_MAX: usize = 16;

/// The endpoints of a service, in the order in which an iteration requests them, and the scenarios
/// that load them.
#[derive(Clone, Debug)]
pub struct Plan {
    endpoints: Vec<Endpoint>,
    targets: Vec<PlanTarget>,
    scenarios: Vec<Definition>,
}

/// One endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(crate) name: String,
    pub(crate) method: Method,
    /// Where it is, counted like the targets of a run: 0 is the base URL, 1 the plan's first target.
    pub(crate) target: usize,
    pub(crate) role: Role,
    pub(crate) frequency: Frequency,
    pub(crate) auth: bool,
    pub(crate) source: Source,
    pub(crate) path: Template,
    pub(crate) path_text: String,
    /// Those that the plan adds to every request.
    pub(crate) headers: HeaderMap,
    pub(crate) shape: Option<Arc<Shape>>,
    /// What the shape cannot say of the items.
    pub(crate) items: Option<ItemsPlan>,
    pub(crate) expect: Vec<u16>,
    pub(crate) pause: Option<Pause>,
    /// Which of two services its requests go to, where a run has two.
    pub(crate) variant: Option<Variant>,
}

/// What an endpoint shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// Many things, always under the same path. In every iteration, unless the plan says how often.
    List,
    /// One thing of the dataset. With the detail ratio, unless the plan says how often.
    Detail,
}

impl Role {
    /// The role as plans and tags write it.
    pub fn name(self) -> &'static str {
        match self {
            Role::List => "list",
            Role::Detail => "detail",
        }
    }
}

/// How often an endpoint is requested.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Frequency {
    /// In every iteration.
    Always,
    /// As the one detail of an iteration that has one, by the run's detail ratio.
    DetailRatio,
    /// With this probability in each iteration.
    Probability(f64),
    /// As the one of all weighted endpoints that an iteration requests, by its share of the weights.
    Weight(u32),
}

/// Where the values of a path's fields come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The dataset's works, of one kind or of any.
    Works { kind: Option<String> },
    /// The rows of one of the dataset's tables.
    Table(String),
}

/// How long a virtual user rests after a request: evenly distributed, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
}

impl Pause {
    pub(crate) fn mean(self) -> Duration {
        (self.min + self.max) / 2
    }
}

/// A service beside the one at the base URL.
#[derive(Clone, Debug)]
pub(crate) struct PlanTarget {
    pub(crate) name: String,
    pub(crate) base_url: BaseUrl,
    /// Whether the token may be sent there.
    auth: bool,
}

/// A scenario as the plan has it, before settings change it.
#[derive(Clone, Debug)]
struct Definition {
    name: String,
    file: ScenarioFile,
    thresholds: Vec<Threshold>,
}

impl Plan {
    /// The built-in plan: the eight read endpoints of Genarrative's works list, with the scenarios
    /// `smoke`, `baseline` and `spike`.
    pub fn genarrative() -> Self {
        Self::from_toml(GENARRATIVE).expect("the built-in plan is valid, which a test checks")
    }

    /// The built-in plan as it is written, with comments that explain the format.
    pub fn genarrative_toml() -> &'static str {
        GENARRATIVE
    }

    /// Reads a plan from a TOML file's text. A shape is the name of a built-in one. A plan without
    /// scenarios has those of the built-in one, with the thresholds that its endpoints can decide.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::Plan`] with the line, and the endpoint and what is wrong with it.
    pub fn from_toml(text: &str) -> Result<Self, WorkloadError> {
        Self::from_toml_with(text, |_| Err("no built-in shape has that name".to_owned()))
    }

    /// Reads a plan from a TOML file's text. A shape is the name of a built-in one, or something for
    /// which `read_shape` finds the bytes of a JSON Schema, such as a path, or says why not.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::Plan`] with the line, and the endpoint and what is wrong with it.
    pub fn from_toml_with(
        text: &str,
        read_shape: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, WorkloadError> {
        let file: PlanFile = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        if file.version != 1 {
            return Err(invalid(format!("version {} is not known, 1 is", file.version)));
        }
        at_most(file.endpoint.len(), ENDPOINTS_MAX, "endpoints")?;
        at_most(file.target.len(), TARGETS_MAX, "targets")?;
        at_most(file.scenario.len(), SCENARIOS_MAX, "scenarios")?;
        if file.endpoint.is_empty() {
            return Err(invalid("there is no [[endpoint]]".to_owned()));
        }
        let targets = targets(text, file.target)?;
        let endpoints = endpoint::read_all(text, file.endpoint, &targets, read_shape)?;
        let scenarios = match file.scenario.is_empty() {
            true => scenarios::of_genarrative(&endpoints)?,
            false => scenarios::read_all(text, file.scenario, &endpoints)?,
        };
        Ok(Plan { endpoints, targets, scenarios })
    }

    /// All endpoints.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The services beside the base URL, in the order in which endpoints count them from 1.
    pub(crate) fn targets(&self) -> &[PlanTarget] {
        &self.targets
    }
}

impl Endpoint {
    /// The endpoint's name, as thresholds and reports say it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The method of its requests.
    pub fn method(&self) -> &str {
        self.method.as_str()
    }

    /// What the endpoint shows.
    pub fn role(&self) -> Role {
        self.role
    }

    /// How often it is requested.
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// Whether requests carry the token.
    pub fn needs_auth(&self) -> bool {
        self.auth
    }

    /// The path, with the names of fields in braces.
    pub fn path(&self) -> &str {
        &self.path_text
    }
}

fn targets(
    text: &str,
    files: Vec<toml::Spanned<TargetFile>>,
) -> Result<Vec<PlanTarget>, WorkloadError> {
    let mut targets: Vec<PlanTarget> = Vec::new();
    for spanned in files {
        let line = line(text, spanned.span());
        let TargetFile { name, base_url, auth } = spanned.into_inner();
        let refuse = |problem: String| Err(invalid_at(line, "target", &name, &problem));
        if !is_name(&name) {
            return refuse("needs a name of letters, digits, - and _".to_owned());
        }
        if targets.iter().any(|earlier| earlier.name == name) {
            return refuse("has the name of another one".to_owned());
        }
        match base_url.parse() {
            Ok(base_url) => targets.push(PlanTarget { name, base_url, auth }),
            Err(error) => return refuse(format!("cannot be used: {error}")),
        }
    }
    Ok(targets)
}

fn at_most(count: usize, max: usize, what: &str) -> Result<(), WorkloadError> {
    if count <= max { Ok(()) } else { Err(invalid(format!("there are more than {max} {what}"))) }
}

fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && text.chars().all(is_plain)
}

fn invalid(problem: String) -> WorkloadError {
    WorkloadError::Plan(problem)
}

/// `line 12: endpoint "a" has the name of another one`.
fn invalid_at(line: usize, what: &str, name: &str, problem: &str) -> WorkloadError {
    invalid(format!("line {line}: {what} {name:?} {problem}"))
}

fn line(text: &str, span: Range<usize>) -> usize {
    text.get(..span.start).unwrap_or_default().matches('\n').count() + 1
}

/// One line, where toml would draw a picture of several. What somebody wrote as a value is left out:
/// it may be a token in the wrong place.
fn syntax(text: &str, error: &toml::de::Error) -> WorkloadError {
    let message = error.message().replace('\n', " ");
    let message =
        match message.strip_prefix("invalid ").and_then(|rest| rest.rsplit_once(", expected")) {
            Some((_, expected)) => format!("here must be{expected}"),
            None => message,
        };
    invalid(match error.span() {
        Some(span) => format!("line {}: {message}", line(text, span)),
        None => message,
    })
}
