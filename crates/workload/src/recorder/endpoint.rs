use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{BodySign, CounterId, MetricKey, MetricSet, OutcomeSpan, RateId, TrendId};

use super::Judgement;
use super::bodies::{BodyCount, BodyCounts};
use crate::signs::Sign;
use crate::transport::{Exchange, TransportError};
use crate::{Endpoint, Role, series};

/// The series of one endpoint in one scenario.
pub(super) struct EndpointSeries {
    pub(super) name: String,
    role: Role,
    auth: bool,
    /// Of all workers and scenarios.
    bodies: BodyCount,
    /// `http_reqs` with all that the series of the endpoint have in common.
    counted: MetricKey,
    /// Made when first needed.
    outcomes: BTreeMap<Outcome, Counted>,
    reconnects: CounterId,
    failed: RateId,
    backpressure: RateId,
    status_check: RateId,
    shape_check: RateId,
    shape_errors: RateId,
    /// Bodies that were known to conform, among all that were checked.
    checks_skipped: RateId,
    /// Of lists whose items are known.
    empty: Option<RateId>,
    duration_expected: TrendId,
    /// `http_req_duration` of failed requests.
    failed_duration: MetricKey,
    /// Its series, by the class of error where there was no answer; made when first needed.
    durations_failed: BTreeMap<Option<&'static str>, TrendId>,
    response_time: TrendId,
    blocked: TrendId,
    connecting: TrendId,
    tls_handshaking: TrendId,
    sending: TrendId,
    waiting: TrendId,
    receiving: TrendId,
}

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    answer: Answer,
    expected: bool,
    sign: Sign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Status(u16),
    Error(TransportError),
    Interrupted,
}

/// The class of a request that was cut off although it had time.
const INTERRUPTED: &str = "interrupted";

/// How often that was, and from when to when.
struct Counted {
    counter: CounterId,
    count: u64,
    first_at: Duration,
    last_at: Duration,
    longest: Duration,
}

/// When a request ended, since the beginning of the run, and how long it took.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) at: Duration,
    pub(super) elapsed: Duration,
}

impl EndpointSeries {
    pub(super) fn new(
        scenario: &str,
        endpoint: &Endpoint,
        bodies: &BodyCounts,
        metrics: &mut MetricSet,
    ) -> Self {
        let key = |name: &str| {
            let key = MetricKey::new(name).with("endpoint", endpoint.name());
            let key = key.with("role", endpoint.role().name()).with("scenario", scenario);
            match endpoint.variant {
                Some(variant) => key.with("variant", variant.name()),
                None => key,
            }
        };
        let check = |name| key("checks").with("check", name);
        let duration = |expected| key("http_req_duration").with("expected_response", expected);
        let role = endpoint.role();
        EndpointSeries {
            name: endpoint.name().to_owned(),
            role,
            auth: endpoint.auth,
            bodies: bodies.of(endpoint.name()),
            counted: key("http_reqs"),
            outcomes: BTreeMap::new(),
            reconnects: metrics.counter(key("http_reconnects")),
            failed: metrics.rate(key("http_req_failed")),
            backpressure: metrics.rate(key(series::BACKPRESSURE)),
            status_check: metrics.rate(check(series::STATUS_CHECK)),
            shape_check: metrics.rate(check(series::SHAPE_CHECK)),
            shape_errors: metrics.rate(key(series::shape_errors(role))),
            checks_skipped: metrics.rate(key(series::CHECKS_SKIPPED)),
            empty: (role == Role::List && endpoint.items.is_some())
                .then(|| metrics.rate(key(series::LIST_EMPTY))),
            duration_expected: metrics.trend(duration("true")),
            failed_duration: duration("false"),
            durations_failed: BTreeMap::new(),
            response_time: metrics.trend(key("http_req_response_time")),
            blocked: metrics.trend(key("http_req_blocked")),
            connecting: metrics.trend(key("http_req_connecting")),
            tls_handshaking: metrics.trend(key("http_req_tls_handshaking")),
            sending: metrics.trend(key("http_req_sending")),
            waiting: metrics.trend(key("http_req_waiting")),
            receiving: metrics.trend(key("http_req_receiving")),
        }
    }

    /// Records a request that ended at `at`. Returns the number of its response among those of the
    /// endpoint whose body was checked, if it was.
    pub(super) fn record(
        &mut self,
        metrics: &mut MetricSet,
        exchange: &Exchange,
        judgement: &Judgement<'_>,
        (lag, at): (Duration, Duration),
    ) -> Option<u64> {
        let answer = match &exchange.result {
            Ok(response) => Answer::Status(response.status),
            Err(error) => Answer::Error(*error),
        };
        let expected = judgement.expected == Some(true);
        let sign = if judgement.items == Some(0) { Sign::EmptyList } else { judgement.sign };
        let end = End { at, elapsed: exchange.elapsed };
        self.count(metrics, Outcome { answer, expected, sign }, end);
        metrics.add(self.reconnects, u64::from(exchange.reconnected));
        match exchange.result {
            Ok(_) => self.record_times(metrics, exchange, expected, lag),
            // It took at least that long; leaving it out would flatter the percentiles.
            Err(error @ (TransportError::Timeout | TransportError::HeaderTimeout)) => {
                self.record_wait(metrics, error.name(), lag, exchange.elapsed);
            }
            // Nothing was sent that could have a duration, but who waited, waited.
            Err(TransportError::ConnectTimeout) => {
                metrics.record(self.response_time, lag + exchange.elapsed);
            }
            // A refused connection says nothing about how quickly the service answers.
            Err(_) => {}
        }
        self.record_body(metrics, judgement)
    }

