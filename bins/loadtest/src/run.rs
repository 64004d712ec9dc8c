//! From the arguments to the exit code.

use std::sync::Arc;
use std::time::Duration;

use cli::{Environment, Signals};
use metrics::{RunSummary, StopReason, Verdict};
use report::RunResult;
use scenario::{Scenario, Stop};
use workload::{
    AuthToken, Endpoint, Frequency, PlannedScenario, Progress, Run, RunConfig, WorkloadError,
};

use crate::args::{Args, Command};
use crate::capacity;
use crate::export;
use crate::failure::Failure;
use crate::output;
use crate::pair;
use crate::plan;
use crate::progress::ProgressView;
use crate::render;
use crate::reports::Reports;
use crate::server_side;
use crate::settings::{Asked, Common, Settings};
use crate::shape;
use crate::shown;
use crate::target::Target;

/// Does what was asked for and says the exit code of what took place.
pub(crate) fn run(args: Args, environment: &Environment) -> Result<u8, Failure> {
    let (asked, common, reports) = match args.command {
        Command::Smoke { closed, common, reports } => {
            (Asked::closed("smoke", closed), common, reports)
        }
        Command::Baseline { closed, common, reports } => {
            (Asked::closed("baseline", closed), common, reports)
        }
        Command::Spike { open, common, reports } => (Asked::open("spike", open), common, reports),
        Command::Run { any, common, reports } => (Asked::any(any), common, reports),
        Command::Capacity { capacity, common } => {
            return capacity::run(capacity, common, environment);
        }
        Command::Pair { pair, any, common } => {
            return pair::run(pair, any, common, environment);
        }
        Command::Plan { plan, any, common } => {
            return plan::run(plan, Asked::any(any), common, environment);
        }
        Command::Report(args) => return render::run(args, environment),
        Command::Shape(command) => return shape::run(command, environment),
    };
    let settings = Settings::new(asked, common, environment)?;
    let common = &settings.common;
    let export = common.summary_export.as_deref();
    let reports = Reports::new(reports, &common.trend_stats, export, environment)?;
    load(&settings, &reports)
}

/// Sends the load and says what came of it.
fn load(settings: &Settings, reports: &Reports) -> Result<u8, Failure> {
    export::check(&settings.common.exports)?;
    let target = Target::new(&settings.common)?;
    let run = prepare(settings, &target, settings.scenarios.clone())?;
    reports.say(&introduction(&target, &run))?;

    let watch = server_side::begin(settings.common.nginx_access_log.as_deref())?;
    let started_at = jiff::Timestamp::now();
    let mut summary = execute(&run, !reports.is_quiet())?;
    let shown = shown::settings(&settings.common, &target);
    summary.strict = settings.common.strict;
    drop(target);
    let server = server_side::end(watch, &mut summary).unwrap_or_else(|error| {
        output::warn(&Failure::from(error).to_string());
        None
    });

    let common = &settings.common;
    export::all(&common.exports, &summary, started_at, &common.trend_stats);
    let mut result = RunResult::new(summary);
    (result.server, result.started_at) = (server, Some(started_at));
    (result.settings, result.files) = (shown, reports.written());
    result.tool_version = env!("CARGO_PKG_VERSION").to_owned();
    reports.deliver(&result, true)?;
    exit_code(&result.run)
}

/// The run of these scenarios against a target.
pub(crate) fn prepare(
    settings: &Settings,
    target: &Target,
    scenarios: Vec<PlannedScenario>,
) -> Result<Run, Failure> {
    let Some(first) = scenarios.first() else {
        return Err(
            WorkloadError::UnknownScenario { name: String::new(), known: String::new() }.into()
        );
    };
    let config = config(&settings.common, target, &first.name, first.scenario.clone())?;
    Ok(Run::of_scenarios(config, &settings.plan, scenarios, target.dataset.as_ref())?)
}

/// The settings that are the same for every scenario, as a run takes them.
pub(crate) fn config(
    common: &Common,
    target: &Target,
    name: &str,
    scenario: Scenario,
) -> Result<RunConfig, Failure> {
    let mut config = RunConfig::new(name, target.base_url.clone(), scenario);
    config.endpoints.clone_from(&common.endpoints);
    config.detail_ratio = common.detail_ratio;
    config.auth_token =
        common.auth_token.as_deref().map(|token| AuthToken::new(token)).transpose()?;
    config.auth_user.clone_from(&target.auth_user);
    config.works_imported = target.works_imported;
    config.seed = common.seed;
    config.workers = common.workers;
    config.run_id = Some(common.run_id.clone());
    config.trace_share = common.trace_share;
    config.transport.clone_from(&common.transport);
    Ok(config)
}

