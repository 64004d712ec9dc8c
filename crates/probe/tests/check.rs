//! Bodies of every kind against small shapes: what is said, and what must not be.

use probe::{Expected, Keyword, Limits, Probe, Shape, ShapeError, Violation};

const SECRET: &str = "alice@secret.example";

fn violations(schema: &str, body: &[u8]) -> Vec<Violation> {
    let shape = Shape::from_json(schema.as_bytes()).expect("the schema of a case compiles");
    Probe::new(Limits::default()).check(&shape, body).to_vec()
}

fn lines(schema: &str, body: &str) -> Vec<String> {
    violations(schema, body.as_bytes()).iter().map(ToString::to_string).collect()
}

fn conforms(schema: &str, body: &str) -> bool {
    lines(schema, body).is_empty()
}

fn refusal(schema: &str) -> ShapeError {
    Shape::from_json(schema.as_bytes()).expect_err("this schema must be refused")
}

#[test]
fn a_body_that_is_no_json_is_a_violation_of_its_own_kind() {
    let cases: [(&[u8], Keyword); 33] = [
        (b"", Keyword::Empty),
        (b" \n\t", Keyword::Empty),
        (b"{", Keyword::Truncated),
        (b"{\"a\"", Keyword::Truncated),
        (b"{\"a\":1,", Keyword::Truncated),
        (b"[1,2", Keyword::Truncated),
        (b"\"abc", Keyword::Truncated),
        (b"\"\\ud83d", Keyword::Truncated),
        (b"[tru", Keyword::Truncated),
        (b"-", Keyword::Truncated),
        (b"\"\xe6\xa3", Keyword::Truncated),
        (b"\"\xff\"", Keyword::Encoding),
        (b"\"\xed\xa0\x80\"", Keyword::Encoding),
        (b"\"\\ud800\"", Keyword::Encoding),
        (b"\"\\udc00 \"", Keyword::Encoding),
        (b"\"\\ud800\\u0041\"", Keyword::Encoding),
        (b"<html>", Keyword::Syntax),
        (b"[1,]", Keyword::Syntax),
        (b"[1 2]", Keyword::Syntax),
        (b"{\"a\" 1}", Keyword::Syntax),
        (b"{a:1}", Keyword::Syntax),
        (b"[01]", Keyword::Syntax),
        (b"[1.]", Keyword::Syntax),
        (b"[+1]", Keyword::Syntax),
        (b"[NaN]", Keyword::Syntax),
        (b"\"\x01\"", Keyword::Syntax),
        (b"\"\\x\"", Keyword::Syntax),
        (b"\"\\u00g0\"", Keyword::Syntax),
        (b"nul", Keyword::Truncated),
        (b"\xef\xbb\xbf{}", Keyword::Syntax),
        (b"{} {}", Keyword::Trailing),
        (b"1 x", Keyword::Trailing),
        (b"[1]]", Keyword::Trailing),
    ];
    for (body, keyword) in cases {
        let found = violations("true", body);
        assert_eq!(found.len(), 1, "{body:?}: {found:?}");
        assert_eq!((found[0].path.as_str(), found[0].keyword), ("", keyword), "{body:?}");
    }
}

#[test]
fn every_cut_of_a_body_is_noticed() {
    let body = "{\"a\":[1.5e3,true,\"\\u00e9\\ud83d\\ude00森\"],\"b\":{\"c\":null}}";
    assert!(conforms("true", body));
    for end in 1..body.len() {
        let found = violations("true", &body.as_bytes()[..end]);
        assert_eq!(found.len(), 1, "cut at {end}");
        assert_eq!(found[0].keyword, Keyword::Truncated, "cut at {end}");
    }
}

