//! What a proxy in front of the api-server answers.

use metrics::{Finding, Severity};

use super::{JOURNAL, NGINX_ERRORS, finding};
use crate::case::Case;
use crate::class::Class;

pub(super) fn bad_gateway(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::BadGateway)?;
    Some(finding(
        ("bad-gateway", Severity::Problem),
        "The proxy got no answer from the api-server (502)",
        &seen,
        "nginx could not connect to the api-server, or was cut off by it: it does not run, \
         restarted, ran out of descriptors, or its accept queue was full",
        &[
            NGINX_ERRORS,
            "See whether it listens, on its machine: ss -ltnp | grep 8082, and curl -sS \
             http://127.0.0.1:8082/healthz",
            JOURNAL,
            "systemctl show genarrative-api.service -p LimitNOFILE -p TasksMax",
            "Check GENARRATIVE_API_LISTEN_BACKLOG and nginx's upstream keepalive",
            "NGINX_ACCESS_LOG makes the next run count the 502s that a retry hides, too",
        ],
    ))
}

pub(super) fn gateway_timeout(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::GatewayTimeout)?;
    Some(finding(
        ("gateway-timeout", Severity::Problem),
        "The proxy waited for the api-server in vain (504)",
        &seen,
        "The api-server took the request and was slower than nginx's proxy_read_timeout allows; \
         it may still work on it, so the load on it is higher than what was answered",
        &[
            NGINX_ERRORS,
            "Compare nginx's upstream timing (sudo tail -f /var/log/nginx/genarrative.access.log) \
             with proxy_read_timeout",
            "Look at genarrative.spacetime.read.duration_ms and \
             genarrative.puzzle_gallery.cache.rebuild.duration for what takes so long",
            "If it is the load, lower PEAK_RPS or let GENARRATIVE_API_MAX_CONCURRENT_REQUESTS \
             refuse early",
        ],
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Run, ids, status};

    #[test]
    fn each_status_of_a_proxy_has_its_own_advice() {
        for (code, id, words) in [
            (502, "bad-gateway", ["genarrative.error.log", "ss -ltnp", "journalctl"]),
            (504, "gateway-timeout", ["genarrative.error.log", "proxy_read_timeout", "PEAK_RPS"]),
        ] {
            let run = Run::new().span("list", status(code), 2).span("list", status(200), 2);
            assert_eq!(ids(&run), [id]);
            let next = run.finding(id).next.join("\n");
            for word in words {
                assert!(next.contains(word), "{word} in {next}");
            }
        }
        for other in [200, 500, 501, 503, 505] {
            let run = Run::new().span("list", status(other), 2);
            assert!(!ids(&run).iter().any(|id| id.contains("gateway")), "{other}");
        }
    }
}
