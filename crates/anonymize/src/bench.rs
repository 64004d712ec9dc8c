//! What the crate's own benchmarks measure that its users cannot reach.

use crate::layout::Layout;
use crate::manifest::Tally;
use crate::pipeline::BATCH_BYTES;
use crate::row::{RowCleaner, Tools};
use crate::rows::CleanRows;
use crate::{AnonymizeError, Place, Policy, PseudonymKey};

/// Cleans rows of one table on this thread, and counts the bytes that they became.
///
/// # Errors
///
/// The first defect of a row.
pub fn clean_rows(
    rows: &[&str],
    table: &str,
    policy: &Policy,
    key: &PseudonymKey,
    import: bool,
) -> Result<usize, AnonymizeError> {
    let tools = Tools::new(policy, key, import, false);
    let mut cleaner = RowCleaner::new(&tools);
    let (mut out, mut tally, mut bytes) = (CleanRows::default(), Tally::default(), 0);
    let table = policy.table(table).unwrap_or_default();
    for row in rows {
        cleaner
            .clean(row.as_bytes(), table, &Layout::Named, &mut out, &mut tally)
            .map_err(|row| AnonymizeError::Dump { place: Place::default(), defect: row.defect })?;
        if out.json.len() > BATCH_BYTES {
            bytes += out.json.len() + out.import.len();
            out.clear();
        }
    }
    Ok(bytes + out.json.len() + out.import.len())
}
