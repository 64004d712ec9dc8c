use std::time::Duration;

use crate::{
    Drift, Finding, GeneratorHealth, MetricSet, Outcome, OutcomeSpan, ShapeViolation,
    ThresholdResult, TimeSeries, Validity,
};

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
    /// What the target's host was resolved to, once for the whole run.
    pub addresses: Vec<String>,
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
    /// What requests were answered with, and from when to when.
    pub outcomes: Vec<OutcomeSpan>,
    /// Distinct shape violations, by endpoint and text.
    pub violations: Vec<ShapeViolation>,
    /// Responses whose violations were beyond the number kept.
    pub violations_not_kept: u64,
    /// Fields that changed while the run went on, by endpoint, path and time.
    pub drifts: Vec<Drift>,
    /// Drifts beyond the number kept.
    pub drifts_not_kept: u64,
    /// Why the run ended before its schedule did.
    pub stopped: Option<StopReason>,
    /// How the load generator itself fared, where it was watched.
    pub health: Option<GeneratorHealth>,
    /// What the run shows that a person should know, the weightiest first.
    pub findings: Vec<Finding>,
    /// Whether a threshold that is undecided is no pass.
    pub strict: bool,
}

impl RunSummary {
    /// A summary in which nothing has happened yet.
    pub fn new(scenario: impl Into<String>) -> Self {
        RunSummary {
            scenario: scenario.into(),
            description: String::new(),
            target: String::new(),
            addresses: Vec::new(),
            seed: 0,
            run_id: None,
            window: Duration::ZERO,
            elapsed: Duration::ZERO,
            iterations: IterationTally::default(),
            requests: RequestTally::default(),
            metrics: MetricSet::default(),
            series: TimeSeries::default(),
            thresholds: Vec::new(),
            outcomes: Vec::new(),
            violations: Vec::new(),
            violations_not_kept: 0,
            drifts: Vec::new(),
            drifts_not_kept: 0,
            stopped: None,
            health: None,
            findings: Vec::new(),
            strict: false,
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

    /// Whether the run measured the service or its own generator; `None` if nobody watched.
    pub fn validity(&self) -> Option<Validity> {
        self.health.as_ref().map(GeneratorHealth::validity)
    }

    /// Whether the load generator was the limit itself.
    pub fn is_saturated(&self) -> bool {
        matches!(self.validity(), Some(Validity::Saturated(_)))
    }

    /// Whether what the run measured can be believed at all: it adds up, it sent something, no
    /// iteration was cut off by the end of the graceful stop, and the generator was not saturated. A
    /// user who waits in vain for minutes is a single sample among the thousands before; and what a
    /// saturated generator found says nothing of the load that was asked for.
    pub fn is_evidence(&self) -> bool {
        self.conservation().holds()
            && self.requests.sent > 0
            && !self.is_cut_off()
            && !self.is_saturated()
    }

    /// How a threshold of this run ended. What holds is void where the run is no evidence; what failed
    /// under less load has failed.
    pub fn outcome(&self, result: &ThresholdResult) -> Outcome {
        match result.outcome {
            Outcome::Pass | Outcome::Undecided if !self.is_evidence() => Outcome::Void,
            outcome => outcome,
        }
    }

    /// The verdict: a failed threshold fails the run, and one that is void leaves it without evidence.
    /// So does a run that is [none](RunSummary::is_evidence), whatever its thresholds are. One that is
    /// undecided is a pass with a doubt, or no evidence if the run is [strict](RunSummary::strict).
    pub fn verdict(&self) -> Verdict {
        let any = |outcome| self.thresholds.iter().any(|result| result.outcome == outcome);
        if any(Outcome::Fail) {
            Verdict::Fail
        } else if any(Outcome::Void)
            || !self.is_evidence()
            || (self.strict && any(Outcome::Undecided))
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
    /// Every threshold holds for what was observed.
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
    /// A threshold failed that was to stop the run.
    Threshold,
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
    /// Adds what another worker counted.
    pub fn add(&mut self, other: &RequestTally) {
        self.sent += other.sent;
        self.expected += other.expected;
        self.unexpected += other.unexpected;
        self.errors += other.errors;
        self.interrupted += other.interrupted;
    }

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
    use crate::{LoadModel, MetricKey, Threshold};

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
                evidence: crate::Evidence::default(),
            })
            .collect();
        run
    }

