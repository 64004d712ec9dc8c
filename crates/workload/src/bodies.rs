//! What is taken from bodies beside their violations: a sample of each second, and what a run that
//! learns shapes has learnt. Nothing here keeps a body.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use metrics::Drift;
use probe::{FieldProfiler, LearnLimits, Learner};

use crate::Endpoint;
use crate::drift::{self, Sampled, Samples};

/// How many profiles a worker keeps of all endpoints, and of each at least and at most.
const PROFILES_MAX: usize = 4_096;
const PROFILES_OF_EACH: (usize, usize) = (32, 256);

/// What a run has learnt of an endpoint.
#[derive(Debug)]
#[non_exhaustive]
pub struct Learnt {
    /// The endpoint's name.
    pub endpoint: String,
    /// Its method and path, as the plan has it: a title for the shape.
    pub title: String,
    /// What was learnt from the bodies of its expected responses.
    pub learner: Learner,
}

/// A response to be looked at.
pub(crate) struct Received<'a> {
    /// The place of the endpoint among those of all scenarios.
    pub(crate) series: usize,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    /// Whether the body has the endpoint's shape; `None` without one.
    pub(crate) conforms: Option<bool>,
    /// When the last of it came, from the beginning of the run.
    pub(crate) at: Duration,
}

/// What one worker takes from bodies, or all of them together.
#[derive(Debug)]
pub(crate) struct Bodies {
    profiler: FieldProfiler,
    /// Of each endpoint of each scenario, the samples of each worker.
    samples: Vec<Vec<Samples>>,
    /// One for each endpoint of each scenario if the run learns, none otherwise.
    learners: Vec<Learner>,
}

impl Bodies {
    /// For so many endpoints, those of all scenarios counted.
    pub(crate) fn new(endpoints: usize, body_bytes_max: usize, learn: Option<LearnLimits>) -> Self {
        let (least, most) = PROFILES_OF_EACH;
        let profiles_max = (PROFILES_MAX / endpoints.max(1)).clamp(least, most);
        let limits = learn.map(|limits| LearnLimits { body_bytes_max, ..limits });
        Bodies {
            profiler: FieldProfiler::new(body_bytes_max),
            samples: vec![vec![Samples::new(profiles_max)]; endpoints],
            learners: limits.map_or(Vec::new(), |limits| vec![Learner::new(limits); endpoints]),
        }
    }

    /// Looks at the body of an expected response.
    pub(crate) fn see(&mut self, received: &Received<'_>) {
        let Received { series, endpoint, status, body, conforms, at } = *received;
        if let (Some(shape), Some(conforms)) = (endpoint.shape.as_deref(), conforms) {
            let profiler = &mut self.profiler;
            self.samples[series][0].see(at.as_secs(), conforms, || profiler.profile(shape, body));
        }
        let has_body = endpoint.method != Method::HEAD && !matches!(status, 204 | 304);
        if let Some(learner) = self.learners.get_mut(series).filter(|_| has_body) {
            // The learner counts what it cannot read.
            let _counted = learner.observe(body);
        }
    }

    /// Takes in what another worker of the same run has.
    pub(crate) fn merge(&mut self, other: Self) {
        for (own, more) in self.samples.iter_mut().zip(other.samples) {
            own.extend(more);
        }
        for (own, more) in self.learners.iter_mut().zip(other.learners) {
            own.merge(more);
        }
    }

    /// What drifted at each of these endpoints, which are those of all scenarios in their order.
    pub(crate) fn drifts<'a>(
        &'a self,
        endpoints: impl Iterator<Item = &'a Endpoint>,
    ) -> (Vec<Drift>, u64) {
        let mut by_name: BTreeMap<&str, Sampled<'_>> = BTreeMap::new();
        for (endpoint, samples) in endpoints.zip(&self.samples) {
            let sampled = by_name.entry(&endpoint.name).or_insert_with(|| Sampled {
                endpoint: &endpoint.name,
                is_fixed: endpoint.path.is_fixed(),
                samples: Vec::new(),
            });
            sampled.samples.extend(samples);
        }
        drift::drifts(by_name.into_values())
    }

    /// What was learnt of each of these endpoints, which are those of all scenarios in their order.
    /// An endpoint of several scenarios is learnt from all of them.
    pub(crate) fn into_learnt<'a>(
        self,
        endpoints: impl Iterator<Item = &'a Endpoint>,
    ) -> Vec<Learnt> {
        let mut learnt: Vec<Learnt> = Vec::new();
        for (endpoint, learner) in endpoints.zip(self.learners) {
            match learnt.iter_mut().find(|known| known.endpoint == endpoint.name) {
                Some(known) => known.learner.merge(learner),
                None => {
                    let title = format!("{} {}", endpoint.method, endpoint.path_text);
                    learnt.push(Learnt { endpoint: endpoint.name.clone(), title, learner });
                }
            }
        }
        learnt
    }
}
