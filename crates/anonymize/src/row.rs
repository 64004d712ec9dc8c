//! One row of an allowed table: from the dump's JSON to sanitized JSON.

use std::ops::Range;

use crate::cell::{Cells, Scratch};
use crate::key::{SampleKey, ShiftKey, TextKey};
use crate::layout::Layout;
use crate::manifest::{Kinds, Tally};
use crate::path::RowId;
use crate::policy::{Domain, Policy, Published, Rule, Table};
use crate::read::{Marks, Reader, Result};
use crate::rows::{CleanRows, Entry, WorkEntry};
use crate::shape::{Cell, Found, Shape, positional};
use crate::text::TextMaker;
use crate::token::TokenCache;
use crate::value::Plain;
use crate::{Defect, Form, PseudonymKey, Pseudonymizer, import, json};

/// All that a rule needs beside the value: made once a run and shared by its threads.
pub(crate) struct Tools<'p> {
    pub(crate) policy: &'p Policy,
    pub(crate) domains: Vec<Pseudonymizer>,
    pub(crate) text_maker: TextMaker,
    pub(crate) shifts: ShiftKey,
    /// By the table's index.
    texts: Vec<TextKey>,
    sample_key: SampleKey,
    import: bool,
    pub(crate) real_ids: bool,
}

impl<'p> Tools<'p> {
    /// With `import`, rows are also written in the dump's own shape and encoding; with `real_ids`,
    /// the ids of routes stay as they are.
    pub(crate) fn new(
        policy: &'p Policy,
        key: &PseudonymKey,
        import: bool,
        real_ids: bool,
    ) -> Self {
        let domain = |domain: &Domain| {
            Pseudonymizer::with_form(key, &domain.name, &domain.prefix, domain.form)
        };
        Self {
            policy,
            domains: policy.domains.iter().map(domain).collect(),
            text_maker: TextMaker::new(),
            shifts: ShiftKey::new(key),
            texts: policy.tables.iter().map(|table| TextKey::new(key, &table.name)).collect(),
            sample_key: SampleKey::new(key),
            import,
            real_ids,
        }
    }
}

/// What is wrong with a row, and in which listed column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RowDefect {
    pub(crate) column: Option<usize>,
    pub(crate) defect: Defect,
}

impl From<Defect> for RowDefect {
    fn from(defect: Defect) -> Self {
        Self { column: None, defect }
    }
}

/// Names the column in a defect of its value.
fn at(column: usize) -> impl Fn(Defect) -> RowDefect {
    move |defect| RowDefect { column: Some(column), defect }
}

/// Cleans rows one after the other; each thread has its own.
pub(crate) struct RowCleaner<'p> {
    tools: &'p Tools<'p>,
    tokens: TokenCache,
    /// By the table's index.
    shapes: Vec<Shape>,
    marks: Marks,
    scratch: Scratch,
    /// Where the values of the row that was written last stand, by column.
    places: Vec<Range<usize>>,
}

impl<'p> RowCleaner<'p> {
    pub(crate) fn new(tools: &'p Tools<'p>) -> Self {
        let shapes = tools.policy.tables.iter().map(|_| Shape::default()).collect();
        Self {
            tools,
            tokens: TokenCache::new(),
            shapes,
            marks: Marks::default(),
            scratch: Scratch::default(),
            places: Vec::new(),
        }
    }

    /// Cleans one row, counts what was done, and appends the row; on error nothing of it stays.
    pub(crate) fn clean(
        &mut self,
        raw: &[u8],
        table: usize,
        layout: &Layout,
        out: &mut CleanRows,
        tally: &mut Tally,
    ) -> std::result::Result<(), RowDefect> {
        let (json, import) = (out.json.len(), out.import.len());
        // Lent to the row, which also needs the rest of this.
        let mut marks = std::mem::take(&mut self.marks);
        let cleaned = self.row(raw, table, layout, &mut marks, out, tally);
        self.marks = marks;
        if cleaned.is_err() {
            out.truncate(json, import);
        }
        cleaned
    }

    fn row(
        &mut self,
        raw: &[u8],
        index: usize,
        layout: &Layout,
        marks: &mut Marks,
        out: &mut CleanRows,
        tally: &mut Tally,
    ) -> std::result::Result<(), RowDefect> {
        let text = simdutf8::basic::from_utf8(raw).map_err(|_| Defect::Syntax)?;
        marks.find(text);
        let reader = Reader::with_marks(text, marks);
        let table = &self.tools.policy.tables[index];
        let found = match layout {
            Layout::Named => self.shapes[index].read(reader, table, self.tools.import, tally)?,
            Layout::Positional(slots) => positional(reader, slots, table, tally)?,
        };
        let row = Row::new(table, &found)?;
        let json = out.json.len();
        self.write(index, &row, out, tally)?;
        let work = row.work(&self.places, &out.json, json)?;
        let published = row.is_published()?;
        let rank = (!published, self.tools.sample_key.rank(&row.ids[row.id].id));
        let import = out.import.len();
        if self.tools.import {
            import::append(table, &found, &self.places, out)
                .map_err(|(column, defect)| RowDefect { column: Some(column), defect })?;
        }
        let work = work.map(|work| WorkEntry { published, ..work });
        let (json, import) = (json..out.json.len(), import..out.import.len());
        out.push(Entry { table: index, json, import, rank, work });
        Ok(())
    }

