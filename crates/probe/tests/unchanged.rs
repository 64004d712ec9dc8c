//! Bodies that are known again, beside a probe that judges every one of them in full: the two must
//! say the same, whatever stands around what is known.

mod random;

use std::sync::Arc;

use allocation_counter::measure;
use probe::{Contract, ItemRules, Limits, Probe, Shape, gallery};
use random::Random;

fn contract(shape: &str) -> Contract {
    Contract::new(Arc::new(Shape::from_json(shape.as_bytes()).expect("the shape compiles")))
}

fn built_in() -> Contract {
    let source = gallery::shape_source("puzzle-gallery").expect("a name of the list");
    contract(source).with_items(rules())
}

fn rules() -> ItemRules {
    ItemRules::of_list(["/items", "/data/items", "/meta/items", "/data"], "profileId")
        .known(["a", "b", "c"])
}

/// A list that takes more bytes than what stands around it.
fn list(ids: &[&str]) -> String {
    let card = |id: &&str| {
        format!(
            r#"{{"profileId":"{id}","ownerUserId":"u","title":"一个很长的名字 {id}","extra":[1,{{}}]}}"#
        )
    };
    ids.iter().map(card).collect::<Vec<_>>().join(",")
}

/// Shapes that look at the members of a body in every way, and at one because of another.
const SHAPES: &[&str] = &[
    "true",
    r#"{"properties": {"data": {"type": "object"}}}"#,
    r#"{"properties": {"data": {"required": ["items"]}, "meta": {"type": "object"}},
        "additionalProperties": false}"#,
    r#"{"if": {"properties": {"meta": {"required": ["strict"]}}},
        "then": {"properties": {"data": {"properties": {"items": {"minItems": 2}}}}},
        "else": {"properties": {"data": {"properties": {"items": {"maxItems": 3}}}}}}"#,
    r#"{"oneOf": [{"properties": {"data": {"type": "array"}}}, {"required": ["meta"]}]}"#,
    r#"{"not": {"properties": {"data": {"properties": {"items": {"maxItems": 1}}}}}}"#,
    r#"{"enum": [{"data": {"items": [1, 2]}}, {"data": [], "meta": {}}, 1]}"#,
    r#"{"not": {"const": {"data": {"items": []}, "meta": {}}}}"#,
    r#"{"properties": {"data": {"const": {"items": []}}}}"#,
    r#"{"additionalProperties": {"type": ["object", "array"]}, "maxProperties": 2}"#,
    r##"{"anyOf": [{"required": ["strict"]}, {"properties": {"data": {"$ref": "#/$defs/d"}}}],
        "$defs": {"d": {"properties": {"items": {"items": {"required": ["profileId"]}}}}}}"##,
];

