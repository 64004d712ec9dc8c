//! What is said of bodies by the keywords about patterns, names, and items together; and of shapes
//! that refer to their parts by name.

use probe::{Limits, Probe, Shape, ShapeError};

fn lines(schema: &str, body: &str) -> Vec<String> {
    let shape = Shape::from_json(schema.as_bytes());
    let shape = shape.unwrap_or_else(|error| panic!("{schema}: {error}"));
    let mut probe = Probe::new(Limits::default());
    probe.check(&shape, body.as_bytes()).iter().map(ToString::to_string).collect()
}

fn conforms(schema: &str, body: &str) -> bool {
    lines(schema, body).is_empty()
}

fn refusal(schema: &str) -> ShapeError {
    Shape::from_json(schema.as_bytes()).expect_err("this schema must be refused")
}

#[test]
fn items_are_counted_and_compared_together() {
    let schema = r#"{"properties": {"a": {"contains": {"type": "string"}},
        "b": {"contains": {"type": "string"}, "minContains": 2, "maxContains": 3},
        "c": {"uniqueItems": true, "items": {"type": "number"}}}}"#;
    assert!(conforms(schema, r#"{"a": [1, "x"], "b": ["x", 1, "y"], "c": [1, 2], "d": [1, 1]}"#));
    assert_eq!(
        lines(schema, r#"{"a": [1], "b": ["x"], "c": [1, 2, 1, "x"]}"#),
        [
            "/a: contains: expected at least 1, found less",
            "/b: minContains: expected at least 2, found less",
            "/c: uniqueItems: expected each item once, found it again",
            "/c/*: type: expected number, found string",
        ]
    );
    let four = ["/b: maxContains: expected at most 3, found more"];
    assert_eq!(lines(schema, r#"{"b": ["x", "y", "z", "x", "y"]}"#), four);
}

#[test]
fn counts_of_matching_items_mean_what_the_dialect_says() {
    for (schema, body, expected) in [
        (r#"{"contains": true}"#, "[]", false),
        (r#"{"contains": true}"#, "{}", true),
        (r#"{"contains": false}"#, "[1]", false),
        (r#"{"contains": {"const": 1}, "minContains": 0}"#, "[]", true),
        (r#"{"contains": {"const": 1}, "minContains": 0, "maxContains": 1}"#, "[1, 1.0]", false),
        (r#"{"contains": {"const": 1}, "maxContains": 0}"#, "[2]", false),
        (r#"{"contains": {"const": 1}, "minContains": 2, "maxContains": 1}"#, "[1, 1]", false),
        (r#"{"maxContains": 0, "minContains": 9}"#, "[1]", true),
    ] {
        assert_eq!(conforms(schema, body), expected, "{schema} on {body}");
    }
}

#[test]
fn names_are_shown_only_if_the_shape_has_them() {
    let schema = r#"{"properties": {"known": true, "k2": {"type": "null"}},
        "propertyNames": {"pattern": "^[a-z]*$"},
        "patternProperties": {"^k": {"minimum": 3}, "^n": false, "o$": {"type": "string"}},
        "additionalProperties": {"type": "number"}, "required": ["gone"]}"#;
    assert!(conforms(schema, r#"{"known": 3, "kilo": "x", "other": 1, "gone": 1}"#));
    assert_eq!(
        lines(
            schema,
            r#"{"known": 1, "k2": 2, "K": 1, "no": 1, "kilo": 2, "x": null, "gone": ""}"#
        ),
        [
            "/known: minimum: expected at least 3, found less",
            "/k2: propertyNames: expected another name, found string",
            "/k2: type: expected null, found number",
            "/k2: minimum: expected at least 3, found less",
            "/*: propertyNames: expected another name, found string",
            "/*: patternProperties: expected no value, found number",
            "/*: type: expected string, found number",
            "/*: minimum: expected at least 3, found less",
            "/*: type: expected number, found null",
            "/gone: type: expected number, found string",
        ]
    );
    assert_eq!(
        lines(r#"{"propertyNames": false, "required": ["a"]}"#, r#"{"b": 1}"#),
        [
            "/*: propertyNames: expected another name, found string",
            "/a: required: expected a value, found nothing",
        ]
    );
}

#[test]
fn values_are_judged_by_pattern_and_divisor() {
    assert_eq!(
        lines(
            r#"{"items": {"pattern": "^\\d+$", "maxLength": 2, "multipleOf": 0.5}}"#,
            r#"["1", "x12", 1.5, 0.7]"#
        ),
        [
            "/*: maxLength: expected at most 2, found more",
            "/*: pattern: expected a match with ^\\d+$, found string",
            "/*: multipleOf: expected a multiple of 0.5, found number",
        ]
    );
}

#[test]
fn a_pattern_that_cannot_be_used_is_an_error_with_its_place_and_reason() {
    for (schema, text) in [
        (
            r#"{"pattern": "a(?=b)"}"#,
            "/pattern: the pattern has a look-around, which is not supported",
        ),
        (
            r#"{"not": {"patternProperties": {"(.)\\1/": true}}}"#,
            "/not/patternProperties/(.)\\1~1: the pattern has a back-reference, which is not supported",
        ),
        (r#"{"pattern": "("}"#, "/pattern: the pattern is no regular expression of ECMA-262"),
        (
            r#"{"pattern": "((x{999}){999}){999}"}"#,
            "/pattern: the pattern needs too much memory, alone or with the others of the shape",
        ),
    ] {
        assert_eq!(refusal(schema).to_string(), text);
    }
}

#[test]
fn references_go_by_name() {
    let schema = r##"{"$id": "https://shapes.example/list", "items": {"$ref": "card"},
        "$defs": {
            "card": {"$id": "card", "$schema": "https://json-schema.org/draft/2020-12/schema",
                "required": ["id"], "properties": {"id": {"$ref": "#id"}, "tags": {"$ref": "list#tags"},
                "same": {"$ref": "#/properties/id"}},
                "$defs": {"id": {"$anchor": "id", "type": "string"}}},
            "tags": {"$anchor": "tags", "items": {"$ref": "https://shapes.example/card#id"}},
            "unused": {"$ref": "HTTPS://shapes.example/x/../list#/$defs/tags"}}}"##;
    assert!(conforms(schema, r#"[{"id": "a", "tags": ["b"], "same": "c"}]"#));
    assert_eq!(
        lines(schema, r#"[{"id": 1, "tags": ["b", null], "same": 2}, {}]"#),
        [
            "/*/id: type: expected string, found number",
            "/*/tags/*: type: expected string, found null",
            "/*/same: type: expected string, found number",
            "/*/id: required: expected a value, found nothing",
        ]
    );
}

#[test]
fn a_reference_that_leads_out_of_the_document_is_an_error() {
    for (reference, base) in [
        ("other", "urn:x"),
        ("https://elsewhere.example/", "https://shapes.example/"),
        ("#gone", "urn:x"),
        ("#/$defs/gone", "urn:x"),
        ("shape:///", "urn:x"),
        ("%", "urn:x"),
        ("https://json-schema.org/draft/2019-09/schema", "urn:x"),
        ("https://json-schema.org/draft/2020-12/schema#/gone", "urn:x"),
    ] {
        let schema = format!(r#"{{"$id": "{base}", "not": {{"$ref": "{reference}"}}}}"#);
        let pointer = "/not/$ref".to_owned();
        assert_eq!(refusal(&schema), ShapeError::Reference { pointer }, "{schema}");
    }
    // An anchor is a name in its own resource only.
    let schema = r##"{"$ref": "#a", "$defs": {"x": {"$id": "x", "$anchor": "a"}}}"##;
    assert_eq!(refusal(schema), ShapeError::Reference { pointer: "/$ref".to_owned() });
    let loop_by_name = r##"{"$anchor": "a", "allOf": [{"$ref": "#a"}]}"##;
    assert!(matches!(refusal(loop_by_name), ShapeError::Recursion { .. }));
}

#[test]
fn the_schema_of_the_dialect_is_at_hand() {
    let schema = r#"{"$ref": "https://json-schema.org/draft/2020-12/schema", "maxProperties": 3}"#;
    assert!(conforms(schema, r#"{"$defs": {"a": {"type": ["string", "null"], "minLength": 1}}}"#));
    assert!(conforms(schema, "false"));
    for body in [
        "1",
        r#"{"minLength": -1}"#,
        r#"{"allOf": []}"#,
        r#"{"properties": {"a": {"items": {"type": "text"}}}}"#,
        r#"{"required": ["a", "a"]}"#,
        r#"{"$defs": {"a": {"$anchor": "1"}}}"#,
        r#"{"a": 1, "b": 2, "c": 3, "d": 4}"#,
    ] {
        assert!(!conforms(schema, body), "{body}");
    }
}

#[test]
fn the_work_of_comparing_items_is_bounded() {
    // 4,000 members each, in opposite orders: every one would have to be searched for.
    let object = |order: &mut dyn Iterator<Item = usize>| {
        let members: Vec<_> = order.map(|n| format!("\"key-{n}\":1")).collect();
        format!("{{{}}}", members.join(","))
    };
    let twins = |len| format!("[{},{}]", object(&mut (0..len)), object(&mut (0..len).rev()));
    let schema = r#"{"uniqueItems": true}"#;
    let again = ["(whole body): uniqueItems: expected each item once, found it again"];
    assert_eq!(lines(schema, &twins(1000)), again);
    let given_up = ["(whole body): effort: expected a bounded number of steps, found more"];
    assert_eq!(lines(schema, &twins(20_000)), given_up);
}
