//! One table as an object: its name, its columns and its rows, in any order.

use std::io::Read;

use super::columns::Columns;
use super::options::Container;
use super::reader::{MAX_NAME_BYTES, Pass, Reader, Result, Waiting};
use super::sheet::Sheet;
use super::{Handler, MAX_ROW_BYTES, RowAt};
use crate::Defect;
use crate::origin::{NAME_KEYS, Origin};
use crate::scan::{Scanner, Unwatched};

/// What was read of such an object so far.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) name: Option<String>,
    /// The key that it stands under.
    name_key: Option<&'static str>,
    /// Whether the name was known before, and is not in the object.
    is_named_outside: bool,
    columns: Option<Vec<u8>>,
    schema: Option<Vec<u8>>,
    /// The number of rows, once there were any, or the array for them.
    pub(super) rows: Option<u64>,
    /// Where rows stand that could not be read yet.
    waiting: Option<u64>,
    /// The allowed table whose rows were found.
    claimed: Option<usize>,
    /// A single row that came before the name.
    row: Option<(Vec<u8>, RowAt)>,
    pub(super) container: Option<Container>,
}

/// Whose rows an entry has.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    Allowed(usize),
    Other,
    Unknown,
}

impl Entry {
    /// An entry the table of which is known from outside.
    pub(super) fn of(name: &str) -> Self {
        Self { name: Some(name.to_owned()), is_named_outside: true, ..Self::default() }
    }

    /// Whether a row waits for its table's name.
    pub(super) fn has_row(&self) -> bool {
        self.row.is_some()
    }

    fn add_rows(&mut self, rows: u64) {
        *self.rows.get_or_insert(0) += rows;
    }
}

impl<'a, R: Read, H: Handler> Reader<'a, R, H> {
    pub(super) fn owner(&self, entry: &Entry) -> Owner {
        match entry.name.as_deref() {
            None => Owner::Unknown,
            Some(name) => self.policy.table(name).map_or(Owner::Other, Owner::Allowed),
        }
    }

    /// Reads the values of an object up to its end.
    pub(super) fn entry(&mut self, entry: &mut Entry, mut is_first: bool) -> Result<()> {
        while self.scan.element(&mut is_first, b'}')? {
            match self.scan.name(MAX_NAME_BYTES)? {
                Ok(key) => self.entry_value(entry, &key)?,
                Err(defect) if !matches!(self.owner(entry), Owner::Other) => self.fail(defect)?,
                Err(_) => self.scan.skip_value().map(|_| ())?,
            }
        }
        Ok(())
    }

    /// Reads one value of the object.
    pub(super) fn entry_value(&mut self, entry: &mut Entry, key: &str) -> Result<()> {
        match key {
            "name" | "table" | "table_name" => self.entry_name(entry, key),
            "columns" | "schema" => self.entry_columns(entry, key == "schema"),
            "rows" => self.entry_rows(entry),
            "row" => self.entry_row(entry),
            "rows_json" | "rowsJson" => self.entry_text(entry),
            "inserts" => self.entry_inserts(entry),
            "deletes" => self.entry_deletes(entry),
            "updates" => self.entry_updates(entry),
            _ => self.scan.skip_value().map(|_| ()),
        }
    }

    /// Two keys may say the same; two tables must not hide in one.
    fn entry_name(&mut self, entry: &mut Entry, key: &str) -> Result<()> {
        let is_text = self.scan.peek_value()? == b'"';
        if entry.is_named_outside && (!is_text || matches!(self.owner(entry), Owner::Other)) {
            return self.scan.skip_value().map(|_| ());
        }
        if !is_text {
            return self.fail(Defect::EntryName);
        }
        let name = self.scan.text(MAX_NAME_BYTES)?.or_else(|defect| self.fail(defect))?;
        let differs = |before: &String| {
            let (before_table, table) = (self.policy.table(before), self.policy.table(&name));
            *before != name && (before_table.is_none() || before_table != table)
        };
        if entry.name.as_ref().is_some_and(differs) {
            return self.fail(Defect::EntryName);
        }
        if entry.name.is_none() {
            entry.name_key = NAME_KEYS.into_iter().find(|name_key| *name_key == key);
            entry.name = Some(name);
        }
        Ok(())
    }

