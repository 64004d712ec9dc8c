//! Which endpoints there are: the plan file and what it becomes.

use std::sync::Arc;

use probe::Shape;
use serde::Deserialize;

use crate::WorkloadError;
use crate::template::Template;

const GENARRATIVE: &str = include_str!("../plans/genarrative.toml");

/// More endpoints than this are a mistake; each one costs memory for its own statistics.
const ENDPOINTS_MAX: usize = 64;

/// The endpoints of a service, in the order in which an iteration requests them.
#[derive(Clone, Debug)]
pub struct Plan {
    endpoints: Vec<Endpoint>,
}

/// One endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) auth: bool,
    pub(crate) kind: Option<String>,
    pub(crate) path: Template,
    pub(crate) path_text: String,
    pub(crate) shape: Option<Arc<Shape>>,
    pub(crate) expect: Vec<u16>,
}

/// When an endpoint is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// In every iteration.
    List,
    /// With the detail ratio, for one work.
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    version: u32,
    endpoint: Vec<EndpointFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointFile {
    name: String,
    role: Role,
    #[serde(default)]
    auth: bool,
    kind: Option<String>,
    path: String,
    shape: Option<String>,
    #[serde(default = "ok_only")]
    expect: Vec<u16>,
}

fn ok_only() -> Vec<u16> {
    vec![200]
}

impl Plan {
    /// The built-in plan: the eight read endpoints of Genarrative's works list.
    pub fn genarrative() -> Self {
        Self::from_toml(GENARRATIVE).expect("the built-in plan is valid, which a test checks")
    }

    /// Reads a plan from a TOML file's text. A shape is named by the name of a built-in one.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::Plan`] with the line, or the endpoint and what is wrong with it.
    pub fn from_toml(text: &str) -> Result<Self, WorkloadError> {
        let file: PlanFile =
            toml::from_str(text).map_err(|error| WorkloadError::Plan(error.to_string()))?;
        if file.version != 1 {
            return Err(WorkloadError::Plan(format!(
                "version {} is not known, 1 is",
                file.version
            )));
        }
        if file.endpoint.len() > ENDPOINTS_MAX {
            return Err(WorkloadError::Plan(format!(
                "there are more than {ENDPOINTS_MAX} endpoints"
            )));
        }
        let endpoints: Vec<Endpoint> =
            file.endpoint.into_iter().map(Endpoint::try_from).collect::<Result<_, _>>()?;
        for (index, endpoint) in endpoints.iter().enumerate() {
            if endpoints[..index].iter().any(|earlier| earlier.name == endpoint.name) {
                return Err(endpoint.invalid("has the name of another one"));
            }
        }
        Ok(Plan { endpoints })
    }

    /// All endpoints.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }
}

impl Endpoint {
    /// The endpoint's name, as thresholds and reports say it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When the endpoint is requested.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether requests carry the token.
    pub fn needs_auth(&self) -> bool {
        self.auth
    }

    /// The path, with the names of fields in braces.
    pub fn path(&self) -> &str {
        &self.path_text
    }

    fn invalid(&self, problem: &str) -> WorkloadError {
        WorkloadError::Plan(format!("endpoint {:?} {problem}", self.name))
    }

    fn check(self) -> Result<Self, WorkloadError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || !self.name.chars().all(is_name) {
            return Err(self.invalid("needs a name of letters, digits, - and _"));
        }
        if self.role == Role::List && !self.path.is_fixed() {
            return Err(self.invalid("is a list, whose path cannot have fields"));
        }
        if self.role == Role::Detail && self.kind.is_none() {
            return Err(self.invalid("is a detail and needs the kind of work that it shows"));
        }
        if self.expect.is_empty() || self.expect.iter().any(|status| !(100..600).contains(status)) {
            return Err(self.invalid("needs expected statuses from 100 to 599"));
        }
        Ok(self)
    }
}

impl TryFrom<EndpointFile> for Endpoint {
    type Error = WorkloadError;

    fn try_from(file: EndpointFile) -> Result<Self, WorkloadError> {
        let path = Template::parse(&file.path)?;
        let shape = file.shape.as_deref().map(built_in_shape).transpose()?;
        let endpoint = Endpoint {
            name: file.name,
            role: file.role,
            auth: file.auth,
            kind: file.kind,
            path,
            path_text: file.path,
            shape,
            expect: file.expect,
        };
        endpoint.check()
    }
}

fn built_in_shape(name: &str) -> Result<Arc<Shape>, WorkloadError> {
    let source = probe::gallery::shape_source(name)
        .ok_or_else(|| WorkloadError::Plan(format!("there is no shape {name:?}")))?;
    let shape = Shape::from_json(source.as_bytes())
        .map_err(|error| WorkloadError::Plan(format!("shape {name:?}: {error}")))?;
    Ok(Arc::new(shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_plan_has_the_documented_routes() {
        let plan = Plan::genarrative();
        let routes: Vec<_> = plan
            .endpoints()
            .iter()
            .map(|endpoint| (endpoint.path(), endpoint.needs_auth()))
            .collect();
        assert_eq!(
            routes,
            [
                ("/api/runtime/puzzle/gallery", false),
                ("/api/runtime/custom-world-gallery", false),
                ("/api/runtime/puzzle/works", true),
                ("/api/runtime/custom-world/works", true),
                ("/api/runtime/puzzle/gallery/{profileId}", false),
                ("/api/runtime/custom-world-gallery/{ownerUserId}/{profileId}", false),
                ("/api/runtime/custom-world-gallery/by-code/{workCode}", false),
                ("/api/runtime/puzzle/works/{profileId}", true),
            ]
        );
        assert!(plan.endpoints().iter().all(|endpoint| endpoint.shape.is_some()));
    }

    #[test]
    fn other_plans_are_refused_with_the_endpoint_named() {
        let list = "[[endpoint]]\nname = \"a\"\nrole = \"list\"\npath = \"/a\"\n";
        let plan = |text: &str| Plan::from_toml(&format!("version = 1\n{text}"));
        assert!(plan(list).is_ok());
        for (text, part) in [
            (list.repeat(2), "name of another"),
            (list.replace("\"a\"", "\"a b\""), "needs a name"),
            (list.replace("/a", "/{profileId}"), "cannot have fields"),
            (list.replace("list", "detail"), "needs the kind"),
            (format!("{list}expect = [99]\n"), "expected statuses"),
            (format!("{list}shape = \"none\"\n"), "no shape \"none\""),
            (format!("{list}method = \"PUT\"\n"), "unknown field"),
            (
                (0..65).map(|n| list.replace("\"a\"", &format!("\"a{n}\""))).collect(),
                "more than 64",
            ),
        ] {
            let error = plan(&text).expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(Plan::from_toml("version = 2\nendpoint = []").is_err());
    }
}
