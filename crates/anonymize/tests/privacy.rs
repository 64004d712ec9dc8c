//! What must not come through, and what must stay joined.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use std::collections::BTreeSet;

use anonymize::{Policy, Pseudonymizer};
use common::{key, run, run_with};
use proptest::prelude::*;
use synthetic_dump::{Spec, WORK_TABLES};

fn every_table() -> Spec {
    WORK_TABLES.iter().fold(Spec::fixture(), |spec, table| spec.rows(table, 6))
}

fn dump(spec: &Spec) -> String {
    let mut bytes = Vec::new();
    spec.write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn no_secret_of_any_seed_comes_through() {
    for seed in 0..4 {
        let spec = every_table().seed(seed);
        let (text, manifest) =
            run_with(dump(&spec).as_bytes(), &Policy::builtin(), &key(0)).unwrap();
        let shown = format!("{text}{}{manifest:?}", serde_json::to_string(&manifest).unwrap());
        let secrets = spec.secrets();
        for set in [&secrets.canaries, &secrets.ids, &secrets.sessions, &secrets.texts] {
            let found: Vec<_> = set.iter().filter(|secret| shown.contains(*secret)).collect();
            assert!(!set.is_empty() && found.is_empty(), "seed {seed}: {found:?}");
        }
        for column in ["moderation_note", "source_session_id", "session_id", "draft_session"] {
            assert!(!text.contains(column), "{column}");
        }
    }
}

#[test]
fn what_was_left_out_is_counted() {
    let (dataset, manifest) = run(&dump(&every_table()));
    assert_eq!(manifest.works, 36);
    assert_eq!(dataset.works().len(), 36);
    let puzzle = &manifest.tables[0];
    assert_eq!((puzzle.rows_in, puzzle.rows_out, puzzle.present), (6, 6, true));
    let counts = |counts: &std::collections::BTreeMap<String, u64>| {
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>()
    };
    assert_eq!(counts(&puzzle.dropped_columns), ["source_session_id 6"]);
    assert_eq!(counts(&puzzle.unknown_columns), ["moderation_note 6"]);
    assert_eq!(puzzle.column_kinds["moderation_note"], ["text"]);
    assert_eq!(puzzle.column_kinds["play_count"], ["integer"]);
    // Six works with a level each, and a nested session id in every level.
    assert_eq!(puzzle.dropped_nested["levels_json"], 7);
    assert_eq!(puzzle.actions["count"], 18);
    assert_eq!(manifest.denied_tables.len(), 19);
    assert_eq!(manifest.denied_tables["profile_redeem_code"], 3);
    assert_eq!(manifest.unknown_tables[synthetic_dump::UNKNOWN_TABLE], 2);
}

#[test]
fn equal_ids_have_equal_tokens_in_columns_tables_and_paths() {
    let spec = every_table();
    let dump: serde_json::Value = serde_json::from_str(&dump(&spec)).unwrap();
    let (dataset, _) = run(&dump.to_string().replace("\"exported_at_micros\"", "\"x\""));
    let users = Pseudonymizer::new(&key(0), "user", "user");
    let mut tokens = BTreeSet::new();
    let mut originals = BTreeSet::new();
    for table in WORK_TABLES {
        let entry = dump["tables"].as_array().unwrap().iter().find(|t| t["name"] == table).unwrap();
        for (original, row) in entry["rows"].as_array().unwrap().iter().zip(dataset.rows(table)) {
            let owner = original["owner_user_id"].as_str().unwrap();
            let token = row["owner_user_id"].as_str().unwrap();
            assert_eq!(token, users.token(owner));
            originals.insert(owner.to_owned());
            tokens.insert(token.to_owned());
            check_cover(row, token);
        }
    }
    assert_eq!(originals.len(), tokens.len());
    assert!(originals.len() < 36, "some owners must have several works");
}

fn check_cover(row: &dataset::Row, owner: &str) {
    let cover = row["cover_image_src"].as_str().unwrap();
    if let Some(asset) = row.get("cover_asset_id") {
        assert!(cover.ends_with(&format!("/{}/cover.webp", asset.as_str().unwrap())), "{cover}");
    }
    assert!(
        cover.starts_with("/generated-") || cover.starts_with("https://cdn.invalid/generated-")
    );
    if let Some(levels) = row.get("levels_json") {
        assert!(levels.as_str().unwrap().contains(&format!("/generated-puzzle-assets/{owner}/")));
    }
}

#[test]
fn another_key_has_no_token_in_common() {
    let dump = dump(&every_table());
    let tokens = |first| {
        let (text, _) = run_with(dump.as_bytes(), &Policy::builtin(), &key(first)).unwrap();
        let is_token = |word: &&str| {
            word.rsplit_once('-').is_some_and(|(prefix, digits)| {
                !prefix.is_empty() && digits.len() == 16 && digits.is_ascii()
            })
        };
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        words.filter(is_token).map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let (ours, theirs) = (tokens(0), tokens(1));
    assert!(ours.len() > 150, "{}", ours.len());
    assert!(ours.is_disjoint(&theirs));
}

#[test]
fn values_are_plain_and_numbers_keep_their_digits() {
    let dump = r#"{"tables":[{"name":"custom_world_profile","rows":[{
        "profile_id":{"some":42}, "owner_user_id":{"__identity__":"c2"}, "play_count":123456789012345678901234567890,
        "like_count":{"some":"7"}, "deleted_at":{"none":[]}, "created_at":{"some":{"__timestamp_micros_since_unix_epoch__":17}},
        "updated_at":"18", "publication_status":{"published":[]}, "theme_mode":"a phrase", "subtitle":null}]}]}"#;
    let (text, manifest) = run_with(dump.as_bytes(), &Policy::builtin(), &key(0)).unwrap();
    let profile = Pseudonymizer::new(&key(0), "profile", "profile").token("42");
    let owner = Pseudonymizer::new(&key(0), "user", "user").token("c2");
    let row = format!(
        "{{\"created_at\":17,\"deleted_at\":null,\"like_count\":7,\"owner_user_id\":\"{owner}\",\
         \"play_count\":123456789012345678901234567890,\"profile_id\":\"{profile}\",\
         \"publication_status\":\"published\",\"subtitle\":null,\"theme_mode\":null,\"updated_at\":18}}"
    );
    assert!(text.contains(&row), "{text}");
    assert!(text.contains("\"published\":true"));
    assert_eq!(manifest.tables[1].unlisted_values["theme_mode"], 1);
}

