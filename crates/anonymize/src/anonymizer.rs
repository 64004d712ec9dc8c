//! A run over one dump or several, with everything about it that can be chosen.

use std::fmt;
use std::io::{self, Read};
use std::thread;

use crate::dump::{DumpOptions, Found, Handler, read_dump, read_dump_again};
use crate::manifest::Manifest;
use crate::pipeline::Pipeline;
use crate::private::{Private, Walk};
use crate::row::Tools;
use crate::sink::Sink;
use crate::{AnonymizeError, Policy, PseudonymKey};

/// The most threads that clean rows.
const MAX_THREADS: usize = 64;

type Open<'d> = Box<dyn FnMut() -> io::Result<Box<dyn Read + 'd>> + 'd>;

/// One dump to be read.
pub struct Dump<'d> {
    source: Source<'d>,
    options: DumpOptions,
}

enum Source<'d> {
    Once(Option<Box<dyn Read + 'd>>),
    Again(Open<'d>),
}

impl<'d> Dump<'d> {
    /// A dump that can be read only once.
    pub fn once(input: impl Read + 'd) -> Self {
        Self::new(Source::Once(Some(Box::new(input))))
    }

    /// A dump that can be opened several times and has the same bytes each time. It is read again
    /// only where its layout demands that, as when rows stand before the name of their table.
    pub fn again(open: impl FnMut() -> io::Result<Box<dyn Read + 'd>> + 'd) -> Self {
        Self::new(Source::Again(Box::new(open)))
    }

    fn new(source: Source<'d>) -> Self {
        Self { source, options: DumpOptions::default() }
    }

    /// What is known about the dump beforehand.
    #[must_use]
    pub fn options(mut self, options: DumpOptions) -> Self {
        self.options = options;
        self
    }

    fn read<H: Handler>(
        &mut self,
        policy: &Policy,
        handler: &mut H,
    ) -> Result<Found, AnonymizeError> {
        match &mut self.source {
            Source::Again(open) => read_dump_again(open, policy, &self.options, handler),
            Source::Once(input) => {
                let used = || io::Error::other("the dump can be read only once");
                let input = input.take().ok_or_else(|| AnonymizeError::Read(used()))?;
                read_dump(input, policy, &self.options, handler)
            }
        }
    }
}

impl fmt::Debug for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dump").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Anonymizes dumps under one policy and key.
///
/// ```
/// use anonymize::{Anonymizer, DatasetWriter, Dump, Policy, PseudonymKey};
///
/// let policy = Policy::builtin();
/// let key = PseudonymKey::from_bytes(std::array::from_fn(|byte| byte as u8))?;
/// let dump = br#"{"tables": [{"rows": [{"profile_id": "p"}], "name": "puzzle_work_profile"}]}"#;
/// let mut writer = DatasetWriter::new(Vec::new(), &policy, &key);
/// // The rows stand before the name, so the dump is read twice.
/// let dump = Dump::again(|| Ok(Box::new(&dump[..])));
/// let (manifest, found) =
///     Anonymizer::new(&policy, &key).threads(2).run(&mut [dump], &mut writer)?;
/// assert_eq!(manifest.works, 1);
/// assert_eq!(found[0].to_string(), "tables as an array, rows as objects, read twice");
/// # Ok::<(), anonymize::AnonymizeError>(())
/// ```
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "nothing that holds a key can be printed")]
pub struct Anonymizer<'p> {
    policy: &'p Policy,
    key: &'p PseudonymKey,
    threads: usize,
    import: bool,
    real_ids: bool,
}

impl<'p> Anonymizer<'p> {
    /// One thread, sanitized rows only.
    pub fn new(policy: &'p Policy, key: &'p PseudonymKey) -> Self {
        Self { policy, key, threads: 1, import: false, real_ids: false }
    }

    /// How many threads clean rows, beside the one that reads and writes where there are more than
    /// one. The output is the same for any number. 0 means as many as the machine has cores.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        self.threads = if threads == 0 { cores() } else { threads }.min(MAX_THREADS);
        self
    }

    /// Whether [`CleanRow::import_json`](crate::CleanRow::import_json) has the row in the dump's own
    /// shape and encoding.
    #[must_use]
    pub fn import(mut self, import: bool) -> Self {
        self.import = import;
        self
    }

    /// Whether the ids that make up a work's routes stay as they are, for tests against the place
    /// that the dump came from: in tables with `work`, the column of `id` and those that `work`
    /// names. Everything else is sanitized as ever, the same ids inside paths and JSON too.
    ///
    /// What comes out is private then, and no sample may be made of it: a sample is meant for
    /// everybody. Tell [`DatasetWriter::real_ids`](crate::DatasetWriter::real_ids) too, so that the
    /// file says it. Rows in the dump's form have the ids as well, but no place to say so.
    #[must_use]
    pub fn real_ids(mut self, real_ids: bool) -> Self {
        self.real_ids = real_ids;
        self
    }

    /// Reads the dumps one after another and pushes their sanitized rows into `sink`. Tells of each
    /// dump how it was laid out.
    ///
    /// # Errors
    ///
    /// As [`anonymize`]; a table that two dumps have is one. Of several errors, the one that stands
    /// first in the dump is given, for any number of threads.
    pub fn run(
        &self,
        dumps: &mut [Dump<'_>],
        sink: &mut dyn Sink,
    ) -> Result<(Manifest, Vec<Found>), AnonymizeError> {
        let tools = Tools::new(self.policy, self.key, self.import, self.real_ids);
        thread::scope(|scope| {
            let mut pipeline = Pipeline::start(scope, self.threads, &tools, sink, dumps.len());
            let mut found = Vec::new();
            for dump in dumps {
                let read = dump.read(self.policy, &mut pipeline);
                pipeline.drain()?;
                found.push(read?);
            }
            Ok((pipeline.finish(self.key, self.real_ids)?, found))
        })
    }

    /// Reads the dumps again, for a search of what was written: shows `private` every text that the
    /// outputs must not hold. With `denied`, this includes the tables that the policy does not
    /// allow; without, these are passed without a look.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn show_private(
        &self,
        dumps: &mut [Dump<'_>],
        denied: bool,
        private: &mut dyn Private,
    ) -> Result<(), AnonymizeError> {
        for dump in dumps {
            if denied {
                dump.read(self.policy, &mut Walk::<true>::new(self.policy, private))?;
            } else {
                dump.read(self.policy, &mut Walk::<false>::new(self.policy, private))?;
            }
        }
        Ok(())
    }
}

/// Reads a dump, applies the policy to it, and pushes the sanitized rows into `sink`.
///
/// The dump is JSON in UTF-8, in any layout of [`Format`](crate::Format) that says its tables'
/// names. Tables that the policy does not allow are skipped and counted. What is skipped is checked
/// for quotes and brackets only; allowed rows are parsed in full. [`Anonymizer`] offers more.
///
/// Memory is bounded by [`MAX_ROW_BYTES`](crate::MAX_ROW_BYTES) and by what the sink keeps, not by
/// the size of the dump.
///
/// # Errors
///
/// [`AnonymizeError`] with the table, row and byte where the dump cannot be read, or with the error
/// of reader or sink. What the sink has written by then is incomplete: throw it away.
pub fn anonymize(
    input: impl Read,
    policy: &Policy,
    key: &PseudonymKey,
    sink: &mut impl Sink,
) -> Result<Manifest, AnonymizeError> {
    Anonymizer::new(policy, key).run(&mut [Dump::once(input)], sink).map(|(manifest, _)| manifest)
}
