//! The whole file, as it is written and read.

use std::collections::BTreeMap;

use metrics::{RunSummary, Verdict};
use serde::{Deserialize, Serialize};

use super::evidence::{DriftFile, FindingFile, OutcomeFile, ViolationFile};
use super::generator::GeneratorFile;
use super::nanos::Nanos;
use super::series::{DurationSummary, MetricsFile, SeriesFile};
use super::server::AccessLogFile;
use super::tallies::{
    ConservationFile, IterationsFile, RequestsFile, ThresholdFile, stop, stop_word,
};
use super::{FORMAT, FORMAT_VERSION, ResultError, RunResult, WrittenFile};
use crate::endpoints::{EndpointStats, by_endpoint};
use crate::verdict;

/// Fields that `skip_deserializing` follow from the others: they are for whoever reads the file with
/// a simple tool. A new optional field needs `default` and, to be left out where it is not known,
/// `skip_serializing_if`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultFile {
    format: String,
    format_version: u64,
    tool_version: String,
    #[serde(skip_deserializing)]
    verdict: &'static str,
    #[serde(skip_deserializing)]
    reason: String,
    run: IdentityFile,
    settings: BTreeMap<String, String>,
    files: Vec<WrittenFile>,
    iterations: IterationsFile,
    requests: RequestsFile,
    #[serde(skip_deserializing)]
    conservation: ConservationFile,
    thresholds: Vec<ThresholdFile>,
    #[serde(skip_deserializing)]
    endpoints: Vec<EndpointFile>,
    findings: Vec<FindingFile>,
    outcomes: Vec<OutcomeFile>,
    violations: Vec<ViolationFile>,
    violations_not_kept: u64,
    drifts: Vec<DriftFile>,
    drifts_not_kept: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generator: Option<GeneratorFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_log: Option<AccessLogFile>,
    series: SeriesFile,
    metrics: MetricsFile,
}

/// Which run it was.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentityFile {
    scenario: String,
    description: String,
    target: String,
    addresses: Vec<String>,
    seed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    window_ns: Nanos,
    elapsed_ns: Nanos,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped: Option<String>,
    /// Whether what is undecided is no pass.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    strict: bool,
}

/// What the table of endpoints says, in numbers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointFile {
    endpoint: String,
    requests: u64,
    failed: u64,
    shape_errors: u64,
    duration: DurationSummary,
}

impl From<&EndpointStats> for EndpointFile {
    fn from(stats: &EndpointStats) -> Self {
        EndpointFile {
            endpoint: stats.name.clone(),
            requests: stats.requests,
            failed: stats.failed.trues,
            shape_errors: stats.shape_errors.trues,
            duration: (&stats.durations).into(),
        }
    }
}

/// The word that stands for a verdict in files.
pub(crate) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        _ => "no-evidence",
    }
}

impl IdentityFile {
    fn new(result: &RunResult) -> Self {
        let run = &result.run;
        IdentityFile {
            scenario: run.scenario.clone(),
            description: run.description.clone(),
            target: run.target.clone(),
            addresses: run.addresses.clone(),
            seed: run.seed,
            run_id: run.run_id.clone(),
            started_at: result.started_at.map(|at| at.to_string()),
            window_ns: run.window.into(),
            elapsed_ns: run.elapsed.into(),
            stopped: run.stopped.map(|reason| stop_word(reason).to_owned()),
            strict: run.strict,
        }
    }

    /// A summary of which nothing else is known yet, and when the run began.
    fn into_run(self) -> Result<(RunSummary, Option<jiff::Timestamp>), ResultError> {
        let wrong = |problem| ResultError::Content { place: "run", problem };
        let started_at = self.started_at.map(|text| text.parse()).transpose();
        let stopped = self.stopped.map(|word| stop(&word).ok_or(())).transpose();
        let mut run = RunSummary::new(self.scenario);
        run.description = self.description;
        run.target = self.target;
        run.addresses = self.addresses;
        run.seed = self.seed;
        run.strict = self.strict;
        run.run_id = self.run_id;
        run.window = self.window_ns.into();
        run.elapsed = self.elapsed_ns.into();
        run.stopped = stopped.map_err(|()| wrong("`stopped` is no reason"))?;
        Ok((run, started_at.map_err(|_| wrong("`startedAt` is no time"))?))
    }
}

impl ResultFile {
    pub(super) fn new(result: &RunResult) -> Self {
        let run = &result.run;
        ResultFile {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            tool_version: result.tool_version.clone(),
            verdict: verdict_word(run.verdict()),
            reason: verdict::reason(run),
            run: IdentityFile::new(result),
            settings: result.settings.clone(),
            files: result.files.clone(),
            iterations: run.iterations.into(),
            requests: run.requests.into(),
            conservation: run.conservation().into(),
            thresholds: run.thresholds.iter().map(ThresholdFile::from).collect(),
            endpoints: by_endpoint(run).iter().map(EndpointFile::from).collect(),
            findings: run.findings.iter().map(FindingFile::from).collect(),
            outcomes: run.outcomes.iter().map(OutcomeFile::from).collect(),
            violations: run.violations.iter().map(ViolationFile::from).collect(),
            violations_not_kept: run.violations_not_kept,
            drifts: run.drifts.iter().map(DriftFile::from).collect(),
            drifts_not_kept: run.drifts_not_kept,
            generator: run.health.as_ref().map(GeneratorFile::from),
            access_log: result.server.as_ref().map(AccessLogFile::from),
            series: SeriesFile::new(&run.series, &result.timeline),
            metrics: (&run.metrics).into(),
        }
    }

    pub(super) fn into_result(self) -> Result<RunResult, ResultError> {
        let (mut run, started_at) = self.run.into_run()?;
        run.iterations = self.iterations.into();
        run.requests = self.requests.into();
        run.thresholds = all(self.thresholds, ThresholdFile::into_result)?;
        run.findings = all(self.findings, FindingFile::into_finding)?;
        run.outcomes = all(self.outcomes, OutcomeFile::into_outcome)?;
        run.violations = self.violations.into_iter().map(ViolationFile::into_violation).collect();
        run.violations_not_kept = self.violations_not_kept;
        run.drifts = all(self.drifts, DriftFile::into_drift)?;
        run.drifts_not_kept = self.drifts_not_kept;
        run.series = self.series.series()?;
        run.metrics = self.metrics.into_set()?;
        run.health = self.generator.map(|file| file.into_health(&run)).transpose()?;
        let mut result = RunResult::new(run);
        self.series.fill(&mut result.timeline)?;
        Ok(RunResult {
            started_at,
            server: self.access_log.map(AccessLogFile::into_window),
            settings: self.settings,
            files: self.files,
            tool_version: self.tool_version,
            ..result
        })
    }
}

fn all<A, B>(
    files: Vec<A>,
    read: impl Fn(A) -> Result<B, ResultError>,
) -> Result<Vec<B>, ResultError> {
    files.into_iter().map(read).collect()
}
