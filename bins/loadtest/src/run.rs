//! From the arguments to the exit code.

use std::sync::Arc;

use cli::{Environment, Signals, WholeFile};
use metrics::{RunSummary, StopReason, Verdict};
use report::RunReport;
use scenario::Stop;
use workload::{AuthToken, Endpoint, Plan, Progress, Role, Run, RunConfig};

use crate::args::Args;
use crate::failure::Failure;
use crate::output;
use crate::progress::ProgressView;
use crate::server_side;
use crate::settings::Settings;
use crate::target::Target;

/// Does what was asked for and says the exit code of a run that took place.
pub(crate) fn run(args: Args, environment: &Environment) -> Result<u8, Failure> {
    let settings = Settings::new(args.command, environment)?;
    let export = settings.common.summary_export.as_deref();
    // A path that cannot be written to is said before minutes of load, not after them.
    export.map(|path| WholeFile::create(path).map(drop)).transpose()?;
    let target = Target::new(&settings.common)?;
    let run = prepare(&settings, &target)?;
    output::print(&introduction(&target, &run))?;

    let watch = server_side::begin(settings.common.nginx_access_log.as_deref())?;
    let started_at = jiff::Timestamp::now();
    let mut summary = execute(&run)?;
    drop(target);
    let server = server_side::end(watch, &mut summary).unwrap_or_else(|error| {
        output::warn(&Failure::from(error).to_string());
        None
    });

    let report = RunReport { run: &summary, server: server.as_ref(), started_at: Some(started_at) };
    let printed = output::print_summary(&report, &settings.common.trend_stats);
    if let Some(path) = export {
        output::export_summary(&report, &settings.common.trend_stats, path)?;
    }
    printed?;
    exit_code(&summary)
}

fn prepare(settings: &Settings, target: &Target) -> Result<Run, Failure> {
    let common = &settings.common;
    let mut config =
        RunConfig::new(settings.preset.name(), target.base_url.clone(), settings.scenario.clone());
    config.endpoints.clone_from(&common.endpoints);
    config.detail_ratio = common.detail_ratio;
    config.auth_token =
        common.auth_token.as_deref().map(|token| AuthToken::new(token)).transpose()?;
    config.auth_user.clone_from(&target.auth_user);
    config.seed = common.seed;
    config.transport.timeout = common.timeout;
    let run = Run::prepare(config, &Plan::genarrative(), target.dataset.as_ref())?;
    let requests = |role| run.endpoints().any(|endpoint| endpoint.role() == role);
    let thresholds = settings.preset.thresholds(requests(Role::List), requests(Role::Detail));
    Ok(run.with_thresholds(thresholds))
}

/// What will happen, before it does.
fn introduction(target: &Target, run: &Run) -> String {
    let config = run.config();
    let names = |role| {
        let of_role = run.endpoints().filter(|endpoint| endpoint.role() == role);
        of_role.map(Endpoint::name).collect::<Vec<_>>().join(", ")
    };
    let mut lines = format!("loadtest: {}\n", target.introduction);
    lines += &format!("{}: {}\n", config.name, run.description());
    let lists = names(Role::List);
    if !lists.is_empty() {
        lines += &format!("every iteration requests {lists}\n");
    }
    if config.detail_ratio > 0.0 {
        let percent = config.detail_ratio * 100.0;
        let details = names(Role::Detail);
        lines += &format!("{percent} % of iterations request a detail: one of {details}\n");
        if config.auth_token.is_some() && config.auth_user.is_none() {
            lines += "details that need the token are left out: AUTH_USER does not say whose works \
                      the token may see\n";
        }
    }
    lines + &format!("seed {}\n", config.seed)
}

fn execute(run: &Run) -> Result<RunSummary, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::Start)?;
    let summary = runtime.block_on(async {
        let stop = Stop::new();
        // Ends with the runtime; until then it turns Ctrl-C and SIGTERM into a stop.
        tokio::spawn(stop_on(Signals::new().map_err(Failure::Start)?, stop.clone()));
        let progress = Arc::new(Progress::default());
        let duration = run.config().scenario.duration();
        let view = ProgressView::start(Arc::clone(&progress), duration).map_err(Failure::Start)?;
        let summary = run.execute(&stop, &progress).await;
        drop(view);
        Ok(summary?)
    });
    // A name that is still being looked up must not hold up the end.
    runtime.shutdown_background();
    summary
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
