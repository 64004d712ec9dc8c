//! Opened dumps that can be read more than once, from the start each time.
//!
//! A regular file is read by its handle, so that a rename in between changes nothing. A pipe is
//! kept in a file without a name while it is read for the first time.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use flate2::bufread::MultiGzDecoder;

use crate::args::is_standard;
use crate::error::ExtractError;
use crate::regular::Regular;
use crate::settings::FileSource;
use crate::spool::{Spool, SpoolReader};

/// How the files of a folder end that are dumps, each also with `.gz` behind it.
const ENDINGS: [&str; 3] = [".json", ".jsonl", ".ndjson"];

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What gzip data is buffered in before it is inflated.
const GZIP_BUFFER_BYTES: usize = 256 << 10;

/// A dump, or the part of one that holds a single table.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name_for_errors: String,
    /// The table that the file's name speaks of, should the dump itself name none.
    pub(crate) table_hint: Option<String>,
    /// The table that the user or the database named.
    pub(crate) explicit_table: Option<String>,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Regular(Arc<Regular>),
    Stream(Arc<Mutex<Spool>>),
}

/// The inputs of a run, and the files of folders that were not even opened.
#[derive(Debug)]
pub(crate) struct Inputs {
    pub(crate) inputs: Vec<Input>,
    /// The tables that those files are named after.
    pub(crate) skipped: Vec<String>,
}

impl Inputs {
    /// Opens what `--input` names. `copies` is the folder for the unnamed copies of pipes.
    pub(crate) fn open(
        source: &FileSource,
        copies: &Path,
        is_allowed: &dyn Fn(&str) -> bool,
    ) -> Result<Self, ExtractError> {
        let mut inputs = Self { inputs: Vec::new(), skipped: Vec::new() };
        for path in &source.paths {
            if !is_standard(path) && path.is_dir() {
                inputs.add_folder(path, copies, is_allowed)?;
            } else {
                inputs.inputs.push(Input::open(path, copies)?);
            }
        }
        match (&source.table, inputs.inputs.as_mut_slice()) {
            (None, _) => Ok(inputs),
            (Some(table), [input]) => {
                input.explicit_table = Some(table.clone());
                Ok(inputs)
            }
            (Some(_), _) => Err(ExtractError::Usage("--table names the table of a single file")),
        }
    }

    /// The name decides before anything is read: what is in other files is nobody's business.
    fn add_folder(
        &mut self,
        folder: &Path,
        copies: &Path,
        is_allowed: &dyn Fn(&str) -> bool,
    ) -> Result<(), ExtractError> {
        let files = dumps_in(folder).map_err(|source| cannot_open(folder, source))?;
        let count = self.inputs.len();
        for (table, path) in files {
            if !is_allowed(&table) {
                self.skipped.push(table);
                continue;
            }
            if self.inputs[count..].iter().any(|input| input.table_hint.as_ref() == Some(&table)) {
                let error = io::Error::other("another file of the folder has the same table");
                return Err(cannot_open(&path, error));
            }
            self.inputs.push(Input::open(&path, copies)?);
        }
        if self.inputs.len() == count {
            let error = "no file in it is named after an allowed table, such as <table>.json";
            return Err(cannot_open(folder, io::Error::other(error)));
        }
        Ok(())
    }
}

/// The dumps of a folder in the order of their names, each with the table that it is named after.
pub(crate) fn dumps_in(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut dumps = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(table) = path.file_name().and_then(dump_stem) else { continue };
        if path.is_file() {
            dumps.push((table, path));
        }
    }
    dumps.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(dumps)
}

/// The table that a file is named after, where its name is that of a dump.
fn dump_stem(name: &OsStr) -> Option<String> {
    let lower = name.to_str()?.to_ascii_lowercase();
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
    ENDINGS.iter().any(|ending| plain.ends_with(ending)).then(|| stem(name)).flatten()
}

fn stem(name: &OsStr) -> Option<String> {
    let (stem, _) = name.to_str()?.split_once('.')?;
    (!stem.is_empty()).then(|| stem.to_owned())
}

fn cannot_open(path: &Path, source: io::Error) -> ExtractError {
    let advice = "put the private dump there, or name another with --input";
    ExtractError::Open { path: path.to_owned(), source, advice }
}

impl Input {
    /// Opens a file, a pipe, or standard input.
    pub(crate) fn open(path: &Path, copies: &Path) -> Result<Self, ExtractError> {
        let open = || {
            let file = if is_standard(path) { standard_input()? } else { open_file(path)? };
            Self::from_file(file, copies)
        };
        let mut input = open().map_err(|source| cannot_open(path, source))?;
        if !is_standard(path) {
            input.name_for_errors = path.display().to_string();
            input.table_hint = path.file_name().and_then(stem);
        }
        Ok(input)
    }

    /// A whole table that was written to an unnamed file.
    pub(crate) fn of_table(file: File, table: &str) -> io::Result<Self> {
        let bytes = Bytes::Regular(Arc::new(Regular::new(file, 0)?));
        let explicit_table = Some(table.to_owned());
        Ok(Self { name_for_errors: table.to_owned(), table_hint: None, explicit_table, bytes })
    }

    fn from_file(mut file: File, copies: &Path) -> io::Result<Self> {
        let bytes = if file.metadata()?.is_file() {
            // Standard input may be a file of which somebody has already read the beginning.
            let start = file.stream_position()?;
            Bytes::Regular(Arc::new(Regular::new(file, start)?))
        } else {
            Bytes::Stream(Arc::new(Mutex::new(Spool::new(file, copies))))
        };
        let name_for_errors = "standard input".to_owned();
        Ok(Self { name_for_errors, table_hint: None, explicit_table: None, bytes })
    }

    /// The dump from its start, inflated where it is gzip.
    pub(crate) fn reader(&mut self) -> io::Result<Box<dyn Read + Send>> {
        let mut magic = Vec::new();
        self.raw().take(2).read_to_end(&mut magic)?;
        if magic != GZIP_MAGIC {
            return Ok(self.raw());
        }
        let raw = BufReader::with_capacity(GZIP_BUFFER_BYTES, self.raw());
        Ok(Box::new(Gunzip(MultiGzDecoder::new(raw))))
    }

    fn raw(&self) -> Box<dyn Read + Send> {
        match &self.bytes {
            Bytes::Regular(file) => Box::new(file.reader()),
            Bytes::Stream(spool) => Box::new(SpoolReader::new(Arc::clone(spool))),
        }
    }

    /// An error where the dump is not the one that the passes before have read.
    pub(crate) fn check_unchanged(&self) -> io::Result<()> {
        match &self.bytes {
            Bytes::Regular(file) => file.check_unchanged(),
            // Nobody else can write to the copy.
            Bytes::Stream(_) => Ok(()),
        }
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    File::open(path)
}

#[cfg(unix)]
fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd;

    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn standard_input() -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    Ok(io::stdin().as_handle().try_clone_to_owned()?.into())
}

/// Inflates, with errors that speak of gzip: "the end came early" alone would blame the JSON.
struct Gunzip<R>(MultiGzDecoder<R>);

impl<R: io::BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::other("the gzip data ends in the middle; it was cut")
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                io::Error::other("the gzip data is damaged, or something follows it")
            }
            _ => error,
        })
    }
}
