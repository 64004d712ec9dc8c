//! Whose time the response time is: the parts of it that follow each other.

use std::time::Duration;

use metrics::{MetricKey, RunSummary, Trend};

/// The parts, in the order in which they happen.
pub(crate) const PARTS: [(&str, &str); 7] = [
    ("lag", "from the planned start to the wish to send"),
    ("blocked", "waiting for a connection, opening it apart"),
    ("connect", "opening a TCP connection"),
    ("TLS", "the TLS handshake"),
    ("send", "sending the request"),
    ("wait", "until the first byte; for timeouts, all their time"),
    ("receive", "receiving and unpacking the body"),
];

/// The ledger of one endpoint. The means of the parts add up to the mean response time.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// Requests with a response time.
    pub(crate) count: u64,
    /// The mean response time, counted from the plan.
    pub(crate) mean: Duration,
    pub(crate) parts: [Part; PARTS.len()],
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) mean: Duration,
    /// Of the mean response time, 0 to 1.
    pub(crate) share: f64,
    /// The part's own 95th percentile; not known of parts that are only what remains.
    pub(crate) p95: Option<Duration>,
}

impl Ledger {
    /// `None` without samples.
    pub(crate) fn new(run: &RunSummary, endpoint: &str) -> Option<Self> {
        let trend =
            |name: &str| run.metrics.select_trend(&MetricKey::new(name).with("endpoint", endpoint));
        let response = trend("http_req_response_time");
        let duration = trend("http_req_duration");
        let blocked = trend("http_req_blocked");
        let connect = trend("http_req_connecting");
        let tls = trend("http_req_tls_handshaking");
        let send = trend("http_req_sending");
        let receive = trend("http_req_receiving");
        let opening = connect.sum_ns() + tls.sum_ns();
        let sums = [
            response.sum_ns().saturating_sub(duration.sum_ns() + blocked.sum_ns()),
            blocked.sum_ns().saturating_sub(opening),
            connect.sum_ns(),
            tls.sum_ns(),
            send.sum_ns(),
            duration.sum_ns().saturating_sub(send.sum_ns() + receive.sum_ns()),
            receive.sum_ns(),
        ];
        let lag = run.metrics.select_trend(&MetricKey::new("iteration_start_lag"));
        let wait = trend("http_req_waiting");
        let own = [
            Some(&lag),
            None,
            Some(&connect),
            Some(&tls),
            Some(&send),
            Some(&wait),
            Some(&receive),
        ];
        let part = |at: usize| Part {
            mean: mean(sums[at], response.count()),
            share: sums[at] as f64 / (response.sum_ns().max(1)) as f64,
            p95: own[at].and_then(|trend: &Trend| trend.percentile(95.0)),
        };
        Some(Ledger {
            count: Some(response.count()).filter(|&count| count > 0)?,
            mean: response.mean()?,
            parts: std::array::from_fn(part),
        })
    }

    /// The part with the greatest 95th percentile: whose time the slowest requests' is.
    pub(crate) fn slowest(&self) -> Option<&'static str> {
        let with_p95 = self.parts.iter().zip(PARTS).filter_map(|(part, (name, _))| {
            part.p95.filter(|p95| !p95.is_zero()).map(|p95| (p95, name))
        });
        with_p95.max_by_key(|(p95, _)| *p95).map(|(_, name)| name)
    }
}

fn mean(sum_ns: u128, count: u64) -> Duration {
    let mean_ns = sum_ns.checked_div(u128::from(count)).unwrap_or(0);
    Duration::from_nanos(u64::try_from(mean_ns).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_the_response_time() {
        let mut run = RunSummary::new("smoke");
        let mut record = |name: &str, micros: u64| {
            let trend = run.metrics.trend(MetricKey::new(name).with("endpoint", "a"));
            run.metrics.record(trend, Duration::from_micros(micros));
        };
        // Answered after 30 ms on a new connection, 2 ms late; and a timeout of 100 ms, 2 ms late.
        for (name, micros) in [
            ("http_req_response_time", 39_000),
            ("http_req_duration", 30_000),
            ("http_req_blocked", 7_000),
            ("http_req_connecting", 3_000),
            ("http_req_tls_handshaking", 2_000),
            ("http_req_sending", 1_000),
            ("http_req_waiting", 25_000),
            ("http_req_receiving", 4_000),
            ("http_req_response_time", 102_000),
            ("http_req_duration", 100_000),
        ] {
            record(name, micros);
        }
        let ledger = Ledger::new(&run, "a").unwrap();
        let means = ledger.parts.map(|part| part.mean.as_micros());
        assert_eq!(means, [2_000, 1_000, 1_500, 1_000, 500, 62_500, 2_000]);
        assert_eq!(means.iter().sum::<u128>(), ledger.mean.as_micros());
        let shares: f64 = ledger.parts.iter().map(|part| part.share).sum();
        assert!((shares - 1.0).abs() < 1e-9);
        assert_eq!((ledger.count, ledger.slowest()), (2, Some("wait")));
        assert!(Ledger::new(&run, "b").is_none());
    }
}
