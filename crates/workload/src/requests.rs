//! Which requests an iteration makes: the plan's endpoints, chosen for one scenario of a run, over a
//! dataset. All that is the same for every request is made here, before the load.

mod items;
mod paths;
mod selection;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use dataset::Dataset;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use metrics::Variant;
use probe::{Contract, Shape};

use crate::draw::{Draw, StreamKey};
use crate::identity::Tracing;
use crate::plan::{Pause, PlannedScenario};
use crate::{BaseUrl, Endpoint, Frequency, Plan, RunConfig, WorkloadError};
use items::{Details, Items};
use paths::Paths;

/// The requests of every iteration of one scenario. The choice depends on the seed, the scenario's
/// name and the iteration's index alone, so that it is the same however long answers take.
#[derive(Debug)]
pub(crate) struct Requests {
    endpoints: Vec<Endpoint>,
    /// One for each endpoint.
    prepared: Vec<Prepared>,
    /// What an iteration with a detail chooses from.
    details: Option<Details>,
    /// The sum of the weights of all weighted endpoints.
    weights: u64,
    detail_ratio: f64,
    /// The base URL, and the plan's targets.
    targets: Vec<BaseUrl>,
    key: StreamKey,
    tracing: Tracing,
}

/// What the requests to one endpoint have in common.
#[derive(Debug)]
struct Prepared {
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What an expected answer has to be.
    contract: Option<Contract>,
    paths: Choice,
    /// How many requests an iteration makes on average.
    mean: f64,
}

/// The paths of an endpoint.
#[derive(Debug)]
enum Choice {
    /// Always the same.
    Fixed(PathAndQuery),
    /// One of these, each as likely as the others.
    Any(Paths),
    /// Chosen together with the endpoint, among all details.
    OfDetails,
}

/// One request to make.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// Index among [`Requests::endpoints`].
    pub(crate) endpoint: usize,
    /// Index among [`Requests::targets`].
    pub(crate) target: usize,
    pub(crate) method: &'a Method,
    /// As it is sent.
    pub(crate) path: PathAndQuery,
    /// What the plan adds to the headers of all requests.
    pub(crate) headers: &'a [(HeaderName, HeaderValue)],
    pub(crate) contract: Option<&'a Contract>,
    /// The values of the path's fields that the answer is held against.
    pub(crate) asked: &'a [Box<str>],
    /// Whether the token is sent.
    pub(crate) auth: bool,
    pub(crate) traceparent: Option<HeaderValue>,
    /// How long the user rests afterwards.
    pub(crate) pause: Option<Duration>,
}

impl Requests {
    /// The requests of one scenario.
    pub(crate) fn new(
        config: &RunConfig,
        plan: &Plan,
        scenario: &PlannedScenario,
        dataset: Option<&Dataset>,
    ) -> Result<Self, WorkloadError> {
        if !(0.0..=1.0).contains(&config.detail_ratio) {
            return Err(WorkloadError::DetailRatio);
        }
        if !(0.0..=1.0).contains(&config.trace_share) {
            return Err(WorkloadError::TraceShare);
        }
        let mut targets = vec![config.base_url.clone()];
        targets.extend(plan.targets().iter().map(|target| target.base_url.clone()));
        let auth_user = config.auth_user.as_deref();
        let items = Items { dataset, auth_user, imported: config.works_imported };
        let mut endpoints = selection::selected(config, plan, scenario)?;
        let details = items.details(&mut endpoints, &targets, config.detail_ratio)?;
        if endpoints.is_empty() {
            let problem = "only details are selected, and DETAIL_RATIO is 0";
            return Err(WorkloadError::NoEndpoint { problem });
        }
        let (seed, run_id) = (config.seed, config.run_id.as_ref());
        let mut requests = Requests {
            prepared: Vec::with_capacity(endpoints.len()),
            details,
            weights: endpoints.iter().map(Endpoint::weight).sum(),
            detail_ratio: config.detail_ratio,
            targets,
            key: StreamKey::new(seed, &["requests", &scenario.name]),
            tracing: Tracing::new(seed, run_id, &scenario.name, config.trace_share),
            endpoints,
        };
        for at in 0..requests.endpoints.len() {
            let prepared = requests.prepare(at, items)?;
            requests.prepared.push(prepared);
        }
        Ok(requests)
    }

    /// The same requests, to one of two services: the last of `targets`, where it is not the first.
    pub(crate) fn of_variant(mut self, variant: Variant, targets: &[BaseUrl]) -> Self {
        for endpoint in &mut self.endpoints {
            endpoint.variant = Some(variant);
            if endpoint.target == 0 && variant == Variant::New {
                endpoint.target = targets.len() - 1;
            }
        }
        self.targets = targets.to_vec();
        self
    }

