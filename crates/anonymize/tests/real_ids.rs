//! Runs in which the ids of routes stay as they are, and nothing else does.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use anonymize::{AnonymizeError, Anonymizer, DatasetWriter, Defect, Dump, Manifest, Policy};
use common::{key, run};
use dataset::Dataset;
use serde_json::json;
use synthetic_dump::{Spec, WORK_TABLES};

fn run_real(dump: &str, policy: &Policy) -> Result<(String, Manifest), AnonymizeError> {
    let key = key(0);
    let mut writer = DatasetWriter::new(Vec::new(), policy, &key).real_ids(true);
    let anonymizer = Anonymizer::new(policy, &key).real_ids(true);
    let (manifest, _) = anonymizer.run(&mut [Dump::once(dump.as_bytes())], &mut writer)?;
    Ok((String::from_utf8(writer.into_inner()).unwrap(), manifest))
}

/// The built-in policy.
fn real(dump: &str) -> (Dataset, Manifest) {
    let (text, manifest) = run_real(dump, &Policy::builtin()).unwrap();
    (Dataset::from_json(text.as_bytes()).unwrap(), manifest)
}

const ROUTE: [&str; 3] = ["profile_id", "owner_user_id", "public_work_code"];

#[test]
fn only_the_ids_of_routes_are_other_than_in_an_ordinary_run() {
    let spec = WORK_TABLES.iter().fold(Spec::fixture(), |spec, table| spec.rows(table, 6));
    let mut dump = Vec::new();
    spec.write(&mut dump).unwrap();
    let dump = String::from_utf8(dump).unwrap();
    let originals: serde_json::Value = serde_json::from_str(&dump).unwrap();
    let ((sane, _), (real, manifest)) = (run(&dump), real(&dump));
    assert!(real.has_real_ids() && !sane.has_real_ids());
    assert!(manifest.real_ids);
    assert_eq!(manifest.tables[0].actions["real id"], 18);
    for table in WORK_TABLES {
        let entry = originals["tables"].as_array().unwrap().iter().find(|t| t["name"] == table);
        let originals = entry.unwrap()["rows"].as_array().unwrap();
        for ((sane, real), original) in sane.rows(table).iter().zip(real.rows(table)).zip(originals)
        {
            let mut expected = sane.clone();
            for column in ROUTE {
                let id = original[column].get("some").unwrap_or(&original[column]);
                assert_ne!(sane[column], *id, "{column}");
                expected.insert(column.to_owned(), id.clone());
            }
            assert_eq!(*real, expected);
        }
    }
    assert_eq!(real.works().len(), 36);
    for (work, sane) in real.works().iter().zip(sane.works()) {
        let row = real.rows(&work.table).iter().find(|row| row["profile_id"] == *work.profile_id);
        assert_eq!(row.unwrap()["owner_user_id"], json!(work.owner_user_id));
        assert_eq!(row.unwrap()["public_work_code"], json!(work.work_code));
        assert_eq!((work.published, &work.kind), (sane.published, &sane.kind));
    }
}

#[test]
fn no_other_secret_comes_through() {
    let spec = Spec::fixture().rows("puzzle_work_profile", 20);
    let mut dump = Vec::new();
    spec.write(&mut dump).unwrap();
    let (text, manifest) = run_real(&String::from_utf8(dump).unwrap(), &Policy::builtin()).unwrap();
    let mut dataset: serde_json::Value = serde_json::from_str(&text).unwrap();
    for table in WORK_TABLES {
        for row in dataset["tables"][table].as_array_mut().unwrap() {
            ROUTE.iter().for_each(|column| drop(row[column].take()));
        }
    }
    dataset["normalizedWorks"].take();
    let rest = format!("{dataset}{manifest:?}");
    let secrets = spec.secrets();
    for set in [&secrets.canaries, &secrets.ids, &secrets.sessions, &secrets.texts] {
        let found: Vec<_> = set.iter().filter(|secret| rest.contains(*secret)).collect();
        assert!(!set.is_empty() && found.is_empty(), "{found:?}");
    }
}

