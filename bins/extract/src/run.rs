//! The extraction, step by step. Nothing gets its final name before every step has succeeded.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::process::ExitCode;
use std::thread;

use anonymize::{
    Anonymizer, DatasetWriter, Found, ImportWriter, Manifest, Policy, PseudonymKey, Sampler,
};
use cli::WholeFile;

use crate::args::{Args, Command, is_standard};
use crate::audit::{self, Searched, Written};
use crate::error::ExtractError;
use crate::follow::{Finish, Followed, Progress};
use crate::key_file::Key;
use crate::manifest::{self, Parts};
use crate::output::{self, Target};
use crate::settings::Settings;
use crate::source::{self, Sources};
use crate::{git, paths, policy, report, schema, verify};

/// What the report tells of a run that succeeded.
pub(crate) struct Done<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) manifest: Manifest,
    pub(crate) found: Vec<Found>,
    pub(crate) dump_bytes: u64,
    pub(crate) passed_over: u64,
    pub(crate) absent: Vec<String>,
    pub(crate) unlisted_columns: u64,
    pub(crate) searched: Searched,
    pub(crate) counts: Vec<(String, u64)>,
    pub(crate) sample_counts: Option<Vec<(String, u64)>>,
    pub(crate) key_is_new: bool,
    pub(crate) lock_is_new: bool,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode, ExtractError> {
    match args.command.take() {
        Some(Command::Policy { policy, explain: Some((table, column)) }) => {
            let policy = policy::read(policy.as_deref())?;
            report::print(&policy.explain(&table, &column), &mut io::stdout())?;
        }
        Some(Command::Policy { policy, explain: None }) => {
            report::print(&policy::text(policy.as_deref())?, &mut io::stdout())?;
        }
        Some(Command::Verify { dataset, manifest }) => {
            let verdict = verify::verify(&dataset, manifest.as_deref())?;
            report::print(&verdict.text, &mut io::stdout())?;
            return Ok(if verdict.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        None => match args.explain.take() {
            Some((table, column)) => {
                let policy = policy::read(args.policy.as_deref())?;
                report::print(&policy.explain(&table, &column), &mut io::stdout())?;
            }
            None => extract_with(&Settings::new(args)?)?,
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn extract_with(settings: &Settings) -> Result<(), ExtractError> {
    let policy = policy::read(settings.policy.as_deref())?;
    paths::check(settings, &|name| source::is_allowed(&policy, name))?;
    for (flag, path) in settings.private_files() {
        git::check_private(flag, path)?;
    }
    let mut sources = Sources::open(settings, &policy)?;
    let key = Key::of(&settings.key)?;
    let done = extract(settings, &mut sources, &policy, key)?;
    let text = report::render(&done);
    if is_standard(&settings.output) {
        report::print(&text, &mut io::stderr())
    } else {
        report::print(&text, &mut io::stdout())
    }
}

/// The files of a run, under names of their own until the end.
struct Targets {
    dataset: Target,
    sample: Option<Target>,
    import: Option<Target>,
}

impl Targets {
    fn new(settings: &Settings) -> Result<Self, ExtractError> {
        let target = |path: &Option<_>| path.as_deref().map(Target::new).transpose();
        Ok(Self {
            dataset: Target::new(&settings.output)?,
            sample: target(&settings.sample_output)?,
            import: target(&settings.import_output)?,
        })
    }

    /// The files by the words for them.
    fn files(&self) -> impl Iterator<Item = (&'static str, &File)> {
        let others = [("sample", &self.sample), ("import", &self.import)];
        let others = others.into_iter().filter_map(|(name, target)| Some((name, target.as_ref()?)));
        let all = [("dataset", &self.dataset)].into_iter().chain(others);
        all.map(|(name, target)| (name, target.file()))
    }
}

/// What reading and writing gave.
struct Extracted {
    manifest: Manifest,
    found: Vec<Found>,
    counts: Vec<(String, u64)>,
    sample_counts: Option<Vec<(String, u64)>>,
    /// The columns of the import output's tables, where its rows are arrays.
    positions: Vec<(String, Vec<String>)>,
}

fn extract<'a>(
    settings: &'a Settings,
    sources: &mut Sources,
    policy: &Policy,
    Key { key, new_file }: Key,
) -> Result<Done<'a>, ExtractError> {
    let targets = Targets::new(settings)?;
    let anonymizer = Anonymizer::new(policy, &key)
        .threads(settings.threads.get())
        .import(targets.import.is_some())
        .real_ids(settings.real_ids);
    let plan = audit::Plan {
        policy,
        anonymizer,
        key_id: key.key_id(),
        real_ids: settings.real_ids,
        scope: settings.audit,
        threads: settings.threads.get(),
    };
    let (extracted, begun) = write_and_follow(settings, sources, &plan, &key, &targets)?;
    let dump_bytes = sources.bytes();
    if settings.strict {
        schema::check_strict(&extracted.manifest)?;
    }
    let lock = settings.lock.as_ref();
    let lock = lock.map(|lock| schema::check_lock(lock, &extracted.manifest)).transpose()?;
    let lock = lock.flatten();

    let searched = audit::search(&plan, sources, &written(&targets, &extracted), begun)?;
    sources.check_unchanged()?;

    let parts = Parts {
        policy,
        manifest: &extracted.manifest,
        found: &extracted.found,
        dump_bytes,
        searched: &searched,
        real_ids: settings.real_ids,
        outputs: hashes(&targets)?,
    };
    let manifest_file = manifest_file(settings, parts)?;
    let (key_is_new, lock_is_new) = (new_file.is_some(), lock.is_some());
    release(targets, [lock, manifest_file], new_file)?;
    let Extracted { manifest, found, counts, sample_counts, .. } = extracted;
    Ok(Done {
        settings,
        manifest,
        found,
        dump_bytes,
        passed_over: sources.passed_over,
        absent: std::mem::take(&mut sources.absent),
        unlisted_columns: sources.unlisted_columns,
        searched,
        counts,
        sample_counts,
        key_is_new,
        lock_is_new,
    })
}

/// Writes every output. Where there are threads for it, the audit reads them meanwhile.
fn write_and_follow(
    settings: &Settings,
    sources: &mut Sources,
    plan: &audit::Plan<'_>,
    key: &PseudonymKey,
    targets: &Targets,
) -> Result<(Extracted, Option<audit::Begun>), ExtractError> {
    let progresses = [Progress::default(), Progress::default()];
    // How an import output has its rows is not known before its end.
    let is_followed = cfg!(unix) && plan.threads > 1 && targets.import.is_none();
    let audit = is_followed.then(|| audit::audit(plan, &[]));
    let growing: Vec<_> = targets
        .files()
        .zip(&progresses)
        .map(|((name, file), progress)| audit::Growing { name, file, progress })
        .collect();
    thread::scope(|scope| {
        let begun = audit.map(|audit| scope.spawn(|| audit::begin(audit, &growing)));
        let end = Finish(&progresses);
        let extracted = write(settings, sources, plan, key, targets, &progresses);
        drop(end);
        let begun = begun.and_then(|begun| {
            begun.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        Ok((extracted?, begun))
    })
}

/// Reads the dumps once and writes every output.
fn write(
    settings: &Settings,
    sources: &mut Sources,
    plan: &audit::Plan<'_>,
    key: &PseudonymKey,
    targets: &Targets,
    [whole, part]: &[Progress; 2],
) -> Result<Extracted, ExtractError> {
    let policy = plan.policy;
    let spool = tempfile::tempfile_in(source::copies_folder(&settings.output));
    let mut writer = DatasetWriter::new(buffered(&targets.dataset, whole), policy, key)
        .real_ids(settings.real_ids)
        .spool(spool.map_err(ExtractError::Spool)?);
    let mut sampler = targets.sample.as_ref().map(|target| {
        let writer = DatasetWriter::new(buffered(target, part), policy, key);
        Sampler::new(writer, settings.sample_per_table)
    });
    let import = targets.import.as_ref();
    let mut import =
        import.map(|target| ImportWriter::new(BufWriter::with_capacity(BUFFER, target.file())));
    let mut sink = (&mut writer, (&mut sampler, &mut import));
    let read = plan.anonymizer.run(&mut sources.dumps(policy), &mut sink);
    let (manifest, found) = read.map_err(|error| sources.error(error))?;
    Ok(Extracted {
        manifest,
        found,
        counts: writer.counts(),
        sample_counts: sampler.map(|sampler| sampler.into_inner().counts()),
        positions: import.map(|import| import.positions().to_vec()).unwrap_or_default(),
    })
}

/// How much is written at once.
const BUFFER: usize = 1 << 20;

fn buffered<'a>(target: &'a Target, progress: &'a Progress) -> BufWriter<Followed<'a>> {
    BufWriter::with_capacity(BUFFER, Followed { file: target.file(), progress })
}

fn written<'a>(targets: &'a Targets, extracted: &'a Extracted) -> Vec<Written<'a>> {
    let has_arrays = !extracted.positions.is_empty();
    let file = |(name, file)| Written {
        name,
        file,
        positions: (name == "import" && has_arrays).then_some(extracted.positions.as_slice()),
    };
    targets.files().map(file).collect()
}

fn hashes(
    targets: &Targets,
) -> Result<BTreeMap<String, crate::manifest_file::OutputFile>, ExtractError> {
    let hash = |(name, file): (&str, &File)| {
        let hash = manifest::output_file(file).map_err(ExtractError::ReadBack)?;
        Ok((name.to_owned(), hash))
    };
    targets.files().map(hash).collect()
}

fn manifest_file(settings: &Settings, parts: Parts<'_>) -> Result<Option<WholeFile>, ExtractError> {
    let Some(path) = &settings.manifest else { return Ok(None) };
    let text = parts.into_file().map_err(|_| "it cannot be written as JSON");
    let text = text.and_then(|file| file.to_text()).map_err(ExtractError::Manifest)?;
    let mut file = output::begin(path)?;
    file.write_all(text.as_bytes())?;
    Ok(Some(file))
}

/// Everything is on the disk before anything gets its name. The key has its name before the data
/// that it made, and the dataset comes last: where it is, all of the run is.
fn release(
    targets: Targets,
    others: [Option<WholeFile>; 2],
    key: Option<WholeFile>,
) -> Result<(), ExtractError> {
    let Targets { dataset, sample, import } = targets;
    for target in [Some(&dataset), sample.as_ref(), import.as_ref()].into_iter().flatten() {
        target.sync()?;
    }
    others.iter().flatten().try_for_each(WholeFile::sync)?;
    if let Some(key) = key {
        key.sync()?;
        key.publish_new()?;
    }
    for file in others.into_iter().flatten() {
        file.publish()?;
    }
    for target in [sample, import].into_iter().flatten() {
        target.release()?;
    }
    dataset.release()
}
