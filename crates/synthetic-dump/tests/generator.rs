//! The generator's promises: same spec same bytes, the stated sizes, and secrets that are there.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::collections::BTreeMap;

use synthetic_dump::{DENIED_TABLES, Spec};

fn dump(spec: &Spec) -> String {
    let mut bytes = Vec::new();
    let written = spec.write(&mut bytes).unwrap();
    assert_eq!(written, bytes.len() as u64);
    String::from_utf8(bytes).unwrap()
}

fn row_counts(dump: &str) -> BTreeMap<String, usize> {
    let dump: serde_json::Value = serde_json::from_str(dump).unwrap();
    let tables = dump["tables"].as_array().unwrap();
    let count = |table: &serde_json::Value| {
        (table["name"].as_str().unwrap().to_owned(), table["rows"].as_array().unwrap().len())
    };
    tables.iter().map(count).collect()
}

#[test]
fn the_fixture_has_the_stated_tables() {
    let counts = row_counts(&dump(&Spec::fixture()));
    assert_eq!(counts["puzzle_work_profile"], 80);
    assert_eq!(counts["custom_world_profile"], 1);
    assert_eq!(counts["match3d_work_profile"], 0);
    assert_eq!(counts["square_hole_work_profile"], 0);
    assert!(!counts.contains_key("big_fish_work_profile"));
    assert!(!counts.contains_key("visual_novel_work_profile"));
    assert!(DENIED_TABLES.iter().all(|table| counts[*table] == 3));
}

#[test]
fn the_committed_fixture_is_what_the_generator_makes() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/dumps/spacetime-migration-7.synthetic.json"
    );
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == dump(&Spec::fixture()),
        "write the fixture again with `synthetic-dump --output`"
    );
}

#[test]
fn the_same_spec_gives_the_same_bytes_and_another_seed_others() {
    let spec = Spec::fixture().rows("puzzle_work_profile", 3);
    assert_eq!(dump(&spec), dump(&spec));
    let other = spec.clone().seed(8);
    assert_ne!(dump(&spec), dump(&other));
    let (ours, theirs) = (spec.secrets(), other.secrets());
    assert!(ours.ids.is_disjoint(&theirs.ids));
    assert!(ours.canaries.is_disjoint(&theirs.canaries));
}

#[test]
fn every_secret_is_in_the_dump() {
    let spec = Spec::fixture().rows("visual_novel_work_profile", 4).rows("custom_world_profile", 3);
    let (dump, secrets) = (dump(&spec), spec.secrets());
    assert!(secrets.canaries.len() > 150, "{}", secrets.canaries.len());
    for set in [&secrets.canaries, &secrets.ids, &secrets.sessions, &secrets.texts] {
        assert!(!set.is_empty());
        let absent: Vec<_> = set.iter().filter(|secret| !dump.contains(*secret)).collect();
        assert!(absent.is_empty(), "{absent:?}");
    }
}

#[test]
fn a_target_size_is_met_and_mostly_private() {
    let target = 2_000_000;
    let dump = dump(&Spec::fixture().target_bytes(target));
    let size = dump.len() as u64;
    assert!((target..target + target / 20).contains(&size), "{size}");
    let works = dump.find("\"name\":\"puzzle_work_profile\",\"rows\":[\n").unwrap();
    let end = dump[works..].find("]},\n{\"name\"").unwrap() as u64;
    assert!((target / 6..target / 4).contains(&end), "{end}");
}

#[test]
fn a_puzzle_row_has_a_realistic_size() {
    let spec = Spec::fixture().rows("puzzle_work_profile", 80);
    let dump = dump(&spec);
    let rows = dump.lines().filter(|line| line.contains("\"work_title\"") && line.contains("PZ-"));
    let sizes: Vec<usize> = rows.map(str::len).collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert_eq!(sizes.len(), 80);
    assert!((1_100..=1_400).contains(&mean), "{mean}");
}
