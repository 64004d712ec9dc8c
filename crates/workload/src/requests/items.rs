//! What of the dataset an endpoint can show.

use dataset::{Dataset, Work};
use hyper::http::uri::PathAndQuery;

use super::paths::{Asked, Paths, PathsBuilder};
use crate::draw::Draw;
use crate::plan::{ItemsPlan, Source};
use crate::template::Item;
use crate::{BaseUrl, Endpoint, Frequency, Role, WorkloadError};

/// The dataset, and whose works a token opens.
#[derive(Clone, Copy)]
pub(super) struct Items<'a> {
    pub(super) dataset: Option<&'a Dataset>,
    pub(super) auth_user: Option<&'a str>,
    /// Whether the targets have the works of the dataset and no others.
    pub(super) imported: bool,
}

/// What an iteration with a detail chooses from: a work, and then one of the routes to it.
#[derive(Debug)]
pub(super) struct Details {
    paths: Paths,
    /// The endpoint of each path.
    endpoints: Vec<usize>,
    /// Where the routes of each work end; they begin where those of the one before end.
    ends: Vec<usize>,
}

impl<'a> Items<'a> {
    /// The details that are requested by the detail ratio. Endpoints of that kind that nothing leads
    /// to are taken out of `endpoints`.
    pub(super) fn details(
        self,
        endpoints: &mut Vec<Endpoint>,
        targets: &[BaseUrl],
        detail_ratio: f64,
    ) -> Result<Option<Details>, WorkloadError> {
        let refuse = |problem| Err(WorkloadError::Details { problem });
        let is_detail = |endpoint: &Endpoint| endpoint.frequency == Frequency::DetailRatio;
        if detail_ratio == 0.0 {
            endpoints.retain(|endpoint| !is_detail(endpoint));
            return Ok(None);
        }
        if !endpoints.iter().any(is_detail) {
            return refuse("no detail endpoint is selected");
        }
        let Some(dataset) = self.dataset else {
            return refuse("there is no dataset to take ids from; set WORKS_DATA");
        };
        let leads_somewhere = |endpoint: &Endpoint| {
            let shown = |work| self.path_of_work(endpoint, "", work).is_some();
            !is_detail(endpoint) || dataset.works().iter().any(shown)
        };
        endpoints.retain(leads_somewhere);
        if !endpoints.iter().any(is_detail) {
            return refuse("the dataset has no work that a selected detail endpoint shows");
        }
        self.routes(dataset, endpoints, targets).map(Some)
    }

    fn routes(
        self,
        dataset: &Dataset,
        endpoints: &[Endpoint],
        targets: &[BaseUrl],
    ) -> Result<Details, WorkloadError> {
        let (mut paths, mut of, mut ends) = (PathsBuilder::default(), Vec::new(), Vec::new());
        let is_detail =
            |(_, endpoint): &(usize, &Endpoint)| endpoint.frequency == Frequency::DetailRatio;
        for work in dataset.works() {
            for (at, endpoint) in endpoints.iter().enumerate().filter(is_detail) {
                let prefix = targets[endpoint.target].prefix();
                if let Some(path) = self.path_of_work(endpoint, prefix, work) {
                    paths.push(path, endpoint)?;
                    of.push(at);
                }
            }
            // A work without a route is none to choose.
            if ends.last().copied().unwrap_or(0) < paths.len() {
                ends.push(paths.len());
            }
        }
        Ok(Details { paths: paths.build(), endpoints: of, ends })
    }

    /// The path of the endpoint for one work, if it shows that work, and what it asks for.
    fn path_of_work(
        self,
        endpoint: &Endpoint,
        prefix: &str,
        work: &Work,
    ) -> Option<(String, Asked)> {
        let Source::Works { kind } = &endpoint.source else { return None };
        let is_of_kind = kind.as_ref().is_none_or(|kind| *kind == work.kind);
        let is_shown = is_of_kind && self.is_visible(endpoint, work);
        is_shown.then(|| path_of(endpoint, prefix, Item::Work(work))).flatten()
    }

    fn is_visible(self, endpoint: &Endpoint, work: &Work) -> bool {
        match endpoint.auth {
            true => self.auth_user.is_some() && work.owner_user_id.as_deref() == self.auth_user,
            false => work.published,
        }
    }

    /// The ids that a list must have; `None` where that is not known.
    pub(super) fn known(self, endpoint: &Endpoint) -> Option<Vec<&'a str>> {
        let (Role::List, Source::Works { kind: Some(kind) }) = (endpoint.role, &endpoint.source)
        else {
            return None;
        };
        let dataset = self.dataset.filter(|_| self.imported)?;
        if endpoint.auth && self.auth_user.is_none() {
            return None;
        }
        let is_shown = |work: &&Work| work.kind == *kind && self.is_visible(endpoint, work);
        let works = dataset.works().iter().filter(is_shown);
        Some(works.map(|work| work.profile_id.as_str()).collect())
    }

    /// All paths of an endpoint that says by itself how often it is requested.
    pub(super) fn paths(self, endpoint: &Endpoint, prefix: &str) -> Result<Paths, WorkloadError> {
        let refuse =
            |problem| Err(WorkloadError::Fields { endpoint: endpoint.name.clone(), problem });
        let Some(dataset) = self.dataset else {
            return refuse("has fields in its path, and there is no dataset; set WORKS_DATA");
        };
        let mut paths = PathsBuilder::default();
        match &endpoint.source {
            Source::Works { .. } => {
                let works = dataset.works().iter();
                for path in works.filter_map(|work| self.path_of_work(endpoint, prefix, work)) {
                    paths.push(path, endpoint)?;
                }
            }
            Source::Table(table) => {
                let rows = dataset.rows(table).iter();
                for path in rows.filter_map(|row| path_of(endpoint, prefix, Item::Row(row))) {
                    paths.push(path, endpoint)?;
                }
            }
        }
        if paths.len() == 0 {
            return refuse(
                "has fields in its path, and nothing in the dataset has all of them (a token \
                 opens the works of AUTH_USER only)",
            );
        }
        Ok(paths.build())
    }
}

/// The path of the endpoint for an item, and what it asks for.
fn path_of(endpoint: &Endpoint, prefix: &str, item: Item<'_>) -> Option<(String, Asked)> {
    let path = endpoint.path.render(prefix, Some(item))?;
    let fields = endpoint.items.as_ref().map_or(&[][..], ItemsPlan::fields);
    let asked: Option<Asked> = fields.iter().map(|name| Some(item.field(name)?.into())).collect();
    asked.map(|asked| (path, asked))
}

impl Details {
    /// One work, each as likely as the others, and one of its routes.
    pub(super) fn choose(&self, draw: &mut Draw) -> (usize, PathAndQuery, &[Box<str>]) {
        let routes = self.routes_of(draw.index(self.ends.len()));
        let at = routes.start + draw.index(routes.len());
        (self.endpoints[at], self.paths.get(at), self.paths.asked(at))
    }

    fn routes_of(&self, work: usize) -> std::ops::Range<usize> {
        let begin = if work == 0 { 0 } else { self.ends[work - 1] };
        begin..self.ends[work]
    }

    /// The share of all details that go to this endpoint.
    pub(super) fn share_of(&self, endpoint: usize) -> f64 {
        let of_work = |work| {
            let routes = &self.endpoints[self.routes_of(work)];
            let own = routes.iter().filter(|&&at| at == endpoint).count();
            own as f64 / routes.len() as f64
        };
        (0..self.ends.len()).map(of_work).sum::<f64>() / self.ends.len() as f64
    }
}
