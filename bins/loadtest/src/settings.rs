//! Arguments and environment as a run that can be prepared.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::{CliError, Environment, Setting};
use metrics::Stat;
use scenario::Scenario;
use workload::{AuthToken, BaseUrl, Overrides, Plan, PlannedScenario, RunId, TransportOptions};
use zeroize::Zeroizing;

use crate::args::{AnyArgs, ClosedArgs, CommonArgs, OpenArgs};
use crate::export::{self, Export};
use crate::failure::Failure;
use crate::plan_file::PlanFile;

/// Everything that was asked for, checked.
pub(crate) struct Settings {
    pub(crate) plan: Plan,
    pub(crate) scenarios: Vec<PlannedScenario>,
    pub(crate) common: Common,
}

/// What every scenario has.
pub(crate) struct Common {
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) works_data: Option<PathBuf>,
    pub(crate) detail_ratio: f64,
    pub(crate) endpoints: Vec<String>,
    pub(crate) auth_token: Option<Zeroizing<String>>,
    pub(crate) auth_user: Option<String>,
    pub(crate) works_imported: Option<bool>,
    pub(crate) seed: u64,
    pub(crate) workers: Option<usize>,
    pub(crate) run_id: RunId,
    pub(crate) trace_share: f64,
    pub(crate) transport: TransportOptions,
    pub(crate) nginx_access_log: Option<PathBuf>,
    pub(crate) strict: bool,
    pub(crate) trend_stats: Vec<Stat>,
    pub(crate) summary_export: Option<PathBuf>,
    pub(crate) exports: Vec<Export>,
}

impl Settings {
    pub(crate) fn new(
        scenario: Asked,
        mut common: CommonArgs,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let read = Read { environment };
        let plan = read.plan(&mut common)?;
        let Asked { name, closed, open } = scenario;
        let names = match name {
            Name::Given(name) => vec![name.to_owned()],
            Name::Setting(typed) => read.scenarios(typed, &plan)?,
        };
        let overrides = read.overrides(closed, open, common.graceful_stop.take())?;
        let scenarios = plan.scenarios(&names, &overrides)?;
        let common = read.common(common)?;
        Ok(Settings { plan, scenarios, common })
    }
}

/// What a run that learns shapes needs: a scenario of its own, whatever those of the plan are.
pub(crate) struct LearnSettings {
    pub(crate) plan: Plan,
    pub(crate) scenario: Scenario,
    pub(crate) common: Common,
}

impl LearnSettings {
    pub(crate) fn new(
        closed: ClosedArgs,
        mut common: CommonArgs,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let read = Read { environment };
        let plan = read.plan(&mut common)?;
        let asked = read.overrides(closed, OpenArgs::default(), common.graceful_stop.take())?;
        let scenario = Scenario::constant_vus(
            asked.vus.unwrap_or(1),
            asked.duration.unwrap_or(Duration::from_secs(10)),
            asked.graceful_stop.unwrap_or(Duration::from_secs(30)),
        )?;
        let common = read.common(common)?;
        Ok(LearnSettings { plan, scenario, common })
    }
}

/// The scenarios that were asked for, and the settings that change them.
#[derive(Default)]
pub(crate) struct Asked {
    name: Name,
    closed: ClosedArgs,
    open: OpenArgs,
}

enum Name {
    /// By the command.
    Given(&'static str),
    /// By `--scenario` or else `SCENARIO`.
    Setting(Option<String>),
}

impl Default for Name {
    fn default() -> Self {
        Name::Setting(None)
    }
}

impl Asked {
    pub(crate) fn closed(name: &'static str, closed: ClosedArgs) -> Self {
        Asked { name: Name::Given(name), closed, ..Asked::default() }
    }

    pub(crate) fn open(name: &'static str, open: OpenArgs) -> Self {
        Asked { name: Name::Given(name), open, ..Asked::default() }
    }

    pub(crate) fn any(AnyArgs { scenario, closed, open }: AnyArgs) -> Self {
        Asked { name: Name::Setting(scenario), closed, open }
    }
}

/// Reads settings by flag and variable.
pub(crate) struct Read<'a> {
    pub(crate) environment: &'a Environment,
}

