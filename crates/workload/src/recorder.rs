//! From what happens in a run to its metrics.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{
    CounterId, GaugeId, MetricKey, MetricSet, RateId, RequestTally, TimeSeries, TrendId,
};
use probe::{Examined, Violation};
use scenario::{Iteration, Observer};
use tokio::time::Instant;

use crate::snapshots::Snapshots;
use crate::transport::{Exchange, TransportError};
use crate::{Endpoint, Progress, series};

/// Distinct violations that are kept by name; what comes beyond is counted only.
const VIOLATIONS_MAX: usize = 100;

/// Records one worker's run. The executor and all virtual users of the worker share it.
pub(crate) struct Recorder<'a> {
    epoch: Instant,
    progress: &'a Progress,
    snapshots: &'a Snapshots,
    worker: usize,
    state: RefCell<State>,
}

struct State {
    metrics: MetricSet,
    series: TimeSeries,
    requests: RequestTally,
    /// Of all scenarios.
    endpoints: Vec<EndpointSeries>,
    /// Of each scenario.
    iterations: Vec<IterationSeries>,
    run: RunSeries,
    violations: BTreeMap<(usize, Violation), u64>,
    violations_not_kept: u64,
    unanswered: Vec<Unanswered>,
    /// The question that was answered last.
    answered: u64,
    /// The worker's users, busy and in all.
    users: (i64, i64),
}

/// A request that was cut off with its iteration. A virtual user has at most one.
struct Unanswered {
    endpoint: usize,
    lag: Duration,
    waited: Duration,
}

/// What was recorded, when the run is over.
pub(crate) struct Recorded {
    pub(crate) metrics: MetricSet,
    pub(crate) series: TimeSeries,
    pub(crate) requests: RequestTally,
    /// By the endpoint's name and the violation's text.
    pub(crate) violations: BTreeMap<(String, String), u64>,
    pub(crate) violations_not_kept: u64,
}

impl Recorded {
    /// Takes in what another worker recorded.
    pub(crate) fn merge(&mut self, other: Self) {
        self.metrics.merge(&other.metrics);
        self.series.merge(&other.series);
        self.requests.add(&other.requests);
        for (violation, count) in other.violations {
            *self.violations.entry(violation).or_default() += count;
        }
        self.violations_not_kept += other.violations_not_kept;
    }
}

/// How the server's answer, if any, was judged.
pub(crate) struct Judgement<'a> {
    /// Whether the status was an expected one; `None` without a whole response.
    pub(crate) expected: Option<bool>,
    /// What was said about the body; `None` if it was not to be checked.
    pub(crate) body: Option<Examined<'a>>,
}

impl<'a> Judgement<'a> {
    fn violations(&self) -> &'a [Violation] {
        self.body.map_or(&[], |body| body.violations)
    }
}

impl<'a> Recorder<'a> {
    /// Records scenarios, given by their names, with the endpoints of each, numbered through. Times
    /// are counted from `epoch`. The worker shows its series in its place of `snapshots`.
    pub(crate) fn new<'s>(
        scenarios: impl Iterator<Item = (&'s str, &'s [Endpoint])>,
        progress: &'a Progress,
        epoch: Instant,
        (snapshots, worker): (&'a Snapshots, usize),
    ) -> Self {
        let mut metrics = MetricSet::default();
        let run = RunSeries::new(&mut metrics);
        let (mut iterations, mut endpoints) = (Vec::new(), Vec::new());
        for (scenario, own) in scenarios {
            iterations.push(IterationSeries::new(scenario, &mut metrics));
            let own = own.iter().map(|own| EndpointSeries::new(scenario, own, &mut metrics));
            endpoints.extend(own);
        }
        let state = State {
            metrics,
            series: TimeSeries::default(),
            requests: RequestTally::default(),
            endpoints,
            iterations,
            run,
            violations: BTreeMap::new(),
            violations_not_kept: 0,
            unanswered: Vec::new(),
            answered: 0,
            users: (0, 0),
        };
        Recorder { epoch, progress, snapshots, worker, state: RefCell::new(state) }
    }