#[test]
fn a_list_of_values_to_keep_holds_for_numbers_too() {
    let row = r#"{"profile_id":"p","theme_mode":13800001234,"publication_status":{"Draft":[]}}"#;
    let (dataset, manifest) = run(&format!(r#"{{"custom_world_profile":[{row}]}}"#));
    let kept = &dataset.rows("custom_world_profile")[0];
    assert!(kept["theme_mode"].is_null() && kept["publication_status"] == "Draft");
    assert_eq!(manifest.tables[1].unlisted_values["theme_mode"], 1);
    for (ready, expected) in [("true", "true"), ("0", "0"), ("13800001234", "null")] {
        let row = format!(r#"{{"profile_id":"p","publish_ready":{ready}}}"#);
        let (dataset, _) = run(&format!(r#"{{"puzzle_work_profile":[{row}]}}"#));
        assert_eq!(dataset.rows("puzzle_work_profile")[0]["publish_ready"].to_string(), expected);
    }
}

#[test]
fn an_id_without_a_pattern_has_one_token_in_its_columns_and_in_the_path_beside_them() {
    let row = r#"{"profile_id":"5f-9","owner_user_id":1001,"cover_asset_id":"1001",
        "work_id":"w","cover_image_src":"/x/5f-9/w/1001.png"}"#;
    let (dataset, _) = run(&format!(r#"{{"puzzle_work_profile":[{row}]}}"#));
    let row = &dataset.rows("puzzle_work_profile")[0];
    let token = |column: &str| row[column].as_str().unwrap().to_owned();
    // Of two columns with the same value, the path's own domain goes first.
    let [profile, work, asset] = ["profile_id", "work_id", "cover_asset_id"].map(token);
    assert!(token("cover_image_src").ends_with(&format!("/{profile}/{work}/{asset}.png")));
}

#[test]
fn a_deleted_or_draft_work_is_not_published() {
    let row = |id: u8, more: &str| format!(r#"{{"profile_id":"p{id}","owner_user_id":"u"{more}}}"#);
    let rows = [
        row(1, r#","publication_status":"Published""#),
        row(2, r#","publication_status":"draft""#),
        row(3, r#","publication_status":"published","deleted_at":{"some":5}"#),
        row(4, ""),
    ];
    let (dataset, _) = run(&format!(r#"{{"custom_world_profile":[{}]}}"#, rows.join(",")));
    let published: Vec<bool> = dataset.works().iter().map(|work| work.published).collect();
    assert_eq!(published, [true, false, false, false]);
}

#[test]
fn nested_json_is_rewritten_the_way_it_was_found() {
    let levels =
        r#"[{"level_name":"ab","secret":{"x":1},"level_id":7,"cover_asset_id":{"a":1}},3,null,[]]"#;
    for (value, quoted) in
        [(levels.to_owned(), false), (serde_json::to_string(levels).unwrap(), true)]
    {
        let dump =
            format!(r#"{{"puzzle_work_profile":[{{"profile_id":"p","levels_json":{value}}}]}}"#);
        let (dataset, manifest) = run(&dump);
        let found = &dataset.rows("puzzle_work_profile")[0]["levels_json"];
        assert_eq!(found.is_string(), quoted);
        let json = found.as_str().map_or(found.clone(), |text| serde_json::from_str(text).unwrap());
        let token = Pseudonymizer::new(&key(0), "level", "level").token("7");
        assert_eq!(json[0]["level_id"], token.as_str());
        assert_eq!(json[0].as_object().unwrap().len(), 3);
        assert!(json[0]["cover_asset_id"].is_null() && json[1].is_null() && json[2].is_null());
        assert_eq!(json[3], serde_json::json!([]));
        assert_eq!(manifest.tables[0].dropped_nested["levels_json"], 3);
    }
}

#[test]
fn an_unknown_table_or_column_changes_no_byte_of_the_output() {
    let spec = Spec::fixture().rows("puzzle_work_profile", 3);
    let plain = dump(&spec);
    let more = plain
        .replacen("{\"name\":", "{\"name\":\"new_table\",\"rows\":[{\"a\":1}]},{\"name\":", 1)
        .replace("\"level_name\":", "\"new_column\":{\"x\":[]},\"level_name\":");
    let output = |dump: &str| run_with(dump.as_bytes(), &Policy::builtin(), &key(0)).unwrap();
    let ((before, _), (after, manifest)) = (output(&plain), output(&more));
    assert_ne!(plain, more);
    assert_eq!(before, after);
    assert_eq!(manifest.unknown_tables["new_table"], 1);
    assert_eq!(manifest.tables[0].unknown_columns["new_column"], 3);
}

#[test]
fn equal_texts_do_not_stay_equal() {
    let row = |id: u8| format!(r#"{{"profile_id":"p{id}","work_title":"雨巷里的猫咪"}}"#);
    let (dataset, _) = run(&format!(r#"{{"puzzle_work_profile":[{},{}]}}"#, row(1), row(2)));
    let title =
        |row: usize| dataset.rows("puzzle_work_profile")[row]["work_title"].as_str().unwrap();
    assert_ne!(title(0), title(1));
    assert_eq!(title(0).chars().count(), 6);
    assert_eq!(title(0).len(), 18);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tokens_are_equal_exactly_where_ids_are(ids in prop::collection::vec("[a-c]{1,3}|[0-9]{1,2}", 1..12)) {
        let row = |id: &String| format!(r#"{{"profile_id":{id:?},"cover_image_src":"/x/user_{id}/c.png","owner_user_id":"user_{id}"}}"#);
        let rows: Vec<_> = ids.iter().map(row).collect();
        let (dataset, _) = run(&format!(r#"{{"puzzle_work_profile":[{}]}}"#, rows.join(",")));
        let rows = dataset.rows("puzzle_work_profile");
        for (a, row_a) in ids.iter().zip(rows) {
            let cover = row_a["cover_image_src"].as_str().unwrap();
            let owner = format!("/{}/", row_a["owner_user_id"].as_str().unwrap());
            prop_assert!(cover.contains(&owner));
            for (b, row_b) in ids.iter().zip(rows) {
                prop_assert_eq!(a == b, row_a["profile_id"] == row_b["profile_id"]);
            }
        }
    }
}
