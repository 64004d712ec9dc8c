//! What happens to connections.

use std::collections::BTreeMap;

use metrics::{Answer, Finding, Metric, OutcomeSpan, Severity};

use super::{JOURNAL, NGINX_ERRORS, finding};
use crate::case::Case;
use crate::class::Class;
use crate::seen::{most, seconds, share};

/// From this share of requests on, lost connections tell in the numbers.
const RECONNECTS_SHARE: f64 = 0.01;
/// What else resets connections.
const RESETS: &str =
    "; or, as there are only resets, a process died or a proxy cut connections off in the middle";
/// One failure at the very end does not show that a service went away.
const GONE_MIN: u64 = 10;

/// What to look at where connections are not accepted.
const ACCEPT: [&str; 5] = [
    "Check GENARRATIVE_API_LISTEN_BACKLOG, and net.core.somaxconn, which bounds it",
    "See the accept queue on the server: ss -ltnp | grep 8082; it is full where Recv-Q reaches \
     Send-Q",
    "Check nginx's upstream keepalive, and whether a limit in nginx in front is needed",
    "systemctl show genarrative-api.service -p LimitNOFILE -p TasksMax: without descriptors \
     nothing is accepted",
    "Keep MAX_VUS and PREALLOCATED_VUS near the real concurrency; straight to an api-server on \
     Windows, hundreds of connections fill its memory by themselves",
];
/// And first of all, if none is accepted any more.
const GONE: &str = "See whether it runs and where it listens (ports drift): systemctl status \
                    genarrative-api.service, and its log: sudo journalctl -u genarrative-api.service";

pub(super) fn accept_layer(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::AcceptLayer)?;
    // Where nothing was answered afterwards, it is the service that went, and not its queue.
    let answered = case.last_answered();
    let is_gone = answered.is_none_or(|answered| seen.count() >= GONE_MIN && seen.follow(answered));
    let (title, means) = if is_gone {
        let since = answered.map(|_| format!("after {}", seconds(seen.first_at())));
        let since = since.unwrap_or_else(|| "at all".to_owned());
        let means = format!(
            "Nothing was answered {since}: the service ended, restarted or listens elsewhere. If \
             it kept running, the pressure reached its TCP accept layer and stayed"
        );
        ("The service accepted no connections any more", means)
    } else {
        let is_other = |span: &OutcomeSpan| {
            Class::of(span) == Some(Class::AcceptLayer)
                && !matches!(&span.answer, Answer::Error(class) if class == "reset")
        };
        let or = if case.count(is_other) == 0 { RESETS } else { "" };
        let means = format!(
            "The pressure reached the TCP accept layer, before any code of the application, so \
             that GENARRATIVE_API_MAX_CONCURRENT_REQUESTS alone does not explain it{or}"
        );
        ("Connections were refused or reset: the load reached the TCP accept layer", means)
    };
    let means = means + ". What was refused or reset has no duration, so the percentiles lack it";
    let first = is_gone.then_some(GONE);
    let next: Vec<_> = first.into_iter().chain(ACCEPT).collect();
    Some(finding(("accept-layer", Severity::Problem), title, &seen, means, &next))
}

pub(super) fn ended(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Ended)?;
    Some(finding(
        ("connections-ended", Severity::Problem),
        "The server ended connections in the middle of requests",
        &seen,
        "An answer was due or had begun, and the connection was closed: the api-server or nginx \
         crashed, restarted or gave the request up",
        &[
            JOURNAL,
            "Look at process.memory.usage before those moments: a process that the system ended for \
             want of memory writes nothing itself",
            NGINX_ERRORS,
            "If it is every request over --http 2, the server knows no HTTP/2 without TLS",
        ],
    ))
}

