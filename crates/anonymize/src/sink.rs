//! Where sanitized rows go.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufWriter, Read, Seek, Write};

use dataset::{FORMAT, FORMAT_VERSION, NORMALIZED_WORKS};

use crate::layout::{Layout, Slot};
use crate::origin::Origin;
use crate::policy::{Rule, Table};
use crate::rows::{CleanRow, CleanRows, WorkRef};
use crate::{Policy, PseudonymKey};

/// Takes the sanitized rows of a dump, table by table.
///
/// [`anonymize`](crate::anonymize) pushes: it calls `table` once before a table's rows, `row` for
/// each of them, and `finish` only when the whole dump was read without a defect. Until then, what
/// a sink has written is incomplete and must not be used. A pair of sinks is a sink that feeds both.
pub trait Sink {
    /// A table begins.
    ///
    /// # Errors
    ///
    /// The sink's own; the run ends with it.
    fn table(&mut self, table: &TableStart<'_>) -> io::Result<()>;

    /// A row of the table that began last.
    ///
    /// # Errors
    ///
    /// The sink's own; the run ends with it.
    fn row(&mut self, row: &CleanRow<'_>) -> io::Result<()>;

    /// The dump was read to its end.
    ///
    /// # Errors
    ///
    /// The sink's own.
    fn finish(&mut self) -> io::Result<()>;
}

/// A table that begins, and how its rows stand in the dump.
#[derive(Clone, Copy, Debug)]
pub struct TableStart<'a> {
    name: &'a str,
    table: Option<InDump<'a>>,
}

/// What is known of a table that the dump has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InDump<'a> {
    pub(crate) table: &'a Table,
    pub(crate) layout: &'a Layout,
    pub(crate) origin: &'a Origin,
    /// Whether the run has no other dump.
    pub(crate) is_only_dump: bool,
}

impl<'a> TableStart<'a> {
    pub(crate) fn new(
        table: &'a Table,
        layout: &'a Layout,
        origin: &'a Origin,
        is_only_dump: bool,
    ) -> Self {
        let in_dump = InDump { table, layout, origin, is_only_dump };
        Self { name: &table.name, table: Some(in_dump) }
    }

    /// A table of which only the name is known: one that the dump does not have.
    fn absent(name: &'a str) -> Self {
        Self { name, table: None }
    }

    /// The table's name in the policy.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The name as the dump spells it. `None` for a table that the dump does not have, and in a
    /// sample.
    pub fn dump_name(&self) -> Option<&'a str> {
        self.table.map(|table| table.origin.name.as_str())
    }

    pub(crate) fn in_dump(&self) -> Option<InDump<'a>> {
        self.table
    }

    /// Where the dump's rows are arrays: the columns of the rows in [`CleanRow::import_json`], in
    /// their order and as the dump names them.
    pub fn columns(&self) -> Option<Vec<&'a str>> {
        let slots = self.table?.slots()?;
        Some(slots.map(|(slot, _)| slot.name.as_str()).collect())
    }
}

impl<'a> InDump<'a> {
    /// Where rows are arrays: what their written elements stand for.
    pub(crate) fn slots(self) -> Option<impl Iterator<Item = (&'a Slot, &'a Rule)>> {
        let Layout::Positional(slots) = self.layout else { return None };
        let written = move |slot: &'a Slot| {
            let rule = &self.table.columns[slot.column?].rule;
            rule.is_written().then_some((slot, rule))
        };
        Some(slots.iter().filter_map(written))
    }
}

impl<A: Sink, B: Sink> Sink for (A, B) {
    fn table(&mut self, table: &TableStart<'_>) -> io::Result<()> {
        self.0.table(table)?;
        self.1.table(table)
    }

    fn row(&mut self, row: &CleanRow<'_>) -> io::Result<()> {
        self.0.row(row)?;
        self.1.row(row)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.finish()?;
        self.1.finish()
    }
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn table(&mut self, table: &TableStart<'_>) -> io::Result<()> {
        (**self).table(table)
    }

    fn row(&mut self, row: &CleanRow<'_>) -> io::Result<()> {
        (**self).row(row)
    }

