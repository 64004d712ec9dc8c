//! Which requests an iteration makes: the plan's endpoints, chosen for one run, over a dataset.

use std::borrow::Cow;

use dataset::{Dataset, Work};
use hyper::http::uri::PathAndQuery;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::transport::Path;
use crate::{Endpoint, Plan, Role, RunConfig, WorkloadError};

/// The requests of every iteration. The choice depends on the seed and the iteration's index alone,
/// so that it is the same however long answers take.
#[derive(Debug)]
pub(crate) struct Requests {
    endpoints: Vec<Endpoint>,
    /// The endpoints that every iteration requests, with their paths, which are always the same.
    lists: Vec<(usize, PathAndQuery)>,
    /// Indices of the endpoints that show one work.
    details: Vec<usize>,
    /// The works that at least one of the details applies to.
    works: Vec<Work>,
    detail_ratio: f64,
    auth_user: Option<String>,
    seed: u64,
    prefix: String,
}

/// One request to make.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    /// Index among [`Requests::endpoints`].
    pub(crate) endpoint: usize,
    pub(crate) path: Path<'a>,
}

impl Requests {
    pub(crate) fn new(
        config: &RunConfig,
        plan: &Plan,
        dataset: Option<&Dataset>,
    ) -> Result<Self, WorkloadError> {
        if !(0.0..=1.0).contains(&config.detail_ratio) {
            return Err(WorkloadError::DetailRatio);
        }
        let mut requests = Requests {
            endpoints: selected(config, plan)?,
            lists: Vec::new(),
            details: Vec::new(),
            works: Vec::new(),
            detail_ratio: config.detail_ratio,
            auth_user: config.auth_user.clone(),
            seed: config.seed,
            prefix: config.base_url.prefix().to_owned(),
        };
        requests.choose_works(dataset)?;
        requests.leave_out_the_unused()?;
        if requests.endpoints.is_empty() {
            let problem = "only details are selected, and DETAIL_RATIO is 0";
            return Err(WorkloadError::NoEndpoint { problem });
        }
        Ok(requests)
    }

    /// Takes the works that a detail can be requested of, if details are to be requested.
    fn choose_works(&mut self, dataset: Option<&Dataset>) -> Result<(), WorkloadError> {
        let refuse = |problem| Err(WorkloadError::Details { problem });
        if self.detail_ratio == 0.0 {
            return Ok(());
        }
        if self.endpoints.iter().all(|endpoint| endpoint.role != Role::Detail) {
            return refuse("no detail endpoint is selected");
        }
        let Some(dataset) = dataset else {
            return refuse("there is no dataset to take ids from; set WORKS_DATA");
        };
        let is_shown =
            |work: &&Work| self.endpoints.iter().any(|endpoint| self.shows(endpoint, work));
        self.works = dataset.works().iter().filter(is_shown).cloned().collect();
        if self.works.is_empty() {
            return refuse("the dataset has no work that a selected detail endpoint shows");
        }
        Ok(())
    }

    /// Keeps the lists, and the details that a work leads to.
    fn leave_out_the_unused(&mut self) -> Result<(), WorkloadError> {
        let selected = std::mem::take(&mut self.endpoints);
        let is_used = |endpoint: &Endpoint| {
            endpoint.role == Role::List || self.works.iter().any(|work| self.shows(endpoint, work))
        };
        self.endpoints = selected.into_iter().filter(is_used).collect();
        let is_list = |&at: &usize| self.endpoints[at].role == Role::List;
        let (lists, details) = (0..self.endpoints.len()).partition::<Vec<_>, _>(is_list);
        let problem = "has a path that no request can carry";
        let refused = |_| WorkloadError::BaseUrl { problem };
        let fixed = |at| PathAndQuery::try_from(self.path(at, None)).map_err(refused);
        self.lists = lists.into_iter().map(|at| Ok((at, fixed(at)?))).collect::<Result<_, _>>()?;
        self.details = details;
        Ok(())
    }

