//! Which series the requests of an endpoint are recorded into, known before there is a request.

use metrics::{MetricKey, MetricSet, Threshold};

use crate::{Endpoint, Role};

pub(crate) const STATUS_CHECK: &str = "status is expected";
pub(crate) const SHAPE_CHECK: &str = "body has the declared shape";

/// The share of requests that were answered 429, which is the service's backpressure.
pub(crate) const BACKPRESSURE: &str = "http_req_backpressure";
/// The share of lists in which there was no work.
pub(crate) const LIST_EMPTY: &str = "works_list_empty_rate";

/// The share of bodies that were known to conform, and not judged in full.
pub(crate) const CHECKS_SKIPPED: &str = "body_checks_skipped";

const LIST_SHAPES: &str = "works_list_shape_error_rate";
const DETAIL_SHAPES: &str = "works_detail_shape_error_rate";

/// The metrics that have one sample a request.
const OF_REQUESTS: [&str; 11] = [
    BACKPRESSURE,
    "http_req_blocked",
    "http_req_connecting",
    "http_req_duration",
    "http_req_failed",
    "http_req_receiving",
    "http_req_response_time",
    "http_req_sending",
    "http_req_tls_handshaking",
    "http_req_waiting",
    "http_reqs",
];

/// What every run keeps second by second: how long requests took, and how late iterations started.
const FOLLOWED: [&str; 2] = ["http_req_duration", "iteration_start_lag"];

/// The trends that a run with these thresholds keeps second by second: those, and what the thresholds
/// are about, because how sure they are is seen from second to second.
pub(crate) fn followed(thresholds: &[Threshold]) -> Vec<MetricKey> {
    let all = FOLLOWED.map(MetricKey::new);
    let own = thresholds.iter().map(|threshold| threshold.selector().clone());
    all.into_iter().chain(own).collect()
}

/// The phases of requests that never took any time, such as the TLS handshake of a run without TLS.
/// One that ever did keeps its zeros: most requests make no new connection.
pub(crate) fn never_happened(metrics: &MetricSet) -> Vec<&'static str> {
    const PHASES: [&str; 3] =
        ["http_req_blocked", "http_req_connecting", "http_req_tls_handshaking"];
    let is_zero = |phase: &&str| {
        metrics.select_trend(&MetricKey::new(*phase)).max().is_none_or(|max| max.is_zero())
    };
    PHASES.into_iter().filter(is_zero).collect()
}

/// The metric of the shape errors of a role's endpoints.
pub(crate) fn shape_errors(role: Role) -> &'static str {
    match role {
        Role::List => LIST_SHAPES,
        Role::Detail => DETAIL_SHAPES,
    }
}

/// Whether the selected metric gets its samples from requests.
pub(crate) fn is_of_requests(selector: &MetricKey) -> bool {
    OF_REQUESTS.contains(&selector.name())
        || [LIST_EMPTY, CHECKS_SKIPPED, LIST_SHAPES, DETAIL_SHAPES, "checks"]
            .contains(&selector.name())
}

/// The series that an answered request, as it is expected to be answered, adds a sample to.
fn fed(endpoint: &Endpoint, name: &str) -> Vec<MetricKey> {
    let key =
        MetricKey::new(name).with("endpoint", endpoint.name()).with("role", endpoint.role().name());
    let shaped = endpoint.shape.is_some() || endpoint.items.is_some();
    match name {
        "checks" => {
            let names = [STATUS_CHECK, SHAPE_CHECK].into_iter().take(1 + usize::from(shaped));
            names.map(|name| key.clone().with("check", name)).collect()
        }
        "http_req_duration" => vec![key.with("expected_response", "true")],
        "http_reqs" => {
            let status = endpoint.expect.first().map(u16::to_string).unwrap_or_default();
            vec![key.with("status", status)]
        }
        LIST_SHAPES | DETAIL_SHAPES if !shaped || name != shape_errors(endpoint.role()) => vec![],
        LIST_EMPTY if endpoint.items.is_none() || endpoint.role() != Role::List => vec![],
        CHECKS_SKIPPED if !shaped => vec![],
        LIST_EMPTY | CHECKS_SKIPPED | LIST_SHAPES | DETAIL_SHAPES => vec![key],
        name if OF_REQUESTS.contains(&name) => vec![key],
        _ => vec![],
    }
}

/// How many samples one request to the endpoint, in this scenario, adds to what is selected.
pub(crate) fn samples_a_request(
    endpoint: &Endpoint,
    scenario: &str,
    selector: &MetricKey,
) -> usize {
    let keys = fed(endpoint, selector.name()).into_iter();
    keys.filter(|key| selector.selects(&key.clone().with("scenario", scenario))).count()
}

/// Whether requests to the endpoint can add to what is selected, whatever they are answered.
pub(crate) fn may_feed(endpoint: &Endpoint, selector: &MetricKey) -> bool {
    let is_met = |tag, value: &str| selector.tag(tag).is_none_or(|wanted| wanted == value);
    is_met("endpoint", endpoint.name())
        && is_met("role", endpoint.role().name())
        && !fed(endpoint, selector.name()).is_empty()
}

/// The thresholds that a run of the `requested` endpoints can decide. One is left out only where it
/// is about other endpoints of the plan: about nothing at all, it stays, and will not pass.
pub(crate) fn applicable(
    thresholds: &[Threshold],
    requested: &[Endpoint],
    plan: &[Endpoint],
) -> Vec<Threshold> {
    let feeds = |endpoints: &[Endpoint], selector: &MetricKey| {
        endpoints.iter().any(|endpoint| may_feed(endpoint, selector))
    };
    let applies = |threshold: &&Threshold| {
        let selector = threshold.selector();
        feeds(requested, selector) || !feeds(plan, selector)
    };
    thresholds.iter().filter(applies).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plan;

    #[test]
    fn the_shares_of_refused_requests_and_empty_lists_have_samples_where_they_can() {
        let plan = Plan::genarrative();
        let of = |role| plan.endpoints().iter().find(move |own| own.role() == role).unwrap();
        for (metric, list, detail) in
            [(BACKPRESSURE, 1, 1), (LIST_EMPTY, 1, 0), (CHECKS_SKIPPED, 1, 1)]
        {
            let selector = MetricKey::new(metric);
            assert!(is_of_requests(&selector));
            for (role, samples) in [(Role::List, list), (Role::Detail, detail)] {
                assert_eq!(samples_a_request(of(role), "smoke", &selector), samples, "{metric}");
                assert_eq!(may_feed(of(role), &selector), samples > 0, "{metric}");
            }
        }
        // Without items nobody knows how many there are, and without a shape too nothing is checked.
        let uncounted = Endpoint { items: None, ..of(Role::List).clone() };
        let unchecked = Endpoint { shape: None, ..uncounted.clone() };
        assert!(!may_feed(&uncounted, &MetricKey::new(LIST_EMPTY)));
        assert!(may_feed(&uncounted, &MetricKey::new(CHECKS_SKIPPED)));
        assert!(!may_feed(&unchecked, &MetricKey::new(CHECKS_SKIPPED)));
    }
}
