//! The columns of a row: which value stands in which.

use std::collections::HashSet;

use crate::Defect;
use crate::layout::{Kind, Slot};
use crate::manifest::{Kinds, Tally};
use crate::policy::{Column, Table};
use crate::read::{Reader, Result, Text};
use crate::row::RowDefect;
use crate::token::same;
use crate::value::Value;

/// The most keys that are remembered; a table with more has keys made of data.
const MAX_KEYS: usize = 128;

/// The values of the listed columns.
pub(crate) struct Found<'a> {
    /// By the column's index in the policy.
    pub(crate) cells: Vec<Option<Cell<'a>>>,
    /// The columns as they stand in the dump, with their names there, if it has names in its rows.
    pub(crate) order: Vec<(Option<Text<'a>>, usize)>,
}

/// One value of a listed column.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) value: Value<'a>,
    /// The value as it stands in the dump.
    pub(crate) raw: &'a str,
    /// Its type, where the dump says it.
    pub(crate) kind: Option<&'a Kind>,
}

impl<'a> Found<'a> {
    fn new(table: &Table) -> Self {
        Self { cells: vec![None; table.columns.len()], order: Vec::new() }
    }

    /// Reads the value of a column.
    fn read(
        &mut self,
        reader: &mut Reader<'a>,
        index: usize,
        column: &Column,
        kind: Option<&'a Kind>,
    ) -> std::result::Result<(), RowDefect> {
        let defect = |defect| RowDefect { column: Some(index), defect };
        let before = *reader;
        let value = Value::read(reader, column.rule.want(), kind, None).map_err(defect)?;
        let raw = before.until(reader);
        let cell = &mut self.cells[index];
        if cell.is_some() {
            return Err(defect(Defect::Duplicate));
        }
        *cell = Some(Cell { value, raw, kind });
        Ok(())
    }
}

/// The keys of a table's rows in the order in which they come. A row like those before it needs no
/// search for its columns, and none for repeated keys: it only goes on in the list.
#[derive(Default)]
pub(crate) struct Shape {
    keys: Vec<ShapeKey>,
    /// The unlisted columns of the row that is being read.
    unknown: Vec<(usize, Kinds)>,
}

struct ShapeKey {
    /// The key as it is written, escapes included.
    raw: String,
    /// The same with its quotes and colon.
    whole: Vec<u8>,
    name: String,
    column: Option<usize>,
}

impl Shape {
    /// Reads a row that is an object. With `ordered`, the order of its columns is noted.
    pub(crate) fn read<'a>(
        &mut self,
        mut reader: Reader<'a>,
        table: &Table,
        ordered: bool,
        tally: &mut Tally,
    ) -> std::result::Result<Found<'a>, RowDefect> {
        if reader.peek() != b'{' {
            return Err(Defect::NotObject.into());
        }
        let mut rest = reader;
        rest.pass(b'{')?;
        let mut found = Found::new(table);
        self.unknown.clear();
        let (mut next, mut first) = (0, true);
        loop {
            let expected = self.keys.get(next).filter(|_| !ordered);
            let is_next = expected.is_some_and(|key| rest.pass_key(&mut first, &key.whole));
            let (place, key) = if is_next {
                (next, None)
            } else {
                let Some(key) = rest.next_key(&mut first)? else { break };
                match self.place(key, next, table)? {
                    Some(place) => (place, Some(key)),
                    None => return read_slowly(reader, table, ordered, tally),
                }
            };
            match self.keys[place].column {
                Some(column) => {
                    found.read(&mut rest, column, &table.columns[column], None)?;
                    if ordered {
                        found.order.push((key, column));
                    }
                }
                None => self.unknown.push((place, Kinds::of_raw(rest.value()?))),
            }
            next = place + 1;
        }
        rest.end()?;
        for &(place, kinds) in &self.unknown {
            tally.unknown.add(&self.keys[place].name, 1, kinds);
        }
        Ok(found)
    }

    /// The key's place in the list, which must not be before `next`. A new key is inserted there;
    /// `None` where the key is not new, and for new ones where the list is full.
    fn place(&mut self, key: Text<'_>, next: usize, table: &Table) -> Result<Option<usize>> {
        let later = &self.keys[next..];
        let is_key = |known: &ShapeKey| same(known.raw.as_bytes(), key.raw().as_bytes());
        if let Some(place) = later.iter().position(is_key) {
            return Ok(Some(next + place));
        }
        self.insert(key, next, table)
    }

    #[cold]
    fn insert(&mut self, key: Text<'_>, next: usize, table: &Table) -> Result<Option<usize>> {
        let name = key.decode()?;
        if self.keys.len() == MAX_KEYS || self.keys.iter().any(|known| known.name == name) {
            return Ok(None);
        }
        let column = table.column(&name);
        let (raw, name) = (key.raw().to_owned(), name.into_owned());
        let key = ShapeKey { whole: format!("\"{raw}\":").into_bytes(), raw, name, column };
        self.keys.insert(next, key);
        Ok(Some(next))
    }
}

