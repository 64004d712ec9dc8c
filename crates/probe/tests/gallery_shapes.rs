//! The built-in shapes: answers that a page can draw, and answers broken in one place each.

use probe::{Limits, Probe, Shape, gallery};
use serde_json::{Value, json};

const LISTS: [&str; 4] =
    ["puzzle-gallery", "puzzle-works", "custom-world-gallery", "custom-world-works"];
const DETAILS: [&str; 3] =
    ["puzzle-gallery-detail", "puzzle-works-detail", "custom-world-gallery-detail"];

fn shape(name: &str) -> Shape {
    let source = gallery::shape_source(name).expect("a name of the list");
    Shape::from_json(source.as_bytes()).expect("a built-in shape compiles")
}

fn lines(name: &str, body: &Value) -> Vec<String> {
    let body = body.to_string();
    let mut probe = Probe::new(Limits::default());
    probe.check(&shape(name), body.as_bytes()).iter().map(ToString::to_string).collect()
}

fn card(name: &str) -> Value {
    let mut card = json!({
        "profileId": "profile-1", "ownerUserId": "user-1", "publicWorkCode": "code-1",
        "coverImageSrc": null, "themeTags": ["森林", "夜"], "playCount": 7, "likeCount": 0.0,
        "publishedAt": 1_777_728_415_514_527_u64, "publicationStatus": "published",
        "somethingNew": {"nested": [1, {"deep": null}]},
    });
    let title = if name.starts_with("puzzle") { "workTitle" } else { "worldName" };
    card[title] = json!("安静的山谷");
    card
}

fn good_bodies(name: &str) -> Vec<Value> {
    let (card, meta) = (card(name), json!({"requestId": "r-1"}));
    if DETAILS.contains(&name) {
        return vec![
            json!({"data": {"item": card}, "meta": meta}),
            json!({"data": {"entry": card}}),
            json!({"data": card, "meta": null}),
            json!({"item": card}),
            json!({"work": card}),
            card,
        ];
    }
    vec![
        json!({"data": {"items": [card, card]}, "meta": meta}),
        json!({"data": {"entries": [card], "total": 1}, "meta": meta}),
        json!({"data": {"works": [card]}}),
        json!({"data": [card]}),
        json!({"data": {"items": []}, "meta": meta}),
        json!({"items": [card]}),
        json!([card]),
        json!([]),
    ]
}

#[test]
fn every_name_has_a_shape_and_no_other_name_has() {
    let mut names = [&LISTS[..], &DETAILS[..]].concat();
    names.sort_unstable();
    assert_eq!(gallery::NAMES, names);
    for name in names {
        shape(name);
    }
    assert_eq!(gallery::shape_source("puzzle-gallery.json"), None);
    assert_eq!(gallery::shape_source(""), None);
}

#[test]
fn what_a_page_can_draw_conforms() {
    for name in gallery::NAMES {
        for body in good_bodies(name) {
            assert_eq!(lines(name, &body), [""; 0], "{name}: {body}");
        }
    }
}

/// A change to one field of a card, and what is then said of that field.
fn broken_fields() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("profileId", json!(7), "profileId: type: expected string, found number"),
        ("profileId", json!(""), "profileId: minLength: expected at least 1, found less"),
        ("profileId", json!(null), "profileId: type: expected string, found null"),
        ("ownerUserId", json!(""), "ownerUserId: minLength: expected at least 1, found less"),
        ("ownerUserId", json!({}), "ownerUserId: type: expected string, found object"),
        ("themeTags", json!("夜"), "themeTags: type: expected array, found string"),
        ("themeTags", json!(["夜", 1]), "themeTags/*: type: expected string, found number"),
        ("tags", json!([null]), "tags/*: type: expected string, found null"),
        ("playCount", json!("7"), "playCount: type: expected number, found string"),
        ("playCount", json!(-1), "playCount: minimum: expected at least 0, found less"),
        ("coverImageSrc", json!([]), "coverImageSrc: type: expected null or string, found array"),
        ("isPublished", json!(1), "isPublished: type: expected boolean, found number"),
        ("publishedAt", json!(true), {
            "publishedAt: type: expected null or integer or string, found boolean"
        }),
    ]
}

