use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::layout::{Kind, Slot};

const POLICY: &str = r#"
version = 1
[paths]
words = ["img", "cover"]
extensions = ["png"]
[domains.user]
prefix = "user"
match = ["user_*"]
[domains.work]
prefix = "work"
[domains.code]
prefix = "code"
form = "code"
[domains.number]
prefix = "number"
form = "number"
[[table]]
name = "works"
id = "work_id"
work = { kind = "w", owner_user_id = "owner_id", work_code = "code" }
published = { column = "status", values = ["Published"] }
[table.columns]
work_id = { pseudonym = "work" }
owner_id = { pseudonym = "user" }
code = { pseudonym = "code" }
number = { pseudonym = "number" }
title = "text"
public_note = { text = "keep" }
cover = { path = "work" }
status = { keep = ["Published", "Draft"] }
ready = "keep"
plays = "count"
likes = { count = { digits = 2 } }
created_at = "time"
shifted_at = { time = { shift_days = 30, by = "owner_id" } }
secret = "drop"
tags_json = { json = { items = "text" } }
parts_json = { json = { keys = { part_id = { pseudonym = "work" }, made_at = "time", secret = "drop" } } }
"#;

fn key(first: u8) -> PseudonymKey {
    PseudonymKey::from_bytes(std::array::from_fn(|i| first.wrapping_add(i as u8))).unwrap()
}

fn policy() -> Policy {
    Policy::from_toml(POLICY).unwrap()
}

struct Cleaned {
    json: Json,
    import: String,
    tally: Tally,
    rows: CleanRows,
}

fn clean_with(
    policy: &Policy,
    raw: &str,
    layout: &Layout,
) -> std::result::Result<Cleaned, RowDefect> {
    let key = key(0);
    let tools = Tools::new(policy, &key, true, false);
    let (mut rows, mut tally) = (CleanRows::default(), Tally::default());
    // What is left of another row must not matter.
    rows.json.extend_from_slice(b"before");
    rows.import.extend_from_slice(b"before");
    let cleaned = RowCleaner::new(&tools).clean(raw.as_bytes(), 0, layout, &mut rows, &mut tally);
    if let Err(defect) = cleaned {
        assert_eq!((rows.len(), &*rows.json, &*rows.import), (0, &b"before"[..], &b"before"[..]));
        return Err(defect);
    }
    let row = rows.row(0, "works", "w");
    let json = serde_json::from_slice(row.json()).unwrap();
    let import = String::from_utf8(row.import_json().unwrap().to_vec()).unwrap();
    Ok(Cleaned { json, import, tally, rows })
}

fn clean(raw: &str) -> Cleaned {
    clean_with(&policy(), raw, &Layout::Named).unwrap()
}

fn defect(raw: &str) -> Defect {
    clean_with(&policy(), raw, &Layout::Named).err().unwrap().defect
}

fn slots(columns: &[(&str, Option<Kind>)]) -> Layout {
    let policy = policy();
    let slot = |(name, kind): &(&str, Option<Kind>)| Slot {
        name: (*name).to_owned(),
        column: policy.tables[0].column(name),
        kind: kind.clone(),
    };
    Layout::Positional(columns.iter().map(slot).collect())
}

fn option(kind: Kind) -> Kind {
    Kind::Option(Box::new(kind))
}

fn marked(mark: &str) -> Kind {
    Kind::Marked(mark.to_owned(), Box::new(Kind::Plain))
}

fn status() -> Kind {
    Kind::Sum(["Draft", "Published"].map(|name| (name.to_owned(), Kind::Plain)).into())
}

const TIME: &str = "__timestamp_micros_since_unix_epoch__";

