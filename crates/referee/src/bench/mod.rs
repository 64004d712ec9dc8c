//! Our load test beside its peers, in alternated rounds against one server, on one machine.

mod load;
mod process;
mod results;
mod target;
mod tools;

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use self::load::{Bodies, Commands, Load, Model};
use self::process::{Client, Core, Launcher};
use self::results::Results;
use self::target::Target;
use self::tools::{Tool, Tools};
use crate::judge;

const SERVER: Core = Core::Only(0);
const CLIENT: Core = Core::Only(1);

/// What a client has for its start, before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long many virtual users may take to be there.
const PATIENCE: Duration = Duration::from_secs(120);
const MANY_VUS: usize = 10_000;
/// Less than this share of the planned starts is another load than the one that was asked for.
const STARTS_MIN: f64 = 0.98;

/// How much is measured, and how.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Rounds, of which the table has the medians
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// Only these figures
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Figures>,
    /// Where peers are installed and the results are written
    #[arg(long, default_value = "target/peers")]
    folder: PathBuf,
    /// Our own binary; the one beside this one by default
    #[arg(long)]
    loadtest: Option<PathBuf>,
    /// Install nothing
    #[arg(long)]
    offline: bool,
    /// Run server and clients before all other processes (chrt -f 1, as root), on a machine that
    /// does other things too
    #[arg(long)]
    realtime: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Figures {
    /// Processor time a request, closed model
    Cpu,
    /// How late starts are, seen from the server
    Lag,
    /// Requests a second on all cores
    Throughput,
    /// Memory of many virtual users
    Memory,
    /// Connections of many preallocated virtual users
    Connections,
    /// How long `loadtest plan` takes
    Plan,
}

struct Bench {
    tools: Tools,
    launcher: Launcher,
    /// As it was before the first round.
    machine: String,
    rounds: u32,
    seconds: u32,
    results: Results,
}

/// Measures, prints the table, and writes it with every round's figures beside the peers.
pub(crate) fn bench(args: &BenchArgs) -> io::Result<()> {
    if !cfg!(target_os = "linux") {
        return Err(io::Error::other("bench needs Linux: it pins processes and reads /proc"));
    }
    let beside = std::env::current_exe()?.with_file_name("loadtest");
    let ours = args.loadtest.clone().unwrap_or(beside).canonicalize()?;
    let tools = Tools::install(&args.folder, ours, args.offline)?;
    let launcher = Launcher { realtime: args.realtime };
    let BenchArgs { rounds, seconds, .. } = *args;
    let (machine, results) = (machine(launcher), Results::default());
    let mut bench = Bench { tools, launcher, machine, rounds, seconds, results };
    let wanted = |figures: &&Figures| args.only.is_empty() || args.only.contains(figures);
    for figures in Figures::value_variants().iter().filter(wanted) {
        // It takes a while, and says what it is at.
        writeln!(io::stderr(), "measuring {figures:?}")?;
        bench.measure(*figures)?;
    }
    bench.publish()
}

impl Bench {
    fn measure(&mut self, figures: Figures) -> io::Result<()> {
        match figures {
            Figures::Cpu => self.cpu(),
            Figures::Lag => self.lag(),
            Figures::Throughput => self.throughput(),
            Figures::Memory => self.memory(),
            Figures::Connections => self.connections(),
            Figures::Plan => self.plan(),
        }
    }

    fn publish(&self) -> io::Result<()> {
        let mut text = format!("{}\n", self.machine);
        for tool in Tool::ALL {
            text += &format!("{}: {}\n", tool.name(), self.tools.version(tool));
        }
        let Bench { rounds, seconds, .. } = self;
        text += &format!("rounds {rounds}, seconds {seconds}; in brackets: ours over theirs\n\n");
        text += &self.results.table();
        let folder = self.tools.folder();
        fs::write(folder.join("results.md"), &text)?;
        let json = self.results.json(&self.machine, &self.tools);
        fs::write(folder.join("results.json"), json.to_string())?;
        io::stdout().write_all(text.as_bytes())
    }