    fn finish(&mut self) -> io::Result<()> {
        (**self).finish()
    }
}

/// An absent sink takes everything and does nothing.
impl<S: Sink> Sink for Option<S> {
    fn table(&mut self, table: &TableStart<'_>) -> io::Result<()> {
        self.as_mut().map_or(Ok(()), |sink| sink.table(table))
    }

    fn row(&mut self, row: &CleanRow<'_>) -> io::Result<()> {
        self.as_mut().map_or(Ok(()), |sink| sink.row(row))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.as_mut().map_or(Ok(()), Sink::finish)
    }
}

/// Writes a dataset file as [`dataset::Dataset::from_json`] reads it, one row a line.
///
/// Tables come in the order of the dump, then the allowed tables that it does not have, empty. In
/// memory it holds the list of works, about 150 bytes each, and nothing else that grows; where that
/// is too much, [`spool`](Self::spool) puts the list elsewhere.
#[derive(Debug)]
pub struct DatasetWriter<W> {
    out: W,
    key_id: String,
    real_ids: bool,
    tables: Vec<String>,
    counts: BTreeMap<String, u64>,
    /// The number of rows of the table that is open.
    open: Option<u64>,
    works: Works,
    work_count: u64,
}

/// What can be written and then read again, such as a file.
pub trait Spool: Read + Write + Seek + Send {}

impl<S: Read + Write + Seek + Send> Spool for S {}

/// The list of works until the tables have ended.
enum Works {
    Memory(Vec<u8>),
    Spool(BufWriter<Box<dyn Spool>>),
}

impl Works {
    fn copy_to(&mut self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Memory(works) => out.write_all(works),
            Self::Spool(works) => {
                works.flush()?;
                let file = works.get_mut();
                file.rewind()?;
                io::copy(file, out).map(drop)
            }
        }
    }
}

impl Write for Works {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Memory(works) => works.write(bytes),
            Self::Spool(works) => works.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Works {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory(_) => "Memory",
            Self::Spool(_) => "Spool",
        })
    }
}

impl<W: Write> DatasetWriter<W> {
    /// Writes to `out`, which should be buffered.
    pub fn new(out: W, policy: &Policy, key: &PseudonymKey) -> Self {
        let tables = policy.table_names().map(str::to_owned).collect();
        let (counts, works) = (BTreeMap::new(), Works::Memory(Vec::new()));
        let (key_id, real_ids) = (key.key_id(), false);
        Self { out, key_id, real_ids, tables, counts, open: None, works, work_count: 0 }
    }

    /// Whether the file says that its works have their real ids
    /// ([`Anonymizer::real_ids`](crate::Anonymizer::real_ids)) and is private.
    #[must_use]
    pub fn real_ids(mut self, real_ids: bool) -> Self {
        self.real_ids = real_ids;
        self
    }

    /// The rows written, in the order of the policy, and at last the number of works.
    pub fn counts(&self) -> Vec<(String, u64)> {
        let count = |name: &String| (name.clone(), self.counts.get(name).copied().unwrap_or(0));
        let works = (NORMALIZED_WORKS.to_owned(), self.work_count);
        self.tables.iter().map(count).chain([works]).collect()
    }

    /// Keeps the list of works in `file` until the end, and not in memory. It must be empty, and
    /// holds sanitized data only.
    #[must_use]
    pub fn spool(mut self, file: impl Spool + 'static) -> Self {
        self.works = Works::Spool(BufWriter::new(Box::new(file)));
        self
    }

