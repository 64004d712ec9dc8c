//! What a dump has that the policy does not list: an error where that was asked for, and the schema
//! lock.

use std::fs;
use std::io;
use std::path::Path;

use anonymize::{Manifest, TableManifest};
use cli::WholeFile;

use crate::error::ExtractError;
use crate::lock::{self, Lock, Seen, SeenColumn};
use crate::output;
use crate::settings::LockSetting;

/// The most names that an error lists.
const SHOWN_NAMES: usize = 8;

/// A lock has a line a column.
const LOCK_BYTES_MAX: u64 = 16 << 20;

/// Refuses a dump with tables or columns that the policy does not know.
pub(crate) fn check_strict(manifest: &Manifest) -> Result<(), ExtractError> {
    let column = |table: &TableManifest| {
        let name = table.name.clone();
        table
            .unknown_columns
            .keys()
            .map(move |column| format!("{name}.{column}"))
            .collect::<Vec<_>>()
    };
    let columns = manifest.tables.iter().flat_map(column);
    let tables = manifest.unknown_tables.keys().map(|table| format!("the table {table}"));
    let unknown: Vec<String> = columns.chain(tables).collect();
    match unknown.as_slice() {
        [] => Ok(()),
        names => Err(ExtractError::Strict(listed(names))),
    }
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN_NAMES).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Compares the dump with its lock. Gives the lock to be written: a new one, or one with accepted
/// changes.
pub(crate) fn check_lock(
    setting: &LockSetting,
    manifest: &Manifest,
) -> Result<Option<WholeFile>, ExtractError> {
    let path = setting.path.as_path();
    let new = Lock::from_seen(&seen(manifest));
    let Some(old) = read(path)? else { return write(path, &new).map(Some) };
    let drift = lock::compare(&old, &new);
    if drift.is_empty() {
        return Ok(None);
    }
    if setting.accept_drift {
        return write(path, &old.accepting(new)).map(Some);
    }
    let lines: Vec<String> = drift.iter().map(ToString::to_string).collect();
    Err(ExtractError::Drift { path: path.to_owned(), drift: listed(&lines) })
}

fn read(path: &Path) -> Result<Option<Lock>, ExtractError> {
    let problem = |problem: String| ExtractError::Lock { path: path.to_owned(), problem };
    let size = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(|error| problem(error.to_string()))?.len(),
    };
    if size > LOCK_BYTES_MAX {
        return Err(problem("it is too long for a schema lock".to_owned()));
    }
    let text = fs::read(path).map_err(|error| problem(error.to_string()))?;
    Lock::from_text(&text).map(Some).map_err(|reason| problem(reason.to_owned()))
}

fn write(path: &Path, lock: &Lock) -> Result<WholeFile, ExtractError> {
    let mut file = output::begin(path)?;
    file.write_all(lock.to_text().as_bytes())?;
    Ok(file)
}

fn seen(manifest: &Manifest) -> Seen<'_> {
    let present = || manifest.tables.iter().filter(|table| table.present);
    Seen {
        tables: present().map(|table| table.name.as_str()).collect(),
        columns: present()
            .flat_map(|table| {
                table.column_kinds.iter().map(|(column, kinds)| SeenColumn {
                    table: &table.name,
                    column,
                    is_listed: !table.unknown_columns.contains_key(column),
                    kinds,
                })
            })
            .collect(),
        denied_tables: manifest.denied_tables.keys().map(String::as_str).collect(),
        unknown_tables: manifest.unknown_tables.keys().map(String::as_str).collect(),
    }
}
