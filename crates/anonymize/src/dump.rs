//! The dump as a whole: finds the allowed tables, skips and counts the others.

mod columns;
mod entry;
mod options;
mod reader;
mod sheet;
#[cfg(test)]
mod tests;
mod top;

use std::io::{self, Read};
use std::mem;
use std::sync::Arc;

pub(crate) use self::options::Container;
pub use self::options::{DumpOptions, Format, Found};
use self::reader::{Pass, Reader, Todo};
use crate::layout::Layout;
use crate::origin::Origin;
use crate::scan::Watch;
use crate::{AnonymizeError, Place, Policy};

/// The longest row, in bytes; a row is held in memory while its rules are applied.
pub const MAX_ROW_BYTES: u64 = 16 << 20;

/// Takes what a dump has, in the order in which it is read. Skipped bytes come as [`Watch`] says:
/// those of the rows of tables that are not allowed, and all of what stands under a denied name.
pub(crate) trait Handler: Watch {
    /// An allowed table begins: once a table and input.
    fn table(
        &mut self,
        table: usize,
        layout: &Arc<Layout>,
        origin: &Arc<Origin>,
    ) -> Result<(), AnonymizeError>;

    /// One of its rows, raw: brackets and quotes are right, the rest is not checked.
    fn row(&mut self, raw: &[u8], at: &RowAt) -> Result<(), AnonymizeError>;

    /// The table has ended.
    fn table_end(&mut self) -> Result<(), AnonymizeError>;

    /// Rows of a table that is not allowed were skipped. It may be told in several parts.
    fn skipped(&mut self, name: &str, rows: u64);

    /// The skipped bytes from here on belong to this table. `None` where its name has not come yet;
    /// it turns out to be one that is not allowed, or the run ends with an error.
    fn watching(&mut self, name: Option<&str>, offset: u64);
}

/// Where a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowAt {
    /// Its index in the table, from 0.
    pub(crate) row: u64,
    /// The number of bytes before it.
    pub(crate) offset: u64,
    /// Line and column, near the start of the dump.
    pub(crate) line: Option<(u32, u32)>,
}

impl RowAt {
    pub(crate) fn place(&self, table: &str) -> Place {
        let (line, line_column) = self.line.unzip();
        let (table, row) = (Some(table.to_owned()), Some(self.row));
        Place { table, row, offset: self.offset, line, line_column, ..Place::default() }
    }
}

/// Reads a dump once.
pub(crate) fn read_dump<H: Handler>(
    input: impl Read,
    policy: &Policy,
    options: &DumpOptions,
    handler: &mut H,
) -> Result<Found, AnonymizeError> {
    options.check(policy)?;
    let (found, _) = Reader::new(input, policy, options, handler, Pass::Only)?.read()?;
    Ok(Found { readings: 1, ..found })
}

/// Reads a dump, and again what could not be read at the first time. Every row is handed over once.
pub(crate) fn read_dump_again<R: Read, H: Handler>(
    mut open: impl FnMut() -> io::Result<R>,
    policy: &Policy,
    options: &DumpOptions,
    handler: &mut H,
) -> Result<Found, AnonymizeError> {
    options.check(policy)?;
    let mut read = |pass: Pass, handler: &mut H| {
        let input = open().map_err(AnonymizeError::Read)?;
        Reader::new(input, policy, options, handler, pass)?.read()
    };
    let (mut found, mut todo) = read(Pass::First(Todo::default()), handler)?;
    let mut readings = 1;
    let pieces = mem::take(&mut todo.pieces).into_iter();
    let pieces = pieces.map(|piece| Todo { pieces: vec![piece], ..Todo::default() });
    let rows_first = (!todo.is_done()).then_some(todo);
    for todo in rows_first.into_iter().chain(pieces) {
        let (more, _) = read(Pass::Again(todo), handler)?;
        found.add_rows(&more);
        readings += 1;
    }
    Ok(Found { readings, ..found })
}
