//! Bodies that were saved to files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// As much as a run takes of a response.
pub(crate) const BODY_BYTES_MAX: usize = 64 << 20;

/// Standard input can be read once, so that a second `-` would be an empty body.
pub(crate) fn check_paths(bodies: &[PathBuf]) -> Result<(), Failure> {
    match bodies.iter().filter(|path| is_stdin(path)).count() {
        0 | 1 => Ok(()),
        _ => Err(Failure::StdinTwice),
    }
}

/// Reads a body into `body`, whose room is used again. Of a longer one than [`BODY_BYTES_MAX`], it
/// reads enough to show that it is too long.
pub(crate) fn read(path: &Path, body: &mut Vec<u8>) -> io::Result<()> {
    body.clear();
    if is_stdin(path) {
        return read_some(io::stdin().lock(), body);
    }
    read_some(File::open(path)?, body)
}

fn read_some(input: impl Read, body: &mut Vec<u8>) -> io::Result<()> {
    input.take(BODY_BYTES_MAX as u64 + 1).read_to_end(body).map(drop)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
