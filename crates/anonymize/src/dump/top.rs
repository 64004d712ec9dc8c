//! The dump as a whole: one document, or one a line.

use std::io::Read;

use super::entry::{Entry, Owner};
use super::options::Container;
use super::reader::{MAX_NAME_BYTES, Reader, Result};
use super::sheet::Sheet;
use super::{Format, Handler, MAX_ROW_BYTES};
use crate::Defect;
use crate::origin::{NAME_KEYS, VERSION_KEYS};
use crate::scan::NewLine;

/// Keys under which a dump may be wrapped, at the top only.
const WRAPPERS: [&str; 6] =
    ["data", "result", "dump", "export", "InitialSubscription", "database_update"];

/// How many wrappers may lie in one another.
const MAX_WRAPPERS: usize = 4;

/// What the answer to an SQL query has, so that its first key tells it from a row.
const SQL_KEYS: [&str; 4] = ["schema", "rows", "total_duration_micros", "stats"];

/// What belongs to an entry and is no table.
const ENTRY_KEYS: [&str; 5] = ["columns", "schema", "rows", "rows_json", "rowsJson"];

impl<'a, R: Read, H: Handler> Reader<'a, R, H> {
    /// Reads all documents.
    pub(super) fn documents(&mut self) -> Result<()> {
        self.document()?;
        while let Some(NewLine(is_line)) = self.scan.next_document()? {
            let may_follow = match self.options.format {
                Format::Ndjson => true,
                Format::Auto => self.found.container.is_none_or(Container::goes_on),
                _ => false,
            };
            if !may_follow || !is_line {
                return self.fail(Defect::Trailing);
            }
            self.document()?;
        }
        Ok(())
    }

    fn document(&mut self) -> Result<()> {
        let Some(name) = &self.options.table else { return self.naming_document() };
        let table = self.policy.table(name).expect("it was checked before");
        match (self.options.format, self.scan.peek_value()?) {
            (Format::Ndjson, _) => self.line(table),
            (Format::Rows, b'[') => self.bare_rows(table),
            (Format::Rows, _) => self.fail(Defect::NotRows),
            (Format::Sql, b'[') => self.answers(),
            (Format::Sql, b'{') => {
                self.scan.expect(b'{')?;
                self.answer(None)
            }
            (Format::Sql, _) => self.no_tables(),
            _ if self.found.container == Some(Container::Lines) => self.line(table),
            (_, b'{') => self.line_or_answer(table),
            (_, b'[') => self.rows_or_answers(table),
            _ => self.no_tables(),
        }
    }

    /// A value that is no table, if it is one at all.
    fn no_tables(&mut self) -> Result<()> {
        self.scan.skip_value()?;
        self.fail(Defect::NotTables)
    }

    /// A document that says which tables it has.
    fn naming_document(&mut self) -> Result<()> {
        match (self.options.format, self.scan.peek_value()?) {
            (_, b'{') => {
                self.scan.expect(b'{')?;
                self.object(0)
            }
            (Format::Auto | Format::Tables | Format::Ndjson, b'[') => self.entries(true),
            _ => self.no_tables(),
        }
    }

    /// An object with tables, with a key a table, or with one table.
    fn object(&mut self, wrappers: usize) -> Result<()> {
        let (mut entry, mut has_tables, mut is_first) = (Entry::default(), false, true);
        while self.scan.element(&mut is_first, b'}')? {
            let key = self.scan.name(MAX_NAME_BYTES)?.or_else(|defect| self.fail(defect))?;
            if key == "tables" && self.options.format != Format::Map {
                if std::mem::replace(&mut has_tables, true) {
                    return self.fail(Defect::Duplicate);
                }
                self.tables()?;
            } else {
                self.object_value(&key, &mut entry, wrappers)?;
            }
        }
        self.end_object(&mut entry)
    }

    fn object_value(&mut self, key: &str, entry: &mut Entry, wrappers: usize) -> Result<()> {
        let next = self.scan.peek_value()?;
        let names = self.options.format != Format::Map;
        if let Some(table) = self.policy.table(key)
            && self.options.format != Format::Tables
        {
            return self.table_value(key, table, Container::TopMap);
        }
        let wrapper = WRAPPERS.into_iter().find(|wrapper| *wrapper == key);
        if wrapper.is_some() && next == b'{' && wrappers < MAX_WRAPPERS {
            self.found.wrapper = self.found.wrapper.or(wrapper);
            self.scan.expect(b'{')?;
            return self.object(wrappers + 1);
        }
        let is_row = key == "row" && matches!(next, b'{' | b'[' | b'"');
        let is_name = NAME_KEYS.contains(&key) && next == b'"';
        if names && (ENTRY_KEYS.contains(&key) || is_row || is_name) {
            self.container = Container::Lone;
            return self.entry_value(entry, key);
        }
        match VERSION_KEYS.into_iter().find(|version| *version == key) {
            Some(key) if next.is_ascii_digit() && !self.policy.is_denied(key) => self.version(key),
            _ => self.other_value(key, Container::TopMap),
        }
    }

