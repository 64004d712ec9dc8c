//! What was answered, what was wrong with it, how it changed, and what that means.

use metrics::{Answer, BodySign, Drift, DriftKind, Finding, OutcomeSpan, Severity, ShapeViolation};
use serde::{Deserialize, Serialize};

use super::ResultError;
use super::nanos::Nanos;

/// Exactly one of `status`, `error` and `interrupted` says what was answered.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutcomeFile {
    endpoint: String,
    role: String,
    auth: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
    expected: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The error code, where that is what the body showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    count: u64,
    first_at_ns: Nanos,
    last_at_ns: Nanos,
    longest_ns: Nanos,
}

impl From<&OutcomeSpan> for OutcomeFile {
    fn from(span: &OutcomeSpan) -> Self {
        let (body, code) = match &span.body {
            BodySign::EmptyList => (Some("empty-list"), None),
            BodySign::Markup => (Some("markup"), None),
            BodySign::Code(code) => (Some("code"), Some(code.clone())),
            _ => (None, None),
        };
        let mut file = OutcomeFile {
            endpoint: span.endpoint.clone(),
            role: span.role.clone(),
            auth: span.auth,
            status: None,
            error: None,
            interrupted: false,
            expected: span.expected,
            body: body.map(str::to_owned),
            code,
            count: span.count,
            first_at_ns: span.first_at.into(),
            last_at_ns: span.last_at.into(),
            longest_ns: span.longest.into(),
        };
        match &span.answer {
            Answer::Status(status) => file.status = Some(*status),
            Answer::Error(class) => file.error = Some(class.clone()),
            _ => file.interrupted = true,
        }
        file
    }
}

impl OutcomeFile {
    pub(super) fn into_outcome(self) -> Result<OutcomeSpan, ResultError> {
        let wrong = |problem| ResultError::Content { place: "outcomes", problem };
        let answer = match (self.status, self.error, self.interrupted) {
            (Some(status), None, false) => Answer::Status(status),
            (None, Some(class), false) => Answer::Error(class),
            (None, None, true) => Answer::Interrupted,
            _ => return Err(wrong("one has not exactly one answer")),
        };
        let body = match (self.body.as_deref(), self.code) {
            (None, None) => BodySign::None,
            (Some("empty-list"), None) => BodySign::EmptyList,
            (Some("markup"), None) => BodySign::Markup,
            (Some("code"), Some(code)) => BodySign::Code(code),
            _ => return Err(wrong("a body shows what is not known")),
        };
        Ok(OutcomeSpan {
            endpoint: self.endpoint,
            role: self.role,
            auth: self.auth,
            answer,
            expected: self.expected,
            body,
            count: self.count,
            first_at: self.first_at_ns.into(),
            last_at: self.last_at_ns.into(),
            longest: self.longest_ns.into(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ViolationFile {
    endpoint: String,
    path: String,
    keyword: String,
    text: String,
    count: u64,
    first_response: u64,
    first_at_ns: Nanos,
    last_at_ns: Nanos,
    /// Pairs of a second and how many responses had it then.
    by_second: Vec<(u32, u64)>,
}

impl From<&ShapeViolation> for ViolationFile {
    fn from(violation: &ShapeViolation) -> Self {
        ViolationFile {
            endpoint: violation.endpoint.clone(),
            path: violation.path.clone(),
            keyword: violation.keyword.clone(),
            text: violation.text.clone(),
            count: violation.count,
            first_response: violation.first_response,
            first_at_ns: violation.first_at.into(),
            last_at_ns: violation.last_at.into(),
            by_second: violation.by_second.clone(),
        }
    }
}

impl ViolationFile {
    pub(super) fn into_violation(self) -> ShapeViolation {
        ShapeViolation {
            endpoint: self.endpoint,
            path: self.path,
            keyword: self.keyword,
            text: self.text,
            count: self.count,
            first_response: self.first_response,
            first_at: self.first_at_ns.into(),
            last_at: self.last_at_ns.into(),
            by_second: self.by_second,
        }
    }
}

/// `from` and `to` are types or lengths, as the kind wants it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DriftFile {
    endpoint: String,
    path: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    types: Option<[String; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lengths: Option<[f64; 2]>,
    from_second: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_second: Option<u64>,
    share: f64,
}

impl From<&Drift> for DriftFile {
    fn from(drift: &Drift) -> Self {
        let (kind, types, lengths) = match drift.what {
            DriftKind::BecameEmpty => ("became-empty", None, None),
            DriftKind::BecameNull => ("became-null", None, None),
            DriftKind::Disappeared => ("disappeared", None, None),
            DriftKind::ChangedType { from, to } => ("changed-type", Some([from, to]), None),
            DriftKind::Shortened { from, to } => ("shortened", None, Some([from, to])),
            DriftKind::Lengthened { from, to } => ("lengthened", None, Some([from, to])),
            _ => ("appeared", None, None),
        };
        DriftFile {
            endpoint: drift.endpoint.clone(),
            path: drift.path.clone(),
            kind: kind.to_owned(),
            types: types.map(|types| types.map(str::to_owned)),
            lengths,
            from_second: drift.from_second,
            until_second: drift.until_second,
            share: drift.share,
        }
    }
}

impl DriftFile {
    pub(super) fn into_drift(self) -> Result<Drift, ResultError> {
        let wrong = || ResultError::Content { place: "drifts", problem: "a kind is not known" };
        let what = match (self.kind.as_str(), self.types, self.lengths) {
            ("became-empty", None, None) => DriftKind::BecameEmpty,
            ("became-null", None, None) => DriftKind::BecameNull,
            ("disappeared", None, None) => DriftKind::Disappeared,
            ("appeared", None, None) => DriftKind::Appeared,
            ("changed-type", Some([from, to]), None) => {
                let (from, to) = json_type(&from).zip(json_type(&to)).ok_or_else(wrong)?;
                DriftKind::ChangedType { from, to }
            }
            ("shortened", None, Some([from, to])) => DriftKind::Shortened { from, to },
            ("lengthened", None, Some([from, to])) => DriftKind::Lengthened { from, to },
            _ => return Err(wrong()),
        };
        Ok(Drift {
            endpoint: self.endpoint,
            path: self.path,
            what,
            from_second: self.from_second,
            until_second: self.until_second,
            share: self.share,
        })
    }
}

fn json_type(name: &str) -> Option<&'static str> {
    const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];
    TYPES.into_iter().find(|known| *known == name)
}

#[derive(Serialize, Deserialize)]
pub(super) struct FindingFile {
    id: String,
    severity: String,
    title: String,
    seen: String,
    means: String,
    next: Vec<String>,
    requests: u64,
}

impl From<&Finding> for FindingFile {
    fn from(finding: &Finding) -> Self {
        let Finding { id, severity, title, seen, means, next, requests } = finding.clone();
        FindingFile { id, severity: severity.word().to_owned(), title, seen, means, next, requests }
    }
}

impl FindingFile {
    pub(super) fn into_finding(self) -> Result<Finding, ResultError> {
        let wrong = ResultError::Content { place: "findings", problem: "a severity is none" };
        let known = [Severity::Problem, Severity::Warning, Severity::Note];
        let severity = known.into_iter().find(|severity| severity.word() == self.severity);
        let FindingFile { id, title, seen, means, next, requests, .. } = self;
        let severity = severity.ok_or(wrong)?;
        Ok(Finding { id, severity, title, seen, means, next, requests })
    }
}
