//! The dump as a whole: which tables, in which order, how many rows.

use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::source::Source;
use crate::{DENIED_TABLES, Secrets, Shape, Spec, UNKNOWN_TABLE, WORK_TABLES, denied, works};

/// How long a table goes on.
#[derive(Clone, Copy)]
enum Quota {
    Rows(u64),
    Bytes(u64),
}

/// Writes the tables sorted by name, as an export that walks a sorted catalogue does, so that
/// private tables stand before, between and after the public ones.
pub(crate) fn write<W: Write>(
    spec: &Spec,
    out: W,
    secrets: Option<&mut Secrets>,
) -> io::Result<u64> {
    let shape = spec.shape;
    let mut dump = Dump { out: Counted { out, written: 0 }, shape, is_first: true };
    let mut source = Source::new(spec.seed, secrets);
    dump.out.write_all(shape.head().as_bytes())?;
    let mut mixed = Vec::new();
    for (name, quota) in tables(spec) {
        match shape {
            Shape::MixedPieces => mixed.push((name, all_rows(name, quota, &mut source))),
            _ if shape.is_one_table() && name != WORK_TABLES[0] => pass(name, quota, &mut source),
            _ => dump.table(name, quota, &mut source)?,
        }
    }
    dump.mixed(&mixed)?;
    dump.out.write_all(shape.tail().as_bytes())?;
    dump.out.flush()?;
    Ok(dump.out.written)
}

/// Draws the rows that another shape would have here, so that the rows that follow are the same.
fn pass(name: &str, quota: Quota, source: &mut Source<'_>) {
    if let Quota::Rows(rows) = quota {
        (0..rows).for_each(|index| drop(row(name, source, index)));
    }
}

fn all_rows(name: &str, quota: Quota, source: &mut Source<'_>) -> Vec<Map<String, Value>> {
    let mut bytes = 0;
    let mut rows = Vec::new();
    while quota.has_room(rows.len() as u64, bytes) {
        let row = row(name, source, rows.len() as u64);
        bytes += serde_json::to_string(&row).map_or(0, |text| text.len() as u64);
        rows.push(row);
    }
    rows
}

fn tables(spec: &Spec) -> Vec<(&'static str, Quota)> {
    let denied = denied_quota(spec);
    let mut tables: Vec<_> = DENIED_TABLES.into_iter().map(|name| (name, denied)).collect();
    tables.push((UNKNOWN_TABLE, Quota::Rows(2)));
    for name in WORK_TABLES {
        if let Some(&rows) = spec.rows.get(name) {
            tables.push((name, work_quota(spec, name, rows)));
        }
    }
    tables.sort_by_key(|&(name, _)| name);
    tables
}

fn denied_quota(spec: &Spec) -> Quota {
    let each = |bytes: u64| Quota::Bytes(bytes / 5 * 4 / DENIED_TABLES.len() as u64);
    spec.target_bytes.map_or(Quota::Rows(spec.denied_rows), each)
}

fn work_quota(spec: &Spec, name: &str, rows: u64) -> Quota {
    match spec.target_bytes {
        Some(bytes) if spec.shape.is_one_table() && name == WORK_TABLES[0] => Quota::Bytes(bytes),
        Some(bytes) if name == WORK_TABLES[0] => Quota::Bytes(bytes / 5),
        _ => Quota::Rows(rows),
    }
}

struct Dump<W> {
    out: Counted<W>,
    shape: Shape,
    is_first: bool,
}

impl<W: Write> Dump<W> {
    fn table(&mut self, name: &str, quota: Quota, source: &mut Source<'_>) -> io::Result<()> {
        let start = self.out.written;
        let mut next = quota.has_room(0, 0).then(|| row(name, source, 0));
        let columns = next.clone().unwrap_or_default();
        if !self.shape.is_pieces() && !self.shape.is_one_table() {
            let between = if self.is_first { "" } else { self.shape.between_tables() };
            self.line(between)?;
        }
        self.out.write_all(self.shape.table_head(name, &columns).as_bytes())?;
        let mut index = 0;
        while let Some(row) = next {
            self.row(name, &row, index == 0)?;
            index += 1;
            let has_room = quota.has_room(index, self.out.written - start);
            next = has_room.then(|| self::row(name, source, index));
        }
        self.is_first = false;
        self.out.write_all(self.shape.table_tail(name, &columns).as_bytes())
    }

    fn row(&mut self, name: &str, row: &Map<String, Value>, is_first: bool) -> io::Result<()> {
        let before = self.shape.before_row(is_first);
        match before.strip_suffix('\n') {
            Some(before) => self.line(before)?,
            None => self.out.write_all(before.as_bytes())?,
        }
        self.shape.row(&mut self.out, name, row)
    }

    /// Ends a line, if there is one.
    fn line(&mut self, end: &str) -> io::Result<()> {
        if self.out.written == 0 { Ok(()) } else { writeln!(self.out, "{end}") }
    }

    /// Writes one row of each table in turn, as long as there are any.
    fn mixed(&mut self, tables: &[(&str, Vec<Map<String, Value>>)]) -> io::Result<()> {
        let most = tables.iter().map(|(_, rows)| rows.len()).max().unwrap_or(0);
        for index in 0..most {
            for (name, rows) in tables {
                if let Some(row) = rows.get(index) {
                    self.row(name, row, self.is_first)?;
                    self.is_first = false;
                }
            }
        }
        Ok(())
    }
}

impl Quota {
    fn has_room(self, rows: u64, bytes: u64) -> bool {
        match self {
            Self::Rows(limit) => rows < limit,
            Self::Bytes(limit) => bytes < limit,
        }
    }
}

fn row(table: &str, source: &mut Source<'_>, index: u64) -> Map<String, Value> {
    let row = if table == UNKNOWN_TABLE {
        denied::unknown_row(source)
    } else if WORK_TABLES.contains(&table) {
        works::row(table, source, index)
    } else {
        denied::row(table, source, index)
    };
    match row {
        Value::Object(row) => row,
        _ => unreachable!("rows are objects"),
    }
}

/// A writer that knows how much went through it.
struct Counted<W> {
    out: W,
    written: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
