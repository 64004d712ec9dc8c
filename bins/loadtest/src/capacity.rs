//! `loadtest capacity`: the highest arrival rate that holds an objective.

mod settings;
mod text;

use cli::Environment;
use workload::{BrokenOff, CapacityEvent, CapacityResult, CapacityTest, capacity::Ended};

use crate::args::CommonArgs;
use crate::failure::Failure;
use crate::output;
use crate::run;
use crate::target::Target;
use settings::CapacitySettings;

/// For `loadtest capacity`. Values are text here, as all others are.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Capacity")]
pub(crate) struct CapacityArgs {
    /// What has to hold, with commas between: p(95)<800 (also avg, med, max; milliseconds),
    /// failed<1%, dropped<1%, or k6's http_req_duration{endpoint:x}: p(95)<800 [env: SLO]
    /// [default: p(95)<800; failed<1% and dropped<1% where nothing is said of them]
    #[arg(long, value_name = "LIST")]
    slo: Option<String>,

    /// The rate of the first step, in iterations a second [env: FROM] [default: 10]
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    from: Option<String>,

    /// The highest rate that is tried, in iterations a second [env: MAX_RPS] [default: 10000]
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    max_rps: Option<String>,

    /// How long a step starts iterations; longer where its percentiles need more samples
    /// [env: STEP_DURATION] [default: 10s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    step_duration: Option<String>,

    /// How long the service rests between two steps [env: STEP_PAUSE] [default: 1s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    step_pause: Option<String>,

    /// How far apart a rate that holds and one that does not may be in the end, 1% to 100%
    /// [env: RESOLUTION] [default: 5%]
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    resolution: Option<String>,

    /// How long all may take [env: MAX_DURATION] [default: 15m]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    max_duration: Option<String>,

    /// Virtual users that a step may have [env: MAX_VUS] [default: 10000]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    max_vus: Option<String>,
}

pub(crate) fn run(
    args: CapacityArgs,
    common: CommonArgs,
    environment: &Environment,
) -> Result<u8, Failure> {
    let CapacitySettings { plan, scenario, config, common } =
        CapacitySettings::new(args, common, environment)?;
    let target = Target::new(&common)?;
    let base = run::config(&common, &target, "capacity", scenario)?;
    let test = CapacityTest::prepare(config, base, &plan, target.dataset.as_ref())?;
    output::print(&introduction(&target, &test)?)?;

    let mut steps = 0;
    let mut unprinted = Ok(());
    let duration = test.config().max_duration;
    let result = run::drive_for(duration, Vec::new(), true, async |stop, progress| {
        let on_event = |event: CapacityEvent<'_>| {
            if let CapacityEvent::Ended(step, _) = event {
                steps += 1;
                // Who closed standard output still gets the exit code; a full disk is said later.
                let printed = output::print(&text::row(steps, step));
                unprinted = std::mem::replace(&mut unprinted, Ok(())).and(printed);
            }
        };
        test.execute(stop, progress, on_event).await
    })?;
    drop(target);
    output::print(&text::verdict(&result))?;
    unprinted?;
    exit_code(&result)
}

fn introduction(target: &Target, test: &CapacityTest<'_>) -> Result<String, Failure> {
    let first = test.first_step()?;
    let mut lines = format!("loadtest: {}\n", target.introduction);
    lines += &text::heading(test);
    for (_, endpoints) in first.scenarios() {
        lines += &run::how_often(endpoints, first.config().detail_ratio);
    }
    let run_id = first.config().run_id.as_ref().map_or(String::new(), |id| format!(", run {id}"));
    lines += &format!("seed {}{run_id}\n\n", first.config().seed);
    Ok(lines + text::COLUMNS)
}

/// 0 where the capacity is known, 99 where not even the lowest rate holds, and 98 where the search
/// shows too little of the service.
fn exit_code(result: &CapacityResult) -> Result<u8, Failure> {
    if !result.steps.iter().all(|step| step.adds_up) {
        return Err(Failure::Conservation);
    }
    Ok(match (result.broken_off, result.finding.ended) {
        (Some(BrokenOff::Interrupted), _) => 105,
        (None, Ended::Found | Ended::AtMaximum) => 0,
        (None, Ended::BelowMinimum) => 99,
        _ => 98,
    })
}
