//! Pipes that can be read again: what was read is kept in a file without a name.
//!
//! The copy is as private as the dump. It is on the disk, readable by its owner only, has no name,
//! and is gone when the process ends, however it ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::regular::read_at;

/// A pipe and what of it was read so far.
#[derive(Debug)]
pub(crate) struct Spool {
    pipe: File,
    /// Where the copy is kept: where the output has to find room too.
    folder: PathBuf,
    /// Made with the first byte, when that folder is there.
    copy: Option<File>,
    copied: u64,
    has_ended: bool,
}

impl Spool {
    pub(crate) fn new(pipe: File, folder: &Path) -> Self {
        Self { pipe, folder: folder.to_owned(), copy: None, copied: 0, has_ended: false }
    }

    fn read_at(&mut self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        match &self.copy {
            Some(copy) if at < self.copied => return read_at(copy, buffer, at),
            _ if self.has_ended || buffer.is_empty() => return Ok(0),
            _ => {}
        }
        let read = self.pipe.read(buffer)?;
        self.has_ended = read == 0;
        self.keep(&buffer[..read]).map_err(|error| no_copy(&error))?;
        Ok(read)
    }

    fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        let copy = match &mut self.copy {
            Some(copy) => copy,
            copy => copy.insert(tempfile::tempfile_in(&self.folder)?),
        };
        // Where reading by position moves the cursor, it must be brought back.
        copy.seek(SeekFrom::Start(self.copied))?;
        copy.write_all(bytes)?;
        self.copied += bytes.len() as u64;
        Ok(())
    }
}

fn no_copy(error: &io::Error) -> io::Error {
    // tempfile's own error names a path that says nothing to the user.
    io::Error::other(format!("keeping a copy of the piped dump failed: {}", error.kind()))
}

/// Reads from the copy as far as it goes, and then on from the pipe.
#[derive(Debug)]
pub(crate) struct SpoolReader {
    spool: Arc<Mutex<Spool>>,
    at: u64,
}

impl SpoolReader {
    pub(crate) fn new(spool: Arc<Mutex<Spool>>) -> Self {
        Self { spool, at: 0 }
    }
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        let read = spool.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