/// The body with a card in it that a route of this name is known to answer, and the card's path.
fn enveloped(name: &str, card: &Value) -> (Value, &'static str) {
    if DETAILS.contains(&name) {
        return (json!({"data": {"item": card}, "meta": {}}), "/data/item");
    }
    let good = self::card(name);
    (json!({"data": {"items": [good, card, good, card]}, "meta": {}}), "/data/items/*")
}

fn bare(name: &str, card: &Value) -> (Value, &'static str) {
    if DETAILS.contains(&name) { (card.clone(), "") } else { (json!([card]), "/*") }
}

#[test]
fn one_broken_field_is_the_one_violation() {
    for name in gallery::NAMES {
        for (field, value, line) in broken_fields() {
            let mut card = card(name);
            card[field] = value;
            for (body, path) in [enveloped(name, &card), bare(name, &card)] {
                assert_eq!(lines(name, &body), [format!("{path}/{line}")], "{name}: {body}");
            }
        }
    }
}

#[test]
fn a_missing_id_or_title_is_the_one_violation() {
    for name in gallery::NAMES {
        for field in ["profileId", "ownerUserId"] {
            let mut card = card(name);
            card.as_object_mut().unwrap().remove(field);
            let (body, path) = enveloped(name, &card);
            let line = format!("{path}/{field}: required: expected a value, found nothing");
            assert_eq!(lines(name, &body), [line], "{name}");
        }
        let title = if name.starts_with("puzzle") { "workTitle" } else { "worldName" };
        let mut card = card(name);
        for (value, complaint) in
            [(json!(5), "null or string, found number"), (json!(null), "string, found null")]
        {
            card[title] = value;
            let (body, path) = enveloped(name, &card);
            let line = format!("{path}/{title}: type: expected {complaint}");
            assert_eq!(lines(name, &body), [line], "{name}");
        }
        card.as_object_mut().unwrap().remove(title);
        let (body, path) = enveloped(name, &card);
        let line =
            format!("{path}: anyOf: expected a match with one or more of 5 schemas, found object");
        assert_eq!(lines(name, &body), [line], "{name}");
    }
}

#[test]
fn a_list_has_to_be_there() {
    let nothing = "anyOf: expected a match with one or more of";
    for name in LISTS {
        for (body, expected) in [
            (json!({}), format!("(whole body): {nothing} 5 schemas, found object")),
            (
                json!({"error": {"code": "x"}}),
                format!("(whole body): {nothing} 5 schemas, found object"),
            ),
            (json!({"data": {}}), format!("/data: {nothing} 4 schemas, found object")),
            (json!({"data": {"rows": []}}), format!("/data: {nothing} 4 schemas, found object")),
            (json!({"data": null}), "/data: type: expected array or object, found null".to_owned()),
            (
                json!({"data": {"items": {}}}),
                "/data/items: type: expected array, found object".to_owned(),
            ),
            (
                json!({"data": {"items": [[]]}}),
                "/data/items/*: type: expected object, found array".to_owned(),
            ),
            (
                json!({"data": [], "meta": 1}),
                "/meta: type: expected null or object, found number".to_owned(),
            ),
            (json!("x"), "(whole body): type: expected array or object, found string".to_owned()),
        ] {
            assert_eq!(lines(name, &body), [expected], "{name}: {body}");
        }
    }
}

#[test]
fn a_detail_has_to_be_there() {
    for name in DETAILS {
        for (body, expected) in [
            (json!({"data": null}), "/data: type: expected object, found null"),
            (json!({"data": {"item": null}}), "/data/item: type: expected object, found null"),
            (json!([card(name)]), "(whole body): type: expected object, found array"),
        ] {
            assert_eq!(lines(name, &body), [expected], "{name}: {body}");
        }
        for body in [json!({}), json!({"error": {"code": "x"}}), json!({"error": "x", "meta": {}})]
        {
            let lines = lines(name, &body);
            assert_eq!(lines.len(), 3, "{name}: {lines:?}");
            assert_eq!(lines[0], "/profileId: required: expected a value, found nothing");
        }
    }
}
