//! The rules, one a cause.

mod access;
mod connections;
mod content;
mod gateway;
mod generator;
mod rest;
mod service;
mod waits;

use metrics::{Finding, Severity};

use crate::case::Case;
use crate::seen::Seen;

/// What a rule is: a cause is found or not.
pub(crate) type Rule = fn(&Case<'_>) -> Option<Finding>;

/// All of them.
pub(crate) const ALL: [Rule; 24] = [
    access::public_unauthorized,
    access::unauthorized,
    connections::accept_layer,
    connections::ended,
    connections::reconnects,
    content::details_missing,
    content::empty_gallery,
    content::not_json,
    content::other_works,
    content::redirected,
    content::route_missing,
    content::wrong_item,
    gateway::bad_gateway,
    gateway::gateway_timeout,
    generator::descriptors,
    generator::limit,
    generator::ports,
    rest::unexplained,
    service::backpressure,
    service::entry_disabled,
    service::server_error,
    service::unavailable,
    waits::timeouts,
    waits::unanswered,
];

/// Who watches the api-server's log sees why.
const JOURNAL: &str =
    "Read the api-server's log of that time: sudo journalctl -u genarrative-api.service";
/// Who watches nginx's log sees what its upstream did.
const NGINX_ERRORS: &str =
    "Read nginx's side of it: sudo tail -f /var/log/nginx/genarrative.error.log";

/// A finding about requests.
fn finding(
    (id, severity): (&str, Severity),
    title: &str,
    seen: &Seen<'_>,
    means: impl Into<String>,
    next: &[&str],
) -> Finding {
    Finding {
        id: id.to_owned(),
        severity,
        title: title.to_owned(),
        seen: seen.text(),
        means: means.into(),
        next: next.iter().map(|&step| step.to_owned()).collect(),
        requests: seen.count(),
    }
}
