//! Arguments and environment as a capacity test.

use std::time::Duration;

use cli::{CliError, Environment, Setting};
use scenario::Scenario;
use workload::capacity::Rate;
use workload::{CapacityConfig, Objective, Plan};

use super::CapacityArgs;
use crate::args::CommonArgs;
use crate::failure::Failure;
use crate::settings::{Common, Read};

/// The objective of the baseline scenario.
const OBJECTIVE: &str = "p(95)<800";

pub(super) struct CapacitySettings {
    pub(super) plan: Plan,
    /// A place holder: each step has its own.
    pub(super) scenario: Scenario,
    pub(super) config: CapacityConfig,
    pub(super) common: Common,
}

impl CapacitySettings {
    pub(super) fn new(
        args: CapacityArgs,
        mut common: CommonArgs,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let read = Read { environment };
        let plan = read.plan(&mut common)?;
        let slo = read.value(args.slo, "slo", |setting| Ok(setting.text().to_owned()))?;
        let mut config =
            CapacityConfig::new(Objective::parse(slo.as_deref().unwrap_or(OBJECTIVE))?);
        let (search, default) = (&mut config.search, config.step_duration);
        set(&mut search.from, read.value(args.from, "from", rate)?);
        set(&mut search.max, read.value(args.max_rps, "max-rps", rate)?);
        set(&mut search.resolution, read.value(args.resolution, "resolution", resolution)?);
        let length = |typed, flag| read.value(typed, flag, Setting::positive_duration);
        config.step_duration = length(args.step_duration, "step-duration")?.unwrap_or(default);
        set(&mut config.pause, read.value(args.step_pause, "step-pause", Setting::duration)?);
        set(&mut config.max_duration, length(args.max_duration, "max-duration")?);
        set(&mut config.max_vus, read.value(args.max_vus, "max-vus", Setting::positive_number)?);
        let graceful_stop = common.graceful_stop.take();
        let graceful_stop = read.value(graceful_stop, "graceful-stop", Setting::duration)?;
        set(&mut config.graceful_stop, graceful_stop);
        let scenario = Scenario::constant_vus(1, Duration::from_secs(1), Duration::ZERO)?;
        Ok(CapacitySettings { plan, scenario, config, common: read.common(common)? })
    }
}

fn set<T>(value: &mut T, asked: Option<T>) {
    if let Some(asked) = asked {
        *value = asked;
    }
}

fn rate(setting: &Setting) -> Result<Rate, CliError> {
    let highest = Rate::MAX.per_second();
    let parse = |text: &str| text.parse().ok().filter(|rate| (0.01..=highest).contains(rate));
    setting.parse_with(parse, "a number of iterations a second, 0.01 to 1000000").map(Rate::of)
}

fn resolution(setting: &Setting) -> Result<f64, CliError> {
    let parse = |text: &str| {
        let share = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
            None => text.parse().ok()?,
        };
        (0.01..=1.0).contains(&share).then_some(share)
    };
    setting.parse_with(parse, "a share from 1% to 100%")
}
