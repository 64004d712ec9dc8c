use std::time::Duration;

use metrics::{Answer, OutcomeSpan, RunSummary};

use crate::class::Class;
use crate::seen::{Part, Seen};

/// A run, and what rules ask of it.
pub(crate) struct Case<'a> {
    pub(crate) run: &'a RunSummary,
}

impl<'a> Case<'a> {
    pub(crate) fn new(run: &'a RunSummary) -> Self {
        Case { run }
    }

    /// The answers that `wanted` takes; `None` if there are none.
    pub(crate) fn seen(&self, wanted: impl Fn(&OutcomeSpan) -> bool) -> Option<Seen<'a>> {
        let spans = self.run.outcomes.iter().filter(|span| wanted(span));
        self.seen_parts(spans.map(Part::of_span).collect())
    }

    /// The answers of one class of failures.
    pub(crate) fn failures(&self, class: Class) -> Option<Seen<'a>> {
        self.seen(|span| Class::of(span) == Some(class))
    }

    pub(crate) fn seen_parts(&self, parts: Vec<Part<'a>>) -> Option<Seen<'a>> {
        (!parts.is_empty()).then(|| Seen::new(parts, self.run))
    }

    /// How many answers `wanted` takes.
    pub(crate) fn count(&self, wanted: impl Fn(&OutcomeSpan) -> bool) -> u64 {
        let spans = self.run.outcomes.iter().filter(|span| wanted(span));
        spans.map(|span| span.count).sum()
    }

    /// When the last whole response was there.
    pub(crate) fn last_answered(&self) -> Option<Duration> {
        let answered = |span: &&OutcomeSpan| matches!(span.answer, Answer::Status(_));
        self.run.outcomes.iter().filter(answered).map(|span| span.last_at).max()
    }
}