    /// Notes that a request begins. Dropping the guard without [`InFlight::ended`] counts the
    /// request as interrupted.
    pub(crate) fn begin(&self, endpoint: usize, lag: Duration) -> InFlight<'_, 'a> {
        self.state.borrow_mut().requests.sent += 1;
        InFlight { recorder: self, endpoint, lag, begun: Instant::now(), ended: false }
    }

    /// Ends the recording. Where `had_time` to be answered, because there was a graceful stop and
    /// it was waited for, requests that were cut off have failed.
    pub(crate) fn into_recorded(self, had_time: bool) -> Recorded {
        let mut state = self.state.into_inner();
        if had_time {
            state.fail_unanswered();
        }
        let name = |at: usize| state.endpoints[at].name.clone();
        let violations = state.violations.into_iter();
        let violations = violations
            .map(|((at, violation), count)| ((name(at), violation.to_string()), count))
            .collect();
        Recorded {
            metrics: state.metrics,
            series: state.series,
            requests: state.requests,
            violations,
            violations_not_kept: state.violations_not_kept,
        }
    }

    fn offset(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.epoch)
    }
}

/// A request that was begun.
pub(crate) struct InFlight<'r, 'a> {
    recorder: &'r Recorder<'a>,
    endpoint: usize,
    lag: Duration,
    begun: Instant,
    ended: bool,
}

impl InFlight<'_, '_> {
    /// When the request was wanted.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Records how it ended.
    pub(crate) fn ended(mut self, exchange: &Exchange, judgement: &Judgement<'_>) {
        self.ended = true;
        let failed = judgement.expected != Some(true);
        self.recorder.progress.add_request(failed);
        let state = &mut *self.recorder.state.borrow_mut();
        let second = state.series.at(self.recorder.offset(self.begun + exchange.elapsed));
        second.requests += 1;
        second.failed += u64::from(failed);
        match judgement.expected {
            Some(true) => state.requests.expected += 1,
            Some(false) => state.requests.unexpected += 1,
            None => state.requests.errors += 1,
        }
        state.run.record_exchange(&mut state.metrics, exchange);
        let series = &mut state.endpoints[self.endpoint];
        series.record(&mut state.metrics, exchange, judgement, self.lag);
        state.keep_violations(self.endpoint, judgement.violations());
        let Recorder { snapshots, worker, .. } = self.recorder;
        let asked = snapshots.asked();
        if asked != state.answered {
            state.answered = asked;
            snapshots.answer(*worker, &state.metrics);
        }
    }
}

impl Drop for InFlight<'_, '_> {
    fn drop(&mut self) {
        if !self.ended {
            let state = &mut *self.recorder.state.borrow_mut();
            state.requests.interrupted += 1;
            let (endpoint, lag, waited) = (self.endpoint, self.lag, self.begun.elapsed());
            state.unanswered.push(Unanswered { endpoint, lag, waited });
        }
    }
}

impl State {
    fn fail_unanswered(&mut self) {
        for Unanswered { endpoint, lag, waited } in std::mem::take(&mut self.unanswered) {
            self.endpoints[endpoint].record_unanswered(&mut self.metrics, lag, waited);
        }
    }

    fn keep_violations(&mut self, endpoint: usize, violations: &[Violation]) {
        for violation in violations {
            let key = (endpoint, violation.clone());
            if let Some(count) = self.violations.get_mut(&key) {
                *count += 1;
            } else if self.violations.len() < VIOLATIONS_MAX {
                self.violations.insert(key, 1);
            } else {
                self.violations_not_kept += 1;
            }
        }
    }
}

