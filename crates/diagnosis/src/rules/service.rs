//! What the api-server itself answers.

use metrics::{BodySign, Finding, Severity};

use super::{JOURNAL, NGINX_ERRORS, finding};
use crate::case::Case;
use crate::class::Class;

pub(super) fn entry_disabled(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::EntryDisabled)?;
    Some(finding(
        ("entry-disabled", Severity::Problem),
        "A creation entry is disabled on the target (creation_entry_disabled)",
        &seen,
        "The api-server refuses these routes because of its configuration, whatever the load is; \
         how quickly it refuses says nothing about the service",
        &[
            "Enable the entry of these endpoints in the target's creation entry configuration, and \
             run a smoke test again",
            "If it is to stay disabled, name only the other endpoints in ENDPOINTS",
        ],
    ))
}

pub(super) fn unavailable(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Unavailable)?;
    let whose = if is_page(case, Class::Unavailable) {
        ". Some answers are pages, so they come from a proxy and not from the api-server"
    } else {
        ""
    };
    let means = format!(
        "Nothing says creation_entry_disabled, so it can be a disabled entry all the same, a proxy \
         without a healthy upstream, or a limit in nginx: limit_req answers 503 unless it is told \
         otherwise{whose}"
    );
    Some(finding(
        ("service-unavailable", Severity::Problem),
        "The service is unavailable (503)",
        &seen,
        means,
        &[
            "See whether the target's creation entry configuration disables the entry of these \
             endpoints",
            "Ask the api-server itself, on its machine: curl -sS http://127.0.0.1:8082/healthz",
            NGINX_ERRORS,
            JOURNAL,
        ],
    ))
}

pub(super) fn backpressure(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Backpressure)?;
    let whose = if is_page(case, Class::Backpressure) {
        ". Some answers are pages, so a limit in nginx (limit_req_status) refuses too"
    } else {
        ""
    };
    let means = format!(
        "More requests were in progress than GENARRATIVE_API_MAX_CONCURRENT_REQUESTS allows, and \
         the api-server protected itself. That is no business error, although http_req_failed has \
         it as k6 does; http_req_backpressure counts it apart. Refusals are quick: read \
         http_req_duration{{expected_response:true}}{whose}"
    );
    Some(finding(
        ("backpressure", Severity::Warning),
        "The service refused requests at its own limit (429): its backpressure works",
        &seen,
        means,
        &[
            "Look at memory (process.memory.usage), at the p95 of what was answered and at nginx's \
             upstream timing first: where they are high, the limit is right and the load is too much",
            "See the limit: tr '\\0' '\\n' < /proc/$(pidof api-server)/environ | grep \
             GENARRATIVE_API_MAX_CONCURRENT_REQUESTS",
            "genarrative.http.server.request_permits.available near 0 confirms it; if it is not, \
             something in front of the api-server refuses",
            "genarrative.http.server.response_bodies.in_flight says how many permits wait for slow \
             readers",
            "Only where memory and p95 have room, raise the limit and repeat the same load",
        ],
    ))
}

pub(super) fn server_error(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::ServerError)?;
    Some(finding(
        ("server-error", Severity::Problem),
        "The service failed (status 5xx)",
        &seen,
        "A handler of the api-server, or what it depends on, failed; it is no limit and no proxy",
        &[
            JOURNAL,
            "See whether SpacetimeDB was well: sudo journalctl -u spacetimedb.service",
            "Find the requests by the run's id, which they carry in X-Load-Test-Run",
        ],
    ))
}

/// Whether any answer of the class was a page.
fn is_page(case: &Case<'_>, class: Class) -> bool {
    case.count(|span| Class::of(span) == Some(class) && span.body == BodySign::Markup) > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Run, ids, status};

    #[test]
    fn a_disabled_entry_is_told_from_a_service_that_is_unavailable() {
        let code = "creation_entry_disabled";
        for (run, expected) in [
            (Run::new().span("list", status(503), 5).code(code), &["entry-disabled"][..]),
            (Run::new().span("list", status(403), 5).code(code), &["entry-disabled"]),
            (Run::new().span("detail", status(404), 5).code(code), &["entry-disabled"]),
            (Run::new().span("list", status(200), 5).expected().code(code), &["entry-disabled"]),
            (Run::new().span("list", status(503), 5), &["service-unavailable"]),
            (Run::new().span("list", status(503), 5).code("other"), &["service-unavailable"]),
            (
                Run::new().span("a", status(503), 5).code(code).span("b", status(503), 9),
                &["service-unavailable", "entry-disabled"],
            ),
            (Run::new().span("list", status(500), 5), &["server-error"]),
            (Run::new().span("list", status(501), 5), &["server-error"]),
        ] {
            assert_eq!(ids(&run), expected);
        }
    }

    #[test]
    fn a_503_says_whose_it_may_be() {
        let run = Run::new().span("list", status(503), 5);
        let means = run.finding("service-unavailable").means;
        assert!(means.contains("disabled entry") && !means.contains("pages"), "{means}");
        let run = run.span("list", status(503), 5).body(BodySign::Markup);
        assert!(run.finding("service-unavailable").means.contains("pages"));
    }

    #[test]
    fn backpressure_is_no_error_and_asks_for_a_look_before_a_higher_limit() {
        let run = Run::new().span("list", status(200), 75).span("list", status(429), 25);
        let found = run.finding("backpressure");
        assert_eq!((found.severity, found.requests), (Severity::Warning, 25));
        assert!(found.seen.starts_with("25 of 100 requests (25.00%), status 429: list 25 of 100"));
        assert!(found.means.contains("no business error") && !found.means.contains("nginx"));
        let step = |text: &str| found.next.iter().position(|step| step.contains(text)).unwrap();
        assert!(step("process.memory.usage") < step("raise the limit"));
        assert!(step("p95") < step("raise the limit"));
        step("GENARRATIVE_API_MAX_CONCURRENT_REQUESTS");
        step("request_permits.available");
        let run = Run::new().span("list", status(429), 5).body(BodySign::Markup);
        assert!(run.finding("backpressure").means.contains("limit_req_status"));
    }
}
