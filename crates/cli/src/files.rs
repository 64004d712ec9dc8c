use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dataset::Dataset;
use tempfile::{NamedTempFile, PersistError};
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

/// The committed sample: what is served where no dataset is given.
///
/// # Errors
///
/// [`CliError::Sample`] if this build carries a sample that is none.
pub fn sample_dataset() -> Result<Dataset, CliError> {
    const SAMPLE: &[u8] = include_bytes!("../../../fixtures/works-list.sample.json");
    Dataset::from_json(SAMPLE).map_err(CliError::Sample)
}

/// Reads a token from the file that `flag` names: its text without the white space around it.
///
/// # Errors
///
/// [`CliError::Token`] with the flag. The path is not repeated, as somebody may have typed the token itself.
pub fn read_token(flag: &'static str, path: &Path) -> Result<Zeroizing<String>, CliError> {
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
    read().map_err(|source| CliError::Token { flag, source })
}

/// The temporary files that have no final name yet. A signal ends a process without dropping
/// anything, so somebody else must know of them.
static PARTIAL: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn partial() -> MutexGuard<'static, Vec<PathBuf>> {
    PARTIAL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process from whatever thread, and removes every [`WholeFile`] that is not published.
pub fn end_without_files(exit_code: u8) -> ! {
    // Held to the end, so that no file is begun or published any more.
    let partial = partial();
    for path in partial.iter() {
        // What cannot be removed has a temporary name still.
        let _ = fs::remove_file(path);
    }
    process::exit(exit_code.into())
}

/// A file that appears under its name whole or not at all. Until it is published it is a temporary
/// file in the same folder, readable by its owner only, and removed when dropped.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    file: Option<NamedTempFile>,
}

const HAS_FILE: &str = "only publishing takes the file, and it consumes its owner";

impl WholeFile {
    /// Begins the file that is to stand at `path`.
    ///
    /// # Errors
    ///
    /// [`CliError::Write`] if the folder is missing or cannot be written to, or the path is something
    /// that exists and is no regular file.
    pub fn create(path: &Path) -> Result<Self, CliError> {
        let path = whole_path(path);
        if path.is_dir() || path.file_name().is_none() {
            return Err(CliError::Write { path, source: io::ErrorKind::IsADirectory.into() });
        }
        if !is_replaceable(&path) {
            let source = io::Error::other("it is a device, a pipe or the like, not a regular file");
            return Err(CliError::Write { path, source });
        }
        if !folder(&path).is_dir() {
            let source = io::Error::new(io::ErrorKind::NotFound, "its folder does not exist");
            return Err(CliError::Write { path, source });
        }
        // tempfile opens with mode 0600 and refuses a name that exists.
        let mut partial = partial();
        match tempfile::Builder::new().prefix(".partial-").tempfile_in(folder(&path)) {
            Ok(file) => {
                partial.push(file.path().to_owned());
                Ok(WholeFile { path, file: Some(file) })
            }
            // Its own error names the temporary file, which says nothing to the user.
            Err(error) => Err(CliError::Write { path, source: error.kind().into() }),
        }
    }

    /// Writes all of `bytes` and publishes them at `path`.
    ///
    /// # Errors
    ///
    /// [`CliError::Write`]; then there is nothing new at the path.
    pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
        let mut file = Self::create(path)?;
        file.write_all(bytes)?;
        file.sync()?;
        file.publish()
    }

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// [`CliError::Write`], as the other methods.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.file().write_all(bytes).map_err(|source| self.error(source))
    }

    /// The open temporary file.
    pub fn file(&self) -> &File {
        self.temporary().as_file()
    }

    /// Makes sure that the bytes are on the disk, while the file still has its temporary name.
    ///
    /// # Errors
    ///
    /// [`CliError::Write`], as the other methods.
    pub fn sync(&self) -> Result<(), CliError> {
        self.file().sync_all().map_err(|source| self.error(source))
    }

    /// Gives the file its name, in place of what had it before.
    ///
    /// # Errors
    ///
    /// [`CliError::Write`]; then there is nothing new at the path.
    pub fn publish(self) -> Result<(), CliError> {
        self.publish_with(|file, path| file.persist(path))
    }

    /// Gives the file its name, which nothing may have yet; a link that leads nowhere counts.
    ///
    /// # Errors
    ///
    /// [`CliError::Write`]; then there is nothing new at the path.
    pub fn publish_new(self) -> Result<(), CliError> {
        self.publish_with(|file, path| file.persist_noclobber(path))
    }

    fn publish_with(
        mut self,
        persist: impl FnOnce(NamedTempFile, &Path) -> Result<File, PersistError>,
    ) -> Result<(), CliError> {
        let file = self.file.take().expect(HAS_FILE);
        let mut partial = partial();
        partial.retain(|path| path != file.path());
        let named = persist(file, &self.path).map_err(|error| error.error);
        drop(partial);
        named.and_then(|_| sync_folder(&self.path)).map_err(|source| self.error(source))
    }

    fn temporary(&self) -> &NamedTempFile {
        self.file.as_ref().expect(HAS_FILE)
    }

    fn error(&self, source: io::Error) -> CliError {
        CliError::Write { path: self.path.clone(), source }
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        let mut partial = partial();
        partial.retain(|path| path != file.path());
        // Removed before anybody else can look at the list.
        drop(file);
    }
}

/// The folder that a file is in.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A new name survives a power cut only when its folder is on the disk too.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether a file may take the name. Where the user may write to `/dev`, taking the name of a device
/// would remove the device; the links there lead through `/proc`.
fn is_replaceable(path: &Path) -> bool {
    let is_file = fs::metadata(path).map_or(true, |metadata| metadata.is_file());
    is_file && !fs::read_link(path).is_ok_and(|target| target.starts_with("/proc"))
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
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        WholeFile::write(&path, b"first").unwrap();
        WholeFile::write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        let mut new = WholeFile::create(&path).unwrap();
        new.write_all(b"third").unwrap();
        assert!(new.publish_new().is_err(), "something has the name already");
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert!(WholeFile::create(folder.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_device_or_pipe_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        // Not the device's own name: where it is not refused, the test would remove it.
        let (device, out) = (folder.path().join("device"), folder.path().join("out"));
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        std::os::unix::fs::symlink("/proc/self/fd/1", &out).unwrap();
        for path in [device, out] {
            let error = WholeFile::create(&path).unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{error}");
        }
    }

    #[test]
    fn errors_name_the_whole_path_but_never_a_token() {
        let missing = Path::new("no-such-folder/works.json");
        let shown = whole_path(missing).display().to_string();
        assert!(read_dataset(missing).unwrap_err().to_string().contains(&shown));
        assert!(WholeFile::write(missing, b"").unwrap_err().to_string().contains(&shown));
        let error = read_token("--some-file", Path::new("s3cret")).unwrap_err();
        assert!(error.to_string().starts_with("--some-file: cannot read the file: "), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[test]
    fn a_token_is_the_trimmed_text_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            read_token("--some-file", &path)
        };
        assert_eq!(*read("\u{feff}abc\r\n").unwrap(), "abc");
        assert!(read(" \n").is_err());
        assert!(read(&"x".repeat(70_000)).is_err());
    }
}
