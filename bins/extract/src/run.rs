//! The extraction, step by step. Nothing gets its final name before every step has succeeded.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anonymize::{DatasetWriter, Manifest, Policy, PseudonymKey, Sampler, anonymize};
use cli::WholeFile;

use crate::args::{Args, Command, is_standard};
use crate::error::ExtractError;
use crate::input::{Input, Inputs};
use crate::key_file::Key;
use crate::output::Target;
use crate::settings::{FileSource, Settings, Source};
use crate::{git, paths, policy, report, verify};

/// What the report tells of a run that succeeded.
pub(crate) struct Done<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) manifest: Manifest,
    pub(crate) counts: Vec<(String, u64)>,
    pub(crate) sample_counts: Option<Vec<(String, u64)>>,
    pub(crate) key_is_new: bool,
}

pub(crate) fn run(mut args: Args) -> Result<ExitCode, ExtractError> {
    match args.command.take() {
        Some(Command::Policy { explain: Some(_), .. }) => Err(NOT_YET),
        Some(Command::Policy { policy, explain: None }) => {
            report::print(&policy::text(policy.as_deref())?, &mut io::stdout())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Verify { dataset, manifest }) => {
            let verdict = verify::verify(&dataset, manifest.as_deref())?;
            report::print(&verdict.text, &mut io::stdout())?;
            Ok(if verdict.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        None => extract_with(&Settings::new(args)?).map(|()| ExitCode::SUCCESS),
    }
}

/// Said of what the rest of the program cannot do yet, rather than leaving it out in silence.
const NOT_YET: ExtractError =
    ExtractError::Usage("this build cannot do this yet: one dump in one file, and no lock");

fn extract_with(settings: &Settings) -> Result<(), ExtractError> {
    let policy = policy::read(settings.policy.as_deref())?;
    let is_allowed = |name: &str| policy.table_names().any(|table| table == name);
    paths::check(settings, &is_allowed)?;
    if !is_standard(&settings.output) {
        git::check_private("--output", &settings.output)?;
    }
    let input = input(settings, &is_allowed)?;
    let key = Key::of(&settings.key)?;
    let done = extract(settings, input, &policy, key)?;
    let text = report::render(&done);
    if is_standard(&settings.output) {
        report::print(&text, &mut io::stderr())
    } else {
        report::print(&text, &mut io::stdout())
    }
}

fn input(settings: &Settings, is_allowed: &dyn Fn(&str) -> bool) -> Result<Input, ExtractError> {
    let Source::Files(files) = &settings.source else { return Err(NOT_YET) };
    let FileSource { format, table, columns, .. } = files;
    let is_plain = format == "auto" && table.is_none() && columns.is_none();
    if !is_plain || settings.strict || settings.lock.is_some() {
        return Err(NOT_YET);
    }
    let mut opened = Inputs::open(files, &copies_folder(&settings.output), is_allowed)?;
    match opened.inputs.pop() {
        Some(input) if opened.inputs.is_empty() => Ok(input),
        _ => Err(NOT_YET),
    }
}

/// Where the copies of pipes are: beside the output, where it has to find room too.
fn copies_folder(output: &Path) -> PathBuf {
    match is_standard(output) {
        true => std::env::temp_dir(),
        false => cli::folder(output).to_owned(),
    }
}

fn extract<'a>(
    settings: &'a Settings,
    mut input: Input,
    policy: &Policy,
    Key { key, new_file }: Key,
) -> Result<Done<'a>, ExtractError> {
    let output = Target::new(&settings.output)?;
    let sample = settings.sample_output.as_deref().map(Target::new).transpose()?;

    let mut writer = writer(&output, policy, &key);
    let mut sampler = sample
        .as_ref()
        .map(|target| Sampler::new(self::writer(target, policy, &key), settings.sample_per_table));
    let reading = |error| ExtractError::Dump(anonymize::AnonymizeError::Read(error));
    let reader = input.reader().map_err(reading)?;
    let manifest = anonymize(reader, policy, &key, &mut (&mut writer, &mut sampler));
    let manifest = manifest.map_err(ExtractError::Dump)?;
    input.check_unchanged().map_err(reading)?;
    let counts = writer.counts();
    let sample_counts = sampler.map(|sampler| sampler.into_inner().counts());
    drop(writer);

    let key_is_new = new_file.is_some();
    release(output, sample, new_file)?;
    Ok(Done { settings, manifest, counts, sample_counts, key_is_new })
}

fn writer<'f>(
    target: &'f Target,
    policy: &Policy,
    key: &PseudonymKey,
) -> DatasetWriter<BufWriter<&'f File>> {
    DatasetWriter::new(BufWriter::with_capacity(1 << 20, target.file()), policy, key)
}

/// Everything is on the disk before anything gets its name. The key has its name before the data
/// that it made, and the dataset comes last: where it is, all of the run is.
fn release(
    output: Target,
    sample: Option<Target>,
    key: Option<WholeFile>,
) -> Result<(), ExtractError> {
    output.sync()?;
    sample.as_ref().map_or(Ok(()), Target::sync)?;
    if let Some(key) = key {
        key.sync()?;
        key.publish_new()?;
    }
    sample.map_or(Ok(()), Target::release)?;
    output.release()
}
