//! One reading of a dump: which tables are there, and which of them are handed over this time.

use std::collections::BTreeMap;
use std::io::Read;
use std::mem;

use super::columns::Columns;
use super::options::{Container, Found};
use super::sheet::Sheet;
use super::{DumpOptions, Handler, MAX_ROW_BYTES, RowAt};
use crate::origin::Origin;
use crate::scan::Scanner;
use crate::{AnonymizeError, Defect, Place, Policy};

pub(super) type Result<T> = std::result::Result<T, AnonymizeError>;

/// The longest name of a table or key, with its quotes and as it is written.
pub(super) const MAX_NAME_BYTES: usize = 64 << 10;

/// How many tables may wait for a second reading.
const MAX_WAITING: usize = 100_000;

/// Which of several readings this is.
#[derive(Debug)]
pub(super) enum Pass {
    /// The input cannot be read again.
    Only,
    /// It can, and this is what must be done then.
    First(Todo),
    /// This reading does what the first one put off, and nothing else.
    Again(Todo),
}

/// What a reading leaves to others.
#[derive(Debug, Default)]
pub(super) struct Todo {
    /// Rows that stand before what says what they are, by their offset.
    pub(super) rows: BTreeMap<u64, Waiting>,
    /// Tables that come in pieces, with their numbers of rows.
    pub(super) pieces: Vec<(usize, u64)>,
}

impl Todo {
    pub(super) fn is_done(&self) -> bool {
        self.rows.is_empty() && self.pieces.is_empty()
    }
}

/// What the rows at an offset turned out to be.
#[derive(Debug)]
pub(super) enum Waiting {
    Allowed {
        table: usize,
        columns: Option<Columns>,
        origin: Origin,
    },
    /// To be watched, in a table that is not allowed.
    Skipped {
        name: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    No,
    Whole,
    InPieces,
}

/// Reads a dump and drives a handler.
pub(super) struct Reader<'a, R, H> {
    pub(super) scan: Scanner<R, &'a mut H>,
    pub(super) policy: &'a Policy,
    pub(super) options: &'a DumpOptions,
    pub(super) columns: Option<Columns>,
    pub(super) pass: Pass,
    pub(super) found: Found,
    /// What the rows that come now are in.
    pub(super) container: Container,
    /// The versions that the dump said of itself so far.
    pub(super) versions: Vec<(&'static str, u32)>,
    seen: Vec<Seen>,
    /// The table whose pieces come just now.
    open: Option<Sheet<'a>>,
    /// The table that is being read.
    here: Option<(usize, u64)>,
    is_watching: bool,
    /// Rows were seen that no name goes with.
    pub(super) has_nameless: bool,
}

impl<'a, R: Read, H: Handler> Reader<'a, R, H> {
    pub(super) fn new(
        input: R,
        policy: &'a Policy,
        options: &'a DumpOptions,
        handler: &'a mut H,
        pass: Pass,
    ) -> Result<Self> {
        let columns = options.columns.as_deref().map(Columns::named).transpose();
        let columns = columns.map_err(|_| AnonymizeError::Options("a column is named twice"))?;
        Ok(Self {
            scan: Scanner::new(input, handler)?,
            policy,
            options,
            columns,
            pass,
            found: Found::default(),
            container: Container::Lone,
            versions: Vec::new(),
            seen: vec![Seen::No; policy.tables.len()],
            open: None,
            here: None,
            is_watching: false,
            has_nameless: false,
        })
    }

    /// Reads everything.
    pub(super) fn read(mut self) -> Result<(Found, Todo)> {
        self.documents().map_err(|error| self.named(error))?;
        self.close_pieces()?;
        if matches!(self.pass, Pass::Only | Pass::First(_)) && !self.has_allowed() {
            let defect =
                if self.has_nameless { Defect::NoTableName } else { Defect::NoAllowedTable };
            return Err(self.scan.defect(defect));
        }
        match self.pass {
            Pass::Only => Ok((self.found, Todo::default())),
            Pass::First(todo) => Ok((self.found, todo)),
            Pass::Again(todo) if todo.is_done() => Ok((self.found, todo)),
            Pass::Again(_) => self.fail(Defect::Changed),
        }
    }

    fn has_allowed(&self) -> bool {
        self.seen.iter().any(|seen| *seen != Seen::No)
    }

