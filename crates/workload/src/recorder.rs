//! From what happens in a run to its metrics.

mod bodies;
mod endpoint;
#[cfg(test)]
mod tests;
mod violations;

use std::cell::RefCell;
use std::time::Duration;

use metrics::{
    CounterId, GaugeId, MetricKey, MetricSet, OutcomeSpan, RequestTally, ShapeViolation,
    TimeSeries, TrendId,
};
use probe::Violation;
use scenario::{Iteration, Observer};
use tokio::time::Instant;

use crate::signs::Sign;
use crate::snapshots::Snapshots;
use crate::transport::Exchange;
use crate::{Endpoint, Progress};
pub(crate) use bodies::BodyCounts;
use endpoint::{End, EndpointSeries};
use violations::Violations;

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
    violations: Violations,
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
    end: End,
}

/// What was recorded, when the run is over.
pub(crate) struct Recorded {
    pub(crate) metrics: MetricSet,
    pub(crate) series: TimeSeries,
    pub(crate) requests: RequestTally,
    pub(crate) outcomes: Vec<OutcomeSpan>,
    pub(crate) violations: Vec<ShapeViolation>,
    pub(crate) violations_not_kept: u64,
}

impl Recorded {
    /// Takes in what another worker recorded.
    pub(crate) fn merge(&mut self, other: Self) {
        self.metrics.merge(&other.metrics);
        self.series.merge(&other.series);
        self.requests.add(&other.requests);
        OutcomeSpan::merge_all(&mut self.outcomes, other.outcomes);
        let kept = violations::KEPT;
        let more = ShapeViolation::merge_all(&mut self.violations, other.violations, kept);
        self.violations_not_kept += other.violations_not_kept + more;
    }
}

/// How the server's answer, if any, was judged.
pub(crate) struct Judgement<'a> {
    /// Whether the status was an expected one; `None` without a whole response.
    pub(crate) expected: Option<bool>,
    /// What is wrong with the body; `None` if it was not to be checked.
    pub(crate) violations: Option<&'a [Violation]>,
    /// Whether the body was known to conform.
    pub(crate) unchanged: bool,
    /// What the body shows at a glance, where it was not the expected one.
    pub(crate) sign: Sign,
    /// How many works a list has; `None` if that is not known.
    pub(crate) items: Option<usize>,
}

impl<'a> Recorder<'a> {
    /// Records scenarios, given by their names, with the endpoints of each, numbered through. Times
    /// are counted from `epoch`. The worker shows its series in its place of `snapshots`, and shares
    /// `bodies` with the others. Trends that `followed` takes in are kept second by second.
    pub(crate) fn new<'s>(
        scenarios: impl Iterator<Item = (&'s str, &'s [Endpoint])>,
        progress: &'a Progress,
        epoch: Instant,
        (snapshots, worker): (&'a Snapshots, usize),
        bodies: &BodyCounts,
        followed: impl IntoIterator<Item = MetricKey>,
    ) -> Self {
        let mut metrics = MetricSet::default();
        followed.into_iter().for_each(|selector| metrics.follow(selector));
        let run = RunSeries::new(&mut metrics);
        let (mut iterations, mut endpoints) = (Vec::new(), Vec::new());
        for (scenario, own) in scenarios {
            iterations.push(IterationSeries::new(scenario, &mut metrics));
            for own in own {
                endpoints.push(EndpointSeries::new(scenario, own, bodies, &mut metrics));
            }
        }
        let state = State {
            metrics,
            series: TimeSeries::default(),
            requests: RequestTally::default(),
            endpoints,
            iterations,
            run,
            violations: Violations::default(),
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
        state.metrics.finish();
        let mut outcomes = Vec::new();
        let spans = state.endpoints.iter().flat_map(EndpointSeries::spans).collect();
        OutcomeSpan::merge_all(&mut outcomes, spans);
        let (violations, violations_not_kept) = state.violations.into_kept();
        Recorded {
            metrics: state.metrics,
            series: state.series,
            requests: state.requests,
            outcomes,
            violations,
            violations_not_kept,
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
        self.recorder.progress.add_request(failed, exchange.elapsed);
        let state = &mut *self.recorder.state.borrow_mut();
        let at = self.recorder.offset(self.begun + exchange.elapsed);
        state.metrics.advance(at.as_secs());
        let second = state.series.at(at);
        second.requests += 1;
        second.failed += u64::from(failed);
        match judgement.expected {
            Some(true) => state.requests.expected += 1,
            Some(false) => state.requests.unexpected += 1,
            None => state.requests.errors += 1,
        }
        state.run.record_exchange(&mut state.metrics, exchange);
        let series = &mut state.endpoints[self.endpoint];
        let number = series.record(&mut state.metrics, exchange, judgement, (self.lag, at));
        if let Some((number, violations)) = number.zip(judgement.violations) {
            state.violations.add((self.endpoint, &series.name), violations, number, at);
        }
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
            let (endpoint, lag, elapsed) = (self.endpoint, self.lag, self.begun.elapsed());
            let end = End { at: self.recorder.offset(self.begun + elapsed), elapsed };
            state.unanswered.push(Unanswered { endpoint, lag, end });
        }
    }
}

impl State {
    fn fail_unanswered(&mut self) {
        for Unanswered { endpoint, lag, end } in std::mem::take(&mut self.unanswered) {
            self.endpoints[endpoint].record_unanswered(&mut self.metrics, lag, end);
        }
    }
}

impl Observer for Recorder<'_> {
    fn started(&self, iteration: &Iteration) {
        let state = &mut *self.state.borrow_mut();
        let started = self.offset(iteration.started);
        state.metrics.advance(started.as_secs());
        state.series.at(started).iterations += 1;
        state.series.at(self.offset(iteration.planned)).planned += 1;
        let lag = iteration.started - iteration.planned;
        state.metrics.record(state.iterations[iteration.scenario].start_lag, lag);
    }

    fn completed(&self, iteration: &Iteration, ended: Instant) {
        self.progress.add_completed();
        let State { metrics, iterations, .. } = &mut *self.state.borrow_mut();
        let series = &iterations[iteration.scenario];
        metrics.advance(self.offset(ended).as_secs());
        metrics.add(series.count, 1);
        metrics.record(series.duration, ended - iteration.started);
        metrics.record(series.response_time, ended - iteration.planned);
    }

    fn dropped(&self, scenario: usize, planned: Instant) {
        self.progress.add_dropped();
        let State { metrics, series, iterations, .. } = &mut *self.state.borrow_mut();
        let planned = self.offset(planned);
        metrics.advance(planned.as_secs());
        let second = series.at(planned);
        second.planned += 1;
        second.dropped += 1;
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