/// A body from parts that are all right and parts that are not.
fn body(random: &mut Random) -> String {
    let lists = [
        list(&["a", "b", "c"]),
        list(&["a", "b", "c"]),
        list(&["a", "b", "c"]),
        list(&["c", "b", "a"]),
        list(&["a", "b"]),
        list(&["a", "a"]),
        list(&["a", "b", "x"]),
        String::new(),
        r#"{"profileId":1}"#.to_owned(),
    ];
    let items = &lists[random.below(lists.len())];
    let data = match random.below(6) {
        0 => format!("[{items}]"),
        1 => format!(r#"{{"items":[{items}],"more":"]}}"}}"#),
        _ => format!(r#"{{"items":[{items}]}}"#),
    };
    let key = random.pick(&["data", "data", "data", "data", "data", "d\\u0061ta", "entries"]);
    let member = format!("\"{key}\":{data}");
    let envelope = [
        "",
        r#""meta":{}"#,
        r#""meta":{"requestId":"r-1"}"#,
        r#""meta":{"requestId":"r-22","strict":true}"#,
        r#""meta":{"data":{"items":[]},"x":"\"data\":"}"#,
        r#""meta":{"items":[{"profileId":"z"}]}"#,
        r#""items":[]"#,
        r#""meta":null"#,
        r#""meta":7,"strict":1"#,
        r#""data":null"#,
        r#""meta":{"a":1,"a":2}"#,
        r#""meta":{"a":"\ud800"}"#,
        r#""meta":{"a":1e999}"#,
        r#""meta":{"a":"ü\n"}"#,
        "\"meta\":{\"a\":\"\u{1}\"}",
        r#""meta":{"a":01}"#,
        r#""meta":"#,
        r#""meta":{"#,
        r#""open":"data"#,
    ];
    // Mostly one of the first few, which are all right.
    let mut part = || {
        let among = if random.below(4) > 0 { 4 } else { envelope.len() };
        random.pick(&envelope[..among])
    };
    let (before, after) = (part(), part());
    let before = if random.below(3) > 0 { "" } else { before };
    let space = random.pick(&["", "", "", " ", "\n\t"]);
    let parts: Vec<_> =
        [before, &member, after].into_iter().filter(|part| !part.is_empty()).collect();
    let body = format!("{space}{{{space}{}}}{space}", parts.join(&format!(",{space}")));
    match random.below(25) {
        0 => body[..body.len() - 1].to_owned(),
        1 => format!("{body}x"),
        2 => body.replacen(':', " : ", 3),
        3 => format!("[{body}]"),
        _ => body,
    }
}

#[test]
fn what_is_known_again_is_judged_as_it_would_be_in_full() {
    let mut random = Random(5);
    let (mut unchanged, mut conforming, mut violating) = (0, 0, 0);
    let shapes = SHAPES.iter().map(|shape| contract(shape));
    let contracts: Vec<_> = shapes
        .flat_map(|contract| [contract.clone(), contract.with_items(rules())])
        .chain([built_in()])
        .collect();
    let mut probe = Probe::new(Limits::default());
    let mut full = Probe::new(Limits { kept_bytes_max: 0, ..Limits::default() });
    for _ in 0..50_000 {
        let contract = &contracts[random.below(contracts.len())];
        let body = body(&mut random);
        let ours = probe.examine(contract, &[], body.as_bytes());
        let theirs = full.examine(contract, &[], body.as_bytes());
        assert!(!theirs.unchanged);
        assert_eq!((ours.violations, ours.items), (theirs.violations, theirs.items), "{body}");
        unchanged += usize::from(ours.unchanged);
        *(if theirs.violations.is_empty() { &mut conforming } else { &mut violating }) += 1;
    }
    assert!(unchanged > 7_000, "{unchanged} of {conforming} conforming");
    assert!(conforming > 12_000 && violating > 12_000, "{conforming} and {violating}");
}

fn in_envelope(list: &str, request: usize) -> String {
    format!(r#"{{"data":{{"items":[{list}]}},"meta":{{"requestId":"r-{request}"}}}}"#)
}

#[test]
fn a_list_in_a_new_envelope_is_known_again_and_a_changed_one_is_not() {
    let (contract, mut probe) = (built_in(), Probe::new(Limits::default()));
    let list = list(&["a", "b", "c"]);
    let mut unchanged = |body: &str| {
        let examined = probe.examine(&contract, &[], body.as_bytes());
        assert_eq!(examined.items, Some(3));
        (examined.unchanged, examined.violations.len())
    };
    assert_eq!(unchanged(&in_envelope(&list, 1)), (false, 0));
    assert_eq!(unchanged(&in_envelope(&list, 1)), (true, 0));
    assert_eq!(unchanged(&in_envelope(&list, 1_234_567)), (true, 0));
    let behind = format!(r#"{{"meta":{{"requestId":"r"}}, "data" : {{"items":[{list}]}}}}"#);
    assert_eq!(unchanged(&behind), (true, 0));
    // One byte of one item is another.
    let broken = list.replacen("\"profileId\":\"b\"", "\"profileId\":333", 1);
    assert_eq!(broken.len(), list.len());
    assert_eq!(unchanged(&in_envelope(&broken, 2)), (false, 1));
    assert_eq!(unchanged(&in_envelope(&list, 3)), (true, 0));
}

#[test]
fn a_detail_is_known_again_for_whoever_asked_for_it_only() {
    let rules = ItemRules::of_detail(["/data/item"], "profileId").asked(["profileId"]);
    let (contract, mut probe) = (contract("true").with_items(rules), Probe::new(Limits::default()));
    let body = br#"{"data":{"item":{"profileId":"a"}}}"#;
    let mut asked = |id: &str| {
        let examined = probe.examine(&contract, &[id.into()], body);
        let lines: Vec<_> = examined.violations.iter().map(ToString::to_string).collect();
        (examined.unchanged, lines.join("\n"))
    };
    assert_eq!(asked("a"), (false, String::new()));
    assert_eq!(asked("a"), (true, String::new()));
    let another =
        "/data/item/profileId: asked id: expected the one that was asked for, found another";
    assert_eq!(asked("b"), (false, another.to_owned()));
    assert_eq!(asked("a"), (true, String::new()));
}

#[test]
fn what_was_asked_for_is_not_mixed_up() {
    let rules = ItemRules::of_detail([""], "a").asked(["a", "b"]);
    let (contract, mut probe) = (contract("true").with_items(rules), Probe::new(Limits::default()));
    let body = br#"{"a":"x\u0000","b":"y"}"#;
    let mut wrong = |asked: [&str; 2]| {
        let asked = asked.map(Box::from);
        probe.examine(&contract, &asked, body).violations.len()
    };
    assert_eq!((wrong(["x\0", "y"]), wrong(["x", "\0y"]), wrong(["x\0y", ""])), (0, 2, 2));
    assert_eq!((wrong(["x\0", "y"]), wrong(["x", "y"])), (0, 1));
}

#[test]
fn what_is_kept_is_bounded() {
    let contract = contract("true");
    let bodies: Vec<_> = (0..9).map(|n| format!("[{n}]")).collect();
    let mut probe = Probe::new(Limits::default());
    let mut seen = |body: &str| probe.examine(&contract, &[], body.as_bytes()).unchanged;
    assert!(!bodies.iter().any(|body| seen(body)));
    // The first one of nine had to go, and so does the one that was longest ago each time.
    assert!(bodies[1..].iter().all(|body| seen(body)));
    assert!(!seen(&bodies[0]) && !seen(&bodies[1]) && seen(&bodies[3]));

    let mut small = Probe::new(Limits { kept_bytes_max: 6, ..Limits::default() });
    let mut seen = |body: &str| small.examine(&contract, &[], body.as_bytes()).unchanged;
    assert!(!seen("[1]") && !seen("[2]") && seen("[1]"));
    assert!(!seen("[3]") && !seen("[2]") && seen("[3]"));
    assert!(!seen("[1,2,3,4]") && !seen("[1,2,3,4]") && seen("[3]"));
}

#[test]
fn neither_what_is_known_nor_what_is_kept_costs_an_allocation() {
    let contract = built_in();
    let mut probe = Probe::new(Limits::default());
    let same: Vec<_> = (0..20).map(|n| in_envelope(&list(&["a", "b", "c"]), n)).collect();
    // Other cards each time, so that none is known and each is kept for another.
    let other =
        |n: usize| in_envelope(&list(&["a", "b", "c"]).replace("名字", &format!("{n:06}")), 0);
    let others: Vec<_> = (0..20).map(other).collect();
    let mut examine = |bodies: &[String], expected| {
        for body in bodies {
            let examined = probe.examine(&contract, &[], body.as_bytes());
            assert_eq!((examined.violations.len(), examined.unchanged), (0, expected));
        }
    };
    examine(&others, false);
    examine(&others[..12], false);
    examine(&same[..1], false);
    examine(&same, true);
    let counted = measure(|| examine(&same, true));
    assert_eq!(counted.count_total, 0, "{counted:?}");
    let counted = measure(|| examine(&others[..12], false));
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
