//! Synthetic runs, the same on every machine: durations follow a fixed pattern, and no clock is read.

// Each test program uses some of them.
#![allow(dead_code)]

use std::sync::LazyLock;
use std::time::Duration;

use metrics::{
    Answer, BodySign, Drift, DriftKind, FullTime, GeneratorHealth, IterationTally, LoadModel,
    MetricKey, OutcomeSpan, RequestTally, RunSummary, ShapeViolation, StopReason, Threshold,
    Throttled, Used,
};
use observe::AccessLogWindow;
use report::{RunResult, WrittenFile};

/// What came of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// A whole response with this status, whose body was right or not.
    Status(u16, bool),
    /// No response.
    Error(&'static str),
}

/// A run under construction. Requests are recorded as the load generator does it.
pub(crate) struct RunBuilder {
    run: RunSummary,
    requests: u64,
}

impl RunBuilder {
    pub(crate) fn new(scenario: &str, description: &str, window: Duration) -> Self {
        let mut run = RunSummary::new(scenario);
        run.description = description.to_owned();
        run.target = "http://127.0.0.1:8787/".to_owned();
        run.seed = 42;
        run.window = window;
        run.elapsed = window + Duration::from_micros(12_345);
        for name in ["iterations", "dropped_iterations", "http_reconnects"] {
            run.metrics.counter(MetricKey::new(name));
        }
        RunBuilder { run, requests: 0 }
    }

    /// One iteration in second `second`, with a request for each reply.
    pub(crate) fn iteration(&mut self, second: u64, replies: &[(&str, Reply)]) {
        let at = self.run.series.at(Duration::from_secs(second));
        at.iterations += 1;
        let mut total = Duration::from_micros(90);
        for &(endpoint, reply) in replies {
            total += self.request(second, endpoint, reply);
        }
        self.run.iterations.planned += 1;
        self.run.iterations.completed += 1;
        self.add("iterations", 1);
        self.trend(MetricKey::new("iteration_duration"), total);
        self.trend(MetricKey::new("iteration_start_lag"), Duration::from_micros(45));
        self.trend(MetricKey::new("iteration_response_time"), total + Duration::from_micros(45));
    }

    pub(crate) fn dropped(&mut self, second: u64, count: u64) {
        self.run.series.at(Duration::from_secs(second)).dropped += count;
        self.run.iterations.planned += count;
        self.run.iterations.dropped += count;
        self.add("dropped_iterations", count);
    }

    /// Returns the time that the request took.
    fn request(&mut self, second: u64, endpoint: &str, reply: Reply) -> Duration {
        self.requests += 1;
        // Between 0.9 ms and about 4 ms, with one in 97 ten times as long.
        let slow = if self.requests.is_multiple_of(97) { 10 } else { 1 };
        let took = Duration::from_nanos((913_459 + self.requests * 7_919 % 3_000_000) * slow);
        self.run.requests.sent += 1;
        let failed = !matches!(reply, Reply::Status(200..=399, _));
        let at = self.run.series.at(Duration::from_secs(second));
        at.requests += 1;
        at.failed += u64::from(failed);
        self.rate(MetricKey::new("http_req_failed").with("endpoint", endpoint), failed);
        let requests = MetricKey::new("http_reqs").with("endpoint", endpoint);
        match reply {
            Reply::Status(status, right) => {
                self.count(requests.with("status", status.to_string()), 1);
                self.outcome(endpoint, Answer::Status(status), second, took);
                self.response(endpoint, failed, right, took);
                took
            }
            Reply::Error(kind) => {
                self.count(requests.with("error", kind), 1);
                self.outcome(endpoint, Answer::Error(kind.to_owned()), second, took);
                self.run.requests.errors += 1;
                Duration::from_micros(150)
            }
        }
    }

    fn response(&mut self, endpoint: &str, failed: bool, right: bool, took: Duration) {
        let tally = &mut self.run.requests;
        if failed {
            tally.unexpected += 1;
        } else {
            tally.expected += 1;
        }
        let of = |name: &str| MetricKey::new(name).with("endpoint", endpoint);
        let expected = if failed { "false" } else { "true" };
        self.trend(of("http_req_duration").with("expected_response", expected), took);
        self.trend(of("http_req_waiting"), took * 8 / 10);
        self.trend(of("http_req_receiving"), took / 10);
        self.trend(of("http_req_sending"), took / 10);
        self.trend(of("http_req_response_time"), took + Duration::from_micros(45));
        self.rate(of("checks").with("check", "status is 200"), !failed);
        if !failed {
            self.rate(of("works_list_shape_error_rate"), !right);
            self.rate(of("checks").with("check", "body has the shape of a list"), right);
        }
        self.add("data_sent", 117);
        self.add("data_received", 34_567);
    }