    /// The dump's own version, where it is a whole number that is no larger than versions are.
    fn version(&mut self, key: &'static str) -> Result<()> {
        let span = self.scan.cut(MAX_ROW_BYTES as usize)?;
        let digits = std::str::from_utf8(self.scan.bytes(span).0);
        if let Some(version) = digits.ok().and_then(|digits| digits.parse().ok())
            && self.versions.iter().all(|(known, _)| *known != key)
        {
            self.versions.push((key, version));
        }
        Ok(())
    }

    /// An object is a table itself only where it has rows. A name alone is the dump's own.
    fn end_object(&mut self, entry: &mut Entry) -> Result<()> {
        let has_rows = entry.rows.is_some() || entry.has_row();
        if !has_rows {
            return Ok(());
        }
        if let Owner::Unknown = self.owner(entry) {
            // Beside allowed tables, it is a table of that name which no list mentions.
            self.has_nameless = true;
            entry.name = Some("rows".to_owned());
            return self.end_entry(entry, true);
        }
        self.found_in(entry.container.unwrap_or(Container::Lone));
        self.container = Container::Lone;
        self.end_entry(entry, true)
    }

    /// The value of `tables`.
    fn tables(&mut self) -> Result<()> {
        match self.scan.peek_value()? {
            b'[' => self.entries(false),
            b'{' => {
                self.found_in(Container::TablesMap);
                self.tables_map()
            }
            _ => self.no_tables(),
        }
    }

    fn tables_map(&mut self) -> Result<()> {
        self.container = Container::TablesMap;
        self.scan.expect(b'{')?;
        let mut is_first = true;
        while self.scan.element(&mut is_first, b'}')? {
            let key = self.scan.name(MAX_NAME_BYTES)?.or_else(|defect| self.fail(defect))?;
            match self.policy.table(&key) {
                Some(table) => self.table_value(&key, table, Container::TablesMap)?,
                None => self.other_value(&key, Container::TablesMap)?,
            }
        }
        Ok(())
    }

    /// What stands under the name of an allowed table: its rows, or an object that has them.
    fn table_value(&mut self, name: &str, table: usize, container: Container) -> Result<()> {
        self.container = container;
        match self.scan.peek_value()? {
            b'[' if self.is_again() => self.scan.skip_value().map(|_| ()),
            b'[' => {
                self.found_in(container);
                self.claim(table, false)?;
                self.scan.expect(b'[')?;
                self.whole(table, None, self.origin(name, None)).map(|_| ())
            }
            b'{' => {
                self.scan.expect(b'{')?;
                let mut entry = Entry::of(name);
                self.entry(&mut entry, true)?;
                self.found_in(entry.container.unwrap_or(container));
                self.end_entry(&mut entry, true)
            }
            _ if self.is_again() => self.fail(Defect::Changed),
            _ => {
                self.claim(table, false)?;
                self.fail(Defect::NotRows)
            }
        }
    }

    /// What stands under another name. Beside its tables a dump has a version, a time and the like;
    /// these have no rows and are not told of.
    fn other_value(&mut self, name: &str, container: Container) -> Result<()> {
        let is_known = container == Container::TablesMap || self.policy.is_denied(name);
        match self.scan.peek_value()? {
            b'[' => {
                let rows = self.skip_watched(Some(name))?;
                self.skipped(name, rows.unwrap_or(0));
            }
            b'{' => {
                let watches = self.policy.is_denied(name) && self.start_watch(Some(name))?;
                self.scan.expect(b'{')?;
                let mut entry = Entry::of(name);
                self.entry(&mut entry, true)?;
                self.end_watch(watches);
                let is_table = is_known || entry.rows.is_some();
                self.end_entry(&mut entry, is_table)?;
            }
            _ if self.policy.is_denied(name) => {
                self.skip_watched(Some(name))?;
                self.skipped(name, 0);
            }
            _ => {
                self.scan.skip_value()?;
                if is_known {
                    self.skipped(name, 0);
                }
            }
        }
        Ok(())
    }

    fn skipped(&mut self, name: &str, rows: u64) {
        if !self.is_again() {
            self.scan.watch.skipped(name, rows);
        }
    }

    /// An array of tables, each with its name. At the top, rows may stand there by themselves too.
    fn entries(&mut self, is_top: bool) -> Result<()> {
        self.container = Container::List;
        let no_name = if is_top { Defect::NoTableName } else { Defect::EntryName };
        self.scan.expect(b'[')?;
        let mut is_first = true;
        while self.scan.element(&mut is_first, b']')? {
            match self.scan.peek_value()? {
                b'{' => self.scan.expect(b'{')?,
                b'[' | b'"' if is_top => return self.fail(no_name),
                _ => return self.no_tables(),
            }
            let mut entry = Entry::default();
            self.entry(&mut entry, true)?;
            if let Owner::Unknown = self.owner(&entry) {
                return self.fail(no_name);
            }
            self.found_in(entry.container.unwrap_or(Container::List));
            self.end_entry(&mut entry, true)?;
        }
        Ok(())
    }

