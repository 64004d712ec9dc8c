//! Every layout that a dump may have gives the same dataset and the same counts.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use std::io::{self, Cursor};

use anonymize::{
    AnonymizeError, Anonymizer, DatasetWriter, Defect, Dump, DumpOptions, Format, Manifest, Policy,
};
use common::{Pieces, key, shape_options};
use dataset::Dataset;
use proptest::prelude::*;
use synthetic_dump::{Shape, Spec};

fn dump(shape: Shape) -> Vec<u8> {
    let spec = Spec::fixture().rows("puzzle_work_profile", 5).rows("big_fish_work_profile", 2);
    // Not every layout can say that a table is there and empty.
    let spec = spec.without("match3d_work_profile").without("square_hole_work_profile");
    let mut dump = Vec::new();
    spec.shape(shape).write(&mut dump).unwrap();
    dump
}

type Run = Result<(Dataset, Manifest, String), AnonymizeError>;

fn again(dump: &[u8], options: &DumpOptions) -> Run {
    let (policy, key) = (Policy::builtin(), key(0));
    let mut writer = DatasetWriter::new(Vec::new(), &policy, &key);
    let dump = Dump::again(|| Ok(Box::new(Cursor::new(dump)))).options(options.clone());
    let (manifest, found) = Anonymizer::new(&policy, &key).run(&mut [dump], &mut writer)?;
    let dataset = Dataset::from_json(&writer.into_inner()).unwrap();
    Ok((dataset, manifest, found[0].to_string()))
}

fn once(dump: impl io::Read, options: &DumpOptions) -> Run {
    let (policy, key) = (Policy::builtin(), key(0));
    let mut writer = DatasetWriter::new(Vec::new(), &policy, &key);
    let dump = Dump::once(dump).options(options.clone());
    let (manifest, found) = Anonymizer::new(&policy, &key).run(&mut [dump], &mut writer)?;
    let dataset = Dataset::from_json(&writer.into_inner()).unwrap();
    Ok((dataset, manifest, found[0].to_string()))
}

fn defect<T>(result: Result<T, AnonymizeError>) -> Defect {
    match result.map(drop) {
        Err(AnonymizeError::Dump { defect, .. }) => defect,
        other => panic!("a defect was expected: {other:?}"),
    }
}

fn options(table: &str) -> DumpOptions {
    let mut options = DumpOptions::default();
    options.table = Some(table.to_owned());
    options
}

#[test]
fn every_layout_gives_the_same_rows_and_counts() {
    let (plain, counts, _) = once(dump(Shape::Tables).as_slice(), &DumpOptions::default()).unwrap();
    assert_eq!(plain.rows("puzzle_work_profile").len(), 5);
    assert_eq!(counts.denied_tables["user_account"], 3);
    for shape in Shape::ALL {
        let (dataset, manifest, found) = again(&dump(shape), &shape_options(shape)).unwrap();
        if shape.is_one_table() {
            let table = "puzzle_work_profile";
            assert_eq!(dataset.rows(table), plain.rows(table), "{shape}: {found}");
            assert_eq!(manifest.tables[0], counts.tables[0], "{shape}");
            continue;
        }
        assert_eq!(dataset.tables(), plain.tables(), "{shape}: {found}");
        assert_eq!(dataset.works().len(), plain.works().len(), "{shape}");
        assert!(plain.works().iter().all(|work| dataset.works().contains(work)), "{shape}");
        assert_eq!(manifest, counts, "{shape}");
    }
}

#[test]
fn a_stream_is_read_in_one_go_or_refused() {
    for shape in Shape::ALL {
        let options = shape_options(shape);
        let result = once(dump(shape).as_slice(), &options);
        match shape {
            Shape::Sorted | Shape::SortedSchema => assert_eq!(defect(result), Defect::RowsFirst),
            Shape::MixedPieces => assert_eq!(defect(result), Defect::Interleaved),
            _ => {
                let ((dataset, manifest, _), again) =
                    (result.unwrap(), again(&dump(shape), &options).unwrap());
                assert_eq!((dataset, manifest), (again.0, again.1), "{shape}");
            }
        }
    }
}