    /// Gives back the writer.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn head(&mut self) -> io::Result<()> {
        let (format, key_id) = (quoted(FORMAT), quoted(&self.key_id));
        let real_ids = if self.real_ids { "\"realIds\":true," } else { "" };
        write!(
            self.out,
            "{{\"format\":{format},\"formatVersion\":{FORMAT_VERSION},\"keyId\":{key_id},{real_ids}\n\"tables\":{{"
        )
    }

    fn close_table(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some(0) => self.out.write_all(b"]"),
            Some(_) => self.out.write_all(b"\n]"),
            None => Ok(()),
        }
    }

    fn add_work(&mut self, work: &WorkRef<'_>) -> io::Result<()> {
        self.works.write_all(if self.work_count == 0 { b"\n" } else { b",\n" })?;
        self.work_count += 1;
        Ok(serde_json::to_writer(&mut self.works, work)?)
    }

    fn write_counts(&mut self) -> io::Result<()> {
        self.out.write_all(b"\"counts\":{")?;
        for (index, (name, count)) in self.counts().iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(self.out, "{separator}{}:{count}", quoted(name))?;
        }
        self.out.write_all(b"}}\n")
    }
}

impl<W: Write> Sink for DatasetWriter<W> {
    fn table(&mut self, table: &TableStart<'_>) -> io::Result<()> {
        let name = table.name();
        if self.counts.is_empty() {
            self.head()?;
        }
        self.close_table()?;
        let separator = if self.counts.is_empty() { "" } else { "," };
        write!(self.out, "{separator}\n{}:[", quoted(name))?;
        self.counts.insert(name.to_owned(), 0);
        self.open = Some(0);
        Ok(())
    }

    fn row(&mut self, row: &CleanRow<'_>) -> io::Result<()> {
        let rows = self.open.get_or_insert(0);
        self.out.write_all(if *rows == 0 { b"\n" } else { b",\n" })?;
        *rows += 1;
        match self.counts.get_mut(row.table()) {
            Some(count) => *count += 1,
            None => drop(self.counts.insert(row.table().to_owned(), 1)),
        }
        self.out.write_all(row.json())?;
        row.work().map_or(Ok(()), |work| self.add_work(&work))
    }

    fn finish(&mut self) -> io::Result<()> {
        for name in self.tables.clone() {
            if !self.counts.contains_key(&name) {
                self.table(&TableStart::absent(&name))?;
            }
        }
        self.close_table()?;
        self.out.write_all(b"\n},\n\"normalizedWorks\":[")?;
        self.works.copy_to(&mut self.out)?;
        self.out.write_all(if self.work_count == 0 { b"],\n" } else { b"\n],\n" })?;
        self.write_counts()?;
        self.out.flush()
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Passes on the same few rows of each table, whatever their order in the dump.
///
/// Published works come first, then those with the lowest keyed hash of their id. The sample of
/// more rows contains the sample of fewer. A sample is for everybody, so its run must not keep real
/// ids: whoever puts the run together has to refuse that.
#[derive(Debug)]
pub struct Sampler<S> {
    sink: S,
    per_table: usize,
    tables: Vec<(String, Vec<Kept>)>,
}

/// A row of its own, which waits for the end of the dump.
struct Kept {
    kind: String,
    rows: CleanRows,
}

impl Kept {
    fn row<'a>(&'a self, table: &'a str) -> CleanRow<'a> {
        self.rows.row(0, table, &self.kind)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<S: Sink> Sampler<S> {
    /// Passes at most `per_table` rows of each table on to `sink`, when the dump has ended.
    pub fn new(sink: S, per_table: usize) -> Self {
        Self { sink, per_table, tables: Vec::new() }
    }

    /// Gives back the sink behind the sampler.
    pub fn into_inner(self) -> S {
        self.sink
    }
}

impl<S: Sink> Sink for Sampler<S> {
    fn table(&mut self, table: &TableStart<'_>) -> io::Result<()> {
        self.tables.push((table.name().to_owned(), Vec::new()));
        Ok(())
    }

    fn row(&mut self, row: &CleanRow<'_>) -> io::Result<()> {
        let Some((table, rows)) = self.tables.last_mut() else { return Ok(()) };
        let place = rows.partition_point(|kept| kept.row(table).order() <= row.order());
        if place < self.per_table {
            rows.insert(place, Kept { kind: row.kind().to_owned(), rows: row.to_rows() });
            rows.truncate(self.per_table);
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        for (name, rows) in &self.tables {
            self.sink.table(&TableStart::absent(name))?;
            rows.iter().try_for_each(|kept| self.sink.row(&kept.row(name)))?;
        }
        self.sink.finish()
    }
}