/// What will happen, before it does.
pub(crate) fn introduction(target: &Target, run: &Run) -> String {
    let config = run.config();
    let mut lines = format!("loadtest: {}\n", target.introduction);
    for (planned, endpoints) in run.scenarios() {
        lines += &format!("{}: {}\n", planned.name, run.description_of(&planned.name));
        lines += &how_often(endpoints, config.detail_ratio);
    }
    if config.detail_ratio > 0.0 && config.auth_token.is_some() && config.auth_user.is_none() {
        lines += "details that need the token are left out: AUTH_USER does not say whose works \
                  the token may see\n";
    }
    let run_id = config.run_id.as_ref().map_or(String::new(), |id| format!(", run {id}"));
    lines + &format!("seed {}{run_id}\n", config.seed)
}

/// Which endpoints an iteration requests, and which of them how often.
pub(crate) fn how_often(endpoints: &[Endpoint], detail_ratio: f64) -> String {
    let names = |frequency: fn(Frequency) -> Option<String>| {
        let named = |endpoint: &Endpoint| {
            frequency(endpoint.frequency()).map(|more| format!("{}{more}", endpoint.name()))
        };
        endpoints.iter().filter_map(named).collect::<Vec<_>>().join(", ")
    };
    let mut lines = String::new();
    let always = names(|frequency| (frequency == Frequency::Always).then(String::new));
    if !always.is_empty() {
        lines += &format!("every iteration requests {always}\n");
    }
    let chances = names(|frequency| match frequency {
        Frequency::Probability(share) => Some(format!(" ({} %)", share * 100.0)),
        _ => None,
    });
    if !chances.is_empty() {
        lines += &format!("some iterations request {chances}\n");
    }
    let weighted = names(|frequency| match frequency {
        Frequency::Weight(weight) => Some(format!(" (weight {weight})")),
        _ => None,
    });
    if !weighted.is_empty() {
        lines += &format!("every iteration requests one of {weighted}\n");
    }
    let details = names(|frequency| (frequency == Frequency::DetailRatio).then(String::new));
    if !details.is_empty() {
        let percent = detail_ratio * 100.0;
        lines += &format!("{percent} % of iterations request a detail: one of {details}\n");
    }
    lines
}

pub(crate) fn execute(run: &Run, with_progress: bool) -> Result<RunSummary, Failure> {
    drive(run, with_progress, async |stop, progress| run.execute(stop, progress).await)
}

/// Does what a run is for, with or without its progress shown, until it ends or the user ends it.
pub(crate) fn drive<T>(
    run: &Run,
    with_progress: bool,
    carry_out: impl AsyncFnOnce(&Stop, &Progress) -> Result<T, WorkloadError>,
) -> Result<T, Failure> {
    let scenarios = run.scenarios().map(|(own, _)| own.scenario.clone()).collect();
    drive_for(run.duration(), scenarios, with_progress, carry_out)
}

/// Does the same for what takes about so long, with the scenarios that are planned, if any are.
pub(crate) fn drive_for<T>(
    duration: Duration,
    scenarios: Vec<Scenario>,
    with_progress: bool,
    carry_out: impl AsyncFnOnce(&Stop, &Progress) -> Result<T, WorkloadError>,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::Start)?;
    let outcome = runtime.block_on(async {
        let stop = Stop::new();
        // Ends with the runtime; until then it turns Ctrl-C and SIGTERM into a stop.
        tokio::spawn(stop_on(Signals::new().map_err(Failure::Start)?, stop.clone()));
        let progress = Arc::new(Progress::default());
        let show = || ProgressView::start(Arc::clone(&progress), duration, scenarios);
        let view = with_progress.then(show).transpose().map_err(Failure::Start)?;
        let outcome = carry_out(&stop, &progress).await;
        drop(view);
        Ok(outcome?)
    });
    // A name that is still being looked up must not hold up the end.
    runtime.shutdown_background();
    outcome
}

/// The first signal lets iterations finish, the second one interrupts them.
async fn stop_on(mut signals: Signals, stop: Stop) {
    signals.end().await;
    stop.finish();
    output::warn("finishing; press Ctrl-C again to interrupt what still runs");
    signals.end().await;
    stop.abort();
}

fn exit_code(summary: &RunSummary) -> Result<u8, Failure> {
    if !summary.conservation().holds() {
        return Err(Failure::Conservation);
    }
    Ok(match (summary.stopped, summary.verdict()) {
        (Some(StopReason::Interrupted), _) => 105,
        (Some(StopReason::Threshold), _) => 108,
        (_, Verdict::Pass) => 0,
        (_, Verdict::Fail) => 99,
        _ => 98,
    })
}
