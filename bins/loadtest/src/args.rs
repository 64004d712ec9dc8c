use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::capacity::CapacityArgs;
use crate::pair::PairArgs;
use crate::render::RenderArgs;
use crate::reports::ReportArgs;
use crate::shape::ShapeCommand;
use crate::transport::TransportArgs;

/// The arguments as typed. Values are text here, so that a wrong one is reported like the same wrong
/// one from the environment.
#[derive(Debug, Parser)]
#[command(
    name = "loadtest",
    version,
    about = "Load-tests read endpoints, those of the works list or a plan's, and says PASS or FAIL",
    after_help = AFTER_HELP
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One virtual user for 30 s: does it work at all?
    Smoke {
        #[command(flatten)]
        closed: ClosedArgs,
        #[command(flatten)]
        common: CommonArgs,
        #[command(flatten)]
        reports: ReportArgs,
    },
    /// Ten virtual users for 3 min: what is normal?
    Baseline {
        #[command(flatten)]
        closed: ClosedArgs,
        #[command(flatten)]
        common: CommonArgs,
        #[command(flatten)]
        reports: ReportArgs,
    },
    /// Iterations at a rate that rises, holds and falls, whatever the answers take
    Spike {
        #[command(flatten)]
        open: OpenArgs,
        #[command(flatten)]
        common: CommonArgs,
        #[command(flatten)]
        reports: ReportArgs,
    },
    /// The scenarios that SCENARIO names, at once: those above, or those of a plan file
    Run {
        #[command(flatten)]
        any: AnyArgs,
        #[command(flatten)]
        common: CommonArgs,
        #[command(flatten)]
        reports: ReportArgs,
    },
    /// The highest arrival rate that holds an objective, found by steps at constant rates
    ///
    /// What the settings say of reports means nothing here.
    Capacity {
        #[command(flatten)]
        capacity: CapacityArgs,
        #[command(flatten)]
        common: CommonArgs,
    },
    /// Two services under one load at the same time: did the new one become slower?
    ///
    /// The scenario's thresholds mean nothing here, nor does what the settings say of reports, beside
    /// --export.
    Pair {
        #[command(flatten)]
        pair: PairArgs,
        #[command(flatten)]
        any: AnyArgs,
        #[command(flatten)]
        common: CommonArgs,
    },
    /// What a run of the same settings would do: iterations, requests, virtual users, limits
    Plan {
        #[command(flatten)]
        plan: PlanArgs,
        #[command(flatten)]
        any: AnyArgs,
        #[command(flatten)]
        common: CommonArgs,
    },
    /// Renders a result that a run wrote (--output json=FILE): its summary, or other reports
    Report(RenderArgs),
    /// Shapes of response bodies: judge saved bodies by one, learn one, print a built-in one
    #[command(subcommand)]
    Shape(ShapeCommand),
}

/// For scenarios of any name.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Scenarios")]
pub(crate) struct AnyArgs {
    /// The scenarios to run at once, with commas between; the built-in plan has smoke, baseline and
    /// spike, a plan file its own [env: SCENARIO] [default: smoke, or the plan's only one]
    #[arg(long, value_name = "NAMES")]
    pub(crate) scenario: Option<String>,

    #[command(flatten)]
    pub(crate) closed: ClosedArgs,

    #[command(flatten)]
    pub(crate) open: OpenArgs,
}

/// For `loadtest plan`.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Plan")]
pub(crate) struct PlanArgs {
    /// Prints the plan file, or the built-in plan, and does nothing else
    #[arg(long, conflicts_with_all = ["probe", "arrivals", "service_time"])]
    pub(crate) print: bool,

    /// How long a request is assumed to take; virtual users and connections follow from it
    /// [env: SERVICE_TIME] [default: 200ms]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) service_time: Option<String>,

    /// Sends one iteration to the target and takes the median of its requests as the service time
    #[arg(long, conflicts_with = "service_time")]
    pub(crate) probe: bool,

    /// Also writes every start that the scenarios with an arrival rate plan to a file: nanoseconds
    /// from the beginning of the run, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) arrivals: Option<PathBuf>,
}

/// For constant-vus: smoke and baseline.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Smoke and baseline")]
pub(crate) struct ClosedArgs {
    /// Virtual users [env: VUS] [default: smoke 1, baseline 10]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) vus: Option<String>,

    /// How long they start iterations [env: DURATION] [default: smoke 30s, baseline 3m]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) duration: Option<String>,
}

/// For ramping-arrival-rate: spike.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Spike")]
pub(crate) struct OpenArgs {
    /// Iterations a second at the beginning [env: START_RPS] [default: 5]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) start_rps: Option<String>,

    /// Iterations a second at the peak; with the two public lists, 25 are 50 HTTP requests a second
    /// [env: PEAK_RPS] [default: 25]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) peak_rps: Option<String>,

    /// Iterations a second at the end [env: END_RPS] [default: START_RPS]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) end_rps: Option<String>,

    /// From the beginning to the peak [env: RAMP_UP] [default: 10s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) ramp_up: Option<String>,