/// Reads a row whose keys come in an order of their own, or twice.
#[cold]
fn read_slowly<'a>(
    mut reader: Reader<'a>,
    table: &Table,
    ordered: bool,
    tally: &mut Tally,
) -> std::result::Result<Found<'a>, RowDefect> {
    reader.pass(b'{')?;
    let mut found = Found::new(table);
    let mut unknown = HashSet::new();
    let mut first = true;
    while let Some(key) = reader.next_key(&mut first)? {
        let name = key.decode()?;
        if let Some(column) = table.column(&name) {
            found.read(&mut reader, column, &table.columns[column], None)?;
            if ordered {
                found.order.push((Some(key), column));
            }
            continue;
        }
        tally.unknown.add(&name, 1, Kinds::of_raw(reader.value()?));
        if !unknown.insert(name) {
            return Err(Defect::Duplicate.into());
        }
    }
    reader.end()?;
    Ok(found)
}

/// Reads a row that is an array.
#[inline(never)]
pub(crate) fn positional<'a>(
    mut reader: Reader<'a>,
    slots: &'a [Slot],
    table: &Table,
    tally: &mut Tally,
) -> std::result::Result<Found<'a>, RowDefect> {
    if reader.peek() != b'[' {
        return Err(Defect::NotArray.into());
    }
    reader.pass(b'[')?;
    let mut found = Found::new(table);
    let mut first = true;
    for slot in slots {
        if !reader.next_element(&mut first)? {
            return Err(Defect::RowLength.into());
        }
        match slot.column {
            Some(column) => {
                let kind = slot.kind.as_ref();
                found.read(&mut reader, column, &table.columns[column], kind)?;
                found.order.push((None, column));
            }
            None => tally.unknown.add(&slot.name, 1, Kinds::of_raw(reader.value()?)),
        }
    }
    if reader.next_element(&mut first)? {
        return Err(Defect::RowLength.into());
    }
    reader.end()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    fn check(shape: &mut Shape, row: &str, expected: std::result::Result<&[&str], Defect>) {
        let policy = Policy::builtin();
        let table = &policy.tables[0];
        let found = shape.read(Reader::new(row), table, true, &mut Tally::default());
        let found = found.map_err(|RowDefect { defect, .. }| defect);
        let names = found.map(|found| {
            let name =
                |(_, column): &(Option<Text<'_>>, usize)| table.columns[*column].name.clone();
            found.order.iter().map(name).collect::<Vec<_>>()
        });
        assert_eq!(
            names.as_deref(),
            expected
                .map(|names| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>())
                .as_deref(),
            "{row}"
        );
    }

    #[test]
    fn rows_may_lack_keys_have_new_ones_or_another_order() {
        let mut shape = Shape::default();
        for _ in 0..2 {
            check(
                &mut shape,
                r#"{"profile_id":1,"x":2,"work_id":3}"#,
                Ok(&["profile_id", "work_id"]),
            );
            check(&mut shape, r#"{"profile_id":1,"work_id":3}"#, Ok(&["profile_id", "work_id"]));
            check(&mut shape, r#"{"x":2,"y":[],"workId":3}"#, Ok(&["work_id"]));
            check(
                &mut shape,
                r#"{"work_id":1,"x":2,"profile_id":3}"#,
                Ok(&["work_id", "profile_id"]),
            );
            check(&mut shape, "{ }", Ok(&[]));
        }
    }

    #[test]
    fn a_repeated_key_is_found_in_every_order() {
        let mut shape = Shape::default();
        for _ in 0..2 {
            for row in [
                r#"{"x":1,"x":2}"#,
                r#"{"x":1,"\u0078":2}"#,
                r#"{"y":1,"x":1,"y":2}"#,
                r#"{"profile_id":1,"x":0,"profile_id":2}"#,
                r#"{"profile_id":1,"profileId":2}"#,
                r#"{"work_id":1,"profileId":2,"profile_\u0069d":2}"#,
            ] {
                check(&mut shape, row, Err(Defect::Duplicate));
            }
        }
    }

    #[test]
    fn keys_beyond_the_list_are_still_checked() {
        let mut shape = Shape::default();
        let many: Vec<String> = (0..MAX_KEYS + 50).map(|key| format!("\"k{key}\":{key}")).collect();
        let many = many.join(",");
        check(&mut shape, &format!("{{{many}}}"), Ok(&[]));
        check(&mut shape, &format!("{{{many},\"k{}\":1}}", MAX_KEYS + 49), Err(Defect::Duplicate));
        check(&mut shape, &format!("{{{many},\"work_id\":1}}"), Ok(&["work_id"]));
    }
}
