//! What was seen, in words: how many requests, of which endpoints, from when to when.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{Answer, OutcomeSpan, RunSummary, ShapeViolation};

/// How many endpoints or answers are named; the others are counted.
const NAMED: usize = 4;

/// Some requests of one endpoint that ended alike.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    endpoint: &'a str,
    /// How they ended.
    how: String,
    count: u64,
    first_at: Duration,
    last_at: Duration,
}

impl<'a> Part<'a> {
    pub(crate) fn of_span(span: &'a OutcomeSpan) -> Self {
        Part {
            endpoint: &span.endpoint,
            how: answer(&span.answer),
            count: span.count,
            first_at: span.first_at,
            last_at: span.last_at,
        }
    }

    pub(crate) fn of_violation(violation: &'a ShapeViolation) -> Self {
        Part {
            endpoint: &violation.endpoint,
            how: format!("body {}", violation.keyword),
            count: violation.count,
            first_at: violation.first_at,
            last_at: violation.last_at,
        }
    }
}

fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Status(status) => format!("status {status}"),
        Answer::Error(class) => format!("error {class}"),
        _ => "unanswered".to_owned(),
    }
}

/// Requests of some endpoints.
#[derive(Clone, Debug)]
pub(crate) struct Seen<'a> {
    parts: Vec<Part<'a>>,
    run: &'a RunSummary,
}

impl<'a> Seen<'a> {
    pub(crate) fn new(parts: Vec<Part<'a>>, run: &'a RunSummary) -> Self {
        Seen { parts, run }
    }

    pub(crate) fn count(&self) -> u64 {
        self.parts.iter().map(|part| part.count).sum()
    }

    pub(crate) fn first_at(&self) -> Duration {
        self.parts.iter().map(|part| part.first_at).min().unwrap_or_default()
    }

    pub(crate) fn last_at(&self) -> Duration {
        self.parts.iter().map(|part| part.last_at).max().unwrap_or_default()
    }

    /// Whether these took the place of what was seen last at `before`. What was under way may end a
    /// little later than these began.
    pub(crate) fn follow(&self, before: Duration) -> bool {
        let (first, last) = (self.first_at(), self.last_at());
        before.saturating_sub(first) <= (last - first) / 10
    }

    /// `39 of 78 requests (50.00%), status 429: list 39 of 60; from 0.1 s to 0.4 s`.
    pub(crate) fn text(&self) -> String {
        let sent = self.run.requests.sent;
        let hows = most(self.sums(|part| part.how.clone()), |how, _| how.to_owned(), "answers");
        let endpoint = |name: &str, count| format!("{name} {count} of {}", self.all_of(name));
        let endpoints = most(self.sums(|part| part.endpoint.to_owned()), endpoint, "endpoints");
        format!("{}, {hows}: {endpoints}; {}", share(self.count(), sent), self.when())
    }

    fn when(&self) -> String {
        let (first, last) = (seconds(self.first_at()), seconds(self.last_at()));
        if first == last { format!("at {first}") } else { format!("from {first} to {last}") }
    }

    fn all_of(&self, endpoint: &str) -> u64 {
        let own = self.run.outcomes.iter().filter(|span| span.endpoint == endpoint);
        own.map(|span| span.count).sum()
    }

    fn sums(&self, by: impl Fn(&Part<'a>) -> String) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for part in &self.parts {
            *sums.entry(by(part)).or_default() += part.count;
        }
        sums
    }
}

/// The most frequent ones by name, and how many more there are.
pub(crate) fn most(
    sums: BTreeMap<String, u64>,
    show: impl Fn(&str, u64) -> String,
    what: &str,
) -> String {
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|&(_, count)| Reverse(count));
    let (named, rest) = sums.split_at(sums.len().min(NAMED));
    let mut named: Vec<_> = named.iter().map(|(name, count)| show(name, *count)).collect();
    if !rest.is_empty() {
        named.push(format!("{} more {what}", rest.len()));
    }
    named.join(", ")
}

/// `39 of 78 requests (50.00%)`, cut and not rounded, but never to nothing.
pub(crate) fn share(count: u64, sent: u64) -> String {
    let hundredths = (u128::from(count) * 10_000).checked_div(u128::from(sent)).unwrap_or(0);
    let percent = match hundredths {
        0 if count > 0 => "below 0.01%".to_owned(),
        _ => format!("{}.{:02}%", hundredths / 100, hundredths % 100),
    };
    format!("{count} of {sent} requests ({percent})")
}

/// `4.2 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// A time that a request took: `1.5s`, `20.0ms`.
pub(crate) fn short(duration: Duration) -> String {
    format!("{duration:.1?}")
}

#[cfg(test)]
mod tests {

    use crate::case::Case;
    use crate::testing::{Run, error, status};

    fn text(run: &Run) -> String {
        Case::new(&run.summary).seen(|span| !span.expected).unwrap().text()
    }

    #[test]
    fn what_was_seen_is_said_with_counts_endpoints_and_times() {
        let run = Run::new()
            .span("list", status(200), 61)
            .span("list", error("refused"), 30)
            .between(100, 3_250)
            .span("other", error("reset"), 9)
            .between(2_000, 4_000);
        assert_eq!(
            text(&run),
            "39 of 100 requests (39.00%), error refused, error reset: list 30 of 91, other 9 of 9; \
             from 0.1 s to 4.0 s"
        );
        let single = Run::new().span("list", status(200), 99_999).span("a", status(502), 1);
        let single = single.between(1_000, 1_000);
        assert_eq!(
            text(&single),
            "1 of 100000 requests (below 0.01%), status 502: a 1 of 1; at 1.0 s"
        );
    }

    #[test]
    fn the_most_frequent_endpoints_are_named() {
        let mut run = Run::new();
        for (at, name) in ["a", "b", "c", "d", "e", "f"].into_iter().enumerate() {
            run = run.span(name, status(500), at as u64 + 1);
        }
        let shown = text(&run);
        assert!(
            shown.contains(": f 6 of 6, e 5 of 5, d 4 of 4, c 3 of 3, 2 more endpoints; "),
            "{shown}"
        );
    }
}
