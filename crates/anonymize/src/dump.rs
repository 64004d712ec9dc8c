//! The dump as a whole: finds the allowed tables, skips and counts the others.

use std::fmt;
use std::io::{self, Read};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::layout::Layout;
use crate::manifest::{Kinds, Manifest, Tallies};
use crate::meter::{Meter, Metered, skip_mark};
use crate::row::{RowCleaner, RowDefect, Tools};
use crate::rows::CleanRows;
use crate::sink::Sink;
use crate::{AnonymizeError, Defect, Place, Policy, PseudonymKey};

/// The longest row, in bytes; a row is held in memory while its rules are applied.
pub const MAX_ROW_BYTES: u64 = 16 << 20;

/// The longest name of a table, with the spaces around it.
const MAX_NAME_BYTES: u64 = 64 << 10;

/// Reads a dump, applies the policy to it, and pushes the sanitized rows into `sink`.
///
/// The dump is JSON in UTF-8: an object whose `tables` is an array of `{"name": …, "rows": […]}`
/// (or `table`, or `table_name`) or an object with one array of rows a table; or such an object
/// itself. Rows are objects. Tables that the policy does not allow are skipped and counted.
///
/// Memory is bounded by [`MAX_ROW_BYTES`] and by what the sink keeps, not by the size of the dump.
///
/// # Errors
///
/// [`AnonymizeError`] with the table, row and byte where the dump cannot be read, or with the error
/// of reader or sink. What the sink has written by then is incomplete: throw it away.
pub fn anonymize(
    input: impl Read,
    policy: &Policy,
    key: &PseudonymKey,
    sink: &mut impl Sink,
) -> Result<Manifest, AnonymizeError> {
    let meter = Meter::new();
    let tools = Tools::new(policy, key, false);
    let mut run = Run {
        policy,
        cleaner: RowCleaner::new(&tools),
        rows: CleanRows::default(),
        sink,
        meter: &meter,
        tallies: Tallies::new(policy),
        place: Place::default(),
        expected: Defect::NotTables,
        failure: None,
    };
    run.read(input)?;
    run.sink.finish().map_err(AnonymizeError::Write)?;
    Ok(run.tallies.into_manifest(policy, key))
}

/// The state of one run, lent to each visitor in turn.
struct Run<'r> {
    policy: &'r Policy,
    cleaner: RowCleaner<'r>,
    rows: CleanRows,
    sink: &'r mut dyn Sink,
    meter: &'r Meter,
    tallies: Tallies,
    /// The table and row being read; the rest is filled in when an error is made.
    place: Place,
    /// What is wrong if the parser finds a value of another type than asked for.
    expected: Defect,
    /// Carries an error past the parser, whose own error type quotes values.
    failure: Option<AnonymizeError>,
}

