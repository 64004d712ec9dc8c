//! Dumps that are cut, broken or made to do harm: each is an error that names the place, and no
//! error shows a value.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use std::io::{self, Read};

use anonymize::{
    AnonymizeError, CleanRow, Defect, MAX_ROW_BYTES, Policy, Sink, TableStart, anonymize,
};
use common::{error, key, run_with};

fn defect(dump: &[u8]) -> Defect {
    match error(dump) {
        AnonymizeError::Dump { defect, .. } => defect,
        other => panic!("not a defect of the dump: {other}"),
    }
}

const ROW: &str = r#"{"profile_id":"p","levels_json":"[{\"level_name\":\"x\"}]","play_count":1}"#;

fn in_table(rows: &str) -> String {
    format!(r#"{{"tables":[{{"name":"puzzle_work_profile","rows":{rows}}}]}}"#)
}

#[test]
fn every_truncation_is_an_error() {
    let dump = format!(
        r#"{{"v":1,"tables":[{{"name":"user_account","rows":[{{"a":"\u00e9é"}}]}},{{"name":"puzzle_work_profile","rows":[{ROW}]}}]}}"#
    );
    assert!(run_with(dump.as_bytes(), &Policy::builtin(), &key(0)).is_ok());
    for end in 0..dump.len() {
        assert_eq!(defect(&dump.as_bytes()[..end]), Defect::Truncated, "cut at {end}");
    }
}

#[test]
fn every_defect_is_called_by_its_name() {
    let row = |row: &str| in_table(&format!("[{row}]"));
    let cases = [
        (String::new(), Defect::Truncated),
        ("[]".into(), Defect::NoAllowedTable),
        ("7".into(), Defect::NotTables),
        ("\"secret\"".into(), Defect::NotTables),
        ("{}".into(), Defect::NoAllowedTable),
        (r#"{"tables":"secret"}"#.into(), Defect::NotTables),
        (r#"{"tables":["secret"]}"#.into(), Defect::NotTables),
        (r#"{"tables":[],"tables":[]}"#.into(), Defect::Duplicate),
        (r#"{"tables":[{"rows":[]}]}"#.into(), Defect::EntryName),
        (r#"{"tables":[{"rows":[],"name":"puzzle_work_profile"}]}"#.into(), Defect::RowsFirst),
        (r#"{"tables":[{"secret":1}]}"#.into(), Defect::EntryName),
        (r#"{"tables":[{"name":7,"rows":[]}]}"#.into(), Defect::EntryName),
        (
            r#"{"tables":[{"name":"a","table":"puzzle_work_profile","rows":[]}]}"#.into(),
            Defect::EntryName,
        ),
        (
            r#"{"tables":[{"name":"puzzle_work_profile","rows":[],"table":"user_account"}]}"#
                .into(),
            Defect::EntryName,
        ),
        (r#"{"tables":[{"name":"puzzle_work_profile"}]}"#.into(), Defect::NoRows),
        (
            r#"{"tables":[{"name":"puzzle_work_profile","rows":[],"rows":[]}]}"#.into(),
            Defect::Duplicate,
        ),
        (in_table("{}"), Defect::NotRows),
        (in_table("\"secret\""), Defect::NotRows),
        (in_table("null"), Defect::NotRows),
        (r#"{"match3d_work_profile":[],"match_3_d_work_profile":[]}"#.into(), Defect::Duplicate),
        (r#"{"match3d_work_profile":[],"match3\u0064_work_profile":[]}"#.into(), Defect::Duplicate),
        (r#"{"puzzle_work_profile":[],"puzzleWorkProfile":[]}"#.into(), Defect::Duplicate),
        (r#"{"tables":[{"name":"puzzle_work_profile","rows":[[1]],"columns":["a","\u0061"]}]}"#.into(), Defect::Duplicate),
        (r#"{"tables":[{"name":"puzzle_work_profile","columns":7,"rows":[["secret"]]}]}"#.into(), Defect::Columns),
        (r#"{"tables":[{"name":"puzzle_work_profile","columns":["a"],"schema":["b"],"rows":[["secret"]]}]}"#.into(), Defect::Columns),
        (r#"{"tables":[{"name":"puzzle_work_profile","columns":["a","b"],"rows":[["secret"]]}]}"#.into(), Defect::RowLength),
        (r#"{"tables":[{"name":"puzzle_work_profile","rowsJson":"secret"}]}"#.into(), Defect::RowsText),
        (r#"{"tables":[{"name":"puzzle_work_profile","rowsJson":"[{\"profile_id\":7},secret]"}]}"#.into(), Defect::RowsText),
        (row(r#"{"profile_id":"a"},["secret"]"#), Defect::RowKind),
        (row(r#""{\"profile_id\":\"secret""#), Defect::Syntax),
        (row(r#""\ud800secret""#), Defect::Encoding),
        (row("{\"profile_id\":\"\0secret\"}"), Defect::Syntax),
        (row(r#"{"profile_id":"secret","x":Infinity}"#), Defect::Syntax),
        (row(r#"{"profile_id":"secret","x":01}"#), Defect::Syntax),
        (row(r#"{"profile_id":"secret" "x":1}"#), Defect::Syntax),
        (row(r#"{"profile_id":"secret"]"#), Defect::Syntax),
        (r#"{"puzzle_work_profile":[{"profile_id":"a"},]}"#.into(), Defect::Syntax),
        (r#"{"puzzle_work_profile":[{"profile_id":"a"} {"profile_id":"b"}]}"#.into(), Defect::Syntax),
        (r#"{"puzzle_work_profile":[],}"#.into(), Defect::Syntax),
        (r#"{"puzzle_work_profile":{"rows":7}}"#.into(), Defect::NotRows),
        (r#"{"puzzle_work_profile":{"secret":[]}}"#.into(), Defect::NoRows),
        (r#"{"puzzle_work_profile":"secret"}"#.into(), Defect::NotRows),
        (
            r#"{"tables":{"puzzle_work_profile":[]},"puzzle_work_profile":[]}"#.into(),
            Defect::Duplicate,
        ),
        (row(r#"["secret"]"#), Defect::NoColumns),
        (row("\"secret\""), Defect::NotObject),
        (row("{}"), Defect::NoId),
        (row(r#"{"profile_id":""}"#), Defect::NoId),
        (row(r#"{"profile_id":1.5}"#), Defect::NotId),
        (row(r#"{"profile_id":["secret",2]}"#), Defect::NotId),
        (row(r#"{"profile_id":"a","profile_id":"secret"}"#), Defect::Duplicate),
        (row(r#"{"profile_id":"a","profile_\u0069d":"secret"}"#), Defect::Duplicate),
        (row(r#"{"profile_id":"a","secret":1,"se\u0063ret":2}"#), Defect::Duplicate),
        (
            row(r#"{"profile_id":"a","levels_json":"[{\"level_id\":1,\"level_id\":2}]"}"#),
            Defect::Duplicate,
        ),
        (row(r#"{"profile_id":"a","play_count":"secret"}"#), Defect::NotInteger),
        (row(r#"{"profile_id":"a","play_count":1.5}"#), Defect::NotInteger),
        (row(r#"{"profile_id":"a","created_at":99999999999999999999}"#), Defect::NotInteger),
        (row(r#"{"profile_id":"a","work_title":["secret",2]}"#), Defect::NotText),
        (
            row(&format!(r#"{{"profile_id":"a","cover_image_src":"{}"}}"#, "/secret".repeat(2000))),
            Defect::TooLong,
        ),
        (row(r#"{"profile_id":"a","work_title":"\ud800secret"}"#), Defect::Encoding),
        (row(r#"{"profile_id":"a","levels_json":"secret"}"#), Defect::NestedJson),
        (row(r#"{"profile_id":"a","levels_json":"[] []"}"#), Defect::NestedJson),
        (row(r#"{"profile_id":"a","levels_json":7}"#), Defect::NestedJson),
        (row(r#"{"profile_id":"a",}"#), Defect::Syntax),
        (row(r#"{"profile_id":NaN}"#), Defect::Syntax),
        (row("{\"profile_id\":\"a\n\"}"), Defect::Syntax),
        (r#"{"user_account":[}],"puzzle_work_profile":[]}"#.into(), Defect::Syntax),
        (r#"{"user_account":[\"],"puzzle_work_profile":[]}"#.into(), Defect::Syntax),
        (format!("{} secret", in_table("[]")), Defect::Trailing),
        (format!("{}{}", in_table("[]"), in_table("[]")), Defect::Trailing),
        (format!("\u{feff}\u{feff}{}", in_table("[]")), Defect::Syntax),
    ];
    for (dump, expected) in cases {
        assert_eq!(defect(dump.as_bytes()), expected, "{dump}");
        let error = error(dump.as_bytes());
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains("byte"), "{shown}");
    }
}

#[test]
fn a_bare_keep_refuses_text_and_what_is_no_number_to_most_readers() {
    let listed = "publish_ready = { keep = [\"true\", \"false\", \"1\", \"0\"] }";
    let policy = Policy::BUILTIN_TOML.replace(listed, "publish_ready = \"keep\"");
    let policy = Policy::from_toml(&policy).unwrap();
    for (value, expected) in [("\"secret\"", Defect::KeptText), ("1e999", Defect::NotScalar)] {
        let dump = in_table(&format!(r#"[{{"profile_id":"a","publish_ready":{value}}}]"#));
        let error = run_with(dump.as_bytes(), &policy, &key(0)).unwrap_err();
        assert!(matches!(error, AnonymizeError::Dump { defect, .. } if defect == expected));
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    }
}

#[test]
fn skipped_parts_may_hold_what_no_parser_would_keep() {
    // What is skipped is checked for brackets and quotes only, what stands in a row is parsed.
    let skipped = r#"[1e999, 123456789012345678901234567890, -0, {"a":1,"a":2}, "\ud800", {"__proto__":[]}, ""]"#;
    let loose = r#"[{"a":"\x"}, 01, nope, {"":}, NaN]"#;
    let dump = format!(
        r#"{{"user_account":{skipped},"puzzle_work_profile":[{{"profile_id":"p","x":{skipped}}}],"ai_task":{loose}}}"#
    );
    let (_, manifest) = run_with(dump.as_bytes(), &Policy::builtin(), &key(0)).unwrap();
    assert_eq!(manifest.denied_tables["user_account"], 7);
    assert_eq!(manifest.denied_tables["ai_task"], 5);
}

#[test]
fn odd_names_and_bytes_are_no_tables_and_no_harm() {
    let dump = "{\"\":[1],\"__proto__\":[{}],\"PUZZLE_WORK_PROFILE\":[{}],\"PuzzleWorkProfile\":[{}],\
        \"puzzle_work_profile \":[{}],\"user\u{2028}account\":[\"\u{2028}\0\"],\"ai_task\":[\"?\"],\
        \"puzzle_work_profile\":[{\"profile_id\":\"p\",\"\":1,\"work_title\":\"a\u{2028}b\"}]}";
    let mut dump = dump.as_bytes().to_vec();
    let at = dump.iter().position(|byte| *byte == b'?').unwrap();
    dump[at] = 0xff;
    let (text, manifest) = run_with(&dump, &Policy::builtin(), &key(0)).unwrap();
    assert_eq!(text.matches("{\"profile_id\"").count(), 1);
    assert_eq!(manifest.tables[0].rows_in, 1);
    assert_eq!(manifest.denied_tables["ai_task"], 1);
    let unknown: Vec<_> = manifest.unknown_tables.iter().map(|(n, c)| (n.as_str(), *c)).collect();
    assert_eq!(
        unknown,
        [("(name not shown)", 4), ("PUZZLE_WORK_PROFILE", 1), ("PuzzleWorkProfile", 1)]
    );
}

#[test]
fn bytes_that_are_not_utf8_are_an_error_in_an_allowed_row() {
    let mut dump = in_table(r#"[{"profile_id":"p","work_title":"?"}]"#).into_bytes();
    let at = dump.iter().position(|byte| *byte == b'?').unwrap();
    dump[at] = 0xff;
    assert_eq!(defect(&dump), Defect::Syntax);
    let utf16: Vec<u8> = in_table("[]").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(defect(&utf16), Defect::Syntax);
}

#[test]
fn the_place_names_table_row_column_and_byte() {
    let dump =
        in_table("[{\"profile_id\":\"a\"},\n {\"profile_id\":\"b\",\"like_count\":\"secret\"}]");
    let AnonymizeError::Dump { place, .. } = error(dump.as_bytes()) else { panic!() };
    assert_eq!(place.table.as_deref(), Some("puzzle_work_profile"));
    assert_eq!((place.row, place.column.as_deref()), (Some(1), Some("like_count")));
    assert_eq!((place.line, place.line_column), (Some(2), Some(2)));
    assert_eq!(place.offset as usize, dump.find('\n').unwrap() + 2);
    let shown = place.to_string();
    assert!(shown.starts_with("puzzle_work_profile row 1 (from 0) column like_count at byte"));
}

#[test]
fn depth_is_bounded_everywhere() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let skipped =
        |levels| format!(r#"{{"user_account":[{}],"puzzle_work_profile":[]}}"#, deep(levels));
    assert!(run_with(skipped(1_000).as_bytes(), &Policy::builtin(), &key(0)).is_ok());
    assert_eq!(defect(skipped(1_100).as_bytes()), Defect::TooDeep);
    let endless = format!("{{\"user_account\":{}", "[".repeat(10_000_000));
    assert_eq!(defect(endless.as_bytes()), Defect::TooDeep);
    let nested = |levels: usize| {
        in_table(&format!(r#"[{{"profile_id":"p","levels_json":"{}"}}]"#, deep(levels)))
    };
    assert!(run_with(nested(60).as_bytes(), &Policy::builtin(), &key(0)).is_ok());
    assert_eq!(defect(nested(100).as_bytes()), Defect::TooDeep);
    assert_eq!(defect(nested(100_000).as_bytes()), Defect::TooDeep);
}

/// A dump with one text of any length, made while it is read.
fn with_long_text(head: &str, bytes: u64, tail: &str) -> impl Read {
    let (head, tail) = (head.to_owned().into_bytes(), tail.to_owned().into_bytes());
    io::Cursor::new(head).chain(io::repeat(b'x').take(bytes)).chain(io::Cursor::new(tail))
}

struct Ignore;

impl Sink for Ignore {
    fn table(&mut self, _: &TableStart<'_>) -> io::Result<()> {
        Ok(())
    }
    fn row(&mut self, _: &CleanRow<'_>) -> io::Result<()> {
        Ok(())
    }
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn run_long(head: &str, bytes: u64) -> Result<(), AnonymizeError> {
    let input = with_long_text(head, bytes, r#""}],"puzzle_work_profile":[]}"#);
    anonymize(input, &Policy::builtin(), &key(0), &mut Ignore).map(|_| ())
}

#[test]
fn a_long_text_is_skipped_in_a_private_table() {
    assert!(run_long(r#"{"user_account":[{"a":""#, 100 << 20).is_ok());
    assert!(run_long(r#"{"user_account":[{"a":[{""#, 100 << 20).is_err(), "the name has no value");
    let tail = r#"":{}},"puzzle_work_profile":[]}"#;
    let input = with_long_text(r#"{"user_account":{""#, 100 << 20, tail);
    assert!(anonymize(input, &Policy::builtin(), &key(0), &mut Ignore).is_ok());
}

#[test]
fn a_long_row_or_name_is_refused() {
    let row = (r#"{"puzzle_work_profile":[{"a":""#, MAX_ROW_BYTES + 1, r#""}]}"#);
    let name = |head| (head, 100_000, r#"":[]}]}"#);
    for (head, bytes, tail) in [row, name(r#"{""#), name(r#"{"tables":[{"name":""#)] {
        let input = with_long_text(head, bytes, tail);
        let error = anonymize(input, &Policy::builtin(), &key(0), &mut Ignore).unwrap_err();
        assert!(matches!(error, AnonymizeError::Dump { defect: Defect::TooLong, .. }), "{error}");
    }
}

#[test]
fn errors_of_reader_and_sink_are_told_apart() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("unplugged"))
        }
    }
    let input = io::Cursor::new(b"{\"tables\":[").chain(Broken);
    let error = anonymize(input, &Policy::builtin(), &key(0), &mut Ignore).unwrap_err();
    assert!(matches!(&error, AnonymizeError::Read(source) if source.to_string() == "unplugged"));

    let mut space = [0_u8; 40];
    let mut full = anonymize::DatasetWriter::new(&mut space[..], &Policy::builtin(), &key(0));
    let dump = in_table(&format!("[{ROW}]"));
    let error = anonymize(dump.as_bytes(), &Policy::builtin(), &key(0), &mut full).unwrap_err();
    assert!(matches!(error, AnonymizeError::Write(_)), "{error}");
}
