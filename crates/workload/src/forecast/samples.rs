//! How many samples a threshold will have.

use metrics::Threshold;

use crate::requests::Requests;
use crate::series;

/// One sample, or one more, for each iteration. A start that is dropped is one that was planned.
const OF_ITERATIONS: [&str; 7] = [
    "dropped_iterations",
    "iteration_duration",
    "iteration_response_time",
    "iteration_start_lag",
    "iterations",
    "vus",
    "vus_max",
];

/// Sums, of which one value is the whole answer.
const COUNTERS: [&str; 6] = [
    "data_received",
    "data_sent",
    "dropped_iterations",
    "http_reconnects",
    "http_reqs",
    "iterations",
];

/// The samples of a scenario's threshold, if every request is answered as expected; `None` where
/// they are none of the load's, or are those of answers that are not expected.
pub(super) fn expected(
    threshold: &Threshold,
    scenario: &str,
    requests: &Requests,
    iterations: f64,
) -> Option<f64> {
    let selector = threshold.selector();
    if OF_ITERATIONS.contains(&selector.name()) {
        return Some(iterations);
    }
    if !series::is_of_requests(selector) {
        let is_sum = COUNTERS.contains(&selector.name());
        return is_sum.then_some(iterations * requests.mean_per_iteration());
    }
    let of_endpoint = |(endpoint, mean): (&crate::Endpoint, f64)| {
        series::samples_a_request(endpoint, scenario, selector) as f64 * mean
    };
    let each: f64 = requests.endpoints().iter().zip(requests.means()).map(of_endpoint).sum();
    (each > 0.0).then_some(each * iterations)
}

pub(super) fn needed(threshold: &Threshold) -> u64 {
    match COUNTERS.contains(&threshold.selector().name()) {
        true => 1,
        false => threshold.samples_needed(),
    }
}
