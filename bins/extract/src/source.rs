//! Where the rows come from: opened inputs, and what is known about them beforehand.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anonymize::{AnonymizeError, Dump, DumpOptions, Policy};

use crate::args::is_standard;
use crate::error::ExtractError;
use crate::input::{Input, Inputs};
use crate::settings::{FileSource, Settings, Source};
use crate::spacetimedb::{Database, Wanted};

/// The inputs of a run.
pub(crate) struct Sources {
    pub(crate) inputs: Vec<Input>,
    /// How many tables were passed over without a look: files of a folder, and tables of a database.
    pub(crate) passed_over: u64,
    /// Allowed tables that a database does not have.
    pub(crate) absent: Vec<String>,
    /// Columns of allowed tables that a database has and the policy does not list.
    pub(crate) unlisted_columns: u64,
    options: DumpOptions,
    /// Which input is being read, for errors.
    current: Rc<Cell<usize>>,
    /// The bytes of all inputs, once they were read.
    bytes: Rc<Cell<u64>>,
}

impl Sources {
    pub(crate) fn open(settings: &Settings, policy: &Policy) -> Result<Self, ExtractError> {
        let copies = copies_folder(&settings.output);
        let mut sources = Self {
            inputs: Vec::new(),
            passed_over: 0,
            absent: Vec::new(),
            unlisted_columns: 0,
            options: DumpOptions::default(),
            current: Rc::default(),
            bytes: Rc::default(),
        };
        match &settings.source {
            Source::Files(files) => sources.open_files(files, &copies, policy)?,
            Source::Database(source) => {
                let fetched = Database::of(source)?.fetch(&wanted(policy), &copies)?;
                sources.passed_over = fetched.other_tables;
                sources.unlisted_columns = fetched.unlisted_columns.values().sum();
                sources.absent = fetched.absent;
                sources.inputs = fetched.inputs;
            }
        }
        Ok(sources)
    }

    fn open_files(
        &mut self,
        files: &FileSource,
        copies: &Path,
        policy: &Policy,
    ) -> Result<(), ExtractError> {
        let opened = Inputs::open(files, copies, &|name| is_allowed(policy, name))?;
        (self.inputs, self.passed_over) = (opened.inputs, opened.skipped.len() as u64);
        self.options.format = files.format;
        self.options.columns.clone_from(&files.columns);
        Ok(())
    }

    /// The inputs as dumps, to be read from the start.
    pub(crate) fn dumps(&mut self, policy: &Policy) -> Vec<Dump<'_>> {
        self.bytes.set(0);
        let mut dumps = Vec::new();
        for (index, input) in self.inputs.iter_mut().enumerate() {
            let (current, bytes) = (Rc::clone(&self.current), Rc::clone(&self.bytes));
            let mut options = self.options.clone();
            options.table = table_of(input, policy);
            // A dump that is read several times counts once.
            let mut start = None;
            let open = move || {
                current.set(index);
                bytes.set(*start.get_or_insert(bytes.get()));
                let counted = Counted { inner: input.reader()?, bytes: Rc::clone(&bytes) };
                Ok(Box::new(counted) as Box<dyn Read>)
            };
            dumps.push(Dump::again(open).options(options));
        }
        dumps
    }

    /// The bytes that were read, inflated where they were gzip.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Says in which input the error is.
    pub(crate) fn error(&self, source: AnonymizeError) -> ExtractError {
        let input = self.inputs.get(self.current.get());
        let input = input.map_or_else(String::new, |input| input.name_for_errors.clone());
        ExtractError::Dump { input, source: Box::new(source) }
    }

    /// An error where an input is not the one that was read before.
    pub(crate) fn check_unchanged(&self) -> Result<(), ExtractError> {
        for (index, input) in self.inputs.iter().enumerate() {
            self.current.set(index);
            input.check_unchanged().map_err(|error| self.error(AnonymizeError::Read(error)))?;
        }
        Ok(())
    }
}

/// Counts what is read.
struct Counted {
    inner: Box<dyn Read + Send>,
    bytes: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + count as u64);
        Ok(count)
    }
}

pub(crate) fn is_allowed(policy: &Policy, name: &str) -> bool {
    !policy.table_spellings(name).is_empty()
}

/// The table that was named, or that the file is named after.
fn table_of(input: &Input, policy: &Policy) -> Option<String> {
    let hint = input.table_hint.as_ref().filter(|name| is_allowed(policy, name));
    input.explicit_table.as_ref().or(hint).cloned()
}

/// Where the copies of pipes are: beside the output, where it has to find room too.
pub(crate) fn copies_folder(output: &Path) -> PathBuf {
    match is_standard(output) {
        true => std::env::temp_dir(),
        false => cli::folder(output).to_owned(),
    }
}

/// The columns that the policy reads; those that it drops need not leave the database.
fn wanted(policy: &Policy) -> Vec<Wanted> {
    let wanted = |table: &str| Wanted {
        table: table.to_owned(),
        aliases: policy
            .table_spellings(table)
            .into_iter()
            .filter(|name| *name != table)
            .map(str::to_owned)
            .collect(),
        columns: policy.read_columns(table).into_iter().map(str::to_owned).collect(),
    };
    policy.table_names().map(wanted).collect()
}
