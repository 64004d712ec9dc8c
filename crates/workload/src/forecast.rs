//! What a run will do, said before a byte is sent.

mod curve;
mod samples;
#[cfg(test)]
mod tests;

use std::time::Duration;

use metrics::Threshold;
use scenario::Scenario;

use crate::plan::PlannedScenario;
use crate::requests::Requests;
use curve::Curve;

/// What a run will do, if every request takes the service time that was assumed.
///
/// What follows from the plan alone is exact: the iterations of arrival rates, and requests in
/// proportion to them. The rest follows from the service time and is about right.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Forecast {
    /// How long a request is assumed to take.
    pub service_time: Duration,
    /// Each scenario, in the order of the run.
    pub scenarios: Vec<ScenarioForecast>,
    /// From the first scenario's beginning to the last one's last start.
    pub duration: Duration,
    /// Requests of all scenarios.
    pub requests: f64,
    /// HTTP requests a second of all scenarios together, at the busiest moment.
    pub peak_requests_a_second: f64,
    /// Virtual users of all scenarios that are busy together at the busiest moment.
    pub busy_vus: u64,
    /// Connections at that moment: one for each busy virtual user and service that it requests.
    pub connections: u64,
    /// Connections if every virtual user is busy at once.
    pub connections_max: u64,
    /// The most of those that go to one service, and so need a local port each.
    pub connections_max_a_target: u64,
}

/// What one scenario will do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScenarioForecast {
    /// The scenario's name.
    pub name: String,
    /// When its first iterations may start, and when the last.
    pub start_time: Duration,
    /// How long it starts iterations.
    pub duration: Duration,
    /// The iterations that will start.
    pub iterations: f64,
    /// Whether that number is a fact, whatever the answers take.
    pub is_exact: bool,
    /// Iterations a second at the peak.
    pub peak_iterations_a_second: f64,
    /// HTTP requests of an iteration, on average.
    pub requests_an_iteration: f64,
    /// HTTP requests a second at the peak.
    pub peak_requests_a_second: f64,
    /// How long an iteration takes, pauses included.
    pub iteration_time: Duration,
    /// Virtual users that are busy at the peak: by Little's law, the rate times the time.
    pub busy_vus: u64,
    /// Virtual users that there may be.
    pub max_vus: u64,
    /// Each endpoint, in the order of the plan.
    pub endpoints: Vec<EndpointForecast>,
    /// Each threshold.
    pub thresholds: Vec<ThresholdForecast>,
}

/// What one endpoint will have to answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EndpointForecast {
    /// The endpoint's name.
    pub name: String,
    /// The method of its requests.
    pub method: String,
    /// The path, with the names of fields in braces.
    pub path: String,
    /// Requests of an iteration, on average.
    pub requests_an_iteration: f64,
    /// Requests in all.
    pub requests: f64,
    /// Requests a second at the peak.
    pub peak_requests_a_second: f64,
}

/// Whether a threshold will be decided.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ThresholdForecast {
    /// The threshold.
    pub threshold: Threshold,
    /// How many samples it will have, on average in a window if it is about windows; `None` where that
    /// depends on the answers.
    pub samples: Option<f64>,
    /// How many it needs to be relied on, see [`Threshold::samples_needed`].
    pub needed: u64,
}

impl ThresholdForecast {
    /// Whether there will be enough samples; `None` where that depends on the answers.
    pub fn is_enough(&self) -> Option<bool> {
        self.samples.map(|samples| samples >= self.needed as f64)
    }
}

impl Forecast {
    /// The forecast of a run with these scenarios, each with its requests.
    pub(crate) fn new<'a>(
        parts: impl IntoIterator<Item = (&'a PlannedScenario, &'a Requests)>,
        service_time: Duration,
    ) -> Self {
        let parts: Vec<_> = parts
            .into_iter()
            .map(|(planned, requests)| Part::new(planned, requests, service_time))
            .collect();
        let end = |part: &Part<'_>| part.scenario().start_time() + part.scenario().duration();
        let rates: Vec<_> = parts.iter().map(|part| part.rate.scaled(part.mean)).collect();
        let busy: Vec<_> = parts.iter().map(|part| part.rate.scaled(part.seconds)).collect();
        let connections: Vec<_> =
            parts.iter().zip(&busy).map(|(part, busy)| busy.scaled(part.targets as f64)).collect();
        let all_vus = |part: &Part<'_>| part.scenario().max_vus() as u64;
        Forecast {
            service_time,
            duration: parts.iter().map(end).max().unwrap_or_default(),
            requests: parts.iter().map(|part| part.iterations * part.mean).sum(),
            peak_requests_a_second: curve::peak_of_sum(&rates),
            busy_vus: whole(curve::peak_of_sum(&busy)),
            connections: whole(curve::peak_of_sum(&connections)),
            connections_max: parts.iter().map(|part| all_vus(part) * part.targets).sum(),
            connections_max_a_target: parts.iter().map(all_vus).sum(),
            scenarios: parts.iter().map(Part::forecast).collect(),
        }
    }
}

