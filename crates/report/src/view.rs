//! What reports for people and for CI show alike: words, facts, thresholds, checks.

use std::collections::BTreeMap;

use metrics::{Metric, Outcome, Rate, RunSummary, ThresholdResult, Verdict};

use crate::{RunResult, numbers, thresholds};

/// The verdict in capitals, as the text says it.
pub(crate) fn verdict(run: &RunSummary) -> &'static str {
    match run.verdict() {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        _ => "NO EVIDENCE",
    }
}

/// The mark and the word of an outcome. Both say it, so that neither colour nor mark does it alone.
pub(crate) fn outcome(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Pass => ("✓", "PASS"),
        Outcome::Fail => ("✗", "FAIL"),
        _ => ("?", outcome.word()),
    }
}

/// What was observed, in its unit, and how sure that is.
pub(crate) fn observed(run: &RunSummary, result: &ThresholdResult) -> String {
    let Some(observed) = result.observed else { return "no samples".to_owned() };
    let value = thresholds::value(run, result, observed);
    format!("{value} {}", thresholds::sureness(run, result)).trim_end().to_owned()
}

/// Which run it was, as names and values; what is not known is left out.
pub(crate) fn facts(result: &RunResult) -> Vec<(&'static str, String)> {
    let run = &result.run;
    let started = result.started_at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let facts = [
        ("scenario", run.scenario.clone()),
        ("description", run.description.clone()),
        ("target", run.target.clone()),
        ("resolved to", run.addresses.join(", ")),
        ("seed", run.seed.to_string()),
        ("run", run.run_id.clone().unwrap_or_default()),
        ("started", started.unwrap_or_default()),
        ("load window", numbers::duration(run.window)),
        ("elapsed", numbers::duration(run.elapsed)),
        ("tool version", result.tool_version.clone()),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// One check of an endpoint in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CheckKey<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) check: &'a str,
}

/// Every check that was made, with how often it held. A series that names no scenario is the run's.
pub(crate) fn checks(run: &RunSummary) -> BTreeMap<CheckKey<'_>, Rate> {
    let mut checks: BTreeMap<CheckKey<'_>, Rate> = BTreeMap::new();
    for (key, metric) in run.metrics.iter().filter(|(key, _)| key.name() == "checks") {
        if let (Some(check), Metric::Rate(rate)) = (key.tag("check"), metric) {
            let scenario = key.tag("scenario").unwrap_or(&run.scenario);
            let endpoint = key.tag("endpoint").unwrap_or_default();
            let sum = checks.entry(CheckKey { scenario, endpoint, check }).or_default();
            sum.trues += rate.trues;
            sum.total += rate.total;
        }
    }
    checks.retain(|_, rate| rate.total > 0);
    checks
}