    fn record_body(&self, metrics: &mut MetricSet, judgement: &Judgement<'_>) -> Option<u64> {
        if let Some((empty, items)) = self.empty.zip(judgement.items) {
            metrics.observe(empty, items == 0);
        }
        let conforms = judgement.violations?.is_empty();
        metrics.observe(self.shape_check, conforms);
        metrics.observe(self.shape_errors, !conforms);
        metrics.observe(self.checks_skipped, judgement.unchanged);
        Some(self.bodies.next())
    }

    fn record_times(
        &mut self,
        metrics: &mut MetricSet,
        exchange: &Exchange,
        expected: bool,
        lag: Duration,
    ) {
        let timings = &exchange.timings;
        let duration = if expected { self.duration_expected } else { self.failed(metrics, None) };
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

    /// Records a request that was cut off although it had time.
    pub(super) fn record_unanswered(&mut self, metrics: &mut MetricSet, lag: Duration, end: End) {
        let (answer, sign) = (Answer::Interrupted, Sign::None);
        self.count(metrics, Outcome { answer, expected: false, sign }, end);
        self.record_wait(metrics, INTERRUPTED, lag, end.elapsed);
    }

    /// The time of a request without a response: it took at least that long.
    fn record_wait(
        &mut self,
        metrics: &mut MetricSet,
        error: &'static str,
        lag: Duration,
        waited: Duration,
    ) {
        let duration = self.failed(metrics, Some(error));
        metrics.record(duration, waited);
        metrics.record(self.response_time, lag + waited);
    }

    /// The durations of failed requests: of those that were answered, or of those with this error.
    fn failed(&mut self, metrics: &mut MetricSet, error: Option<&'static str>) -> TrendId {
        let key = || {
            let key = self.failed_duration.clone();
            error.map_or(key.clone(), |error| key.with("error", error))
        };
        *self.durations_failed.entry(error).or_insert_with(|| metrics.trend(key()))
    }

    fn count(&mut self, metrics: &mut MetricSet, outcome: Outcome, end: End) {
        let key = || self.counted.clone();
        let counted = self.outcomes.entry(outcome).or_insert_with(|| Counted {
            counter: metrics.counter(outcome.answer.tagged(key())),
            count: 0,
            first_at: end.at,
            last_at: end.at,
            longest: end.elapsed,
        });
        counted.add(end);
        metrics.add(counted.counter, 1);
        metrics.observe(self.failed, !outcome.expected);
        metrics.observe(self.status_check, outcome.expected);
        metrics.observe(self.backpressure, outcome.answer == Answer::Status(429));
    }

    /// What the endpoint's requests came to.
    pub(super) fn spans(&self) -> impl Iterator<Item = OutcomeSpan> {
        self.outcomes.iter().map(|(outcome, counted)| OutcomeSpan {
            endpoint: self.name.clone(),
            role: self.role.name().to_owned(),
            auth: self.auth,
            answer: outcome.answer.named(),
            expected: outcome.expected,
            body: body_sign(outcome.sign),
            count: counted.count,
            first_at: counted.first_at,
            last_at: counted.last_at,
            longest: counted.longest,
        })
    }
}

impl Answer {
    fn tagged(self, key: MetricKey) -> MetricKey {
        match self {
            Answer::Status(status) => key.with("status", status.to_string()),
            Answer::Error(error) => key.with("error", error.name()),
            Answer::Interrupted => key.with("error", INTERRUPTED),
        }
    }

    fn named(self) -> metrics::Answer {
        match self {
            Answer::Status(status) => metrics::Answer::Status(status),
            Answer::Error(error) => metrics::Answer::Error(error.name().to_owned()),
            Answer::Interrupted => metrics::Answer::Interrupted,
        }
    }
}

fn body_sign(sign: Sign) -> BodySign {
    match sign {
        Sign::None => BodySign::None,
        Sign::EmptyList => BodySign::EmptyList,
        Sign::Markup => BodySign::Markup,
        Sign::Code(code) => BodySign::Code(code.to_owned()),
    }
}

impl Counted {
    /// Workers end requests in the order of time, but a request that was cut off is told later.
    fn add(&mut self, end: End) {
        self.count += 1;
        self.first_at = self.first_at.min(end.at);
        self.last_at = self.last_at.max(end.at);
        self.longest = self.longest.max(end.elapsed);
    }
}
