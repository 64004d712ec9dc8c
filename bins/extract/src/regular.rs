//! Regular files read by position: no reader of a file disturbs another.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::SystemTime;

/// An open file as it was when it was opened.
#[derive(Debug)]
pub(crate) struct Regular {
    file: File,
    start: u64,
    stamp: Stamp,
}

/// What changes when somebody writes to the file.
#[derive(Debug, PartialEq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { bytes: metadata.len(), modified: metadata.modified().ok() })
    }
}

impl Regular {
    /// The file from the byte `start` on.
    pub(crate) fn new(file: File, start: u64) -> io::Result<Self> {
        let stamp = Stamp::of(&file)?;
        Ok(Self { file, start, stamp })
    }

    pub(crate) fn reader(self: &Arc<Self>) -> RegularReader {
        RegularReader { at: self.start, file: Arc::clone(self) }
    }

    pub(crate) fn check_unchanged(&self) -> io::Result<()> {
        if Stamp::of(&self.file)? == self.stamp {
            return Ok(());
        }
        Err(io::Error::other("the dump changed while it was read"))
    }
}

/// Reads the file to the end that it has; an end that moved is an error.
#[derive(Debug)]
pub(crate) struct RegularReader {
    file: Arc<Regular>,
    at: u64,
}

impl Read for RegularReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = read_at(&self.file.file, buffer, self.at)?;
        if read == 0 && !buffer.is_empty() {
            self.file.check_unchanged()?;
        }
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(unix)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}