    fn origin_of(&self, entry: &Entry) -> Origin {
        self.origin(entry.name.as_deref().unwrap_or_default(), entry.name_key)
    }

    /// The origin of rows in pieces. In a document of their own, these are all that it has.
    fn origin_of_piece(&self, entry: &Entry) -> Origin {
        let container = match self.container {
            Container::Lone => Container::Pieces,
            other => other,
        };
        Origin { container, ..self.origin_of(entry) }
    }

    fn entry_columns(&mut self, entry: &mut Entry, is_schema: bool) -> Result<()> {
        if matches!(self.owner(entry), Owner::Other) {
            return self.scan.skip_value().map(|_| ());
        }
        let span = self.scan.cut(MAX_ROW_BYTES as usize)?;
        let raw = self.scan.bytes(span).0.to_vec();
        let list = if is_schema { &mut entry.schema } else { &mut entry.columns };
        if list.replace(raw).is_some() {
            return self.fail(Defect::Duplicate);
        }
        Ok(())
    }

    /// The columns, if any are known by now. A schema says more than a list of names.
    fn columns(&mut self, entry: &Entry) -> Result<Option<Columns>> {
        let read = |raw: &Option<Vec<u8>>| raw.as_deref().map(Columns::read).transpose();
        let both = read(&entry.schema).and_then(|schema| Ok((schema, read(&entry.columns)?)));
        let (schema, columns) = both.or_else(|defect| self.fail(defect))?;
        let lists = [schema, columns, self.columns.clone()];
        let mut known = lists.into_iter().flatten();
        let first = known.next();
        match &first {
            Some(first) if !known.all(|other| first.agrees(&other)) => self.fail(Defect::Columns),
            _ => Ok(first),
        }
    }

    fn entry_rows(&mut self, entry: &mut Entry) -> Result<()> {
        let owner = self.owner(entry);
        if !matches!(owner, Owner::Other) && entry.rows.is_some() {
            return self.fail(Defect::Duplicate);
        }
        let is_array = self.scan.peek_value()? == b'[';
        if self.is_again() {
            entry.rows = Some(0);
            entry.claimed = self.rows_again()?;
            return Ok(());
        }
        match owner {
            Owner::Other => {
                let rows = self.skip_watched(entry.name.as_deref())?;
                entry.add_rows(rows.unwrap_or(0));
                Ok(())
            }
            Owner::Allowed(table) => {
                self.claim(table, false)?;
                entry.claimed = Some(table);
                if is_array { self.allowed_rows(entry, table) } else { self.fail(Defect::NotRows) }
            }
            Owner::Unknown => {
                entry.waiting = Some(self.scan.offset());
                // Where the input is read only once, these rows are no allowed table's or the run
                // ends with an error.
                let watches = matches!(self.pass, Pass::Only) && self.start_watch(None)?;
                entry.rows = Some(self.scan.skip_value()?.unwrap_or(0));
                self.end_watch(watches);
                Ok(())
            }
        }
    }

    fn allowed_rows(&mut self, entry: &mut Entry, table: usize) -> Result<()> {
        let offset = self.scan.offset();
        self.scan.expect(b'[')?;
        let first = self.scan.peek_some()?;
        // A list of columns that is none does no harm to rows that are objects.
        let columns = if first == b'{' { None } else { self.columns(entry)? };
        if first == b'[' && columns.is_none() {
            self.scan.skip_open(b'[')?;
            entry.waiting = Some(offset);
            entry.rows = Some(0);
            return Ok(());
        }
        entry.rows = Some(self.whole(table, columns, self.origin_of(entry))?);
        Ok(())
    }

