//! The official test suite of JSON Schema, which is in `tests/suite`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use probe::{Limits, Probe, Shape};
use serde_json::from_str;
use serde_json::value::RawValue;

/// The groups with a keyword that is not supported, each with the place of the keyword.
const UNSUPPORTED: [[&str; 3]; 3] = [
    [
        "additionalProperties.json",
        "dependentSchemas with additionalProperties",
        "/dependentSchemas",
    ],
    [
        "not.json",
        "collect annotations inside a 'not', even if collection is disabled",
        "/not/unevaluatedProperties",
    ],
    [
        "ref.json",
        "ref creates new scope when adjacent to keywords",
        "/$defs/A/unevaluatedProperties",
    ],
];

/// The groups of `refRemote.json` that need another document, each with the place of the reference.
const REMOTE: [[&str; 2]; 15] = [
    ["remote ref", "/$ref"],
    ["fragment within remote ref", "/$ref"],
    ["anchor within remote ref", "/$ref"],
    ["ref within remote ref", "/$ref"],
    ["base URI change", "/items/items/$ref"],
    ["base URI change - change folder", "/$defs/baz/items/$ref"],
    ["base URI change - change folder in subschema", "/$defs/baz/$defs/bar/items/$ref"],
    ["root ref in remote ref", "/properties/name/$ref"],
    ["remote ref with ref to defs", "/$ref"],
    ["Location-independent identifier in remote ref", "/$ref"],
    ["retrieved nested refs resolve relative to their URI not $id", "/properties/name/$ref"],
    ["remote HTTP ref with different $id", "/$ref"],
    ["remote HTTP ref with different URN $id", "/$ref"],
    ["remote HTTP ref with nested absolute ref", "/$ref"],
    ["$ref to $ref finds detached $anchor", "/$ref"],
];

fn files() -> Vec<PathBuf> {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let entries = [suite.clone(), suite.join("optional")].map(|folder| {
        fs::read_dir(folder)
            .expect("the suite is there")
            .map(|entry| entry.expect("readable").path())
    });
    let mut files: Vec<_> = entries.into_iter().flatten().collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

/// The members of an object as they are written: numbers are not to be read by another reader first.
fn raw<'a>(text: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    let members: BTreeMap<String, &RawValue> =
        from_str(text.get()).expect("an object of the suite");
    members.get(name).copied()
}

fn text(group: &RawValue, name: &str) -> String {
    from_str(raw(group, name).expect("the member is there").get()).expect("a text")
}

/// All groups that are to be refused, with what is to be said of them, in the order of the files.
fn refusals() -> Vec<[String; 3]> {
    let unsupported = UNSUPPORTED.map(|[file, title, place]| {
        [file, title, &format!("{place}: the keyword is not supported")].map(str::to_owned)
    });
    let remote = REMOTE.map(|[title, place]| {
        let reason = format!("{place}: the reference leads to no place in this document");
        ["refRemote.json", title, &reason].map(str::to_owned)
    });
    unsupported.into_iter().chain(remote).collect()
}

#[derive(Default)]
struct Tally {
    groups: usize,
    tests: usize,
    refused: Vec<[String; 3]>,
    wrong: Vec<String>,
}

impl Tally {
    fn group(&mut self, file: &str, group: &RawValue) {
        self.groups += 1;
        let title = text(group, "description");
        let schema = raw(group, "schema").expect("a group has a schema").get();
        let shape = match Shape::from_json(schema.as_bytes()) {
            Ok(shape) => shape,
            Err(error) => {
                return self.refused.push([file.to_owned(), title, error.to_string()]);
            }
        };
        let tests: Vec<&RawValue> =
            from_str(raw(group, "tests").expect("a group has tests").get()).expect("a list");
        for test in tests {
            self.tests += 1;
            let data = raw(test, "data").expect("a test has data").get();
            let valid = raw(test, "valid").expect("a test has an answer").get() == "true";
            let violations = Probe::new(Limits::default()).check(&shape, data.as_bytes()).to_vec();
            if violations.is_empty() != valid {
                let name = text(test, "description");
                self.wrong.push(format!("{file}: {title}: {name}: {data}: {violations:?}"));
            }
        }
    }
}

#[test]
fn every_group_agrees_or_is_refused_for_the_reason_given() {
    let mut tally = Tally::default();
    for path in files() {
        let file = path.file_name().expect("a file").to_string_lossy().into_owned();
        let optional = path.parent().is_some_and(|folder| folder.ends_with("optional"));
        let file = if optional { format!("optional/{file}") } else { file };
        let content = fs::read_to_string(&path).expect("the file can be read");
        let groups: Vec<&RawValue> = from_str(&content).expect("a list of groups");
        groups.into_iter().for_each(|group| tally.group(&file, group));
    }
    assert_eq!(tally.wrong, [""; 0]);
    assert_eq!(tally.refused, refusals());
    assert!(tally.groups >= 284 && tally.tests >= 918, "{} and {}", tally.groups, tally.tests);
}
