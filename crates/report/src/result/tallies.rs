//! Counts of iterations and requests, and the thresholds with their outcomes.

use metrics::{
    Conservation, Evidence, IterationTally, Outcome, RequestTally, StopReason, Threshold,
    ThresholdResult, WorstWindow,
};
use serde::{Deserialize, Serialize};

use super::ResultError;
use super::nanos::Nanos;

#[derive(Serialize, Deserialize)]
pub(super) struct IterationsFile {
    planned: u64,
    completed: u64,
    dropped: u64,
    interrupted: u64,
}

impl From<IterationTally> for IterationsFile {
    fn from(tally: IterationTally) -> Self {
        let IterationTally { planned, completed, dropped, interrupted } = tally;
        IterationsFile { planned, completed, dropped, interrupted }
    }
}

impl From<IterationsFile> for IterationTally {
    fn from(file: IterationsFile) -> Self {
        let IterationsFile { planned, completed, dropped, interrupted } = file;
        IterationTally { planned, completed, dropped, interrupted }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RequestsFile {
    sent: u64,
    expected: u64,
    unexpected: u64,
    errors: u64,
    interrupted: u64,
}

impl From<RequestTally> for RequestsFile {
    fn from(tally: RequestTally) -> Self {
        let RequestTally { sent, expected, unexpected, errors, interrupted } = tally;
        RequestsFile { sent, expected, unexpected, errors, interrupted }
    }
}

impl From<RequestsFile> for RequestTally {
    fn from(file: RequestsFile) -> Self {
        let RequestsFile { sent, expected, unexpected, errors, interrupted } = file;
        RequestTally { sent, expected, unexpected, errors, interrupted }
    }
}

/// Whether the sums add up; for readers of the file only, as it follows from the sums.
#[derive(Default, Serialize)]
pub(super) struct ConservationFile {
    iterations: bool,
    requests: bool,
}

impl From<Conservation> for ConservationFile {
    fn from(conservation: Conservation) -> Self {
        let Conservation { iterations, requests } = conservation;
        ConservationFile { iterations, requests }
    }
}

/// A threshold with what came of it. The outcome is that of the threshold alone; the verdict says
/// whether the run can be believed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThresholdFile {
    selector: String,
    expression: String,
    /// How long into the run it may stop it, if it does that at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    abort_after_ns: Option<Nanos>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    observed: Option<f64>,
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceFile>,
}

/// How sure an observed value is.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EvidenceFile {
    samples: u64,
    effective: f64,
    is_exact: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    more_needed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window: Option<WindowFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WindowFile {
    from_ns: Nanos,
    to_ns: Nanos,
}

impl From<Evidence> for EvidenceFile {
    fn from(evidence: Evidence) -> Self {
        let window =
            |WorstWindow { from, to }| WindowFile { from_ns: from.into(), to_ns: to.into() };
        EvidenceFile {
            samples: evidence.samples,
            effective: evidence.effective,
            is_exact: evidence.is_exact,
            low: evidence.low,
            high: evidence.high,
            more_needed: evidence.more_needed,
            window: evidence.window.map(window),
        }
    }
}

impl EvidenceFile {
    fn into_evidence(self) -> Evidence {
        let window =
            |WindowFile { from_ns, to_ns }| WorstWindow { from: from_ns.into(), to: to_ns.into() };
        let mut evidence = Evidence::default();
        evidence.samples = self.samples;
        evidence.effective = self.effective;
        evidence.is_exact = self.is_exact;
        evidence.low = self.low;
        evidence.high = self.high;
        evidence.more_needed = self.more_needed;
        evidence.window = self.window.map(window);
        evidence
    }
}

impl From<&ThresholdResult> for ThresholdFile {
    fn from(result: &ThresholdResult) -> Self {
        ThresholdFile {
            selector: result.threshold.selector().to_string(),
            expression: result.threshold.expression().to_owned(),
            abort_after_ns: result.threshold.abort_on_fail().map(Nanos),
            observed: result.observed,
            outcome: outcome_word(result.outcome).to_owned(),
            evidence: Some(result.evidence.into()),
        }
    }
}

impl ThresholdFile {
    pub(super) fn into_result(self) -> Result<ThresholdResult, ResultError> {
        let wrong = |problem| ResultError::Content { place: "thresholds", problem };
        let threshold = Threshold::parse(&self.selector, &self.expression)
            .map_err(|_| wrong("a selector or an expression is none"))?;
        let threshold = match self.abort_after_ns {
            Some(delay) => threshold.aborting_after(delay.into()),
            None => threshold,
        };
        let outcome = outcome(&self.outcome).ok_or_else(|| wrong("an outcome is none"))?;
        let evidence = self.evidence.map(EvidenceFile::into_evidence).unwrap_or_default();
        Ok(ThresholdResult { threshold, observed: self.observed, outcome, evidence })
    }
}

/// The word that stands for an outcome in files.
pub(crate) fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "fail",
        Outcome::Undecided => "undecided",
        _ => "void",
    }
}

fn outcome(word: &str) -> Option<Outcome> {
    [Outcome::Pass, Outcome::Fail, Outcome::Undecided, Outcome::Void]
        .into_iter()
        .find(|&outcome| outcome_word(outcome) == word)
}

/// The word that stands for an early end.
pub(super) fn stop_word(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Interrupted => "interrupted",
        _ => "threshold",
    }
}

pub(super) fn stop(word: &str) -> Option<StopReason> {
    [StopReason::Interrupted, StopReason::Threshold]
        .into_iter()
        .find(|&reason| stop_word(reason) == word)
}
