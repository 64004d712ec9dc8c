//! Arguments and environment as a run that can be prepared.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::{CliError, Environment, Setting};
use metrics::Stat;
use scenario::Scenario;
use workload::preset::{Preset, Spike};
use workload::{AuthToken, BaseUrl, TransportOptions};
use zeroize::Zeroizing;

use crate::args::{ClosedArgs, Command, CommonArgs, OpenArgs};
use crate::failure::Failure;

/// Everything that was asked for, checked.
pub(crate) struct Settings {
    pub(crate) preset: Preset,
    pub(crate) scenario: Scenario,
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
    pub(crate) seed: u64,
    pub(crate) graceful_stop: Duration,
    pub(crate) transport: TransportOptions,
    pub(crate) nginx_access_log: Option<PathBuf>,
    pub(crate) trend_stats: Vec<Stat>,
    pub(crate) summary_export: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn new(command: Command, environment: &Environment) -> Result<Self, Failure> {
        let (preset, closed, open, common) = parts(command, environment)?;
        let read = Read { environment };
        let common = read.common(common)?;
        let graceful_stop = common.graceful_stop;
        let scenario = match preset {
            Preset::Baseline => read.closed(closed, 10, Duration::from_secs(180), graceful_stop)?,
            Preset::Spike => read.spike(open, graceful_stop)?,
            _ => read.closed(closed, 1, Duration::from_secs(30), graceful_stop)?,
        };
        Ok(Settings { preset, scenario, common })
    }
}

fn parts(
    command: Command,
    environment: &Environment,
) -> Result<(Preset, ClosedArgs, OpenArgs, CommonArgs), CliError> {
    Ok(match command {
        Command::Smoke { closed, common } => (Preset::Smoke, closed, OpenArgs::default(), common),
        Command::Baseline { closed, common } => {
            (Preset::Baseline, closed, OpenArgs::default(), common)
        }
        Command::Spike { open, common } => (Preset::Spike, ClosedArgs::default(), open, common),
        Command::Run { scenario, closed, open, common } => {
            let name = match environment.setting(scenario, "scenario")? {
                None => Preset::Smoke,
                Some(setting) => setting.parse_with(Preset::by_name, "smoke, baseline or spike")?,
            };
            (name, closed, open, common)
        }
    })
}

/// Reads settings by flag and variable.
struct Read<'a> {
    environment: &'a Environment,
}

impl Read<'_> {
    /// What `parse` makes of a setting; `None` if it is not set.
    fn value<T>(
        &self,
        typed: Option<String>,
        flag: &'static str,
        parse: impl FnOnce(&Setting) -> Result<T, CliError>,
    ) -> Result<Option<T>, CliError> {
        self.environment.setting(typed, flag)?.as_ref().map(parse).transpose()
    }

    fn closed(
        &self,
        args: ClosedArgs,
        vus: usize,
        duration: Duration,
        graceful_stop: Duration,
    ) -> Result<Scenario, Failure> {
        let vus = self.value(args.vus, "vus", Setting::positive_number)?.unwrap_or(vus);
        let asked = self.value(args.duration, "duration", Setting::duration)?;
        Ok(Scenario::constant_vus(vus, asked.unwrap_or(duration), graceful_stop)?)
    }

    fn spike(&self, args: OpenArgs, graceful_stop: Duration) -> Result<Scenario, Failure> {
        let rate = |typed, flag| self.value(typed, flag, Setting::whole_number);
        let length = |typed, flag| self.value(typed, flag, Setting::duration);
        let users = |typed, flag| self.value(typed, flag, Setting::positive_number);
        let default = Spike::default();
        let spike = Spike {
            start_rps: rate(args.start_rps, "start-rps")?.unwrap_or(default.start_rps),
            peak_rps: rate(args.peak_rps, "peak-rps")?.unwrap_or(default.peak_rps),
            end_rps: rate(args.end_rps, "end-rps")?,
            ramp_up: length(args.ramp_up, "ramp-up")?.unwrap_or(default.ramp_up),
            hold: length(args.hold, "hold")?.unwrap_or(default.hold),
            ramp_down: length(args.ramp_down, "ramp-down")?.unwrap_or(default.ramp_down),
            pre_allocated_vus: users(args.pre_allocated_vus, "preallocated-vus")?,
            max_vus: users(args.max_vus, "max-vus")?,
            graceful_stop,
        };
        Ok(spike.scenario()?)
    }

    fn common(&self, args: CommonArgs) -> Result<Common, Failure> {
        let path = |typed, flag| self.value(typed, flag, |setting| Ok(setting.text().into()));
        Ok(Common {
            base_url: self.base_url(args.base_url)?,
            works_data: path(args.works_data, "works-data")?,
            detail_ratio: self
                .value(args.detail_ratio, "detail-ratio", Setting::share)?
                .unwrap_or(0.0),
            endpoints: self.value(args.endpoints, "endpoints", names)?.unwrap_or_default(),
            auth_token: self.auth_token(args.auth_token_file.as_deref())?,
            auth_user: self.value(args.auth_user, "auth-user", |user| Ok(user.text().into()))?,
            seed: self.value(args.seed, "seed", Setting::whole_number)?.unwrap_or(0),
            graceful_stop: self
                .value(args.graceful_stop, "graceful-stop", Setting::duration)?
                .unwrap_or(Duration::from_secs(30)),
            transport: args.transport.options(self.environment)?,
            nginx_access_log: path(args.nginx_access_log, "nginx-access-log")?,
            trend_stats: self
                .value(args.summary_trend_stats, "summary-trend-stats", trend_stats)?
                .unwrap_or(Stat::DEFAULT.to_vec()),
            summary_export: path(args.summary_export, "summary-export")?,
        })
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

fn names(setting: &Setting) -> Result<Vec<String>, CliError> {
    let names = setting.text().split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<_> = names.map(str::to_owned).collect();
    if names.is_empty() { Err(setting.invalid("names or paths of endpoints")) } else { Ok(names) }
}

fn trend_stats(setting: &Setting) -> Result<Vec<Stat>, CliError> {
    let parse = |text: &str| Stat::parse_list(text).ok();
    setting.parse_with(parse, "a list of avg, min, med, max, count and p(N), N from 0 to 100")
}