impl Run<'_> {
    fn read(&mut self, input: impl Read) -> Result<(), AnonymizeError> {
        let input = skip_mark(input).map_err(AnonymizeError::Read)?;
        let mut parser = serde_json::Deserializer::from_reader(Metered::new(input, self.meter));
        let result = Top(self).deserialize(&mut parser);
        result.map_err(|error| self.error(error))?;
        self.place = Place::default();
        self.meter.allow_any();
        parser.end().map_err(|error| match self.error(error) {
            AnonymizeError::Dump { place, defect: Defect::Syntax } => {
                AnonymizeError::Dump { place, defect: Defect::Trailing }
            }
            other => other,
        })?;
        if self.tallies.tables.iter().any(|table| table.present) {
            Ok(())
        } else {
            Err(AnonymizeError::Dump { place: self.here(), defect: Defect::NoAllowedTable })
        }
    }

    /// The parser's error without its text, unless a visitor or the reader knows better.
    fn error(&mut self, error: serde_json::Error) -> AnonymizeError {
        if let Some(failure) = self.failure.take() {
            return failure;
        }
        let defect = match (self.meter.defect(), error.classify()) {
            (Some(defect), _) => defect,
            (None, Category::Io) => return AnonymizeError::Read(io::Error::from(error)),
            (None, Category::Eof) => Defect::Truncated,
            (None, Category::Syntax) => Defect::Syntax,
            (None, Category::Data) => self.expected,
        };
        AnonymizeError::Dump { place: self.here(), defect }
    }

    fn here(&self) -> Place {
        Place { table: self.place.table.clone(), row: self.place.row, ..self.meter.place() }
    }

    /// Notes an error and gives the parser one to stop with.
    fn fail<E: serde::de::Error>(&mut self, failure: AnonymizeError) -> E {
        self.failure = Some(failure);
        E::custom("stopped")
    }

    fn defect<E: serde::de::Error>(&mut self, defect: Defect) -> E {
        let place = self.here();
        self.fail(AnonymizeError::Dump { place, defect })
    }

    fn begin_table<E: serde::de::Error>(&mut self, table: usize) -> Result<(), E> {
        let name = &self.policy.tables[table].name;
        self.place = Place { table: Some(name.clone()), ..Place::default() };
        if std::mem::replace(&mut self.tallies.tables[table].present, true) {
            return Err(self.defect(Defect::Duplicate));
        }
        self.sink.table(name).map_err(|error| self.fail(AnonymizeError::Write(error)))
    }

    fn row<E: serde::de::Error>(
        &mut self,
        table: usize,
        raw: &str,
        start: &Place,
    ) -> Result<(), E> {
        let tally = &mut self.tallies.tables[table];
        tally.rows_in += 1;
        let (policy, rows) = (&self.policy.tables[table], &mut self.rows);
        rows.clear();
        let cleaned = self.cleaner.clean(raw.as_bytes(), table, &Layout::Named, rows, tally);
        if let Err(RowDefect { column, defect }) = cleaned {
            let column = column.map(|column| policy.columns[column].name.clone());
            let (name, row) = (self.place.table.clone(), self.place.row);
            let place = Place { table: name, row, column, ..start.clone() };
            return Err(self.fail(AnonymizeError::Dump { place, defect }));
        }
        self.tallies.works += u64::from(policy.work.is_some());
        tally.rows_out += 1;
        let kind = policy.work.as_ref().map_or("", |work| &work.kind);
        let written = self.sink.row(&self.rows.row(0, &policy.name, kind));
        written.map_err(|error| self.fail(AnonymizeError::Write(error)))
    }

    /// Notes a table that was skipped.
    fn skipped(&mut self, name: &str, rows: u64) {
        let denied = self.policy.is_denied(name);
        let names = if denied { &mut self.tallies.denied } else { &mut self.tallies.unknown };
        names.insert(name, rows, Kinds::default());
    }
}

/// The whole dump.
struct Top<'a, 'r>(&'a mut Run<'r>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut has_tables = false;
        while let Some(name) = next_name(self.0, &mut map)? {
            if name == "tables" {
                if std::mem::replace(&mut has_tables, true) {
                    return Err(self.0.defect(Defect::Duplicate));
                }
                map.next_value_seed(Tables(self.0))?;
                continue;
            }
            // Beside tables, a dump has a version, a time and the like: no arrays, no tables.
            if let Some(rows) = named_table(self.0, &name, &mut map)? {
                self.0.skipped(&name, rows);
            }
        }
        Ok(())
    }
}

fn next_name<'de, A: MapAccess<'de>>(
    run: &Run<'_>,
    map: &mut A,
) -> Result<Option<String>, A::Error> {
    run.meter.allow(MAX_NAME_BYTES);
    let name = map.next_key();
    run.meter.allow_any();
    name
}

/// Reads the rows under an allowed name, or skips another value and counts its elements: `None`
/// where the table was allowed, or where the value is no table.
fn named_table<'de, A: MapAccess<'de>>(
    run: &mut Run<'_>,
    name: &str,
    map: &mut A,
) -> Result<Option<u64>, A::Error> {
    if let Some(table) = run.policy.table(name) {
        run.begin_table(table)?;
        map.next_value_seed(Rows { run, table })?;
        return Ok(None);
    }
    let elements = map.next_value_seed(Skip { run })?;
    Ok(elements.or(run.policy.is_denied(name).then_some(0)))
}

/// The value of `tables`: a list of tables with names, or an object with a key a table.
struct Tables<'a, 'r>(&'a mut Run<'r>);

impl<'de> DeserializeSeed<'de> for Tables<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.expected = Defect::NotTables;
        self.0.meter.allow(MAX_NAME_BYTES);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tables<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tables")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.meter.allow_any();
        while entries.next_element_seed(Entry(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = next_name(self.0, &mut map)? {
            let is_allowed = self.0.policy.table(&name).is_some();
            let rows = named_table(self.0, &name, &mut map)?;
            if !is_allowed {
                self.0.skipped(&name, rows.unwrap_or(0));
            }
        }
        Ok(())
    }
}

