use std::collections::BTreeMap;
use std::time::Duration;

use crate::{MetricSet, Outcome, ThresholdResult, TimeSeries};

/// Everything that a run measured: what reports are rendered from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunSummary {
    /// The scenario's name, such as `spike`.
    pub scenario: String,
    /// What the scenario does, in words.
    pub description: String,
    /// Where the load went.
    pub target: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// The run's name for itself, which its requests carried.
    pub run_id: Option<String>,
    /// How long new iterations were started: the schedule's length, or less when the run was stopped.
    pub window: Duration,
    /// From the first planned moment to the end of the last iteration.
    pub elapsed: Duration,
    /// What became of the iterations.
    pub iterations: IterationTally,
    /// What became of the requests.
    pub requests: RequestTally,
    /// All series.
    pub metrics: MetricSet,
    /// The run second by second.
    pub series: TimeSeries,
    /// Every threshold with its outcome.
    pub thresholds: Vec<ThresholdResult>,
    /// Distinct shape violations by endpoint and text, with the number of responses that had them.
    pub violations: BTreeMap<(String, String), u64>,
    /// Responses whose violations were beyond the number kept.
    pub violations_not_kept: u64,
    /// Why the run ended before its schedule did.
    pub stopped: Option<StopReason>,
}

impl RunSummary {
    /// A summary in which nothing has happened yet.
    pub fn new(scenario: impl Into<String>) -> Self {
        RunSummary {
            scenario: scenario.into(),
            description: String::new(),
            target: String::new(),
            seed: 0,
            run_id: None,
            window: Duration::ZERO,
            elapsed: Duration::ZERO,
            iterations: IterationTally::default(),
            requests: RequestTally::default(),
            metrics: MetricSet::default(),
            series: TimeSeries::default(),
            thresholds: Vec::new(),
            violations: BTreeMap::new(),
            violations_not_kept: 0,
            stopped: None,
        }
    }

    /// Whether every iteration and every request is accounted for.
    pub fn conservation(&self) -> Conservation {
        Conservation {
            iterations: self.iterations.planned == self.iterations.ended(),
            requests: self.requests.sent == self.requests.ended(),
        }
    }

    /// Whether iterations outlasted the graceful stop, without the user having stopped the run.
    pub fn is_cut_off(&self) -> bool {
        self.iterations.interrupted > 0 && self.stopped.is_none()
    }

    /// The verdict: a failed threshold fails the run, and one without samples leaves it without
    /// evidence. A run that does not add up, that sent nothing, or whose iterations were cut off by
    /// the end of the graceful stop, has no evidence either: a user who waits in vain for minutes is
    /// a single sample among the thousands before.
    pub fn verdict(&self) -> Verdict {
        let any = |outcome| self.thresholds.iter().any(|result| result.outcome == outcome);
        if any(Outcome::Fail) {
            Verdict::Fail
        } else if any(Outcome::NoSamples)
            || !self.conservation().holds()
            || self.requests.sent == 0
            || self.is_cut_off()
        {
            Verdict::NoEvidence
        } else {
            Verdict::Pass
        }
    }
}

/// What a run says in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Every threshold holds.
    Pass,
    /// A threshold does not hold.
    Fail,
    /// No threshold failed, but not every one could be decided.
    NoEvidence,
}

/// Why a run ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The user asked for it.
    Interrupted,
}

/// What became of the iterations. `planned = completed + dropped + interrupted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IterationTally {
    /// Starts that came due. A run that is stopped early plans nothing after the stop.
    pub planned: u64,
    /// Iterations that ran to their end.
    pub completed: u64,
    /// Starts for which no virtual user was free.
    pub dropped: u64,
    /// Iterations that were cut off when the graceful stop was over.
    pub interrupted: u64,
}

impl IterationTally {
    fn ended(&self) -> u64 {
        self.completed + self.dropped + self.interrupted
    }
}

/// What became of the requests. `sent = expected + unexpected + errors + interrupted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestTally {
    /// Requests that were begun.
    pub sent: u64,
    /// Responses with an expected status.
    pub expected: u64,
    /// Responses with another status.
    pub unexpected: u64,
    /// Requests that got no whole response: refused, reset, timed out.
    pub errors: u64,
    /// Requests cut off with their iteration.
    pub interrupted: u64,
}

impl RequestTally {
    fn ended(&self) -> u64 {
        self.expected + self.unexpected + self.errors + self.interrupted
    }
}

/// Whether the sums add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conservation {
    /// Those of the iterations.
    pub iterations: bool,
    /// Those of the requests.
    pub requests: bool,
}

impl Conservation {
    /// Whether both add up.
    pub fn holds(self) -> bool {
        self.iterations && self.requests
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Threshold;

    fn run(outcomes: &[Outcome]) -> RunSummary {
        let threshold = Threshold::parse("m", "count==0").unwrap();
        let mut run = RunSummary::new("smoke");
        run.requests = RequestTally { sent: 3, expected: 2, errors: 1, ..Default::default() };
        run.iterations = IterationTally { planned: 2, completed: 1, dropped: 1, interrupted: 0 };
        run.thresholds = outcomes
            .iter()
            .map(|&outcome| ThresholdResult {
                threshold: threshold.clone(),
                observed: None,
                outcome,
            })
            .collect();
        run
    }

    #[test]
    fn failure_outweighs_missing_evidence_and_both_outweigh_a_pass() {
        use Outcome::{Fail, NoSamples, Pass};
        assert_eq!(run(&[Pass, Pass]).verdict(), Verdict::Pass);
        assert_eq!(run(&[Pass, NoSamples]).verdict(), Verdict::NoEvidence);
        assert_eq!(run(&[NoSamples, Fail, Pass]).verdict(), Verdict::Fail);
    }

    #[test]
    fn a_run_whose_iterations_were_cut_off_never_passes() {
        let mut hung = run(&[Outcome::Pass]);
        hung.iterations.planned += 1;
        hung.iterations.interrupted += 1;
        assert_eq!((hung.conservation().holds(), hung.verdict()), (true, Verdict::NoEvidence));
        assert_eq!(run(&[Outcome::Pass]).verdict(), Verdict::Pass);
    }

    #[test]
    fn a_run_that_does_not_add_up_never_passes() {
        let mut lost = run(&[Outcome::Pass]);
        lost.requests.sent += 1;
        assert_eq!(lost.conservation(), Conservation { iterations: true, requests: false });
        assert_eq!(lost.verdict(), Verdict::NoEvidence);
        let mut nothing = run(&[Outcome::Pass]);
        nothing.requests = RequestTally::default();
        assert_eq!(nothing.verdict(), Verdict::NoEvidence);
    }
}