    fn entry_row(&mut self, entry: &mut Entry) -> Result<()> {
        entry.container = Some(Container::Pieces);
        match self.owner(entry) {
            Owner::Other => {
                self.skip_watched(entry.name.as_deref())?;
                entry.add_rows(1);
                Ok(())
            }
            Owner::Allowed(table) => {
                let columns = self.columns(entry)?;
                let rows =
                    match self.pieces(table, columns, |reader| reader.origin_of_piece(entry))? {
                        None => {
                            self.scan.skip_value()?;
                            self.put_off(table, 1);
                            1
                        }
                        Some(mut sheet) => {
                            self.row(&mut sheet)?;
                            self.keep_open(sheet);
                            1
                        }
                    };
                entry.add_rows(rows);
                Ok(())
            }
            Owner::Unknown if entry.row.is_some() => self.fail(Defect::Duplicate),
            Owner::Unknown => {
                self.scan.peek()?;
                let at = self.row_at(0);
                let span = self.scan.cut(MAX_ROW_BYTES as usize)?;
                entry.row = Some((self.scan.bytes(span).0.to_vec(), at));
                Ok(())
            }
        }
    }

    /// The row that came before its table's name.
    fn kept_row(&mut self, entry: &mut Entry, owner: Owner) -> Result<()> {
        let Some((raw, at)) = entry.row.take() else { return Ok(()) };
        entry.add_rows(1);
        match owner {
            Owner::Unknown => {}
            Owner::Other if self.is_again() => {}
            Owner::Other => {
                if H::WANTS_SKIPPED {
                    self.scan.watch.watching(entry.name.as_deref(), at.offset);
                    self.scan.watch.skipped_bytes(&raw);
                }
            }
            Owner::Allowed(table) => {
                let columns = self.columns(entry)?;
                let Some(mut sheet) =
                    self.pieces(table, columns, |reader| reader.origin_of_piece(entry))?
                else {
                    self.put_off(table, 1);
                    return Ok(());
                };
                let at = RowAt { row: sheet.rows, ..at };
                sheet.row(&raw, &at, self.scan.watch)?;
                self.keep_open(sheet);
            }
        }
        Ok(())
    }

    /// The rows as a text that holds the array.
    fn entry_text(&mut self, entry: &mut Entry) -> Result<()> {
        let owner = self.owner(entry);
        if !matches!(owner, Owner::Other) && entry.rows.is_some() {
            return self.fail(Defect::Duplicate);
        }
        let is_text = self.scan.peek_value()? == b'"';
        let at = self.row_at(0);
        match owner {
            Owner::Other | Owner::Allowed(_) if self.is_again() => {
                entry.rows = Some(0);
                self.scan.skip_value().map(|_| ())
            }
            Owner::Unknown => self.fail(Defect::RowsFirst),
            Owner::Allowed(_) if !is_text => self.fail(Defect::NotRows),
            Owner::Other => {
                let watches = self.start_watch(entry.name.as_deref())?;
                let rows = if is_text { self.count_text()? } else { self.skip_text()? };
                self.end_watch(watches);
                entry.add_rows(rows);
                Ok(())
            }
            Owner::Allowed(table) => {
                self.claim(table, false)?;
                let columns = self.columns(entry)?;
                let text = self.scan.text(MAX_ROW_BYTES as usize)?;
                let text = text.or_else(|defect| self.fail(defect))?;
                let origin = self.origin_of(entry);
                let sheet = Sheet::new(table, &self.policy.tables[table], columns, origin);
                entry.rows = Some(self.text_rows(sheet, &text, at)?);
                Ok(())
            }
        }
    }

    fn text_rows(&mut self, mut sheet: Sheet<'a>, text: &str, at: RowAt) -> Result<u64> {
        let mut inner = Scanner::new(text.as_bytes(), Unwatched)?;
        let broken = |_| Defect::RowsText;
        let mut is_first = true;
        if let Err(defect) = inner.expect(b'[').map_err(broken) {
            return self.fail(defect);
        }
        while inner.element(&mut is_first, b']').or_else(|_| self.fail(Defect::RowsText))? {
            let span =
                inner.cut(MAX_ROW_BYTES as usize).or_else(|_| self.fail(Defect::RowsText))?;
            let at = RowAt { row: sheet.rows, ..at };
            sheet.row(inner.bytes(span).0, &at, self.scan.watch)?;
        }
        self.found.texts = true;
        let rows = sheet.rows;
        self.end(sheet)?;
        Ok(rows)
    }

    /// Counts the rows in a text of a table that is not kept. One that holds no array has none.
    fn count_text(&mut self) -> Result<u64> {
        let Ok(text) = self.scan.text(MAX_ROW_BYTES as usize)? else { return Ok(0) };
        let rows =
            Scanner::new(text.as_bytes(), Unwatched).and_then(|mut inner| inner.skip_value());
        Ok(rows.ok().flatten().unwrap_or(0))
    }

