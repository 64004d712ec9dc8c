//! What this machine could not do.

use metrics::{Cause, Finding, Outcome, Severity, Validity};

use super::finding;
use crate::case::Case;
use crate::class::Class;

pub(super) fn descriptors(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Descriptors)?;
    Some(finding(
        ("descriptors-exhausted", Severity::Problem),
        "This machine ran out of file descriptors",
        &seen,
        "The load generator's own limit stopped its connections; the service never saw these \
         requests, so nothing here is its fault",
        &[
            "Raise the limit in the shell that starts the test: ulimit -n 65536",
            "Or lower MAX_VUS (VUS): a virtual user has one connection",
            "loadtest plan says how many descriptors a run needs before it is run",
        ],
    ))
}

pub(super) fn ports(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Ports)?;
    Some(finding(
        ("ports-exhausted", Severity::Problem),
        "This machine ran out of local ports",
        &seen,
        "Each connection takes a port, and one that was closed keeps it for a minute (TIME_WAIT); \
         the service never saw these requests, so nothing here is its fault",
        &[
            "See that connections are kept: http_reconnects and http_req_connecting say how many \
             were opened, and nginx's keepalive settings why",
            "Widen the range: sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"; on Windows: \
             netsh int ipv4 set dynamicport tcp",
            "Lower MAX_VUS (VUS), or share the load between several machines or target addresses",
            "loadtest plan says how many ports a run needs before it is run",
        ],
    ))
}

/// Slow answers are no evidence against the service where the generator had no time to read them.
pub(super) fn limit(case: &Case<'_>) -> Option<Finding> {
    let Some(Validity::Saturated(reasons)) = case.run.validity() else { return None };
    let own = [Cause::StartLag, Cause::WorkerCpu, Cause::Throttling];
    let reasons: Vec<_> =
        reasons.into_iter().filter(|reason| own.contains(&reason.cause)).collect();
    let timeouts = case.count(|span| Class::of(span) == Some(Class::Timeout));
    let mut results = case.run.thresholds.iter();
    let is_slow = results.any(|own| own.threshold.is_duration() && own.outcome == Outcome::Fail);
    if reasons.is_empty() || (timeouts == 0 && !is_slow) {
        return None;
    }
    let seen: Vec<_> = reasons.iter().map(|reason| reason.seen.as_str()).collect();
    let mut next: Vec<_> = reasons.iter().map(|reason| sentence(reason.advice)).collect();
    next.dedup();
    next.push("Repeat the run, and judge the service only where GENERATOR says valid".to_owned());
    Some(Finding {
        id: "generator-limit".to_owned(),
        severity: Severity::Warning,
        title: "Slow answers may be the load generator's own".to_owned(),
        seen: seen.join("; "),
        means: "The generator had no time left, and an answer that waits to be read counts as slow"
            .to_owned(),
        next,
        requests: timeouts,
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use metrics::{MetricKey, StartLag, Threshold};

    use crate::testing::{Run, error, ids, status};

    #[test]
    fn what_this_machine_lacks_is_said_to_be_its_own() {
        for (class, id, words) in [
            ("descriptors", "descriptors-exhausted", ["ulimit -n", "MAX_VUS", "loadtest plan"]),
            ("ports", "ports-exhausted", ["ip_local_port_range", "MAX_VUS", "loadtest plan"]),
        ] {
            let run = Run::new().span("list", error(class), 5).span("list", status(200), 5);
            let run = run.health(|health| health.descriptors_exhausted = 5);
            assert_eq!(ids(&run), [id]);
            let found = run.finding(id);
            let next = found.next.join("\n");
            assert!(found.means.contains("service never saw these requests"), "{found:?}");
            assert!(words.iter().all(|word| next.contains(word)), "{next}");
        }
        let run = Run::new().span("list", error("connect"), 5);
        assert_eq!(ids(&run), ["unexplained"]);
    }

    fn late(run: Run) -> Run {
        let second = Duration::from_secs(1);
        run.health(|health| {
            health.start_lag = Some(StartLag { p50: second, p99: second, max: second });
        })
    }

    /// A run whose p(95) has this bound.
    fn bounded(bound: &str) -> Run {
        let mut run = Run::new();
        let trend = run.summary.metrics.trend(MetricKey::new("http_req_duration"));
        run.summary.metrics.record(trend, Duration::from_millis(300));
        let threshold = Threshold::parse("http_req_duration", bound).unwrap();
        let result = threshold.evaluate(&run.summary.metrics, Duration::from_secs(1));
        run.summary.thresholds.push(result);
        run
    }

    #[test]
    fn a_generator_without_time_is_named_where_answers_were_slow() {
        let timeouts = || Run::new().span("list", error("timeout"), 5);
        assert_eq!(ids(&late(timeouts())), ["timeouts", "generator-limit"]);
        assert_eq!(ids(&late(bounded("p(95)<200"))), ["generator-limit"]);
        let found = late(bounded("p(95)<200")).finding("generator-limit");
        assert!(found.seen.contains("start lag: p99 1.0s"), "{found:?}");
        assert!(found.next[0].starts_with("Lower the rate"), "{found:?}");
        assert!(ids(&late(bounded("p(95)<400"))).is_empty(), "nothing was slow");
        assert_eq!(ids(&timeouts().health(|_| {})), ["timeouts"], "nothing was late");
        // A service that is too slow for the rate saturates the generator too.
        let dropped = timeouts().health(|health| (health.planned, health.dropped) = (100, 50));
        assert!(dropped.summary.is_saturated());
        assert_eq!(ids(&dropped), ["timeouts"]);
    }
}
