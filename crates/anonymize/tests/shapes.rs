//! The dump shapes that are read, the sinks, and what comes out of each.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use anonymize::{DatasetWriter, Policy, Sampler, anonymize};
use common::{key, run, run_with};
use dataset::Dataset;
use synthetic_dump::Spec;

const ROWS: &str = r#"[{"profile_id":"p1","work_title":"x"},{"profile_id":"p2"}]"#;

#[test]
fn every_container_gives_the_same_dataset() {
    let shapes = [
        r#"{"tables":[{"name":"puzzle_work_profile","rows":ROWS},{"name":"user_account","rows":[1,2,3]}]}"#,
        r#"{"tables":[{"table":"puzzle_work_profile","rows":ROWS},{"table":"user_account","rows":[{},[],""]}]}"#,
        r#"{"tables":[{"schema":[],"table_name":"puzzle_work_profile","rows":ROWS},{"name":"user_account","rows":[0,0,0]}]}"#,
        r#"{"tables":{"puzzle_work_profile":ROWS,"user_account":[null,1,2]},"counts":{"puzzle_work_profile":9}}"#,
        r#"{"version":1,"at":null,"puzzle_work_profile":ROWS,"user_account":[{"puzzle_work_profile":[]},"]","}"]}"#,
        r#"{"t\u0061bles":{"puzzle_work_pr\u006ffile":ROWS,"user\u005faccount":[1,2,3]}}"#,
    ];
    let plain = run(&shapes[0].replace("ROWS", ROWS));
    assert_eq!(plain.0.rows("puzzle_work_profile").len(), 2);
    assert_eq!(plain.1.denied_tables["user_account"], 3);
    for shape in shapes {
        let dump = shape.replace("ROWS", ROWS);
        assert_eq!(run(&dump), plain, "{shape}");
        assert_eq!(run(&format!("\u{feff}\r\n{}\n", dump.replace(':', " :\r\n\t"))), plain);
    }
}

#[test]
fn both_spellings_of_match3d_are_one_table() {
    for name in ["match3d_work_profile", "match_3_d_work_profile"] {
        let (dataset, manifest) = run(&format!(r#"{{"{name}":{ROWS}}}"#));
        assert_eq!(dataset.rows("match3d_work_profile").len(), 2, "{name}");
        assert_eq!(dataset.works()[0].kind, "match3d");
        assert!(manifest.tables[2].present && !manifest.tables[0].present);
    }
}

#[test]
fn an_allowed_name_inside_another_table_is_not_a_table() {
    let dump = r#"{"user_account":[{"tables":[{"name":"puzzle_work_profile","rows":[{"profile_id":"inner"}]}]}],
        "notes":{"puzzle_work_profile":[{"profile_id":"inner"}]}, "puzzle_work_profile":[]}"#;
    let (dataset, manifest) = run(dump);
    assert!(dataset.rows("puzzle_work_profile").is_empty());
    assert_eq!(manifest.tables[0].rows_in, 0);
}

#[test]
fn every_allowed_table_is_in_the_dataset_even_if_absent() {
    let (dataset, _) = run(r#"{"big_fish_work_profile":[]}"#);
    let names: Vec<_> = dataset.tables().keys().map(String::as_str).collect();
    let mut expected: Vec<_> = synthetic_dump::WORK_TABLES.into();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

fn sample(dump: &str, per_table: usize) -> (Dataset, Dataset) {
    let (policy, key) = (Policy::builtin(), key(0));
    let writer = || DatasetWriter::new(Vec::new(), &policy, &key);
    let mut sinks = (writer(), Sampler::new(writer(), per_table));
    anonymize(dump.as_bytes(), &policy, &key, &mut sinks).unwrap();
    let read = |writer: DatasetWriter<Vec<u8>>| Dataset::from_json(&writer.into_inner()).unwrap();
    (read(sinks.0), read(sinks.1.into_inner()))
}

#[test]
fn the_sample_is_part_of_the_whole_published_first_and_nested() {
    let mut dump = Vec::new();
    Spec::fixture().rows("puzzle_work_profile", 30).write(&mut dump).unwrap();
    let dump = String::from_utf8(dump).unwrap();
    let (whole, three) = sample(&dump, 3);
    let (_, five) = sample(&dump, 5);
    assert_eq!(three.works().len(), 4);
    assert!(five.works().iter().all(|work| work.published));
    let table = "puzzle_work_profile";
    assert_eq!(five.rows(table)[..3], *three.rows(table));
    assert!(five.rows(table).iter().all(|row| whole.rows(table).contains(row)));
    assert!(five.rows(table) != &whole.rows(table)[..5], "the pick must not be the dump's order");
    assert!(sample(&dump, 0).1.works().is_empty());
}

#[test]
fn the_sample_does_not_depend_on_the_order_of_the_dump() {
    let row = |id: u8| format!(r#"{{"profile_id":"p{}","work_title":"t{id}"}}"#, id / 2);
    let dump = |ids: &[u8]| {
        let rows: Vec<_> = ids.iter().map(|id| row(*id)).collect();
        format!(r#"{{"puzzle_work_profile":[{}]}}"#, rows.join(","))
    };
    let ids: Vec<u8> = (0..9).collect();
    let reversed: Vec<u8> = ids.iter().rev().copied().collect();
    let (forward, backward) = (sample(&dump(&ids), 4).1, sample(&dump(&reversed), 4).1);
    assert_eq!(forward, backward);
    // Works that are not published fill the sample where nothing else is there.
    assert_eq!(forward.works().len(), 4);
}

#[test]
fn the_output_is_one_row_a_line_and_repeatable() {
    let dump = format!(r#"{{"puzzle_work_profile":{ROWS}}}"#);
    let output = || run_with(dump.as_bytes(), &Policy::builtin(), &key(0)).unwrap().0;
    let text = output();
    assert_eq!(text, output());
    assert_eq!(text.lines().filter(|line| line.starts_with("{\"profile_id\"")).count(), 2);
    assert!(text.ends_with("\"normalizedWorks\":2}}\n"));
}

#[test]
fn a_spooled_list_of_works_is_written_like_one_in_memory() {
    let (policy, key) = (Policy::builtin(), key(0));
    let mut dump = Vec::new();
    Spec::fixture().write(&mut dump).unwrap();
    let run = |mut writer: DatasetWriter<Vec<u8>>| {
        anonymize(dump.as_slice(), &policy, &key, &mut writer).unwrap();
        writer.into_inner()
    };
    let writer = || DatasetWriter::new(Vec::new(), &policy, &key);
    let spooled = run(writer().spool(std::io::Cursor::new(Vec::new())));
    assert_eq!(spooled, run(writer()));
    assert_eq!(Dataset::from_json(&spooled).unwrap().works().len(), 81);
}
