//! Refuses command lines on which a file would be read and written, or written twice.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::args::is_standard;
use crate::error::ExtractError;
use crate::input;
use crate::settings::Settings;

/// `is_allowed` says which files of a folder are read.
pub(crate) fn check(
    settings: &Settings,
    is_allowed: &dyn Fn(&str) -> bool,
) -> Result<(), ExtractError> {
    let mut known: Vec<(&'static str, FileId)> = Vec::new();
    for (flag, path) in settings.files_read() {
        known.extend(file_id(path).map(|id| (flag, id)));
        // What cannot be listed fails when it is opened.
        for (table, path) in input::dumps_in(path).into_iter().flatten() {
            known.extend(file_id(&path).filter(|_| is_allowed(&table)).map(|id| (flag, id)));
        }
    }
    for (flag, path) in settings.files_written() {
        let Some(id) = file_id(path) else { continue };
        if let Some((other, _)) = known.iter().find(|(_, known)| *known == id) {
            let path = path.to_owned();
            return Err(ExtractError::SameFile { first: other, second: flag, path });
        }
        known.push((flag, id));
    }
    Ok(())
}

/// What two names of the same file have in common.
#[derive(PartialEq)]
enum FileId {
    #[cfg(unix)]
    Inode(u64, u64),
    Path(PathBuf),
}

fn file_id(path: &Path) -> Option<FileId> {
    if is_standard(path) {
        return None;
    }
    Some(existing(path).unwrap_or_else(|_| FileId::Path(absent(path))))
}

/// A hard link has another path but the same inode.
#[cfg(unix)]
fn existing(path: &Path) -> io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;

    let metadata = fs::metadata(path)?;
    Ok(FileId::Inode(metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn existing(path: &Path) -> io::Result<FileId> {
    fs::canonicalize(path).map(FileId::Path)
}

/// A file that is not there yet is known by its folder and name.
fn absent(path: &Path) -> PathBuf {
    let folder = fs::canonicalize(cli::folder(path));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
