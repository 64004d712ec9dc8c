//! Learnt shapes: every body that was observed conforms, learners merge, and nothing private shows.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used)]

mod random;

use probe::{LearnError, LearnLimits, Learner, Limits, Probe, Shape};
use random::Random;
use serde_json::{Map, Value, json};

fn learnt(bodies: &[&str]) -> (String, Learner) {
    let mut learner = Learner::new(LearnLimits::default());
    bodies.iter().for_each(|body| learner.observe(body.as_bytes()).unwrap());
    (learner.shape_json("test"), learner)
}

/// The schema without what every shape begins with.
fn schema(learner: &Learner) -> Value {
    let mut schema: Value = serde_json::from_str(&learner.shape_json("test")).unwrap();
    for keyword in ["$schema", "title", "description"] {
        schema.as_object_mut().unwrap().remove(keyword).unwrap();
    }
    schema
}

fn check(bodies: &[&str], expected: &Value) {
    let (text, learner) = learnt(bodies);
    assert_eq!(schema(&learner), *expected, "{text}");
}

fn repeated(body: &str, count: usize) -> Vec<&str> {
    vec![body; count]
}

#[test]
fn types_are_those_that_were_seen() {
    check(&[], &json!({}));
    check(&["1"], &json!({"type": "integer"}));
    check(&["1", "2.0"], &json!({"type": "number"}));
    check(&["1", "18446744073709551616"], &json!({"type": "integer"}));
    check(&["1", "1e400"], &json!({"type": "integer"}));
    check(&["null", "\"a\""], &json!({"type": ["string", "null"]}));
    check(&["[]"], &json!({"type": "array"}));
    check(
        &["[[1], [\"a\"]]"],
        &json!({
            "type": "array", "items": {"type": "array", "items": {"type": ["integer", "string"]}}
        }),
    );
}