    /// `count` responses, one of seventeen, the first in second 4.
    pub(crate) fn violation(&mut self, endpoint: &str, text: &str, count: u64) {
        let (path, rule) = text.split_once(": ").unwrap();
        let mut violation = ShapeViolation {
            endpoint: endpoint.to_owned(),
            path: path.to_owned(),
            keyword: rule.split_once(": ").unwrap().0.to_owned(),
            text: text.to_owned(),
            ..ShapeViolation::default()
        };
        for number in 1..=count {
            violation.record(17 * number, Duration::from_millis(4_200 + 470 * (number - 1)));
        }
        self.run.violations.push(violation);
    }

    /// One more request that was answered so.
    fn outcome(&mut self, endpoint: &str, answer: Answer, second: u64, took: Duration) {
        let at = Duration::from_secs(second) + took;
        let span = OutcomeSpan {
            endpoint: endpoint.to_owned(),
            role: "list".to_owned(),
            auth: false,
            expected: matches!(answer, Answer::Status(200..=399)),
            answer,
            body: BodySign::None,
            count: 1,
            first_at: at,
            last_at: at,
            longest: took,
        };
        OutcomeSpan::merge_all(&mut self.run.outcomes, vec![span]);
    }

    pub(crate) fn vus(&mut self, levels: &[u64], max: u64) {
        for (name, levels) in [("vus", levels), ("vus_max", &[max][..])] {
            let gauge = self.run.metrics.gauge(MetricKey::new(name));
            levels.iter().for_each(|&level| self.run.metrics.set(gauge, level));
        }
    }

    /// Evaluates the thresholds over what was recorded.
    pub(crate) fn done(mut self, thresholds: &[(&str, &str)]) -> RunSummary {
        for (selector, expression) in thresholds {
            let threshold = Threshold::parse(selector, expression).unwrap();
            let result = threshold.evaluate(&self.run.metrics, self.run.window);
            self.run.thresholds.push(result);
        }
        self.run.findings = diagnosis::findings(&self.run);
        self.run
    }

    fn add(&mut self, name: &str, amount: u64) {
        self.count(MetricKey::new(name), amount);
    }

    fn count(&mut self, key: MetricKey, amount: u64) {
        let counter = self.run.metrics.counter(key);
        self.run.metrics.add(counter, amount);
    }

    fn rate(&mut self, key: MetricKey, is_true: bool) {
        let rate = self.run.metrics.rate(key);
        self.run.metrics.observe(rate, is_true);
    }

    fn trend(&mut self, key: MetricKey, sample: Duration) {
        let trend = self.run.metrics.trend(key);
        self.run.metrics.record(trend, sample);
    }
}

const LISTS: [&str; 2] = ["puzzle-gallery", "custom-world-gallery"];

const SPIKE: [(&str, &str); 4] = [
    ("http_req_failed", "rate<0.01"),
    ("http_req_duration", "p(95)<2000"),
    ("dropped_iterations", "count==0"),
    ("works_list_shape_error_rate", "rate<0.01"),
];

/// From 5 to 25 iterations a second and back, two requests each, nothing wrong.
pub(crate) fn good_spike() -> RunSummary {
    let words = "from 5/s to 25/s in 10s, 25/s for 60s, to 5/s in 10s";
    let mut builder = RunBuilder::new("spike", words, Duration::from_secs(80));
    for second in 0..80_u64 {
        let rate = 5 + 2 * second.min(79 - second).min(10);
        for _ in 0..rate {
            builder.iteration(second, &LISTS.map(|endpoint| (endpoint, Reply::Status(200, true))));
        }
    }
    builder.vus(&[1, 3, 2], 20);
    builder.done(&SPIKE)
}

/// The same run by a generator that had nothing to complain of.
pub(crate) fn watched_spike() -> RunSummary {
    let mut run = good_spike();
    let mut health = GeneratorHealth::of_run(&run, LoadModel::Open);
    health.watched = Duration::from_secs(80);
    health.worker_threads = Some(2);
    (health.worker_cpu_mean, health.worker_cpu_max) = (Some(0.021), Some(0.043));
    health.worker_waiting = Some(0.0004);
    health.worker_running = Some(FullTime::default());
    health.worker_busy = Some(FullTime::default());
    health.worker_preempted = Some(12);
    (health.machine_busy, health.steal) = (Some(0.31), Some(0.0));
    health.throttling = Some(Throttled::default());
    health.descriptors = Some(Used { peak: 31, limit: 1024 });
    health.local_ports = Some(Used { peak: 34, limit: 28_232 });
    health.memory_peak_bytes = Some(11_400_000);
    run.health = Some(health);
    run
}

