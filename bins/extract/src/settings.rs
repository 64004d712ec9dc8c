//! What was typed, as values that fit together.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use anonymize::Format;

use crate::args::{Args, AuditScope, is_standard};
use crate::error::ExtractError;
use crate::manifest_file;

/// More threads than that only wait for the one that reads.
const DEFAULT_THREADS_MAX: usize = 8;

/// What one extraction works with.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) source: Source,
    pub(crate) output: PathBuf,
    pub(crate) sample_output: Option<PathBuf>,
    pub(crate) sample_per_table: usize,
    pub(crate) import_output: Option<PathBuf>,
    /// None where the dataset goes to standard output and no path was given.
    pub(crate) manifest: Option<PathBuf>,
    pub(crate) real_ids: bool,
    pub(crate) audit: AuditScope,
    pub(crate) policy: Option<PathBuf>,
    pub(crate) key: KeySource,
    pub(crate) threads: NonZeroUsize,
    pub(crate) strict: bool,
    pub(crate) lock: Option<LockSetting>,
}

/// Where the rows come from.
#[derive(Debug)]
pub(crate) enum Source {
    Files(FileSource),
    Database(DatabaseSource),
}

/// Files, folders and standard input.
#[derive(Debug)]
pub(crate) struct FileSource {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) format: Format,
    pub(crate) table: Option<String>,
    pub(crate) columns: Option<Vec<String>>,
}

/// A running SpacetimeDB.
#[derive(Debug)]
pub(crate) struct DatabaseSource {
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) token_file: PathBuf,
}

/// Where the key comes from.
#[derive(Debug)]
pub(crate) enum KeySource {
    File(PathBuf),
    Ephemeral,
}

/// The schema lock, and whether changes are written to it.
#[derive(Debug)]
pub(crate) struct LockSetting {
    pub(crate) path: PathBuf,
    pub(crate) accept_drift: bool,
}

impl Settings {
    pub(crate) fn new(args: Args) -> Result<Self, ExtractError> {
        for (path, problem) in [
            (&args.sample_output, "--sample-output is a file, not standard output"),
            (&args.import_output, "--import-output is a file, not standard output"),
            (&args.manifest, "--manifest is a file, not standard output"),
            (&args.lock, "--lock is a file, not standard output"),
        ] {
            if path.as_deref().is_some_and(is_standard) {
                return Err(ExtractError::Usage(problem));
            }
        }
        if args.input.iter().filter(|path| is_standard(path)).count() > 1 {
            return Err(ExtractError::Usage("standard input can be read only once"));
        }
        let accept_drift = args.accept_drift;
        let key =
            if args.ephemeral_key { KeySource::Ephemeral } else { KeySource::File(args.key_file) };
        let database = (args.spacetimedb, args.database, args.token_file);
        let source = match database {
            (Some(url), Some(name), Some(token_file)) => {
                Source::Database(DatabaseSource { url, name, token_file })
            }
            _ => Source::Files(FileSource {
                paths: args.input,
                format: args.format,
                table: args.table,
                columns: args.columns,
            }),
        };
        let beside =
            || (!is_standard(&args.output)).then(|| manifest_file::path_beside(&args.output));
        Ok(Self {
            source,
            manifest: args.manifest.or_else(beside),
            output: args.output,
            sample_output: args.sample_output,
            sample_per_table: args.sample_per_table,
            import_output: args.import_output,
            real_ids: args.real_ids,
            audit: args.audit,
            policy: args.policy,
            key,
            threads: args.threads.unwrap_or_else(default_threads),
            strict: args.strict,
            lock: args.lock.map(|path| LockSetting { path, accept_drift }),
        })
    }

    /// The files that are read, with the flags that name them.
    pub(crate) fn files_read(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let (inputs, token) = match &self.source {
            Source::Files(source) => (source.paths.as_slice(), None),
            Source::Database(source) => ([].as_slice(), Some(&source.token_file)),
        };
        let inputs = inputs.iter().map(|path| ("--input", path));
        let others = [
            token.map(|path| ("--token-file", path)),
            self.policy.as_ref().map(|path| ("--policy", path)),
            self.key_file().map(|path| ("--key-file", path)),
        ];
        inputs.chain(others.into_iter().flatten()).map(|(flag, path)| (flag, path.as_path()))
    }

    /// The files that are written, with the flags that name them.
    pub(crate) fn files_written(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let files = [
            Some(("--output", &self.output)),
            self.sample_output.as_ref().map(|path| ("--sample-output", path)),
            self.import_output.as_ref().map(|path| ("--import-output", path)),
            self.manifest.as_ref().map(|path| ("--manifest", path)),
            self.lock.as_ref().map(|lock| ("--lock", &lock.path)),
        ];
        files.into_iter().flatten().map(|(flag, path)| (flag, path.as_path()))
    }

    /// The files that nobody else may see, with the flags that name them. The sample may be shared,
    /// and manifest and lock have no value.
    pub(crate) fn private_files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let files = self.files_written();
        let is_private = |flag: &str| matches!(flag, "--output" | "--import-output");
        files.filter(move |(flag, path)| is_private(flag) && !is_standard(path))
    }

    pub(crate) fn key_file(&self) -> Option<&PathBuf> {
        match &self.key {
            KeySource::File(path) => Some(path),
            KeySource::Ephemeral => None,
        }
    }
}

fn default_threads() -> NonZeroUsize {
    let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    processors.min(NonZeroUsize::new(DEFAULT_THREADS_MAX).unwrap_or(NonZeroUsize::MIN))
}