/// One row in the dialects that a dump may be written in, all with the same content.
fn dialects() -> Vec<(String, Layout)> {
    let identity = format!("{:0>64}", "c200ff");
    let typed = slots(&[
        ("work_id", Some(Kind::Plain)),
        ("owner_id", Some(marked("__identity__"))),
        ("unlisted", Some(Kind::Plain)),
        ("cover", Some(option(Kind::Plain))),
        ("title", Some(option(Kind::Plain))),
        ("status", Some(status())),
        ("shifted_at", Some(option(marked(TIME)))),
        ("created_at", Some(marked(TIME))),
        ("plays", Some(Kind::Plain)),
        ("tags_json", Some(Kind::Plain)),
    ]);
    let named = [
        // B: typed SATS.
        format!(
            r#"{{"work_id":"w1","owner_id":{{"__identity__":"0xc200ff"}},"cover":{{"some":"/img/w1.png"}},"title":{{"none":{{}}}},"status":{{"Published":{{}}}},"shifted_at":{{"some":{{"{TIME}":1717}}}},"created_at":{{"{TIME}":18}},"plays":340282366920938463463374607431768211455,"tags_json":["风景"]}}"#
        ),
        // C: rows over the socket.
        format!(
            r#"{{"work_id":"w1","owner_id":{{"__identity__":"0xc200ff"}},"cover":[0,"/img/w1.png"],"title":[1,{{}}],"status":"Published","shifted_at":[0,{{"{TIME}":1717}}],"created_at":{{"{TIME}":18}},"plays":340282366920938463463374607431768211455,"tags_json":["风景"]}}"#
        ),
        // D: the TypeScript SDK.
        format!(
            r#"{{"workId":"w1","ownerId":{{"__identity__":"12714239"}},"cover":"/img/w1.png","title":null,"status":{{"tag":"Published","value":{{}}}},"shiftedAt":{{"{TIME}":"1717"}},"createdAt":{{"__pear":"timestamp","v":"18"}},"plays":"340282366920938463463374607431768211455","tagsJson":["风景"]}}"#
        ),
        // E: plain serde.
        format!(
            r#"{{"work_id":"w1","owner_id":"{identity}","cover":"/img/w1.png","title":null,"status":"Published","shifted_at":1717,"created_at":18,"plays":340282366920938463463374607431768211455,"tags_json":["风景"]}}"#
        ),
    ];
    let mut dialects: Vec<_> = named.into_iter().map(|row| (row, Layout::Named)).collect();
    // A: SQL answers.
    dialects.push((
        r#"["w1",["0xc200ff"],{"x":1},[0,"/img/w1.png"],[1,[]],[1,[]],[0,[1717]],[18],340282366920938463463374607431768211455,["风景"]]"#.to_owned(),
        typed,
    ));
    dialects
}

#[test]
fn every_dialect_gives_the_same_row() {
    let expected = clean(&dialects()[3].0).json;
    assert_eq!(expected["plays"].to_string(), "3.402823669209385e+38");
    assert_eq!(expected["status"], "Published");
    let token = crate::Pseudonymizer::new(&key(0), "user", "user");
    assert_eq!(expected["owner_id"], token.token(&format!("{:0>64}", "c200ff")));
    for (row, layout) in dialects() {
        let cleaned = clean_with(&policy(), &row, &layout).unwrap();
        assert_eq!(cleaned.json, expected, "{row}");
        let digits = b"\"plays\":340282366920938463463374607431768211455,";
        let json = cleaned.rows.row(0, "works", "w");
        assert!(json.json().windows(digits.len()).any(|part| part == digits));
        assert!(json.work().unwrap().published);
    }
}

#[test]
fn an_importable_row_has_the_encoding_of_the_dump() {
    for (row, layout) in dialects() {
        let Cleaned { json, import, .. } = clean_with(&policy(), &row, &layout).unwrap();
        let text = |column: &str| json[column].as_str().unwrap().to_owned();
        let mut expected = row
            .replace("w1\",\"cover", "\",\"cover")
            .replace("\"w1\"", &format!("{:?}", text("work_id")))
            .replace("/img/w1.png", &text("cover"))
            .replace("风景", json["tags_json"][0].as_str().unwrap())
            .replace("1717", &json["shifted_at"].to_string())
            .replace(",{\"x\":1}", "");
        for owner in ["0xc200ff", "12714239", &format!("{:0>64}", "c200ff")] {
            expected =
                expected.replace(&format!("\"{owner}\""), &format!("{:?}", text("owner_id")));
        }
        assert_eq!(import, expected);
    }
}

