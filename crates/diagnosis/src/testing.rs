//! Runs that were never run, for tests.

use std::time::Duration;

use metrics::{
    Answer, BodySign, Finding, GeneratorHealth, LoadModel, MetricKey, OutcomeSpan, RunSummary,
    ShapeViolation,
};

use crate::class::Class;

pub(crate) fn status(status: u16) -> Answer {
    Answer::Status(status)
}

pub(crate) fn error(class: &str) -> Answer {
    Answer::Error(class.to_owned())
}

/// The ids of what is found.
pub(crate) fn ids(run: &Run) -> Vec<String> {
    run.findings().into_iter().map(|finding| finding.id).collect()
}

/// A run under construction. What changes a span changes the last one.
pub(crate) struct Run {
    pub(crate) summary: RunSummary,
}

impl Run {
    pub(crate) fn new() -> Self {
        Run { summary: RunSummary::new("spike") }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        crate::findings(&self.summary)
    }

    /// The one finding with this id.
    pub(crate) fn finding(&self, id: &str) -> Finding {
        let found = self.findings();
        let position = found.iter().position(|own| own.id == id);
        position.map(|at| found[at].clone()).unwrap_or_else(|| panic!("no {id} in {found:#?}"))
    }

    /// Answers of an endpoint. Its name says its role (`detail`) and whether it needs the token
    /// (`personal`).
    pub(crate) fn span(mut self, endpoint: &str, answer: Answer, count: u64) -> Self {
        self.summary.requests.sent += count;
        self.summary.outcomes.push(OutcomeSpan {
            endpoint: endpoint.to_owned(),
            role: if endpoint.contains("detail") { "detail" } else { "list" }.to_owned(),
            auth: endpoint.contains("personal"),
            expected: answer == Answer::Status(200),
            answer,
            body: BodySign::None,
            count,
            first_at: Duration::ZERO,
            last_at: Duration::from_secs(10),
            longest: Duration::from_millis(20),
        });
        self
    }

    fn last(&mut self) -> &mut OutcomeSpan {
        self.summary.outcomes.last_mut().unwrap()
    }

    pub(crate) fn body(mut self, body: BodySign) -> Self {
        self.last().body = body;
        self
    }

    pub(crate) fn code(self, code: &str) -> Self {
        self.body(BodySign::Code(code.to_owned()))
    }

    pub(crate) fn expected(mut self) -> Self {
        self.last().expected = true;
        self
    }

    pub(crate) fn between(mut self, first_ms: u64, last_ms: u64) -> Self {
        let span = self.last();
        span.first_at = Duration::from_millis(first_ms);
        span.last_at = Duration::from_millis(last_ms);
        self
    }

    pub(crate) fn longest(mut self, millis: u64) -> Self {
        self.last().longest = Duration::from_millis(millis);
        self
    }

    pub(crate) fn violation(mut self, endpoint: &str, path: &str, keyword: &str, n: u64) -> Self {
        let mut violation = ShapeViolation {
            endpoint: endpoint.to_owned(),
            path: path.to_owned(),
            keyword: keyword.to_owned(),
            text: format!("{path}: {keyword}"),
            ..ShapeViolation::default()
        };
        (1..=n).for_each(|response| violation.record(response, Duration::from_secs(response)));
        self.summary.violations.push(violation);
        self
    }

    pub(crate) fn reconnects(mut self, endpoint: &str, count: u64) -> Self {
        let key = MetricKey::new("http_reconnects").with("endpoint", endpoint);
        let counter = self.summary.metrics.counter(key);
        self.summary.metrics.add(counter, count);
        self
    }

    /// Expected answers that took so long.
    pub(crate) fn took(mut self, millis: u64) -> Self {
        let key = MetricKey::new("http_req_duration").with("expected_response", "true");
        let trend = self.summary.metrics.trend(key);
        self.summary.metrics.record(trend, Duration::from_millis(millis));
        self
    }

    pub(crate) fn health(mut self, change: impl FnOnce(&mut GeneratorHealth)) -> Self {
        let mut health = GeneratorHealth::of_run(&self.summary, LoadModel::Open);
        change(&mut health);
        self.summary.health = Some(health);
        self
    }
}

/// A run with failures of this class.
pub(crate) fn of_class(class: Class) -> Run {
    let run = Run::new().span("list", status(200), 50);
    match class {
        Class::AcceptLayer => run.span("list", error("refused"), 3),
        Class::BadGateway => run.span("list", status(502), 3),
        Class::Backpressure => run.span("list", status(429), 3),
        Class::DetailMissing => run.span("detail", status(404), 3),
        Class::Descriptors => run.span("list", error("descriptors"), 3),
        Class::Ended => run.span("list", error("closed"), 3),
        Class::EntryDisabled => run.span("list", status(503), 3).code("creation_entry_disabled"),
        Class::GatewayTimeout => run.span("list", status(504), 3),
        Class::Other => run.span("list", status(418), 3),
        Class::Ports => run.span("list", error("ports"), 3),
        Class::PublicUnauthorized => run.span("list", status(401), 3),
        Class::Redirect => run.span("list", status(301), 3),
        Class::RouteMissing => run.span("list", status(404), 3),
        Class::ServerError => run.span("list", status(500), 3),
        Class::Timeout => run.span("list", error("timeout"), 3),
        Class::Unanswered => run.span("list", Answer::Interrupted, 3),
        Class::Unauthorized => run.span("personal-list", status(401), 3),
        Class::Unavailable => run.span("list", status(503), 3),
    }
}
