//! The key's file: made on first use, refused where others can read it.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use anonymize::PseudonymKey;
use cli::WholeFile;
use zeroize::Zeroizing;

use crate::error::ExtractError;
use crate::settings::KeySource;
use crate::{git, output};

/// A key file is some hundred bytes; what is much longer is something else.
const MAX_BYTES: u64 = 64 << 10;

/// A key, and its file where that is still to be written.
pub(crate) struct Key {
    pub(crate) key: PseudonymKey,
    pub(crate) new_file: Option<WholeFile>,
}

impl Key {
    /// Reads the key, or makes one. A new key is not stored before the extraction has succeeded.
    pub(crate) fn of(source: &KeySource) -> Result<Self, ExtractError> {
        match source {
            KeySource::Ephemeral => Ok(Self { key: random()?, new_file: None }),
            KeySource::File(path) => read_or_make(path),
        }
    }
}

fn read_or_make(path: &Path) -> Result<Key, ExtractError> {
    match File::open(path) {
        Ok(file) => Ok(Key { key: read(path, file)?, new_file: None }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(source) => Err(unreadable(path, source)),
    }
}

fn unreadable(path: &Path, source: io::Error) -> ExtractError {
    let advice = "name the file of the key with --key-file";
    ExtractError::Open { path: path.to_owned(), source, advice }
}

fn read(path: &Path, file: File) -> Result<PseudonymKey, ExtractError> {
    // Asked of the open file: the name could point elsewhere a moment later.
    let metadata = file.metadata().map_err(|source| unreadable(path, source))?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(ExtractError::KeyKind(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|source| unreadable(path, source))?;
    let key = PseudonymKey::from_file_text(&text).map_err(|source| {
        ExtractError::Configuration { path: path.to_owned(), source: Box::new(source) }
    })?;
    // A public key protects nothing, so there is nothing to hide.
    if !key.is_public() {
        check_secrecy(path, &metadata)?;
        git::check_private("--key-file", path)?;
    }
    Ok(key)
}

/// A key that somebody else made, or can read by another name, is no secret.
#[cfg(unix)]
fn check_secrecy(path: &Path, metadata: &Metadata) -> Result<(), ExtractError> {
    check_secrecy_for(rustix::process::geteuid().as_raw(), path, metadata)
}

#[cfg(unix)]
fn check_secrecy_for(user: u32, path: &Path, metadata: &Metadata) -> Result<(), ExtractError> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(ExtractError::KeyReadable(path.to_owned()));
    }
    if metadata.uid() != user {
        return Err(ExtractError::KeyOwner(path.to_owned()));
    }
    if metadata.nlink() != 1 {
        return Err(ExtractError::KeyLinked(path.to_owned()));
    }
    Ok(())
}

/// Elsewhere, a file belongs to its user's folder and has no such bits.
#[cfg(not(unix))]
fn check_secrecy(_: &Path, _: &Metadata) -> Result<(), ExtractError> {
    Ok(())
}

fn random() -> Result<PseudonymKey, ExtractError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(ExtractError::Random)?;
    PseudonymKey::from_bytes(*bytes).map_err(|source| ExtractError::Dump {
        input: "the new key".to_owned(),
        source: Box::new(source),
    })
}

fn make(path: &Path) -> Result<Key, ExtractError> {
    git::check_private("--key-file", path)?;
    let key = random()?;
    let mut file = output::begin(path)?;
    file.write_all(key.to_file_text().as_bytes())?;
    Ok(Key { key, new_file: Some(file) })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_user_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let metadata = file.as_file().metadata().unwrap();
        let user = rustix::process::geteuid().as_raw();
        assert!(check_secrecy_for(user, file.path(), &metadata).is_ok());
        let error = check_secrecy_for(user + 1, file.path(), &metadata).unwrap_err();
        assert!(matches!(error, ExtractError::KeyOwner(_)), "{error}");
        assert_eq!(error.exit_code(), 104);
    }
}