impl Observer for Recorder<'_> {
    fn started(&self, iteration: &Iteration) {
        let state = &mut *self.state.borrow_mut();
        state.series.at(self.offset(iteration.started)).iterations += 1;
        let lag = iteration.started - iteration.planned;
        state.metrics.record(state.iterations[iteration.scenario].start_lag, lag);
    }

    fn completed(&self, iteration: &Iteration, ended: Instant) {
        self.progress.add_completed();
        let State { metrics, iterations, .. } = &mut *self.state.borrow_mut();
        let series = &iterations[iteration.scenario];
        metrics.add(series.count, 1);
        metrics.record(series.duration, ended - iteration.started);
        metrics.record(series.response_time, ended - iteration.planned);
    }

    fn dropped(&self, scenario: usize, planned: Instant) {
        self.progress.add_dropped();
        let State { metrics, series, iterations, .. } = &mut *self.state.borrow_mut();
        series.at(self.offset(planned)).dropped += 1;
        metrics.add(iterations[scenario].dropped, 1);
    }

    fn users(&self, busy: usize, allocated: usize) {
        let State { metrics, run, users, .. } = &mut *self.state.borrow_mut();
        let now = (busy as i64, allocated as i64);
        let before = std::mem::replace(users, now);
        let (busy, allocated) = self.progress.change_users(now.0 - before.0, now.1 - before.1);
        metrics.set(run.vus, busy);
        metrics.set(run.vus_max, allocated);
    }
}

/// The series of one scenario's iterations.
struct IterationSeries {
    count: CounterId,
    dropped: CounterId,
    duration: TrendId,
    response_time: TrendId,
    start_lag: TrendId,
}

impl IterationSeries {
    fn new(scenario: &str, metrics: &mut MetricSet) -> Self {
        let key = |name: &str| MetricKey::new(name).with("scenario", scenario);
        IterationSeries {
            count: metrics.counter(key("iterations")),
            dropped: metrics.counter(key("dropped_iterations")),
            duration: metrics.trend(key("iteration_duration")),
            response_time: metrics.trend(key("iteration_response_time")),
            start_lag: metrics.trend(key("iteration_start_lag")),
        }
    }
}

/// The series that belong to no scenario.
struct RunSeries {
    vus: GaugeId,
    vus_max: GaugeId,
    data_sent: CounterId,
    data_received: CounterId,
}

impl RunSeries {
    fn new(metrics: &mut MetricSet) -> Self {
        RunSeries {
            vus: metrics.gauge(MetricKey::new("vus")),
            vus_max: metrics.gauge(MetricKey::new("vus_max")),
            data_sent: metrics.counter(MetricKey::new("data_sent")),
            data_received: metrics.counter(MetricKey::new("data_received")),
        }
    }

    fn record_exchange(&self, metrics: &mut MetricSet, exchange: &Exchange) {
        metrics.add(self.data_sent, exchange.bytes_sent);
        metrics.add(self.data_received, exchange.bytes_received);
    }
}

/// The series of one endpoint in one scenario.
struct EndpointSeries {
    name: String,
    /// `http_reqs` with all that the series of the endpoint have in common.
    counted: MetricKey,
    /// By status or error, made when first needed.
    requests: BTreeMap<Answer, CounterId>,
    reconnects: CounterId,
    failed: RateId,
    status_check: RateId,
    shape_check: RateId,
    shape_errors: RateId,
    /// Bodies that were known to conform, among all that were to be checked.
    checks_skipped: RateId,
    duration_expected: TrendId,
    duration_unexpected: TrendId,
    response_time: TrendId,
    blocked: TrendId,
    connecting: TrendId,
    tls_handshaking: TrendId,
    sending: TrendId,
    waiting: TrendId,
    receiving: TrendId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Status(u16),
    Error(TransportError),
    Interrupted,
}

