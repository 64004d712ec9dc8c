//! What a schema cannot say of the items of a body.

use std::sync::Arc;

use probe::{Contract, ItemRules, Limits, Probe, Shape};

fn examined(rules: &ItemRules, asked: &[&str], body: &str) -> (Option<usize>, Vec<String>) {
    let shape = Arc::new(Shape::from_json(b"true").expect("the schema true compiles"));
    let contract = Contract::new(shape).with_items(rules.clone());
    let asked: Vec<Box<str>> = asked.iter().map(|&text| text.into()).collect();
    let mut probe = Probe::new(Limits::default());
    let examined = probe.examine(&contract, &asked, body.as_bytes());
    let lines = examined.violations.iter().map(ToString::to_string).collect();
    (examined.items, lines)
}

#[test]
fn ids_of_a_list_are_unique_and_those_of_the_dataset() {
    let unique = "/l/*/id: unique id: expected each id once, found it again";
    let other = "/l/*/id: dataset id: expected an id of the dataset, found another";
    let missing = "/l: dataset id: expected every id of the dataset, found less";
    let rules = ItemRules::of_list(["/l"], "id");
    let known = rules.clone().known(["a", "b", "c", "b"]);
    let list = |ids: &[&str]| {
        let items: Vec<_> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        format!(r#"{{"l":[{}]}}"#, items.join(","))
    };
    for (ids, alone, beside_a_dataset) in [
        (&["a", "b", "c"][..], vec![], vec![]),
        (&["c", "\\u0061", "b"], vec![], vec![]),
        (&["a", "b"], vec![], vec![missing]),
        (&["b", "c"], vec![], vec![missing]),
        (&[], vec![], vec![missing]),
        (&["a", "b", "c", "d"], vec![], vec![other]),
        (&["a", "b", "d"], vec![], vec![other, missing]),
        (&["a", "b", "c", "a"], vec![unique], vec![unique]),
        (&["a", "a", "b"], vec![unique], vec![unique, missing]),
        (&["x", "y", "x"], vec![unique], vec![unique, other, missing]),
    ] {
        let body = list(ids);
        let all = |lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(examined(&rules, &[], &body), (Some(ids.len()), all(alone)), "{body}");
        assert_eq!(
            examined(&known, &[], &body),
            (Some(ids.len()), all(beside_a_dataset)),
            "{body}"
        );
    }
}

#[test]
fn items_without_a_text_for_an_id_are_left_to_the_shape() {
    let rules = ItemRules::of_list([""], "id");
    assert_eq!(examined(&rules, &[], r#"[{"id":1},{"id":1},{},7]"#), (Some(4), vec![]));
}

#[test]
fn one_broken_id_is_not_a_missing_one_too() {
    let rules = ItemRules::of_list([""], "id").known(["a", "b"]);
    assert_eq!(examined(&rules, &[], r#"[{"id":"a"},{"id":1}]"#), (Some(2), vec![]));
    assert_eq!(examined(&rules, &[], r#"[{"id":"a"}]"#).1.len(), 1);
}

#[test]
fn ids_of_a_dataset_are_not_shown() {
    let rules = ItemRules::of_list([""], "id").known(["profile-private-1", "b"]);
    let shown = format!("{rules:?}");
    assert!(shown.contains("known: Some(2)") && !shown.contains("private"), "{shown}");
}

#[test]
fn the_first_place_that_leads_to_items_counts() {
    let rules = ItemRules::of_list(["/data/items", "/a~1b/c~0d", "/data", ""], "id");
    for (body, items) in [
        (r#"{"data":{"items":[1,2]},"a/b":{"c~d":[1]}}"#, Some(2)),
        (r#"{"data":{"items":{}},"a/b":{"c~d":[1]}}"#, Some(1)),
        (r#"{"data":[1,2,3],"a/b":[]}"#, Some(3)),
        ("[]", Some(0)),
        (r#"{"data":null}"#, None),
        ("7", None),
    ] {
        let (found, lines) = examined(&rules, &[], body);
        assert_eq!(found, items, "{body}");
        let nowhere = "(whole body): place: expected items at one of the places where they are looked \
                       for, found nothing";
        assert_eq!(lines, if items.is_none() { vec![nowhere] } else { vec![] }, "{body}");
    }
}

#[test]
fn a_detail_is_the_one_that_was_asked_for() {
    let rules = ItemRules::of_detail(["/item", ""], "id").asked(["owner", "id"]);
    let wrong = |path: &str| {
        format!("{path}: asked id: expected the one that was asked for, found another")
    };
    for (body, lines) in [
        (r#"{"item":{"id":"i","owner":"o"}}"#, vec![]),
        (r#"{"id":"i","owner":"o"}"#, vec![]),
        (r#"{"id":"i"}"#, vec![]),
        (r#"{"id":"i","owner":7}"#, vec![]),
        (r#"{"item":{"id":"o","owner":"i"}}"#, vec![wrong("/item/owner"), wrong("/item/id")]),
        (r#"{"id":"I","owner":"o"}"#, vec![wrong("/id")]),
    ] {
        assert_eq!(examined(&rules, &["o", "i"], body), (Some(1), lines), "{body}");
    }
    let known = ItemRules::of_detail([""], "id").known(["a", "b"]);
    assert_eq!(examined(&known, &[], r#"{"id":"b"}"#).1, [""; 0]);
    let other = "/id: dataset id: expected an id of the dataset, found another";
    assert_eq!(examined(&known, &[], r#"{"id":"c"}"#).1, [other]);
}