    /// Appends the row as JSON, and notes where each column's value stands in it.
    fn write(
        &mut self,
        index: usize,
        row: &Row<'_>,
        out: &mut CleanRows,
        tally: &mut Tally,
    ) -> std::result::Result<(), RowDefect> {
        let mut name = self.scratch.bytes();
        let id = &row.ids[row.id];
        self.tokens.append(&self.tools.domains, id.domain, &id.id, &mut name);
        let seed = self.tools.texts[index].seed(&name);
        self.scratch.keep_bytes(name);

        self.places.clear();
        self.places.resize(row.table.columns.len(), 0..0);
        let out = &mut out.json;
        let (tools, tokens, scratch) = (self.tools, &mut self.tokens, &mut self.scratch);
        let mut cells = Cells::new(tools, tokens, scratch, tally, &row.ids, row.id, seed);
        out.push(b'{');
        let start = out.len();
        for (index, column) in row.table.columns.iter().enumerate() {
            let Some(Cell { value, .. }) = &row.cells[index] else { continue };
            cells.saw(index, Kinds::of_plain(value.plain));
            if !column.rule.is_written() {
                continue;
            }
            if out.len() > start {
                out.push(b',');
            }
            out.extend_from_slice(&column.key);
            let from = out.len();
            let written = match row.real_id(tools, index) {
                Some(id) => real_id(tools, id, value.plain, out),
                None => cells.write(index, column, value, out),
            };
            written.map_err(at(index))?;
            self.places[index] = from..out.len();
        }
        out.push(b'}');
        Ok(())
    }
}

/// Appends an id as it is, as a number only where its pseudonym would be one.
fn real_id(tools: &Tools<'_>, id: &RowId<'_>, plain: Plain<'_>, out: &mut Vec<u8>) -> Result<()> {
    if id.id.chars().any(char::is_control) {
        return Err(Defect::UnusableId);
    }
    let has_numbers = tools.policy.domains[id.domain].form == Form::Number;
    if has_numbers && plain == Plain::Number(&id.id) {
        out.extend_from_slice(id.id.as_bytes());
    } else {
        json::text(&id.id, out);
    }
    Ok(())
}

/// What a row holds, with the wrappings taken off.
struct Row<'a> {
    table: &'a Table,
    /// By the column's index.
    cells: &'a [Option<Cell<'a>>],
    /// The ids in the row's own columns, sorted by column.
    ids: Vec<RowId<'a>>,
    /// Which of them is the row's.
    id: usize,
}

impl<'a> Row<'a> {
    fn new(table: &'a Table, found: &'a Found<'a>) -> std::result::Result<Self, RowDefect> {
        let mut ids = Vec::with_capacity(8);
        for (index, (column, cell)) in table.columns.iter().zip(&found.cells).enumerate() {
            if let (Rule::Pseudonym(domain), Some(cell)) = (&column.rule, cell)
                && let Some(id) = cell.value.id().map_err(at(index))?
            {
                ids.push(RowId { id, domain: *domain, column: index });
            }
        }
        let id = ids.iter().position(|id| id.column == table.id).ok_or(Defect::NoId)?;
        Ok(Self { table, cells: &found.cells, ids, id })
    }

    /// The id of a column where it stays as it is.
    fn real_id(&self, tools: &Tools<'_>, column: usize) -> Option<&RowId<'a>> {
        let is_real = tools.real_ids && self.table.is_route(column);
        self.ids.iter().find(|id| is_real && id.column == column)
    }

    fn is_published(&self) -> std::result::Result<bool, RowDefect> {
        let Some(Published { column, values, deleted }) = &self.table.published else {
            return Ok(true);
        };
        let status = match self.plain(*column) {
            Plain::Text(status) | Plain::Choice(status) => status.decode().map_err(at(*column))?,
            Plain::Bool(true) => "true".into(),
            Plain::Bool(false) => "false".into(),
            Plain::Number(status) => status.into(),
            _ => return Ok(false),
        };
        let is_deleted = deleted.is_some_and(|deleted| self.plain(deleted) != Plain::Null);
        let says =
            |value: &String| value.eq_ignore_ascii_case(&status) || *value == status.to_lowercase();
        Ok(!is_deleted && values.iter().any(says))
    }

    fn plain(&self, column: usize) -> Plain<'a> {
        self.cells[column].map_or(Plain::Null, |cell| cell.value.plain)
    }

    /// What makes the row a work; its ids are found again where they were written.
    fn work(
        &self,
        places: &[Range<usize>],
        json: &[u8],
        start: usize,
    ) -> Result<Option<WorkEntry>> {
        let Some(work) = &self.table.work else { return Ok(None) };
        let token = |column: usize| {
            self.ids.iter().any(|id| id.column == column).then(|| {
                let place = &places[column];
                let quote = usize::from(json[place.start] == b'"');
                place.start + quote - start..place.end - quote - start
            })
        };
        Ok(Some(WorkEntry {
            profile_id: token(self.table.id).ok_or(Defect::NoId)?,
            owner_user_id: work.owner.and_then(token),
            work_code: work.code.and_then(token),
            published: false,
        }))
    }
}

#[cfg(test)]
mod tests;