    /// Adds table and row to the place of an error that has none.
    fn named(&self, mut error: AnonymizeError) -> AnonymizeError {
        if let (AnonymizeError::Dump { place: Place { table, row, .. }, .. }, Some(here)) =
            (&mut error, self.here)
            && table.is_none()
        {
            *table = Some(self.policy.tables[here.0].name.clone());
            *row = Some(here.1);
        }
        error
    }

    pub(super) fn is_again(&self) -> bool {
        matches!(self.pass, Pass::Again(_))
    }

    pub(super) fn fail<T>(&mut self, defect: Defect) -> Result<T> {
        Err(self.scan.defect(defect))
    }

    /// What the rows are in, as far as the first of them tells.
    pub(super) fn found_in(&mut self, container: Container) {
        self.found.container.get_or_insert(container);
    }

    /// Notes that an allowed table is in the dump.
    pub(super) fn claim(&mut self, table: usize, in_pieces: bool) -> Result<()> {
        let seen = if in_pieces { Seen::InPieces } else { Seen::Whole };
        self.here = Some((table, 0));
        match mem::replace(&mut self.seen[table], seen) {
            Seen::No => Ok(()),
            Seen::InPieces if in_pieces => Ok(()),
            _ => {
                self.here = None;
                self.fail(Defect::Duplicate)
            }
        }
    }

    /// A table under this name, in what is being read.
    pub(super) fn origin(&self, name: &str, name_key: Option<&'static str>) -> Origin {
        let (container, versions) = (self.container, self.versions.clone());
        Origin { container, name: name.to_owned(), name_key, versions }
    }

    /// An empty sheet for the table that the dump does not name.
    pub(super) fn unnamed(&self, table: usize, container: Container) -> Sheet<'a> {
        let name = self.options.table.as_deref().unwrap_or_default();
        let origin = Origin { container, ..self.origin(name, None) };
        Sheet::new(table, &self.policy.tables[table], self.columns.clone(), origin)
    }

    /// Reads the array of a table's rows, the bracket of which was passed.
    pub(super) fn whole(
        &mut self,
        table: usize,
        columns: Option<Columns>,
        origin: Origin,
    ) -> Result<u64> {
        let sheet = Sheet::new(table, &self.policy.tables[table], columns, origin);
        self.whole_sheet(sheet)
    }

    pub(super) fn whole_sheet(&mut self, mut sheet: Sheet<'a>) -> Result<u64> {
        self.close_pieces()?;
        self.rows(&mut sheet, true)?;
        let rows = sheet.rows;
        self.end(sheet)?;
        Ok(rows)
    }

    pub(super) fn end(&mut self, sheet: Sheet<'a>) -> Result<()> {
        self.here = None;
        sheet.end(&mut *self.scan.watch, &mut self.found)
    }

    pub(super) fn rows(&mut self, sheet: &mut Sheet<'a>, mut is_first: bool) -> Result<()> {
        while self.scan.element(&mut is_first, b']')? {
            self.row(sheet)?;
        }
        Ok(())
    }

    pub(super) fn row(&mut self, sheet: &mut Sheet<'a>) -> Result<()> {
        let at = self.start_row(sheet)?;
        self.scan.skip_value()?;
        self.end_row(sheet, &at)
    }

    /// Keeps a row's bytes from here on.
    pub(super) fn start_row(&mut self, sheet: &Sheet<'a>) -> Result<RowAt> {
        self.here = Some((sheet.table, sheet.rows));
        self.scan.keep(MAX_ROW_BYTES as usize)?;
        Ok(self.row_at(sheet.rows))
    }

    pub(super) fn end_row(&mut self, sheet: &mut Sheet<'a>, at: &RowAt) -> Result<()> {
        let span = self.scan.kept()?;
        let (raw, handler) = self.scan.bytes(span);
        sheet.row(raw, at, &mut **handler)
    }

    pub(super) fn row_at(&mut self, row: u64) -> RowAt {
        let Place { offset, line, line_column, .. } = self.scan.place();
        RowAt { row, offset, line: line.zip(line_column) }
    }

