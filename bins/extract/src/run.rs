//! The extraction, step by step. Nothing gets its final name before every step has succeeded.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read};
use std::path::Path;

use anonymize::{DatasetWriter, Manifest, Policy, PseudonymKey, Sampler, anonymize};
use cli::WholeFile;

use crate::args::{Args, Command, is_standard};
use crate::error::ExtractError;
use crate::key_file::{self, Key};
use crate::output::Target;
use crate::{paths, report};

/// What the report tells of a run that succeeded.
pub(crate) struct Done<'a> {
    pub(crate) args: &'a Args,
    pub(crate) manifest: Manifest,
    pub(crate) counts: Vec<(String, u64)>,
    pub(crate) sample_counts: Option<Vec<(String, u64)>>,
    pub(crate) key_is_new: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), ExtractError> {
    if let Some(Command::Policy) = args.command {
        return report::print(Policy::BUILTIN_TOML, &mut io::stdout());
    }
    paths::check(args)?;
    let policy = policy(args)?;
    let input = open(&args.input)?;
    let key = key_file::read_or_make(&args.key_file)?;
    let done = extract(args, input, &policy, key)?;
    let text = report::render(&done);
    if is_standard(&args.output) {
        report::print(&text, &mut io::stderr())
    } else {
        report::print(&text, &mut io::stdout())
    }
}

fn policy(args: &Args) -> Result<Policy, ExtractError> {
    let Some(path) = &args.policy else { return Ok(Policy::builtin()) };
    let text = fs::read_to_string(path).map_err(|source| {
        let advice = "name a policy file with --policy, or leave it out for the built-in one";
        ExtractError::Open { path: path.clone(), source, advice }
    })?;
    Policy::from_toml(&text)
        .map_err(|source| ExtractError::Configuration { path: path.clone(), source })
}

fn open(path: &Path) -> Result<Box<dyn Read>, ExtractError> {
    if is_standard(path) {
        return Ok(Box::new(io::stdin().lock()));
    }
    let error = |source| {
        let advice = "put the private dump there, or name another with --input";
        ExtractError::Open { path: path.to_owned(), source, advice }
    };
    if path.is_dir() {
        return Err(error(io::ErrorKind::IsADirectory.into()));
    }
    Ok(Box::new(File::open(path).map_err(error)?))
}

fn extract<'a>(
    args: &'a Args,
    input: Box<dyn Read>,
    policy: &Policy,
    Key { key, new_file }: Key,
) -> Result<Done<'a>, ExtractError> {
    let output = Target::new(&args.output)?;
    let sample = args.sample_output.as_deref().map(Target::new).transpose()?;

    let mut writer = writer(&output, policy, &key);
    let mut sampler = sample
        .as_ref()
        .map(|target| Sampler::new(self::writer(target, policy, &key), args.sample_per_table));
    let manifest = anonymize(input, policy, &key, &mut (&mut writer, &mut sampler));
    let manifest = manifest.map_err(ExtractError::Dump)?;
    let counts = writer.counts();
    let sample_counts = sampler.map(|sampler| sampler.into_inner().counts());
    drop(writer);

    let key_is_new = new_file.is_some();
    release(output, sample, new_file)?;
    Ok(Done { args, manifest, counts, sample_counts, key_is_new })
}

fn writer<'f>(
    target: &'f Target,
    policy: &Policy,
    key: &PseudonymKey,
) -> DatasetWriter<BufWriter<&'f File>> {
    DatasetWriter::new(BufWriter::with_capacity(1 << 20, target.file()), policy, key)
}

/// Everything is on the disk before anything gets its name, and the key has its name before the
/// data that it made.
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
    output.release()?;
    sample.map_or(Ok(()), Target::release)
}