/// One scenario with what follows from it.
struct Part<'a> {
    planned: &'a PlannedScenario,
    requests: &'a Requests,
    /// Requests of an iteration, on average.
    mean: f64,
    /// How long an iteration takes.
    seconds: f64,
    /// Iterations a second over the time of the run. A virtual user beyond the last cannot start
    /// any, so that it is never more than the virtual users can do.
    rate: Curve,
    iterations: f64,
    is_exact: bool,
    /// How many services its requests go to.
    targets: u64,
}

impl<'a> Part<'a> {
    fn new(planned: &'a PlannedScenario, requests: &'a Requests, service_time: Duration) -> Self {
        let mean = requests.mean_per_iteration();
        let pause = |(endpoint, mean): (&crate::Endpoint, f64)| {
            endpoint.pause.map_or(0.0, |pause| pause.mean().as_secs_f64() * mean)
        };
        let pauses: f64 = requests.endpoints().iter().zip(requests.means()).map(pause).sum();
        let seconds = mean * service_time.as_secs_f64() + pauses;
        let scenario = &planned.scenario;
        let rate = Curve::of(scenario, seconds);
        // An arrival rate plans its starts; elsewhere, what is planned may not fit into the time.
        let is_exact = scenario.starts().is_some();
        let iterations = match scenario.planned_iterations() {
            Some(planned) if is_exact => planned as f64,
            Some(planned) => rate.area().min(planned as f64),
            None => rate.area(),
        };
        let mut targets: Vec<_> =
            requests.endpoints().iter().map(|endpoint| endpoint.target).collect();
        targets.sort_unstable();
        targets.dedup();
        let targets = targets.len() as u64;
        Part { planned, requests, mean, seconds, rate, iterations, is_exact, targets }
    }

    fn scenario(&self) -> &'a Scenario {
        &self.planned.scenario
    }

    fn forecast(&self) -> ScenarioForecast {
        let peak = self.rate.peak();
        ScenarioForecast {
            name: self.planned.name.clone(),
            start_time: self.scenario().start_time(),
            duration: self.scenario().duration(),
            iterations: self.iterations,
            is_exact: self.is_exact,
            peak_iterations_a_second: peak,
            requests_an_iteration: self.mean,
            peak_requests_a_second: peak * self.mean,
            iteration_time: Duration::try_from_secs_f64(self.seconds).unwrap_or(Duration::MAX),
            busy_vus: whole(peak * self.seconds),
            max_vus: self.scenario().max_vus() as u64,
            endpoints: self.endpoints(peak),
            thresholds: self.thresholds(),
        }
    }

    fn endpoints(&self, peak: f64) -> Vec<EndpointForecast> {
        let endpoints = self.requests.endpoints().iter().zip(self.requests.means());
        let forecast = |(endpoint, mean): (&crate::Endpoint, f64)| EndpointForecast {
            name: endpoint.name().to_owned(),
            method: endpoint.method().to_owned(),
            path: endpoint.path().to_owned(),
            requests_an_iteration: mean,
            requests: self.iterations * mean,
            peak_requests_a_second: peak * mean,
        };
        endpoints.map(forecast).collect()
    }

    /// The share of the scenario that a threshold's window is, on average.
    fn share_of(&self, window: Option<Duration>) -> f64 {
        let all = self.scenario().duration();
        match window {
            Some(window) if window < all => window.as_secs_f64() / all.as_secs_f64(),
            _ => 1.0,
        }
    }

    fn thresholds(&self) -> Vec<ThresholdForecast> {
        let forecast = |threshold: &Threshold| {
            let iterations = self.iterations * self.share_of(threshold.window());
            ThresholdForecast {
                threshold: threshold.clone(),
                samples: samples::expected(
                    threshold,
                    &self.planned.name,
                    self.requests,
                    iterations,
                ),
                needed: samples::needed(threshold),
            }
        };
        self.planned.thresholds.iter().map(forecast).collect()
    }
}

/// The whole number that is not less, where arithmetic may have left a trace above one.
fn whole(number: f64) -> u64 {
    (number - 1e-9).ceil().max(0.0) as u64
}