/// The same again on a machine that other programs used too.
pub(crate) fn suspect_spike() -> RunSummary {
    let mut run = watched_spike();
    if let Some(health) = &mut run.health {
        health.worker_waiting = Some(0.183);
        health.steal = Some(0.071);
        let time = Duration::from_millis(340);
        health.throttling = Some(Throttled { periods: 800, throttled: 9, time });
    }
    run
}

/// Ten virtual users against a service that is quicker than the generator.
pub(crate) fn saturated_baseline() -> RunSummary {
    let mut builder = RunBuilder::new("baseline", "10 VUs for 20s", Duration::from_secs(20));
    for second in 0..20 {
        for _ in 0..10 {
            builder.iteration(second, &LISTS.map(|endpoint| (endpoint, Reply::Status(200, true))));
        }
    }
    builder.vus(&[10], 10);
    let mut run = builder.done(&[("http_req_failed", "rate<0.01")]);
    let mut health = GeneratorHealth::of_run(&run, LoadModel::Closed);
    health.watched = run.window;
    health.worker_threads = Some(1);
    (health.worker_cpu_mean, health.worker_cpu_max) = (Some(0.98), Some(1.0));
    let full = FullTime { nearly: run.window, full: run.window };
    (health.worker_running, health.worker_busy) = (Some(full), Some(full));
    run.health = Some(health);
    run
}

/// Something of everything that can go wrong.
pub(crate) fn failures_and_violations() -> RunSummary {
    let mut builder = RunBuilder::new("spike", "25/s for 12s", Duration::from_secs(12));
    for number in 0..300_u64 {
        let reply = match number {
            n if n % 50 == 7 => Reply::Status(502, true),
            n if n % 60 == 9 => Reply::Status(429, true),
            n if n % 70 == 11 => Reply::Error("timeout"),
            n if n % 90 == 13 => Reply::Error("reset"),
            n => Reply::Status(200, n % 17 != 0),
        };
        builder.iteration(number / 25, &[(LISTS[0], reply), (LISTS[1], Reply::Status(200, true))]);
    }
    builder.dropped(11, 3);
    builder.violation(LISTS[0], "/data/items/*/title: type: expected string, found null", 12);
    builder.violation(LISTS[0], "/data/items: required: expected a value, found nothing", 5);
    builder.violation("puzzle-detail", "/data: type: expected object, found array", 5);
    builder.vus(&[4, 9], 40);
    builder.trend(MetricKey::new("gallery_render_time"), Duration::from_millis(31));
    let mut run = builder.done(&SPIKE);
    run.violations_not_kept = 2;
    let below = Threshold::parse("http_req_duration{endpoint:puzzle-gallery}", "p(95)<2").unwrap();
    let detail =
        Threshold::parse("http_req_duration{endpoint:puzzle-detail}", "p(95)<800").unwrap();
    run.thresholds.extend([below, detail].map(|t| t.evaluate(&run.metrics, run.window)));
    run
}

/// Nothing listened at the target.
pub(crate) fn all_refused() -> RunSummary {
    let mut builder = RunBuilder::new("smoke", "1 VU for 30s", Duration::from_secs(30));
    for second in 0..30 {
        builder.iteration(second, &LISTS.map(|endpoint| (endpoint, Reply::Error("refused"))));
    }
    builder.vus(&[1], 1);
    builder.done(&[
        ("http_req_failed", "rate<0.01"),
        ("http_req_duration", "p(95)<800"),
        ("works_list_shape_error_rate", "rate<0.01"),
    ])
}

/// The user stopped the run before anything was due.
pub(crate) fn no_request() -> RunSummary {
    let builder = RunBuilder::new("baseline", "10 VUs for 3m", Duration::ZERO);
    let mut run =
        builder.done(&[("http_req_failed", "rate<0.01"), ("http_req_duration", "p(95)<800")]);
    run.stopped = Some(StopReason::Interrupted);
    run.elapsed = Duration::ZERO;
    run
}

/// A run in which a request was lost, and another interrupted.
pub(crate) fn lost_request() -> RunSummary {
    let mut builder = RunBuilder::new("smoke", "1 VU for 30s", Duration::from_secs(30));
    builder.iteration(0, &[(LISTS[0], Reply::Status(200, true))]);
    let mut run = builder.done(&[("http_req_failed", "rate<0.01")]);
    run.requests = RequestTally { sent: 3, interrupted: 1, ..run.requests };
    run.iterations = IterationTally { planned: 2, interrupted: 1, ..run.iterations };
    run
}