#[test]
fn fields_that_every_object_has_are_required() {
    check(
        &[r#"[{"b": 1, "a": true}, {"b": 2, "c": null}]"#],
        &json!({
            "type": "array",
            "items": {"type": "object", "required": ["b"], "properties": {
                "b": {"type": "integer"}, "a": {"type": "boolean"}, "c": {"type": "null"}
            }}
        }),
    );
    let (text, _) = learnt(&[r#"{"b": 1, "a": 1}"#, r#"{"c": 1, "a": 1}"#]);
    assert!(
        text.find("\"b\"") < text.find("\"a\": {") && text.find("\"a\": {") < text.find("\"c\"")
    );
}

#[test]
fn what_was_never_empty_must_not_be() {
    let of = |items: &[&str]| format!("[{}]", items.join(","));
    let properties =
        |items: &[&str]| schema(&learnt(&[&of(items)]).1)["items"]["properties"].clone();
    let full = r#"{"l": [1], "s": "a", "n": 0}"#;
    let strict = properties(&repeated(full, 8));
    assert_eq!(
        strict,
        json!({
            "l": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 0}},
            "s": {"type": "string", "minLength": 1},
            "n": {"type": "integer", "minimum": 0},
        })
    );
    let tolerant = json!({
        "l": {"type": "array", "items": {"type": "integer"}},
        "s": {"type": "string"},
        "n": {"type": "integer"},
    });
    assert_eq!(properties(&repeated(full, 7)), tolerant);
    // The same seven again and again are no more.
    let again = learnt(&repeated(&of(&repeated(full, 7)), 100)).1;
    assert_eq!(schema(&again)["items"]["properties"], tolerant);
    let empty =
        properties(&[&repeated(full, 8)[..], &[r#"{"l": [-1], "s": "", "n": -1}"#]].concat());
    assert_eq!(empty["s"], tolerant["s"]);
    assert_eq!(empty["n"], tolerant["n"]);
    assert_eq!(empty["l"]["items"], tolerant["l"]["items"]);
    let empty = properties(&[&repeated(full, 8)[..], &[r#"{"l": [], "s": "", "n": -1}"#]].concat());
    assert_eq!(empty["l"], json!({"type": "array", "items": {"type": "integer", "minimum": 0}}));
}

#[test]
fn a_list_may_grow_but_a_pair_stays_one() {
    let works = r#"[{"at": [1.5, 2], "tags": ["a", "b"]}]"#;
    let many = format!("[{}]", vec![&works[1..works.len() - 1]; 20].join(","));
    let items = |body: &str| schema(&learnt(&repeated(body, 100)).1)["items"]["properties"].clone();
    assert_eq!(items(&many)["at"]["maxItems"], json!(2));
    assert_eq!(items(&many)["tags"]["maxItems"], Value::Null);
    // One item a body says nothing, however often the body comes.
    assert_eq!(items(works)["at"]["maxItems"], Value::Null);
}

#[test]
fn words_that_many_items_share_are_listed() {
    let list = |values: &[&str]| {
        let items = values.iter().map(|value| json!({"status": value, "city": value}));
        Value::from_iter(items).to_string()
    };
    let words = |values: &[&str]| {
        let body = list(values);
        schema(&learnt(&repeated(&body, 10)).1)["items"]["properties"].clone()
    };
    let shared = words(&[["draft"; 5], ["published"; 5]].concat());
    assert_eq!(shared["status"]["enum"], json!(["draft", "published"]));
    assert_eq!(shared["city"]["enum"], Value::Null);
    for values in [
        [["draft"; 6], ["published"; 6]].concat()[..10].to_vec(),
        [&["draft"; 9][..], &["two words"]].concat(),
        [&["draft"; 9][..], &["PZ-99999"]].concat(),
        ["a", "b", "c", "d", "e", "f", "g", "h", "i"].repeat(5),
    ] {
        assert_eq!(words(&values)["status"]["enum"], Value::Null, "{values:?}");
    }
    let with_null = format!("[{}]", vec![r#"{"kind": "a"}, {"kind": null}"#; 25].join(","));
    let kind = schema(&learnt(&repeated(&with_null, 2)).1)["items"]["properties"]["kind"].clone();
    assert_eq!(kind["enum"], json!(["a", null]));
}

#[test]
fn keys_that_are_data_are_not_written() {
    let value = json!({"type": "integer"});
    let map = |keys: Vec<String>| {
        // Not alike, because eight or more that are alike are data.
        let value = |at: usize| if at.is_multiple_of(2) { json!(1) } else { json!(true) };
        let members = keys.into_iter().enumerate().map(|(at, key)| (key, value(at)));
        let body = Value::Object(members.collect());
        let schema = schema(&learnt(&[&body.to_string()]).1);
        (schema["properties"].is_null(), schema["additionalProperties"].clone())
    };
    let letters =
        |n: usize| format!("k{}", char::from(b'a' + (n % 26) as u8).to_string().repeat(n / 26 + 1));
    assert!(!map((0..64).map(letters).collect()).0);
    let either = json!({"type": ["boolean", "integer"]});
    let mapped = (true, either.clone());
    assert_eq!(map((0..65).map(letters).collect()), mapped);
    assert_eq!(map(vec!["user_1234567".to_owned()]), (true, value.clone()));
    assert_eq!(map(vec!["Zhang San".to_owned(), "a".to_owned()]), (true, either));

    check(
        &[r#"{"countsByUser": {"alice": 1}}"#],
        &json!({
            "type": "object", "required": ["countsByUser"],
            "properties": {"countsByUser": {"type": "object", "additionalProperties": value}}
        }),
    );
}

#[test]
fn keys_that_are_each_in_few_objects_or_all_alike_are_data() {
    let names = ["ann", "bob", "cem", "dan", "eve", "fay", "gus", "hal"];
    let few = names.map(|name| format!("{{\"likes\": {{\"{name}\": 1}}}}"));
    let few: Vec<_> = few.iter().map(String::as_str).collect();
    let text = learnt(&few).0;
    assert!(!text.contains("ann") && text.contains("additionalProperties"), "{text}");

    for value in ["1", "\"x\"", "true", "null"] {
        let alike =
            names.map(|name| format!("\"{name}\": {}", if name == "cem" { "null" } else { value }));
        let likes = format!("{{\"likes\": {{{}}}}}", alike.join(","));
        let text = learnt(&[&format!("[{}]", [&*likes; 12].join(","))]).0;
        assert!(!text.contains("ann") && text.contains("likes"), "{text}");
    }
    let alike = names.map(|name| format!("\"{name}\": {{\"plays\": 1, \"rank\": 2}}"));
    let text = learnt(&[&format!("{{{}}}", alike.join(","))]).0;
    assert!(!text.contains("ann") && text.contains("plays"), "{text}");
}

#[test]
fn what_is_beyond_a_bound_may_be_anything() {
    let limits = LearnLimits { places_max: 3, depth_max: 3, ..LearnLimits::default() };
    let mut learner = Learner::new(limits);
    learner.observe(br#"{"a": 1, "b": {"deep": {"deeper": 1}}, "c": 1}"#).unwrap();
    assert_eq!(learner.generalised(), 2);
    learner.observe(br#"{"a": 1, "b": {"deep": [1]}, "c": "x"}"#).unwrap();
    assert_eq!(
        schema(&learner),
        json!({
            "type": "object", "required": ["a", "b"],
            "properties": {"a": {"type": "integer"}, "b": {"type": "object"}}
        })
    );
    // The other one may have seen anything under the names that it had no room for.
    let mut other = Learner::new(limits);
    other.observe(br#"{"c": true, "a": 2, "d": null}"#).unwrap();
    other.merge(learner);
    let text = other.shape_json("test");
    for body in [r#"{"c": "x", "a": 1, "b": {}}"#, r#"{"c": true, "a": 2, "d": null}"#] {
        assert!(conforms(&text, body.as_bytes()), "{body} {text}");
    }
}

#[test]
fn bodies_that_no_shape_admits_are_counted_and_explained() {
    let mut learner = Learner::new(LearnLimits { body_bytes_max: 20, ..LearnLimits::default() });
    let refused = |learner: &mut Learner, body: &str| learner.observe(body.as_bytes()).unwrap_err();
    assert!(matches!(refused(&mut learner, "<p>secret"), LearnError::Json { .. }));
    assert!(matches!(refused(&mut learner, r#"{"a":1,"a":"b"}"#), LearnError::DuplicateKey));
    assert!(matches!(
        refused(&mut learner, "\"01234567890123456789\""),
        LearnError::TooLong { .. }
    ));
    let shown = format!("{} {learner:?}", refused(&mut learner, "{\"secret\""));
    assert!(!shown.contains("secret"), "{shown}");
    assert_eq!((learner.bodies(), learner.refused(), schema(&learner)), (0, 4, json!({})));
}

#[test]
fn a_shape_is_laid_out_for_a_reader() {
    let (text, _) = learnt(&[r#"{"items": [{"id": "a", "tags": []}], "total": 1}"#]);
    let expected = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "test",
  "description": "Learnt from 1 body. Loosen what may change: required, enum, minItems, minLength, minimum.",
  "type": "object",
  "required": ["items", "total"],
  "properties": {
    "items": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["id", "tags"],
        "properties": {
          "id": {"type": "string"},
          "tags": {"type": "array"}
        }
      }
    },
    "total": {"type": "integer"}
  }
}
"#;
    assert_eq!(text, expected);
}

// --- generated bodies ---------------------------------------------------------------------------

const NAMES: [&str; 10] =
    ["a", "status", "items", "ownerId", "b", "c", "kind", "meta", "tags", "d"];
const PRIVATE: [&str; 10] = [
    "Zhang Wei",
    "Alice",
    "+4917012345678",
    "alice@example.com",
    "eyJhbGciOiJIUzI1NiJ9",
    "https://cdn.example.com/p/9",
    "PZ-8837261",
    "4fd1c2aa90be",
    "user_20391",
    "李雷",
];

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth > 4 { 7 } else { 12 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 0),
        2 => json!(random.below(1000)),
        3 => json!(random.below(1000) as f64 / 8.0 - 20.0),
        4 | 5 => json!(random.pick(&PRIVATE)),
        6 => json!(random.pick(&["", "draft", "published"])),
        7 | 8 => (0..random.below(4)).map(|_| value(random, depth + 1)).collect(),
        9 => {
            let keys = random.below(3);
            let pairs = (0..keys).map(|_| (private_key(random), value(random, depth + 1)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        _ => {
            let keys = random.below(6);
            let pairs =
                (0..keys).map(|_| (random.pick(&NAMES).to_owned(), value(random, depth + 1)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

/// A key that looks like data.
fn private_key(random: &mut Random) -> String {
    let key = random.pick(&PRIVATE);
    // One word of letters alone is what a field's name is too.
    if key == "Alice" { format!("Alice {}", random.below(9)) } else { key.to_owned() }
}

fn conforms(shape: &str, body: &[u8]) -> bool {
    let shape = Shape::from_json(shape.as_bytes()).unwrap_or_else(|e| panic!("{e}: {shape}"));
    Probe::new(Limits::default()).check(&shape, body).is_empty()
}

/// A learner for each half of the bodies, and one for all of them.
fn learners(bodies: &[String], half: usize, limits: LearnLimits) -> [Learner; 3] {
    let learn = |bodies: &[String]| {
        let mut learner = Learner::new(limits);
        bodies.iter().for_each(|body| learner.observe(body.as_bytes()).unwrap());
        learner
    };
    [learn(&bodies[..half]), learn(&bodies[half..]), learn(bodies)]
}

#[test]
fn every_observed_body_conforms_and_nothing_private_is_written() {
    let mut checked = 0;
    for seed in 0..600 {
        let mut random = Random(seed);
        let count = 1 + random.below(60);
        let bodies: Vec<_> = (0..count).map(|_| value(&mut random, 0).to_string()).collect();
        // Some learners are short of room.
        let places_max = if seed % 3 == 0 { 1 + random.below(40) } else { 2_000 };
        let keys_max = if seed % 5 == 0 { 1 + random.below(4) } else { 64 };
        let depth_max = if seed % 7 == 0 { 1 + random.below(5) } else { 24 };
        let limits = LearnLimits { places_max, keys_max, depth_max, ..LearnLimits::default() };
        let [mut first, second, all] = learners(&bodies, random.below(count + 1), limits);
        first.merge(second);
        assert_eq!(first.bodies(), all.bodies());
        for learner in [&first, &all] {
            let text = learner.shape_json("test");
            let shape = Shape::from_json(text.as_bytes()).unwrap();
            let mut probe = Probe::new(Limits::default());
            for body in &bodies {
                let violations = probe.check(&shape, body.as_bytes());
                assert!(violations.is_empty(), "seed {seed}: {violations:?}\n{body}\n{text}");
                checked += 1;
            }
            assert!(!PRIVATE.iter().any(|text_| text.contains(text_)), "seed {seed}: {text}");
        }
        if all.generalised() == 0 && first.generalised() == 0 {
            assert_eq!(schema(&first), schema(&all), "seed {seed}");
        }
    }
    assert!(checked > 20_000, "{checked}");
}