/// A table with its name inside.
struct Entry<'a, 'r>(&'a mut Run<'r>);

impl<'de> DeserializeSeed<'de> for Entry<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.place = Place::default();
        self.0.expected = Defect::NotTables;
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table with its name")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut name: Option<String> = None;
        let mut rows: Option<u64> = None;
        while let Some(key) = next_name(self.0, &mut map)? {
            match key.as_str() {
                "name" | "table" | "table_name" => self.name(&mut name, &mut map)?,
                "rows" if rows.is_some() => return Err(self.0.defect(Defect::Duplicate)),
                "rows" => rows = Some(self.rows(name.as_deref(), &mut map)?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.end(name, rows)
    }
}

impl Entry<'_, '_> {
    fn name<'de, A: MapAccess<'de>>(
        &mut self,
        name: &mut Option<String>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        self.0.expected = Defect::EntryName;
        self.0.meter.allow(MAX_NAME_BYTES);
        let found: String = map.next_value()?;
        self.0.meter.allow_any();
        match name.replace(found) {
            // Two keys may say the same; two tables must not hide in one.
            Some(before) if name.as_ref() != Some(&before) => Err(self.0.defect(Defect::EntryName)),
            _ => Ok(()),
        }
    }

    fn rows<'de, A: MapAccess<'de>>(
        &mut self,
        name: Option<&str>,
        map: &mut A,
    ) -> Result<u64, A::Error> {
        let Some(name) = name else {
            return Err(self.0.defect(Defect::RowsFirst));
        };
        let rows = named_table(self.0, name, map)?;
        Ok(rows.unwrap_or(0))
    }

    fn end<E: serde::de::Error>(self, name: Option<String>, rows: Option<u64>) -> Result<(), E> {
        let Some(name) = name else {
            return Err(self.0.defect(Defect::EntryName));
        };
        match (self.0.policy.table(&name), rows) {
            (Some(_), Some(_)) => Ok(()),
            (Some(_), None) => Err(self.0.defect(Defect::NoRows)),
            (None, rows) => {
                self.0.skipped(&name, rows.unwrap_or(0));
                Ok(())
            }
        }
    }
}

/// The rows of an allowed table.
struct Rows<'a, 'r> {
    run: &'a mut Run<'r>,
    table: usize,
}

impl<'de> DeserializeSeed<'de> for Rows<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.run.expected = Defect::NotRows;
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let table = self.table;
        let mut row = 0;
        self.run.place.row = Some(row);
        while rows.next_element_seed(Row { run: &mut *self.run, table })?.is_some() {
            row += 1;
            self.run.place.row = Some(row);
        }
        self.run.place = Place::default();
        Ok(())
    }
}

/// One row of an allowed table.
struct Row<'a, 'r> {
    run: &'a mut Run<'r>,
    table: usize,
}

impl<'de> DeserializeSeed<'de> for Row<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let start = self.run.meter.place();
        self.run.expected = Defect::Encoding;
        self.run.meter.allow(MAX_ROW_BYTES);
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        self.run.meter.allow_any();
        self.run.row(self.table, raw.get(), &start)
    }
}

/// A value that is not kept; gives the number of its elements where it is an array.
struct Skip<'a, 'r> {
    run: &'a Run<'r>,
}

impl<'de> DeserializeSeed<'de> for Skip<'_, '_> {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        // A lone text or number is held in memory by the parser; what an array holds is not.
        self.run.meter.allow(MAX_ROW_BYTES);
        let elements = deserializer.deserialize_any(Elements(self.run.meter))?;
        self.run.meter.allow_any();
        Ok(elements)
    }
}

struct Elements<'m>(&'m Meter);

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Option<u64>, A::Error> {
        self.0.allow_any();
        let mut count = 0;
        while elements.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Some(count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<u64>, A::Error> {
        // The parser holds a key in memory, though not the value that it skips.
        let key = |map: &mut A| {
            self.0.allow(MAX_ROW_BYTES);
            map.next_key::<IgnoredAny>()
        };
        while key(&mut map)?.is_some() {
            self.0.allow_any();
            map.next_value::<IgnoredAny>()?;
        }
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Option<u64>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }
}