#[test]
fn a_real_id_is_one_text_in_every_spelling_of_the_dump() {
    let full = format!("{:0>64}", "c2");
    let cases = [
        (r#""a\"\\\u00e9/\ud83d\ude00""#, "a\"\\é/😀"),
        ("4711", "4711"),
        (r#"{"some":"a b"}"#, "a b"),
        (r#"{"__identity__":"0xC2"}"#, &full),
        (r#"{"__identity__":"194"}"#, &full),
        (r#"["0xc2"]"#, &full),
    ];
    for (written, id) in cases {
        let row = format!(r#"{{"profile_id":{written},"owner_user_id":{written},"work_id":"w"}}"#);
        let (dataset, _) = real(&format!(r#"{{"puzzle_work_profile":[{row}]}}"#));
        let (row, work) = (&dataset.rows("puzzle_work_profile")[0], &dataset.works()[0]);
        assert_eq!((&row["profile_id"], &*work.profile_id), (&json!(id), id), "{written}");
        assert_eq!((&row["owner_user_id"], work.owner_user_id.as_deref()), (&json!(id), Some(id)));
        assert!(row["work_id"].as_str().unwrap().starts_with("work-"));
        assert_eq!(work.work_code, None);
    }
}

#[test]
fn the_same_ids_stay_hidden_in_paths_and_nested_json() {
    let row = r#"{"profile_id":"puzzle-profile-1","owner_user_id":"user_1","cover_asset_id":"user_1",
        "cover_image_src":"/x/user_1/puzzle-profile-1.png",
        "levels_json":"[{\"level_id\":\"user_1\",\"cover_image_src\":\"/user_1/a.png\"}]"}"#;
    let (dataset, _) = real(&format!(r#"{{"puzzle_work_profile":[{row}]}}"#));
    let mut row = dataset.rows("puzzle_work_profile")[0].clone();
    assert_eq!(row.remove("profile_id").unwrap(), "puzzle-profile-1");
    assert_eq!(row.remove("owner_user_id").unwrap(), "user_1");
    let rest = format!("{row:?}");
    assert!(!rest.contains("user_1") && !rest.contains("profile-1"), "{rest}");
}

const NO_WORK: &str = r#"
version = 1
[domains.user]
prefix = "u"
form = "number"
[domains.note]
prefix = "n"
[[table]]
name = "work"
id = "id"
work = { kind = "k", owner_user_id = "user" }
columns = { id = { pseudonym = "note" }, user = { pseudonym = "user" } }
[[table]]
name = "users"
id = "id"
columns = { id = { pseudonym = "user" } }
"#;

#[test]
fn a_table_without_works_has_no_real_id() {
    let policy = Policy::from_toml(NO_WORK).unwrap();
    let dump = r#"{"work":[{"id":"a","user":4711}],"users":[{"id":4711}]}"#;
    let (text, manifest) = run_real(dump, &policy).unwrap();
    let dataset = Dataset::from_json(text.as_bytes()).unwrap();
    // Its pseudonym is a number too.
    assert_eq!(dataset.rows("work")[0]["user"], 4711);
    assert_eq!(dataset.works()[0].owner_user_id.as_deref(), Some("4711"));
    assert!(dataset.rows("users")[0]["id"].is_number());
    assert_ne!(dataset.rows("users")[0]["id"], 4711);
    assert_eq!(manifest.tables[1].actions["pseudonym"], 1);
}

#[test]
fn an_id_that_no_route_can_hold_is_a_defect_without_its_value() {
    let dump = r#"{"puzzle_work_profile":[{"profile_id":"p"},{"profile_id":"secret\n1"}]}"#;
    let error = run_real(dump, &Policy::builtin()).unwrap_err();
    assert!(matches!(error, AnonymizeError::Dump { defect: Defect::UnusableId, .. }));
    assert!(error.to_string().starts_with("puzzle_work_profile row 1 (from 0) column profile_id"));
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert_eq!(run(dump).0.works().len(), 2);
}
