//! That an hour of load holds its bound.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what was measured is worth reading")]

mod simulated;

use std::time::Duration;

use metrics::{MetricKey, MetricSet};
use simulated::Random;

/// What one endpoint's requests are recorded into, as `workload` does it.
struct Endpoint {
    requests: metrics::CounterId,
    rates: Vec<metrics::RateId>,
    duration: metrics::TrendId,
    phases: Vec<metrics::TrendId>,
}

impl Endpoint {
    fn new(set: &mut MetricSet, name: &str) -> Self {
        let key = |metric: &str| MetricKey::new(metric).with("endpoint", name);
        let duration = key("http_req_duration").with("expected_response", "true");
        Endpoint {
            requests: set.counter(key("http_reqs").with("status", "200")),
            rates: (0..6).map(|n| set.rate(key(&format!("rate_{n}")))).collect(),
            duration: set.trend(duration),
            phases: (0..7).map(|n| set.trend(key(&format!("phase_{n}")))).collect(),
        }
    }

    fn record(&self, set: &mut MetricSet, took: Duration) {
        set.add(self.requests, 1);
        self.rates.iter().for_each(|rate| set.observe(*rate, false));
        set.record(self.duration, took);
        self.phases.iter().for_each(|phase| set.record(*phase, took / 8));
    }
}

/// An hour of load over two endpoints, with times all over from 5 ms to 100 ms and some of seconds.
fn hour(rate: u64) -> (u64, MetricSet) {
    let mut set = None;
    let allocated = allocation_counter::measure(|| {
        let mut recorded = MetricSet::default();
        recorded.follow(MetricKey::new("http_req_duration"));
        let endpoints = ["a", "b"].map(|name| Endpoint::new(&mut recorded, name));
        let mut random = Random::new(1);
        // Drawn once, because what they are does not matter for their place.
        let times: Vec<_> = (0..20_011)
            .map(|_| Duration::from_secs_f64(0.020 * (0.7 * random.normal()).exp()))
            .collect();
        let mut times = times.iter().cycle();
        for second in 0..3600 {
            recorded.advance(second);
            for n in 0..rate {
                let took = times.next().copied().unwrap_or_default();
                endpoints[(n % 2) as usize].record(&mut recorded, took);
            }
        }
        recorded.finish();
        drop(times);
        set = Some(recorded);
    });
    // Of what was measured, the drawn times are gone and the set remains.
    (allocated.bytes_current.try_into().unwrap(), set.unwrap())
}

#[test]
fn an_hour_at_two_thousand_a_second_holds_its_bound() {
    let (slow_bytes, _) = hour(200);
    let (bytes, set) = hour(2000);
    let timeline = set.timeline_bytes() as u64;
    println!(
        "2000/s: {bytes} bytes, of them {timeline} for the seconds; 200/s: {slow_bytes} bytes"
    );
    let total = set.timeline().trends(&MetricKey::new("http_req_duration")).unwrap();
    assert_eq!(total.iter().map(metrics::TrendBlock::count).sum::<u64>(), 3600 * 2000);
    assert_eq!(set.timeline().block_length(), Duration::from_secs(2));
    // The architecture page states 5 MiB for the seconds of two endpoints, and 256 KiB a trend.
    assert!(timeline <= 5 << 20, "{timeline}");
    assert!(bytes <= (5 << 20) + 16 * (256 << 10), "{bytes}");
    // Ten times as many requests are not ten times the memory.
    assert!(bytes <= slow_bytes * 2, "{bytes} {slow_bytes}");
}