    /// An array of the answers to SQL queries, usually of one.
    fn answers(&mut self) -> Result<()> {
        self.scan.expect(b'[')?;
        self.more_answers(true)
    }

    fn more_answers(&mut self, mut is_first: bool) -> Result<()> {
        while self.scan.element(&mut is_first, b']')? {
            if !self.scan.take(b'{')? {
                return self.fail(Defect::NotTables);
            }
            self.answer(None)?;
        }
        Ok(())
    }

    /// The answer to an SQL query, the bracket of which was passed, or its first key too.
    fn answer(&mut self, first_key: Option<&str>) -> Result<()> {
        self.found_in(Container::Sql);
        self.container = Container::Sql;
        let mut entry = Entry::of(self.options.table.as_deref().unwrap_or_default());
        if let Some(key) = first_key {
            self.entry_value(&mut entry, key)?;
        }
        self.entry(&mut entry, first_key.is_none())?;
        self.end_entry(&mut entry, true)
    }

    fn bare_rows(&mut self, table: usize) -> Result<()> {
        self.found_in(Container::Rows);
        self.scan.expect(b'[')?;
        self.claim(table, false)?;
        self.whole_sheet(self.unnamed(table, Container::Rows)).map(|_| ())
    }

    /// A document that is a row.
    fn line(&mut self, table: usize) -> Result<()> {
        let mut sheet = self.line_sheet(table)?;
        self.row(&mut sheet)?;
        self.keep_open(sheet);
        Ok(())
    }

    fn line_sheet(&mut self, table: usize) -> Result<Sheet<'a>> {
        if let Some(sheet) = self.reopen() {
            return Ok(sheet);
        }
        self.found_in(Container::Lines);
        self.claim(table, false)?;
        Ok(self.unnamed(table, Container::Lines))
    }

    /// The first key tells an answer from a row.
    fn line_or_answer(&mut self, table: usize) -> Result<()> {
        let sheet = self.unnamed(table, Container::Lines);
        let at = self.start_row(&sheet)?;
        match self.first_key()? {
            Some(key) if SQL_KEYS.contains(&key.as_str()) => {
                self.scan.forget();
                self.answer(Some(&key))
            }
            Some(key) if key == "tables" => self.fail(Defect::NamesTables),
            key => {
                let mut sheet = self.line_sheet(table)?;
                self.rest_of_row(key.is_some())?;
                self.end_row(&mut sheet, &at)?;
                self.keep_open(sheet);
                Ok(())
            }
        }
    }

    /// Passes an object's bracket and its first key. `None` where it has none, and is passed.
    fn first_key(&mut self) -> Result<Option<String>> {
        self.scan.expect(b'{')?;
        let mut is_first = true;
        if !self.scan.element(&mut is_first, b'}')? {
            return Ok(None);
        }
        // A key that cannot be read is no key of an answer.
        Ok(Some(self.scan.name(MAX_NAME_BYTES)?.unwrap_or_default()))
    }

    fn rest_of_row(&mut self, is_open: bool) -> Result<()> {
        if is_open { self.scan.skip_open(b'{').map(|_| ()) } else { Ok(()) }
    }

    /// An array is the rows, or a row itself, or has answers.
    fn rows_or_answers(&mut self, table: usize) -> Result<()> {
        let sheet = self.unnamed(table, Container::Rows);
        let at = self.start_row(&sheet)?;
        self.scan.expect(b'[')?;
        let next = self.scan.peek_some()?;
        match (next, &self.columns) {
            (b'[' | b'{', Some(_)) => self.fail(Defect::RowsOrLines),
            (b']', _) | (b'{' | b'"', None) => {
                self.scan.forget();
                self.rows_or_answers_inside(table, next)
            }
            (b'[', None) => self.fail(Defect::NoColumns),
            (_, None) => self.fail(Defect::NotTables),
            (_, Some(_)) => {
                let mut sheet = self.line_sheet(table)?;
                self.scan.skip_open(b'[')?;
                self.end_row(&mut sheet, &at)?;
                self.keep_open(sheet);
                Ok(())
            }
        }
    }

    fn rows_or_answers_inside(&mut self, table: usize, next: u8) -> Result<()> {
        let mut sheet = self.unnamed(table, Container::Rows);
        let mut is_first = true;
        if next == b'{' {
            let at = self.start_row(&sheet)?;
            let key = self.first_key()?;
            if let Some(key) = key.as_deref().filter(|key| SQL_KEYS.contains(key)) {
                self.scan.forget();
                self.answer(Some(key))?;
                return self.more_answers(false);
            }
            self.claim(table, false)?;
            self.rest_of_row(key.is_some())?;
            self.end_row(&mut sheet, &at)?;
            is_first = false;
        } else {
            self.claim(table, false)?;
        }
        self.found_in(Container::Rows);
        self.rows(&mut sheet, is_first)?;
        self.end(sheet)
    }
}
