//! What a run shows that a person should know: what was seen, what it means, and what to do next.
//!
//! It is the troubleshooting page of the works-list load test as code. [`findings`] reads what a run
//! recorded, in which every answer has its endpoint, its count and its time, and returns one
//! [`Finding`] for each cause that it knows.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use metrics::{Answer, BodySign, OutcomeSpan, RunSummary, Severity};
//!
//! let mut run = RunSummary::new("spike");
//! run.requests.sent = 200;
//! run.outcomes.push(OutcomeSpan {
//!     endpoint: "puzzle-gallery".to_owned(),
//!     role: "list".to_owned(),
//!     auth: false,
//!     answer: Answer::Status(429),
//!     expected: false,
//!     body: BodySign::None,
//!     count: 50,
//!     first_at: Duration::from_secs(12),
//!     last_at: Duration::from_secs(40),
//!     longest: Duration::from_millis(2),
//! });
//!
//! let findings = diagnosis::findings(&run);
//! assert_eq!((findings[0].id.as_str(), findings[0].severity), ("backpressure", Severity::Warning));
//! assert_eq!(
//!     findings[0].seen,
//!     "50 of 200 requests (25.00%), status 429: puzzle-gallery 50 of 50; from 12.0 s to 40.0 s",
//! );
//! ```
//!
//! # What it finds
//!
//! | id | cause |
//! | --- | --- |
//! | `accept-layer` | connections refused, reset or never opened |
//! | `backpressure` | status 429 |
//! | `bad-gateway`, `gateway-timeout` | status 502, 504 |
//! | `connections-ended` | connections that ended within a request |
//! | `descriptors-exhausted`, `ports-exhausted` | this machine ran out of them |
//! | `details-not-imported`, `details-partly-missing` | all details are 404, or some |
//! | `empty-gallery` | lists without a work |
//! | `entry-disabled` | the code `creation_entry_disabled` |
//! | `generator-limit` | slow answers while the generator was saturated |
//! | `not-json` | status 200 and a body that is not JSON |
//! | `other-works` | lists that are not those of the imported dataset |
//! | `public-unauthorized`, `unauthorized` | status 401 or 403 without a token, or with one |
//! | `reconnects` | requests lost on connections that the server had closed |
//! | `redirected` | an unexpected status 3xx |
//! | `route-missing` | status 404 on a list |
//! | `server-error` | another status 5xx |
//! | `service-unavailable` | status 503 without a known code |
//! | `timeouts` | requests that hit a time limit of the load test |
//! | `unanswered` | requests that outlasted the graceful stop |
//! | `wrong-item` | a detail that was not asked for, or an id twice in a list |
//! | `unexplained` | every other failure |
//!
//! An unexpected answer belongs to exactly one of them.
//!
//! # What it doesn't do
//!
//! It decides nothing: the verdict is the thresholds'. It has no clock and no output, and knows of a
//! body no more than its error code, if that is one of a fixed list, and whether it was a page. What
//! is wrong with the shape of single fields, the list of violations says better.

mod case;
mod class;
mod rules;
mod seen;
#[cfg(test)]
mod testing;

use metrics::{Finding, RunSummary};

use case::Case;

/// What the run shows, the weightiest first: problems before warnings before notes, and of each what
/// is about the most requests. A run in which nothing is to be said has none.
pub fn findings(run: &RunSummary) -> Vec<Finding> {
    let case = Case::new(run);
    let mut findings: Vec<_> = rules::ALL.iter().filter_map(|rule| rule(&case)).collect();
    findings.sort_by(|a, b| {
        let by_weight = a.severity.cmp(&b.severity).then(b.requests.cmp(&a.requests));
        by_weight.then_with(|| a.id.cmp(&b.id))
    });
    findings
}

#[cfg(test)]
mod tests {
    use metrics::{BodySign, Severity};

    use crate::class::Class;
    use crate::testing::{Run, error, ids, status};

    #[test]
    fn a_run_in_order_has_no_finding() {
        assert!(ids(&Run::new()).is_empty());
        let run = Run::new().span("list", status(200), 1000).span("detail", status(200), 30);
        assert!(ids(&run).is_empty());
        // What a plan expects is in order, whatever it is.
        for expected in [404, 429, 503, 302] {
            let run = Run::new().span("list", status(expected), 5).expected();
            assert!(ids(&run).is_empty(), "{expected}");
        }
    }

    #[test]
    fn every_failure_has_exactly_one_finding() {
        let statuses = (300..600).map(status);
        let classes = ["refused", "reset", "connect", "tls", "ports", "timeout", "new", "closed"];
        for answer in statuses.chain(classes.map(error)).chain([metrics::Answer::Interrupted]) {
            for name in ["list", "detail", "personal-list", "personal-detail"] {
                for body in [BodySign::None, BodySign::Markup] {
                    let run = Run::new().span(name, answer.clone(), 3).body(body);
                    let found = ids(&run);
                    assert_eq!(found.len(), 1, "{answer:?} of {name}: {found:?}");
                    assert_eq!(run.findings()[0].requests, 3, "{found:?}");
                }
            }
        }
    }

    #[test]
    fn problems_come_first_and_then_what_is_more() {
        let run = Run::new()
            .span("list", status(429), 900)
            .span("list", status(502), 10)
            .span("list", status(504), 20)
            .span("list", status(200), 5)
            .body(BodySign::EmptyList);
        let found = run.findings();
        let order: Vec<_> = found.iter().map(|own| (own.id.as_str(), own.severity)).collect();
        assert_eq!(
            order,
            [
                ("gateway-timeout", Severity::Problem),
                ("bad-gateway", Severity::Problem),
                ("empty-gallery", Severity::Problem),
                ("backpressure", Severity::Warning),
            ]
        );
    }

    #[test]
    fn every_finding_says_all_of_it_in_lines_that_can_be_read() {
        for run in Class::ALL.map(crate::testing::of_class) {
            for found in run.findings() {
                let texts = [&found.title, &found.seen, &found.means];
                for text in texts.into_iter().chain(&found.next) {
                    assert!(!text.is_empty() && !text.contains(['\n', '\t']), "{found:?}");
                    assert!(!text.ends_with('.') && !text.contains("  "), "{text}");
                }
                assert!((1..=6).contains(&found.next.len()), "{found:?}");
                assert!(found.title.len() <= 90, "{}", found.title);
                assert!(found.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            }
        }
    }
}
