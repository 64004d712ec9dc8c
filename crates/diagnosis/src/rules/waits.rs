//! What took longer than it may.

use std::time::Duration;

use metrics::{Finding, MetricKey, Severity, Validity};

use super::finding;
use crate::case::Case;
use crate::class::Class;
use crate::seen::short;

pub(super) fn timeouts(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Timeout)?;
    let waited = longest(case);
    let means = format!(
        "{}. They count in http_req_duration with the time that they waited, up to {}, so the \
         percentiles are a lower bound. {}",
        slow_or_short(case, waited),
        short(waited),
        generator(case)
    );
    Some(finding(
        ("timeouts", Severity::Problem),
        "Requests hit our own time limit (TIMEOUT or HEADER_TIMEOUT)",
        &seen,
        means,
        &[
            "Look at the service first: nginx's upstream timing (sudo tail -f \
             /var/log/nginx/genarrative.access.log), process.memory.usage and \
             genarrative.http.server.request_permits.available",
            "If a request may take that long, raise TIMEOUT; if not, the limit is right, and these \
             are failures",
            "See GENERATOR in this report before the service is blamed: a generator without time \
             reads answers late",
        ],
    ))
}

/// Whether the service is slow, or the limit short, by what was answered in time.
fn slow_or_short(case: &Case<'_>, limit: Duration) -> String {
    let answered = MetricKey::new("http_req_duration").with("expected_response", "true");
    let p99 = case.run.metrics.select_trend(&answered).percentile(99.0);
    match p99 {
        None => {
            "Nothing was answered as expected, so the service hangs or is far too slow".to_owned()
        }
        Some(p99) if p99 >= limit / 2 => format!(
            "What was answered came near to the limit too (p99 {}): the service is slow under this \
             load, or the limit is too short for it",
            short(p99)
        ),
        Some(p99) => format!(
            "What was answered was quick (p99 {}), so the service as a whole is not slow, and the \
             limit is not short: single requests hang",
            short(p99)
        ),
    }
}

fn generator(case: &Case<'_>) -> &'static str {
    match case.run.validity() {
        Some(Validity::Valid) => "The generator kept up, so the wait is not its own",
        Some(Validity::Suspect(_)) => "The generator is suspect, and may have a part in it",
        Some(Validity::Saturated(_)) => {
            "The generator was saturated, and may have caused it itself"
        }
        _ => "Whether the generator kept up is not known",
    }
}

fn longest(case: &Case<'_>) -> Duration {
    let spans = case.run.outcomes.iter();
    let timeouts = spans.filter(|span| Class::of(span) == Some(Class::Timeout));
    timeouts.map(|span| span.longest).max().unwrap_or_default()
}

pub(super) fn unanswered(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Unanswered)?;
    Some(finding(
        ("unanswered", Severity::Problem),
        "Requests were unanswered when the graceful stop was over",
        &seen,
        "They count as failed with the time that they waited, because nobody knows when they would \
         have been answered; such a run does not pass",
        &[
            "See what the service did with them: sudo journalctl -u genarrative-api.service",
            "Set TIMEOUT below GRACEFUL_STOP, so that such requests end as timeouts with their time",
        ],
    ))
}

#[cfg(test)]
mod tests {
    use metrics::Answer;

    use crate::testing::{Run, error, ids, status};

    fn hung(run: Run) -> Run {
        run.span("list", error("timeout"), 5).longest(1_000)
    }

    fn means(run: Run) -> String {
        hung(run).finding("timeouts").means
    }

    #[test]
    fn a_slow_service_is_told_from_single_requests_that_hang() {
        for (run, words) in [
            (Run::new(), "Nothing was answered as expected"),
            (Run::new().took(20), "single requests hang"),
            (Run::new().took(499), "single requests hang"),
            (Run::new().took(501), "the service is slow under this load"),
        ] {
            let means = means(run);
            assert!(means.contains(words) && means.contains("up to 1.0s"), "{means}");
        }
    }

    #[test]
    fn the_generators_part_in_it_is_said() {
        assert!(means(Run::new()).ends_with("is not known"));
        assert!(means(Run::new().health(|_| {})).ends_with("the wait is not its own"));
        let suspect = Run::new().health(|health| (health.planned, health.dropped) = (200, 1));
        assert!(means(suspect).ends_with("may have a part in it"));
        let exhausted = Run::new().health(|health| health.descriptors_exhausted = 1);
        assert!(means(exhausted).ends_with("may have caused it itself"));
    }

    #[test]
    fn only_our_own_limits_are_timeouts() {
        for (answer, expected) in [
            (error("timeout"), "timeouts"),
            (error("header_timeout"), "timeouts"),
            (error("connect_timeout"), "accept-layer"),
            (status(504), "gateway-timeout"),
            (status(408), "unexplained"),
            (Answer::Interrupted, "unanswered"),
        ] {
            assert_eq!(ids(&Run::new().span("list", answer, 2)), [expected]);
        }
        let next = hung(Run::new()).finding("timeouts").next.join("\n");
        assert!(next.contains("raise TIMEOUT") && next.contains("GENERATOR"), "{next}");
    }
}