    /// A value that should be a text has no rows.
    fn skip_text(&mut self) -> Result<u64> {
        self.scan.skip_value().map(|_| 0)
    }

    /// Rows that were added by an update of a subscription.
    fn entry_inserts(&mut self, entry: &mut Entry) -> Result<()> {
        entry.container = Some(Container::Pieces);
        let is_array = self.scan.peek_value()? == b'[';
        match self.owner(entry) {
            Owner::Unknown => self.fail(Defect::RowsFirst),
            Owner::Other => {
                let rows = self.skip_watched(entry.name.as_deref())?;
                entry.add_rows(rows.unwrap_or(0));
                Ok(())
            }
            Owner::Allowed(_) if !is_array => self.fail(Defect::NotRows),
            Owner::Allowed(table) => {
                let columns = self.columns(entry)?;
                let Some(mut sheet) =
                    self.pieces(table, columns, |reader| reader.origin_of_piece(entry))?
                else {
                    let rows = self.scan.skip_value()?.unwrap_or(0);
                    self.put_off(table, rows);
                    entry.add_rows(rows);
                    return Ok(());
                };
                self.scan.expect(b'[')?;
                self.rows(&mut sheet, true)?;
                self.keep_open(sheet);
                entry.add_rows(0);
                Ok(())
            }
        }
    }

    /// A dump of what is there deletes nothing; which rows would be meant is not guessed.
    fn entry_deletes(&mut self, entry: &mut Entry) -> Result<()> {
        if let Owner::Other = self.owner(entry) {
            return self.skip_watched(entry.name.as_deref()).map(|_| ());
        }
        if self.scan.skip_value()? == Some(0) { Ok(()) } else { self.fail(Defect::Deletes) }
    }

    fn entry_updates(&mut self, entry: &mut Entry) -> Result<()> {
        if self.scan.peek_value()? != b'[' {
            return self.scan.skip_value().map(|_| ());
        }
        self.scan.expect(b'[')?;
        let mut is_first = true;
        while self.scan.element(&mut is_first, b']')? {
            if !self.scan.take(b'{')? {
                return self.fail(Defect::NotRows);
            }
            self.entry(entry, true)?;
        }
        Ok(())
    }

    /// Settles what had to wait for the end of the object. The owner is known.
    pub(super) fn end_entry(&mut self, entry: &mut Entry, is_table: bool) -> Result<()> {
        let owner = self.owner(entry);
        self.kept_row(entry, owner)?;
        match owner {
            _ if self.is_again() && !self.is_as_before(entry, owner) => self.fail(Defect::Changed),
            Owner::Unknown => Ok(()),
            Owner::Allowed(_) if entry.rows.is_none() => self.fail(Defect::NoRows),
            Owner::Allowed(table) => self.end_allowed(entry, table),
            Owner::Other => {
                let name = entry.name.clone().unwrap_or_default();
                if is_table && !self.is_again() {
                    self.scan.watch.skipped(&name, entry.rows.unwrap_or(0));
                }
                match (entry.waiting, &self.pass) {
                    (Some(offset), Pass::First(_)) if H::WANTS_SKIPPED => {
                        self.wait(offset, Waiting::Skipped { name })
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Whether rows that were handed over are those of the table that they were taken for.
    fn is_as_before(&self, entry: &Entry, owner: Owner) -> bool {
        match (entry.claimed, owner) {
            (Some(claimed), Owner::Allowed(table)) => claimed == table,
            (claimed, _) => claimed.is_none(),
        }
    }

    fn end_allowed(&mut self, entry: &Entry, table: usize) -> Result<()> {
        let Some(offset) = entry.waiting else { return Ok(()) };
        let columns = self.columns(entry)?;
        match entry.claimed {
            None => self.claim(table, false)?,
            // These rows are arrays, and no second reading would tell their columns.
            Some(_) if columns.is_none() => return self.fail(Defect::NoColumns),
            Some(_) => {}
        }
        let origin = self.origin_of(entry);
        self.wait(offset, Waiting::Allowed { table, columns, origin })
    }
}