    fn cpu(&mut self) -> io::Result<()> {
        let cases = [
            ("CPU a request, 0.9 KB", Bodies::Small, false),
            ("CPU a request, 90 KB", Bodies::List, false),
            ("CPU a request, gallery mix", Bodies::Mix, false),
            ("CPU a request, gallery mix checked", Bodies::Mix, true),
        ];
        let target = Target::start(self.launcher, SERVER, 0)?;
        for (_, figure, bodies, checked) in self.rounds_of(&cases) {
            let load = self.closed(bodies, checked);
            self.each(&target, CLIENT, figure, "µs", load, |bench, client| {
                bench.steadily(&target, client).map(|steady| steady.cpu_micros)
            })?;
        }
        Ok(())
    }

    fn throughput(&mut self) -> io::Result<()> {
        let target = Target::start(self.launcher, Core::Any, 0)?;
        let figure = "Throughput on all cores, 0.9 KB";
        for _ in 0..self.rounds {
            let load = self.closed(Bodies::Small, false);
            self.each(&target, Core::Any, figure, "requests/s", load, |bench, client| {
                bench.steadily(&target, client).map(|steady| steady.per_second)
            })?;
        }
        Ok(())
    }

    fn lag(&mut self) -> io::Result<()> {
        let cases = [
            ("100/s", Bodies::Small, 100),
            ("1000/s", Bodies::Small, 1000),
            ("5000/s", Bodies::Small, 5000),
            ("2000/s of 90 KB checked", Bodies::List, 2000),
        ];
        let target = Target::start(self.launcher, SERVER, 0)?;
        for (_, name, bodies, per_second) in self.rounds_of(&cases) {
            let model = Model::Rate { per_second, vus: 50 };
            let checked = bodies != Bodies::Small;
            let load = Load { model, bodies, checked, seconds: self.seconds };
            for tool in Tool::ALL {
                let lags = self.lags(&target, tool, load, per_second);
                let Some(lags) = lags.transpose() else { continue };
                for (quantile, take) in QUANTILES {
                    let figure = format!("Start lag {quantile}, {name}");
                    let value = lags.as_ref().map(take).map_err(ToString::to_string);
                    self.results.add(&figure, "µs", tool, value);
                }
            }
        }
        Ok(())
    }

    /// The lags of one run; `None` where the tool has no such load.
    fn lags(
        &self,
        target: &Target,
        tool: Tool,
        load: Load,
        per_second: u32,
    ) -> io::Result<Option<judge::Quantiles>> {
        let Some(command) = self.commands(target, CLIENT).of(tool, load)? else { return Ok(None) };
        target.reset()?;
        Client::start(command)?.wait()?;
        let seen = judge::read_lines(&target.arrivals()?).map_err(io::Error::other)?;
        let planned = f64::from(per_second) * f64::from(load.seconds);
        if (seen.len() as f64) < planned * STARTS_MIN {
            return Err(io::Error::other(format!("{} of {planned} starts came", seen.len())));
        }
        // A start or two more or less is the tool's own end rule.
        let planned = judge::constant(per_second, seen.len());
        let judgement = judge::judge(&planned, &seen).map_err(io::Error::other)?;
        Ok(Some(judgement.over_least))
    }

    fn memory(&mut self) -> io::Result<()> {
        let idle = Model::Rate { per_second: 10, vus: MANY_VUS };
        let connected = Model::Closed { vus: MANY_VUS };
        for (figure, model, connections) in [
            ("Memory of 10,000 idle virtual users", idle, 1),
            ("Memory of 10,000 connected virtual users", connected, MANY_VUS as u64),
        ] {
            let target = Target::start(self.launcher, SERVER, 1000)?;
            let seconds = PATIENCE.as_secs() as u32;
            let load = Load { model, bodies: Bodies::Small, checked: false, seconds };
            self.each(&target, CLIENT, figure, "MB", load, |_, client| {
                wait_for_load(&target, client, connections)?;
                Ok(client.resident_kib()? as f64 * 1024.0 / 1e6)
            })?;
        }
        Ok(())
    }

    fn connections(&mut self) -> io::Result<()> {
        let target = Target::start(self.launcher, SERVER, 9)?;
        let model = Model::Rate { per_second: 250, vus: 300 };
        let load = Load { model, bodies: Bodies::Small, checked: false, seconds: self.seconds };
        let figure = "Connections of 300 preallocated virtual users at 250/s of 9 ms";
        self.each(&target, CLIENT, figure, "connections", load, |_, client| {
            client.wait()?;
            Ok(target.counts()?.connections as f64)
        })
    }