    /// The sheet for the next pieces of a table, or `None` where they are not for this reading.
    pub(super) fn pieces(
        &mut self,
        table: usize,
        columns: Option<Columns>,
        origin: impl FnOnce(&Self) -> Origin,
    ) -> Result<Option<Sheet<'a>>> {
        match &self.pass {
            Pass::First(_) => return self.claim(table, true).map(|()| None),
            Pass::Again(todo) if todo.pieces.iter().any(|(piece, _)| *piece == table) => {}
            Pass::Again(_) => return Ok(None),
            Pass::Only => {}
        }
        if let Some(mut sheet) = self.open.take_if(|sheet| sheet.table == table) {
            sheet.also(columns).or_else(|defect| self.fail(defect))?;
            return Ok(Some(sheet));
        }
        self.close_pieces()?;
        if !self.is_again() {
            if self.seen[table] == Seen::InPieces {
                return self.fail(Defect::Interleaved);
            }
            self.claim(table, true)?;
        }
        let origin = origin(self);
        Ok(Some(Sheet::new(table, &self.policy.tables[table], columns, origin)))
    }

    /// Takes a sheet back until the table's next piece comes.
    pub(super) fn keep_open(&mut self, sheet: Sheet<'a>) {
        self.open = Some(sheet);
    }

    /// The sheet that [`keep_open`](Self::keep_open) took back, whichever table it is of.
    pub(super) fn reopen(&mut self) -> Option<Sheet<'a>> {
        self.open.take()
    }

    /// Leaves pieces to a later reading.
    pub(super) fn put_off(&mut self, table: usize, rows: u64) {
        self.here = None;
        if let Pass::First(Todo { pieces, .. }) = &mut self.pass {
            match pieces.iter_mut().find(|(piece, _)| *piece == table) {
                Some((_, count)) => *count += rows,
                None => pieces.push((table, rows)),
            }
        }
    }

    fn close_pieces(&mut self) -> Result<()> {
        let Some(sheet) = self.open.take() else { return Ok(()) };
        if let Pass::Again(todo) = &mut self.pass {
            todo.pieces.retain(|piece| *piece != (sheet.table, sheet.rows));
        }
        self.end(sheet)
    }

    /// Leaves the rows at an offset to a later reading.
    pub(super) fn wait(&mut self, offset: u64, waiting: Waiting) -> Result<()> {
        self.here = None;
        let Pass::First(todo) = &mut self.pass else { return self.fail(Defect::RowsFirst) };
        if todo.rows.len() >= MAX_WAITING {
            return self.fail(Defect::TooLong);
        }
        todo.rows.insert(offset, waiting);
        Ok(())
    }

    /// Passes a value that is not kept, and shows it to the watch. The name is that of its table.
    pub(super) fn skip_watched(&mut self, name: Option<&str>) -> Result<Option<u64>> {
        let starts = self.start_watch(name)?;
        let elements = self.scan.skip_value()?;
        self.end_watch(starts);
        Ok(elements)
    }

    /// False where the watch looks already, or does not look at this reading.
    pub(super) fn start_watch(&mut self, name: Option<&str>) -> Result<bool> {
        if !H::WANTS_SKIPPED || self.is_watching || self.is_again() {
            return Ok(false);
        }
        self.watch_here(name)?;
        Ok(true)
    }

    fn watch_here(&mut self, name: Option<&str>) -> Result<()> {
        self.scan.peek()?;
        let offset = self.scan.offset();
        self.scan.watch.watching(name, offset);
        self.scan.start_watch();
        self.is_watching = true;
        Ok(())
    }

    pub(super) fn end_watch(&mut self, started: bool) {
        if started {
            self.scan.end_watch();
            self.is_watching = false;
        }
    }

    /// In a later reading: passes or hands over what was put off to it. Gives the table, if it was
    /// an allowed one.
    pub(super) fn rows_again(&mut self) -> Result<Option<usize>> {
        let offset = self.scan.offset();
        let Pass::Again(todo) = &mut self.pass else { return Ok(None) };
        match todo.rows.remove(&offset) {
            None => drop(self.scan.skip_value()?),
            Some(Waiting::Skipped { name }) => {
                self.watch_here(Some(&name))?;
                self.scan.skip_value()?;
                self.end_watch(true);
            }
            Some(Waiting::Allowed { table, columns, origin }) => {
                if !self.scan.take(b'[')? {
                    return self.fail(Defect::NotRows);
                }
                self.whole(table, columns, origin)?;
                return Ok(Some(table));
            }
        }
        Ok(None)
    }
}