    /// The endpoints that this run requests.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    pub(crate) fn mean_per_iteration(&self) -> f64 {
        self.lists.len() as f64 + self.detail_ratio
    }

    /// The requests of the iteration with this index, in order.
    pub(crate) fn of_iteration(&self, index: u64) -> impl Iterator<Item = Request<'_>> {
        let lists = self
            .lists
            .iter()
            .map(|(endpoint, path)| Request { endpoint: *endpoint, path: Path::Ready(path) });
        lists.chain(self.detail(index))
    }

    fn detail(&self, index: u64) -> Option<Request<'_>> {
        if self.works.is_empty() {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(index);
        if !rng.random_bool(self.detail_ratio) {
            return None;
        }
        let work = pick(&self.works, &mut rng)?;
        let routes: Vec<usize> = self.routes(work).collect();
        let endpoint = *pick(&routes, &mut rng)?;
        Some(Request { endpoint, path: Path::Text(Cow::Owned(self.path(endpoint, Some(work)))) })
    }

    fn path(&self, endpoint: usize, work: Option<&Work>) -> String {
        self.endpoints[endpoint].path.render(&self.prefix, work)
    }

    /// The detail endpoints that show this work.
    fn routes(&self, work: &Work) -> impl Iterator<Item = usize> {
        self.details.iter().copied().filter(|&at| self.shows(&self.endpoints[at], work))
    }

    fn shows(&self, endpoint: &Endpoint, work: &Work) -> bool {
        let visible = if endpoint.auth {
            self.auth_user.is_some() && work.owner_user_id == self.auth_user
        } else {
            work.published
        };
        visible
            && endpoint.role == Role::Detail
            && endpoint.kind.as_ref() == Some(&work.kind)
            && endpoint.path.applies_to(work)
    }
}

fn pick<'a, T>(from: &'a [T], rng: &mut impl Rng) -> Option<&'a T> {
    if from.is_empty() { None } else { from.get(rng.random_range(0..from.len())) }
}

/// The plan's endpoints that are asked for, or else all that the token allows.
fn selected(config: &RunConfig, plan: &Plan) -> Result<Vec<Endpoint>, WorkloadError> {
    let has_token = config.auth_token.is_some();
    let known = |name: &String| plan.endpoints().iter().any(|endpoint| endpoint.is_called(name));
    if let Some(name) = config.endpoints.iter().find(|name| !known(name)) {
        let names: Vec<_> = plan.endpoints().iter().map(Endpoint::name).collect();
        let (name, known) = (name.clone(), names.join(", "));
        return Err(WorkloadError::UnknownEndpoint { name, known });
    }
    let mut selected = Vec::new();
    for endpoint in plan.endpoints() {
        let named = config.endpoints.iter().any(|name| endpoint.is_called(name));
        if named && endpoint.auth && !has_token {
            return Err(WorkloadError::AuthMissing { endpoint: endpoint.name.clone() });
        }
        if named || (config.endpoints.is_empty() && (has_token || !endpoint.auth)) {
            selected.push(endpoint.clone());
        }
    }
    if selected.is_empty() {
        return Err(WorkloadError::NoEndpoint {
            problem: "every endpoint of the plan needs a token",
        });
    }
    Ok(selected)
}

impl Endpoint {
    fn is_called(&self, name: &str) -> bool {
        name == self.name || name == self.path_text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use scenario::Scenario;

    use super::*;
    use crate::AuthToken;

    const DATASET: &str = r#"{"format":"genarrative-works","formatVersion":1,"keyId":"k",
"tables":{"puzzle_work_profile":[{},{}],"custom_world_profile":[{},{}]},
"normalizedWorks":[
{"kind":"puzzle","table":"puzzle_work_profile","profileId":"p1","ownerUserId":"u1","published":true},
{"kind":"puzzle","table":"puzzle_work_profile","profileId":"p2","ownerUserId":"u2","published":false},
{"kind":"custom-world","table":"custom_world_profile","profileId":"w1","ownerUserId":"u1","workCode":"C1","published":true},
{"kind":"custom-world","table":"custom_world_profile","profileId":"w2","ownerUserId":"u2","published":true}],
"counts":{"puzzle_work_profile":2,"custom_world_profile":2,"normalizedWorks":4}}"#;

    fn config() -> RunConfig {
        let second = Duration::from_secs(1);
        let scenario = Scenario::constant_vus(1, second, second).unwrap();
        RunConfig::new("smoke", "http://localhost/base".parse().unwrap(), scenario)
    }

    fn requests(change: impl FnOnce(&mut RunConfig)) -> Result<Requests, WorkloadError> {
        let mut config = config();
        change(&mut config);
        let dataset = Dataset::from_json(DATASET.as_bytes()).unwrap();
        Requests::new(&config, &Plan::genarrative(), Some(&dataset))
    }

    fn with_token(config: &mut RunConfig) {
        config.auth_token = Some(AuthToken::new("t").unwrap());
    }

    fn paths(requests: &Requests, index: u64) -> Vec<String> {
        requests
            .of_iteration(index)
            .map(|request| request.path.parsed().unwrap().to_string())
            .collect()
    }