#[test]
fn the_limits_hold_to_the_last_unit() {
    let shape = Shape::from_json(b"true").unwrap();
    let limits =
        Limits { body_bytes_max: 20, depth_max: 3, violations_max: 2, ..Limits::default() };
    let mut probe = Probe::new(limits);
    for body in ["[[[1]]]", "{\"a\":[{}]}", "12345678901234567890", "[[[1e999]]]"] {
        assert_eq!(probe.check(&shape, body.as_bytes()), [], "{body}");
    }
    for (body, keyword, expected) in [
        ("[[[[]]]]", Keyword::Depth, Expected::Depth(3)),
        ("[1,{\"a\":[{}]}]", Keyword::Depth, Expected::Depth(3)),
        ("[[[[1e999]]]]", Keyword::Depth, Expected::Depth(3)),
        ("123456789012345678901", Keyword::Size, Expected::Bytes(20)),
    ] {
        let found = probe.check(&shape, body.as_bytes());
        assert_eq!(found.len(), 1, "{body}");
        assert_eq!((found[0].keyword, &found[0].expected), (keyword, &expected), "{body}");
    }
    let strict = Shape::from_json(br#"{"items": {"type": "string"}}"#).unwrap();
    assert_eq!(probe.check(&strict, b"[1,null,true,{}]").len(), 2);
}

#[test]
fn a_deep_body_costs_no_stack() {
    let depth = 100_000;
    let body = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let found = violations(r##"{"items": {"$ref": "#"}}"##, body.as_bytes());
    assert_eq!(found[0].keyword, Keyword::Depth);
    let limits = Limits { depth_max: usize::MAX, ..Limits::default() };
    let shape =
        Shape::from_json(br##"{"items": {"allOf": [{"allOf": [{"$ref": "#"}]}]}}"##).unwrap();
    let mut probe = Probe::new(limits);
    for (depth, keyword) in [(200, None), (512, Some(Keyword::Effort)), (513, Some(Keyword::Depth))]
    {
        let body = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let found = probe.check(&shape, body.as_bytes());
        assert_eq!(found.first().map(|violation| violation.keyword), keyword, "{depth} deep");
    }
}

#[test]
fn a_shape_that_multiplies_the_work_is_given_up_on() {
    // Each level is judged twice as often as the one above.
    let schema =
        r##"{"anyOf": [{"items": {"$ref": "#"}, "not": true}, {"items": {"$ref": "#"}}]}"##;
    let body = format!("{}1,2{}", "[".repeat(60), "]".repeat(60));
    let found = lines(schema, &body);
    assert_eq!(found, ["(whole body): effort: expected a bounded number of steps, found more"]);
}

#[test]
fn a_key_that_stands_twice_is_a_violation_wherever_it_is() {
    let schema = r#"{"properties": {"a": {"type": "number"}}}"#;
    let twice =
        |path: &str| vec![format!("{path}: duplicate key: expected each key once, found it again")];
    assert_eq!(lines(schema, r#"{"a":1,"b":2,"a":3}"#), twice("/a"));
    assert_eq!(lines(schema, r#"{"a":1,"\u0061":3}"#), twice("/a"));
    assert_eq!(lines(schema, r#"{"x":[{"y":1,"y":1},{"z":1,"z":2}]}"#), twice("/*/*/*"));
    assert_eq!(lines(schema, r#"{"x":1e999,"x":1}"#), twice("/*"));
    let both = lines(schema, r#"{"a":1,"a":"x"}"#);
    assert_eq!(both[0], twice("/a")[0]);
    assert_eq!(both[1..], ["/a: type: expected number, found string"]);
    assert!(conforms(schema, r#"{"a":1,"b":{"a":1}}"#));
}

#[test]
fn nothing_of_a_body_is_repeated() {
    let schema = r#"{"additionalProperties": {"additionalProperties": false, "minLength": 99},
        "maxProperties": 1, "enum": [1], "const": 2, "not": true, "properties": {"known": false}}"#;
    for body in [
        format!(r#"{{"{SECRET}": "{SECRET}", "known": "{SECRET}"}}"#),
        format!(r#"{{"{SECRET}": {{"{SECRET}": 1}}, "known": 123456789}}"#),
        format!(r#"{{"{SECRET}": 1, "{SECRET}": "#),
        format!(r#"{{"{SECRET}": 1, "{SECRET}": 1e999}}"#),
        format!("<p>{SECRET}</p>"),
    ] {
        let found = violations(schema, body.as_bytes());
        assert!(!found.is_empty(), "{body}");
        let shown = format!("{found:?} {}", found[0]);
        assert!(!shown.contains("secret") && !shown.contains("123456789"), "{shown}");
    }
    let shape = Shape::from_json(b"true").unwrap();
    let mut probe = Probe::new(Limits::default());
    probe.check(&shape, SECRET.as_bytes());
    assert!(!format!("{probe:?}").contains("secret"));
}

#[test]
fn paths_show_the_names_of_the_shape_and_generalise_the_rest() {
    let schema = r#"{"properties": {"a/b~c": {"items": {"type": "string"}}},
        "required": ["who knows"], "additionalProperties": {"type": "number"}}"#;
    assert_eq!(
        lines(schema, r#"{"a/b~c": ["x", 1, 2, null], "other": [], "another": []}"#),
        [
            "/a~1b~0c/*: type: expected string, found number",
            "/a~1b~0c/*: type: expected string, found null",
            "/*: type: expected number, found array",
            "/who knows: required: expected a value, found nothing",
        ]
    );
    // A name that only `required` has is an additional property, and shown all the same.
    assert_eq!(
        lines(schema, r#"{"who knows": "x"}"#),
        ["/who knows: type: expected number, found string"]
    );
}

#[test]
fn the_schema_that_was_meant_speaks_for_the_others() {
    let schema = r#"{"oneOf": [
        {"type": "object", "required": ["data"], "properties": {"data": {"items": {"type": "string"}}}},
        {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}"#;
    assert_eq!(lines(schema, r#"{"data": [1]}"#), ["/data/*: type: expected string, found number"]);
    assert_eq!(lines(schema, "[1]"), ["/*: type: expected string, found number"]);
    let none = "(whole body): oneOf: expected a match with exactly one of 3 schemas, found";
    assert_eq!(lines(schema, "{}"), [format!("{none} object")]);
    assert_eq!(lines(schema, "1"), [format!("{none} number")]);
    assert_eq!(
        lines(r#"{"oneOf": [true, true]}"#, "1"),
        ["(whole body): oneOf: expected a match with exactly one of 2 schemas, found several"]
    );
}

#[test]
fn numbers_are_judged_by_value_at_any_size() {
    for (schema, body, expected) in [
        (r#"{"type": "integer"}"#, "1.0", true),
        (r#"{"type": "integer"}"#, "1e2", true),
        (r#"{"type": "integer"}"#, "1.5", false),
        (r#"{"type": "integer"}"#, "-0", true),
        (r#"{"type": "integer"}"#, "1e400", true),
        (r#"{"type": "string"}"#, "1e400", false),
        (r#"{"type": "integer"}"#, "123456789012345678901234567890", true),
        (r#"{"const": 0}"#, "-0.0", true),
        (r#"{"const": 9007199254740993}"#, "9007199254740993", true),
        (r#"{"const": 9007199254740993}"#, "9007199254740992", false),
        (r#"{"maximum": 18446744073709551615}"#, "18446744073709551615", true),
        (r#"{"maximum": 18446744073709551615}"#, "18446744073709551616", false),
        (r#"{"exclusiveMinimum": 18446744073709551616}"#, "18446744073709551616", false),
        (r#"{"exclusiveMinimum": 18446744073709551616}"#, "18446744073709551617", true),
        (r#"{"const": 123456789012345678901}"#, "123456789012345678901", true),
        (r#"{"enum": [1e400, 2]}"#, "10e399", true),
        (r#"{"minimum": -1e400}"#, "-1e399", true),
        (r#"{"minimum": -1e400}"#, "-1e401", false),
        (r#"{"minimum": 0.1}"#, "0.1", true),
        (r#"{"exclusiveMinimum": 0.1}"#, "0.1", false),
    ] {
        assert_eq!(conforms(schema, body), expected, "{schema} on {body}");
        // Beside a number that only the exact reader takes, the answer is the same.
        let schema = format!(r#"{{"prefixItems": [{schema}, true]}}"#);
        assert_eq!(conforms(&schema, &format!("[{body}, 1e999]")), expected, "{schema} on {body}");
    }
}

#[test]
fn lengths_are_code_points() {
    for (text, len) in [("", 0), ("ab", 2), ("é", 1), ("森林", 2), ("😀", 1), ("e\u{301}", 2)]
    {
        for bound in 0..4 {
            let body = serde_json::to_string(text).unwrap();
            let min = conforms(&format!(r#"{{"minLength": {bound}}}"#), &body);
            let max = conforms(&format!(r#"{{"maxLength": {bound}.0}}"#), &body);
            assert_eq!((min, max), (len >= bound, len <= bound), "{text} against {bound}");
        }
    }
    assert!(conforms(r#"{"maxLength": 1}"#, r#""\ud83d\ude00""#));
    assert!(conforms(r#"{"minLength": 3}"#, "12"));
}

#[test]
fn const_and_enum_compare_deeply() {
    let schema = r#"{"const": {"a": [1, {"b": null}], "c": "x"}}"#;
    assert!(conforms(schema, r#"{"c": "\u0078", "a": [1.0, {"b": null}]}"#));
    for body in [
        r#"{"a": [1, {"b": null}]}"#,
        r#"{"a": [1, {"b": null}], "c": "x", "d": 1}"#,
        r#"{"a": [{"b": null}, 1], "c": "x"}"#,
        r#"{"a": [1, {"b": false}], "c": "x"}"#,
        r#"{"a": [1, {"b": null}], "d": "x"}"#,
    ] {
        assert_eq!(
            lines(schema, body),
            ["(whole body): const: expected the value of the shape, found object"]
        );
    }
    assert!(!conforms(r#"{"enum": [false, "1", [0]]}"#, "0"));
    assert!(!conforms(r#"{"enum": []}"#, "0"));
}

#[test]
fn more_than_64_required_names_are_all_required() {
    let names: Vec<_> = (0..150).map(|n| format!("\"key-{n}\"")).collect();
    let schema = format!(r#"{{"required": [{}]}}"#, names.join(","));
    let body = |skipped: usize| {
        let members = names.iter().enumerate().filter(|&(n, _)| n != skipped);
        format!(
            "{{{}}}",
            members.map(|(_, name)| format!("{name}:1")).collect::<Vec<_>>().join(",")
        )
    };
    assert!(conforms(&schema, &body(usize::MAX)));
    for missing in [0, 63, 64, 149] {
        let line = format!("/key-{missing}: required: expected a value, found nothing");
        assert_eq!(lines(&schema, &body(missing)), [line]);
    }
}

#[test]
fn a_probe_forgets_the_body_before() {
    let shape = Shape::from_json(br#"{"required": ["a"]}"#).unwrap();
    let mut probe = Probe::new(Limits::default());
    for _ in 0..3 {
        assert_eq!(probe.check(&shape, b"{\"b\": [1, 2, 3, \"\\u0061\"]}").len(), 1);
        assert_eq!(probe.check(&shape, b"{\"a\": 1}"), []);
        assert_eq!(probe.check(&shape, b"{\"a\": ")[0].keyword, Keyword::Truncated);
        assert_eq!(probe.check(&shape, b"{\"a\": 1e999}"), []);
    }
}

#[test]
fn an_unsupported_keyword_is_an_error_with_its_place() {
    for (schema, pointer) in [
        (r#"{"format": "date"}"#, "/format"),
        (r#"{"typo": 1}"#, "/typo"),
        (r#"{"properties": {"a/b": {"format": "date"}}}"#, "/properties/a~1b/format"),
        (r#"{"$defs": {"unused": {"unevaluatedItems": true}}}"#, "/$defs/unused/unevaluatedItems"),
        (r#"{"anyOf": [true, {"items": {"deprecated": true}}]}"#, "/anyOf/1/items/deprecated"),
        (r#"{"unevaluatedProperties": false}"#, "/unevaluatedProperties"),
        (r#"{"dependentSchemas": {}}"#, "/dependentSchemas"),
        (r#"{"contentEncoding": "base64"}"#, "/contentEncoding"),
        (r#"{"not": {"$schema": "x"}}"#, "/not/$schema"),
        (r##"{"$dynamicRef": "#x"}"##, "/$dynamicRef"),
        (r#"{"then": {"$dynamicAnchor": "x"}}"#, "/then/$dynamicAnchor"),
        (r#"{"$vocabulary": {}}"#, "/$vocabulary"),
        (r##"{"$ref": "#/default", "default": {"x": 1}}"##, "/default/x"),
    ] {
        let pointer = pointer.to_owned();
        assert_eq!(refusal(schema), ShapeError::UnsupportedKeyword { pointer }, "{schema}");
    }
    // The same words as names of properties or inside values are no keywords.
    assert!(conforms(
        r#"{"properties": {"pattern": true, "$id": true}, "default": {"x": 1}}"#,
        "{}"
    ));
    assert!(conforms(
        r#"{"const": {"pattern": 1}, "$id": "urn:x", "title": "t"}"#,
        "{\"pattern\": 1}"
    ));
}

#[test]
fn a_keyword_with_a_value_it_cannot_have_is_an_error_with_its_place() {
    for (schema, place) in [
        (r#"{"type": "text"}"#, "/type"),
        (r#"{"type": []}"#, "/type"),
        (r#"{"type": ["string", 1]}"#, "/type"),
        (r#"{"minLength": -1}"#, "/minLength"),
        (r#"{"maxItems": 1.5}"#, "/maxItems"),
        (r#"{"minItems": "1"}"#, "/minItems"),
        (r#"{"minimum": "1"}"#, "/minimum"),
        (r#"{"required": "a"}"#, "/required"),
        (r#"{"required": ["a", "a"]}"#, "/required"),
        (r#"{"required": [1]}"#, "/required"),
        (r#"{"properties": []}"#, "/properties"),
        (r#"{"properties": {"a": 1}}"#, "/properties/a"),
        (r#"{"items": [true]}"#, "/items"),
        (r#"{"anyOf": []}"#, "/anyOf"),
        (r#"{"allOf": {}}"#, "/allOf"),
        (r#"{"enum": 1}"#, "/enum"),
        (r#"{"$ref": 1}"#, "/$ref"),
        (r#"{"dependentRequired": {"a": "b"}}"#, "/dependentRequired/a"),
        (r#"{"pattern": 1}"#, "/pattern"),
        (r#"{"patternProperties": []}"#, "/patternProperties"),
        (r#"{"patternProperties": {"/": 1}}"#, "/patternProperties/~1"),
        (r#"{"propertyNames": 1}"#, "/propertyNames"),
        (r#"{"contains": 1}"#, "/contains"),
        (r#"{"minContains": -1}"#, "/minContains"),
        (r#"{"maxContains": "1"}"#, "/maxContains"),
        (r#"{"uniqueItems": 1}"#, "/uniqueItems"),
        (r#"{"multipleOf": 0}"#, "/multipleOf"),
        (r#"{"multipleOf": -0.5}"#, "/multipleOf"),
        (r#"{"multipleOf": "1"}"#, "/multipleOf"),
        (r#"{"multipleOf": 123456789012345678901}"#, "/multipleOf"),
        (r#"{"items": {"$id": 1}}"#, "/items/$id"),
        (r##"{"items": {"$id": "#x"}}"##, "/items/$id"),
        (r#"{"items": {"$id": "%"}}"#, "/items/$id"),
        (r#"{"items": {"$id": "x"}, "not": {"$id": "./x"}}"#, "/not/$id"),
        (r#"{"items": {"$anchor": "1x"}}"#, "/items/$anchor"),
        (r#"{"items": {"$anchor": 1}}"#, "/items/$anchor"),
        (r#"{"$anchor": "x", "not": {"$anchor": "x"}}"#, "/not/$anchor"),
        ("[]", ""),
    ] {
        let error = refusal(schema);
        assert!(
            matches!(&error, ShapeError::Keyword { pointer, .. } if pointer == place),
            "{schema}: {error}"
        );
    }
}

#[test]
fn what_is_no_schema_of_this_dialect_is_refused() {
    let pointer = |text: &str| text.to_owned();
    for (schema, error) in [
        (
            r#"{"$schema": "http://json-schema.org/draft-07/schema#"}"#,
            ShapeError::Dialect { pointer: pointer("/$schema") },
        ),
        (r#"{"$schema": 1}"#, ShapeError::Dialect { pointer: pointer("/$schema") }),
        (
            r#"{"anyOf": [true, {"type": "null", "type": "string"}]}"#,
            ShapeError::DuplicateKey { pointer: pointer("/anyOf/1/type") },
        ),
        (r##"{"$ref": "#/$defs/gone"}"##, ShapeError::Reference { pointer: pointer("/$ref") }),
        (r##"{"$ref": "other.json"}"##, ShapeError::Reference { pointer: pointer("/$ref") }),
        (r##"{"$ref": "#anchor"}"##, ShapeError::Reference { pointer: pointer("/$ref") }),
        (r##"{"$ref": "#/%zz"}"##, ShapeError::Reference { pointer: pointer("/$ref") }),
        (r##"{"$ref": "#"}"##, ShapeError::Recursion { pointer: pointer(""), steps_max: 32 }),
        (
            r##"{"not": {"anyOf": [{"$ref": "#"}]}}"##,
            ShapeError::Recursion { pointer: pointer(""), steps_max: 32 },
        ),
    ] {
        assert_eq!(refusal(schema), error, "{schema}");
    }
    assert!(matches!(refusal("{"), ShapeError::Json { .. }));
    assert!(matches!(refusal(&" ".repeat(2 << 20)), ShapeError::TooLarge { .. }));
    assert!(matches!(refusal(&"[".repeat(1000)), ShapeError::Json { .. }));
}

#[test]
fn references_lead_to_any_place_of_the_document() {
    let schema = r##"{"$defs": {"a/b": {"type": "string"}, "c%d": {"items": {"$ref": "#"}}},
        "properties": {"x": {"$ref": "#/$defs/a~1b", "minLength": 2}, "y": {"$ref": "#/properties/x"},
        "z": {"$ref": "#/$defs/c%25d"}, "w": {"$ref": "#/allOf/0"}}, "allOf": [{"maxProperties": 4}]}"##;
    assert!(conforms(schema, r#"{"x": "ab", "y": "cd", "z": [{"x": "ab"}], "w": 1}"#));
    assert_eq!(
        lines(schema, r#"{"x": "a", "y": 1, "z": [{"x": 1}]}"#),
        [
            "/x: minLength: expected at least 2, found less",
            "/y: type: expected string, found number",
            "/z/*/x: type: expected string, found number",
        ]
    );
}
