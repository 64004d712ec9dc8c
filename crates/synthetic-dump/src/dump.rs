//! The dump as a whole: which tables, in which order, how many rows.

use std::io::{self, Write};

use crate::source::Source;
use crate::{DENIED_TABLES, Secrets, Spec, UNKNOWN_TABLE, WORK_TABLES, denied, works};

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
    let mut dump = Dump { out: Counted { out, written: 0 }, first: true };
    let mut source = Source::new(spec.seed, secrets);
    dump.out
        .write_all(b"{\"schema_version\":1,\"exported_at_micros\":1783790679306661,\"tables\":[")?;
    for (name, quota) in tables(spec) {
        dump.table(name, quota, &mut source)?;
    }
    dump.out.write_all(b"\n]}\n")?;
    dump.out.flush()?;
    Ok(dump.out.written)
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
        Some(bytes) if name == WORK_TABLES[0] => Quota::Bytes(bytes / 5),
        _ => Quota::Rows(rows),
    }
}

struct Dump<W> {
    out: Counted<W>,
    first: bool,
}

impl<W: Write> Dump<W> {
    fn table(&mut self, name: &str, quota: Quota, source: &mut Source<'_>) -> io::Result<()> {
        let separator = if self.first { "" } else { "," };
        self.first = false;
        write!(self.out, "{separator}\n{{\"name\":\"{name}\",\"rows\":[")?;
        let start = self.out.written;
        let mut index = 0;
        while quota.has_room(index, self.out.written - start) {
            self.out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
            serde_json::to_writer(&mut self.out, &row(name, source, index))?;
            index += 1;
        }
        self.out.write_all(b"]}")
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

fn row(table: &str, source: &mut Source<'_>, index: u64) -> serde_json::Value {
    if table == UNKNOWN_TABLE {
        denied::unknown_row(source)
    } else if WORK_TABLES.contains(&table) {
        works::row(table, source, index)
    } else {
        denied::row(table, source, index)
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
