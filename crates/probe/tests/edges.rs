//! The edges of the language, byte by byte: what two readers might read in two ways.

use probe::{Keyword, Limits, Probe, Shape, Violation};

fn violations(schema: &str, body: &str) -> Vec<Violation> {
    let shape = Shape::from_json(schema.as_bytes());
    let shape = shape.unwrap_or_else(|error| panic!("{schema}: {error}"));
    Probe::new(Limits::default()).check(&shape, body.as_bytes()).to_vec()
}

/// Judges by the fast reader where it can, and by the exact one beside a number that only that takes.
fn check(cases: &[(&str, &str, bool)]) {
    for &(schema, body, expected) in cases {
        let found = violations(schema, body);
        assert_eq!(found.is_empty(), expected, "{schema} on {body}: {found:?}");
        let (schema, body) =
            (format!(r#"{{"prefixItems": [{schema}]}}"#), format!("[{body}, 1e999]"));
        let found = violations(&schema, &body);
        assert_eq!(found.is_empty(), expected, "{schema} on {body}: {found:?}");
    }
}

#[test]
fn a_number_is_its_value_however_it_is_written() {
    check(&[
        (r#"{"type": "integer"}"#, "1.0", true),
        (r#"{"type": "integer"}"#, "1.0e0", true),
        (r#"{"type": "integer"}"#, "1.5e1", true),
        (r#"{"type": "integer"}"#, "1e-1", false),
        (r#"{"type": "integer"}"#, "-0.0", true),
        (r#"{"type": "integer"}"#, "1e400", true),
        (r#"{"type": "integer"}"#, "12345678901234567890123456789012345678901234567890", true),
        (r#"{"const": 1}"#, "1.0", true),
        (r#"{"const": -0}"#, "0.0", true),
        (r#"{"const": false}"#, "0", false),
        (r#"{"enum": [0]}"#, "-0", true),
        (r#"{"enum": [0]}"#, "-0.0e5", true),
        (r#"{"enum": [1e400]}"#, "0.1e401", true),
        (r#"{"enum": [1e400]}"#, "1e401", false),
        (r#"{"enum": [1e400]}"#, "-1e400", false),
        (r#"{"const": 20000000000000000000}"#, "2e19", true),
        (r#"{"const": 20000000000000000001}"#, "2e19", false),
        (r#"{"const": 2e19}"#, "20000000000000000001", false),
        (r#"{"minimum": 0}"#, "-0.0", true),
        (r#"{"exclusiveMinimum": 0}"#, "-0.0", false),
        (r#"{"minimum": 1e400}"#, "1e400", true),
        (r#"{"minimum": 1e400}"#, "1e308", false),
        (r#"{"minimum": 1e400}"#, "10000e396", true),
        (r#"{"maximum": 1e308}"#, "1e400", false),
        (r#"{"maximum": -1e400}"#, "-1e401", true),
        (r#"{"exclusiveMaximum": 20000000000000000001}"#, "2e19", true),
        (r#"{"exclusiveMaximum": 20000000000000000000}"#, "2e19", false),
    ]);
}

#[test]
fn items_are_told_apart_by_their_values() {
    let unique = r#"{"uniqueItems": true}"#;
    check(&[
        (unique, "[]", true),
        (unique, "[1, 1.0]", false),
        (unique, "[0, -0]", false),
        (unique, "[0, -0.0]", false),
        (unique, "[1, true]", true),
        (unique, "[0, false, null, \"\", [], {}]", true),
        (unique, "[[1], [true], [1.0]]", false),
        (unique, "[1e400, 1e401, -1e400]", true),
        (unique, "[1e400, 10.0e399]", false),
        (unique, "[2e19, 20000000000000000001]", true),
        (unique, "[2e19, 20000000000000000000]", false),
        (unique, "[9007199254740993, 9007199254740992]", true),
        (unique, "[9007199254740993, 9007199254740992.0]", true),
        (unique, r#"["a", "\u0061"]"#, false),
        (unique, r#"["é", "e\u0301"]"#, true),
        (unique, r#"["\ud83d\ude00", "😀"]"#, false),
        (unique, r#"[{"a": 1, "b": [2]}, {"b": [2.0], "\u0061": 1}]"#, false),
        (unique, r#"[{"a": 1, "b": 2}, {"a": 2, "b": 1}]"#, true),
        (unique, r#"[{"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}]"#, false),
        (unique, r#"{"a": 1, "b": 1}"#, true),
        (r#"{"uniqueItems": false}"#, "[1, 1]", true),
        (
            r#"{"const": {"a": {"x": 1, "y": 2}, "b": 0}}"#,
            r#"{"b": -0, "a": {"y": 2, "x": 1}}"#,
            true,
        ),
        (r#"{"const": [{"a": 1, "b": 2}]}"#, r#"[{"b": 2.0, "\u0061": 1}]"#, true),
        (r#"{"enum": [[1, 2]]}"#, "[2, 1]", false),
    ]);
    // The same among many, which are told apart by their hashes.
    let many = |last: &str| {
        let others: Vec<_> = (0..200).map(|n| format!(r#"{{"n": {n}, "m": "{n}"}}"#)).collect();
        format!("[{},{last}]", others.join(","))
    };
    assert!(violations(unique, &many(r#"{"n": 7, "m": "8"}"#)).is_empty());
    assert_eq!(violations(unique, &many(r#"{"m": "\u0037", "n": 7.0}"#)).len(), 1);
}

#[test]
fn a_key_is_its_text_however_it_is_written() {
    check(&[
        (r#"{"required": ["a"]}"#, r#"{"\u0061": 1}"#, true),
        (r#"{"required": ["\u0061"]}"#, r#"{"a": 1}"#, true),
        (r#"{"properties": {"a": false}}"#, r#"{"\u0061": 1}"#, false),
        (r#"{"properties": {"\u0061": false}}"#, r#"{"a": 1}"#, false),
        (r#"{"const": {"a": 1}}"#, r#"{"\u0061": 1}"#, true),
        (r#"{"enum": [{"\u0061": 1}]}"#, r#"{"a": 1}"#, true),
        (r#"{"dependentRequired": {"\u0061": ["b"]}}"#, r#"{"a": 1, "\u0062": 2}"#, true),
        (r#"{"dependentRequired": {"\u0061": ["b"]}}"#, r#"{"a": 1}"#, false),
        (r#"{"patternProperties": {"^a$": false}}"#, r#"{"\u0061": 1}"#, false),
        (r#"{"propertyNames": {"maxLength": 1}}"#, r#"{"\u0061": 1, "\ud83d\ude00": 2}"#, true),
        (r#"{"propertyNames": {"const": "a"}}"#, r#"{"\u0061": 1}"#, true),
        (r#"{"additionalProperties": false, "properties": {"a\/b": true}}"#, r#"{"a/b": 1}"#, true),
        (r#"{"required": ["a"]}"#, r#"{"A": 1}"#, false),
        (r#"{"required": ["é"]}"#, r#"{"e\u0301": 1}"#, false),
    ]);
}

#[test]
fn what_is_no_text_of_unicode_is_no_json_here() {
    for body in
        [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#"{"\udfff": 1}"#, r#"["\ud83dx"]"#]
    {
        let found = violations(r#"{"pattern": "."}"#, body);
        let keywords: Vec<_> = found.iter().map(|violation| violation.keyword).collect();
        assert_eq!(keywords, [Keyword::Encoding], "{body}");
    }
}

#[test]
fn a_key_that_stands_twice_is_its_own_violation_under_every_keyword() {
    for (schema, body) in [
        (r#"{"uniqueItems": true}"#, r#"[{"a": 1, "a": 1}, {"a": 2}]"#),
        (r#"{"propertyNames": {"pattern": "a"}}"#, r#"{"a": 1, "\u0061": 1}"#),
        (r#"{"patternProperties": {"a": {"type": "integer"}}}"#, r#"{"a": 1, "a": 2}"#),
        (r#"{"contains": {"const": {"a": 1}}, "minContains": 0}"#, r#"[{"a": 1, "a": 2}]"#),
        (r#"{"required": ["a"], "maxProperties": 2}"#, r#"{"a": 1, "a": 1}"#),
    ] {
        let found = violations(schema, body);
        let keywords: Vec<_> = found.iter().map(|violation| violation.keyword).collect();
        assert_eq!(keywords, [Keyword::DuplicateKey], "{schema} on {body}");
    }
}

#[test]
fn multiples_are_exact_at_any_size() {
    check(&[
        (r#"{"multipleOf": 0.0001}"#, "0.0075", true),
        (r#"{"multipleOf": 0.0001}"#, "0.00751", false),
        (r#"{"multipleOf": 0.01}"#, "1070468.14", true),
        (r#"{"multipleOf": 0.5}"#, "1e308", true),
        (r#"{"multipleOf": 0.123456789}"#, "1e308", false),
        (r#"{"multipleOf": 1e-8}"#, "12391239123", true),
        (r#"{"multipleOf": 1.5}"#, "18446744073709551615", true),
        (r#"{"multipleOf": 3}"#, "1e300", false),
        (r#"{"multipleOf": 3}"#, "3e999999999", true),
        (r#"{"multipleOf": 3}"#, "1e999999999", false),
        (r#"{"multipleOf": 3}"#, "36893488147419103233", true),
        (r#"{"multipleOf": 3}"#, "36893488147419103234", false),
        (r#"{"multipleOf": 7}"#, "-0", true),
        (r#"{"multipleOf": 7}"#, "\"8\"", true),
        (r#"{"multipleOf": 1e400}"#, "1e399", false),
    ]);
}
