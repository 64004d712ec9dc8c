//! A value's column is known in every shape of output.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use std::convert::Infallible;
use std::io::{self, Read};

use common::{grammar, options, origin};
use leak_audit::{Audit, AuditError, Collector, Kind, Output, Rows};

/// Chance cannot excuse these two frequent characters with a kept start in a strict column, and
/// does so in a column of text.
const SHORT: &str = "!!的一";

/// The place of the secret where its column is strict, or nothing where it is text.
fn check(rows: Rows, output: &str, expected: &[&str]) {
    let output = output.replace("SECRET", &SHORT.repeat(3));
    let grammar = grammar().words(["columns", "name", "table", "row", "inserts", "some"]);
    let grammar = grammar.positions("t", ["id", "title"]).positions("", ["title", "id"]);
    let mut open = || -> io::Result<Box<dyn Read>> {
        Ok(Box::new(io::Cursor::new(output.clone().into_bytes())))
    };
    let mut walk = |collector: &mut Collector<'_>| -> Result<(), Infallible> {
        collector.text(origin(Kind::Denied), SHORT);
        Ok(())
    };
    let mut outputs = [Output { name: "out.json", rows, open: &mut open }];
    let verdict = Audit::new(grammar, options(1 << 20)).run(&mut walk, &mut outputs);
    let places: Vec<String> = match verdict {
        Ok(_) => Vec::new(),
        Err(AuditError::Leak { hits, .. }) => hits.into_iter().map(|hit| hit.place).collect(),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(places, expected, "{output}");
}

#[test]
fn named_rows_in_every_container() {
    for (before, after, place) in [
        ("{\"tables\":{\"t\":[", "]}}", "/tables/t/0"),
        ("{\"t\":[", "]}", "/t/0"),
        ("{\"tables\":{\"t\":{\"rows\":[", "]}}}", "/tables/t/rows/0"),
        ("{\"tables\":[{\"name\":\"t\",\"rows\":[", "]}]}", "/tables/0/rows/0"),
        ("{\"table\":\"t\",\"row\":", "}", "/row"),
        ("{\"t\":{\"inserts\":[", "]}}", "/t/inserts/0"),
        ("", "", ""),
    ] {
        let wrap = |row: &str| format!("{before}{row}{after}");
        check(Rows::Named, &wrap("{\"title\":\"SECRET\"}"), &[]);
        check(Rows::Named, &wrap("{\"title\":{\"some\":\"SECRET\"}}"), &[]);
        check(Rows::Named, &wrap("{\"id\":\"SECRET\"}"), &[&format!("{place}/id")]);
        let inside =
            wrap("{\"data\":\"[{\\\"name\\\":\\\"SECRET\\\"},{\\\"id\\\":\\\"SECRET\\\"}]\"}");
        // Keys after a column's own are inside of it.
        check(Rows::Named, &inside, &[&format!("{place}/data/1/id")]);
    }
}

#[test]
fn positional_rows_have_the_columns_of_their_table() {
    let tables = "{\"tables\":[{\"name\":\"t\",\"rows\":[ROW,ROW]}]}";
    let make = |shape: &str, row: &str| shape.replace("ROW", row);
    check(Rows::Positional, &make(tables, "[1,\"SECRET\"]"), &[]);
    check(Rows::Positional, &make(tables, "[1,[0,\"SECRET\"]]"), &[]);
    check(Rows::Positional, &make(tables, "[\"SECRET\",1]"), &["/tables/0/rows/0/id"]);
    check(Rows::Positional, &make("[{\"rows\":[ROW]}]", "[\"SECRET\",1]"), &[]);
    check(Rows::Positional, &make("[{\"rows\":[ROW]}]", "[1,\"SECRET\"]"), &["/0/rows/0/id"]);
    check(Rows::PositionalLines, &make("ROW\nROW", "[\"SECRET\",1]"), &[]);
    check(Rows::PositionalLines, &make("ROW\nROW", "[1,\"SECRET\"]"), &["/id"]);
    // Without a name a place is strict.
    check(Rows::Positional, &make(tables, "[1,2,\"SECRET\"]"), &["/tables/0/rows/0/2"]);
}