#[test]
fn what_was_found_is_said() {
    let cases = [
        (Shape::Tables, "tables as an array, rows as objects"),
        (Shape::TablesMap, "tables as an object, rows as objects"),
        (Shape::Map, "a key a table, rows as objects"),
        (Shape::Wrapped, "tables as an array in `data`, rows as objects"),
        (Shape::Columns, "tables as an array, rows as arrays"),
        (Shape::Schema, "a key a table, rows as arrays"),
        (Shape::Sorted, "tables as an array, rows as objects, read twice"),
        (Shape::Texts, "tables as an array, rows as objects inside texts"),
        (
            Shape::MixedPieces,
            "rows in pieces, each with its table's name, rows as objects, read 4 times",
        ),
        (
            Shape::Subscription,
            "rows in pieces, each with its table's name in `InitialSubscription`, rows as objects \
             inside texts, read 4 times",
        ),
        (Shape::Sql, "an SQL answer, rows as arrays"),
        (Shape::Rows, "the rows of one table as an array, rows as objects"),
        (Shape::Ndjson, "the rows of one table, one a line, rows as objects"),
    ];
    for (shape, expected) in cases {
        assert_eq!(again(&dump(shape), &shape_options(shape)).unwrap().2, expected, "{shape}");
    }
}

/// One row and one private one, in every layout. The second is for the option `table`.
fn small_dumps() -> Vec<(String, bool)> {
    let (row, private) = (r#"{"profile_id":"é"}"#, r#"{"a":"\"]"}"#);
    let schema = r#"{"elements":[{"name":{"some":"profile_id"},"algebraic_type":{"String":[]}}]}"#;
    let named = [
        r#"{"v":1,"tables":[{"name":"ai_task","rows":[PRIVATE]},{"name":"TABLE","rows":[ROW]}]}"#,
        r#"{"tables":{"ai_task":[PRIVATE],"TABLE":[ROW]}}"#,
        r#"{"ok":true,"data":{"ai_task":[PRIVATE],"TABLE":[ROW]}}"#,
        r#"{"ai_task":{"rows":[PRIVATE]},"TABLE":{"rows":[ROW]}}"#,
        r#"{"tables":[{"columns":["profile_id"],"name":"TABLE","rows":[["é"]]}]}"#,
        r#"{"TABLE":{"rows":[["é"]],"schema":SCHEMA}}"#,
        r#"{"tables":[{"rows":[PRIVATE],"table":"ai_task"},{"rows":[ROW],"table":"TABLE"}]}"#,
        r#"{"tables":[{"name":"TABLE","rows":["{\"profile_id\":\"é\"}"]}]}"#,
        r#"{"tables":[{"name":"TABLE","rowsJson":"[{\"profile_id\":\"é\"}]"}]}"#,
        r#"{"table":"TABLE","row":ROW}"#,
        r#"[{"row":PRIVATE,"table":"ai_task"},{"row":ROW,"table":"TABLE"}]"#,
        r#"{"ai_task":{"deletes":[],"inserts":[PRIVATE]},"TABLE":{"deletes":[],"inserts":[ROW]}}"#,
        r#"{"InitialSubscription":{"database_update":{"tables":[{"table_name":"TABLE","updates":[{"deletes":[],"inserts":["{\"profile_id\":\"é\"}"]}]}]}}}"#,
    ];
    let nameless = [r#"[{"schema":SCHEMA,"rows":[["é"]]}]"#, "[ROW]", "ROW"];
    let fill = |shape: &str| {
        let shape = shape.replace("ROW", row).replace("PRIVATE", private);
        shape.replace("SCHEMA", schema).replace("TABLE", TABLE)
    };
    let named = named.iter().map(|shape| (fill(shape), false));
    named.chain(nameless.iter().map(|shape| (fill(shape), true))).collect()
}

#[test]
fn every_truncation_of_every_layout_is_an_error() {
    for (dump, is_nameless) in small_dumps() {
        let options = if is_nameless { options(TABLE) } else { DumpOptions::default() };
        let (dataset, ..) = again(dump.as_bytes(), &options).unwrap();
        assert_eq!(dataset.rows(TABLE).len(), 1, "{dump}");
        for end in 0..dump.len() {
            let cut = again(&dump.as_bytes()[..end], &options);
            assert_eq!(defect(cut), Defect::Truncated, "{dump} cut at {end}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_of_a_reader_make_no_difference(shape in 0..Shape::ALL.len(), seed in any::<u64>()) {
        let shape = Shape::ALL[shape];
        let (dump, options) = (dump(shape), shape_options(shape));
        let whole = once(dump.as_slice(), &options).map_err(|error| error.to_string());
        let random = once(Pieces::random(&dump, seed), &options).map_err(|error| error.to_string());
        prop_assert_eq!(&random, &whole);
        for size in [1, 2, 3, 7, 61, 63, 64, 65, 127, 1000] {
            let pieces = once(Pieces::of(&dump, size), &options).map_err(|error| error.to_string());
            prop_assert_eq!(&pieces, &whole, "{} in pieces of {}", shape, size);
        }
    }
}

#[test]
fn all_types_of_an_sql_answer_are_read() {
    let answer = include_bytes!("../../../fixtures/spacetimedb/sql-all-types-1.2.0.json");
    let columns = [
        ("profile_id", "{ pseudonym = \"user\" }"),
        ("owner_user_id", "{ pseudonym = \"user\" }"),
        ("owner_identity", "{ pseudonym = \"user\" }"),
        ("connection_id", "{ pseudonym = \"user\" }"),
        ("work_title", "\"text\""),
        ("cover_image_src", "{ path = \"user\" }"),
        ("subtitle", "\"text\""),
        ("publication_status", "{ keep = [\"Published\"] }"),
        ("play_count_u32", "\"count\""),
        ("score_i64", "\"count\""),
        ("big_u64", "\"count\""),
        ("n_i128", "\"count\""),
        ("n_u128", "\"count\""),
        ("visible", "\"keep\""),
        ("f32v", "\"keep\""),
        ("f64v", "\"keep\""),
        ("created_at", "\"time\""),
        ("published_at", "\"time\""),
        ("dur", "\"time\""),
        ("theme_tags", "{ json = { items = \"text\" } }"),
        ("opt_opt", "\"text\""),
    ];
    let columns = columns.map(|(name, rule)| format!("{name} = {rule}\n")).concat();
    let policy = Policy::from_toml(&format!(
        "version = 1\n[domains.user]\nprefix = \"u\"\n[[table]]\nname = \"all_types\"\nid = \"profile_id\"\n[table.columns]\n{columns}"
    ))
    .unwrap();
    let (key, mut options) = (key(0), options("all_types"));
    for format in [Format::Auto, Format::Sql] {
        options.format = format;
        let mut writer = DatasetWriter::new(Vec::new(), &policy, &key);
        let dump = Dump::once(&answer[..]).options(options.clone());
        Anonymizer::new(&policy, &key).run(&mut [dump], &mut writer).unwrap();
        let text = String::from_utf8(writer.into_inner()).unwrap();
        for part in [
            "\"play_count_u32\":7",
            "\"score_i64\":-5",
            "\"big_u64\":18446744073709551615",
            "\"n_i128\":-170141183460469231731687303715884105728",
            "\"n_u128\":340282366920938463463374607431768211455",
            "\"created_at\":1783790679306661",
            "\"published_at\":1783790679306661",
            "\"dur\":3600000000",
            "\"publication_status\":\"Published\"",
            "\"subtitle\":null",
            "\"opt_opt\":null",
            "\"visible\":true",
            "\"f32v\":1.5",
            "\"f64v\":null",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        for secret in ["user_00000001", "81985529216486895", "c200bc5c", "one", "风景"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

const TABLE: &str = "puzzle_work_profile";

#[test]
fn rows_that_say_nothing_need_a_name() {
    let nameless = [
        r#"[{"schema":{"elements":[]},"rows":[]}]"#,
        r#"{"rows":[["secret"]],"schema":{"elements":[{"name":{"some":"a"}}]}}"#,
        r#"[{"profile_id":"secret"}]"#,
        r#"[["secret"]]"#,
        r#"["{}"]"#,
    ];
    for dump in nameless {
        let result = once(dump.as_bytes(), &DumpOptions::default());
        assert_eq!(defect(result), Defect::NoTableName, "{dump}");
    }
    for (table, denied) in [("user_account", true), ("UserAccount", true), ("notes", false)] {
        let error = once(&b"[]"[..], &options(table)).unwrap_err();
        let named = matches!(&error, AnonymizeError::Table { name, denied: is } if name == table && *is == denied);
        assert!(named, "{error}");
    }
}

#[test]
fn options_must_fit_together() {
    let mut wrong = Vec::new();
    for format in [Format::Tables, Format::Map] {
        let mut options = options(TABLE);
        options.format = format;
        wrong.push(options);
    }
    for format in [Format::Sql, Format::Rows] {
        let mut options = DumpOptions::default();
        options.format = format;
        wrong.push(options);
    }
    let mut columns = DumpOptions::default();
    columns.columns = Some(vec!["a".into()]);
    wrong.push(columns);
    let mut twice = options(TABLE);
    twice.columns = Some(vec!["a".into(), "a".into()]);
    wrong.push(twice);
    for options in wrong {
        let error = once(&b"[]"[..], &options).unwrap_err();
        assert!(matches!(error, AnonymizeError::Options(_)), "{options:?}: {error}");
    }
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert!("xml".parse::<Format>().is_err());
}

#[test]
fn what_is_not_certain_is_asked() {
    let with_columns = || {
        let mut options = options(TABLE);
        options.columns = Some(vec!["profile_id".into(), "work_title".into()]);
        options
    };
    let ids = |run: Run| run.unwrap().0.rows(TABLE).len();
    assert_eq!(ids(once(&b"[\"p\",\"x\"]\n[\"q\",\"y\"]\n"[..], &with_columns())), 2);
    let rows = br#"[["p","x"],["q","y"]]"#;
    assert_eq!(defect(once(&rows[..], &with_columns())), Defect::RowsOrLines);
    let mut as_rows = with_columns();
    as_rows.format = Format::Rows;
    assert_eq!(ids(once(&rows[..], &as_rows)), 2);
    assert_eq!(defect(once(&rows[..], &options(TABLE))), Defect::NoColumns);
    let named = br#"{"tables":[]}"#;
    assert_eq!(defect(once(&named[..], &options(TABLE))), Defect::NamesTables);
    for (row, expected) in [
        (r#"["p"]"#, Defect::RowLength),
        (r#"["p","x",1]"#, Defect::RowLength),
        ("[\"p\",\"x\"]\n{}", Defect::RowKind),
    ] {
        assert_eq!(defect(once(row.as_bytes(), &with_columns())), expected, "{row}");
    }
}

#[test]
fn rows_are_those_of_one_table_whatever_is_around_them() {
    let rows = r#"[{"profile_id":"p","work_title":"x"},{"profile_id":"q"}]"#;
    let text = serde_json::to_string(rows).unwrap();
    let table = r#""puzzle_work_profile""#;
    let shapes = [
        format!(r#"{{"tables":[{{"a":[1],"name":{table},"b":{{}},"rows":{rows},"c":null}}],"d":"e"}}"#),
        format!(r#"[{{"count":2,"table":{table},"rows":{rows}}}]"#),
        format!(r#"{{"name":{table},"rows":{rows}}}"#),
        format!(r#"{{"name":"backup","tables":{{{table}:{rows}}}}}"#),
        format!(r#"{{"ok":true,"data":{{{table}:{rows}}}}}"#),
        format!(r#"{{"result":{{"data":{{"tables":{{{table}:{{"rows":{rows},"count":2}}}}}}}}}}"#),
        format!(r#"{{"puzzleWorkProfile":{rows}}}"#),
        format!(r#"{{"tables":[{{"name":{table},"columns":["a"],"rows":{rows}}}]}}"#),
        format!(r#"{{"tables":[{{"name":{table},"rows_json":{text}}}]}}"#),
        format!(r#"{{"tables":[{{"name":{table},"rows":[{{"row":{{"profile_id":"p","work_title":"x"}}}},{{"row":{{"profile_id":"q"}}}}]}}]}}"#),
        format!(r#"{{"tables":[{{"name":{table},"columns":["profile_id",{{"name":"work_title"}}],"rows":[["p","x"],{{"row":["q",null]}}]}}]}}"#)
            .replace(r#"{"row":["q",null]}"#, r#"["q",null]"#),
        format!("{{\"table\":{table},\"row\":{{\"profile_id\":\"p\",\"work_title\":\"x\"}}}}\n{{\"table\":{table},\"row\":{{\"profile_id\":\"q\"}}}}"),
        format!(r#"[{{"table":{table},"row":{{"profile_id":"p","work_title":"x"}}}},{{"row":{{"profile_id":"q"}},"table":{table}}}]"#),
        format!("{{\"IdentityToken\":{{}}}}\n{{{table}:{{\"deletes\":[],\"inserts\":{rows}}}}}"),
    ];
    let plain = once(shapes[0].as_bytes(), &DumpOptions::default()).unwrap().0;
    assert_eq!(plain.works().len(), 2);
    for shape in &shapes {
        for shape in [shape.clone(), format!("\u{feff}{shape}\r\n")] {
            let (dataset, ..) = once(shape.as_bytes(), &DumpOptions::default()).unwrap();
            let title = |row: usize| dataset.rows(TABLE)[row].get("work_title").cloned();
            assert_eq!(dataset.works(), plain.works(), "{shape}");
            assert_eq!(title(0), plain.rows(TABLE)[0].get("work_title").cloned(), "{shape}");
            assert!(title(1).is_none_or(|title| title.is_null()), "{shape}");
        }
    }
}

#[test]
fn an_allowed_name_counts_only_where_tables_are_named() {
    let inner = r#"{"profile_id":"inner"}"#;
    let table = r#""puzzle_work_profile""#;
    let dumps = [
        format!(
            r#"{{"user_account":[{{"tables":[{{"name":{table},"rows":[{inner}]}}]}}],{table}:[]}}"#
        ),
        format!(r#"{{"user_account":{{"name":{table},"rows":[{inner}]}},{table}:[]}}"#),
        format!(
            r#"{{"user_account":{{{table}:[{inner}],"data":{{{table}:[{inner}]}}}},{table}:[]}}"#
        ),
        format!(r#"{{"notes":{{"data":{{{table}:[{inner}]}}}},{table}:[]}}"#),
        format!(
            r#"{{"tables":[{{"name":"notes","rows":[],{table}:[{inner}],"tables":{{{table}:[{inner}]}}}},{{"name":{table},"rows":[]}}]}}"#
        ),
        format!(r#"{{"tables":{{"data":{{{table}:[{inner}]}},{table}:[]}}}}"#),
        format!(
            "{{\"table\":\"notes\",\"row\":{{\"table\":{table},\"row\":{inner}}}}}\n{{{table}:[]}}"
        ),
    ];
    for dump in dumps {
        let (dataset, manifest, _) = once(dump.as_bytes(), &DumpOptions::default()).unwrap();
        assert!(dataset.rows(TABLE).is_empty(), "{dump}");
        assert_eq!(manifest.tables[0].rows_in, 0, "{dump}");
    }
}

#[test]
fn what_follows_is_refused_unless_lines_were_begun() {
    let table = r#"{"puzzle_work_profile":[]}"#;
    let row = r#"{"table":"puzzle_work_profile","row":{"profile_id":"p"}}"#;
    for (dump, expected) in [
        (format!("{table}\n{table}"), Defect::Trailing),
        (format!("{row} {row}"), Defect::Trailing),
        (format!("{row}\n]"), Defect::Syntax),
        (format!("{row}\n7"), Defect::NotTables),
        (format!("{row}\n{table}"), Defect::Duplicate),
        (
            format!("{row}\n{{\"puzzle_work_profile\":{{\"deletes\":[1],\"inserts\":[]}}}}"),
            Defect::Deletes,
        ),
    ] {
        assert_eq!(defect(once(dump.as_bytes(), &DumpOptions::default())), expected, "{dump}");
    }
}

#[test]
fn an_sql_answer_may_say_its_columns_last() {
    let answer = br#"[{"rows":[["p",[0,7]],["q",[1,[]]]],"schema":{"elements":[
        {"name":{"some":"profile_id"},"algebraic_type":{"String":[]}},
        {"name":{"some":"play_count"},"algebraic_type":{"Sum":{"variants":[
            {"name":{"some":"some"},"algebraic_type":{"U32":[]}},
            {"name":{"some":"none"},"algebraic_type":{"Product":{"elements":[]}}}]}}}]}}]"#;
    assert_eq!(defect(once(&answer[..], &options(TABLE))), Defect::RowsFirst);
    let (dataset, manifest, found) = again(answer, &options(TABLE)).unwrap();
    let counts: Vec<_> = dataset.rows(TABLE).iter().map(|row| row["play_count"].clone()).collect();
    assert_eq!(counts, [serde_json::json!(7), serde_json::Value::Null]);
    assert_eq!(manifest.tables[0].rows_in, 2);
    assert_eq!(found, "an SQL answer, rows as arrays, read twice");
}

#[test]
fn rows_without_a_name_beside_tables_are_an_unknown_table() {
    let dump = br#"{"rows":[{"a":1},2],"puzzle_work_profile":[]}"#;
    for run in [once(&dump[..], &DumpOptions::default()), again(dump, &DumpOptions::default())] {
        assert_eq!(run.unwrap().1.unknown_tables["rows"], 2);
    }
}

#[test]
fn a_dump_that_changes_between_two_readings_is_refused() {
    let entry = |name: &str| format!(r#"{{"rows":[{{"profile_id":"p"}}],"name":"{name}"}}"#);
    let dump = |name: &str| format!(r#"{{"tables":[{}]}}"#, entry(name));
    let (first, second) = (dump("puzzle_work_profile"), dump("user_account"));
    let (policy, key) = (Policy::builtin(), key(0));
    for second in [second.as_str(), r#"{"tables":[]}"#, " {\"tables\":[]}"] {
        let mut inputs = vec![second, first.as_str()];
        let mut writer = DatasetWriter::new(Vec::new(), &policy, &key);
        let dump = Dump::again(|| Ok(Box::new(inputs.pop().unwrap().as_bytes())));
        let result = Anonymizer::new(&policy, &key).run(&mut [dump], &mut writer);
        assert_eq!(defect(result), Defect::Changed, "{second}");
    }
}