impl Read<'_> {
    /// What `parse` makes of a setting; `None` if it is not set.
    pub(crate) fn value<T>(
        &self,
        typed: Option<String>,
        flag: &'static str,
        parse: impl FnOnce(&Setting) -> Result<T, CliError>,
    ) -> Result<Option<T>, CliError> {
        self.environment.setting(typed, flag)?.as_ref().map(parse).transpose()
    }

    /// The plan of a file, or the built-in one.
    pub(crate) fn plan(&self, common: &mut CommonArgs) -> Result<Plan, Failure> {
        match self.plan_file(common.plan.take())? {
            Some(file) => file.plan(),
            None => Ok(Plan::genarrative()),
        }
    }

    /// The plan file, if there is to be one.
    pub(crate) fn plan_file(&self, typed: Option<String>) -> Result<Option<PlanFile>, Failure> {
        let path = self.value(typed, "plan", |path| Ok(path.text().to_owned()))?;
        path.map(|path| PlanFile::read(path.as_ref())).transpose()
    }

    /// The names of SCENARIO, or else `smoke`, or the only one that the plan has.
    fn scenarios(&self, typed: Option<String>, plan: &Plan) -> Result<Vec<String>, CliError> {
        let names =
            self.value(typed, "scenario", |setting| names(setting, "names of scenarios"))?;
        let only = || {
            let names: Vec<_> = plan.scenario_names().collect();
            match names[..] {
                [only] => only,
                _ => "smoke",
            }
        };
        Ok(names.unwrap_or_else(|| vec![only().to_owned()]))
    }

    fn overrides(
        &self,
        closed: ClosedArgs,
        open: OpenArgs,
        graceful_stop: Option<String>,
    ) -> Result<Overrides, CliError> {
        let rate = |typed, flag| self.value(typed, flag, Setting::whole_number);
        let length = |typed, flag| self.value(typed, flag, Setting::duration);
        let users = |typed, flag| self.value(typed, flag, Setting::positive_number);
        Ok(Overrides {
            vus: users(closed.vus, "vus")?,
            duration: length(closed.duration, "duration")?,
            start_rps: rate(open.start_rps, "start-rps")?,
            peak_rps: rate(open.peak_rps, "peak-rps")?,
            end_rps: rate(open.end_rps, "end-rps")?,
            ramp_up: length(open.ramp_up, "ramp-up")?,
            hold: length(open.hold, "hold")?,
            ramp_down: length(open.ramp_down, "ramp-down")?,
            pre_allocated_vus: users(open.pre_allocated_vus, "preallocated-vus")?,
            max_vus: users(open.max_vus, "max-vus")?,
            graceful_stop: length(graceful_stop, "graceful-stop")?,
        })
    }

    /// How long a request is assumed to take.
    pub(crate) fn service_time(&self, typed: Option<String>) -> Result<Duration, CliError> {
        let asked = self.value(typed, "service-time", Setting::positive_duration)?;
        Ok(asked.unwrap_or(Duration::from_millis(200)))
    }

    /// The path of a setting.
    pub(crate) fn path(
        &self,
        typed: Option<String>,
        flag: &'static str,
    ) -> Result<Option<PathBuf>, CliError> {
        self.value(typed, flag, |setting| Ok(setting.text().into()))
    }

    /// The statistics that are shown of times.
    pub(crate) fn trend_stats(&self, typed: Option<String>) -> Result<Vec<Stat>, CliError> {
        let asked = self.value(typed, "summary-trend-stats", trend_stats)?;
        Ok(asked.unwrap_or(Stat::DEFAULT.to_vec()))
    }

    fn run_id(&self, typed: Option<String>) -> Result<RunId, Failure> {
        if let Some(setting) = self.environment.setting(typed, "run-id")? {
            return Ok(setting.text().parse()?);
        }
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(Failure::Random)?;
        Ok(RunId::from_bytes(bytes))
    }

    pub(crate) fn common(&self, args: CommonArgs) -> Result<Common, Failure> {
        Ok(Common {
            base_url: self.base_url(args.base_url)?,
            works_data: self.path(args.works_data, "works-data")?,
            detail_ratio: self
                .value(args.detail_ratio, "detail-ratio", Setting::share)?
                .unwrap_or(0.0),
            endpoints: self
                .value(args.endpoints, "endpoints", |setting| {
                    names(setting, "names or paths of endpoints")
                })?
                .unwrap_or_default(),
            auth_token: self.auth_token(args.auth_token_file.as_deref())?,
            auth_user: self.value(args.auth_user, "auth-user", |user| Ok(user.text().into()))?,
            works_imported: self.value(args.works_imported, "works-imported", Setting::truth)?,
            workers: self.value(args.workers, "workers", Setting::positive_number)?,
            seed: self.value(args.seed, "seed", Setting::whole_number)?.unwrap_or(0),
            run_id: self.run_id(args.run_id)?,
            trace_share: self
                .value(args.trace_share, "trace-share", Setting::share)?
                .unwrap_or(0.0),
            transport: args.transport.options(self.environment)?,
            nginx_access_log: self.path(args.nginx_access_log, "nginx-access-log")?,
            strict: self.value(args.strict, "strict", Setting::truth)?.unwrap_or(false),
            trend_stats: self.trend_stats(args.summary_trend_stats)?,
            summary_export: self.path(args.summary_export, "summary-export")?,
            exports: self.exports(&args.export)?,
        })
    }

    fn exports(&self, typed: &[String]) -> Result<Vec<Export>, CliError> {
        let typed = Some(typed.join(",")).filter(|list| !list.is_empty());
        let setting = self.environment.setting(typed, "export")?;
        export::parse(setting.as_ref(), self.environment)
    }

    /// The URL's own error does not repeat it, because it may hold a password; neither do we.
    fn base_url(&self, typed: Option<String>) -> Result<Option<BaseUrl>, Failure> {
        let setting = self.environment.setting(typed, "base-url")?;
        Ok(setting.map(|setting| setting.text().parse()).transpose()?)
    }

    fn auth_token(&self, file: Option<&Path>) -> Result<Option<Zeroizing<String>>, Failure> {
        let token = self.environment.auth_token(file)?.map(|(_, token)| token);
        // Checked here, so that a bad one is the setting's fault whoever takes it later.
        token.as_ref().map(|token| AuthToken::new(token)).transpose()?;
        Ok(token)
    }
}

fn names(setting: &Setting, expected: &str) -> Result<Vec<String>, CliError> {
    let names = setting.text().split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<_> = names.map(str::to_owned).collect();
    if names.is_empty() { Err(setting.invalid(expected)) } else { Ok(names) }
}

fn trend_stats(setting: &Setting) -> Result<Vec<Stat>, CliError> {
    let parse = |text: &str| Stat::parse_list(text).ok();
    setting.parse_with(parse, "a list of avg, min, med, max, count and p(N), N from 0 to 100")
}
