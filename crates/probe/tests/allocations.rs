//! A body that conforms must not cost an allocation once the buffers have grown.

use allocation_counter::measure;
use probe::{Limits, Probe, Shape, gallery};

fn shape(name: &str) -> Shape {
    let source = gallery::shape_source(name).expect("a name of the list");
    Shape::from_json(source.as_bytes()).expect("a built-in shape compiles")
}

fn list(works: usize) -> String {
    let card = |n| {
        format!(
            r#"{{"profileId":"profile-{n}","ownerUserId":"user-{n}","levelName":null,
            "workTitle":"安静的\u5c71谷 {n}","themeTags":["夜","b"],"coverImageSrc":null,
            "playCount":{n},"rating":4.5,"extra":{{"a":[1,2,{{}}]}}}}"#
        )
    };
    let cards: Vec<_> = (0..works).map(card).collect();
    format!(r#"{{"data":{{"items":[{}]}},"meta":{{"requestId":"r"}}}}"#, cards.join(","))
}

/// An object of so many keys that they are sorted to find a second one of a name.
fn wide() -> String {
    let members: Vec<_> = (0..500).map(|n| format!(r#""key-{n}":{n}"#)).collect();
    format!(r#"{{"data":[],"meta":{{{}}}}}"#, members.join(","))
}

#[test]
fn a_conforming_body_costs_no_allocation() {
    let (shape, detail) = (shape("puzzle-gallery"), shape("puzzle-gallery-detail"));
    let card = r#"{"profileId":"p","ownerUserId":"u","title":"t"}"#;
    let mut probe = Probe::new(Limits::default());
    let (large, small, wide) = (list(80), list(3), wide());
    let mut check_all = || {
        for body in [&large, &small, &wide] {
            assert!(probe.check(&shape, body.as_bytes()).is_empty());
        }
        assert!(probe.check(&detail, card.as_bytes()).is_empty());
    };
    check_all();
    let counted = measure(|| (0..10).for_each(|_| check_all()));
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

/// A shape with every keyword that may need room: expressions, comparisons of items, decimals.
const KEYWORDS: &str = r##"{"$id": "urn:example:root", "type": "array", "uniqueItems": true,
    "contains": {"type": "object"}, "minContains": 2, "maxContains": 100, "items": {"anyOf": [
        {"type": ["string", "number", "array"], "pattern": "^(?:[a-z]+|\\p{L}\\d*|\\bx.y)$",
            "multipleOf": 0.0025, "items": {"multipleOf": 3}, "uniqueItems": true},
        {"type": "object", "propertyNames": {"pattern": "^[a-z]\\d*$"},
            "patternProperties": {"^k": {"type": "number"}, "\\d$": {"minimum": 0}},
            "additionalProperties": {"$ref": "#tail"}, "dependentRequired": {"k0": ["z"]}}]},
    "$defs": {"tail": {"$anchor": "tail", "not": {"const": [1, {"a": null}]},
        "if": {"type": "string"}, "then": {"enum": ["", "森林", "tail"]}, "else": false}}}"##;

fn varied(items: usize) -> String {
    let item = |n| match n % 4 {
        0 => format!(r#"{{"k0":{n},"k1":1.5,"z":"\u68ee林","y":"tail"}}"#),
        1 => format!(r#""\u00e9{n}""#),
        2 => format!("{n}.0075"),
        _ => format!("[3,{}e3,9,12,15,18,21,24,27,30,33]", 3 * n + 99),
    };
    format!("[{}]", (0..items).map(item).collect::<Vec<_>>().join(","))
}

#[test]
fn no_keyword_costs_an_allocation_of_a_conforming_body() {
    let shape = Shape::from_json(KEYWORDS.as_bytes()).expect("the schema compiles");
    no_allocation(&shape);
    // Expressions keep what they need for each thread, and treat the first one in another way.
    std::thread::scope(|scope| scope.spawn(|| no_allocation(&shape)).join().expect("no panic"));
}

fn no_allocation(shape: &Shape) {
    let mut probe = Probe::new(Limits::default());
    let (large, small) = (varied(200), varied(8));
    // The expressions keep what they have learned of texts, too.
    let mut check_all = || {
        for body in [&large, &small] {
            assert_eq!(probe.check(shape, body.as_bytes()), []);
        }
    };
    check_all();
    let counted = measure(|| (0..10).for_each(|_| check_all()));
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn the_counter_counts() {
    let shape = shape("puzzle-gallery");
    let mut probe = Probe::new(Limits::default());
    let counted = measure(|| assert_eq!(probe.check(&shape, b"{}").len(), 1));
    assert!(counted.count_total > 0, "{counted:?}");
}