#[test]
fn what_became_null_is_nothing_in_an_importable_row() {
    let row =
        r#"{"work_id":1,"status":{"some":{"Rejected":"why"}},"ready":{"some":true},"secret":1}"#;
    let cleaned = clean(row);
    let id = &cleaned.json["work_id"];
    assert_eq!(
        cleaned.import,
        format!(r#"{{"work_id":{id},"status":{{"none":[]}},"ready":{{"some":true}}}}"#)
    );
    // A mark that nobody knows, and the content of a variant, could be data.
    let row = r#"{"work_id":{"__alice__":"x"},"status":{"Draft":"alice"}}"#;
    let import = clean(row).import;
    assert!(!import.contains("alice") && import.contains(r#""status":{"Draft":""}"#), "{import}");
    // Whatever a row holds, its importable form is JSON.
    serde_json::from_str::<Json>(&import).unwrap();
}

#[test]
fn rows_without_types_are_read_by_their_rules() {
    let columns = ["work_id", "owner_id", "cover", "title", "status", "created_at", "tags_json"];
    let layout = slots(&columns.map(|name| (name, None)));
    let row = r#"["w1",["0xff"],[0,"/img/w1.png"],[1,[]],[1,[]],[0,[17]],["a","b"]]"#;
    let cleaned = clean_with(&policy(), row, &layout).unwrap();
    let json = &cleaned.json;
    assert_eq!((&json["title"], &json["status"]), (&Json::Null, &Json::Null));
    assert_eq!(json["created_at"], 17);
    assert_eq!(json["tags_json"].as_array().unwrap().len(), 2);
    assert!(json["cover"].as_str().unwrap().starts_with("/img/work-"));
    let columns = policy().tables[0].columns.iter().position(|c| c.name == "status").unwrap();
    let mut tally = cleaned.tally;
    assert_eq!(tally.column(columns).unlisted_values, 1);
}

#[test]
fn a_positional_row_has_as_many_values_as_columns() {
    let layout = slots(&[("work_id", None), ("other", None)]);
    for (row, expected) in [
        ("[1,2]", None),
        ("[1]", Some(Defect::RowLength)),
        ("[]", Some(Defect::RowLength)),
        ("[1,2,3]", Some(Defect::RowLength)),
        ("{}", Some(Defect::NotArray)),
        ("[1,2] 3", Some(Defect::Syntax)),
    ] {
        let cleaned = clean_with(&policy(), row, &layout);
        assert_eq!(cleaned.err().map(|row| row.defect), expected, "{row}");
    }
    let twice = slots(&[("work_id", None), ("workId", None)]);
    assert_eq!(clean_with(&policy(), "[1,2]", &twice).err().unwrap().defect, Defect::Duplicate);
}

#[test]
fn the_rules_do_what_they_say() {
    let row = r#"{"work_id":1,"owner_id":"u1","code":"PZ-7K2M9QXA","number":1234567,"public_note":"as it \"is\"",
        "likes":98765432109876543210,"plays":-7,"ready":true,"secret":"x","cover":"https://h/user_1/u1-cover.png",
        "parts_json":[{"part_id":1,"made_at":5,"secret":7,"other":8}]}"#;
    let cleaned = clean(row);
    let json = &cleaned.json;
    assert_eq!((&json["public_note"], &json["ready"]), (&json!("as it \"is\""), &json!(true)));
    assert_eq!(json["likes"].to_string(), "9.9e+19");
    assert_eq!(json["plays"], -7);
    let code = json["code"].as_str().unwrap();
    assert!(code.starts_with("PZ-") && code.len() == 11 && code != "PZ-7K2M9QXA");
    assert!(json["number"].as_u64().is_some_and(|n| n != 1_234_567 && n.to_string().len() == 7));
    assert_eq!(json["parts_json"][0]["part_id"], json["work_id"]);
    assert_eq!(json["parts_json"][0].as_object().unwrap().len(), 2);
    assert!(json.get("secret").is_none());
    let work = cleaned.rows.row(0, "works", "w").work().unwrap();
    assert_eq!(work.work_code.as_deref(), Some(code));
    assert_eq!(
        (&*work.profile_id, work.owner_user_id.as_deref()),
        (json["work_id"].as_str().unwrap(), json["owner_id"].as_str())
    );
    let manifest = cleaned.tally.into_manifest(&policy().tables[0], false);
    let dropped: Vec<_> = manifest.dropped_columns.iter().collect();
    assert_eq!(dropped, [(&"parts_json.secret".to_owned(), &1), (&"secret".to_owned(), &1)]);
    assert_eq!(manifest.dropped_nested["parts_json"], 1);
    assert_eq!(manifest.column_kinds["likes"], ["integer"]);
    assert_eq!(manifest.actions["drop"], 1);
}

#[test]
fn numbers_stay_numbers_where_their_pseudonyms_are() {
    let number =
        |value: &str| clean(&format!(r#"{{"work_id":1,"number":{value}}}"#)).json["number"].clone();
    assert!(number("7").is_u64());
    assert_eq!(number("\"7\"").as_str().unwrap(), number("7").to_string());
    assert!(number("-7").as_str().unwrap().starts_with("number-"));
    assert!(number("\"007\"").as_str().unwrap().starts_with("number-"));
    // A code of digits may start with a zero, which no number of JSON does.
    let code = clean(r#"{"work_id":1,"code":5057537971926615896}"#).json["code"].clone();
    assert_eq!(code.as_str().unwrap().len(), 19);
}

#[test]
fn the_times_of_an_author_are_shifted_together() {
    let at = |owner: &str, micros: i64| {
        let row = format!(r#"{{"work_id":"w{micros}","owner_id":{owner},"shifted_at":{micros}}}"#);
        clean(&row).json["shifted_at"].as_i64().unwrap() - micros
    };
    let shift = at("\"u1\"", 0);
    assert!(shift != 0 && shift % 1_000_000 == 0 && shift.abs() <= 30 * 86_400_000_000);
    assert_eq!((at("\"u1\"", 1_783_790_679_306_661), at("\"u1\"", -5)), (shift, shift));
    assert_ne!(at("\"u2\"", 0), shift);
    // Without an author, each row has a shift of its own.
    assert_ne!(at("null", 0), at("null", 1));
    let beyond = r#"{"work_id":1,"owner_id":"u1","shifted_at":9223372036854775807}"#;
    let under = r#"{"work_id":1,"owner_id":"u1","shifted_at":-9223372036854775808}"#;
    let results = [beyond, under].map(|row| clean_with(&policy(), row, &Layout::Named).is_ok());
    assert_eq!(results.iter().filter(|ok| **ok).count(), 1);
}

#[test]
fn a_row_is_checked_in_full() {
    for (row, expected) in [
        (r#"{"work_id":1,"x":[1,}"#, Defect::Syntax),
        (r#"{"work_id":1,"x":01}"#, Defect::Syntax),
        (r#"{"work_id":1,"x":"\q"}"#, Defect::Syntax),
        (r#"{"work_id":1} {}"#, Defect::Syntax),
        ("{\"work_id\":1,\"x\":\"\u{1}\"}", Defect::Syntax),
        (r#"{"work_id":1,"x":1,"x":1}"#, Defect::Duplicate),
        (r#"{"work_id":1,"workId":1}"#, Defect::Duplicate),
        (r#"{"work_id":1,"parts_json":{"part_id":1,"partId":1}}"#, Defect::Duplicate),
        (r#"{"work_id":1,"parts_json":"{\"part_id\":1,}"}"#, Defect::NestedJson),
        (r#"{"work_id":1,"title":"\ud800"}"#, Defect::Encoding),
        (r#"{"work_id":1,"\ud800":1}"#, Defect::Encoding),
        (r#"{"work_id":null}"#, Defect::NoId),
        ("[]", Defect::NotObject),
        ("", Defect::NotObject),
    ] {
        assert_eq!(defect(row), expected, "{row}");
    }
    let mut bytes = br#"{"work_id":1,"x":"?"}"#.to_vec();
    bytes[18] = 0xff;
    let (policy, key) = (policy(), key(0));
    let tools = Tools::new(&policy, &key, false, false);
    let (rows, tally) = (&mut CleanRows::default(), &mut Tally::default());
    let cleaned = RowCleaner::new(&tools).clean(&bytes, 0, &Layout::Named, rows, tally);
    assert_eq!(cleaned, Err(Defect::Syntax.into()));
}

#[test]
fn tallies_of_parts_add_up_to_that_of_the_whole() {
    let rows: Vec<String> = (0..40)
        .map(|i| {
            format!(
                r#"{{"work_id":{i},"n{}":{i},"ready":{},"parts_json":[{{"secret":1}},{i}]}}"#,
                i % 3,
                i % 2 == 0
            )
        })
        .collect();
    let (policy, key) = (policy(), key(0));
    let tools = Tools::new(&policy, &key, false, false);
    let tally_of = |rows: &[String]| {
        let (mut cleaner, mut tally) = (RowCleaner::new(&tools), Tally::default());
        for row in rows {
            let out = &mut CleanRows::default();
            cleaner.clean(row.as_bytes(), 0, &Layout::Named, out, &mut tally).unwrap();
        }
        tally
    };
    let mut sum = tally_of(&rows[..7]);
    sum.add(tally_of(&rows[7..7]));
    sum.add(tally_of(&rows[7..]));
    let table = &policy.tables[0];
    assert_eq!(sum.into_manifest(table, false), tally_of(&rows).into_manifest(table, false));
}

/// A row of random values, some of which fit no rule.
fn any_row() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        "user_[0-9]{1,3}",
        "/img/user_[0-9]/[a-z]{0,9}.png",
        ".{0,12}",
        "PZ-[A-Z0-9]{8}"
    ];
    let value = prop_oneof![
        text.clone().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        Just(Json::Null),
        text.clone().prop_map(|text| json!({ "some": text })),
        prop::collection::vec(text, 0..3).prop_map(Json::from),
    ];
    let columns =
        policy().tables[0].columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let entry = (prop::sample::select(columns), value);
    prop::collection::vec(entry, 0..12).prop_map(|entries| {
        let mut row: serde_json::Map<_, _> = entries.into_iter().collect();
        row.insert("work_id".into(), "w1".into());
        row.into()
    })
}

proptest! {
    #[test]
    fn a_removed_rule_never_adds_anything(row in any_row(), removed in prop::collection::btree_set("[a-z_]{1,2}", 0..4)) {
        let is_removed = |line: &str| removed.iter().any(|start| line.starts_with(start.as_str()));
        let needed = ["work_id =", "work =", "owner_id =", "code =", "status =", "words", "word"];
        let fewer: Vec<_> = POLICY
            .lines()
            .filter(|line| !is_removed(line) || needed.iter().any(|start| line.starts_with(start))
                || !line.contains(" = ") || line.starts_with("name") || line.starts_with("id")
                || line.starts_with("prefix") || line.starts_with("form") || line.starts_with("match")
                || line.starts_with("extensions") || line.starts_with("published") || line.starts_with("version"))
            .collect();
        let fewer = Policy::from_toml(&fewer.join("\n")).unwrap();
        let whole = clean_with(&policy(), &row.to_string(), &Layout::Named);
        let part = clean_with(&fewer, &row.to_string(), &Layout::Named);
        if let (Ok(whole), Ok(part)) = (&whole, &part) {
            let (whole, part) = (whole.json.as_object().unwrap(), part.json.as_object().unwrap());
            for (column, value) in part {
                // In a path, the id of a column that is not listed any more is one by its looks.
                prop_assert!(whole.get(column) == Some(value) || column == "cover");
            }
        }
        // Nor does a row become unreadable.
        prop_assert!(whole.is_err() || part.is_ok());
    }

    #[test]
    fn equal_ids_have_equal_pseudonyms_in_every_spelling_and_place(
        ids in prop::collection::btree_set("user_[0-9]{1,3}|[1-9][0-9]{4,8}", 2..6)
    ) {
        let spellings = |id: &String| {
            let text = format!("{id:?}");
            let number = if id.starts_with("user") { text.clone() } else { id.clone() };
            [number, format!(r#"{{"some":{text}}}"#), format!("[0,{text}]"), text]
        };
        let mut tokens = BTreeSet::new();
        for id in &ids {
            let of = |value: String| {
                let row = format!(r#"{{"work_id":1,"owner_id":{value},"cover":"/{id}/x_{id}.png"}}"#);
                let json = clean(&row).json;
                let (token, cover) = (json["owner_id"].as_str().unwrap().to_owned(), json["cover"].to_string());
                assert_eq!(cover.matches(&token).count(), 2, "{cover}");
                token
            };
            let found: BTreeSet<_> = spellings(id).map(of).into_iter().collect();
            prop_assert_eq!(found.len(), 1);
            tokens.extend(found);
        }
        prop_assert_eq!(tokens.len(), ids.len());
    }

    #[test]
    fn any_bytes_are_cleaned_or_refused(row in any_row(), at: prop::sample::Index, byte: u8) {
        let mut bytes = row.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let (policy, key) = (policy(), key(0));
        let tools = Tools::new(&policy, &key, true, false);
        let (mut rows, mut tally) = (CleanRows::default(), Tally::default());
        let mut cleaner = RowCleaner::new(&tools);
        if cleaner.clean(&bytes, 0, &Layout::Named, &mut rows, &mut tally).is_ok() {
            serde_json::from_slice::<Json>(&bytes).unwrap();
            let row = rows.row(0, "works", "w");
            serde_json::from_slice::<Json>(row.json()).unwrap();
            serde_json::from_slice::<Json>(row.import_json().unwrap()).unwrap();
        } else {
            prop_assert!(rows.json.is_empty() && rows.import.is_empty());
        }
    }
}