/// The log of a server behind nginx with the JSON format, to `requests` good requests.
pub(crate) fn good_server(requests: u64) -> AccessLogWindow {
    let mut window = AccessLogWindow::default();
    window.lines = requests;
    window.statuses.insert(200, requests);
    window.upstream_response_time.count = requests;
    window.upstream_response_time.total =
        Duration::from_millis(2) * u32::try_from(requests).unwrap();
    window.upstream_response_time.max = Duration::from_millis(41);
    window
}

/// A log with final and masked 502s that does not tell everything.
pub(crate) fn bad_server() -> AccessLogWindow {
    let mut window = good_server(580);
    window.lines = 590;
    window.statuses.extend([(502, 6), (429, 4)]);
    window.bad_gateway_final = 6;
    window.bad_gateway_masked = 2;
    window.without_upstream = 4;
    window.unreadable = 1;
    window.rotated = true;
    window
}

/// The run with everything else that a result file holds.
fn result(run: RunSummary, server: Option<AccessLogWindow>) -> RunResult {
    let mut result = RunResult::new(run);
    result.server = server;
    result.started_at = "2026-11-22T16:00:00.25Z".parse().ok();
    result.tool_version = "0.1.0".to_owned();
    let setting = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    result.settings =
        [("seed", "42"), ("timeout", "60s"), ("auth-token", "set")].map(setting).into();
    result.files = vec![WrittenFile { kind: "html".to_owned(), name: "report.html".to_owned() }];
    result
}

/// Names and texts that mean something in HTML, Markdown, XML, CSV or a terminal.
pub(crate) fn hostile() -> RunSummary {
    let name = "a|b`<script>alert(1)</script>&\"'*_[x](y)";
    let mut builder = RunBuilder::new(name, "<b>&amp;\u{1b}[2J", Duration::from_secs(2));
    for second in 0..2 {
        builder.iteration(second, &[(name, Reply::Status(500, true))]);
    }
    builder.violation(name, "/data/<i>: type: expected string, found null", 2);
    let mut run = builder.done(&[("http_req_failed", "rate<0.01")]);
    run.target = "http://x/?<\"'&>\n# not a heading".to_owned();
    run.addresses = vec!["[::1]:80".to_owned()];
    run.run_id = Some("run|1".to_owned());
    run.drifts = [
        DriftKind::BecameEmpty,
        DriftKind::ChangedType { from: "array", to: "string" },
        DriftKind::Shortened { from: 20.0, to: 7.25 },
    ]
    .into_iter()
    .map(|what| Drift {
        endpoint: name.to_owned(),
        path: "/data/items/*/<tags>".to_owned(),
        what,
        from_second: 1,
        until_second: Some(2),
        share: 0.123_456_789_012_345_67,
    })
    .collect();
    run.drifts_not_kept = 1;
    run
}

/// One of every kind, by name.
pub(crate) fn results() -> Vec<(&'static str, RunResult)> {
    // Recording thousands of requests takes a while in a debug build.
    static RESULTS: LazyLock<Vec<(&str, RunResult)>> = LazyLock::new(make_results);
    RESULTS.clone()
}

fn make_results() -> Vec<(&'static str, RunResult)> {
    vec![
        ("good_spike", result(watched_spike(), Some(good_server(good_spike().requests.sent)))),
        ("failures", result(failures_and_violations(), Some(bad_server()))),
        ("suspect", result(suspect_spike(), None)),
        ("saturated", result(saturated_baseline(), None)),
        ("all_refused", result(all_refused(), None)),
        ("no_request", result(no_request(), None)),
        ("lost_request", result(lost_request(), None)),
        ("hostile", result(hostile(), None)),
    ]
}

/// Ten minutes with twelve endpoints and something wrong in every second.
pub(crate) fn long_run() -> RunResult {
    let names: Vec<_> = (0..12).map(|number| format!("endpoint-number-{number:02}")).collect();
    let mut builder = RunBuilder::new("long", "25/s for 10m", Duration::from_secs(600));
    for second in 0..600_u64 {
        for number in 0..1 + second % 3 {
            let status = if (second + number).is_multiple_of(40) { 502 } else { 200 };
            let reply = Reply::Status(status, number != 1);
            let replies: Vec<_> = names.iter().map(|name| (name.as_str(), reply)).collect();
            builder.iteration(second, &replies);
        }
        builder.dropped(second, second % 2);
    }
    builder.vus(&[1, 30], 40);
    for number in 0..200 {
        let text = format!("/data/items/*/field{number}: type: expected string, found null");
        builder.violation(&names[number % 12], &text, 5);
    }
    let mut run = builder.done(&SPIKE);
    run.health = Some(GeneratorHealth::of_run(&run, LoadModel::Open));
    result(run, None)
}
