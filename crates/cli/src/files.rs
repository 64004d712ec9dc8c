use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use dataset::Dataset;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::CliError;

/// More than any token has; a file beyond it is the wrong file.
const TOKEN_BYTES_MAX: u64 = 64 * 1024;

/// Reads a dataset from a file.
///
/// # Errors
///
/// [`CliError::ReadDataset`] or [`CliError::Dataset`], with the whole path that was tried.
pub fn read_dataset(path: &Path) -> Result<Dataset, CliError> {
    let path = whole_path(path);
    match fs::read(&path) {
        Ok(bytes) => {
            Dataset::from_json(&bytes).map_err(|source| CliError::Dataset { path, source })
        }
        Err(source) => Err(CliError::ReadDataset { path, source }),
    }
}

/// Reads a token from a file: its text without the white space around it.
///
/// # Errors
///
/// [`CliError::Token`]. The path is not repeated, as somebody may have typed the token itself.
pub fn read_token(path: &Path) -> Result<Zeroizing<String>, CliError> {
    let read = || {
        let mut text = Zeroizing::new(String::new());
        File::open(path)?.take(TOKEN_BYTES_MAX + 1).read_to_string(&mut text)?;
        let problem = match text.trim().len() as u64 {
            0 => "it is empty",
            length if length > TOKEN_BYTES_MAX => "it is too long for a token",
            _ => return Ok(Zeroizing::new(text.trim_start_matches('\u{feff}').trim().to_owned())),
        };
        Err(io::Error::new(io::ErrorKind::InvalidData, problem))
    };
    read().map_err(CliError::Token)
}

/// A file that appears under its name whole or not at all. Until [`WholeFile::publish`] it is a
/// temporary file in the same folder, readable by its owner only, and removed when dropped.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl WholeFile {
    /// Begins the file that is to stand at `path`.
    ///
    /// # Errors
    ///
    /// [`CliError::Write`] if the folder is missing or cannot be written to.
    pub fn create(path: &Path) -> Result<Self, CliError> {
        let path = whole_path(path);
        let folder = path.parent().unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".partial-").tempfile_in(folder);
        match file {
            Ok(file) => Ok(WholeFile { path, file }),
            Err(source) => Err(CliError::Write { path, source }),
        }
    }

    /// Writes all of `bytes` and publishes them at `path`.
    ///
    /// # Errors
    ///
    /// [`CliError::Write`]; then there is nothing new at the path.
    pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
        let mut file = Self::create(path)?;
        match file.file.write_all(bytes) {
            Ok(()) => file.publish(),
            Err(source) => Err(CliError::Write { path: file.path, source }),
        }
    }

    /// The whole path that the file will stand at.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open temporary file.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Makes the bytes durable and gives the file its name, in place of one that was there.
    ///
    /// # Errors
    ///
    /// [`CliError::Write`]; then there is nothing new at the path.
    pub fn publish(self) -> Result<(), CliError> {
        let WholeFile { path, file } = self;
        let published = match file.as_file().sync_all() {
            Ok(()) => file.persist(&path).map(drop).map_err(|error| error.error),
            Err(error) => Err(error),
        };
        published.map_err(|source| CliError::Write { path, source })
    }
}

/// A relative path depends on the working directory, so that errors show the whole of it.
fn whole_path(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        let mut file = WholeFile::create(&path).unwrap();
        file.file().write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        WholeFile::write(&path, b"first").unwrap();
        WholeFile::write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_the_whole_path_but_never_a_token() {
        let missing = Path::new("no-such-folder/works.json");
        let shown = whole_path(missing).display().to_string();
        assert!(read_dataset(missing).unwrap_err().to_string().contains(&shown));
        assert!(WholeFile::write(missing, b"").unwrap_err().to_string().contains(&shown));
        let error = read_token(Path::new("s3cret")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[test]
    fn a_token_is_the_trimmed_text_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            read_token(&path)
        };
        assert_eq!(*read("\u{feff}abc\r\n").unwrap(), "abc");
        assert!(read(" \n").is_err());
        assert!(read(&"x".repeat(70_000)).is_err());
    }
}