pub(super) fn reconnects(case: &Case<'_>) -> Option<Finding> {
    let mut lost = BTreeMap::new();
    for (key, metric) in case.run.metrics.iter().filter(|(key, _)| key.name() == "http_reconnects")
    {
        if let Metric::Counter(count @ 1..) = metric {
            let endpoint = key.tag("endpoint").unwrap_or("all endpoints");
            *lost.entry(endpoint.to_owned()).or_default() += count;
        }
    }
    let (count, sent): (u64, u64) = (lost.values().sum(), case.run.requests.sent);
    if count == 0 {
        return None;
    }
    let often = count as f64 >= RECONNECTS_SHARE * sent as f64;
    let by_endpoint = most(lost, |name, count| format!("{name} {count}"), "endpoints");
    let share = share(count, sent);
    Some(Finding {
        id: "reconnects".to_owned(),
        severity: if often { Severity::Warning } else { Severity::Note },
        title: "The server closes kept connections".to_owned(),
        seen: format!("{share} were lost on a kept connection and sent once more: {by_endpoint}"),
        means: "They did not fail, but their times have the lost wait and a new connection in them"
            .to_owned(),
        next: [
            "Raise keepalive_timeout and keepalive_requests in nginx, and what the api-server has \
             like them, above the time between two requests of a virtual user",
            "Check nginx's upstream keepalive: without it, nginx opens a connection a request itself",
            "If they come at once, something restarted: sudo journalctl -u genarrative-api.service",
        ]
        .map(str::to_owned)
        .into(),
        requests: count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Run, error, ids, status};

    #[test]
    fn pressure_on_the_listener_has_its_settings() {
        for class in ["refused", "reset", "connect_timeout"] {
            let run = Run::new().span("list", status(200), 90).span("list", error(class), 10);
            let run = run.between(2_000, 4_000);
            let found = run.finding("accept-layer");
            assert_eq!((ids(&run).len(), found.severity), (1, Severity::Problem));
            assert!(found.title.contains("accept layer"), "{found:?}");
            assert!(found.means.contains("GENARRATIVE_API_MAX_CONCURRENT_REQUESTS alone"));
            assert_eq!(found.means.contains("only resets"), class == "reset");
            let next = found.next.join("\n");
            for word in ["GENARRATIVE_API_LISTEN_BACKLOG", "keepalive", "limit in nginx", "MAX_VUS"]
            {
                assert!(next.contains(word), "{word} in {next}");
            }
            assert!(!next.contains("systemctl status"), "{next}");
        }
        for class in ["closed", "connect", "tls", "ports", "timeout"] {
            let run = Run::new().span("list", error(class), 10);
            assert!(!ids(&run).contains(&"accept-layer".to_owned()), "{class}");
        }
    }

    #[test]
    fn a_service_that_went_away_is_looked_for_first() {
        let run = Run::new().span("list", status(200), 90).between(0, 2_000);
        let run = run.span("list", error("refused"), 10).between(2_100, 4_000);
        let found = run.finding("accept-layer");
        assert!(found.title.contains("no connections any more"), "{found:?}");
        assert!(found.means.starts_with("Nothing was answered after 2.1 s"), "{found:?}");
        assert!(
            found.next[0].contains("systemctl status") && found.next[0].contains("ports drift")
        );
    }

    #[test]
    fn a_single_refusal_at_the_end_is_no_service_that_went_away() {
        let never = Run::new().span("list", error("refused"), 1);
        assert!(never.finding("accept-layer").title.contains("no connections any more"));
        let once = Run::new().span("list", status(200), 90).between(0, 2_000);
        let once = once.span("list", error("refused"), 1).between(2_100, 2_100);
        assert!(once.finding("accept-layer").title.contains("accept layer"));
    }

    #[test]
    fn what_ended_in_the_middle_is_no_accept_layer() {
        for class in ["closed", "goaway", "stream_reset"] {
            let run = Run::new().span("list", error(class), 10);
            assert_eq!(ids(&run), ["connections-ended"], "{class}");
        }
    }

    #[test]
    fn lost_connections_are_a_note_until_they_are_many() {
        let run = |lost| Run::new().span("list", status(200), 1000).reconnects("list", lost);
        assert!(ids(&run(0)).is_empty());
        let few = run(9).finding("reconnects");
        assert_eq!((few.severity, few.requests), (Severity::Note, 9));
        assert!(
            few.seen.starts_with("9 of 1000 requests (0.90%)") && few.seen.ends_with(": list 9")
        );
        assert_eq!(run(10).finding("reconnects").severity, Severity::Warning);
    }
}
