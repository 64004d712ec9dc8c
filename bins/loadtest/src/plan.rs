//! `loadtest plan`: what a run would do.

use std::path::Path;
use std::time::Duration;

use cli::{CliError, Environment, WholeFile};
use scenario::{Scenario, ScenarioError};
use workload::{Plan, PlannedScenario};

use crate::args::{CommonArgs, PlanArgs};
use crate::failure::Failure;
use crate::forecast_text;
use crate::output;
use crate::plan_file::PlanFile;
use crate::run::{execute, prepare};
use crate::settings::{Asked, Read, Settings};
use crate::target::Target;

/// Enough for the file to be written in large pieces.
const CHUNK_BYTES: usize = 64 << 10;

pub(crate) fn run(
    args: PlanArgs,
    asked: Asked,
    common: CommonArgs,
    environment: &Environment,
) -> Result<u8, Failure> {
    let read = Read { environment };
    if args.print {
        // Whoever wants to read a plan need not have chosen one of its scenarios.
        let file = read.plan_file(common.plan)?;
        file.as_ref().map(PlanFile::plan).transpose()?;
        output::print(file.as_ref().map_or(Plan::genarrative_toml(), PlanFile::text))?;
        return Ok(0);
    }
    let service_time = read.service_time(args.service_time)?;
    let settings = Settings::new(asked, common, environment)?;
    if let Some(path) = &args.arrivals {
        write_arrivals(path, &settings.scenarios)?;
    }
    let target = match args.probe {
        true => Target::new(&settings.common)?,
        false => Target::planned(&settings.common)?,
    };
    let run = prepare(&settings, &target, settings.scenarios.clone())?;
    let (service_time, origin) = match args.probe {
        true => (probe(&settings, &target)?, "the median of one iteration that was sent"),
        false => (service_time, "assumed"),
    };
    let forecast = run.forecast(service_time);
    output::print(&format!("plan: {}\n", target.introduction))?;
    output::print(&forecast_text::text(&forecast, origin, &observe::limits()))?;
    Ok(0)
}

/// The median time of the requests of one iteration, which is sent.
fn probe(settings: &Settings, target: &Target) -> Result<Duration, Failure> {
    let mut planned = settings.scenarios.first().cloned().ok_or(Failure::Probe)?;
    planned.scenario = one_iteration(settings.common.transport.timeout)?;
    planned.thresholds.clear();
    let summary = execute(&prepare(settings, target, vec![planned])?, true)?;
    let expected = metrics::MetricKey::new("http_req_duration").with("expected_response", "true");
    let median = summary.metrics.select_trend(&expected).percentile(50.0);
    median.filter(|median| !median.is_zero()).ok_or(Failure::Probe)
}

fn one_iteration(timeout: Duration) -> Result<Scenario, ScenarioError> {
    Scenario::shared_iterations(1, 1, timeout, timeout)
}

/// Writes the starts of all arrival rates in the order of time.
fn write_arrivals(path: &Path, scenarios: &[PlannedScenario]) -> Result<(), Failure> {
    let schedule = |planned: &PlannedScenario| {
        let begin = planned.scenario.start_time();
        planned.scenario.starts().map(|starts| starts.map(move |start| begin + start).peekable())
    };
    let mut schedules: Vec<_> = scenarios.iter().filter_map(schedule).collect();
    if schedules.is_empty() {
        let names: Vec<_> = scenarios.iter().map(|planned| planned.name.as_str()).collect();
        return Err(Failure::NoArrivals(names.join(", ")));
    }
    let next = || {
        let earliest = schedules
            .iter_mut()
            .enumerate()
            .filter_map(|(at, starts)| starts.peek().map(|start| (*start, at)))
            .min()?;
        schedules[earliest.1].next()
    };
    write_lines(path, std::iter::from_fn(next)).map_err(Failure::from)
}

fn write_lines(path: &Path, starts: impl Iterator<Item = Duration>) -> Result<(), CliError> {
    let mut file = WholeFile::create(path)?;
    let mut chunk = String::with_capacity(CHUNK_BYTES + 32);
    for start in starts {
        chunk += &start.as_nanos().to_string();
        chunk.push('\n');
        if chunk.len() >= CHUNK_BYTES {
            file.write_all(chunk.as_bytes())?;
            chunk.clear();
        }
    }
    file.write_all(chunk.as_bytes())?;
    file.publish()
}
