//! What is written to be imported: the dump's own shape and encoding, and nothing private.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use anonymize::{
    Anonymizer, DatasetWriter, Dump, DumpOptions, Format, ImportWriter, Manifest, Policy,
    Pseudonymizer, Sampler,
};
use common::key;
use dataset::Dataset;
use serde_json::{Value, json};
use synthetic_dump::{Spec, WORK_TABLES};

/// A dump, its format, and its table and columns where it does not say them.
type Given<'a> = (&'a str, Format, Option<&'a str>, Option<&'a [&'a str]>);

fn options((_, format, table, columns): Given<'_>) -> DumpOptions {
    let mut options = DumpOptions::default();
    options.format = format;
    options.table = table.map(str::to_owned);
    let list = |columns: &[&str]| columns.iter().map(|column| (*column).to_owned()).collect();
    options.columns = columns.map(list);
    options
}

/// The import output, the dataset beside it, and what was done.
fn run(dumps: &[Given<'_>], threads: usize) -> (String, Dataset, Manifest) {
    let (policy, key) = (Policy::builtin(), key(0));
    let mut sinks = (DatasetWriter::new(Vec::new(), &policy, &key), ImportWriter::new(Vec::new()));
    let mut dumps: Vec<Dump<'_>> = dumps
        .iter()
        .map(|given| {
            let bytes = given.0.as_bytes();
            Dump::again(move || Ok(Box::new(bytes))).options(options(*given))
        })
        .collect();
    let anonymizer = Anonymizer::new(&policy, &key).import(true).threads(threads);
    let (manifest, _) = anonymizer.run(&mut dumps, &mut sinks).unwrap();
    let dataset = Dataset::from_json(&sinks.0.into_inner()).unwrap();
    (String::from_utf8(sinks.1.into_inner()).unwrap(), dataset, manifest)
}

fn token(domain: &str, prefix: &str, value: &str) -> String {
    Pseudonymizer::new(&key(0), domain, prefix).token(value)
}

/// Reads an import output as a dump, and checks that it has the same rows, once more mapped.
fn check_again(given: Given<'_>, first: &Dataset, first_manifest: &Manifest) -> Dataset {
    let (_, second, manifest) = run(&[given], 1);
    assert!(manifest.denied_tables.is_empty() && manifest.unknown_tables.is_empty());
    for (table, before) in manifest.tables.iter().zip(&first_manifest.tables) {
        assert_eq!((&table.name, table.present), (&before.name, before.present));
        assert_eq!((table.rows_in, table.rows_out), (before.rows_out, before.rows_out));
        assert!(table.unknown_columns.is_empty() && table.dropped_columns.is_empty());
        assert!(table.dropped_nested.is_empty() && table.unlisted_values.is_empty());
        for (before, after) in first.rows(&table.name).iter().zip(second.rows(&table.name)) {
            check_row(before, after);
        }
    }
    assert_eq!(first.works().len(), second.works().len());
    for (before, after) in first.works().iter().zip(second.works()) {
        assert_eq!(token("profile", "profile", &before.profile_id), after.profile_id);
        let owner = before.owner_user_id.as_deref().map(|owner| token("user", "user", owner));
        assert_eq!(owner, after.owner_user_id);
        assert_eq!(before.published, after.published);
    }
    second
}

fn check_row(before: &dataset::Row, after: &dataset::Row) {
    assert!(before.keys().eq(after.keys()), "{before:?} {after:?}");
    for (column, before) in before {
        let after = &after[column];
        let domain = match column.as_str() {
            "profile_id" => Some("profile"),
            "work_id" => Some("work"),
            "owner_user_id" => Some("user"),
            "cover_asset_id" => Some("asset"),
            _ => None,
        };
        match (domain, before) {
            (Some(domain), Value::String(id)) => assert_eq!(*after, token(domain, domain, id)),
            (None, Value::String(text)) => {
                let written = after.as_str().unwrap();
                let is_text = ["work_title", "title", "world_name"].contains(&column.as_str());
                assert!(!is_text || written.len() == text.len(), "{column}");
            }
            (None, Value::Array(_)) => assert_eq!(skeleton(before), skeleton(after), "{column}"),
            _ => assert_eq!(before, after, "{column}"),
        }
    }
}

const TWO: &str = r#"[{"profile_id":"p1","secret_note":"CANARY1","play_count":3},{"profile_id":"p2","source_session_id":"CANARY2"}]"#;

/// Checks the output for a dump with [`TWO`] as `ROWS`. In what is expected, `ROW1` and `ROW2`
/// stand for the rows.
fn check(dump: &str, format: Format, table: Option<&str>, expected: &str) {
    let dump = dump.replace("ROWS", TWO);
    let (import, dataset, manifest) = run(&[(&dump, format, table, None)], 1);
    let row = |id: &str, more: &str| {
        format!("{{\"profile_id\":\"{}\"{more}}}", token("profile", "profile", id))
    };
    let (one, two) = (row("p1", ",\"play_count\":3"), row("p2", ""));
    let one_array = format!("[\"{}\",3]", token("profile", "profile", "p1"));
    let expected =
        expected.replace("ROW1", &one).replace("ROW2", &two).replace("ARRAY", &one_array);
    assert_eq!(import, expected, "{dump}");
    assert!(!import.contains("CANARY") && !import.contains("p1\"") && !import.contains("note"));
    assert!(!import.contains("session"), "{import}");
    let says_table = import.contains("_profile\"");
    let format = if matches!(format, Format::Sql | Format::Rows) { Format::Auto } else { format };
    let again =
        if says_table { (&*import, format, None, None) } else { (&*import, format, table, None) };
    check_again(again, &dataset, &manifest);
}

#[test]
fn each_container_comes_back_as_it_was() {
    let denied = r#"{"name":"user_account","rows":[{"a":"CANARY3"}]}"#;
    for format in [Format::Auto, Format::Tables] {
        for (name_key, end) in [("name", "}"), ("table", "}"), ("table_name", ",\"count\":2}")] {
            let dump = format!(
                r#"{{"schema_version":1,"exported_at":17,"tables":[{denied},{{"{name_key}":"puzzle_work_profile","rows":ROWS{end}]}}"#
            );
            let expected = format!(
                "{{\"schema_version\":1,\"tables\":[\n{{\"{name_key}\":\"puzzle_work_profile\",\"rows\":[\nROW1,\nROW2\n]}}\n]}}\n"
            );
            check(&dump, format, None, &expected);
        }
        check(
            r#"{"version":"1.0","format_version":4294967296,"tables":{"user_account":[{}],"match_3_d_work_profile":ROWS,"big_fish_work_profile":[]},"counts":{}}"#,
            format,
            None,
            "{\"tables\":{\n\"match_3_d_work_profile\":[\nROW1,\nROW2\n],\n\"big_fish_work_profile\":[]\n}}\n",
        );
    }
    for format in [Format::Auto, Format::Map] {
        check(
            r#"{"version":7,"secrets":["CANARY4"],"square_hole_work_profile":ROWS,"format_version":2,"big_fish_work_profile":{"rows":[],"count":2}}"#,
            format,
            None,
            "{\"version\":7,\n\"square_hole_work_profile\":[\nROW1,\nROW2\n],\n\"big_fish_work_profile\":[]\n}\n",
        );
    }
    let list = "{\"tables\":[\n{\"name\":\"puzzle_work_profile\",\"rows\":[\nROW1,\nROW2\n]}\n]}\n";
    let table = Some("puzzle_work_profile");
    check("ROWS", Format::Rows, table, list);
    check("ROWS", Format::Auto, table, list);
    check(r#"{"name":"puzzle_work_profile","rows":ROWS}"#, Format::Auto, None, list);
    check(
        r#"{"data":{"tables":[{"rows":ROWS,"name":"puzzle_work_profile"}]}}"#,
        Format::Auto,
        None,
        list,
    );
}

#[test]
fn rows_in_lines_stay_in_lines() {
    let rows = TWO[1..TWO.len() - 1].split_once("},").unwrap();
    let rows = [format!("{}}}", rows.0), rows.1.to_owned()];
    let table = "puzzle_work_profile";
    for format in [Format::Auto, Format::Ndjson] {
        let bare = format!("{}\n{}\n", rows[0], rows[1]);
        check(&bare, format, Some(table), "ROW1\nROW2\n");
        let piece = |key: &str, row: &str| format!("{{\"{key}\":\"{table}\",\"row\":{row}}}\n");
        for key in ["table", "name"] {
            let lines = format!(
                "{{\"table\":\"user_account\",\"row\":{{}}}}\n{}{}",
                piece(key, &rows[0]),
                piece(key, &rows[1])
            );
            let expected = format!(
                "{{\"{key}\":\"{table}\",\"row\":ROW1}}\n{{\"{key}\":\"{table}\",\"row\":ROW2}}\n"
            );
            check(&lines, format, None, &expected);
        }
        // In one document, pieces become the tables that they are of.
        let list =
            format!("{{\"tables\":[\n{{\"table\":\"{table}\",\"rows\":[\nROW1,\nROW2\n]}}\n]}}\n");
        let pieces = [piece("table", &rows[0]), piece("table", &rows[1])].join(",");
        check(&format!("[{pieces}]"), format, None, &list);
        let inserts = format!(r#"{{"{table}":{{"deletes":[],"inserts":ROWS}}}}"#);
        let map = format!("{{\n\"{table}\":[\nROW1,\nROW2\n]\n}}\n");
        check(&inserts, format, None, &map);
    }
}

#[test]
fn rows_that_are_arrays_come_with_their_columns() {
    let columns = r#"["profile_id","secret_note","play_count","source_session_id"]"#;
    let row = r#"["p1","CANARY1",3,"CANARY2"]"#;
    let parts = format!(r#""columns":{columns},"rows":[{row}]"#);
    let kept = "\"columns\":[\"profile_id\",\"play_count\"],";
    let cases = [
        (
            format!(r#"{{"tables":[{{"name":"T",{parts}}}]}}"#),
            format!("{{\"tables\":[\n{{\"name\":\"T\",{kept}\"rows\":[\nARRAY\n]}}\n]}}\n"),
        ),
        (
            format!(r#"{{"tables":{{"T":{{{parts}}}}}}}"#),
            format!("{{\"tables\":{{\n\"T\":{{{kept}\"rows\":[\nARRAY\n]}}\n}}}}\n"),
        ),
        (
            format!(r#"{{"T":{{{parts}}}}}"#),
            format!("{{\n\"T\":{{{kept}\"rows\":[\nARRAY\n]}}\n}}\n"),
        ),
        (
            format!(r#"{{"table":"T","columns":{columns},"row":{row}}}"#),
            format!("{{\"table\":\"T\",{kept}\"row\":ARRAY}}\n"),
        ),
    ];
    for (dump, expected) in cases {
        let named = |text: &str| text.replace("\"T\"", "\"puzzle_work_profile\"");
        check(&named(&dump), Format::Auto, None, &named(&expected));
    }
    let (names, table): ([&str; 4], _) =
        (["profile_id", "secret_note", "play_count", "source_session_id"], "big_fish_work_profile");
    let given = (row, Format::Ndjson, Some(table), Some(&names[..]));
    let (import, dataset, manifest) = run(&[given], 1);
    assert!(import.starts_with(&format!("{{\"table\":\"{table}\",{kept}\"row\":[\"profile-")));
    check_again((&import, Format::Ndjson, None, None), &dataset, &manifest);
}

#[test]
fn the_first_of_several_dumps_decides_how_all_are_written() {
    let line = r#"{"profile_id":"p1"}"#;
    let map = r#"{"square_hole_work_profile":[{"profile_id":"p3"}]}"#;
    let lines = (line, Format::Ndjson, Some("puzzle_work_profile"), None);
    let maps = (map, Format::Auto, None, None);
    let sql = r#"[{"schema":{"elements":[{"name":{"some":"profile_id"}}]},"rows":[["p2"]]}]"#;
    let sql = (sql, Format::Auto, Some("big_fish_work_profile"), None);
    let start = |dumps: &[Given<'_>]| {
        let (import, dataset, manifest) = run(dumps, 2);
        check_again((&import, Format::Auto, None, None), &dataset, &manifest);
        assert_eq!(dataset.works().len(), dumps.len());
        import.split('"').take(2).collect::<String>() + &import.lines().count().to_string()
    };
    assert_eq!(start(&[lines, maps, sql]), "{table3");
    assert_eq!(start(&[maps, lines, sql]), "{\nsquare_hole_work_profile11");
    assert_eq!(start(&[sql, maps, lines]), "{tables11");
}

/// The JSON with every value replaced by its kind.
fn skeleton(value: &Value) -> Value {
    match value {
        Value::Array(parts) => parts.iter().map(skeleton).collect(),
        Value::Object(parts) => {
            parts.iter().map(|(key, value)| (key.clone(), skeleton(value))).collect()
        }
        Value::String(_) => json!("text"),
        Value::Number(_) => json!(0),
        other => other.clone(),
    }
}

const MICROS: &str = "__timestamp_micros_since_unix_epoch__";

/// One work in each of the ways in which dumps write values.
fn dialects() -> Vec<Value> {
    let id = "0xc200bc00ff";
    let at = 1_783_790_679_306_661_i64;
    let levels = r#"[{"level_id":"level-1","level_name":"山","cover_asset_id":null}]"#;
    vec![
        json!({"profile_id":"puzzle-profile-1","owner_user_id":[id],"cover_asset_id":[0,"asset-1"],
            "work_id":[1,[]],"created_at":[at],"published_at":[0,[at]],"updated_at":[1,{}],
            "play_count":7,"work_title":[0,"雨巷"],"levels_json":[0,levels]}),
        json!({"profile_id":"puzzle-profile-2","owner_user_id":{"__identity__":id},
            "cover_asset_id":{"some":"asset-1"},"work_id":{"none":{}},"summary":{"none":[]},
            "created_at":{MICROS:at},"published_at":{"some":{MICROS:at}},
            "publication_status":{"Published":{}},"play_count":{"some":"7"},"levels_json":levels}),
        json!({"profileId":"puzzle-profile-3","ownerUserId":{"__identity__":"833235976447"},
            "coverAssetId":"asset-1","createdAt":{MICROS:at.to_string()},
            "publicationStatus":{"tag":"Published","value":{}},"workTitle":"x","playCount":"8"}),
        json!({"profileId":"puzzle-profile-4","ownerUserId":{"__pear":"identity","v":id},
            "createdAt":{"__pear":"timestamp","v":at.to_string()},
            "playCount":{"__pear":"bigint","v":"123456789012345678901"}}),
        json!({"profile_id":"puzzle-profile-5","owner_user_id":format!("{:0>64}", "c200bc00ff"),
            "publication_status":"published","publish_ready":true,"cover_asset_id":null,
            "created_at":at,"levels_json":[{"level_id":"level-1","cover_image_src":"/x/level-1.png"}]}),
    ]
}

#[test]
fn every_encoding_is_put_around_the_sanitized_values_again() {
    let rows = dialects();
    let dump = json!({ "puzzle_work_profile": rows }).to_string();
    let (import, dataset, manifest) = run(&[(&dump, Format::Auto, None, None)], 1);
    let written: Value = serde_json::from_str(&import).unwrap();
    let written = written["puzzle_work_profile"].as_array().unwrap();
    for (original, written) in rows.iter().zip(written) {
        assert_eq!(skeleton(original), skeleton(written));
        assert!(!written.to_string().contains("c200bc"), "{written}");
    }
    assert!(!import.contains("833235976447") && !import.contains("puzzle-profile"));
    // One owner in five spellings, and one token.
    let owner = &dataset.works()[0].owner_user_id;
    assert!(owner.is_some() && dataset.works().iter().all(|work| work.owner_user_id == *owner));
    let again = check_again((&import, Format::Auto, None, None), &dataset, &manifest);
    let owner = &again.works()[0].owner_user_id;
    assert!(again.works().iter().all(|work| work.owner_user_id == *owner));
}

#[test]
fn an_sql_answer_keeps_the_types_that_wrap_its_values_and_no_name_that_is_data() {
    let named = |name: &str, kind: Value| json!({"name":{"some":name},"algebraic_type":kind});
    let product = |mark: &str| json!({"Product":{"elements":[named(mark, json!({"U256":[]}))]}});
    let unit = json!({"Product":{"elements":[]}});
    let option = |kind: Value| json!({"Sum":{"variants":[named("some", kind), named("none", unit.clone())]}});
    let status = ["Draft", "Published", "CANARY5"].map(|name| named(name, unit.clone()));
    let text = || json!({"String":[]});
    let schema = json!({"elements":[
        named("profile_id", text()),
        named("publication_status", json!({"Sum":{"variants":status}})),
        named("secret_note", text()),
        named("owner_user_id", product("__identity__")),
        named("published_at", option(product(MICROS))),
        named("cover_asset_id", option(text())),
        named("created_at", product("__CANARY6__")),
        named("theme_tags_json", json!({"Array":text()})),
    ]});
    let rows = json!([
        ["p1", [1, []], "CANARY1", ["0xc2"], [0, [17]], [1, []], [18], ["cat"]],
        ["p2", [2, []], "CANARY2", ["0xc2"], [1, []], [0, "a1"], [18], []],
        ["p3", [0, []], "CANARY3", ["0xc3"], [1, []], [0, "a1"], [18], ["cat", "dog"]],
    ]);
    let dump = json!([{"schema":schema,"rows":rows,"stats":{"rows_inserted":0}}]).to_string();
    for format in [Format::Auto, Format::Sql] {
        let given = (&*dump, format, Some("puzzle_work_profile"), None);
        let (import, dataset, manifest) = run(&[given], 1);
        assert!(!import.contains("CANARY") && !import.contains("secret_note"), "{import}");
        assert!(!import.contains("0xc2") && !import.contains("\"cat\""), "{import}");
        let written: Value = serde_json::from_str(&import).unwrap();
        let table = &written["tables"][0];
        assert_eq!(table["name"], "puzzle_work_profile");
        assert_eq!(table["columns"].as_array().unwrap().len(), 7);
        let first = json!(["text", [0, []], ["text"], [0, [0]], [0, []], [0], ["text"]]);
        assert_eq!(skeleton(&table["rows"][0]), first);
        // The second status is none that may be kept.
        assert_eq!(table["rows"][1][1], Value::Null);
        assert_eq!(manifest.tables[0].unlisted_values["publication_status"], 1);
        assert_eq!(dataset.rows("puzzle_work_profile")[0]["publication_status"], "Published");
        let published: Vec<bool> = dataset.works().iter().map(|work| work.published).collect();
        assert_eq!(published, [true, false, false]);
        check_again((&import, Format::Auto, None, None), &dataset, &manifest);
    }
}

fn synthetic() -> (Spec, String) {
    let spec = WORK_TABLES.iter().fold(Spec::fixture(), |spec, table| spec.rows(table, 40));
    let spec = spec.without("square_hole_work_profile");
    let mut dump = Vec::new();
    spec.write(&mut dump).unwrap();
    (spec, String::from_utf8(dump).unwrap())
}

#[test]
fn no_secret_is_imported_and_every_join_is() {
    let (spec, dump) = synthetic();
    let (import, dataset, manifest) = run(&[(&dump, Format::Auto, None, None)], 1);
    let secrets = spec.secrets();
    for set in [&secrets.canaries, &secrets.ids, &secrets.sessions, &secrets.texts] {
        let found: Vec<_> = set.iter().filter(|secret| import.contains(*secret)).collect();
        assert!(!set.is_empty() && found.is_empty(), "{found:?}");
    }
    for name in ["moderation_note", "session", "user_account", "square_hole"] {
        assert!(dump.contains(name) == (name != "square_hole") && !import.contains(name), "{name}");
    }
    let written: Value = serde_json::from_str(&import).unwrap();
    let original: Value = serde_json::from_str(&dump).unwrap();
    assert_eq!(written["tables"].as_array().unwrap().len(), 5);
    for table in written["tables"].as_array().unwrap() {
        let name = table["name"].as_str().unwrap();
        let entry = original["tables"].as_array().unwrap().iter().find(|t| t["name"] == name);
        let rows = entry.unwrap()["rows"].as_array().unwrap();
        for (row, original) in table["rows"].as_array().unwrap().iter().zip(rows) {
            let kept = row.as_object().unwrap().keys();
            let kept: serde_json::Map<String, Value> =
                kept.map(|key| (key.clone(), original[key].clone())).collect();
            assert_eq!(skeleton(row), skeleton(&Value::Object(kept)));
        }
        for (row, clean) in table["rows"].as_array().unwrap().iter().zip(dataset.rows(name)) {
            assert_eq!(row["owner_user_id"], clean["owner_user_id"]);
            assert_eq!(row["profile_id"], clean["profile_id"]);
        }
    }
    check_again((&import, Format::Auto, None, None), &dataset, &manifest);
}

#[test]
fn the_output_is_the_same_for_any_number_of_threads() {
    let (_, dump) = synthetic();
    let import = |threads| run(&[(&dump, Format::Auto, None, None)], threads).0;
    let one = import(1);
    assert!(one.len() > 100_000);
    assert!(one == import(2) && one == import(5));
}

#[test]
fn rows_without_the_dumps_shape_are_refused() {
    let (policy, key) = (Policy::builtin(), key(0));
    let dump = r#"{"puzzle_work_profile":[{"profile_id":"p"}]}"#;
    let run = |import: bool, sink: &mut dyn anonymize::Sink| {
        let anonymizer = Anonymizer::new(&policy, &key).import(import);
        anonymizer.run(&mut [Dump::once(dump.as_bytes())], sink).map(|_| ())
    };
    assert!(run(true, &mut ImportWriter::new(Vec::new())).is_ok());
    let error = run(false, &mut ImportWriter::new(Vec::new())).unwrap_err();
    assert!(error.to_string().contains("was not told"), "{error}");
    let error = run(true, &mut Sampler::new(ImportWriter::new(Vec::new()), 1)).unwrap_err();
    assert!(error.to_string().contains("only tables of a dump itself"), "{error}");
}