    #[test]
    fn failure_outweighs_missing_evidence_and_both_outweigh_a_pass() {
        use Outcome::{Fail, Pass, Undecided, Void};
        assert_eq!(run(&[Pass, Pass]).verdict(), Verdict::Pass);
        assert_eq!(run(&[Pass, Void]).verdict(), Verdict::NoEvidence);
        assert_eq!(run(&[Void, Fail, Pass]).verdict(), Verdict::Fail);
        assert_eq!(run(&[Pass, Undecided]).verdict(), Verdict::Pass);
        assert_eq!(run(&[Void, Undecided]).verdict(), Verdict::NoEvidence);
    }

    #[test]
    fn what_is_undecided_is_no_pass_where_the_run_is_strict() {
        let strict = |outcomes| RunSummary { strict: true, ..run(outcomes) }.verdict();
        assert_eq!(strict(&[Outcome::Pass]), Verdict::Pass);
        assert_eq!(strict(&[Outcome::Pass, Outcome::Undecided]), Verdict::NoEvidence);
        assert_eq!(strict(&[Outcome::Fail, Outcome::Undecided]), Verdict::Fail);
    }

    #[test]
    fn a_run_that_is_no_evidence_voids_what_holds_and_excuses_no_failure() {
        use Outcome::{Fail, Pass, Undecided, Void};
        let outcomes = |run: &RunSummary| {
            run.thresholds.iter().map(|result| run.outcome(result)).collect::<Vec<_>>()
        };
        let mut run = run(&[Pass, Undecided, Fail, Void]);
        assert_eq!(outcomes(&run), [Pass, Undecided, Fail, Void]);
        run.requests.sent += 1;
        assert_eq!(outcomes(&run), [Void, Void, Fail, Void]);
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

    #[test]
    fn a_saturated_generator_never_passes_and_excuses_no_failure() {
        let watched = |dropped: u64, outcome| {
            let mut run = run(&[outcome]);
            run.iterations = IterationTally {
                planned: 1000,
                completed: 1000 - dropped,
                dropped,
                interrupted: 0,
            };
            run.health = Some(GeneratorHealth::of_run(&run, LoadModel::Open));
            (run.validity().map(|validity| validity.word()), run.verdict())
        };
        assert_eq!(watched(0, Outcome::Pass), (Some("valid"), Verdict::Pass));
        assert_eq!(watched(1, Outcome::Pass), (Some("suspect"), Verdict::Pass));
        assert_eq!(watched(11, Outcome::Pass), (Some("saturated"), Verdict::NoEvidence));
        assert_eq!(watched(11, Outcome::Fail), (Some("saturated"), Verdict::Fail));
        assert_eq!(run(&[Outcome::Pass]).validity(), None);
    }

    #[test]
    fn health_is_taken_from_what_the_run_recorded() {
        let mut run = run(&[Outcome::Pass]);
        let mut record = |key: MetricKey, millis| {
            let trend = run.metrics.trend(key);
            run.metrics.record(trend, Duration::from_millis(millis));
        };
        [2, 1, 60].into_iter().for_each(|lag| record(MetricKey::new("iteration_start_lag"), lag));
        let duration = || MetricKey::new("http_req_duration");
        record(duration().with("endpoint", "a").with("expected_response", "true"), 30);
        record(duration().with("endpoint", "b").with("expected_response", "false"), 1);
        let health = GeneratorHealth::of_run(&run, LoadModel::Closed);
        let lag = health.start_lag.unwrap();
        let within = |found: Duration, millis: u64| found.as_millis().abs_diff(millis.into()) == 0;
        assert!(within(lag.p50, 2) && within(lag.p99, 60) && within(lag.max, 60), "{lag:?}");
        assert!(health.service_median.is_some_and(|median| within(median, 30)), "{health:?}");
        assert_eq!((health.planned, health.dropped), (2, 1));
        assert_eq!((health.worker_running, health.steal, health.descriptors), (None, None, None));
    }
}
