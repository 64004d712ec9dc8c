use std::time::Duration;

/// What a request was answered with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Answer {
    /// A whole response with this status.
    Status(u16),
    /// No whole response, for a reason of this class, such as `refused`.
    Error(String),
    /// Nothing until the end of the graceful stop.
    Interrupted,
}

/// What a body showed at a glance. Nothing else of a body is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum BodySign {
    /// Nothing that is looked for.
    #[default]
    None,
    /// A list without a work in it.
    EmptyList,
    /// It begins like a page and not like JSON.
    Markup,
    /// It has this error code, which is one of those that the service is known for.
    Code(String),
}

/// How often an endpoint gave one kind of answer, and from when to when. The spans of a run add up
/// to `http_reqs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeSpan {
    /// The endpoint's name.
    pub endpoint: String,
    /// Its role, `list` or `detail`.
    pub role: String,
    /// Whether its requests carry the token.
    pub auth: bool,
    /// What was answered.
    pub answer: Answer,
    /// Whether that is an expected status of the endpoint.
    pub expected: bool,
    /// What the body showed.
    pub body: BodySign,
    /// Requests that were answered so.
    pub count: u64,
    /// When the first of them ended, since the beginning of the run.
    pub first_at: Duration,
    /// When the last of them ended.
    pub last_at: Duration,
    /// The longest time from the wish to send one of them to its end.
    pub longest: Duration,
}

impl OutcomeSpan {
    /// Takes in what others counted.
    pub fn merge_all(all: &mut Vec<Self>, others: Vec<Self>) {
        for other in others {
            match all.iter_mut().find(|own| own.kind() == other.kind()) {
                Some(own) => own.add(&other),
                None => all.push(other),
            }
        }
        all.sort_by(|a, b| a.kind().cmp(&b.kind()));
    }

    fn kind(&self) -> (&str, &str, bool, &Answer, bool, &BodySign) {
        (&self.endpoint, &self.role, self.auth, &self.answer, self.expected, &self.body)
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
        self.longest = self.longest.max(other.longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(status: u16, body: BodySign, count: u64, [first, last]: [u64; 2]) -> OutcomeSpan {
        OutcomeSpan {
            endpoint: "list".to_owned(),
            role: "list".to_owned(),
            auth: false,
            answer: Answer::Status(status),
            expected: status == 200,
            body,
            count,
            first_at: Duration::from_secs(first),
            last_at: Duration::from_secs(last),
            longest: Duration::from_secs(last - first),
        }
    }

    #[test]
    fn the_same_answers_are_joined_and_others_stay_apart() {
        let code = || BodySign::Code("creation_entry_disabled".to_owned());
        let mut all = vec![span(503, code(), 2, [5, 9]), span(200, BodySign::None, 4, [0, 9])];
        let others = vec![span(503, BodySign::None, 1, [6, 6]), span(503, code(), 3, [2, 8])];
        OutcomeSpan::merge_all(&mut all, others);
        assert_eq!(
            all,
            [
                span(200, BodySign::None, 4, [0, 9]),
                span(503, BodySign::None, 1, [6, 6]),
                OutcomeSpan { longest: Duration::from_secs(6), ..span(503, code(), 5, [2, 9]) },
            ]
        );
    }
}