impl EndpointSeries {
    fn new(scenario: &str, endpoint: &Endpoint, metrics: &mut MetricSet) -> Self {
        let key = |name: &str| {
            let key = MetricKey::new(name).with("endpoint", endpoint.name());
            key.with("role", endpoint.role().name()).with("scenario", scenario)
        };
        let check = |name| key("checks").with("check", name);
        let duration = |expected| key("http_req_duration").with("expected_response", expected);
        let shape_errors = series::shape_errors(endpoint.role());
        EndpointSeries {
            name: endpoint.name().to_owned(),
            counted: key("http_reqs"),
            requests: BTreeMap::new(),
            reconnects: metrics.counter(key("http_reconnects")),
            failed: metrics.rate(key("http_req_failed")),
            status_check: metrics.rate(check(series::STATUS_CHECK)),
            shape_check: metrics.rate(check(series::SHAPE_CHECK)),
            shape_errors: metrics.rate(key(shape_errors)),
            checks_skipped: metrics.rate(key("body_checks_skipped")),
            duration_expected: metrics.trend(duration("true")),
            duration_unexpected: metrics.trend(duration("false")),
            response_time: metrics.trend(key("http_req_response_time")),
            blocked: metrics.trend(key("http_req_blocked")),
            connecting: metrics.trend(key("http_req_connecting")),
            tls_handshaking: metrics.trend(key("http_req_tls_handshaking")),
            sending: metrics.trend(key("http_req_sending")),
            waiting: metrics.trend(key("http_req_waiting")),
            receiving: metrics.trend(key("http_req_receiving")),
        }
    }

    fn record(
        &mut self,
        metrics: &mut MetricSet,
        exchange: &Exchange,
        judgement: &Judgement<'_>,
        lag: Duration,
    ) {
        let answer = match &exchange.result {
            Ok(response) => Answer::Status(response.status),
            Err(error) => Answer::Error(*error),
        };
        let expected = judgement.expected == Some(true);
        self.count(metrics, answer, expected);
        metrics.add(self.reconnects, u64::from(exchange.reconnected));
        if let Some(body) = judgement.body {
            let conforms = body.violations.is_empty();
            metrics.observe(self.shape_check, conforms);
            metrics.observe(self.shape_errors, !conforms);
            metrics.observe(self.checks_skipped, body.unchanged);
        }
        match exchange.result {
            Ok(_) => self.record_times(metrics, exchange, expected, lag),
            // It took at least that long; leaving it out would flatter the percentiles.
            Err(TransportError::Timeout | TransportError::HeaderTimeout) => {
                self.record_wait(metrics, lag, exchange.elapsed);
            }
            // Nothing was sent that could have a duration, but who waited, waited.
            Err(TransportError::ConnectTimeout) => {
                metrics.record(self.response_time, lag + exchange.elapsed);
            }
            // A refused connection says nothing about how quickly the service answers.
            Err(_) => {}
        }
    }

    fn record_times(
        &self,
        metrics: &mut MetricSet,
        exchange: &Exchange,
        expected: bool,
        lag: Duration,
    ) {
        let timings = &exchange.timings;
        let duration = if expected { self.duration_expected } else { self.duration_unexpected };
        metrics.record(duration, timings.duration());
        metrics.record(self.response_time, lag + exchange.elapsed);
        for (trend, phase) in [
            (self.blocked, timings.blocked),
            (self.connecting, timings.connecting),
            (self.tls_handshaking, timings.tls_handshaking),
            (self.sending, timings.sending),
            (self.waiting, timings.waiting),
            (self.receiving, timings.receiving),
        ] {
            metrics.record(trend, phase);
        }
    }

    fn record_unanswered(&mut self, metrics: &mut MetricSet, lag: Duration, waited: Duration) {
        self.count(metrics, Answer::Interrupted, false);
        self.record_wait(metrics, lag, waited);
    }

    /// The time of a request without a response: it took at least that long.
    fn record_wait(&self, metrics: &mut MetricSet, lag: Duration, waited: Duration) {
        metrics.record(self.duration_unexpected, waited);
        metrics.record(self.response_time, lag + waited);
    }

    fn count(&mut self, metrics: &mut MetricSet, answer: Answer, expected: bool) {
        let counter = self.counter(metrics, answer);
        metrics.add(counter, 1);
        metrics.observe(self.failed, !expected);
        metrics.observe(self.status_check, expected);
    }

    fn counter(&mut self, metrics: &mut MetricSet, answer: Answer) -> CounterId {
        let key = || self.counted.clone();
        *self.requests.entry(answer).or_insert_with(|| match answer {
            Answer::Status(status) => metrics.counter(key().with("status", status.to_string())),
            Answer::Error(error) => metrics.counter(key().with("error", error.name())),
            Answer::Interrupted => metrics.counter(key().with("error", "interrupted")),
        })
    }
}
