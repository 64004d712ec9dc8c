//! `loadtest pair`: two services under one load, and whether the new one became slower.

mod text;

use cli::{CliError, Environment, Setting};
use metrics::{PairedComparison, PairedConfig, PairedVerdict, RunSummary, StopReason};
use workload::{BaseUrl, Progress, Run};

use crate::args::{AnyArgs, CommonArgs};
use crate::export;
use crate::failure::Failure;
use crate::output;
use crate::run;
use crate::settings::{Asked, Read, Settings};
use crate::target::Target;

/// For `loadtest pair`.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Two services")]
pub(crate) struct PairArgs {
    /// The service that the other is held against; the same as --base-url
    #[arg(long, value_name = "URL", conflicts_with = "base_url")]
    base: Option<String>,

    /// The service that may have become slower [env: NEW_URL]
    #[arg(long = "new-url", visible_alias = "new", value_name = "URL")]
    new_url: Option<String>,

    /// How much slower is no regression, 0% to 100% [env: TOLERANCE] [default: 5%]
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    tolerance: Option<String>,
}

pub(crate) fn run(
    args: PairArgs,
    any: AnyArgs,
    mut common: CommonArgs,
    environment: &Environment,
) -> Result<u8, Failure> {
    let read = Read { environment };
    let new_url = read.environment.setting(args.new_url, "new-url")?;
    let new_url: BaseUrl = new_url.ok_or(Failure::PairUrls)?.text().parse()?;
    let tolerance = read.value(args.tolerance, "tolerance", share)?;
    common.base_url = args.base.or(common.base_url);
    let settings = Settings::new(Asked::any(any), common, environment)?;
    if settings.common.base_url.is_none() {
        return Err(Failure::PairUrls);
    }
    let mut config = PairedConfig { seed: settings.common.seed, ..PairedConfig::default() };
    config.tolerance = tolerance.unwrap_or(config.tolerance);
    export::check(&settings.common.exports)?;
    let target = Target::new(&settings.common)?;
    let run = prepare(&settings, &target, new_url.clone())?;
    output::print(&format!(
        "{}the new service is {new_url}; of two iterations in a row, one goes to each\n",
        run::introduction(&target, &run)
    ))?;

    let started_at = jiff::Timestamp::now();
    let (summary, endpoints, samples) =
        run::drive(&run, true, async |stop, progress: &Progress| {
            run.compare(stop, progress).await
        })?;
    let common = &settings.common;
    export::all(&common.exports, &summary, started_at, &common.trend_stats);
    let comparisons = samples.compare(&endpoints, &config);
    output::print(&text::table(&comparisons))?;
    output::print(&text::verdict(&summary, &comparisons, samples.not_kept()))?;
    exit_code(&summary, &comparisons)
}

/// The verdict is the comparison's, so that the scenario's own thresholds are left out.
fn prepare(settings: &Settings, target: &Target, new_url: BaseUrl) -> Result<Run, Failure> {
    let mut scenarios = settings.scenarios.clone();
    scenarios.iter_mut().for_each(|planned| planned.thresholds.clear());
    let Some(first) = scenarios.first() else { return Err(Failure::PairUrls) };
    let (name, scenario) = (first.name.clone(), first.scenario.clone());
    let mut config = run::config(&settings.common, target, &name, scenario)?;
    config.paired_url = Some(new_url);
    Ok(Run::of_scenarios(config, &settings.plan, scenarios, target.dataset.as_ref())?)
}

/// 99 for a regression, 98 where nothing can be said at all, and 0 for everything else: what cannot be
/// told is said, and more time tells it.
fn exit_code(summary: &RunSummary, comparisons: &[PairedComparison]) -> Result<u8, Failure> {
    if !summary.conservation().holds() {
        return Err(Failure::Conservation);
    }
    let any = |wanted| comparisons.iter().any(|own| own.verdict() == wanted);
    Ok(match summary.stopped {
        Some(StopReason::Interrupted) => 105,
        _ if !is_evidence(summary, comparisons) => 98,
        _ if any(PairedVerdict::Regression) => 99,
        _ => 0,
    })
}

/// Whether the run says anything: the generator kept up, and some statistic has an interval.
fn is_evidence(summary: &RunSummary, comparisons: &[PairedComparison]) -> bool {
    !summary.is_saturated() && comparisons.iter().any(|own| own.interval.is_some())
}

fn share(setting: &Setting) -> Result<f64, CliError> {
    let parse = |text: &str| {
        let share = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
            None => text.parse().ok()?,
        };
        (0.0..=1.0).contains(&share).then_some(share)
    };
    setting.parse_with(parse, "a share from 0% to 100%")
}
