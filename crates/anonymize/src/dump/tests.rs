//! What a handler is told, beyond what comes out of a whole run.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::collections::BTreeSet;

use synthetic_dump::{DENIED_TABLES, Shape, Spec, UNKNOWN_TABLE, WORK_TABLES};

use super::*;
use crate::Defect;

/// Notes everything.
#[derive(Default)]
struct Notes {
    open: Option<usize>,
    tables: BTreeSet<usize>,
    rows: u64,
    skipped: u64,
    watched: Vec<(Option<String>, Vec<u8>)>,
}

impl Watch for Notes {
    const WANTS_SKIPPED: bool = true;

    fn skipped_bytes(&mut self, bytes: &[u8]) {
        self.watched.last_mut().expect("a name comes first").1.extend_from_slice(bytes);
    }
}

impl Handler for Notes {
    fn table(
        &mut self,
        table: usize,
        _: &Arc<Layout>,
        _: &Arc<Origin>,
    ) -> Result<(), AnonymizeError> {
        assert_eq!(self.open.replace(table), None);
        assert!(self.tables.insert(table), "a table begins once");
        self.rows = 0;
        Ok(())
    }

    fn row(&mut self, raw: &[u8], at: &RowAt) -> Result<(), AnonymizeError> {
        assert!(self.open.is_some() && matches!(raw[0], b'{' | b'['));
        assert_eq!(at.row, self.rows);
        self.rows += 1;
        Ok(())
    }

    fn table_end(&mut self) -> Result<(), AnonymizeError> {
        assert!(self.open.take().is_some());
        Ok(())
    }

    fn skipped(&mut self, name: &str, rows: u64) {
        assert!(!WORK_TABLES.contains(&name));
        self.skipped += rows;
    }

    fn watching(&mut self, name: Option<&str>, _: u64) {
        self.watched.push((name.map(str::to_owned), Vec::new()));
    }
}

fn dump(shape: Shape) -> Vec<u8> {
    let mut dump = Vec::new();
    Spec::fixture().rows("puzzle_work_profile", 2).shape(shape).write(&mut dump).unwrap();
    dump
}

fn options(shape: Shape) -> DumpOptions {
    let table = shape.is_one_table().then(|| WORK_TABLES[0].to_owned());
    DumpOptions { table, ..DumpOptions::default() }
}

/// The private rows of a dump of the plain shape, raw.
fn private_rows() -> Vec<String> {
    let dump: serde_json::Value = serde_json::from_slice(&dump(Shape::Tables)).unwrap();
    let tables = dump["tables"].as_array().unwrap().iter();
    let private = tables.filter(|table| !WORK_TABLES.contains(&table["name"].as_str().unwrap()));
    private.flat_map(|table| table["rows"].as_array().unwrap()).map(ToString::to_string).collect()
}

/// How a private row looks in a shape.
fn as_in(shape: Shape, row: &str) -> Option<String> {
    let text = || serde_json::to_string(row).unwrap();
    match shape {
        Shape::Texts | Shape::Subscription => Some(text()),
        Shape::OneText => Some(text().trim_matches('"').to_owned()),
        Shape::Columns | Shape::Schema | Shape::SortedSchema => None,
        _ => Some(row.to_owned()),
    }
}

#[test]
fn every_private_row_is_watched_once_in_every_shape() {
    let (policy, rows) = (Policy::builtin(), private_rows());
    for shape in Shape::ALL.into_iter().filter(|shape| !shape.is_one_table()) {
        let (dump, options) = (dump(shape), options(shape));
        let mut again = Notes::default();
        read_dump_again(|| Ok(&dump[..]), &policy, &options, &mut again).unwrap();
        let mut once = Notes::default();
        let is_whole = match read_dump(&dump[..], &policy, &options, &mut once) {
            Err(AnonymizeError::Dump {
                defect: Defect::RowsFirst | Defect::Interleaved, ..
            }) => false,
            result => result.map(|_| true).unwrap(),
        };
        for notes in [Some(&again), is_whole.then_some(&once)].into_iter().flatten() {
            assert_eq!(notes.skipped, rows.len() as u64, "{shape}");
            let watched: Vec<_> = notes.watched.iter().map(|(_, bytes)| bytes.as_slice()).collect();
            let watched = String::from_utf8(watched.join(&b' ')).unwrap();
            for row in rows.iter().filter_map(|row| as_in(shape, row)) {
                assert_eq!(watched.matches(&row).count(), 1, "{shape}: {row}");
            }
            assert!(!watched.contains("levels_json"), "{shape}");
            let names: BTreeSet<_> =
                notes.watched.iter().filter_map(|(name, _)| name.as_deref()).collect();
            let expected: BTreeSet<_> = DENIED_TABLES.into_iter().chain([UNKNOWN_TABLE]).collect();
            assert_eq!(names, expected, "{shape}");
        }
    }
}

#[test]
fn all_that_stands_under_a_denied_name_is_watched() {
    let dump = r#"{"version":"v","user_account":{"a":{"deep":["secret"]},"rows":[1,2],"b":"c"},"notes":{"a":"b"},
        "userAccount":"text","other":["x"],"puzzle_work_profile":[]}"#;
    let mut notes = Notes::default();
    read_dump(dump.as_bytes(), &Policy::builtin(), &DumpOptions::default(), &mut notes).unwrap();
    let watched = |name: &str| {
        let of = |(found, bytes): &&(Option<String>, Vec<u8>)| {
            found.as_deref() == Some(name) && !bytes.is_empty()
        };
        let found = notes.watched.iter().find(of)?;
        Some(String::from_utf8(found.1.clone()).unwrap())
    };
    let account = r#"{"a":{"deep":["secret"]},"rows":[1,2],"b":"c"}"#;
    assert_eq!(watched("user_account").as_deref(), Some(account));
    assert_eq!(watched("userAccount").as_deref(), Some("\"text\""));
    assert_eq!(watched("other").as_deref(), Some("[\"x\"]"));
    assert_eq!((watched("version"), watched("notes")), (None, None));
    assert_eq!(notes.skipped, 3);
}
