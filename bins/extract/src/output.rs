//! Where the outputs go.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::Path;

use cli::{CliError, WholeFile, folder};

use crate::args::LOCAL_FOLDER;
use crate::error::ExtractError;

/// Begins a file. The folder for private files is made where it is missing.
pub(crate) fn begin(path: &Path) -> Result<WholeFile, CliError> {
    if folder(path) == Path::new(LOCAL_FOLDER) {
        let made = fs::create_dir_all(LOCAL_FOLDER);
        made.map_err(|source| CliError::Write { path: path.to_owned(), source })?;
    }
    WholeFile::create(path)
}

/// Whether anybody may remove and replace what others have put into the folder.
#[cfg(unix)]
pub(crate) fn is_open_to_all(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    // The sticky bit keeps everybody to his own files.
    fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o1002 == 0o0002)
}

#[cfg(not(unix))]
pub(crate) fn is_open_to_all(_: &Path) -> bool {
    false
}

/// Where a dataset is written until the dump has proved whole.
#[derive(Debug)]
pub(crate) enum Target {
    File(WholeFile),
    /// Standard output cannot be taken back, so it gets the bytes at the end, from a nameless file.
    Standard(File),
}

impl Target {
    pub(crate) fn new(path: &Path) -> Result<Self, ExtractError> {
        if !crate::args::is_standard(path) {
            return Ok(Self::File(begin(path)?));
        }
        let file = tempfile::tempfile();
        file.map(Self::Standard).map_err(ExtractError::StandardOutput)
    }

    pub(crate) fn file(&self) -> &File {
        match self {
            Self::File(file) => file.file(),
            Self::Standard(file) => file,
        }
    }

    pub(crate) fn sync(&self) -> Result<(), CliError> {
        match self {
            Self::File(file) => file.sync(),
            Self::Standard(_) => Ok(()),
        }
    }

    pub(crate) fn release(self) -> Result<(), ExtractError> {
        match self {
            Self::File(file) => Ok(file.publish()?),
            Self::Standard(mut file) => {
                let mut out = io::stdout().lock();
                let copied = file.rewind().and_then(|()| io::copy(&mut file, &mut out));
                copied.and_then(|_| out.flush()).map_err(ExtractError::StandardOutput)
            }
        }
    }
}