    fn plan(&mut self) -> io::Result<()> {
        for _ in 0..self.rounds {
            let program = self.tools.program(Tool::Ours).unwrap_or_default();
            let mut command = self.launcher.command(CLIENT, &program);
            command.arg("plan");
            let begun = Instant::now();
            let status = Client::start(command)?.wait()?;
            let value = if status.success() {
                Ok(begun.elapsed().as_secs_f64() * 1e3)
            } else {
                Err(format!("it ended with {status}"))
            };
            self.results.add("Time of loadtest plan", "ms", Tool::Ours, value);
        }
        Ok(())
    }

    /// Every tool under a load, each with what `take` reads from it while it runs.
    fn each(
        &mut self,
        target: &Target,
        core: Core,
        figure: &str,
        unit: &'static str,
        load: Load,
        take: impl Fn(&Self, &mut Client) -> io::Result<f64>,
    ) -> io::Result<()> {
        for tool in Tool::ALL {
            let Some(command) = self.commands(target, core).of(tool, load)? else { continue };
            target.reset()?;
            let mut client = Client::start(command)?;
            let value = take(self, &mut client).map_err(|error| error.to_string());
            self.results.add(figure, unit, tool, value);
        }
        Ok(())
    }

    /// What a client does from the end of its warm-up on.
    fn steadily(&self, target: &Target, client: &mut Client) -> io::Result<Steady> {
        client.sleep_until(WARM_UP);
        let (begun, before, used) = (Instant::now(), target.counts()?, client.cpu()?);
        client.sleep_until(WARM_UP + Duration::from_secs(self.seconds.into()));
        let (after, elapsed) = (target.counts()?, begun.elapsed());
        let cpu = client.cpu()?.saturating_sub(used);
        let requests = (after.requests - before.requests) as f64;
        if client.has_ended()? || requests == 0.0 {
            return Err(io::Error::other("it ended early or sent nothing"));
        }
        let cpu_micros = cpu.as_secs_f64() * 1e6 / requests;
        Ok(Steady { cpu_micros, per_second: requests / elapsed.as_secs_f64() })
    }

    fn closed(&self, bodies: Bodies, checked: bool) -> Load {
        // Still running when it is looked at for the last time.
        let seconds = self.seconds + 2;
        Load { model: Model::Closed { vus: 10 }, bodies, checked, seconds }
    }

    fn commands(&self, target: &Target, core: Core) -> Commands<'_> {
        let Bench { tools, launcher, .. } = self;
        Commands { tools, launcher: *launcher, core, base_url: target.base_url() }
    }

    /// The cases of all rounds, alternated.
    fn rounds_of<A: Copy, B: Copy, C: Copy>(&self, cases: &[(A, B, C)]) -> Vec<(u32, A, B, C)> {
        let round = |round| cases.iter().map(move |&(a, b, c)| (round, a, b, c));
        (0..self.rounds).flat_map(round).collect()
    }
}

/// What the figures depend on, as far as the system says it.
fn machine(launcher: Launcher) -> String {
    let file = |path| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let processors = file("/proc/cpuinfo");
    let model = processors.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.unwrap_or_default().trim_start_matches([' ', '\t', ':']).to_owned();
    let count = processors.lines().filter(|line| line.starts_with("processor")).count();
    format!(
        "{count} x {model}, Linux {}, TCP {}, load before {}, realtime {}",
        file("/proc/sys/kernel/osrelease"),
        file("/proc/sys/net/ipv4/tcp_congestion_control"),
        file("/proc/loadavg"),
        launcher.realtime
    )
}

struct Steady {
    cpu_micros: f64,
    per_second: f64,
}

type Take = fn(&judge::Quantiles) -> f64;

const QUANTILES: [(&str, Take); 3] =
    [("p50", |lags| lags.p50), ("p90", |lags| lags.p90), ("p99", |lags| lags.p99)];

/// Waits until so many connections have asked, and all virtual users had time to.
fn wait_for_load(target: &Target, client: &mut Client, connections: u64) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        sleep(Duration::from_secs(2));
        let counts = target.counts()?;
        if counts.connections >= connections && counts.requests >= 2 * connections {
            return Ok(());
        }
        if client.has_ended()? || begun.elapsed() > PATIENCE {
            let problem = format!("{} connections and no more", counts.connections);
            return Err(io::Error::other(problem));
        }
    }
}
