//! The committed sample against the committed dump: clean as it is, and not with a value of the dump.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod common;

use common::{options, origin, places, run};
use leak_audit::{Column, Grammar, Kind};
use serde_json::Value;

const DUMP: &str = include_str!("../../../fixtures/dumps/spacetime-migration-7.synthetic.json");
const SAMPLE: &str = include_str!("../../../fixtures/works-list.sample.json");

/// Every key of the sample is a word; what stands in its columns follows the built-in policy.
fn grammar(sample: &Value) -> Grammar {
    let chance = |character: char| match character {
        '0'..='9' => Some(3.3),
        'a'..='z' => Some(4.7),
        '\u{4e00}'..='\u{9fff}' => Some(6.0),
        _ if character.is_alphanumeric() => None,
        _ => Some(0.0),
    };
    let text = [
        "work_title",
        "work_description",
        "level_name",
        "summary",
        "title",
        "subtitle",
        "summary_text",
        "world_name",
        "theme_tags_json",
        "tags_json",
        "levels_json.level_name",
        "profile_payload_json.name",
        "profile_payload_json.playable_npcs.name",
        "profile_payload_json.playable_npcs.description",
        "profile_payload_json.landmarks.name",
        "profile_payload_json.landmarks.description",
    ];
    let mut words = Vec::new();
    keys(sample, &mut words);
    words.extend(sample["tables"].as_object().unwrap().keys().cloned());
    for name in ["format", "keyId"] {
        words.push(sample[name].as_str().unwrap().to_owned());
    }
    let constants = [
        "published",
        "draft",
        "martial",
        "arcane",
        "machina",
        "tide",
        "rift",
        "mythic",
        "cover",
        "level",
        "portrait",
        "webp",
        "png",
        "jpg",
        "assets",
        "puzzle",
        "custom-world",
        "match3d",
        "square-hole",
        "big-fish",
        "visual-novel",
        "generated-puzzle-assets",
        "generated-custom-world-covers",
        "generated-custom-world-assets",
        "generated-custom-world-scenes",
        "generated-characters",
        "generated-match3d-assets",
        "generated-square-hole-assets",
        "generated-big-fish-assets",
        "generated-visual-novel-assets",
        "cdn.invalid",
        "covers",
        "scenes",
        "image",
        "thumb",
    ];
    let prefixes =
        ["user", "author-code", "author", "profile", "work", "code", "asset", "level", "part"];
    let mut grammar = Grammar::new(chance).words(words).words(constants).token_prefixes(prefixes);
    for table in sample["tables"].as_object().unwrap().keys() {
        grammar = text.iter().fold(grammar, |g, path| g.column(table, path, Column::Text));
        grammar = grammar.column(table, "public_work_code", Column::Code);
    }
    grammar.column("normalizedWorks", "workCode", Column::Code)
}

fn keys(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            out.push(key.clone());
            keys(value, out);
        }),
        Value::Array(values) => values.iter().for_each(|value| keys(value, out)),
        Value::String(text) => {
            if let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
                keys(&inner, out);
            }
        }
        _ => {}
    }
}

fn check(output: &str, expected: &[&str]) {
    let sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let verdict = run(grammar(&sample), options(24 << 20), output, 1000, &mut |collector| {
        collector.json(origin(Kind::Denied), DUMP.as_bytes());
        collector.json_end(origin(Kind::Denied));
    });
    assert_eq!(places(&verdict), expected, "{verdict:?}");
}

#[test]
fn the_sample_has_nothing_of_the_dump() {
    check(SAMPLE, &[]);
}

#[test]
fn one_value_of_a_denied_table_stops_it() {
    let mut sample: Value = serde_json::from_str(SAMPLE).unwrap();
    sample["tables"]["puzzle_work_profile"][1]["work_title"] = "看CANARY-chunk-2-b44b70b9".into();
    check(&sample.to_string(), &["/tables/puzzle_work_profile/1/work_title"]);
}