    fn prepare(&self, at: usize, items: Items<'_>) -> Result<Prepared, WorkloadError> {
        let endpoint = &self.endpoints[at];
        let headers = endpoint.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.clone())).collect();
        let prefix = self.targets[endpoint.target].prefix();
        let paths = match endpoint.frequency {
            Frequency::DetailRatio => Choice::OfDetails,
            _ if endpoint.path.is_fixed() => Choice::Fixed(paths::fixed(endpoint, prefix)?),
            _ => Choice::Any(items.paths(endpoint, prefix)?),
        };
        let contract = contract(endpoint, items);
        Ok(Prepared { headers, contract, paths, mean: self.mean(at) })
    }

    /// How many requests an iteration makes to one endpoint, on average.
    fn mean(&self, at: usize) -> f64 {
        match self.endpoints[at].frequency {
            Frequency::Always => 1.0,
            Frequency::Probability(probability) => probability,
            Frequency::Weight(weight) => f64::from(weight) / self.weights as f64,
            Frequency::DetailRatio => {
                let share = |details: &Details| details.share_of(at);
                self.detail_ratio * self.details.as_ref().map_or(0.0, share)
            }
        }
    }

    /// The endpoints that this scenario requests.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The services that requests may go to; not every one need be used.
    pub(crate) fn targets(&self) -> &[BaseUrl] {
        &self.targets
    }

    /// How many requests an iteration makes to each endpoint, on average.
    pub(crate) fn means(&self) -> impl Iterator<Item = f64> {
        self.prepared.iter().map(|prepared| prepared.mean)
    }

    pub(crate) fn mean_per_iteration(&self) -> f64 {
        let is_detail = |at: usize| self.endpoints[at].frequency == Frequency::DetailRatio;
        let others = self.means().enumerate().filter(|(at, _)| !is_detail(*at));
        // Added as they are asked for, 2 and 0.35 are 2.35.
        let details = if self.details.is_some() { self.detail_ratio } else { 0.0 };
        others.map(|(_, mean)| mean).sum::<f64>() + details
    }

    /// The requests of the iteration with this index, in the order of the plan; a detail by the
    /// detail ratio comes last.
    pub(crate) fn of_iteration(&self, index: u64) -> impl Iterator<Item = Request<'_>> {
        let mut draw = self.key.at(index);
        let weighted = self.weighted(&mut draw);
        IterationRequests { requests: self, index, draw, weighted, next: 0, position: 0 }
    }

    /// The one weighted endpoint of an iteration.
    fn weighted(&self, draw: &mut Draw) -> Option<usize> {
        if self.weights == 0 {
            return None;
        }
        let mut left = draw.below(self.weights);
        self.endpoints.iter().position(|endpoint| {
            let weight = endpoint.weight();
            let is_chosen = left < weight;
            left = left.saturating_sub(weight);
            is_chosen
        })
    }
}

/// What an expected answer of the endpoint has to be; `None` if nothing is asked of it.
fn contract(endpoint: &Endpoint, items: Items<'_>) -> Option<Contract> {
    let shape = endpoint.shape.clone();
    match &endpoint.items {
        None => shape.map(Contract::new),
        Some(plan) => {
            let contract = Contract::new(shape.unwrap_or_else(|| Arc::new(Shape::any())));
            Some(contract.with_items(plan.rules(items.known(endpoint))))
        }
    }
}

impl Endpoint {
    fn weight(&self) -> u64 {
        match self.frequency {
            Frequency::Weight(weight) => weight.into(),
            _ => 0,
        }
    }
}

/// An iteration's requests, one after the other.
struct IterationRequests<'a> {
    requests: &'a Requests,
    index: u64,
    draw: Draw,
    weighted: Option<usize>,
    /// The endpoint to look at next; their number stands for the detail.
    next: usize,
    /// How many requests there were.
    position: u32,
}

impl<'a> Iterator for IterationRequests<'a> {
    type Item = Request<'a>;

    fn next(&mut self) -> Option<Request<'a>> {
        let requests = self.requests;
        while let Some(endpoint) = requests.endpoints.get(self.next) {
            let at = self.next;
            self.next += 1;
            if !self.has(endpoint.frequency, at) {
                continue;
            }
            match &requests.prepared[at].paths {
                Choice::Fixed(path) => return Some(self.to(at, path.clone(), &[])),
                Choice::Any(paths) => {
                    let one = self.draw.index(paths.len());
                    return Some(self.to(at, paths.get(one), paths.asked(one)));
                }
                Choice::OfDetails => {}
            }
        }
        if self.next > requests.endpoints.len() {
            return None;
        }
        self.next += 1;
        let details = requests.details.as_ref()?;
        if !self.draw.chance(requests.detail_ratio) {
            return None;
        }
        let (at, path, asked) = details.choose(&mut self.draw);
        Some(self.to(at, path, asked))
    }
}

impl<'a> IterationRequests<'a> {
    fn has(&mut self, frequency: Frequency, at: usize) -> bool {
        match frequency {
            Frequency::Always => true,
            Frequency::Probability(probability) => self.draw.chance(probability),
            Frequency::Weight(_) => self.weighted == Some(at),
            Frequency::DetailRatio => false,
        }
    }

    fn to(&mut self, at: usize, path: PathAndQuery, asked: &'a [Box<str>]) -> Request<'a> {
        let requests = self.requests;
        let endpoint = &requests.endpoints[at];
        let position = self.position;
        self.position += 1;
        Request {
            endpoint: at,
            target: endpoint.target,
            method: &endpoint.method,
            path,
            headers: &requests.prepared[at].headers,
            contract: requests.prepared[at].contract.as_ref(),
            asked,
            auth: endpoint.auth,
            traceparent: requests.tracing.header(self.index, position),
            pause: endpoint.pause.map(|pause| self.pause(pause)),
        }
    }

    fn pause(&mut self, Pause { min, max }: Pause) -> Duration {
        let span = (max - min).as_nanos() as u64;
        if span == 0 { min } else { min + Duration::from_nanos(self.draw.below(span + 1)) }
    }
}