    fn used(requests: &Requests) -> Vec<&str> {
        requests.endpoints().iter().map(Endpoint::name).collect()
    }

    #[test]
    fn an_iteration_requests_the_two_public_lists_in_order() {
        let requests = requests(|_| {}).unwrap();
        let expected =
            ["/base/api/runtime/puzzle/gallery", "/base/api/runtime/custom-world-gallery"];
        assert_eq!(paths(&requests, 0), expected);
        assert_eq!(requests.mean_per_iteration(), 2.0);
    }

    #[test]
    fn a_token_adds_the_personal_lists() {
        let requests = requests(with_token).unwrap();
        assert_eq!(
            paths(&requests, 5)[2..],
            ["/base/api/runtime/puzzle/works", "/base/api/runtime/custom-world/works"]
        );
    }

    #[test]
    fn every_public_route_of_a_published_work_is_drawn_about_equally() {
        let requests = requests(|config| config.detail_ratio = 1.0).unwrap();
        let mut drawn = BTreeMap::new();
        for index in 0..6000 {
            let path = paths(&requests, index).pop().unwrap();
            *drawn.entry(path.replace("/base/api/runtime/", "")).or_insert(0_u32) += 1;
        }
        // Three works, and one of them has two routes.
        for (path, expected) in [
            ("puzzle/gallery/p1", 2000),
            ("custom-world-gallery/u1/w1", 1000),
            ("custom-world-gallery/by-code/C1", 1000),
            ("custom-world-gallery/u2/w2", 2000),
        ] {
            assert!(drawn[path].abs_diff(expected) < 150, "{drawn:?}");
        }
        assert_eq!(drawn.len(), 4);
    }

    #[test]
    fn a_personal_detail_is_of_the_users_own_works_only() {
        let own = requests(|config| {
            with_token(config);
            config.detail_ratio = 1.0;
            config.auth_user = Some("u2".into());
            config.endpoints = vec!["puzzle-works-detail".into()];
        });
        let own = own.unwrap();
        assert_eq!(paths(&own, 3), ["/base/api/runtime/puzzle/works/p2"]);
        assert_eq!(used(&own), ["puzzle-works-detail"]);
        let unknown_user = requests(|config| {
            with_token(config);
            config.detail_ratio = 1.0;
        });
        let unknown_user = unknown_user.unwrap();
        assert!(!used(&unknown_user).contains(&"puzzle-works-detail"));
    }

    #[test]
    fn the_detail_ratio_is_kept_and_the_choice_depends_on_the_seed_alone() {
        let draw = |seed| {
            let requests = requests(|config| (config.detail_ratio, config.seed) = (0.35, seed));
            let requests = requests.unwrap();
            (0..10_000).map(|index| paths(&requests, index)).collect::<Vec<_>>()
        };
        let first = draw(1);
        let details = first.iter().filter(|paths| paths.len() == 3).count();
        assert!(details.abs_diff(3500) < 150, "{details}");
        assert_eq!(first, draw(1));
        assert_ne!(first, draw(2));
    }

    #[test]
    fn endpoints_are_selected_by_name_or_path() {
        for name in ["puzzle-gallery", "/api/runtime/puzzle/gallery"] {
            let requests = requests(|config| config.endpoints = vec![name.into()]).unwrap();
            assert_eq!(paths(&requests, 0), ["/base/api/runtime/puzzle/gallery"]);
        }
    }

    #[test]
    fn settings_that_make_no_run_are_refused() {
        use WorkloadError::{AuthMissing, DetailRatio, Details, NoEndpoint, UnknownEndpoint};
        let select = |name: &'static str, ratio: f64| {
            requests(move |config| {
                config.endpoints = vec![name.into()];
                config.detail_ratio = ratio;
            })
            .unwrap_err()
        };
        assert!(matches!(select("nope", 0.0), UnknownEndpoint { .. }));
        assert!(matches!(select("puzzle-works", 0.0), AuthMissing { .. }));
        assert!(matches!(select("puzzle-gallery", 0.5), Details { .. }));
        assert!(matches!(select("puzzle-gallery-detail", 0.0), NoEndpoint { .. }));
        for ratio in [2.0, -0.1, f64::NAN] {
            assert!(matches!(select("puzzle-gallery", ratio), DetailRatio));
        }
        let mut config = config();
        config.detail_ratio = 0.1;
        let without_data = Requests::new(&config, &Plan::genarrative(), None);
        assert!(matches!(without_data, Err(Details { .. })));
    }
}