    /// At the peak [env: HOLD] [default: 60s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) hold: Option<String>,

    /// From the peak to the end [env: RAMP_DOWN] [default: 10s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) ramp_down: Option<String>,

    /// Virtual users made before the first start [env: PREALLOCATED_VUS] [default: 20]
    #[arg(long = "preallocated-vus", value_name = "N", allow_hyphen_values = true)]
    pub(crate) pre_allocated_vus: Option<String>,

    /// Virtual users that there may be; a start that finds all of them busy is dropped
    /// [env: MAX_VUS] [default: four for each iteration a second at the peak, at least 40]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) max_vus: Option<String>,
}

/// For every scenario.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Every scenario")]
pub(crate) struct CommonArgs {
    /// A plan file, with endpoints and scenarios in place of the built-in ones; `loadtest plan
    /// --print` shows how one is written [env: PLAN]
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<String>,

    /// Where the load goes, such as http://127.0.0.1:8787; without it an embedded gallery is started
    /// [env: BASE_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// The dataset, relative to the working directory; without it the committed sample, for the
    /// embedded gallery only [env: WORKS_DATA]
    #[arg(long, value_name = "FILE")]
    pub(crate) works_data: Option<String>,

    /// The share of iterations that also request the detail of a work, 0 to 1
    /// [env: DETAIL_RATIO] [default: 0]
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    pub(crate) detail_ratio: Option<String>,

    /// The endpoints to request, by name or path, with commas between; without it all that apply
    /// [env: ENDPOINTS]
    #[arg(long, value_name = "LIST")]
    pub(crate) endpoints: Option<String>,

    /// A file with the access token of the personal lists; a token in the variable AUTH_TOKEN works
    /// as well
    #[arg(long, value_name = "FILE")]
    pub(crate) auth_token_file: Option<PathBuf>,

    /// The token's user, as an ownerUserId of the dataset; details that need the token are requested
    /// for this user's works only [env: AUTH_USER]
    #[arg(long, value_name = "ID")]
    pub(crate) auth_user: Option<String>,

    /// Whether the target has the works of WORKS_DATA and no others, true or false; lists must then
    /// have exactly their ids [env: WORKS_IMPORTED] [default: true for the embedded gallery]
    #[arg(long, value_name = "BOOL")]
    pub(crate) works_imported: Option<String>,

    /// Threads that send the load [env: WORKERS] [default: enough for the planned rate; where answers
    /// decide the rate, one for every second core, but no more than virtual users]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) workers: Option<String>,

    /// The seed of every random choice [env: SEED] [default: 0]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) seed: Option<String>,

    /// The run's name, which its requests carry in X-Load-Test-Run and User-Agent: up to 64
    /// letters, digits, -, _ and . [env: RUN_ID] [default: random]
    #[arg(long, value_name = "ID")]
    pub(crate) run_id: Option<String>,

    /// The share of requests that carry a W3C traceparent, 0 to 1 [env: TRACE_SHARE] [default: 0]
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    pub(crate) trace_share: Option<String>,

    /// How long iterations may go on after the last start [env: GRACEFUL_STOP] [default: 30s]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(crate) graceful_stop: Option<String>,

    /// nginx's access log on this machine: what it gains during the run is counted, and a new 502
    /// fails the run [env: NGINX_ACCESS_LOG]
    #[arg(long, value_name = "FILE")]
    pub(crate) nginx_access_log: Option<String>,

    /// Whether a threshold that is undecided, because too few samples meet it, is no pass (exit code
    /// 98), true or false [env: STRICT] [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) strict: Option<String>,

    /// Statistics of the times in the summary [env: SUMMARY_TREND_STATS]
    /// [default: avg,min,med,max,p(90),p(95)]
    #[arg(long, value_name = "LIST")]
    pub(crate) summary_trend_stats: Option<String>,

    /// Also write the summary to a file, in k6's own format [env: SUMMARY_EXPORT]
    #[arg(long, value_name = "FILE")]
    pub(crate) summary_export: Option<String>,

    /// Where the metrics go when the run is over: prometheus=FILE in Prometheus' text format,
    /// otlp=URL to an OpenTelemetry collector such as http://127.0.0.1:4318, or otlp to where
    /// OTEL_EXPORTER_OTLP_ENDPOINT says. Several with commas between or as several flags; what cannot
    /// be exported is a warning [env: EXPORT]
    #[arg(long, value_name = "LIST")]
    pub(crate) export: Vec<String>,

    #[command(flatten)]
    pub(crate) transport: TransportArgs,
}

const AFTER_HELP: &str = "\
Every setting is a flag or the variable of the same name; the flag goes first, and an empty variable
counts as not set; --json and --quiet are flags only. The token is never an argument: it would show
in the list of processes.

NO_COLOR leaves colours out, and COLUMNS is the width of the summary where it is not the terminal's.

`loadtest plan` sends nothing, unless it is told to probe.

Exit codes: 0 pass, 1 could not be done, 2 usage, 98 no evidence, 99 a threshold failed,
104 invalid configuration, 105 interrupted, 108 stopped by a threshold";
