//! `loadtest shape learn`: shapes from a run, or from saved bodies.

use std::fs;
use std::path::{Path, PathBuf};

use cli::{Environment, WholeFile};
use metrics::{RunSummary, StopReason};
use probe::{LearnLimits, Learner};
use workload::{Learnt, Run};

use super::bodies;
use crate::args::{ClosedArgs, CommonArgs};
use crate::failure::Failure;
use crate::output;
use crate::run;
use crate::settings::LearnSettings;
use crate::target::Target;

/// Where shapes are learnt from, and written to.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Learning")]
pub(crate) struct LearnArgs {
    /// Where the shapes that a run learns are written, one an endpoint: NAME.json
    #[arg(long, value_name = "DIR", required_unless_present = "body")]
    output_dir: Option<PathBuf>,

    /// Learns one shape from these saved bodies, and sends nothing; - is standard input
    #[arg(
        long,
        value_name = "FILE",
        num_args = 1..,
        requires = "output",
        conflicts_with = "output_dir"
    )]
    body: Vec<PathBuf>,

    /// Where the shape of the saved bodies is written
    #[arg(long, value_name = "FILE", requires = "body")]
    output: Option<PathBuf>,

    /// Replaces files that are there already
    #[arg(long)]
    overwrite: bool,
}

pub(super) fn run(
    learn: &LearnArgs,
    closed: ClosedArgs,
    common: CommonArgs,
    environment: &Environment,
) -> Result<u8, Failure> {
    match (&learn.output_dir, &learn.output) {
        (_, Some(output)) => from_bodies(&learn.body, output, learn.overwrite),
        (Some(folder), None) => {
            let settings = LearnSettings::new(closed, common, environment)?;
            from_run(&settings, folder, learn.overwrite)
        }
        // The arguments are such that there is one of them.
        (None, None) => Ok(2),
    }
}

fn from_bodies(paths: &[PathBuf], output: &Path, overwrite: bool) -> Result<u8, Failure> {
    bodies::check_paths(paths)?;
    check_new(output, overwrite)?;
    let (mut learner, mut body) = (Learner::new(LearnLimits::default()), Vec::new());
    for path in paths {
        bodies::read(path, &mut body)
            .map_err(|source| Failure::ReadBody { path: path.clone(), source })?;
        if let Err(error) = learner.observe(&body) {
            output::warn(&format!("{}: {error}", path.display()));
        }
    }
    let learnt = [Shape { path: output.to_owned(), title: "saved bodies".to_owned(), learner }];
    write(&learnt, overwrite)?;
    report(&learnt)
}

fn from_run(settings: &LearnSettings, folder: &Path, overwrite: bool) -> Result<u8, Failure> {
    let target = Target::new(&settings.common)?;
    let scenario = settings.scenario.clone();
    let config = run::config(&settings.common, &target, "learn", scenario)?;
    let run = Run::prepare(config, &settings.plan, target.dataset.as_ref())?;
    // What cannot be written to is said before the load, not after it.
    for endpoint in run.scenarios().flat_map(|(_, endpoints)| endpoints) {
        check_new(&file(folder, endpoint.name()), overwrite)?;
    }
    fs::create_dir_all(folder)
        .map_err(|source| Failure::OutputDir { path: folder.to_owned(), source })?;
    WholeFile::create(&folder.join("x.json")).map(drop)?;
    output::print(&run::introduction(&target, &run))?;

    let (summary, learnt) = run::drive(&run, true, async |stop, progress| {
        run.learn(LearnLimits::default(), stop, progress).await
    })?;
    if !summary.conservation().holds() {
        return Err(Failure::Conservation);
    }
    let shapes: Vec<_> = learnt.into_iter().map(|learnt| Shape::of(learnt, folder)).collect();
    write(&shapes, overwrite)?;
    let code = report(&shapes)?;
    output::print(&unexpected(&summary))?;
    Ok(if summary.stopped == Some(StopReason::Interrupted) { 105 } else { code })
}

/// What was learnt, and where it belongs.
struct Shape {
    path: PathBuf,
    title: String,
    learner: Learner,
}

impl Shape {
    fn of(learnt: Learnt, folder: &Path) -> Self {
        let Learnt { endpoint, title, learner, .. } = learnt;
        Shape { path: file(folder, &endpoint), title, learner }
    }
}

fn file(folder: &Path, endpoint: &str) -> PathBuf {
    folder.join(format!("{endpoint}.json"))
}

/// A shape that somebody has changed by hand is not to be lost.
fn check_new(path: &Path, overwrite: bool) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) if !overwrite => Err(Failure::Exists { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Writes the shapes of which something is known: all of them, or none if one cannot be written.
fn write(shapes: &[Shape], overwrite: bool) -> Result<(), Failure> {
    let mut files = Vec::with_capacity(shapes.len());
    for shape in shapes.iter().filter(|shape| shape.learner.bodies() > 0) {
        let mut file = WholeFile::create(&shape.path)?;
        file.write_all(shape.learner.shape_json(&shape.title).as_bytes())?;
        file.sync()?;
        files.push(file);
    }
    for file in files {
        if overwrite { file.publish()? } else { file.publish_new()? }
    }
    Ok(())
}

/// Says what was learnt. Where nothing was, there is no evidence.
fn report(shapes: &[Shape]) -> Result<u8, Failure> {
    let mut text = String::new();
    for Shape { path, title, learner } in shapes {
        let refused = match learner.refused() {
            0 => String::new(),
            count => format!("; {count} without usable JSON were left out"),
        };
        text += &match learner.bodies() {
            0 => format!("{title}: nothing to learn from, so there is no file{refused}\n"),
            1 => format!("{}: learnt from 1 body{refused}\n", path.display()),
            count => format!("{}: learnt from {count} bodies{refused}\n", path.display()),
        };
        if learner.generalised() > 0 {
            text += "  what is beyond the bounds of learning may be anything there\n";
        }
    }
    if let Some(shape) = shapes.iter().find(|shape| shape.learner.bodies() > 0) {
        text += "read them before you share them; in a plan, relative to its file:\n";
        text += &format!("  shape = {:?}\n", shape.path.display().to_string());
    }
    output::print(&text)?;
    let is_complete = shapes.iter().all(|shape| shape.learner.bodies() > 0);
    Ok(if is_complete { 0 } else { 98 })
}

fn unexpected(summary: &RunSummary) -> String {
    let requests = &summary.requests;
    match requests.sent - requests.expected {
        0 => String::new(),
        count => format!(
            "{count} of {} requests had no expected answer and taught nothing; a smoke run says why\n",
            requests.sent
        ),
    }
}
